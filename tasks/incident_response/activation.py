"""Activation: the commander is asked at once, deputies in order where nobody answers; from III also the government."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from config.emergency_plan import EmergencyPlan
from config.fact import Fact
from config.messages import say
from config.offices import office
from config.rulebook import cited, rule
from models.answer import Approval
from models.case import Mode
from models.incident_response.command_answer import ActivationOrder
from models.incident_response.status import IncidentStatus as S
from tasks.alongside import meanwhile
from tasks.ask_until import ask_until
from tasks.clock import now
from tasks.incident_response import call, duty_book, scene
from tasks.incident_response.authority import ACTIVATE as ORDER
from tasks.incident_response.authority import agreeing, decided_by, judged_levels
from tasks.incident_response.incident import PROCESS, plan_of, put, rule_of
from tasks.incident_response.order import LEVELS, issue, level_text
from tasks.incident_response.picture import facts_known, facts_text, proposed_level
from tasks.incident_response.scope import called_off
from tasks.step import Dossier, step
from tasks.store import transaction
from tasks.wait import wait_for

AGREE: Final = "agree"
CALL: Final = "activation"
WATCH: Final = timedelta(days=30)
"""How far ahead a question is watched that nothing but an answer, or the end of the matter, withdraws."""
ANEW: Final = 100
"""A question to the government that was withdrawn and is needed after all is asked under a turn so much higher."""


def activate(case: Dossier) -> bool:
    """Ask until the plan is started (True), or it is clear that it will not be (False) (4.1, 4.2).

    Raises:
        Parked: nobody has decided yet, or the response stands by.
    """
    place, occasion, deputies, series = 1, 1, 0, 1
    last = len(plan_of(case).deputies)
    while True:
        at = case.at_turn(place)
        word = _word(at, occasion, deputies, series)
        if word is None:
            if _dropped(at, occasion):
                return False
            # the next deputy; after the last, everybody is called again
            place, series, deputies = place + 1, series + (deputies == last), min(deputies + 1, last)
            continue
        record_stand_in(at)
        if word.verdict == "activate":
            if (agreed := _agreed(at, occasion, word)) is None:
                return drop_activation(at)
            if agreed:
                start_plan(at, word, occasion)
                return True
            refuse_start(at, word.response_level)
        else:
            _withdraw_agreements(at, occasion)
            if not _changed(at, word):
                return False
        place, occasion, deputies, series = place + 1, occasion + 1, 0, series + 1


# --- the commander, then the deputies ---


def _word(at: Dossier, occasion: int, deputies: int, series: int) -> ActivationOrder | None:
    """Ask whoever may start the plan; None when nobody acknowledged in time, or the matter was called off."""
    plan = plan_of(at)
    asked = (plan.commander, *plan.deputies[:deputies])
    called = call_for_order(at, asked, series)
    everybody = deputies >= len(plan.deputies)

    def order(dossier: Dossier) -> ActivationOrder | None:
        return ask_until(
            ActivationOrder, at, ORDER, of=asked, text=_order_text(at, plan), until=_awaited(at, called, everybody),
            arrived=lambda: called_off(dossier), rule=rule_of("command_stand_in")(at),
            shown={"judged": judged_levels(at)}, mode=Mode.ANY_OF if len(asked) > 1 else Mode.SINGLE,
            bound=False, due=False,
        )  # fmt: skip

    return meanwhile(at, order, lambda dossier: _agree_beforehand(dossier, occasion))


def _order_text(at: Dossier, plan: EmergencyPlan) -> str:
    level = proposed_level(at)
    more = [one for one in plan.levels[level].approvers if one != plan.commander]
    needed = say("question_incident_response.with_approval", who=_names(more)) if more else ""
    return say("question_incident_response.activate", facts=facts_text(at), level=level_text(level), needed=needed)


def _names(roles: Sequence[str]) -> str:
    return "、".join(office(role).title for role in roles)


class Called(Fact):
    """Who was called for an order, and when; and who of them had not been heard before."""

    roles: tuple[str, ...]
    who: str
    series: int
    at: datetime


@step(tells=("command_office",), rule=rule_of("command_stand_in"))
def call_for_order(at: Dossier, asked: tuple[str, ...], series: int) -> Called:
    """Call the commander; where silence lasts, the next deputy as well: the earlier ones may still answer."""
    facts = {"level": level_text(proposed_level(at))}
    call.call(at, CALL, asked, f"notice_{PROCESS}.activation_call", facts, occasion=series)
    return Called(roles=asked, who=_names(asked[-1:]), series=series, at=now())


def _awaited(at: Dossier, called: Called, everybody: bool) -> datetime:
    """Return until when an answer is waited for before the next deputy is asked, or everybody is called again."""
    if everybody:
        return called.at + timedelta(hours=rule(f"{PROCESS}.command_standby_hours", at.on))
    waited = [call.awaited_until(at, CALL, role, called.series) for role in called.roles]
    return max(moment for moment in waited if moment is not None)


class StoodIn(Fact):
    """Who decided, and for whom: the legal record of a deputy who stood in (2.2)."""

    by: str
    role: str
    who: str
    stood_in_for: str
    since: datetime


def record_stand_in(at: Dossier) -> None:
    """Note that a deputy decided in the commander's place, and since when the commander had been silent."""
    role, by = decided_by(at, ORDER)
    if role != plan_of(at).commander:
        stand_in_for_commander(at, role, by)


