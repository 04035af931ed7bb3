"""Grades as the facts change: confirmed and worst case at every report; up at once, down by the commander (1.5)."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select

from config.fact import Fact
from config.rulebook import cited
from models.incident_response.grade import GradeRange, Level, grade_range
from models.incident_response.report import NUMBERS
from tasks.incident_response.facts import casualties_of, columns_of, known_facts
from tasks.incident_response.incident import PROCESS, present, put
from tasks.journal import ENTRIES, lock, write_entry
from tasks.step import SYSTEM, Dossier
from tasks.store import Transaction

GRADED: Final = "grade_accident"
FIRST, UP, DOWN, SAME = "first", "up", "down", "same"


class Regraded(Fact):
    """What a report made of the grades, and of the numbers behind them."""

    report: int
    confirmed: str
    worst: str
    criteria: list[str]
    worst_criteria: list[str]
    open: list[str]
    direction: str
    before: list[str]
    dead: int | None
    injured: int | None
    missing: int | None
    trapped: int | None
    loss: str | None
    at: datetime


def present_grades(dossier: Dossier) -> GradeRange:
    """Return the two grades as the facts stand, confirmed and worst case, with the working."""
    return grade_range(casualties_of(known_facts(dossier.id)), dossier.on)


def take_facts(tx: Transaction, dossier: Dossier, report: int, at: datetime) -> None:
    """Bring an incident's row to what is known now, and write down what that makes of its grades.

    In the transaction of the report: nobody reads an incident whose row lags behind its reports.
    """
    before, known = present(dossier.id), known_facts(dossier.id)
    grades = grade_range(casualties_of(known), dossier.on)
    now_columns = columns_of(known, checked=bool(before.scope))
    put(tx, dossier.id, grade=grades.confirmed.level.value, worst_grade=grades.worst.level.value, **now_columns)
    changed = any(getattr(before, name) != now_columns[name] for name in (*NUMBERS, "loss_cents"))
    direction = _direction(before, grades)
    if direction != FIRST and not changed and direction == SAME:
        return
    done = select(func.count()).where(ENTRIES.c.case_id == dossier.id, ENTRIES.c.step == GRADED)
    turn: int = tx.core.execute(done).scalar_one() + 1
    outcome = Regraded(
        report=report,
        confirmed=grades.confirmed.level.value,
        worst=grades.worst.level.value,
        criteria=[one.value for one in grades.confirmed.criteria],
        worst_criteria=[one.value for one in grades.worst.criteria],
        open=list(grades.open),
        direction=direction,
        before=[before.grade, before.worst_grade],
        loss=None if known.toll.loss is None else str(known.toll.loss),
        at=at,
        **{name: getattr(known.toll, name) for name in NUMBERS},
    )
    write_entry(tx, lock(tx, dossier.id), GRADED, turn, actor=SYSTEM, at=at, outcome=outcome.model_dump(mode="json"),
                rule=cited(f"{PROCESS}.grade_thresholds", dossier.on).label, substance=False)  # fmt: skip


def _direction(before: Any, grades: GradeRange) -> str:
    """Say which way the grades went: up where either rose, down where none rose and one fell."""
    if not before.grade:
        return FIRST
    pairs = ((before.grade, grades.confirmed.level), (before.worst_grade, grades.worst.level))
    steps = [after.rank - Level(was).rank for was, after in pairs]
    return UP if max(steps) > 0 else DOWN if min(steps) < 0 else SAME
