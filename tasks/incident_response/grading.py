"""Grades as the facts change: confirmed and worst case at every report; up at once, down by the commander (1.5).

Grade and level of response are two fields: the facts make the grade, and only an order makes the level.
"""

from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import func, select

from config.fact import Fact
from config.messages import Refusal, say
from models.case import Mode
from models.incident_response.duty import Event, supplement_ends
from models.incident_response.grade import GradeRange, Level, grade_range
from models.incident_response.report import NUMBERS, refuse_numbers
from models.incident_response.report_answer import LowerLevel
from tasks.ask_until import ask_until
from tasks.clock import now
from tasks.incident_response import duty
from tasks.incident_response.authority import commanding, decided_by
from tasks.incident_response.duty_book import known_of
from tasks.incident_response.facts import casualties_of, columns_of, grades_text, known_facts, toll_text
from tasks.incident_response.incident import (
    PROCESS,
    arrived,
    brought,
    incident_of,
    plan_of,
    present,
    put,
    rule_of,
    signed,
)
from tasks.incident_response.level import change_level
from tasks.incident_response.order import level_text, rank
from tasks.incident_response.picture import facts_text, proposed_level
from tasks.journal import ENTRIES, lock, write_entry
from tasks.notify import tellings
from tasks.step import SYSTEM, Dossier, step
from tasks.store import Transaction, transaction
from tasks.wait import wait_for

GRADED: Final = "grade_accident"
OVERRULED: Final = "overrule_grade"
LOWER: Final = "lower_level"
FIRST, UP, DOWN, SAME = "first", "up", "down", "same"
OFFICE: Final = ("command_office", "emergency_bureau")
"""Who may grade otherwise than the numbers do, with the reason and the name (4.1)."""
WATCH: Final = timedelta(days=400)
_RULE: Final = rule_of("grade_thresholds")


class Regraded(Fact):
    """What a report made of the grades, and of the numbers behind them."""

    report: int
    confirmed: str
    worst: str
    criteria: list[str]
    worst_criteria: list[str]
    open: list[str]
    direction: str
    before: list[str]
    dead: int | None
    injured: int | None
    missing: int | None
    trapped: int | None
    loss: str | None
    at: datetime


def present_grades(dossier: Dossier) -> GradeRange:
    """Return the two grades as the facts stand, confirmed and worst case, with the working."""
    return grade_range(casualties_of(known_facts(dossier.id)), dossier.on)


def take_facts(tx: Transaction, dossier: Dossier, report: int, at: datetime) -> None:
    """Bring an incident's row to what is known now, and write down what that makes of its grades.

    In the transaction of the report: nobody reads an incident whose row lags behind its reports. A higher grade is
    told to the commander and arms its duties from the moment that the fact was known; no duty is ever taken away.

    Args:
        tx: the transaction of the report, or of the act that changes what counts.
        dossier: the incident, locked.
        report: number of the report; 0 for an act of another kind.
        at: when the facts were known.
    """
    before, known = present(dossier.id), known_facts(dossier.id)
    grades = grade_range(casualties_of(known), dossier.on)
    found = _with_word(tx, dossier, grades)
    columns = columns_of(known, checked=bool(before.scope))
    put(tx, dossier.id, grade=found.confirmed.value, worst_grade=found.worst.value, **columns)
    changed = any(getattr(before, name) != columns[name] for name in (*NUMBERS, "loss_cents"))
    direction = _direction(before, found)
    if direction == SAME and not changed:
        return
    done = select(func.count()).where(ENTRIES.c.case_id == dossier.id, ENTRIES.c.step == GRADED)
    turn: int = tx.core.execute(done).scalar_one() + 1
    outcome = Regraded(
        report=report,
        confirmed=found.confirmed.value,
        worst=found.worst.value,
        criteria=[one.value for one in grades.confirmed.criteria],
        worst_criteria=[one.value for one in grades.worst.criteria],
        open=list(grades.open),
        direction=direction,
        before=[before.grade, before.worst_grade],
        loss=None if known.toll.loss is None else str(known.toll.loss),
        at=at,
        **{name: getattr(known.toll, name) for name in NUMBERS},
    )
    told = _tell_higher(tx, dossier, at) if direction == UP else []
    plain = outcome.model_dump(mode="json")
    write_entry(tx, lock(tx, dossier.id), GRADED, turn, actor=SYSTEM, at=at, outcome=plain, rule=_RULE(dossier),
                tellings=told, substance=False)  # fmt: skip
    if direction != FIRST:
        if direction == UP:
            duty.arm(dossier, Event.GRADED.value, at, occasion=turn)
        if changed:
            duty.arm(dossier, Event.CASUALTIES_CHANGED.value, at, occasion=turn)


class _Found(NamedTuple):
    confirmed: Level
    worst: Level


def _tell_higher(tx: Transaction, dossier: Dossier, at: datetime) -> Any:
    """Tell the command that the grade has risen: whether the level of the response rises is asked beside."""
    plan, row = plan_of(dossier), present(dossier.id)
    facts = {"subject": dossier.subject, "number": dossier.number, "grades": grades_text(row), "toll": toll_text(row)}
    roles = (plan.commander, *plan.deputies, plan.office, "emergency_duty")
    return tellings(tx, roles, f"notice_{PROCESS}.{GRADED}", facts, at, drill=dossier.drill)


