"""A what-if: how many firms, how many officers, from which day; and what chance decides, by the seed alone."""

from datetime import date, datetime, time, timedelta
from random import Random
from typing import Final, NamedTuple

from config.calendar import calendar
from config.simulation import PolicyAssumptions, assumptions
from config.zone import SHANGHAI

DAY: Final = timedelta(days=1)
TENTH: Final = 10


class Scenario(NamedTuple):
    """What is asked: so many applications in a window of so many days, for so many officers."""

    applications: int
    officers: int
    days: int
    seed: int
    from_day: date

    @property
    def assumed(self) -> PolicyAssumptions:
        """What is assumed of people."""
        return assumptions().policy

    @property
    def last_day(self) -> date:
        """The last day of the window."""
        return self.from_day + DAY * (self.days - 1)

    @property
    def end(self) -> date:
        """The last day that is followed."""
        return self.last_day + DAY * self.assumed.follow_days

    def chance(self, *of: object) -> Random:
        """Return the dice of one matter: the same for the same matter, in whatever order things happen."""
        return Random("|".join(map(str, (self.seed, *of))))  # noqa: S311 -- a simulation


def moment(day: date, hour: int) -> datetime:
    """Return the full hour of a day."""
    return datetime.combine(day, time(hour), SHANGHAI)


def arrivals(scenario: Scenario) -> dict[datetime, list[int]]:
    """Return which firms file in which hour; each firm once within the window."""
    found: dict[datetime, list[int]] = {}
    come, days = scenario.assumed.arrivals, [scenario.from_day + DAY * place for place in range(scenario.days)]
    edge = max(1, scenario.days // TENTH)
    weights = [
        (1.0 if calendar().works(day) else come.weekend)
        * (come.rush if place < edge or place >= scenario.days - edge else 1.0)
        for place, day in enumerate(days)
    ]
    dice = scenario.chance("arrivals")
    for firm, day in enumerate(dice.choices(days, weights, k=scenario.applications), 1):
        found.setdefault(moment(day, dice.choice(come.hours)), []).append(firm)
    return found
