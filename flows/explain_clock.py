"""Explain a deadline, an identity number or a credit code as JSON: result, working, reading and source."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final, get_args

from config.calendar import calendar
from config.messages import Refusal, say
from config.rulebook import Cited, cited
from config.zone import SHANGHAI
from models.deadline import RUN_THROUGH, AfterHours, Clock, DeadlineTerms, Due, LastDay, due
from models.identity import Checked, check_credit_code, check_digit, check_identity, credit_check, mask_number
from models.receipt import ReceiptLine, receipt

MOST: Final = {Clock.WORKING_DAYS: 1000, Clock.HOURS: 10_000, Clock.MINUTES: 10_000, Clock.DAYS: 1000, Clock.DATE: 0}
"""The longest budget whose receipt is still read by anyone."""
YEARS: Final = (1987, 2200)
"""From the law that first says how to count, to where Python's dates leave room for any budget."""
PARTING: Final = ".."
_OPEN: Final = {
    Clock.WORKING_DAYS: ("calendar.after_hours", "after_hours", get_args(AfterHours)),
    Clock.DAYS: ("calendar.days", "last_day", get_args(LastDay)),
}
"""Clocks whose count is open to readings: rule, field of the practice and options."""


def explain_deadline(
    clock: str, budget: int, start: str, pauses: Sequence[str] = (), after_hours: str | None = None
) -> dict[str, Any]:
    """Explain when a deadline ends, day by day.

    `start` and both ends of a pause `A..B` are days or moments, in Asia/Shanghai where they carry no offset. Both days
    of a pause are included; `A..` is still open.

    Raises:
        Refusal: an argument cannot be used; one sentence says which and why.
    """
    kind = _clock(clock)
    if not min(1, MOST[kind]) <= budget <= MOST[kind]:
        raise Refusal("calendar.budget_wrong", budget=budget, low=min(1, MOST[kind]), high=MOST[kind])
    anchor = _moment("--from", start)
    if kind in RUN_THROUGH and _is_day(start):
        raise Refusal("calendar.moment_needs_time")
    if after_hours not in (*get_args(AfterHours), None):
        options = "、".join(get_args(AfterHours))
        raise Refusal("calendar.after_hours_unknown", value=after_hours, options=options)
    spans = [_pause(pause) for pause in pauses]
    chosen: AfterHours | None = "next_day" if after_hours == "next_day" else "same_day" if after_hours else None
    terms = DeadlineTerms.under_rules(kind, anchor, budget, spans, chosen)
    lines, rule = receipt(terms, calendar()), cited(f"calendar.{kind}", anchor.date())
    return {
        "result": _result(kind, due(terms, calendar())),
        "working": [_line(line) for line in lines],
        "reading": _reading(terms) if kind in _OPEN else None,
        "source": [_source(rule), *_notices(lines)],
    }


def explain_identity(number: str, on: date | None = None) -> dict[str, Any]:
    """Explain whether an identity number can be one on a day; today where none is given."""
    on = on or datetime.now(SHANGHAI).date()
    found = check_identity(number, on)
    told = {
        "born": found.born.isoformat() if found.born else None,
        "sex": found.sex,
        "area": found.area or None,
        "on": on.isoformat(),
    }
    working = [{"step": "length", "found": len(found.value)}]
    if found.area:
        working += [
            {"step": "area", "found": found.area},
            {"step": "birth_date", "found": found.value[6:14]},
            {"step": "sex_digit", "found": found.value[16]},
            {"step": "check_character", "found": found.value[17], "expected": check_digit(found.value[:17])},
        ]
    return _checked(found, told, working, [_source(cited("identity.number", on))])


def explain_uscc(code: str) -> dict[str, Any]:
    """Explain whether a unified social credit code can be one."""
    found = check_credit_code(code)
    working = [{"step": "length", "found": len(found.value)}]
    if found.area:
        working += [
            {"step": "area", "found": found.area},
            {"step": "organisation_code", "found": found.value[8:17]},
            {"step": "check_character", "found": found.value[17], "expected": credit_check(found.value[:17])},
        ]
    today = datetime.now(SHANGHAI).date()
    standards = [_source(cited(f"identity.{name}", today)) for name in ("credit_code", "organisation_code")]
    return _checked(found, {"area": found.area or None}, working, standards)


