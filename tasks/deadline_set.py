"""Legal clocks on many members at once, in the transaction of the set step that moves them.

They write no lines of their own: the set step names in its outcome what started, stopped or was met. Only what nobody
did, an end that a new calendar moves, has its line in each member's journal.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, insert, select, update

from config.calendar import Calendar, calendar
from config.messages import say
from config.zone import SHANGHAI
from models.column import canonical, stamp
from models.deadline import Clock, DeadlineTerms, Due, due, practice_on
from tasks.clock import local_day, now
from tasks.deadline import DEADLINES, RUNGS, Owed, escalation_of, next_rung, outdated
from tasks.journal import CASES, Page, Standing, Telling, lock, write_pages
from tasks.notify import recipients
from tasks.step import SYSTEM
from tasks.store import Prepared, Transaction, reading, transaction

_FIELDS: Final = (
    *("case_id", "name", "turn", "clock", "budget", "anchor_at", "pauses", "due_at", "provisional"),
    *("calendar_version", "office", "lagging", "unit_role", "rungs", "escalation", "gathered", "next_rung_at", "rule"),
)
_INSERT: Final = Prepared(insert(DEADLINES), *_FIELDS)
_MOVED: Final = ("pauses", "due_at", "provisional", "calendar_version", "next_rung_at")
_MOVE: Final = Prepared(
    update(DEADLINES).where(DEADLINES.c.id == bindparam("of")).values({name: bindparam(name) for name in _MOVED}),
    *("pauses", "due_at", "provisional", "calendar_version", "next_rung_at", "of"),
)


class _Ends(NamedTuple):
    """Where a clock ends, and when it first reminds."""

    due: Due
    due_at: datetime
    rung_at: datetime | None


def _as_one(owed: Owed, anchor: datetime) -> tuple[date, bool, bool] | datetime:
    """Return what clocks that end and remind together have in common: working days see the day, and its hours."""
    if owed.clock is not Clock.WORKING_DAYS:
        return anchor
    local = anchor.astimezone(SHANGHAI)
    practice = practice_on(local.date())
    return local.date(), local.time() <= practice.close, local.time() < practice.remind


def start_clocks(
    tx: Transaction, owed: Owed, turn_of: Mapping[int, int], anchors: Mapping[int, datetime]
) -> dict[int, datetime]:
    """Start one kind of clock on many cases; return when each ends, by case id; one that runs already keeps its end.

    Args:
        tx: the transaction of the set step.
        owed: what is owed; its own anchor does not count here.
        turn_of: the turn of each case's clock, by case id: a clock is started once a turn.
        anchors: the event that each clock begins with, by case id; its day does not count.
    """
    days = calendar()
    running = _running(tx, owed.name, turn_of)
    same = (list(owed.lagging), owed.unit_role, list(owed.rungs), escalation_of(owed))
    lagging, unit_role, rungs, escalation = (one if isinstance(one, str) else canonical(one) for one in same)
    known: dict[Any, _Ends] = {}
    rows: list[tuple[Any, ...]] = []
    ends_at: dict[int, datetime] = {}
    for case_id, turn in sorted(turn_of.items()):
        if case_id in running:
            ends_at[case_id] = running[case_id]
            continue
        anchor = anchors[case_id]
        key = _as_one(owed, anchor)
        if key not in known:
            known[key] = _ends(owed, anchor, days)
        ends = known[key]
        ends_at[case_id] = ends.due_at
        rung = ends.rung_at and stamp(ends.rung_at)
        clock = (owed.clock.value, owed.budget, stamp(anchor), "[]", stamp(ends.due_at), ends.due.provisional)
        kept = (ends.due.calendar_version, owed.office, lagging, unit_role, rungs, escalation, owed.gathered)
        rows.append((case_id, owed.name, turn, *clock, *kept, rung, owed.rule))
    tx.insert_many(_INSERT, rows)
    return ends_at


def _ends(owed: Owed, anchor: datetime, days: Calendar) -> _Ends:
    terms = DeadlineTerms.under_rules(owed.clock, anchor, owed.budget)
    ends = due(terms, days)
    return _Ends(ends, ends.due_at or anchor, next_rung(terms, ends, owed.rungs, (), days))


def _running(tx: Transaction, name: str, turn_of: Mapping[int, int]) -> dict[int, datetime]:
    chosen = select(DEADLINES.c.case_id, DEADLINES.c.turn, DEADLINES.c.due_at, DEADLINES.c.anchor_at).where(
        DEADLINES.c.case_id.in_(list(turn_of)), DEADLINES.c.name == name
    )
    return {
        row.case_id: row.due_at or row.anchor_at for row in tx.core.execute(chosen) if row.turn == turn_of[row.case_id]
    }


def _open(tx: Transaction, name: str, case_ids: Collection[int]) -> Sequence[Any]:
    """Return the clocks of this name that still run, or are paused, on these cases."""
    chosen = (
        select(DEADLINES)
        .where(DEADLINES.c.case_id.in_(list(case_ids)), DEADLINES.c.name == name)
        .where(DEADLINES.c.met_at.is_(None), DEADLINES.c.superseded_at.is_(None))
        .order_by(DEADLINES.c.id)
    )
    return tx.core.execute(chosen).all()


def _change(
    tx: Transaction, rows: Sequence[Any], pauses: Callable[[list[list[str]]], list[list[str]] | None]
) -> dict[int, Due]:
    """Give clocks other pauses and derive their ends anew; None leaves a clock as it is. Return the ends by clock."""
    days = calendar()
    fired: dict[int, set[str]] = {}
    for rung in tx.core.execute(select(RUNGS).where(RUNGS.c.deadline_id.in_([row.id for row in rows]))):
        fired.setdefault(rung.deadline_id, set()).add(rung.rung)
    moves: list[tuple[Any, ...]] = []
    moved: dict[int, Due] = {}
    for row in rows:
        spans = pauses(list(row.pauses))
        if spans is None:
            continue
        terms = DeadlineTerms.under_rules(Clock(row.clock), row.anchor_at, row.budget, spans)
        ends = moved[row.id] = due(terms, days)
        rung_at = next_rung(terms, ends, row.rungs, fired.get(row.id, ()), days)
        instants = [stamp(at) if at else None for at in (ends.due_at, rung_at)]
        moves.append((canonical(spans), instants[0], ends.provisional, ends.calendar_version, instants[1], row.id))
    tx.run_many(_MOVE, moves)
    return moved


def pause_clocks(tx: Transaction, name: str, case_ids: Collection[int]) -> None:
    """Stop the clocks of these cases while somebody else owes something; a paused clock stays as it is."""
    at = now().isoformat()

    def begin(spans: list[list[str]]) -> list[list[str]] | None:
        return None if spans and not spans[-1][1] else [*spans, [at, ""]]

    _change(tx, _open(tx, name, case_ids), begin)


def resume_clocks(tx: Transaction, name: str, case_ids: Collection[int]) -> None:
    """Let the paused clocks of these cases run again with what is left; a running clock stays as it is."""
    at = now().isoformat()

    def end(spans: list[list[str]]) -> list[list[str]] | None:
        return [*spans[:-1], [spans[-1][0], at]] if spans and not spans[-1][1] else None

    _change(tx, _open(tx, name, case_ids), end)


def meet_clocks(tx: Transaction, name: str, case_ids: Collection[int]) -> dict[int, bool]:
    """Note that what these cases owed has been done; return by case id, for those that owed it, whether it was late."""
    at = now()
    rows = _open(tx, name, case_ids)
    met = {"met_at": at, "next_rung_at": None}
    tx.core.execute(update(DEADLINES).where(DEADLINES.c.id.in_([row.id for row in rows])).values(met))
    late: dict[int, bool] = {}
    for row in rows:
        late[row.case_id] = late.get(row.case_id, False) or (row.due_at is not None and at > row.due_at)
    return late


def drop_clocks(tx: Transaction, case_ids: Collection[int], *names: str) -> None:
    """End the open clocks of these cases, or those of some names, without their being met: nothing is owed any more."""
    this = DEADLINES.c.case_id.in_(list(case_ids)) & DEADLINES.c.met_at.is_(None) & DEADLINES.c.superseded_at.is_(None)
    this = this & DEADLINES.c.name.in_(names) if names else this
    tx.core.execute(update(DEADLINES).where(this).values(superseded_at=now(), next_rung_at=None))


def recompute_gathered() -> int:
    """Derive anew members' gathered clocks that rest on another version of the calendar; return how many ends moved."""
    days = calendar()
    chosen = (
        select(CASES.c.parent_id)
        .join(DEADLINES, DEADLINES.c.case_id == CASES.c.id)
        .where(outdated(days), DEADLINES.c.gathered.is_(True), CASES.c.parent_id.is_not(None))
        .group_by(CASES.c.parent_id)
        .order_by(CASES.c.parent_id)
    )
    with reading() as connection:
        wholes = list(connection.execute(chosen).scalars())
    return sum(_recompute_whole(whole, days) for whole in wholes)


