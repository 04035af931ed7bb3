"""Find the header of a form on a sheet, whatever stands above it and in whatever order its columns come."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from config.messages import Refusal, say
from models.roster import AboutCandidate, Column, Row, columns_of
from models.roster.content import is_blank, tidy
from tasks.roster.extent import address
from tasks.roster.workbook import HEADER_ROWS, Sheet

SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet whose header was found: which field stands in which column."""

    sheet: Sheet
    header: int
    columns: Mapping[int, Column]

    @property
    def places(self) -> dict[str, int]:
        """Column of each field, counted from 0."""
        return {column.field: place for place, column in self.columns.items()}

    def lines(self) -> Iterator[tuple[int, Sequence[Any]]]:
        """Yield the rows below the header with their number, counted from 0."""
        return enumerate(self.sheet.rows[self.header + 1 :], self.header + 1)


class _Found(NamedTuple):
    matches: int
    whole: bool
    sheet: Sheet
    row: int


def title_key(raw: Any) -> str:
    """Return a column title as it is compared: no spaces, no asterisk, no unit or note in brackets at its end."""
    text = "".join(tidy(str(raw)).split()).strip("*:").casefold()
    return text.partition("(")[0] or text


def _titles(form: type[Row]) -> dict[str, Column]:
    also = {title_key(title): column for column in columns_of(form) for title in column.cell.also}
    return also | {title_key(column.title): column for column in columns_of(form)}


def _find(sheets: Sequence[Sheet], form: type[Row], file: str) -> _Found:
    known = _titles(form)
    required = {column.field for column in columns_of(form) if column.required}
    found = []
    for sheet in sheets:
        matches = [
            {known[key].field for raw in row if not is_blank(raw) and (key := title_key(raw)) in known}
            for row in sheet.rows[:HEADER_ROWS]
        ]
        if matches and len(most := max(matches, key=len)) > 1:
            found.append(_Found(len(most), most >= required, sheet, matches.index(most)))
    if not found:
        titles = "、".join(column.title for column in columns_of(form) if column.required)
        raise Refusal("roster.header_missing", file=file, form=form.sheet_title(), titles=titles)
    found.sort(key=lambda one: (one.whole, one.matches), reverse=True)
    # A second sheet that looks like the form may hold rows too: passing over it would lose them.
    if len(found) > 1 and found[1].matches > len(required) // 2:
        names = {"sheet": found[0].sheet.name, "other": found[1].sheet.name}
        raise Refusal("roster.header_twice", file=file, form=form.sheet_title(), **names)
    return found[0]


def find_table(sheets: Sequence[Sheet], form: type[Row], file: str) -> Table:
    """Return the sheet and header of a form.

    Raises:
        Refusal: there is no such header, or two, or a column is missing, unknown, double or without a title.
    """
    _, _, sheet, header = _find(sheets, form, file)
    at = {"file": file, "sheet": sheet.name}
    ignored = {title_key(say("roster.column_reason")), title_key(say("roster.column_serial"))}
    titled = {place: title_key(raw) for place, raw in enumerate(sheet.rows[header]) if not is_blank(raw)}
    columns = _columns(sheet, header, {p: key for p, key in titled.items() if key not in ignored}, form, at)
    table = Table(sheet, header, columns)
    _complete(table, form, at)
    _titled(table, titled, at)
    return table


def _columns(
    sheet: Sheet, header: int, titled: Mapping[int, str], form: type[Row], at: Mapping[str, str]
) -> dict[int, Column]:
    known, columns = _titles(form), dict[int, Column]()
    for place, key in titled.items():
        cell = address(header, place)
        if key not in known:
            title = tidy(str(sheet.rows[header][place]))[:SHOWN]
            shown = title if sum(c.isdigit() for c in title) < SHOWN // 2 else "*" * len(title)
            raise Refusal(f"roster.{form.closed}", **at, cell=cell, title=shown, form=form.sheet_title())
        column = known[key]
        if column in columns.values():
            first = next(address(header, other) for other, one in columns.items() if one is column)
            raise Refusal("roster.column_twice", **at, cell=first, other=cell, title=column.title)
        columns[place] = column
    return columns


def _complete(table: Table, form: type[Row], at: Mapping[str, str]) -> None:
    places = table.places
    missing = [column.title for column in columns_of(form) if column.required and column.field not in places]
    either = [column for column in columns_of(form) if column.field in {"number", "identity"}]
    if issubclass(form, AboutCandidate) and not any(column.field in places for column in either):
        missing.insert(0, "/".join(column.title for column in either))
    if missing:
        titles = "、".join(f"“{title}”" for title in missing)
        raise Refusal("roster.column_missing", **at, row=table.header + 1, titles=titles)


def _titled(table: Table, titled: Collection[int], at: Mapping[str, str]) -> None:
    width = max((len(row) for _, row in table.lines()), default=0)
    strays = [place for place in range(width) if place not in titled]
    for number, row in table.lines() if strays else ():
        for place in strays:
            if place < len(row) and not is_blank(row[place]):
                cell = address(number, place)
                raise Refusal("roster.column_untitled", **at, column=cell.rstrip("0123456789"), cell=cell)
