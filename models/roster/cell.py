"""What one cell of a sheet may hold: each type reads what offices really type and refuses what would have to be guessed."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import cache, lru_cache
from typing import Annotated, Any, Final, TypeVar

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from config.messages import say
from models.identity import Finding, check_account, check_identity, check_name
from models.identity import Identity as CheckedIdentity

EPOCH: Final = date(1899, 12, 30)  # day 0 of Excel's serial numbers, with its false 29 February 1900 counted in
SERIALS: Final = range(7_305, 73_051)  # 1920 to 2099: a number outside is no date that a sheet of ours can mean
YEARS: Final = range(1900, 2100)
MANY_DIGITS: Final = 15  # Excel keeps no more: a longer number has lost its end
TEXT, LONG_TEXT, CODE_LENGTH = 60, 500, 40
_INVISIBLE: Final = dict.fromkeys(
    [0x00AD, 0xFEFF, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2065)]
)
_SETTLED: Final = re.compile("[!-~\u4e00-\u9fff]*")
_DAY: Final = re.compile(r"(\d{4})\s*[-./年]\s*(\d{1,2})\s*[-./月]\s*(\d{1,2})\s*日?(?:[T ]00:00(?::00(?:\.0+)?)?)?")
_COMPACT_DAY: Final = re.compile(r"(\d{4})(\d{2})(\d{2})")
_SCIENTIFIC: Final = re.compile(r"\d(?:\.\d+)?E\+\d+", re.IGNORECASE)
_NUMBER: Final = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*(\D*)")
_CASE: Final = re.compile(r"[A-Z]{2}(?:-[0-9A-Z]+)+")
_QUESTION: Final = re.compile(r"[0-9A-Z][0-9A-Z-]{0,39}")
_STAFF: Final = re.compile(r"[0-9A-Z][0-9A-Z-]{0,19}")
_MOBILE: Final = re.compile(r"(?:\+?86)?(1[3-9]\d{9})")
_LANDLINE: Final = re.compile(r"(0\d{2,3})-?([2-9]\d{6,7})")
_IDEOGRAPHS: Final = "\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U000323af"
_DOTS: Final = str.maketrans(dict.fromkeys("•・‧∙⋅．.", "·"))


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


def full_key(key: str) -> str:
    """Return a message key with its area; ours where it names none."""
    return key if "." in key else f"roster.{key}"


def wrong(key: str, **facts: str | int) -> PydanticCustomError:
    """Return the error of a cell; its type is the message key, its context the facts."""
    return PydanticCustomError(full_key(key), "refused", facts)  # type: ignore[arg-type] -- the key is the type


def tidy(raw: str) -> str:
    """Return text as it is compared: compatibility forms unified, invisible characters and outer spaces gone."""
    if _SETTLED.fullmatch(raw):  # most cells: nothing that any of this would change
        return raw
    return unicodedata.normalize("NFKC", raw.translate(_INVISIBLE)).strip()


def is_blank(raw: Any) -> bool:
    """Say whether a cell shows nothing: empty, or only spaces and invisible characters."""
    return raw is None or (
        isinstance(raw, str) and (not raw or ((raw[0].isspace() or ord(raw[0]) in _INVISIBLE) and not tidy(raw)))
    )


def text_of(raw: Any) -> str:
    """Return a cell's content as tidy text; a whole number loses its decimal point, a line break becomes a space."""
    match raw:
        case str():
            text = tidy(raw)
        case bool():
            text = say("roster.yes" if raw else "roster.no")
        case float() if raw.is_integer() and abs(raw) < 10**MANY_DIGITS:
            text = str(int(raw))
        case datetime() | date():
            text = raw.isoformat()[:10]
        case _:
            text = str(raw)
    if not text.isprintable():
        text = re.sub(r"\s+", " ", text).strip()
        if any(unicodedata.category(c) in {"Cc", "Cs", "Co", "Cn"} for c in text):
            raise wrong("cell_control")
    if not text:
        raise wrong("cell_empty")
    return text


