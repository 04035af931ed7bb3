"""What a simulation assumes of people: how fast they work, when they come, what they leave out."""

from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from config.fact import Fact
from config.yaml_file import read_yaml, shape

PATH: Final = Path(__file__).with_name("simulation.yaml")
Share = Annotated[float, Field(ge=0, le=1)]
Hour = Annotated[int, Field(ge=0, le=23)]
Minutes = tuple[int, int, int]


class Arrivals(Fact):
    """When firms come."""

    hours: tuple[Hour, ...]
    weekend: Share
    rush: float = Field(ge=1)


class DecisionMinutes(Fact):
    """Least, usual and most minutes of one decision."""

    acceptance: Minutes
    review: Minutes
    objection: Minutes


class Shares(Fact):
    """Shares of the applications to which something happens."""

    incomplete: Share
    abandoned: Share
    refused: Share
    rejected: Share
    objected: Share
    upheld: Share


class SimulatedPolicy(Fact):
    """The policy that is applied for; the amount in yuan."""

    promised_days: int = Field(ge=1)
    payment_days: int = Field(ge=1)
    amount: str


class PolicyAssumptions(Fact):
    """What the simulation of a redemption notice assumes."""

    from_day: date
    follow_days: int = Field(ge=1)
    hours: tuple[Hour, ...]
    arrivals: Arrivals
    minutes: DecisionMinutes
    shares: Shares
    mends_after: tuple[int, int]
    treasury_days: int = Field(ge=0)
    policy: SimulatedPolicy


class Assumptions(Fact):
    """The assumptions of every simulation."""

    policy: PolicyAssumptions


@cache
def assumptions() -> Assumptions:
    """Return the assumptions, read once.

    Raises:
        FileWrongError: the file cannot be used; names the place.
    """
    return shape(Assumptions, read_yaml(PATH), PATH.name)
