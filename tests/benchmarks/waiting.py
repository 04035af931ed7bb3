"""Goal 5: what ten thousand waiting cases cost: no process, and bytes in the database against the floor's."""

from typing import Final

import psutil

from tasks.store import engine, forget, transaction
from tests.benchmarks import workload
from tests.benchmarks.floor import Floor
from tests.benchmarks.measure import Ground, Line

LIMIT: Final = 1.5
MB_LIMIT: Final = 0.3
_BYTES: Final = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    "postgresql": "SELECT pg_database_size(current_database())",
}


def measure(on: Ground, cases: int) -> list[Line]:
    """Take cases up to their wait on both sides and weigh what they left."""
    floor, me = Floor(on), psutil.Process()
    empty = _weigh(on, floor)
    before = me.memory_info().rss, len(me.children(recursive=True))
    numbers = [f"W-{place:06}" for place in range(cases)]
    parent, season = floor.open_season("W"), workload.open_season("W")
    floor.open_members(parent, numbers)
    for step, status in (("screen", "opened"), ("examine", "screened")):
        floor.step_members(parent, step, status)
    workload.open_all(season, numbers)
    workload.screen(season)
    workload.examine(season)
    full = _weigh(on, floor)
    mine, theirs = ((late - early) / cases for early, late in zip(empty, full, strict=True))
    forget()
    processes = len(me.children(recursive=True)) - before[1]
    grown = (me.memory_info().rss - before[0]) / cases * 1000 / 1e6
    note = f"{mine:.0f} bytes a case, floor {theirs:.0f}"
    return [
        Line("5", f"bytes of {cases} waiting, {on.kind}", mine / theirs, LIMIT, note=note),
        Line("5", f"processes of {cases} waiting, {on.kind}", processes, 0, ""),
        Line(
            "5",
            f"memory of 1,000 waiting, {on.kind}",
            max(grown, 0),
            MB_LIMIT,
            "MB",
            "of the process that took them there",
        ),
    ]


def _weigh(on: Ground, floor: Floor) -> tuple[int, int]:
    if on.kind == "sqlite":
        engine().dispose()
    with transaction() as tx:
        ours = tx.driver.execute(_BYTES[on.kind]).fetchone()[0]
    theirs = floor.driver.execute(_BYTES[on.kind]).fetchone()[0]
    return ours, theirs
