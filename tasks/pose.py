"""Questions about many members at once, put without waiting: answers come as they come, set steps take them up."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, and_, func, insert, or_, select, true, update

from config import rulebook
from config.messages import say
from models.answer import Answer
from models.case import DecisionStatus, Mode
from models.column import canonical, stamp
from tasks.ask import DECISIONS, OPEN, SEATS, open_seat
from tasks.ask_members import UNSHOWN
from tasks.clock import local_day, now
from tasks.journal import CASES, FIND_ENTRY, Page, Standing, Telling, lock, take_ids, write_entry
from tasks.members import CHUNK, Member
from tasks.notify import recipients
from tasks.step import SYSTEM, Dossier
from tasks.store import Prepared, Transaction, reading, transaction

ANSWERED: Final = DecisionStatus.ANSWERED.value
WITHDRAWN: Final = DecisionStatus.WITHDRAWN.value
_DECISION_FIELDS: Final = (
    *("id", "case_id", "point", "turn", "form", "mode", "status", "version"),
    *("title", "text", "due_at", "asked_at", "excluded"),
)
_SEAT_FIELDS: Final = (
    *("decision_id", "place", "role", "officer", "attempt", "status"),
    *("run_id", "refusal", "verdict", "signed_by", "signed_for", "way", "asked_by", "passed_from", "urges"),
)
_INSERT_DECISION: Final = Prepared(insert(DECISIONS), *_DECISION_FIELDS)
_INSERT_SEAT: Final = Prepared(insert(SEATS), *_SEAT_FIELDS)


class Answered(NamedTuple):
    """What was decided of a member at a point, and still stands."""

    verdict: str
    fields: dict[str, Any]
    signed_by: str
    """Staff number of whoever made the decision: the only one, the last of all, or the one who did not agree."""
    signers: tuple[str, ...]
    turn: int
    at: datetime
    answers: tuple[dict[str, Any], ...] = ()
    """What each signer answered, in the order of their signing."""


class _Asking(NamedTuple):
    """What is the same for every member of one question."""

    form: str
    mode: Mode
    point: str
    turn: int
    title: str
    rule: str
    excluded: Mapping[str, Sequence[str]]
    roles: Mapping[str, Sequence[str]]
    texts: Mapping[str, str]
    shown: Mapping[str, Mapping[str, Any]]
    due: Mapping[str, datetime]


def pose(
    form: type[Answer],
    dossier: Dossier,
    point: str,
    *,
    members: Mapping[str, str],
    of: str | Mapping[str, Sequence[str]],
    mode: Mode = Mode.SINGLE,
    rule: str = "",
    excluded: Sequence[str] | Mapping[str, Sequence[str]] = (),
    shown: Mapping[str, Mapping[str, Any]] | None = None,
    due: Mapping[str, datetime] | None = None,
) -> int:
    """Put a question for each of the members, without waiting for answers; return how many were asked this turn.

    Asked once a turn of the story, in chunks of one transaction each, and resumed after a crash where it stopped. A
    member is left alone whose question at this point is open and shows the member as it is, or whose answer has not
    been taken up yet (`latest_answers`). An open question that shows an older version is withdrawn for the new one.

    Args:
        form: what is asked of each.
        dossier: the case whose members they are.
        point: permanent name of the decision point.
        members: what to look at (markdown), by case number; never personal data.
        of: the role, or the roles of each member by case number.
        mode: how many of a member's roles must answer.
        rule: the rule and article it rests on.
        excluded: staff numbers that may not answer, for all or by case number.
        shown: what the door holds an answer against (`Answer.objection`), by case number; never personal data.
        due: when an answer is due, by case number, for the worklist; the clock itself is the member's own.
    """
    name = f"asked-{point}"
    if (name, dossier.turn) in dossier.journal:
        return int(dossier.journal[name, dossier.turn]["members"])
    roles = {number: [of] if isinstance(of, str) else list(of[number]) for number in members}
    title = say(f"point_{dossier.process}.{point.split('.', maxsplit=1)[0]}")
    barred = excluded if isinstance(excluded, Mapping) else dict.fromkeys(members, tuple(excluded))
    asking = _Asking(
        form.__name__, mode, point, dossier.turn, title, rule, barred, roles, members, shown or {}, due or {}
    )
    numbers = sorted(members)
    *chunks, last = [numbers[start : start + CHUNK] for start in range(0, len(numbers), CHUNK)] or [[]]
    for chunk in chunks:
        with transaction() as tx:
            lock(tx, dossier.id)
            _put(tx, dossier, asking, chunk)
    with transaction() as tx:  # the last members commit with the line that says they were all asked
        case = lock(tx, dossier.id)
        found = tx.run(FIND_ENTRY, dossier.id, name, dossier.turn).fetchone()
        if found is None:
            _put(tx, dossier, asking, last)
            outcome = _close(tx, dossier, asking, case)
        else:  # another run of the same case was faster; whom it asked stands
            outcome = json.loads(found[0])
        tx.after_commit(lambda: dossier.journal.update({(name, dossier.turn): outcome}))
    return int(outcome["members"])


def _undecided(point: str) -> ColumnElement[bool]:
    """Return what is true of a case that has neither an open question that shows it as it is, nor an untaken answer.

    An answer raises the version by one (`tasks.door`); whatever takes it up, or overtakes it, raises it again.
    """
    open_now = and_(DECISIONS.c.status == OPEN, DECISIONS.c.version == CASES.c.version)
    untaken = and_(DECISIONS.c.status == ANSWERED, DECISIONS.c.version == CASES.c.version - 1)
    return ~(
        select(DECISIONS.c.id)
        .where(DECISIONS.c.case_id == CASES.c.id, DECISIONS.c.point == point, or_(open_now, untaken))
        .correlate(CASES)
        .exists()
    )


def members_to_ask(dossier: Dossier, point: str, statuses: Collection[str]) -> list[Member]:
    """Return the members at the statuses whom `pose` would ask at a point, in their order."""
    chosen = (
        select(CASES.c.id, CASES.c.number, CASES.c.status, CASES.c.unit)
        .where(CASES.c.parent_id == dossier.id, CASES.c.status.in_(statuses), _undecided(point))
        .order_by(CASES.c.id)
    )
    with reading() as connection:
        return [Member._make(row) for row in connection.execute(chosen)]


def _put(tx: Transaction, dossier: Dossier, asking: _Asking, numbers: Sequence[str]) -> None:
    """Ask about one chunk of members: a line, a decision and its seats for each, an insert for all."""
    this_turn = (DECISIONS.c.point == asking.point) & (DECISIONS.c.turn == asking.turn)
    mine = (CASES.c.parent_id == dossier.id) & CASES.c.number.in_(numbers)
    # locked before they are looked at: PostgreSQL would judge an answer given meanwhile by what it saw before it waited
    tx.core.execute(select(CASES.c.id).where(mine).order_by(CASES.c.id).with_for_update())
    chosen = (
        select(*(CASES.c[name] for name in Standing._fields))
        .where(mine, _undecided(asking.point))
        .where(~select(DECISIONS.c.id).where(DECISIONS.c.case_id == CASES.c.id, this_turn).correlate(CASES).exists())
        .order_by(CASES.c.id)
    )
    cases = [Standing._make(row) for row in tx.core.execute(chosen)]
    if not cases:
        return
    at = now()
    withdraw_questions(tx, [case.id for case in cases], asking.point)  # what they show is no longer so
    page = Page(tx, f"asked-{asking.point}", asking.turn, SYSTEM, at)
    page.add_all(((case, None, _outcome(asking, case.number), asking.rule, ()) for case in cases), substance=False)
    page.write()
    seats = sum(len(asking.roles[case.number]) for case in cases)
    run_id = "" if _shown_now(tx, dossier, asking.point) + seats <= _most_runs(at) else UNSHOWN
    asked: list[tuple[Any, ...]] = []
    places: list[tuple[Any, ...]] = []
    for case, decision_id in zip(cases, take_ids(tx, len(cases), DECISIONS), strict=True):
        number, late = case.number, asking.due.get(case.number)
        facts = (asking.form, asking.mode.value, OPEN, case.version, asking.title, asking.texts[number])
        moments = (stamp(late) if late else None, stamp(at), canonical(asking.excluded.get(number, ())))
        asked.append((decision_id, case.id, asking.point, asking.turn, *facts, *moments))
        for place, role in enumerate(asking.roles[number], 1):
            seat = open_seat(decision_id, place, role, run_id)
            places.append(tuple(seat[field] for field in _SEAT_FIELDS))
    tx.insert_many(_INSERT_DECISION, asked)
    tx.insert_many(_INSERT_SEAT, places)


def _outcome(asking: _Asking, number: str) -> dict[str, Any]:
    shown = asking.shown.get(number)
    outcome = {"form": asking.form, "of": asking.roles[number], "mode": asking.mode, "text": asking.texts[number]}
    return outcome | ({"shown": dict(shown)} if shown else {})


def withdraw_questions(tx: Transaction, case_ids: Collection[int], point: str = "") -> None:
    """Take back what is still open about these cases, at a point or at all: whoever applied withdrew, for instance.

    Their runs end with the next look of the watch; a line of the caller's own says why.
    """
    about = DECISIONS.c.case_id.in_(list(case_ids)) & (DECISIONS.c.status == OPEN)
    open_before = select(DECISIONS.c.id).where(about, DECISIONS.c.point == point if point else true())
    old = list(tx.core.execute(open_before).scalars())
    if old:
        gone = {"status": WITHDRAWN}
        tx.core.execute(update(SEATS).where(SEATS.c.decision_id.in_(old), SEATS.c.status == OPEN).values(gone))
        tx.core.execute(update(DECISIONS).where(DECISIONS.c.id.in_(old)).values(gone))


def _most_runs(at: datetime) -> int:
    most: int = rulebook.rule("kernel.question_runs", local_day(at))
    return most


def _shown_now(tx: Transaction, dossier: Dossier, point: str) -> int:
    """Return how many open seats of the whole case's members have, or wait for, a run of their own at the point."""
    counted = (
        select(func.count())
        .select_from(SEATS)
        .join(DECISIONS, DECISIONS.c.id == SEATS.c.decision_id)
        .join(CASES, CASES.c.id == DECISIONS.c.case_id)
        .where(SEATS.c.status == OPEN, SEATS.c.run_id != UNSHOWN)
        .where(DECISIONS.c.point == point, CASES.c.parent_id == dossier.id)
    )
    return int(tx.core.execute(counted).scalar_one())


