"""From the rosters' words to those of the benefit rules: schooling on the approval day, and service."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from config.messages import say
from models.conscription.benefits import Area, Award, AwardKind, Diploma, ItemName, Schooling
from models.conscription.payments import Service, ServiceYear, Superior

STUDYING: Final = ("student", "final_year")
GRADUATED: Final = ("graduate", "fresh_graduate")
PRESUPPOSED: Final = {Diploma.MASTER: Diploma.BACHELOR, Diploma.DOCTOR: Diploma.MASTER}
"""A programme that is entered with a diploma: who follows it holds that one (shown on the sheet, to be checked)."""


def diploma_of(education: str) -> Diploma:
    """Return the level of a university education; none below university."""
    return Diploma(education) if education in {one.value for one in Diploma} else Diploma.NONE


def schooling_of(education: str, standing: str) -> Schooling:
    """Return a candidate's schooling from the application: level finished, or level followed."""
    level = diploma_of(education)
    if standing in GRADUATED:
        return Schooling(holds=level)
    if standing in STUDYING:
        return Schooling(holds=PRESUPPOSED.get(level, Diploma.NONE), studies=level)
    if standing == "new_entrant":
        return Schooling(holds=PRESUPPOSED.get(level, Diploma.NONE), studies=level, new_entrant=True)
    return Schooling()


def presupposes(schooling: Schooling) -> bool:
    """Say whether a diploma was presupposed and must be checked against its certificate."""
    return schooling.studies in PRESUPPOSED


def item_named(title: str) -> ItemName | None:
    """Return the item that a sheet names, or None."""
    names = {say(f"conscription_benefits.item_{item}", "zh"): item for item in ItemName}
    return names.get(title.strip()) or next((item for item in ItemName if item.value == title.strip()), None)


class OnRoll(NamedTuple):
    """What the roll has of one recruit: the candidate's row, service years, honours and superior payments."""

    candidate: Any
    served: Sequence[Any]
    honours: Sequence[Any]
    superior: Sequence[Any]


def service_of(roll: OnRoll, approved_on: date, year: int) -> Service:
    """Return the service of a recruit up to a year, as the payments judge it."""
    return Service(
        approved_on=approved_on,
        approved_here=True,
        registered_here=roll.candidate.basis in ("household", "household_before_study"),
        schooling=schooling_of(roll.candidate.education, roll.candidate.standing),
        years=tuple(_year(roll.served, each) for each in range(approved_on.year, year + 1)),
        awards=tuple(
            Award(kind=AwardKind(one.kind), year=one.year, act=one.act or "", region_level=one.region_level)
            for one in roll.honours
            if one.year <= year
        ),
        superior=_superior(roll.superior),
    )


def _year(served: Sequence[Any], year: int) -> ServiceYear:
    rows = [one for one in served if one.year == year]
    areas = frozenset(Area(one.area) for one in rows) or frozenset({Area.ORDINARY})
    return ServiceYear(areas=areas, complete=all(one.complete for one in rows))


def _superior(rows: Sequence[Any]) -> tuple[Superior, ...]:
    """Add up what several higher levels pay for one item and year: whoever has it has it, from whomever."""
    sums: dict[tuple[str, int], Decimal] = {}
    for one in rows:
        sums[one.item, one.year] = sums.get((one.item, one.year), Decimal(0)) + Decimal(one.amount)
    return tuple(Superior(item=ItemName(item), year=year, amount=sum_) for (item, year), sum_ in sorted(sums.items()))


def has_area(roll: OnRoll, year: int) -> bool:
    """Say whether a paper says where a recruit serves in a year; without one a person must rule."""
    return any(one.year == year for one in roll.served)
