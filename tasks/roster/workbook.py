"""Open a file that someone sent: only a sound sheet of bearable size gets as far as its cells."""

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from xml.parsers import expat

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, ZipError
from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell

from config.fact import Fact
from config.messages import Refusal
from config.settings import settings

HEADER_ROWS: Final = 30
CHUNK: Final = 1 << 20
PLAIN_SIZE: Final = 64 * CHUNK
MEGABYTE: Final = 1_000_000
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LOCKED: Final = "EncryptedPackage".encode("utf-16-le")
_ODD: Final = (b"<!", b":c ", b":c>", b":c/", b":c\t", b":c\n", b":c\r", b't="e"', b"t='e'")
_PLAIN_CELL: Final = re.compile(rb'<c r="([A-Z]{1,2})([0-9]{1,6})"[ />]')
_ANY_CELL: Final = re.compile(rb"<c[\s/>]")
_ENCODING: Final = re.compile(rb"<\?xml[^>]*?encoding=[\"']([^\"']*)[\"']")
_ADDRESS: Final = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")
_SHEET_PARTS: Final = re.compile(r"xl/worksheets/[^/]+\.xml|content\.xml")


class Limits(Fact):
    """What a file may weigh, packed and unpacked."""

    max_bytes: int
    max_rows: int
    max_columns: int = 200
    max_unpacked: int = 500 * MEGABYTE
    max_ratio: int = 100
    ratio_from: int = 20 * MEGABYTE
    """A small file may well be compressed a hundredfold; the ratio counts from this size."""

    @property
    def height(self) -> int:
        """Rows that may be used: titles above the header come on top."""
        return self.max_rows + HEADER_ROWS


def limits() -> Limits:
    """Return the limits of this installation."""
    return Limits(max_bytes=settings().roster_max_bytes, max_rows=settings().roster_max_rows)


@dataclass(frozen=True, slots=True)
class Sheet:
    """The cells of one sheet, from its cell A1 on; empty cells are ''."""

    name: str
    rows: Sequence[Sequence[Any]]


def address(row: int, column: int) -> str:
    """Return the address of a cell, both counted from 0: (4, 2) is C5."""
    return str(xl_rowcol_to_cell(row, column))


def load(path: Path, bounds: Limits) -> bytes:
    """Return the content of a file.

    Raises:
        Refusal: there is no such file, or it is empty or too large.
    """
    try:
        size = path.stat().st_size
        if size > bounds.max_bytes:
            raise Refusal(
                "roster.file_large", file=path.name, size=round(size / MEGABYTE, 1), limit=bounds.max_bytes / MEGABYTE
            )
        content = path.read_bytes()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise Refusal("roster.file_missing", file=path.name) from None
    if not content.strip():
        raise Refusal("roster.file_empty", file=path.name)
    return content


def sheets_of(content: bytes, file: str, bounds: Limits) -> list[Sheet]:
    """Return the sheets of a workbook, or of a comma-separated text, told apart by content and not by the file's name.

    Raises:
        Refusal: the file is no sheet, broken, locked, a zip bomb, or sprawls beyond the limits.
    """
    if content.startswith(b"PK"):
        _inspect(content, file, bounds)
        return _calamine(content, file, bounds)
    if content.startswith(_OLE):
        if _LOCKED in content:
            raise Refusal("roster.file_locked", file=file)
        return _calamine(content, file, bounds)
    if Path(file).suffix.lower() in {".csv", ".txt", ".tsv"}:
        return [_csv(content, file, bounds)]
    raise Refusal("roster.file_not_sheet", file=file)


