"""Clocks on many members: they end when the clock of one case would, are stopped, met and dropped together."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from config.zone import SHANGHAI
from models.deadline import Clock
from tasks.clock import now, set_clock
from tasks.deadline import LADDER, Owed, pause_clock, resume_clock, start_clock
from tasks.deadline_set import drop_clocks, meet_clocks, pause_clocks, resume_clocks, start_clocks
from tasks.journal import case_id_of
from tasks.store import transaction
from tests.ground import BOTH, DEADLINES, Ground, later, opened, rows_of, settled, with_members

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
