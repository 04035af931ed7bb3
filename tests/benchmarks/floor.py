"""The floor: hand-written SQL on the raw driver that writes the same rows into tables of the same keys and indexes.

What it leaves out is what the kernel adds: the hash chain (`hash`, `head`), the append-only triggers, the look whether a
step already happened, and everything that is derived, checked or named on the way.
"""

import json
import sqlite3
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

import psycopg

from tests.benchmarks.measure import Ground

CHUNK: Final = 1000
OFFICER: Final = "officer:S1"
FACTS: Final = '{"subject":"season"}'
_write: Final = json.JSONEncoder(separators=(",", ":")).encode
_SQLITE: Final = {"id": "INTEGER NOT NULL PRIMARY KEY", "instant": "VARCHAR(27)", "blob": "BLOB"}
_POSTGRES: Final = {"id": "SERIAL PRIMARY KEY", "instant": "TIMESTAMPTZ", "blob": "BYTEA"}
_TABLES: Final = (
    """CREATE TABLE cases (id {id}, number VARCHAR(40) NOT NULL UNIQUE, process VARCHAR(40) NOT NULL,
       subject VARCHAR(200) NOT NULL, parent_id INTEGER REFERENCES cases(id), unit VARCHAR(40) NOT NULL,
       status VARCHAR(40) NOT NULL, on_day DATE NOT NULL, drill BOOLEAN NOT NULL, version INTEGER NOT NULL,
       seq INTEGER NOT NULL, opened_at {instant} NOT NULL, closed_at {instant})""",
    "CREATE INDEX ix_cases_members ON cases (parent_id, id) WHERE parent_id IS NOT NULL",
    """CREATE TABLE instances (case_id INTEGER NOT NULL PRIMARY KEY REFERENCES cases(id), story VARCHAR(80) NOT NULL,
       parameters TEXT NOT NULL, run_id VARCHAR(36) NOT NULL, waiting_on VARCHAR(80) NOT NULL, wake_at {instant},
       nudges INTEGER NOT NULL, failures INTEGER NOT NULL, seen INTEGER NOT NULL)""",
    """CREATE TABLE entries (id {id}, case_id INTEGER NOT NULL REFERENCES cases(id), seq INTEGER NOT NULL,
       step VARCHAR(80) NOT NULL, turn INTEGER NOT NULL, actor VARCHAR(80) NOT NULL, before VARCHAR(40) NOT NULL,
       after VARCHAR(40) NOT NULL, outcome TEXT NOT NULL, rule VARCHAR(120) NOT NULL, at {instant} NOT NULL,
       UNIQUE (case_id, step, turn))""",
    """CREATE TABLE notices (id {id}, key {blob} NOT NULL UNIQUE, case_id INTEGER NOT NULL REFERENCES cases(id),
       number INTEGER NOT NULL, recipient VARCHAR(60) NOT NULL, channel VARCHAR(30) NOT NULL,
       template VARCHAR(80) NOT NULL, facts TEXT NOT NULL, status VARCHAR(10) NOT NULL, attempts INTEGER NOT NULL,
       next_at {instant}, lease VARCHAR(40) NOT NULL, error VARCHAR(300) NOT NULL, created_at {instant} NOT NULL,
       sent_at {instant}, read_at {instant})""",
    "CREATE INDEX ix_notices_next ON notices (next_at) WHERE next_at IS NOT NULL",
    "CREATE INDEX ix_notices_recipient ON notices (recipient, id)",
)
_CASE: Final = (
    "INSERT INTO cases (number, process, subject, parent_id, unit, status, on_day, drill, version, seq, opened_at) "
    "VALUES (?, 'workload', ?, ?, 'town', ?, '2026-01-05', ?, 1, 1, ?)"
)
_INSTANCE: Final = (
    "INSERT INTO instances (case_id, story, parameters, run_id, waiting_on, nudges, failures, seen) "
    "VALUES (?, 'workload/workload', ?, '', '', 0, 0, 0)"
)
_ENTRY: Final = (
    "INSERT INTO entries (case_id, seq, step, turn, actor, before, after, outcome, rule, at) "
    "VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?)"
)
_NOTICE: Final = (
    "INSERT INTO notices (key, case_id, number, recipient, channel, template, facts, status, attempts, next_at, lease, "
    "error, created_at) VALUES (?, ?, ?, ?, 'inbox', ?, ?, 'pending', 0, ?, '', '', ?)"
)
_MOVE: Final = "UPDATE cases SET status = ?, version = ?, seq = ? WHERE id = ?"

