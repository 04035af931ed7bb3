"""How far the values of a sheet reach, before anything lays the sheet out in memory."""

import re
from typing import Any, Final
from xml.parsers import expat

from xlsxwriter.utility import xl_rowcol_to_cell

_MARKS: Final = (b"\xef\xbb\xbf<", b"<")
_ODD: Final = (b"<!", b":c ", b":c>", b":c/", b":c\t", b":c\n", b":c\r", b't="e"', b"t='e'")
_PLAIN_CELL: Final = re.compile(rb'<c r="([A-Z]{1,2})([0-9]{1,6})"[ />]')
_ANY_CELL: Final = re.compile(rb"<c[\s/>]")
_ENCODING: Final = re.compile(rb"[^<]*<\?xml[^>]*?encoding=[\"']([^\"']*)[\"']")
_ADDRESS: Final = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")


def address(row: int, column: int) -> str:
    """Return the address of a cell, both counted from 0: (4, 2) is C5."""
    return str(xl_rowcol_to_cell(row, column))


def _column(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


def _repeated(attributes: dict[str, str], what: str) -> int:
    found = next((v for k, v in attributes.items() if k.endswith(f" number-{what}-repeated")), "1")
    return int(found) if found.isdecimal() else 1


def targets(content: bytes) -> set[str]:
    """Return the file names, in lower case, that a part of relationships points at.

    Raises:
        expat.ExpatError: the part is no XML.
    """
    found: set[str] = set()
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda _, attributes: found.add(
        attributes.get("Target", "").rpartition("/")[2].lower()
    )
    parser.Parse(content, True)
    return found


class Extent:
    """Height and width of what a part of a workbook holds, and which of its cells are errors of a formula."""

    def __init__(self, *, ods: bool) -> None:
        self.height = self.width = 0
        self.sheet = ""
        self.errors: list[str] = []
        self._row = self._column = 0
        self._repeat, self._next_row = 1, 0
        self._error = False
        self._ods_part = ods
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler = self._ods if ods else self._xlsx
        self._parser.EntityDeclHandler = self._entity

    def feed(self, piece: bytes) -> None:
        """Measure the next piece of a part.

        Raises:
            expat.ExpatError: the part is no XML, or declares entities.
        """
        self._parser.Parse(piece)

    def plain(self, content: bytes, height: int, width: int) -> bool:
        """Measure a part of the plain form that Excel and its like write, ten times faster; False if it is any other.

        Plain means that every cell element carries a short address first and nothing could hide another: no prefix, no
        comment, no other encoding, no formula error. Whatever does not look so goes through the parser.
        """
        if self._ods_part or not content.startswith(_MARKS) or any(odd in content for odd in _ODD):
            return False
        declared = _ENCODING.match(content)
        cells = _PLAIN_CELL.findall(content)
        if (declared and declared[1].upper() != b"UTF-8") or len(cells) != len(_ANY_CELL.findall(content)):
            return False
        tall = max(map(int, {row for _, row in cells}), default=0)
        wide = max((_column(letters.decode()) for letters in {letters for letters, _ in cells}), default=0)
        if tall > height or wide > width:
            return False  # perhaps only formatted that far: the parser tells
        self._reach(tall, wide)
        return True

    @staticmethod
    def _entity(*_: Any) -> None:
        raise expat.ExpatError("a sheet declares no entities")

    def _reach(self, height: int, width: int) -> None:
        self.height, self.width = max(self.height, height), max(self.width, width)

    def _xlsx(self, name: str, attributes: dict[str, str]) -> None:
        match name.rpartition(" ")[2]:
            case "row":
                number = attributes.get("r", "")
                self._row, self._column = int(number) if number.isdecimal() else self._row + 1, 0
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
