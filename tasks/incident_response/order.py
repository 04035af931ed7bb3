"""Orders of an incident: numbered, issued to roles, withdrawn with a reason, never changed (2.2, 4.1)."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import func, insert, select, update

from config.messages import Refusal, say
from models.incident_response.status import IncidentStatus
from tasks.clock import now
from tasks.incident_response.incident import ORDERS, PROCESS, rule_of
from tasks.journal import lock, write_entry
from tasks.notify import tellings
from tasks.step import Dossier
from tasks.store import Transaction, reading

ISSUED: Final = f"notice_{PROCESS}.order"
WITHDRAWN: Final = f"notice_{PROCESS}.order_withdrawn"
LEVELS: Final = ("IV", "III", "II", "I")
"""Levels of response, the lowest first."""


def rank(level: str) -> int:
    """Return how high a level is, 0 for none."""
    return LEVELS.index(level) + 1 if level else 0


def level_text(level: str, language: str | None = None) -> str:
    """Return a level as people read it."""
    return say(f"incident_command.level_{level or 'none'}", language)


def kind_text(kind: str, language: str | None = None) -> str:
    """Return what kind of order one is, as people read it."""
    return say(f"incident_command.order_{kind}", language)


def issue(
    tx: Transaction,
    dossier: Dossier,
    kind: str,
    content: dict[str, Any],
    *,
    issued_by: str,
    level: str = "",
    group: str = "",
    to: Sequence[str] = (),
    called: Sequence[str] = (),
    after: IncidentStatus | None = None,
) -> int:
    """Issue an order under the next number of the incident, with its line and its notices; return the number.

    Args:
        tx: the transaction it is issued in.
        dossier: the incident.
        kind: activation, level, group, scene, expansion, superior, end, …: `incident_command.order_<kind>` names it.
        content: matter, expected duration, measures and whatever else it says; never personal data.
        issued_by: who signed it, as the journal names them.
        level: the level of response that it rests on.
        group: code of the working group that it goes to.
        to: roles that it goes to; they are told at once, and told again if it is withdrawn.
        called: those of them who are told by a call instead (`tasks.incident_response.call`).
        after: the status that the incident reaches by it.
    """
    case, at = lock(tx, dossier.id), now()
    last = select(func.coalesce(func.max(ORDERS.c.number), 0)).where(ORDERS.c.case_id == dossier.id)
    number = int(tx.core.execute(last).scalar_one()) + 1
    roles = list(dict.fromkeys(to))
    whole = {**content, "to": roles}
    tx.core.execute(
        insert(ORDERS).values(
            case_id=dossier.id,
            number=number,
            kind=kind,
            group_code=group,
            level=level,
            content=whole,
            issued_by=issued_by,
            issued_at=at,
            reason="",
        )
    )
    facts = {
        "subject": dossier.subject,
        "number": number,
        "kind": kind_text(kind),
        "level": level_text(level) if level else say("incident_command.no_level"),
        "matter": str(content.get("matter", "")),
    }
    write_entry(
        tx,
        case,
        "order",
        number,
        actor=issued_by,
        at=at,
        after=after,
        outcome={"kind": kind, "group": group, "level": level, **whole},
        rule=rule_of("command_orders")(dossier),
        tellings=tellings(tx, [role for role in roles if role not in called], ISSUED, facts, at, drill=dossier.drill),
    )
    return number


def withdraw(
    tx: Transaction, dossier: Dossier, number: int, *, reason: str, actor: str, superseded_by: int | None = None
) -> bool:
    """Withdraw an order; whoever it went to is told. One that was withdrawn before stays as it was (False).

    Args:
        tx: the transaction it is withdrawn in.
        dossier: the incident.
        number: the order's.
        reason: why; kept with it.
        actor: who withdrew it, as the journal names them.
        superseded_by: number of the order in whose place it stands, if any.

    Raises:
        Refusal: there is no such order.
    """
    case, at = lock(tx, dossier.id), now()
    this = (ORDERS.c.case_id == dossier.id) & (ORDERS.c.number == number)
    found = tx.core.execute(select(ORDERS).where(this)).one_or_none()
    if found is None:
        raise Refusal("incident_command.no_such_order", number=number)
    if found.withdrawn_at is not None:
        return False
    tx.core.execute(update(ORDERS).where(this).values(withdrawn_at=at, withdrawn_by=superseded_by, reason=reason[:300]))
    facts = {"subject": dossier.subject, "number": number, "kind": kind_text(found.kind), "reason": reason}
    write_entry(
        tx,
        case,
        "order-withdrawn",
        number,
        actor=actor,
        at=at,
        outcome={"kind": found.kind, "by": superseded_by, "reason": reason},
        rule=rule_of("command_orders")(dossier),
        tellings=tellings(tx, found.content.get("to", []), WITHDRAWN, facts, at, drill=dossier.drill),
    )
    return True


def supersede(
    tx: Transaction,
    dossier: Dossier,
    kinds: Iterable[str],
    *,
    reason: str,
    actor: str,
    by: int | None = None,
    group: str = "",
) -> list[int]:
    """Withdraw every order of some kinds that still stands, except the one that takes their place; return which."""
    chosen = select(ORDERS.c.number).where(
        ORDERS.c.case_id == dossier.id, ORDERS.c.kind.in_(tuple(kinds)), ORDERS.c.withdrawn_at.is_(None)
    )
    chosen = chosen.where(ORDERS.c.number != by) if by is not None else chosen
    chosen = chosen.where(ORDERS.c.group_code == group) if group else chosen
    numbers = list(tx.core.execute(chosen.order_by(ORDERS.c.number)).scalars())
    for number in numbers:
        withdraw(tx, dossier, number, reason=reason, actor=actor, superseded_by=by)
    return numbers


def orders(case_id: int, *, standing: bool = False) -> list[Any]:
    """Return an incident's orders in their order: all, or those that still stand."""
    chosen = select(ORDERS).where(ORDERS.c.case_id == case_id).order_by(ORDERS.c.number)
    with reading() as connection:
        return list(connection.execute(chosen.where(ORDERS.c.withdrawn_at.is_(None)) if standing else chosen).all())
