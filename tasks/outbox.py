"""The outbox: notices queued with their steps, claimed under a lease, and marked by what became of them.

At least once: a sender that dies between sending and marking costs one repeat, which carries the same case and number.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Engine, func, insert, select, update

from config.channels import FIRST_OUT, Channel, Channels
from config.messages import say
from models.case import Case, Notice, NoticeStatus
from tasks.courier import Delivery, Outcome
from tasks.notice_text import MAX_PARTS, Claimed
from tasks.pace import backoff
from tasks.store import reading, table, transaction

CASES: Final = table(Case)
NOTICES: Final = table(Notice)
LEASE_MARGIN: Final = timedelta(seconds=15)
PATIENCE: Final = timedelta(hours=24)
PATIENCE_WITH_NEXT: Final = timedelta(minutes=10)
_ERROR_LENGTH: Final = 300
_IN_ONE_GO: Final = 1000
_WAITING: Final = (NoticeStatus.PENDING, NoticeStatus.SENDING)


@dataclass(frozen=True)
class Access:
    """How a sender reaches the database: for reading, and in writing transactions that commit when left."""

    read: Callable[[], AbstractContextManager[Connection]]
    write: Callable[[], AbstractContextManager[Connection]]


@contextmanager
def _writing() -> Iterator[Connection]:
    with transaction() as tx:
        yield tx.core


OURS: Final = Access(reading, _writing)


def access_to(engine: Engine) -> Access:
    """Return the access through an engine of its own."""
    return Access(engine.begin, engine.begin)


def lease_of(channel: Channel) -> timedelta:
    """Return how long a claim on that channel lasts: every part of a long text may take its whole deadline."""
    return timedelta(seconds=channel.deadline * MAX_PARTS) + LEASE_MARGIN


def due(connection: Connection, now: datetime) -> dict[str, int]:
    """Return how many notices are due on each channel."""
    counted = (
        select(NOTICES.c.channel, func.count())
        .where(NOTICES.c.next_at <= now, NOTICES.c.status.in_(_WAITING))
        .group_by(NOTICES.c.channel)
    )
    return {row[0]: row[1] for row in connection.execute(counted)}


def claim(
    connection: Connection, owner: str, now: datetime, limit: int, *, channel: str, lease: timedelta
) -> list[Claimed]:
    """Take a lease on due notices of a channel, urgent ones and then the longest due first; leases that ran out too.

    Args:
        connection: a writing transaction.
        owner: unlike every other claim's, so that a late answer cannot mark what somebody else has taken over.
        now: the moment.
        limit: how many at most.
        channel: the channel's name.
        lease: how long they are ours.
    """
    rows = _waiting(connection, now, limit, channel, urgent=True)
    if len(rows) < limit:
        rows += _waiting(connection, now, limit - len(rows), channel, urgent=False)
    if rows:
        mine = {"status": NoticeStatus.SENDING, "lease": owner, "next_at": now + lease}
        connection.execute(update(NOTICES).where(NOTICES.c.id.in_([row.id for row in rows])).values(mine))
    return [
        Claimed(row.id, bytes(row.key), row.case_id, row.case_number, bool(row.drill), row.number, row.recipient,
                row.channel, row.template, row.facts or {}, row.attempts, row.created_at, owner)
        for row in rows
    ]  # fmt: skip


def _waiting(connection: Connection, now: datetime, limit: int, channel: str, *, urgent: bool) -> list[Any]:
    """Lock due notices of one kind; two questions, each answered by an index, where one would sort all that waits."""
    wanted = (
        select(NOTICES, CASES.c.number.label("case_number"), CASES.c.drill)
        .join(CASES, CASES.c.id == NOTICES.c.case_id)
        .where(NOTICES.c.next_at <= now, NOTICES.c.status.in_(_WAITING), NOTICES.c.channel == channel)
        .where(NOTICES.c.urgent if urgent else ~NOTICES.c.urgent)
        .order_by(NOTICES.c.next_at, NOTICES.c.id)
        .limit(limit)
        .with_for_update(of=NOTICES, skip_locked=True)  # PostgreSQL; SQLite has one writer at a time
    )
    return list(connection.execute(wanted).all())


def settle(connection: Connection, notice: Claimed, delivery: Delivery, now: datetime, book: Channels, *,
           channels_fault: bool = False) -> NoticeStatus | None:  # fmt: skip
    """Mark a claimed notice by what became of it and return its status; None if the lease was lost meanwhile.

    A refusal, too many failures or too great an age end it on this channel: it is a dead letter, and the next channel
    in the recipient's book, if any, gets the same notice under the same number.

    Args:
        connection: a writing transaction.
        notice: the notice.
        delivery: what became of it.
        now: the moment.
        book: channels and address book.
        channels_fault: the channel is down or wants a pause: the failure does not count against the notice.
    """
    channel = book.channels.get(notice.channel)
    following = book.following(notice.recipient, notice.channel, drill=notice.drill)
    attempts = notice.attempts + (not channels_fault)
    values: dict[str, Any] = {"lease": "", "attempts": attempts, "error": delivery.detail[:_ERROR_LENGTH]}
    if delivery.outcome is Outcome.ACCEPTED:
        values |= {"status": NoticeStatus.SENT, "next_at": None, "sent_at": now, "attempts": notice.attempts + 1}
    elif (
        delivery.outcome is Outcome.REJECTED
        or channel is None
        or _spent(channel, attempts, now - notice.created_at, following)
    ):
        values |= {"status": NoticeStatus.DEAD, "next_at": None, "error": _last_words(delivery, following)}
    else:
        wait = max(timedelta(seconds=delivery.wait), backoff(attempts, notice.id))
        values |= {"status": NoticeStatus.PENDING, "next_at": now + wait}
    held = NOTICES.c.id == notice.id, NOTICES.c.lease == notice.owner
    sending = NOTICES.c.status == NoticeStatus.SENDING
    if connection.execute(update(NOTICES).where(*held, sending).values(values)).rowcount != 1:
        return _too_late(connection, held, values)
    status = NoticeStatus(values["status"])
    if status is NoticeStatus.DEAD and following is not None:
        _queue_on(connection, notice, following, now)
    return status


def _too_late(
    connection: Connection, held: tuple[ColumnElement[bool], ...], values: dict[str, Any]
) -> NoticeStatus | None:
    """Mark what was taken back while it was under way: it was sent all the same, or it stays back for good."""
    if values["status"] is not NoticeStatus.SENT:
        values = {name: values[name] for name in ("lease", "attempts", "error")} | {"status": NoticeStatus.WITHDRAWN}
    back = NOTICES.c.status == NoticeStatus.WITHDRAWN
    done = connection.execute(update(NOTICES).where(*held, back).values(values)).rowcount == 1
    return values["status"] if done else None


def _spent(channel: Channel, attempts: int, age: timedelta, following: str | None) -> bool:
    own = timedelta(minutes=channel.patience_minutes) if channel.patience_minutes else None
    return attempts >= channel.attempts or age >= (own or (PATIENCE_WITH_NEXT if following else PATIENCE))


def _last_words(delivery: Delivery, following: str | None) -> str:
    key = "moved_on" if following else "given_up"
    return say(f"channels.{key}", error=delivery.detail, channel=following)[:_ERROR_LENGTH]


def _queue_on(connection: Connection, notice: Claimed, channel: str, now: datetime) -> None:
    key = sha256(notice.key + b"|" + channel.encode()).digest()[:16]
    if connection.execute(select(NOTICES.c.id).where(NOTICES.c.key == key)).first() is None:
        connection.execute(
            insert(NOTICES).values(
                key=key, case_id=notice.case_id, number=notice.number, recipient=notice.recipient, channel=channel,
                template=notice.template,
                urgent=notice.case.startswith(FIRST_OUT), facts=notice.facts,
                status=NoticeStatus.PENDING, attempts=0, next_at=now, lease="", error="", created_at=now,
            )
        )  # fmt: skip


def take_back(connection: Connection, ids: Sequence[int]) -> int:
    """Take back notices that have not left, and return how many; one that is under way keeps its lease until it is."""
    waiting = NOTICES.c.id.in_(ids), NOTICES.c.status.in_(_WAITING)
    back = {"status": NoticeStatus.WITHDRAWN, "next_at": None}
    return connection.execute(update(NOTICES).where(*waiting).values(back)).rowcount if ids else 0


def keep_at_home(connection: Connection, now: datetime, book: Channels) -> tuple[int, int]:
    """Settle what needs no provider: the row is the inbox; a letter or a call waits for a clerk; return how many."""
    sent = {"status": NoticeStatus.SENT, "sent_at": now, "next_at": None, "lease": ""}
    waits = {"status": NoticeStatus.PENDING, "next_at": None, "lease": ""}
    return _keep(connection, now, book, {"inbox"}, sent), _keep(connection, now, book, {"letter", "call"}, waits)


def _keep(connection: Connection, now: datetime, book: Channels, kinds: set[str], values: dict[str, Any]) -> int:
    names = [name for name, channel in book.channels.items() if channel.kind in kinds]
    some = (
        select(NOTICES.c.id)
        .where(NOTICES.c.next_at <= now, NOTICES.c.status.in_(_WAITING), NOTICES.c.channel.in_(names))
        .limit(_IN_ONE_GO)
        .with_for_update(skip_locked=True)
    )
    ids = list(connection.execute(some).scalars())
    return connection.execute(update(NOTICES).where(NOTICES.c.id.in_(ids)).values(values)).rowcount if ids else 0


class DeadLetter(NamedTuple):
    """A notice that did not leave: who missed what, over which channel, and why."""

    id: int
    case: str
    number: int
    recipient: str
    channel: str
    template: str
    error: str
    created_at: datetime


def dead_letters(connection: Connection, limit: int = 200) -> list[DeadLetter]:
    """Return the dead letters, the newest first."""
    listed = (
        select(NOTICES.c.id, CASES.c.number.label("case"), NOTICES.c.number, NOTICES.c.recipient, NOTICES.c.channel,
               NOTICES.c.template, NOTICES.c.error, NOTICES.c.created_at)
        .join(CASES, CASES.c.id == NOTICES.c.case_id)
        .where(NOTICES.c.status == NoticeStatus.DEAD)
        .order_by(NOTICES.c.id.desc())
        .limit(limit)
    )  # fmt: skip
    return [DeadLetter(*row) for row in connection.execute(listed)]


def revive(connection: Connection, ids: Iterable[int], now: datetime) -> int:
    """Queue dead letters again, say after a token was renewed, and return how many."""
    again = {"status": NoticeStatus.PENDING, "attempts": 0, "next_at": now, "created_at": now, "error": "", "lease": ""}
    dead = NOTICES.c.id.in_(list(ids)), NOTICES.c.status == NoticeStatus.DEAD
    return connection.execute(update(NOTICES).where(*dead).values(again)).rowcount


def letters(connection: Connection, book: Channels, limit: int = 200) -> Sequence[int]:
    """Return the ids of the letters that wait for a clerk to post them, the oldest first."""
    names = [name for name, channel in book.channels.items() if channel.kind == "letter"]
    waiting = NOTICES.c.channel.in_(names), NOTICES.c.status == NoticeStatus.PENDING
    return list(connection.execute(select(NOTICES.c.id).where(*waiting).order_by(NOTICES.c.id).limit(limit)).scalars())


def posted(connection: Connection, ids: Iterable[int], now: datetime) -> int:
    """Mark letters as posted and return how many."""
    waiting = NOTICES.c.id.in_(list(ids)), NOTICES.c.status == NoticeStatus.PENDING
    done = {"status": NoticeStatus.SENT, "sent_at": now, "next_at": None}
    return connection.execute(update(NOTICES).where(*waiting).values(done)).rowcount


class Backlog(NamedTuple):
    """What still waits on a channel."""

    channel: str
    waiting: int
    oldest: datetime


def backlog(connection: Connection) -> list[Backlog]:
    """Return what waits on each channel and since when: a provider that is down shows here before anything is dead."""
    waiting = (
        select(NOTICES.c.channel, func.count(), func.min(NOTICES.c.created_at))
        .where(NOTICES.c.next_at.is_not(None))
        .group_by(NOTICES.c.channel)
        .order_by(NOTICES.c.channel)
    )
    return [Backlog(*row) for row in connection.execute(waiting)]
