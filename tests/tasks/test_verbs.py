"""What may be done with a question besides answering it: who may, when, and what becomes of every seat."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from config.messages import Refusal
from models.answer import Determination
from models.case import Mode
from models.deadline import Clock
from tasks import officer
from tasks.ask import ask
from tasks.ask_members import ask_each
from tasks.board_worklist import worklist_pages
from tasks.clock import now
from tasks.deadline import Owed, start_clock
from tasks.journal import case_id_of, verify
from tasks.matter import addressee
from tasks.notice_text import render
from tasks.pose import latest_answers, members_to_ask, pose, withdraw_questions
from tasks.step import Dossier, step
from tasks.store import transaction
from tasks.verbs import Act, Addressee, Receipt, add_signatory, copy_to, transfer, urge, withdraw
from tasks.wait import INSTANCES, Parked
from tests.ground import (
    BOTH,
    DEADLINES,
    DECISIONS,
    ENTRIES,
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

POINT = "groups"
A, B, C = "leading_group", "planning_group", "physical_group"
IDENTITY = "11010519491231002X"


@step()
def come_back(dossier: Dossier) -> bool:
    """Have the applicant hand something in: the case changes in substance."""
    del dossier
    return True


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    yield from settled(request, home, monkeypatch)


@pytest.fixture
def cast(ground: Ground) -> Iterator[None]:
    del ground
    for staff_no, role in (("S1", A), ("S2", B), ("S3", C)):
        hire(staff_no, role)
    yield
    assert list(verify()) == []


pytestmark = pytest.mark.usefixtures("cast")


def act(staff_no: str, code: str | None = None) -> Act:
    return Act(staff_no, fresh_code(staff_no) if code is None else code, "按职责分工", "form")


def seats() -> list[tuple[str, str]]:
    return [(row.role, row.status) for row in rows_of(SEATS)]


def put(roles: Sequence[str] = (A,), mode: Mode = Mode.SINGLE, *, turn: int = 1) -> tuple[Dossier, str]:
    """Pose a question about one member; return the whole case and the member's number."""
    case = opened()
    numbers = [f"{case.number}-000001"] if turn > 1 else with_members(case, 1)
    pose(Determination, case.at_turn(turn), POINT, members={numbers[0]: "请审阅"}, of={numbers[0]: roles}, mode=mode)
    return case, numbers[0]


def wait(*roles: str, mode: Mode = Mode.SINGLE, **more: object) -> Dossier:
    """Ask of the whole case, and wait."""
    case = opened()
    with pytest.raises(Parked):
        ask(Determination, case, POINT, of=roles or (A,), text="请审阅", mode=mode, **more)  # type: ignore[arg-type]
    return case


def refused(work: Callable[[], Receipt]) -> str:
    before = seats(), len(rows_of(ENTRIES)), len(rows_of(NOTICES))
    with pytest.raises(Refusal) as error:
        work()
    assert (seats(), len(rows_of(ENTRIES)), len(rows_of(NOTICES))) == before
    assert "{" not in str(error.value)
    return error.value.key


class Row(NamedTuple):
    """One cell of the matrix: what S1 does on a question of a mode, and what is there afterwards."""

    verb: str
    mode: Mode
    after: list[tuple[str, str]]
    decision: str
    verdict: str | None
    mode_after: Mode


