"""Judge how grave an accident is (1.5): what is confirmed, and the worst that missing and unknown may still make it."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from pydantic import Field

from config.fact import Fact
from config.messages import say
from config.rulebook import Readings
from models.judgement import Bench, Judged, Line

PROCESS: Final = "incident_response"


class Level(StrEnum):
    """Grade of an accident, the lightest first; compared by rank, not by letters; "" (no grade yet) is below."""

    IV = "IV"
    III = "III"
    II = "II"
    I = "I"  # noqa: E741 -- the plan's own numeral

    @property
    def rank(self) -> int:
        """1 for IV … 4 for I: the higher, the graver."""
        return _RANKS[self.value]

    @property
    def text(self) -> str:
        """The level in Chinese with its numeral, e.g. 较大（Ⅲ级）."""
        return self.told("zh")

    def told(self, language: str) -> str:
        """Return the level in a language."""
        return say(f"incident_grade.level_{self.value}", language)

    def __lt__(self, other: str) -> bool:
        return self.rank < _RANKS[other]

    def __le__(self, other: str) -> bool:
        return self.rank <= _RANKS[other]

    def __gt__(self, other: str) -> bool:
        return self.rank > _RANKS[other]

    def __ge__(self, other: str) -> bool:
        return self.rank >= _RANKS[other]


_RANKS: Final = {"": 0, "IV": 1, "III": 2, "II": 3, "I": 4}


class Criterion(StrEnum):
    """The three measures, any one of which is enough."""

    DEAD = "dead"
    INJURED = "injured"
    LOSS = "loss"


class Casualties(Fact):
    """What is known; None is unknown, which is never nothing."""

    dead: int | None = Field(default=None, ge=0)
    injured: int | None = Field(default=None, ge=0, description="Seriously injured, acute poisoning included")
    missing: int | None = Field(default=None, ge=0)
    trapped: int | None = Field(default=None, ge=0)
    loss: Decimal | None = Field(default=None, ge=0, allow_inf_nan=False, description="Direct loss in yuan")

    @property
    def unknown(self) -> tuple[str, ...]:
        """Names of what is not known."""
        return tuple(name for name in NUMBERS if getattr(self, name) is None)


NUMBERS: Final = tuple(Casualties.model_fields)


class Graded(Judged):
    """A grade, and the criteria that make it: those that reach its lower bound; none where nothing reaches III."""

    level: Level
    criteria: tuple[Criterion, ...] = ()


class GradeRange(Judged):
    """Two grades side by side: what is confirmed, and the worst case."""

    confirmed: Graded
    worst: Graded
    open: tuple[str, ...] = ()
    """Numbers nobody knows: the worst case is at least what it says, and may be graver."""


def grade(casualties: Casualties, on: date, readings: Readings | None = None) -> Graded:
    """Grade what is confirmed (1.5): the gravest criterion wins, a lower bound is included, an upper one is not.

    An unknown number raises nothing here, and the working says that it is unknown. All zero is IV (INC-A1).

    Args:
        casualties: what is known.
        on: the day whose rules apply.
        readings: other readings than the installation's.
    """
    bench = Bench(PROCESS, on, readings)
    bench.cite("grade_thresholds")
    dead = casualties.dead
    if bench.reading("missing_people") == "counted_dead" and casualties.missing:
        dead = (dead or 0) + casualties.missing
        bench.note("incident_grade.missing_counted", missing=casualties.missing, dead=dead)
    level, criteria = _grade(bench, {"dead": dead, "injured": casualties.injured, "loss": casualties.loss})
    _conclude(bench, "confirmed", level, criteria)
    return Graded(level=level, criteria=criteria, working=bench.working, grounds=bench.grounds)


def grade_range(casualties: Casualties, on: date, readings: Readings | None = None) -> GradeRange:
    """Grade what is confirmed and, beside it, the worst that what is known does not exclude.

    In the worst case each missing or trapped person is dead or seriously injured, whichever is graver (INC-A4). A
    number that nobody knows leaves the worst case open: it is named, and by the reading `widens` taken as level I.

    Args:
        casualties: what is known.
        on: the day whose rules apply.
        readings: other readings than the installation's.
    """
    bench = Bench(PROCESS, on, readings)
    confirmed = grade(casualties, on, readings)
    bench.take(confirmed)
    worst = _worst(casualties, confirmed, on, readings)
    bench.take(worst)
    return GradeRange(
        confirmed=confirmed, worst=worst, open=casualties.unknown, working=bench.working, grounds=bench.grounds
    )


def _worst(casualties: Casualties, confirmed: Graded, on: date, readings: Readings | None) -> Graded:
    bench = Bench(PROCESS, on, readings)
    fate = bench.reading("missing_people")
    unsure = (casualties.missing or 0) + (casualties.trapped or 0)
    level, criteria = confirmed.level, confirmed.criteria
    if unsure:
        dead, injured = (casualties.dead or 0) + unsure, casualties.injured
        injured = (injured or 0) + unsure if fate == "dead_or_injured" else injured
        bench.note(f"incident_grade.unsure_{fate}", unsure=unsure, dead=dead, injured=_count(injured))
        level, criteria = _grade(bench, {"dead": dead, "injured": injured, "loss": casualties.loss})
    _conclude(bench, "worst", level, criteria)
    if casualties.unknown:
        names = tuple(Line(key=f"incident_grade.number_{name}") for name in casualties.unknown)
        taken = bench.reading("unknown_numbers")
        bench.note(f"incident_grade.unknown_{taken}", names=names)
        if taken == "widens":
            level, criteria = Level.I, ()
    return Graded(level=level, criteria=criteria, working=bench.working, grounds=bench.grounds)


def _grade(bench: Bench, numbers: Mapping[str, int | Decimal | None]) -> tuple[Level, tuple[Criterion, ...]]:
    bounds = bench.rule("grade_thresholds")
    reached = {name: _reached(bench, bounds, Criterion(name), number) for name, number in numbers.items()}
    level = max(reached.values(), key=lambda one: one.rank)
    return level, tuple(Criterion(name) for name, one in reached.items() if one is level and level is not Level.IV)


def _conclude(bench: Bench, case: str, level: Level, criteria: tuple[Criterion, ...]) -> None:
    told = Line(key=f"incident_grade.level_{level}")
    if criteria:
        words = tuple(Line(key=f"incident_grade.number_{name}") for name in criteria)
        bench.note(f"incident_grade.{case}", level=told, criteria=words)
    else:
        bench.note(f"incident_grade.{case}_lightest", level=told)


def _reached(
    bench: Bench, bounds: Mapping[str, Mapping[str, int | str]], criterion: Criterion, number: int | Decimal | None
) -> Level:
    name = Line(key=f"incident_grade.number_{criterion}")
    if number is None:
        bench.note("incident_grade.criterion_unknown", name=name)
        return Level.IV
    lowest = {Level(level): Decimal(bound[criterion]) for level, bound in bounds.items()}
    level = max((one for one, bound in lowest.items() if number >= bound), key=lambda one: one.rank, default=Level.IV)
    above = min((bound for one, bound in lowest.items() if one > level), default=None)
    sense = "lowest" if level is Level.IV else "highest" if above is None else "between"
    limits = {
        name: Line(key=f"incident_grade.{criterion}_amount", facts={"number": _count(bound)})
        for name, bound in (("low", lowest.get(level)), ("high", above))
        if bound is not None
    }
    found = Line(key=f"incident_grade.{criterion}_amount", facts={"number": _count(number)})
    bench.note(
        f"incident_grade.criterion_{sense}",
        name=name,
        number=found,
        level=Line(key=f"incident_grade.level_{level}"),
        **limits,
    )
    return level


def _count(number: int | Decimal | None) -> str:
    return "-" if number is None else f"{number:f}" if isinstance(number, Decimal) else str(number)
