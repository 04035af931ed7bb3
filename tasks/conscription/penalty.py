"""From the notice of a penalty to its decision: hearing, legal review, bounds, and what a person decides (Art. 24, 28).

The amount is never chosen here: the bounds are shown, and the armed-forces department decides.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from config.fact import Fact
from config.rulebook import YearMissingError, cited, rule
from config.rulebook import reading as reading_of
from models.conscription.benefits import Standard
from models.conscription.fine import (
    FineBounds,
    Offence,
    Order,
    Sanction,
    fine_bounds,
    fine_standard,
    missing_gates,
    sanction,
)
from models.conscription.service_answer import FineDecision, HearingRecord, HearingRequest
from models.conscription.status import OffenceStatus as O
from models.deadline import Clock
from tasks.ask import ask
from tasks.ask_until import ask_until
from tasks.clock import local_day, now
from tasks.conscription.correction import HANDLES, Issued, about, own_officers, signed_on, text
from tasks.conscription.course import rule_of
from tasks.deadline import Owed, meet_clock, start_clock
from tasks.step import Dossier, step

GATE_STEPS: Final = {
    "order_issued": ("issue_order",),
    "limit_lapsed": ("compel",),
    "notice_given": ("give_notice",),
    "hearing_closed": ("close_hearing",),
    "legal_review": ("ask-legal_review",),
}
"""The line of the journal that opens each gate of a fine."""


@step(tells=(HANDLES,), rule=rule_of("penalty_hearing_days"))
def give_notice(dossier: Dossier) -> date:  # noqa: ARG001 -- a step takes its dossier
    """Give notice of the penalty in view and of the right to a hearing (行政处罚法 Art. 44, 63)."""
    return local_day(now())


def open_hearing(dossier: Dossier) -> datetime:
    """Start the working days within which a hearing may be asked for; return their last moment (行政处罚法 Art. 64)."""
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
    how: str = "not_requested" if word is None else word.verdict
    if how == "requested":
        record = ask(
            HearingRecord, dossier, "hearing_record", of=HANDLES, text=text(dossier, "hearing_record"), excluded=own
        )
        how = f"held {record.minutes}"
    meet_clock(dossier, "hearing")
    return close_hearing(dossier, how)


@step(tells=("justice_bureau",), rule=rule_of("penalty_hearing_days"))
def close_hearing(dossier: Dossier, how: str) -> str:  # noqa: ARG001 -- a step takes its dossier
    """Close the hearing: not requested in time, waived, or held with its minutes."""
    return how


def basis_required(dossier: Dossier) -> dict[str, bool]:
    """Say whether a fine is blocked until a legal basis is recorded: concealment, by the reading."""
    conceals = about(dossier).offence == Offence.CONCEALS.value
    return {
        "basis_required": conceals and reading_of("conscription.concealment_fine", dossier.on) == "needs_legal_basis"
    }


def years_needed(dossier: Dossier, on: date) -> list[int]:
    """Return the years whose standard a fine decided on a day may be measured by, under the reading."""
    taken, act = reading_of("conscription.fine_base_year", on), about(dossier).act_on
    return sorted({"decision": {on.year}, "act": {act.year}}.get(taken, {on.year, act.year}))


@step(rule=rule_of("fine_base_year"))
def fix_day(dossier: Dossier) -> date:  # noqa: ARG001 -- a step takes its dossier
    """Fix the day by whose standard the bounds are shown, so that a night between two steps changes nothing."""
    return local_day(now())


class Bounds(Fact):
    """What may be decided: the bounds of the fine, or what stands before it."""

    fine: dict[str, Any] | None
    missing: tuple[str, ...]


def _gates(dossier: Dossier) -> set[str]:
    steps = {name for name, _ in dossier.journal}
    return {gate for gate, lines in GATE_STEPS.items() if steps & set(lines)}


def bounds_on(dossier: Dossier, standards: Sequence[Standard], on: date) -> FineBounds:
    """Return the bounds of a fine decided on a day."""
    return fine_bounds(fine_standard(about(dossier).act_on, on, standards), on)


def order_text(dossier: Dossier, standards: Sequence[Standard]) -> str:
    """Return what to look at before the order to correct is issued: its limit and the bounds of a fine."""
    bounds = bounds_on(dossier, standards, dossier.on)
    days = rule("conscription.correction_days", dossier.on)
    return text(dossier, "order", days=days, bounds="；".join(line.text() for line in bounds.working))


def fine_text(dossier: Dossier, bounds: Bounds) -> str:
    """Return what to look at before a fine is decided: the bounds, and that it is optional."""
    fine = FineBounds.model_validate(bounds.fine)
    return text(dossier, "fine", min=f"{fine.min:,.2f}", max=f"{fine.max:,.2f}")


@step(rule=rule_of("fine_multiples"))
def set_bounds(dossier: Dossier, order: Issued, standards: Sequence[Standard], basis: str, on: date) -> Bounds:
    """Set the bounds for the decision; every hard gate must be on file and the offence not too old (行政处罚法)."""
    found = about(dossier)
    missing = missing_gates(_gates(dossier), found.act_on, on)
    judged = _sanction(found, order, on, standards, basis, corrected_on=None)
    if judged.fine is None and not missing:
        missing = ("legal_basis",)
    return Bounds(fine=judged.fine.model_dump(mode="json") if judged.fine and not missing else None, missing=missing)


def _sanction(
    found: Any, order: Issued, on: date, standards: Sequence[Standard], basis: str, *, corrected_on: date | None
) -> Sanction:
    given = Order(issued_on=order.issued_on, limit=order.limit, corrected_on=corrected_on)
    return sanction(Offence(found.offence), given, found.act_on, on, standards=standards, legal_basis=basis)


class Ruling(Fact):
    """What was decided: fine and bans, if any; unsettled when the day moved the bounds away from the amount."""

    decided_on: date
    settled: bool
    legal_basis: str
    status: str = O.COMPELLED
    fine: Decimal | None = None
    not_hired_as: tuple[str, ...] = ()
    exit_and_study_until: date | None = None


@step(
    reaches=lambda ruling: ruling.status if ruling.settled else None,
    tells=lambda ruling: (HANDLES, "conscription_office", "district_government") if ruling.settled else (),
    rule=rule_of("fine_multiples"),
)
def rule_penalty(
    dossier: Dossier, order: Issued, standards: Sequence[Standard], decision: FineDecision, basis: str
) -> Ruling:
    """Take over the decision on the day it was signed: the fine within that day's bounds, the bans with their dates."""
    on, found = signed_on(dossier, "fine"), about(dossier)
    late = on if decision.correction == "since_corrected" else None
    unsettled = Ruling(decided_on=on, settled=False, legal_basis=basis)
    try:
        judged = _sanction(found, order, on, standards, basis, corrected_on=late)
    except YearMissingError:  # a new year began while the question was open: its standard is asked for first
        return unsettled
    fines = decision.verdict == "fine"
    if missing_gates(_gates(dossier), found.act_on, on) or (
        fines and not (judged.fine and judged.fine.admits(decision.amount))
    ):
        return unsettled
    return Ruling(
        decided_on=on,
        status=O.BARRED if judged.bans else O.FINED if fines else O.COMPELLED,
        fine=decision.amount if fines else None,
        not_hired_as=judged.bans.not_hired_as if judged.bans else (),
        exit_and_study_until=judged.bans.exit_and_study_until if judged.bans else None,
        settled=True,
        legal_basis=basis,
    )


def review_terms(on: date) -> dict[str, int]:
    """Return the terms within which an order or a penalty may be contested."""
    return {"review_days": rule("conscription.review_days", on), "suit_months": rule("conscription.suit_months", on)}
