"""A fork server that plays a rehearsed season and dies where it is told to: imports are paid once, a kill -9 costs milliseconds.

One JSON order a line on standard input, one JSON answer a line on standard output. Every order is done by a forked child,
which opens the database anew; what kills it is a real SIGKILL, at its n-th statement, commit or written file, or after a
number of seconds whatever it is doing then.
"""

import json
import os
import re
import signal
import sys
import time
import traceback
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Engine, event, select

import models.every_table
from config.zone import SHANGHAI
from flows.conscription import conscription
from models.case import Decision
from models.column import canonical
from models.person import Party
from tasks import rehearsal
from tasks.case import running_as
from tasks.clock import set_clock
from tasks.database import upgrade
from tasks.deadline import DEADLINES
from tasks.journal import CASES, verify
from tasks.rung import fire_rungs
from tasks.store import forget, reading, table
from tasks.wait import Parked

SEASON = "2027H1"
BEGIN = datetime(2026, 12, 1, 9, tzinfo=SHANGHAI)
DRIVER = "driver"
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
DIGEST = re.compile(r"^[0-9a-f]{12,64}$")
MOMENT = re.compile(r"^\d{4}-\d\d-\d\dT")
IGNORED = {"id", "at", "hash", "head", "key", "opened_at", "closed_at", "asked_at", "answered_at", "signed_at", "created_at", "next_at",
           "fired_at", "met_at", "anchor_at", "next_rung_at", "sent_at", "wake_at", "secret", "last_step", "ahead", "nudges", "seen",
           "failures", "run_id", "seat", "waiting_on"}  # fmt: skip
"""Columns that tell when or under which number something was written; everything else must be the same."""


class Death:
    """Counts what the child does to the world and kills it at the given point."""

    def __init__(self, at: int) -> None:
        self.at, self.points = at, 0

    def point(self, *_given: object) -> None:
        self.points += 1
        if self.points == self.at:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self) -> None:
        """Count statements and commits of both drivers, and files opened for writing, renamed or linked."""
        point = self.point

        class Cursor(psycopg.Cursor[Any]):
            def execute(self, *args: Any, **kwargs: Any) -> Any:
                point()
                return super().execute(*args, **kwargs)

            def executemany(self, *args: Any, **kwargs: Any) -> None:
                point()
                super().executemany(*args, **kwargs)

        commit = psycopg.Connection.commit

        def counted(connection: psycopg.Connection[Any]) -> None:
            point()
            commit(connection)
            point()  # the database has it, and nobody here knows yet

        psycopg.Connection.commit = counted  # type: ignore[method-assign,assignment]

        def connected(driver: Any, _record: object) -> None:
            if isinstance(driver, psycopg.Connection):
                driver.cursor_factory = Cursor
            else:
                driver.set_trace_callback(point)

        event.listen(Engine, "connect", connected)

        def audit(name: str, args: tuple[Any, ...]) -> None:
            if name in ("os.rename", "os.link") or (name == "open" and isinstance(args[2], int) and args[2] & WRITES):
                point()

        sys.addaudithook(audit)


def settle(order: dict[str, Any]) -> dict[str, Any]:
    """Make the database and enrol the officers."""
    upgrade()
    set_clock(BEGIN)
    rehearsal.enrol_cast(date(2026, 1, 1))
    return {"home": order["home"]}


def play(order: dict[str, Any]) -> dict[str, Any]:
    """Take the season on from where it stands to its end, reminders included."""
    death = Death(order.get("kill_at", 0))
    death.watch()
    script = rehearsal.Script(SEASON, order["applicants"], order["seed"], Path(order["home"]) / "sheets")
    while True:
        stands = rehearsal.standing(script)
        if stands is not None and stands.waiting_on:
            fire_rungs()
        try:
            with running_as(DRIVER):
                conscription.fn(SEASON)
        except Parked:
            fire_rungs()
            if not rehearsal.act(script):
                raise RuntimeError(f"stuck at {rehearsal.standing(script)}") from None
        else:
            return {"points": death.points}


