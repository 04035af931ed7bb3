"""A question that need not be answered: once its moment has passed it is withdrawn, and the story goes on."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import select, update

from models.answer import Answer
from models.case import DecisionStatus, Mode
from tasks.ask import DECISIONS, OPEN, SEATS, ask
from tasks.clock import now
from tasks.journal import lock, write_entry
from tasks.step import SYSTEM, Dossier, read_dossier
from tasks.store import transaction
from tasks.wait import Parked, park

A = TypeVar("A", bound=Answer)


def _nothing() -> bool:
    return False


def ask_until(
    form: type[A],
    dossier: Dossier,
    point: str,
    *,
    of: str | Sequence[str],
    text: str,
    until: datetime,
    arrived: Callable[[], bool] = _nothing,
    rule: str = "",
    excluded: Sequence[str] = (),
    shown: Mapping[str, Any] | None = None,
    mode: Mode = Mode.SINGLE,
    bound: bool = True,
    due: bool = True,
) -> A | None:
    """Ask for a decision until a moment, or until something makes it needless; None when it was withdrawn.

    Silence decides nothing by itself: `rule` cites why the case may go on without an answer. `due` says whether the
    moment is also the answer's day, with reminders; it is not where minutes count (`tasks.ask.ask` takes the rest).

    Raises:
        Parked: neither an answer nor the moment has come.
    """
    if (f"lapsed-{point}", dossier.turn) in dossier.journal:
        return None
    try:
        return ask(form, dossier, point, of=of, text=text, mode=mode, due=until if due else None, excluded=excluded,
                   shown=shown, bound=bound)  # fmt: skip
    except Parked:
        if now() < until and not arrived():
            if due:
                raise
            raise park(dossier, point, until) from None
    if _withdraw(dossier, point, rule):
        return None
    # answered at the last moment
    return ask(form, dossier, point, of=of, text=text, due=until if due else None, excluded=excluded)


def _withdraw(dossier: Dossier, point: str, rule: str) -> bool:
    at, name = now(), f"lapsed-{point}"
    with transaction() as tx:
        case = lock(tx, dossier.id)
        this = (DECISIONS.c.case_id == dossier.id) & (DECISIONS.c.point == point) & (DECISIONS.c.turn == dossier.turn)
        asked = tx.core.execute(select(DECISIONS.c.id, DECISIONS.c.status).where(this)).one()
        open_still = asked.status == OPEN
        if open_still:
            withdrawn = DecisionStatus.WITHDRAWN.value
            tx.core.execute(update(DECISIONS).where(DECISIONS.c.id == asked.id).values(status=withdrawn))
            mine = update(SEATS).where(SEATS.c.decision_id == asked.id, SEATS.c.status == OPEN)
            tx.core.execute(mine.values(status=withdrawn))
            write_entry(tx, case, name, dossier.turn, actor=SYSTEM, at=at, outcome=at.isoformat(), rule=rule)
    dossier.journal.update(read_dossier(dossier.number).journal)
    return open_still or (name, dossier.turn) in dossier.journal
