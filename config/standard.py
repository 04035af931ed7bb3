"""What examination and selection measure by: typed views of the dated medical standard and scorecard."""

from datetime import date
from decimal import Decimal
from functools import cache
from typing import Literal, Self

from pydantic import Field, model_validator

from config.fact import Fact
from config.rulebook import Cited, Ground, cited
from config.yaml_file import shape

Sex = Literal["male", "female"]


class Range(Fact):
    """A range: `min` and `max` are included, `below` is not."""

    min: Decimal | None = None
    max: Decimal | None = None
    below: Decimal | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.min is None and self.max is None and self.below is None:
            raise ValueError("range")
        return self

    def holds(self, value: Decimal) -> bool:
        """Say whether a value is inside."""
        return not (
            (self.min is not None and value < self.min)
            or (self.max is not None and value > self.max)
            or (self.below is not None and value >= self.below)
        )

    @property
    def text(self) -> str:
        """The range as people write it: ≥17.5、<30."""
        ends = (("≥", self.min), ("≤", self.max), ("<", self.below))
        return "、".join(f"{sign}{end}" for sign, end in ends if end is not None)


class BySex(Fact):
    """A range for men and one for women."""

    male: Range
    female: Range

    def of(self, sex: Sex) -> Range:
        """Return the range for a sex."""
        return self.male if sex == "male" else self.female


class Glycated(Fact):
    """HbA1c is measured from this body mass index on, and stays below this percentage."""

    from_bmi: Decimal
    below: Decimal


class Vision(Fact):
    """When an eye needs correction, what the correction reaches, and the lens at most, in degrees."""

    corrected_if_below: Decimal
    corrected_min: Decimal
    degrees_max: Decimal


class MedicalStandard(Fact):
    """Ranges that software checks on an examination: cm, kg/m², five-point vision, mmol/L, %, mmHg, months."""

    height: BySex
    bmi: BySex
    hba1c: Glycated
    naked_vision: Range
    vision: Vision
    glucose: Range
    systolic: Range
    diastolic: Range
    laser_months: int = Field(gt=0)
    bmi_tolerance: Decimal


class CardItem(Fact):
    """One item of the scorecard: fixed choices, or points from 0 to the cap."""

    title: str
    cap: Decimal = Field(gt=0)
    evidence: str = Field(min_length=2)
    choices: dict[str, Decimal] | None = None


class Preference(Fact):
    """A group that the law prefers, and what proves it."""

    title: str
    evidence: str = Field(min_length=2)


class Scorecard(Fact):
    """How points are given and ties are broken."""

    name: str
    items: dict[str, CardItem] = Field(min_length=1)
    tie_breakers: tuple[str, ...]
    preferences: dict[str, Preference]

    @model_validator(mode="after")
    def _known(self) -> Self:
        if set(self.tie_breakers) - set(self.items):
            raise ValueError("tie_breaker")
        if any(max(item.choices.values()) > item.cap for item in self.items.values() if item.choices):
            raise ValueError("cap")
        return self


class DatedStandard(Fact):
    """The medical standard with its citation."""

    standard: MedicalStandard
    ground: Ground


class DatedScorecard(Fact):
    """The scorecard with its citation; its version is the day it holds from."""

    card: Scorecard
    ground: Ground

    @property
    def version(self) -> str:
        """Name and first day of the card, as sealed into each ranking."""
        return f"{self.card.name}@{self.ground.since.isoformat()}"


def _file(found: Cited) -> str:
    return f"{found.path}@{found.since.isoformat()}"


@cache
def medical_standard(on: date) -> DatedStandard:
    """Return the medical standard in force on a day; raises as `config.rulebook.cited` does."""
    found = cited("conscription.medical_standard", on)
    return DatedStandard(standard=shape(MedicalStandard, found.value, _file(found)), ground=found.ground)


@cache
def scorecard(on: date) -> DatedScorecard:
    """Return the scorecard in force on a day; raises as `config.rulebook.cited` does."""
    found = cited("conscription.scorecard", on)
    return DatedScorecard(card=shape(Scorecard, found.value, _file(found)), ground=found.ground)
