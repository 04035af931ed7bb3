"""An official paper in the parts that GB/T 9704-2012 names, before anything is laid out."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

from config.fact import Fact
from config.messages import Refusal, say
from models.identity import check_document_number

_HEADINGS: Final = (
    (1, re.compile(r"[一二三四五六七八九十百]+、")),
    (2, re.compile(r"（[一二三四五六七八九十百]+）")),
    (3, re.compile(r"[0-9]+[.．]")),
    (4, re.compile(r"（[0-9]+）")),
)
_UNPRINTABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _numbered(text: str) -> str:
    if check_document_number(text).errors:
        raise Refusal("document.number_wrong", number=text)
    return text


def _printable(text: str) -> str:
    if found := _UNPRINTABLE.search(text):
        raise Refusal("document.unprintable", code=f"U+{ord(found[0]):04X}")
    return text


DocumentNumber = Annotated[str, AfterValidator(_numbered)]
Text = Annotated[str, AfterValidator(_printable)]
Words = Annotated[str, Field(min_length=1), AfterValidator(_printable)]


class Format(StrEnum):
    """The formats of the standard that a season needs."""

    DOCUMENT = "document"
    """文件: the office's name in red above a red rule."""
    LETTER = "letter"
    """信函: the office's name in red above a double rule, a second one at the foot of the first page."""
    PLAIN = "plain"
    """Announcements, notices and sheets without a red head."""


class Paragraph(Fact):
    """One paragraph; its level follows from how it begins: 一、 / （一） / 1. / （1）."""

    text: Text

    @property
    def level(self) -> int:
        """Level of the heading; 0 is running text."""
        return next((level for level, pattern in _HEADINGS if pattern.match(self.text)), 0)


class Table(Fact):
    """A table as wide as the text; widths are shares."""

    titles: tuple[Words, ...]
    widths: tuple[int, ...]
    rows: tuple[tuple[Text, ...], ...]


class Document(Fact):
    """One paper. An empty part is left out."""

    format: Format
    issuer: Text = ""
    number: DocumentNumber | None = None
    title: Words
    addressee: Text = ""
    body: tuple[Paragraph | Table, ...] = ()
    attachments: tuple[Text, ...] = ()
    signature: Text = ""
    signed_on: date | None = None
    note: Text = ""
    copies: tuple[Text, ...] = ()
    printed_by: Text = ""
    landscape: bool = False


def paragraphs(text: str) -> tuple[Paragraph, ...]:
    """Return the paragraphs of a text, one a line."""
    return tuple(Paragraph(text=line) for line in text.splitlines() if line.strip())


def day_text(day: date) -> str:
    """Return a day as papers print it: Arabic digits without leading zeros."""
    return say("document.day", "zh", year=day.year, month=day.month, day=day.day)


def time_text(moment: datetime) -> str:
    """Return a moment as papers print it."""
    return day_text(moment.date()) + say("document.time", "zh", hour=moment.hour, minute=f"{moment.minute:02d}")


def serials(rows: Iterable[Sequence[Any]]) -> Iterator[tuple[Any, ...]]:
    """Yield rows with their serial number in front."""
    for serial, row in enumerate(rows, 1):
        yield (serial, *row)


def numeral(number: int) -> str:
    """Return a number from 1 to 99 in Chinese numerals, as headings count: 一, 十, 二十三."""
    digits = say("document.numerals", "zh")
    tens, ones = divmod(number, 10)
    return (digits[tens] if tens > 1 else "") + (digits[0] if tens else "") + (digits[ones] if ones else "")
