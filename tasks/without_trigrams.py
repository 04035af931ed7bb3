"""Run Prefect's server on a PostgreSQL that has no pg_trgm extension, as the one from the wheel.

Prefect's migrations ask for the extension only for indexes that speed up searching names by a part of them. They are
left out here; everything else of the migrations runs as it is, so a later server may upgrade the database.
"""

from typing import Any

from prefect.cli import app
from sqlalchemy import event
from sqlalchemy.engine import Engine


def leave_out(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_context: Any) -> tuple[str, Any]:
    """Replace a statement that needs the extension by one that does nothing."""
    return ("SELECT 1", ()) if "pg_trgm" in statement or "gin_trgm_ops" in statement else (statement, parameters)


if __name__ == "__main__":
    event.listen(Engine, "before_cursor_execute", leave_out, retval=True)
    app()
