"""A whole accident at level III by its own story: from the report to the last lesson, every question answered."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from flows.incident_response import incident_response
from tasks import officer
from tasks.ask import Question, open_questions
from tasks.clock import now, set_clock
from tasks.door import Signature, decide
from tasks.incident_response import cast
from tasks.incident_response.bell import ring
from tasks.journal import CASES, case_id_of, verify
from tasks.store import reading
from tasks.wait import INSTANCES, Parked
from tests.ground import Ground, journal, rows_of, settled, status_of
from tests.reported import SMALL, answer_of, lodge

CODE = timedelta(seconds=31)


@pytest.fixture(params=["sqlite"])
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    for made in settled(request, home, monkeypatch):
        cast.enrol_cast(date(2026, 1, 1))
        yield made


def told(number: str) -> None:
    """Let the bell ring and tell the story twice: a replay of what was just told changes nothing."""
    ring()
    for _ in range(2):
        with suppress(Parked):
            incident_response.fn(number)


def answered(question: Question, **other: Any) -> None:
    set_clock(now() + CODE)
    signer = cast.signer_of(question.role)
    decide(question.seat_id, Signature(signer, officer.code_now(signer), answer_of(question) | other, "form"))


def wakes_at(number: str) -> datetime | None:
    chosen = select(INSTANCES.c.wake_at).join(CASES, CASES.c.id == INSTANCES.c.case_id).where(CASES.c.number == number)
    with reading() as connection:
        return connection.execute(chosen).scalar_one()


def run_through(number: str, *, rounds: int = 400) -> list[str]:
    """Answer whatever is asked until the incident is closed; return the points in the order in which they were answered."""
    points: list[str] = []
    for _ in range(rounds):
        told(number)
        if rows_of(CASES, number=number)[0].closed_at:
            return points
        asked = open_questions(case=number)
        if asked:
            points.append(asked[0].point)
            answered(asked[0])
        else:
            moment = wakes_at(number)
            assert moment is not None, f"{number} waits for nothing: {status_of(number)}"
            set_clock(max(moment, now()) + timedelta(seconds=1))
    raise AssertionError(
        f"{number} does not end: {status_of(number)}, {[one.point for one in open_questions(case=number)]}"
    )


def test_an_accident_of_level_three_runs_from_the_report_to_its_end(ground: Ground) -> None:
    number = lodge()
    points = run_through(number)
    assert points[0] == "activate"
    assert {
        "agree.III",
        "verify",
        "duty.report_city",
        "duty.report_province",
        "end_confirm",
        "residents_return",
        "summary",
    } <= set(points)
    assert len([one for one in points if one.startswith("end_condition.")]) == 3
    statuses = list(dict.fromkeys(after for _, _, after, _ in journal(number)))
    assert statuses == [
        "reported",
        "plan_activated",
        "responding",
        "ended",
        "recovering",
        "restored",
        "summarised",
        "closed",
    ]
    assert open_questions(case=number) == []
    assert list(verify()) == []


def test_a_small_one_is_started_by_the_commander_alone(ground: Ground) -> None:
    number = lodge(**SMALL)
    told(number)
    assert {one.point for one in open_questions(case=number) if one.point.startswith("agree")} == set()
    (order,) = [one for one in open_questions(case=number) if one.point == "activate"]
    answered(order, response_level="IV")
    told(number)
    assert status_of(number) == "responding"


def test_a_false_alarm_ends_the_response_and_everything_that_was_asked(ground: Ground) -> None:
    number = lodge()
    told(number)
    (order,) = [one for one in open_questions(case=number) if one.point == "activate"]
    answered(order)
    (agreed,) = [one for one in open_questions(case=number) if one.point == "agree.III"]
    answered(agreed)
    told(number)
    assert status_of(number) == "responding"
    check = next(one for one in open_questions(case=number) if one.point == "verify")
    answered(check, verdict="accident_none")
    told(number)
    told(number)
    assert status_of(number) == "not_accident"
    assert rows_of(CASES, number=number)[0].closed_at is not None
    assert open_questions(case=number) == []


def test_without_a_response_the_reports_up_are_owed_all_the_same(ground: Ground) -> None:
    number = lodge(**SMALL)
    told(number)
    (order,) = [one for one in open_questions(case=number) if one.point == "activate"]
    answered(order, verdict="no_activation", response_level="none", beyond_district="none", scene_command="no")
    set_clock(now() + timedelta(days=2))
    told(number)
    assert rows_of(CASES, number=number)[0].closed_at is None
    assert "duty.report_city" in {one.point for one in open_questions(case=number)}
    points = run_through(number)
    assert "duty.report_city" in points
    assert case_id_of(number)
    assert status_of(number) == "closed"
