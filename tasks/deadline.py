"""Legal clocks on cases: started, paused, resumed and met in the journal; reminder rungs that fire once each."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, insert, literal_column, select, update

from config.calendar import Calendar, calendar
from config.messages import say
from config.zone import SHANGHAI
from models.case import Deadline, Rung
from models.column import stamp
from models.deadline import Clock, DeadlineTerms, Due, due, rung_times
from tasks.clock import local_day, now
from tasks.journal import CASES, FIND_ENTRY, Page, Standing, Telling, lock, write_entry, write_pages
from tasks.notify import recipients, tellings
from tasks.step import SYSTEM, Dossier
from tasks.store import Prepared, Transaction, reading, table, transaction

DEADLINES: Final = table(Deadline)
RUNGS: Final = table(Rung)
USUAL_RUNGS: Final = ("half", "last_day", "breach")
BATCH: Final = 500
OCCASIONS: Final = 1000
"""The pauses of a clock are told apart within a turn of the story: turn × 1000 + occasion."""


class Owed(NamedTuple):
    """What is owed on a clock: by whom, under which rule, with which reminders."""

    name: str
    clock: Clock
    budget: int = 0
    anchor: datetime | None = None
    office: str = ""
    rule: str = ""
    rungs: Sequence[str] = USUAL_RUNGS
    lagging: Sequence[str] = ()
    unit_role: str = ""


def terms_of(row: Any) -> DeadlineTerms:
    """Return the terms that a stored deadline follows from."""
    return DeadlineTerms.under_rules(Clock(row.clock), row.anchor_at, row.budget, row.pauses)


def _next_rung(
    terms: DeadlineTerms, ends: Due, names: Iterable[str], fired: Iterable[str], days: Calendar
) -> datetime | None:
    times = rung_times(terms, ends, names, days)
    return min((at for name, at in times.items() if name not in set(fired)), default=None)


def start_clock(dossier: Dossier, owed: Owed) -> datetime:
    """Start a clock on a case, once a turn; return when it ended at its start, before any pause or new notice."""
    step = f"clock-{owed.name}"
    if (step, dossier.turn) in dossier.journal:
        return datetime.fromisoformat(dossier.journal[step, dossier.turn]["due"])
    at, days = now(), calendar()
    terms = DeadlineTerms.under_rules(owed.clock, owed.anchor or at, owed.budget)
    ends = due(terms, days)
    due_at = ends.due_at or terms.anchor  # a clock that was never paused has an end
    outcome = {"clock": owed.clock, "budget": owed.budget, "anchor": terms.anchor, "provisional": ends.provisional,
               "calendar": ends.calendar_version, "due": due_at}  # fmt: skip
    with transaction() as tx:
        case = lock(tx, dossier.id)
        found = select(DEADLINES.c.due_at).where(
            DEADLINES.c.case_id == dossier.id, DEADLINES.c.name == owed.name, DEADLINES.c.turn == dossier.turn
        )
        if (row := tx.core.execute(found).first()) is not None:
            return datetime.fromisoformat(str(row.due_at))
        tx.core.execute(
            insert(DEADLINES).values(
                case_id=dossier.id, name=owed.name, turn=dossier.turn, clock=owed.clock, budget=owed.budget,
                anchor_at=terms.anchor, pauses=[], due_at=ends.due_at, provisional=ends.provisional,
                calendar_version=ends.calendar_version, office=owed.office, lagging=list(owed.lagging),
                unit_role=owed.unit_role, rungs=list(owed.rungs),
                next_rung_at=_next_rung(terms, ends, owed.rungs, (), days), rule=owed.rule,
            )
        )  # fmt: skip
        write_entry(tx, case, step, dossier.turn, actor=SYSTEM, at=at, outcome=outcome, rule=owed.rule, substance=False)
    dossier.journal[step, dossier.turn] = {"due": due_at.isoformat()}
    return due_at


def _change(
    dossier: Dossier, name: str, verb: str, occasion: int, pauses: Callable[[list[list[str]]], list[list[str]]]
) -> None:
    """Note a change of a clock in the journal, once an occasion however often the story is replayed; derive its end anew."""
    step, turn = f"clock-{name}-{verb}", dossier.turn * OCCASIONS + occasion
    if (step, turn) in dossier.journal:
        return
    days, at = calendar(), now()
    with transaction() as tx:
        case = lock(tx, dossier.id)
        if tx.run(FIND_ENTRY, dossier.id, step, turn).fetchone():
            return
        this = (DEADLINES.c.case_id == dossier.id) & (DEADLINES.c.name == name) & (DEADLINES.c.turn == dossier.turn)
        row = tx.core.execute(select(DEADLINES).where(this)).one()
        spans = pauses(list(row.pauses))
        terms = DeadlineTerms.under_rules(Clock(row.clock), row.anchor_at, row.budget, spans)
        ends = due(terms, days)
        fired = tx.core.execute(select(RUNGS.c.rung).where(RUNGS.c.deadline_id == row.id)).scalars().all()
        tx.core.execute(
            update(DEADLINES)
            .where(this)
            .values(pauses=spans, due_at=ends.due_at, provisional=ends.provisional, calendar_version=ends.calendar_version,
                    next_rung_at=_next_rung(terms, ends, row.rungs, fired, days))
        )  # fmt: skip
        write_entry(tx, case, step, turn, actor=SYSTEM, at=at, substance=False,
                    outcome={"pauses": spans, "due": ends.due_at}, rule=row.rule)  # fmt: skip
        tx.after_commit(lambda: dossier.journal.update({(step, turn): {"pauses": spans}}))


def pause_clock(dossier: Dossier, name: str, occasion: int = 1) -> None:
    """Stop a clock while somebody else owes something; pausing twice is pausing once.

    Args:
        dossier: the case.
        name: the clock.
        occasion: which of this clock's pauses it is, counted along the story's path, so that a replay pauses nothing anew.
    """
    at = now()

    def begin(spans: list[list[str]]) -> list[list[str]]:
        return spans if spans and not spans[-1][1] else [*spans, [at.isoformat(), ""]]

    _change(dossier, name, "paused", occasion, begin)


def resume_clock(dossier: Dossier, name: str, occasion: int = 1) -> None:
    """Let a paused clock run again with what is left of its budget; the occasion is that of its pause."""
    at = now()

    def end(spans: list[list[str]]) -> list[list[str]]:
        return [*spans[:-1], [spans[-1][0], at.isoformat()]] if spans and not spans[-1][1] else spans

    _change(dossier, name, "resumed", occasion, end)


def meet_clock(dossier: Dossier, name: str) -> None:
    """Note that what was owed has been done; late is kept as late."""
    step = f"clock-{name}-met"
    if (step, dossier.turn) in dossier.journal:
        return
    at = now()
    with transaction() as tx:
        case = lock(tx, dossier.id)
        if tx.run(FIND_ENTRY, dossier.id, step, dossier.turn).fetchone():  # another run of the same case was faster
            return
        this = (DEADLINES.c.case_id == dossier.id) & (DEADLINES.c.name == name) & (DEADLINES.c.turn == dossier.turn)
        row = tx.core.execute(select(DEADLINES).where(this)).one()
        late = row.due_at is not None and at > row.due_at
        tx.core.execute(update(DEADLINES).where(this).values(met_at=at, next_rung_at=None))
        write_entry(
            tx, case, step, dossier.turn, actor=SYSTEM, at=at, outcome={"late": late}, rule=row.rule, substance=False
        )
    dossier.journal[step, dossier.turn] = {"late": late}


class Ringing(NamedTuple):
    """A clock one of whose rungs is due, with its case, which is locked."""

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


_OF_CLOCK: Final = ("id", "name", "turn", "clock", "budget", "anchor_at", "pauses", "due_at", "office", "lagging", "unit_role",
                    "rungs", "rule")  # fmt: skip
_RINGING: Final = Prepared(
    select(
        *(CASES.c[name] for name in (*Standing._fields, "process", "subject")),
        *(DEADLINES.c[name] for name in _OF_CLOCK),
    )
    .join(CASES, CASES.c.id == DEADLINES.c.case_id)
    .where(DEADLINES.c.next_rung_at <= bindparam("at"))
    .order_by(DEADLINES.c.next_rung_at)
    .limit(bindparam("most"))
    .offset(literal_column("0"))  # SQLite would bind a zero of its own
    .with_for_update(of=[CASES, DEADLINES], skip_locked=True),  # never waits, so it cannot deadlock with a step
    "at",
    "most",
)
_CLAIM: Final = Prepared(insert(RUNGS), "deadline_id", "rung", "fired_at")
_NEXT_RUNG: Final = Prepared(
    update(DEADLINES).where(DEADLINES.c.id == bindparam("of")).values(next_rung_at=bindparam("next")), "next", "of"
)


def ringing(tx: Transaction, at: datetime, most: int = BATCH) -> list[Ringing]:
    """Return the clocks one of whose rungs is due, the longest due first, and lock them with their cases."""
    last = len(Standing._fields)
    found = []
    for row in tx.run(_RINGING, stamp(at), most).fetchall():
        process, subject, number, name, turn, clock, budget, anchor, pauses, ends, *rest = row[last:]
        office, lagging, unit_role, rungs, cited = rest
        found.append(
            Ringing(Standing._make(row[:last]), process, subject, number, name, turn, Clock(clock), budget, moment(anchor),
                    _listed(pauses), moment(ends) if ends else None, office, _listed(lagging), unit_role,
                    _listed(rungs), cited)
        )  # fmt: skip
    return found


@lru_cache(maxsize=512)
def _listed(text: str) -> tuple[Any, ...]:
    """Read a stored list; most clocks share a few."""
    return tuple(json.loads(text))


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
                return fired
            fired += _fire(tx, rows, at)
    return fired


def _fire(tx: Transaction, rows: Sequence[Ringing], at: datetime) -> int:
    days, book, written = calendar(), Reminders(tx, at), stamp(at)
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
            told = book.of(row, name)
            cases[case.id] = pages[key].add(case, None, outcome, row.rule, told, substance=False)
        known = known | {name for _, name in ready}
        left = min((when for name, when in times.items() if name not in known), default=None)
        moves.append((stamp(left) if left else None, row.id))
    write_pages(tx, pages.values())
    tx.insert_many(_CLAIM, claims)
    tx.run_many(_NEXT_RUNG, moves)
    return len(claims)


class Reminders:
    """Whom rungs remind at one moment: who holds a role is looked up once for the whole batch."""

    def __init__(self, tx: Transaction, at: datetime) -> None:
        self._tx, self._day = tx, local_day(at)
        self._known: dict[tuple[str, bool], list[tuple[str, str]]] = {}

    def of(self, row: Ringing, rung: str) -> list[Telling]:
        """Return the notices of one rung: to who owes, and to each unit that lags with its number."""
        shown = row.due_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if row.due_at else ""
        duty = say(f"duty_{row.process}.{row.name.split('.')[0]}")
        facts: dict[str, Any] = {"subject": row.subject, "duty": duty, "due": shown}
        template, drill = f"notice_kernel.rung_{rung.partition(':')[0]}", bool(row.case.drill)
        owing = self._whom(row.office, drill) if row.office else []
        told = [Telling(who, channel, template, facts) for who, channel in owing]
        if row.lagging:
            for unit, members in lag_by_unit(self._tx, row.case.id, row.lagging).items():
                late = facts | {"members": members}
                for who, channel in self._whom(f"{row.unit_role}:{unit}", drill):
                    told.append(Telling(who, channel, f"{template}_lag", late))
        return told

    def _whom(self, role: str, drill: bool) -> list[tuple[str, str]]:
        if (role, drill) not in self._known:
            self._known[role, drill] = recipients(self._tx, [role], self._day, drill=drill)
        return self._known[role, drill]


def lag_by_unit(tx: Transaction, case_id: int, statuses: Sequence[str]) -> dict[str, int]:
    """Return how many members of each unit still stand at one of the statuses."""
    found: dict[str, int] = {}
    rows = tx.core.execute(select(CASES.c.unit).where(CASES.c.parent_id == case_id, CASES.c.status.in_(statuses)))
    for row in rows:
        found[row.unit] = found.get(row.unit, 0) + 1
    return dict(sorted(found.items()))


def recompute() -> list[str]:
    """Derive anew every open clock that rests on another version of the calendar; return the cases whose end moved."""
    days, at, moved = calendar(), now(), []
    with reading() as connection:
        stale = connection.execute(
            select(DEADLINES.c.id, DEADLINES.c.case_id)
            .where(
                DEADLINES.c.met_at.is_(None),
                DEADLINES.c.superseded_at.is_(None),
                DEADLINES.c.calendar_version != days.version,
            )
            .order_by(DEADLINES.c.id)
        ).all()
    for one in stale:
        with transaction() as tx:
            case = lock(tx, one.case_id)
            row = tx.core.execute(select(DEADLINES).where(DEADLINES.c.id == one.id)).one()
            if row.met_at or row.calendar_version == days.version:  # another sweep was faster
                continue
            terms = terms_of(row)
            ends = due(terms, days)
            fired = tx.core.execute(select(RUNGS.c.rung).where(RUNGS.c.deadline_id == row.id)).scalars().all()
            tx.core.execute(
                update(DEADLINES)
                .where(DEADLINES.c.id == one.id)
                .values(due_at=ends.due_at, provisional=ends.provisional, calendar_version=ends.calendar_version,
                        next_rung_at=_next_rung(terms, ends, row.rungs, fired, days))
            )  # fmt: skip
            elsewhere = ends.due_at != row.due_at
            if elsewhere or ends.provisional != row.provisional:
                told = tellings(tx, [row.office] if row.office and elsewhere else [], "notice_kernel.moved",
                                {"was": str(local_day(row.due_at)) if row.due_at else "", "now": str(ends.day or "")}, at, drill=case.drill)  # fmt: skip
                # a calendar may be taken back and loaded again: the line's own number tells its turns apart
                write_entry(tx, case, f"clock-{row.name}-moved-{days.version[:12]}", case.seq + 1, actor=SYSTEM, at=at,
                            outcome={"was": row.due_at, "due": ends.due_at, "provisional": ends.provisional}, rule=row.rule,
                            tellings=told, substance=False)  # fmt: skip
            if elsewhere:
                moved.append(case.number)
    return moved


def open_clocks(case_id: int | None = None) -> Iterator[Any]:
    """Yield the running and paused clocks, the next to end first."""
    chosen = (
        select(DEADLINES, CASES.c.number, CASES.c.process)
        .join(CASES, CASES.c.id == DEADLINES.c.case_id)
        .where(DEADLINES.c.met_at.is_(None), DEADLINES.c.superseded_at.is_(None))
        .order_by(DEADLINES.c.due_at)
    )
    with reading() as connection:
        yield from connection.execute(chosen.where(DEADLINES.c.case_id == case_id) if case_id else chosen).all()
