"""Reminder and escalation rungs: each claimed by its unique row before it acts, so it fires once whatever crashes."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    Integer,
    Select,
    bindparam,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from config.calendar import calendar
from config.messages import say
from config.offices import office
from config.zone import SHANGHAI
from models.column import stamp
from models.deadline import Clock, due, rung_times
from tasks.clock import local_day, now
from tasks.deadline import BATCH, DEADLINES, RUNGS, terms_of
from tasks.journal import CASES, Page, Standing, Telling, write_pages
from tasks.notify import recipients
from tasks.step import SYSTEM
from tasks.store import Prepared, Transaction, looking, transaction

GATHERED: Final = 20_000
"""Members of one whole case that are reminded of together, in one transaction; more make a second notice."""


class Ringing(NamedTuple):
    """A clock one of whose rungs is due, with its case, which is locked; and whom each rung tells above the office."""

    case: Standing
    process: str
    subject: str
    id: int
    name: str
    turn: int
    clock: Clock
    budget: int
    anchor_at: datetime
    pauses: tuple[list[str], ...]
    due_at: datetime | None
    office: str
    lagging: tuple[str, ...]
    unit_role: str
    rungs: tuple[str, ...]
    rule: str
    escalation: Mapping[str, Sequence[str]]


_OF_CLOCK: Final = (
    "id",
    "name",
    "turn",
    "clock",
    "budget",
    "anchor_at",
    "pauses",
    "due_at",
    "office",
    "lagging",
    "unit_role",
    "rungs",
    "rule",
    "escalation",
)


def _ringing(*which: ColumnElement[bool]) -> Select[Any]:
    """Return the choice of clocks with a rung due; it never waits for a lock, so it cannot deadlock with a step."""
    return (
        select(
            *(CASES.c[name] for name in (*Standing._fields, "process", "subject")),
            *(DEADLINES.c[name] for name in _OF_CLOCK),
        )
        .join(CASES, CASES.c.id == DEADLINES.c.case_id)
        .where(DEADLINES.c.next_rung_at <= bindparam("at"), *which)
        .order_by(DEADLINES.c.next_rung_at)
        .limit(bindparam("most"))
        .offset(literal_column("0"))  # SQLite would bind a zero of its own
        .with_for_update(of=[CASES, DEADLINES], skip_locked=True)
    )


_ALONE: Final = or_(DEADLINES.c.gathered.is_(False), CASES.c.parent_id.is_(None))
_RINGING: Final = Prepared(_ringing(_ALONE), "at", "most")
_OF_PROCESS: Final = Prepared(
    _ringing(_ALONE, CASES.c.process == bindparam("process"), CASES.c.closed_at.is_(None)), "at", "process", "most"
)
_DUE_OF_PROCESS: Final = Prepared(
    select(func.count())
    .select_from(DEADLINES.join(CASES, CASES.c.id == DEADLINES.c.case_id))
    .where(DEADLINES.c.next_rung_at <= bindparam("at"), CASES.c.process == bindparam("process"))
    .where(CASES.c.closed_at.is_(None)),
    "at",
    "process",
)
_GATHERED: Final = Prepared(
    _ringing(DEADLINES.c.gathered.is_(True), CASES.c.parent_id == bindparam("whole")), "at", "whole", "most"
)
_WHOLES: Final = Prepared(
    select(CASES.c.parent_id)
    .join(DEADLINES, DEADLINES.c.case_id == CASES.c.id)
    .where(DEADLINES.c.next_rung_at <= bindparam("at"), DEADLINES.c.gathered.is_(True), CASES.c.parent_id.is_not(None))
    .group_by(CASES.c.parent_id)
    .order_by(CASES.c.parent_id),
    "at",
)
_LOCK_WHOLE: Final = Prepared(
    select(*(CASES.c[name] for name in (*Standing._fields, "process", "subject")))
    .where(CASES.c.id == bindparam("of"))
    .with_for_update(skip_locked=True),
    "of",
)
_CLAIM: Final = Prepared(insert(RUNGS), "deadline_id", "rung", "fired_at")
_NEXT_RUNG: Final = Prepared(
    update(DEADLINES).where(DEADLINES.c.id == bindparam("of")).values(next_rung_at=bindparam("next")), "next", "of"
)
_MOVED: Final = (
    func.unnest(bindparam("next", type_=ARRAY(DateTime(timezone=True))), bindparam("of", type_=ARRAY(Integer)))
    .table_valued("next", "of")
    .render_derived()
)
_NEXT_RUNGS: Final = Prepared(
    update(DEADLINES).where(DEADLINES.c.id == _MOVED.c.of).values(next_rung_at=_MOVED.c.next), "next", "of"
)
"""Many at once, on PostgreSQL."""


def ringing(
    tx: Transaction, at: datetime, most: int = BATCH, whole: int | None = None, process: str = ""
) -> list[Ringing]:
    """Return the clocks one of whose rungs is due, the longest due first, and lock them with their cases.

    Args:
        tx: the transaction that fires them.
        at: the moment.
        most: how many at once.
        whole: the whole case whose members' gathered clocks are meant; without it, every clock that is not gathered.
        process: only open cases of this process.
    """
    last = len(Standing._fields)
    found = []
    given: tuple[Any, ...] = (_RINGING, stamp(at), most)
    if whole is not None:
        given = (_GATHERED, stamp(at), whole, most)
    elif process:
        given = (_OF_PROCESS, stamp(at), process, most)
    for row in tx.run(*given).fetchall():
        process, subject, number, name, turn, clock, budget, anchor, pauses, ends, *rest = row[last:]
        office, lagging, unit_role, rungs, cited, escalation = rest
        found.append(
            Ringing(
                Standing._make(row[:last]),
                process,
                subject,
                number,
                name,
                turn,
                Clock(clock),
                budget,
                moment(anchor),
                _listed(pauses),
                moment(ends) if ends else None,
                office,
                _listed(lagging),
                unit_role,
                _listed(rungs),
                cited,
                _by_rung(escalation),
            )
        )
    return found


@lru_cache(maxsize=512)
def _listed(text: str) -> tuple[Any, ...]:
    """Read a stored list; most clocks share a few."""
    return tuple(json.loads(text))


@lru_cache(maxsize=512)
def _by_rung(text: str) -> Mapping[str, Sequence[str]]:
    """Read the stored roles of each rung; whoever gets it changes nothing in it."""
    found: dict[str, list[str]] = json.loads(text)
    return found


def moment(stored: str | datetime) -> datetime:
    """Return an instant as it comes from the driver: text on SQLite, aware already on PostgreSQL."""
    return datetime.fromisoformat(stored) if isinstance(stored, str) else stored


def fire_rungs(limit: int = 10_000) -> int:
    """Fire every rung that is due: claim it by its unique row, remind who owes, look for the next; return how many."""
    at, fired = now(), 0
    while fired < limit:
        with transaction() as tx:
            rows = ringing(tx, at)
            if not rows:
                break
            fired += _fire(tx, rows, at, Reminders(tx, at).of)
    with looking() as tx:
        wholes = [row[0] for row in tx.run(_WHOLES, stamp(at)).fetchall()]
    return fired + sum(_fire_gathered(whole, at) for whole in wholes)


def fire_rungs_of(process: str, limit: int = 1_000) -> int:
    """Fire the rungs of one process's open cases that are due, before whatever else is; return how many."""
    at, fired = now(), 0
    while fired < limit:
        with looking() as tx:  # most looks find nothing, and take no writer's turn
            if not tx.run(_DUE_OF_PROCESS, stamp(at), process).fetchone()[0]:
                break
        with transaction() as tx:
            rows = ringing(tx, at, process=process)
            if not rows:
                break
            fired += _fire(tx, rows, at, Reminders(tx, at).of)
    return fired