def plain(value: Any) -> Any:
    """Return a value without what tells when it was written: moments become days, digests of files become marks."""
    match value:
        case dict():
            return {name: plain(one) for name, one in value.items() if name not in ("seat", "digest", "file")}
        case list() | tuple():
            return [plain(one) for one in value]
        case bytes() | memoryview():
            return bytes(value).hex()
        case str() if MOMENT.match(value):
            return plain(datetime.fromisoformat(value))
        case date():
            return (value.astimezone(SHANGHAI).date() if isinstance(value, datetime) else value).isoformat()
    return value


def step_name(name: str) -> str:
    """Return a step's name; that of a received roster carries the digest of a file that was written at some moment."""
    head, _, tail = name.rpartition("-")
    return head if DIGEST.match(tail) else name


def snapshot(order: dict[str, Any]) -> dict[str, Any]:
    """Return everything that the database keeps, row by row, under numbers and names instead of ids and moments."""
    found: dict[str, list[str]] = {"broken": [str(one) for one in verify()]}
    with reading() as connection:
        names = {row.id: row.number for row in connection.execute(select(CASES.c.id, CASES.c.number))}
        clocks = {
            row.id: f"{names[row.case_id]}/{row.name}/{row.turn}" for row in connection.execute(select(DEADLINES))
        }
        decisions = table(Decision)
        points = {
            row.id: f"{names[row.case_id]}/{row.point}/{row.turn}" for row in connection.execute(select(decisions))
        }
        parties = table(Party)
        people = {row.person_id: names[row.case_id] for row in connection.execute(select(parties))}
        known = {
            "case_id": names,
            "parent_id": names,
            "season_id": names,
            "deadline_id": clocks,
            "decision_id": points,
            "person_id": people,
        }
        for model in models.every_table.TABLES:
            rows = []
            for row in connection.execute(select(table(model))).mappings():
                line = {str(name): plain(known[name].get(value, value) if name in known else value) for name, value in row.items()
                        if name not in IGNORED and not (name == "digest" and model.__tablename__ == "rosters_received")}  # fmt: skip
                if isinstance(line.get("step"), str):
                    line["step"] = step_name(line["step"])
                rows.append(canonical(line))
            found[str(model.__tablename__)] = sorted(rows)
    papers = Path(order["home"]) / "papers"
    found["papers"] = sorted(
        str(path.relative_to(papers)) for path in papers.rglob("*") if path.is_file() and path.suffix != ".part"
    )
    return {"snapshot": found}


ORDERS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {"settle": settle, "play": play, "snapshot": snapshot}


def obey(order: dict[str, Any], answer: int) -> None:
    """Do an order in this child, and end without any cleaning up."""
    os.environ |= {
        "BANJIE_HOME": order["home"],
        "BANJIE_CLOCK": "simulated",
        "BANJIE_DATABASE_URL": order["url"],
        "BANJIE_KEYS": order["keys"],
    }
    forget()
    text = json.dumps(ORDERS[order["do"]](order), ensure_ascii=False)
    with os.fdopen(answer, "w", encoding="utf-8") as pipe:
        pipe.write(text)
    os._exit(0)


def forked(order: dict[str, Any]) -> dict[str, Any]:
    """Do an order in a child; return its answer, or the signal that ended it."""
    mine, its = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(mine)
        try:
            obey(order, its)
        finally:  # never back into the server's loop
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(70)
    os.close(its)
    if "kill_after" in order:
        time.sleep(order["kill_after"])
        os.kill(child, signal.SIGKILL)
    with os.fdopen(mine, encoding="utf-8") as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return {"signal": os.WTERMSIG(status)}
    return json.loads(text) if os.WEXITSTATUS(status) == 0 else {"failed": os.WEXITSTATUS(status)}


def main() -> None:
    """Serve orders until standard input ends."""
    sys.stdout.write(json.dumps({"ready": True}) + "\n")
    sys.stdout.flush()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(forked(json.loads(line)), ensure_ascii=False) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
