"""Working days of mainland China: the State Council's yearly notices compiled into one look-up that knows its horizon.

The seed is chinesecalendar; a dated file per notice in `config/calendar/` lies on top of it and names its document.
A day that no notice covers is projected as Monday to Friday. December of the last year covered may be rewritten by the
next notice (2019's moved 29 and 31 December 2018). Whatever rests on either is provisional (暂定), so that a date that
is not provisional cannot be moved by the next year's notice.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from importlib.metadata import version as release_of
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from chinese_calendar import constants
from pydantic import Field

from config.fact import Fact
from config.messages import Refusal
from config.yaml_file import read_yaml, shape

FOLDER: Final = Path(__file__).with_name("calendar")
SATURDAY: Final = 5
DECEMBER: Final = 12


class Kind(StrEnum):
    """What a calendar day is."""

    WORKING = "working"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    MAKEUP = "makeup"

    def works(self) -> bool:
        """Say whether offices work on it."""
        return self in {Kind.WORKING, Kind.MAKEUP}


class Overlay(Fact):
    """What one yearly notice decides, a file of `config/calendar/`: every day off and every make-up day of the year."""

    year: int = Field(ge=1950, le=2999)
    notice: str = Field(min_length=2, pattern=r"\S", description="Document number of the notice")
    url: str = Field(pattern=r"^https?://\S+$")
    approved_by: str = Field(min_length=2, pattern=r"\S", description="Who checked the file against the notice")
    off: tuple[date, ...] = Field(min_length=1)
    makeup: tuple[date, ...] = ()


class Day(NamedTuple):
    """One day: its kind, whether a notice covers it, whether the next may still move it, and the notice it rests on."""

    date: date
    kind: Kind
    published: bool
    provisional: bool
    notice: str
    url: str


class Reached(NamedTuple):
    """The day that a count ends on; provisional (暂定) when a notice still to come may move it."""

    day: date
    provisional: bool


class _Mark(NamedTuple):
    kind: Kind
    year: int  # of the notice


def _weekdays_until(ordinal: int) -> int:
    """Count the Mondays to Fridays up to a proleptic ordinal; ordinal 1 is a Monday."""
    weeks, rest = divmod(ordinal, 7)
    return weeks * 5 + min(rest, 5)


def _weekday_number(number: int) -> int:
    """Return the ordinal of the n-th Monday-to-Friday day: the inverse of `_weekdays_until`."""
    weeks, rest = divmod(number - 1, 5)
    return weeks * 7 + rest + 1


@dataclass(frozen=True, slots=True)
class Calendar:
    """An immutable working-day calendar; equal calendars have equal versions.

    Public holidays and exchanged working days as the notices of the State Council's General Office order them.
    """

    version: str
    first: date = field(compare=False)
    last: date = field(compare=False)
    _marks: Mapping[date, _Mark] = field(compare=False, repr=False)
    _notices: Mapping[int, tuple[str, str]] = field(compare=False, repr=False)
    _counts: tuple[int, ...] = field(compare=False, repr=False)  # working days up to each covered day
    _working: tuple[int, ...] = field(compare=False, repr=False)  # their ordinals
    _start: int = field(compare=False, repr=False)
    _end: int = field(compare=False, repr=False)
    _firm: int = field(compare=False, repr=False)

    def __hash__(self) -> int:
        return hash(self.version)

    def horizon(self) -> date:
        """Return the last day that a published notice covers."""
        return self.last

    def firm_until(self) -> date:
        """Return the last day that the next notice cannot rewrite: 30 November of the last year covered."""
        return date.fromordinal(self._firm)

    def day(self, day: date) -> Day:
        """Return what a day is and the notice that says so; a day beyond the notices is projected and unpublished."""
        ordinal = _ordinal(day)
        mark = self._marks.get(day)
        usual = Kind.WEEKEND if day.weekday() >= SATURDAY else Kind.WORKING
        published = self._start <= ordinal <= self._end
        notice, url = self._notices[mark.year if mark else day.year] if published else ("", "")
        return Day(day, mark.kind if mark else usual, published, self._open(ordinal), notice, url)

    def works(self, day: date) -> bool:
        """Say whether offices work on a day."""
        ordinal = _ordinal(day)
        return self._count(ordinal) != self._count(ordinal - 1)

    def add_working_days(self, day: date, number: int) -> Reached:
        """Return the n-th working day after a day, which itself never counts; before it when n is negative.

        民法典 Art. 201, 203. Zero returns the day itself.
        """
        ordinal = _ordinal(day)
        if number > 0:
            ordinal = self._number(self._count(ordinal) + number)
        elif number < 0:
            ordinal = self._number(self._count(ordinal - 1) + number + 1)
        return Reached(date.fromordinal(ordinal), self._open(ordinal) or self._open(day.toordinal()))

    def count_working_days(self, after: date, until: date) -> int:
        """Count the working days after one day up to and including another; negative when the other is earlier."""
        return self._count(_ordinal(until)) - self._count(_ordinal(after))

    def last_working_day_before(self, day: date) -> date:
        """Return the last working day strictly before a day."""
        return date.fromordinal(self._number(self._count(_ordinal(day) - 1)))

    def last_working_day_by(self, day: date) -> date:
        """Return the last working day up to and including a day."""
        return date.fromordinal(self._number(self._count(_ordinal(day))))

    def first_working_day_from(self, day: date) -> date:
        """Return the first working day from and including a day."""
        return date.fromordinal(self._number(self._count(_ordinal(day) - 1) + 1))

    def missing_year(self, on: date, expected: tuple[int, int]) -> int | None:
        """Return the year whose notice should be loaded by now; next year's from the (month, day) `expected` on."""
        year = on.year + 1 if (on.month, on.day) >= expected else on.year
        return year if year > self.last.year else None

    def _open(self, ordinal: int) -> bool:
        return ordinal > self._firm or ordinal < self._start

    def _count(self, ordinal: int) -> int:
        """Count working days from the first covered day; Monday to Friday outside the notices, negative before them."""
        if ordinal > self._end:
            return self._counts[-1] + _weekdays_until(ordinal) - _weekdays_until(self._end)
        if ordinal < self._start:
            return _weekdays_until(ordinal) - _weekdays_until(self._start - 1)
        return self._counts[ordinal - self._start]

    def _number(self, number: int) -> int:
        """Return the ordinal of the n-th working day: the inverse of `_count`."""
        if number > len(self._working):
            return _weekday_number(_weekdays_until(self._end) + number - len(self._working))
        if number < 1:
            return _weekday_number(_weekdays_until(self._start - 1) + number)
        return self._working[number - 1]


