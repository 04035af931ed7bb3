"""What the command does by a signed act: further tasks, events, the on-site command, sudden danger, who commands."""

import re
from typing import Final, NamedTuple

from sqlalchemy import func, insert, select

from config.messages import Refusal, say
from models.incident_response.status import IncidentStatus as S
from tasks.clock import now
from tasks.deadline import start_clock
from tasks.incident_response import call
from tasks.incident_response.group_report import group_named
from tasks.incident_response.groups import task_clock, told_of
from tasks.incident_response.incident import PROCESS, TASKS, plan_of, present, put, rule_of
from tasks.incident_response.order import issue, orders, supersede, withdraw
from tasks.incident_response.scene import directing, is_set_up, set_up
from tasks.incident_response.spoken import Signer, admitted, moment_of, tidy, write_line
from tasks.journal import lock
from tasks.step import Dossier
from tasks.store import transaction

PLAN: Final = "海政办发〔2023〕31号"
SCENE: Final = "scene"
DANGER: Final = "danger"
SUPERIOR: Final = "superior"
RELEASED: Final = "released"
ASSESSED: Final = "assessed"
KINDS: Final = (SCENE, DANGER, ASSESSED, SUPERIOR, RELEASED)
MOST_MINUTES: Final = 14 * 24 * 60
CLAUSE: Final = re.compile(r"\d(?:\.\d{1,2})?(?:（\d{1,2}）)?")


class Further(NamedTuple):
    """A further task as it comes in."""

    group: str
    title: str
    minutes: int
    clause: str = ""


class Event(NamedTuple):
    """An event as it comes in."""

    text: str
    occurred: str = ""
    clause: str = ""


class Act(NamedTuple):
    """An act of the command as it comes in."""

    kind: str
    text: str
    document: str = ""
    orders: str = ""


def kind_of(given: str) -> str:
    """Return a kind of act by its name or its word.

    Raises:
        Refusal: it is none.
    """
    for kind in KINDS:
        if given.strip() in (kind, *(say(f"incident_command.act_{kind}", language) for language in ("zh", "en"))):
            return kind
    raise Refusal("incident_command.no_such_kind", given=given)


def leaders(case: Dossier) -> tuple[str, ...]:
    """Return the roles that lead: the commander and the deputies."""
    plan = plan_of(case)
    return (plan.commander, *plan.deputies)


def add_task(case: Dossier, given: Further, signer: Signer) -> str:
    """Order a further task of a group; return what was noted.

    Raises:
        Refusal: no such group or clause, no such time, or the signature is no good.
    """
    plan, found, minutes = plan_of(case), group_named(case, given.group), given.minutes
    text, stands = tidy(given.title, say("parameter.add_task.title"), 2, 200), clause_of(given.clause)
    if not 1 <= minutes <= MOST_MINUTES:
        raise Refusal("incident_command.minutes_wrong", most=MOST_MINUTES)
    who = admitted(case, signer, (plan.scene, *leaders(case), plan.office))
    with transaction() as tx:
        at = now()
        head = write_line(tx, case, "task-added", {"group": found.zh, "text": text}, by=who.actor,
                          rule=rule_of("command_tasks")(case))  # fmt: skip
        added = select(func.count()).select_from(TASKS).where(TASKS.c.case_id == case.id, TASKS.c.code.like("X-%"))
        code = f"X-{tx.core.execute(added).scalar_one() + 1}"
        level = present(case.id).response_level
        due = start_clock(case.at_turn(1), task_clock(case, code, found.lead, found.head, minutes))
        tx.core.execute(
            insert(TASKS).values(
                case_id=case.id, code=code, group_code=found.code, clause=stands or "2.5", title=text,
                owner=found.lead, supervisor="", due_at=due, after=[], needs_evidence=False, status="open",
                done_by="", evidence="", evidence_digest="",
            )
        )  # fmt: skip
        content = {"matter": text, "task": code, "minutes": minutes, "line": head, "issued": at.isoformat()}
        issue(tx, case, "task", content, issued_by=who.actor, level=level, group=found.code, to=told_of(found))
    return say("incident_command.task_added", group=found.zh, code=code, title=text)


def clause_of(given: str) -> str:
    """Return a clause of the plan as it is kept; empty for none.

    Raises:
        Refusal: it is none of the plan's.
    """
    tidied = given.strip().removeprefix("第").replace("(", "（").replace(")", "）")
    if tidied and not CLAUSE.fullmatch(tidied):
        raise Refusal("incident_command.clause_wrong", given=given)
    return tidied


def note_event(case: Dossier, given: Event, signer: Signer) -> str:
    """Note an event as it occurred, beside when it was recorded (生产安全事故应急条例 Art. 24).

    Raises:
        Refusal: the moment lies ahead, there is no such clause, or the signature is no good.
    """
    plan, said, stands = plan_of(case), tidy(given.text, say("parameter.note_event.text")), clause_of(given.clause)
    moment = moment_of(given.occurred)
    groups = tuple(role for group in plan.groups for role in (group.head, group.lead, group.alternate))
    known = (*leaders(case), plan.office, plan.scene, *groups, *plan.members, "emergency_duty")
    who = admitted(case, signer, known)
    with transaction() as tx:
        outcome = {"text": said, "occurred_at": moment.isoformat(), "clause": stands}
        write_line(tx, case, "event", outcome, by=who.actor, rule=f"{PLAN} {stands}" if stands else "")
    return say("incident_command.event_noted")


