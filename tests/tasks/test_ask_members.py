"""One decision for each of many: asked once, answered by sheet with one code."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.messages import Refusal
from models.conscription.answer import Fitness
from models.office import Delegation, Post
from tasks.ask import open_questions
from tasks.ask_members import UNSHOWN, ask_each
from tasks.door import Proofs, Signature, decide
from tasks.journal import verify
from tasks.step import Dossier, step
from tasks.store import table
from tasks.wait import Parked
from tests.ground import (
    BOTH,
    NOTICES,
    OFFICERS,
    Ground,
    anew,
    answer,
    fresh_code,
    hire,
    journal,
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


class TestMembers:
    def test_each_member_is_asked_and_all_answers_come_together(self) -> None:
        hire("S1", "chief_physician")
        case = opened()
        numbers = with_members(case, 3)
        assert self.answers(case, numbers[:2]) is None
        first, second = seats_open()
        answer(first, "S1", "fit")
        assert self.answers(case, numbers[:2]) is None
        answer(second, "S1", "unfit")
        assert self.answers(case, numbers[:2]) == {numbers[0]: "fit", numbers[1]: "unfit"}
        assert [row.template for row in rows_of(NOTICES)] == ["notice_kernel.questions"]
        assert [line[0] for line in journal(numbers[0])] == ["apply", "asked-contradiction", "ask-contradiction"]
        assert list(verify()) == []

    def test_a_replay_asks_nobody_who_came_later(self) -> None:
        hire("S1", "chief_physician")
        case = opened()
        numbers = with_members(case, 3)
        assert self.answers(case, numbers[:1]) is None
        assert self.answers(case, numbers) is None
        assert len(seats_open()) == 1
        answer(seats_open()[0], "S1", "fit")
        assert self.answers(case, numbers[1:]) == {numbers[0]: "fit"}

    def test_nobody_to_ask_is_remembered_as_nobody(self) -> None:
        case = opened()
        numbers = with_members(case, 2)
        assert self.answers(case, []) == {}
        assert self.answers(case, numbers) == {}
        assert seats_open() == []
        assert rows_of(NOTICES) == []
        assert self.answers(case.again(), numbers) is None
        assert len(seats_open()) == 2

    def test_many_go_without_runs_of_their_own(self) -> None:
        case = opened()
        numbers = with_members(case, 51)
        assert self.answers(case, numbers[:50]) is None
        assert {one.run_id for one in open_questions()} == {""}
        assert self.answers(case.again(), numbers) is None
        assert {one.run_id for one in open_questions()[50:]} == {UNSHOWN}

    def test_two_runs_at_once_ask_once(self) -> None:
        case = opened()
        numbers = with_members(case, 4)
        runs = [anew(case) for _ in range(3)]
        race(*(lambda run=run: self.put(run, numbers) for run in runs))
        assert len(seats_open()) == 4
        assert [line[0] for line in journal(case.number)] == ["opened", "asked-contradiction"]

    def answers(self, case: Dossier, numbers: list[str]) -> dict[str, str] | None:
        try:
            return self.put(anew(case).at_turn(case.turn), numbers)
        except Parked:
            return None

    def put(self, case: Dossier, numbers: list[str]) -> dict[str, str]:
        found = ask_each(
            Fitness,
            case,
            "contradiction",
            members=numbers,
            of="chief_physician",
            text=lambda number: f"{number} 数值超限",
        )
        return {number: one.verdict for number, one in found.items()}


class TestSheet:
    def test_one_code_signs_many_rows_and_a_wrong_one_fails_once(self) -> None:
        hire("S1", "chief_physician")
        case = opened()
        numbers = with_members(case, 8)
        with pytest.raises(Parked):
            ask_each(Fitness, case, "contradiction", members=numbers, of="chief_physician", text=str)
        given, proofs = {"verdict": "fit", "reason": "情况属实"}, Proofs()
        wrong, code = "000000", fresh_code("S1")
        for seat in seats_open():
            with pytest.raises(Refusal) as error:
                decide(seat, Signature("S1", wrong, given, "sheet"), proofs)
            assert error.value.key == "kernel.code_wrong"
        assert rows_of(OFFICERS)[0].failures == 1
        for seat in seats_open():
            decide(seat, Signature("S1", code, given, "sheet"), proofs)
        assert seats_open() == []
        with pytest.raises(Refusal):
            decide(1, Signature("S1", code, given, "sheet"), Proofs())
