"""The database's version: migrations up to the one this program needs."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from tasks.store import engine

SCRIPTS: Final = Path(__file__).resolve().parent.parent / "models" / "migrations"


def alembic_config(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration for one connection."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    return config


def upgrade(to: str = "head") -> None:
    """Bring the database up to a version, with its data; a database that is there already stays as it is."""
    with engine().connect() as connection:
        command.upgrade(alembic_config(connection), to)
        connection.commit()


def version() -> str:
    """Return the database's version; empty for a database that is not set up."""
    with engine().connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() or ""


def head() -> str:
    """Return the version that this program needs."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head() or ""