def act(case: Dossier, given: Act, signer: Signer) -> str:
    """Do what a form of the command brings; return what was noted.

    Raises:
        Refusal: why it cannot be.
    """
    name, said = kind_of(given.kind), tidy(given.text, say("parameter.note_event.text"))
    paper = tidy(given.document, say("parameter.command_act.document"), 0, 80)
    if not present(case.id).response_level:
        raise Refusal("incident_command.not_activated", number=case.number)
    if name == SCENE:
        return _set_up(case, said, signer)
    if name == DANGER:
        return _meet_danger(case, said, paper, signer)
    if name == ASSESSED:
        return _assess(case, said, signer)
    if name == SUPERIOR:
        return _follow_superior(case, said, paper, _numbers(given.orders), signer)
    return _take_back(case, said, paper, signer)


def _numbers(given: str) -> list[int]:
    parts = re.split(r"[\s,，、;；]+", given.strip()) if given.strip() else []
    if any(not part.isdecimal() for part in parts):
        raise Refusal("incident_command.order_numbers", given=given)
    return [int(part) for part in parts]


def _set_up(case: Dossier, why: str, signer: Signer) -> str:
    """Set up the on-site command (2.2 (1))."""
    if is_set_up(case):
        raise Refusal("incident_command.scene_stands")
    who = admitted(case, signer, leaders(case))
    with transaction() as tx:
        write_line(tx, case, "scene-set-up", {"text": why}, by=who.actor, rule=rule_of("command_scene")(case))
        number = set_up(tx, case, by=who.actor, why=why, level=present(case.id).response_level)
        if not number:  # another was faster
            raise Refusal("incident_command.scene_stands")
    return say("incident_command.scene_set_up", number=number)


def _meet_danger(case: Dossier, measures: str, experts: str, signer: Signer) -> str:
    """Act at once in sudden danger, after hearing the experts; the commander is told afterwards (4.4)."""
    if not experts:
        raise Refusal("incident_command.experts_missing")
    plan = plan_of(case)
    who = admitted(case, signer, (plan.scene, *leaders(case)))
    with transaction() as tx:
        outcome = {"text": measures, "experts": experts, "by": who.staff_no}
        tells = (*leaders(case), plan.office)
        rule = rule_of("command_sudden_danger")(case)
        turn = write_line(tx, case, "danger-met", outcome, by=who.actor, rule=rule, tells=tells)
        facts = {"measures": measures}
        call.call(case, "danger", [plan.commander], f"notice_{PROCESS}.danger_call", facts, occasion=turn)
    return say("incident_command.danger_noted")


def _assess(case: Dossier, findings: str, signer: Signer) -> str:
    """Record what was measured and judged: cause, trend and consequences (4.5)."""
    plan = plan_of(case)
    experts = tuple(role for group in plan.groups for role in (group.head, group.lead))
    who = admitted(case, signer, (plan.scene, *leaders(case), *experts))
    with transaction() as tx:
        tells = (plan.commander, *directing(case), "group_head:investigation")
        rule = rule_of("command_assessment")(case)
        write_line(tx, case, "assessment", {"text": findings}, by=who.actor, rule=rule, tells=tells)
    return say("incident_command.assessment_noted")


def _everybody(case: Dossier) -> tuple[str, ...]:
    plan = plan_of(case)
    groups = tuple(role for group in plan.groups for role in (group.head, group.lead))
    return (*leaders(case), plan.office, plan.scene, *groups, *plan.members)


def _follow_superior(case: Dossier, said: str, document: str, conflicting: list[int], signer: Signer) -> str:
    """Record that the higher plan was started: everybody follows the superior command from now on (4.4)."""
    if not document:
        raise Refusal("incident_command.document_missing")
    standing = {one.number for one in orders(case.id, standing=True)}
    if unknown := [number for number in conflicting if number not in standing]:
        raise Refusal("incident_command.no_such_order", number=unknown[0])
    plan = plan_of(case)
    who = admitted(case, signer, (*leaders(case), plan.office, "district_government"))
    with transaction() as tx:
        lock(tx, case.id)
        if present(case.id).command == SUPERIOR:  # another was faster
            raise Refusal("incident_command.superior_already")
        put(tx, case.id, command=SUPERIOR)
        content = {"matter": say("incident_command.superior_matter"), "document": document, "reason": said}
        level = present(case.id).response_level
        number = issue(tx, case, SUPERIOR, content, issued_by=who.actor, level=level, to=_everybody(case))
        why = say("incident_command.conflicts", document=document)
        for one in conflicting:
            withdraw(tx, case, one, reason=why, actor=who.actor, superseded_by=number)
        outcome = {"text": said, "document": document, "order": number, "withdrawn": conflicting}
        rule = rule_of("command_expand")(case)
        write_line(tx, case, "superior-started", outcome, by=who.actor, rule=rule, after=S.SUPERIOR_COMMAND)
    return say("incident_command.superior_noted", number=number, withdrawn=len(conflicting))


def _take_back(case: Dossier, said: str, document: str, signer: Signer) -> str:
    """Record that the superior command gave the command back to the district."""
    if present(case.id).command != SUPERIOR:
        raise Refusal("incident_command.not_superior")
    plan = plan_of(case)
    who = admitted(case, signer, (*leaders(case), plan.office, "district_government"))
    with transaction() as tx:
        put(tx, case.id, command="district")
        content = {"matter": say("incident_command.released_matter"), "document": document, "reason": said}
        level = present(case.id).response_level
        number = issue(tx, case, RELEASED, content, issued_by=who.actor, level=level, to=_everybody(case))
        supersede(tx, case, (SUPERIOR,), reason=say("incident_command.released_matter"), actor=who.actor, by=number)
        outcome = {"text": said, "document": document, "order": number}
        rule = rule_of("command_expand")(case)
        write_line(tx, case, "command-released", outcome, by=who.actor, rule=rule, after=S.RESPONDING)
    return say("incident_command.released_noted", number=number)
