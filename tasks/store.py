"""The one place that opens our database: transactions, prepared statements, keys.

Hot statements are SQLAlchemy Core statements on the SQLModel tables, compiled once per dialect and run on the driver:
the ORM session and even Core's per-call work cost more than the journal itself (`tests/benchmarks/`).
"""

import base64
import json
import os
import secrets
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from contextvars import ContextVar
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, Insert, Table, create_engine, event, literal, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.sql.expression import ClauseElement, Executable
from sqlmodel import SQLModel

from config.messages import Refusal
from config.settings import settings
from models.column import KeyRing, open_ring

BUSY_TIMEOUT_MS: Final = 60_000
KEY_BYTES: Final = 32
BATCH_ROWS: Final = 100
IDLE: Final = 8
CACHE_KIB: Final = 16_384  # a chunk of a set touches more pages than SQLite keeps by default, 2 MB


def table(model: type[SQLModel]) -> Table:
    """Return the Core table of a SQLModel class."""
    found: Table = model.__table__  # type: ignore[attr-defined]
    return found


ALONE: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"


class Prepared:
    """A Core statement compiled once per dialect to driver SQL with positional parameters."""

    def __init__(self, statement: Executable, *names: str) -> None:
        self.statement, self.names = statement, names
        self._sql: dict[str, str] = {}

    def sql(self, dialect: str) -> str:
        """Return the driver's text of the statement.

        Raises:
            TypeError: the statement's parameters are not the declared names in their order.
        """
        if dialect not in self._sql:
            how = sqlite.dialect(paramstyle="qmark") if dialect == "sqlite" else postgresql.dialect(paramstyle="format")  # type: ignore[no-untyped-call]
            assert isinstance(self.statement, ClauseElement)  # noqa: S101 -- narrows the type for mypy
            compiled = self.statement.compile(dialect=how, column_keys=self.names or None)
            given = tuple(compiled.positiontup or ()) if hasattr(compiled, "positiontup") else ()
            if self.names and given != self.names:
                raise TypeError(f"parameters {given} are not {self.names}")
            self._sql[dialect] = str(compiled)
        return self._sql[dialect]

    def batch(self) -> str:
        """Return SQLite's text for `BATCH_ROWS` rows of an insert at once: one savepoint and one call a batch."""
        if "batch" not in self._sql:
            head, values, row = self.sql("sqlite").partition(" VALUES ")
            self._sql["batch"] = f"{head}{values}{', '.join([row] * BATCH_ROWS)}"
        return self._sql["batch"]

    def copy(self) -> str:
        """Return PostgreSQL's COPY of an insert's columns."""
        if "copy" not in self._sql:
            head = self.sql("postgresql").partition(" VALUES ")[0].removeprefix("INSERT INTO ")
            self._sql["copy"] = f"COPY {head} FROM STDIN"
        return self._sql["copy"]


# Connections between two transactions. The pool's own way in and out costs as much as three statements.
_idle: Final[deque[tuple[Engine, PoolProxiedConnection]]] = deque()
_of_parent: Final[list[tuple[Engine, PoolProxiedConnection]]] = []


def _borrow(store: Engine) -> PoolProxiedConnection:
    """Return a connection that nobody uses, or one of the pool's."""
    while True:
        try:
            owner, connection = _idle.pop()
        except IndexError:
            return store.raw_connection()
        if owner is store:
            return connection
        connection.close()


def _leave_to_parent() -> None:
    """Keep a fork's hands off the connections of its parent, and off closing them."""
    _of_parent.extend(_idle)
    _idle.clear()


os.register_at_fork(after_in_child=_leave_to_parent)


