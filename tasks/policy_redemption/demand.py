"""A demand step by step: assigned, signed for or handed back, handled on its clock, called back (Art. 19)."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import select, update

from config.fact import Fact
from config.messages import say
from config.offices import head_of, office
from config.rulebook import reading as reading_of
from config.rulebook import rule
from models.policy_redemption.demand import Demand, DemandChannel, DemandKind
from models.policy_redemption.demand import DemandStatus as S
from models.policy_redemption.departments import departments
from tasks import yearly
from tasks.clock import now
from tasks.deadline import meet_clock
from tasks.journal import CASES
from tasks.policy_redemption.citation import rule_of
from tasks.policy_redemption.demand_clock import CENTRE, anchor_of, days_after, due_of, supersede, watch
from tasks.step import Dossier, step
from tasks.store import reading, table, transaction
from tasks.yearly import local

DEMANDS: Final = table(Demand)
PROCESS: Final = "demand"
STORY: Final = "demand/demand"
EXTENDED: Final = "handling.extended"
HANDLING: Final = ("handling", EXTENDED)
_OPEN_FACTS: Final = ("kind", "channel", "title", "open_text", "uscc", "received_at", "again_at")


def run_name(number: str) -> str:
    """Return the name of a demand's run."""
    return say("demand.run_name", number=number)


def take_up(number: str) -> Dossier:
    """Take up a demand that was lodged.

    Raises:
        Refusal: there is none under this number.
    """
    return yearly.take_up(number, PROCESS, STORY, S.RECEIVED)


def about(dossier: Dossier) -> Any:
    """Return what may be shown of a demand: its class, way, heading and dates; never its sealed words."""
    with reading() as connection:
        return connection.execute(
            select(*(DEMANDS.c[name] for name in _OPEN_FACTS), DEMANDS.c.phone.is_not(None).label("called"))
            .where(DEMANDS.c.case_id == dossier.id)
        ).one()  # fmt: skip


def text(dossier: Dossier, point: str, **facts: Any) -> str:
    """Return what a question of the demand shows; what may name somebody is read in the slip only."""
    found = about(dossier)
    slip = say("question_demand.in_slip", number=dossier.number)
    return say(
        f"question_demand.{point}",
        kind=DemandKind(found.kind).word,
        channel=DemandChannel(found.channel).word,
        title=found.title,
        received=local(found.received_at),
        content=found.open_text or slip,
        **facts,
    )


def assign_text(dossier: Dossier) -> str:
    """Return the demand as the centre sees it, with who handed it back so far."""
    back = [
        say("question_demand.handed_back", office=outcome["title"])
        for (name, turn), outcome in sorted(dossier.journal.items(), key=lambda pair: pair[0][1])
        if name == "hand_back_demand" and turn < dossier.turn
    ]
    return text(dossier, "assign", back="".join(back))


def offered(dossier: Dossier) -> dict[str, list[str]]:
    """Return whom a demand may be assigned to, as the door checks it."""
    return {"departments": [body.id for body in departments(dossier.on)]}


def await_assignment(dossier: Dossier) -> datetime:
    """Start the centre's clock: from the receipt, or from the hand-back."""
    anchor = about(dossier).received_at if dossier.turn == 1 else None
    days = rule("policy_redemption.demand_assigning_days", dossier.on)
    return watch(dossier, "assigning", "demand_assigning_days", office=CENTRE, days=days, anchor=anchor)


def decline(dossier: Dossier) -> None:
    """End the centre's clock: the demand is none for the platform, with the reason in the answer."""
    meet_clock(dossier, "assigning")


class Assigned(Fact):
    """Whom a demand was assigned to, and until when it is to be handled."""

    office: str
    title: str
    due: str


def assign(dossier: Dossier, department: str) -> datetime:
    """Assign a demand: the department's clocks run, for signing and for handling; return when it is to sign."""
    meet_clock(dossier, "assigning")
    found = about(dossier)
    days = rule("policy_redemption.demand_handling_days", dossier.on)[found.kind]
    received = reading_of("policy_redemption.demand_handling_from", dossier.on) == "received" and dossier.turn == 1
    anchor = found.received_at if received else None
    due = watch(dossier, "handling", "demand_handling_days", office=department, days=days, anchor=anchor)
    signing = rule("policy_redemption.demand_signing_days", dossier.on)
    until = watch(dossier, "signing", "demand_signing_days", office=department, days=signing)
    assign_demand(dossier, department, local(due))
    return until


