"""A whole season told bare, without Prefect: seconds a phase; and ten thousand rows taken in."""

import time
from collections import defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

from config.offices import towns
from config.season import season as plan_of
from config.zone import SHANGHAI
from flows.conscription import conscription
from tasks import rehearsal, synthetic
from tasks.clock import local_day, now, set_clock
from tasks.conscription.intake import take_roster
from tasks.journal import verify
from tasks.wait import Parked
from tests.benchmarks.measure import Ground, Line, seconds, simulated

SEASON: Final = "2027H1"
ACTS: Final = 400
ROWS: Final = 10_000


def begin(folder: Path, applicants: int) -> rehearsal.Script:
    """Enrol the cast and set the clock to the winter before."""
    opens = plan_of(SEASON).windows.application["male"].opens
    set_clock(datetime.combine(opens - timedelta(days=31), datetime.min.time(), SHANGHAI))
    rehearsal.enrol_cast(date(opens.year - 1, 1, 1))
    return rehearsal.Script(SEASON, applicants, 7, folder / "sheets")


def phases(script: rehearsal.Script) -> tuple[dict[str, float], float]:
    """Tell the story to its end; return the seconds of our steps by the point they lead to, and those of the rehearsal."""
    spent: defaultdict[str, float] = defaultdict(float)
    acting = 0.0
    for _ in range(ACTS):
        begun = time.perf_counter()
        try:
            conscription.fn(script.season)
        except Parked as parked:
            spent[parked.point] += time.perf_counter() - begun
        else:
            spent["closed"] += time.perf_counter() - begun
            return dict(spent), acting
        begun = time.perf_counter()
        if not rehearsal.act(script):
            raise AssertionError(f"the season stands still: {rehearsal.standing(script)}")
        acting += time.perf_counter() - begun
    raise AssertionError("the season does not end")


def measure(on: Ground, applicants: int) -> list[Line]:
    """Tell one season."""
    told, acting = phases(begin(on.folder, applicants))
    assert not list(verify())
    slow = ", ".join(f"{point} {taken:.2f}" for point, taken in sorted(told.items(), key=lambda one: -one[1])[:6])
    what = f"season of {applicants:,} bare, {on.kind}"
    return [Line("-", what, sum(told.values()), unit="s", note=f"before {slow}; sheets and answers {acting:.1f} s")]


def intake(on: Ground) -> list[Line]:
    """Take ten thousand applications in from one sheet."""
    script = begin(on.folder, ROWS)
    number = ""
    while not number:  # up to the window in which applications come
        try:
            conscription.fn(SEASON)
        except Parked as parked:
            number = parked.dossier.number if parked.point == "applications" else ""
        if not number:
            rehearsal.act(script)
    set_clock(
        max(
            now(),
            datetime.combine(plan_of(SEASON).windows.application["male"].opens, datetime.min.time(), SHANGHAI)
            + timedelta(hours=9),
        )
    )
    today = local_day(now())
    people = synthetic.candidates(ROWS, seed=7, on=plan_of(SEASON).approval.day, towns=[one.title for one in towns()])
    people = [one.model_copy(update={"applied": today}) for one in people]
    path = on.folder / "applications.xlsx"
    synthetic.application_sheet(path, people, seed=7, on=today, flaws=0.01)
    taken: list[int] = []

    def take() -> None:
        found = take_roster(number, "application", path)
        taken.extend((found.accepted, found.rejected))

    spent = seconds(take)
    note = f"{spent / ROWS * 1e6:.0f} µs a row, {taken[0]} taken in, {taken[1]} sent back"
    return [Line("-", f"import of {ROWS:,} rows, {on.kind}", spent, unit="s", note=note)]


def both(few: int, many: int) -> list[Line]:
    """Take rows in, and tell a season of a few and, unless it is none, of many."""
    lines = []
    with simulated() as on:
        lines += intake(on)
    for applicants in filter(None, (few, many)):
        with simulated() as on:
            lines += measure(on, applicants)
    return lines
