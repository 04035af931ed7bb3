"""End of the emergency: three conditions, the scene confirms, the commander approves, all withdraw (4.6, 2.2(4))."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final

from sqlalchemy import select

from config.fact import Fact
from config.messages import say
from config.rulebook import cited
from models.answer import Approval
from models.incident_response.aftermath_answer import EndConfirmation, SuperiorEnd, read_moment
from models.incident_response.status import IncidentStatus as S
from tasks.clock import now
from tasks.incident_response import call, duty, groups, incident, order
from tasks.incident_response.call_record import CALLS
from tasks.incident_response.condition import await_conditions, doubt_condition, noted, still_missing, superior
from tasks.incident_response.order_paper import print_order
from tasks.incident_response.question import InOrder, ask_in_order, ask_unless, note_once, signed_at, take_back
from tasks.step import Dossier, step
from tasks.store import Transaction, reading, transaction

PURPOSE: Final = "end"
RETURN: Final = "return"
CLOSED_BY_END: Final = (
    "end_condition", "end_confirm", "end_approve", "superior_end", "level", "agree_raise", "expand", "expand_deputy",
    "expand_city", "letter_receipt",
)  # fmt: skip
"""Points of the response that nobody needs an answer to once it has ended."""


class Ended(Fact):
    """The end as it was declared: when, by whom, under which order or document; not declared where one was lost."""

    declared: bool
    at: datetime | None = None
    by: str = ""
    order: int = 0
    document: str = ""


def end_emergency(case: Dossier) -> None:
    """End the emergency: put forward when all three conditions are there, confirmed on the scene, approved (4.6).

    A condition that is lost again before the approval takes it back; under superior command its declaration ends it.

    Raises:
        Parked: it has not ended.
    """
    for turn in count(1):
        this = case.at_turn(turn)
        if not await_conditions(this):
            if accept_superior_end(this):
                return
        elif _confirmed(this) and _approved(this) and (found := declare_end(this)).declared:
            print_order(case.at_turn(found.order), "end")
            return


def _lost(case: Dossier) -> bool:
    return bool(still_missing(case.id)) or superior(case.id)


def scene_set_up(case_id: int) -> bool:
    """Say whether an on-site command stands (2.6); without one the command's office confirms."""
    return any(one.kind == "scene" for one in order.orders(case_id, standing=True))


def _confirmed(this: Dossier) -> bool:
    plan = incident.plan_of(this)
    scene = plan.scene if scene_set_up(this.id) else plan.office
    text = say("question_incident_response.end_confirm", conditions=noted(this))
    over = "end_confirm-needless"
    if (over, this.turn) in this.journal:
        return False
    word = ask_unless(EndConfirmation, this, "end_confirm", of=scene, text=text, needless=lambda: _lost(this))
    if word is None:
        note_once(this, over, True)
        return False
    if word.verdict == "confirm_end":
        return True
    doubt_condition(this, word.verdict.removesuffix("_lost"), word.reason)
    return False


def _approved(this: Dossier) -> bool:
    """Ask the commander, and the deputies in order where he does not answer (2.2(4))."""
    plan = incident.plan_of(this)
    confirmed = signed_at(this, "end_confirm")
    text = say(
        "question_incident_response.end_approve", conditions=noted(this), by=confirmed.actor if confirmed else ""
    )
    in_order = InOrder(
        (plan.commander, *plan.deputies),
        timedelta(minutes=plan.stand_in_minutes),
        cited("incident_response.command_stand_in", this.on).label,
        lambda role: _call(this, role),
    )
    word = ask_in_order(Approval, this, "end_approve", in_order, text=text, needless=lambda: _lost(this))
    return word is not None and word.verdict == "approve"


def _call(this: Dossier, role: str) -> datetime | None:
    facts = {"subject": this.subject}
    call.call(this, PURPOSE, [role], "notice_incident_response.end_call", facts, occasion=this.turn)
    return call.awaited_until(this, PURPOSE, role, this.turn)


