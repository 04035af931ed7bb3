"""The rows of calls: written, found by code, ended; and the notices of a call that are taken back."""

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, insert, select, update

from config.channels import INBOX, channels
from config.emergency_plan import EmergencyPlan, emergency_plan
from config.offices import OfficeUnknownError, office, towns
from config.rulebook import rule
from config.settings import settings
from models.case import NoticeStatus
from models.incident_response.calling import IncidentAck, IncidentCall, IncidentCallStep
from models.incident_response.ladder import CODE_LETTERS
from models.incident_response.record import Incident
from tasks.clock import local_day
from tasks.journal import NOTICES
from tasks.notify import holders
from tasks.outbox import take_back
from tasks.step import Dossier
from tasks.store import Transaction, reading, table

CALLS: Final = table(IncidentCall)
INCIDENTS: Final = table(Incident)
STEPS: Final = table(IncidentCallStep)
ACKS: Final = table(IncidentAck)
ALL_TOWNS: Final = "all_towns"
_NOT_LEFT: Final = (NoticeStatus.PENDING, NoticeStatus.SENDING)


class Matter(NamedTuple):
    """What somebody is called about: the purpose and occasion, and what the notices say."""

    purpose: str
    occasion: int
    template: str
    facts: Mapping[str, Any]


def plan_for(dossier: Dossier) -> EmergencyPlan:
    """Return the plan that a case's calls follow: the incident's, or the installation's for a test."""
    chosen = select(INCIDENTS.c.plan, INCIDENTS.c.town).where(INCIDENTS.c.case_id == dossier.id)
    with reading() as connection:
        found = connection.execute(chosen).one_or_none()
    if found is None:
        return emergency_plan()
    return EmergencyPlan.model_validate(found.plan) if found.plan else emergency_plan().for_town(found.town)


def role_title(role: str) -> str:
    """Return the short title of a role; the role itself where the registry has dropped it."""
    try:
        return office(role).title
    except OfficeUnknownError:
        return role


def recipient_of(row: Any) -> str:
    """Return whom a call's notices go to: the officer, or the role that nobody holds."""
    return f"officer:{row.staff_no}" if row.staff_no else f"role:{row.role}"


def one_by_one(roles: Iterable[str]) -> list[str]:
    """Return each role once, every town where all of them are meant."""
    found: dict[str, None] = {}
    for role in roles:
        found.update(dict.fromkeys([f"town:{one.id}" for one in towns()] if role == ALL_TOWNS else [role]))
    return list(found)


def people_of(tx: Transaction, role: str, at: datetime, *, drill: bool) -> list[str]:
    """Return the staff numbers to call for a role, and "" for the role's own channel or where nobody holds it."""
    staff = holders(tx, role, local_day(at))
    shared = bool(channels().outward(f"role:{role}", drill=drill))
    return [*staff, ""] if shared or not staff else staff


def new_code(tx: Transaction, dossier: Dossier) -> str:
    """Return a code that no call ever had."""
    length = rule("incident_response.call_code_length", dossier.on)
    while True:
        code = "".join(secrets.choice(CODE_LETTERS) for _ in range(length))
        if tx.core.execute(select(CALLS.c.id).where(CALLS.c.code == code)).first() is None:
            return code


def note_call(tx: Transaction, dossier: Dossier, matter: Matter, who: tuple[str, str], at: datetime) -> Any:
    """Write the row of a call to a role and staff number, and return it."""
    (role, staff_no), code = who, new_code(tx, dossier)
    facts = {"subject": dossier.subject} | dict(matter.facts) | {"code": code, "where": settings().ack_address}
    made = tx.add(
        insert(CALLS).values(
            case_id=dossier.id, purpose=matter.purpose, occasion=matter.occasion, role=role, staff_no=staff_no,
            code=code, template=matter.template, facts=facts, step=0, opened_step=0, opened_at=at, next_at=None,
            called_at=at, answer="", ended_why="",
        )
    )  # fmt: skip
    return tx.core.execute(select(CALLS).where(CALLS.c.id == made)).one()


def change(tx: Transaction, call_id: int, **values: Any) -> None:
    """Change what a call's row says."""
    tx.core.execute(update(CALLS).where(CALLS.c.id == call_id).values(values))


def withdraw_notices(tx: Transaction, row: Any) -> int:
    """Take back the notices of a call that have not left the house; what stands in the inbox stays there."""
    return take_back(tx.core, _waiting(tx, row, NOTICES.c.channel != INBOX.name))


def note_telephoned(tx: Transaction, row: Any, at: datetime) -> None:
    """Note that the notices of a call that waited for a telephone have reached the person."""
    by_telephone = [name for name, channel in channels().channels.items() if channel.kind == "call"]
    made = {"status": NoticeStatus.SENT, "sent_at": at, "next_at": None}
    waiting = _waiting(tx, row, NOTICES.c.channel.in_(by_telephone))
    tx.core.execute(update(NOTICES).where(NOTICES.c.id.in_(waiting)).values(made))


def _waiting(tx: Transaction, row: Any, where: ColumnElement[bool]) -> list[int]:
    waiting = select(NOTICES.c.id, NOTICES.c.facts).where(
        NOTICES.c.case_id == row.case_id, NOTICES.c.recipient == recipient_of(row), NOTICES.c.status.in_(_NOT_LEFT)
    )
    found = tx.core.execute(waiting.where(where))
    return [one.id for one in found if (one.facts or {}).get("code") == row.code]


def end_call(tx: Transaction, row: Any, why: str, at: datetime) -> int:
    """End a call: its ladder goes no further; return how many notices were taken back."""
    change(tx, row.id, ended_at=at, ended_why=why, next_at=None)
    return withdraw_notices(tx, row)


def calls_of(dossier: Dossier, purpose: str, occasion: int | None = None, role: str = "") -> list[Any]:
    """Return the calls about one matter, in the order in which they were made."""
    chosen = select(CALLS).where(CALLS.c.case_id == dossier.id, CALLS.c.purpose == purpose).order_by(CALLS.c.id)
    if occasion is not None:
        chosen = chosen.where(CALLS.c.occasion == occasion)
    if role:
        chosen = chosen.where(CALLS.c.role == role)
    with reading() as connection:
        return list(connection.execute(chosen))