def _close(tx: Transaction, dossier: Dossier, asking: _Asking, case: Standing) -> dict[str, Any]:
    """Write in the whole case's journal how many were asked, and tell each role its number, each person once."""
    at = now()
    counted = (
        select(SEATS.c.role, func.count())
        .join(DECISIONS, DECISIONS.c.id == SEATS.c.decision_id)
        .join(CASES, CASES.c.id == DECISIONS.c.case_id)
        .where(CASES.c.parent_id == dossier.id, DECISIONS.c.point == asking.point, DECISIONS.c.turn == asking.turn)
        .group_by(SEATS.c.role)
        .order_by(SEATS.c.role)
    )
    by_role = dict(tx.core.execute(counted).tuples().all())
    asked = select(func.count()).select_from(DECISIONS.join(CASES, CASES.c.id == DECISIONS.c.case_id)).where(
        CASES.c.parent_id == dossier.id, DECISIONS.c.point == asking.point, DECISIONS.c.turn == asking.turn
    )  # fmt: skip
    outcome = {"members": int(tx.core.execute(asked).scalar_one()), "of": by_role}
    write_entry(
        tx,
        case,
        f"asked-{asking.point}",
        asking.turn,
        actor=SYSTEM,
        at=at,
        outcome=outcome,
        rule=asking.rule,
        tellings=list(_tellings(tx, dossier, asking.title, by_role, at)),
        substance=False,
    )
    return outcome


