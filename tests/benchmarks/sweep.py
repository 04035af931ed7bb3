"""Goal 6: find what is overdue among many clocks, fire ten thousand rungs once each, and grow no faster than the clocks."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, insert, select

from config.calendar import calendar
from models.case import Rung
from models.deadline import Clock, DeadlineTerms, due, rung_times
from tasks.clock import now
from tasks.deadline import DEADLINES, USUAL_RUNGS, fire_rungs, overdue
from tasks.journal import CASES, ENTRIES, NOTICES
from tasks.store import reading, table, transaction
from tests.benchmarks.floor import Floor
from tests.benchmarks.measure import Ground, Line, p50, seconds
from tests.benchmarks.workload import ON, ROLE, open_members, open_season

FIND_LIMIT: Final = 2.0
RUNG_LIMIT: Final = 50.0
GROWTH_LIMIT: Final = 12.0
BUDGET: Final = 2
DUTY: Final = "publicity"
LOOKS: Final = 41


def clocks(season: Any, count: int, ready: int) -> None:
    """Start clocks on members, each from a moment of its own; of some the first rung is due."""
    days, at = calendar(), now()
    with reading() as connection:
        ids = connection.execute(
            select(CASES.c.id).where(CASES.c.parent_id == season.id).order_by(CASES.c.id)
        ).scalars().all()
    rows = []
    for place, case_id in enumerate(ids[:count]):
        begun = at - timedelta(days=9, seconds=place) if place < ready else at - timedelta(seconds=place % 3000)
        terms = DeadlineTerms.under_rules(Clock.WORKING_DAYS, begun, BUDGET)
        ends = due(terms, days)
        first = min(rung_times(terms, ends, USUAL_RUNGS, days).values()) if place < ready else at + timedelta(days=1)
        rows.append(
            {
                "case_id": case_id, "name": DUTY, "turn": 1, "clock": "working_days", "budget": BUDGET,
                "anchor_at": begun, "pauses": [], "due_at": ends.due_at, "provisional": ends.provisional,
                "calendar_version": ends.calendar_version, "office": ROLE, "lagging": [], "unit_role": "",
                "rungs": list(USUAL_RUNGS), "next_rung_at": first, "rule": "",
            }
        )  # fmt: skip
    with transaction() as tx:
        tx.core.execute(insert(DEADLINES), rows)


def counted(of: Any) -> int:
    """Count the rows of a table."""
    with reading() as connection:
        return int(connection.execute(select(func.count()).select_from(of)).scalar_one())


def measure(on: Ground, few: int, many: int, ready: int) -> list[Line]:
    """Sweep a few clocks, then many."""
    lines, times, floor = [], {}, Floor(on)
    floor.open_deadlines()
    for size, number in ((few, "A"), (many, "B")):
        season = open_season(number)
        open_members(season, [f"{number}-{place:06}" for place in range(size)])
        clocks(season, size, ready if size == many else few)
        before = counted(table(Rung))
        if size == many:
            lines.append(_find(on, floor, size))
        entries, notices = counted(ENTRIES), counted(NOTICES)
        taken = seconds(lambda: fire_rungs(limit=10**9))
        fired = counted(table(Rung)) - before
        once = fired == counted(ENTRIES) - entries == counted(NOTICES) - notices and fire_rungs(limit=10**9) == 0
        times[size] = taken / fired
        note = f"{fired} rungs in {taken:.2f} s, each once: {'yes' if once else 'NO'}"
        lines.append(Line("6", f"fire rungs among {size} clocks, {on.kind}", taken / fired * 1e6, RUNG_LIMIT, "µs", note))
    return lines


def _find(on: Ground, floor: Floor, size: int) -> Line:
    """Find the overdue clocks of everybody, against the same question by hand on the same number of clocks."""
    floor.copy_deadlines(_rows())
    at = datetime.now(UTC)
    mine, theirs = [], []
    for _ in range(LOOKS):
        theirs.append(seconds(lambda: floor.overdue(at)))
        mine.append(seconds(lambda: overdue(at)))
    found, by_hand = len(overdue(at)), len(floor.overdue(at))
    note = f"{found} found, floor {by_hand}; {p50(mine) * 1e3:.2f} ms, floor {p50(theirs) * 1e3:.2f}"
    return Line("6", f"find the overdue of {size}, {on.kind}", p50(mine) / p50(theirs), FIND_LIMIT, note=note)


def _rows() -> list[tuple[Any, ...]]:
    with reading() as connection:
        return [tuple(row) for row in connection.execute(select(DEADLINES.c.case_id, DEADLINES.c.name, DEADLINES.c.due_at))]
