"""Questions of an incident: taken back once they are needless, and asked of the next in order where nobody answers."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import select, update

from models.answer import Answer
from models.case import DecisionStatus, Mode
from tasks.ask import DECISIONS, OPEN, SEATS
from tasks.ask_until import ask_until
from tasks.clock import now
from tasks.journal import ENTRIES, FIND_ENTRY, lock, write_entry
from tasks.step import SYSTEM, Dossier
from tasks.store import Transaction, reading, transaction
from tasks.wait import Parked, park

A = TypeVar("A", bound=Answer)
AHEAD: Final = timedelta(days=1)
"""A question that nothing but an arrival takes back is asked until a moment that never comes."""
WITHDRAWN: Final = DecisionStatus.WITHDRAWN.value


class Signed(NamedTuple):
    """Who answered, as the journal names them, and when."""

    actor: str
    at: datetime


def ask_unless(
    form: type[A],
    dossier: Dossier,
    point: str,
    *,
    of: str | Sequence[str],
    text: str,
    needless: Callable[[], bool],
    excluded: Sequence[str] = (),
    shown: Mapping[str, Any] | None = None,
    mode: Mode = Mode.SINGLE,
) -> A | None:
    """Ask for as long as the answer is needed; None where it was never asked because of that, or was taken back.

    Raises:
        Parked: the answer is still to come.
    """
    if (f"asked-{point}", dossier.turn) not in dossier.journal and needless():
        return None
    try:
        return ask_until(form, dossier, point, of=of, text=text, until=now() + AHEAD, arrived=needless,
                         excluded=excluded, shown=shown, mode=mode, bound=False, due=False)  # fmt: skip
    except Parked:
        raise park(dossier, point, None) from None


class InOrder(NamedTuple):
    """Who is asked in order: the first, then each next besides, when the wait for those before has passed."""

    roles: tuple[str, ...]
    wait: timedelta
    rule: str
    call: Callable[[str], datetime | None]
    """Calls a role about the question, once, and says until when it is waited for; None: for the usual time."""


def ask_in_order(
    form: type[A],
    dossier: Dossier,
    point: str,
    order: InOrder,
    *,
    text: str,
    needless: Callable[[], bool],
    excluded: Sequence[str] = (),
) -> A | None:
    """Ask the first, and where no answer comes in time the next besides, who then stands in; None once needless.

    Whoever was asked earlier may still answer. `signed_at` tells who did.

    Raises:
        Parked: the answer is still to come.
    """
    over = f"{point}-needless"
    if (over, dossier.turn) in dossier.journal:
        return None
    for place in range(1, len(order.roles) + 1):
        own = f"{point}.{place}"
        if (f"asked-{own}", dossier.turn) not in dossier.journal and needless():
            break
        until = _until(dossier, own, order, order.roles[place - 1])
        mode, last = Mode.ANY_OF if place > 1 else Mode.SINGLE, place == len(order.roles)
        try:
            answer = ask_until(form, dossier, own, of=order.roles[:place], text=text, arrived=needless, mode=mode,
                               until=now() + AHEAD if last else until, rule=order.rule, excluded=excluded, bound=False,
                               due=False)  # fmt: skip
        except Parked:
            raise park(dossier, own, None if last else until) from None
        if answer is not None:
            return answer
        if needless() and (f"asked-{point}.{place + 1}", dossier.turn) not in dossier.journal:
            break
    note_once(dossier, over, True)
    return None


def _until(dossier: Dossier, point: str, order: InOrder, role: str) -> datetime:
    """Return until when the last one asked is waited for; whoever has not been called about it is called."""
    asked = moment_of(dossier, f"asked-{point}") or now()
    called = None
    if (f"ask-{point}", dossier.turn) not in dossier.journal:
        called = order.call(role)
    return max(asked + order.wait, called) if called else asked + order.wait


def moment_of(dossier: Dossier, step: str) -> datetime | None:
    """Return when a line of the journal was written at this turn, if it was."""
    found = _line(dossier, step)
    return found.at if found else None


def signed_at(dossier: Dossier, point: str) -> Signed | None:
    """Return who answered a question of this turn, or one of those asked in order, and when."""
    for own in (point, *(f"{point}.{place}" for place in range(1, 10))):
        found = _line(dossier, f"ask-{own}")
        if found is not None:
            return Signed(found.actor, found.at)
    return None


def _line(dossier: Dossier, step: str) -> Any:
    chosen = select(ENTRIES.c.actor, ENTRIES.c.at).where(
        ENTRIES.c.case_id == dossier.id, ENTRIES.c.step == step, ENTRIES.c.turn == dossier.turn
    )
    with reading() as connection:
        return connection.execute(chosen).one_or_none()


def note_once(dossier: Dossier, name: str, outcome: Any) -> None:
    """Write a plain line once a turn."""
    if (name, dossier.turn) in dossier.journal:
        return
    with transaction() as tx:
        case = lock(tx, dossier.id)
        if not tx.run(FIND_ENTRY, dossier.id, name, dossier.turn).fetchone():
            write_entry(tx, case, name, dossier.turn, actor=SYSTEM, at=now(), outcome=outcome, substance=False)
    dossier.journal[name, dossier.turn] = outcome


def take_back(tx: Transaction, dossier: Dossier, stems: Collection[str] | None, rule: str) -> list[str]:
    """Take back every open question of some points (`x` stands for `x.y` too), as nobody needs the answer; return them.

    Without points every question of the incident is meant: it is over.

    Args:
        tx: the transaction of what made them needless.
        dossier: the incident.
        stems: the points, up to their first dot; None for all.
        rule: why they are needless.
    """
    chosen = select(DECISIONS.c.id, DECISIONS.c.point, DECISIONS.c.turn).where(
        DECISIONS.c.case_id == dossier.id, DECISIONS.c.status == OPEN
    )
    rows = tx.core.execute(chosen.order_by(DECISIONS.c.id)).all()
    found = [row for row in rows if stems is None or row.point.partition(".")[0] in stems]
    at = now()
    for row in found:
        tx.core.execute(update(DECISIONS).where(DECISIONS.c.id == row.id).values(status=WITHDRAWN))
        mine = update(SEATS).where(SEATS.c.decision_id == row.id, SEATS.c.status == OPEN)
        tx.core.execute(mine.values(status=WITHDRAWN))
        name, outcome = f"lapsed-{row.point}", at.isoformat()
        case = lock(tx, dossier.id)
        write_entry(tx, case, name, row.turn, actor=SYSTEM, at=at, outcome=outcome, rule=rule, substance=False)
    return [row.point for row in found]
