"""Migrations: every version upward, with data in it, on both databases, and no drift from the models."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

from models import every_table
from models.case import Case
from tasks import store
from tasks.database import alembic_config, head, upgrade, version
from tasks.journal import lock, verify, write_entry
from tasks.store import engine, table, transaction

CASES = table(Case)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if request.param == "postgresql":
        monkeypatch.setenv("BANJIE_DATABASE_URL", request.getfixturevalue("postgres"))
    store.forget()
    yield request.param
    store.forget()


def put_in_data() -> None:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    with transaction() as tx:
        tx.core.execute(
            insert(CASES).values(number="ZB-2026H1", process="conscription", subject="", unit="", status="", on_day=date(2026, 3, 1),
                                 drill=False, version=0, seq=0, head=b"", opened_at=at)
        )  # fmt: skip
        case_id = tx.core.execute(select(CASES.c.id)).scalar_one()
        write_entry(
            tx, lock(tx, case_id), "opened", 1, actor="system", at=at, after="planned", outcome={"subject": "征兵"}
        )


def revisions() -> list[str]:
    return [one.revision for one in ScriptDirectory.from_config(alembic_config()).walk_revisions()][::-1]


@pytest.mark.parametrize("start", revisions())
def test_each_version_comes_up_with_its_data(database: str, start: str) -> None:
    upgrade(start)
    put_in_data()
    upgrade()
    assert version() == head()
    assert list(verify()) == []
    with engine().connect() as connection:
        assert connection.execute(text("select number from cases")).scalars().all() == ["ZB-2026H1"]
        assert compare_metadata(MigrationContext.configure(connection), SQLModel.metadata) == []


def test_upgrading_twice_changes_nothing(database: str) -> None:
    upgrade()
    put_in_data()
    upgrade()
    assert list(verify()) == []


@pytest.mark.parametrize("change", ["UPDATE entries SET actor = 'x'", "DELETE FROM entries"])
def test_the_journal_refuses_changes_after_the_migration(database: str, change: str) -> None:
    upgrade()
    put_in_data()
    with pytest.raises(DBAPIError, match="append-only"), transaction() as tx:
        tx.core.execute(text(change))


def test_every_table_is_registered() -> None:
    assert {model.__tablename__ for model in every_table.TABLES} == set(SQLModel.metadata.tables)
