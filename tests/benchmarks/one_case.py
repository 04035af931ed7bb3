"""Goals 2, 3 and 4: one case at a time through W, a transaction a step; automatic steps fused; one decision."""

import time
from collections.abc import Callable
from datetime import date
from typing import Any, Final

from tasks import officer
from tasks.step import Dossier, read_dossier
from tests.benchmarks.floor import Floor
from tests.benchmarks.measure import Ground, Line, p50, p95, seconds
from tests.benchmarks.workload import ROLE, answer_one, open_one, screen_and_examine, start_one, take_decision

LIMITS: Final = {"sqlite": (1.4, 1.8), "postgresql": (1.4, 2.3)}
FUSED_LIMIT: Final = 0.9
DECISION_LIMIT: Final = 2.5
SLICE: Final = 25
STAFF: Final = "S1"


class Pair:
    """Times of the floor and of ours, taken by turns in slices so short that the machine's moods meet both."""

    def __init__(self) -> None:
        self.floor: list[float] = []
        self.ours: list[float] = []

    def take(self, turn: int, floor: Callable[[], object], ours: Callable[[], object]) -> None:
        """Time both, now the one first, now the other."""
        if turn % 2:
            self.ours.append(seconds(ours))
            self.floor.append(seconds(floor))
        else:
            self.floor.append(seconds(floor))
            self.ours.append(seconds(ours))

    @property
    def ratio(self) -> float:
        """Ours to the floor's, by the medians of the slices."""
        return p50(self.ours) / p50(self.floor)

    def note(self, scale: float = SLICE) -> str:
        """Tell the medians, in ms."""
        return f"{p50(self.ours) / scale * 1e3:.2f} ms, floor {p50(self.floor) / scale * 1e3:.2f}"


def prepare(on: Ground) -> Floor:
    """Enrol the officer whom the steps tell, and connect to the floor."""
    officer.enrol(STAFF, "测试", [ROLE], date(2020, 1, 1))
    return Floor(on)


def measure(on: Ground, cases: int) -> list[Line]:
    """Take cases through both halves of W, ours and the floor's by turns."""
    floor, start, answer = prepare(on), Pair(), Pair()

    def floor_start(numbers: list[str]) -> None:
        for number in numbers:
            case_id = ids[number] = floor.open_case(number)
            floor.step_case(case_id, "screen")
            floor.step_case(case_id, "examine")

    def floor_answer(numbers: list[str]) -> None:
        for number in numbers:
            floor.step_case(ids[number], "decide")
            floor.step_case(ids[number], "close")

    def each(work: Callable[[str], Any], numbers: list[str]) -> Callable[[], None]:
        return lambda: [work(number) for number in numbers] and None

    ids: dict[str, int] = {}
    warm = [f"V{place}" for place in range(SLICE)]
    for number in warm:
        start_one(number)
        answer_one(number)
    floor_start(warm)
    floor_answer(warm)
    for turn in range(cases // SLICE):
        numbers = [f"W{turn * SLICE + place:06}" for place in range(SLICE)]
        start.take(turn, lambda: floor_start(numbers), each(start_one, numbers))
        answer.take(turn, lambda: floor_answer(numbers), each(answer_one, numbers))
    limits = LIMITS[on.kind]
    return [
        Line("2", f"one case, start, {on.kind}", start.ratio, limits[0], note=start.note()),
        Line("2", f"one case, answer, {on.kind}", answer.ratio, limits[1], note=answer.note()),
        *_fused(on, floor, cases),
        *_decision(on, floor, cases),
    ]


def _fused(on: Ground, floor: Floor, cases: int) -> list[Line]:
    """Three automatic steps in one commit against three of the floor's."""
    from tasks.store import transaction

    pair = Pair()

    def ours(numbers: list[str]) -> None:
        for number in numbers:
            with transaction():
                screen_and_examine(open_one(number))

    def theirs(numbers: list[str]) -> None:
        for number in numbers:
            case_id = floor.open_case(number)
            floor.step_case(case_id, "screen")
            floor.step_case(case_id, "examine")

    for turn in range(max(4, cases // SLICE // 2)):
        numbers = [f"F{turn * SLICE + place:06}" for place in range(SLICE)]
        pair.take(turn, lambda: theirs(numbers), lambda: ours(numbers))
    return [Line("3", f"three steps fused, {on.kind}", pair.ratio, FUSED_LIMIT, note=pair.note())]


def _decision(on: Ground, floor: Floor, cases: int) -> list[Line]:
    """One decision: from the wake of a waiting case to its recorded line."""
    ours, theirs = [], []
    numbers = [f"D{place:06}" for place in range(cases)]
    ids = {}
    for number in numbers:
        start_one(number)
        ids[number] = floor.open_case(number)

    def decide(dossier: Dossier) -> None:
        take_decision(dossier)

    for number in numbers:
        begun = time.perf_counter()
        floor.step_case(ids[number], "decide")
        between = time.perf_counter()
        decide(read_dossier(number))
        ours.append(time.perf_counter() - between)
        theirs.append(between - begun)
    note = f"p50 {p50(ours) * 1e3:.2f} / p95 {p95(ours) * 1e3:.2f} ms, floor {p50(theirs) * 1e3:.2f} / {p95(theirs) * 1e3:.2f}"
    return [
        Line("4", f"in-line decision, p95, {on.kind}", p95(ours) / p95(theirs), DECISION_LIMIT, note=note),
    ]
