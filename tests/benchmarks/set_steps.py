"""Goal 1: a set of members through W in chunks, against the floor's chunks of the same size; and what the chain costs."""

from collections.abc import Callable
from typing import Final

from tests.benchmarks.floor import Floor
from tests.benchmarks.measure import Ground, Line, Spent, ratio, spent
from tests.benchmarks.workload import close_all, decide_all, examine_all, open_members, open_season, screen_all

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
        numbers = [f"W{turn}-{place:06}" for place in range(size)]
        parent, season = floor.open_season(f"W{turn}"), open_season(f"W{turn}")
        start.take(
            turn,
            [
                (lambda: floor.open_members(parent, numbers), lambda: open_members(season, numbers)),
                (lambda: floor.step_members(parent, "screen", "opened"), lambda: screen_all(season)),
                (lambda: floor.step_members(parent, "examine", "screened"), lambda: examine_all(season)),
            ],
        )
        answer.take(
            turn,
            [
                (lambda: floor.step_members(parent, "decide", "examined"), lambda: decide_all(season)),
                (lambda: floor.step_members(parent, "close", "approved", "rejected"), lambda: close_all(season)),
            ],
        )
    return [half.line(f"{size} cases, {on.kind}", size, rounds) for half in (start, answer)]
