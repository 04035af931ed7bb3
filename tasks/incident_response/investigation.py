"""Investigation: who leads by grade, report, reply, what is to be rectified, its evaluation (5.2; 493 Art. 19–33)."""

from datetime import datetime
from functools import partial
from itertools import count
from typing import Any, Final

from config.fact import Fact
from config.messages import say
from config.offices import office
from config.rulebook import rule
from models.incident_response.aftermath_answer import InvestigationGroup, InvestigationPaper, InvestigationReply
from models.incident_response.duty import investigated_by, rank
from models.incident_response.lesson import LessonKind, read_items
from tasks.clock import local_day, now
from tasks.incident_response import duty, incident, lessons
from tasks.incident_response.duty_book import rows_of
from tasks.incident_response.question import ask_unless, note_once, signed_at
from tasks.step import Dossier, step
from tasks.store import transaction
from tasks.wait import park

DISTRICT: Final = "district_government"
LEAD: Final = "emergency_bureau"
GROUP: Final = "group_head:investigation"
EVALUATION: Final = "rectification_evaluation"
PASSED_UP: Final = "investigation-needless"
TIMES: Final = 100
"""Submissions of the report are told apart by the turn of the investigation × 100 + how often it was submitted."""


class Assigned(Fact):
    """Who investigates: the government that the grade names, and whether it is the district's."""

    grade: str
    body: str
    office: str
    own: bool


class Established(Fact):
    """The investigation group: under which document, who leads, who takes part, who is invited."""

    document: str
    lead: str
    members: tuple[str, ...]
    invited: tuple[str, ...]
    more: str
    names: str


class Filed(Fact):
    """A paper of the investigation: its number, who entered it and when."""

    document: str
    by: str
    at: datetime


class Evaluated(Fact):
    """How the evaluation of the rectification was published; late stays late."""

    evidence: str
    late: bool


def investigate(case: Dossier) -> None:
    """Investigate, or hand over to the government that the grade names; follow the rectification to its evaluation.

    The clocks are the duties' (`tasks.incident_response.duty`): 60 days, the reply, one year.

    Raises:
        Parked: something of it is still to come.
    """
    for turn in count(1):
        this = case.at_turn(turn)
        found = assign_investigation(this)
        if _by_district(this, found) if found.own else _by_superior(this, found):
            break
    lessons.follow(case, [LessonKind.RECTIFY])
    _evaluated(case)


@step(tells=(LEAD, GROUP, DISTRICT), rule=incident.rule_of("investigation_by"))
def assign_investigation(case: Dossier) -> Assigned:
    """Name the government that investigates an accident of this grade (493 Art. 19)."""
    grade = incident.present(case.id).grade
    body = investigated_by(grade, case.on)
    return Assigned(grade=grade, body=body, office=office(body).title, own=body == DISTRICT)


def _passed_up(this: Dossier, found: Assigned) -> bool:
    """Say whether the grade rose meanwhile: then the government above investigates (493 Art. 20)."""
    return rank(incident.present(this.id).grade) > rank(found.grade)


def _over(this: Dossier) -> bool:
    """Keep that another government took the investigation over, so that it stays so in every replay."""
    note_once(this, PASSED_UP, True)
    return False


def _by_district(this: Dossier, found: Assigned) -> bool:
    """Investigate in the district; False where it passed up."""
    if (PASSED_UP, this.turn) in this.journal:
        return False
    gone = partial(_passed_up, this, found)
    text = say(
        "question_incident_response.investigation_group", names=_names(_members(this)), invited=_names(_invited(this))
    )
    group = ask_unless(InvestigationGroup, this, "investigation_group", of=DISTRICT, text=text, needless=gone)
    if group is None:
        return _over(this)
    establish_investigation(this, group.group_document, group.group_members)
    for times in count(1):
        now_ = this.at_turn(this.turn * TIMES + times)
        text = say("question_incident_response.investigation_report", document=group.group_document)
        word = ask_unless(InvestigationPaper, now_, "investigation_report", of=GROUP, text=text, needless=gone)
        if word is None:
            return _over(this)
        filed = submit_investigation(now_, word.paper_document)
        text = say("question_incident_response.investigation_reply", document=filed.document)
        reply = ask_unless(InvestigationReply, now_, "investigation_reply", of=DISTRICT, text=text, needless=gone,
                           shown={"today": str(local_day(filed.at))}, excluded=filed.by.split("/"))  # fmt: skip
        if reply is None:
            return _over(this)
        if reply.verdict == "approve":
            approve_investigation(now_, reply.paper_document, reply.rectification, "investigation_reply")
            return True
        return_investigation(now_, reply.reason)
    raise AssertionError  # a count does not end


