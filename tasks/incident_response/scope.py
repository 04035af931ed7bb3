"""Verification and scope: asked of the bureau at once, beside the response and never before it (1.4, 3).

The response waits only where the report itself says that the unit has no licence. A later verdict that it is no
accident, or another plan's, ends the response.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

from config.fact import Fact
from config.messages import Refusal, say
from config.rulebook import cited
from models.case import Mode
from models.deadline import Clock
from models.incident_response.report import Licensed, refuse_numbers
from models.incident_response.report_answer import IncidentVerification
from models.incident_response.status import IncidentStatus as S
from tasks.ask_until import ask_until
from tasks.clock import now
from tasks.deadline import Owed, meet_clock, start_clock
from tasks.incident_response import call, duty, order
from tasks.incident_response.authority import decided_by
from tasks.incident_response.call_record import CALLS
from tasks.incident_response.facts import grades_text
from tasks.incident_response.incident import (
    PROCESS,
    REPORTS,
    arrived,
    brought,
    incident_of,
    plan_of,
    present,
    put,
    rule_of,
    signed,
)
from tasks.incident_response.intake import DUTY_ROOM, alerted
from tasks.incident_response.picture import facts_text
from tasks.journal import CASES, lock
from tasks.pose import withdraw_questions
from tasks.step import Dossier, actor, read_dossier, step
from tasks.store import reading, transaction

POINT: Final = "verify"
FIRST_JUDGEMENT: Final = "first_judgement"
BUREAU: Final = "emergency_bureau"
WATCH: Final = timedelta(days=3650)
"""A verdict is not withdrawn by time; only the end of the emergency makes it needless."""
MAY_CALL_OFF: Final = (BUREAU, "command_office", "incident_commander")
SHORTEST: Final = 2
OUTSIDE: Final = {"accident_outside": S.OUT_OF_SCOPE, "accident_none": S.NOT_ACCIDENT}


class Verified(Fact):
    """The bureau's word on a report, and whether the incident reaches `verified` by it."""

    verdict: str
    reason: str
    by: str
    moves: bool
    grades: str
    at: datetime
    roles: tuple[str, ...]


def establish(case: Dossier) -> bool:
    """Say whether there is something to respond to; wait only where the report says that the unit has no licence.

    Raises:
        Parked: the report names an unlicensed unit, and the bureau has not said yet whether it is handled nevertheless.
    """
    if called_off(case):
        return False
    if reported_unlicensed(case):
        verify(case)
    return not called_off(case)


def called_off(case: Dossier) -> bool:
    """Say whether there is nothing to respond to: no accident, another plan's, or another incident's. It stays so."""
    return S(status_of(case)) in (S.NOT_ACCIDENT, S.OUT_OF_SCOPE, S.MERGED)


def status_of(case: Dossier) -> str:
    """Return where an incident stands, for whoever closes it."""
    with reading() as connection:
        return str(connection.execute(select(CASES.c.status).where(CASES.c.id == case.id)).scalar_one())


def reported_unlicensed(case: Dossier) -> bool:
    """Say whether the first report names an unlicensed unit; later ones no longer hold the response up (1.4)."""
    first = select(REPORTS.c.facts).where(REPORTS.c.case_id == case.id, REPORTS.c.number == 1)
    with reading() as connection:
        facts = connection.execute(first).scalar_one()
    return bool(facts["unit"].get("licensed") == Licensed.NO)


def verify(case: Dossier) -> None:
    """Have the bureau verify the report: told beside the response (3).

    Raises:
        Parked: it has not said yet.
    """
    if called_off(case):
        return
    row = present(case.id)
    start_first_judgement(case, row.received_at)
    word = ask_until(
        IncidentVerification, case, POINT, of=(BUREAU, DUTY_ROOM), text=_text(case), until=now() + WATCH,
        arrived=lambda: present(case.id).ended_at is not None or called_off(case),
        rule=rule_of("report_contents")(case), shown={"licensed": row.licensed}, mode=Mode.ANY_OF, bound=False,
        due=False,
    )  # fmt: skip
    if word is None:
        return
    if word.verdict in OUTSIDE and present(case.id).ended_at is not None:
        return  # it came with the end, and there is nothing left to call off
    if word.verdict in OUTSIDE:
        call_off_incident(case, word.verdict, word.reason, decided_by(case, POINT)[1])
    else:
        verify_incident(case, word.verdict, word.reason)
    meet_clock(case, FIRST_JUDGEMENT)