OPEN, DONE, GONE, PASSED = "open", "answered", "withdrawn", "passed_on"
MATRIX = [
    Row("approve", Mode.SINGLE, [(A, DONE)], DONE, "approve", Mode.SINGLE),
    Row("approve", Mode.ANY_OF, [(A, DONE), (B, GONE)], DONE, "approve", Mode.ANY_OF),
    Row("approve", Mode.ALL_OF, [(A, DONE), (B, OPEN)], OPEN, None, Mode.ALL_OF),
    Row("return", Mode.SINGLE, [(A, DONE)], DONE, "return", Mode.SINGLE),
    Row("return", Mode.ANY_OF, [(A, DONE), (B, GONE)], DONE, "return", Mode.ANY_OF),
    Row("return", Mode.ALL_OF, [(A, DONE), (B, GONE)], DONE, "return", Mode.ALL_OF),
    Row("reject", Mode.SINGLE, [(A, DONE)], DONE, "reject", Mode.SINGLE),
    Row("reject", Mode.ANY_OF, [(A, DONE), (B, GONE)], DONE, "reject", Mode.ANY_OF),
    Row("reject", Mode.ALL_OF, [(A, DONE), (B, GONE)], DONE, "reject", Mode.ALL_OF),
    Row("transfer", Mode.SINGLE, [(A, PASSED), (C, OPEN)], OPEN, None, Mode.SINGLE),
    Row("transfer", Mode.ANY_OF, [(A, PASSED), (B, OPEN), (C, OPEN)], OPEN, None, Mode.ANY_OF),
    Row("transfer", Mode.ALL_OF, [(A, PASSED), (B, OPEN), (C, OPEN)], OPEN, None, Mode.ALL_OF),
    Row("add", Mode.SINGLE, [(A, OPEN), (C, OPEN)], OPEN, None, Mode.ALL_OF),
    Row("add", Mode.ANY_OF, [(A, OPEN), (B, OPEN), (C, OPEN)], OPEN, None, Mode.ANY_OF),
    Row("add", Mode.ALL_OF, [(A, OPEN), (B, OPEN), (C, OPEN)], OPEN, None, Mode.ALL_OF),
    Row("withdraw", Mode.SINGLE, [(A, GONE)], GONE, None, Mode.SINGLE),
    Row("withdraw", Mode.ANY_OF, [(A, GONE), (B, GONE)], GONE, None, Mode.ANY_OF),
    Row("withdraw", Mode.ALL_OF, [(A, GONE), (B, OPEN), (A, OPEN)], OPEN, None, Mode.ALL_OF),
]
NEXT = {  # what everybody who is still asked, agreeing one after the other, comes to
    ("transfer", Mode.SINGLE): [(A, PASSED), (C, DONE)],
    ("transfer", Mode.ANY_OF): [(A, PASSED), (B, DONE), (C, GONE)],
    ("transfer", Mode.ALL_OF): [(A, PASSED), (B, DONE), (C, DONE)],
    ("add", Mode.SINGLE): [(A, DONE), (C, DONE)],
    ("add", Mode.ANY_OF): [(A, DONE), (B, GONE), (C, GONE)],
    ("add", Mode.ALL_OF): [(A, DONE), (B, DONE), (C, DONE)],
    ("withdraw", Mode.ALL_OF): [(A, GONE), (B, DONE), (A, DONE)],
    ("approve", Mode.ALL_OF): [(A, DONE), (B, DONE)],
}
HOLDER = {A: "S1", B: "S2", C: "S3"}


def do(verb: str) -> None:
    (seat, *_) = seats_open(POINT)
    match verb:
        case "approve" | "return" | "reject":
            answer(seat, "S1", verb)
        case "transfer":
            transfer(seat, Addressee(C), act("S1"))
        case "add":
            add_signatory(seat, Addressee(C), act("S1"))
        case _:
            answer(seat, "S1")
            withdraw(seat, act("S1"))


@pytest.mark.parametrize("row", MATRIX, ids=lambda row: f"{row.verb}-{row.mode.value}")
@pytest.mark.parametrize("returns", [False, True], ids=["goes-on", "applicant-returns"])
def test_the_verb_matrix(row: Row, *, returns: bool) -> None:
    roles = (A,) if row.mode is Mode.SINGLE else (A, B)
    case, number = put(roles, row.mode)
    do(row.verb)
    decision = rows_of(DECISIONS)[0]
    assert seats() == row.after
    assert (decision.status, decision.mode) == (row.decision, row.mode_after)
    found = latest_answers(None, POINT, [case_id_of(number)])
    assert [one.verdict for one in found.values()] == ([row.verdict] if row.verdict else [])
    if returns:  # the applicant changes the case: whatever was, the original roles are asked afresh, and only they
        come_back(anew(case)._replace(id=case_id_of(number)))
        put(roles, row.mode, turn=2)
        assert seats()[len(row.after) :] == [(role, OPEN) for role in roles]
        assert OPEN not in [status for _, status in seats()[: len(row.after)]]
        assert [one.mode for one in rows_of(DECISIONS)][-1] == row.mode
        for role in roles[: 1 if row.mode is Mode.ANY_OF else None]:
            answer(next(one.id for one in rows_of(SEATS, role=role, status=OPEN)), HOLDER[role])
        (again,) = latest_answers(None, POINT, [case_id_of(number)]).values()
        assert (again.verdict, again.turn) == ("approve", 2)
    elif row.decision == OPEN:
        while row_open := rows_of(SEATS, status=OPEN):
            answer(row_open[0].id, HOLDER[row_open[0].role])
        assert seats() == NEXT[row.verb, row.mode]
        (made,) = latest_answers(None, POINT, [case_id_of(number)]).values()
        assert made.verdict == "approve"
    else:
        assert len(members_to_ask(case, POINT, ["applied_online"])) == int(row.verb == "withdraw")


