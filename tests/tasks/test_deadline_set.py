"""Clocks on many members: they end when the clock of one case would, are stopped, met and dropped together."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

import tasks.deadline
import tasks.deadline_set
from config.calendar import Overlay, compile_calendar, overlays
from config.zone import SHANGHAI
from models.deadline import Clock
from tasks.clock import now, set_clock
from tasks.deadline import LADDER, Owed, pause_clock, recompute, resume_clock, start_clock
from tasks.deadline_set import drop_clocks, meet_clocks, pause_clocks, recompute_gathered, resume_clocks, start_clocks
from tasks.journal import case_id_of, verify
from tasks.notice_text import render
from tasks.rung import fire_rungs
from tasks.store import transaction
from tests.ground import (
    BOTH,
    DEADLINES,
    NOTICES,
    RUNGS,
    Ground,
    hire,
    journal,
    later,
    opened,
    race,
    rows_of,
    settled,
    with_members,
)

TWO_DAYS = Owed("posting", Clock.WORKING_DAYS, budget=2, office="leading_group", rungs=LADDER, gathered=True,
                escalation={"breach": ["physical_group"]}, rule="第十四条")  # fmt: skip
HOURS = Owed("medical", Clock.HOURS, budget=48, rungs=("half", "breach"))


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    yield from settled(request, home, monkeypatch)


pytestmark = pytest.mark.usefixtures("ground")


def started(ids: list[int], owed: Owed = TWO_DAYS, turn: int = 1) -> dict[int, datetime]:
    with transaction() as tx:
        return start_clocks(tx, owed, dict.fromkeys(ids, turn), dict.fromkeys(ids, now()))


def members(count: int, number: str = "ZB-2027H1") -> list[int]:
    return [case_id_of(one) for one in with_members(opened(number), count)]


def test_they_start_once_a_turn_and_keep_what_they_were_given() -> None:
    ids = members(250)
    ends = started(ids)
    later(days=1)
    assert started(ids) == ends
    assert set(ends.values()) == {datetime(2027, 1, 6, 23, 59, 59, tzinfo=SHANGHAI)}
    rows = rows_of(DEADLINES)
    assert len(rows) == 250
    assert (rows[0].gathered, rows[0].escalation, rows[0].rungs) == (
        True,
        {"breach": ["physical_group"]},
        ["half", "last_working_day", "breach"],
    )
    assert started(ids[:1], turn=2) != {ids[0]: ends[ids[0]]}


def test_pausing_meeting_and_dropping_touch_only_what_is_open() -> None:
    one, two, three = members(3)
    started([one, two, three])
    with transaction() as tx:
        pause_clocks(tx, "posting", [one])
    set_clock(datetime(2027, 1, 7, 9, tzinfo=SHANGHAI))
    with transaction() as tx:
        pause_clocks(tx, "posting", [one])
        resume_clocks(tx, "posting", [one, two])
        assert meet_clocks(tx, "posting", [two]) == {two: True}
        assert meet_clocks(tx, "posting", [two]) == {}
        drop_clocks(tx, [three])
    rows = {row.case_id: row for row in rows_of(DEADLINES)}
    assert rows[one].due_at == datetime(2027, 1, 11, 23, 59, 59, tzinfo=SHANGHAI)
    assert [bool(rows[case].met_at) for case in (one, two, three)] == [False, True, False]
    assert rows[three].superseded_at
    assert [rows[case].next_rung_at is None for case in (one, two, three)] == [False, True, True]
    with transaction() as tx:
        assert meet_clocks(tx, "posting", [one, two, three]) == {one: False}


class TestRungs:
    def test_members_that_ring_together_are_told_once_with_their_number(self) -> None:
        hire("S1", "leading_group")
        hire("S2", "head:finance_bureau")
        hire("S3", "approval_bureau", "head:finance_bureau")
        case = opened()
        ids = [case_id_of(one) for one in with_members(case, 30)]
        up = {"breach": ["head:finance_bureau", "approval_bureau"]}
        started(ids[:20], TWO_DAYS._replace(escalation=up))
        started(ids[20:], TWO_DAYS._replace(escalation=up, office="planning_group"))
        set_clock(datetime(2027, 1, 5, 12, tzinfo=SHANGHAI))
        assert [fire_rungs(), fire_rungs()] == [30, 0]
        set_clock(datetime(2027, 1, 7, 0, 0, 1, tzinfo=SHANGHAI))
        assert [fire_rungs(), fire_rungs()] == [60, 0]
        told = [
            (row.recipient, row.template.removeprefix("notice_kernel.rung_"), row.facts["members"])
            for row in rows_of(NOTICES)
        ]
        assert told == [
            ("officer:S1", "half_gathered", 20),
            ("role:planning_group", "half_gathered", 10),
            ("officer:S1", "last_working_day_gathered", 20),
            ("role:planning_group", "last_working_day_gathered", 10),
            ("officer:S1", "breach_gathered", 20),
            ("officer:S2", "breach_gathered_up", 30),
            ("officer:S3", "breach_gathered_up", 30),
            ("role:planning_group", "breach_gathered", 10),
        ]
        assert rows_of(NOTICES)[5].facts == {"duty": "公示", "due": "2027-01-06 23:59", "members": 30, "subject": "试办事项",
                                             "offices": "征兵领导小组 20 项、综合计划组 10 项"}  # fmt: skip
        assert {row.case_id for row in rows_of(NOTICES)} == {case.id}
        lines = [line[0] for line in journal(case.number)[1:]]
        assert lines == ["rung-posting-half", "rung-posting-last_working_day", "rung-posting-breach"]
        member = journal(f"{case.number}-000001")[1:]
        assert [line[0] for line in member] == lines
        for row in rows_of(NOTICES):
            assert "{" not in "".join(render(row.template, row.facts, case="Z", number=1, drill=False))
        assert list(verify()) == []

    def test_a_later_day_is_a_notice_of_its_own_and_sweeps_at_once_tell_each_once(self) -> None:
        case = opened()
        ids = [case_id_of(one) for one in with_members(case, 40)]
        started(ids[:20])
        later(days=1)
        started(ids[20:])
        set_clock(datetime(2027, 1, 7, 12, tzinfo=SHANGHAI))
        found = race(*[fire_rungs] * 3)
        assert [one for one in found if isinstance(one, Exception)] == []
        fire_rungs()
        later(days=30)
        fire_rungs()
        assert len(rows_of(RUNGS)) == 120
        told = {}
        for row in rows_of(NOTICES):
            told[row.template] = told.get(row.template, 0) + row.facts["members"]
        assert set(told.values()) == {40}
        assert len(rows_of(NOTICES)) <= 9
        assert list(verify()) == []

    def test_a_clock_of_its_own_tells_those_above_once(self) -> None:
        hire("S1", "leading_group", "approval_bureau")
        hire("S2", "approval_bureau", "head:finance_bureau")
        case = opened()
        above = {"breach": ("head:finance_bureau", "approval_bureau")}
        start_clock(case, TWO_DAYS._replace(gathered=False, rungs=("breach",), escalation=above))
        later(days=10)
        assert fire_rungs() == 1
        told = [(row.recipient, row.template) for row in rows_of(NOTICES)]
        assert told == [
            ("officer:S1", "notice_kernel.rung_breach"),
            ("officer:S2", "notice_kernel.rung_breach_up"),
        ]
        assert rows_of(NOTICES)[1].facts["office"] == "征兵领导小组"


def test_a_new_calendar_moves_them_together_and_tells_each_office_once(monkeypatch: pytest.MonkeyPatch) -> None:
    hire("S1", "leading_group")
    case = opened()
    ids = [case_id_of(one) for one in with_members(case, 25)]
    started(ids[:20])
    started(ids[20:], TWO_DAYS._replace(budget=1))
    notice = Overlay(year=2027, notice="国办发明电〔2026〕9号", url="https://www.gov.cn/x", approved_by="某人", off=(date(2027, 1, 6),))  # fmt: skip
    moved = compile_calendar([*overlays(), notice])
    for module in (tasks.deadline, tasks.deadline_set):
        monkeypatch.setattr(module, "calendar", lambda: moved)
    assert (recompute(), recompute_gathered(), recompute_gathered()) == ([], 20, 0)
    assert {row.due_at.astimezone(SHANGHAI).day for row in rows_of(DEADLINES)[:20]} == {7}
    assert [(row.template, row.facts) for row in rows_of(NOTICES)] == [("notice_kernel.moved_gathered", {"duty": "公示", "members": 20})]  # fmt: skip
    assert journal(case.number)[-1][0] == journal(f"{case.number}-000001")[-1][0]
    assert list(verify()) == []


@effort(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    owed=st.sampled_from([TWO_DAYS, HOURS, TWO_DAYS._replace(budget=5, rungs=("before:1", "half", "breach"))]),
    spans=st.lists(st.tuples(st.integers(1, 90), st.integers(1, 200)), max_size=3),
)
def test_they_go_as_the_clock_of_one_case_goes(owed: Owed, spans: list[tuple[int, int]]) -> None:
    place = len(rows_of(DEADLINES))
    case = opened(f"ZB-{place}")
    (member,) = members(1, f"ZB-{place}-M")
    anchor = now()
    start_clock(case, owed._replace(anchor=anchor))
    with transaction() as tx:
        start_clocks(tx, owed, {member: 1}, {member: anchor})
    for occasion, (run, rest) in enumerate(spans, 1):
        later(hours=run)
        pause_clock(case, owed.name, occasion)
        with transaction() as tx:
            pause_clocks(tx, owed.name, [member])
        later(hours=rest)
        resume_clock(case, owed.name, occasion)
        with transaction() as tx:
            resume_clocks(tx, owed.name, [member])
    single, of_set = rows_of(DEADLINES)[-2:]
    assert of_set.provisional == single.provisional
    if owed.clock is Clock.WORKING_DAYS:
        assert (of_set.due_at, of_set.next_rung_at) == (single.due_at, single.next_rung_at)
    else:  # the two were told a few milliseconds apart
        assert abs(of_set.due_at - single.due_at) < timedelta(seconds=5)