def start_first_judgement(case: Dossier, received_at: datetime) -> None:
    """Start the clock of the office's first judgement: the machine grades at once, a person confirms it (4.1)."""
    limit, plan = cited(f"{PROCESS}.initial_grading_minutes", case.on), plan_of(case)
    escalation = {"breach": [plan.office, plan.commander]}
    start_clock(
        case,
        Owed(FIRST_JUDGEMENT, Clock.MINUTES, limit.value, anchor=received_at, office=BUREAU, rule=limit.label,
             rungs=("half", "breach"), escalation=escalation),
    )  # fmt: skip


def _text(case: Dossier) -> str:
    licensed = Licensed(present(case.id).licensed)
    return say("question_incident_response.verify", facts=facts_text(case), licensed=licensed.word)


@step(
    reaches=lambda found: S.VERIFIED if found.moves else None,
    tells=lambda found: found.roles,
    rule=rule_of("report_contents"),
)
def verify_incident(case: Dossier, verdict: str, reason: str) -> Verified:
    """Record that the bureau has verified the accident, and report to command office, committee and government (3)."""
    found = _verdict(case, verdict, reason)
    override = verdict == "accident_override"
    with transaction() as tx:
        licence = {} if override else {"licensed": Licensed.YES.value}
        put(tx, case.id, scope="override" if override else "in", scope_reason=reason if override else "", **licence)
    return found


def _verdict(case: Dossier, verdict: str, reason: str) -> Verified:
    moves = S(status_of(case)) is S.REPORTED
    by = decided_by(case, POINT)[1]
    word = say(f"form.verdict_{verdict}")
    return Verified(verdict=word, reason=reason, by=by, moves=moves, grades=grades_text(present(case.id)),
                    at=now(), roles=plan_of(case).first_told)  # fmt: skip


class CalledOff(Fact):
    """Why there is nothing to respond to, who said so, and who had been called."""

    verdict: str
    status: str
    reason: str
    by: str
    roles: tuple[str, ...]


@step(reaches=lambda found: found.status, tells=lambda found: found.roles, rule=rule_of("report_contents"))
def call_off_incident(case: Dossier, verdict: str, reason: str, by: str) -> CalledOff:
    """End the response: no accident, or not under this plan; calls, orders, duties and questions end with it (1.4)."""
    word = say(f"form.verdict_{verdict}")
    roles = stand_everybody_down(case, word, by)
    if verdict == "accident_outside":
        with transaction() as tx:
            put(tx, case.id, scope="out", scope_reason=reason)
    return CalledOff(verdict=word, status=OUTSIDE[verdict].value, reason=reason, by=by, roles=roles)


def call_off(number: str, verdict: str, reason: str, staff_no: str, code: str) -> str:
    """Take a verification back: it was no accident after all, or is another plan's; signed, until the emergency ends.

    Returns:
        One sentence that says so.

    Raises:
        Refusal: no such incident, its emergency has ended, no such verdict, no reason, or the signature does not hold.
    """
    case = incident_of(number.strip().upper())
    if verdict not in OUTSIDE:
        raise Refusal("incident_report.verdict_wrong", given=verdict)
    if len(reason.strip()) < SHORTEST:
        raise Refusal("incident_report.reason_missing")
    refuse_numbers(reason)
    by = signed(staff_no, code, MAY_CALL_OFF).actor
    token = actor.set(by)
    try:
        with transaction() as tx:
            lock(tx, case.id)
            if present(case.id).ended_at is not None:
                raise Refusal("incident_report.ended", number=case.number)
            call_off_incident(read_dossier(case.number), verdict, reason.strip(), by)
    finally:
        actor.reset(token)
    arrived(case.number)
    return say("incident_report.called_off", number=case.number, status=OUTSIDE[verdict].text)


def stand_everybody_down(case: Dossier, why: str, by: str) -> tuple[str, ...]:
    """End calls, orders, duties and open questions of an incident; return who has to hear of it.

    Args:
        case: the incident, locked by the caller's transaction.
        why: the reason, as the orders' withdrawal names it.
        by: who decided it.
    """
    plan = plan_of(case)
    with transaction() as tx:
        running = select(CALLS.c.purpose).where(CALLS.c.case_id == case.id, CALLS.c.ended_at.is_(None)).distinct()
        for purpose in tx.core.execute(running).scalars().all():
            call.stand_down(case, purpose)
        standing = order.orders(case.id, standing=True)
        for one in standing:
            order.withdraw(tx, case, one.number, reason=why, actor=by)
        duty.conclude(case, why)
        withdraw_questions(tx, [case.id])
        brought(case)
    groups = [role for group in plan.groups for role in (group.head, group.lead)] if standing else []
    return tuple(dict.fromkeys((*alerted(case), *groups)))
