"""Ways to wait: a date, an arrival. A waiting case holds no process and no memory; it costs rows."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, func, select, update

from models.case import Instance
from tasks.clock import now
from tasks.journal import CASES, FIND_ENTRY, lock, write_entry
from tasks.step import SYSTEM, Dossier
from tasks.store import Prepared, reading, table, transaction

INSTANCES: Final = table(Instance)
RUNNING: Final = INSTANCES.outerjoin(CASES, CASES.c.id == INSTANCES.c.case_id)
"""Instances with their cases. Outer, so that SQLite begins with the few instances, not with every member ever."""
_COUNT: Final = Prepared(
    update(INSTANCES)
    .where(INSTANCES.c.case_id == bindparam("of"))
    .values(nudges=INSTANCES.c.nudges + bindparam("more")),
    "more",
    "of",
)
PARKED: Final = "AwaitingDecision"
"""Name of the state of a run that waits for no day of Prefect's: only a nudge wakes it."""


class Parked(Exception):  # noqa: N818 -- not an error: the story sleeps here and is replayed from its top
    """The story has nothing to do until a moment, an answer or an arrival."""

    def __init__(self, dossier: Dossier, point: str, until: datetime | None) -> None:
        super().__init__(f"{dossier.number} waits at {point}")
        self.dossier, self.point, self.until = dossier, point, until


def park(dossier: Dossier, point: str, until: datetime | None) -> Parked:
    """Note that the case waits, and return the exception to raise."""
    with transaction() as tx:
        tx.core.execute(
            update(INSTANCES)
            .where(INSTANCES.c.case_id == dossier.id)
            .values(waiting_on=point, wake_at=until, failures=0)
        )
    return Parked(dossier, point, until)


def _note(dossier: Dossier, name: str, outcome: bool | str) -> Any:
    with transaction() as tx:
        case = lock(tx, dossier.id)
        found = tx.run(FIND_ENTRY, dossier.id, name, dossier.turn).fetchone()
        if found is None:
            write_entry(tx, case, name, dossier.turn, actor=SYSTEM, at=now(), outcome=outcome, substance=False)
            tx.core.execute(
                update(INSTANCES).where(INSTANCES.c.case_id == dossier.id).values(waiting_on="", wake_at=None)
            )
    # another run of the same case may have been faster; its outcome stands
    dossier.journal[name, dossier.turn] = outcome if found is None else json.loads(found[0])
    return dossier.journal[name, dossier.turn]


def wait_until(dossier: Dossier, point: str, when: datetime) -> None:
    """Wait for a moment; once it has passed, it has passed in every replay.

    Raises:
        Parked: it is still to come.
    """
    name = f"until-{point}"
    if (name, dossier.turn) in dossier.journal:
        return
    if now() < when:
        raise park(dossier, point, when)
    _note(dossier, name, when.isoformat())


def wait_for(dossier: Dossier, point: str, arrived: Callable[[], bool], until: datetime) -> bool:
    """Wait until something has arrived (True) or the moment has passed without it (False).

    Raises:
        Parked: neither is so yet; an arrival nudges the case.
    """
    name = f"for-{point}"
    if (name, dossier.turn) in dossier.journal:
        return bool(dossier.journal[name, dossier.turn])
    here = arrived()
    if not here and now() < until:
        raise park(dossier, point, until)
    return bool(_note(dossier, name, here))


def count_nudge(case_id: int) -> None:
    """Count an arrival on a case, in the transaction that brings it."""
    with transaction() as tx:
        if not tx.nudged:
            tx.before_commit(lambda: tx.run_many(_COUNT, [(count, of) for of, count in sorted(tx.nudged.items())]))
        tx.nudged[case_id] = tx.nudged.get(case_id, 0) + 1


def nudged(statuses: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Return (case number, run id) of open cases that were nudged since they parked, or whose moment has come."""
    chosen = (
        select(CASES.c.number, INSTANCES.c.run_id)
        .select_from(RUNNING)
        .where(CASES.c.closed_at.is_(None), (INSTANCES.c.nudges > INSTANCES.c.seen) | (INSTANCES.c.wake_at <= now()))
    )
    with reading() as connection:
        rows = connection.execute(chosen.where(CASES.c.status.in_(statuses)) if statuses else chosen)
        return [(row.number, row.run_id) for row in rows]


def run_of(number: str) -> str:
    """Return the run that carries a case, or its whole case where it is a member; empty where none does."""
    own = INSTANCES.alias()
    chosen = (
        select(INSTANCES.c.run_id)
        .select_from(CASES)
        .outerjoin(own, own.c.case_id == CASES.c.id)
        .join(INSTANCES, INSTANCES.c.case_id == func.coalesce(own.c.case_id, CASES.c.parent_id, CASES.c.id))
        .where(CASES.c.number == number)
    )
    with reading() as connection:
        return str(connection.execute(chosen).scalar_one_or_none() or "")