class TestTransfer:
    def test_it_goes_to_another_who_answers_instead(self) -> None:
        case = wait()
        receipt = transfer(seats_open()[0], Addressee(C), act("S1"))
        assert receipt.text == "Q1（ZB-2027H1）已转办给体格检查组。"
        with pytest.raises(Refusal, match="已经办结"):
            answer(1, "S1")
        answer(seats_open()[0], "S3", "return")
        assert ask(Determination, anew(case), POINT, of=A, text="").verdict == "return"
        assert [line[0] for line in journal(case.number)] == ["opened", "asked-groups", "transferred-groups", "ask-groups"]  # fmt: skip
        (told,) = [row for row in rows_of(NOTICES) if row.template == "notice_kernel.transferred"]
        assert told.recipient == "officer:S3"
        assert "征兵领导小组把待办 Q1“" in render(told.template, told.facts, case="Z", number=1, drill=False)[1]

    def test_within_the_office_to_one_officer_alone(self) -> None:
        hire("S4", A)
        wait()
        transfer(1, addressee("", "S4"), act("S1"))
        with pytest.raises(Refusal) as error:
            answer(2, "S1")
        assert error.value.key == "kernel.role_not_held"
        answer(2, "S4")

    def test_a_deputy_passes_it_on_in_the_others_name(self) -> None:
        officer.delegate("S1", "S2", A, date(2027, 1, 4), date(2027, 1, 8))
        case = wait()
        transfer(1, addressee("体格检查组"), act("S2"))
        assert journal(case.number)[-1][3] == "S2/S1"

    def test_who_may_not_and_where_it_cannot_go(self) -> None:
        hire("S4", A, C, identity=IDENTITY)
        case = wait(A, B, mode=Mode.ALL_OF, excluded=["S9"])
        hire("S9", C)
        about(with_members(case, 1)[0], IDENTITY)
        assert refused(lambda: transfer(1, Addressee(C), act("S3"))) == "kernel.role_not_held"
        assert refused(lambda: transfer(1, Addressee(C), act("S4"))) == "kernel.own_case"
        assert refused(lambda: transfer(1, Addressee(C, "S4"), act("S1"))) == "kernel.own_case"
        assert refused(lambda: transfer(1, Addressee(C, "S9"), act("S1"))) == "kernel.own_case"
        assert refused(lambda: transfer(1, Addressee(A), act("S1"))) == "assist.same"
        assert refused(lambda: transfer(1, Addressee(B), act("S1"))) == "assist.sits_already"
        assert refused(lambda: transfer(1, Addressee(B, "S2"), act("S1"))) == "assist.sits_already"
        assert refused(lambda: transfer(1, Addressee(C, "S2"), act("S1"))) == "assist.not_in_post"
        assert refused(lambda: transfer(1, Addressee("audit_bureau"), act("S1"))) == "assist.nobody_in_post"
        assert refused(lambda: transfer(77, Addressee(C), act("S1"))) == "kernel.no_such_question"
        with pytest.raises(Refusal) as error:
            addressee("没有的局")
        assert error.value.key == "office.unknown"

    def test_wrong_codes_count_and_a_stale_or_closed_question_is_left(self) -> None:
        case = wait()
        assert refused(lambda: transfer(1, Addressee(C), act("S1", "000000"))) == "kernel.code_wrong"
        assert rows_of(OFFICERS, staff_no="S1")[0].failures == 1
        code = fresh_code("S1")
        assert refused(lambda: transfer(1, Addressee(A), act("S1", code))) == "assist.same"
        assert refused(lambda: transfer(1, Addressee(C), act("S1", code))) == "kernel.code_used"
        come_back(case)
        assert refused(lambda: transfer(1, Addressee(C), act("S1"))) == "kernel.stale"
        with pytest.raises(Parked):
            ask(Determination, anew(case), POINT, of=A, text="请审阅")
        answer(1, "S1")
        assert refused(lambda: transfer(1, Addressee(C), act("S1"))) == "kernel.question_closed"

    def test_the_clock_of_the_point_follows_and_comes_back(self) -> None:
        wait(due=now() + timedelta(days=5))
        transfer(1, Addressee(C), act("S1"))
        assert [row.office for row in rows_of(DEADLINES)] == [C]
        withdraw(1, act("S1"))
        assert [row.office for row in rows_of(DEADLINES)] == [A]

    def test_of_an_answer_and_a_transfer_at_once_one_counts(self) -> None:
        hire("S4", A)
        case = wait()
        codes = {one: fresh_code(one) for one in ("S1", "S4")}
        found = race(
            lambda: answer(1, "S1", code=codes["S1"]),
            lambda: transfer(1, Addressee(C), act("S4", codes["S4"])),
        )
        assert len([one for one in found if isinstance(one, Refusal)]) == 1
        assert [line[0] for line in journal(case.number)][2:] in (["ask-groups"], ["transferred-groups"])

    def test_of_two_transfers_at_once_one_counts(self) -> None:
        hire("S4", A)
        wait()
        codes = {one: fresh_code(one) for one in ("S1", "S4")}
        found = race(*(lambda one=one: transfer(1, Addressee(C), act(one, codes[one])) for one in codes))
        assert sorted(type(one).__name__ for one in found) == ["Receipt", "Refusal"]
        assert seats() == [(A, PASSED), (C, OPEN)]