def _text(limit: int) -> Callable[[Any], str]:
    def read(raw: Any) -> str:
        text = text_of(raw)
        if len(text) > limit:
            raise wrong("cell_long", limit=limit)
        return text

    return read


def _digits(raw: Any, number: str) -> str:
    """Return text that must not have passed through a number: Excel drops leading zeros and every digit after the 15th."""
    if isinstance(raw, (int, float)):
        raise wrong(number)
    text = text_of(raw).replace(" ", "")
    if _SCIENTIFIC.fullmatch(text):
        raise wrong(number)
    return text


@lru_cache(maxsize=16)
def identity_told(number: str) -> CheckedIdentity:
    """Return what a number tells; remembered while its row is read, because cell, row and warnings ask one after another."""
    return check_identity(number, None)


def _first(findings: Sequence[Finding]) -> None:
    if findings:
        raise wrong(findings[0].key, **findings[0].facts)


def _identity(raw: Any) -> str:
    told = identity_told(_digits(raw, "identity_is_number").upper())
    _first(told.errors)
    return told.value


def _phone(raw: Any) -> str:
    text = _digits(raw, "phone_is_number").replace("–", "-").replace("—", "-")
    if found := _MOBILE.fullmatch(text.replace("-", "")):
        return found[1]
    if found := _LANDLINE.fullmatch(text):
        return f"{found[1]}-{found[2]}"
    raise wrong("identity.phone_wrong")


def _account(raw: Any) -> str:
    checked = check_account(_digits(raw, "account_is_number"), personal=True)
    _first(checked.errors)
    return checked.value


def _name(raw: Any) -> str:
    text = re.sub(r"\s*·\s*", "·", text_of(raw).translate(_DOTS))
    if re.fullmatch(rf"[{_IDEOGRAPHS}] +[{_IDEOGRAPHS}]", text):  # 王 伟: padded to the width of three characters
        text = text.replace(" ", "")
    _first(check_name(text).errors)
    return text


def _code(pattern: re.Pattern[str], key: str) -> Callable[[Any], str]:
    def read(raw: Any) -> str:
        text = text_of(raw).upper().replace(" ", "")
        if len(text) > CODE_LENGTH or not pattern.fullmatch(text):
            raise wrong(key)
        return text

    return read


def _one_time_code(raw: Any) -> str:
    text = text_of(raw).replace(" ", "")
    if not (text.isascii() and text.isdigit() and len(text) == 6):  # noqa: PLR2004 -- the length of a code (RFC 6238)
        raise wrong("one_time_code_wrong")
    return text


def _day(raw: Any) -> date:
    match raw:
        case datetime():
            day = raw.date()
        case date():
            day = raw
        case bool():
            raise wrong("day_wrong")
        case int() | float() if raw in SERIALS:
            day = EPOCH + timedelta(days=int(raw))
        case _:
            text = text_of(raw)
            found = _DAY.fullmatch(text) or _COMPACT_DAY.fullmatch(text)
            if not found:
                raise wrong("day_wrong")
            try:
                day = date(int(found[1]), int(found[2]), int(found[3]))
            except ValueError:
                raise wrong("day_impossible") from None
    if day.year not in YEARS:
        raise wrong("day_impossible")
    return day


def _decimal(raw: Any, unit: str) -> Decimal:
    if isinstance(raw, Decimal):
        return raw
    if isinstance(raw, (bool, date)):
        raise wrong("number_wrong")
    if isinstance(raw, (int, float)):
        try:
            return Decimal(repr(raw)).normalize() + 0
        except InvalidOperation:
            raise wrong("number_wrong") from None
    text = text_of(raw)
    found = _NUMBER.fullmatch(text.replace(",", ""))
    # A unit is read when it is the column's own: anything else would have to be converted by guessing.
    if not found or (found[2] and found[2].lower().replace(" ", "") not in _units(unit)):
        raise wrong("number_wrong")
    return Decimal(found[1])


@cache
def _units(unit: str) -> frozenset[str]:
    return frozenset(tidy(say(f"roster.unit_{unit}_also")).lower().split("、")) if unit else frozenset()


