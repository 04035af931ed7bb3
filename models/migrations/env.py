"""Alembic's way in: runs the migrations on the connection that it is given."""

from alembic import context
from sqlmodel import SQLModel

from models import every_table  # noqa: F401 -- registers the tables

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
