"""Check what identifies people, firms, accounts and papers: hard errors, and warnings for what only looks unusual.

Messages carry facts but never the number itself, so that a finding can be logged and printed.
"""

import re
import unicodedata
from datetime import date
from typing import Final, Literal, NamedTuple

from pydantic import Field

from config.area import areas
from config.fact import Fact
from config.messages import say

Sex = Literal["male", "female"]

EARLIEST: Final = date(1900, 1, 1)
_NUMBER: Final = re.compile(r"[0-9]{17}[0-9X]")
_OLD_NUMBER: Final = re.compile(r"[0-9]{15}")
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643: powers of 2 modulo 11
_CHECKS: Final = "10X98765432"
_CODE: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100: no I, O, S, V, Z
_CODE_WEIGHTS: Final = tuple(3**place % 31 for place in range(17))
_INNER_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)  # GB 11714
_INNER: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_NATIONAL: Final = "10"  # registered with the State's own body
LENGTH: Final = 18
_IDEOGRAPHS: Final = "\u3007\u3400-\u4dbf\u4e00-\u9fff\ufa0e-\ufa29\U00020000-\U000323af"
_NAME: Final = re.compile(rf"[{_IDEOGRAPHS}]+(?:·[{_IDEOGRAPHS}]+)*")
_NAME_LIMITS: Final = (2, 25)
_DOTS: Final = "·•・‧∙⋅．."
_CARD: Final = re.compile(r"62[0-9]{14,17}")
_ACCOUNT_LIMITS: Final = (8, 32)
_DOCUMENT: Final = re.compile(r"([\u4e00-\u9fff]{2,8})〔([0-9]{4})〕([1-9][0-9]*)号")


class Finding(Fact):
    """One thing found: a message key and the facts of its text; never the number itself."""

    key: str
    facts: dict[str, str] = Field(default_factory=dict)

    def text(self, language: str | None = None) -> str:
        """Return what a person reads."""
        return say(self.key, language, **self.facts)


