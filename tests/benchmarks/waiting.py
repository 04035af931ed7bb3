"""Goal 5: what ten thousand waiting cases cost: no process, no memory, and bytes in the database against the floor's."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from config.settings import ROOT
from tasks.store import engine, transaction
from tests.benchmarks import workload
from tests.benchmarks.floor import Floor
from tests.benchmarks.measure import Ground, Line

LIMIT: Final = 1.5
MB_LIMIT: Final = 0.3
_BYTES: Final = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    "postgresql": "SELECT pg_database_size(current_database())",
}
_KEEPER: Final = """
from pathlib import Path
from tasks.ask import open_questions
from tasks.rung import fire_rungs
from tasks.wait import nudged
nudged(), open_questions(), fire_rungs()
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(int(status["VmHWM"].split()[0]) * 1024)
"""
"""What looks after waiting cases: it wakes the nudged, shows questions and fires rungs.

Its peak is read of its own memory: `getrusage` would count what its parent had when it was forked.
"""


def measure(on: Ground, cases: int) -> list[Line]:
    """Take cases up to their wait on both sides and weigh what they left."""
    floor = Floor(on)
    empty, idle, alive = _weigh(on, floor), _keeper(), _children()
    numbers = [f"W-{place:06}" for place in range(cases)]
    parent, season = floor.open_season("W"), workload.open_season("W")
    floor.open_members(parent, numbers)
    for step, status in (("screen", "opened"), ("examine", "screened")):
        floor.step_members(parent, step, status)
    workload.open_all(season, numbers)
    workload.screen(season)
    workload.examine(season)
    full, busy = _weigh(on, floor), _keeper()
    mine, theirs = ((late - early) / cases for early, late in zip(empty, full, strict=True))
    grown = max(busy - idle, 0) / cases * 1000 / 1e6
    note = f"{mine:.0f} bytes a case, floor {theirs:.0f}"
    return [
        Line("5", f"bytes of {cases} waiting, {on.kind}", mine / theirs, LIMIT, note=note),
        Line("5", f"processes of {cases} waiting, {on.kind}", _children() - alive, 0, ""),
        Line("5", f"memory of 1,000 waiting, {on.kind}", grown, MB_LIMIT, "MB", "of the process that looks after them"),
    ]


def _weigh(on: Ground, floor: Floor) -> tuple[int, int]:
    if on.kind == "sqlite":
        engine().dispose()
    with transaction() as tx:
        ours = tx.driver.execute(_BYTES[on.kind]).fetchone()[0]
    theirs = floor.driver.execute(_BYTES[on.kind]).fetchone()[0]
    return ours, theirs


def _keeper() -> int:
    command = [sys.executable, "-c", _KEEPER]
    return int(subprocess.run(command, cwd=ROOT, env=os.environ, check=True, capture_output=True).stdout)


def _children() -> int:
    return len(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())
