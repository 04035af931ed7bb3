"""Judge the legal clocks: working days, calendar days, clock hours and fixed dates; moment and calendar are given."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Final, Literal, NamedTuple, Protocol, Self

from pydantic import AwareDatetime, BeforeValidator, Field, model_validator

from config.calendar import Calendar, Reached
from config.fact import Fact
from config.messages import Refusal
from config.rulebook import rule
from config.zone import SHANGHAI

AfterHours = Literal["same_day", "next_day"]
LastDay = Literal["stands", "moved"]
LAST_SECOND: Final = time(23, 59, 59)
SECOND: Final = timedelta(seconds=1)
DAY: Final = timedelta(days=1)
BEFORE: Final = "before:working_day"
NONE: Final = timedelta(0)
FOREVER: Final = datetime.max.replace(tzinfo=UTC)


class Days(Protocol):
    """What counts days: a working-day calendar, or every day alike."""

    def count_working_days(self, after: date, until: date) -> int:
        """Return how many days count after a day, up to another."""

    def add_working_days(self, day: date, number: int) -> Reached:
        """Return the n-th day that counts after a day."""


class _EveryDay:
    """Calendar days: each counts."""

    def count_working_days(self, after: date, until: date) -> int:
        return (until - after).days

    def add_working_days(self, day: date, number: int) -> Reached:
        return Reached(day + number * DAY, provisional=False)


EVERY_DAY: Final = _EveryDay()


class Clock(StrEnum):
    """The kinds of legal clock."""

    WORKING_DAYS = "working_days"
    HOURS = "hours"
    MINUTES = "minutes"
    DAYS = "days"
    """Calendar days: from the day after the event to 24:00 of the last."""
    DATE = "date"


RUN_THROUGH: Final = {Clock.HOURS: timedelta(hours=1), Clock.MINUTES: timedelta(minutes=1)}
"""Clocks that run through nights and days off, and what their budget counts."""

Pause = tuple[AwareDatetime, Annotated[AwareDatetime | None, BeforeValidator(lambda end: end or None)]]
"""From an instant to another, the second excluded; open while the end is None (or empty, as it is stored)."""


class Practice(Fact):
    """How the office reads and works: receipt after hours, close of business, hour of the daily reminders."""

    after_hours: AfterHours
    last_day: LastDay = "stands"
    """Whether the last of some calendar days moves past days off."""
    close: time
    remind: time


@lru_cache(maxsize=512)
def practice_on(day: date) -> Practice:
    """Return the practice that the rulebook holds for a day; raises as `rule` does."""
    return Practice(
        after_hours=rule("calendar.after_hours", day),
        last_day=rule("calendar.days", day),
        close=time.fromisoformat(rule("calendar.close_of_business", day)),
        remind=time.fromisoformat(rule("calendar.reminder_time", day)),
    )


class DeadlineTerms(Fact):
    """What a deadline follows from; due is always derived from it."""

    clock: Clock
    budget: int = Field(default=0, ge=0, le=100_000, description="What the clock counts; 0 for a fixed date")
    anchor: AwareDatetime = Field(description="The event, whose day does not count; any moment of a fixed date")
    pauses: tuple[Pause, ...] = ()
    practice: Practice

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.clock is Clock.DATE and self.budget:
            raise ValueError("a fixed date has no budget")
        if any(end is not None and end < begin for begin, end in self.pauses):
            raise ValueError("a pause ends before it begins")
        return self

    @classmethod
    def under_rules(
        cls,
        clock: Clock,
        anchor: datetime,
        budget: int = 0,
        pauses: Iterable[Iterable[datetime | str | None]] = (),
        after_hours: AfterHours | None = None,
    ) -> Self:
        """Return the terms with the practice in force on the anchor's day; raises as `rule` and pydantic do."""
        practice = practice_on(anchor.astimezone(SHANGHAI).date())
        if after_hours and after_hours != practice.after_hours:
            practice = practice.model_copy(update={"after_hours": after_hours})
        facts = {"clock": clock, "budget": budget, "anchor": anchor, "pauses": pauses, "practice": practice}
        return cls.model_validate(facts)


