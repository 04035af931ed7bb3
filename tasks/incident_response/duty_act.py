"""What officers do about duties with their signature, a question asked or not: discharge, extend, pause, correct."""

from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import func, insert, select, update

from config.messages import Refusal, say
from config.offices import head_of
from config.rulebook import cited, rule
from models.deadline import Clock
from models.incident_response.duty import APPROVAL, BY_NAME, CATALOGUE, INVESTIGATION, LEVELS, PROCESS, Duty
from models.incident_response.duty_answer import moment_of, without_people
from tasks.clock import now
from tasks.deadline import OCCASIONS, RUNGS, Owed, start_clock
from tasks.door import Admitted
from tasks.incident_response.duty_book import (
    DAYS_CHOSEN,
    DUTIES,
    FIRE,
    open_row,
    rows_of,
    title,
)
from tasks.incident_response.duty_book import discharge as discharge_row
from tasks.incident_response.duty_clock import clock_of, restate
from tasks.incident_response.incident import arrived, brought, incident_of, present, signed
from tasks.journal import ENTRIES, lock, write_entry
from tasks.step import Dossier
from tasks.store import Transaction, transaction
from tasks.yearly import local

OFFICES: Final = ("command_office", "emergency_duty", "incident_commander")
"""Whoever may record a discharge besides the office that owes it."""
INVESTIGATORS: Final = ("group_head:investigation", "emergency_bureau")
GOVERNMENT: Final = ("district_government", "government_office")
SUPERIOR: Final = ("emergency_bureau",)
"""Who records the paper of a government above."""
DECIDERS: Final = ("incident_commander", "command_office")
CORRECTED: Final = 1000
"""A corrected duty is owed anew under its turn and a thousand."""
AFTER: Final = "share:90"
"""The reminder that is left to a clock that was extended after its others had rung."""


class Signature(NamedTuple):
    """Who signs."""

    staff_no: str
    code: str


class Said(NamedTuple):
    """What is recorded about the discharge of a duty."""

    record: str
    receiver: str
    done_at: str
    reason: str = ""
    turn: int = 0


def duty_named(text: str) -> Duty:
    """Return a duty by its name or its title.

    Raises:
        Refusal: there is none.
    """
    given = text.strip()
    for duty in CATALOGUE:
        if given in (duty.name, *(say(f"duty_{PROCESS}.{duty.name}", language) for language in ("zh", "en"))):
            return duty
    raise Refusal("incident_duty.unknown", given=given)


def discharge(number: str, name: str, said: Said, by: Signature) -> str:
    """Record that a duty was discharged; return the sentence that says so.

    Raises:
        Refusal: it is not owed, a field is not as it should be, it is late without a reason, or the signature fails.
    """
    case, duty, at = incident_of(number.strip().upper()), duty_named(name), now()
    row = _owed(case, duty, said.turn)
    done_at = moment_of(said.done_at)
    if done_at > at:
        raise Refusal("incident_duty.time_ahead", given=said.done_at.strip())
    if len(said.record.strip()) < 2 or len(said.receiver.strip()) < 2:  # noqa: PLR2004 -- as the question's form
        raise Refusal("incident_duty.record_missing")
    _without_people(record_number=said.record, receiver=said.receiver, reason=said.reason)
    late = _late(case, row, at)
    if late and not said.reason.strip():
        raise Refusal("incident_duty.reason_missing", duty=_title(duty), due=late)
    roles = dict.fromkeys((duty.watched_by, head_of(duty.watched_by), *OFFICES))
    who = signed(*by, tuple(roles))
    with transaction():
        evidence = f"{said.record.strip()} → {said.receiver.strip()}"
        if not discharge_row(case, row, evidence, done_at, who.actor, said.reason.strip(), at):
            raise Refusal("incident_duty.not_owed", duty=_title(duty), number=case.number)
        brought(case)
    arrived(case.number)
    return say("incident_duty.discharged_late" if late else "incident_duty.discharged", duty=_title(duty),
               number=case.number)  # fmt: skip


