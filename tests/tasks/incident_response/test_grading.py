"""Grades as the facts change: up is told and armed at once, down only proposed; the office's own grade (1.5, T-INC-23)."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from config.messages import Refusal
from flows.incident_report import overrule_accident_grade
from tasks import officer
from tasks.ask import open_questions
from tasks.clock import now
from tasks.incident_response import grading
from tasks.incident_response.duty_book import rows_of as duties_of
from tasks.incident_response.grading import overrule
from tasks.incident_response.incident import INCIDENTS
from tasks.incident_response.report_lodging import Brings, lodge_follow_up
from tasks.journal import ENTRIES, verify
from tasks.step import read_dossier
from tasks.store import reading, transaction
from tests.ground import BOTH, Ground, fresh_code, journal, later, race, rows_of, settled
from tests.tasks.incident_response.report_stage import (
    NUMBER,
    followed,
    full,
    nobody_listens,
    quick,
    say_of,
    staff,
    tell,
    told,
)


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    with nobody_listens():
        for one in settled(request, home, monkeypatch):
            staff()
            yield one


@pytest.fixture(params=["sqlite"])
def place(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    with nobody_listens():
        for one in settled(request, home, monkeypatch):
            staff()
            yield one


def incident() -> Any:
    return rows_of(INCIDENTS)[0]


def graded(turn: int) -> dict[str, Any]:
    chosen = select(ENTRIES.c.outcome).where(ENTRIES.c.step == "grade_accident", ENTRIES.c.turn == turn)
    with reading() as connection:
        return dict(connection.execute(chosen).scalar_one())


def responding(level: str) -> None:
    """Have a response under way at a level, as the activation leaves it."""
    with transaction() as tx:
        tx.core.execute(update(INCIDENTS).values(response_level=level, activated_at=now()))


def asked() -> list[str]:
    return [one.point for one in open_questions()]


def test_a_higher_grade_is_told_and_arms_its_duties_from_the_moment_that_the_fact_was_known(ground: Ground) -> None:
    full(injured="无", loss="无", missing="无")
    before = {row.name for row in duties_of(incident().case_id)}
    assert "report_province" not in before
    later(hours=1)
    followed(dead="3")
    line = graded(2)
    assert (line["direction"], line["confirmed"], line["criteria"], line["before"]) == (
        "up",
        "III",
        ["dead"],
        ["IV", "IV"],
    )
    armed = {row.name: row for row in duties_of(incident().case_id)}
    assert before < set(armed)
    assert armed["report_province"].armed_by == "graded"
    assert armed["report_province"].armed_at > incident().received_at + timedelta(hours=1)
    assert {"officer:S3", "role:deputy_commander_a", "officer:S4"} <= told("grade_accident")
    assert [row.turn for row in duties_of(incident().case_id, "casualty_supplement")] == [2]
    assert list(verify()) == []


def test_T_INC_23_a_missing_person_found_alive_lowers_the_worst_case_and_the_level_only_by_the_commander(
    ground: Ground,
) -> None:
    full(injured="无", loss="无")
    assert (incident().grade, incident().worst_grade) == ("IV", "III")
    responding("III")
    armed = {(row.name, row.turn) for row in duties_of(incident().case_id)}
    assert tell(grading.follow_facts) is None
    assert asked() == []
    followed("2", missing="0")
    assert (incident().grade, incident().worst_grade, incident().response_level) == ("IV", "IV", "III")
    assert graded(2)["direction"] == "down"
    assert told("grade_accident") == set()
    tell(grading.follow_facts)
    assert asked() == ["lower_level"]
    assert armed < {(row.name, row.turn) for row in duties_of(incident().case_id)}  # no duty is ever taken away
    say_of("lower_level", "S3", "lower_level", reason="失联人员已找到，现场可控")
    tell(grading.follow_facts)
    assert incident().response_level == "IV"
    assert told("lower_response_level") == {"officer:S4"}
    lines = len(journal(NUMBER))
    tell(grading.follow_facts)
    assert len(journal(NUMBER)) == lines


def test_the_commander_may_keep_the_level_and_is_asked_again_when_the_facts_change_again(place: Ground) -> None:
    full(injured="无", loss="无", missing="2", dead="3")
    responding("III")
    followed("2", missing="0", dead="2")
    tell(grading.follow_facts)
    say_of("lower_level", "S3", "keep_level", reason="火势未控制")
    tell(grading.follow_facts)
    assert (incident().response_level, asked()) == ("III", [])
    followed("3", injured="2")
    tell(grading.follow_facts)
    assert asked() == ["lower_level"]
    followed("4", dead="4")  # worse again: the proposal is outdated
    tell(grading.follow_facts)
    assert (incident().response_level, asked()) == ("III", [])


def test_nothing_is_proposed_before_the_activation_or_after_the_end(place: Ground) -> None:
    full(injured="无", loss="无")
    followed("2", missing="0")
    tell(grading.follow_facts)
    assert asked() == []
    responding("III")
    with transaction() as tx:
        tx.core.execute(update(INCIDENTS).values(ended_at=now()))
    followed("3", dead="1")
    tell(grading.follow_facts)
    assert asked() == []


def test_the_following_ends_thirty_days_after_the_accident(place: Ground) -> None:
    quick()
    assert tell(grading.follow_facts) is None
    later(days=29)
    before = len(journal(NUMBER))
    assert tell(grading.follow_facts) is None
    later(days=2)
    grading.follow_facts(read_dossier(NUMBER))  # it does not wait any more
    assert len(journal(NUMBER)) == before + 1


def test_many_changes_before_a_run_wakes_are_asked_about_once(place: Ground) -> None:
    full(injured="无", loss="无", missing="无", dead="12")
    responding("II")
    for mark, dead in (("2", "9"), ("3", "4"), ("4", "2")):
        followed(mark, dead=dead)
    tell(grading.follow_facts)
    questions = open_questions()
    assert [one.point for one in questions] == ["lower_level"]
    assert "Ⅳ" in questions[0].text


def test_the_office_grades_otherwise_with_a_reason_and_a_name_until_the_numbers_change(ground: Ground) -> None:
    full(injured="无", loss="无", missing="无")
    said = overrule(NUMBER, "III", "有中毒人员尚未计入重伤", "S4", fresh_code("S4"))
    assert "较大" in said
    assert (incident().grade, incident().worst_grade) == ("III", "III")
    assert [line[3] for line in journal(NUMBER) if line[0] == "overrule_grade"] == ["S4"]
    assert told("overrule_grade") == {"officer:S3", "officer:S4"}
    assert "report_province" in {row.name for row in duties_of(incident().case_id)}
    followed("2", injured="1")  # what the numbers make is the same: the word stands
    assert incident().grade == "III"
    followed("3", dead="11")
    assert incident().grade == "II"


@pytest.mark.parametrize(
    ("signer", "reason", "sentence"),
    [("S1", "人数有误", "S1"), ("S4", " ", "理由"), ("S4", "请问13800138000", "个人信息")],
)
def test_a_grade_without_reason_or_by_another_is_refused(
    place: Ground, signer: str, reason: str, sentence: str
) -> None:
    full()
    state = overrule_accident_grade.fn(NUMBER, "较大（Ⅲ级）", reason, signer, fresh_code(signer))
    assert state.is_failed()
    assert sentence in str(state.message)
    assert incident().grade == "IV"
    with pytest.raises(Refusal, match="V"):
        overrule(NUMBER, "V", "人数有误", "S4", fresh_code("S4"))


def test_reports_at_the_same_moment_each_grade_what_they_find(ground: Ground) -> None:
    full(injured="无", loss="无", missing="无")
    later(minutes=1)
    one, other = officer.code_now("S1"), officer.code_now("S2")
    found = race(
        lambda: lodge_follow_up(NUMBER, {"dead": "5"}, Brings(b"a", "S1", one)),
        lambda: lodge_follow_up(NUMBER, {"injured": "60"}, Brings(b"b", "S2", other)),
    )
    assert not [one for one in found if isinstance(one, Exception)], found
    assert (incident().grade, incident().dead, incident().injured) == ("II", 5, 60)
    assert [graded(turn)["report"] for turn in (1, 2, 3)] == [1, 2, 3]
    assert list(verify()) == []
