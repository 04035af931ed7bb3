"""Notices from the command line: the backlog, the dead letters, the letters to post, a channel tried out."""

from collections.abc import Iterable, Sequence
from typing import Any

from config.channels import channels
from config.messages import say
from tasks import outbox
from tasks.clock import now
from tasks.courier import Delivery
from tasks.sender import try_channel
from tasks.store import reading, transaction


def waiting() -> list[dict[str, Any]]:
    """Return how many notices wait, by channel."""
    with reading() as connection:
        return [{name: str(value) for name, value in one._asdict().items()} for one in outbox.backlog(connection)]


def dead() -> list[str]:
    """Return one line for each notice that could not be delivered."""
    with reading() as connection:
        found = outbox.dead_letters(connection)
    return [say("cli.dead_letter", **{name: str(value) for name, value in one._asdict().items()}) for one in found]


def revive_all(ids: Iterable[int]) -> int:
    """Queue undeliverable notices again; return how many."""
    with transaction() as tx:
        return outbox.revive(tx.core, ids, now())


def to_post() -> Sequence[int]:
    """Return the notices that wait to be posted as letters."""
    with reading() as connection:
        return list(outbox.letters(connection, channels()))


def mark_posted(ids: Iterable[int]) -> int:
    """Note that letters were posted; return how many."""
    with transaction() as tx:
        return outbox.posted(tx.core, ids, now())


def try_out(channel: str, target: str) -> Delivery:
    """Send a test text over a channel.

    Raises:
        Refusal: there is no such channel.
    """
    return try_channel(channel, target)
