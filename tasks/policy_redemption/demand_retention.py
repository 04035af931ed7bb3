"""Retention: what demands and enrolments hold of people is erased when its term is over (PIPL Art. 19)."""

import shutil
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import select, update

from config.rulebook import cited
from config.settings import settings
from tasks.clock import local_day, now
from tasks.journal import CASES, ENTRIES, lock, write_entry
from tasks.policy_redemption.activity import ENROLMENTS
from tasks.policy_redemption.activity import PROCESS as ACTIVITY
from tasks.policy_redemption.demand import DEMANDS
from tasks.policy_redemption.demand import PROCESS as DEMAND
from tasks.policy_redemption.demand_slip import FOLDER
from tasks.step import SYSTEM
from tasks.store import Transaction, reading, transaction

STEP: Final = "erase_demand_persons"
ERASED: Final = "erased"
MOST: Final = 500
"""Cases in one sweep; the next takes up the rest."""


def erase_demands() -> int:
    """Erase words, contacts and slips of demands, and who came to activities, some time after they closed.

    Numbers, classes, headings, answers and the journal stay: they name nobody. Returns how many cases.
    """
    term = cited("policy_redemption.demand_retention_days", local_day(now()))
    before = now() - timedelta(days=term.value)
    gone = select(ENTRIES.c.id).where(ENTRIES.c.case_id == CASES.c.id, ENTRIES.c.step == STEP).exists()
    chosen = (
        select(CASES.c.id, CASES.c.number, CASES.c.process)
        .where(CASES.c.process.in_([DEMAND, ACTIVITY]), CASES.c.parent_id.is_not(None), CASES.c.closed_at < before)
        .where(~gone)
        .order_by(CASES.c.id)
        .limit(MOST)
    )
    with reading() as connection:
        rows = connection.execute(chosen).all()
    for row in rows:
        shutil.rmtree(settings().home / FOLDER / row.number, ignore_errors=True)  # before the line that says so
        with transaction() as tx:
            case = lock(tx, row.id)
            _erase(tx, row)
            write_entry(tx, case, STEP, 1, actor=SYSTEM, at=now(), outcome=ERASED, rule=term.label, substance=False)
    return len(rows)


def _erase(tx: Transaction, row: Any) -> None:
    if row.process == DEMAND:
        mine = update(DEMANDS).where(DEMANDS.c.case_id == row.id)
        tx.core.execute(mine.values(content=ERASED, contact=None, phone=None, again_why=None))
    else:
        mine = update(ENROLMENTS).where(ENROLMENTS.c.activity_id == row.id)
        tx.core.execute(mine.values(contact=None, phone=None))
