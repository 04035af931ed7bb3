"""What a backup says of itself: its format, the version it was made at, and what must be found after a restore."""

from typing import Literal

from config.fact import Fact

Kind = Literal["int", "bool", "text", "bytes", "date", "instant"]
"""How a value is written, whatever the database: bytes in base64, days and instants in ISO."""
FORMAT = 1


class Header(Fact):
    """The first line of a backup, readable without keys."""

    format: int
    made_at: str
    revision: str
    salt: str
    key: str
    """A mark of the key it is sealed with, so that another installation's keys are told from damage."""


class Column(Fact):
    """One column, and how its values are written."""

    name: str
    kind: Kind


class Rows(Fact):
    """One table: its columns in their order, and how many rows."""

    name: str
    columns: tuple[Column, ...]
    rows: int


class Manifest(Fact):
    """The last member of a backup: everything that must be there again."""

    tables: tuple[Rows, ...]
    files: int
    bytes: int
    cases: int
    entries: int
    heads: str
    """Digest of all chain heads, as an anchor writes it."""
