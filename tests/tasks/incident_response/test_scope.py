"""Verification beside the response, scope with a way round, no accident at all, and two incidents that are one (1.4, 3)."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from config.messages import Refusal
from flows.incident_report import call_off_response, merge_incidents
from flows.incident_response import incident_response
from tasks.ask import open_questions
from tasks.case import instances_open
from tasks.clock import now
from tasks.incident_response import grading, scope
from tasks.incident_response.call_record import CALLS
from tasks.incident_response.duty_book import rows_of as duties_of
from tasks.incident_response.facts import known_facts
from tasks.incident_response.incident import INCIDENTS, ORDERS, REPORTS
from tasks.incident_response.merging import merge
from tasks.incident_response.order import issue
from tasks.incident_response.report_book import chain
from tasks.incident_response.report_lodging import Brings, lodge_quick
from tasks.journal import ENTRIES, verify
from tasks.step import read_dossier
from tasks.store import reading, transaction
from tasks.wait import Parked
from tests.ground import BOTH, DEADLINES, Ground, fresh_code, hire, journal, later, rows_of, settled, status_of
from tests.tasks.incident_response.report_stage import (
    NUMBER,
    QUICK,
    followed,
    full,
    nobody_listens,
    quick,
    say_of,
    staff,
    tell,
    told,
)

OTHER = "SG-2027-002"


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


def points() -> set[str]:
    return {one.point for one in open_questions()}


def test_a_response_to_a_licensed_unit_never_waits_for_the_verification(place: Ground) -> None:
    full()
    assert tell(scope.establish) is True
    assert points() == set()
    assert tell(scope.verify) is None  # beside: it is asked, and nobody waits
    assert [one.role for one in open_questions()] == ["emergency_bureau", "emergency_duty"]


def test_T_INC_24_reports_go_from_the_scene_to_the_bureau_and_on_once_verified(ground: Ground) -> None:
    full(police_told="08:41", fire_told="08:42", head_told="08:45", local_told="08:50", bureau_told="08:55")
    tell(scope.verify)
    assert told("verify_incident") == set()
    later(minutes=3)
    say_of("verify", "S1", "accident_licensed")
    tell(scope.verify)
    assert status_of(NUMBER) == "verified"
    assert told("verify_incident") == {"officer:S4", "role:district_party_committee", "role:district_government"}
    links = chain(NUMBER)
    assert [one.link for one in links] == ["scene_police", "scene_fire", "scene_head", "head_local", "head_bureau",
                                           "bureau_office", "bureau_committee", "bureau_government"]  # fmt: skip
    assert [one.at for one in links] == sorted(one.at for one in links)
    row = rows_of(INCIDENTS)[0]
    assert (row.scope, row.licensed, row.received_at < now()) == ("in", "yes", True)
    before = len(journal(NUMBER))
    tell(scope.verify)
    assert len(journal(NUMBER)) == before
    assert list(verify()) == []


@pytest.mark.parametrize(("minutes", "late"), [(29, False), (31, True)])
def test_the_bureau_judges_within_thirty_minutes_of_the_report(place: Ground, minutes: int, late: bool) -> None:
    full()
    tell(scope.verify)
    clock = next(row for row in rows_of(DEADLINES) if row.name == scope.FIRST_JUDGEMENT)
    received = rows_of(INCIDENTS)[0].received_at
    assert (clock.office, clock.due_at) == ("emergency_bureau", received + timedelta(minutes=30))
    later(seconds=int((received + timedelta(minutes=minutes) - now()).total_seconds()))
    say_of("verify", "S1", "accident_licensed")
    tell(scope.verify)
    met = next(row for row in rows_of(DEADLINES) if row.name == scope.FIRST_JUDGEMENT)
    assert (met.met_at > met.due_at) is late


def test_T_INC_26_a_fire_at_an_unlicensed_store_is_out_of_scope(ground: Ground) -> None:
    full(licensed="没有经营许可证", kind="火灾")
    assert tell(scope.establish) is None
    assert points() == {"verify"}
    with pytest.raises(Refusal, match="没有经营许可证"):
        say_of("verify", "S2", "accident_licensed")
    say_of("verify", "S2", "accident_outside", reason="无证经营，按火灾事故预案处置")
    assert tell(scope.establish) is False
    assert status_of(NUMBER) == "out_of_scope"
    assert rows_of(INCIDENTS)[0].scope == "out"
    assert [
        row for row in duties_of(rows_of(INCIDENTS)[0].case_id) if not row.satisfied_at and not row.superseded_by
    ] == []
    assert all(row.ended_at for row in rows_of(CALLS))
    assert "role:deputy_commander_a" in told("call_off_incident")
    assert tell(scope.establish) is False  # told again: nothing more
    assert list(verify()) == []


def test_T_INC_26_an_unlicensed_store_may_be_handled_nevertheless_with_the_reason(place: Ground) -> None:
    full(licensed="没有经营许可证")
    assert tell(scope.establish) is None
    say_of("verify", "S2", "accident_override", reason="火势威胁居民区")
    assert tell(scope.establish) is True
    row = rows_of(INCIDENTS)[0]
    assert (row.scope, row.scope_reason, row.licensed) == ("override", "火势威胁居民区", "no")
    assert status_of(NUMBER) == "verified"


def test_a_later_report_of_no_licence_no_longer_holds_the_response_up(place: Ground) -> None:
    quick()
    assert tell(scope.establish) is True
    followed(licensed="没有经营许可证")
    assert tell(scope.establish) is True
    tell(scope.verify)
    assert "没有经营许可证" in open_questions()[0].text


def test_a_false_alarm_ends_a_response_that_is_under_way(ground: Ground) -> None:
    full()
    tell(scope.verify)
    case = read_dossier(NUMBER)
    with transaction() as tx:
        issue(tx, case, "group", {"matter": "灭火"}, issued_by="S3", group="rescue", to=("group_head:rescue",))
    say_of("verify", "S1", "accident_none", reason="燃放庆典烟花，没有事故")
    tell(scope.verify)
    assert status_of(NUMBER) == "not_accident"
    assert tell(scope.called_off) is True
    assert tell(scope.establish) is False
    assert rows_of(ORDERS)[0].withdrawn_at is not None
    assert {"officer:S3", "role:group_head:rescue"} <= told("call_off_incident")
    assert points() == set()
    open_clocks = [row for row in rows_of(DEADLINES) if row.met_at is None and row.superseded_at is None]
    assert open_clocks == []
    nudges = instances_open(NUMBER)[0]
    assert nudges.nudges > nudges.seen  # the run wakes and closes it


def test_the_end_of_the_emergency_makes_the_verdict_needless(place: Ground) -> None:
    full()
    tell(scope.verify)
    with transaction() as tx:
        tx.core.execute(INCIDENTS.update().values(ended_at=now()))
    tell(scope.verify)
    assert points() == set()
    assert status_of(NUMBER) == "reported"


def test_a_wrongly_opened_twin_goes_over_with_its_reports_and_nothing_is_deleted(ground: Ground) -> None:
    quick()
    assert quick("2", unit="未知", place="人民路加油站对面", casualties="死亡3人", same="apart").number == OTHER
    tell(scope.verify, OTHER)
    said = merge(OTHER.lower(), NUMBER, "同一地点，门牌写法不同", "S2", fresh_code("S2"))
    assert OTHER in said
    first, second = rows_of(INCIDENTS)
    assert (second.merged_into, first.merged_into) == (first.case_id, None)
    assert (first.dead, first.missing, first.grade) == (3, 1, "III")
    assert status_of(OTHER) == "merged"
    assert not instances_open(OTHER)
    assert points() == set()
    assert len(rows_of(REPORTS)) == 2
    assert all(row.ended_at for row in rows_of(CALLS) if row.case_id == second.case_id)
    assert not all(row.ended_at for row in rows_of(CALLS) if row.case_id == first.case_id)
    assert known_facts(first.case_id).unit.name == "红星烟花店"
    assert {"officer:S3", "officer:S4"} <= told("merge_incident")
    assert tell(scope.establish, OTHER) is False
    with pytest.raises(Refusal, match=OTHER):
        followed("x", OTHER, dead="9")
    assert list(verify()) == []


@pytest.mark.parametrize(
    ("number", "into", "signer", "sentence"),
    [
        (NUMBER, NUMBER, "S2", "不能并入自己"), (NUMBER, "SG-2027-009", "S2", "SG-2027-009"),
        (NUMBER, OTHER, "S3", "S3"), (NUMBER, "YL-2027-001", "S2", "演练"),
    ],
)  # fmt: skip
def test_a_merger_that_cannot_be_is_refused_in_one_sentence(
    place: Ground, number: str, into: str, signer: str, sentence: str
) -> None:
    quick()
    quick("2", same="apart")
    lodge_quick(QUICK, Brings(b"d", exercise="tabletop"))
    state = merge_incidents.fn(number, into, "同一事故", signer, fresh_code(signer))
    assert state.is_failed()
    assert sentence in str(state.message)
    assert {row.merged_into for row in rows_of(INCIDENTS)} == {None}


def test_what_was_merged_before_goes_on_with_the_twin(place: Ground) -> None:
    for mark in ("1", "2", "3"):
        quick(mark, same="apart", casualties=f"死亡{mark}人")
    merge("SG-2027-003", OTHER, "同一事故", "S2", fresh_code("S2"))
    merge(OTHER, NUMBER, "同一事故", "S2", fresh_code("S2"))
    first = rows_of(INCIDENTS)[0]
    assert {row.merged_into for row in rows_of(INCIDENTS)[1:]} == {first.case_id}
    assert first.dead == 3
    hire("S9", "incident_commander")
    assert tell(grading.follow_facts) is None
    with reading() as connection:
        lines = connection.execute(select(ENTRIES.c.step).where(ENTRIES.c.case_id == first.case_id)).scalars().all()
    assert lines.count("merge_incident") == 1


def test_a_verified_accident_that_was_none_is_called_off_by_a_signed_act(ground: Ground) -> None:
    full()
    tell(scope.verify)
    say_of("verify", "S1", "accident_licensed")
    tell(scope.verify)
    word = "不属事故（误报、虚惊、未遂）"
    assert call_off_response.fn(NUMBER, word, "现场核查为庆典燃放", "S1", fresh_code("S1")).is_failed()
    assert "不属事故" in str(call_off_response.fn(NUMBER, word, "现场核查为庆典燃放", "S2", fresh_code("S2")).message)
    assert status_of(NUMBER) == "not_accident"
    assert tell(scope.establish) is False
    assert [line[3] for line in journal(NUMBER) if line[0] == "call_off_incident"] == ["S2"]
    lines = len(journal(NUMBER))
    tell(scope.verify)
    assert len(journal(NUMBER)) == lines


def test_what_has_ended_is_not_called_off(place: Ground) -> None:
    full()
    with transaction() as tx:
        tx.core.execute(INCIDENTS.update().values(ended_at=now()))
    with pytest.raises(Refusal, match="应急结束"):
        scope.call_off(NUMBER, "accident_none", "误报", "S2", fresh_code("S2"))


def test_the_units_hour_counts_from_when_its_head_learned_of_it_however_late_that_is_known(place: Ground) -> None:
    quick()
    assert duties_of(rows_of(INCIDENTS)[0].case_id, "unit_report") == []
    later(minutes=30)
    followed(head_told="08:55")
    assert rows_of(INCIDENTS)[0].learned_at is not None
    assert len(duties_of(rows_of(INCIDENTS)[0].case_id, "unit_report")) == 1


@pytest.mark.parametrize(
    ("verdict", "status"), [("accident_none", "not_accident"), ("accident_outside", "out_of_scope")]
)
def test_the_story_ends_with_the_verdict(ground: Ground, verdict: str, status: str) -> None:
    full()
    for _ in range(2):
        with pytest.raises(Parked):
            incident_response.fn(NUMBER)
    assert {"verify", "activate"} <= points()  # side by side: neither waits for the other
    say_of("verify", "S1", verdict)
    with suppress(Parked):  # the replay that takes the verdict up was further on already; its nudge wakes the next
        incident_response.fn(NUMBER)
    assert incident_response.fn(NUMBER) == NUMBER
    assert status_of(NUMBER) == status
    assert not instances_open(NUMBER)
    assert points() == set()
    lines = len(journal(NUMBER))
    assert incident_response.fn(NUMBER) == NUMBER
    assert len(journal(NUMBER)) == lines
    assert list(verify()) == []


def test_the_story_of_an_unlicensed_store_waits_for_the_word_alone(place: Ground) -> None:
    full(licensed="没有经营许可证")
    with pytest.raises(Parked):
        incident_response.fn(NUMBER)
    assert "activate" not in points()
    assert "duty" in {point.partition(".")[0] for point in points()}  # no report up waits for it
    say_of("verify", "S2", "accident_override", reason="火势威胁居民区")
    with pytest.raises(Parked):
        incident_response.fn(NUMBER)
    assert "activate" in points()
