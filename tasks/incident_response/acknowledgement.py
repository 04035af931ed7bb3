"""Acknowledging a call by its short code: by page, form, command, or entered from the call sheet."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import func, insert, select, update

from config.messages import Refusal, say
from config.rulebook import rule
from config.zone import SHANGHAI
from models.column import key_ring
from models.incident_response.calling import IncidentWrongCode
from models.incident_response.ladder import Ack, holds_until, read_code
from tasks.clock import local_day, now
from tasks.incident_response.call_record import (
    ACKS,
    CALLS,
    change,
    note_telephoned,
    plan_for,
    role_title,
    withdraw_notices,
)
from tasks.incident_response.call_step import Caller
from tasks.incident_response.contact import keep_contact
from tasks.incident_response.incident import PROCESS, brought
from tasks.journal import lock
from tasks.step import Dossier, read_dossier
from tasks.store import Transaction, table, transaction

WRONG: Final = table(IncidentWrongCode)
REOPENED: Final = ("exhausted", Ack.UNABLE.value)
"""Calls that ended like this still take an answer; what was stood down or superseded only notes it."""
SOON: Final = timedelta(minutes=1)
LONGEST_ETA: Final = 24 * 60


class Said(NamedTuple):
    """An acknowledgement as it comes in."""

    code: str
    kind: Ack
    way: str
    eta_minutes: int | None = None
    by: str = ""
    occurred_at: datetime | None = None
    number_called: str | None = None
    source: str = ""


class Heard(NamedTuple):
    """What came of an acknowledgement: the incident, whose call it was, and until when it holds."""

    number: str
    role: str
    kind: Ack
    until: datetime | None
    over: bool

    @property
    def text(self) -> str:
        """What is said to whoever brought it."""
        key = "page_unable" if self.kind is Ack.UNABLE else "page_over" if self.over else "page_thanks"
        until = self.until.astimezone(SHANGHAI).strftime("%H:%M") if self.until else ""
        facts = {"number": self.number, "role": self.role, "kind": self.kind.word, "until": until}
        return say(f"incident_call.{key}", "zh", **facts)


def acknowledge(said: Said) -> Heard:
    """Take an acknowledgement: it stops every other way to the person until it lapses.

    Opened links never come here. The same answer given twice within a minute is noted once.

    Raises:
        Refusal: no call has this code, too many wrong ones came from there, or the time or ETA cannot be.
    """
    if said.eta_minutes is not None and not 0 <= said.eta_minutes <= LONGEST_ETA:
        raise Refusal("incident_call.eta_wrong", most=LONGEST_ETA)
    found = find_call(said)
    return _take(found.case_id, found.id, said)


def find_call(said: Said) -> Any:
    """Return the call that has a code; a wrong one is counted.

    Raises:
        Refusal: no call has it, or too many wrong ones came from there.
    """
    refused: Refusal | None = None
    found: Any = None
    with transaction() as tx:  # commits whatever comes of it
        at = now()
        if (refused := _too_many(tx, said, at)) is None:
            code = read_code(said.code)
            found = tx.core.execute(select(CALLS).where(CALLS.c.code == code)).one_or_none()
            if found is None:
                _count_wrong(tx, said, at)
                refused = Refusal("incident_call.code_unknown")
    if refused is not None:
        raise refused
    return found


def _take(case_id: int, call_id: int, said: Said) -> Heard:
    with transaction() as tx:
        case = lock(tx, case_id)
        row = tx.core.execute(select(CALLS).where(CALLS.c.id == call_id)).one()
        dossier, at = read_dossier(case.number), now()
        said_at = said.occurred_at or at
        if not row.called_at - SOON <= said_at <= at + SOON:
            raise Refusal("incident_call.time_wrong")
        plan = plan_for(dossier)
        until = holds_until(said.kind, said_at, said.eta_minutes, plan.ack_minutes)
        over = row.ended_at is not None and row.ended_why not in REOPENED
        if not _repeated(tx, row, said, at):
            _note(tx, dossier, row, _Answer(said, said_at, until, over))
            brought(dossier)
    return Heard(case.number, role_title(row.role), said.kind, until, over)


def _repeated(tx: Transaction, row: Any, said: Said, at: datetime) -> bool:
    """Say whether this very answer came a moment ago: a second click."""
    last = tx.core.execute(select(ACKS).where(ACKS.c.call_id == row.id).order_by(ACKS.c.id.desc()).limit(1)).first()
    return (
        last is not None
        and (last.kind, last.eta_minutes, last.way) == (said.kind.value, said.eta_minutes, said.way)
        and said.occurred_at is None
        and at - last.recorded_at < SOON
    )


class _Answer(NamedTuple):
    """An acknowledgement that was noted: what was said and when, until when it holds."""

    said: Said
    said_at: datetime
    until: datetime | None
    over: bool


def _note(tx: Transaction, dossier: Dossier, row: Any, given: _Answer) -> None:
    caller, said = Caller(tx, dossier, now()), given.said
    by = said.by or row.staff_no or row.role
    ack_id = tx.add(
        insert(ACKS).values(
            case_id=row.case_id, call_id=row.id, kind=said.kind.value, eta_minutes=said.eta_minutes,
            occurred_at=given.said_at, recorded_at=caller.at, by=by, way=said.way,
        )
    )  # fmt: skip
    if said.number_called:
        keep_contact(tx, row.case_id, "ack", ack_id, phone=said.number_called)
    outcome = {
        "purpose": row.purpose, "occasion": row.occasion, "role": row.role, "staff_no": row.staff_no,
        "kind": said.kind.value, "eta_minutes": said.eta_minutes, "occurred": given.said_at, "until": given.until,
        "way": said.way,
    }  # fmt: skip
    caller.line(f"ack-{ack_id}", 1, outcome, actor=by)
    for one in _of_person(tx, row):
        if not _says_less(one, said.kind, caller.at):
            _settle(caller, one, given)
    caller.write()


def _of_person(tx: Transaction, row: Any) -> Iterator[Any]:
    """Return the call and the same person's others about the same matter, and the role's own."""
    same = select(CALLS).where(
        CALLS.c.case_id == row.case_id, CALLS.c.purpose == row.purpose, CALLS.c.occasion == row.occasion
    )
    rows = tx.core.execute(same.order_by(CALLS.c.id)).all()
    mine = [one for one in rows if one.id == row.id or (row.staff_no and one.staff_no == row.staff_no)]
    roles = {one.role for one in mine}
    return iter([*mine, *(one for one in rows if row.staff_no and not one.staff_no and one.role in roles)])


def _says_less(row: Any, kind: Ack, at: datetime) -> bool:
    """Say whether what a call has heard still holds and says more: on site is not undone by a late "received"."""
    holds = row.holds_until is not None and row.holds_until > at and bool(row.answer)
    return holds and kind is not Ack.UNABLE and Ack(row.answer).rank > kind.rank


def _settle(caller: Caller, row: Any, given: _Answer) -> None:
    """Stop a call's other ways; it is looked at again when the answer lapses. A role's own call never declines."""
    kind = given.said.kind
    if kind is Ack.UNABLE and not row.staff_no and row.code != read_code(given.said.code):
        return
    answer = {"answer": kind.value, "answered_at": given.said_at, "holds_until": given.until}
    if given.over or (row.ended_at is not None and row.ended_why not in REOPENED):
        change(caller.tx, row.id, **answer)
        return
    climbs = row.next_at is not None or row.ended_at is not None  # else another call's ladder serves this one, too
    change(caller.tx, row.id, **answer, ended_at=None, ended_why="", next_at=given.until if climbs else None)
    if given.said.way == "sheet":
        note_telephoned(caller.tx, row, caller.at)
    withdraw_notices(caller.tx, row)
    if kind is Ack.UNABLE and caller.dossier.process == PROCESS:  # a test needs nobody in anybody's place
        caller.declined(row)


def _bounds(tx: Transaction, said: Said, at: datetime) -> tuple[int, int]:
    """Return how many wrong codes came lately from the source and by the way."""
    since = at - timedelta(minutes=rule("incident_response.call_wrong_minutes", local_day(at)))
    lately = select(func.coalesce(func.sum(WRONG.c.wrong), 0)).where(WRONG.c.at > since, WRONG.c.way == said.way)
    from_there = lately.where(WRONG.c.source == _digest(said.source))
    return tx.core.execute(from_there).scalar_one(), tx.core.execute(lately).scalar_one()


def _too_many(tx: Transaction, said: Said, at: datetime) -> Refusal | None:
    limits = rule("incident_response.call_wrong_codes", local_day(at))
    of_source, of_way = _bounds(tx, said, at)
    if of_way >= limits["way"] or (said.source and of_source >= limits["source"]):
        minutes = rule("incident_response.call_wrong_minutes", local_day(at))
        return Refusal("incident_call.too_many_wrong", minutes=minutes)
    return None


def _count_wrong(tx: Transaction, said: Said, at: datetime) -> None:
    minute, source = at.replace(second=0, microsecond=0), _digest(said.source)
    tx.alone(f"wrong-codes-{said.way}")
    mine = WRONG.c.at == minute, WRONG.c.way == said.way, WRONG.c.source == source
    if tx.core.execute(update(WRONG).where(*mine).values(wrong=WRONG.c.wrong + 1)).rowcount == 0:
        tx.core.execute(insert(WRONG).values(at=minute, way=said.way, source=source, wrong=1))


def _digest(source: str) -> str:
    """Return what is kept of an address: enough to tell it from another, nothing to find it by."""
    return key_ring().index(source).hex()[:32] if source else ""
