"""Legal clocks on cases: started, paused, resumed and met in the journal; reminder rungs that fire once each."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, insert, or_, select, update

from config.calendar import Calendar, calendar
from models.case import Deadline, Rung
from models.deadline import Clock, DeadlineTerms, Due, due, rung_times
from tasks.clock import local_day, now
from tasks.journal import CASES, FIND_ENTRY, Page, lock, write_entry, write_pages
from tasks.notify import tellings
from tasks.step import SYSTEM, Dossier
from tasks.store import reading, table, transaction

DEADLINES: Final = table(Deadline)
RUNGS: Final = table(Rung)
USUAL_RUNGS: Final = ("half", "last_day", "breach")
LADDER: Final = ("half", "last_working_day", "breach")
"""Half time, the morning of the last working day, too late."""
NOBODY: Final[Mapping[str, Sequence[str]]] = MappingProxyType({})
BATCH: Final = 500
OCCASIONS: Final = 1000
"""The pauses of a clock are told apart within a turn of the story: turn × 1000 + occasion."""


class Owed(NamedTuple):
    """What is owed on a clock: by whom, under which rule, with which reminders.

    `escalation` names by rung the roles that are told besides the office (`{"breach": ["head:science_bureau"]}`).
    `gathered` is for a clock on a member: its rungs stand in the member's journal, but remind once for all the members
    of the whole case that ring together, with their number.
    """

    name: str
    clock: Clock
    budget: int = 0
    anchor: datetime | None = None
    office: str = ""
    rule: str = ""
    rungs: Sequence[str] = USUAL_RUNGS
    lagging: Sequence[str] = ()
    unit_role: str = ""
    escalation: Mapping[str, Sequence[str]] = NOBODY
    gathered: bool = False


def escalation_of(owed: Owed) -> dict[str, list[str]]:
    """Return the roles that each rung tells besides the office, as they are stored."""
    return {rung: list(roles) for rung, roles in owed.escalation.items()}


def terms_of(row: Any) -> DeadlineTerms:
    """Return the terms that a stored deadline follows from."""
    return DeadlineTerms.under_rules(Clock(row.clock), row.anchor_at, row.budget, row.pauses)


def next_rung(
    terms: DeadlineTerms, ends: Due, names: Iterable[str], fired: Iterable[str], days: Calendar
) -> datetime | None:
    """Return when the next rung is due that has not fired, or None where no rung is left."""
    times = rung_times(terms, ends, names, days)
    return min((at for name, at in times.items() if name not in set(fired)), default=None)


def start_clock(dossier: Dossier, owed: Owed) -> datetime:
    """Start a clock on a case, once a turn; return when it ended at its start, before any pause or new notice."""
    step = f"clock-{owed.name}"
    if (step, dossier.turn) in dossier.journal:
        return datetime.fromisoformat(dossier.journal[step, dossier.turn]["due"])
    return start_clocks(dossier, (owed,))[owed.name]


def start_clocks(dossier: Dossier, owing: Sequence[Owed]) -> dict[str, datetime]:
    """Start several clocks on a case at once, each once a turn; return by name when each ended at its start."""
    at, days = now(), calendar()
    ends: dict[str, datetime] = {}
    rows: list[dict[str, Any]] = []
    pages: list[Page] = []
    with transaction() as tx:
        case = lock(tx, dossier.id)
        mine = (DEADLINES.c.case_id == dossier.id) & (DEADLINES.c.turn == dossier.turn)
        found = select(DEADLINES.c.name, DEADLINES.c.due_at).where(
            mine, DEADLINES.c.name.in_([one.name for one in owing])
        )
        known = {row.name: datetime.fromisoformat(str(row.due_at)) for row in tx.core.execute(found)}
        for owed in owing:
            if owed.name in known:
                ends[owed.name] = known[owed.name]
                continue
            terms = DeadlineTerms.under_rules(owed.clock, owed.anchor or at, owed.budget)
            row, outcome = _started(dossier, owed, terms, due(terms, days), days)
            rows.append(row)
            page = Page(tx, f"clock-{owed.name}", dossier.turn, SYSTEM, at)
            case = page.add(case, None, outcome, owed.rule, substance=False)
            pages.append(page)
            ends[owed.name] = outcome["due"]
        if rows:
            tx.core.execute(insert(DEADLINES), rows)
            write_pages(tx, pages)
    dossier.journal.update(
        {(f"clock-{row['name']}", dossier.turn): {"due": ends[row["name"]].isoformat()} for row in rows}
    )
    return ends


def _started(
    dossier: Dossier, owed: Owed, terms: DeadlineTerms, ends: Due, days: Calendar
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the row of a clock as it starts, and what the journal says of it."""
    row = {
        "case_id": dossier.id,
        "name": owed.name,
        "turn": dossier.turn,
        "clock": owed.clock,
        "budget": owed.budget,
        "anchor_at": terms.anchor,
        "pauses": [],
        "due_at": ends.due_at,
        "provisional": ends.provisional,
        "calendar_version": ends.calendar_version,
        "office": owed.office,
        "lagging": list(owed.lagging),
        "unit_role": owed.unit_role,
        "rungs": list(owed.rungs),
        "escalation": escalation_of(owed),
        "gathered": owed.gathered,
        "next_rung_at": next_rung(terms, ends, owed.rungs, (), days),
        "rule": owed.rule,
    }
    outcome = {
        "clock": owed.clock,
        "budget": owed.budget,
        "anchor": terms.anchor,
        "provisional": ends.provisional,
        "calendar": ends.calendar_version,
        "due": ends.due_at or terms.anchor,  # a clock that was never paused has an end
    }
    return row, outcome


