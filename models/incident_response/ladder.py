"""The ladder by which a person is called, and how long an acknowledgement holds: pure judgements on moments."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from config.emergency_plan import LadderStep
from config.messages import say

CODE_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Letters of a code to acknowledge by: none that is taken for another when it is read out or copied (0 O 1 I)."""


class Ack(StrEnum):
    """What a person says who was called."""

    RECEIVED = "received"
    ON_THE_WAY = "on_the_way"
    ON_SITE = "on_site"
    UNABLE = "unable"

    @property
    def word(self) -> str:
        """What it is called on forms."""
        return say(f"incident_call.ack_{self.value}", "zh")

    @property
    def rank(self) -> int:
        """How much it says: an acknowledgement that says less takes nothing away from one that still holds."""
        return tuple(Ack).index(self)


class Move(NamedTuple):
    """One step of a ladder: its number in the ladder from 0, how, and whether it is taken or passed over."""

    place: int
    by: str
    taken: bool


class Climb(NamedTuple):
    """What is done on a ladder at one moment, when there is more to do, and whether its end is reached."""

    moves: tuple[Move, ...]
    next_at: datetime | None
    exhausted: bool


def times(ladder: Sequence[LadderStep], opened_at: datetime) -> list[datetime]:
    """Return when each step is due; none before the one that precedes it."""
    found: list[datetime] = []
    for step in ladder:
        due = opened_at + timedelta(minutes=step.after_minutes)
        found.append(max(due, found[-1]) if found else due)
    return found


def climb(
    ladder: Sequence[LadderStep],
    taken: int,
    opened_at: datetime,
    at: datetime,
    *,
    usable: Callable[[str], bool],
    patience: timedelta,
) -> Climb:
    """Return every step that is due; a step that cannot be used is passed over and the next one taken at once.

    Args:
        ladder: the plan's steps.
        taken: how many were taken or passed over since the ladder was opened.
        opened_at: when it was opened.
        at: the moment; where the ladder was climbed to its end before, its patience is over.
        usable: says whether a step of that kind leads anywhere for this person.
        patience: how long the last step is waited for.
    """
    moves: list[Move] = []
    due, passed_over = times(ladder, opened_at), False
    for place in range(taken, len(ladder)):
        if not passed_over and due[place] > at:
            return Climb(tuple(moves), due[place], exhausted=False)
        by = ladder[place].by
        passed_over = not usable(by)
        moves.append(Move(place, by, not passed_over))
    if any(move.taken for move in moves):
        return Climb(tuple(moves), at + patience, exhausted=False)
    return Climb(tuple(moves), None, exhausted=True)


def holds_until(kind: Ack, said_at: datetime, eta_minutes: int | None, minutes: Mapping[str, int]) -> datetime | None:
    """Return when an acknowledgement lapses: on the way holds until the arrival and its margin; unable never holds.

    Args:
        kind: what was said.
        said_at: when.
        eta_minutes: minutes until the arrival, where they were told.
        minutes: how long each kind holds (`ack_minutes` of the plan).
    """
    if kind is Ack.UNABLE:
        return None
    longest = minutes[kind.value] + (eta_minutes or 0 if kind is Ack.ON_THE_WAY else 0)
    return said_at + timedelta(minutes=longest)


def read_code(text: str) -> str:
    """Return a code as it is kept, however it was typed: blanks, hyphens and small letters do not matter."""
    return "".join(letter for letter in text.upper() if letter in CODE_LETTERS)
