"""What the regulation decides: every number, share, day count, list and reading, dated and cited."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from config.fact import Fact
from config.messages import Refusal
from config.yaml_file import FileWrongError, read_yaml, shape

FOLDER: Final = Path(__file__).with_name("rules")
READINGS: Final = Path(__file__).with_name("readings.yaml")

Readings = Mapping[str, str]
"""Readings chosen for one judgement: full name (`conscription.merit_awards`) to option."""

Certainty = Literal["gazette", "law", "configured", "unverified"]


class RuleMissingError(Refusal):
    """No rule has this name."""

    def __init__(self, path: str) -> None:
        super().__init__("rulebook.rule_missing", path=path)

    @property
    def path(self) -> str:
        """Name that was asked for."""
        return str(self.facts["path"])


class YearMissingError(Refusal):
    """A yearly standard was not entered for the year; last year's is never taken instead."""

    def __init__(self, name: str, year: int) -> None:
        super().__init__("rulebook.year_missing", name=name, year=year)


class NotInForceError(Refusal):
    """A rule has no version in force on the day: before its first version, or repealed."""

    def __init__(self, path: str, on: date, since: date, repealed: bool) -> None:
        key = "rulebook.repealed" if repealed else "rulebook.not_in_force"
        super().__init__(key, path=path, on=on, since=since)

    @property
    def path(self) -> str:
        """Name of the rule."""
        return str(self.facts["path"])

    @property
    def on(self) -> date:
        """Day that was asked for."""
        day: date = self.facts["on"]
        return day


class Source(Fact):
    """Where a figure stands: the document number (or title) and the article."""

    document: str = Field(min_length=2)
    article: str = Field(min_length=1)

    @property
    def label(self) -> str:
        """The citation as it is printed: 海政办发〔2023〕20号 第十六条."""
        return f"{self.document} {self.article}"


def _frozen(value: Any) -> Any:
    """Return lists as tuples; a float is refused because shares and money are decimals written in quotes."""
    match value:
        case float():
            raise ValueError("float")
        case list() | tuple():
            return tuple(_frozen(item) for item in value)
        case dict():
            return {str(key): _frozen(item) for key, item in value.items()}
    return value


class Version(Fact):
    """The value of a rule from a day on; null repeals it."""

    since: date
    value: Any
    source: Source
    certainty: Certainty
    note: str = ""

    _closed = field_validator("value")(_frozen)


class Reading(Fact):
    """How an open text is read: the option taken, its alternatives and why."""

    value: str
    options: tuple[str, ...] = Field(min_length=2)
    basis: str = Field(min_length=2)

    @model_validator(mode="after")
    def _listed(self) -> Self:
        if self.value not in self.options:
            raise ValueError("reading")
        return self


class Rule(Fact):
    """One entry of the rulebook with all its versions, oldest first."""

    description: str = Field(min_length=2)
    unit: str = Field(min_length=1)
    yearly: bool = Field(default=False, description="Each version holds for its calendar year only")
    versions: tuple[Version, ...]
    reading: Reading | None = None

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        days = [version.since for version in self.versions]
        if not days and not self.yearly:
            raise ValueError("empty")
        if any(later <= earlier for earlier, later in pairwise(days)):
            raise ValueError("order")
        if self.yearly and any((day.month, day.day) != (1, 1) for day in days):
            raise ValueError("yearly")
        if self.unit == "reading" and (self.reading is None or self.versions[-1].value != self.reading.value):
            raise ValueError("reading")
        return self

    def version(self, path: str, on: date) -> Version:
        """Return the version in force on a day.

        Raises:
            YearMissingError: a yearly rule has no version for that year.
            NotInForceError: the day is before the first version, or the rule is repealed.
        """
        if self.yearly:
            found = next((v for v in self.versions if v.since.year == on.year and v.value is not None), None)
            if found is None:
                raise YearMissingError(path.partition(".")[2], on.year)
            return found
        found = next((v for v in reversed(self.versions) if v.since <= on), None)
        if found is None:
            raise NotInForceError(path, on, self.versions[0].since, repealed=False)
        if found.value is None:
            raise NotInForceError(path, on, found.since, repealed=True)
        return found


class Ground(Fact):
    """What a judgement rests on, small enough to keep with each result: rule, citation and the reading taken."""

    path: str
    since: date
    source: Source
    certainty: Certainty
    reading: Reading | None = None


