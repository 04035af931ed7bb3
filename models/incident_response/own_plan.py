"""Judge whether a dealer in fireworks holds the accident plan of its own that it must hold (1.3(4))."""

from datetime import date
from enum import StrEnum

from config.rulebook import Readings
from models.incident_response.grade import PROCESS
from models.judgement import Bench, Judged, Line, years_after


class Dealer(StrEnum):
    """Kind of dealer, as the business licence says."""

    WHOLESALE = "wholesale"
    RETAIL = "retail"


class OwnPlan(Judged):
    """What is found about a dealer's own plan; flagged where something must be done."""

    required: bool
    missing: bool
    """It must hold one and none is on file."""
    review_due: date | None = None
    review_overdue: bool = False

    @property
    def flagged(self) -> bool:
        """Say whether the firm is to be told to act."""
        return self.missing or self.review_overdue


def own_plan_missing(
    kind: Dealer, plan_document: str, revised: date | None, on: date, readings: Readings | None = None
) -> OwnPlan:
    """Check a dealer's own plan: wholesale firms make and run one (1.3(4)), and review it every few years.

    Args:
        kind: what the licence allows.
        plan_document: number or title of the firm's plan; empty where none is on file.
        revised: the day it was last made, reviewed or revised; None where that is not on file.
        on: the day it is checked.
        readings: other readings than the installation's.
    """
    bench = Bench(PROCESS, on, readings)
    required = kind in bench.rule("own_plan_kinds")
    missing = required and not plan_document.strip()
    due, word = None, Line(key=f"incident_plan.dealer_{kind}")
    if not required:
        bench.note("incident_plan.own_not_required", kind=word)
    elif missing:
        bench.note("incident_plan.own_missing", kind=word)
    else:
        bench.note("incident_plan.own_held", kind=word, plan=plan_document.strip())
        due = _review(bench, revised)
    return OwnPlan(
        required=required,
        missing=missing,
        review_due=due,
        review_overdue=due is not None and due < on,
        working=bench.working,
        grounds=bench.grounds,
    )


def _review(bench: Bench, revised: date | None) -> date | None:
    years = bench.rule("own_plan_review_years")
    if revised is None:
        bench.note("incident_plan.review_unknown", years=years)
        return None
    due = years_after(revised, years)
    told = "review_overdue" if due < bench.on else "review_due"
    bench.note(f"incident_plan.{told}", revised=revised, years=years, due=due)
    return due
