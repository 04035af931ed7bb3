"""The deadline board: every open clock with its light, computed on reading, and its receipt day by day."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, func, select

from config.calendar import Calendar, calendar
from models.deadline import RUN_THROUGH, Clock, DeadlineTerms, Due, due, local_day, remaining, rung_times
from models.receipt import Mark, ReceiptLine, receipt
from tasks.board_page import (
    Page,
    cut_note,
    deadline_title,
    local,
    marked,
    office_title,
    plain,
    sections,
    table,
    word,
)
from tasks.chart import Lamp, Sheet, Tile, Tone, picture
from tasks.clock import now
from tasks.deadline import DEADLINES, terms_of
from tasks.journal import CASES
from tasks.store import reading

MOST_ROWS: Final = 300
MOST_RECEIPTS: Final = 60
MOST_LAMPS: Final = 6
DAY: Final = timedelta(days=1)
HOUR: Final = timedelta(hours=1)
MINUTE: Final = timedelta(minutes=1)
HOURS_UNTIL: Final = 48 * HOUR


class Light(StrEnum):
    """How a deadline stands: yellow from its first reminder on, red once it is missed."""

    RED = "red"
    YELLOW = "yellow"
    GREEN = "green"
    PAUSED = "paused"

    @property
    def words(self) -> str:
        """The light in words, with a sign that needs no colour."""
        return word(f"light_{self.value}")


_TONES: Final[dict[Light, Tone]] = {
    Light.RED: "bad",
    Light.YELLOW: "soon",
    Light.GREEN: "good",
    Light.PAUSED: "plain",
}


class Standing(NamedTuple):
    """One open deadline as it stands at a moment."""

    case: str
    process: str
    drill: bool
    name: str
    office: str
    rule: str
    lagging: tuple[str, ...]
    terms: DeadlineTerms
    due: Due
    light: Light
    left: str

    @property
    def title(self) -> str:
        """Its title."""
        return deadline_title(self.process, self.name)

    @property
    def due_text(self) -> str:
        """When it ends, flagged while a holiday notice may still move it."""
        if self.due.due_at is None:
            return word("paused")
        by_hours = self.terms.clock in RUN_THROUGH
        text = local(self.due.due_at) if by_hours else self.due.due_at.date().isoformat()
        return f"{text}（{word('provisional')}）" if self.due.provisional else text


def open_deadlines(at: datetime, *which: ColumnElement[bool], limit: int = MOST_ROWS) -> list[Standing]:
    """Return the open deadlines, or those of a choice, the earliest due first and the paused last."""
    chosen = (
        select(DEADLINES, CASES.c.number, CASES.c.process, CASES.c.drill)
        .join(CASES, DEADLINES.c.case_id == CASES.c.id)
        .where(_open(), *which)
        .order_by(DEADLINES.c.due_at.is_(None), DEADLINES.c.due_at, DEADLINES.c.id)
        .limit(limit)
    )
    with reading() as connection:
        rows = connection.execute(chosen).all()
    current = calendar()
    return [_standing(row, at, current) for row in rows]


def count_open(at: datetime, *which: ColumnElement[bool]) -> tuple[int, int, int]:
    """Return how many deadlines are open, how many of them overdue, and how many paused."""
    late = func.count().filter(DEADLINES.c.due_at < at)
    paused = func.count().filter(DEADLINES.c.due_at.is_(None))
    chosen = select(func.count(), late, paused).select_from(DEADLINES.join(CASES, DEADLINES.c.case_id == CASES.c.id))
    with reading() as connection:
        row = connection.execute(chosen.where(_open(), *which)).one()
    return row[0], row[1], row[2]


def _open() -> ColumnElement[bool]:
    return DEADLINES.c.met_at.is_(None) & DEADLINES.c.superseded_at.is_(None) & CASES.c.closed_at.is_(None)


def _standing(row: Any, at: datetime, current: Calendar) -> Standing:
    terms = terms_of(row)
    reached = due(terms, current)
    light = light_of(terms, reached, row.rungs, at, current)
    left = time_left(terms, reached, at, current)
    drill, lagging = bool(row.drill), tuple(row.lagging)
    return Standing(
        row.number, row.process, drill, row.name, row.office, row.rule, lagging, terms, reached, light, left
    )


def light_of(terms: DeadlineTerms, reached: Due, rungs: Sequence[str], at: datetime, current: Calendar) -> Light:
    """Return the light of a deadline at a moment; without a reminder of its own it turns yellow on its last day."""
    if reached.due_at is None:
        return Light.PAUSED
    if reached.overdue(at):
        return Light.RED
    reminders = [rung for rung in rungs if rung != "breach"] or ["last_day"]
    times = rung_times(terms, reached, reminders, current).values()
    return Light.YELLOW if any(at >= moment for moment in times) else Light.GREEN


def time_left(terms: DeadlineTerms, reached: Due, at: datetime, current: Calendar) -> str:
    """Return in words what is left, or by how much it is missed."""
    if reached.due_at is None:
        return word("paused")
    if reached.overdue(at):
        return _over(terms, at - reached.due_at, local_day(at) - local_day(reached.due_at))
    if terms.clock in RUN_THROUGH and reached.due_at - at < HOUR:
        return word("minutes_left", minutes=(reached.due_at - at) // MINUTE)
    if terms.clock in RUN_THROUGH and reached.due_at - at < HOURS_UNTIL:
        return word("hours_left", hours=(reached.due_at - at) // HOUR)
    days = (local_day(reached.due_at) - local_day(at)).days
    if days and terms.clock is Clock.WORKING_DAYS:
        return word("working_days_left", days=remaining(terms, at, current) // DAY)
    return word("days_left", days=days) if days else word("last_day")


def _over(terms: DeadlineTerms, by: timedelta, days: timedelta) -> str:
    if terms.clock in RUN_THROUGH and by < HOUR:
        return word("minutes_over", minutes=by // MINUTE)
    if terms.clock in RUN_THROUGH and by < HOURS_UNTIL:
        return word("hours_over", hours=by // HOUR)
    return word("days_over", days=days.days)


def lamps(standings: Sequence[Standing]) -> list[Lamp]:
    """Return the next deadlines as lights for a picture."""
    return [
        Lamp(each.title, office_title(each.office) if each.office else "", each.due_text, each.left, _TONES[each.light])
        for each in standings[:MOST_LAMPS]
    ]


def deadline_table(standings: Sequence[Standing], *, with_case: bool = True) -> str:
    """Return the deadlines as a table."""
    heads = [
        "deadline_light",
        *(["case"] if with_case else []),
        "deadline_name",
        "deadline_office",
        "deadline_due",
        "deadline_left",
    ]
    rows = (
        [
            each.light.words,
            *([marked(plain(each.case), drill=each.drill)] if with_case else []),
            plain(each.title),
            plain(office_title(each.office)) if each.office else "",
            each.due_text,
            each.left,
        ]
        for each in standings
    )
    return table([word(head) for head in heads], rows)


def deadline_page() -> Page:
    """Return the board of all open deadlines."""
    at = now()
    standings = open_deadlines(at)
    total, late, paused = count_open(at)
    title = word("deadlines_name")
    soon = sum(each.light is Light.YELLOW for each in standings)
    sheet = Sheet(title)
    tiles = [
        Tile(word("tile_open"), f"{total:,}"),
        Tile(word("tile_overdue"), f"{late:,}", "bad" if late else "good"),
        Tile(word("tile_soon"), f"{soon:,}", "soon" if soon else "good"),
        Tile(word("tile_paused"), f"{paused:,}"),
    ]
    sheet.tiles(tiles)
    if standings:
        sheet.lamps(
            word("deadlines_title"), [_with_case(*pair) for pair in zip(lamps(standings), standings, strict=False)]
        )
    body = sections(
        picture(sheet.draw(), "，".join(f"{tile.label}{tile.value}" for tile in tiles)),
        word("deadlines_help"),
        deadline_table(standings) if standings else word("deadlines_none"),
        cut_note(total, len(standings)),
        f"## {word('receipts_title')}" if standings else "",
        *(receipt_text(each) for each in standings[:MOST_RECEIPTS]),
    )
    return Page("deadlines", title, body)


def _with_case(lamp: Lamp, standing: Standing) -> Lamp:
    return lamp._replace(label=f"{standing.case} {lamp.label}")


def receipt_text(standing: Standing) -> str:
    """Return a deadline's receipt, folded: a sentence, then each day with the notice it rests on."""
    lines = receipt(standing.terms, calendar())
    name = word("receipt_name", case=plain(standing.case), name=plain(standing.title), due=standing.due_text)
    basis = word("receipt_basis", rule=plain(standing.rule)) if standing.rule else ""
    return sections(
        f"<details><summary>{name}</summary>", _summary(standing.terms, lines), basis, _days(lines), "</details>"
    )