@step(tells=("incident_commander", "command_office"), rule=rule_of("command_stand_in"))
def stand_in_for_commander(at: Dossier, role: str, by: str) -> StoodIn:
    """Record the deputy who stood in, for whom and since when."""
    first = min(turn for name, turn in at.journal if name == "call_for_order")
    since = Called.model_validate(at.journal["call_for_order", first]).at
    return StoodIn(by=by, role=role, who=_names([role]), stood_in_for=plan_of(at).commander, since=since)


# --- the government's agreement from level III (INC-4.2, INC-A2) ---


def _agree_beforehand(at: Dossier, occasion: int) -> None:
    """Ask for the agreement beside the commander's order, so that neither waits for the other."""
    level = proposed_level(at)
    _withdraw_agreements(at, occasion, level)
    if agreeing(at, level):
        agreement(at, occasion, level, _agree_text(at, level), lambda: called_off(at))


def _withdraw_agreements(at: Dossier, occasion: int, but: str = "") -> None:
    """Withdraw the open questions for an agreement to levels that nobody asks for any more."""
    for level in LEVELS:
        if level != but and (f"asked-{AGREE}.{level}", _turn(at, occasion, level)) in at.journal:
            agreement(at, occasion, level, _agree_text(at, level), lambda: True)


def _turn(at: Dossier, occasion: int, level: str) -> int:
    """Return the turn of the question for an agreement: one after those that were withdrawn."""
    turn = occasion
    while (f"lapsed-{AGREE}.{level}", turn) in at.journal:
        turn += ANEW
    return turn


def _agree_text(at: Dossier, level: str, word: ActivationOrder | None = None) -> str:
    given = {"matter": word.matter, "duration": word.duration, "measures": word.measures} if word else {}
    order = say("question_incident_response.order_given", **given) if word else ""
    return say("question_incident_response.agree", facts=facts_text(at), level=level_text(level), order=order)


def agreement(at: Dossier, occasion: int, level: str, text: str, gone: Callable[[], bool]) -> str | None:
    """Return what the others who must agree say of a level; None when the question was withdrawn.

    Raises:
        Parked: they have not answered.
    """
    point, roles = f"{AGREE}.{level}", agreeing(at, level)
    word = ask_until(
        Approval, at.at_turn(_turn(at, occasion, level)), point, of=roles, text=text, until=now() + WATCH, arrived=gone,
        rule=rule_of("command_start")(at), mode=Mode.ALL_OF if len(roles) > 1 else Mode.SINGLE, bound=False, due=False,
    )  # fmt: skip
    return word.verdict if word else None


def _agreed(at: Dossier, occasion: int, word: ActivationOrder) -> bool | None:
    """Say whether everybody has agreed to the level of an order; None when the matter was called off meanwhile."""
    level = word.response_level
    missing = agreeing(at, level)
    _withdraw_agreements(at, occasion, level)
    if not missing:
        return True
    if ("drop_activation", at.turn) in at.journal:
        return None
    if (f"ask-{AGREE}.{level}", _turn(at, occasion, level)) not in at.journal:
        warn_not_started(at, level, tuple(missing))
    said = agreement(at, occasion, level, _agree_text(at, level, word), lambda: called_off(at))
    return None if said is None else said == "approve"


class NotStarted(Fact):
    """A plan that is not started yet: the level ordered, and who has still to agree."""

    level: str
    level_text: str
    missing: tuple[str, ...]
    who: str


@step(
    tells=lambda found: ("incident_commander", "command_office", "emergency_duty", *found.missing),
    rule=rule_of("command_start"),
)
def warn_not_started(at: Dossier, level: str, missing: tuple[str, ...]) -> NotStarted:  # noqa: ARG001
    """Warn that the commander alone does not start the plan at this level, and name who is missing (INC-A2)."""
    return NotStarted(level=level, level_text=level_text(level), missing=missing, who=_names(missing))


@step(tells=("incident_commander", "command_office", "emergency_duty"), rule=rule_of("command_start"))
def refuse_start(at: Dossier, level: str) -> NotStarted:
    """Record that the government did not agree to the level; the commander decides again."""
    missing = tuple(agreeing(at, level))
    return NotStarted(level=level, level_text=level_text(level), missing=missing, who=_names(missing))


# --- standby, no activation, called off ---


class Watched(Fact):
    """That the plan is not started for now, on which facts; they are watched."""

    verdict: str
    reason: str
    facts: str
    until: datetime


