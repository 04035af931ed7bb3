"""Anchors: the digest of all chain heads, written outside the database, so that a tail that was cut off shows."""

import json
from pathlib import Path
from typing import Final

from sqlalchemy import insert

from config.settings import settings
from models.case import Anchor
from models.column import stamp
from tasks.clock import now
from tasks.journal import heads_digest
from tasks.store import table, transaction

ANCHORS: Final = table(Anchor)
FILE: Final = "anchors.jsonl"


def anchor(path: Path | None = None) -> str:
    """Write how many cases and entries there are, and the digest of all heads, to a file outside the database."""
    at = now()
    cases, entries, digest = heads_digest()
    line = json.dumps({"at": stamp(at), "cases": cases, "entries": entries, "digest": digest})
    where = path or settings().home / FILE
    where.parent.mkdir(parents=True, exist_ok=True)
    with where.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    with transaction() as tx:
        tx.core.execute(insert(ANCHORS).values(at=at, cases=cases, entries=entries, digest=digest))
    return line
