"""Retention: contacts of an incident are erased some time after the response, unless kept as evidence (ERL Art. 85)."""

from datetime import timedelta
from typing import Final

from sqlalchemy import func, or_, select, update

from config.messages import Refusal, say
from config.rulebook import cited
from models.incident_response.aftermath_answer import without_numbers
from tasks.clock import local_day, now
from tasks.incident_response import incident
from tasks.incident_response.contact import CONTACTS
from tasks.journal import CASES, lock, write_entry
from tasks.step import SYSTEM, read_dossier
from tasks.store import reading, transaction

STEP: Final = "erase_incident_contacts"
MOST: Final = 500
"""Incidents in one sweep; the next takes up the rest."""


def erase_incident_contacts() -> int:
    """Erase names and numbers of incidents that ended long enough ago; reports and the journal stay: they name nobody.

    An incident that was never responded to counts from its close. Returns how many incidents.
    """
    term = cited("incident_response.aftermath_contact_days", local_day(now()))
    before = now() - timedelta(days=term.value)
    held = or_(CONTACTS.c.contact.is_not(None), CONTACTS.c.phone.is_not(None))
    chosen = (
        select(CASES.c.id)
        .join(incident.INCIDENTS, incident.INCIDENTS.c.case_id == CASES.c.id)
        .join(CONTACTS, CONTACTS.c.case_id == CASES.c.id)
        .where(func.coalesce(incident.INCIDENTS.c.ended_at, CASES.c.closed_at) < before)
        .where(held, CONTACTS.c.evidence == "")
        .distinct()
        .order_by(CASES.c.id)
        .limit(MOST)
    )
    with reading() as connection:
        cases = list(connection.execute(chosen).scalars())
    for case_id in cases:
        with transaction() as tx:
            case, at = lock(tx, case_id), now()
            mine = update(CONTACTS).where(CONTACTS.c.case_id == case_id, held, CONTACTS.c.evidence == "")
            gone = tx.core.execute(mine.values(contact=None, phone=None, erased_at=at)).rowcount
            write_entry(tx, case, STEP, case.seq + 1, actor=SYSTEM, at=at, outcome={"contacts": gone}, rule=term.label,
                        substance=False)  # fmt: skip
    return len(cases)


def keep_as_evidence(number: str, report: int, reason: str, staff_no: str, code: str) -> str:
    """Keep a report's contact beyond its term as evidence, with the reason; return the sentence that says so.

    Raises:
        Refusal: there is none any more, no reason, or the signature is none.
    """
    why = reason.strip()
    if len(why) <= 1:
        raise Refusal("incident_aftermath.words_missing")
    if (refusal := without_numbers(why)) is not None:
        raise refusal
    try:
        dossier = read_dossier(number)
    except LookupError:
        raise Refusal("kernel.no_such_case", number=number) from None
    roles = ("group_head:investigation", "emergency_bureau", "command_office")
    who = incident.signed(staff_no, code, roles)
    with transaction() as tx:
        case = lock(tx, dossier.id)
        mine = (CONTACTS.c.case_id == dossier.id) & (CONTACTS.c.kind == "report") & (CONTACTS.c.of == report)
        kept = update(CONTACTS).where(mine, CONTACTS.c.erased_at.is_(None)).values(evidence=why[:200])
        if not tx.core.execute(kept).rowcount:
            raise Refusal("incident_aftermath.no_contact", number=number, of=report)
        write_entry(tx, case, "contact-kept", case.seq + 1, actor=who.actor, at=now(),
                    outcome={"report": report, "reason": why}, substance=False)  # fmt: skip
    return say("incident_aftermath.contact_kept", number=number, of=report)
