"""Whom to call about a report, and the number that was called: sealed apart, so that it can be erased (ERL Art. 85)."""

from typing import Any, Final, Literal

from sqlalchemy import insert, select

from models.incident_response.record import IncidentContact
from tasks.clock import now
from tasks.journal import lock, write_entry
from tasks.step import SYSTEM, actor
from tasks.store import Transaction, reading, table, transaction

CONTACTS: Final = table(IncidentContact)
Kind = Literal["report", "ack"]


def keep_contact(
    tx: Transaction, case_id: int, kind: Kind, of: int, *, contact: str = "", phone: str = "", evidence: str = ""
) -> None:
    """Keep a contact beside its report (by number) or acknowledgement (by id); nothing given, nothing kept.

    Args:
        tx: the transaction that brings the report or acknowledgement.
        case_id: the incident.
        kind: what it belongs to.
        of: the report's number in the incident, or the acknowledgement's id.
        contact: a name.
        phone: a telephone number.
        evidence: why it is kept as evidence after the response; empty where it is not.
    """
    if contact or phone:
        row = {"contact": contact or None, "phone": phone or None, "evidence": evidence, "erased_at": None}
        tx.core.execute(insert(CONTACTS).values(case_id=case_id, kind=kind, of=of, **row))


def contacts_of(case_id: int) -> list[Any]:
    """Return an incident's contacts (`kind`, `of`, `contact`, `phone`, `evidence`, `erased_at`).

    Whoever shows them journals it with `note_reading`.
    """
    with reading() as connection:
        chosen = select(CONTACTS).where(CONTACTS.c.case_id == case_id).order_by(CONTACTS.c.id)
        return list(connection.execute(chosen))


def note_reading(case_id: int, what: str) -> None:
    """Write down that sealed contacts were read, and for what."""
    with transaction() as tx:
        case = lock(tx, case_id)
        by = actor.get() or SYSTEM
        write_entry(tx, case, "contacts-read", case.seq + 1, actor=by, at=now(), outcome=what, substance=False)
