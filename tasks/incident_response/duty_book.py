"""The book of duties of an accident: armed by events, discharged, superseded; each beside its clock.

All of it happens inside the transaction of whoever calls, without Prefect, and twice is once. Late is late for ever: a
row that was closed is not opened again, and what corrects it is a row of its own.
"""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import insert, select, update

from config.messages import say
from config.rulebook import cited
from models.incident_response.clock import IncidentDuty
from models.incident_response.duty import (
    ALARMS,
    APPROVAL,
    BY_NAME,
    CATALOGUE,
    INVESTIGATION,
    Armed,
    Event,
    From,
    Known,
    duties_for,
)
from tasks.clock import now
from tasks.deadline import DEADLINES, Owed, start_clock
from tasks.incident_response.duty_clock import clock_of, end_clock, restate
from tasks.incident_response.incident import INCIDENTS, PROCESS
from tasks.journal import ENTRIES, lock, write_entry
from tasks.notify import tellings
from tasks.step import SYSTEM, Dossier
from tasks.store import Transaction, reading, table, transaction

DUTIES: Final = table(IncidentDuty)
SITUATION: Final = "situation"
"""The clock of situation reports, which ends with the emergency."""
DAYS_CHOSEN: Final = "supplement_days_chosen"
"""Line that says for which time, 30 or 7 days, changes of casualties are reported."""
INQUIRY: Final = (INVESTIGATION, APPROVAL)
"""Duties whose discharge is an event itself."""
FIRE: Final = "fire"
GRADES: Final = "duty-graded"
"""Line that says from when a grade is reported up."""


def arm(
    dossier: Dossier,
    event: str,
    at: datetime | None = None,
    *,
    occasion: int = 1,
    evidence: str = "",
    by: str = SYSTEM,
) -> None:
    """Arm every duty that an event arms, and discharge those that it discharges; twice is once.

    Args:
        dossier: the accident.
        event: `models.incident_response.duty.Event`.
        at: when it came about; for a new fact, when it was known; this moment where it is not given.
        occasion: which of the event's occasions it is: number of the report that changed the casualties.
        evidence: paper that the event rests on; it discharges what the event discharges.
        by: who did it, as the journal names them.
    """
    happened = Event(event)
    with transaction() as tx:
        lock(tx, dossier.id)
        known = known_of(tx, dossier, happened, at)
        _count_from_the_accident(tx, dossier, known)
        for armed in duties_for(happened, known, dossier.on, occasion):
            _arm(tx, dossier, armed, happened)
        if happened is Event.GRADED:
            _note_grade(tx, dossier, known)
        if happened is not Event.REPORTED:  # what was unknown at first may be known by now
            for armed in duties_for(Event.REPORTED, known, dossier.on):
                if armed.duty.counts_from is From.LEARNED:
                    _arm(tx, dossier, armed, Event.REPORTED)
        for duty in CATALOGUE:
            if duty.met_by in (happened, Event.REPORTED):
                moment = known.received_at if duty.met_by is Event.REPORTED else known.moment
                proof = (evidence if duty.met_by is happened else "") or say(
                    f"incident_duty.met_{duty.met_by.value}", number=dossier.number
                )
                satisfy(dossier, duty.name, proof, moment, by, recorded_at=moment)
        if happened is Event.ENDED:
            end_clock(tx, dossier, SITUATION)


def known_of(tx: Transaction, dossier: Dossier, event: Event, at: datetime | None) -> Known:
    """Return what is known of an accident with an event; the first grade was known when the first report came."""
    row = tx.core.execute(select(INCIDENTS).where(INCIDENTS.c.case_id == dossier.id)).one()
    first = event is Event.GRADED and not _last_said(tx, dossier, GRADES)
    return Known(
        moment=row.received_at if first else at or now(),
        received_at=row.received_at,
        occurred_at=row.occurred_at,
        learned_at=row.learned_at,
        grade=row.grade,
        worst_grade=row.worst_grade,
        absent=(row.missing or 0) + (row.trapped or 0),
        fire=_last_said(tx, dossier, DAYS_CHOSEN).get("kind") == FIRE,
    )


def _last_said(tx: Transaction, dossier: Dossier, line: str) -> dict[str, Any]:
    """Return what the last of a line's turns says, with its number as `turn`; nothing where it was never written."""
    said = (
        select(ENTRIES.c.outcome, ENTRIES.c.turn)
        .where(ENTRIES.c.case_id == dossier.id, ENTRIES.c.step == line)
        .order_by(ENTRIES.c.turn.desc())
        .limit(1)
    )
    found = tx.core.execute(said).one_or_none()
    return found.outcome | {"turn": found.turn} if found else {}


