"""The ground that a kernel test stands on: a house with a database of its own, a simulated clock, cases and officers."""

import shutil
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import psycopg
import pytest
from sqlalchemy import insert, select
from sqlalchemy.engine import make_url

from config.zone import SHANGHAI
from models.case import Anchor, Deadline, Decision, Entry, Notice, Rung, Seat
from models.column import key_ring
from models.person import Party, Person
from tasks import officer
from tasks.ask import open_questions
from tasks.case import open_case
from tasks.clock import now, set_clock
from tasks.database import upgrade
from tasks.door import Signature, decide
from tasks.journal import CASES, Page, Standing, lock
from tasks.postgres import Postgres
from tasks.step import Dossier, read_dossier
from tasks.store import forget, reading, table, transaction

BOTH = ("sqlite", "postgresql")
MORNING = datetime(2027, 1, 4, 9, tzinfo=SHANGHAI)
ENTRIES, NOTICES, DECISIONS, SEATS = table(Entry), table(Notice), table(Decision), table(Seat)
DEADLINES, RUNGS, ANCHORS, PERSONS, PARTIES = table(Deadline), table(Rung), table(Anchor), table(Person), table(Party)
OFFICERS = officer.OFFICERS
TEMPLATE = "ground_template"
R = TypeVar("R")


class Ground(NamedTuple):
    """A house to test in: its home folder, its database, and which kind that is."""

    home: Path
    url: str
    kind: str


class _Made:
    sqlite: bytes = b""
    clusters: set[str] = set()  # noqa: RUF012 -- shared by the whole session on purpose


