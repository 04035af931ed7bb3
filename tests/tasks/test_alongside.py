"""Parts that go on side by side: none waits for another, and one that fails keeps no other from its turn."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from models.answer import Approval
from tasks.alongside import gather, meanwhile
from tasks.ask import ask, open_questions
from tasks.step import Dossier
from tasks.wait import Parked, wait_until
from tests.ground import BOTH, MORNING, Ground, anew, answer, hire, later, opened, settled


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    yield from settled(request, home, monkeypatch)


def asks(point: str) -> object:
    def part(case: Dossier) -> str:
        return ask(Approval, case, point, of="leading_group", text="请定", bound=False).verdict

    return part


def test_all_parts_have_their_questions_open_and_the_earliest_moment_wakes(ground: Ground) -> None:
    case = opened()
    soon = MORNING + timedelta(hours=2)

    def dated(dossier: Dossier) -> None:
        wait_until(dossier, "soon", soon)

    with pytest.raises(Parked) as parked:
        gather(case, asks("groups"), asks("publicity"), dated)
    assert parked.value.until == soon
    assert {one.point for one in open_questions()} == {"groups", "publicity"}


def test_an_answer_to_one_question_does_not_outdate_the_other(ground: Ground) -> None:
    case = opened()
    hire("S1", "leading_group")
    hire("S2", "leading_group")
    with pytest.raises(Parked):
        gather(case, asks("groups"), asks("publicity"))
    first, second = open_questions()
    answer(first.seat_id, "S1")
    answer(second.seat_id, "S2")
    gather(anew(case), asks("groups"), asks("publicity"))


def test_the_main_part_ends_the_chapter(ground: Ground) -> None:
    case = opened()
    assert meanwhile(case, lambda _: "over", asks("publicity")) == "over"
    assert open_questions() == []


def test_a_fault_in_one_part_keeps_no_other_from_its_turn(ground: Ground) -> None:
    case = opened()

    def faulty(_: Dossier) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        meanwhile(case, faulty, asks("publicity"))
    with pytest.raises(ZeroDivisionError):
        gather(anew(case), faulty, asks("groups"))
    assert {one.point for one in open_questions()} == {"groups", "publicity"}


def test_an_unbound_question_is_shown_anew_when_its_text_changes(ground: Ground) -> None:
    case = opened()
    hire("S1", "leading_group")

    def with_text(text: str) -> None:
        ask(Approval, anew(case), "publicity", of="leading_group", text=text, bound=False)

    with pytest.raises(Parked):
        with_text("两人死亡")
    (asked,) = open_questions()
    assert asked.attempt == 1
    with pytest.raises(Parked):
        with_text("三人死亡")
    (asked,) = open_questions()
    assert (asked.attempt, asked.text) == (2, "三人死亡")
    later(minutes=1)
    answer(asked.seat_id, "S1")