def _change(
    dossier: Dossier, name: str, verb: str, occasion: int, pauses: Callable[[list[list[str]]], list[list[str]]]
) -> None:
    """Note a change of a clock in the journal, once an occasion, and derive its end anew."""
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
            .values(
                pauses=spans,
                due_at=ends.due_at,
                provisional=ends.provisional,
                calendar_version=ends.calendar_version,
                next_rung_at=next_rung(terms, ends, row.rungs, fired, days),
            )
        )
        write_entry(
            tx,
            case,
            step,
            turn,
            actor=SYSTEM,
            at=at,
            substance=False,
            outcome={"pauses": spans, "due": ends.due_at},
            rule=row.rule,
        )
        tx.after_commit(lambda: dossier.journal.update({(step, turn): {"pauses": spans}}))


def pause_clock(dossier: Dossier, name: str, occasion: int = 1) -> None:
    """Stop a clock while somebody else owes something; pausing twice is pausing once.

    Args:
        dossier: the case.
        name: the clock.
        occasion: which of this clock's pauses it is, counted along the story's path.
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


def outdated(days: Calendar) -> ColumnElement[bool]:
    """Return what is true of an open clock that rests on another version of the calendar."""
    open_now = DEADLINES.c.met_at.is_(None) & DEADLINES.c.superseded_at.is_(None)
    return open_now & (DEADLINES.c.calendar_version != days.version)


def recompute() -> list[str]:
    """Derive anew every open clock that rests on another version of the calendar; return the cases whose end moved.

    Members' gathered clocks are recomputed together (`tasks.deadline_set`).
    """
    days, at, moved = calendar(), now(), []
    with reading() as connection:
        stale = connection.execute(
            select(DEADLINES.c.id, DEADLINES.c.case_id)
            .join(CASES, CASES.c.id == DEADLINES.c.case_id)
            .where(outdated(days), or_(DEADLINES.c.gathered.is_(False), CASES.c.parent_id.is_(None)))
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
                .values(
                    due_at=ends.due_at,
                    provisional=ends.provisional,
                    calendar_version=ends.calendar_version,
                    next_rung_at=next_rung(terms, ends, row.rungs, fired, days),
                )
            )
            elsewhere = ends.due_at != row.due_at
            if elsewhere or ends.provisional != row.provisional:
                told = tellings(
                    tx,
                    [row.office] if row.office and elsewhere else [],
                    "notice_kernel.moved",
                    {"was": str(local_day(row.due_at)) if row.due_at else "", "now": str(ends.day or "")},
                    at,
                    drill=case.drill,
                )
                # a calendar may be taken back and loaded again: the line's own number tells its turns apart
                write_entry(
                    tx,
                    case,
                    f"clock-{row.name}-moved-{days.version[:12]}",
                    case.seq + 1,
                    actor=SYSTEM,
                    at=at,
                    outcome={"was": row.due_at, "due": ends.due_at, "provisional": ends.provisional},
                    rule=row.rule,
                    tellings=told,
                    substance=False,
                )
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
