"""Reminder and escalation rungs: each claimed by its unique row before it acts, so it fires once whatever crashes."""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, insert, literal_column, select, update

from config.calendar import calendar
from config.messages import say
from config.zone import SHANGHAI
from models.column import stamp
from models.deadline import Clock, due, rung_times
from tasks.clock import local_day, now
from tasks.deadline import BATCH, DEADLINES, RUNGS, terms_of
from tasks.journal import CASES, Page, Standing, Telling, write_pages
from tasks.notify import recipients
from tasks.step import SYSTEM
from tasks.store import Prepared, Transaction, transaction


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
)
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
            )
        )
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