class Transaction:
    """One transaction on a raw driver connection, with a Core connection on demand and hooks for after the commit."""

    def __init__(self, store: Engine, *, write: bool) -> None:
        self._store, self.dialect = store, store.dialect.name
        self._fairy = _borrow(store)
        driver: Any = self._fairy.driver_connection
        self.driver = driver
        self._core: Connection | None = None
        self._before: list[Callable[[], None]] = []
        self._after: list[Callable[[], None]] = []
        self.written: set[int] = set()
        """Cases whose journal got a line of its own here: whoever locked one before reads it anew."""
        self.nudged: dict[int, int] = {}
        """Arrivals by case: counted last and in the order of the cases, so that nobody waits crosswise."""
        self.holders: dict[tuple[str, str], list[str]] = {}
        """Who holds a role on a day, looked up once a transaction."""
        if self.dialect == "sqlite":
            self.driver.execute("BEGIN IMMEDIATE" if write else "BEGIN")

    def run(self, prepared: Prepared, *values: Any) -> Any:
        """Run one prepared statement and return the driver's cursor."""
        return self.driver.execute(prepared.sql(self.dialect), values)

    def run_many(self, prepared: Prepared, rows: Sequence[Sequence[Any]]) -> None:
        """Run one prepared statement for many rows."""
        if len(rows) == 1:
            self.driver.execute(prepared.sql(self.dialect), rows[0])
        elif rows:
            self.driver.cursor().executemany(prepared.sql(self.dialect), rows)

    def insert_many(self, prepared: Prepared, rows: Sequence[Sequence[Any]]) -> None:
        """Insert many rows by the cheapest way of the database; constraints and triggers hold as ever."""
        if self.dialect != "sqlite" and len(rows) > 1:
            with self.driver.cursor().copy(prepared.copy()) as copy:
                for row in rows:
                    copy.write_row(row)
            return
        whole = len(rows) - len(rows) % BATCH_ROWS
        for start in range(0, whole, BATCH_ROWS):
            self.driver.execute(prepared.batch(), list(chain.from_iterable(rows[start : start + BATCH_ROWS])))
        self.run_many(prepared, rows[whole:])

    def at_once(self) -> AbstractContextManager[Any]:
        """Send statements that need no answer on one way to a PostgreSQL server and back."""
        pipeline: AbstractContextManager[Any] = nullcontext() if self.dialect == "sqlite" else self.driver.pipeline()
        return pipeline

    def alone(self, name: str) -> None:
        """Let one transaction at a time on under a name, where there is no row to lock yet: SQLite has one writer."""
        if self.dialect != "sqlite":
            self.driver.execute(ALONE, (name,))

    @property
    def core(self) -> Connection:
        """A SQLAlchemy connection inside this same transaction, for everything that is not hot."""
        if self._core is None:
            self._core = Connection(self._store, connection=self._fairy).execution_options(joined=True)
        return self._core

    def add(self, statement: Insert) -> int:
        """Insert one row and return its id."""
        made = self.core.execute(statement).inserted_primary_key
        assert made is not None  # noqa: S101 -- every table here has a key of its own
        return int(made[0])

    def before_commit(self, act: Callable[[], None]) -> None:
        """Do something as the last thing of the transaction, on its own connection."""
        self._before.append(act)

    def after_commit(self, act: Callable[[], None]) -> None:
        """Do something once the transaction is safe; a rolled-back transaction does nothing."""
        self._after.append(act)

    def end(self, *, commit: bool) -> None:
        """Commit or roll back, give the connection back, then run the hooks."""
        ended = False
        try:
            if commit:
                for act in self._before:
                    act()
                self.driver.commit()
            else:
                self.driver.rollback()
            ended = True
        finally:
            self._core = None
            if ended and len(_idle) < IDLE:
                _idle.append((self._store, self._fairy))
            else:  # the pool looks after a connection in an unknown state
                self._fairy.close()
        if commit:
            for act in self._after:
                act()


_ambient: ContextVar[Transaction | None] = ContextVar("transaction", default=None)


@contextmanager
def transaction() -> Iterator[Transaction]:
    """Open a writing transaction, or join the one that is open in this context: nobody else commits."""
    joined = _ambient.get()
    if joined is not None:
        yield joined
        return
    current = Transaction(engine(), write=True)
    token = _ambient.set(current)
    try:
        yield current
    except BaseException:
        _ambient.reset(token)
        current.end(commit=False)
        raise
    _ambient.reset(token)
    current.end(commit=True)


@contextmanager
def looking() -> Iterator[Transaction]:
    """Open a transaction for reading only, for prepared statements; inside a transaction, that one."""
    joined = _ambient.get()
    if joined is not None:
        yield joined
        return
    current = Transaction(engine(), write=False)
    try:
        yield current
    finally:
        current.end(commit=False)


