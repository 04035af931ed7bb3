"""Goal 1: a set of members through W in chunks, against the floor's chunks of the same size; and what the chain costs."""

from typing import Any, Final

from tasks import journal
from tests.benchmarks.floor import Floor
from tests.benchmarks.measure import Ground, Line, ratio, seconds
from tests.benchmarks.workload import close_all, decide_all, examine_all, open_members, open_season, screen_all

LIMIT: Final = 1.3


def measure(on: Ground, size: int, rounds: int) -> list[Line]:
    """Take sets through W, floor and ours by turns, and tell both halves."""
    floor = Floor(on)
    starts: dict[str, list[float]] = {"floor": [], "ours": [], "bare": []}
    answers: dict[str, list[float]] = {"floor": [], "ours": [], "bare": []}
    for turn in range(rounds):
        numbers = [f"W{turn}-{place:06}" for place in range(size)]
        parent = floor.open_season(f"W{turn}")
        season = open_season(f"W{turn}")
        with_chain = journal.link
        start = {
            "floor": [lambda: floor.open_members(parent, numbers), lambda: floor.step_members(parent, "screen", "opened"),
                      lambda: floor.step_members(parent, "examine", "screened")],
            "ours": [lambda: open_members(season, numbers), lambda: screen_all(season), lambda: examine_all(season)],
        }
        answer = {
            "floor": [lambda: floor.step_members(parent, "decide", "examined"),
                      lambda: floor.step_members(parent, "close", "approved", "rejected")],
            "ours": [lambda: decide_all(season), lambda: close_all(season)],
        }
        for work, times in ((start, starts), (answer, answers)):
            spent = dict.fromkeys(work, 0.0)
            for place in range(len(work["floor"])):
                for who in ("floor", "ours") if turn % 2 == 0 else ("ours", "floor"):
                    spent[who] += seconds(work[who][place])
            for who, total in spent.items():
                times[who].append(total)
    lines = []
    for name, times in (("start", starts), ("answer", answers)):
        note = f"{min(times['ours']) / size * 1e6:.0f} µs a case, floor {min(times['floor']) / size * 1e6:.0f}"
        lines.append(Line("1", f"set step, {name}, {size} cases, {on.kind}", ratio(times["ours"], times["floor"]), LIMIT, note=note))
    return lines