def settled(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    """Settle a house on the kind of database that the fixture is parametrised with; the tables are made once a session."""
    monkeypatch.setenv("BANJIE_CLOCK", "simulated")
    monkeypatch.delenv("BANJIE_DATABASE_URL", raising=False)
    kind: str = request.param
    if kind == "sqlite":
        url = f"sqlite:///{home / 'banjie.db'}"
        if _Made.sqlite:
            (home / "banjie.db").write_bytes(_Made.sqlite)
        else:
            _Made.sqlite = _sqlite_template(home)
        forget()
        yield _begun(Ground(home, url, kind))
        forget()
        return
    cluster: Postgres = request.getfixturevalue("postgres_cluster")
    if str(cluster.folder) not in _Made.clusters:
        cluster.create(TEMPLATE)
        monkeypatch.setenv("BANJIE_DATABASE_URL", cluster.url(TEMPLATE, "psycopg"))
        forget()
        upgrade()
        _Made.clusters.add(str(cluster.folder))
    name = f"ground_{uuid.uuid4().hex[:12]}"
    forget()
    with psycopg.connect(dsn(cluster.url("postgres", "psycopg")), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE {TEMPLATE}')
    monkeypatch.setenv("BANJIE_DATABASE_URL", cluster.url(name, "psycopg"))
    forget()
    yield _begun(Ground(home, cluster.url(name, "psycopg"), kind))
    forget()
    cluster.drop(name)


def _sqlite_template(home: Path) -> bytes:
    forget()
    upgrade()
    forget()
    whole = home / "whole.db"
    shutil.copy(home / "banjie.db", whole)  # the last connection has folded the write-ahead log in
    return whole.read_bytes()


def _begun(ground: Ground) -> Ground:
    set_clock(MORNING)
    return ground


def dsn(url: str) -> str:
    """Return a SQLAlchemy URL as psycopg takes it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def opened(
    number: str = "ZB-2027H1", *, drill: bool = False, status: str = "planned", process: str = "conscription"
) -> Dossier:
    """Open a case."""
    return open_case(number, process=process, subject="试办事项", on=date(2027, 3, 1), story="conscription/conscription",
                     parameters={"season": "2027H1"}, status=status, drill=drill)  # fmt: skip


def with_members(
    dossier: Dossier, count: int, status: str = "applied_online", units: Sequence[str] = ("haimen",)
) -> list[str]:
    """Give a case members, each with the first line of its journal; return their numbers."""
    with transaction() as tx:
        lock(tx, dossier.id)
        page = Page(tx, "apply", 1, "system", now())
        numbers = [f"{dossier.number}-{place:06}" for place in range(1, count + 1)]
        for place, number in enumerate(numbers):
            made = tx.core.execute(
                insert(CASES).values(number=number, process=dossier.process, subject="", parent_id=dossier.id, unit=units[place % len(units)],
                                     status="", on_day=dossier.on, drill=dossier.drill, version=0, seq=0, head=b"", opened_at=now())
            )  # fmt: skip
            assert made.inserted_primary_key is not None
            page.add(Standing(made.inserted_primary_key[0], number, "", 0, b"", 0, dossier.drill), status, {})
        page.write()
    return numbers


def about(number: str, identity: str) -> None:
    """Make a person the party of a case."""
    with transaction() as tx:
        case = tx.core.execute(select(CASES.c.id).where(CASES.c.number == number)).scalar_one()
        made = tx.core.execute(
            insert(PERSONS).values(
                identity_index=key_ring().index(identity), identity=identity, name="试者", phone=None, account=None
            )
        )
        assert made.inserted_primary_key is not None
        tx.core.execute(insert(PARTIES).values(case_id=case, person_id=made.inserted_primary_key[0]))


def journal(number: str) -> list[tuple[str, int, str, str]]:
    """Return a case's journal as (step, turn, status after, actor)."""
    chosen = (
        select(ENTRIES.c.step, ENTRIES.c.turn, ENTRIES.c.after, ENTRIES.c.actor)
        .join(CASES, CASES.c.id == ENTRIES.c.case_id)
        .where(CASES.c.number == number)
        .order_by(ENTRIES.c.seq)
    )
    with reading() as connection:
        return [(row.step, row.turn, row.after, row.actor) for row in connection.execute(chosen)]


def rows_of(found: Any, **where: Any) -> list[Any]:
    """Return the rows of a table with the given values, in the order of their making."""
    chosen = select(found).order_by(*found.primary_key.columns)
    for name, value in where.items():
        chosen = chosen.where(found.c[name] == value)
    with reading() as connection:
        return list(connection.execute(chosen).all())


def status_of(number: str) -> str:
    """Return a case's status."""
    with reading() as connection:
        return str(connection.execute(select(CASES.c.status).where(CASES.c.number == number)).scalar_one())


def anew(dossier: Dossier) -> Dossier:
    """Read a case as a run that has just woken does."""
    return read_dossier(dossier.number)


def later(**span: float) -> datetime:
    """Move the clock forward by a span; return the moment."""
    set_clock(now() + timedelta(**span))
    return now()


def hire(staff_no: str, *roles: str, identity: str | None = None, since: date = date(2026, 1, 1)) -> str:
    """Enrol an officer."""
    officer.enrol(staff_no, f"人员{staff_no}", list(roles), since, identity)
    return staff_no


def fresh_code(staff_no: str) -> str:
    """Return a code that the officer has not used."""
    later(seconds=31)
    return officer.code_now(staff_no)


def seats_open(point: str = "") -> list[int]:
    """Return the open seats, of one point or of all."""
    return [one.seat_id for one in open_questions() if point in ("", one.point)]


def answer(
    seat_id: int,
    staff_no: str,
    verdict: str = "approve",
    *,
    code: str | None = None,
    reason: str = "情况属实",
    **more: Any,
) -> str:
    """Answer a seat with a fresh code, or with the given one."""
    given = {"verdict": verdict, "reason": reason, **more}
    return decide(seat_id, Signature(staff_no, fresh_code(staff_no) if code is None else code, given, "form"))


def race(*acts: Callable[[], R]) -> list[R | Exception]:
    """Do several things at the same time, each in a thread of its own; return what each came to."""
    start = threading.Barrier(len(acts))
    results: list[R | Exception] = [RuntimeError("it did not end")] * len(acts)

    def run(place: int, act: Callable[[], R]) -> None:
        start.wait(30)
        try:
            results[place] = act()
        except Exception as error:  # noqa: BLE001 -- the test looks at what it was
            results[place] = error

    threads = [threading.Thread(target=run, args=given) for given in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results
