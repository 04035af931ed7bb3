"""Who acts: every body of the gazette under one permanent id, and the roles that decisions are asked of."""

from functools import cache
from pathlib import Path
from typing import Final
from unicodedata import normalize

from pydantic import Field

from config.fact import Fact
from config.messages import Refusal, say
from config.yaml_file import FileWrongError, read_yaml, shape

PATH: Final = Path(__file__).with_name("offices.yaml")
TOWN_ROLE: Final = "town_armed_forces"
HEAD_ROLE: Final = "head"


class Office(Fact):
    """A body or post; its id is what decisions, notices and journal entries hold."""

    id: str = Field(pattern=r"^[a-z_]+(:[a-z_]+)?$")
    zh: str = Field(min_length=2)
    en: str = Field(min_length=2)
    short: str = Field(default="", alias="title")
    aliases: tuple[str, ...] = ()
    outside: bool = Field(default=False, description="No part of the district's drills: a drill tells it nothing")

    @property
    def title(self) -> str:
        """Short Chinese title, as on a worklist."""
        return self.short or self.zh

    @property
    def names(self) -> tuple[str, ...]:
        """Every name it is known by, the canonical one first."""
        return tuple(dict.fromkeys((self.zh, self.title, *self.aliases)))


class Registry(Fact):
    """The registry as it stands in the file."""

    offices: tuple[Office, ...]
    conscription: tuple[Office, ...]
    incident: tuple[Office, ...] = ()
    towns: tuple[Office, ...]


class OfficeUnknownError(Refusal):
    """No body has this id or name."""

    def __init__(self, name: str) -> None:
        super().__init__("office.unknown", name=name)


def load(path: Path = PATH) -> Registry:
    """Read a registry.

    Raises:
        FileWrongError: the file breaks the form, or an id or name stands for two bodies.
    """
    registry = shape(Registry, read_yaml(path), path.name)
    bodies = (*registry.offices, *registry.conscription, *registry.incident, *registry.towns)
    seen: set[str] = set()
    for name in (name for body in bodies for name in (body.id, *body.names)):
        if name in seen:
            raise FileWrongError(path.name, name, say("office.twice"))
        seen.add(name)
    return registry


@cache
def _registry() -> Registry:
    return load()


@cache
def towns() -> tuple[Office, ...]:
    """Return the zone-level units of the district, in the registry's order."""
    return _registry().towns


@cache
def _roles() -> dict[str, Office]:
    registry = _registry()
    departments = (
        Office(id=f"{TOWN_ROLE}:{town.id}", zh=f"{town.title}武装部", en=f"{town.en} armed-forces department")
        for town in registry.towns
    )
    units = tuple(town.model_copy(update={"id": f"town:{town.id}"}) for town in registry.towns)
    heads = (
        Office(id=head_of(body.id), zh=f"{body.title}负责人", en=f"Head: {body.en}", outside=body.outside)
        for body in (*registry.offices, *units)
    )
    return {
        body.id: body
        for body in (*registry.offices, *registry.conscription, *registry.incident, *units, *departments, *heads)
    }


def head_of(role: str) -> str:
    """Return the role of whoever heads a body: `head:finance_bureau`, `head:sanxing` of `town:sanxing`."""
    return f"{HEAD_ROLE}:{role.rpartition(':')[2]}"


def roles() -> tuple[Office, ...]:
    """Return every role that a decision or a notice may be addressed to."""
    return tuple(_roles().values())


@cache
def outside() -> frozenset[str]:
    """Return the roles that a drill never tells anything: authorities above, and whoever has no part in it."""
    return frozenset(body.id for body in roles() if body.outside)


def office(role: str) -> Office:
    """Return the body or post with this role id, e.g. `finance_bureau`, `town:sanxing`.

    Raises:
        OfficeUnknownError: there is none.
    """
    try:
        return _roles()[role]
    except KeyError:
        raise OfficeUnknownError(role) from None


@cache
def _towns_by_name() -> dict[str, Office]:
    return {normalize("NFKC", name): town for town in towns() for name in (town.id, *town.names)}


def town(name: str) -> Office:
    """Return the zone-level unit with this id or any of its names.

    Raises:
        OfficeUnknownError: there is none.
    """
    try:
        return _towns_by_name()[normalize("NFKC", name).strip()]
    except KeyError:
        raise OfficeUnknownError(name) from None


@cache
def _by_name() -> dict[str, Office]:
    return {name: body for body in _roles().values() for name in body.names}


def named(name: str) -> Office:
    """Return the body that a text calls by this name, canonical or as printed elsewhere.

    Raises:
        OfficeUnknownError: there is none.
    """
    try:
        return _by_name()[name.strip()]
    except KeyError:
        raise OfficeUnknownError(name) from None
