"""Types of cells: how each is read, how it looks on a sheet, and whether its content must be masked in reports."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from config.messages import say
from models.roster.content import (
    CASE_NUMBER,
    LONG_TEXT,
    QUESTION,
    STAFF,
    TEXT,
    code_reader,
    number_reader,
    read_account,
    read_day,
    read_identity,
    read_name,
    read_one_time_code,
    read_phone,
    read_yes_no,
    text_of,
    text_reader,
    tidy,
    whole_reader,
    wrong,
)


@dataclass(frozen=True, slots=True)
class Cell:
    """A type of cell: how it is read, how it looks on a sheet, and whether its content must be masked in reports."""

    read: Callable[[Any], Any]
    kind: str = "text"
    width: int = 12
    private: bool = False
    unit: str = ""
    also: tuple[str, ...] = ()
    """Other titles that offices give to such a column."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read the cell; what comes out already has its type."""
        return core_schema.no_info_plain_validator_function(self.read)


class Choice(StrEnum):
    """A closed vocabulary of a column: an English identifier in the code, a Chinese word on the sheet."""

    @property
    def word(self) -> str:
        """The word that a sheet shows."""
        return say(f"roster.{_stem(type(self))}_{self.value}")


_C = TypeVar("_C", bound=Choice)


@cache
def _stem(kind: type[Choice]) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


@cache
def words_of(kind: type[Choice]) -> tuple[str, ...]:
    """Return the words that a column of this vocabulary offers, in order."""
    return tuple(one.word for one in kind)


@cache
def _readings(kind: type[Choice]) -> dict[str, Choice]:
    """Return every accepted spelling; `<word>_also` in the message file lists the other ones."""
    found: dict[str, Choice] = {}
    for one in kind:
        also = say(f"roster.{_stem(kind)}_{one.value}_also")
        found |= {tidy(word).replace(" ", ""): one for word in (one.value, one.word, *also.split("、")) if word}
    return found


def choice(kind: type[_C]) -> Callable[[Any], _C]:
    """Return the reader of a vocabulary's words."""

    def read(raw: Any) -> _C:
        if isinstance(raw, kind):
            return raw
        found = _readings(kind).get(text_of(raw).replace(" ", ""))
        if found is None:
            raise wrong("choice_wrong", choices="、".join(words_of(kind)))
        return kind(found)

    return read


def _measure(low: str, high: str, places: int, unit: str = "") -> Cell:
    return Cell(number_reader(unit, low, high, places), "number", 12, private=True, unit=unit)


def _count(low: int, high: int, unit: str = "", *, private: bool = True) -> Cell:
    return Cell(whole_reader(unit, low, high), "number", 12, private=private, unit=unit)


# Bounds below catch slips of the keyboard (a height of 17.5 cm); the limits of the standard are rules, dated and cited.
Text = Annotated[str, Cell(text_reader(TEXT), "text", 16)]
LongText = Annotated[str, Cell(text_reader(LONG_TEXT), "text", 40, private=True)]
Town = Annotated[str, Cell(text_reader(TEXT), "town", 16, also=("镇", "乡镇", "所属镇街", "镇街道"))]
Name = Annotated[str, Cell(read_name, "name", 12, private=True)]
Identity = Annotated[
    str,
    Cell(
        read_identity,
        "identity",
        22,
        private=True,
        also=("身份证号", "身份证号码", "身份证", "公民身份证号码", "身份号码"),
    ),
]
Phone = Annotated[
    str, Cell(read_phone, "phone", 15, private=True, also=("电话", "手机", "手机号", "手机号码", "联系方式"))
]
Account = Annotated[str, Cell(read_account, "account", 24, private=True)]
CaseNumber = Annotated[str, Cell(code_reader(CASE_NUMBER, "case_number_wrong"), "code", 20)]
StaffNumber = Annotated[str, Cell(code_reader(STAFF, "staff_number_wrong"), "code", 12)]
QuestionNumber = Annotated[str, Cell(code_reader(QUESTION, "question_number_wrong"), "code", 20)]
OneTimeCode = Annotated[str, Cell(read_one_time_code, "code", 12, private=True)]
Day = Annotated[date, Cell(read_day, "day", 12)]
BirthDay = Annotated[date, Cell(read_day, "day", 12, private=True)]
YesNo = Annotated[bool, Cell(read_yes_no, "yes_no", 10)]
Height = Annotated[Decimal, _measure("100", "250", 1, "cm")]
Weight = Annotated[Decimal, _measure("25", "250", 1, "kg")]
Vision = Annotated[Decimal, _measure("3.0", "5.3", 1)]
Degrees = Annotated[int, _count(0, 3000, "degree")]
Pressure = Annotated[int, _count(30, 300, "mmhg")]
Glucose = Annotated[Decimal, _measure("0.5", "50", 2, "mmol")]
Percent = Annotated[Decimal, _measure("1", "25", 2, "percent")]
Days = Annotated[int, _count(0, 366, "day", private=False)]
Year = Annotated[int, _count(2000, 2099, private=False)]
Money = Annotated[Decimal, Cell(number_reader("yuan", "0", "99999999.99", 2), "money", 14, unit="yuan")]