def extend(number: str, days: int, document: str, by: Signature, name: str = INVESTIGATION) -> str:
    """Extend an investigation, or its approval, once, by an approved document, before it is due (493 Art. 29, 32).

    Raises:
        Refusal: it may not be extended (any more), by so many days, or without a document; or the signature fails.
    """
    case, duty, at = incident_of(number.strip().upper()), duty_named(name), now()
    row = _owed(case, duty, 0)
    most = _extendable(case, duty)
    if row.extended_by or not most:
        raise Refusal("incident_duty.extended_already" if most else "incident_duty.not_extendable", duty=_title(duty))
    if not 1 <= days <= most:
        raise Refusal("incident_duty.extension_days", most=most)
    _documented(document)
    _in_time(case, row, at)
    who = signed(*by, GOVERNMENT if row.owes in (*GOVERNMENT, INVESTIGATORS[0]) else SUPERIOR)
    with transaction() as tx:
        standing = lock(tx, case.id)
        row, clock = _with_clock(tx, case, duty)
        if row.extended_by:
            raise Refusal("incident_duty.extended_already", duty=_title(duty))
        fired = tx.core.execute(select(RUNGS.c.rung).where(RUNGS.c.deadline_id == clock.id)).scalars().all()
        rungs = [*clock.rungs, AFTER] if "share:80" in fired else clock.rungs
        told = _told(duty, document) | {"days": days}
        ends = restate(tx, standing, clock, f"duty-{duty.name}-extended", row.turn, actor=who.actor, outcome=told,
                       budget=clock.budget + days, rungs=rungs)  # fmt: skip
        tx.core.execute(
            update(DUTIES).where(DUTIES.c.id == row.id).values(extended_until=ends, extended_by=document[:120])
        )
        brought(case)
    arrived(case.number)
    return say("incident_duty.extended", duty=_title(duty), days=days, due=local(ends))


def pause_for_appraisal(number: str, document: str, by: Signature) -> str:
    """Stop the investigation's clock for a technical appraisal, from now on (493 Art. 27); never back-dated.

    Raises:
        Refusal: it stands still already, it is due, there is no document, or the signature fails.
    """
    case, duty, at = incident_of(number.strip().upper()), BY_NAME[INVESTIGATION], now()
    _documented(document)
    _in_time(case, _owed(case, duty, 0), at)
    return _change_pauses(case, duty, document, by, begin=True)


def resume(number: str, document: str, by: Signature) -> str:
    """Let the investigation's clock run on when the appraisal is there.

    Raises:
        Refusal: it does not stand still, there is no document, or the signature fails.
    """
    case, duty = incident_of(number.strip().upper()), BY_NAME[INVESTIGATION]
    _documented(document)
    _owed(case, duty, 0)
    return _change_pauses(case, duty, document, by, begin=False)


def _change_pauses(case: Dossier, duty: Duty, document: str, by: Signature, *, begin: bool) -> str:
    who = signed(*by, INVESTIGATORS)
    verb, at = "paused" if begin else "resumed", now().isoformat()
    with transaction() as tx:
        standing = lock(tx, case.id)
        row, clock = _with_clock(tx, case, duty)
        spans = list(clock.pauses)
        if begin is bool(spans and not spans[-1][1]):
            raise Refusal("incident_duty.paused_already" if begin else "incident_duty.not_paused", duty=_title(duty))
        spans = [*spans, [at, ""]] if begin else [*spans[:-1], [spans[-1][0], at]]
        ends = restate(tx, standing, clock, f"duty-{duty.name}-{verb}", row.turn * OCCASIONS + len(spans),
                       actor=who.actor, outcome=_told(duty, document), pauses=spans)  # fmt: skip
        if row.extended_by:
            tx.core.execute(update(DUTIES).where(DUTIES.c.id == row.id).values(extended_until=ends))
        brought(case)
    arrived(case.number)
    return say(f"incident_duty.{verb}", duty=_title(duty), due=local(ends))


def choose_supplement(number: str, kind: str, reason: str, by: Signature) -> str:
    """Decide whether changes of the casualties are reported for 30 days or, as of a fire, for 7 (493 Art. 13).

    Raises:
        Refusal: it is neither, there is no reason, or the signature fails.
    """
    case = incident_of(number.strip().upper())
    days = rule(f"{PROCESS}.supplement_days", case.on)
    if kind not in days:
        raise Refusal("incident_duty.kind_unknown", kind=kind, fire=FIRE)
    if len(reason.strip()) < 2:  # noqa: PLR2004 -- as every reason
        raise Refusal("incident_duty.why_missing")
    _without_people(reason=reason)
    who = signed(*by, DECIDERS)
    with transaction() as tx:
        standing = lock(tx, case.id)
        before = select(func.count()).where(ENTRIES.c.case_id == case.id, ENTRIES.c.step == DAYS_CHOSEN)
        turn = tx.core.execute(before).scalar_one() + 1
        write_entry(tx, standing, DAYS_CHOSEN, turn, actor=who.actor, at=now(), substance=False,
                    outcome={"kind": kind, "reason": reason.strip()},
                    rule=cited(f"{PROCESS}.supplement_days", case.on).label)  # fmt: skip
        brought(case)
    arrived(case.number)
    return say("incident_duty.supplement_chosen", number=case.number, days=days[kind])


