"""Offences of Art. 24: order to correct, compulsion, the bounds of the fine and the bans. The amount is for people."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from config.fact import Fact
from config.messages import Refusal
from config.rulebook import Readings
from models.conscription.benefits import Standard, standard_of
from models.conscription.status import OffenceStatus
from models.judgement import Bench, Judged, to_cents, years_after


class Offence(StrEnum):
    """The three offences."""

    EVADES_REGISTRATION = "evades_registration"
    """Refuses or evades registration or the physical examination."""
    CONCEALS = "conceals"
    """Conceals or fakes in physical, political or visiting checks."""
    EVADES_CALL_UP = "evades_call_up"
    """A called-up citizen refuses or evades call-up."""


class Order(Fact):
    """The order to correct within a limit, and what came of it."""

    issued_on: date
    limit: date
    """Last day to correct, included."""
    corrected_on: date | None = None


class FineBounds(Judged):
    """The bounds of a fine, in yuan; both included by default. It is optional and never chosen here."""

    min: Decimal
    max: Decimal
    inclusive: bool = True

    def admits(self, amount: Decimal) -> bool:
        """Say whether a fine of this amount is allowed."""
        return self.min <= amount <= self.max if self.inclusive else self.min < amount < self.max


class Bans(Fact):
    """What follows for one who refuses call-up and does not correct it."""

    not_hired_as: tuple[str, ...]
    """No end: the article states none."""
    exit_and_study_until: date


class Sanction(Judged):
    """What the article allows against an offence on the day of decision."""

    status: OffenceStatus
    fine: FineBounds | None = None
    fine_blocked: bool = False
    """Concealment without a recorded legal basis: no fine until legal review attaches one."""
    bans: Bans | None = None


def fine_bounds(standard: Standard, on: date, readings: Readings | None = None) -> FineBounds:
    """Return the bounds of a fine on a standard: two to eight times (Art. 24)."""
    bench = Bench("conscription", on, readings)
    multiples = bench.cite("fine_multiples")
    low, high = (to_cents(standard.amount * multiples.value[end]) for end in ("min", "max"))
    bench.note(
        "benefit.fine",
        standard=standard.amount,
        year=standard.year,
        document=standard.document,
        low=multiples.value["min"],
        high=multiples.value["max"],
        min=low,
        max=high,
    )
    inclusive = multiples.reading is None or multiples.reading.value == "inclusive"
    return FineBounds(min=low, max=high, inclusive=inclusive, working=bench.working, grounds=bench.grounds)


def check_fine(amount: Decimal, bounds: FineBounds) -> None:
    """Refuse a fine outside its bounds.

    Raises:
        Refusal: below the lower or above the upper bound.
    """
    if not bounds.admits(amount):
        raise Refusal("benefit.fine_outside", amount=amount, min=bounds.min, max=bounds.max)


def fine_standard(
    act_on: date, decided_on: date, standards: Iterable[Standard] = (), readings: Readings | None = None
) -> Standard:
    """Return the standard a fine is measured by: of the decision's year, of the act's, or the lighter, by the reading.

    Raises:
        config.rulebook.YearMissingError: family_allowance_base[year] missing.
    """
    known = tuple(standards)
    year = Bench("conscription", decided_on, readings).reading("fine_base_year")
    if year == "decision":
        return standard_of(decided_on.year, known)
    act = standard_of(act_on.year, known)
    if year == "act":
        return act
    return min(act, standard_of(decided_on.year, known), key=lambda standard: standard.amount)


def sanction(
    offence: Offence,
    order: Order,
    act_on: date,
    on: date,
    *,
    standards: Iterable[Standard] = (),
    legal_basis: str = "",
    readings: Readings | None = None,
) -> Sanction:
    """Judge what may follow an offence on the day of decision (Art. 24): nothing if corrected within the order's limit.

    Raises:
        config.rulebook.YearMissingError: a fine is possible and the year's standard is not there.
    """
    bench = Bench("conscription", on, readings)
    if order.corrected_on and order.corrected_on <= order.limit:
        bench.cite("fine_multiples")
        bench.note("benefit.corrected", corrected=order.corrected_on, limit=order.limit)
        return Sanction(status=OffenceStatus.CORRECTED, working=bench.working, grounds=bench.grounds)
    if on <= order.limit:
        bench.cite("fine_multiples")
        bench.note("benefit.limit_runs", limit=order.limit)
        return Sanction(status=OffenceStatus.ORDERED, working=bench.working, grounds=bench.grounds)
    bench.note("benefit.not_corrected", limit=order.limit)
    blocked = (
        offence is Offence.CONCEALS and not legal_basis and bench.reading("concealment_fine") == "needs_legal_basis"
    )
    fine = None
    if blocked:
        bench.note("benefit.fine_blocked")
    else:
        fine = fine_bounds(fine_standard(act_on, on, standards, readings), on, readings)
        bench.reading("fine_base_year")
        bench.take(fine)
    bans = _bans(bench, act_on, on) if offence is Offence.EVADES_CALL_UP and not order.corrected_on else None
    status = OffenceStatus.BARRED if bans else OffenceStatus.COMPELLED
    return Sanction(
        status=status, fine=fine, fine_blocked=blocked, bans=bans, working=bench.working, grounds=bench.grounds
    )


def _bans(bench: Bench, act_on: date, on: date) -> Bans:
    years = bench.cite("ban_years")
    from_act = years.reading is not None and years.reading.value == "from_act"
    until = years_after(act_on if from_act else on, years.value)
    bench.note("benefit.banned", until=until)
    return Bans(not_hired_as=tuple(bench.rule("hiring_bar")), exit_and_study_until=until)


GATES: Final = ("order_issued", "limit_lapsed", "notice_given", "hearing_closed", "legal_review")
"""What must be on file before a decision to fine, in this order."""


def missing_gates(done: Iterable[str], act_on: date, on: date) -> tuple[str, ...]:
    """Return what still stands before a decision to fine; `limitation` when the offence is too old to punish."""
    bench = Bench("conscription", on)
    held = set(done)
    missing = [gate for gate in GATES if gate not in held]
    if years_after(act_on, bench.rule("penalty_limitation_years")) < on:
        missing.append("limitation")
    return tuple(missing)


def surcharge(fine: Decimal, days_late: int, on: date) -> Decimal:
    """Return the surcharge on a fine paid so many days late, at most the fine itself (行政处罚法 Art. 72)."""
    rates = Bench("conscription", on).rule("penalty_surcharge")
    return to_cents(min(fine * Decimal(rates["rate"]) * days_late, fine * Decimal(rates["cap"])))
