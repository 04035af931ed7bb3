"""Duties of an accident on the database: armed by events, asked, alarmed, discharged, late for ever."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from config.messages import Refusal
from tasks.ask import open_questions
from tasks.clock import now, set_clock
from tasks.incident_response import duty
from tasks.incident_response.duty_book import DUTIES, open_row
from tasks.incident_response.incident import Opening, open_incident, put
from tasks.journal import verify
from tasks.rung import fire_rungs
from tasks.step import Dossier
from tasks.store import transaction
from tasks.wait import Parked
from tests.ground import BOTH, DEADLINES, MORNING, NOTICES, Ground, anew, answer, hire, journal, race, rows_of, settled

LEARNED = MORNING - timedelta(minutes=25)


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    yield from settled(request, home, monkeypatch)


def accident(mark: bytes = b"1", *, grade: str = "IV", **more: Any) -> Dossier:
    """Report an accident as the intake does: its row, its first clocks and its first grade in one transaction."""
    opening = Opening("海门某烟花爆竹经营部", "三星镇某路", "explosion", mark, occurred_at=MORNING - timedelta(minutes=30),
                      learned_at=LEARNED, **({"received_at": MORNING} | more))  # fmt: skip
    with transaction() as tx:
        case = open_incident(tx, opening)
        put(tx, case.id, grade=grade)
        duty.arm(case, "reported")
        duty.arm(case, "graded")
    return case


def owed(case: Dossier) -> dict[str, Any]:
    return {row.name: row for row in rows_of(DUTIES, case_id=case.id)}


def clock(case: Dossier, name: str, turn: int = 1) -> Any:
    return next(row for row in rows_of(DEADLINES, case_id=case.id, name=name) if row.turn == turn)


def test_an_accident_arms_its_duties_with_the_report_and_twice_is_once(ground: Ground) -> None:
    case = accident()
    first = owed(case)
    assert clock(case, "report_city").due_at == MORNING + timedelta(hours=2)
    assert clock(case, "unit_report").met_at == MORNING
    assert first["unit_report"].satisfied_at == MORNING
    assert not first["unit_report"].late
    assert first["scene_report"].satisfied_by
    assert first["report_city"].certainty == "law"
    assert "第十一条" in first["report_city"].rule
    before = (journal(case.number), rows_of(DUTIES))
    for event in ("reported", "graded"):
        duty.arm(anew(case), event)
    assert (journal(case.number), rows_of(DUTIES)) == before
    assert list(verify()) == []


def test_a_rolled_back_report_arms_nothing(ground: Ground) -> None:
    case = accident()

    def fail() -> None:
        with transaction():
            duty.arm(case, "activated")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert "response_report" not in owed(case)
    duty.arm(case, "activated")
    assert clock(case, "response_report").due_at - MORNING < timedelta(minutes=61)


@pytest.mark.parametrize(("seconds", "late"), [(-1, False), (0, False), (1, True)])
def test_the_limit_itself_is_in_time_and_a_second_later_is_late(ground: Ground, seconds: int, late: bool) -> None:
    case = accident()
    recorded = MORNING + timedelta(hours=2, seconds=seconds)
    assert duty.satisfy(case, "report_city", "海应急〔2027〕1号", MORNING, "S001", "线路中断", recorded_at=recorded)
    row = owed(case)["report_city"]
    assert row.late is late, "lateness goes by when it was recorded, not by what was stated"
    assert row.late_reason == ("线路中断" if late else "")
    assert (row.occurred_at, row.satisfied_at) == (MORNING, recorded)
    set_clock(MORNING + timedelta(hours=3))
    assert not duty.satisfy(case, "report_city", "另一号", MORNING, "S002"), "late for ever"
    assert owed(case)["report_city"] == row
    assert list(verify()) == []


def test_the_units_hour_counts_from_when_its_head_knew(ground: Ground) -> None:
    row = owed(accident(received_at=LEARNED + timedelta(hours=1, seconds=1)))["unit_report"]
    assert row.late
    assert row.late_reason == ""


def test_a_moment_that_is_known_later_arms_and_moves_the_clocks_that_count_from_it(ground: Ground) -> None:
    with transaction() as tx:
        case = open_incident(tx, Opening("某店", "某路", "unknown", b"2", received_at=MORNING))
        duty.arm(case, "reported")
    assert "unit_report" not in owed(case)
    assert clock(case, "investigation_report").anchor_at == MORNING
    with transaction() as tx:
        put(tx, case.id, learned_at=LEARNED, occurred_at=MORNING - timedelta(days=1))
        duty.arm(case, "casualties_changed", MORNING, occasion=2)
    assert owed(case)["unit_report"].satisfied_at == MORNING
    assert clock(case, "investigation_report").due_at.date() == (MORNING + timedelta(days=59)).date()
    assert clock(case, "casualty_supplement", 2).due_at == MORNING + timedelta(minutes=60)


def test_a_grade_that_rises_arms_the_higher_duties_from_the_moment_it_was_known_and_deletes_none(
    ground: Ground,
) -> None:
    case = accident(grade="III")
    first = owed(case)
    assert clock(case, "report_province").due_at == MORNING + timedelta(hours=4)
    assert "report_state" not in first
    set_clock(MORNING + timedelta(hours=5))
    with transaction() as tx:
        put(tx, case.id, grade="II")
        duty.arm(case, "graded", MORNING + timedelta(hours=4, minutes=50))
    assert clock(case, "report_state").due_at == MORNING + timedelta(hours=10, minutes=50)
    assert clock(case, "report_province").due_at == MORNING + timedelta(hours=4)
    bodies = [(row.owes, row.superseded_by) for row in rows_of(DUTIES, case_id=case.id, name="investigation_report")]
    assert bodies == [("city_government", "investigation_report#3"), ("province_government", "")]
    assert open_row(case.id, "investigation_report").turn == 3
    with transaction() as tx:
        put(tx, case.id, grade="IV")
        duty.arm(case, "graded")
    assert open_row(case.id, "investigation_report").turn == 3, "a lower grade takes nothing back"


def test_each_alarm_rings_once_and_higher_up_each_time(ground: Ground) -> None:
    case = accident()
    for minutes, rungs in ((59, 0), (61, 1), (95, 1), (97, 2), (119, 2), (121, 3)):
        set_clock(MORNING + timedelta(minutes=minutes))
        fire_rungs()
        fired = [step for step, *_ in journal(case.number) if step.startswith("rung-report_city")]
        assert len(fired) == rungs, minutes
        assert fire_rungs() == 0
    told = {(row.recipient, row.template) for row in rows_of(NOTICES, case_id=case.id)}
    assert ("role:head:emergency_bureau", "notice_kernel.rung_share_up") in told
    for role in ("command_office", "incident_commander", "district_government"):
        assert (f"role:{role}", "notice_kernel.rung_breach_up") in told
    assert ("role:procuratorate", "notice_incident_response.notify_offices") in told


def test_two_at_once_discharge_it_once(ground: Ground) -> None:
    case = accident()
    acts = [lambda n=n: duty.satisfy(anew(case), "report_city", f"{n}号", now(), f"S{n}") for n in range(4)]
    assert sorted(race(*acts), key=str) == [False, False, False, True]
    assert race(*(lambda: duty.arm(anew(case), "activated") for _ in range(4))) == [None] * 4
    assert list(verify()) == []


def told(case: Dossier) -> None:
    """Tell the part once, as a run that wakes does."""
    with pytest.raises(Parked):
        duty.report_up(anew(case))


def asked(case: Dossier) -> dict[str, int]:
    return {one.point: one.seat_id for one in open_questions(case=case.number)}


def test_each_duty_is_asked_by_itself_and_its_answer_discharges_it(ground: Ground) -> None:
    hire("E001", "emergency_bureau")
    case = accident(grade="III")
    told(case)
    assert set(asked(case)) == {
        f"duty.{name}"
        for name in (
            "report_city",
            "report_government",
            "notify_offices",
            "report_province",
            "leaders_to_scene",
            "county_control",
        )
    }
    seat = asked(case)["duty.report_city"]
    with pytest.raises(Refusal, match="手机"):
        answer(seat, "E001", "done", record_number="电话13800138000", done_at="2027-01-04 09:20", receiver="市局值班室")
    with pytest.raises(Refusal, match="2027-01-04 10:30"):
        answer(seat, "E001", "done", record_number="1号", done_at="2027-13-04 09:20", receiver="市局值班室")
    answer(seat, "E001", "done", record_number="电话记录1号", done_at="2027-01-04 09:00", receiver="市局值班室")
    set_clock(MORNING + timedelta(hours=8))  # the run was down: what was signed in time is in time
    told(case)
    row = owed(case)["report_city"]
    assert (row.late, row.satisfied_by) == (False, "电话记录1号 → 市局值班室")
    assert row.satisfied_at < MORNING + timedelta(minutes=30)
    assert row.occurred_at == datetime.fromisoformat("2027-01-04T09:00+08:00")
    before = journal(case.number)
    told(case)
    assert journal(case.number) == before
    assert "duty.report_city" not in asked(case)


def test_a_duty_that_was_discharged_elsewhere_is_asked_no_more(ground: Ground) -> None:
    case = accident()
    told(case)
    duty.satisfy(anew(case), "report_city", "1号", now(), "S001")
    told(case)
    assert "duty.report_city" not in asked(case)
    assert "duty.report_government" in asked(case)


def test_late_without_a_reason_is_asked_for_its_reason(ground: Ground) -> None:
    hire("E001", "emergency_bureau")
    case = accident()
    set_clock(MORNING + timedelta(hours=3))
    duty.satisfy(anew(case), "report_city", "1号", now(), "S001")
    told(case)
    answer(asked(case)["lateness.report_city"], "E001", "explained", reason="通信中断两小时")
    told(case)
    assert owed(case)["report_city"].late_reason == "通信中断两小时"
    assert owed(case)["report_city"].late
    assert "lateness.report_city" not in asked(case)


def test_the_part_ends_when_nothing_is_owed_and_nothing_can_be_any_more(ground: Ground) -> None:
    case = accident()
    for name in ("report_city", "report_government", "notify_offices", "leaders_to_scene", "county_control"):
        duty.satisfy(case, name, "1号", now(), "S001")
    told(case)
    duty.arm(case, "investigation_submitted")
    assert owed(case)["response_evaluation"].satisfied_at
    duty.arm(case, "investigation_approved")
    for name in ("disclosure", "rectification_evaluation"):
        duty.satisfy(case, name, "1号", now(), "S001")
    told(case)  # thirty days in which the casualties may change
    set_clock(MORNING + timedelta(days=31))
    assert duty.report_up(anew(case)) is None
    assert all(row.satisfied_at or row.superseded_by for row in rows_of(DUTIES))
    assert list(verify()) == []


def test_a_drill_or_no_accident_ends_what_is_owed(ground: Ground) -> None:
    case = accident(exercise="live")
    set_clock(MORNING + timedelta(hours=3))
    duty.conclude(case, "drill_over")
    rows = owed(case)
    assert rows["report_city"].late
    assert not rows["investigation_report"].late
    assert all(row.met_at or row.superseded_at for row in rows_of(DEADLINES, case_id=case.id))
