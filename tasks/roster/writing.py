"""Write sheets: rosters that leave the house, rows that go back to be mended, and blank forms to fill in."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from math import isfinite
from pathlib import Path
from typing import Any, Final

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from config.messages import say
from models.roster import Choice, Column, Row, columns_of
from models.roster.content import SERIALS
from tasks.roster.reading import Flaw, Reading

NUMBER_FORMATS: Final = {"number": "General", "money": "#,##0.00", "day": "yyyy-mm-dd"}
"""Formats of the kinds that are no text; every other column is formatted as text, so that Excel leaves it alone."""
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
A4, SHEET_NAME, MOST_ROWS, HEADER_TEXT = 9, 31, 1_048_575, 250
NOT_IN_NAMES: Final = str.maketrans(dict.fromkeys("[]:*?/\\", " "))
BODY_FONT, HEAD_FONT = "宋体", "黑体"
RED, PALE_RED, GREY = "#C00000", "#FFC7CE", "#D9D9D9"
STYLES: Final[dict[str, dict[str, Any]]] = {
    "plain": {"border": 1},
    "wrong": {"border": 1, "bg_color": PALE_RED, "font_color": RED},
}


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """A column of a sheet that is no form: kind is one of text, identity, phone, account, code, number, money, day."""

    title: str
    width: int = 12
    kind: str = "text"


class _Book:
    """A workbook that appears under its name only when it is whole, with one look for every sheet."""

    def __init__(self, path: Path) -> None:
        self.path, self.part = path, path.with_name(f".{path.name}.{os.getpid()}.part")
        path.parent.mkdir(parents=True, exist_ok=True)
        options = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        self.book = xlsxwriter.Workbook(str(self.part), options | {"default_date_format": "yyyy-mm-dd"})
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}
        self._cells: dict[tuple[str, str, bool], Any] = {}

    def look(self, **settings: Any) -> Any:
        """Return a cell format, made once."""
        key = tuple(settings.items())
        if key not in self._formats:
            self._formats[key] = self.book.add_format(
                {"font_name": BODY_FONT, "font_size": 11, "valign": "vcenter"} | settings
            )
        return self._formats[key]

    def sheet(self, name: str, footer: str = "") -> Any:
        """Return a new sheet set up for A4 landscape, one page wide."""
        sheet = self.book.add_worksheet(name.translate(NOT_IN_NAMES)[:SHEET_NAME].strip("'"))
        sheet.set_landscape()
        sheet.set_paper(A4)
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.5, right=0.5, top=0.7, bottom=0.7)
        left = f"&L{footer.replace('&', '&&')[: HEADER_TEXT - 60]}" if footer else ""
        sheet.set_footer(f"{left}&R{say('roster.page_footer')}")
        return sheet

    def _cell(self, style: str, number_format: str, *, guarded: bool = False) -> Any:
        key = (style, number_format, guarded)
        if key not in self._cells:
            guard = {"quote_prefix": True} if guarded else {}
            self._cells[key] = self.look(**STYLES[style], num_format=number_format, **guard)
        return self._cells[key]

    def write(self, sheet: Any, place: tuple[int, int], value: Any, kind: str, style: str = "plain") -> None:
        """Write one value as what it is; text stays text, whatever it begins with."""
        match value:
            case Choice():
                sheet.write_string(*place, value.word, self._cell(style, "@"))
            case str():
                sheet.write_string(*place, value, self._cell(style, "@", guarded=value.startswith(FORMULA_STARTS)))
            case None:
                sheet.write_blank(*place, None, self._cell(style, NUMBER_FORMATS.get(kind, "@")))
            case bool():
                sheet.write_string(*place, say("roster.yes" if value else "roster.no"), self._cell(style, "@"))
            case date():
                sheet.write_datetime(*place, value, self._cell(style, NUMBER_FORMATS["day"]))
            case _:
                sheet.write_number(*place, value, self._cell(style, NUMBER_FORMATS.get(kind, "General")))


@contextmanager
def _book(path: Path) -> Iterator[_Book]:
    book = _Book(path)
    try:
        yield book
        book.book.close()
        book.part.replace(path)
    finally:
        book.part.unlink(missing_ok=True)


def _head(book: _Book, sheet: Any, lines: Sequence[str], titles: Sequence[tuple[str, int, str]]) -> int:
    """Write title, notes and column titles; return the row below them."""
    last = max(1, len(titles) - 1)
    for row, line in enumerate(lines):
        style = (
            {"font_name": HEAD_FONT, "font_size": 16, "align": "center"}
            if row == 0
            else {"font_color": RED, "text_wrap": True}
        )
        sheet.set_row(row, 28 if row == 0 else 32)
        sheet.merge_range(row, 0, row, last, "", book.look(**style))
        sheet.write_string(row, 0, line, book.look(**style))
    header = len(lines)
    sheet.set_row(header, 30)
    style = {"font_name": HEAD_FONT, "align": "center", "bg_color": GREY, "border": 1, "text_wrap": True}
    for column, (title, width, kind) in enumerate(titles):
        sheet.set_column(
            column, column, max(width, len(title) * 2 + 1), book.look(num_format=NUMBER_FORMATS.get(kind, "@"))
        )
        sheet.write_string(header, column, title, book.look(**style))
    sheet.freeze_panes(header + 1, 0)
    sheet.repeat_rows(header)
    return header + 1


def write_roster(
    path: Path,
    title: str,
    columns: type[Row] | Sequence[SheetColumn],
    rows: Iterable[Row | Sequence[Any]],
    *,
    purpose: str = "",
) -> int:
    """Write a roster and return the number of its rows.

    `columns` is a form, or the columns of a list of our own. `purpose` (what for, for whom, exported when and by which
    officer) stands under the title and at the foot of every page. The text of a cell never becomes a formula.
    """
    if isinstance(columns, type):
        form_columns = columns_of(columns)
        fields = [column.field for column in form_columns]
        titles = [(column.title, column.cell.width, column.cell.kind) for column in form_columns]
    else:
        fields, titles = [], [(column.title, column.width, column.kind) for column in columns]
    line = say("roster.purpose_line", purpose=purpose) if purpose else ""
    count = 0
    with _book(path) as book:
        sheet = book.sheet(title, line)
        start = _head(book, sheet, [title, line] if line else [title], titles)
        for count, row in enumerate(rows, 1):
            values = [getattr(row, name) for name in fields] if isinstance(row, Row) else row
            for place, (value, (_, _, kind)) in enumerate(zip(values, titles, strict=True)):
                book.write(sheet, (start + count - 1, place), value, kind)
    return count


def write_returned(reading: Reading[Any], path: Path) -> int:
    """Write the rows of a sheet that were refused, to be mended and sent again, and return their number.

    The cells stand as they came, the wrong ones red with the reason as a note; a last column says why, and is ignored
    when the sheet is read again. It holds personal data: it goes to the office that sent the sheet and nowhere else.
    """
    form: type[Row] = reading.form
    by_field = {column.field: column for column in columns_of(form)}
    columns = [by_field[name] for name in reading.fields]
    titles = [(column.title, column.cell.width, column.cell.kind) for column in columns]
    reason = say("roster.column_reason")
    name = say("roster.returned_title", form=form.sheet_title())
    note = say("roster.returned_note", rows=len(reading.rejected), reason=reason)
    with _book(path) as book:
        sheet = book.sheet(name)
        start = _head(book, sheet, [name, note], [*titles, (reason, 60, "text")])
        for row, rejected in enumerate(reading.rejected, start):
            reasons: dict[str, str] = {}
            for flaw in rejected.flaws:
                reasons[flaw.title] = "；".join(filter(None, (reasons.get(flaw.title), flaw.reason)))
            for place, (column, value) in enumerate(zip(columns, rejected.cells, strict=True)):
                wrong = column.title in reasons
                style = "wrong" if wrong else "plain"
                book.write(sheet, (row, place), _as_it_came(value, column.cell.kind), column.cell.kind, style)
                if wrong:
                    sheet.write_comment(row, place, reasons[column.title], {"x_scale": 1.6})
            sheet.write_string(
                row, len(columns), _joint(rejected.flaws), book.look(border=1, font_color=RED, text_wrap=True)
            )
    return len(reading.rejected)


def _as_it_came(value: Any, kind: str) -> Any:
    match value:
        case "":
            return None
        case bool() | date():
            return value
        case int() | float() if isfinite(value) and kind in {"number", "money"}:
            return value
        case int() | float() if kind == "day" and value in SERIALS:
            return value
        case float() if value.is_integer() and kind == "day":
            return str(int(value))  # no day that Excel knows: formatted as one, it could not be shown or read again
    return str(value)


def _joint(flaws: Iterable[Flaw]) -> str:
    return "；".join(
        say("roster.reason_joint", title=flaw.title, reason=flaw.reason) if flaw.title else flaw.reason
        for flaw in flaws
    )


def write_template(form: type[Row], path: Path, choices: Mapping[str, Sequence[str]] | None = None) -> None:
    """Write a blank form to fill in, with its notes and lists to choose from; `choices` as for `read_roster`."""
    columns = columns_of(form)
    offered = {c.field: tuple((choices or {}).get(c.field, c.choices)) for c in columns}
    with _book(path) as book:
        sheet = book.sheet(say("roster.sheet_rows"))
        titles = [(f"{c.title}*" if c.required else c.title, c.cell.width, c.cell.kind) for c in columns]
        start = _head(book, sheet, [form.sheet_title(), say("roster.template_note")], titles)
        listed = [c for c in columns if offered[c.field]]
        for place, column in enumerate(columns):
            if note := _note(column, offered[column.field]):
                sheet.write_comment(start - 1, place, note, {"x_scale": 1.6})
            if column in listed:
                letter = xl_col_to_name(listed.index(column))
                source = f"={say('roster.sheet_choices')}!${letter}$1:${letter}${len(offered[column.field])}"
                sheet.data_validation(
                    start,
                    place,
                    MOST_ROWS,
                    place,
                    {
                        "validate": "list",
                        "source": source,
                        "error_title": say("roster.validation_title"),
                        "error_message": say("roster.validation_text"),
                    },
                )
        _notes(book, columns, offered)
        lists = book.book.add_worksheet(say("roster.sheet_choices"))
        lists.hide()
        for row in range(max((len(offered[c.field]) for c in listed), default=0)):
            for place, column in enumerate(listed):
                if row < len(offered[column.field]):
                    lists.write_string(row, place, offered[column.field][row])


def _note(column: Column, offered: Sequence[str]) -> str:
    kind = column.cell.kind
    parts = [column.note]
    if offered and len(offered) <= HEADER_TEXT // 10:
        parts.append(say("roster.note_choices", choices="、".join(offered)))
    elif kind == "day" and not column.note:
        parts.append(say("roster.note_day"))
    elif kind in {"number", "money"}:
        parts.append(say("roster.note_number"))
    return "；".join(filter(None, parts))


def _notes(book: _Book, columns: Sequence[Column], offered: Mapping[str, Sequence[str]]) -> None:
    sheet = book.sheet(say("roster.sheet_notes"))
    head = book.look(font_name=HEAD_FONT, bg_color=GREY, border=1)
    body = book.look(border=1, text_wrap=True)
    for place, (key, width) in enumerate((("note_heading", 24), ("note_need", 10), ("note_explained", 90))):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, say(f"roster.{key}"), head)
    for row, column in enumerate(columns, 1):
        sheet.write_string(row, 0, column.title, body)
        sheet.write_string(row, 1, say("roster.note_required" if column.required else "roster.note_optional"), body)
        sheet.write_string(row, 2, _note(column, offered[column.field]), body)
