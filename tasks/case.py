"""Cases: opened once, carried by one run at a time, closed at the end."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import bindparam, insert, select, update

from models.case import Deadline
from models.column import canonical
from tasks.clock import now
from tasks.journal import CASES, FIND_ENTRY, Page, Standing, lock, take_ids, write_entry
from tasks.step import SYSTEM, Dossier, read_dossier
from tasks.store import Prepared, Transaction, reading, table, transaction
from tasks.wait import INSTANCES, RUNNING

DEADLINES: Final = table(Deadline)
OPENED: Final = "opened"
_FIND: Final = Prepared(select(CASES.c.id).where(CASES.c.number == bindparam("number")).with_for_update(), "number")
_INSTANCE_FIELDS: Final = ("case_id", "story", "parameters", "run_id", "waiting_on", "nudges", "failures", "seen")
_ADD_INSTANCE: Final = Prepared(insert(INSTANCES), *_INSTANCE_FIELDS)
_TAKE_UP: Final = Prepared(
    update(INSTANCES)
    .where(INSTANCES.c.case_id == bindparam("of"))
    .values(run_id=bindparam("run_id"), waiting_on=bindparam("waiting_on")),
    "run_id",
    "waiting_on",
    "of",
)
_NUDGES: Final = Prepared(select(INSTANCES.c.nudges).where(INSTANCES.c.case_id == bindparam("of")), "of")


@dataclass
class Carried:
    """The run that tells a story, and the nudges its case had when it woke."""

    run_id: str
    seen: int = 0


_carried: ContextVar[Carried | None] = ContextVar("carried", default=None)


@contextmanager
def running_as(run_id: str) -> Iterator[Carried]:
    """Name the run that carries the cases opened inside."""
    carried = Carried(run_id)
    token = _carried.set(carried)
    try:
        yield carried
    finally:
        _carried.reset(token)


def open_case(
    number: str,
    *,
    process: str,
    subject: str,
    on: date,
    story: str,
    parameters: Mapping[str, Any],
    status: str,
    unit: str = "",
    drill: bool = False,
    parent_id: int | None = None,
) -> Dossier:
    """Open a process instance, or take up the one that is open under this number; return its dossier with the journal.

    Args:
        number: what it is (ZB-2027H1).
        process: stem of the process.
        subject: what it is about; never personal data.
        on: the day whose rules apply.
        story: deployment that tells it, `flow/deployment`; empty for a register, which nobody carries.
        parameters: the flow's parameters, so that a rescue can start it again; never personal data.
        status: status of the new case.
        unit: town or office it is counted under.
        drill: whether it is a drill; never changes.
        parent_id: the case it grew out of, if any.
    """
    carried = _carried.get()
    run_id = carried.run_id if carried else ""
    with transaction() as tx:
        found, fresh = _find(tx, number)
        if found is None:
            at, found = now(), fresh
            page = Page(tx, OPENED, 1, SYSTEM, at)
            page.add(Standing(found, number, "", 0, b"", 0, drill), status, {"subject": subject})
            with tx.at_once():
                page.open_cases([(number, process, subject, parent_id, unit, on.isoformat(), drill)])
                if story:
                    tx.run(_ADD_INSTANCE, found, story, canonical(dict(parameters)), run_id, "", 0, 0, 0)
                page.write()
            return Dossier(found, number, process, subject, on, drill, 1, {(OPENED, 1): {"subject": subject}})
        if carried:
            tx.run(_TAKE_UP, carried.run_id, "", found)
            carried.seen = tx.run(_NUDGES, found).fetchone()[0]
    return read_dossier(number)


def _find(tx: Transaction, number: str) -> tuple[int | None, int]:
    """Return the id of the case with this number, or none and an id for it."""
    row = tx.run(_FIND, number).fetchone()
    if row is not None:
        return row[0], 0
    if tx.dialect == "sqlite":
        return None, take_ids(tx, 1)[0]
    with tx.at_once():
        tx.alone(number)  # two runs may open one case at the same time: the second waits here for the first
        again, (fresh,) = tx.run(_FIND, number), take_ids(tx, 1)
    row = again.fetchone()
    return row[0] if row else None, fresh


def close_case(dossier: Dossier, status: str, outcome: Any = None, rule: str = "") -> None:
    """Close a case: its last status, and nothing wakes it any more."""
    if ("closed", dossier.turn) in dossier.journal:
        return
    at = now()
    with transaction() as tx:
        case = lock(tx, dossier.id)
        if tx.run(FIND_ENTRY, dossier.id, "closed", dossier.turn).fetchone():
            return
        write_entry(tx, case, "closed", dossier.turn, actor=SYSTEM, at=at, after=status, outcome=outcome, rule=rule)
        tx.core.execute(update(CASES).where(CASES.c.id == dossier.id).values(closed_at=at))
        tx.core.execute(update(INSTANCES).where(INSTANCES.c.case_id == dossier.id).values(waiting_on="", wake_at=None))
        left = (DEADLINES.c.case_id == dossier.id) & DEADLINES.c.met_at.is_(None) & DEADLINES.c.superseded_at.is_(None)
        tx.core.execute(update(DEADLINES).where(left).values(superseded_at=at, next_rung_at=None))
    dossier.journal["closed", dossier.turn] = outcome


def instances_open(number: str = "") -> list[Any]:
    """Return the open process instances with the runs that carry them: all, or the one of a number."""
    chosen = (
        select(CASES.c.id, CASES.c.number, CASES.c.process, INSTANCES)
        .select_from(RUNNING)
        .where(CASES.c.closed_at.is_(None))
        .order_by(INSTANCES.c.case_id)
    )
    with reading() as connection:
        return list(connection.execute(chosen.where(CASES.c.number == number) if number else chosen))
