"""Decisions: who may answer what on which day, what a refusal leaves, and that an answer counts once."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest

from config.messages import Refusal
from config.zone import SHANGHAI
from models.answer import Answer, Determination
from models.case import Mode
from models.conscription.answer import Meeting
from models.office import Delegation, Post
from tasks import officer
from tasks.ask import ask, drafted_by, instance_of, open_questions
from tasks.clock import set_clock
from tasks.door import Signature, decide
from tasks.journal import verify
from tasks.step import Dossier, step
from tasks.store import table, transaction
from tasks.wait import INSTANCES, Parked
from tests.ground import (
    BOTH,
    DECISIONS,
    NOTICES,
    OFFICERS,
    SEATS,
    Ground,
    about,
    anew,
    answer,
    fresh_code,
    hire,
    journal,
    later,
    opened,
    race,
    rows_of,
    seats_open,
    settled,
    with_members,
)

IDENTITY, OTHER = "11010519491231002X", "440524188001010014"
POSTS, DELEGATIONS = table(Post), table(Delegation)


@step(reaches="changed")
def change(dossier: Dossier) -> bool:
    del dossier
    return True


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    yield from settled(request, home, monkeypatch)


pytestmark = pytest.mark.usefixtures("ground")


def put(
    case: Dossier,
    *roles: str,
    mode: Mode = Mode.SINGLE,
    form: type[Answer] = Determination,
    text: str = "请审阅",
    **more: object,
) -> list[int]:
    """Ask, and return the open seats."""
    with pytest.raises(Parked):
        ask(form, case, "groups", of=roles or ("leading_group",), text=text, mode=mode, **more)  # type: ignore[arg-type]
    return seats_open("groups")


def get(case: Dossier, form: type[Answer] = Determination) -> Answer:
    """Return the answer as a run that has just woken gets it."""
    return ask(form, anew(case).at_turn(case.turn), "groups", of="leading_group", text="不再重要")


def refused(seat: int, staff: str, verdict: str = "approve", **more: object) -> str:
    """Answer, be refused, and return the sentence; the question stands again under the next attempt with the reason."""
    before = rows_of(SEATS, id=seat)[0]
    lines = len(rows_of(DECISIONS)), [line[0] for line in journal("ZB-2027H1")]
    with pytest.raises(Refusal) as error:
        answer(seat, staff, verdict, **more)  # type: ignore[arg-type]
    after = rows_of(SEATS, id=seat)[0]
    assert (after.status, after.attempt, after.refusal) == ("open", before.attempt + 1, str(error.value))
    assert (len(rows_of(DECISIONS)), [line[0] for line in journal("ZB-2027H1")]) == lines
    return error.value.key


class TestModes:
    def test_single_is_asked_once_told_once_and_kept(self) -> None:
        hire("S1", "leading_group")
        case = opened()
        (seat,) = put(case)
        assert put(anew(case)) == [seat]
        assert [(row.recipient, row.template) for row in rows_of(NOTICES)] == [("officer:S1", "notice_kernel.question")]
        assert answer(seat, "S1", "return", reason="请补充名单") == "ZB-2027H1"
        found = get(case)
        assert isinstance(found, Determination)
        assert (found.verdict, found.reason) == ("return", "请补充名单")
        assert [line[0] for line in journal(case.number)] == ["opened", "asked-groups", "ask-groups"]
        assert journal(case.number)[-1][3] == "S1"
        assert rows_of(INSTANCES)[0].nudges == 1
        assert drafted_by(case, "groups") == "S1"
        assert instance_of(seat) == ("ZB-2027H1", "")
        assert list(verify()) == []

    def test_any_of_closes_with_the_first_answer(self) -> None:
        hire("S1", "leading_group")
        hire("S2", "planning_group")
        case = opened()
        first, second = put(case, "leading_group", "planning_group", mode=Mode.ANY_OF)
        answer(second, "S2")
        assert [row.status for row in rows_of(SEATS)] == ["withdrawn", "answered"]
        with pytest.raises(Refusal, match="已经办结或已撤回"):
            answer(first, "S1")
        assert get(case).verdict == "approve"

    def test_all_of_waits_for_everyone(self) -> None:
        hire("S1", "leading_group")
        hire("S2", "planning_group")
        case = opened()
        first, second = put(case, "leading_group", "planning_group", mode=Mode.ALL_OF)
        answer(first, "S1")
        assert put(anew(case), "leading_group", "planning_group", mode=Mode.ALL_OF) == [second]
        answer(second, "S2")
        assert get(case).verdict == "approve"
        assert [line[0] for line in journal(case.number)] == ["opened", "asked-groups", "signed-groups-1", "ask-groups"]

    @pytest.mark.parametrize("verdict", ["return", "reject"])
    def test_all_of_ends_with_the_first_who_does_not_agree(self, verdict: str) -> None:
        hire("S1", "leading_group")
        hire("S2", "planning_group")
        case = opened()
        _, second = put(case, "leading_group", "planning_group", mode=Mode.ALL_OF)
        answer(second, "S2", verdict)
        assert get(case).verdict == verdict
        assert seats_open() == []

    def test_one_officer_signs_an_all_of_only_once(self) -> None:
        hire("S1", "leading_group", "planning_group")
        first, second = put(opened(), "leading_group", "planning_group", mode=Mode.ALL_OF)
        answer(first, "S1")
        assert refused(second, "S1") == "kernel.signed_already"

    def test_a_next_turn_is_a_question_of_its_own(self) -> None:
        hire("S1", "leading_group")
        case = opened()
        answer(put(case)[0], "S1", "return")
        answer(put(case.again())[0], "S1", "approve")
        assert (get(case).verdict, get(case.again()).verdict) == ("return", "approve")

    def test_of_two_answers_at_once_one_counts(self) -> None:
        hire("S1", "leading_group")
        hire("S2", "leading_group")
        case = opened()
        (seat,) = put(case)
        codes = {one: fresh_code(one) for one in ("S1", "S2")}
        found = race(*(lambda one=one: answer(seat, one, code=codes[one]) for one in codes))
        assert sorted(type(one).__name__ for one in found) == ["Refusal", "str"]
        assert [line[0] for line in journal(case.number)].count("ask-groups") == 1
        assert get(case).verdict == "approve"

    def test_of_two_any_of_seats_answered_at_once_one_counts(self) -> None:
        hire("S1", "leading_group")
        hire("S2", "planning_group")
        case = opened()
        seats = put(case, "leading_group", "planning_group", mode=Mode.ANY_OF)
        codes = [fresh_code("S1"), officer.code_now("S2")]
        found = race(
            lambda: answer(seats[0], "S1", code=codes[0]), lambda: answer(seats[1], "S2", "reject", code=codes[1])
        )
        assert sorted(type(one).__name__ for one in found) == ["Refusal", "str"]
        assert sorted(row.status for row in rows_of(SEATS)) == ["answered", "withdrawn"]


class TestWhoMay:
    def test_a_role_counts_on_the_days_it_is_held_both_included(self) -> None:
        hire("S1", "leading_group", since=date(2027, 1, 5))
        with transaction() as tx:
            tx.core.execute(POSTS.update().values(until=date(2027, 1, 6)))
        case = opened()
        (seat,) = put(case)
        assert refused(seat, "S1") == "kernel.role_not_held"
        set_clock(datetime(2027, 1, 7, 9, tzinfo=SHANGHAI))
        assert refused(seat, "S1") == "kernel.role_not_held"
        again = put(case.again())[-1]
        with transaction() as tx:
            tx.core.execute(POSTS.update().values(until=date(2027, 1, 7)))
        answer(again, "S1")

    def test_a_deputy_signs_for_the_officer(self) -> None:
        hire("S1", "leading_group")
        hire("S2", "planning_group")
        officer.delegate("S1", "S2", "leading_group", date(2027, 1, 4), date(2027, 1, 8))
        case = opened()
        (seat,) = put(case)
        answer(seat, "S2")
        row = rows_of(SEATS)[0]
        assert (row.signed_by, row.signed_for) == ("S2", "S1")
        assert journal(case.number)[-1][3] == "S2/S1"

    def test_a_deputy_signs_only_in_that_role_and_those_days(self) -> None:
        hire("S1", "leading_group", "planning_group")
        hire("S2", "vetting_group")
        officer.delegate("S1", "S2", "leading_group", date(2027, 1, 5), date(2027, 1, 6))
        case = opened()
        first, second = put(case, "leading_group", "planning_group", mode=Mode.ALL_OF)
        assert refused(first, "S2") == "kernel.role_not_held"
        set_clock(datetime(2027, 1, 6, 23, 50, tzinfo=SHANGHAI))
        assert refused(second, "S2") == "kernel.role_not_held"
        answer(first, "S2")
        set_clock(datetime(2027, 1, 7, 0, 1, tzinfo=SHANGHAI))
        late = put(case.again())[-1]
        assert refused(late, "S2") == "kernel.role_not_held"

    def test_a_delegation_cannot_be_passed_on(self) -> None:
        hire("S1", "leading_group")
        hire("S2", "planning_group")
        hire("S3", "vetting_group")
        officer.delegate("S1", "S2", "leading_group", date(2027, 1, 4), date(2027, 1, 8))
        with pytest.raises(Refusal) as error:
            officer.delegate("S2", "S3", "leading_group", date(2027, 1, 4), date(2027, 1, 8))
        assert error.value.key == "kernel.role_not_held"
        with transaction() as tx:  # written by force, it still lends nothing
            ids = {row.staff_no: row.id for row in tx.core.execute(OFFICERS.select())}
            tx.core.execute(DELEGATIONS.insert().values(officer_id=ids["S2"], deputy_id=ids["S3"], role="leading_group",
                                                        since=date(2027, 1, 4), until=date(2027, 1, 8)))  # fmt: skip
        assert refused(put(opened())[0], "S3") == "kernel.role_not_held"

    def test_who_has_left_lends_no_role(self) -> None:
        hire("S1", "leading_group")
        hire("S2", "planning_group")
        officer.delegate("S1", "S2", "leading_group", date(2027, 1, 4), date(2027, 1, 8))
        with transaction() as tx:
            tx.core.execute(OFFICERS.update().where(OFFICERS.c.staff_no == "S1").values(active=False))
        assert refused(put(opened())[0], "S2") == "kernel.role_not_held"

    def test_nobody_decides_on_his_own_case_nor_lets_a_deputy_do_it_for_him(self) -> None:
        hire("S1", "leading_group", identity=IDENTITY)
        hire("S2", "planning_group")
        hire("S3", "leading_group", identity=OTHER)
        officer.delegate("S1", "S2", "leading_group", date(2027, 1, 4), date(2027, 1, 8))
        case = opened()
        (member,) = with_members(case, 1)
        about(member, IDENTITY)
        (seat,) = put(case)
        assert refused(seat, "S1") == "kernel.own_case"
        assert refused(seat, "S2") == "kernel.own_case"
        answer(seat, "S3")

    def test_whoever_drafted_does_not_approve(self) -> None:
        hire("S1", "leading_group")
        hire("S2", "leading_group")
        (seat,) = put(opened(), excluded=["S1"])
        assert refused(seat, "S1") == "kernel.own_case"
        answer(seat, "S2")

    def test_an_unknown_or_inactive_officer_is_refused(self) -> None:
        hire("S1", "leading_group")
        (seat,) = put(opened())
        assert refused(seat, "S9", code="123456") == "kernel.no_such_officer"
        with transaction() as tx:
            tx.core.execute(OFFICERS.update().values(active=False))
        assert refused(seat, "S1") == "kernel.no_such_officer"

    def test_a_seat_for_one_officer_takes_no_other(self) -> None:
        hire("S1", "leading_group")
        hire("S2", "leading_group")
        (seat,) = put(opened())
        with transaction() as tx:
            tx.core.execute(SEATS.update().values(officer="S2"))
        assert refused(seat, "S1") == "kernel.role_not_held"
        answer(seat, "S2")


class TestCode:
    def test_a_wrong_and_a_used_code_are_refused(self) -> None:
        hire("S1", "leading_group")
        case = opened()
        (seat,) = put(case)
        good = fresh_code("S1")
        assert refused(seat, "S1", code="000000" if good != "000000" else "000001") == "kernel.code_wrong"
        answer(seat, "S1", code=good)
        (again,) = put(case.again())
        assert refused(again, "S1", code=good) == "kernel.code_used"

    def test_a_refused_answer_uses_the_code_up(self) -> None:
        hire("S1", "planning_group")
        (seat,) = put(opened())
        code = fresh_code("S1")
        assert refused(seat, "S1", code=code) == "kernel.role_not_held"
        assert refused(seat, "S1", code=code) == "kernel.code_used"

    def test_five_wrong_codes_lock_the_officer_for_a_while(self) -> None:
        hire("S1", "leading_group")
        (seat,) = put(opened())
        assert [refused(seat, "S1", code=f"00000{n}") for n in range(5)][-2:] == [
            "kernel.code_wrong",
            "kernel.officer_locked",
        ]
        assert refused(seat, "S1") == "kernel.officer_locked"
        assert "锁定至 09:1" in rows_of(SEATS)[0].refusal
        later(minutes=15)
        answer(seat, "S1")


class TestAnswers:
    @pytest.mark.parametrize(
        ("given", "sentence"),
        [
            ({"verdict": "maybe", "reason": "情况属实"}, "“审批意见”填写有误（您填的是“maybe”），请按表单要求重新填写。"),
            ({"reason": "情况属实"}, "“审批意见”填写有误"),
            ({"verdict": "approve", "reason": ""}, "“理由”填写有误"),
            ({"verdict": "approve", "reason": "字" * 501}, "“理由”填写有误"),
            ({"verdict": True, "reason": "情况属实"}, "“审批意见”填写有误"),
            ({}, "填写有误"),
        ],
    )  # fmt: skip
    def test_a_wrong_field_is_one_sentence_that_names_it(self, given: dict[str, object], sentence: str) -> None:
        hire("S1", "leading_group")
        (seat,) = put(opened())
        with pytest.raises(Refusal) as error:
            decide(seat, Signature("S1", fresh_code("S1"), given, "form"))
        assert sentence in str(error.value)
        assert str(error.value).count("。") == 1
        assert rows_of(SEATS)[0].refusal == str(error.value)

    def test_the_forms_own_fields_are_asked_for(self) -> None:
        hire("S1", "leading_group")
        case = opened()
        (seat,) = put(case, form=Meeting)
        with pytest.raises(Refusal, match="会议纪要编号"):
            answer(seat, "S1")
        answer(seat, "S1", minutes="2027-01")
        assert get(case, Meeting).model_dump() == {"verdict": "approve", "reason": "情况属实", "minutes": "2027-01"}

    def test_a_case_that_moved_on_is_shown_anew_and_answers_to_the_old_are_refused(self) -> None:
        hire("S1", "leading_group")
        case = opened()
        (seat,) = put(case)
        change(case)
        assert refused(seat, "S1") == "kernel.stale"
        put(anew(case))
        row = rows_of(SEATS)[0]
        assert (row.attempt, row.refusal) == (3, "内容已有变化，请重新阅看。")
        answer(seat, "S1")

    def test_another_text_is_shown_anew_too(self) -> None:
        case = opened()
        put(case)
        put(anew(case), text="金额有变")
        assert [(one.text, one.attempt) for one in open_questions()] == [("金额有变", 2)]

    def test_an_answer_to_a_closed_or_unknown_question_changes_nothing(self) -> None:
        hire("S1", "leading_group")
        case = opened()
        (seat,) = put(case)
        answer(seat, "S1")
        before = rows_of(SEATS)
        with pytest.raises(Refusal, match=f"待办“Q{seat}”已经办结或已撤回"):
            answer(seat, "S1", "reject")
        with pytest.raises(Refusal, match="没有编号为“Q999”的待办"):
            answer(999, "S1")
        assert rows_of(SEATS) == before

    def test_questions_are_found_by_role_case_and_seat(self) -> None:
        first, second = opened(), opened("ZB-2027H2")
        put(first)
        put(second, "planning_group")
        assert [one.case for one in open_questions()] == ["ZB-2027H1", "ZB-2027H2"]
        assert [one.case for one in open_questions(role="planning_group")] == ["ZB-2027H2"]
        assert [one.role for one in open_questions(case="ZB-2027H1")] == ["leading_group"]
        assert open_questions(seat_id=open_questions()[1].seat_id)[0].number == f"Q{open_questions()[1].seat_id}"
