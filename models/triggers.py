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
FIXED: Final = ("cases",)
"""Tables of which one column never changes: a restored database must guard these too."""


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


def drill_statements(dialect: str) -> list[str]:
    """Return the statements that hold a case's drill flag fast: a drill stays one, and the reverse."""
    refuse, change = "the drill flag of a case never changes", "BEFORE UPDATE OF drill ON cases"
    if dialect == "sqlite":
        abort = f"BEGIN SELECT RAISE(ABORT, '{refuse}'); END"
        # INSERT OR REPLACE takes the old row away without any update
        other = "SELECT 1 FROM cases WHERE (id = NEW.id OR number = NEW.number) AND drill IS NOT NEW.drill"
        return [
            f"CREATE TRIGGER cases_drill_fixed {change} WHEN OLD.drill IS NOT NEW.drill {abort}",
            f"CREATE TRIGGER cases_drill_kept BEFORE INSERT ON cases WHEN EXISTS ({other}) {abort}",
        ]
    body = f"$$ BEGIN RAISE EXCEPTION '{refuse}'; END $$"
    act = "WHEN (OLD.drill IS DISTINCT FROM NEW.drill) EXECUTE FUNCTION cases_drill_refuse()"
    return [
        f"CREATE FUNCTION cases_drill_refuse() RETURNS trigger LANGUAGE plpgsql AS {body}",
        f"CREATE TRIGGER cases_drill_fixed {change} FOR EACH ROW {act}",
    ]