def _note_grade(tx: Transaction, dossier: Dossier, known: Known) -> None:
    """Write down from when a grade is reported up, once for each grade in turn."""
    last = _last_said(tx, dossier, GRADES)
    grades = {"grade": known.grade, "worst": known.worst_grade}
    if grades.items() <= last.items():
        return
    turn = last.get("turn", 0) + 1
    write_entry(tx, lock(tx, dossier.id), GRADES, turn, actor=SYSTEM, at=now(), substance=False,
                outcome=grades | {"known_at": known.moment.isoformat()},
                rule=cited(f"{PROCESS}.investigation_by", dossier.on).label)  # fmt: skip


def _arm(tx: Transaction, dossier: Dossier, armed: Armed, event: Event) -> None:
    duty, turn = armed.duty, armed.turn
    others = rows_of(dossier.id, duty.name)
    higher = duty.name == INVESTIGATION and (
        event is Event.REPORTED or max((row.turn for row in others), default=0) > turn
    )
    if any(row.turn == turn or higher for row in others):
        return
    at = now()
    tx.core.execute(
        insert(DUTIES).values(
            case_id=dossier.id,
            name=duty.name,
            turn=turn,
            owes=armed.owes,
            towards=",".join(armed.towards),
            rule=armed.rule,
            certainty=armed.certainty,
            armed_by=event.value,
            armed_at=at,
            extended_by="",
            satisfied_by="",
            late=False,
            late_reason="",
            superseded_by="",
        )
    )
    here = dossier._replace(turn=turn, journal={})  # the database knows what happened, whatever was rolled back
    if armed.clock is None:
        outcome = {"owes": armed.owes, "towards": list(armed.towards)}
        write_entry(tx, lock(tx, dossier.id), f"duty-{duty.name}", turn, actor=SYSTEM, at=at, outcome=outcome,
                    rule=armed.rule, substance=False)  # fmt: skip
    else:
        start_clock(here, owed_of(armed))
    if duty.tells:
        _tell(tx, dossier, armed, at)
    for earlier in others if duty.name == INVESTIGATION else ():
        if earlier.satisfied_at is None and not earlier.superseded_by:
            _pass_pauses_on(tx, dossier, earlier.turn, turn)
            supersede(dossier, duty.name, f"{duty.name}#{turn}", turn=earlier.turn)


def owed_of(armed: Armed) -> Owed:
    """Return an armed duty as its clock."""
    assert armed.clock is not None  # noqa: S101 -- narrows the type for mypy
    return Owed(armed.duty.name, armed.clock, budget=armed.budget, anchor=armed.anchor, office=armed.duty.watched_by,
                rule=armed.rule, rungs=ALARMS, escalation=armed.escalation)  # fmt: skip


def _tell(tx: Transaction, dossier: Dossier, armed: Armed, at: datetime) -> None:
    """Send the notice itself to the bodies of the district that it is owed to; that they have it is another matter."""
    facts = {"subject": dossier.subject, "number": dossier.number}
    told = tellings(tx, armed.towards, f"notice_{dossier.process}.{armed.duty.name}", facts, at, drill=dossier.drill)
    write_entry(tx, lock(tx, dossier.id), f"told-{armed.duty.name}", armed.turn, actor=SYSTEM, at=at,
                outcome={"towards": list(armed.towards)}, rule=armed.rule, tellings=told, substance=False)  # fmt: skip


def satisfy(  # noqa: PLR0917 -- called by the steps of the story
    dossier: Dossier,
    name: str,
    evidence: str,
    occurred_at: datetime,
    by: str,
    reason: str = "",
    *,
    turn: int = 0,
    recorded_at: datetime | None = None,
) -> bool:
    """Note that a duty was discharged; lateness goes by when that was recorded, never by what was stated.

    Args:
        dossier: the accident.
        name: the duty.
        evidence: letter, telephone record or document; never personal data.
        occurred_at: when it was done, as stated.
        by: who says so, as the journal names them.
        reason: why it is late, where it is.
        turn: which of the duty's rows; the open one where it is not given.
        recorded_at: when it was recorded; this moment where it is not given.

    Returns:
        Whether an open duty was discharged; False where it was never armed or is closed already.
    """
    with transaction() as tx:
        case = lock(tx, dossier.id)
        row = open_row(dossier.id, name, turn)
        if row is None:
            return False
        at = recorded_at or now()
        clock = clock_of(tx, dossier.id, name, row.turn)
        late = clock is not None and clock.due_at is not None and at > clock.due_at
        told = {"satisfied_by": evidence[:200], "occurred_at": occurred_at, "satisfied_at": at, "late": late,
                "late_reason": reason[:500] if late else ""}  # fmt: skip
        tx.core.execute(update(DUTIES).where(DUTIES.c.id == row.id).values(told))
        if clock is not None:
            tx.core.execute(update(DEADLINES).where(DEADLINES.c.id == clock.id).values(met_at=at, next_rung_at=None))
        text = say("incident_duty.line_met", duty=title(name), evidence=evidence)
        outcome = told | {"text": text, "occurred_at": occurred_at.isoformat(), "satisfied_at": at.isoformat()}
        write_entry(tx, case, f"duty-{name}-met", row.turn, actor=by, at=now(), outcome=outcome, rule=row.rule,
                    substance=False)  # fmt: skip
    return True


