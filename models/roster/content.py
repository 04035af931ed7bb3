"""Read the content of a cell: what offices really type is understood, what would have to be guessed is refused."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from typing import Any, Final

from pydantic_core import PydanticCustomError

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
CASE_NUMBER: Final = re.compile(r"[A-Z]{2}(?:-[0-9A-Z]+)+")
QUESTION: Final = re.compile(r"[0-9A-Z][0-9A-Z-]{0,39}")
STAFF: Final = re.compile(r"[0-9A-Z][0-9A-Z-]{0,19}")
_MOBILE: Final = re.compile(r"(?:\+?86)?(1[3-9]\d{9})")
_LANDLINE: Final = re.compile(r"(0\d{2,3})-?([2-9]\d{6,7})")
_IDEOGRAPHS: Final = "\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U000323af"
_DOTS: Final = str.maketrans(dict.fromkeys("•・‧∙⋅．.", "·"))


def full_key(key: str) -> str:
    """Return a message key with its area; ours where it names none."""
    return key if "." in key else f"roster.{key}"


def wrong(key: str, **facts: str | int) -> PydanticCustomError:
    """Return the error of a cell; its type is the message key, its context the facts."""
    return PydanticCustomError(full_key(key), "refused", facts)


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


def text_reader(limit: int) -> Callable[[Any], str]:
    """Return the reader of text up to a number of characters."""

    def read(raw: Any) -> str:
        text = text_of(raw)
        if len(text) > limit:
            raise wrong("cell_long", limit=limit)
        return text

    return read


def digits_of(raw: Any, number: str) -> str:
    """Return text that never was a number: Excel drops leading zeros and every digit after the 15th."""
    if isinstance(raw, (int, float)):
        raise wrong(number)
    text = text_of(raw).replace(" ", "")
    if _SCIENTIFIC.fullmatch(text):
        raise wrong(number)
    return text


@lru_cache(maxsize=16)
def identity_told(number: str) -> CheckedIdentity:
    """Return what a number tells, remembered while its row is read: cell, row and warnings ask one after another."""
    return check_identity(number, None)


def _first(findings: Sequence[Finding]) -> None:
    if findings:
        raise wrong(findings[0].key, **findings[0].facts)


def read_identity(raw: Any) -> str:
    """Read an identity number (GB 11643); one that passed through a number is refused, never repaired."""
    told = identity_told(digits_of(raw, "identity_is_number").upper())
    _first(told.errors)
    return told.value


def read_phone(raw: Any) -> str:
    """Read a mobile number, or one of a fixed line with its area code."""
    text = digits_of(raw, "phone_is_number").replace("–", "-").replace("—", "-")
    if found := _MOBILE.fullmatch(text.replace("-", "")):
        return found[1]
    if found := _LANDLINE.fullmatch(text):
        return f"{found[1]}-{found[2]}"
    raise wrong("identity.phone_wrong")


def read_account(raw: Any) -> str:
    """Read a person's bank account."""
    checked = check_account(digits_of(raw, "account_is_number"), personal=True)
    _first(checked.errors)
    return checked.value


def read_name(raw: Any) -> str:
    """Read a name; one that was padded to the width of three characters is closed up."""
    text = re.sub(r"\s*·\s*", "·", text_of(raw).translate(_DOTS))
    if re.fullmatch(rf"[{_IDEOGRAPHS}] +[{_IDEOGRAPHS}]", text):  # 王 伟: padded to the width of three characters
        text = text.replace(" ", "")
    _first(check_name(text).errors)
    return text


def code_reader(pattern: re.Pattern[str], key: str) -> Callable[[Any], str]:
    """Return the reader of codes of a pattern, in capitals."""

    def read(raw: Any) -> str:
        text = text_of(raw).upper().replace(" ", "")
        if len(text) > CODE_LENGTH or not pattern.fullmatch(text):
            raise wrong(key)
        return text

    return read


def read_one_time_code(raw: Any) -> str:
    """Read a code of six digits; a number that lost its leading zero no longer has six."""
    text = text_of(raw).replace(" ", "")
    if not (text.isascii() and text.isdigit() and len(text) == 6):  # noqa: PLR2004 -- the length of a code (RFC 6238)
        raise wrong("one_time_code_wrong")
    return text


def read_day(raw: Any) -> date:
    """Read a day in any usual style, or as a serial number of Excel."""
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


def number_reader(unit: str, low: str, high: str, places: int) -> Callable[[Any], Decimal]:
    """Return the reader of numbers between two bounds; a unit is read when it is the column's own."""
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


def whole_reader(unit: str, low: int, high: int) -> Callable[[Any], int]:
    """Return the reader of whole numbers between two bounds."""
    read = number_reader(unit, str(low), str(high), 0)
    return lambda raw: int(read(raw))


@cache
def _truths() -> dict[str, bool]:
    return {
        tidy(word): truth
        for truth, key in ((True, "yes"), (False, "no"))
        for word in (say(f"roster.{key}"), *say(f"roster.{key}_also").split("、"))
    }


def read_yes_no(raw: Any) -> bool:
    """Read yes or no."""
    if isinstance(raw, bool):
        return raw
    found = _truths().get(text_of(raw).upper())
    if found is None:
        raise wrong("choice_wrong", choices=f"{say('roster.yes')}、{say('roster.no')}")
    return found
