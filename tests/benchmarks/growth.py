"""Goal 8: what a set costs in an empty installation, and what the same set costs among a million others."""

from typing import Final

from tasks.journal import ENTRIES
from tests.benchmarks import workload
from tests.benchmarks.measure import Ground, Line, p50, spent
from tests.benchmarks.sweep import counted

LIMIT: Final = 1.2
SET: Final = 10_000
EDGE: Final = 3
"""How many sets at either end are compared, by their medians."""


def measure(on: Ground, cases: int) -> list[Line]:
    """Take one set after another through ten lines a case, and compare the last sets with the first."""
    taken = [spent(lambda place=place: _set(place)) for place in range(cases // SET)]  # type: ignore[misc]
    first, last = ([one.wall for one in side] for side in (taken[:EDGE], taken[-EDGE:]))
    cpu = p50([one.cpu for one in taken[-EDGE:]]) / p50([one.cpu for one in taken[:EDGE]])
    note = (
        f"{counted(ENTRIES):,} lines; {p50(first) / SET * 1e6:.0f} µs a case at first, {p50(last) / SET * 1e6:.0f} at last; "
        f"by processor {cpu:.2f} x"
    )
    return [Line("8", f"a set after {cases:,} cases to the first, {on.kind}", p50(last) / p50(first), LIMIT, note=note)]


def _set(place: int) -> None:
    season = workload.open_season(f"G{place}")
    workload.open_all(season, [f"G{place}-{each:06}" for each in range(SET)])
    for step in (workload.screen, workload.examine, workload.decide, workload.close):
        step(season)
    for _ in range(5):  # ten lines a case: closed over and over, as a long case is
        season = season.again()
        workload.close(season)
