"""Statutory duties of an accident: armed and discharged with what happens, and asked of whoever owes them.

They go on beside the response and wait for no approval (突发事件应对法 Art. 61).
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import select, update

from config.messages import say
from config.offices import OfficeUnknownError, office
from models.incident_response.duty import BY_NAME, Event, supplement_ends
from models.incident_response.duty_answer import Discharge, Lateness, moment_of
from models.incident_response.status import IncidentStatus
from tasks.alongside import gather
from tasks.ask import DECISIONS, drafted_by
from tasks.ask_until import ask_until
from tasks.clock import now
from tasks.incident_response.duty_book import (
    DUTIES,
    INQUIRY,
    arm,
    conclude,
    discharge,
    known_of,
    open_row,
    rows_of,
    satisfy,
    supersede,
    title,
)
from tasks.incident_response.duty_clock import clock_of
from tasks.incident_response.duty_paper import write_papers
from tasks.journal import CASES, FIND_ENTRY, lock, write_entry
from tasks.step import SYSTEM, Dossier
from tasks.store import reading, transaction
from tasks.wait import Parked, park
from tasks.yearly import local

__all__ = ["arm", "conclude", "report_up", "satisfy", "supersede"]

POINT: Final = "duty"
RECORDS: Final = "record_keeping"
NEVER: Final = timedelta(days=36_500)
"""A duty's question is not withdrawn by time, only by its discharge elsewhere."""


def report_up(dossier: Dossier) -> None:
    """Ask for each duty that a person discharges, until all are discharged and none can be armed any more.

    Raises:
        Parked: a duty is still owed, or casualties may still change.
    """
    rows = rows_of(dossier.id)
    by_hand = INQUIRY if _left(dossier) else ()
    asked = [partial(_ask, row=row) for row in rows if BY_NAME[row.name].asked or row.name in by_hand]
    late = [partial(_explain, row=row) for row in rows if row.late and not row.late_reason]
    gather(dossier, *asked, *late, write_papers, _wait_for_the_rest)


def _left(dossier: Dossier) -> bool:
    """Say whether the response ended before it began: nobody else asks for the investigation then."""
    with reading() as connection:
        status = connection.execute(select(CASES.c.status).where(CASES.c.id == dossier.id)).scalar_one()
    return IncidentStatus(status).is_final()


def _wait_for_the_rest(dossier: Dossier) -> None:
    """Wait until nothing is owed and no change of the casualties would be; then the records are whole.

    Raises:
        Parked: something is.
    """
    with transaction() as tx:
        ends = supplement_ends(known_of(tx, dossier, Event.REPORTED, None), dossier.on)
    owed = [row for row in rows_of(dossier.id) if _is_open(row) and row.name != RECORDS]
    if owed or now() < ends:
        raise park(dossier, POINT, None if now() >= ends else ends)
    satisfy(dossier, RECORDS, say("incident_duty.records_kept", number=dossier.number), now(), SYSTEM)


def _is_open(row: Any) -> bool:
    return row.satisfied_at is None and not row.superseded_by


def _ask(dossier: Dossier, row: Any) -> None:
    """Ask who owes a duty for its discharge; the question goes away when it is discharged by another way.

    Raises:
        Parked: it is still owed; until the moment from which it is late, when the question says so.
    """
    case, name = dossier.at_turn(row.turn), f"{POINT}.{row.name}"
    if not _is_open(row) and (f"asked-{name}", row.turn) not in _lines(dossier, row, name):
        return
    with transaction() as tx:
        clock = clock_of(tx, dossier.id, row.name, row.turn)
    due_at = clock.due_at if clock is not None else None
    try:
        word = ask_until(
            Discharge,
            case,
            name,
            of=BY_NAME[row.name].watched_by,
            text=text_of(dossier, row, due_at),
            until=row.armed_at + NEVER,
            arrived=_closed(dossier, row),
            due=False,
            bound=False,
        )
    except Parked:
        later = due_at is not None and now() <= due_at
        raise park(dossier, name, due_at + timedelta(seconds=1) if due_at is not None and later else None) from None
    if word is not None:
        _take(case, row, word)


