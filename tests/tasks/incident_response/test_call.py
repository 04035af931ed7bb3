"""Calls: told at once, climbed until somebody answers, ended by an answer, and never given up in silence."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from config.messages import Refusal
from models.incident_response.ladder import Ack
from tasks.clock import now
from tasks.incident_response import call as calling
from tasks.incident_response.acknowledgement import ACKS, Said, acknowledge
from tests.ground import BOTH, Ground, anew, hire, later, race, rows_of, settled
from tests.tasks.incident_response.calling_stage import accident, ack, alert, calls, furnish, told


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    furnish(home, monkeypatch)
    yield from settled(request, home, monkeypatch)


def test_a_call_is_told_at_once_in_the_inbox_and_by_the_first_channel(ground: Ground) -> None:
    hire("C1", "incident_commander")
    case = accident()
    assert alert(case, "incident_commander", "command_office") == 2
    assert alert(case, "incident_commander", "command_office") == 0
    assert set(told("officer:C1")) == {"inbox", "app"}
    assert set(told("role:command_office")) == {"inbox"}
    (row,) = calls(staff_no="C1")
    assert row.next_at == row.called_at + timedelta(minutes=2)
    assert (len(row.code), row.facts["code"]) == (6, row.code)


def test_somebody_with_two_roles_is_told_once_and_answers_once(ground: Ground) -> None:
    hire("C1", "incident_commander", "command_office")
    case = accident()
    assert alert(case, "incident_commander", "command_office") == 2
    assert [row.next_at is None for row in calls(staff_no="C1")] == [False, True]
    acknowledge(Said(calls(staff_no="C1")[0].code, Ack.ON_SITE, "command"))
    assert calling.heard(case, "alert", "incident_commander") == "on_site"
    assert calling.heard(case, "alert", "command_office") == "on_site"


def test_two_callers_at_once_call_everybody_once(ground: Ground) -> None:
    hire("C1", "incident_commander")
    case = accident()
    made = race(*[lambda: alert(case, "incident_commander", "command_office")] * 4)
    assert sorted(made) == [0, 0, 0, 2]  # type: ignore[type-var]


def test_an_answer_says_until_when_the_role_is_waited_for(ground: Ground) -> None:
    hire("C1", "incident_commander")
    case = accident()
    assert calling.awaited_until(case, "alert", "incident_commander") is None
    alert(case, "incident_commander")
    (row,) = calls()
    assert calling.awaited_until(case, "alert", "incident_commander") == row.called_at + timedelta(minutes=10)
    assert calling.heard(case, "alert", "incident_commander") == ""
    said = ack("C1", Ack.ON_THE_WAY, 30)
    assert said.until is not None
    assert calling.awaited_until(case, "alert", "incident_commander") == said.until
    assert calling.heard(case, "alert", "incident_commander") == "on_the_way"
    later(minutes=71)
    assert calling.heard(case, "alert", "incident_commander") == ""


def test_an_answer_takes_back_what_has_not_left(ground: Ground) -> None:
    hire("C1", "incident_commander")
    alert(accident(), "incident_commander")
    ack("C1")
    assert told("officer:C1") == {"inbox": "pending", "app": "withdrawn"}


def test_a_lesser_answer_takes_nothing_back_and_a_second_click_is_no_second_answer(ground: Ground) -> None:
    hire("C1", "incident_commander")
    alert(accident(), "incident_commander")
    ack("C1", Ack.ON_SITE)
    ack("C1", Ack.ON_SITE)
    assert len(rows_of(ACKS)) == 1
    ack("C1", Ack.RECEIVED)
    assert len(rows_of(ACKS)) == 2
    assert calls()[0].answer == "on_site"


def test_whoever_is_unable_hands_on_to_the_next_deputy_at_once(ground: Ground) -> None:
    hire("C1", "incident_commander")
    hire("A1", "deputy_commander_a")
    case = accident()
    alert(case, "incident_commander")
    ack("C1", Ack.UNABLE)
    assert set(told("officer:A1")) == {"inbox", "app"}
    assert calling.heard(case, "alert", "incident_commander") == "unable"
    assert (
        calling.awaited_until(case, "alert", "incident_commander")
        == now().replace(microsecond=calls()[0].answered_at.microsecond)
        or calls()[0].answered_at
    )
    ack("C1", Ack.ON_THE_WAY, 10)
    assert calling.heard(case, "alert", "incident_commander") == "on_the_way"


def test_where_nobody_stands_in_the_command_office_hears_of_it(ground: Ground) -> None:
    alert(accident(), "deputy_commander_c")
    acknowledge(Said(calls()[0].code, Ack.UNABLE, "command"))
    assert set(told("role:command_office", "incident_call.unable")) == {"inbox"}
    assert set(told("role:emergency_duty", "incident_call.unable")) == {"inbox", "app"}


def test_a_later_occasion_takes_the_earlier_ones_place(ground: Ground) -> None:
    hire("C1", "incident_commander")
    case = accident()
    alert(case, "incident_commander")
    alert(anew(case), "incident_commander", occasion=2)
    first, second = calls(staff_no="C1")
    assert (first.ended_why, first.next_at) == ("superseded", None)
    assert second.ended_at is None


def test_standing_down_ends_the_calls_of_a_purpose(ground: Ground) -> None:
    hire("C1", "incident_commander")
    case = accident()
    alert(case, "incident_commander")
    alert(case, "incident_commander", purpose="activation")
    assert calling.stand_down(case, "alert") == 1
    assert calling.stand_down(case, "alert") == 0
    assert [row.ended_why for row in calls()] == ["stood_down", ""]
    assert ack("C1", purpose="alert").over
    assert calls()[0].next_at is None


def test_wrong_codes_are_counted_and_stopped_for_their_source_alone(ground: Ground) -> None:
    hire("C1", "incident_commander")
    alert(accident(), "incident_commander")
    code = calls()[0].code
    for _ in range(10):
        with pytest.raises(Refusal, match="没有这个回执码"):
            acknowledge(Said("ZZZZZZ", Ack.RECEIVED, "page", source="192.0.2.1"))
    with pytest.raises(Refusal, match="错误次数过多"):
        acknowledge(Said(code, Ack.RECEIVED, "page", source="192.0.2.1"))
    acknowledge(Said(code, Ack.RECEIVED, "page", source="192.0.2.2"))
    later(minutes=11)
    acknowledge(Said(code, Ack.ON_SITE, "page", source="192.0.2.1"))


def test_a_time_before_the_call_or_to_come_and_a_wild_eta_are_refused(ground: Ground) -> None:
    alert(accident(), "command_office")
    code = calls()[0].code
    for moment in (now() - timedelta(hours=1), now() + timedelta(hours=1)):
        with pytest.raises(Refusal, match="呼叫之后"):
            acknowledge(Said(code, Ack.RECEIVED, "sheet", occurred_at=moment))
    with pytest.raises(Refusal, match="到达时间"):
        acknowledge(Said(code, Ack.ON_THE_WAY, "form", 5000))


def test_a_drill_goes_by_the_channels_of_drills_alone(ground: Ground) -> None:
    hire("C1", "incident_commander")
    alert(accident(exercise="live"), "incident_commander")
    assert set(told("officer:C1")) == {"inbox", "trial"}
