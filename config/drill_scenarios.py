"""Scenarios of drills as data: the first report, and what is reported later; every unit in them is invented."""

from functools import cache
from pathlib import Path
from typing import Final

from pydantic import Field

from config.fact import Fact
from config.yaml_file import read_yaml, shape

PATH: Final = Path(__file__).with_name("emergency_plans") / "drills.yaml"


class Inject(Fact):
    """A later report of a scenario: when after the first, and what has changed by then."""

    minute: int = Field(gt=0, le=2880)
    changes: dict[str, str] = Field(min_length=1, description="Fields of a follow-up report")


class Scenario(Fact):
    """One scenario: an invented accident."""

    code: str = Field(pattern=r"^[a-z_]+$")
    title: str = Field(min_length=2, max_length=40)
    before_minutes: int = Field(ge=0, le=720, description="How long before the first report it happened")
    report: dict[str, str] = Field(description="Fields of a full report; the time of the accident is put in")
    injects: tuple[Inject, ...] = ()


class Scenarios(Fact):
    """The scenarios of an installation."""

    scenarios: tuple[Scenario, ...] = Field(min_length=1)


@cache
def scenarios() -> dict[str, Scenario]:
    """Return the scenarios by their titles, read once."""
    found = shape(Scenarios, read_yaml(PATH), PATH.name).scenarios
    return {one.title: one for one in found}


def scenario_of(code: str) -> Scenario:
    """Return a scenario by its code; raises KeyError."""
    return {one.code: one for one in scenarios().values()}[code]