def _lines(dossier: Dossier, row: Any, name: str) -> dict[tuple[str, int], Any]:
    """Return whether the question was put, from the journal as it is now."""
    if (f"asked-{name}", row.turn) in dossier.journal:
        return dossier.journal
    with transaction() as tx:
        found = tx.run(FIND_ENTRY, dossier.id, f"asked-{name}", row.turn).fetchone()
    return {(f"asked-{name}", row.turn): True} if found else {}


def _closed(dossier: Dossier, row: Any) -> Callable[[], bool]:
    return lambda: open_row(dossier.id, row.name, row.turn) is None


def _take(case: Dossier, row: Any, word: Discharge) -> None:
    """Discharge a duty by its answer: it was recorded when it was signed, whenever the story takes it up."""
    if not _is_open(row):
        return
    point = f"{POINT}.{row.name}"
    signed_at = answered_at(case, point)
    done_at = min(moment_of(word.done_at), signed_at)
    evidence = f"{word.record_number} → {word.receiver}"
    discharge(case, row, evidence, done_at, drafted_by(case, point), word.reason, signed_at)


def answered_at(case: Dossier, point: str) -> datetime:
    """Return when a question was answered."""
    chosen = select(DECISIONS.c.answered_at).where(
        DECISIONS.c.case_id == case.id, DECISIONS.c.point == point, DECISIONS.c.turn == case.turn
    )
    with transaction() as tx:
        found: datetime = tx.core.execute(chosen).scalar_one()
    return found


def _explain(dossier: Dossier, row: Any) -> None:
    """Ask why a duty that an event discharged came late: late without a reason is no record.

    Raises:
        Parked: the reason is still to come.
    """
    case, point = dossier.at_turn(row.turn), f"lateness.{row.name}"
    with transaction() as tx:
        clock = clock_of(tx, dossier.id, row.name, row.turn)
    facts = {"duty": title(row.name), "rule": row.rule, "satisfied": local(row.satisfied_at),
             "due": local(clock.due_at if clock is not None else None)}  # fmt: skip
    text = say("question_incident_response.lateness", subject=dossier.subject, number=dossier.number, **facts)
    word = ask_until(Lateness, case, point, of=BY_NAME[row.name].watched_by, text=text, until=row.armed_at + NEVER,
                     due=False, bound=False)  # fmt: skip
    if word is not None:
        give_reason(dossier, row.name, row.turn, word.reason, drafted_by(case, point))


def give_reason(dossier: Dossier, name: str, turn: int, reason: str, by: str) -> None:
    """Record why a duty was late, where that was not said with it; said once, it stays."""
    with transaction() as tx:
        case = lock(tx, dossier.id)
        mine = (DUTIES.c.case_id == dossier.id) & (DUTIES.c.name == name) & (DUTIES.c.turn == turn)
        told = update(DUTIES).where(mine, DUTIES.c.late.is_(True), DUTIES.c.late_reason == "")
        if tx.core.execute(told.values(late_reason=reason[:500])).rowcount:
            line = f"duty-{name}-late-reason"
            write_entry(tx, case, line, turn, actor=by, at=now(), outcome={"reason": reason}, substance=False)


def text_of(dossier: Dossier, row: Any, due_at: datetime | None) -> str:
    """Return a duty's question: it changes once, when its time has passed."""
    late = due_at is not None and now() > due_at
    return say(
        "question_incident_response.duty",
        subject=dossier.subject,
        number=dossier.number,
        drill=say("question_incident_response.duty_drill") if dossier.drill else "",
        duty=title(row.name),
        towards="、".join(map(office_title, filter(None, row.towards.split(",")))) or say("incident_duty.nobody"),
        owes=office_title(row.owes),
        rule=row.rule,
        certainty=say(f"incident_duty.certainty_{row.certainty}"),
        due=local(due_at) if due_at else say("incident_duty.at_once"),
        late=say("question_incident_response.duty_late") if late else "",
    )


def office_title(role: str) -> str:
    """Return a role's short name."""
    try:
        return office(role).title
    except OfficeUnknownError:
        return role
