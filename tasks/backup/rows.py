"""The database row by row, in a form that no database owns: SQLite and PostgreSQL restore into each other."""

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    Date,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    column,
    func,
    insert,
    select,
    type_coerce,
)
from sqlalchemy import table as named_table
from sqlmodel import AutoString, SQLModel

from models import every_table
from models.backup import Column, Kind, Rows
from models.column import CanonicalJson, Instant, Sealed, stamp
from models.triggers import FIXED, GUARDED
from tasks.store import Prepared, Transaction

BATCH: Final = 5000
KINDS: Final[tuple[tuple[type[Any], Kind], ...]] = (
    (Instant, "instant"),
    (Sealed, "bytes"),
    (LargeBinary, "bytes"),
    (CanonicalJson, "text"),
    (AutoString, "text"),
    (String, "text"),
    (Boolean, "bool"),
    (Integer, "int"),
    (Date, "date"),
)
_WRITTEN: Final[dict[Kind, Callable[[Any], Any]]] = {
    "bytes": lambda value: base64.b64encode(value).decode(),
    "date": lambda value: value.isoformat(),
    "instant": lambda value: value if isinstance(value, str) else stamp(value),
}
_READ: Final[dict[Kind, Callable[[Any], Any]]] = {
    "bytes": base64.b64decode,
    "date": date.fromisoformat,
    "instant": datetime.fromisoformat,
}
_READ_SQLITE: Final[dict[Kind, Callable[[Any], Any]]] = {"bytes": base64.b64decode}
_READ_AS: Final[dict[Kind, Any]] = {"bytes": LargeBinary(), "text": Text(), "instant": Text()}


def tables() -> tuple[Table, ...]:
    """Return every table of ours, each after those that it points at."""
    assert every_table.TABLES  # noqa: S101 -- the import registers them
    return tuple(SQLModel.metadata.sorted_tables)


def columns_of(found: Table) -> tuple[Column, ...]:
    """Return how each column of a table is written.

    Raises:
        TypeError: a column is of a type that has no portable form yet; a fault of ours.
    """
    made = []
    for one in found.c:
        kind = next((kind for type_, kind in KINDS if isinstance(one.type, type_)), None)
        if kind is None:
            raise TypeError(f"{found.name}.{one.name}: {one.type!r} has no portable form")
        made.append(Column(name=one.name, kind=kind))
    return tuple(made)


def dump(tx: Transaction, found: Table) -> Iterator[tuple[bytes, int]]:
    """Yield a table's rows in the order of their keys, as lines of JSON, with the number of rows of each batch."""
    columns = columns_of(found)
    chosen = [
        type_coerce(found.c[one.name], _READ_AS[one.kind]) if one.kind in _READ_AS else found.c[one.name]
        for one in columns
    ]
    rows = iter(tx.core.execute(select(*chosen).order_by(*found.primary_key.columns).execution_options(yield_per=2000)))
    special = [(place, _WRITTEN[one.kind]) for place, one in enumerate(columns) if one.kind in _WRITTEN]
    while batch := list(islice(rows, BATCH)):
        yield "".join(_line(row, special) for row in batch).encode(), len(batch)


def _line(row: Sequence[Any], special: Sequence[tuple[int, Callable[[Any], Any]]]) -> str:
    values = list(row)
    for place, write in special:
        if values[place] is not None:
            values[place] = write(values[place])
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")) + "\n"


class Loader:
    """Puts the rows of one table back, into tables of whatever version the backup is."""

    def __init__(self, tx: Transaction, name: str, columns: Sequence[Column]) -> None:
        self._tx, self.loaded = tx, 0
        names = [one.name for one in columns]
        self._insert = Prepared(insert(named_table(name, *(column(one) for one in names))), *names)
        read = _READ_SQLITE if tx.dialect == "sqlite" else _READ
        self._special = [(place, read[one.kind]) for place, one in enumerate(columns) if one.kind in read]

    def load(self, lines: bytes) -> None:
        """Insert a batch of lines."""
        rows = []
        for line in lines.splitlines():
            values = json.loads(line)
            for place, read in self._special:
                if values[place] is not None:
                    values[place] = read(values[place])
            rows.append(values)
        self._tx.insert_many(self._insert, rows)
        self.loaded += len(rows)


def set_sequences(tx: Transaction, tables_loaded: Sequence[Rows]) -> None:
    """Let PostgreSQL number on after the highest id of each table; SQLite does so by itself."""
    if tx.dialect == "sqlite":
        return
    for one in tables_loaded:
        if any(column.name == "id" for column in one.columns) and one.rows:
            sequence = tx.driver.execute("SELECT pg_get_serial_sequence(%s, 'id')", (one.name,)).fetchone()[0]
            if sequence:
                high = select(func.max(named_table(one.name, column("id")).c.id)).scalar_subquery()
                tx.core.execute(select(func.setval(sequence, high)))


def count(tx: Transaction, name: str) -> int:
    """Return how many rows a table has."""
    return int(tx.core.execute(select(func.count()).select_from(named_table(name))).scalar_one())


def unguarded(tx: Transaction) -> list[str]:
    """Return the guarded tables whose triggers do not stand."""
    if tx.dialect == "sqlite":
        standing = tx.driver.execute("SELECT tbl_name FROM sqlite_master WHERE type = 'trigger'").fetchall()
    else:
        standing = tx.driver.execute(
            "SELECT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'O'"
        ).fetchall()
    guarded = {row[0] for row in standing}
    return [name for name in (*GUARDED, *FIXED) if name not in guarded]
