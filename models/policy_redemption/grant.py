"""Assess what a policy grants: a sum, or a share of a figure up to a cap, to the cent; never more than asked for."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from config.rulebook import Readings
from models.judgement import Bench, Judged, Line, to_cents
from models.policy_redemption.content import Grant


class Assessed(Judged):
    """A sum in yuan, to the cent; None where the reviewers set it."""

    amount: Decimal | None


def assess(
    grant: Grant,
    facts: Mapping[str, Any],
    requested: Decimal | None,
    on: date,
    readings: Readings | None = None,
) -> Assessed:
    """Assess an application under the rules of a day; halves of a cent are rounded up.

    Args:
        grant: what the policy grants.
        facts: what is known of the firm, by `FirmFact`; sums in yuan.
        requested: what the firm asks for, in yuan; None where it asks for no sum.
        on: the day whose rules apply.
        readings: readings other than the installation's.
    """
    bench = Bench("policy_redemption", on, readings)
    bound = bench.cite("requested_bound").reading
    amount = _computed(bench, grant, facts, requested)
    if amount is not None and grant.cap and amount > Decimal(grant.cap):
        amount = to_cents(Decimal(grant.cap))
        bench.note("policy_judgement.capped", cap=amount)
    if amount is not None and requested is not None and requested < amount and bound and bound.value == "lower":
        amount = to_cents(requested)
        bench.note("policy_judgement.requested_lower", requested=amount)
    return Assessed(amount=amount, working=bench.working, grounds=bench.grounds)


def _computed(bench: Bench, grant: Grant, facts: Mapping[str, Any], requested: Decimal | None) -> Decimal | None:
    match grant.kind:
        case "fixed":
            amount = to_cents(Decimal(grant.amount))
            bench.note("policy_judgement.fixed", amount=amount)
            return amount
        case "share":
            return _share(bench, grant, facts, requested)
    if requested is None:
        bench.note("policy_judgement.as_reviewed")
    else:
        bench.note("policy_judgement.as_reviewed_requested", requested=requested)
    return None


def _share(bench: Bench, grant: Grant, facts: Mapping[str, Any], requested: Decimal | None) -> Decimal | None:
    title = Line(key=f"policy_judgement.fact_{grant.of}")
    figure = requested if grant.of == "requested" else _figure(facts.get(str(grant.of)))
    if figure is None:
        bench.note("policy_judgement.share_unknown", of=title)
        return None
    amount = to_cents(figure * Decimal(grant.share))
    bench.note("policy_judgement.share", of=title, figure=figure, share=grant.share, sum=amount)
    return amount


def _figure(given: Any) -> Decimal | None:
    """Return a figure that a share can be taken of; None where it is not on file or is no sum."""
    if given is None or given == "" or isinstance(given, bool):
        return None
    try:
        figure = Decimal(str(given))
    except InvalidOperation:
        return None
    return figure if figure.is_finite() and figure >= 0 else None
