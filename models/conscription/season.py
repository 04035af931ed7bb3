"""The two intakes of a year, Art. 3: which one a day belongs to, when it approves and when it ends."""

from datetime import date
from typing import Literal

from config.rulebook import Readings
from models.judgement import Bench, Judged, day_of

MONTHS_IN_HALF = 6


class Intake(Judged):
    """One intake: its name, the day of approval and the last day, both included."""

    season: str
    year: int
    half: Literal[1, 2]
    approval: date
    end: date


def intake(year: int, half: Literal[1, 2], on: date, readings: Readings | None = None) -> Intake:
    """Return an intake under the rules of a day (Art. 3).

    Raises:
        config.rulebook.NotInForceError: the day is before two intakes a year.
    """
    return _intake(Bench("conscription", on, readings), year, half)


def season_of(on: date, readings: Readings | None = None) -> Intake:
    """Return the intake that a day belongs to: by default 1 October to 31 March counts for March.

    Raises:
        config.rulebook.NotInForceError: the day is before two intakes a year.
    """
    bench = Bench("conscription", on, readings)
    spans = bench.cite("season_span")
    if spans.reading and spans.reading.value == "calendar_half_years":
        return _intake(bench, on.year, 1 if on.month <= MONTHS_IN_HALF else 2)
    first = spans.value["H1"]
    if on >= day_of(on.year, first["from"]):
        return _intake(bench, on.year + 1, 1)
    return _intake(bench, on.year, 1 if on <= day_of(on.year, first["until"]) else 2)


def _intake(bench: Bench, year: int, half: Literal[1, 2]) -> Intake:
    days = bench.rule("intakes")[f"H{half}"]
    approval, end = day_of(year, days["approval"]), day_of(year, days["end"])
    bench.note("recruit.intake", on=bench.on, year=year, half=half, approval=approval, end=end)
    grounds = sorted(bench.grounds, key=lambda ground: ground.path != "conscription.intakes")
    return Intake(
        season=f"{year}H{half}",
        year=year,
        half=half,
        approval=approval,
        end=end,
        working=bench.working,
        grounds=tuple(grounds),
    )
