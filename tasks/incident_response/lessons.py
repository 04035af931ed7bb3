"""Lessons followed up: each has its owner and day, is done when another has checked it, or is dropped (5.4, 7.2)."""

from collections.abc import Collection
from datetime import date, datetime, time
from functools import partial
from itertools import count
from typing import Any, Final

from sqlalchemy import func, insert, select, update

from config.fact import Fact
from config.messages import Refusal, say
from config.offices import head_of, office
from config.rulebook import cited
from config.zone import SHANGHAI
from models.deadline import Clock
from models.incident_response.aftermath import IncidentLesson
from models.incident_response.aftermath_answer import AmendmentDecision, LessonCheck
from models.incident_response.lesson import KEEPER, Item, LessonKind
from models.incident_response.lesson import LessonStatus as S
from tasks.alongside import gather
from tasks.clock import now
from tasks.deadline import Owed, meet_clock, start_clock
from tasks.incident_response import incident
from tasks.incident_response.question import ask_unless, signed_at
from tasks.journal import CASES
from tasks.step import Dossier, step
from tasks.store import Transaction, reading, table, transaction
from tasks.wait import park

LESSONS: Final = table(IncidentLesson)
CLOCK: Final = "lesson"
ROUNDS: Final = 100
"""A check is told apart by the item's number × 100 + how often it was reported as done."""
TRACKED: Final = (LessonKind.ACTION, LessonKind.AMENDMENT)


class Followed(Fact):
    """What became of an item."""

    number: int
    status: str
    owner: str
    text: str
    by: str


def add(
    tx: Transaction,
    case_id: int,
    kind: LessonKind | str,
    text: str,
    *,
    owner: str,
    due_on: date,
    source: str,
    by: str,
    clause: str = "",
) -> int:
    """Enter an item under the next number of the incident; return the number.

    Args:
        tx: the transaction it is entered in; the caller has locked the case.
        case_id: the incident.
        kind: action, amendment or rectify.
        text: what is to be done; never personal data.
        owner: role that owes it.
        due_on: the day by which.
        source: summary, recovery, drill or inquiry.
        by: who enters it, as the journal names them.
        clause: clause of the plan, for an amendment.
    """
    last = select(func.coalesce(func.max(LESSONS.c.number), 0)).where(LESSONS.c.case_id == case_id)
    number = int(tx.core.execute(last).scalar_one()) + 1
    row = dict.fromkeys(("reported_by", "closed_by", "evidence"), "") | {"status": S.OPEN.value, "rounds": 0}
    given = {"kind": LessonKind(kind).value, "text": text[:500], "clause": clause, "owner": owner, "due_on": due_on}
    tx.core.execute(
        insert(LESSONS).values(case_id=case_id, number=number, source=source, registered_by=by, **given, **row)
    )
    return number


def add_items(
    tx: Transaction, case_id: int, kind: LessonKind, items: Collection[Item], *, source: str, by: str
) -> None:
    """Enter several items, as a form gave them."""
    for one in items:
        add(tx, case_id, kind, one.text, owner=one.owner, due_on=one.due_on, source=source, by=by, clause=one.clause)


def lessons_of(case_id: int) -> list[Any]:
    """Return an incident's items in their order."""
    with reading() as connection:
        return list(connection.execute(select(LESSONS).where(LESSONS.c.case_id == case_id).order_by(LESSONS.c.number)))


def lessons_everywhere(*, open_only: bool = False) -> list[Any]:
    """Return the items of every incident with its number, the next to be due first."""
    chosen = select(LESSONS, CASES.c.number.label("incident"), CASES.c.drill).join(
        CASES, CASES.c.id == LESSONS.c.case_id
    )
    if open_only:
        chosen = chosen.where(LESSONS.c.status.in_([S.OPEN.value, S.REPORTED.value]))
    with reading() as connection:
        return list(connection.execute(chosen.order_by(LESSONS.c.due_on, CASES.c.id, LESSONS.c.number)))


def follow_up(case: Dossier) -> None:
    """Follow the incident's own items until every one is closed.

    Raises:
        Parked: one is open.
    """
    follow(case, TRACKED)


def follow(case: Dossier, kinds: Collection[LessonKind]) -> None:
    """Follow the items of some kinds, side by side, until every one is closed.

    Raises:
        Parked: one is open.
    """
    mine = [row for row in lessons_of(case.id) if row.kind in {kind.value for kind in kinds}]
    gather(case, *(partial(_follow, row.number, LessonKind(row.kind)) for row in mine))


def _follow(number: int, kind: LessonKind, case: Dossier) -> None:
    this, row = case.at_turn(number), _row(case.id, number)
    start_clock(this, _owed(case, row))
    if kind is LessonKind.AMENDMENT:
        _decide(this, row)
    else:
        _check(case, number)
    meet_clock(this, CLOCK)


