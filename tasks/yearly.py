"""Registers of a year: what numbers demands, activities and requests one after the other, and takes their sheets in."""

from datetime import date, datetime
from typing import Final

from sqlalchemy import Table, func, select

from config.messages import Refusal, say
from config.zone import SHANGHAI
from tasks.case import open_case
from tasks.clock import today
from tasks.journal import CASES, lock
from tasks.step import Dossier
from tasks.store import Transaction, reading, transaction

REGISTERS: Final = {
    "SQ": "demand",
    "HD": "activity",
    "FW": "service_request",
    "SG": "incident_response",
    "YL": "incident_response",
}
"""The registers' prefixes, and whose cases stand in each."""
OPEN: Final = "registering"


def open_register(prefix: str, year: int) -> int:
    """Return the id of a year's register, opened when it is first needed; nobody carries it, so it has no run."""
    process = REGISTERS[prefix]
    return open_case(
        f"{prefix}-{year}",
        process=process,
        subject=say(f"{process}.register", year=year),
        on=date(year, 1, 1),
        story="",
        parameters={},
        status=OPEN,
    ).id


def prepare_register(case: str) -> None:
    """Open the register that a sheet is for; only this year's, and nothing for any other number.

    Raises:
        Refusal: it is the register of a year that has not come, or that was never opened.
    """
    prefix, _, year = case.partition("-")
    if prefix not in REGISTERS or "-" in year:
        return
    if year != str(today().year):
        raise Refusal("kernel.no_such_case", number=case)
    open_register(prefix, int(year))


def this_register(prefix: str) -> str:
    """Return the number of this year's register."""
    return f"{prefix}-{today().year}"


def next_place(tx: Transaction, records: Table, prefix: str, year: int) -> tuple[int, int]:
    """Return the year's register, locked until the transaction ends, and the next number in it."""
    with transaction():
        register_id = open_register(prefix, year)
    lock(tx, register_id)
    last = select(func.coalesce(func.max(records.c.place), 0)).where(records.c.register_id == register_id)
    return register_id, tx.core.execute(last).scalar_one() + 1


def take_up(number: str, process: str, story: str, status: str) -> Dossier:
    """Take up a case of a register for the run that tells its story.

    Raises:
        Refusal: there is none under this number.
    """
    chosen = select(CASES.c.subject, CASES.c.on_day, CASES.c.parent_id).where(
        CASES.c.number == number, CASES.c.process == process, CASES.c.parent_id.is_not(None)
    )
    with reading() as connection:
        found = connection.execute(chosen).one_or_none()
    if found is None:
        raise Refusal("kernel.no_such_case", number=number)
    return open_case(
        number,
        process=process,
        subject=found.subject,
        on=found.on_day,
        story=story,
        parameters={"number": number},
        status=status,
        parent_id=found.parent_id,
    )


def local(moment: datetime | None) -> str:
    """Return a moment in the district's time."""
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if moment else ""