@step(reaches=lambda found: S.ENDED if found.declared else None, rule=incident.rule_of("end_conditions"))
def declare_end(this: Dossier) -> Ended:
    """Declare the end, approved a moment ago; not where a condition was lost in that moment."""
    signed = signed_at(this, "end_approve")
    if _lost(this) or signed is None:
        return Ended(declared=False)
    with transaction() as tx:
        number = _end(tx, this, signed.at, signed.actor, "")
    return Ended(declared=True, at=signed.at, by=signed.actor, order=number)


def accept_superior_end(this: Dossier) -> bool:
    """Take the superior command's declaration, with its document and its moment (4.4, 4.7).

    False where it gave the command back to the district before.

    Raises:
        Parked: it has not been declared.
    """
    found = incident.present(this.id)
    shown = {"since": found.activated_at.isoformat()} if found.activated_at else {}
    text = say("question_incident_response.superior_end")
    over = "superior_end-needless"
    if (over, this.turn) in this.journal:
        return False
    word = ask_unless(SuperiorEnd, this, "superior_end", of=incident.plan_of(this).office, text=text, shown=shown,
                      needless=lambda: not superior(this.id))  # fmt: skip
    if word is None:
        note_once(this, over, True)
        return False
    found = take_superior_end(this, word.superior_document, word.declared_at)
    print_order(this.at_turn(found.order), "end")
    return True


@step(reaches=S.ENDED, rule=incident.rule_of("readiness_hours"))
def take_superior_end(this: Dossier, document: str, declared_at: str) -> Ended:
    """Record the end that the superior command declared."""
    signed = signed_at(this, "superior_end")
    entered = signed.at if signed else now()
    at = min(read_moment(declared_at), entered) if declared_at.strip() else entered
    by = signed.actor if signed else ""
    with transaction() as tx:
        number = _end(tx, this, at, by, document)
    return Ended(declared=True, at=at, by=by, order=number, document=document)


def _end(tx: Transaction, this: Dossier, at: datetime, by: str, document: str) -> int:
    """Do what an end brings: order, withdrawal, the residents' return, clocks; return the order's number."""
    plan, level = incident.plan_of(this), incident.present(this.id).response_level
    incident.put(tx, this.id, ended_at=at)
    content: dict[str, Any] = {
        "matter": say("incident_aftermath.end_matter", "zh"),
        "measures": say("incident_aftermath.end_measures", "zh"),
        "ended_at": at.isoformat(),
        "document": document,
        "basis": cited("incident_response.end_conditions", this.on).label,
    }
    heads = [role for group in plan.groups for role in (group.head, group.lead)]
    told = (plan.commander, *plan.deputies, plan.office, plan.scene, *plan.members, *heads)
    number = order.issue(tx, this, "end", content, issued_by=by, level=level, to=told)
    back = content | {"matter": say("incident_aftermath.return_matter", "zh"), "measures": ""}
    order.issue(tx, this, RETURN, back, issued_by=by, level=level, to=zones(this))
    reason = say("incident_aftermath.ended_reason", "zh", number=number)
    groups.withdraw_groups(tx, this, by=by, reason=reason)
    for purpose in _purposes(this.id):
        call.stand_down(this, purpose)
    take_back(tx, this, CLOSED_BY_END, content["basis"])
    duty.arm(this, "ended", at)
    return number


def zones(case: Dossier) -> tuple[str, ...]:
    """Return the zone governments concerned."""
    town = incident.present(case.id).town
    return (f"town:{town}",) if town else ("all_towns",)


def _purposes(case_id: int) -> list[str]:
    chosen = select(CALLS.c.purpose).where(CALLS.c.case_id == case_id, CALLS.c.ended_at.is_(None)).distinct()
    with reading() as connection:
        return sorted(connection.execute(chosen).scalars())
