"""Whom a step tells: roles become the officers who hold them that day, each over each of their channels."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, ClassVar, Final

from sqlalchemy import bindparam, or_, select

from config.channels import Channels, addressees, channels, withheld
from models.office import Officer, Post
from tasks.clock import local_day
from tasks.journal import WITHHELD, Telling
from tasks.store import Prepared, Transaction, table

OFFICERS: Final = table(Officer)
POSTS: Final = table(Post)
PARTY_CHANNEL: Final = "letter"
"""How citizens are told: by the paper that goes with it, posted by a clerk, unless a gateway is configured."""
HOLDERS: Final = Prepared(
    select(OFFICERS.c.staff_no)
    .join(POSTS, POSTS.c.officer_id == OFFICERS.c.id)
    .where(POSTS.c.role == bindparam("role"), POSTS.c.since <= bindparam("on_or_after"))
    .where(or_(POSTS.c.until.is_(None), POSTS.c.until >= bindparam("on_or_before")), OFFICERS.c.active.is_(True))
    .order_by(OFFICERS.c.staff_no),
    "role",
    "on_or_after",
    "on_or_before",
)


def holders(tx: Transaction, role: str, on: date) -> list[str]:
    """Return the staff numbers of the active officers who hold a role on a day."""
    day = on.isoformat()
    if (role, day) not in tx.holders:
        tx.holders[role, day] = [row[0] for row in tx.run(HOLDERS, role, day, day).fetchall()]
    return tx.holders[role, day]


def recipients(tx: Transaction, roles: Iterable[str], on: date, *, drill: bool) -> list[tuple[str, str]]:
    """Return (recipient, channel) for each person and channel; a role that nobody holds is told as a role."""
    found: dict[tuple[str, str], None] = {}
    for role in roles:
        found.update(dict.fromkeys(_addressees(channels(), role, tuple(holders(tx, role, on)), drill=drill)))
    return list(found)


def reached(tx: Transaction, role: str, staff_no: str, at: datetime, *, drill: bool) -> list[tuple[str, str]]:
    """Return (recipient, channel) of a role, or of one officer alone, in whatever role."""
    if not staff_no:
        return recipients(tx, [role], local_day(at), drill=drill)
    return [pair for pair in addressees(role, (staff_no,), drill=drill) if pair[0] == f"officer:{staff_no}"]


class _Known:
    """What the book says of a role and its holders, for as long as it is the same book."""

    book: Channels | None = None
    pairs: ClassVar[dict[tuple[str, tuple[str, ...], bool], list[tuple[str, str]]]] = {}


def _addressees(book: Channels, role: str, staff: tuple[str, ...], *, drill: bool) -> list[tuple[str, str]]:
    if _Known.book is not book:
        _Known.book, _Known.pairs = book, {}
    pairs, key = _Known.pairs, (role, staff, drill)
    found = pairs.get(key)
    if found is None:
        found = pairs[key] = addressees(role, staff, drill=drill)
    return found


def tellings(
    tx: Transaction, roles: Sequence[str], template: str, facts: dict[str, Any], at: datetime, *, drill: bool
) -> list[Telling]:
    """Return one notice for each person and channel of the roles, or none where a step tells nobody.

    A role that a drill tells nothing stands in the list for the journal's sake only: the page says so.
    """
    if not roles:
        return []
    pairs = recipients(tx, roles, local_day(at), drill=drill)
    pairs += [(f"role:{role}", WITHHELD) for role in roles if drill and withheld(f"role:{role}")]
    return [Telling(recipient, channel, template, facts) for recipient, channel in pairs]