def _number(unit: str, low: str, high: str, places: int) -> Callable[[Any], Decimal]:
    least, most = Decimal(low), Decimal(high)

    def read(raw: Any) -> Decimal:
        value = _decimal(raw, unit)
        if not value.is_finite():
            raise wrong("number_wrong")
        if not least <= value <= most:
            raise wrong("number_outside", low=low, high=high)
        exponent = value.normalize().as_tuple().exponent
        if isinstance(exponent, int) and -exponent > places:
            raise wrong("number_places", places=places)
        return value

    return read


def _whole(unit: str, low: int, high: int) -> Callable[[Any], int]:
    read = _number(unit, str(low), str(high), 0)
    return lambda raw: int(read(raw))


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
        return found  # type: ignore[return-value] -- the readings of a kind hold its own members

    return read


@cache
def _truths() -> dict[str, bool]:
    return {
        tidy(word): truth
        for truth, key in ((True, "yes"), (False, "no"))
        for word in (say(f"roster.{key}"), *say(f"roster.{key}_also").split("、"))
    }


def _yes_no(raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    found = _truths().get(text_of(raw).upper())
    if found is None:
        raise wrong("choice_wrong", choices=f"{say('roster.yes')}、{say('roster.no')}")
    return found


def _measure(low: str, high: str, places: int, unit: str = "") -> Cell:
    return Cell(_number(unit, low, high, places), "number", 12, private=True, unit=unit)


def _count(low: int, high: int, unit: str = "", *, private: bool = True) -> Cell:
    return Cell(_whole(unit, low, high), "number", 12, private=private, unit=unit)


# Bounds below catch slips of the keyboard (a height of 17.5 cm); the limits of the standard are rules, dated and cited.
Text = Annotated[str, Cell(_text(TEXT), "text", 16)]
LongText = Annotated[str, Cell(_text(LONG_TEXT), "text", 40, private=True)]
Town = Annotated[str, Cell(_text(TEXT), "town", 16, also=("镇", "乡镇", "所属镇街", "镇街道", "镇(街道)", "镇(园区)"))]
Name = Annotated[str, Cell(_name, "name", 12, private=True)]
Identity = Annotated[
    str,
    Cell(
        _identity, "identity", 22, private=True, also=("身份证号", "身份证号码", "身份证", "公民身份证号码", "身份号码")
    ),
]
Phone = Annotated[str, Cell(_phone, "phone", 15, private=True, also=("电话", "手机", "手机号", "手机号码", "联系方式"))]
Account = Annotated[str, Cell(_account, "account", 24, private=True)]
CaseNumber = Annotated[str, Cell(_code(_CASE, "case_number_wrong"), "code", 20)]
StaffNumber = Annotated[str, Cell(_code(_STAFF, "staff_number_wrong"), "code", 12)]
QuestionNumber = Annotated[str, Cell(_code(_QUESTION, "question_number_wrong"), "code", 20)]
OneTimeCode = Annotated[str, Cell(_one_time_code, "code", 12, private=True)]
Day = Annotated[date, Cell(_day, "day", 12)]
BirthDay = Annotated[date, Cell(_day, "day", 12, private=True)]
YesNo = Annotated[bool, Cell(_yes_no, "yes_no", 10)]
Height = Annotated[Decimal, _measure("100", "250", 1, "cm")]
Weight = Annotated[Decimal, _measure("25", "250", 1, "kg")]
Vision = Annotated[Decimal, _measure("3.0", "5.3", 1)]
Degrees = Annotated[int, _count(0, 3000, "degree")]
Pressure = Annotated[int, _count(30, 300, "mmhg")]
Glucose = Annotated[Decimal, _measure("0.5", "50", 2, "mmol")]
Percent = Annotated[Decimal, _measure("1", "25", 2, "percent")]
Days = Annotated[int, _count(0, 366, "day", private=False)]
Year = Annotated[int, _count(2000, 2099, private=False)]
Money = Annotated[Decimal, Cell(_number("yuan", "0", "99999999.99", 2), "money", 14, unit="yuan")]
