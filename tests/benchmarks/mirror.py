"""The floor of a phase: the very rows that it wrote, written again by hand-written SQL into tables of the same keys.

Rows are compared before and after a phase; what is new is inserted, of what changed those columns are updated, in chunks,
by the raw driver, with foreign keys and indexes and without triggers. What the floor leaves out is everything that led to
the rows: reading, judging, checking, sealing, hashing.
"""

import sqlite3
import sys
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import psycopg
from alembic import command
from sqlalchemy import Table
from sqlmodel import SQLModel

from tasks.database import alembic_config
from tasks.store import connect, looking
from tests.benchmarks.measure import Ground, Spent, spent

CHUNK: Final = 1000
LEADING: Final = frozenset({"cases", "decisions", "deadlines", "payment_batches", "publications"})
Rows = dict[tuple[Any, ...], tuple[Any, ...]]


class Change(NamedTuple):
    """One statement of the floor, and its rows."""

    sql: str
    rows: list[tuple[Any, ...]]
    leads: bool = False


class Mirror:
    """A second database that follows ours phase by phase."""

    def __init__(self, on: Ground) -> None:
        self.sqlite = on.kind == "sqlite"
        self.tables: list[Table] = list(SQLModel.metadata.sorted_tables)
        url = f"sqlite:///{on.floor}" if self.sqlite else on.floor.replace("postgresql://", "postgresql+psycopg://")
        made = connect(url)
        with made.connect() as connection:
            command.upgrade(alembic_config(connection), "head")
            connection.commit()
        made.dispose()
        if self.sqlite:
            self.driver: Any = sqlite3.connect(on.floor, isolation_level=None)
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-16384"):
                self.driver.execute(f"PRAGMA {pragma}")
            for (name,) in self.driver.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                self.driver.execute(f"DROP TRIGGER {name}")
        else:
            self.driver = psycopg.connect(on.floor, autocommit=True)
            for one in self.tables:
                self.driver.execute(f"ALTER TABLE {one.name} DISABLE TRIGGER USER")
        self._seen: dict[str, Rows] = {one.name: {} for one in self.tables}
        self.follow(sys.maxsize)  # what is there already comes whole, table by table: what others point at is first

    def follow(self, chunk: int = CHUNK) -> Spent:
        """Write what ours has written since the last time, so many rows of a table a commit; return what that took."""
        changes = list(self._changes())
        return spent(lambda: self._write(changes, chunk))

    def _changes(self) -> Iterator[Change]:
        mark = "?" if self.sqlite else "%s"
        for one in self.tables:
            names = [column.name for column in one.c]
            keys = [column.name for column in one.primary_key]
            places = [names.index(key) for key in keys]
            with looking() as tx:
                rows = tx.driver.execute(f"SELECT {', '.join(names)} FROM {one.name}").fetchall()
            now = {tuple(row[place] for place in places): tuple(row) for row in rows}
            before, self._seen[one.name] = self._seen[one.name], now
            values = ", ".join([mark] * len(names))
            fresh = [now[key] for key in sorted(now.keys() - before.keys())]
            changed: dict[tuple[int, ...], list[tuple[Any, ...]]] = {}
            for key in sorted(now.keys() & before.keys()):
                if now[key] != before[key]:
                    which = tuple(place for place, value in enumerate(now[key]) if value != before[key][place])
                    changed.setdefault(which, []).append((*(now[key][place] for place in which), *key))
            where = " AND ".join(f"{key} = {mark}" for key in keys)
            if fresh:
                yield Change(
                    f"INSERT INTO {one.name} ({', '.join(names)}) VALUES ({values})", fresh, one.name in LEADING
                )
            for which, updates in changed.items():
                settings = ", ".join(f"{names[place]} = {mark}" for place in which)
                yield Change(f"UPDATE {one.name} SET {settings} WHERE {where}", updates)

    def _write(self, changes: list[Change], chunk: int) -> None:
        longest = max((len(one.rows) for one in changes), default=0)
        for start in range(0, longest, chunk):
            self.driver.execute("BEGIN IMMEDIATE" if self.sqlite else "BEGIN")
            for one in changes:
                ahead = chunk if one.leads else 0  # what others point at is there before them
                if part := one.rows[start + ahead if start else 0 : start + chunk + ahead]:
                    self.driver.cursor().executemany(one.sql, part)
            self.driver.execute("COMMIT")