def _ordinal(day: date) -> int:
    """Refuse a datetime, which is a date to Python but has no calendar day without its time zone."""
    if isinstance(day, datetime):
        raise TypeError(f"{day.isoformat()} is an instant; a calendar counts days: take its day in Asia/Shanghai first")
    return day.toordinal()


def overlays(folder: Path = FOLDER) -> tuple[Overlay, ...]:
    """Read the notices of a folder, `<year>.yaml` each, oldest first.

    Raises:
        FileWrongError: a file lacks its notice number, its approver or another field.
        Refusal: a file's name is not its year, or a date cannot stand in that notice.
    """
    found = []
    for path in sorted(folder.glob("*.y*ml")):
        overlay = shape(Overlay, _content(path), path.name)
        if path.stem != str(overlay.year):
            raise Refusal("calendar.file_name", file=path.name, year=overlay.year)
        _check(overlay, path.name)
        found.append(overlay)
    return tuple(found)


def _content(path: Path) -> object:
    try:
        content = read_yaml(path)
    except ValueError:  # PyYAML, on a day such as 30 February
        raise Refusal("calendar.no_such_day", file=path.name) from None
    # YAML 1.1 reads the bare key `off` as false; a file typed by hand must not depend on quotes
    return (
        {"off" if key is False else key: value for key, value in content.items()}
        if isinstance(content, dict)
        else content
    )


