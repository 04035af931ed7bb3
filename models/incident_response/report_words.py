"""What people write into a report's form, read: numbers, sums, moments, choices; 未知 is an answer like any other."""

import re
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeVar
from unicodedata import normalize

from config.messages import Refusal, say
from config.offices import OfficeUnknownError, town
from config.zone import SHANGHAI
from models.incident_response.report import AccidentKind, Controllable, Licensed, State, Words

UNKNOWN_WORDS: Final = frozenset(("未知", "不明", "不详", "不清楚", "不知道", "unknown"))
NONE_WORDS: Final = frozenset(("无", "没有", "暂无", "none"))
NOW_WORDS: Final = frozenset(("", "刚刚", "现在", "now"))
_DIGITS: Final = {figure: value for value, figure in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_FIGURES: Final = r"\d{1,6}|[零〇一二两三四五六七八九十]{1,3}"
_COUNT: Final = re.compile(rf"({_FIGURES})[人名个]?")
_SUM: Final = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)\s*(亿元?|万元?|元)?")
_UNITS: Final = {"亿": 100_000_000, "万": 10_000, "元": 1}
_AGO: Final = re.compile(r"(\d{1,3})\s*分钟前")
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})")
_DAY: Final = re.compile(r"(?:(\d{4})[-/年])?(\d{1,2})[-/月](\d{1,2})日?[ T]*(\d{1,2}):(\d{2})(?::\d{2}(?:\.\d+)?)?")
_TOLL: Final = {"dead": "死亡|遇难|死", "injured": "重伤", "missing": "失踪|失联|下落不明", "trapped": "被困"}
SLACK: Final = timedelta(minutes=5)
"""How far a stated moment may lie ahead: clocks differ."""


C = TypeVar("C", Licensed, AccidentKind, Controllable)


def plain(text: str) -> str:
    """Return a text without full-width figures and outer blanks."""
    return normalize("NFKC", text).strip()


def is_unknown(text: str) -> bool:
    """Say whether a field says that it is not known."""
    return plain(text).lower() in UNKNOWN_WORDS


def words(text: str) -> Words:
    """Return a group that is told in words."""
    given = text.strip()
    if not given or is_unknown(given):
        return Words(state=State.UNKNOWN)
    if plain(given).lower() in NONE_WORDS:
        return Words(state=State.NONE)
    return Words(state=State.KNOWN, text=given)


def known(text: str) -> str:
    """Return what a field says; empty where it says that it is unknown, or nothing."""
    return "" if is_unknown(text) else text.strip()


def count(text: str, field: str) -> int | None:
    """Return a number of persons: None for unknown, 0 for none.

    Raises:
        Refusal: it is no number; names the field.
    """
    given = plain(text)
    if not given or is_unknown(given):
        return None
    if given.lower() in NONE_WORDS:
        return 0
    found = _COUNT.fullmatch(given)
    if found is None:
        raise Refusal("incident_report.count_wrong", field=field, given=given)
    return _figure(found[1], given, field)


def _figure(text: str, given: str, field: str) -> int:
    if text.isdigit():
        return int(text)
    tens, ten, ones = text.partition("十")
    if any(one not in _DIGITS for one in (*tens, *ones)) or len(tens) > 1 or len(ones) > 1:
        raise Refusal("incident_report.count_wrong", field=field, given=given)
    if not ten:
        return _DIGITS[tens]
    return (_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0)


def loss(text: str, field: str) -> Decimal | None:
    """Return a sum in yuan; a number without its unit is ten thousands, as the form's title says. None is unknown.

    Raises:
        Refusal: it is no sum.
    """
    given = plain(text).replace(",", "").removeprefix("约")
    if not given or is_unknown(given):
        return None
    if given.lower() in NONE_WORDS:
        return Decimal(0)
    found = _SUM.fullmatch(given)
    if found is None:
        raise Refusal("incident_report.loss_wrong", field=field, given=given)
    try:
        return (Decimal(found[1]) * _UNITS[(found[2] or "万")[0]]).quantize(Decimal("0.01"))
    except InvalidOperation as error:
        raise Refusal("incident_report.loss_wrong", field=field, given=given) from error


def moment(text: str, field: str, at: datetime) -> datetime | None:
    """Return a moment in the district's time: 刚刚, 10分钟前, 14:30 (the last one), 3-1 14:30, 2027-03-01 14:30.

    Args:
        text: what the field says; unknown is None, and an empty field is now.
        field: its name, for a refusal.
        at: the moment of the report.

    Raises:
        Refusal: it is none, or lies ahead.
    """
    given, here = plain(text), at.astimezone(SHANGHAI)
    if given.lower() in NOW_WORDS:
        return at
    if is_unknown(given):
        return None
    if ago := _AGO.fullmatch(given):
        return at - timedelta(minutes=int(ago[1]))
    try:
        if clock := _CLOCK.fullmatch(given):
            found = here.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
            return found if found <= here + SLACK else found - timedelta(days=1)
        day = _DAY.fullmatch(given)
        found = _on_day(day, here) if day else _iso(given)
    except ValueError:
        raise Refusal("incident_report.moment_wrong", field=field, given=given) from None
    if found > here + SLACK:
        raise Refusal("incident_report.moment_ahead", field=field, given=given)
    return found


def _on_day(day: re.Match[str], here: datetime) -> datetime:
    year, month, date, hour, minute = (int(part) if part else here.year for part in day.groups())
    return datetime(year, month, date, hour, minute, tzinfo=SHANGHAI)


def _iso(given: str) -> datetime:
    found = datetime.fromisoformat(given)
    return found if found.tzinfo else found.replace(tzinfo=SHANGHAI)


def choice(of: type[C], text: str, field: str) -> C:
    """Return the choice that a form calls so, or that has this value; unknown where the field says so or nothing.

    Raises:
        Refusal: there is none.
    """
    given = plain(text)
    for one in of:
        if given in (one.word, one.value) or (one.value == "unknown" and (not given or is_unknown(given))):
            return one
    raise Refusal("incident_report.choice_wrong", field=field, given=given)


def town_id(text: str) -> str:
    """Return the id of a zone-level unit; empty where it is unknown.

    Raises:
        Refusal: there is none of this name.
    """
    given = known(text)
    try:
        return town(given).id if given else ""
    except OfficeUnknownError:
        raise Refusal("incident_report.town_wrong", given=given) from None


def spoken_toll(text: str) -> dict[str, Any]:
    """Return what a quick report's words say of the toll: 死亡2人、失联1人. The words stay with it, read or not."""
    given = plain(text)
    if not given or is_unknown(given):
        return {}
    if given.lower() in NONE_WORDS or given in ("无伤亡", "无人员伤亡"):
        return dict.fromkeys(_TOLL, 0)
    found: dict[str, Any] = {"likely": text.strip()}
    for name, called in _TOLL.items():
        hit = re.search(rf"(?:{called})(?:了|约|:)?({_FIGURES})[人名个]?|({_FIGURES})[人名个]?(?:{called})", given)
        if hit is not None:
            found[name] = _figure(hit[1] or hit[2], given, say("incident_report.group_toll"))
        elif re.search(rf"无(?:人员)?(?:{called})", given):
            found[name] = 0
    return found