class Due(NamedTuple):
    """When a deadline ends under one version of the calendar; without a moment while it is paused."""

    due_at: datetime | None
    target_at: datetime | None
    """Close of business on the last day: the office's own aim, without legal effect."""
    provisional: bool
    """Rests on days that a notice still to come may move (暂定)."""
    calendar_version: str

    @property
    def day(self) -> date | None:
        """The last day, in Asia/Shanghai."""
        return self.due_at.date() if self.due_at else None

    @property
    def breach_at(self) -> datetime | None:
        """The first moment that is too late."""
        return self.due_at + SECOND if self.due_at else None

    def overdue(self, at: datetime) -> bool:
        """Say whether the deadline is missed at a moment; never while it is paused."""
        return self.due_at is not None and at >= self.due_at + SECOND


def due(terms: DeadlineTerms, calendar: Calendar) -> Due:
    """Return when the deadline ends: 24:00 of the last day, or the exact moment for clock hours and minutes.

    民法典 Art. 201, 203: the trigger day never counts; a day any part of which is paused does not count.
    """
    if terms.clock in RUN_THROUGH:
        moment = elapse(terms, terms.budget * RUN_THROUGH[terms.clock])
        return Due(moment, moment, False, calendar.version)
    if terms.clock is Clock.DATE:
        reached: Reached | None = Reached(local_day(terms.anchor), provisional=False)
    else:
        reached = reach(terms, calendar, terms.budget)
        if reached and terms.clock is Clock.DAYS and terms.practice.last_day == "moved":
            reached = calendar.add_working_days(reached.day - DAY, 1)
    if reached is None:
        return Due(None, None, False, calendar.version)
    day, provisional = reached
    target = datetime.combine(day, terms.practice.close, SHANGHAI)
    return Due(datetime.combine(day, LAST_SECOND, SHANGHAI), target, provisional, calendar.version)


def consumed(terms: DeadlineTerms, at: datetime, calendar: Calendar) -> timedelta:
    """Return what the clock has used up at a moment: whole days ended mean working days; zero for a fixed date."""
    if terms.clock is Clock.DATE or at <= terms.anchor:
        return NONE
    if terms.clock in RUN_THROUGH:
        idle = (min(end, at) - max(begin, terms.anchor) for begin, end in paused_spans(terms))
        return at - terms.anchor - sum((span for span in idle if span > NONE), NONE)
    counts = days_of(terms, calendar)
    first, last = received_day(terms, calendar), local_day(at) - DAY
    days = max(counts.count_working_days(first, last), 0)
    for begin, end in paused_days(terms):
        days -= max(counts.count_working_days(max(begin - DAY, first), min(end, last)), 0)
    return timedelta(days=days)


def remaining(terms: DeadlineTerms, at: datetime, calendar: Calendar) -> timedelta:
    """Return what is left of the budget at a moment, never less than nothing; calendar time for a fixed date."""
    if terms.clock is Clock.DATE:
        end = due(terms, calendar).breach_at or at
        return max(end - at, NONE)
    return max(terms.budget * RUN_THROUGH.get(terms.clock, DAY) - consumed(terms, at, calendar), NONE)


def rung_times(terms: DeadlineTerms, due: Due, names: Iterable[str], calendar: Calendar) -> dict[str, datetime]:
    """Return when each rung is to be climbed; none while the deadline is paused.

    `half`: the morning of the day in which half of the budget is used up, or that moment for clock hours. `last_day`:
    the last morning before due. `last_working_day`: the morning of the last working day by the due day.
    `before:working_day`: the morning of the last working day before the due day. `before:N`: the morning N calendar
    days before the due day. `share:N`: as `half`, when N percent of the budget are used up. `breach`: the first moment
    that is too late. A rung of a running clock that would lie
    before its start is left out, as is half of a fixed date.

    Raises:
        Refusal: no rung has that name.
    """
    times = {name: _rung(terms, due.due_at, name, calendar) for name in names}
    fixed = terms.clock is Clock.DATE
    return {name: at for name, at in times.items() if at and (fixed or at > terms.anchor)}