def _checked(
    found: Checked, told: dict[str, Any], working: list[dict[str, Any]], source: list[dict[str, str]]
) -> dict[str, Any]:
    listed = {
        name: [{"name": finding.key, "text": finding.text()} for finding in findings]
        for name, findings in (("errors", found.errors), ("warnings", found.warnings))
    }
    result = {"valid": found.valid, "number": mask_number(found.value), **listed, **told}
    return {"result": result, "working": working, "reading": None, "source": source}


def _clock(clock: str) -> Clock:
    try:
        return Clock(clock.strip().replace("-", "_"))
    except ValueError:
        clocks = "、".join(kind.replace("_", "-") for kind in Clock)
        raise Refusal("calendar.clock_unknown", clock=clock, clocks=clocks) from None


def _is_day(text: str) -> bool:
    return ":" not in text and "T" not in text.upper()


def _moment(field: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Refusal("calendar.moment_wrong", field=field, value=text) from None
    if not YEARS[0] <= moment.year <= YEARS[1]:
        raise Refusal("calendar.year_wrong", field=field, value=text, low=YEARS[0], high=YEARS[1])
    return moment.replace(tzinfo=SHANGHAI) if moment.tzinfo is None else moment.astimezone(SHANGHAI)


def _pause(text: str) -> tuple[datetime, datetime | None]:
    begin, parting, end = text.partition(PARTING)
    if not begin.strip() or not parting:
        raise Refusal("calendar.pause_wrong", value=text)
    first = _moment("--pause", begin)
    if not end.strip():
        return first, None
    last = _moment("--pause", end)
    if _is_day(end):
        last = datetime.combine(last.date() + timedelta(days=1), time(), SHANGHAI)
    if last < first or (_is_day(end) and last == first):
        raise Refusal("calendar.pause_backwards", value=text)
    return first, last


def _result(kind: Clock, found: Due) -> dict[str, Any]:
    end = found.due_at
    shown = None if end is None else _minutes(end) if kind in RUN_THROUGH else end.date().isoformat()
    return {
        "due": shown,
        "due_at": end.isoformat() if end else None,
        "target_at": found.target_at.isoformat() if found.target_at else None,
        "paused": end is None,
        "provisional": found.provisional,
        "calendar_version": found.calendar_version,
    }


def _minutes(moment: datetime) -> str:
    precise = "auto" if moment.second or moment.microsecond else "minutes"
    return moment.replace(tzinfo=None).isoformat(timespec=precise)


def _line(line: ReceiptLine) -> dict[str, Any]:
    shown: dict[str, Any] = {"day": line.day.isoformat(), "mark": line.mark.value}
    if line.begin:
        shown |= {"from": _minutes(line.begin), "to": _minutes(line.end) if line.end else None}
        shown["hours"] = round(line.elapsed / timedelta(hours=1), 4) if line.elapsed is not None else None
    else:
        kind = line.kind.value if line.kind else None
        shown |= {"number": line.number, "kind": kind, "provisional": line.provisional, "notice": line.notice}
    return {**shown, "text": line.text()}


def _reading(terms: DeadlineTerms) -> dict[str, Any]:
    """Tell the reading taken where the count is open, and when the deadline would end under the other."""
    name, field, options = _OPEN[terms.clock]
    rule, taken = cited(name, terms.anchor.date()), terms.practice
    value, others = getattr(taken, field), {}
    for option in options:
        if option != value:
            other = terms.model_copy(update={"practice": taken.model_copy(update={field: option})})
            day = due(other, calendar()).day
            others[option] = day.isoformat() if day else None
    return {
        "rule": rule.path,
        "value": value,
        "options": list(options),
        "basis": rule.reading.basis if rule.reading else "",
        **({"close_of_business": taken.close.isoformat(timespec="minutes")} if field == "after_hours" else {}),
        "otherwise": others,
    }


def _source(rule: Cited) -> dict[str, str]:
    return {"document": rule.source.document, "article": rule.source.article}


def _notices(lines: Iterable[ReceiptLine]) -> list[dict[str, str]]:
    years: dict[str, set[int]] = {}
    for line in lines:
        if line.notice:
            years.setdefault(line.notice, set()).add(line.day.year)
    return [
        {"document": notice, "article": say("calendar.notice_article", years="、".join(map(str, sorted(seen))))}
        for notice, seen in years.items()
    ]
