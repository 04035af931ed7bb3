"""The bell: every second it fires the rungs of incidents that are due and climbs their ladders, whatever else is down.

It rests on the database alone. Each ladder is climbed in a transaction of its own, which claims its steps by their
unique rows and queues their notices; a fault in one keeps no other from its turn, and what a crash leaves undone is
due again at the next look.
"""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, literal_column, select

from config.settings import ROOT
from models.column import stamp
from tasks.clock import now
from tasks.incident_response.call_record import CALLS, change, end_call
from tasks.incident_response.call_step import Caller
from tasks.journal import CASES
from tasks.rung import fire_rungs_of
from tasks.step import Dossier
from tasks.store import Prepared, looking, transaction
from tasks.wait import count_nudge

LOOK_SECONDS: Final = 1.0
PROCESS: Final = "incident_response"
MOST: Final = 1_000
_LOG: Final = logging.getLogger("banjie.bell")
_DUE: Final = Prepared(
    select(CALLS.c.id)
    .where(CALLS.c.next_at <= bindparam("at"))
    .order_by(CALLS.c.next_at, CALLS.c.id)
    .limit(bindparam("most"))
    .offset(literal_column("0")),  # SQLite would bind a zero of its own
    "at",
    "most",
)


def ring() -> list[str]:
    """Do everything that is due now; return the incidents whose story has to look at what came of it."""
    found: dict[str, None] = {}
    try:
        fire_rungs_of(PROCESS)
    except Exception as error:  # noqa: BLE001 -- the ladders go on whatever is wrong with a clock
        _LOG.error("rungs: %s", type(error).__name__)
    at = now()
    with looking() as tx:
        due = [row[0] for row in tx.run(_DUE, stamp(at), MOST).fetchall()]
    for call_id in due:
        try:
            if number := _ring_one(call_id, at):
                found[number] = None
        except Exception as error:  # noqa: BLE001 -- one call's fault keeps no other person waiting
            _LOG.error("call %d: %s", call_id, type(error).__name__)
    return list(found)


def _ring_one(call_id: int, at: datetime) -> str:
    """Climb one ladder, or open it again; return the incident's number if its story is to hear of it."""
    with transaction() as tx:
        mine = (
            select(CALLS, CASES.c.number, CASES.c.process, CASES.c.subject, CASES.c.on_day, CASES.c.drill,
                   CASES.c.closed_at)
            .join(CASES, CASES.c.id == CALLS.c.case_id)
            .where(CALLS.c.id == call_id, CALLS.c.next_at <= at)
            .with_for_update(skip_locked=True)  # another bell, or somebody who answers: the next look sees to it
        )  # fmt: skip
        row = tx.core.execute(mine).one_or_none()
        if row is None:
            return ""
        if row.closed_at is not None:
            end_call(tx, row, "stood_down", at)
            return ""
        dossier = Dossier(row.case_id, row.number, row.process, row.subject, row.on_day, bool(row.drill), 1, {})
        return row.number if _go_on(Caller(tx, dossier, at), row) else ""


def _go_on(caller: Caller, row: Any) -> bool:
    """Take what is due on a call; say whether the story is to hear of it."""
    if row.answer and row.holds_until is not None and row.holds_until > caller.at:
        change(caller.tx, row.id, next_at=row.holds_until)
        return False
    lapsed = bool(row.answer)
    if lapsed:
        caller.lapse(row)
    else:
        caller.climb(row)
    caller.write()
    after = caller.tx.core.execute(select(CALLS.c.ended_at, CALLS.c.answer).where(CALLS.c.id == row.id)).one()
    matters = after.ended_at is not None or (lapsed and not after.answer)
    if matters:
        count_nudge(row.case_id)
    return matters


class Waker:
    """Has the runs of incidents woken by a child: Prefect's client takes seconds to load, its server may hang."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()

    def wake(self, numbers: Iterable[str]) -> None:
        """Wake runs soon, as far as it can be: the nudge is counted, so the rescue looks for them, too."""
        with self._lock:
            for number in numbers:
                try:
                    stdin = self._ready().stdin
                    if stdin is not None:
                        stdin.write(f"{number}\n")
                        stdin.flush()
                except OSError as error:  # the child is gone; the next number starts another
                    _LOG.warning("%s was not woken: %s", number, type(error).__name__)
                    self.close()

    def _ready(self) -> "subprocess.Popen[str]":
        if self._child is None or self._child.poll() is not None:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "tasks.incident_response.waker"],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            if self._child.stdin is not None:
                os.set_blocking(self._child.stdin.fileno(), False)  # a server that hangs holds up no ladder
        return self._child

    def close(self) -> None:
        """End the child."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()


def run_bell(stop: threading.Event) -> None:
    """Ring every second until told to stop; while the database is away, look again."""
    waker = Waker()
    while not stop.is_set():
        try:
            waker.wake(ring())
        except Exception as error:  # noqa: BLE001 -- the bell never dies of a fault
            _LOG.error("the bell was held up: %s", type(error).__name__)
        stop.wait(LOOK_SECONDS)
    waker.close()
