"""A notice of today among the old ones of years: the same work in an empty installation and among a million old cases.

The old cases are copies of one finished notice, every table of it, under other numbers and of other firms: laid there by
SQL, because told they would take a day.
"""

from typing import Any, Final

from sqlalchemy import Table
from sqlmodel import SQLModel

from tasks.journal import CASES, ENTRIES
from tasks.store import Transaction, transaction
from tests.benchmarks.measure import Ground, Line, Spent, spent
from tests.benchmarks.notice import Notice, prepare, publish
from tests.benchmarks.sweep import counted

LIMIT: Final = 1.2
SET: Final = 1_000
COPIED: Final = (
    *(
        "firms",
        "cases",
        "entries",
        "deadlines",
        "rungs",
        "decisions",
        "seats",
        "policy_applications",
        "payment_batches",
    ),
    *("payment_lines", "ledger_claims", "ledger_postings", "publications", "notices"),
)
NEW_NAME: Final = {("cases", "number"), ("payment_batches", "number"), ("publications", "number")}
AT_ONCE: Final = 50
SAME_FIRMS: Final = 5
"""So many old applications, for another matter, each firm of today's notice has; the others are of other firms."""


def measure(on: Ground, cases: int) -> list[Line]:
    """Take a notice to its end in an empty installation, again among so many copies of it, and compare phase by phase."""
    prepare(SET)
    first = _run(on, 1)
    copies = max(1, cases // SET)
    with transaction() as tx:
        tables = {one.name: one for one in SQLModel.metadata.sorted_tables if one.name in COPIED}
        spans = {name: _span(tx, one) for name, one in tables.items()}
    for start in range(0, copies, AT_ONCE):
        with transaction() as tx:
            for copy in range(start + 1, min(start + AT_ONCE, copies) + 1):
                for one in tables.values():
                    _copy(tx, one, copy, spans)
    with transaction() as tx:
        _look_again(tx, spans)
    last = _run(on, 2)
    lines = []
    for name, taken in first.items():
        cpu = last[name].cpu / taken.cpu
        note = f"{taken.wall / SET * 1e6:.0f} µs each at first, {last[name].wall / SET * 1e6:.0f} at last; by processor {cpu:.2f} x"
        lines.append(
            Line(
                "8",
                f"{name}, among {counted(CASES):,} cases, {on.kind}",
                last[name].wall / taken.wall,
                LIMIT,
                note=note,
            )
        )
    note = f"{counted(ENTRIES):,} lines of the journal; {SET:,} applications, from the sheet to the money; by processor {cpu:.2f} x"
    whole, cpu = (sum(one[side] for one in last.values()) / sum(one[side] for one in first.values()) for side in (0, 1))
    return [
        Line("8", f"a notice among {counted(CASES):,} cases to the first, {on.kind}", whole, LIMIT, note=note),
        *lines,
    ]


def _run(on: Ground, place: int) -> dict[str, Spent]:
    """Take one notice to its end; return what its phases took."""
    code = f"ZC-2026-{place:03}"
    if place > 1:
        publish(code)
    notice = Notice(on.folder, code, place)
    notice.launch()
    taken = {}
    for name, act in notice.phases(SET):
        took = spent(act)
        if name:
            taken[name] = took
    return taken


def _span(tx: Transaction, one: Table) -> int:
    """Return how far apart the keys of two copies lie: as far as there are keys."""
    key = next(iter(one.primary_key.columns)).name
    return int(tx.driver.execute(f"SELECT coalesce(max({key}), 0) FROM {one.name}").fetchone()[0])


def _copy(tx: Transaction, one: Table, copy: int, spans: dict[str, int]) -> None:
    """Copy the rows of the first notice, with every key and every reference moved by the same distance."""
    picked = ", ".join(_moved(tx, one, column, copy, spans) for column in one.c)
    names = ", ".join(column.name for column in one.c)
    key = next(iter(one.primary_key.columns)).name
    tx.driver.execute(
        f"INSERT INTO {one.name} ({names}) SELECT {picked} FROM {one.name} WHERE {key} <= {spans[one.name]}"
    )


def _moved(tx: Transaction, one: Table, column: Any, copy: int, spans: dict[str, int]) -> str:
    referred = next((key.column.table.name for key in column.foreign_keys), "")
    if referred == "firms" and copy <= SAME_FIRMS:
        return str(column.name)
    if referred in spans:
        return f"{column.name} + {copy * spans[referred]}"
    if column.primary_key and not referred and column.name == "id":
        return f"{column.name} + {copy * spans[one.name]}"
    if (one.name, column.name) in NEW_NAME:
        return f"{column.name} || '~{copy}'"
    if (one.name, column.name) == ("firms", "uscc"):
        return (
            f"printf('%09d%09d', id, {copy})"
            if tx.dialect == "sqlite"
            else f"to_char(id, 'FM000000000') || '{copy:09}'"
        )
    if (one.name, column.name) == ("notices", "key"):
        return "randomblob(16)" if tx.dialect == "sqlite" else "decode(md5(random()::text || id::text), 'hex')"
    return str(column.name)


def _look_again(tx: Transaction, spans: dict[str, int]) -> None:
    """Let the database number on after the copies, and know how many rows there are, as its own housekeeping does."""
    if tx.dialect == "sqlite":
        tx.driver.execute("ANALYZE")
        return
    for name in spans:
        sequence = (
            tx.driver.execute("SELECT pg_get_serial_sequence(%s, 'id')", (name,)).fetchone()
            if name in _NUMBERED
            else None
        )
        if sequence and sequence[0]:
            tx.driver.execute(f"SELECT setval('{sequence[0]}', (SELECT max(id) FROM {name}))")
        tx.driver.execute(f"ANALYZE {name}")


_NUMBERED: Final = frozenset(one.name for one in SQLModel.metadata.sorted_tables if "id" in one.c)
