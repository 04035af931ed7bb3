"""Goals 2, 3 and 4: one case at a time through W, a transaction a step; automatic steps fused; one decision."""

import time
from collections.abc import Callable, Sequence
from datetime import date
from typing import Final

from tasks import officer
from tasks.step import read_dossier
from tasks.store import transaction
from tests.benchmarks.floor import Floor
from tests.benchmarks.measure import Ground, Line, Spent, p50, p95, quiet, spent
from tests.benchmarks.workload_one import ROLE, answer_one, decide, open_one, screen_and_examine, start_one

LIMITS: Final = {"sqlite": (1.4, 1.8), "postgresql": (1.4, 2.3)}
FUSED_LIMIT: Final = 0.9
DECISION_LIMIT: Final = 2.5
SLICE: Final = 10
STAFF: Final = "S1"
Work = Callable[[Sequence[str]], None]


class Pair:
    """Times of the floor and of ours, taken by turns in slices so short that the machine's moods meet both."""

    def __init__(self) -> None:
        self.floor: list[Spent] = []
        self.ours: list[Spent] = []

    def take(self, turn: int, floor: Work, ours: Work, numbers: Sequence[str]) -> None:
        """Time both, now the one first, now the other."""
        for side, work in ((self.floor, floor), (self.ours, ours))[:: -1 if turn % 2 else 1]:
            side.append(spent(lambda work=work: work(numbers)))  # type: ignore[misc]

    def line(self, goal: str, what: str, limit: float) -> Line:
        """Return ours to the floor's by their quiet slices; in the note each alone, and by the processor."""
        mine, theirs = (quiet([one.wall for one in side]) for side in (self.ours, self.floor))
        cpu = quiet([one.cpu for one in self.ours]) / quiet([one.cpu for one in self.floor])
        note = f"{mine / SLICE * 1e3:.2f} ms a case, floor {theirs / SLICE * 1e3:.2f}; by processor {cpu:.2f} x"
        return Line(goal, what, mine / theirs, limit, note=note)


class Sides:
    """The floor's way and ours through both halves of W."""

    def __init__(self, on: Ground) -> None:
        officer.enrol(STAFF, "测试", [ROLE], date(2020, 1, 1))
        self.floor = Floor(on)
        self.ids: dict[str, int] = {}

    def floor_start(self, numbers: Sequence[str]) -> None:
        """Open, screen and examine by hand."""
        for number in numbers:
            case_id = self.ids[number] = self.floor.open_case(number)
            self.floor.step_case(case_id, "screen")
            self.floor.step_case(case_id, "examine")

    def floor_answer(self, numbers: Sequence[str]) -> None:
        """Decide and close by hand."""
        for number in numbers:
            self.floor.step_case(self.ids[number], "decide")
            self.floor.step_case(self.ids[number], "close")

    @staticmethod
    def start(numbers: Sequence[str]) -> None:
        """Open, screen and examine as steps."""
        for number in numbers:
            start_one(number)

    @staticmethod
    def answer(numbers: Sequence[str]) -> None:
        """Wake, decide and close as steps."""
        for number in numbers:
            answer_one(number)

    @staticmethod
    def fused(numbers: Sequence[str]) -> None:
        """Open, screen and examine in one commit."""
        for number in numbers:
            with transaction():
                screen_and_examine(open_one(number))


def measure(on: Ground, cases: int) -> list[Line]:
    """Take cases through both halves of W, ours and the floor's by turns; then fused; then single decisions."""
    sides, start, answer, fused = Sides(on), Pair(), Pair(), Pair()
    for turn in range(-1, cases // SLICE):
        numbers = [f"W{turn}-{place:06}" for place in range(SLICE)]
        others = [f"F{turn}-{place:06}" for place in range(SLICE)]
        start.take(turn, sides.floor_start, sides.start, numbers)
        answer.take(turn, sides.floor_answer, sides.answer, numbers)
        fused.take(turn, sides.floor_start, sides.fused, others)
        if turn < 0:  # the first slice fills the caches of statements on both sides
            start, answer, fused = Pair(), Pair(), Pair()
    limits = LIMITS[on.kind]
    return [
        start.line("2", f"one case, start, {on.kind}", limits[0]),
        answer.line("2", f"one case, answer, {on.kind}", limits[1]),
        fused.line("3", f"three automatic steps fused, {on.kind}", FUSED_LIMIT),
        _decision(on, sides, cases),
    ]


def _decision(on: Ground, sides: Sides, cases: int) -> Line:
    """One decision: from the wake of a waiting case to its recorded line."""
    ours, theirs = [], []
    numbers = [f"D{place:06}" for place in range(cases)]
    sides.start(numbers)
    sides.floor_start(numbers)
    for number in numbers:
        begun = time.perf_counter()
        sides.floor.step_case(sides.ids[number], "decide")
        between = time.perf_counter()
        decide(read_dossier(number))
        ours.append(time.perf_counter() - between)
        theirs.append(between - begun)
    mine, floor = (f"{p50(side) * 1e3:.2f} / {p95(side) * 1e3:.2f} ms" for side in (ours, theirs))
    what = f"in-line decision, p95, {on.kind}"
    return Line("4", what, p95(ours) / p95(theirs), DECISION_LIMIT, note=f"p50 / p95 {mine}, floor {floor}")