def _summary(terms: DeadlineTerms, lines: Sequence[ReceiptLine]) -> str:
    anchor = local_day(terms.anchor).isoformat()
    if terms.clock is Clock.DATE:
        return word("receipt_sum_date", anchor=anchor)
    if terms.clock in RUN_THROUGH:
        return word(f"receipt_sum_{terms.clock}", anchor=local(terms.anchor), budget=terms.budget)
    counted, skipped, paused = (
        sum(line.mark is mark for line in lines) for mark in (Mark.COUNTED, Mark.SKIPPED, Mark.PAUSED)
    )
    key = "receipt_sum_calendar" if terms.clock is Clock.DAYS else "receipt_sum_days"
    return word(key, anchor=anchor, budget=terms.budget, counted=counted, skipped=skipped, paused=paused)


def _days(lines: Sequence[ReceiptLine]) -> str:
    heads = [word(f"receipt_{head}") for head in ("day", "number", "reason", "notice")]
    return table(
        heads, ([_when(line), _number(line), plain(line.text()), plain(line.notice)] for line in lines), right=(1,)
    )


def _when(line: ReceiptLine) -> str:
    if line.begin is None:
        return line.day.isoformat()
    if line.end is None or line.end == line.begin:
        return local(line.begin)
    return f"{local(line.begin)}–{line.end:%H:%M}" if line.end.date() == line.day else f"{local(line.begin)}–24:00"


def _number(line: ReceiptLine) -> str:
    if line.elapsed is not None:
        return word("receipt_hours", hours=f"{line.elapsed / HOUR:g}")
    return str(line.number) if line.number else ""
