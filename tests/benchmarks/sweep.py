"""Goal 6: find what is overdue among many clocks, fire ten thousand rungs once each, and grow no faster than the clocks."""

from datetime import timedelta
from typing import Any, Final

from sqlalchemy import func, insert, select

from config.calendar import calendar
from models.case import Rung
from models.column import stamp
from models.deadline import Clock, DeadlineTerms, due, rung_times
from tasks.clock import now
from tasks.deadline import BATCH, DEADLINES, USUAL_RUNGS
from tasks.journal import CASES, ENTRIES, NOTICES
from tasks.rung import fire_rungs, ringing
from tasks.step import Dossier
from tasks.store import reading, table, transaction
from tests.benchmarks.floor import Floor
from tests.benchmarks.measure import Ground, Line, p50, seconds
from tests.benchmarks.workload import open_all, open_season
from tests.benchmarks.workload_one import ROLE

FIND_LIMIT: Final = 2.0
RUNG_LIMIT: Final = 50.0
GROWTH_LIMIT: Final = 12.0
BUDGET: Final = 2
PROCESS: Final = "conscription"
DUTY: Final = "precheck"
LOOKS: Final = 41


def start_clocks(season: Dossier, ready: int) -> list[tuple[Any, ...]]:
    """Start a clock on each member, each from a moment of its own; of the first ones a rung is due."""
    days, at = calendar(), now()
    chosen = select(CASES.c.id).where(CASES.c.parent_id == season.id).order_by(CASES.c.id)
    with reading() as connection:
        ids = connection.execute(chosen).scalars().all()
    rows = []
    for place, case_id in enumerate(ids):
        ringing_now = place < ready
        begun = at - timedelta(days=30, seconds=place) if ringing_now else at + timedelta(seconds=place % 3000)
        terms = DeadlineTerms.under_rules(Clock.WORKING_DAYS, begun, BUDGET)
        ends = due(terms, days)
        times = rung_times(terms, ends, USUAL_RUNGS, days)
        rows.append(
            {
                "case_id": case_id, "name": DUTY, "turn": 1, "clock": "working_days", "budget": BUDGET,
                "anchor_at": begun, "pauses": [], "due_at": ends.due_at, "provisional": ends.provisional,
                "calendar_version": ends.calendar_version, "office": ROLE, "lagging": [], "unit_role": "",
                "rungs": list(USUAL_RUNGS), "next_rung_at": min(times.values()), "rule": "",
            }
        )  # fmt: skip
    with transaction() as tx:
        tx.core.execute(insert(DEADLINES), rows)
    return [(one["case_id"], *(stamp(one[name]) for name in ("anchor_at", "due_at", "next_rung_at"))) for one in rows]


def counted(of: Any) -> int:
    """Count the rows of a table."""
    with reading() as connection:
        return int(connection.execute(select(func.count()).select_from(of)).scalar_one())


def _prepare(floor: Floor, number: str, size: int, ready: int) -> None:
    season = open_season(number, PROCESS)
    numbers = [f"{number}-{place:06}" for place in range(size)]
    open_all(season, numbers)
    rows = start_clocks(season, ready)
    floor.open_members(floor.open_season(number), numbers)
    offset = int(floor.driver.execute("SELECT max(id) FROM cases").fetchone()[0]) - rows[-1][0]
    floor.add_deadlines([(row[0] + offset, *row[1:]) for row in rows])


def measure(on: Ground, few: int, many: int, rungs: int) -> list[Line]:
    """Find and fire among many clocks; then fire all of a few and all of ten times as many."""
    floor = Floor(on)
    floor.open_deadlines()
    _prepare(floor, "A", many, rungs // len(USUAL_RUNGS))
    lines = [_find(on, floor, many)]
    taken, fired, once = _fire()
    note = f"{fired} rungs, each once: {once}"
    lines.append(Line("6", f"fire rungs among {many} clocks, {on.kind}", taken / fired * 1e6, RUNG_LIMIT, "µs", note))
    times = []
    for number, size in (("B", few), ("C", few * 10)):
        _prepare(floor, number, size, size)
        taken, fired, once = _fire()
        assert once
        times.append(taken)
    note = f"{times[0]:.2f} s and {times[1]:.2f} s, all rungs of all clocks"
    what = f"sweep of {few * 10} clocks to one of {few}, {on.kind}"
    return [*lines, Line("6", what, times[1] / times[0], GROWTH_LIMIT, note=note)]


def _fire() -> tuple[float, int, bool]:
    tables = (table(Rung), ENTRIES, NOTICES)
    before = [counted(one) for one in tables]
    taken = seconds(lambda: fire_rungs(limit=10**9))
    after = [counted(one) for one in tables]
    made = {late - early for early, late in zip(before, after, strict=True)}
    return taken, made.pop(), not made and fire_rungs() == 0


def _find(on: Ground, floor: Floor, size: int) -> Line:
    """Find a batch of the overdue, as a sweep does, against the same question by hand on as many clocks."""
    at = now()
    mine: list[float] = []
    theirs: list[float] = []

    def ours() -> int:
        with transaction() as tx:
            return len(ringing(tx, at))

    for turn in range(LOOKS):
        for who in (mine, theirs) if turn % 2 else (theirs, mine):
            who.append(seconds(ours if who is mine else lambda: floor.overdue(stamp(at), BATCH)))
    found = ours()
    assert found == len(floor.overdue(stamp(at), BATCH))
    note = f"{found} a batch: {p50(mine) * 1e3:.2f} ms, floor {p50(theirs) * 1e3:.2f}"
    return Line("6", f"find the overdue among {size}, {on.kind}", p50(mine) / p50(theirs), FIND_LIMIT, note=note)
