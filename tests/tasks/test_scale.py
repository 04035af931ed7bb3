"""What is asked every minute begins with the few that are open, never with everything that ever was."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from tasks import store
from tasks.ask import open_questions
from tasks.board_deadline import deadline_page
from tasks.board_subject import board_subjects
from tasks.case import instances_open
from tasks.clock import now
from tasks.conscription.board import seasons_since
from tasks.database import upgrade
from tasks.outbox import OURS, claim, due
from tasks.rung import _GATHERED, _RINGING, _WHOLES
from tasks.store import engine
from tasks.wait import nudged

LARGE = ("cases", "entries", "notices", "deadlines", "decisions", "seats")


def _outbox_due() -> object:
    with OURS.read() as connection:
        return due(connection, now())


MINUTELY: dict[str, Callable[[], object]] = {
    "nudged": nudged,
    "open_questions": open_questions,
    "instances_open": instances_open,
    "board_subjects": lambda: board_subjects(now() - timedelta(days=30)),
    "seasons_since": lambda: seasons_since(now() - timedelta(days=30)),
    "deadline_page": deadline_page,
    "outbox": _outbox_due,
}


@pytest.fixture
def ready(home: Path) -> Iterator[None]:
    store.forget()
    upgrade()
    yield
    store.forget()


def _plans(driver: sqlite3.Connection, statement: str, values: Any) -> list[str]:
    rows = driver.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
    return [row[3] for row in rows]


@pytest.mark.parametrize("name", MINUTELY)
def test_no_large_table_is_looked_through(name: str, ready: None) -> None:
    said: list[tuple[str, Any]] = []

    def listen(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, _many: bool) -> None:
        said.append((statement, values))

    event.listen(engine(), "before_cursor_execute", listen)
    MINUTELY[name]()
    event.remove(engine(), "before_cursor_execute", listen)
    asked = [one for one in said if one[0].lstrip().upper().startswith("SELECT")]
    assert asked
    driver = sqlite3.connect(str(engine().url.database))
    scans = [line for statement, values in asked for line in _plans(driver, statement, values)
             if line.startswith("SCAN") and line.split()[1] in LARGE and "USING INDEX" not in line]  # fmt: skip
    assert scans == []


def test_the_rungs_due_are_found_by_their_index(ready: None) -> None:
    driver = sqlite3.connect(str(engine().url.database))
    given = ((_RINGING, ("2027-01-01", 500)), (_WHOLES, ("2027-01-01",)), (_GATHERED, ("2027-01-01", 1, 500)))
    for statement, values in given:
        plans = _plans(driver, statement.sql("sqlite"), values)
        assert not any(line.startswith("SCAN") for line in plans)
        assert statement is _GATHERED or any("ix_deadlines_next_rung" in line for line in plans)


def test_the_next_notice_is_found_without_sorting_what_waits(ready: None) -> None:
    said: list[tuple[str, Any]] = []

    def listen(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, _many: bool) -> None:
        said.append((statement, values))

    event.listen(engine(), "before_cursor_execute", listen)
    with OURS.write() as connection:
        claim(connection, "me", now(), 1, channel="sms", lease=timedelta(seconds=90))
    event.remove(engine(), "before_cursor_execute", listen)
    driver = sqlite3.connect(str(engine().url.database))
    urgent, others = (_plans(driver, *one) for one in said if one[0].startswith("SELECT"))
    assert any("ix_notices_urgent" in line for line in urgent)
    assert any("ix_notices_next" in line for line in others)
    assert not any("TEMP B-TREE" in line or line.startswith("SCAN notices") for line in (*urgent, *others))
