"""What every judgement carries: its working, line by line, and the rules and readings it rests on."""

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from pydantic import Field

from config.fact import Fact
from config.messages import say
from config.rulebook import Cited, Ground, Reading, Readings, Source, cited

CENT = Decimal("0.01")


class Line(Fact):
    """One line of a working or a finding: a message key and its facts, so that it can be read in either language."""

    key: str
    facts: Mapping[str, "Told"] = Field(default_factory=dict)

    def text(self, language: str | None = None) -> str:
        """Render the line, and the lines among its facts, in one language."""
        return say(self.key, language, **{name: _told(fact, language) for name, fact in self.facts.items()})

    def __str__(self) -> str:
        return self.text()


Told = str | int | Line | tuple[Line, ...]
"""A fact of a line: text, a count, or words that are themselves in the message files."""


def _told(fact: Told, language: str | None) -> str | int:
    match fact:
        case Line():
            return fact.text(language)
        case tuple():
            return "、".join(line.text(language) for line in fact)
    return fact


class Judged(Fact):
    """A judgement with its working and grounds."""

    working: tuple[Line, ...] = ()
    grounds: tuple[Ground, ...] = ()

    @property
    def sources(self) -> tuple[Source, ...]:
        """The citations it rests on, each once."""
        return tuple(dict.fromkeys(ground.source for ground in self.grounds))

    @property
    def readings(self) -> dict[str, Reading]:
        """The readings taken, by full name of the rule."""
        return {ground.path: ground.reading for ground in self.grounds if ground.reading}

    @property
    def label(self) -> str:
        """Short citation of the first ground, for `Entry.rule`."""
        return self.grounds[0].source.label if self.grounds else ""


class Bench:
    """Where a judgement is made: gathers each rule looked up and each line written, for one day and set of readings."""

    def __init__(self, process: str, on: date, readings: Readings | None = None) -> None:
        self.process, self.on, self.readings = process, on, readings
        self._grounds: dict[str, Ground] = {}
        self._working: list[Line] = []

    def cite(self, name: str) -> Cited:
        """Look a rule up and keep it as a ground."""
        found = cited(f"{self.process}.{name}", self.on, self.readings)
        self._grounds[found.path] = found.ground
        return found

    def rule(self, name: str) -> Any:
        """Return a rule's value and keep the rule as a ground."""
        return self.cite(name).value

    def reading(self, name: str) -> str:
        """Return the option taken and keep the rule as a ground."""
        found = self.cite(name).reading
        return found.value if found else ""

    def note(self, key: str, **facts: Told | Decimal | date) -> Line:
        """Write one line of the working."""
        told = {name: str(fact) if isinstance(fact, Decimal | date) else fact for name, fact in facts.items()}
        line = Line(key=key, facts=told)
        self._working.append(line)
        return line

    def take(self, other: Judged) -> None:
        """Take over another judgement's working and grounds."""
        self._working.extend(other.working)
        self._grounds.update((ground.path, ground) for ground in other.grounds)

    @property
    def working(self) -> tuple[Line, ...]:
        """The lines written so far."""
        return tuple(self._working)

    @property
    def grounds(self) -> tuple[Ground, ...]:
        """The rules used so far, in the order of their first use."""
        return tuple(self._grounds.values())


def to_cents(amount: Decimal, unit: Decimal = CENT) -> Decimal:
    """Round money to its unit, halves up."""
    return amount.quantize(unit, ROUND_HALF_UP)


def years_after(day: date, years: int) -> date:
    """Return the same day years later; 29 February becomes 28 February where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def day_of(year: int, month_day: str) -> date:
    """Return a rule's month-day (`06-30`) in a year."""
    return date.fromisoformat(f"{year:04d}-{month_day}")
