"""The three conditions of the end, each attested by its own group; what is lost again counts no more (4.6)."""

from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any, Final

from sqlalchemy import insert, select

from config.fact import Fact
from config.messages import Refusal, say
from config.rulebook import cited, rule
from models.case import Mode
from models.incident_response.aftermath import IncidentCondition
from models.incident_response.aftermath_answer import EndCondition, without_numbers
from models.incident_response.ending import Condition, listed, missing
from models.incident_response.status import IncidentStatus as S
from tasks.alongside import gather
from tasks.clock import now
from tasks.incident_response import incident
from tasks.incident_response.question import ask_unless, note_once, signed_at
from tasks.journal import lock, write_entry
from tasks.step import Dossier, step
from tasks.store import Transaction, reading, table, transaction
from tasks.wait import wait_until

CONDITIONS: Final = table(IncidentCondition)
PLACES: Final = {one: place for place, one in enumerate(Condition, 1)}
SPREAD: Final = 10
"""Attestations of a condition are told apart by the turn: 10 × how often it was asked, and the condition's place."""
TAKEN_OVER: Final = "superior-needless"
"""Line of a round in which the superior command led: its groups attest to nobody here."""
RESPONDING: Final = (S.PLAN_ACTIVATED, S.RESPONDING, S.EXPANDED, S.SUPERIOR_COMMAND)


class Attested(Fact):
    """One condition as it was attested."""

    condition: str
    met: bool
    evidence: str
    by: str


class Conditions(Fact):
    """The three conditions as they stood when the end was put forward."""

    conditions: tuple[Attested, ...]


def standing(case_id: int) -> dict[Condition, Any]:
    """Return the latest attestation of each condition that has one."""
    chosen = select(CONDITIONS).where(CONDITIONS.c.case_id == case_id).order_by(CONDITIONS.c.id)
    with reading() as connection:
        return {Condition(row.condition): row for row in connection.execute(chosen)}


def still_missing(case_id: int) -> tuple[Condition, ...]:
    """Return the conditions that are not there now."""
    return missing([one for one, row in standing(case_id).items() if row.met])


def superior(case_id: int) -> bool:
    """Say whether the superior command leads: then its declaration ends the response (4.4)."""
    return bool(incident.present(case_id).command == "superior")


def attesters(dossier: Dossier, condition: Condition) -> tuple[str, ...]:
    """Return the roles that attest a condition, as the rulebook names them."""
    named: tuple[str, ...] = rule("incident_response.aftermath_condition_roles", dossier.on)[condition.value]
    return named


def attest(tx: Transaction, dossier: Dossier, found: Attested, role: str) -> None:
    """Keep an attestation; it counts until the next of the same condition."""
    row = found.model_dump() | {"case_id": dossier.id, "role": role, "at": now()}
    tx.core.execute(insert(CONDITIONS).values(row))


def await_conditions(dossier: Dossier) -> bool:
    """Wait until all three are attested; False where the superior command took over meanwhile.

    Raises:
        Parked: one of them is missing.
    """
    if ("note_end_conditions", dossier.turn) in dossier.journal:
        return True
    if (TAKEN_OVER, dossier.turn) in dossier.journal:
        return False
    while not superior(dossier.id):
        if not still_missing(dossier.id):
            note_end_conditions(dossier)
            return True
        gather(dossier, *(partial(_watch, one) for one in Condition))
    gather(dossier, *(partial(_watch, one) for one in Condition))  # what was asked is taken back
    note_once(dossier, TAKEN_OVER, True)
    return False


@step(rule=incident.rule_of("end_conditions"))
def note_end_conditions(dossier: Dossier) -> Conditions:
    """Note that all three conditions were there, with what shows each."""
    rows = standing(dossier.id)
    return Conditions(conditions=tuple(_attested(rows[one]) for one in Condition if one in rows))


def _attested(row: Any) -> Attested:
    return Attested(condition=row.condition, met=row.met, evidence=row.evidence, by=row.by)


def noted(dossier: Dossier) -> str:
    """Return the conditions of this round with their evidence, as a question shows them."""
    found = Conditions.model_validate(dossier.journal["note_end_conditions", dossier.turn])
    return "\n".join(
        say("question_incident_response.end_evidence", condition=Condition(one.condition).text, evidence=one.evidence)
        for one in found.conditions
    )


def _needless(dossier: Dossier, condition: Condition) -> bool:
    return condition not in still_missing(dossier.id) or superior(dossier.id)