def _check(overlay: Overlay, file: str) -> None:
    seen: set[date] = set()
    for day in (*overlay.off, *overlay.makeup):
        if day.year != overlay.year and (day.year, day.month) != (overlay.year - 1, DECEMBER):
            raise Refusal("calendar.outside_year", file=file, day=day, year=overlay.year, before=overlay.year - 1)
        if day in seen:
            raise Refusal("calendar.twice", file=file, day=day)
        seen.add(day)
    for day in overlay.makeup:
        if day.weekday() < SATURDAY:
            raise Refusal("calendar.makeup_weekday", file=file, day=day)


def compile_calendar(notices: Iterable[Overlay]) -> Calendar:
    """Compile the seed and the notices on top of it into one calendar.

    A notice states its whole year, in place of the seed; in the December before it rewrites only the days it names.

    Raises:
        Refusal: a year is missing between the first and the last one covered, or stands in two notices.
    """
    marks = {day: _Mark(Kind.HOLIDAY, day.year) for day in constants.holidays}
    marks |= {day: _Mark(Kind.MAKEUP, day.year) for day in constants.workdays}
    seeded = range(min(marks).year, max(marks).year + 1)
    label = f"chinesecalendar {release_of('chinesecalendar')}"
    sources = dict.fromkeys(seeded, (label, ""))
    ordered = sorted(notices, key=lambda overlay: overlay.year)
    stated = {notice.year for notice in ordered}
    if len(stated) != len(ordered):
        raise Refusal("calendar.year_twice", years="、".join(str(notice.year) for notice in ordered))
    marks = {day: mark for day, mark in marks.items() if not _restated(day, stated, seeded)}
    for notice in ordered:
        marks |= {day: _Mark(Kind.HOLIDAY, notice.year) for day in notice.off}
        marks |= {day: _Mark(Kind.MAKEUP, notice.year) for day in notice.makeup}
        sources[notice.year] = (notice.notice, notice.url)
    first, last = min(sources), max(sources)
    if missing := set(range(first, last + 1)) - set(sources):
        raise Refusal("calendar.gap", year=min(missing), last=last)
    return _table(marks, sources, date(first, 1, 1), date(last, DECEMBER, 31))


def _restated(day: date, stated: set[int], seeded: range) -> bool:
    """Say whether the notices state a day, so that the seed's word on it goes.

    The seed has the rewriting of a December merged in: that December stays while only the seed holds the next year.
    """
    following = day.year + 1
    return day.year in stated and not (day.month == DECEMBER and following in seeded and following not in stated)


def _table(marks: dict[date, _Mark], sources: dict[int, tuple[str, str]], first: date, last: date) -> Calendar:
    start, end = first.toordinal(), last.toordinal()
    counts, working = [], []
    for ordinal in range(start, end + 1):
        mark = marks.get(date.fromordinal(ordinal))
        if mark.kind is Kind.MAKEUP if mark else (ordinal - 1) % 7 < SATURDAY:
            working.append(ordinal)
        counts.append(len(working))
    facts = [f"{day} {mark.kind} {mark.year}" for day, mark in sorted(marks.items())]
    facts += [f"{year} {notice} {url}" for year, (notice, url) in sorted(sources.items())]
    digest = hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]
    firm = date(last.year, DECEMBER, 1).toordinal() - 1
    tables = MappingProxyType(marks), MappingProxyType(sources), tuple(counts), tuple(working)
    return Calendar(f"{first.year}-{last.year}-{digest}", first, last, *tables, start, end, firm)


@cache
def calendar() -> Calendar:
    """Return the calendar of this installation, compiled once; raises as `overlays` and `compile_calendar` do."""
    return compile_calendar(overlays())
