"""The process that sends notices and rings the bell: stopped gently; a citizen's address is found only in memory.

The bell of incidents has a thread of its own: whatever becomes of the sender, it goes on calling.
"""

import logging
import signal
import threading
from typing import Final

from sqlalchemy import select

from config.messages import Refusal
from models.column import stamp
from tasks.clock import now
from tasks.conscription.roll import PARTIES, PERSONS
from tasks.incident_response.bell import run_bell
from tasks.journal import CASES, case_id_of, lock, write_entry
from tasks.sender import run_sender
from tasks.step import SYSTEM
from tasks.store import engine, reading, transaction

REFUSED_PAUSE: Final = 30.0
BELL_GRACE: Final = 5.0
_LOG: Final = logging.getLogger("banjie.post_office")


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
    """Send notices and ring the bell until told to stop."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    engine()
    bell = threading.Thread(target=run_bell, args=(stop,), name="bell", daemon=True)
    bell.start()
    while not stop.is_set():
        try:
            run_sender(stop, now, address=phone_of)
        except Refusal as refusal:  # nothing may leave by such a channel; the calls go on, to the call sheet at last
            _LOG.error("%s", refusal)
            stop.wait(REFUSED_PAUSE)
    bell.join(BELL_GRACE)
