"""What the public site is made of: plain values, the same on every database, and the results they come to."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from models.policy_redemption.policy import PolicyContent
from models.policy_redemption.publicity import after_place

MASKED: Final = "masked"


class Line(NamedTuple):
    """One line of the publicity module."""

    id: int
    at: str
    """The moment it was posted, as stored: UTC, sortable."""
    record: Mapping[str, Any]


class PublicVersion(NamedTuple):
    """One version of a policy."""

    number: int
    since: date
    published_at: str
    content: PolicyContent


class PublicPolicy(NamedTuple):
    """A policy with its versions, the oldest first."""

    code: str
    repealed_on: date | None
    versions: tuple[PublicVersion, ...]

    @property
    def newest(self) -> PublicVersion:
        """The version published last."""
        return self.versions[-1]


class Result(NamedTuple):
    """What became of one application or offline benefit: its lines, the oldest first, and its place in the order."""

    place: int
    lines: tuple[Line, ...]

    @property
    def last(self) -> Mapping[str, Any]:
        """What was posted last."""
        return self.lines[-1].record

    @property
    def number(self) -> str:
        """Its public number."""
        return str(self.last["number"])


class Enterprise(NamedTuple):
    """An enterprise and its results; of a masked name each number stands alone."""

    key: str
    name: str
    initial: str
    """The first character of its name after the place, under which it is looked up."""
    results: tuple[Result, ...]


def results_of(lines: Iterable[Line]) -> list[Result]:
    """Return results in the order in which they were first posted."""
    grouped: dict[str, list[Line]] = {}
    for line in sorted(lines, key=lambda one: one.id):
        grouped.setdefault(str(line.record["number"]), []).append(line)
    return [Result(place, tuple(own)) for place, own in enumerate(grouped.values())]


def enterprises_of(results: Sequence[Result]) -> list[Enterprise]:
    """Return enterprises by name, each with its results."""
    grouped: dict[str, list[Result]] = {}
    for result in results:
        grouped.setdefault(str(result.last["uscc"] or result.number), []).append(result)
    found = (
        Enterprise(key, str(own[-1].last["enterprise"]), _initial(own[-1].last), tuple(own))
        for key, own in grouped.items()
    )
    return sorted(found, key=lambda one: (one.name, one.key))


def _initial(record: Mapping[str, Any]) -> str:
    if not record["uscc"]:
        return MASKED
    return after_place(str(record["enterprise"]), date.fromisoformat(record["on"]))[1][:1]
