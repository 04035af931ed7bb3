"""The house's own case, one a year: what concerns no single matter is journalled and told here."""

from datetime import timedelta
from typing import Any, Final

from sqlalchemy import insert, select

from config.calendar import calendar
from config.messages import say
from config.rulebook import rule
from models.case import Anchor
from tasks.anchor import anchor
from tasks.clock import local_day, now, today
from tasks.journal import CASES, FIND_ENTRY, lock, write_entry
from tasks.notify import tellings
from tasks.step import SYSTEM
from tasks.store import Transaction, reading, table, transaction

ANCHORS: Final = table(Anchor)
ANCHOR_EVERY: Final = timedelta(days=1)
KEEPER: Final = "armed_forces_department"


def _house(tx: Transaction) -> int:
    """Return the case of the year, opened when first needed; it is closed, so that nobody looks for its run."""
    at = now()
    number = f"ZS-{local_day(at).year}"
    found = tx.core.execute(select(CASES.c.id).where(CASES.c.number == number)).scalar_one_or_none()
    if found is not None:
        return int(found)
    return tx.add(
        insert(CASES).values(
            number=number,
            process="kernel",
            subject=say("kernel.house"),
            unit="",
            status="open",
            on_day=local_day(at),
            drill=False,
            version=0,
            seq=0,
            head=b"",
            opened_at=at,
            closed_at=at,
        )
    )


def note(step: str, facts: dict[str, Any], tells: tuple[str, ...] = (), turn: int = 1) -> bool:
    """Journal something of the house once a turn, and tell roles about it; say whether it was new."""
    at = now()
    with transaction() as tx:
        case = lock(tx, _house(tx))
        if tx.run(FIND_ENTRY, case.id, step, turn).fetchone():
            return False
        told = tellings(tx, tells, f"notice_kernel.{step}", facts, at, drill=False)
        write_entry(tx, case, step, turn, actor=SYSTEM, at=at, outcome=facts, tellings=told, substance=False)
    return True


def warn_of_calendar() -> bool:
    """Warn once a month, from the day next year's notice is expected, that it is not loaded; say whether it did."""
    day = today()
    month, expected = map(int, rule("calendar.notice_expected", day).split("-"))
    missing = calendar().missing_year(day, (month, expected))
    if not missing:
        return False
    return note("calendar_missing", {"year": missing, "until": str(calendar().horizon())}, (KEEPER,), turn=day.month)


def anchor_daily() -> bool:
    """Write the digest of all chains outside the database once a day; say whether it did."""
    with reading() as connection:
        last = connection.execute(select(ANCHORS.c.at).order_by(ANCHORS.c.id.desc()).limit(1)).scalar_one_or_none()
    if last and now() - last < ANCHOR_EVERY:
        return False
    anchor()
    return True
