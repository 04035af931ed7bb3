"""The process that sends notices: one sender, stopped gently, that finds a citizen's address only in memory."""

import logging
import signal
import threading

from sqlalchemy import select

from models.column import stamp
from tasks.clock import now
from tasks.conscription.roll import PARTIES, PERSONS
from tasks.journal import CASES, case_id_of, lock, write_entry
from tasks.sender import run_sender
from tasks.step import SYSTEM
from tasks.store import engine, reading, transaction


def phone_of(recipient: str, _channel: str) -> str | None:
    """Return the telephone of the person whom a case is about; it is neither stored nor logged."""
    chosen = (
        select(PERSONS.c.phone)
        .join(PARTIES, PARTIES.c.person_id == PERSONS.c.id)
        .join(CASES, CASES.c.id == PARTIES.c.case_id)
        .where(CASES.c.number == recipient.removeprefix("party:"))
    )
    with reading() as connection:
        phone: str | None = connection.execute(chosen).scalar_one_or_none()
    if phone:
        _note_reading(recipient.removeprefix("party:"))
    return phone


def _note_reading(number: str) -> None:
    """Journal that a sealed telephone number was read for sending."""
    at = now()
    with transaction() as tx:
        case = lock(tx, case_id_of(number))
        write_entry(
            tx, case, f"read-phone-{stamp(at)}", 1, actor=SYSTEM, at=at, outcome={"for": "notice"}, substance=False
        )


def main() -> None:
    """Send notices until told to stop."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    engine()
    run_sender(stop, now, address=phone_of)