_DEADLINES: Final = (
    """CREATE TABLE deadlines (id {id}, case_id INTEGER NOT NULL REFERENCES cases(id), name VARCHAR(60) NOT NULL,
       turn INTEGER NOT NULL, clock VARCHAR(15) NOT NULL, budget INTEGER NOT NULL, anchor_at {instant} NOT NULL,
       pauses TEXT NOT NULL, due_at {instant}, provisional BOOLEAN NOT NULL, calendar_version VARCHAR(64) NOT NULL,
       office VARCHAR(60) NOT NULL, lagging TEXT NOT NULL, unit_role VARCHAR(40) NOT NULL, rungs TEXT NOT NULL,
       next_rung_at {instant}, rule VARCHAR(120) NOT NULL, met_at {instant}, superseded_at {instant},
       UNIQUE (case_id, name, turn))""",
    "CREATE INDEX ix_deadlines_next_rung ON deadlines (next_rung_at) WHERE next_rung_at IS NOT NULL",
)
_DEADLINE: Final = (
    "INSERT INTO deadlines (case_id, name, turn, clock, budget, anchor_at, pauses, due_at, provisional, calendar_version, "
    "office, lagging, unit_role, rungs, next_rung_at, rule) VALUES (?, 'precheck', 1, 'working_days', 2, ?, '[]', ?, "
    "false, '', 'conscription_office', '[]', '', '[\"half\",\"last_day\",\"breach\"]', ?, '')"
)
_OVERDUE: Final = (
    "SELECT cases.id, number, status, seq, version, drill, process, subject, deadlines.id, name, turn, clock, budget, "
    "anchor_at, pauses, due_at, office, lagging, unit_role, rungs, rule FROM deadlines "
    "JOIN cases ON cases.id = case_id WHERE next_rung_at <= ? ORDER BY next_rung_at LIMIT ?"
)
_SKIP_LOCKED: Final = " FOR UPDATE OF cases, deadlines SKIP LOCKED"

MEMBERS: Final = (
    "SELECT number, process, subject, unit, status, on_day, drill, version, seq FROM cases WHERE parent_id IS NOT NULL "
    "ORDER BY number",
    "SELECT cases.number, entries.seq, step, turn, actor, before, after, outcome, rule FROM entries "
    "JOIN cases ON cases.id = case_id WHERE parent_id IS NOT NULL ORDER BY 1, 2",
    "SELECT cases.number, key, notices.number, recipient, channel, template, facts, notices.status, attempts, lease, error "
    "FROM notices JOIN cases ON cases.id = case_id WHERE parent_id IS NOT NULL ORDER BY 1, 3",
)