class TestAdd:
    def test_two_of_one_office_may_be_asked(self) -> None:
        hire("S4", A)
        case = wait()
        assert refused(lambda: add_signatory(1, Addressee(A), act("S1"))) == "assist.sits_already"
        assert refused(lambda: add_signatory(1, Addressee(A, "S1"), act("S1"))) == "assist.sits_already"
        assert refused(lambda: add_signatory(1, Addressee(C), act("S2"))) == "kernel.role_not_held"
        add_signatory(1, Addressee(A, "S4"), act("S1"))
        assert [row.recipient for row in rows_of(NOTICES) if row.template == "notice_kernel.added"] == ["officer:S4"]
        answer(1, "S1")
        answer(2, "S4")
        assert ask(Determination, anew(case), POINT, of=A, text="").verdict == "approve"

    def test_whoever_added_takes_back_and_the_rest_decides(self) -> None:
        case = wait()
        add_signatory(1, Addressee(C), act("S1"))
        answer(1, "S1")
        assert refused(lambda: withdraw(2, act("S3"))) == "assist.not_yours"
        withdraw(2, act("S1"))
        assert seats() == [(A, DONE), (C, GONE)]
        assert ask(Determination, anew(case), POINT, of=A, text="").verdict == "approve"
        assert rows_of(INSTANCES)[0].nudges == 1
        assert [line[0] for line in journal(case.number)][2:] == ["added-groups", "signed-groups-1", "taken-back-groups", "ask-groups"]  # fmt: skip
        assert refused(lambda: withdraw(2, act("S1"))) == "kernel.question_closed"
        assert refused(lambda: withdraw(1, act("S1"))) == "assist.too_late"


