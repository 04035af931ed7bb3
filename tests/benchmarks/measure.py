"""Ground of every benchmark: fresh databases of ours, a clock, and the table of what was measured beside its limit."""

import gc
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from tasks import store
from tasks.database import upgrade
from tasks.postgres import Postgres


class Line(NamedTuple):
    """One measured figure beside its limit; without a limit it is told for its own sake."""

    goal: str
    what: str
    measured: float
    limit: float | None = None
    unit: str = "x"
    note: str = ""

    @property
    def verdict(self) -> str:
        """Say whether the figure is within its limit."""
        return "" if self.limit is None else "ok" if self.measured <= self.limit else "OVER"


class Ground(NamedTuple):
    """Two databases of one kind side by side: the floor's, and ours (which the kernel of this process now uses)."""

    kind: str
    folder: Path
    floor: str
    ours: str


@contextmanager
def ground(kind: str, cluster: Postgres | None = None, clock: str = "real") -> Iterator[Ground]:
    """Make a pair of empty databases and point the kernel at ours, brought up to date by the migrations."""
    with tempfile.TemporaryDirectory(prefix="banjie-benchmark-") as name:
        folder = Path(name)
        if kind == "sqlite":
            made = Ground(kind, folder, str(folder / "floor.db"), f"sqlite:///{folder / 'banjie.db'}")
        else:
            assert cluster is not None
            for database in ("floor", "ours"):
                cluster.drop(database)
                cluster.create(database)
            made = Ground(kind, folder, cluster.url("floor"), cluster.url("ours", "psycopg"))
        os.environ |= {"BANJIE_HOME": name, "BANJIE_DATABASE_URL": made.ours, "BANJIE_CLOCK": clock}
        store.forget()
        upgrade()
        try:
            yield made
        finally:
            store.forget()
            if cluster is not None:
                for database in ("floor", "ours"):
                    cluster.drop(database)


def simulated() -> AbstractContextManager[Ground]:
    """Make a pair of databases on SQLite, of an installation whose clock is moved by hand."""
    return ground("sqlite", clock="simulated")


@contextmanager
def cluster() -> Iterator[Postgres]:
    """Run an embedded PostgreSQL that really waits for the disk."""
    folder = Path(tempfile.mkdtemp(prefix="banjie-benchmark-pg-"))
    made = Postgres(folder / "postgres")
    made.start()
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


class Spent(NamedTuple):
    """What some work took: seconds by the clock, and of the processor in this process."""

    wall: float
    cpu: float


def spent(work: Callable[[], object]) -> Spent:
    """Return what some work takes; the garbage of the work before it is not on its bill."""
    gc.collect()
    begun, busy = time.perf_counter(), time.process_time()
    work()
    return Spent(time.perf_counter() - begun, time.process_time() - busy)


def seconds(work: Callable[[], object]) -> float:
    """Return how long some work takes by the clock."""
    return spent(work).wall


def p50(times: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(times)


def p95(times: Sequence[float]) -> float:
    """Return the 95th percentile."""
    return sorted(times)[min(len(times) - 1, int(len(times) * 0.95))]


def quiet(times: Sequence[float]) -> float:
    """Return the 10th percentile: what the work takes when nobody else wants the machine."""
    return sorted(times)[len(times) // 10]


def ratio(ours: Sequence[float], floor: Sequence[float]) -> float:
    """Return the median of the ratios of neighbours: what slows the machine for a while slows both of a pair."""
    return statistics.median(mine / theirs for mine, theirs in zip(ours, floor, strict=True))


def show(lines: Sequence[Line]) -> None:
    """Print the table."""
    shown = Table("goal", "what", "measured", "limit", "", "note")
    for line in lines:
        limit = "" if line.limit is None else f"{line.limit:g} {line.unit}"
        shown.add_row(line.goal, line.what, f"{line.measured:.3g} {line.unit}", limit, line.verdict, line.note)
    Console(width=170).print(shown)
