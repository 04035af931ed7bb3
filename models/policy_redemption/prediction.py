"""What a simulation predicts: breaches and load by officer and week."""

from collections.abc import Mapping
from datetime import date

from config.fact import Fact


class Week(Fact):
    """One week of the simulation."""

    monday: date
    received: int
    fed_back: int
    decided: int
    paid: int
    waiting: int
    """Open questions at its end."""
    breaches: Mapping[str, int]
    """Clocks that ran out in the week, by name."""
    load: float
    """Share of the officers' hours that was worked."""


class OfficerLoad(Fact):
    """What one officer did."""

    staff_no: str
    decisions: int
    hours: float
    load: float
    """Share of the officer's hours, from the first day to the last decision."""
    busiest: date
    """Monday of the busiest week."""
    busiest_load: float


class Prediction(Fact):
    """What came of a simulated notice."""

    applications: int
    officers: int
    days: int
    seed: int
    from_day: date
    last_day: date
    finished: bool
    """Whether everything came to its end within the time that was followed."""
    breaches: Mapping[str, int]
    on_time: Mapping[str, int]
    ends: Mapping[str, int]
    """Applications by their status at the end."""
    weeks: tuple[Week, ...]
    people: tuple[OfficerLoad, ...]