def _tellings(
    tx: Transaction, dossier: Dossier, title: str, by_role: Mapping[str, int], at: datetime
) -> Iterable[Telling]:
    told: dict[tuple[str, str], int] = {}
    for role, questions in by_role.items():
        for pair in recipients(tx, [role], local_day(at), drill=dossier.drill):
            told[pair] = told.get(pair, 0) + questions
    for (who, channel), questions in told.items():
        facts = {"title": title, "subject": dossier.subject, "members": questions}
        yield Telling(who, channel, "notice_kernel.questions", facts)


def latest_answers(tx: Transaction | None, point: str, case_ids: Collection[int]) -> dict[int, Answered]:
    """Return, of each case whose latest question at a point is answered, the answer that is still to be taken up.

    Meant for set steps, which move members by it: their line raises the member's version, and with that the answer is
    taken up and no longer returned. The same holds where anything else of substance has overtaken it.

    Args:
        tx: the transaction to look in; None reads by itself, or joins the one that is open.
        point: permanent name of the decision point.
        case_ids: the cases to look at.
    """
    if not case_ids:
        return {}
    chosen = (
        select(
            *(DECISIONS.c[name] for name in ("case_id", "turn", "outcome", "answered_at")),
            *(SEATS.c[name] for name in ("signed_by", "signed_at", "verdict", "answer")),
        )
        .join(CASES, CASES.c.id == DECISIONS.c.case_id)
        .join(SEATS, SEATS.c.decision_id == DECISIONS.c.id)
        .where(DECISIONS.c.case_id.in_(case_ids), DECISIONS.c.point == point, SEATS.c.status == ANSWERED)
        .where(DECISIONS.c.status == ANSWERED, DECISIONS.c.version == CASES.c.version - 1)
        .order_by(DECISIONS.c.case_id, SEATS.c.signed_at, SEATS.c.place)
    )
    found: dict[int, Answered] = {}
    with nullcontext(tx.core) if tx else reading() as connection:
        rows = connection.execute(chosen).all()
    for row in rows:
        before = found.get(row.case_id)
        signers = (*(before.signers if before else ()), row.signed_by)
        answers = (*(before.answers if before else ()), row.answer)
        decided = str(row.outcome["verdict"]), row.outcome, row.signed_by
        found[row.case_id] = Answered(*decided, signers, row.turn, row.answered_at, answers)
    return found
