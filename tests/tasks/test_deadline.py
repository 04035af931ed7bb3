"""Clocks on cases: started, paused, met and moved in the journal; each reminder fires once."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

import tasks.deadline
import tasks.rung
from config.calendar import Calendar, Overlay, compile_calendar, overlays
from config.zone import SHANGHAI
from models.deadline import Clock
from tasks.clock import now, set_clock
from tasks.deadline import Owed, meet_clock, open_clocks, pause_clock, recompute, resume_clock, start_clock
from tasks.journal import verify
from tasks.rung import fire_rungs, lag_by_unit
from tasks.store import transaction
from tests.ground import (
    BOTH,
    DEADLINES,
    ENTRIES,
    NOTICES,
    RUNGS,
    Ground,
    anew,
    hire,
    journal,
    later,
    opened,
    race,
    rows_of,
    settled,
    with_members,
)

FIVE_DAYS = Owed("posting", Clock.WORKING_DAYS, budget=5, office="discipline_group", rule="第三十条")
TWO_DAYS = Owed("medical", Clock.HOURS, budget=48, office="physical_group", rungs=("half", "breach"))


def at(day: int, hour: int = 9, minute: int = 0, month: int = 1) -> datetime:
    return datetime(2027, month, day, hour, minute, tzinfo=SHANGHAI)


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    yield from settled(request, home, monkeypatch)


@pytest.fixture
def notice_of_2027(monkeypatch: pytest.MonkeyPatch) -> Calendar:
    """Load a notice for 2027 as an office would: Friday 8 January is off, Saturday 9 January is worked."""
    notice = Overlay(year=2027, notice="国办发明电〔2026〕9号", url="https://www.gov.cn/x", approved_by="某人", off=(date(2027, 1, 1), date(2027, 1, 8)),
                     makeup=(date(2027, 1, 9),))  # fmt: skip
    loaded = compile_calendar([*overlays(), notice])
    for module in (tasks.deadline, tasks.rung):
        monkeypatch.setattr(module, "calendar", lambda: loaded)
    return loaded


pytestmark = pytest.mark.usefixtures("ground")


class TestClock:
    def test_it_starts_once_a_turn_and_says_when_it_ends(self) -> None:
        case = opened()
        due = start_clock(case, FIVE_DAYS)
        assert due == at(11, 23, 59) + timedelta(seconds=59)
        later(days=1)
        assert start_clock(case, FIVE_DAYS) == start_clock(anew(case), FIVE_DAYS) == due
        assert start_clock(case.again(), FIVE_DAYS) == due + timedelta(days=1)
        assert [line[:2] for line in journal(case.number)] == [
            ("opened", 1),
            ("clock-posting", 1),
            ("clock-posting", 2),
        ]
        row = rows_of(DEADLINES)[0]
        assert (row.provisional, row.office, row.rule) == (True, "discipline_group", "第三十条")
        assert row.calendar_version

    def test_runs_at_once_start_it_once(self) -> None:
        case = opened()
        found = race(*(lambda run=run: start_clock(run, FIVE_DAYS) for run in [anew(case) for _ in range(5)]))
        assert len(set(found)) == 1
        assert not isinstance(found[0], Exception)
        assert len(rows_of(DEADLINES)) == 1

    def test_a_pause_takes_its_days_out_and_is_taken_once_however_often_the_story_is_told(self) -> None:
        case = opened()
        start_clock(case, FIVE_DAYS)
        set_clock(at(5))
        for run in (case, case, anew(case)):
            pause_clock(run, "posting")
        assert (rows_of(DEADLINES)[0].due_at, rows_of(DEADLINES)[0].next_rung_at) == (None, None)
        set_clock(at(7))
        for run in (case, case, anew(case)):
            pause_clock(run, "posting")
            resume_clock(run, "posting")
        row = rows_of(DEADLINES)[0]
        assert len(row.pauses) == 1
        assert all(row.pauses[0])
        assert row.due_at == at(14, 23, 59) + timedelta(seconds=59)
        assert [line[0] for line in journal(case.number)] == [
            "opened",
            "clock-posting",
            "clock-posting-paused",
            "clock-posting-resumed",
        ]

    def test_a_second_pause_is_a_second_occasion(self) -> None:
        case = opened()
        start_clock(case, TWO_DAYS)
        for occasion in (1, 2):
            later(hours=6)
            pause_clock(case, "medical", occasion)
            later(hours=10)
            resume_clock(case, "medical", occasion)
        for occasion in (1, 2):
            pause_clock(anew(case), "medical", occasion)
            resume_clock(anew(case), "medical", occasion)
        row = rows_of(DEADLINES)[0]
        assert len(row.pauses) == 2
        assert abs(row.due_at - (at(4) + timedelta(hours=68))) < timedelta(minutes=1)

    def test_runs_at_once_pause_once(self) -> None:
        case = opened()
        start_clock(case, FIVE_DAYS)
        found = race(*(lambda run=run: pause_clock(run, "posting") for run in [anew(case) for _ in range(5)]))
        assert found == [None] * 5
        assert len(rows_of(DEADLINES)[0].pauses) == 1
        assert list(verify()) == []

    def test_met_in_time_and_met_late_stay_so(self) -> None:
        case = opened()
        start_clock(case, TWO_DAYS)
        start_clock(case, FIVE_DAYS)
        meet_clock(case, "medical")
        set_clock(at(13))
        meet_clock(case, "posting")
        meet_clock(anew(case), "posting")
        met = {row.step: row.outcome for row in rows_of(ENTRIES) if row.step.endswith("-met")}
        assert met == {"clock-medical-met": {"late": False}, "clock-posting-met": {"late": True}}
        assert [row.next_rung_at for row in rows_of(DEADLINES)] == [None, None]
        assert list(open_clocks()) == []

    def test_runs_at_once_meet_it_once(self) -> None:
        case = opened()
        start_clock(case, FIVE_DAYS)
        found = race(*(lambda run=run: meet_clock(run, "posting") for run in [anew(case) for _ in range(4)]))
        assert found == [None] * 4
        assert [line[0] for line in journal(case.number)].count("clock-posting-met") == 1

    def test_open_clocks_come_in_the_order_of_their_ends(self) -> None:
        first, second = opened(), opened("ZB-2027H2")
        start_clock(first, FIVE_DAYS)
        start_clock(second, TWO_DAYS)
        assert [row.name for row in open_clocks()] == ["medical", "posting"]
        assert [row.name for row in open_clocks(first.id)] == ["posting"]


class TestRungs:
    def test_each_fires_once_at_its_time_and_tells_who_owes(self) -> None:
        hire("S1", "discipline_group")
        case = opened()
        start_clock(case, FIVE_DAYS)
        assert fire_rungs() == 0
        set_clock(at(7, 12))
        assert [fire_rungs(), fire_rungs()] == [1, 0]
        set_clock(at(11, 12))
        assert [fire_rungs(), fire_rungs()] == [1, 0]
        set_clock(at(12, 0, 1))
        assert [fire_rungs(), fire_rungs()] == [1, 0]
        later(days=30)
        assert fire_rungs() == 0
        assert [row.rung for row in rows_of(RUNGS)] == ["breach", "half", "last_day"]
        assert [(row.recipient, row.template) for row in rows_of(NOTICES)] == [
            ("officer:S1", "notice_kernel.rung_half"),
            ("officer:S1", "notice_kernel.rung_last_day"),
            ("officer:S1", "notice_kernel.rung_breach"),
        ]
        assert rows_of(NOTICES)[0].facts == {"subject": "试办事项", "duty": "公示", "due": "2027-01-11 23:59"}
        assert list(verify()) == []

    def test_all_that_were_slept_through_fire_in_their_order(self) -> None:
        case = opened()
        start_clock(case, FIVE_DAYS)
        later(days=60)
        assert fire_rungs() == 3
        assert [line[0] for line in journal(case.number)][2:] == [
            "rung-posting-half",
            "rung-posting-last_day",
            "rung-posting-breach",
        ]

    def test_sweeps_at_once_fire_each_once(self) -> None:
        for number in range(20):
            start_clock(opened(f"ZB-{number}"), FIVE_DAYS)
        later(days=60)
        found = race(*[fire_rungs] * 4)
        assert sum(one for one in found if isinstance(one, int)) == 60
        assert len(rows_of(RUNGS)) == len(rows_of(NOTICES)) == 60
        assert list(verify()) == []

    def test_a_sweep_beside_working_cases_disturbs_none(self) -> None:
        cases = [opened(f"ZB-{number}") for number in range(12)]
        for case in cases:
            start_clock(case, FIVE_DAYS)
        later(days=60)
        found = race(fire_rungs, *(lambda case=case: meet_clock(case, "posting") for case in cases[:6]), fire_rungs,
                     *(lambda case=case: pause_clock(case, "posting") for case in cases[6:]))  # fmt: skip
        assert [one for one in found if isinstance(one, Exception)] == []
        fire_rungs()
        assert (
            len({(row.deadline_id, row.rung) for row in rows_of(RUNGS)}) == len(rows_of(RUNGS)) == len(rows_of(NOTICES))
        )
        assert list(verify()) == []

    def test_a_sweep_that_is_cut_off_has_fired_nothing_and_fires_it_later(self) -> None:
        case = opened()
        start_clock(case, FIVE_DAYS)
        later(days=60)
        with pytest.raises(OSError), transaction():  # noqa: PT011, PT012 -- raised in the block
            assert fire_rungs(limit=1) == 3
            raise OSError
        assert rows_of(RUNGS) == rows_of(NOTICES) == []
        assert fire_rungs() == 3

    def test_what_is_met_or_paused_reminds_nobody(self) -> None:
        case = opened()
        start_clock(case, FIVE_DAYS)
        start_clock(case, TWO_DAYS)
        meet_clock(case, "posting")
        pause_clock(case, "medical")
        later(days=60)
        assert fire_rungs() == 0

    def test_a_pause_moves_what_has_not_fired_and_repeats_nothing(self) -> None:
        case = opened()
        start_clock(case, TWO_DAYS)
        later(hours=25)
        assert fire_rungs() == 1
        pause_clock(case, "medical")
        later(hours=100)
        resume_clock(case, "medical")
        later(hours=22)
        assert fire_rungs() == 0
        later(hours=2)
        assert fire_rungs() == 1
        assert {row.rung for row in rows_of(RUNGS)} == {"half", "breach"}

    def test_units_are_told_how_many_of_theirs_still_owe(self) -> None:
        hire("S1", "physical_group")
        hire("S2", "town:haimen")
        case = opened()
        with_members(case, 5, units=("haimen", "sanchang"))
        start_clock(
            case,
            Owed(
                "medical",
                Clock.HOURS,
                budget=2,
                office="physical_group",
                lagging=["applied_online"],
                unit_role="town",
                rungs=("breach",),
            ),
        )
        later(hours=3)
        assert fire_rungs() == 1
        assert [(row.recipient, row.template, row.facts.get("members")) for row in rows_of(NOTICES)] == [
            ("officer:S1", "notice_kernel.rung_breach", None),
            ("officer:S2", "notice_kernel.rung_breach_lag", 3),
            ("role:town:sanchang", "notice_kernel.rung_breach_lag", 2),
        ]
        with transaction() as tx:
            assert lag_by_unit(tx, case.id, ["applied_online"]) == {"haimen": 3, "sanchang": 2}


class TestRecompute:
    def test_a_new_notice_moves_a_provisional_end_and_says_so(
        self, notice_of_2027: Calendar, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hire("S1", "discipline_group")
        loaded = notice_of_2027
        for module in (tasks.deadline, tasks.rung):
            monkeypatch.setattr(module, "calendar", lambda: compile_calendar(overlays()))
        case = opened()
        assert start_clock(case, FIVE_DAYS) == at(11, 23, 59) + timedelta(seconds=59)
        assert recompute() == []
        for module in (tasks.deadline, tasks.rung):
            monkeypatch.setattr(module, "calendar", lambda: loaded)
        assert recompute() == []  # 9 January is worked for the 8th: the same day, no longer provisional
        assert (rows_of(DEADLINES)[0].provisional, rows_of(DEADLINES)[0].calendar_version) == (
            False,
            notice_of_2027.version,
        )
        assert [line[0] for line in journal(case.number)][-1].startswith("clock-posting-moved-")
        assert rows_of(NOTICES) == []

    def test_an_end_that_moves_is_told_and_a_calendar_taken_back_moves_it_back(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hire("S1", "discipline_group")
        plain = compile_calendar(overlays())
        notice = Overlay(
            year=2027,
            notice="国办发明电〔2026〕9号",
            url="https://www.gov.cn/x",
            approved_by="某人",
            off=(date(2027, 1, 8),),
        )
        moved = compile_calendar([*overlays(), notice])
        for module in (tasks.deadline, tasks.rung):
            monkeypatch.setattr(module, "calendar", lambda: plain)
        case = opened()
        first = start_clock(case, FIVE_DAYS)
        for one, day in ((moved, 12), (plain, 11), (moved, 12)):
            for module in (tasks.deadline, tasks.rung):
                monkeypatch.setattr(module, "calendar", lambda one=one: one)
            assert recompute() == ["ZB-2027H1"]
            assert recompute() == []
            assert rows_of(DEADLINES)[0].due_at == at(day, 23, 59) + timedelta(seconds=59)
        assert rows_of(NOTICES)[0].facts == {"was": "2027-01-11", "now": "2027-01-12"}
        assert len(rows_of(NOTICES)) == 3
        assert start_clock(anew(case), FIVE_DAYS) == first
        assert list(verify()) == []

    def test_sweeps_at_once_move_it_once_and_a_drill_stays_a_drill(self, monkeypatch: pytest.MonkeyPatch) -> None:
        notice = Overlay(
            year=2027,
            notice="国办发明电〔2026〕9号",
            url="https://www.gov.cn/x",
            approved_by="某人",
            off=(date(2027, 1, 8),),
        )
        moved = compile_calendar([*overlays(), notice])
        for number in range(4):
            start_clock(opened(f"YL-{number}", drill=True), FIVE_DAYS)
        meet_clock(opened("YL-3", drill=True), "posting")
        for module in (tasks.deadline, tasks.rung):
            monkeypatch.setattr(module, "calendar", lambda: moved)
        found = race(*[recompute] * 3)
        assert sorted(name for one in found if isinstance(one, list) for name in one) == ["YL-0", "YL-1", "YL-2"]
        assert [row.template for row in rows_of(NOTICES)] == ["notice_kernel.moved"] * 3
        assert list(verify()) == []

    def test_a_reminder_follows_the_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        notice = Overlay(
            year=2027,
            notice="国办发明电〔2026〕9号",
            url="https://www.gov.cn/x",
            approved_by="某人",
            off=(date(2027, 1, 8), date(2027, 1, 11)),
        )
        moved = compile_calendar([*overlays(), notice])
        case = opened()
        start_clock(case, FIVE_DAYS._replace(rungs=("last_day",)))
        for module in (tasks.deadline, tasks.rung):
            monkeypatch.setattr(module, "calendar", lambda: moved)
        recompute()
        set_clock(at(11, 12))
        assert fire_rungs() == 0
        set_clock(at(13, 12))
        assert fire_rungs() == 1
        assert now() > at(13)
