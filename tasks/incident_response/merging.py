"""Two incidents that are one: the reports of one go over by reference, it closes as merged, nothing is deleted."""

from typing import Any, Final

from sqlalchemy import update

from config.messages import Refusal, say
from models.incident_response.report import refuse_numbers
from models.incident_response.status import IncidentStatus as S
from tasks.case import close_case
from tasks.clock import now
from tasks.incident_response.grading import take_facts
from tasks.incident_response.incident import (
    INCIDENTS,
    PROCESS,
    arrived,
    brought,
    incident_of,
    plan_of,
    present,
    put,
    signed,
)
from tasks.incident_response.scope import stand_everybody_down
from tasks.journal import lock, write_entry
from tasks.notify import tellings
from tasks.step import Dossier
from tasks.store import Transaction, transaction

MAY_MERGE: Final = ("command_office", "emergency_bureau", "emergency_duty")
DONE: Final = "merge_incident"
SHORTEST: Final = 2


def merge(number: str, into: str, reason: str, staff_no: str, code: str) -> str:
    """Merge an incident into the one that it is the same as: signed; its response ends, the other's goes on.

    Args:
        number: the incident that was opened twice, by mistake.
        into: the incident that stays.
        reason: why they are one accident.
        staff_no: who signs.
        code: with which one-time code.

    Returns:
        One sentence that says so.

    Raises:
        Refusal: they are the same number, one is a drill and the other is not, one is over, or the signature does not
            hold.
    """
    twin, stays = incident_of(number.strip().upper()), incident_of(into.strip().upper())
    if twin.id == stays.id:
        raise Refusal("incident_report.merge_itself", number=twin.number)
    if present(twin.id).exercise != present(stays.id).exercise:
        raise Refusal("incident_report.merge_drill", number=twin.number, into=stays.number)
    if len(reason.strip()) < SHORTEST:
        raise Refusal("incident_report.reason_missing")
    refuse_numbers(reason)
    by = signed(staff_no, code, MAY_MERGE).actor
    with transaction() as tx:
        for one in sorted((twin.id, stays.id)):  # in the order of the cases, so that nobody waits crosswise
            lock(tx, one)
        incident_of(twin.number), incident_of(stays.number)  # somebody may have been faster
        _merge(tx, twin, stays, reason.strip(), by)
    arrived(twin.number)
    arrived(stays.number)
    return say("incident_report.merged", number=twin.number, into=stays.number)


def _merge(tx: Transaction, twin: Dossier, stays: Dossier, reason: str, by: str) -> None:
    at, why = now(), say("incident_report.merged", number=twin.number, into=stays.number)
    roles = stand_everybody_down(twin, why, by)
    put(tx, twin.id, merged_into=stays.id)
    earlier = INCIDENTS.c.merged_into == twin.id  # what was merged into it before goes on with it
    tx.core.execute(update(INCIDENTS).where(earlier).values(merged_into=stays.id))
    facts = {"subject": twin.subject, "number": twin.number, "into": stays.number, "reason": reason}
    told = tellings(tx, roles, f"notice_{PROCESS}.{DONE}", facts, at, drill=twin.drill)
    outcome = {"number": twin.number, "into": stays.number, "reason": reason}
    rule = say("incident_report.clause_report", "zh")
    write_entry(tx, lock(tx, twin.id), DONE, 1, actor=by, at=at, outcome=outcome, rule=rule, tellings=told)
    close_case(twin, S.MERGED, outcome, rule)
    case = lock(tx, stays.id)
    write_entry(tx, case, DONE, case.seq + 1, actor=by, at=at, outcome=outcome, rule=rule,
                tellings=_tell(tx, stays, facts), substance=False)  # fmt: skip
    take_facts(tx, stays, 0, at)
    brought(stays)


def _tell(tx: Transaction, stays: Dossier, facts: dict[str, Any]) -> Any:
    plan = plan_of(stays)
    return tellings(tx, (plan.commander, plan.office), f"notice_{PROCESS}.{DONE}", facts, now(), drill=stays.drill)
