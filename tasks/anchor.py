"""Anchors: the digest of all chain heads, written outside the database, so that a tail that was cut off shows."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Final

from sqlalchemy import func, insert, select

from config.settings import settings
from models.case import Anchor
from models.column import stamp
from models.policy_redemption.publicity import Publication
from tasks.clock import now
from tasks.journal import CASES, ENTRIES
from tasks.store import reading, table, transaction

ANCHORS: Final = table(Anchor)
PUBLICATIONS: Final = table(Publication)
FILE: Final = "anchors.jsonl"


def heads_digest() -> tuple[int, int, str]:
    """Return how many cases and entries there are, and one digest over all chain heads."""
    digest, cases = sha256(), 0
    with reading() as connection:
        for row in connection.execute(select(CASES.c.number, CASES.c.seq, CASES.c.head).order_by(CASES.c.id)).yield_per(
            5000
        ):
            cases += 1
            digest.update(f"{row.number}|{row.seq}|".encode() + bytes(row.head))
        entries = connection.execute(select(func.count()).select_from(ENTRIES)).scalar_one()
    return cases, entries, digest.hexdigest()


def last_posted() -> tuple[int, str]:
    """Return how many lines were posted in public, and the hash of the last, which holds all before it."""
    chosen = select(PUBLICATIONS.c.id, PUBLICATIONS.c.hash).order_by(PUBLICATIONS.c.id.desc()).limit(1)
    with reading() as connection:
        row = connection.execute(chosen).one_or_none()
    return (row.id, bytes(row.hash).hex()) if row else (0, "")


def anchor(path: Path | None = None) -> str:
    """Write how many cases, entries and posted lines there are, and digests of all, to a file outside the database."""
    at = now()
    cases, entries, digest = heads_digest()
    posted, last = last_posted()
    facts = {"cases": cases, "entries": entries, "digest": digest, "posted": posted, "last_posted": last}
    line = json.dumps({"at": stamp(at), **facts})
    where = path or settings().home / FILE
    where.parent.mkdir(parents=True, exist_ok=True)
    with where.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    with transaction() as tx:
        tx.core.execute(insert(ANCHORS).values(at=at, cases=cases, entries=entries, digest=digest))
    return line
