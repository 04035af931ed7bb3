"""An offence of Art. 24 as a case of its own: found, ordered to correct, compelled; hearing, review, and perhaps a fine.

The amount is never chosen here: the bounds are shown, and the armed-forces department decides (Art. 28).
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import func, insert, select

from config.fact import Fact
from config.messages import Refusal, say
from config.rulebook import cited, reading as reading_of, rule
from models.case import DecisionStatus
from models.conscription.benefits import Standard
from models.conscription.fine import Offence, Order, Sanction, fine_bounds, fine_standard, missing_gates, sanction
from models.conscription.service_answer import Corrected, FineDecision, HearingRecord, HearingRequest
from models.conscription.service_roll import Correction, Registrant
from models.conscription.status import OffenceStatus as O
from models.deadline import Clock
from models.office import Officer
from models.person import Party, Person
from tasks.ask import DECISIONS, ask
from tasks.case import open_case
from tasks.clock import local_day, now
from tasks.conscription.ask_until import ask_until
from tasks.conscription.course import after, morning, rule_of
from tasks.deadline import Owed, meet_clock, start_clock
from tasks.journal import CASES, lock
from tasks.step import Dossier, step
from tasks.store import reading, table, transaction

CORRECTIONS: Final = table(Correction)
REGISTRANTS: Final = table(Registrant)
OFFICERS: Final = table(Officer)
PARTIES: Final = table(Party)
PERSONS: Final = table(Person)
PROCESS: Final = "correction_order"
STORY: Final = "correction_order/correction_order"
HANDLES: Final = "armed_forces_department"
"""Art. 28: penalties of the district government are handled by the armed-forces department."""
OFFENCES: Final = {1: Offence.EVADES_REGISTRATION, 2: Offence.CONCEALS, 3: Offence.EVADES_CALL_UP}
GATE_STEPS: Final = {
    "order_issued": ("issue_order",),
    "limit_lapsed": ("compel",),
    "notice_given": ("give_notice",),
    "hearing_closed": ("close_hearing",),
    "legal_review": ("ask-legal_review",),
}
"""The line of the journal that opens each gate of a fine."""


def number_of(year: int, place: int) -> str:
    """Return the case number of a correction."""
    return f"ZG-{year}-{place:04}"


def open_correction(member: str, offence: int, act_on: date) -> Dossier:
    """Open the case of an offence, or take up the one that is open for this member, offence and day.

    Raises:
        Refusal: there is no such member or offence, or the act lies ahead.
    """
    if offence not in OFFENCES:
        raise Refusal("correction_order.no_such_offence", offence=offence)
    kind, today = OFFENCES[offence], local_day(now())
    if act_on > today:
        raise Refusal("correction_order.act_ahead", act_on=act_on, today=today)
    with transaction() as tx:
        chosen = select(CASES.c.id, CASES.c.parent_id, CASES.c.unit, CASES.c.drill).where(CASES.c.number == member)
        about = tx.core.execute(chosen).one_or_none()
        if about is None:
            raise Refusal("kernel.no_such_case", number=member)
        if about.parent_id is None or not tx.core.execute(select(PARTIES).where(PARTIES.c.case_id == about.id)).first():
            raise Refusal("correction_order.not_a_member", number=member)
        lock(tx, about.id)
        known = (CORRECTIONS.c.member_id == about.id) & (CORRECTIONS.c.offence == kind.value) & (CORRECTIONS.c.act_on == act_on)
        found = tx.core.execute(select(CORRECTIONS.c.year, CORRECTIONS.c.place).where(known)).one_or_none()
        last = select(func.coalesce(func.max(CORRECTIONS.c.place), 0)).where(CORRECTIONS.c.year == today.year)
        year, place = found or (today.year, tx.core.execute(last).scalar_one() + 1)
        dossier = open_case(
            number_of(year, place),
            process=PROCESS,
            subject=say("correction_order.subject", member=member),
            on=today,
            story=STORY,
            parameters={"member": member, "offence": offence, "act_on": act_on.isoformat()},
            status=O.FOUND,
            unit=about.unit,
            drill=bool(about.drill),
            parent_id=about.parent_id,
        )
        if not found:
            tx.core.execute(
                insert(CORRECTIONS).values(case_id=dossier.id, member_id=about.id, year=year, place=place, offence=kind.value,
                                           act_on=act_on)
            )  # fmt: skip
    return dossier


def about(dossier: Dossier) -> Any:
    """Return what a correction case is about: member, number, offence, day of the act."""
    chosen = (
        select(CORRECTIONS, CASES.c.number.label("member")).join(CASES, CASES.c.id == CORRECTIONS.c.member_id)
        .where(CORRECTIONS.c.case_id == dossier.id)
    )  # fmt: skip
    with reading() as connection:
        return connection.execute(chosen).one()


def own_officers(dossier: Dossier) -> list[str]:
    """Return the staff numbers of the citizen himself, who must not decide on his own case."""
    chosen = (
        select(OFFICERS.c.staff_no)
        .join(PERSONS, PERSONS.c.identity_index == OFFICERS.c.identity_index)
        .join(PARTIES, PARTIES.c.person_id == PERSONS.c.id)
        .join(CORRECTIONS, CORRECTIONS.c.member_id == PARTIES.c.case_id)
        .where(CORRECTIONS.c.case_id == dossier.id)
    )
    with reading() as connection:
        return list(connection.execute(chosen).scalars())


def text(dossier: Dossier, point: str, **facts: Any) -> str:
    """Return what a question of the case shows: the member's number and the offence, never who he is."""
    found = about(dossier)
    offence = say(f"correction_order.offence_{found.offence}")
    return say(f"question_correction_order.{point}", member=found.member, offence=offence, act_on=found.act_on.isoformat(), **facts)