def _recompute_whole(whole_id: int, days: Calendar) -> int:
    """Recompute the clocks of one whole case's members in one transaction, so that each office is told once."""
    at = now()
    chosen = (
        select(*(CASES.c[name].label(f"case_{name}") for name in Standing._fields), CASES.c.process, *DEADLINES.c)
        .join(CASES, CASES.c.id == DEADLINES.c.case_id)
        .where(outdated(days), DEADLINES.c.gathered.is_(True), CASES.c.parent_id == whole_id)
        .order_by(CASES.c.id, DEADLINES.c.id)
        .with_for_update(of=[CASES, DEADLINES])
    )
    with transaction() as tx:
        whole = lock(tx, whole_id)
        rows = tx.core.execute(chosen).all()
        moved = _change(tx, rows, lambda spans: spans)
        cases: dict[int, Standing] = {}
        pages: dict[tuple[str, int], Page] = {}
        for row in rows:
            ends = moved[row.id]
            if (ends.due_at, ends.provisional) == (row.due_at, row.provisional):
                continue
            case = cases.get(row.case_id) or Standing._make(row[: len(Standing._fields)])
            step = f"clock-{row.name}-moved-{days.version[:12]}"
            page = pages.setdefault((step, case.seq + 1), Page(tx, step, case.seq + 1, SYSTEM, at))
            outcome = {"was": row.due_at, "due": ends.due_at, "provisional": ends.provisional}
            cases[case.id] = page.add(case, None, outcome, row.rule, substance=False)
        write_pages(tx, pages.values())
        elsewhere = [row for row in rows if moved[row.id].due_at != row.due_at]
        _tell_moved(tx, whole, elsewhere, days, at)
    return len(elsewhere)


def _tell_moved(tx: Transaction, whole: Standing, rows: Sequence[Any], days: Calendar, at: datetime) -> None:
    case, pages = whole, []
    for name in sorted({row.name for row in rows}):
        mine = [row for row in rows if row.name == name]
        told: dict[tuple[str, str], int] = {}
        for row in mine:
            for pair in recipients(tx, [row.office] if row.office else [], local_day(at), drill=bool(whole.drill)):
                told[pair] = told.get(pair, 0) + 1
        duty = say(f"duty_{mine[0].process}.{name.split('.')[0]}")
        tellings = [
            Telling(who, channel, "notice_kernel.moved_gathered", {"duty": duty, "members": members})
            for (who, channel), members in told.items()
        ]
        # a calendar may be taken back and loaded again: the line's own number tells its turns apart
        page = Page(tx, f"clock-{name}-moved-{days.version[:12]}", case.seq + 1, SYSTEM, at)
        case = page.add(case, None, {"members": len(mine)}, mine[0].rule, tellings, substance=False)
        pages.append(page)
    write_pages(tx, pages)
