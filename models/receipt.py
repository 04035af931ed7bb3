"""Write a deadline's receipt: day by day what was counted, skipped or paused, and by which notice."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from config.calendar import Calendar, Day, Kind
from config.fact import Fact
from config.messages import say
from config.zone import SHANGHAI
from models.deadline import (
    DAY,
    FOREVER,
    NONE,
    RUN_THROUGH,
    Clock,
    DeadlineTerms,
    due,
    elapse,
    local_day,
    paused_days,
    paused_spans,
    received_day,
)


class Mark(StrEnum):
    """What became of a day, or of a stretch of clock hours."""

    ANCHOR = "anchor"
    COUNTED = "counted"
    SKIPPED = "skipped"
    PAUSED = "paused"


class ReceiptLine(Fact):
    """One day of a deadline, or one stretch of it for clock hours."""

    day: date
    mark: Mark
    reason: str
    """Message key."""
    number: int | None = None
    """How many working days have been counted with this one."""
    kind: Kind | None = None
    notice: str = ""
    url: str = ""
    provisional: bool = False
    begin: datetime | None = None
    end: datetime | None = None
    elapsed: timedelta | None = None
    """Clock time used up at the end of the stretch."""

    def text(self, language: str | None = None) -> str:
        """Return the reason as a person reads it."""
        return say(self.reason, language) + (say("calendar.projected", language) if self.provisional else "")


def receipt(terms: DeadlineTerms, calendar: Calendar) -> tuple[ReceiptLine, ...]:
    """Return the lines from the trigger to the last day, or to the pause that is still open."""
    if terms.clock in RUN_THROUGH:
        return tuple(_stretches(terms))
    if terms.clock is Clock.DATE:
        day = calendar.day(local_day(terms.anchor))
        return (_line(day, Mark.COUNTED, "fixed"),)
    lines = tuple(_days(terms, calendar))
    if terms.clock is Clock.DAYS and terms.practice.last_day == "stands":
        unmoved = {"provisional": False, "notice": "", "url": ""}  # rests on no holiday notice
        return tuple(line.model_copy(update=unmoved) for line in lines)
    return lines


def _days(terms: DeadlineTerms, calendar: Calendar) -> Iterator[ReceiptLine]:
    received, anchor, pauses = local_day(terms.anchor), received_day(terms, calendar), tuple(paused_days(terms))
    last = due(terms, calendar).day
    stopped = max(pauses[-1][0], anchor + DAY) if last is None else date.max
    number = 0
    for ordinal in range(received.toordinal(), (last or stopped).toordinal() + 1):
        day = calendar.day(date.fromordinal(ordinal))
        if day.date < anchor:
            yield _line(day, Mark.SKIPPED, "received_late" if day.date == received else f"skipped_{day.kind}")
        elif day.date == anchor:
            yield _line(day, Mark.ANCHOR, "anchor" if anchor == received else "anchor_moved")
        elif any(begin <= day.date <= end for begin, end in pauses):
            yield _line(day, Mark.PAUSED, "paused_open" if day.date == stopped else "paused")
        elif terms.clock is Clock.DAYS and number == terms.budget:
            yield _line(day, Mark.SKIPPED, "last_day_moved")
        elif terms.clock is Clock.DAYS:
            number += 1
            yield _line(day, Mark.COUNTED, "counted_calendar", number)
        elif day.kind.works():
            number += 1
            yield _line(day, Mark.COUNTED, f"counted_{day.kind}", number)
        else:
            yield _line(day, Mark.SKIPPED, f"skipped_{day.kind}")


def _line(day: Day, mark: Mark, reason: str, number: int | None = None) -> ReceiptLine:
    return ReceiptLine(
        day=day.date,
        mark=mark,
        reason=f"calendar.{reason}",
        number=number,
        kind=day.kind,
        notice=day.notice,
        url=day.url,
        provisional=day.provisional and mark is not Mark.ANCHOR,
    )


def _stretches(terms: DeadlineTerms) -> Iterator[ReceiptLine]:
    anchor, end = terms.anchor.astimezone(UTC), elapse(terms, terms.budget * RUN_THROUGH[terms.clock])
    yield _stretch(anchor, anchor, Mark.ANCHOR, "hours_from", NONE)
    cursor, used = anchor, NONE
    for begin, until in paused_spans(terms):
        if until <= cursor or (end and begin >= end):
            continue
        for day_begin, day_end in _by_day(cursor, begin):
            used += day_end - day_begin
            yield _stretch(day_begin, day_end, Mark.COUNTED, "counted_hours", used)
        if until == FOREVER:
            yield _stretch(max(begin, cursor), None, Mark.PAUSED, "paused_open", used)
            return
        yield _stretch(max(begin, cursor), until, Mark.PAUSED, "paused_hours", used)
        cursor = until
    for day_begin, day_end in _by_day(cursor, end or cursor):
        used += day_end - day_begin
        yield _stretch(day_begin, day_end, Mark.COUNTED, "counted_hours", used)


def _by_day(begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Cut a stretch at every midnight of Asia/Shanghai."""
    while begin < end:
        midnight = datetime.combine(local_day(begin) + DAY, time(), SHANGHAI).astimezone(UTC)
        yield begin, min(midnight, end)
        begin = midnight


def _stretch(begin: datetime, end: datetime | None, mark: Mark, reason: str, used: timedelta) -> ReceiptLine:
    return ReceiptLine(
        day=local_day(begin),
        mark=mark,
        reason=f"calendar.{reason}",
        begin=begin.astimezone(SHANGHAI),
        end=end.astimezone(SHANGHAI) if end else None,
        elapsed=used,
    )