class Cited(Ground):
    """A value of the rulebook with everything that a receipt or a journal entry prints."""

    value: Any
    unit: str

    @property
    def label(self) -> str:
        """Short citation for `Entry.rule`: 海政办发〔2023〕20号 第十六条."""
        return self.source.label

    @property
    def ground(self) -> Ground:
        """The same without the value."""
        return Ground(
            path=self.path, since=self.since, source=self.source, certainty=self.certainty, reading=self.reading
        )


class _Overlay(Fact):
    """Versions that an installation adds to a shipped rule."""

    versions: tuple[Version, ...] = Field(min_length=1)


class _Choice(Fact):
    """A reading that the installation chose instead of the shipped one, and the paper it was decided in."""

    value: str
    basis: str = Field(min_length=2)


def load(process: str, folder: Path = FOLDER) -> dict[str, Rule]:
    """Read the rules of a process: `<process>.yaml`, `<process>_*.yaml`, then versions added under `local/`.

    Raises:
        FileWrongError: a file breaks the form; names file, place and problem.
    """
    book: dict[str, Rule] = {}
    for path in _files(folder, process):
        for name, entry in read_yaml(path).items():
            if name in book:
                raise FileWrongError(path.name, name, f"“{name}”×2")
            book[name] = shape(Rule, entry, path.name, name)
    for path in _files(folder / "local", process):
        for name, entry in read_yaml(path).items():
            if name not in book:
                raise RuleMissingError(f"{process}.{name}")
            added = shape(_Overlay, entry, path.name, name).versions
            versions = sorted([*book[name].versions, *added], key=lambda version: version.since)
            book[name] = shape(Rule, {**dict(book[name]), "versions": versions}, path.name, name)
    return book


def _files(folder: Path, process: str) -> list[Path]:
    return sorted([*folder.glob(f"{process}.yaml"), *folder.glob(f"{process}_*.yaml")])


@cache
def rules(process: str) -> dict[str, Rule]:
    """Return all rules of a process by name, read once; empty for a process without rules."""
    return load(process)


@cache
def _choices() -> dict[str, _Choice]:
    content = read_yaml(READINGS) if READINGS.exists() else {}
    return {path: shape(_Choice, choice, READINGS.name, path) for path, choice in content.items()}


def forget() -> None:
    """Read the rules and readings again when next asked, after their files were changed."""
    for known in (rules, _choices, _cited):
        known.cache_clear()


def entry(path: str) -> Rule:
    """Return a rule with all its versions.

    Raises:
        RuleMissingError: no rule has this name.
    """
    process, _, name = path.partition(".")
    try:
        return rules(process)[name]
    except KeyError:
        raise RuleMissingError(path) from None


@cache
def _cited(path: str, on: date) -> Cited:
    found = entry(path)
    version = found.version(path, on)
    reading = found.reading
    if reading and found.unit == "reading":
        reading = reading.model_copy(update={"value": version.value})
    chosen = _choices().get(path)
    cited = Cited(
        path=path,
        value=version.value,
        unit=found.unit,
        since=version.since,
        source=version.source,
        certainty=version.certainty,
        reading=reading,
    )
    return _taken(cited, chosen.value, chosen.basis) if chosen else cited


def _taken(cited: Cited, option: str, basis: str) -> Cited:
    reading = cited.reading
    if reading is None or option not in reading.options:
        options = "、".join(reading.options) if reading else "-"
        raise Refusal("rulebook.reading_unknown", path=cited.path, value=option, options=options)
    taken = Reading(value=option, options=reading.options, basis=basis)
    return cited.model_copy(update={"reading": taken, "value": option if cited.unit == "reading" else cited.value})


def cited(path: str, on: date, readings: Readings | None = None) -> Cited:
    """Return a rule's value on a day with its citation and the reading taken.

    A reading is, in this order: the one given here, the installation's in `config/readings.yaml`, the shipped one.

    Raises:
        RuleMissingError: no rule has this name.
        NotInForceError: the rule is not in force on that day.
        YearMissingError: a yearly standard was not entered for that year.
        Refusal: the reading given is none of the options.
    """
    found = _cited(path, on)
    option = (readings or {}).get(path)
    return _taken(found, option, found.reading.basis if found.reading else "") if option else found


def rule(path: str, on: date) -> Any:
    """Return a rule's value on a day; raises as `cited` does."""
    return _cited(path, on).value


def reading(path: str, on: date, readings: Readings | None = None) -> str:
    """Return the option taken where the text is open; raises as `cited` does, and when the rule has no reading."""
    found = cited(path, on, readings)
    if found.reading is None:
        raise Refusal("rulebook.reading_none", path=path)
    return found.reading.value