class TestWithdraw:
    def test_a_transfer_comes_back_under_its_old_number_too(self) -> None:
        wait()
        transfer(1, Addressee(C), act("S1"))
        withdraw(1, act("S1"))
        assert seats() == [(A, PASSED), (C, GONE), (A, OPEN)]
        assert [row.recipient for row in rows_of(NOTICES) if row.template == "notice_kernel.taken_back"] == ["officer:S3"]  # fmt: skip
        transfer(3, Addressee(C), act("S1"))
        answer(4, "S3")
        assert refused(lambda: withdraw(3, act("S1"))) == "assist.too_late"

    def test_after_the_next_has_passed_it_on_it_is_too_late(self) -> None:
        wait()
        transfer(1, Addressee(C), act("S1"))
        transfer(2, Addressee(B), act("S3"))
        assert refused(lambda: withdraw(1, act("S1"))) == "assist.too_late"
        withdraw(2, act("S3"))
        assert seats() == [(A, PASSED), (C, PASSED), (B, GONE), (C, OPEN)]
        withdraw(4, act("S1"))
        assert seats()[-2:] == [(C, GONE), (A, OPEN)]

    def test_ones_signature_while_others_have_still_to_sign(self) -> None:
        case = wait(A, B, mode=Mode.ALL_OF)
        answer(1, "S1")
        assert refused(lambda: withdraw(1, act("S2"))) == "assist.not_yours"
        withdraw(1, act("S1"))
        answer(2, "S2")
        answer(3, "S1", "reject")
        assert ask(Determination, anew(case), POINT, of=A, text="").verdict == "reject"

    def test_an_answer_until_it_is_taken_up(self) -> None:
        case, number = put()
        answer(1, "S1")
        nudges = rows_of(INSTANCES)[0].nudges
        withdraw(1, act("S1"))
        assert rows_of(INSTANCES)[0].nudges == nudges + 1
        assert latest_answers(None, POINT, [case_id_of(number)]) == {}
        put(turn=2)
        answer(2, "S1", "reject")
        come_back(anew(case)._replace(id=case_id_of(number)))
        assert refused(lambda: withdraw(2, act("S1"))) == "assist.too_late"

    def test_a_story_that_waits_has_its_answer_at_once(self) -> None:
        case = wait()
        answer(1, "S1")
        assert refused(lambda: withdraw(1, act("S1"))) == "assist.too_late"
        (number,) = with_members(case, 1)
        with pytest.raises(Parked):
            ask_each(Determination, case.again(), POINT, members=[number], of=A, text=str)
        answer(2, "S1")
        assert refused(lambda: withdraw(2, act("S1"))) == "assist.too_late"

    def test_whoever_applied_takes_the_whole_matter_back(self) -> None:
        _, number = put((A, B), Mode.ALL_OF)
        answer(1, "S1")
        with transaction() as tx:
            withdraw_questions(tx, [case_id_of(number)])
        assert seats() == [(A, DONE), (B, GONE)]
        with pytest.raises(Refusal, match="已经办结或已撤回"):
            answer(2, "S2")


class TestUrge:
    def test_it_reminds_gives_a_receipt_and_waits_its_time(self) -> None:
        case = wait()
        receipt = urge(1, act("S3"))
        assert (
            receipt.text
            == "催办回执：已提醒征兵领导小组尽快答复 Q1（ZB-2027H1）；答复后会告知您；2027-01-04 13:00 之后可以再次催办。"
        )
        assert refused(lambda: urge(1, act("S2"))) == "assist.urged_lately"
        later(hours=4)
        urge(1, act("S2"))
        assert "**已催办 2 次**" in worklist_pages("")[0].body
        assert [(row.recipient, row.facts["times"]) for row in rows_of(NOTICES) if row.template == "notice_kernel.urged"] == [
            ("officer:S1", 1),
            ("officer:S1", 2),
        ]  # fmt: skip
        answer(1, "S1")
        told = [row for row in rows_of(NOTICES) if row.template == "notice_kernel.answered"]
        assert [row.recipient for row in told] == ["officer:S3", "officer:S2"]
        assert {row.case_id for row in told} == {case.id}
        assert refused(lambda: urge(1, act("S2"))) == "kernel.question_closed"

    def test_nobody_urges_in_his_own_case_and_of_many_at_once_one_counts(self) -> None:
        hire("S4", C, identity=IDENTITY)
        hire("S5", C)
        case = wait()
        about(with_members(case, 1)[0], IDENTITY)
        assert refused(lambda: urge(1, act("S4"))) == "kernel.own_case"
        codes = {one: fresh_code(one) for one in ("S2", "S3", "S5")}
        found = race(*(lambda one=one: urge(1, act(one, codes[one])) for one in codes))
        assert sorted(type(one).__name__ for one in found) == ["Receipt", "Refusal", "Refusal"]
        assert rows_of(SEATS)[0].urges == 1


