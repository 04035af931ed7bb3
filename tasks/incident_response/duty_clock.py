"""The clocks of duties: found, ended, and derived anew from other terms; what has passed stays missed."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import select, update

from config.calendar import calendar
from models.deadline import Clock, DeadlineTerms, due
from tasks.clock import now
from tasks.deadline import DEADLINES, RUNGS, next_rung
from tasks.journal import Standing, write_entry
from tasks.step import SYSTEM, Dossier
from tasks.store import Transaction

_TERMS: Final = ("anchor_at", "budget", "pauses", "rungs")


def clock_of(tx: Transaction, case_id: int, name: str, turn: int) -> Any:
    """Return the clock of a duty, or None where the law names no time."""
    chosen = select(DEADLINES).where(DEADLINES.c.case_id == case_id, DEADLINES.c.name == name)
    return tx.core.execute(chosen.where(DEADLINES.c.turn == turn)).one_or_none()


def restate(
    tx: Transaction,
    case: Standing,
    clock: Any,
    line: str,
    turn: int,
    *,
    outcome: dict[str, Any],
    actor: str = SYSTEM,
    **terms: Any,
) -> datetime | None:
    """Change what a clock follows from, derive its end and its next rung anew, and write the line that says so.

    Args:
        tx: the transaction.
        case: the locked case.
        clock: the clock's row.
        line: name of the line.
        turn: its turn.
        outcome: what it says besides the new end.
        actor: who did it.
        terms: new `budget`, `anchor_at`, `pauses` or `rungs`.
    """
    days = calendar()
    anchor, budget, pauses, rungs = (terms.get(name, getattr(clock, name)) for name in _TERMS)
    found = DeadlineTerms.under_rules(Clock(clock.clock), anchor, budget, pauses)
    ends = due(found, days)
    fired = tx.core.execute(select(RUNGS.c.rung).where(RUNGS.c.deadline_id == clock.id)).scalars().all()
    values = terms | {
        "due_at": ends.due_at,
        "provisional": ends.provisional,
        "calendar_version": ends.calendar_version,
        "next_rung_at": next_rung(found, ends, rungs, fired, days),
    }
    tx.core.execute(update(DEADLINES).where(DEADLINES.c.id == clock.id).values(values))
    write_entry(tx, case, line, turn, actor=actor, at=now(), outcome=outcome | {"due": ends.due_at}, rule=clock.rule,
                substance=False)  # fmt: skip
    return ends.due_at


def end_clock(tx: Transaction, dossier: Dossier, name: str, turn: int | None = None) -> bool:
    """End the clocks of a name that still run; say whether one had passed: only a clock that ended counts as late."""
    at = now()
    mine = (DEADLINES.c.case_id == dossier.id) & (DEADLINES.c.name == name)
    mine &= DEADLINES.c.met_at.is_(None) & DEADLINES.c.superseded_at.is_(None)
    if turn is not None:
        mine &= DEADLINES.c.turn == turn
    late = False
    for row in tx.core.execute(select(DEADLINES).where(mine)).all():
        missed = row.due_at is not None and at > row.due_at
        ended = {"met_at": at} if missed else {}
        tx.core.execute(
            update(DEADLINES).where(DEADLINES.c.id == row.id).values(superseded_at=at, next_rung_at=None, **ended)
        )
        late = late or missed
    return late
