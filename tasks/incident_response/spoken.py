"""What comes in by a form or a command about command and groups: checked, signed, written as one line, and woken."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from config.messages import Refusal
from config.zone import SHANGHAI
from models.personal import personal_numbers
from tasks.clock import now
from tasks.door import Admitted
from tasks.incident_response.incident import arrived, brought, incident_of, signed
from tasks.journal import lock, write_entry
from tasks.notify import tellings
from tasks.step import Dossier
from tasks.store import Transaction

SLACK: Final = timedelta(minutes=1)
LONGEST: Final = 500
FORMATS: Final = ("%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%m-%d %H:%M", "%H:%M")


class Signer(NamedTuple):
    """Who says so: the staff number, and the one-time code that proves it."""

    staff_no: str
    code: str


def tidy(text: str, name: str, shortest: int = 2, longest: int = LONGEST) -> str:
    """Return a text as it is kept.

    Args:
        text: what was filled in.
        name: the field, for a refusal: `parameter.<name>`.
        shortest: letters at least.
        longest: letters at most.

    Raises:
        Refusal: it is too short or too long, or holds somebody's numbers.
    """
    given = " ".join(text.split())
    if personal_numbers(given):
        raise Refusal("incident_command.personal")
    if not shortest <= len(given) <= longest:
        raise Refusal("incident_command.length", field=name, shortest=shortest, longest=longest)
    return given


def moment_of(text: str) -> datetime:
    """Return when something occurred: now where nothing was filled in; a time of day is the last one.

    Raises:
        Refusal: it is no moment, or lies ahead.
    """
    at = now().astimezone(SHANGHAI)
    given = text.strip()
    if not given:
        return at
    for place, shape in enumerate(FORMATS):
        try:
            found = datetime.strptime(given, shape).replace(tzinfo=SHANGHAI)
        except ValueError:
            continue
        if place >= 2:  # noqa: PLR2004 -- the shapes without a year
            found = found.replace(year=at.year)
        if shape == FORMATS[-1]:
            found = found.replace(month=at.month, day=at.day)
            found -= timedelta(days=1 if found > at + SLACK else 0)
        if found > at + SLACK:
            raise Refusal("incident_command.ahead", given=given)
        return found
    raise Refusal("incident_command.no_moment", given=given)


def admitted(case: Dossier, signer: Signer, roles: Iterable[str]) -> Admitted:
    """Return whoever signs, for one of the roles or somebody who holds it.

    Raises:
        Refusal: the code is no good, or no such role is held.
    """
    del case
    return signed(signer.staff_no.strip(), signer.code, tuple(dict.fromkeys(role for role in roles if role)))


def write_line(
    tx: Transaction,
    case: Dossier,
    name: str,
    outcome: Mapping[str, Any],
    *,
    by: str,
    rule: str,
    tells: Iterable[str] = (),
    after: str | None = None,
    turn: int = 0,
) -> int:
    """Write one line under its own number, tell whom it concerns, count the arrival; return the line's turn."""
    standing, at = lock(tx, case.id), now()
    place = turn or standing.seq + 1  # the line's own number tells its turns apart
    facts = {"subject": case.subject} | {k: v for k, v in outcome.items() if isinstance(v, str | int)}
    told = tellings(tx, list(dict.fromkeys(tells)), f"notice_{case.process}.{name}", facts, at, drill=case.drill)
    write_entry(
        tx, standing, name, place, actor=by, at=at, after=after, outcome=dict(outcome), rule=rule, tellings=told,
        substance=False,
    )  # fmt: skip
    brought(case)
    return place


def by_form(number: str, act: Callable[[Dossier], str]) -> State[str]:
    """Do what a form brings: the run ends with what was noted, or with one sentence why not."""
    try:
        said = done(number, act)
    except Refusal as refusal:
        return Failed(message=str(refusal))
    return Completed(message=said)


def done(number: str, act: Callable[[Dossier], str]) -> str:
    """Do what was brought about an incident, wake its run, and return what is said of it.

    Raises:
        Refusal: why it does not count; nothing was changed.
    """
    case = incident_of(number.strip().upper())
    said = act(case)
    arrived(case.number)
    return said
