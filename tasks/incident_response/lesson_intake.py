"""What is entered about items, signed: new ones, done with evidence, dropped with the reason (5.4, 7.2)."""

from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import select, update

from config.messages import Refusal, say
from config.offices import named
from config.offices import roles as roles_known
from config.rulebook import cited
from models.incident_response.aftermath_answer import read_day, without_numbers
from models.incident_response.lesson import KEEPER, LessonKind
from models.incident_response.lesson import LessonStatus as S
from models.incident_response.status import IncidentStatus
from tasks.clock import local_day, now
from tasks.door import Admitted
from tasks.incident_response import incident
from tasks.incident_response.incident import INCIDENTS
from tasks.incident_response.lessons import LESSONS, add, checker, close_item, put_item
from tasks.journal import CASES, FIND_ENTRY, Telling, lock, write_entry
from tasks.notify import tellings
from tasks.step import SYSTEM, Dossier, read_dossier
from tasks.store import Transaction, reading, transaction

SHORTEST: Final = 2
LATE: Final = "lesson-late"
AFTER_END: Final = (
    IncidentStatus.ENDED,
    IncidentStatus.RECOVERING,
    IncidentStatus.RESTORED,
    IncidentStatus.SUMMARISED,
)


class Entered(NamedTuple):
    """A new item as it comes from a form: what, whose, by when; for a proposal the clause."""

    kind: LessonKind
    text: str
    owner: str
    due: str
    clause: str


def register(number: str, given: Entered, staff_no: str, code: str) -> str:
    """Enter an item; return the sentence with its number.

    Raises:
        Refusal: it is incomplete, its day has passed, the incident has not ended, or the signature is none.
    """
    dossier = incident.incident_of(number)
    text = _plain(given.text)
    owner = KEEPER if given.kind is LessonKind.AMENDMENT else named(given.owner).id
    if given.kind is LessonKind.AMENDMENT and not given.clause.strip():
        raise Refusal("incident_aftermath.clause_missing")
    due_on = _ahead(given.due)
    plan = incident.plan_of(dossier)
    who = incident.signed(staff_no, code, (plan.office, KEEPER, "group_head:investigation", plan.commander))
    source = "inquiry" if given.kind is LessonKind.RECTIFY else "drill" if dossier.drill else "summary"
    with transaction() as tx:
        case = lock(tx, dossier.id)
        if case.status not in AFTER_END:
            raise Refusal("incident_aftermath.not_ended", number=number)
        place = add(tx, dossier.id, given.kind, text, owner=owner, due_on=due_on, source=source, by=who.actor,
                    clause=given.clause.strip()[:40])  # fmt: skip
        facts = {"subject": dossier.subject, "number": place, "text": text, "due": due_on.isoformat()}
        told = tellings(tx, [owner], "notice_incident_response.lesson", facts, now(), drill=dossier.drill)
        _line(tx, dossier, "lesson-entered", who, {"number": place, "kind": given.kind.value, "text": text}, told=told)
    incident.arrived(number)
    return say("incident_aftermath.lesson_entered", number=number, item=place)


def report_done(number: str, item: int, evidence: str, staff_no: str, code: str) -> str:
    """Report an item as done, with what shows it; another has to check it.

    Raises:
        Refusal: there is no such open item, nothing shows it, or the signature is none.
    """
    dossier, row = _open_item(number, item)
    shown = _plain(evidence)
    who = incident.signed(staff_no, code, _owners(row.owner))
    with transaction() as tx:
        case = lock(tx, dossier.id)
        mine = (LESSONS.c.case_id == dossier.id) & (LESSONS.c.number == item) & (LESSONS.c.status == S.OPEN.value)
        reported = {"status": S.REPORTED.value, "evidence": shown[:300], "reported_by": who.staff_no}
        done = tx.core.execute(update(LESSONS).where(mine).values(rounds=LESSONS.c.rounds + 1, **reported))
        if not done.rowcount:
            raise Refusal("incident_aftermath.item_closed", item=item, number=case.number)
        _line(tx, dossier, "lesson-reported", who, {"number": item, "evidence": shown})
    incident.arrived(number)
    return say("incident_aftermath.lesson_reported", number=number, item=item)


def drop(number: str, item: int, reason: str, staff_no: str, code: str) -> str:
    """Drop an item; only the command may, and says why.

    Raises:
        Refusal: there is no such open item, no reason, or the signature is none.
    """
    dossier, _ = _open_item(number, item)
    why = _plain(reason)
    plan = incident.plan_of(dossier)
    who = incident.signed(staff_no, code, (plan.commander, *plan.deputies))
    with transaction() as tx:
        case = lock(tx, dossier.id)
        mine = (LESSONS.c.case_id == dossier.id) & (LESSONS.c.number == item)
        still = mine & LESSONS.c.status.in_([S.OPEN.value, S.REPORTED.value])
        closed = {"closed_by": who.actor, "closed_at": now(), "evidence": why[:300]}
        if not tx.core.execute(update(LESSONS).where(still).values(status=S.DROPPED.value, **closed)).rowcount:
            raise Refusal("incident_aftermath.item_closed", item=item, number=case.number)
        _line(tx, dossier, "lesson-dropped", who, {"number": item, "reason": why})
    incident.arrived(number)
    return say("incident_aftermath.lesson_dropped", number=number, item=item)


