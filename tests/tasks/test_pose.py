"""Questions about many members: put once a turn, resumed at the chunk, answered one by one and taken up once."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from config.messages import Refusal
from models.answer import Determination
from models.case import Mode
from models.conscription.answer import Fitness
from tasks import pose as posing
from tasks.ask import open_questions
from tasks.ask_members import UNSHOWN
from tasks.journal import case_id_of, verify
from tasks.members import Member, Moved, over_members
from tasks.pose import latest_answers, members_to_ask, pose
from tasks.step import Dossier, step
from tests.ground import (
    BOTH,
    DECISIONS,
    NOTICES,
    SEATS,
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
    status_of,
    with_members,
)

POINT = "groups"


@over_members("applied_online")
def take_up(dossier: Dossier, members: list[Member]) -> Iterator[Moved]:
    del dossier
    answers = latest_answers(None, POINT, [member.id for member in members])
    for member in members:
        if member.id in answers:
            verdict = answers[member.id].verdict
            yield Moved(member, "passed" if verdict == "approve" else "failed", {"verdict": verdict})


@over_members("failed")
def hand_in_again(dossier: Dossier, members: list[Member]) -> Iterator[Moved]:
    del dossier
    yield from (Moved(member, "applied_online", {}) for member in members)


@step()
def touch(dossier: Dossier) -> bool:
    del dossier
    return True


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    yield from settled(request, home, monkeypatch)


pytestmark = pytest.mark.usefixtures("ground")


def put(case: Dossier, numbers: Sequence[str], of: str | Sequence[str] = "leading_group", *, mode: Mode = Mode.SINGLE) -> int:  # fmt: skip
    roles = of if isinstance(of, str) else dict.fromkeys(numbers, of)
    return pose(Determination, case, POINT, members=dict.fromkeys(numbers, "请审阅"), of=roles, mode=mode)


def test_it_does_not_wait_and_is_put_once_a_turn() -> None:
    hire("S1", "leading_group")
    case = opened()
    numbers = with_members(case, 5)
    assert put(case, numbers[:3]) == put(anew(case), numbers) == 3
    assert len(seats_open(POINT)) == 3
    assert [(row.template, row.facts["members"]) for row in rows_of(NOTICES)] == [("notice_kernel.questions", 3)]
    assert journal(case.number) == [("opened", 1, "planned", "system"), ("asked-groups", 1, "planned", "system")]
    assert journal(numbers[0])[-1][:2] == ("asked-groups", 1)
    assert put(case.again(), numbers) == 2
    assert list(verify()) == []


def test_nobody_to_ask_is_remembered() -> None:
    case = opened()
    numbers = with_members(case, 2)
    assert [put(case, []), put(anew(case), numbers)] == [0, 0]
    assert rows_of(NOTICES) == []


def test_answers_are_taken_up_once_whatever_is_replayed() -> None:
    hire("S1", "leading_group")
    case = opened()
    numbers = with_members(case, 3)
    ids = [case_id_of(number) for number in numbers]
    put(case, numbers)
    first, second, third = seats_open()
    answer(first, "S1")
    answer(second, "S1", "return")
    found = latest_answers(None, POINT, ids)
    assert {key: (one.verdict, one.signed_by, one.signers, one.turn) for key, one in found.items()} == {
        ids[0]: ("approve", "S1", ("S1",), 1),
        ids[1]: ("return", "S1", ("S1",), 1),
    }
    assert members_to_ask(case, POINT, ["applied_online"]) == []
    assert put(case.again(), numbers) == 0  # one is open, two wait to be taken up
    assert take_up(case).reached == take_up(anew(case)).reached == {"passed": 1, "failed": 1}
    assert latest_answers(None, POINT, ids) == {}
    hand_in_again(case)
    assert [one.number for one in members_to_ask(case, POINT, ["applied_online"])] == [numbers[1]]
    assert take_up(case.at_turn(3)).reached == {}  # the answer of the first round is not taken up again
    assert put(case.at_turn(3), numbers) == 2  # the first member passed, but whoever is named is asked
    answer(third, "S1")
    assert [status_of(number) for number in numbers] == ["passed", "applied_online", "applied_online"]
    assert list(verify()) == []


def test_an_open_question_about_what_has_changed_gives_way_to_a_new_one() -> None:
    hire("S1", "leading_group")
    hire("S2", "planning_group")
    case = opened()
    (number,) = with_members(case, 1)
    put(case, [number], ["leading_group", "planning_group"], mode=Mode.ALL_OF)
    first, second = seats_open()
    answer(first, "S1")
    touch(anew(case)._replace(id=case_id_of(number)))
    with pytest.raises(Refusal) as error:
        answer(second, "S2")
    assert error.value.key == "kernel.stale"
    assert put(case.again(), [number], ["leading_group", "planning_group"], mode=Mode.ALL_OF) == 1
    assert [(row.turn, row.status) for row in rows_of(DECISIONS)] == [(1, "withdrawn"), (2, "open")]
    third, fourth = seats_open()
    answer(third, "S1")
    answer(fourth, "S2", "reject")
    (found,) = latest_answers(None, POINT, [case_id_of(number)]).values()
    assert (found.verdict, found.signed_by, found.signers, found.turn) == ("reject", "S2", ("S1", "S2"), 2)


def test_roles_by_member_are_told_their_own_numbers_each_person_once() -> None:
    hire("S1", "leading_group", "planning_group")
    hire("S2", "physical_group")
    case = opened()
    numbers = with_members(case, 3)
    roles = {numbers[0]: ["leading_group", "physical_group"], numbers[1]: ["planning_group"], numbers[2]: ["leading_group"]}  # fmt: skip
    pose(Fitness, case, POINT, members=dict.fromkeys(numbers, "x"), of=roles, mode=Mode.ANY_OF)
    assert sorted((row.recipient, row.facts["members"]) for row in rows_of(NOTICES)) == [("officer:S1", 3), ("officer:S2", 1)]  # fmt: skip
    assert [(row.place, row.role) for row in rows_of(SEATS)][:2] == [(1, "leading_group"), (2, "physical_group")]


def test_only_a_few_open_ones_have_runs_of_their_own() -> None:
    case = opened()
    numbers = with_members(case, 60)
    put(case, numbers[:30])
    put(case.again(), numbers[:50])
    put(case.at_turn(3), numbers)
    assert [one.run_id for one in open_questions()] == [""] * 50 + [UNSHOWN] * 10


class PowerCutError(Exception):
    pass


def test_cut_off_between_chunks_it_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    hire("S1", "leading_group")
    monkeypatch.setattr(posing, "CHUNK", 4)
    case = opened()
    numbers = with_members(case, 10)
    untouched, left = posing._put, [2]

    def cut(*given: object) -> None:
        if not left[0]:
            raise PowerCutError
        left[0] -= 1
        untouched(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(posing, "_put", cut)
    with pytest.raises(PowerCutError):
        put(case, numbers)
    assert (len(seats_open()), rows_of(NOTICES)) == (8, [])
    left[0] = 99
    assert put(anew(case), numbers) == 10
    assert len(seats_open()) == 10
    assert [row.facts["members"] for row in rows_of(NOTICES)] == [10]
    assert list(verify()) == []


def test_runs_and_answers_at_once_ask_once_and_lose_nothing() -> None:
    hire("S1", "leading_group")
    case = opened()
    numbers = with_members(case, 40)
    put(case, numbers[:20])
    code, first = fresh_code("S1"), seats_open()[0]
    runs = [anew(case).again() for _ in range(3)]
    found = race(lambda: answer(first, "S1", code=code), *(lambda run=run: put(run, numbers) for run in runs))
    assert [one for one in found if isinstance(one, Exception)] == []
    assert len(rows_of(DECISIONS)) == 40
    assert len(seats_open()) == 39
    assert list(verify()) == []
