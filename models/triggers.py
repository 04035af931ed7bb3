"""What makes the journal append-only below every program: triggers on both databases."""

from collections.abc import Iterable
from typing import Final

APPEND_ONLY: Final = ("entries", "anchors")
"""The journal's own, since the first migration; later tables name themselves in theirs."""
GUARDED: Final = (
    *APPEND_ONLY,
    "ledger_postings",
    "policy_versions",
    "publications",
    "incident_reports",
    "incident_acks",
)
"""Every table that only grows: a restored database must guard each."""


def _sqlite(table: str) -> list[str]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    same = f"SELECT 1 FROM {table} WHERE id = NEW.id"  # noqa: S608 -- a name of ours
    before = f"ON {table} WHEN EXISTS"
    made = [
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
        # INSERT OR REPLACE deletes without the delete trigger unless recursive_triggers is on; this needs no pragma
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT {before} ({same}) {refuse}",
    ]
    if table == "entries":
        same = "SELECT 1 FROM entries WHERE case_id = NEW.case_id AND step = NEW.step AND turn = NEW.turn"
        made.append(f"CREATE TRIGGER entries_no_rewrite BEFORE INSERT {before} ({same}) {refuse}")
    return made


def _postgresql(table: str) -> list[str]:
    act, each = f"EXECUTE FUNCTION {table}_refuse()", f"BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW"
    body = f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
    return [
        f"CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS {body}",
        f"CREATE TRIGGER {table}_no_change {each} {act}",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} {act}",
        f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM PUBLIC",
    ]


def trigger_statements(dialect: str, tables: Iterable[str] = APPEND_ONLY) -> list[str]:
    """Return the statements that make tables append-only on a database; each has its key in `id`."""
    make = _sqlite if dialect == "sqlite" else _postgresql
    return [statement for table in tables for statement in make(table)]