class Checked(Fact):
    """What a check found: the value as it is kept, hard errors, and warnings that a person may overrule."""

    value: str
    errors: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether there is no hard error."""
        return not self.errors


class Identity(Checked):
    """A resident identity number, with what it tells where it can be read."""

    born: date | None = None
    sex: Sex | None = None
    area: str = ""


class CreditCode(Checked):
    """A unified social credit code and the area of the body that registered it."""

    area: str = ""


class DocumentNumber(Checked):
    """The number of an official paper in its parts."""

    series: str = ""
    year: int = 0
    serial: int = 0


class _Read(NamedTuple):
    born: date | None
    errors: list[Finding]


def _found(what: str, /, **facts: object) -> Finding:
    return Finding(key=f"identity.{what}", facts={fact: str(value) for fact, value in facts.items()})


def tidy(text: str) -> str:
    """Return a number as it is compared and indexed: NFKC, without outer spaces, in capitals."""
    return unicodedata.normalize("NFKC", text).strip().upper() if not text.isascii() else text.strip().upper()


def check_digit(body: str) -> str:
    """Return the check character of the first 17 digits of an identity number (GB 11643, MOD 11-2)."""
    return _CHECKS[sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True)) % 11]


def check_identity(number: str, on: date | None, *, sex: Sex | None = None, born: date | None = None) -> Identity:
    """Check an identity number (GB 11643), and the sex and birth date of a form against it.

    A birth after the day `on` is an error; without a day that is not looked at. The area code only warns: codes change,
    people keep theirs. A number of 15 digits is an error that asks for the one of 18.
    """
    value = tidy(number)
    if _OLD_NUMBER.fullmatch(value):
        return Identity(value=value, errors=(_found("old_number"),))
    if len(value) != LENGTH:
        return Identity(value=value, errors=(_found("length", found=len(value)),))
    if not _NUMBER.fullmatch(value):
        return Identity(value=value, errors=(_found("characters"),))
    told: Sex = "male" if int(value[16]) % 2 else "female"
    day, errors = _birth(value, on)
    if value[17] != check_digit(value[:17]):
        errors.append(_found("checksum"))
    if sex and sex != told:
        errors.append(_found("sex_differs"))
    if born and day and born != day:
        errors.append(_found("birth_differs"))
    warnings = _area(value[:6], day)
    return Identity(value=value, errors=tuple(errors), warnings=warnings, born=day, sex=told, area=value[:6])


def _birth(value: str, on: date | None) -> _Read:
    try:
        born = date(int(value[6:10]), int(value[10:12]), int(value[12:14]))
    except ValueError:
        return _Read(None, [_found("birth_impossible")])
    if born < EARLIEST:
        return _Read(born, [_found("birth_too_early", earliest=EARLIEST)])
    if on and born > on:
        return _Read(born, [_found("birth_future", on=on)])
    return _Read(born, [])


def _area(code: str, born: date | None) -> tuple[Finding, ...]:
    table = areas()
    own = table.own(code)
    if own is None:
        province = table.provinces.get(code[:2])
        if province is None:
            return (_found("area_unknown", area=code),)
        if code[:2] == table.province:
            return (_found("area_other_county", area=code),)
        return (_found("area_other_province", area=code, province=province),)
    if born and own.since and born.year < own.since:
        return (_found("area_not_yet", area=code, name=own.name, since=own.since),)
    if born and own.until and born.year > own.until:
        return (_found("area_no_longer", area=code, name=own.name, until=own.until),)
    return ()


def check_credit_code(code: str) -> CreditCode:
    """Check a unified social credit code (GB 32100, MOD 31).

    The organisation code inside (GB 11714) only warns, because codes from before 2015 may break it; so does the area.
    """
    value = tidy(code)
    if len(value) != LENGTH:
        return CreditCode(value=value, errors=(_found("uscc_length", found=len(value)),))
    for place, character in enumerate(value, 1):
        if character not in _CODE:
            return CreditCode(value=value, errors=(_found("uscc_character", place=place, found=character),))
    area = value[2:8]
    if not area.isdecimal():
        return CreditCode(value=value, errors=(_found("uscc_area_form"),))
    errors = () if value[17] == credit_check(value[:17]) else (_found("uscc_checksum"),)
    warnings = []
    if value[16] != organisation_check(value[8:16]):
        warnings.append(_found("uscc_inner"))
    if area[:2] not in areas().provinces and area[:2] != _NATIONAL:
        warnings.append(_found("uscc_area_unknown", area=area))
    return CreditCode(value=value, errors=errors, warnings=tuple(warnings), area=area)


def credit_check(body: str) -> str:
    """Return the check character of the first 17 characters of a unified social credit code (GB 32100)."""
    return _CODE[-sum(_CODE.index(c) * weight for c, weight in zip(body, _CODE_WEIGHTS, strict=True)) % 31]


def organisation_check(body: str) -> str:
    """Return the check character of the first 8 characters of an organisation code (GB 11714)."""
    rest = -sum(_INNER.index(c) * weight for c, weight in zip(body, _INNER_WEIGHTS, strict=True)) % 11
    return "0123456789X"[rest]


def check_name(name: str) -> Checked:
    """Check a Chinese name: 2 to 25 ideographs, rare ones too, with `·` only between them; kept in NFC."""
    value = unicodedata.normalize("NFC", name)
    low, high = _NAME_LIMITS
    if _NAME.fullmatch(value):
        if len(value) < low:
            return Checked(value=value, errors=(_found("name_short"),))
        if len(value) > high:
            return Checked(value=value, errors=(_found("name_long", limit=high),))
        return Checked(value=value)
    if any(character.isspace() for character in value):
        return Checked(value=value, errors=(_found("name_space"),))
    if any(character in _DOTS for character in value):
        return Checked(value=value, errors=(_found("name_dot"),))
    return Checked(value=value, errors=(_found("name_characters"),))


def check_account(account: str, *, personal: bool) -> Checked:
    """Check a bank account: digits and length; a person's card (62…) by its Luhn digit too.

    An account of a firm carries no Luhn digit and is never refused for one.
    """
    value = tidy(account).replace(" ", "").replace("-", "")
    if not (value.isascii() and value.isdecimal()):
        return Checked(value=value, errors=(_found("account_characters"),))
    low, high = _ACCOUNT_LIMITS
    if not low <= len(value) <= high:
        return Checked(value=value, errors=(_found("account_length", low=low, high=high, found=len(value)),))
    if personal and _CARD.fullmatch(value) and luhn_digit(value[:-1]) != value[-1]:
        return Checked(value=value, errors=(_found("account_luhn"),))
    return Checked(value=value)


def luhn_digit(body: str) -> str:
    """Return the Luhn check digit that follows the digits of a card number."""
    doubled = (int(digit) * 2 for digit in body[::-2])
    total = sum(int(digit) for digit in body[-2::-2]) + sum(number // 10 + number % 10 for number in doubled)
    return str(-total % 10)


def check_document_number(text: str) -> DocumentNumber:
    """Check the number of an official paper and take it apart: series, year, serial (海政办发〔2023〕20号)."""
    found = _DOCUMENT.fullmatch(text)
    if not found:
        return DocumentNumber(value=text, errors=(_found("document_wrong", text=text),))
    return DocumentNumber(value=text, series=found[1], year=int(found[2]), serial=int(found[3]))


def mask_number(number: str) -> str:
    """Hide all but the last two characters: the first digits and four last ones leave a few dozen people at most."""
    return "*" * (len(number) - 2) + number[-2:] if len(number) > 2 else "*" * len(number)  # noqa: PLR2004 -- the two


def mask_phone(phone: str) -> str:
    """Hide all but the first three and the last two characters."""
    return phone[:3] + "*" * (len(phone) - 5) + phone[-2:] if len(phone) > 8 else mask_number(phone)  # noqa: PLR2004 -- as shown


def mask_account(account: str) -> str:
    """Hide all but the last four digits, as banks print them."""
    return "*" * (len(account) - 4) + account[-4:] if len(account) > 8 else mask_number(account)  # noqa: PLR2004 -- as shown


def mask_name(name: str) -> str:
    """Hide all but the first character; the dots of a long name stay."""
    return name[:1] + "".join("·" if character == "·" else "*" for character in name[1:])