class Issued(Fact):
    """The order to correct: the day it was issued and its last day, included."""

    issued_on: date
    limit: date


@step(reaches=O.ORDERED, tells=(HANDLES, "conscription_office"), rule=rule_of("correction_days"))
def issue_order(dossier: Dossier) -> Issued:
    """Issue the order to correct within its limit (Art. 24)."""
    today = local_day(now())
    days = cited("conscription.correction_days", dossier.on)
    limit = today + timedelta(days=days.value)
    start_clock(dossier, Owed("correction", Clock.DATE, anchor=morning(limit), office=HANDLES, rule=days.label,
                              rungs=("before:3", "last_day", "breach")))  # fmt: skip
    return Issued(issued_on=today, limit=limit)


def _registered_on(dossier: Dossier) -> date | None:
    """Return the day a roster says the citizen registered, where that is what he was ordered to do."""
    chosen = (
        select(REGISTRANTS.c.registered)
        .join(CORRECTIONS, CORRECTIONS.c.member_id == REGISTRANTS.c.case_id)
        .where(CORRECTIONS.c.case_id == dossier.id, CORRECTIONS.c.offence == Offence.EVADES_REGISTRATION.value)
    )
    with reading() as connection:
        found: date | None = connection.execute(chosen).scalar_one_or_none()
    return found


def await_correction(dossier: Dossier, order: Issued) -> date | None:
    """Wait until a roster or an officer says that it is corrected, or the limit is over (None).

    Raises:
        Parked: neither is so yet.
    """
    words = text(dossier, "correction", limit=order.limit.isoformat())
    label = cited("conscription.fine_multiples", dossier.on).label

    def by_roster() -> bool:
        day = _registered_on(dossier)
        return day is not None and day <= order.limit

    word = ask_until(Corrected, dossier, "correction", of=HANDLES, text=words, until=after(order.limit), arrived=by_roster, rule=label,
                     excluded=own_officers(dossier))  # fmt: skip
    return signed_on(dossier, "correction") if word else note_registration(dossier)


@step(rule=rule_of("correction_days"))
def note_registration(dossier: Dossier) -> date | None:
    """Note whether a roster shows the registration when the question was withdrawn."""
    return _registered_on(dossier)


def signed_on(dossier: Dossier, point: str) -> date:
    """Return the day on which a point was answered."""
    chosen = select(DECISIONS.c.answered_at).where(
        DECISIONS.c.case_id == dossier.id, DECISIONS.c.point == point, DECISIONS.c.turn == dossier.turn,
        DECISIONS.c.status == DecisionStatus.ANSWERED.value,
    )  # fmt: skip
    with reading() as connection:
        return local_day(connection.execute(chosen).scalar_one())


@step(reaches=O.CORRECTED, tells=(HANDLES,), rule=rule_of("fine_multiples"))
def accept_correction(dossier: Dossier, corrected_on: date) -> date:
    """Accept the correction within the limit: nothing follows (Art. 24)."""
    meet_clock(dossier, "correction")
    return corrected_on


@step(reaches=O.COMPELLED, tells=(HANDLES, "conscription_office"), rule=rule_of("fine_multiples"))
def compel(dossier: Dossier, order: Issued) -> date:  # noqa: ARG001 -- a step takes its dossier
    """Compel performance: the limit is over and nothing was corrected (Art. 24)."""
    return order.limit


@step(tells=(HANDLES,), rule=rule_of("penalty_hearing_days"))
def give_notice(dossier: Dossier) -> datetime:
    """Give notice of the penalty in view and of the right to a hearing; return the last moment to ask for one."""
    days = cited("conscription.penalty_hearing_days", dossier.on)
    return start_clock(dossier, Owed("hearing", Clock.WORKING_DAYS, budget=days.value, office=HANDLES, rule=days.label,
                                     rungs=("last_day",)))  # fmt: skip


def hear(dossier: Dossier, ends: datetime) -> str:
    """Wait for the request of a hearing within its working days, hold it if it is asked for; return how it ended.

    Raises:
        Parked: it is still open.
    """
    label = cited("conscription.penalty_hearing_days", dossier.on).label
    words, own = text(dossier, "hearing", until=local_day(ends).isoformat()), own_officers(dossier)
    word = ask_until(HearingRequest, dossier, "hearing", of=HANDLES, text=words, until=ends, rule=label, excluded=own)
    if word is None or word.verdict == "waived":
        return close_hearing(dossier, "waived" if word else "not_requested", "")
    record = ask(HearingRecord, dossier, "hearing_record", of=HANDLES, text=text(dossier, "hearing_record"), excluded=own)
    return close_hearing(dossier, "held", record.minutes)


