"""Find a subsidy granted before for the same matter, by the declared rule (Art. 8: payment within the budget)."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Literal

from config.fact import Fact
from config.rulebook import Readings
from models.judgement import Bench, Judged


class Earlier(Fact):
    """What a firm has had or is having for a matter: an application that was not refused, withdrawn or recovered."""

    case: str
    matter: str
    on: date
    """The day whose year it counts for."""
    amount: Decimal | None = None
    """Yuan; None while it is not assessed."""


class Duplication(Judged):
    """Whether a matter was granted before, and what follows."""

    outcome: Literal["clear", "barred", "difference"]
    against: tuple[str, ...]
    """Cases that already have it."""
    deduct: Decimal = Decimal(0)
    """Yuan to take off under the reading `higher`: only the difference is paid."""

    def rest(self, amount: Decimal) -> Decimal:
        """Return what is left of an amount; never below nothing."""
        if self.outcome == "barred":
            return Decimal(0)
        return max(amount - self.deduct, Decimal(0))


def duplicated(matter: str, on: date, earlier: Iterable[Earlier], readings: Readings | None = None) -> Duplication:
    """Judge a firm's application for a matter against what it already has (reading `duplicate_subsidies`).

    Args:
        matter: as the policy declares it; the same words are the same matter, whichever policy they stand in.
        on: the day of the application; its year is the year it counts for.
        earlier: the firm's other applications that count, its own one left out.
        readings: readings other than the installation's.
    """
    bench = Bench("policy_redemption", on, readings)
    rule = bench.reading("duplicate_subsidies")
    same = [one for one in earlier if one.matter == matter]
    if rule in {"once_a_year", "higher"}:
        same = [one for one in same if one.on.year == on.year]
    cases = tuple(sorted(one.case for one in same))
    if rule == "none" or not same:
        bench.note("policy_judgement.duplicate_unlimited" if same else "policy_judgement.no_duplicate", matter=matter)
        return Duplication(outcome="clear", against=(), working=bench.working, grounds=bench.grounds)
    sum_ = sum((one.amount or Decimal(0) for one in same), Decimal(0))
    told = {"matter": matter, "cases": "、".join(cases)}
    if rule == "higher":
        bench.note("policy_judgement.duplicate_higher", **told, year=str(on.year), sum=sum_)
        return Duplication(
            outcome="difference", against=cases, deduct=sum_, working=bench.working, grounds=bench.grounds
        )
    more = {"year": str(on.year)} if rule == "once_a_year" else {}
    bench.note(f"policy_judgement.duplicate_{rule}", **told, **more)
    return Duplication(outcome="barred", against=cases, working=bench.working, grounds=bench.grounds)
