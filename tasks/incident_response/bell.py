"""The bell: every second it fires the rungs of incidents that are due and climbs their ladders, whatever else is down.

It rests on the database alone. A few ladders are climbed in one transaction, which claims their steps by their
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
TOGETHER: Final = 10
"""Ladders of one case that are climbed in one transaction."""
MOST: Final = 1_000
_LOG: Final = logging.getLogger("banjie.bell")
_DUE: Final = Prepared(
    select(CALLS.c.id, CALLS.c.case_id)
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
        due = tx.run(_DUE, stamp(at), MOST).fetchall()
    cases: dict[int, list[int]] = {}
    for call_id, case_id in due:
        cases.setdefault(case_id, []).append(call_id)
    for case_id, ids in cases.items():
        for start in range(0, len(ids), TOGETHER):
            if number := _ring_some(case_id, ids[start : start + TOGETHER], at):
                found[number] = None
    return list(found)


def _ring_some(case_id: int, ids: list[int], at: datetime) -> str:
    """Climb some ladders of a case together; where one of them fails, each by itself: it keeps no other waiting."""
    try:
        return _climb(case_id, ids, at)
    except Exception as error:  # noqa: BLE001 -- said below, with the call that it was
        if len(ids) == 1:
            _LOG.error("call %d: %s", ids[0], type(error).__name__)
            return ""
    return max(_ring_some(case_id, [call_id], at) for call_id in ids)


def _climb(case_id: int, ids: list[int], at: datetime) -> str:
    """Climb ladders of a case, or open them again; return the incident's number if its story is to hear of it."""
    with transaction() as tx:
        case = tx.core.execute(
            select(CASES).where(CASES.c.id == case_id).with_for_update(skip_locked=True)
        ).one_or_none()
        if case is None:  # at work now, or another bell is faster: the next look sees to it
            return ""
        mine = select(CALLS).where(CALLS.c.id.in_(ids), CALLS.c.next_at <= at).order_by(CALLS.c.id)
        rows = tx.core.execute(mine).all()
        if case.closed_at is not None:
            for row in rows:
                end_call(tx, row, "stood_down", at)
            return ""
        dossier = Dossier(case.id, case.number, case.process, case.subject, case.on_day, bool(case.drill), 1, {})
        caller = Caller(tx, dossier, at)
        heard = [_go_on(caller, row) for row in rows]
        caller.write()
        if any(heard):
            count_nudge(case.id)
    return str(case.number) if any(heard) else ""


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
    after = caller.tx.core.execute(select(CALLS.c.ended_at, CALLS.c.answer).where(CALLS.c.id == row.id)).one()
    return after.ended_at is not None or (lapsed and not after.answer)


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