@step(reaches=S.ASSIGNED, tells=lambda found: (found.office,), rule=rule_of("demand_departments"))
def assign_demand(dossier: Dossier, department: str, due: str) -> Assigned:
    """Assign the demand to the department with the main responsibility (Art. 19)."""
    with transaction() as tx:  # the register counts a demand under its department
        tx.core.execute(update(CASES).where(CASES.c.id == dossier.id).values(unit=department))
    return Assigned(office=department, title=office(department).title, due=due)


@step(reaches=S.HANDLING, tells=(CENTRE,), rule=rule_of("demand_signing_days"))
def sign_for_demand(dossier: Dossier, department: str) -> Assigned:
    """Record that the department has signed for the demand."""
    return Assigned(office=department, title=office(department).title, due=local(due_of(dossier, *HANDLING)))


def sign_for(dossier: Dossier, department: str) -> None:
    """Take the signature: the clock of signing is met."""
    meet_clock(dossier, "signing")
    sign_for_demand(dossier, department)


class HandedBack(Fact):
    """Who handed a demand back."""

    office: str
    title: str


def hand_back(dossier: Dossier, department: str) -> None:
    """Take a demand back: signing is met, and the department owes no handling."""
    meet_clock(dossier, "signing")
    supersede(dossier, "handling")
    hand_back_demand(dossier, department)


@step(reaches=S.HANDED_BACK, tells=(CENTRE,), rule=rule_of("demand_signing_days"))
def hand_back_demand(dossier: Dossier, department: str) -> HandedBack:
    """Record that the department handed the demand back, with its reason in the answer."""
    with transaction() as tx:
        tx.core.execute(update(CASES).where(CASES.c.id == dossier.id).values(unit=""))
    return HandedBack(office=department, title=office(department).title)


def extension_left(dossier: Dossier, opened: Dossier) -> dict[str, int]:
    """Return how many days the handling that was opened at a turn may still be extended by; none the second time."""
    granted = _count(dossier, "extend_demand", opened.turn)
    left = granted < rule("policy_redemption.demand_extensions", dossier.on)
    most = rule("policy_redemption.demand_extension_days", dossier.on)[about(dossier).kind]
    return {"extension": most if left else 0}


def _count(dossier: Dossier, name: str, since: int = 1) -> int:
    """Return how often a step happened on the story's path from a turn to this one."""
    return sum(1 for step_name, turn in dossier.journal if step_name == name and since <= turn <= dossier.turn)


def due(opened: Dossier) -> datetime | None:
    """Return when the handling that was opened at a turn ends."""
    return due_of(opened, *HANDLING)


def handle_text(dossier: Dossier, opened: Dossier) -> str:
    """Return the demand as its department sees it, with its day and what may still be extended."""
    most = extension_left(dossier, opened)["extension"]
    left = say("question_demand.extendable", days=most) if most else say("question_demand.extended")
    return text(dossier, "handle", due=local(due_of(opened, *HANDLING)), left=left)


def extension_text(dossier: Dossier, department: str) -> str:
    """Return the wish for more time as the centre sees it."""
    wish = dossier.journal["ask-handle", dossier.turn]["answer"]
    return text(dossier, "extension", office=office(department).title, days=wish["days"], reason=wish["reason"])


def call_back_text(dossier: Dossier, department: str) -> str:
    """Return the answer as whoever calls back reads it out."""
    reply = dossier.journal["ask-handle", dossier.turn]["answer"]["reply"]
    return text(dossier, "call_back", office=office(department).title, reply=reply)


class Extended(Fact):
    """By how many working days the handling was extended, and its new end."""

    days: int
    due: str
    office: str


def extend(dossier: Dossier, opened: Dossier, department: str, days: int) -> None:
    """Extend the clock of handling: the old end no longer counts, unless it had passed already."""
    budget = rule("policy_redemption.demand_handling_days", dossier.on)[about(dossier).kind]
    supersede(opened, "handling")
    ends = watch(opened, EXTENDED, "demand_extensions", office=department, days=budget + days,
                 anchor=anchor_of(opened, "handling"))  # fmt: skip
    extend_demand(dossier, days, local(ends), department)