@step(tells=("justice_bureau",), rule=rule_of("penalty_hearing_days"))
def close_hearing(dossier: Dossier, how: str, minutes: str) -> str:
    """Close the hearing: not requested in time, waived, or held with its minutes."""
    meet_clock(dossier, "hearing")
    return f"{how} {minutes}".strip()


def basis_required(dossier: Dossier) -> dict[str, bool]:
    """Say whether a fine is blocked until a legal basis is recorded: concealment, by the reading."""
    conceals = about(dossier).offence == Offence.CONCEALS.value
    return {"basis_required": conceals and reading_of("conscription.concealment_fine", dossier.on) == "needs_legal_basis"}


def years_needed(dossier: Dossier) -> list[int]:
    """Return the years whose standard a fine decided now may be measured by, under the reading."""
    taken, today, act = reading_of("conscription.fine_base_year", local_day(now())), local_day(now()), about(dossier).act_on
    return sorted({"decision": {today.year}, "act": {act.year}}.get(taken, {today.year, act.year}))


class Bounds(Fact):
    """What may be decided: the bounds of the fine, or what stands before it."""

    fine: dict[str, Any] | None
    missing: tuple[str, ...]


def _gates(dossier: Dossier) -> set[str]:
    steps = {name for name, _ in dossier.journal}
    return {gate for gate, lines in GATE_STEPS.items() if steps & set(lines)}


def show_bounds(dossier: Dossier, standards: Sequence[Standard], on: date) -> str:
    """Return the sentence with the bounds of a fine, as the order to correct prints them."""
    bounds = fine_bounds(fine_standard(about(dossier).act_on, on, standards), on)
    return "；".join(line.text() for line in bounds.working)


@step(rule=rule_of("fine_multiples"))
def set_bounds(dossier: Dossier, order: Issued, standards: Sequence[Standard], basis: str) -> Bounds:
    """Set the bounds for the decision; every hard gate must be on file and the offence not too old (行政处罚法)."""
    on, found = local_day(now()), about(dossier)
    missing = missing_gates(_gates(dossier), found.act_on, on)
    judged = _sanction(found, order, on, standards, basis, corrected_on=None)
    if judged.fine is None and not missing:
        missing = ("legal_basis",)
    return Bounds(fine=judged.fine.model_dump(mode="json") if judged.fine and not missing else None, missing=missing)


def _sanction(found: Any, order: Issued, on: date, standards: Sequence[Standard], basis: str, corrected_on: date | None) -> Sanction:
    given = Order(issued_on=order.issued_on, limit=order.limit, corrected_on=corrected_on)
    return sanction(Offence(found.offence), given, found.act_on, on, standards=standards, legal_basis=basis)


class Ruling(Fact):
    """What was decided: the fine if any, the bans if any; unsettled when the day moved the bounds away from the amount."""

    decided_on: date
    status: str
    fine: Decimal | None
    not_hired_as: tuple[str, ...]
    exit_and_study_until: date | None
    settled: bool
    legal_basis: str


@step(
    reaches=lambda ruling: ruling.status if ruling.settled else None,
    tells=lambda ruling: (HANDLES, "conscription_office", "district_government") if ruling.settled else (),
    rule=rule_of("fine_multiples"),
)
def rule_penalty(dossier: Dossier, order: Issued, standards: Sequence[Standard], decision: FineDecision, basis: str) -> Ruling:
    """Take over the decision on the day it was signed: the fine within that day's bounds, the bans with their dates."""
    on, found = signed_on(dossier, "fine"), about(dossier)
    late = on if decision.correction == "since_corrected" else None
    judged = _sanction(found, order, on, standards, basis, corrected_on=late)
    fines = decision.verdict == "fine"
    settled = not missing_gates(_gates(dossier), found.act_on, on)
    settled = settled and (not fines or (judged.fine is not None and judged.fine.admits(decision.amount)))
    status = O.BARRED if judged.bans else O.FINED if fines else O.COMPELLED
    return Ruling(
        decided_on=on,
        status=status,
        fine=decision.amount if fines else None,
        not_hired_as=judged.bans.not_hired_as if judged.bans else (),
        exit_and_study_until=judged.bans.exit_and_study_until if judged.bans else None,
        settled=settled,
        legal_basis=basis,
    )


def shown_to_decide(bounds: Bounds) -> Mapping[str, Any]:
    """Return what the door holds the decision against."""
    return bounds.fine or {}


def review_terms(on: date) -> dict[str, int]:
    """Return the terms within which an order or a penalty may be contested."""
    return {"review_days": rule("conscription.review_days", on), "suit_months": rule("conscription.suit_months", on)}