def correct(number: str, name: str, reason: str, by: Signature) -> str:
    """Take back what was recorded about a duty: it is owed anew, on the clock it had; the old row stays as it was.

    Raises:
        Refusal: nothing was recorded, there is no reason, or the signature fails.
    """
    case, duty = incident_of(number.strip().upper()), duty_named(name)
    if len(reason.strip()) < 2:  # noqa: PLR2004 -- as every reason
        raise Refusal("incident_duty.why_missing")
    _without_people(reason=reason)
    who = signed(*by, tuple(dict.fromkeys((duty.watched_by, *OFFICES))))
    with transaction() as tx:
        lock(tx, case.id)
        done = [row for row in rows_of(case.id, duty.name) if row.satisfied_at is not None and not row.superseded_by]
        if not done:
            raise Refusal("incident_duty.nothing_recorded", duty=_title(duty), number=case.number)
        _owe_anew(tx, case, done[-1], reason.strip(), who)
        brought(case)
    arrived(case.number)
    return say("incident_duty.corrected", duty=_title(duty), number=case.number)


def _owe_anew(tx: Transaction, case: Dossier, row: Any, reason: str, who: Admitted) -> None:
    turn, at = row.turn + CORRECTED, now()
    kept = ("case_id", "name", "owes", "towards", "rule", "certainty", "extended_until", "extended_by")
    blank = {"satisfied_by": "", "late": False, "late_reason": "", "superseded_by": ""}
    anew = {name: getattr(row, name) for name in kept} | blank
    tx.core.execute(insert(DUTIES).values(anew | {"turn": turn, "armed_by": "correction", "armed_at": at}))
    tx.core.execute(update(DUTIES).where(DUTIES.c.id == row.id).values(superseded_by=f"{row.name}#{turn}"))
    write_entry(tx, lock(tx, case.id), f"duty-{row.name}-corrected", row.turn, actor=who.actor, at=at,
                outcome={"reason": reason, "now": turn}, rule=row.rule, substance=False)  # fmt: skip
    clock = clock_of(tx, case.id, row.name, row.turn)
    if clock is not None:
        here = case._replace(turn=turn, journal={})
        start_clock(here, Owed(row.name, Clock(clock.clock), budget=clock.budget, anchor=clock.anchor_at,
                               office=clock.office, rule=clock.rule, rungs=clock.rungs,
                               escalation=clock.escalation))  # fmt: skip
        if clock.pauses:
            new = clock_of(tx, case.id, row.name, turn)
            restate(tx, lock(tx, case.id), new, f"clock-{row.name}-taken-over", turn, outcome={"from": row.turn},
                    pauses=clock.pauses)  # fmt: skip


def _owed(case: Dossier, duty: Duty, turn: int) -> Any:
    row = open_row(case.id, duty.name, turn)
    if row is None:
        raise Refusal("incident_duty.not_owed", duty=_title(duty), number=case.number)
    return row


def _with_clock(tx: Transaction, case: Dossier, duty: Duty) -> tuple[Any, Any]:
    row = _owed(case, duty, 0)
    return row, clock_of(tx, case.id, duty.name, row.turn)


def _late(case: Dossier, row: Any, at: datetime) -> str:
    """Return when a duty was due that is late; empty where it is not."""
    with transaction() as tx:
        clock = clock_of(tx, case.id, row.name, row.turn)
    due_at = clock.due_at if clock is not None else None
    return local(due_at) if due_at is not None and at > due_at else ""


def _in_time(case: Dossier, row: Any, at: datetime) -> None:
    """Refuse what would heal a clock that has passed, or that stands still."""
    with transaction() as tx:
        clock = clock_of(tx, case.id, row.name, row.turn)
    duty = _title(BY_NAME[row.name])
    if clock.due_at is None:
        raise Refusal("incident_duty.paused_already", duty=duty)
    if at > clock.due_at:
        raise Refusal("incident_duty.overdue", duty=duty, due=local(clock.due_at))


def _extendable(case: Dossier, duty: Duty) -> int:
    """Return by how many days a duty may be extended."""
    if duty.name == APPROVAL:
        grade = present(case.id).grade or LEVELS[0]
        return int(rule(f"{PROCESS}.approval_extension_days", case.on)[grade])
    return int(rule(f"{PROCESS}.investigation_extension_days", case.on)) if duty.name == INVESTIGATION else 0


def _documented(document: str) -> None:
    if len(document.strip()) < 2:  # noqa: PLR2004 -- a document has a number
        raise Refusal("incident_duty.document_missing")
    _without_people(document=document)


def _without_people(**fields: str) -> None:
    refusal = without_people(**fields)
    if refusal is not None:
        raise refusal


def _told(duty: Duty, document: str) -> dict[str, Any]:
    """Return what the journal says of an act that rests on a paper."""
    return {"document": document, "text": say("incident_duty.line_met", duty=_title(duty), evidence=document)}


def _title(duty: Duty) -> str:
    return title(duty.name)
