"""Calling people about an incident, and what came of it: every call climbs its ladder until a person answers."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from models.incident_response.ladder import Ack
from tasks.clock import now
from tasks.incident_response.call_record import Matter, calls_of, end_call, plan_for
from tasks.incident_response.call_step import Caller
from tasks.journal import lock
from tasks.step import Dossier
from tasks.store import transaction


def call(
    dossier: Dossier, purpose: str, roles: Sequence[str], template: str, facts: Mapping[str, Any], *,
    occasion: int = 1, climbs: bool = True,
) -> int:  # fmt: skip
    """Call every holder of the roles, or the role where nobody holds it; return how many calls are new.

    Each gets the notice in the inbox and by the first step of the plan's ladder at once, in the caller's transaction;
    the bell takes the later steps. A call of the same purpose, occasion, role and person is made once; one of a later
    occasion takes the place of every earlier one.

    Args:
        dossier: the incident.
        purpose: what it is about: `alert`, `activation`, `group:rescue`, …
        roles: whom to call.
        template: message key of the notice, without `_title` and `_body`.
        facts: what the notice says; `code` and `where` (to acknowledge by, and the address) are added.
        occasion: 1, 2, … where one purpose arises again.
        climbs: whether the ladder is climbed; a test stops at its first step.
    """
    with transaction() as tx:
        lock(tx, dossier.id)  # two callers at once call everybody once
        at = now()
        caller = Caller(tx, dossier, at)
        for row in calls_of(dossier, purpose):
            if row.occasion < occasion and row.ended_at is None:
                end_call(tx, row, "superseded", at)
        made = caller.call(Matter(purpose, occasion, template, facts), roles, climbs=climbs)
        caller.write()
    return made


def heard(dossier: Dossier, purpose: str, role: str, occasion: int = 1) -> str:
    """Return the acknowledgement of a role that holds now, the latest of its holders'; "unable", or "" for none."""
    at = now()
    rows = [row for row in calls_of(dossier, purpose, occasion, role) if _holds(row, at)]
    if rows:
        return str(max(rows, key=lambda row: row.answered_at).answer)
    return Ack.UNABLE.value if _nobody_can(calls_of(dossier, purpose, occasion, role)) else ""


def awaited_until(dossier: Dossier, purpose: str, role: str, occasion: int = 1) -> datetime | None:
    """Return until when a role is still waited for: its stand-in time, or as long as an acknowledgement holds.

    Where everybody of the role said that they cannot, nobody is waited for any longer. None if nobody was called.
    """
    rows = calls_of(dossier, purpose, occasion, role)
    if not rows:
        return None
    if _nobody_can(rows):
        latest: datetime = max(row.answered_at for row in rows if row.answer == Ack.UNABLE)
        return latest
    first: datetime = min(row.called_at for row in rows)
    moments = [first + timedelta(minutes=plan_for(dossier).stand_in_minutes)]
    moments += [row.holds_until for row in rows if row.holds_until is not None]
    return max(moments)


def stand_down(dossier: Dossier, purpose: str, occasion: int | None = None) -> int:
    """End the calls about a matter and take back what has not left; return how many ended.

    Args:
        dossier: the incident.
        purpose: what they are about.
        occasion: one occasion; every one without it.
    """
    with transaction() as tx:
        lock(tx, dossier.id)
        at, ended = now(), []
        for row in calls_of(dossier, purpose, occasion):
            if row.ended_at is None:
                end_call(tx, row, "stood_down", at)
                ended.append(row.id)
        if ended:
            caller = Caller(tx, dossier, at)
            caller.line(f"stood-down-{ended[0]}", 1, {"purpose": purpose, "calls": len(ended)})
            caller.write()
    return len(ended)


def _holds(row: Any, at: datetime) -> bool:
    return row.holds_until is not None and row.holds_until > at


def _nobody_can(rows: Sequence[Any]) -> bool:
    people = [row for row in rows if row.staff_no] or rows
    return bool(people) and all(row.answer == Ack.UNABLE for row in people)
