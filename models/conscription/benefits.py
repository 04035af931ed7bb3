"""Benefits, Art. 19, 25 and 29: each sum with its working, on the standard that the district set for the year."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import reduce
from typing import Literal

from pydantic import Field

from config.fact import Fact
from config.rulebook import Readings, cited
from models.judgement import Bench, Judged, Line, Told, to_cents

NOTHING = Decimal(0)


class Area(StrEnum):
    """Where a conscript serves."""

    ORDINARY = "ordinary"
    HARDSHIP = "hardship"
    TIBET = "tibet"


class Diploma(StrEnum):
    """Level of a diploma held or a programme followed, lowest first."""

    NONE = "none"
    JUNIOR_COLLEGE = "junior_college"
    BACHELOR = "bachelor"
    MASTER = "master"
    DOCTOR = "doctor"

    @property
    def band(self) -> str:
        """Band of the yearly reward; empty where there is none."""
        if self is Diploma.NONE:
            return ""
        return self.value if self is Diploma.JUNIOR_COLLEGE else "bachelor_or_higher"


class AwardKind(StrEnum):
    """The awards that Art. 19(3) lists."""

    HONORARY_TITLE = "honorary_title"
    FIRST_CLASS_MERIT = "first_class_merit"
    SECOND_CLASS_MERIT = "second_class_merit"
    THIRD_CLASS_MERIT = "third_class_merit"
    FOUR_HAVES_SOLDIER = "four_haves_soldier"


class ItemName(StrEnum):
    """What is paid."""

    FAMILY_ALLOWANCE = "family_allowance"
    YEARLY_REWARD = "yearly_reward"
    MERIT_REWARD = "merit_reward"
    ONE_OFF_REWARD = "one_off_reward"


class Standard(Fact):
    """The family allowance standard of a year, in yuan, with the paper that sets it."""

    year: int
    amount: Decimal = Field(gt=0)
    document: str = Field(min_length=2)


class Schooling(Fact):
    """Regular-university schooling on the approval day; it stays fixed."""

    holds: Diploma = Diploma.NONE
    studies: Diploma = Diploma.NONE
    new_entrant: bool = False
    """Admitted with a kept place, not yet enrolled in `studies`."""


class Award(Fact):
    """An award of one year; awards for the same act share its name."""

    kind: AwardKind
    year: int
    act: str = ""
    region_level: bool | None = None
    """Granted by a major military region or above; None while the order was not seen."""


class Sum(Judged):
    """An amount of yuan; None when the text leaves it to a person, with the reason as the last line of the working."""

    item: ItemName
    amount: Decimal | None


class Higher(Judged):
    """What Art. 29 leaves of a reward that a higher level pays as well."""

    item: ItemName
    entitled: Decimal
    district_pays: Decimal
    superior_pays: Decimal


def standard_of(year: int, standards: Iterable[Standard] = ()) -> Standard:
    """Return the standard of a year, from those given or from the rulebook; never another year's.

    Raises:
        config.rulebook.YearMissingError: family_allowance_base[year] missing.
    """
    for standard in standards:
        if standard.year == year:
            return standard
    found = cited("conscription.family_allowance_base", date(year, 1, 1))
    return Standard(year=year, amount=Decimal(str(found.value)), document=found.label)


def factor_of(bench: Bench, areas: Iterable[Area]) -> int:
    """Return the multiple of a set of service areas: the highest, by default never the product."""
    factors = bench.cite("family_allowance_factors")
    found = [int(factors.value[area.value]) for area in sorted(set(areas))] or [int(factors.value["ordinary"])]
    multiplied = factors.reading is not None and factors.reading.value == "multiplied"
    return reduce(lambda one, other: one * other, found) if multiplied else max(found)


def family_allowance(standard: Standard, areas: Iterable[Area], on: date, readings: Readings | None = None) -> Sum:
    """Return a year's family allowance: the standard, doubled in a hardship area, fourfold in Tibet (Art. 19(1))."""
    bench = Bench("conscription", on, readings)
    factor = factor_of(bench, areas)
    return _sum(
        bench,
        ItemName.FAMILY_ALLOWANCE,
        standard.amount * factor,
        "benefit.allowance",
        standard=standard.amount,
        year=standard.year,
        document=standard.document,
        factor=factor,
    )


