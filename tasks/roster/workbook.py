"""Open a file that someone sent: only a sound sheet of bearable size gets as far as its cells."""

import csv
import io
import json
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from xml.parsers import expat

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, ZipError

from config.fact import Fact
from config.messages import Refusal
from config.settings import settings
from tasks.roster import old_excel
from tasks.roster.extent import Extent, address, targets

HEADER_ROWS: Final = 30
CHUNK: Final = 1 << 20
PLAIN_SIZE: Final = 64 * CHUNK
PATIENCE: Final = 60
MEGABYTE: Final = 1_000_000
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LOCKED: Final = "EncryptedPackage".encode("utf-16-le")
_BINARY: Final = frozenset({"xl/workbook.bin"})
_BOOKS: Final = frozenset({"xl/workbook.xml", "content.xml"})
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    expat.ExpatError,
    NotImplementedError,
    EOFError,
    OverflowError,
    ValueError,
)


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
        return _old_excel(content, file, bounds)
    if Path(file).suffix.lower() in {".csv", ".txt", ".tsv"}:
        return [_csv(content, file, bounds)]
    raise Refusal("roster.file_not_sheet", file=file)


def _inspect(content: bytes, file: str, bounds: Limits) -> None:
    """Unpack every part once, in small pieces, and measure those that are sheets.

    calamine lays a sheet out as a full rectangle: one stray value in XFD1048576 makes it ask for half a terabyte, and
    that ends the process, not the call. So the extent is measured before.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            extents = _measure(archive, file, bounds)
    except _BROKEN:
        raise Refusal("roster.file_broken", file=file) from None
    for name, extent in extents:
        if extent.height > bounds.height or extent.width > bounds.max_columns:
            cell = address(max(0, extent.height - 1), max(0, extent.width - 1))
            raise _sprawls(file, extent.sheet or Path(name).stem, cell, bounds)
    if errors := [cell for _, extent in extents for cell in extent.errors]:
        # calamine shows them as blanks: read on, and a value would be lost without a word.
        raise Refusal("roster.file_error_cells", file=file, count=len(errors), cell=errors[0])


def _measure(archive: zipfile.ZipFile, file: str, bounds: Limits) -> list[tuple[str, Extent]]:
    parts = archive.infolist()
    _bearable(parts, file, bounds)
    # A sheet may lie under any name: the workbook's relationships say which.
    sheets = {"content.xml"}
    for part in parts:
        if part.filename.lower().endswith("workbook.xml.rels"):
            sheets |= targets(archive.read(part))
    found = []
    for part in parts:
        name = part.filename.lower()
        if name.rpartition("/")[2] in sheets or name.startswith("xl/worksheets/"):
            found.append((part.filename, _extent(archive, part, bounds)))
        else:
            _unpack(archive, part)
    return found


def _bearable(parts: Sequence[zipfile.ZipInfo], file: str, bounds: Limits) -> None:
    names = {part.filename.lower() for part in parts}
    unpacked = sum(part.file_size for part in parts)
    ratio = unpacked // max(1, sum(part.compress_size for part in parts))
    if unpacked > bounds.max_unpacked or (ratio > bounds.max_ratio and unpacked > bounds.ratio_from):
        raise Refusal("roster.file_bomb", file=file, ratio=ratio)
    if any(part.flag_bits & 1 for part in parts):
        raise Refusal("roster.file_locked", file=file)
    if names & _BINARY or not names & _BOOKS:
        raise Refusal("roster.file_not_sheet", file=file)


def _extent(archive: zipfile.ZipFile, part: zipfile.ZipInfo, bounds: Limits) -> Extent:
    extent = Extent(ods=part.filename.lower() == "content.xml")
    if part.file_size <= PLAIN_SIZE and extent.plain(archive.read(part), bounds.height, bounds.max_columns):
        return extent
    with archive.open(part) as stream:
        while piece := stream.read(CHUNK):
            extent.feed(piece)
    return extent


def _unpack(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Unpack a part to nothing: its declared size and checksum must be true before calamine trusts them."""
    with archive.open(part) as stream:
        while stream.read(CHUNK):
            pass


def _sprawls(file: str, sheet: str, cell: str, bounds: Limits) -> Refusal:
    limit = {"rows": bounds.height, "columns": bounds.max_columns}
    return Refusal("roster.file_sprawls", file=file, sheet=sheet, cell=cell, **limit)


@contextmanager
def _sound(file: str) -> Iterator[None]:
    """Turn calamine's faults into one sentence; a bug of its own arrives as pyo3's panic, which is no Exception."""
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
                raise _sprawls(file, about.name, address(height - 1, width - 1), bounds)
            found.append(Sheet(about.name, sheet.to_python(skip_empty_area=False) if sheet.end else ()))
    return found


def _old_excel(content: bytes, file: str, bounds: Limits) -> list[Sheet]:
    command = [sys.executable, "-I", old_excel.__file__]
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=PATIENCE, check=True)  # noqa: S603 -- our own script
        sheets = json.loads(done.stdout, object_hook=old_excel.revive)
    except (subprocess.SubprocessError, ValueError):
        raise Refusal("roster.file_broken", file=file) from None
    for name, height, width, _ in sheets:
        if height > bounds.height or width > bounds.max_columns:
            raise _sprawls(file, name, address(height - 1, width - 1), bounds)
    return [Sheet(name, rows) for name, _, _, rows in sheets]


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
                raise _sprawls(file, Path(file).stem, address(len(rows), max(0, len(row) - 1)), bounds)
            rows.append(row)
    except csv.Error:
        raise Refusal("roster.file_broken", file=file) from None
    return Sheet(Path(file).stem, rows)