def _with_word(tx: Transaction, dossier: Dossier, grades: GradeRange) -> _Found:
    """Return the grades with the office's word, as long as the numbers make what they made when it was given."""
    confirmed, worst = grades.confirmed.level, grades.worst.level
    said = (
        select(ENTRIES.c.outcome)
        .where(ENTRIES.c.case_id == dossier.id, ENTRIES.c.step == OVERRULED)
        .order_by(ENTRIES.c.turn.desc())
        .limit(1)
    )
    word = tx.core.execute(said).scalar_one_or_none()
    if word and word["computed"] == confirmed.value:
        confirmed = Level(word["level"])
    return _Found(confirmed, max(confirmed, worst, key=lambda one: one.rank))


def _direction(before: Any, found: _Found) -> str:
    """Say which way the grades went: up where either rose, down where none rose and one fell."""
    if not before.grade:
        return FIRST
    steps = [after.rank - Level(was).rank for was, after in zip((before.grade, before.worst_grade), found, strict=True)]
    return UP if max(steps) > 0 else DOWN if min(steps) < 0 else SAME


def overrule(number: str, level: str, reason: str, staff_no: str, code: str) -> str:
    """Grade otherwise than the numbers do: signed by the office, with the reason; kept until the numbers change.

    Returns:
        One sentence that says so.

    Raises:
        Refusal: no such incident, no such level, no reason, or the signature does not hold.
    """
    dossier = incident_of(number.strip().upper())
    if level not in tuple(Level):
        raise Refusal("incident_report.level_wrong", given=level)
    if len(reason.strip()) < len("理由"):
        raise Refusal("incident_report.reason_missing")
    refuse_numbers(reason)
    by = signed(staff_no, code, OFFICE).actor
    with transaction() as tx:
        case, at = lock(tx, dossier.id), now()
        computed = present_grades(dossier).confirmed.level
        done = select(func.count()).where(ENTRIES.c.case_id == dossier.id, ENTRIES.c.step == OVERRULED)
        turn: int = tx.core.execute(done).scalar_one() + 1
        plan = plan_of(dossier)
        facts = {"subject": dossier.subject, "level": level_text(level), "reason": reason.strip()}
        told = tellings(
            tx, (plan.commander, plan.office), f"notice_{PROCESS}.{OVERRULED}", facts, at, drill=dossier.drill
        )
        outcome = {"level": level, "computed": computed.value, "reason": reason.strip()}
        write_entry(tx, case, OVERRULED, turn, actor=by, at=at, outcome=outcome, rule=_RULE(dossier),
                    tellings=told, substance=False)  # fmt: skip
        take_facts(tx, dossier, 0, at)
        brought(dossier)
    arrived(dossier.number)
    return say("incident_report.overruled", number=dossier.number, level=level_text(level))


def follow_facts(case: Dossier) -> None:
    """Follow the grades beside the response: a lower level is proposed to the commander, and never falls by itself.

    A higher one is proposed by the response itself (`tasks.incident_response.level`), its duties run already.

    Raises:
        Parked: nothing has changed yet, or the commander has not said.
    """
    turn = 1
    while True:
        at = case.at_turn(turn)
        if not wait_for(at, GRADED, lambda turn=turn: (GRADED, turn) in case.journal, _until(case)):  # type: ignore[misc]
            return
        _propose_lower(at)
        turn += 1


def _until(case: Dossier) -> datetime:
    """Return until when casualties change the grade: 30 days after the accident, 7 where somebody decided so."""
    with transaction() as tx:
        return supplement_ends(known_of(tx, case, Event.REPORTED, None), case.on)


class Lowering(Fact):
    """The level that the facts would do with, below the one that stands; empty where there is none to propose."""

    level: str
    standing: str


def _propose_lower(at: Dossier) -> None:
    """Ask the commander whether the level falls, where the facts of a change would do with a lower one."""
    if (GRADED, at.turn + 1) in at.journal and ("weigh_lower_level", at.turn) not in at.journal:
        return  # newer facts came before anybody was asked
    found = weigh_lower_level(at)
    if not found.level:
        return

    def outdated() -> bool:
        row = present(at.id)
        return (GRADED, at.turn + 1) in at.journal or row.ended_at is not None or row.response_level != found.standing

    asked = commanding(at)
    text = say("question_incident_response.lower", facts=facts_text(at), level=level_text(found.level),
               standing=level_text(found.standing))  # fmt: skip
    word = ask_until(
        LowerLevel, at, LOWER, of=asked, text=text, until=now() + WATCH, arrived=outdated,
        rule=_RULE(at), mode=Mode.ANY_OF if len(asked) > 1 else Mode.SINGLE, bound=False,
        due=False,
    )  # fmt: skip
    if word is not None and word.verdict == "lower_level":
        lower_response_level(at, found.level, word.reason)


@step(rule=_RULE)
def weigh_lower_level(at: Dossier) -> Lowering:
    """Weigh whether the facts would do with a lower level than the response has."""
    row, level = present(at.id), proposed_level(at)
    lower = bool(row.response_level) and row.ended_at is None and rank(level) < rank(row.response_level)
    return Lowering(level=level if lower else "", standing=row.response_level)


class Lowered(Fact):
    """The new level of the response, and the order that made it."""

    level: str
    level_text: str
    order: int


@step(tells=("command_office",), rule=_RULE)
def lower_response_level(at: Dossier, level: str, reason: str) -> Lowered:
    """Lower the level of the response on the commander's word."""
    number = change_level(at, level, decided_by(at, LOWER)[1], reason)
    return Lowered(level=level, level_text=level_text(level), order=number)