class Floor:
    """One connection to the floor's database."""

    def __init__(self, on: Ground) -> None:
        self.sqlite = on.kind == "sqlite"
        if self.sqlite:
            self.driver: Any = sqlite3.connect(on.floor, isolation_level=None)
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON"):
                self.driver.execute(f"PRAGMA {pragma}")
        else:
            self.driver = psycopg.connect(on.floor, autocommit=True)
        self.begin()
        for statement in _TABLES:
            self.driver.execute(statement.format_map(_SQLITE if self.sqlite else _POSTGRES))
        self.commit()
        self._sql = {
            text: text if self.sqlite else text.replace("?", "%s")
            for text in (_CASE, _INSTANCE, _ENTRY, _NOTICE, _MOVE)
        }
        self._case_returning = self.say(_CASE) + " RETURNING id"
        self._lock = self.say("SELECT status, version, seq, drill FROM cases WHERE id = ?" + self._for_update)
        self._chunk = self.say(
            "SELECT id, number, status, version, seq FROM cases WHERE parent_id = ? AND id > ? AND status IN (?, ?) "
            "ORDER BY id LIMIT 1000" + self._for_update
        )

    @property
    def _for_update(self) -> str:
        return "" if self.sqlite else " FOR UPDATE"

    def say(self, text: str) -> str:
        """Return a statement in the driver's style of parameters."""
        return text if self.sqlite else text.replace("?", "%s")

    def begin(self) -> None:
        """Begin to write."""
        self.driver.execute("BEGIN IMMEDIATE" if self.sqlite else "BEGIN")

    def commit(self) -> None:
        """Commit."""
        self.driver.execute("COMMIT")

    @staticmethod
    def stamp() -> str:
        """Return the moment as it is stored."""
        return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

    def many(self, text: str, rows: list[tuple[Any, ...]]) -> None:
        """Write rows."""
        self.driver.cursor().executemany(self._sql[text], rows)

    def open_season(self, number: str) -> int:
        """Open the case whose members a set is."""
        self.begin()
        made = self.driver.execute(self._case_returning, (number, "season", None, "opened", False, self.stamp()))
        found = int(made.fetchone()[0])
        self.commit()
        return found

    def open_members(self, parent: int, numbers: list[str]) -> None:
        """Open members in chunks, each with its first line and notice."""
        for start in range(0, len(numbers), CHUNK):
            at, part = self.stamp(), numbers[start : start + CHUNK]
            self.begin()
            self.many(_CASE, [(number, "", parent, "opened", False, at) for number in part])
            ids = self.driver.execute(
                self.say("SELECT id, number FROM cases WHERE parent_id = ? AND number >= ?"), (parent, part[0])
            ).fetchall()
            self.many(
                _ENTRY,
                [
                    (one, 1, "open", "system", "", "opened", _write({"row": int(number[-6:])}), "", at)
                    for one, number in ids
                ],
            )
            self.many(_NOTICE, [self._notice(one, f"party:{number}", 1, "open", at) for one, number in ids])
            self.commit()

    @staticmethod
    def _notice(case_id: int, recipient: str, seq: int, step: str, at: str, facts: str = FACTS) -> tuple[Any, ...]:
        template = f"notice_workload.{step}"
        name = f"{step}|1|{recipient}|inbox|{template}"
        key = case_id.to_bytes(6, "big") + sha256(name.encode()).digest()[:10]
        return (key, case_id, seq, recipient, template, facts, at, at)

    def step_members(self, parent: int, step: str, *statuses: str) -> None:
        """Move every member that stands at a status on, in chunks."""
        cursor, statuses = 0, (*statuses, *statuses)[:2]
        while True:
            at = self.stamp()
            self.begin()
            rows = self.driver.execute(self._chunk, (parent, cursor, *statuses)).fetchall()
            entries, moves, notices = [], [], []
            for case_id, number, before, version, seq in rows:
                after = _after(step, case_id, before)
                outcome = _write({"score": case_id % 100})
                entries.append((case_id, seq + 1, step, "system", before, after, outcome, "", at))
                moves.append((after, version + 1, seq + 1, case_id))
                notices.append(self._notice(case_id, f"party:{number}", seq + 1, step, at))
            if rows:
                self.many(_ENTRY, entries)
                self.many(_MOVE, moves)
                self.many(_NOTICE, notices)
            self.commit()
            if len(rows) < CHUNK:
                return
            cursor = rows[-1][0]

    def open_case(self, number: str) -> int:
        """Open one case."""
        at = self.stamp()
        self.begin()
        made = self.driver.execute(self._case_returning, (number, "case", None, "opened", False, at))
        case_id = int(made.fetchone()[0])
        self.driver.execute(self._sql[_INSTANCE], (case_id, f'{{"number":"{number}"}}'))
        self.driver.execute(
            self._sql[_ENTRY], (case_id, 1, "opened", "system", "", "opened", '{"subject":"case"}', "", at)
        )
        self.commit()
        return case_id

    def step_case(self, case_id: int, *steps: str) -> None:
        """Take one case through steps in one transaction."""
        self.begin()
        for step in steps:
            at = self.stamp()
            before, version, seq, _ = self.driver.execute(self._lock, (case_id,)).fetchone()
            after, score = _after(step, case_id, before), case_id % 100
            self.driver.execute(
                self._sql[_ENTRY], (case_id, seq + 1, step, "system", before, after, _write({"score": score}), "", at)
            )
            self.driver.execute(self._sql[_MOVE], (after, version + 1, seq + 1, case_id))
            facts = _write({"score": score, "subject": "case"})
            self.driver.execute(self._sql[_NOTICE], self._notice(case_id, OFFICER, seq + 1, step, at, facts))
        self.commit()

    def members(self) -> list[tuple[Any, ...]]:
        """Return what was written for members, without times: to be compared with what ours wrote."""
        return [row for text in MEMBERS for row in self.driver.execute(text).fetchall()]

    def open_deadlines(self) -> None:
        """Make the table of clocks."""
        for statement in _DEADLINES:
            self.driver.execute(statement.format_map(_SQLITE if self.sqlite else _POSTGRES))

    def add_deadlines(self, rows: list[tuple[Any, ...]]) -> None:
        """Write clocks: case, anchor, due, and when the next rung is due."""
        self.begin()
        self.driver.cursor().executemany(self.say(_DEADLINE), rows)
        self.commit()

    def overdue(self, at: str, most: int) -> list[Any]:
        """Find the clocks whose next rung is due, with their cases, and lock them."""
        self.begin()
        found = self.driver.execute(self.say(_OVERDUE) + ("" if self.sqlite else _SKIP_LOCKED), (at, most)).fetchall()
        self.commit()
        return list(found)


def _after(step: str, case_id: int, before: str) -> str:
    if step == "decide":
        return "rejected" if case_id % 10 == 0 else "approved"
    return {"screen": "screened", "examine": "examined"}.get(step, before)
