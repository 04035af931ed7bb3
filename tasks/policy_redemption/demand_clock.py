"""The clocks of a demand: watched with their supervising notices, extended, and shown on the questions they bind."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import func, or_, select, update

from config.calendar import calendar
from config.offices import head_of
from config.rulebook import cited, rule
from models.answer import Answer
from models.deadline import BEFORE, Clock, DeadlineTerms, due
from tasks.ask import DECISIONS, OPEN, SEATS, ask
from tasks.ask_members import UNSHOWN
from tasks.clock import local_day, now
from tasks.deadline import DEADLINES, Owed, start_clock
from tasks.journal import FIND_ENTRY, lock, write_entry
from tasks.step import SYSTEM, Dossier
from tasks.store import reading, transaction
from tasks.wait import Parked

A = TypeVar("A", bound=Answer)
CENTRE: Final = "approval_bureau"
LONG: Final = ("half", BEFORE, "last_day", "breach")
SHORT: Final = ("last_day", "breach")
"""Of a clock of a day, whose half is its last morning."""


def watch(
    dossier: Dossier, duty: str, name: str, *, office: str, days: int, anchor: datetime | None = None
) -> datetime:
    """Start a clock of a rule once a turn; a breach is told to the office, its head and the centre (Art. 19).

    Args:
        dossier: the case at the turn of the clock.
        duty: the clock's name.
        name: the rule that it rests on.
        office: who owes it.
        days: working days.
        anchor: the event; the moment by default.

    Returns:
        When it ends.
    """
    told = [role for role in (head_of(office), CENTRE) if role != office]
    return start_clock(
        dossier,
        Owed(
            duty,
            Clock.WORKING_DAYS,
            budget=days,
            anchor=anchor,
            office=office,
            rule=cited(f"policy_redemption.{name}", dossier.on).label,
            rungs=LONG if days > 1 else SHORT,
            escalation={"breach": told},
        ),
    )


def supersede(dossier: Dossier, duty: str) -> None:
    """End a clock that is owed no more as it was: handed back, or extended; what was late already stays late."""
    step = f"clock-{duty}-superseded"
    if (step, dossier.turn) in dossier.journal:
        return
    at = now()
    with transaction() as tx:
        case = lock(tx, dossier.id)
        if not tx.run(FIND_ENTRY, dossier.id, step, dossier.turn).fetchone():  # or another run was faster
            this = _this(dossier, duty)
            late = bool(tx.core.execute(select(DEADLINES.c.due_at < at).where(this)).scalar_one())
            # an end that has passed was missed, whatever followed: only a clock that ended may be counted as late
            ended = {"met_at": at} if late else {}
            tx.core.execute(update(DEADLINES).where(this).values(superseded_at=at, next_rung_at=None, **ended))
            outcome = {"late": late}
            write_entry(tx, case, step, dossier.turn, actor=SYSTEM, at=at, outcome=outcome, substance=False)
            tx.after_commit(lambda: dossier.journal.update({(step, dossier.turn): outcome}))


def _this(dossier: Dossier, duty: str) -> Any:
    return (DEADLINES.c.case_id == dossier.id) & (DEADLINES.c.name == duty) & (DEADLINES.c.turn == dossier.turn)


def due_of(dossier: Dossier, *duties: str) -> datetime | None:
    """Return when the running one of some clocks of a turn ends."""
    chosen = select(DEADLINES.c.due_at).where(
        or_(*(_this(dossier, duty) for duty in duties)), DEADLINES.c.superseded_at.is_(None)
    )
    with reading() as connection:
        found: datetime | None = connection.execute(chosen).scalar_one_or_none()
    return found


def anchor_of(dossier: Dossier, duty: str) -> datetime:
    """Return the event that a clock of a turn counts from."""
    with reading() as connection:
        found: datetime = connection.execute(select(DEADLINES.c.anchor_at).where(_this(dossier, duty))).scalar_one()
    return found


def days_after(moment: datetime, days: int) -> datetime:
    """Return the last moment of a number of working days after a moment."""
    return due(DeadlineTerms.under_rules(Clock.WORKING_DAYS, moment, days), calendar()).due_at or moment


def ask_by(
    form: type[A],
    dossier: Dossier,
    point: str,
    *,
    of: str,
    text: str,
    due_at: datetime | None,
    excluded: Sequence[str] = (),
    shown: Mapping[str, Any] | None = None,
) -> A:
    """Ask as `ask` does and show on the worklist when the clock that binds the answer ends; it starts none itself.

    Where a role has more of one point open than a page can show, the others are answered by sheet, board or command.

    Raises:
        Parked: the answer is still to come.
    """
    try:
        return ask(form, dossier, point, of=of, text=text, excluded=excluded, shown=shown)
    except Parked:
        _show(dossier, point, of, due_at)
        raise


def _show(dossier: Dossier, point: str, role: str, due_at: datetime | None) -> None:
    mine = (DECISIONS.c.case_id == dossier.id) & (DECISIONS.c.point == point) & (DECISIONS.c.turn == dossier.turn)
    many = (
        select(func.count())
        .select_from(SEATS.join(DECISIONS, DECISIONS.c.id == SEATS.c.decision_id))
        .where(SEATS.c.status == OPEN, SEATS.c.role == role, DECISIONS.c.point == point)
    )
    with transaction() as tx:
        tx.core.execute(
            update(DECISIONS).where(mine, DECISIONS.c.due_at.is_distinct_from(due_at)).values(due_at=due_at)
        )
        if tx.core.execute(many).scalar_one() > rule("kernel.question_runs", local_day(now())):
            own = select(DECISIONS.c.id).where(mine).scalar_subquery()
            tx.core.execute(
                update(SEATS).where(SEATS.c.decision_id == own, SEATS.c.run_id == "").values(run_id=UNSHOWN)
            )
