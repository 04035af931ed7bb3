"""What a report of an accident says: nine content groups, each known, unknown or none (3; 国务院令第493号 Art. 12).

Unknown is not zero, and missing is not omitted: a group that is left out is refused by its name. Nothing is personal.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Self, TypeVar

from pydantic import Field, ValidationError, model_validator

from config.fact import Fact
from config.messages import Refusal, say
from models.personal import is_office_telephone, personal_numbers

NUMBERS: Final = ("dead", "injured", "missing", "trapped")
_BLANK: Final = (None, "", "unknown")
G = TypeVar("G", bound="Group")


class State(StrEnum):
    """What a report says about a content group."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    NONE = "none"


class Licensed(StrEnum):
    """Whether the unit holds a licence to trade in fireworks (1.4)."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"

    @property
    def word(self) -> str:
        """What a form calls it."""
        return say(f"incident_report.licensed_{self.value}")


class AccidentKind(StrEnum):
    """The class of the accident."""

    EXPLOSION = "explosion"
    FIRE = "fire"
    BOTH = "both"
    OTHER = "other"
    UNKNOWN = "unknown"

    @property
    def word(self) -> str:
        """What a form calls it."""
        return say(f"incident_report.kind_{self.value}")


class Controllable(StrEnum):
    """Whether the accident can be brought under control."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"

    @property
    def word(self) -> str:
        """What a form calls it."""
        return say(f"incident_report.controllable_{self.value}")


class Group(Fact):
    """One content group: what it says, and whether that is known."""

    state: State

    @property
    def said(self) -> dict[str, Any]:
        """What it says, without what is unknown."""
        return {name: value for name, value in self if name != "state" and value not in _BLANK}

    @model_validator(mode="after")
    def _says_what_its_state_says(self) -> Self:
        if (self.state is State.KNOWN) != bool(self.said):
            raise ValueError("state")
        return self

    @classmethod
    def of(cls, **given: Any) -> Self:
        """Return a group that says this; its state follows from it."""
        known = any(value not in _BLANK for value in given.values())
        return cls(state=State.KNOWN if known else State.UNKNOWN, **given)

    def with_newer(self, newer: Self) -> Self:
        """Return what is known after a newer report: unknown erases nothing that was known."""
        return type(self).of(**{name: value for name, value in self if name != "state"} | newer.said)

    def with_other(self, other: Self) -> Self:
        """Return what is known with another's report of doubtful standing: it only fills what was unknown."""
        return other.with_newer(self)


class Words(Group):
    """A group that is told in words; "none" is a statement like any other."""

    text: str = Field(default="", max_length=500)

    def with_newer(self, newer: Self) -> Self:
        """Return the newer words unless they are unknown."""
        return self if newer.state is State.UNKNOWN else newer


class UnitGroup(Group):
    """1: the accident unit, its address and its licence."""

    name: str = Field(default="", max_length=80)
    address: str = Field(default="", max_length=120)
    licensed: Licensed = Licensed.UNKNOWN
    licence: str = Field(default="", max_length=40)


class SceneGroup(Group):
    """2: when and where it happened, and how it looks there."""

    occurred_at: datetime | None = None
    place: str = Field(default="", max_length=200)
    town: str = Field(default="", max_length=40, description="Id of the zone-level unit")
    situation: str = Field(default="", max_length=500)


class KindGroup(Group):
    """3: the class of the accident."""

    kind: AccidentKind = AccidentKind.UNKNOWN