def _owed(case: Dossier, row: Any) -> Owed:
    ends = datetime.combine(row.due_on, time(23, 59, 59), SHANGHAI)
    told = [role for role in (_head(row.owner), incident.plan_of(case).office) if role and role != row.owner]
    label = cited("incident_response.aftermath_lessons", case.on).label
    return Owed(CLOCK, Clock.DATE, anchor=ends, office=row.owner, rule=label, rungs=("before:3", "last_day", "breach"),
                escalation={"breach": told})  # fmt: skip


def _head(role: str) -> str:
    """Return the role of whoever heads a body; empty where it has none."""
    try:
        return office(head_of(role)).id
    except Refusal:
        return ""


def _decide(this: Dossier, row: Any) -> None:
    """Ask the bureau that keeps the plan about a proposal to amend it (7.2)."""
    if ("decide_amendment", this.turn) in this.journal:
        return
    text = say("question_incident_response.amendment", number=row.number, clause=row.clause, text=row.text)
    word = ask_unless(AmendmentDecision, this, "amendment", of=KEEPER, text=text,
                      needless=partial(_dropped, this.id, row.number))  # fmt: skip
    if word is not None:
        decide_amendment(this, row.number, word.verdict == "accept", word.reason)


@step(rule=incident.rule_of("aftermath_amendments"))
def decide_amendment(this: Dossier, number: int, accepted: bool, why: str) -> Followed:
    """Record what becomes of a proposal to amend the plan."""
    signed = signed_at(this, "amendment")
    status = S.ACCEPTED if accepted else S.DECLINED
    with transaction() as tx:
        return close_item(tx, this.id, number, status, by=signed.actor if signed else "", why=why)


def _check(case: Dossier, number: int) -> None:
    """Wait until an item is reported as done, and have another check it; once more where it was not.

    Raises:
        Parked: it is still open, or unchecked.
    """
    for rounds in count(1):
        this = case.at_turn(number * ROUNDS + rounds)
        if ("check_lesson", this.turn) not in this.journal:
            row = _row(case.id, number)
            if row.rounds < rounds:
                if S(row.status).is_final():
                    return
                raise park(case.at_turn(number), "lesson", None)
            text = say("question_incident_response.lesson_check", number=number, owner=office(row.owner).title,
                       text=row.text, evidence=row.evidence)  # fmt: skip
            word = ask_unless(LessonCheck, this, "lesson_check", of=checker(case), text=text,
                              excluded=[row.reported_by], needless=partial(_unreported, case.id, number))  # fmt: skip
            if word is None:  # dropped, or checked by the form
                continue
            check_lesson(this, number, word.verdict == "done", word.reason)
        if this.journal["check_lesson", this.turn]["status"] == S.DONE:
            return


def _unreported(case_id: int, number: int) -> bool:
    return S(_row(case_id, number).status) is not S.REPORTED


def _dropped(case_id: int, number: int) -> bool:
    return S(_row(case_id, number).status) is S.DROPPED


def checker(case: Dossier) -> str:
    """Return who checks that an item is done: the command's office."""
    return incident.plan_of(case).office


@step(tells=lambda found: () if found.status == S.DONE else (found.owner,), rule=incident.rule_of("aftermath_lessons"))
def check_lesson(this: Dossier, number: int, done: bool, why: str) -> Followed:
    """Record that an item is done, checked by another; or that it is open again, and why."""
    signed = signed_at(this, "lesson_check")
    by = signed.actor if signed else ""
    with transaction() as tx:
        if done:
            return close_item(tx, this.id, number, S.DONE, by=by, why="")
        put_item(tx, this.id, number, status=S.OPEN.value)
        row = _row(this.id, number)
        return Followed(number=number, status=row.status, owner=row.owner, text=why, by=by)


def close_item(tx: Transaction, case_id: int, number: int, status: S, *, by: str, why: str) -> Followed:
    """Close an item; return what became of it."""
    evidence = {"evidence": why[:300]} if why else {}
    put_item(tx, case_id, number, status=status.value, closed_by=by, closed_at=now(), **evidence)
    row = _row(case_id, number)
    return Followed(number=number, status=row.status, owner=row.owner, text=row.text, by=by)


def put_item(tx: Transaction, case_id: int, number: int, **values: Any) -> None:
    """Change where an item stands."""
    mine = (LESSONS.c.case_id == case_id) & (LESSONS.c.number == number)
    tx.core.execute(update(LESSONS).where(mine).values(values))


def _row(case_id: int, number: int) -> Any:
    chosen = select(LESSONS).where(LESSONS.c.case_id == case_id, LESSONS.c.number == number)
    with reading() as connection:
        return connection.execute(chosen).one()