def _by_superior(this: Dossier, found: Assigned) -> bool:
    """Hand over, and take the reply when it comes; False where it passed up once more."""
    if (PASSED_UP, this.turn) in this.journal:
        return False
    gone, office_ = partial(_passed_up, this, found), incident.plan_of(this).office
    text = say("question_incident_response.investigation_handover", office=found.office)
    word = ask_unless(InvestigationPaper, this, "investigation_handover", of=office_, text=text, needless=gone)
    if word is None:
        return _over(this)
    handed = hand_investigation_over(this, found.office, word.paper_document)
    text = say("question_incident_response.superior_reply", office=found.office)
    reply = ask_unless(InvestigationReply, this, "superior_reply", of=LEAD, text=text, needless=gone,
                       shown={"today": str(local_day(handed.at))})  # fmt: skip
    if reply is None:
        return _over(this)
    approve_investigation(this, reply.paper_document, reply.rectification, "superior_reply")
    return True


def _members(case: Dossier) -> tuple[str, ...]:
    found: tuple[str, ...] = rule("incident_response.aftermath_investigators", case.on)["members"]
    return found


def _invited(case: Dossier) -> tuple[str, ...]:
    found: tuple[str, ...] = rule("incident_response.aftermath_investigators", case.on)["invited"]
    return found


def _names(roles: tuple[str, ...]) -> str:
    return "、".join(office(role).title for role in roles)


@step(
    tells=lambda found: (*found.members, *found.invited, GROUP),
    rule=incident.rule_of("aftermath_investigators"),
)
def establish_investigation(case: Dossier, document: str, more: str) -> Established:
    """Establish the group, led by the bureau as authorised; the discipline commission is invited (5.2)."""
    members, invited = _members(case), _invited(case)
    return Established(document=document, lead=LEAD, members=members, invited=invited, more=more,
                       names=_names((*members, *invited)))  # fmt: skip


@step(tells=(DISTRICT,), rule=incident.rule_of("duty_investigation_report"))
def submit_investigation(this: Dossier, document: str) -> Filed:
    """Record that the report was submitted; the reply's clock runs."""
    found = _filed(this, document, "investigation_report")
    with transaction():
        duty.arm(this, "investigation_submitted", found.at, evidence=document, by=found.by)
    return found


@step(tells=(GROUP,), rule=incident.rule_of("duty_investigation_approval"))
def return_investigation(this: Dossier, why: str) -> Filed:
    """Record that the report was returned, with the reason; the group submits it anew."""
    return _filed(this, why, "investigation_reply")


@step(tells=(LEAD, GROUP), rule=incident.rule_of("investigation_by"))
def hand_investigation_over(case: Dossier, body: str, document: str) -> Filed:  # noqa: ARG001 -- a step's facts
    """Record that the investigation was handed over; the district owes no report of its own."""
    return _filed(case, document, "investigation_handover")


@step(tells=(LEAD, GROUP, "command_office"), rule=incident.rule_of("duty_investigation_approval"))
def approve_investigation(this: Dossier, document: str, rectification: str, point: str) -> Filed:
    """Record the reply: what is to be rectified is followed up, the evaluation's year runs."""
    found = _filed(this, document, point)
    with transaction() as tx:
        if point == "superior_reply":
            duty.arm(this, "investigation_submitted", found.at, evidence=document, by=found.by)
        duty.arm(this, "investigation_approved", found.at, evidence=document, by=found.by)
        lessons.add_items(tx, this.id, LessonKind.RECTIFY, read_items(rectification), source="inquiry", by=found.by)
    return found


def _filed(this: Dossier, document: str, point: str) -> Filed:
    signed = signed_at(this, point)
    return Filed(document=document, by=signed.actor if signed else "", at=signed.at if signed else now())


def _evaluated(case: Dossier) -> None:
    """Wait until the evaluation of the rectification is published: its duty is asked for by the book of duties."""
    if ("note_evaluation", case.turn) in case.journal:
        return
    rows = rows_of(case.id, EVALUATION)
    if any(row.satisfied_at is None and not row.superseded_by for row in rows):
        raise park(case, EVALUATION, None)
    note_evaluation(case, _last(rows))


def _last(rows: list[Any]) -> Evaluated:
    met = [row for row in rows if row.satisfied_at is not None]
    return Evaluated(evidence=met[-1].satisfied_by, late=met[-1].late) if met else Evaluated(evidence="", late=False)


@step(tells=(DISTRICT,), rule=incident.rule_of("duty_rectification_evaluation"))
def note_evaluation(case: Dossier, found: Evaluated) -> Evaluated:  # noqa: ARG001 -- a step takes its dossier
    """Record that the evaluation of the rectification was published (安全生产法 Art. 86)."""
    return found