@contextmanager
def snapshot() -> Iterator[Transaction]:
    """Open a transaction for reading only that sees one moment throughout; what reads inside it sees the same."""
    current = Transaction(engine(), write=False)
    token = _ambient.set(current)
    try:
        if current.dialect != "sqlite":
            current.driver.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        current.core.execute(
            select(literal(1)).select_from(text("cases")).limit(1)
        ).all()  # the moment is the first look
        yield current
    finally:
        _ambient.reset(token)
        current.end(commit=False)


@contextmanager
def reading() -> Iterator[Connection]:
    """Open a connection for reading only; inside a transaction, its own connection."""
    with looking() as tx:
        yield tx.core


def in_transaction() -> bool:
    """Say whether a transaction is open in this context."""
    return _ambient.get() is not None


def _prepare_sqlite(driver: Any, _record: object) -> None:
    driver.isolation_level = None
    driver.execute("PRAGMA journal_mode=WAL")
    driver.execute("PRAGMA synchronous=FULL")
    driver.execute("PRAGMA foreign_keys=ON")
    driver.execute("PRAGMA recursive_triggers=ON")  # without it INSERT OR REPLACE slips past the append-only trigger
    driver.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    driver.execute(f"PRAGMA cache_size=-{CACHE_KIB}")


def _begin_sqlite(connection: Connection) -> None:
    if not connection.get_execution_options().get("joined"):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def connect(url: str) -> Engine:
    """Make an engine for a database of ours, with the pragmas that the journal rests on."""
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    made = create_engine(url, pool_size=16, max_overflow=48)
    if made.dialect.name == "sqlite":
        event.listen(made, "connect", _prepare_sqlite)
        # Core joins a transaction that we began on the driver; on a connection of its own it begins like a writer.
        event.listen(made, "begin", _begin_sqlite)
    return made


@cache
def engine() -> Engine:
    """Return the engine of this process's database, with its key ring open."""
    open_ring(load_keys())
    return connect(settings().database)


def make_keys() -> str:
    """Make a fresh key ring as JSON."""
    fresh = {name: base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode() for name in ("1", "index", "chain")}
    return json.dumps(
        {"current": 1, "seals": {"1": fresh["1"]}, "index": fresh["index"], "chain": fresh["chain"]}, indent=1
    )


def load_keys() -> KeyRing:
    """Read the key ring from the environment or its file; the first start of an empty installation makes one.

    Raises:
        Refusal: the ring is unreadable.
    """
    given, path = settings().keys, settings().key_path
    if given is None and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{secrets.token_hex(8)}")  # a name of its own for each thread, too
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(make_keys())
            file.flush()
            os.fsync(file.fileno())  # what is sealed with a lost key is lost
        with suppress(FileExistsError):  # another process of ours was first; its ring is read below
            path.hardlink_to(draft)
        draft.unlink()
    return read_ring(given.get_secret_value() if given else _read(path), path.name)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, ValueError) as error:
        raise Refusal("kernel.keys_unreadable", path=path.name, why=type(error).__name__) from error


def read_ring(text: str, name: str) -> KeyRing:
    """Read a key ring from JSON.

    Raises:
        Refusal: it is unreadable; names the file.
    """
    try:
        ring = json.loads(text)
        seals = {int(number): _key(key) for number, key in ring["seals"].items()}
        index, chain, current = _key(ring["index"]), _key(ring["chain"]), int(ring["current"])
        if current not in seals:  # such a ring could read and never write
            raise KeyError(current)  # noqa: TRY301 -- told below like every other fault of the file
        return KeyRing(seals, current, index, chain)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refusal("kernel.keys_unreadable", path=name, why=type(error).__name__) from error


def _key(text: str) -> bytes:
    """Return a key of the ring; a damaged one would seal or index with next to nothing."""
    key = base64.b64decode(text, validate=True)
    if len(key) != KEY_BYTES:
        raise ValueError(len(key))
    return key


def forget() -> None:
    """Close the engine and forget settings and keys, so that a test can start on another database."""
    while _idle:
        _idle.pop()[1].close()
    if engine.cache_info().currsize:
        engine().dispose()
    engine.cache_clear()
    settings.cache_clear()
    open_ring(None)