def _fire_gathered(whole: int, at: datetime) -> int:
    """Fire the rungs of a whole case's members in one transaction, so that each is told once of all of them.

    The whole is locked first, as a set step locks it; one that is at work now is left to the next sweep.
    """
    with transaction() as tx:
        row = tx.run(_LOCK_WHOLE, whole).fetchone()
        rows = ringing(tx, at, GATHERED, whole) if row else []
        if not rows:
            return 0
        gathering = Gathering(Reminders(tx, at))
        fired = _fire(tx, rows, at, gathering.of)
        *whole_case, process, subject = row
        gathering.tell(tx, Standing._make(whole_case), process, subject, at)
        return fired


def _fire(
    tx: Transaction, rows: Sequence[Ringing], at: datetime, told_of: Callable[[Ringing, str], Sequence[Telling]]
) -> int:
    days, written = calendar(), stamp(at)
    claims: list[tuple[int, str, str]] = []
    moves: list[tuple[str | None, int]] = []
    cases: dict[int, Standing] = {}
    pages: dict[tuple[str, int], Page] = {}
    before: dict[int, set[str]] = {}
    for rung in tx.core.execute(select(RUNGS).where(RUNGS.c.deadline_id.in_([row.id for row in rows]))):
        before.setdefault(rung.deadline_id, set()).add(rung.rung)
    for row in rows:
        terms = terms_of(row)
        times = rung_times(terms, due(terms, days), row.rungs, days)
        known = before.get(row.id, set())
        ready = sorted((when, name) for name, when in times.items() if when <= at and name not in known)
        for _, name in ready:
            claims.append((row.id, name, written))
            key = f"rung-{row.name}-{name}", row.turn
            if key not in pages:
                pages[key] = Page(tx, *key, SYSTEM, at)
            # two clocks of one case may ring in one batch: the second line continues the first
            case = cases.get(row.case.id, row.case)
            outcome = {"rung": name, "due": row.due_at}
            told = told_of(row, name)
            cases[case.id] = pages[key].add(case, None, outcome, row.rule, told, substance=False)
        known = known | {name for _, name in ready}
        left = min((when for name, when in times.items() if name not in known), default=None)
        moves.append((stamp(left) if left else None, row.id))
    write_pages(tx, pages.values())
    tx.insert_many(_CLAIM, claims)
    if tx.dialect == "sqlite" or len(moves) == 1:
        tx.run_many(_NEXT_RUNG, moves)
    else:
        tx.run(_NEXT_RUNGS, *map(list, zip(*moves, strict=True)))
    return len(claims)


