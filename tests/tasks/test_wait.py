"""Waiting: a moment, an arrival; a waiting case is rows, and no arrival is lost."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tasks.case import close_case, instances_open, running_as
from tasks.clock import now
from tasks.journal import verify
from tasks.step import Dossier
from tasks.store import transaction
from tasks.wait import INSTANCES, Parked, count_nudge, nudged, wait_for, wait_until
from tests.ground import BOTH, Ground, anew, journal, later, opened, race, rows_of, settled


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    yield from settled(request, home, monkeypatch)


pytestmark = pytest.mark.usefixtures("ground")


def steps(case: Dossier) -> list[tuple[str, int]]:
    return [(line[0], line[1]) for line in journal(case.number)]


class TestUntil:
    def test_it_parks_until_the_moment_and_then_never_again(self) -> None:
        case, when = opened(), now() + timedelta(hours=1)
        for _ in range(2):
            with pytest.raises(Parked) as parked:
                wait_until(anew(case), "approval", when)
        assert (parked.value.point, parked.value.until, parked.value.dossier.number) == ("approval", when, "ZB-2027H1")
        row = rows_of(INSTANCES)[0]
        assert (row.waiting_on, row.wake_at) == ("approval", when)
        later(hours=1)
        wait_until(case, "approval", when)
        wait_until(anew(case), "approval", when + timedelta(days=9))
        assert steps(case) == [("opened", 1), ("until-approval", 1)]
        assert (rows_of(INSTANCES)[0].waiting_on, rows_of(INSTANCES)[0].wake_at) == ("", None)

    def test_a_moment_that_has_passed_is_only_noted(self) -> None:
        case = opened()
        wait_until(case, "approval", now())
        wait_until(case.again(), "approval", now())
        assert steps(case) == [("opened", 1), ("until-approval", 1), ("until-approval", 2)]

    def test_runs_at_once_note_it_once(self) -> None:
        case, when = opened(), now()
        found = race(*(lambda run=run: wait_until(run, "approval", when) for run in [anew(case) for _ in range(5)]))
        assert found == [None] * 5
        assert steps(case) == [("opened", 1), ("until-approval", 1)]
        assert list(verify()) == []


class TestFor:
    def test_what_has_arrived_is_remembered_as_arrived(self) -> None:
        case, until = opened(), now() + timedelta(days=1)
        with pytest.raises(Parked):
            wait_for(case, "results", lambda: False, until)
        assert wait_for(case, "results", lambda: True, until)
        later(days=2)
        assert wait_for(anew(case), "results", lambda: False, until)

    def test_what_has_not_come_in_time_has_not_come(self) -> None:
        case, until = opened(), now() + timedelta(days=1)
        with pytest.raises(Parked):
            wait_for(case, "results", lambda: False, until)
        later(days=1)
        assert not wait_for(case, "results", lambda: False, until)
        assert not wait_for(anew(case), "results", lambda: True, until + timedelta(days=9))

    def test_runs_at_once_agree(self) -> None:
        case, until = opened(), now()
        runs = [anew(case) for _ in range(6)]
        found = race(
            *(
                lambda run=run, place=place: wait_for(run, "results", lambda: place % 2 == 0, until)
                for place, run in enumerate(runs)
            )
        )
        assert set(found) in ({True}, {False})
        assert steps(case) == [("opened", 1), ("for-results", 1)]


class TestNudges:
    def test_each_is_counted_and_wakes_whoever_parked_before(self) -> None:
        case = opened()
        assert nudged() == []
        race(*[lambda: count_nudge(case.id)] * 5)
        assert rows_of(INSTANCES)[0].nudges == 5
        assert nudged() == [("ZB-2027H1", "")]

    def test_a_run_sees_those_that_came_before_it_woke(self) -> None:
        case = opened()
        count_nudge(case.id)
        with running_as("run-1") as carried:
            opened()
            count_nudge(case.id)
        assert carried.seen == 1
        with transaction() as tx:
            tx.core.execute(INSTANCES.update().values(seen=carried.seen))
        assert nudged() == [("ZB-2027H1", "run-1")]
        with running_as("run-2") as carried:
            opened()
        with transaction() as tx:
            tx.core.execute(INSTANCES.update().values(seen=carried.seen))
        assert nudged() == []

    def test_a_nudge_that_is_rolled_back_was_none(self) -> None:
        case = opened()
        with pytest.raises(OSError), transaction():  # noqa: PT011, PT012 -- raised in the block
            count_nudge(case.id)
            raise OSError
        assert nudged() == []

    def test_a_moment_that_has_come_wakes_too(self) -> None:
        case = opened()
        with pytest.raises(Parked):
            wait_until(case, "approval", now() + timedelta(hours=1))
        assert nudged() == []
        later(hours=1)
        assert nudged() == [("ZB-2027H1", "")]

    def test_a_closed_case_sleeps_for_good(self) -> None:
        case = opened()
        count_nudge(case.id)
        assert [row.number for row in instances_open()] == ["ZB-2027H1"]
        close_case(case, "closed")
        assert nudged() == []
        assert instances_open() == []
        assert nudged(["closed"]) == []