def discharge(  # noqa: PLR0917 -- as `satisfy`
    dossier: Dossier, row: Any, evidence: str, done_at: datetime, by: str, reason: str, recorded_at: datetime
) -> bool:
    """Discharge a duty by hand; the report and the reply of an investigation are events, and arm what follows.

    Args:
        dossier: the accident.
        row: the open duty.
        evidence: letter, telephone record or document.
        done_at: when it was done, as stated.
        by: who says so.
        reason: why it is late, where it is.
        recorded_at: when it was recorded.
    """
    with transaction():
        done = satisfy(dossier, row.name, evidence, done_at, by, reason, turn=row.turn, recorded_at=recorded_at)
        if done and row.name in INQUIRY:
            event = BY_NAME[row.name].met_by
            assert event is not None  # noqa: S101 -- both are met by an event
            arm(dossier, event.value, recorded_at, evidence=evidence, by=by)
    return done


def title(name: str) -> str:
    """Return a duty's name as people read it."""
    return say(f"duty_incident_response.{name}")


def supersede(dossier: Dossier, name: str, by: str, *, turn: int = 0) -> bool:
    """End a duty that another takes the place of, or that nobody owes any more; what was late stays late.

    Args:
        dossier: the accident.
        name: the duty.
        by: the duty, or the decision, that took its place.
        turn: which of the duty's rows; the open one where it is not given.
    """
    with transaction() as tx:
        case = lock(tx, dossier.id)
        row = open_row(dossier.id, name, turn)
        if row is None:
            return False
        late = end_clock(tx, dossier, name, row.turn)
        tx.core.execute(update(DUTIES).where(DUTIES.c.id == row.id).values(superseded_by=by[:60], late=late))
        outcome = {"by": by, "late": late, "text": say("incident_duty.line_superseded", duty=title(name), by=by)}
        write_entry(tx, case, f"duty-{name}-superseded", row.turn, actor=SYSTEM, at=now(), outcome=outcome,
                    rule=row.rule, substance=False)  # fmt: skip
    return True


def conclude(dossier: Dossier, by: str) -> None:
    """End whatever is still owed, for an accident that is none, or a drill that is over."""
    with transaction() as tx:
        for row in rows_of(dossier.id):
            supersede(dossier, row.name, by, turn=row.turn)
        end_clock(tx, dossier, SITUATION)


def rows_of(case_id: int, name: str = "") -> list[Any]:
    """Return the duties of an accident, or those of one name, in the order in which they were armed."""
    chosen = select(DUTIES).where(DUTIES.c.case_id == case_id).order_by(DUTIES.c.id)
    with reading() as connection:
        return list(connection.execute(chosen.where(DUTIES.c.name == name) if name else chosen).all())


def open_row(case_id: int, name: str, turn: int = 0) -> Any:
    """Return the open row of a duty, of a turn or the latest; None where none is open."""
    found = [
        row
        for row in rows_of(case_id, name)
        if row.satisfied_at is None and not row.superseded_by and turn in (0, row.turn)
    ]
    return found[-1] if found else None


def _pass_pauses_on(tx: Transaction, dossier: Dossier, before: int, turn: int) -> None:
    """Let the investigation that takes over keep the appraisal's time, which nobody's days count."""
    old, new = (clock_of(tx, dossier.id, INVESTIGATION, one) for one in (before, turn))
    if old is not None and new is not None and old.pauses:
        restate(tx, lock(tx, dossier.id), new, f"clock-{INVESTIGATION}-taken-over", turn,
                outcome={"from": before}, pauses=old.pauses)  # fmt: skip


def _count_from_the_accident(tx: Transaction, dossier: Dossier, known: Known) -> None:
    """Count from the accident itself once its moment is known."""
    if known.occurred_at is None:
        return
    for row in rows_of(dossier.id):
        if BY_NAME[row.name].counts_from is not From.OCCURRED or row.satisfied_at or row.superseded_by:
            continue
        clock = clock_of(tx, dossier.id, row.name, row.turn)
        if clock is not None and clock.anchor_at != known.occurred_at:
            case = lock(tx, dossier.id)
            restate(tx, case, clock, f"clock-{row.name}-anchored", case.seq + 1,
                    outcome={"anchor": known.occurred_at}, anchor_at=known.occurred_at)  # fmt: skip
