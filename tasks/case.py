"""Cases: opened once, carried by one run at a time, closed at the end."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import func, insert, select, update

from models.case import Deadline
from tasks.clock import now
from tasks.journal import CASES, FIND_ENTRY, lock, write_entry
from tasks.step import SYSTEM, Dossier, read_dossier
from tasks.store import reading, table, transaction
from tasks.wait import INSTANCES

DEADLINES: Final = table(Deadline)
OPENED: Final = "opened"


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
        story: deployment that tells it, `flow/deployment`.
        parameters: the flow's parameters, so that a rescue can start it again; never personal data.
        status: status of the new case.
        unit: town or office it is counted under.
        drill: whether it is a drill; never changes.
        parent_id: the case it grew out of, if any.
    """
    carried, at = _carried.get(), now()
    run_id = carried.run_id if carried else ""
    with transaction() as tx:
        known = select(CASES.c.id).where(CASES.c.number == number).with_for_update()
        found = tx.core.execute(known).scalar_one_or_none()
        if found is None and tx.dialect == "postgresql":  # no row to lock yet: two runs may open it at the same time
            tx.core.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(number, 0))))
            found = tx.core.execute(known).scalar_one_or_none()
        if found is None:
            made = tx.add(
                insert(CASES).values(
                    number=number,
                    process=process,
                    subject=subject,
                    parent_id=parent_id,
                    unit=unit,
                    status="",
                    on_day=on,
                    drill=drill,
                    version=0,
                    seq=0,
                    head=b"",
                    opened_at=at,
                )
            )
            found = made
            tx.core.execute(
                insert(INSTANCES).values(
                    case_id=found,
                    story=story,
                    parameters=dict(parameters),
                    run_id=run_id,
                    waiting_on="",
                    nudges=0,
                    failures=0,
                    seen=0,
                )
            )
            write_entry(tx, lock(tx, found), OPENED, 1, actor=SYSTEM, at=at, after=status, outcome={"subject": subject})
        elif run_id:
            tx.core.execute(update(INSTANCES).where(INSTANCES.c.case_id == found).values(run_id=run_id, waiting_on=""))
        if carried:
            nudges = select(INSTANCES.c.nudges).where(INSTANCES.c.case_id == found)
            carried.seen = tx.core.execute(nudges).scalar_one()
    return read_dossier(number)


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
        left = (DEADLINES.c.case_id == dossier.id) & DEADLINES.c.met_at.is_(None)
        tx.core.execute(update(DEADLINES).where(left).values(superseded_at=at, next_rung_at=None))
    dossier.journal["closed", dossier.turn] = outcome


def instances_open() -> list[Any]:
    """Return the open process instances with the runs that carry them."""
    chosen = (
        select(CASES.c.id, CASES.c.number, CASES.c.process, INSTANCES)
        .join(INSTANCES, INSTANCES.c.case_id == CASES.c.id)
        .where(CASES.c.closed_at.is_(None))
        .order_by(CASES.c.id)
    )
    with reading() as connection:
        return list(connection.execute(chosen))