class Reminders:
    """Whom rungs remind at one moment: who holds a role is looked up once for the whole batch."""

    def __init__(self, tx: Transaction, at: datetime) -> None:
        self._tx, self._day = tx, local_day(at)
        self._known: dict[tuple[str, bool], list[tuple[str, str]]] = {}

    def of(self, row: Ringing, rung: str) -> list[Telling]:
        """Return the notices of one rung: to who owes, and to each unit that lags with its number."""
        duty = say(f"duty_{row.process}.{row.name.split('.')[0]}")
        facts: dict[str, Any] = {"subject": row.subject, "duty": duty, "due": shown(row.due_at) if row.due_at else ""}
        kind, _, percent = rung.partition(":")
        if kind == "share":
            facts["percent"] = percent
        template, drill = f"notice_kernel.rung_{kind}", bool(row.case.drill)
        owing = self.whom(row.office, drill=drill) if row.office else []
        told = [Telling(who, channel, template, facts) for who, channel in owing]
        if above := row.escalation.get(rung):
            up = facts | {"office": office(row.office).title if row.office else row.case.number}
            more = dict.fromkeys(pair for role in above for pair in self.whom(role, drill=drill) if pair not in owing)
            told += [Telling(who, channel, f"{template}_up", up) for who, channel in more]
        if row.lagging:
            for unit, members in lag_by_unit(self._tx, row.case.id, row.lagging).items():
                late = facts | {"members": members}
                for who, channel in self.whom(f"{row.unit_role}:{unit}", drill=drill):
                    told.append(Telling(who, channel, f"{template}_lag", late))
        return told

    def whom(self, role: str, *, drill: bool) -> list[tuple[str, str]]:
        """Return (recipient, channel) of everybody who holds a role."""
        if (role, drill) not in self._known:
            self._known[role, drill] = recipients(self._tx, [role], self._day, drill=drill)
        return self._known[role, drill]


class Gathering:
    """The rungs of many members that ring together: each office and each role above it is told once of all of them."""

    def __init__(self, book: Reminders) -> None:
        self._book = book
        self._rung: dict[tuple[str, str], list[Ringing]] = {}

    def of(self, row: Ringing, rung: str) -> Sequence[Telling]:
        """Gather one member's rung; it tells nobody by itself."""
        self._rung.setdefault((row.name, rung), []).append(row)
        return ()

    def tell(self, tx: Transaction, whole: Standing, process: str, subject: str, at: datetime) -> None:
        """Write one line a clock and rung in the whole case's journal, with the notices of everybody it concerns."""
        case, pages = whole, []
        for (name, rung), rows in self._rung.items():
            # a whole's members ring day after day: the line's own number tells its turns apart
            page = Page(tx, f"rung-{name}-{rung}", case.seq + 1, SYSTEM, at)
            facts = {"subject": subject, "duty": say(f"duty_{process}.{name.split('.')[0]}")}
            told = [*self._told(rows, rung, facts, drill=bool(whole.drill))]
            outcome = {"rung": rung, "members": len(rows)}
            case = page.add(case, None, outcome, rows[0].rule, told, substance=False)
            pages.append(page)
        write_pages(tx, pages)

    def _told(self, rows: Sequence[Ringing], rung: str, facts: dict[str, Any], *, drill: bool) -> Iterator[Telling]:
        template = f"notice_kernel.rung_{rung.partition(':')[0]}_gathered"
        reached: dict[tuple[str, str, str], dict[int, Ringing]] = {}
        for row in rows:
            roles = [(row.office, template)] if row.office else []
            for role, text in (*roles, *((role, f"{template}_up") for role in row.escalation.get(rung, ()))):
                for who, channel in self._book.whom(role, drill=drill):
                    reached.setdefault((who, channel, text), {})[row.id] = row
        for (who, channel, text), mine in reached.items():
            offices = Counter(row.office for row in mine.values() if row.office)
            named = [
                say("kernel.office_count", office=office(role).title, members=n) for role, n in sorted(offices.items())
            ]
            more = {"members": len(mine), "due": shown(min(row.due_at for row in mine.values() if row.due_at))}
            yield Telling(who, channel, text, facts | more | {"offices": "、".join(named)})


def shown(due_at: datetime) -> str:
    """Return a moment as a notice prints it."""
    return due_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def lag_by_unit(tx: Transaction, case_id: int, statuses: Sequence[str]) -> dict[str, int]:
    """Return how many members of each unit still stand at one of the statuses."""
    found: dict[str, int] = {}
    rows = tx.core.execute(select(CASES.c.unit).where(CASES.c.parent_id == case_id, CASES.c.status.in_(statuses)))
    for row in rows:
        found[row.unit] = found.get(row.unit, 0) + 1
    return dict(sorted(found.items()))
