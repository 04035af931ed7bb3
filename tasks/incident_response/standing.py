"""How the duties of an incident stand: what is left of each, and that late is late for ever."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import and_, select

from config.messages import say
from config.settings import settings
from models.deadline import SECOND
from models.incident_response.clock import IncidentDuty
from tasks.board_page import deadline_title, local, office_title
from tasks.deadline import DEADLINES
from tasks.store import reading, table

DUTIES: Final = table(IncidentDuty)
PROCESS: Final = "incident_response"
SOON: Final = 4
"""The last quarter of a duty's time shows yellow."""
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
IN_MINUTES: Final = 48 * HOUR
IN_HOURS: Final = 7 * DAY
UNSURE: Final = ("configured", "unverified")


class State(StrEnum):
    """How one duty stands."""

    LATE = "late"
    SOON = "soon"
    OPEN = "open"
    PAUSED = "paused"
    KEPT_LATE = "kept_late"
    KEPT = "kept"
    SUPERSEDED = "superseded"

    @property
    def still_owed(self) -> bool:
        """Whether something is still to be done."""
        return self in (State.LATE, State.SOON, State.OPEN, State.PAUSED)

    @property
    def tone(self) -> str:
        """Its colour: red where it is or was late, for ever."""
        return _TONES[self]


_TONES: Final = {
    State.LATE: "bad",
    State.SOON: "soon",
    State.OPEN: "plain",
    State.PAUSED: "muted",
    State.KEPT_LATE: "bad",
    State.KEPT: "good",
    State.SUPERSEDED: "muted",
}
_ORDER: Final = {state: place for place, state in enumerate((State.LATE, State.SOON, State.OPEN, State.PAUSED))}


class Standing(NamedTuple):
    """One duty as it stands."""

    duty: Any
    due_at: datetime | None
    state: State
    margin: timedelta | None
    """What is left, or was left when it was done; negative where it is or was late."""

    @property
    def title(self) -> str:
        """What is owed."""
        return deadline_title(PROCESS, self.duty.name)

    @property
    def certainty(self) -> str:
        """The mark of a duty whose limit no text in force names for certain; empty for the others."""
        return _say(f"certainty_{self.duty.certainty}") if self.duty.certainty in UNSURE else ""

    @property
    def owes(self) -> str:
        """Who owes it."""
        return office_title(self.duty.owes)

    @property
    def towards(self) -> str:
        """To whom."""
        return "、".join(office_title(role.strip()) for role in self.duty.towards.split(",") if role.strip())

    @property
    def due_text(self) -> str:
        """When it ends."""
        return local(self.due_at) if self.due_at else self._without_moment

    @property
    def tone(self) -> str:
        """Its colour: red where it is or was late, for ever; grey where another took its place in time."""
        return "bad" if self.duty.late else self.state.tone

    @property
    def left(self) -> str:
        """What is left, in words, as coarse as it may be."""
        if self.state is State.SUPERSEDED:
            return _say("superseded_late" if self.duty.late else "superseded")
        if self.margin is None:
            return self._without_moment
        kind = "left" if self.margin >= timedelta(0) else "over"
        return _say(f"{kind}_kept" if not self.state.still_owed else kind, span=span(abs(self.margin)))

    @property
    def _without_moment(self) -> str:
        """Why no moment is told: the clock stands still, or the law names none."""
        return _say("paused" if self.duty.anchor_at is not None else "no_time")


def _say(name: str, /, **facts: object) -> str:
    return say(f"incident_board.{name}", settings().language, **facts)


def span(given: timedelta) -> str:
    """Return a span in words: to the minute below two days, to the hour below a week, else in days."""
    if given < HOUR:
        return _say("minutes", minutes=given // MINUTE)
    if given < IN_MINUTES:
        return _say("hours_minutes", hours=given // HOUR, minutes=given % HOUR // MINUTE)
    if given < IN_HOURS:
        return _say("days_hours", days=given.days, hours=given % DAY // HOUR)
    return _say("days", days=given.days)


def standings(case_id: int, at: datetime) -> list[Standing]:
    """Return an incident's duties: those still owed first, the earliest due first, then the kept, then the superseded.

    Args:
        case_id: the incident.
        at: the moment; whoever shows what is left rounds it.
    """
    same = (DEADLINES.c.case_id == DUTIES.c.case_id) & (DEADLINES.c.name == DUTIES.c.name)
    chosen = (
        select(DUTIES, DEADLINES.c.due_at, DEADLINES.c.anchor_at, DEADLINES.c.superseded_at)
        .outerjoin(DEADLINES, and_(same, DEADLINES.c.turn == DUTIES.c.turn))
        .where(DUTIES.c.case_id == case_id)
        .order_by(DUTIES.c.id)
    )
    with reading() as connection:
        found = [_standing(row, at) for row in connection.execute(chosen)]
    return in_order(found)


def in_order(found: Sequence[Standing]) -> list[Standing]:
    """Return duties with what is owed first, the earliest due first."""
    last = datetime.max.replace(tzinfo=found[0].duty.armed_at.tzinfo) if found else None
    return sorted(
        found,
        key=lambda one: (not one.state.still_owed, one.state is State.SUPERSEDED, one.due_at or last, one.duty.id),
    )


def _standing(row: Any, at: datetime) -> Standing:
    due_at = row.extended_until or row.due_at
    if row.superseded_by or row.superseded_at:
        return Standing(row, due_at, State.SUPERSEDED, None)
    if row.satisfied_at is not None:
        margin = None if due_at is None else due_at - row.satisfied_at
        late = row.late or (due_at is not None and row.satisfied_at >= due_at + SECOND)
        return Standing(row, due_at, State.KEPT_LATE if late else State.KEPT, margin)
    if due_at is None:
        # a duty whose law names no time (at once, throughout) has no clock, and is open until it is discharged
        return Standing(row, None, State.OPEN if row.anchor_at is None else State.PAUSED, None)
    if row.late or at >= due_at + SECOND:
        return Standing(row, due_at, State.LATE, due_at - at)
    soon = (due_at - at) * SOON <= due_at - (row.anchor_at or row.armed_at)
    return Standing(row, due_at, State.SOON if soon else State.OPEN, due_at - at)
