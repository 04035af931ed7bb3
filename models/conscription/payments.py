"""All that one conscript is due over the term: yearly payments, merit rewards, the one-off, less what others pay."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal

from pydantic import Field

from config.fact import Fact
from config.rulebook import Readings
from config.season import Season
from models.conscription.benefits import (
    NOTHING,
    Area,
    Award,
    ItemName,
    Schooling,
    Standard,
    Sum,
    family_allowance,
    higher_of,
    merit_reward,
    one_off_reward,
    standard_of,
    yearly_reward,
)
from models.judgement import Bench, Judged


def season_standard(season: Season) -> Standard:
    """Return the standard that a season file carries, with its document."""
    base = season.family_allowance_base
    return Standard(year=base.year, amount=base.amount, document=base.source)


class ServiceYear(Fact):
    """One year of service: where, and whether it was served to its end."""

    areas: frozenset[Area] = frozenset({Area.ORDINARY})
    complete: bool = True


class Superior(Fact):
    """What a higher level pays for the same thing in a year; the one-off carries the year of approval."""

    item: ItemName
    year: int
    amount: Decimal = Field(ge=0)


class Service(Fact):
    """What the payments of one conscript depend on."""

    approved_on: date
    approved_here: bool = True
    registered_here: bool = True
    schooling: Schooling
    years: tuple[ServiceYear, ...]
    """The service years begun as a conscript, at most the term; none after return or change to another status."""
    awards: tuple[Award, ...] = ()
    superior: tuple[Superior, ...] = ()


class Payment(Fact):
    """One item of one year; the district's part is None while a person must rule."""

    item: ItemName
    year: int
    sum: Sum
    superior: Decimal
    district_pays: Decimal | None


class Entitlement(Judged):
    """Everything due, in the order of the years, and what the district pays of it in all."""

    payments: tuple[Payment, ...]
    total: Decimal
    manual: tuple[Payment, ...]


def entitlement(service: Service, standards: Iterable[Standard] = (), readings: Readings | None = None) -> Entitlement:
    """Return all payments of a term of service under the rules of the approval day (Art. 19 and 29).

    Raises:
        config.rulebook.YearMissingError: the standard of a year is not there.
    """
    on, known = service.approved_on, tuple(standards)
    bench = Bench("conscription", on, readings)
    local = service.registered_here if bench.reading("payer") == "household_registration" else service.approved_here
    if not local:
        bench.note("benefit.paid_elsewhere")
        return Entitlement(payments=(), total=NOTHING, manual=(), working=bench.working, grounds=bench.grounds)
    due = [*_yearly(bench, service, known, readings), *_merits(service, known, readings)]
    due.append((on.year, one_off_reward(service.schooling, on, readings)))
    paid = {(row.item, row.year): row.amount for row in service.superior}
    payments = tuple(_payment(bench, year, sum_, paid) for year, sum_ in due)
    total = sum((payment.district_pays or NOTHING for payment in payments), NOTHING)
    if paid and bench.reading("higher_of_items") == "total":
        total = _in_total(bench, payments, paid)
    for _, sum_ in due:
        bench.take(sum_)
    bench.note("benefit.due_in_all", sum=total)
    return Entitlement(
        payments=payments,
        total=total,
        working=bench.working,
        grounds=bench.grounds,
        manual=tuple(payment for payment in payments if payment.sum.amount is None),
    )


def _yearly(
    bench: Bench, service: Service, standards: tuple[Standard, ...], readings: Readings | None
) -> list[tuple[int, Sum]]:
    on = service.approved_on
    due: list[tuple[int, Sum]] = []
    first_only = bench.reading("allowance_year") == "enlistment_year"
    for number, served in enumerate(service.years[: bench.rule("service_years")]):
        year = on.year + number
        standard = standard_of(on.year if first_only else year, standards)
        sums = (
            family_allowance(standard, served.areas, on, readings),
            yearly_reward(standard, service.schooling, served.areas, on, readings),
        )
        part = "full" if served.complete else bench.reading("part_year")
        amounts: dict[str, Decimal | None] = {"manual": None, "none": NOTHING}
        due.extend(
            (year, sum_ if part == "full" else sum_.model_copy(update={"amount": amounts[part]})) for sum_ in sums
        )
    return due


def _merits(service: Service, standards: tuple[Standard, ...], readings: Readings | None) -> list[tuple[int, Sum]]:
    due: list[tuple[int, Sum]] = []
    for year in sorted({award.year for award in service.awards}):
        awards = [award for award in service.awards if award.year == year]
        place = min(max(year - service.approved_on.year, 0), len(service.years) - 1)
        areas = service.years[place].areas if service.years else frozenset[Area]()
        due.append(
            (year, merit_reward(standard_of(year, standards), awards, service.approved_on, readings, areas=areas))
        )
    return due


def _payment(bench: Bench, year: int, sum_: Sum, paid: Mapping[tuple[ItemName, int], Decimal]) -> Payment:
    superior = paid.get((sum_.item, year), NOTHING)
    if sum_.amount is None or not superior:
        return Payment(item=sum_.item, year=year, sum=sum_, superior=superior, district_pays=sum_.amount)
    higher = higher_of(sum_, superior, bench.on, bench.readings)
    bench.take(higher)
    return Payment(item=sum_.item, year=year, sum=sum_, superior=superior, district_pays=higher.district_pays)


def _in_total(bench: Bench, payments: tuple[Payment, ...], paid: Mapping[tuple[ItemName, int], Decimal]) -> Decimal:
    matched = set(bench.rule("higher_of_items"))
    rewards = sum((row.sum.amount or NOTHING for row in payments if row.item.value in matched), NOTHING)
    others = sum((row.sum.amount or NOTHING for row in payments if row.item.value not in matched), NOTHING)
    superior = sum((amount for (item, _), amount in paid.items() if item.value in matched), NOTHING)
    return others + max(NOTHING, rewards - superior)


def one_off_payable_from(approved_on: date, arrived_on: date | None, readings: Readings | None = None) -> date | None:
    """Return the first day the one-off may be paid; None while it waits for the recruit's arrival at the unit."""
    bench = Bench("conscription", approved_on, readings)
    if bench.reading("one_off_payable") == "after_approval":
        return approved_on
    days = timedelta(days=bench.rule("return_days") + 1)
    return arrived_on + days if arrived_on else None
