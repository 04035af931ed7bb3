"""Alembic's way in: runs the migrations on the connection that it is given."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlmodel import SQLModel

from models import every_table  # noqa: F401 -- registers the tables
from models.column import CanonicalJson, Instant, Sealed

PLAIN = {"Instant": "Instant()", "Sealed": "sa.LargeBinary()", "CanonicalJson": "sa.Text()"}


def render_item(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Write our column types as what they store, so that an old migration never asks for a new class."""
    if kind == "type" and isinstance(item, (Instant, Sealed, CanonicalJson)):
        if isinstance(item, Instant):
            autogen.imports.add("from models.column import Instant")
        return PLAIN[type(item).__name__]
    if kind == "type" and type(item).__name__ == "AutoString":
        return f"sa.String(length={item.length})"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    render_item=render_item,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
