"""Why an application stands where it stands, and when what is owed is due: from its journal and its clocks."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import select

from config.calendar import calendar
from config.messages import Refusal, say
from config.rulebook import cited
from config.zone import SHANGHAI
from models.deadline import due
from models.policy_redemption.status import ApplicationStatus as A
from models.receipt import receipt
from tasks.clock import now
from tasks.deadline import DEADLINES, terms_of
from tasks.journal import CASES, ENTRIES
from tasks.policy_redemption import duty
from tasks.policy_redemption.roll import APPLICATIONS, PROCESS, Filed, filed, title_of
from tasks.step import SYSTEM
from tasks.store import reading, transaction

READINGS: Final = {
    duty.FEEDBACK: ("feedback_covers", "resubmission_clock"),
    duty.PROMISE: ("decision_limit",),
    duty.CORRECTION: ("uncorrected_items",),
    "payment": ("payment_limit",),
}
"""The readings that a clock rests on."""


def explain_application(number: str, language: str) -> dict[str, Any]:
    """Return why an application has its status and when it is due: result, working, readings and articles.

    Args:
        number: the application's number, DX-2027-0001-000123.
        language: zh or en.

    Raises:
        Refusal: there is no such application.
    """
    with reading() as connection:
        case = connection.execute(
            select(CASES).join(APPLICATIONS, APPLICATIONS.c.case_id == CASES.c.id).where(CASES.c.number == number)
        ).one_or_none()
        if case is None:
            raise Refusal("policy_redemption.no_such_application", number=number)
        lines = connection.execute(select(ENTRIES).where(ENTRIES.c.case_id == case.id).order_by(ENTRIES.c.seq)).all()
        clocks = connection.execute(
            select(DEADLINES).where(DEADLINES.c.case_id == case.id).order_by(DEADLINES.c.id)
        ).all()
    with transaction() as tx:
        file = filed(tx, [case.id])[case.id]
    moved = [line for line in lines if line.before != line.after]
    last, status = moved[-1], A(case.status)
    shown = [_clock(clock, language) for clock in clocks]
    open_now = [one for one in shown if one["state"] in ("running", "paused", "overdue")]
    result = {
        "number": number,
        "policy": file.content.title,
        "policy_version": file.version,
        "status": status.value,
        "status_text": say(f"policy_redemption_status.{status}", language),
        "since": _local(last.at),
        "step": last.step,
        "by": _by(last),
        "level": file.level,
        "levels": [list(level) for level in file.levels],
        "due": min((one["due"] for one in open_now if one["due"]), default=None),
        "paused": any(one["state"] == "paused" for one in open_now),
        "clocks": shown,
    }
    working = [_stands(line, language) for line in moved] + _reasons(last, file, language)
    working += [one["text"] for one in shown]
    return {
        "result": result,
        "working": working,
        "reading": _readings([clock.name for clock in clocks], file) or None,
        "source": _sources([last.rule, *(clock.rule for clock in clocks)]),
    }


def _local(moment: datetime) -> str:
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def _by(line: Any) -> str:
    """Return who decided what a line says: the officers named in it, or whoever wrote it."""
    said = line.outcome.get("by") if isinstance(line.outcome, dict) else None
    named = "、".join(said) if isinstance(said, list) else said
    return str(named or line.actor)


def _stands(line: Any, language: str) -> str:
    by = _by(line)
    status = say(f"policy_redemption_status.{line.after}", language)
    who = say("policy_redemption.by_system", language) if by == SYSTEM else by
    return say("policy_redemption.stands", language, since=_local(line.at), status=status, by=who)


def _reasons(line: Any, file: Filed, language: str) -> list[str]:
    """Return what the last line gives as its reason, as it was written then."""
    outcome = line.outcome if isinstance(line.outcome, dict) else {}
    found = [str(one["why"]) for one in outcome.get("missing", ()) if isinstance(one, dict)]
    found += [title_of(one) for one in outcome.get("missing", ()) if isinstance(one, str)]
    for key in ("why", "reasons", "working"):
        found += [str(one) for one in outcome.get(key, ())]
    if outcome.get("reason"):
        found.append(str(outcome["reason"]))
    if file.level:
        facts = {"level": file.level, "levels": len(file.levels)}
        found.append(say("policy_redemption.at_level", language, **facts))
    return found


def _clock(clock: Any, language: str) -> dict[str, Any]:
    """Return a clock with its receipt: each day counted, skipped or paused, and why."""
    terms, days = terms_of(clock), calendar()
    ends = due(terms, days)
    state = _state(clock, ends.due_at)
    title = say(f"duty_{PROCESS}.{clock.name.partition('.')[0]}", language)
    day = ends.day.isoformat() if ends.day else None
    key = {"met": "clock_met", "ended": "clock_ended", "paused": "clock_paused"}.get(state, "clock_due")
    return {
        "name": clock.name,
        "title": title,
        "turn": clock.turn,
        "state": state,
        "due": day,
        "met": _local(clock.met_at) if clock.met_at else None,
        "budget": clock.budget,
        "provisional": ends.provisional,
        "text": say(f"policy_redemption.{key}", language, duty=title, due=day or ""),
        "receipt": [
            {
                "day": line.day.isoformat(),
                "mark": line.mark.value,
                "number": line.number,
                "text": line.text(language),
                "notice": line.notice,
            }
            for line in receipt(terms, days)
        ],
    }


def _state(clock: Any, due_at: datetime | None) -> str:
    if clock.met_at:
        return "met"
    if clock.superseded_at:
        return "ended"
    if due_at is None:
        return "paused"
    return "overdue" if now() > due_at else "running"


def _readings(names: list[str], file: Filed) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in (rule for clock in dict.fromkeys(names) for rule in READINGS.get(clock, ())):
        taken = cited(f"policy_redemption.{name}", file.on)
        if taken.reading:
            options = list(taken.reading.options)
            found[taken.path] = {"value": taken.reading.value, "options": options, "basis": taken.reading.basis}
    return found


def _sources(labels: list[str]) -> list[dict[str, str]]:
    """Return the citations of lines and clocks, each once."""
    parts = (label.partition(" ") for label in dict.fromkeys(filter(None, labels)))
    return [{"document": document, "article": article} for document, _, article in parts]