def _watch(condition: Condition, dossier: Dossier) -> None:
    """Ask the group of one condition, and again some time after it said that it is not there yet."""
    point, again = f"end_condition.{condition.value}", timedelta(
        minutes=rule("incident_response.aftermath_condition_minutes", dossier.on)
    )  # fmt: skip
    roles = attesters(dossier, condition)
    for times in count(1):
        this = dossier.at_turn(times * SPREAD + PLACES[condition])
        text = say("question_incident_response.end_condition", condition=condition.text)
        word = ask_unless(EndCondition, this, point, of=roles, text=text, needless=partial(_needless, this, condition),
                          mode=Mode.ANY_OF if len(roles) > 1 else Mode.SINGLE)  # fmt: skip
        if word is not None:
            record_condition(this, condition.value, word.verdict == "met", word.evidence, point)
        if _needless(this, condition):
            return
        if word is None or word.verdict == "met":  # it was there, and was lost again
            continue
        signed = signed_at(this, point)
        wait_until(this, point, (signed.at if signed else now()) + again)


@step(rule=incident.rule_of("end_conditions"))
def record_condition(dossier: Dossier, condition: str, met: bool, evidence: str, point: str) -> Attested:
    """Record what a group said of its condition."""
    signed = signed_at(dossier, point)
    found = Attested(condition=condition, met=met, evidence=evidence, by=signed.actor if signed else "")
    with transaction() as tx:
        attest(tx, dossier, found, attesters(dossier, Condition(condition))[0])
    return found


@step(rule=incident.rule_of("end_conditions"))
def doubt_condition(dossier: Dossier, condition: str, why: str) -> Attested:
    """Record that the scene says a condition is not there after all."""
    signed = signed_at(dossier, "end_confirm")
    found = Attested(condition=condition, met=False, evidence=why[:300], by=signed.actor if signed else "")
    with transaction() as tx:
        attest(tx, dossier, found, incident.plan_of(dossier).scene)
    return found


def put_forward(number: str, staff_no: str, code: str) -> str:
    """Put the end forward: say with whom it is, or which condition is missing.

    Raises:
        Refusal: a condition is missing, the response is over, or the signature is none.
    """
    dossier = _responding(number)
    plan = incident.plan_of(dossier)
    incident.signed(staff_no, code, (plan.scene, plan.office, plan.commander, *plan.deputies))
    if superior(dossier.id):
        raise Refusal("incident_aftermath.superior_leads", number=number)
    left = still_missing(dossier.id)
    if left:
        raise Refusal("incident_aftermath.conditions_missing", missing=listed(left))
    return say("incident_aftermath.end_is_due", number=number)


def attest_from_outside(number: str, item: Condition, *, met: bool, evidence: str, staff_no: str, code: str) -> str:
    """Take a signed attestation of a condition from a form or the command line; return the sentence that says so.

    That a condition was lost again may be said by the scene, too.

    Raises:
        Refusal: the response is over, it says nothing or too much, or the signature is none.
    """
    dossier = _responding(number)
    plan = incident.plan_of(dossier)
    if len(evidence.strip()) <= 1:
        raise Refusal("incident_aftermath.evidence_missing")
    if (refusal := without_numbers(evidence)) is not None:
        raise refusal
    own = attesters(dossier, item)
    roles = own if met else (*own, plan.scene, plan.office)
    who = incident.signed(staff_no, code, roles)
    found = Attested(condition=item.value, met=met, evidence=evidence.strip()[:300], by=who.actor)
    with transaction() as tx:
        case = lock(tx, dossier.id)
        if case.status not in RESPONDING:
            raise Refusal("incident_aftermath.not_responding", number=number)
        attest(tx, dossier, found, own[0])
        label = cited("incident_response.end_conditions", dossier.on).label
        write_entry(tx, case, "condition-attested", case.seq + 1, actor=who.actor, at=now(), outcome=found.model_dump(),
                    rule=label, substance=False)  # fmt: skip
        incident.brought(dossier)
    incident.arrived(number)
    left = still_missing(dossier.id)
    rest = say("incident_aftermath.left_missing", missing=listed(left)) if left else say("incident_aftermath.all_there")
    return say("incident_aftermath.condition_taken" if met else "incident_aftermath.condition_lost",
               number=number, condition=item.text, rest=rest)  # fmt: skip


def _responding(number: str) -> Dossier:
    dossier = incident.incident_of(number)
    with transaction() as tx:
        status = lock(tx, dossier.id).status
    if status not in RESPONDING:
        raise Refusal("incident_aftermath.not_responding", number=number)
    return dossier
