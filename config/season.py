"""The season file: what a year's orders fix for one intake. It changes each time, so it is a file and never code."""

from datetime import date, datetime
from decimal import Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from config.fact import Fact
from config.messages import Refusal
from config.offices import towns
from config.standard import DatedScorecard, DatedStandard, Sex, medical_standard, scorecard
from config.yaml_file import read_yaml, shape
from config.zone import SHANGHAI

FOLDER: Final = Path(__file__).with_name("seasons")

Schooling = Literal["junior_middle", "senior_middle", "junior_college", "bachelor", "postgraduate"]
Standing = Literal["student", "final_year", "graduate", "fresh_graduate", "none"]
Place = Literal["household_registration", "habitual_residence", "registration_before_university", "school"]


class Sourced(Fact):
    """A part of the file with where it comes from: a citation, or `configured` for what was set locally."""

    source: str = Field(min_length=2)


class Day(Sourced):
    """One day."""

    day: date


class Window(Sourced):
    """Days from one to another, both included."""

    start: date = Field(alias="from")
    until: date

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.until < self.start:
            raise ValueError("window")
        return self

    def holds(self, on: date) -> bool:
        """Say whether a day is inside."""
        return self.start <= on <= self.until


class Application(Sourced):
    """The online application window of a sex; closes at a minute, in Shanghai time."""

    opens: date
    closes: datetime

    @property
    def closes_at(self) -> datetime:
        """The closing moment, aware."""
        return self.closes.replace(tzinfo=SHANGHAI)


class Windows(Fact):
    """The windows of the season, in the order of the steps."""

    application: dict[Sex, Application]
    site_confirmation: Window
    medical: Window
    political: Window
    education: Window
    posting: Window
    departure: Window


class Quota(Sourced):
    """Places of the district: men by town, women in one list of the district."""

    district: int = Field(gt=0)
    women: int = Field(ge=0)
    by_town: dict[str, int]

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if sum(self.by_town.values()) + self.women != self.district:
            raise ValueError("quota_sum")
        if set(self.by_town) != {town.id for town in towns()}:
            raise ValueError("quota_towns")
        return self


class AgeRow(Sourced):
    """Ages for a sex, schooling and standing, as the difference of calendar years; both ends included."""

    sex: Sex
    schooling: tuple[Schooling, ...] = Field(min_length=1)
    standing: tuple[Standing, ...] = Field(min_length=1)
    min: int = Field(ge=17)
    max: int


class PlaceRow(Sourced):
    """Where someone of this standing may apply."""

    standing: tuple[Standing, ...] = Field(min_length=1)
    places: tuple[Place, ...] = Field(min_length=1)


class Allowance(Sourced):
    """The family allowance standard that this season's payments take, with the paper that sets it."""

    year: int
    amount: Decimal = Field(gt=0, description="Yuan a year")


class Education(Sourced):
    """Pre-service education, in days."""

    days: int = Field(gt=0)


class Season(Fact):
    """One intake of one year."""

    name: str = Field(pattern=r"^\d{4}H[12]$")
    year: int
    half: Literal[1, 2]
    approval: Day
    end: Day
    windows: Windows
    quota: Quota
    ages: tuple[AgeRow, ...] = Field(min_length=1)
    places: tuple[PlaceRow, ...] = Field(min_length=1)
    education: Education
    family_allowance_base: Allowance
    note: str = ""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.name != f"{self.year}H{self.half}":
            raise ValueError("season_name")
        windows = self.windows
        if set(windows.application) != {"male", "female"}:
            raise ValueError("application")
        steps = (windows.site_confirmation, windows.medical, windows.education, windows.posting)
        if any(later.start < earlier.start for earlier, later in pairwise(steps)):
            raise ValueError("season_order")
        if (
            not windows.posting.until
            < self.approval.day
            <= windows.departure.start
            <= windows.departure.until
            <= self.end.day
        ):
            raise ValueError("season_order")
        return self

    @property
    def medical(self) -> DatedStandard:
        """The medical standard in force on the approval day."""
        return medical_standard(self.approval.day)

    @property
    def scorecard(self) -> DatedScorecard:
        """The scorecard in force on the approval day."""
        return scorecard(self.approval.day)


def load(path: Path) -> Season:
    """Read a season file.

    Raises:
        FileWrongError: a field is missing, unknown or does not fit; names the place.
    """
    found = shape(Season, read_yaml(path), path.name)
    if found.name != path.stem:
        raise Refusal("season.wrong_name", file=path.name, name=found.name)
    return found


@cache
def season(name: str, folder: Path = FOLDER) -> Season:
    """Return the season of a name such as 2027H1.

    Raises:
        Refusal: there is no such season file.
        FileWrongError: the file cannot be used; names the place.
    """
    path = folder / f"{name}.yaml"
    if not path.is_file() or path.parent != folder:
        raise Refusal("season.absent", name=name)
    return load(path)


def seasons(folder: Path = FOLDER) -> tuple[str, ...]:
    """Return the names of the seasons that have a file, oldest first."""
    return tuple(sorted(path.stem for path in folder.glob("*.yaml")))
