"""What the calendar asks: publicity months, the January adjustment, the limits around departure and return."""

import calendar
from datetime import date, timedelta
from typing import Final, Literal

from config.fact import Fact
from config.rulebook import cited, rule
from models.judgement import Bench, Judged


def is_publicity_month(on: date) -> bool:
    """Say whether a day lies in a month of concentrated publicity (Art. 8)."""
    return on.month in rule("conscription.publicity_months", on)


class Adjustment(Judged):
    """Whether the yearly adjustment of the seven groups was made."""

    due: date
    overdue: bool


def group_adjustment(last_adjusted: date | None, on: date) -> Adjustment:
    """Say whether the groups were adjusted in this year's January or are overdue (Art. 4)."""
    bench = Bench("conscription", on)
    month: int = bench.rule("group_adjustment_month")
    due = date(on.year, month, calendar.monthrange(on.year, month)[1])
    done = last_adjusted is not None and date(on.year, month, 1) <= last_adjusted <= on
    overdue = not done and on > due
    bench.note("recruit.adjustment_overdue" if overdue else "recruit.adjustment", due=due)
    return Adjustment(due=due, overdue=overdue, working=bench.working, grounds=bench.grounds)


Anchor = Literal[
    "intake_start",
    "departure",
    "archive_received",
    "archive_letter",
    "arrival",
    "posting",
    "return",
    "discharge",
    "penalty_notice",
]

CLOCKS: Final[dict[str, Anchor]] = {
    "publicity_days": "posting",
    "liaison_officer_days": "intake_start",
    "transport_needs_days": "intake_start",
    "handover_days": "departure",
    "archive_check_hours": "departure",
    "archive_fault_hours": "departure",
    "archive_mail_days": "departure",
    "archive_unit_check_days": "archive_received",
    "archive_correction_days": "archive_letter",
    "return_days": "arrival",
    "returned_handover_days": "return",
    "medical_appraisal_days": "return",
    "discharge_registration_days": "discharge",
    "penalty_hearing_days": "penalty_notice",
}
"""Each limit with legal force, by its rule, and the event it is counted from."""


class LegalClock(Fact):
    """A limit with legal force: so many of a unit before or after an event."""

    name: str
    budget: int
    unit: str
    anchor: Anchor
    label: str


def legal_clocks(on: date) -> tuple[LegalClock, ...]:
    """Return the limits with legal force on a day."""
    found = ((cited(f"conscription.{name}", on), name, anchor) for name, anchor in CLOCKS.items())
    return tuple(
        LegalClock(name=name, budget=clock.value, unit=clock.unit, anchor=anchor, label=clock.label)
        for clock, name, anchor in found
    )


def receiving_staff_window(departure: date) -> tuple[date, date]:
    """Return the first and the last day for receiving staff to arrive: ten to seven days before departure."""
    days = rule("conscription.receiving_staff_days", departure)
    return departure - timedelta(days=days["earliest"]), departure - timedelta(days=days["latest"])


def return_until(arrived_on: date, ground: str = "") -> date | None:
    """Return the last day of the unit's letter of return; None for a ground that no limit ends (concealment)."""
    if ground in rule("conscription.return_without_limit", arrived_on):
        return None
    return arrived_on + timedelta(days=rule("conscription.return_days", arrived_on))
