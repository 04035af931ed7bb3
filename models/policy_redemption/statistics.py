"""Statistics of the platform over a period, by department (Art. 21–22): words and arithmetic, no database."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Final, Literal

from config.fact import Fact
from config.messages import Refusal, say
from config.zone import SHANGHAI
from models.document import numeral
from models.policy_redemption.failings import Failing

MONTHS: Final = 12
QUARTER: Final = 3
_NAME: Final = re.compile(r"(\d{4})(?:Q([1-4])|-(0[1-9]|1[0-2]))")
CHANNELS: Final = ("online", "sheet", "window", "matched")


class Period(Fact):
    """A calendar quarter or month."""

    kind: Literal["quarter", "month"]
    year: int
    number: int

    @property
    def name(self) -> str:
        """Its name: 2027Q1, 2027-03."""
        return f"{self.year}Q{self.number}" if self.kind == "quarter" else f"{self.year}-{self.number:02}"

    @property
    def title(self) -> str:
        """Its name in Chinese."""
        return say(f"bulletin.{self.kind}", "zh", year=self.year, number=self.number, numeral=numeral(self.number))

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, (self.number - 1) * self.months + 1, 1)

    @property
    def last(self) -> date:
        """Its last day."""
        return self.following - timedelta(days=1)

    @property
    def months(self) -> int:
        """How many months it has."""
        return QUARTER if self.kind == "quarter" else 1

    @property
    def following(self) -> date:
        """The first day after it."""
        month = self.number * self.months
        return date(self.year + month // MONTHS, month % MONTHS + 1, 1)

    @property
    def begins(self) -> datetime:
        """The moment it begins."""
        return datetime.combine(self.first, time(), SHANGHAI)

    @property
    def ends(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.following, time(), SHANGHAI)


def period(name: str) -> Period:
    """Return the period of a name.

    Raises:
        Refusal: it is no name of a quarter or month.
    """
    found = _NAME.fullmatch(name.strip())
    if found is None:
        raise Refusal("bulletin.period_wrong", given=name)
    year, quarter, month = found.groups()
    return Period(kind="quarter" if quarter else "month", year=int(year), number=int(quarter or month))


def last_closed(kind: Literal["quarter", "month"], on: date) -> Period:
    """Return the last period that is over on a day."""
    months = QUARTER if kind == "quarter" else 1
    place = on.year * MONTHS + (on.month - 1) // months * months - months
    return Period(kind=kind, year=place // MONTHS, number=place % MONTHS // months + 1)


def day_in_following_month(of: Period, day: int) -> date:
    """Return a day of the month that follows a period."""
    return of.following.replace(day=day)


class Lag(Fact):
    """How a department kept one duty that fell due in the period."""

    department: str
    process: str
    duty: str
    due: int
    on_time: int
    late: int
    """Done, but too late."""
    open: int
    """Overdue and not done at the end."""
    mean_days: float
    """Of what was late or is open: days past due, to a tenth."""
    longest_days: float


class Department(Fact):
    """A department's figures."""

    department: str
    published: int = 0
    amended: int = 0
    repealed: int = 0
    received: Mapping[str, int] = {}
    """Applications by channel."""
    fed_back: int = 0
    decided: int = 0
    demands: int = 0
    """Demands handled."""
    paid: int = 0
    paid_fen: int = 0
    failings: Mapping[str, int] = {}

    def failed(self, failing: Failing) -> int:
        """Return how often a failing occurred."""
        return self.failings.get(failing.value, 0)

    @property
    def online(self) -> int:
        """Applications that came or were matched through the platform."""
        return sum(count for channel, count in self.received.items() if channel != "window")

    @property
    def updates(self) -> int:
        """Policies published, amended or taken off."""
        return self.published + self.amended + self.repealed


class Statistics(Fact):
    """The figures of a period."""

    period: Period
    as_of: datetime
    firms: int
    new_firms: int
    visits: Mapping[str, int]
    departments: tuple[Department, ...]
    lags: tuple[Lag, ...]

    def failed(self, failing: Failing) -> int:
        """Return how often a failing occurred in all departments."""
        return sum(one.failed(failing) for one in self.departments)

    @property
    def visited(self) -> int:
        """All visits."""
        return sum(self.visits.values())