class TollGroup(Group):
    """5: persons dead, seriously injured, missing and trapped, and the first estimate of the direct loss.

    None is unknown, 0 is nobody. What may still come of it stands in words.
    """

    dead: int | None = Field(default=None, ge=0, le=100_000)
    injured: int | None = Field(default=None, ge=0, le=100_000, description="Seriously")
    missing: int | None = Field(default=None, ge=0, le=100_000)
    trapped: int | None = Field(default=None, ge=0, le=100_000)
    loss: Decimal | None = Field(default=None, ge=0, le=10**13, decimal_places=2, description="Yuan")
    likely: str = Field(default="", max_length=300, description="What it may come to, in words")

    @model_validator(mode="before")
    @classmethod
    def _none_is_nobody(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and given.get("state") == State.NONE:
            return dict.fromkeys(NUMBERS, 0) | dict(given) | {"state": State.KNOWN}
        return given

    def with_other(self, other: Self) -> Self:
        """Return the toll with another's report of doubtful standing: it raises numbers, and never lowers one."""
        filled = super().with_other(other)
        raised = {
            name: max(getattr(filled, name), getattr(other, name))
            for name in (*NUMBERS, "loss")
            if getattr(other, name) is not None
        }
        return filled.model_copy(update=raised)


class MeasuresGroup(Words):
    """7: what has been done, and whether the accident can be brought under control."""

    controllable: Controllable = Controllable.UNKNOWN

    @classmethod
    def of(cls, **given: Any) -> Self:
        """Return a group that says this; nothing done so far ("none") may stand beside whether it is controllable."""
        none = given.pop("state", None) is State.NONE
        found = super().of(**given)
        return cls(state=State.NONE, **given) if none and not found.text else found

    @model_validator(mode="after")
    def _says_what_its_state_says(self) -> Self:
        known = bool(self.text) if self.state is State.NONE else (self.state is State.KNOWN) != bool(self.said)
        if known:
            raise ValueError("state")
        return self

    def with_newer(self, newer: Self) -> Self:
        """Return the newer words and the newer judgement, each unless it is unknown."""
        words = newer if newer.text or newer.state is State.NONE else self
        judged = self if newer.controllable is Controllable.UNKNOWN else newer
        state = State.NONE if words.state is State.NONE else None
        return type(self).of(state=state, text=words.text, controllable=judged.controllable)


class ContactGroup(Group):
    """9: the office to call and its duty telephone; never a person and never a person's number."""

    office: str = Field(default="", max_length=80)
    telephone: str = Field(default="", max_length=30)

    @model_validator(mode="after")
    def _an_office(self) -> Self:
        if self.telephone and not is_office_telephone(self.telephone):
            raise ValueError("telephone")
        return self


class Report(Fact):
    """One report, or what is known after several: the nine groups of section 3, in its order."""

    unit: UnitGroup
    scene: SceneGroup
    kind: KindGroup
    course: Words
    toll: TollGroup
    reach: Words
    measures: MeasuresGroup
    aid: Words
    contact: ContactGroup

    def with_newer(self, newer: "Report") -> "Report":
        """Return what is known after a newer report."""
        return Report(**{name: group.with_newer(getattr(newer, name)) for name, group in self})

    def with_other(self, other: "Report") -> "Report":
        """Return what is known with a report that may be of the same accident, and was not checked."""
        return Report(**{name: group.with_other(getattr(other, name)) for name, group in self})

    def as_facts(self) -> dict[str, Any]:
        """Return it as it is kept."""
        return self.model_dump(mode="json")


GROUPS: Final = tuple(Report.model_fields)
"""The nine groups by name, in the order of section 3."""
WITHOUT_NONE: Final = ("unit", "scene", "kind", "course")
"""Every accident has these: they may be unknown, never none."""


def nothing_known() -> Report:
    """Return a report whose nine groups are all unknown."""
    return read_report({name: {"state": State.UNKNOWN} for name in GROUPS})


def read_report(given: Mapping[str, Any]) -> Report:
    """Read a report from its nine groups.

    Raises:
        Refusal: a group is left out, says "none" where there is always something, holds somebody's numbers, or is not
            as it should be; names the group.
    """
    for name in GROUPS:
        if not given.get(name):
            raise Refusal("incident_report.group_missing", group=title(name))
        if name in WITHOUT_NONE and _state(given[name]) == State.NONE:
            raise Refusal("incident_report.never_none", group=title(name))
    try:
        report = Report.model_validate(dict(given))
    except ValidationError as error:
        place = error.errors()[0]["loc"]
        name = next((str(part) for part in place if part in GROUPS), "")
        raise Refusal("incident_report.group_wrong", group=title(name) if name else str(place)) from error
    refuse_numbers(*texts_of(report))
    return report


def _state(group: Any) -> Any:
    return group.get("state") if isinstance(group, Mapping) else getattr(group, "state", None)


def title(name: str) -> str:
    """Return what a group is called."""
    return say(f"incident_report.group_{name}")


def texts_of(report: Report) -> tuple[str, ...]:
    """Return what a report says in words; the contact's telephone is an office's and is checked as one."""
    return tuple(
        value
        for _, group in report
        for name, value in group
        if name != "telephone" and isinstance(value, str) and not isinstance(value, StrEnum)
    )


def refuse_numbers(*texts: str) -> None:
    """Refuse texts that hold somebody's numbers.

    Raises:
        Refusal: one of them does.
    """
    found = dict.fromkeys(kind for text in texts for kind in personal_numbers(text))
    if found:
        raise Refusal("incident_report.personal", what="、".join(say(f"demand.number_{kind}") for kind in found))