def check(number: str, item: int, word: str, staff_no: str, code: str, *, done: bool) -> str:
    """Check an item that was reported as done; where a story still tells the incident, its question is taken back.

    A drill's items outlive its story, and are checked in this way alone.

    Args:
        number: the incident, or the drill, which may be closed.
        item: the item.
        word: what was seen.
        staff_no: who checks; never who reported it.
        code: the one-time code.
        done: whether it is done; otherwise it is open again.

    Raises:
        Refusal: it was not reported as done, or the signature is none.
    """
    dossier, row = _open_item(number, item)
    said = _plain(word)
    if row.status != S.REPORTED:
        raise Refusal("incident_aftermath.item_unreported", item=item, number=number)
    who = incident.signed(staff_no, code, (checker(dossier),))
    if row.reported_by in who.actor.split("/"):
        raise Refusal("incident_aftermath.own_report", item=item)
    with transaction() as tx:
        lock(tx, dossier.id)
        if _read(tx, dossier.id, item).status != S.REPORTED:
            raise Refusal("incident_aftermath.item_closed", item=item, number=number)
        if done:
            close_item(tx, dossier.id, item, S.DONE, by=who.actor, why="")
        else:
            put_item(tx, dossier.id, item, status=S.OPEN.value)
        _line(tx, dossier, "lesson-checked", who, {"number": item, "done": done, "word": said})
    incident.arrived(number)
    return say(f"incident_aftermath.lesson_{'checked' if done else 'reopened'}", number=number, item=item)


def remind_of_items() -> int:
    """Remind the owners of items that are late and that no story follows any more, once each; return how many."""
    late = (
        select(LESSONS, CASES.c.subject, CASES.c.number.label("incident"), CASES.c.process)
        .join(CASES, CASES.c.id == LESSONS.c.case_id)
        .where(CASES.c.closed_at.is_not(None), LESSONS.c.due_on < local_day(now()))
        .where(LESSONS.c.status == S.OPEN.value)
    )
    with reading() as connection:
        rows = connection.execute(late.order_by(LESSONS.c.id)).all()
    return sum(_remind(row) for row in rows)


def _remind(row: Any) -> bool:
    facts = {"subject": row.subject, "number": row.number, "text": row.text, "due": row.due_on.isoformat()}
    with transaction() as tx:
        case, at = lock(tx, row.case_id), now()
        if tx.run(FIND_ENTRY, row.case_id, LATE, row.number).fetchone():
            return False
        roles = [role for role in _owners(row.owner) if role in {one.id for one in roles_known()}]
        told = tellings(tx, roles, f"notice_{row.process}.lesson_late", facts, at, drill=case.drill)
        label = cited("incident_response.aftermath_lessons", local_day(at)).label
        write_entry(tx, case, LATE, row.number, actor=SYSTEM, at=at, outcome={"due": facts["due"]}, rule=label,
                    tellings=told, substance=False)  # fmt: skip
    return True


def _dossier(number: str) -> Dossier:
    """Return an incident, closed or not."""
    known = select(CASES.c.id).join(INCIDENTS, INCIDENTS.c.case_id == CASES.c.id).where(CASES.c.number == number)
    with reading() as connection:
        if connection.execute(known).first() is None:
            raise Refusal("kernel.no_such_case", number=number)
    return read_dossier(number)


def _read(tx: Transaction, case_id: int, item: int) -> Any:
    chosen = select(LESSONS).where(LESSONS.c.case_id == case_id, LESSONS.c.number == item)
    return tx.core.execute(chosen).one()


def _open_item(number: str, item: int) -> tuple[Dossier, Any]:
    dossier = _dossier(number)
    chosen = select(LESSONS).where(LESSONS.c.case_id == dossier.id, LESSONS.c.number == item)
    with transaction() as tx:
        row = tx.core.execute(chosen).one_or_none()
    if row is None or S(row.status).is_final():
        raise Refusal("incident_aftermath.item_closed", item=item, number=number)
    return dossier, row


def _owners(role: str) -> tuple[str, ...]:
    return (role, f"head:{role.rpartition(':')[2]}")


def _plain(text: str) -> str:
    plain = text.strip()
    if len(plain) < SHORTEST:
        raise Refusal("incident_aftermath.words_missing")
    if (refusal := without_numbers(plain)) is not None:
        raise refusal
    return plain


def _ahead(text: str) -> date:
    day = read_day(text)
    if day < local_day(now()):
        raise Refusal("incident_aftermath.day_passed", given=text.strip())
    return day


def _line(
    tx: Transaction, dossier: Dossier, name: str, who: Admitted, outcome: Any, *, told: list[Telling] | None = None
) -> None:
    case = lock(tx, dossier.id)
    label = cited("incident_response.aftermath_lessons", dossier.on).label
    write_entry(tx, case, name, case.seq + 1, actor=who.actor, at=now(), outcome=outcome, rule=label,
                tellings=told or [], substance=False)  # fmt: skip
    incident.brought(dossier)