def yearly_reward(
    standard: Standard, schooling: Schooling, areas: Iterable[Area], on: date, readings: Readings | None = None
) -> Sum:
    """Return a year's reward of a university student or graduate, a share of the plain standard (Art. 19(2))."""
    bench = Bench("conscription", on, readings)
    rates = bench.rule("yearly_reward_rates")
    if schooling.new_entrant and bench.reading("new_entrant") == "manual":
        bench.note("benefit.manual_new_entrant")
        return _manual(bench, ItemName.YEARLY_REWARD)
    followed = Decimal(rates[schooling.studies.band]["student"]) if schooling.studies.band else NOTHING
    held = Decimal(rates[schooling.holds.band]["graduate"]) if schooling.holds.band else NOTHING
    rate = followed or held
    if followed and held:
        rate = max(followed, held) if bench.reading("studying_with_degree") == "higher" else followed
    if not rate:
        bench.note("benefit.no_reward")
    amount = _reward_base(bench, standard, areas)
    return _sum(bench, ItemName.YEARLY_REWARD, amount * rate, "benefit.share", of=amount, rate=f"{rate:.0%}")


def _reward_base(bench: Bench, standard: Standard, areas: Iterable[Area]) -> Decimal:
    multiplied = bench.reading("reward_base") == "multiplied"
    bench.note("benefit.standard", standard=standard.amount, year=standard.year, document=standard.document)
    return standard.amount * (factor_of(bench, areas) if multiplied else 1)


def merit_reward(
    standard: Standard,
    awards: Iterable[Award],
    on: date,
    readings: Readings | None = None,
    *,
    areas: Iterable[Area] = (),
    conscript: bool = True,
) -> Sum:
    """Return the merit reward of one year's awards: each act once, the same act only the higher (Art. 19(3))."""
    bench = Bench("conscription", on, readings)
    rates = bench.cite("merit_rates")
    listed = sorted(awards, key=lambda award: (award.act, -Decimal(rates.value[award.kind.value])))
    if not conscript and bench.reading("merit_receivers") == "conscripts_only":
        bench.note("benefit.not_conscript")
        return _sum(bench, ItemName.MERIT_REWARD, NOTHING, "benefit.none")
    if rates.reading and rates.reading.value == "region_level_only":
        if any(award.region_level is None for award in listed):
            bench.note("benefit.manual_level")
            return _manual(bench, ItemName.MERIT_REWARD)
        listed = [award for award in listed if award.region_level]
    best: dict[str, Award] = {}
    for number, award in enumerate(listed):
        best.setdefault(award.act or f"#{number}", award)
    paid = list(best.values())
    if paid and bench.reading("merit_awards") == "highest_per_year":
        paid = [max(paid, key=lambda award: Decimal(rates.value[award.kind.value]))]
    amount = _reward_base(bench, standard, areas) if paid else NOTHING
    for award in paid:
        rate = Decimal(rates.value[award.kind.value])
        bench.note(
            "benefit.award", award=Line(key=f"benefit.{award.kind}"), rate=f"{rate:.0%}", sum=to_cents(amount * rate)
        )
    total = sum((Decimal(rates.value[award.kind.value]) for award in paid), NOTHING)
    return _sum(bench, ItemName.MERIT_REWARD, amount * total, "benefit.total")