def _rung(terms: DeadlineTerms, due_at: datetime | None, name: str, calendar: Calendar) -> datetime | None:
    kind, _, days = name.partition(":")
    known = name in {"half", "last_day", "last_working_day", BEFORE, "breach"}
    if not known and not (kind in {"before", "share"} and days.isdecimal()):
        raise Refusal("calendar.rung_unknown", name=name)
    if due_at is None:
        return None
    if name == "breach":
        return due_at + SECOND
    if name == "half" or kind == "share":
        return _share(terms, calendar, int(days or 50))
    day = due_at.date()
    if name == BEFORE:
        day = calendar.last_working_day_before(day)
    elif kind == "before":
        day -= timedelta(days=int(days))
    elif name == "last_working_day":
        day = calendar.last_working_day_by(day)
    morning = datetime.combine(day, terms.practice.remind, SHANGHAI)
    return morning if morning < due_at else morning - DAY


def _share(terms: DeadlineTerms, calendar: Calendar, percent: int) -> datetime | None:
    if terms.clock is Clock.DATE:
        return None
    if terms.clock in RUN_THROUGH:
        return elapse(terms, terms.budget * RUN_THROUGH[terms.clock] * percent / 100)
    reached = reach(terms, calendar, -(-terms.budget * percent // 100))
    return datetime.combine(reached.day, terms.practice.remind, SHANGHAI) if reached else None


def local_day(moment: datetime) -> date:
    """Return the calendar day of a moment in Asia/Shanghai, whatever the server's zone."""
    return moment.astimezone(SHANGHAI).date()


def days_of(terms: DeadlineTerms, calendar: Calendar) -> Days:
    """Return what counts the clock's days."""
    return EVERY_DAY if terms.clock is Clock.DAYS else calendar


def received_day(terms: DeadlineTerms, calendar: Calendar) -> date:
    """Return the trigger day; under `next_day`, the next working day for what came after hours or on a day off."""
    local = terms.anchor.astimezone(SHANGHAI)
    day = local.date()
    if terms.practice.after_hours == "same_day" or terms.clock is not Clock.WORKING_DAYS:
        return day
    if calendar.works(day) and local.time() <= terms.practice.close:
        return day
    return calendar.first_working_day_from(day + DAY)


def reach(terms: DeadlineTerms, calendar: Calendar, number: int) -> Reached | None:
    """Return the n-th day of the clock, working or calendar; None when an open pause comes first."""
    counts = days_of(terms, calendar)
    cursor, left = received_day(terms, calendar), number
    for begin, end in paused_days(terms):
        if end <= cursor:
            continue
        run = max(counts.count_working_days(cursor, begin - DAY), 0)
        if run >= left:
            break
        if end == date.max:
            return None
        cursor, left = end, left - run
    return counts.add_working_days(cursor, left)


def elapse(terms: DeadlineTerms, span: timedelta) -> datetime | None:
    """Return the moment when the clock has run for a time, in Asia/Shanghai; None when an open pause comes first."""
    cursor, left = terms.anchor.astimezone(UTC), span
    for begin, end in paused_spans(terms):
        if end <= cursor:
            continue
        run = max(begin - cursor, NONE)
        if run >= left:
            break
        if end == FOREVER:
            return None
        cursor, left = end, left - run
    return (cursor + left).astimezone(SHANGHAI)


def paused_days(terms: DeadlineTerms) -> Iterator[tuple[date, date]]:
    """Yield the days that pauses touch, both included, each once and in order; an open pause ends on `date.max`."""
    last = date.min
    for begin, end in paused_spans(terms):
        first = max(local_day(begin), last + DAY)
        last = date.max if end == FOREVER else local_day(end - timedelta.resolution)
        if first <= last:
            yield first, last


def paused_spans(terms: DeadlineTerms) -> Iterator[tuple[datetime, datetime]]:
    """Yield the pauses in UTC, joined where they overlap, in order; an open one ends with `FOREVER`."""
    if not terms.pauses:
        return
    pauses = sorted((a.astimezone(UTC), b.astimezone(UTC) if b else FOREVER) for a, b in terms.pauses)
    begin, end = pauses[0]
    for following, until in pauses[1:]:
        if following > end:
            if end > begin:
                yield begin, end
            begin, end = following, until
        else:
            end = max(end, until)
    if end > begin:
        yield begin, end