@step(tells=lambda found: (found.office,), rule=rule_of("demand_extensions"))
def extend_demand(dossier: Dossier, days: int, due: str, department: str) -> Extended:  # noqa: ARG001 -- a step
    """Record the one extension, approved."""
    return Extended(days=days, due=due, office=department)


@step(tells=lambda found: (found.office,), rule=rule_of("demand_extensions"))
def refuse_demand_extension(dossier: Dossier, department: str) -> HandedBack:  # noqa: ARG001 -- a step
    """Record that no more time was granted."""
    return HandedBack(office=department, title=office(department).title)


class Answered(Fact):
    """When a demand was answered, and until when it may be taken up again."""

    at: datetime
    until: datetime


def answer(dossier: Dossier, opened: Dossier) -> None:
    """Take the answer: the clock of handling is met, early or late."""
    meet_clock(opened, EXTENDED if (f"clock-{EXTENDED}", opened.turn) in opened.journal else "handling")
    answer_demand(dossier)


@step(reaches=S.ANSWERED, tells=(CENTRE,), rule=rule_of("demand_handling_days"))
def answer_demand(dossier: Dossier) -> Answered:
    """Record that the demand was answered."""
    at = now()
    return Answered(at=at, until=days_after(at, rule("policy_redemption.demand_reopening_days", dossier.on)))


def reachable(dossier: Dossier) -> bool:
    """Say whether anybody can be called back: a telephone was left, or an enterprise named."""
    found = about(dossier)
    return bool(found.called or found.uscc)


def await_call_back(dossier: Dossier) -> datetime:
    """Start the clock of the call-back."""
    days = rule("policy_redemption.demand_call_back_days", dossier.on)
    return watch(dossier, "call_back", "demand_call_back_days", office=CENTRE, days=days)


class Rated(Fact):
    """What whoever raised the demand said of the answer."""

    satisfaction: str
    word: str
    office: str


def rate(dossier: Dossier, satisfaction: str, department: str) -> None:
    """Take what was said at the call-back."""
    meet_clock(dossier, "call_back")
    rate_demand(dossier, satisfaction, department)


@step(reaches=S.RATED, tells=lambda found: (found.office,), rule=rule_of("demand_call_back_days"))
def rate_demand(dossier: Dossier, satisfaction: str, department: str) -> Rated:  # noqa: ARG001 -- a step takes its dossier
    """Record how satisfied whoever raised the demand is."""
    return Rated(satisfaction=satisfaction, word=say(f"demand.satisfaction_{satisfaction}"), office=department)


def may_reopen(dossier: Dossier) -> bool:
    """Say whether the demand may be taken up once more."""
    return _count(dossier, "reopen_demand") < int(rule("policy_redemption.demand_reopenings", dossier.on))


def reopening_ends(dossier: Dossier) -> datetime:
    """Return the last moment at which it may be asked to take the demand up again."""
    return Answered.model_validate(dossier.journal["answer_demand", dossier.turn]).until


def asked_again(dossier: Dossier) -> bool:
    """Say whether it was asked, since the answer, to take the demand up again."""
    asked, answered = about(dossier).again_at, dossier.journal["answer_demand", dossier.turn]["at"]
    return asked is not None and asked >= datetime.fromisoformat(answered)


class Reopened(Fact):
    """Who handles the demand once more, and until when."""

    office: str
    due: str


def reopen(dossier: Dossier, department: str) -> None:
    """Take the demand up again: the same department, its whole clock anew."""
    days = rule("policy_redemption.demand_handling_days", dossier.on)[about(dossier).kind]
    due = watch(dossier, "handling", "demand_reopenings", office=department, days=days)
    reopen_demand(dossier, department, local(due))


@step(reaches=S.REOPENED, tells=lambda found: (found.office, head_of(found.office)), rule=rule_of("demand_reopenings"))
def reopen_demand(dossier: Dossier, department: str, due: str) -> Reopened:  # noqa: ARG001 -- a step takes its dossier
    """Record that the demand is taken up again; its department's head is told."""
    return Reopened(office=department, due=due)


class Concluded(Fact):
    """How a demand ended: how satisfied, and how often it was taken up again."""

    satisfaction: str
    reopened: int


def conclusion(dossier: Dossier) -> Concluded:
    """Return how the demand ended, from its journal."""
    rated = dossier.journal.get(("rate_demand", dossier.turn))
    return Concluded(satisfaction=rated["satisfaction"] if rated else "", reopened=_count(dossier, "reopen_demand"))