class TestCopy:
    def test_a_copy_tells_now_and_of_the_answer_and_once(self) -> None:
        wait()
        copy_to(1, Addressee(B), act("S1"))
        copy_to(1, Addressee(C, "S3"), act("S1"))
        assert refused(lambda: copy_to(1, Addressee(B), act("S1"))) == "assist.copied_already"
        assert refused(lambda: copy_to(1, Addressee(B), act("S2"))) == "kernel.role_not_held"
        assert seats() == [(A, OPEN)]
        answer(1, "S1")
        told = [(row.recipient, row.template.rpartition(".")[2]) for row in rows_of(NOTICES)][1:]
        assert told == [("officer:S2", "copied"), ("officer:S3", "copied"), ("officer:S2", "answered"), ("officer:S3", "answered")]  # fmt: skip


def test_no_act_disturbs_a_clock_or_makes_a_question_stale() -> None:
    case = wait(A, B, mode=Mode.ALL_OF)
    start_clock(case, Owed("posting", Clock.WORKING_DAYS, budget=5, office=A))
    copy_to(1, Addressee(C), act("S1"))
    urge(2, act("S3"))
    transfer(1, Addressee(C), act("S1"))
    answer(2, "S2")
    answer(3, "S3")
    assert ask(Determination, anew(case), POINT, of=A, text="").verdict == "approve"
    assert [row.office for row in rows_of(DEADLINES)] == [A]


ACTS = ("approve", "return", "transfer", "add", "withdraw", "urge", "copy", "come back", "ask again")


@effort(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    mode=st.sampled_from(Mode),
    acts=st.lists(
        st.tuples(st.sampled_from(ACTS), st.integers(0, 5), st.sampled_from(list(HOLDER)), st.sampled_from(list(HOLDER))),
        min_size=3,
        max_size=14,
    ),
)  # fmt: skip
def test_whatever_is_done_a_question_can_be_answered_or_is_over(
    mode: Mode, acts: list[tuple[str, int, str, str]]
) -> None:
    case = opened(f"ZB-{len(rows_of(INSTANCES))}")
    (number,) = with_members(case, 1)
    turn = 0
    for verb, place, actor, whom in [("ask again", 0, A, A), *acts]:
        mine = [row.id for row in rows_of(SEATS) if row.decision_id in decisions_of(number)]
        seat = mine[place % len(mine)] if mine else 0
        turn += verb == "ask again"
        with suppress(Refusal):
            match verb:
                case "approve" | "return":
                    answer(seat, HOLDER[actor], verb)
                case "transfer":
                    transfer(seat, Addressee(whom), act(HOLDER[actor]))
                case "add":
                    add_signatory(seat, Addressee(whom), act(HOLDER[actor]))
                case "withdraw":
                    withdraw(seat, act(HOLDER[actor]))
                case "urge":
                    urge(seat, act(HOLDER[actor]))
                case "copy":
                    copy_to(seat, Addressee(whom), act(HOLDER[actor]))
                case "come back":
                    come_back(anew(case)._replace(id=case_id_of(number), turn=turn * 100 + place))
                case _:
                    roles = (A,) if mode is Mode.SINGLE else (A, B)
                    pose(Determination, anew(case).at_turn(turn), POINT, members={number: "请审阅"}, of={number: roles}, mode=mode)  # fmt: skip
        for decision in rows_of(DECISIONS, case_id=case_id_of(number)):
            states = [row.status for row in rows_of(SEATS, decision_id=decision.id)]
            assert (OPEN in states) == (decision.status == OPEN)
            assert decision.status != DONE or DONE in states
        assert len([one for one in rows_of(DECISIONS, case_id=case_id_of(number)) if one.status == OPEN]) <= 1


def decisions_of(number: str) -> set[int]:
    return {row.id for row in rows_of(DECISIONS, case_id=case_id_of(number))}