def _inspect(content: bytes, file: str, bounds: Limits) -> None:
    """Unpack every part once, in small pieces.

    calamine lays a sheet out as a full rectangle: one stray value in XFD1048576 makes it ask for half a terabyte, and that
    ends the process, not the call. So the extent is measured before.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            unpacked = sum(part.file_size for part in parts)
            ratio = unpacked // max(1, sum(part.compress_size for part in parts))
            if unpacked > bounds.max_unpacked or (ratio > bounds.max_ratio and unpacked > bounds.ratio_from):
                raise Refusal("roster.file_bomb", file=file, ratio=ratio)
            if any(part.flag_bits & 1 for part in parts):
                raise Refusal("roster.file_locked", file=file)
            extents = {
                part.filename: _Extent(ods=part.filename == "content.xml")
                for part in parts
                if _SHEET_PARTS.fullmatch(part.filename)
            }
            if not extents:
                raise Refusal("roster.file_not_sheet", file=file)
            for part in parts:
                extent = extents.get(part.filename)
                with archive.open(part) as stream:
                    if extent and part.file_size <= PLAIN_SIZE and extent.plain(stream.read(), bounds):
                        continue
                with archive.open(part) as stream:
                    while piece := stream.read(CHUNK):
                        if extent:
                            extent.feed(piece)
    except (
        zipfile.BadZipFile,
        zlib.error,
        expat.ExpatError,
        NotImplementedError,
        EOFError,
        OverflowError,
        UnicodeDecodeError,
    ):
        raise Refusal("roster.file_broken", file=file) from None
    errors = [cell for extent in extents.values() for cell in extent.errors]
    for name, extent in extents.items():
        if extent.height > bounds.height or extent.width > bounds.max_columns:
            raise Refusal(
                "roster.file_sprawls",
                file=file,
                sheet=extent.sheet or Path(name).stem,
                rows=bounds.height,
                columns=bounds.max_columns,
                cell=f"{xl_col_to_name(max(0, extent.width - 1))}{extent.height}",
            )
    if errors:
        # calamine shows them as blanks: read on, and a value would be lost without a word.
        raise Refusal("roster.file_error_cells", file=file, count=len(errors), cell=errors[0])


class _Extent:
    """How far the values of a sheet reach, and which of them are errors of a formula."""

    def __init__(self, *, ods: bool) -> None:
        self.height = self.width = 0
        self.sheet = ""
        self.errors: list[str] = []
        self._row = self._column = 0
        self._repeat, self._next_row = 1, 0
        self._error = False
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler = self._ods if ods else self._xlsx
        self._parser.EntityDeclHandler = self._entity
        self.feed = self._parser.Parse

    def plain(self, content: bytes, bounds: Limits) -> bool:
        """Measure a part of the plain form that Excel and its like write, ten times faster; False if it is any other.

        Plain means that every cell element carries a short address first and nothing could hide another: no prefix, no
        comment, no other encoding, no formula error. Whatever does not look so goes through the parser.
        """
        if (
            any(odd in content for odd in _ODD)
            or not content.startswith((b"<?xml", b"<worksheet"))
            or b"<worksheet" not in content
        ):
            return False
        cells = _PLAIN_CELL.findall(content)
        if (
            len(cells) != len(_ANY_CELL.findall(content))
            or ((declared := _ENCODING.match(content))
            and declared[1].upper() != b"UTF-8")
        ):
            return False
        places = {letters for letters, _ in cells}
        height = max(map(int, {row for _, row in cells}), default=0)
        width = max((_column(letters.decode()) for letters in places), default=0)
        if height > bounds.height or width > bounds.max_columns:
            return False  # perhaps only formatted that far: the parser tells
        self._reach(height, width)
        return True

    @staticmethod
    def _entity(*_: Any) -> None:
        raise expat.ExpatError("a sheet declares no entities")

    def _reach(self, height: int, width: int) -> None:
        self.height, self.width = max(self.height, height), max(self.width, width)

    def _xlsx(self, name: str, attributes: dict[str, str]) -> None:
        match name.rpartition(" ")[2]:
            case "row":
                self._row, self._column = int(attributes.get("r", self._row + 1)), 0
            case "c":
                self._column += 1
                if found := _ADDRESS.fullmatch(attributes.get("r", "")):
                    self._row, self._column = int(found[2]), _column(found[1])
                self._error = attributes.get("t") == "e"
            case "v" | "is":  # a cell that is only formatted does not count
                self._reach(self._row, self._column)
                if self._error:
                    self.errors.append(address(self._row - 1, self._column - 1))

    def _ods(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(" ")[2]
        if tag == "table":
            self.sheet = next((v for k, v in attributes.items() if k.endswith(" name")), "")
            self._next_row = 0
        elif tag == "table-row":
            self._row, self._column = self._next_row, 0
            self._repeat = _repeated(attributes, "rows")
            self._next_row += self._repeat
        elif tag in {"table-cell", "covered-table-cell"}:
            self._column += _repeated(attributes, "columns")
            kinds = {v for k, v in attributes.items() if k.endswith(" value-type")}
            if kinds:
                self._reach(self._row + self._repeat, self._column)
            if "error" in kinds:
                self.errors.append(address(self._row, self._column - 1))


def _column(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


def _repeated(attributes: dict[str, str], what: str) -> int:
    found = next((v for k, v in attributes.items() if k.endswith(f" number-{what}-repeated")), "1")
    return int(found) if found.isdecimal() else 1


@contextmanager
def _sound(file: str) -> Iterator[None]:
    """Turn calamine's faults into one sentence; a fault of its own code arrives as pyo3's panic, which is no Exception."""
    try:
        yield
    except PasswordError:
        raise Refusal("roster.file_locked", file=file) from None
    except (CalamineError, ZipError, OSError, ValueError):
        raise Refusal("roster.file_broken", file=file) from None
    except BaseException as fault:
        if type(fault).__module__ != "pyo3_runtime":
            raise
        raise Refusal("roster.file_broken", file=file) from None


def _calamine(content: bytes, file: str, bounds: Limits) -> list[Sheet]:
    found = []
    with _sound(file), CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
        for about in book.sheets_metadata:
            if about.typ is not SheetTypeEnum.WorkSheet:
                continue
            sheet = book.get_sheet_by_name(about.name)
            height, width = (sheet.end[0] + 1, sheet.end[1] + 1) if sheet.end else (0, 0)
            if height > bounds.height or width > bounds.max_columns:
                raise Refusal(
                    "roster.file_sprawls",
                    file=file,
                    sheet=about.name,
                    rows=bounds.height,
                    columns=bounds.max_columns,
                    cell=address(height - 1, width - 1),
                )
            found.append(Sheet(about.name, sheet.to_python(skip_empty_area=False) if sheet.end else ()))
    return found


def _csv(content: bytes, file: str, bounds: Limits) -> Sheet:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise Refusal("roster.file_encoding", file=file)
    if "\0" in text:
        raise Refusal("roster.file_not_sheet", file=file)
    head = text[: text.find("\n")] if "\n" in text else text
    separator = max(",\t;", key=head.count)
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True):
            if len(rows) >= bounds.height or len(row) > bounds.max_columns:
                raise Refusal(
                    "roster.file_sprawls",
                    file=file,
                    sheet=Path(file).stem,
                    rows=bounds.height,
                    columns=bounds.max_columns,
                    cell=address(len(rows), max(0, len(row) - 1)),
                )
            rows.append(row)
    except csv.Error:
        raise Refusal("roster.file_broken", file=file) from None
    return Sheet(Path(file).stem, rows)
