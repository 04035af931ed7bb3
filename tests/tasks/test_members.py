"""Steps over members: in chunks, resumed at the chunk, each member's line written once."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from models.case import Progress
from tasks.journal import CASES, Telling, verify
from tasks.members import Member, Moved, Tally, count_members, over_members, standing_by_unit
from tasks.step import Dossier, report_progress
from tasks.store import table
from tests.ground import (
    BOTH,
    ENTRIES,
    NOTICES,
    Ground,
    anew,
    journal,
    opened,
    race,
    rows_of,
    settled,
    status_of,
    with_members,
)

PROGRESS = table(Progress)
SEEN: list[int] = []
LEFT_TO_DO: list[int] = []


class PowerCutError(Exception):
    pass


@over_members(
    "applied_online",
    "late",
    reaches="examining",
    tells=lambda tally: ["office"] * bool(tally.total),
    rule="第九条",
    chunk=4,
)
def examine(dossier: Dossier, members: list[Member], verdict: str) -> Iterator[Moved]:
    """Pass the even, fail every third, leave the others; the lights go out after so many members."""
    del dossier
    for member in members:
        if LEFT_TO_DO and (LEFT_TO_DO.append(LEFT_TO_DO.pop() - 1) or LEFT_TO_DO[0] < 0):  # type: ignore[func-returns-value]
            raise PowerCutError
        SEEN.append(member.id)
        place = int(member.number[-6:])
        if place % 2 == 0:
            yield Moved(
                member,
                "passed",
                {"verdict": verdict},
                [Telling(f"party:{member.number}", "inbox", "notice_conscription.passed", {})],
            )
        elif place % 3 == 0:
            yield Moved(member, None, {"verdict": "later"})


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    SEEN.clear()
    LEFT_TO_DO.clear()
    yield from settled(request, home, monkeypatch)


pytestmark = pytest.mark.usefixtures("ground")
TEN = Tally(total=10, reached={"passed": 5, "applied_online": 2})


def lines() -> Counter[str]:
    return Counter(row.step for row in rows_of(ENTRIES) if row.step == "examine")


def test_every_member_is_looked_at_once_and_the_tally_says_what_became_of_them() -> None:
    case = opened()
    numbers = with_members(case, 10)
    assert examine(case, "fit") == TEN
    assert TEN.of("passed") == 5
    assert TEN.of("nothing") == 0
    assert Counter(SEEN).most_common(1)[0][1] == 1
    assert [status_of(number) for number in numbers[:4]] == ["applied_online", "passed", "applied_online", "passed"]
    assert journal(numbers[1]) == [("apply", 1, "applied_online", "system"), ("examine", 1, "passed", "system")]
    assert journal(numbers[2])[-1] == ("examine", 1, "applied_online", "system")
    assert journal(numbers[0]) == [("apply", 1, "applied_online", "system")]
    assert journal(case.number)[-1] == ("examine", 1, "examining", "system")
    assert rows_of(PROGRESS) == []
    assert list(verify()) == []


def test_again_and_in_another_run_it_is_only_remembered() -> None:
    case = opened()
    with_members(case, 10)
    sleeper = anew(case)
    assert examine(case, "fit") == examine(case, "unfit") == examine(anew(case), "unfit") == TEN
    assert examine(sleeper, "unfit") == TEN
    assert len(SEEN) == 10
    assert lines()["examine"] == 8
    assert len(rows_of(NOTICES)) == 6


def test_a_next_turn_looks_at_whoever_still_stands_there() -> None:
    case = opened()
    with_members(case, 10)
    examine(case, "fit")
    assert examine(case.again(), "fit") == Tally(total=5, reached={"applied_online": 2})


def test_nobody_to_look_at_is_a_line_too() -> None:
    case = opened()
    assert examine(case, "fit") == Tally(total=0, reached={})
    assert journal(case.number)[-1][0] == "examine"
    assert rows_of(NOTICES) == []


@pytest.mark.parametrize("count", [3, 4, 5, 8])
def test_chunks_that_end_evenly_end_all_the_same(count: int) -> None:
    case = opened()
    with_members(case, count)
    assert examine(case, "fit").total == count
    assert len(SEEN) == count


@pytest.mark.parametrize("alive", range(11))
def test_cut_off_at_any_member_it_goes_on_at_the_chunk(alive: int) -> None:
    case = opened()
    with_members(case, 10)
    LEFT_TO_DO.append(alive)
    if alive < 10:
        with pytest.raises(PowerCutError):
            examine(case, "fit")
        assert lines()["examine"] == len(
            [place for place in range(1, alive // 4 * 4 + 1) if place % 2 == 0 or place % 3 == 0]
        )
        assert [row.done for row in rows_of(PROGRESS)] == ([alive // 4 * 4] if alive >= 4 else [])
        assert journal(case.number)[-1][0] == "opened"
    LEFT_TO_DO.clear()
    SEEN.clear()
    assert examine(anew(case), "fit") == TEN
    assert len(SEEN) == 10 - min(alive // 4 * 4, 10) * (alive < 10)
    assert lines()["examine"] == 8
    assert len(rows_of(NOTICES)) == 6
    assert rows_of(PROGRESS) == []
    assert list(verify()) == []


@effort(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 6), max_size=8), serial=st.integers(0, 10**9))
def test_cut_off_time_and_again_it_comes_to_the_same(cuts: list[int], serial: int) -> None:
    case = opened(f"ZB-{serial}-{len(rows_of(CASES))}")
    with_members(case, 10)
    for cut in cuts:
        LEFT_TO_DO[:] = [cut]
        try:
            examine(anew(case), "fit")
        except PowerCutError:
            continue
        else:
            break
    LEFT_TO_DO.clear()
    assert examine(anew(case), "fit") == TEN
    assert len(journal(case.number)) == 2
    assert list(verify()) == []


def test_runs_at_once_share_the_work_and_repeat_none() -> None:
    case = opened()
    with_members(case, 30)
    runs = [anew(case) for _ in range(5)]
    found = race(*(lambda run=run: examine(run, "fit") for run in runs))
    assert found == [Tally(total=30, reached={"passed": 15, "applied_online": 5})] * 5
    assert sorted(SEEN) == sorted(set(SEEN))
    assert lines()["examine"] == 21
    assert [line[0] for line in journal(case.number)] == ["opened", "examine"]
    assert list(verify()) == []


def test_progress_is_told_as_far_as_it_is() -> None:
    case, told = opened(), []
    with_members(case, 10)
    token = report_progress.set(lambda name, done, total: told.append((name, done, total)))
    examine(case, "fit")
    report_progress.reset(token)
    assert [one[1] for one in told] == [4, 8, 10]
    assert told[0][0] == "examine"


def test_members_are_counted_by_status_and_unit() -> None:
    case = opened()
    with_members(case, 7, units=("haimen", "sanchang"))
    examine(case, "fit")
    assert count_members(case) == 7
    assert count_members(case, ["passed"]) == 3
    assert standing_by_unit(case.id) == {("haimen", "applied_online"): 4, ("sanchang", "passed"): 3}


def test_members_of_other_cases_stay_as_they_are() -> None:
    case, other = opened(), opened("ZB-2027H2")
    with_members(case, 2)
    with_members(other, 2)
    examine(case, "fit")
    assert standing_by_unit(other.id) == {("haimen", "applied_online"): 2}
