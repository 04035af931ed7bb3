"""Goal 9: waking a case with five hundred lines, and a cold `banjie explain` against the import of prefect."""

import os
import subprocess
import sys
from typing import Final

from config.settings import ROOT
from tasks.clock import now
from tasks.journal import Page, lock
from tasks.step import read_dossier
from tasks.store import transaction
from tests.benchmarks.measure import Ground, Line, p50, p95, seconds
from tests.benchmarks.workload_one import open_one, screen

ENTRIES: Final = 500
REPLAY_LIMIT: Final = 10.0
COLD_LIMIT: Final = 0.3
STARTS: Final = 7
EXPLAIN: Final = ("-m", "flows.cli", "explain", "identity", "--number", "11010519491231002X")
IMPORT: Final = ("-c", "import prefect")


def measure(on: Ground) -> list[Line]:
    """Wake a long case, and start the command cold."""
    dossier = open_one("R")
    with transaction() as tx:
        case = lock(tx, dossier.id)
        for turn in range(1, ENTRIES):
            page = Page(tx, "screen", turn, "system", now())
            case = page.add(case, None, {"score": 1})
            page.write()

    def wake() -> None:
        found = read_dossier("R")
        for turn in range(1, ENTRIES):
            screen(found.at_turn(turn))

    times = [seconds(wake) * 1e3 for _ in range(21)]
    note = f"p95 {p95(times):.1f} ms; every step recalled in its type"
    return [Line("9", f"replay of {ENTRIES} lines, {on.kind}", p50(times), REPLAY_LIMIT, "ms", note)]


def cold() -> list[Line]:
    """Start `banjie explain` and `import prefect` by turns, each in a fresh process."""
    ours, theirs = [], []
    for _ in range(STARTS):
        theirs.append(seconds(lambda: _run(IMPORT)))
        ours.append(seconds(lambda: _run(EXPLAIN)))
    note = f"{min(ours):.2f} s, import prefect {min(theirs):.2f} s"
    return [Line("9", "banjie explain cold to import prefect", min(ours) / min(theirs), COLD_LIMIT, note=note)]


def _run(words: tuple[str, ...]) -> None:
    subprocess.run([sys.executable, *words], cwd=ROOT, env=os.environ, check=True, stdout=subprocess.DEVNULL)
