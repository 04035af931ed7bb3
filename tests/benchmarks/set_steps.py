"""Goal 1: a set of members through W in chunks, against the floor's chunks of the same size; and what the chain costs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from tasks import journal
from tasks.store import looking, transaction
from tests.benchmarks import workload
from tests.benchmarks.floor import MEMBERS, Floor
from tests.benchmarks.measure import Ground, Line, Spent, ratio, spent
from tests.benchmarks.workload import open_season

LIMIT: Final = 1.3
Phase = tuple[Callable[[], object], Callable[[], object]]


class Half:
    """One half of W over the rounds: each step's floor and ours side by side."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.floor: list[Spent] = []
        self.ours: list[Spent] = []

    def take(self, turn: int, steps: list[Phase]) -> None:
        """Take the steps one after the other, now the floor first, now ours."""
        for floor, ours in steps:
            if turn % 2:
                mine, theirs = spent(ours), spent(floor)
            else:
                theirs, mine = spent(floor), spent(ours)
            self.floor.append(theirs)
            self.ours.append(mine)

    def line(self, what: str, size: int, rounds: int) -> Line:
        """Return the half's line: by the clock, and in the note by the processor."""
        cpu = ratio([one.cpu for one in self.ours], [one.cpu for one in self.floor])
        mine, theirs = (sum(one.wall for one in side) / size / rounds * 1e6 for side in (self.ours, self.floor))
        note = f"{mine:.0f} µs a case, floor {theirs:.0f}; by processor {cpu:.2f} x"
        walls = [one.wall for one in self.ours], [one.wall for one in self.floor]
        return Line("1", f"set step, {self.name}, {what}", ratio(*walls), LIMIT, note=note)


def measure(on: Ground, size: int, rounds: int) -> list[Line]:
    """Take sets through W, floor and ours by turns, and tell both halves."""
    floor, start, answer = Floor(on), Half("start"), Half("answer")
    for turn in range(rounds):
        _round(floor, turn, size, (start, answer))
    _compare(floor)
    what = f"{size} cases, {on.kind}"
    return [*(half.line(what, size, rounds) for half in (start, answer))]


def _round(floor: Floor, turn: int, size: int, halves: tuple[Half, Half]) -> None:
    numbers = [f"W{turn}-{place:06}" for place in range(size)]
    parent, season = floor.open_season(f"W{turn}"), open_season(f"W{turn}")
    halves[0].take(
        turn,
        [
            (lambda: floor.open_members(parent, numbers), lambda: workload.open_all(season, numbers)),
            (lambda: floor.step_members(parent, "screen", "opened"), lambda: workload.screen(season)),
            (lambda: floor.step_members(parent, "examine", "screened"), lambda: workload.examine(season)),
        ],
    )
    halves[1].take(
        turn,
        [
            (lambda: floor.step_members(parent, "decide", "examined"), lambda: workload.decide(season)),
            (lambda: floor.step_members(parent, "close", "approved", "rejected"), lambda: workload.close(season)),
        ],
    )


def _compare(floor: Floor) -> None:
    """Hold the floor to its promise: the same rows, column by column, but for the times and the chain."""
    with looking() as tx:
        ours = [row for text in MEMBERS for row in tx.driver.execute(text).fetchall()]
    for mine, theirs in zip(ours, floor.members(), strict=True):
        if mine != theirs:
            raise AssertionError(f"the floor and ours wrote different rows: {mine} and {theirs}")


def chain(on: Ground, size: int, rounds: int) -> list[Line]:
    """Tell what the hash chain and the append-only triggers cost: ours with them to ours without, by turns."""
    sides: dict[str, list[Spent]] = {"with": [], "plain": [], "untriggered": []}
    for turn in range(rounds):
        for place, name in enumerate(sides):
            season = open_season(f"H{turn}-{place}")
            numbers = [f"H{turn}-{place}-{each:06}" for each in range(size)]
            with _without_chain(name == "plain"), _without_triggers(on, name == "untriggered"):
                sides[name].append(spent(lambda: _course(season, numbers)))
    lines = []
    for name, what in (("plain", "the hash chain"), ("untriggered", "the append-only triggers")):
        pairs = [one.cpu for one in sides["with"]], [one.cpu for one in sides[name]]
        each = (sum(pairs[0]) - sum(pairs[1])) / size / rounds / 5 * 1e6
        note = f"{each:.1f} µs a line, by the processor"
        lines.append(Line("1", f"with {what} to without, {size} cases, {on.kind}", ratio(*pairs), note=note))
    return lines


def _course(season: Any, numbers: list[str]) -> None:
    workload.open_all(season, numbers)
    for step in (workload.screen, workload.examine, workload.decide, workload.close):
        step(season)


class _Nothing:
    """A hash that hashes nothing."""

    def copy(self) -> "_Nothing":
        return self

    def update(self, _data: bytes) -> None:
        """Take nothing in."""

    def digest(self) -> bytes:
        """Return what a hash would take up."""
        return b"\0" * 32


@contextmanager
def _without_chain(off: bool) -> Iterator[None]:
    keyed = journal._keyed
    if off:
        journal._keyed = lambda _key: (_Nothing(), _Nothing())  # type: ignore[assignment]
    try:
        yield
    finally:
        journal._keyed = keyed


@contextmanager
def _without_triggers(on: Ground, off: bool) -> Iterator[None]:
    if not off or on.kind != "sqlite":
        yield
        return
    with transaction() as tx:
        found = tx.driver.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'entries'"
        ).fetchall()
        for name, _ in found:
            tx.driver.execute(f"DROP TRIGGER {name}")
    try:
        yield
    finally:
        with transaction() as tx:
            for _, text in found:
                tx.driver.execute(text)