def one_off_reward(schooling: Schooling, on: date, readings: Readings | None = None) -> Sum:
    """Return the one-off reward by the highest diploma held on the approval day; tiers do not add up (Art. 19(4))."""
    bench = Bench("conscription", on, readings)
    amounts = bench.cite("one_off_amounts")
    bench.reading("one_off_payable")
    studying = schooling.studies is not Diploma.NONE and not schooling.new_entrant
    by_programme = amounts.reading is not None and amounts.reading.value == "programme"
    counts = NOTHING if by_programme and studying else Decimal(str(amounts.value.get(schooling.holds.value, 0)))
    return _sum(
        bench,
        ItemName.ONE_OFF_REWARD,
        counts,
        "benefit.one_off",
        diploma=Line(key=f"benefit.diploma_{schooling.holds}"),
    )


def higher_of(district: Sum, superior: Decimal, on: date, readings: Readings | None = None) -> Higher:
    """Return what is left of a reward where a higher level pays for the same thing: the higher, once (Art. 29)."""
    bench = Bench("conscription", on, readings)
    own = district.amount or NOTHING
    if district.item.value not in bench.rule("higher_of_items"):
        bench.note("benefit.not_matched")
        return _higher(bench, district.item, own + superior, own, superior)
    entitled = max(own, superior)
    bench.note("benefit.higher", own=own, superior=superior, entitled=entitled)
    if bench.reading("higher_of_payer") == "whole":
        return _higher(
            bench, district.item, entitled, own if own > superior else NOTHING, NOTHING if own > superior else superior
        )
    return _higher(bench, district.item, entitled, entitled - superior, superior)


def _higher(bench: Bench, item: ItemName, entitled: Decimal, district: Decimal, superior: Decimal) -> Higher:
    return Higher(
        item=item,
        entitled=entitled,
        district_pays=district,
        superior_pays=superior,
        working=bench.working,
        grounds=bench.grounds,
    )


def _sum(bench: Bench, item: ItemName, amount: Decimal, key: str, /, **facts: Told | Decimal | date) -> Sum:
    sum_ = to_cents(amount, Decimal(bench.rule("rounding")))
    bench.note(key, **facts, sum=sum_)
    return Sum(item=item, amount=sum_, working=bench.working, grounds=bench.grounds)


def _manual(bench: Bench, item: ItemName) -> Sum:
    return Sum(item=item, amount=None, working=bench.working, grounds=bench.grounds)


class Evasion(Fact):
    """What was found about one who evaded service after enlistment."""

    evaded: bool
    serious_effect: bool
    returned_or_struck_off: bool
    concealed: bool = False
    """Concealed crime, a listed disease or forged papers (征兵工作条例 Art. 56)."""


class Recovery(Judged):
    """What is recovered, what a person must still rule on, and whether preferential treatment and reinstatement end."""

    recovered: Mapping[ItemName, Decimal]
    manual: Mapping[ItemName, Decimal]
    treatment: Literal["continues", "cancelled"]
    reinstatement: bool


def recover(paid: Mapping[ItemName, Decimal], evasion: Evasion, on: date, readings: Readings | None = None) -> Recovery:
    """Return what is recovered after evading service: all three conditions, then the whole allowance (Art. 25)."""
    bench = Bench("conscription", on, readings)
    evades = evasion.evaded and evasion.serious_effect and evasion.returned_or_struck_off
    if evasion.concealed:
        items = set(bench.rule("concealment_recovery"))
    elif evades:
        everything = bench.reading("recovery_scope") == "everything"
        items = {item.value for item in ItemName} if everything else {ItemName.FAMILY_ALLOWANCE.value}
    else:
        bench.note("benefit.not_recovered")
        return Recovery(
            recovered={},
            manual={},
            treatment="continues",
            reinstatement=True,
            working=bench.working,
            grounds=bench.grounds,
        )
    back = {item: amount for item, amount in paid.items() if item.value in items}
    rest = {item: amount for item, amount in paid.items() if item.value not in items and amount}
    bench.note("benefit.recovered", sum=sum(back.values(), NOTHING))
    return Recovery(
        recovered=back,
        manual=rest,
        treatment="cancelled",
        reinstatement=not evades,
        working=bench.working,
        grounds=bench.grounds,
    )