def _changed(at: Dossier, word: ActivationOrder) -> bool:
    """Watch after a standby, or a decision not to start: True when the question is put again, False when it is over."""
    watched = stand_by(at, word.reason) if word.verdict == "standby" else decide_against(at, word.reason)
    following = (f"asked-{ORDER}", at.turn + 1) in at.journal

    def changed() -> bool:
        return facts_known(at) != watched.facts or called_off(at)

    news = following or wait_for(at, "facts", changed, watched.until)
    if not following and called_off(at):
        return drop_activation(at)
    if news or word.verdict == "standby":
        return True
    leave_plan(at)
    return False


def _watched(at: Dossier, verdict: str, reason: str) -> Watched:
    hours = timedelta(hours=rule(f"{PROCESS}.command_standby_hours", at.on))
    days = timedelta(days=rule(f"{PROCESS}.command_watch_days", at.on))
    until = now() + (hours if verdict == "standby" else days)
    return Watched(verdict=verdict, reason=reason, facts=facts_known(at), until=until)


def _at_the_ready(at: Dossier) -> tuple[str, ...]:
    plan = plan_of(at)
    return tuple(dict.fromkeys(role for group in plan.groups for role in (group.head, group.lead)))


@step(reaches=S.STANDBY, tells=("command_office", "emergency_duty"), rule=rule_of("command_start"))
def stand_by(at: Dossier, reason: str) -> Watched:
    """Stand by: every group is told to be ready; the facts are watched (预警待命)."""
    with transaction() as tx:
        matter = say("incident_command.stand_ready")
        call.stand_down(at, CALL)
        issue(tx, at, "standby", {"matter": matter}, issued_by=decided_by(at, ORDER)[1], to=_at_the_ready(at))
    return _watched(at, "standby", reason)


@step(tells=("command_office", "emergency_duty"), rule=rule_of("command_start"))
def decide_against(at: Dossier, reason: str) -> Watched:
    """Record the decision not to start the plan; worse facts put the question again."""
    call.stand_down(at, CALL)
    return _watched(at, "no_activation", reason)


@step(tells=("command_office", "emergency_duty"), rule=rule_of("command_start"))
def leave_plan(at: Dossier) -> bool:  # noqa: ARG001 -- a step takes its dossier
    """Record that the plan was not started and nothing has changed since; what the law asks for goes on elsewhere."""
    return False


def _dropped(at: Dossier, occasion: int) -> bool:
    """Say whether the matter was called off while an order was waited for; noted the first time."""
    if ("drop_activation", at.turn) in at.journal:
        return True
    if (f"asked-{ORDER}", at.turn + 1) in at.journal or not called_off(at):
        return False
    _withdraw_agreements(at, occasion)
    drop_activation(at)
    return True


@step(tells=("incident_commander", "command_office"), rule=rule_of("command_start"))
def drop_activation(at: Dossier) -> bool:
    """Record that no plan is needed: the alarm was a false one."""
    call.stand_down(at, CALL)
    return False


# --- the start ---


class Activated(Fact):
    """The plan as it was started: level, order, who decided and who agreed."""

    level: str
    level_text: str
    order: int
    by: str
    role: str
    agreed: tuple[str, ...]
    proposed: str
    version: str


@step(reaches=S.PLAN_ACTIVATED, rule=rule_of("command_start"))
def start_plan(at: Dossier, word: ActivationOrder, occasion: int) -> Activated:  # noqa: ARG001
    """Start the plan: its text is kept as it is now, order no. 1 goes out, the clocks of the activation run."""
    plan, (role, by), level = plan_of(at), decided_by(at, ORDER), word.response_level
    proposed = proposed_level(at)
    content = {
        "matter": word.matter.strip(),
        "duration": word.duration.strip(),
        "measures": word.measures.strip(),
        "reason": word.reason,
        "plan": plan.title,
        "plan_version": plan.version,
        "basis": cited(f"{PROCESS}.command_order_content", at.on).label,
        "beyond_district": word.beyond_district,
        "stood_in": role if role != plan.commander else "",
    }
    with transaction() as tx:
        call.stand_down(at, CALL)
        judged = level in judged_levels(at)
        put(
            tx,
            at.id,
            plan=plan.model_dump(mode="json"),
            response_level=level,
            beyond_district=word.beyond_district == "yes" if judged else None,
            activated_at=now(),
        )
        told = (*plan.members, *plan.first_told, plan.office, plan.commander, *plan.deputies)
        number = issue(tx, at, "activation", content, issued_by=by, level=level, to=told)
        if word.scene_command == "yes":
            scene.set_up(tx, at, by=by, why=word.reason, level=level)
        duty_book.arm(at, "activated")
    return Activated(
        level=level,
        level_text=level_text(level),
        order=number,
        by=by,
        role=role,
        agreed=tuple(agreeing(at, level)),
        proposed=proposed,
        version=plan.version,
    )
