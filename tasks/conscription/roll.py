"""The roll of a season: its tables, and its members looked up by case number or by identity."""

from typing import Any, Final, NamedTuple

from sqlalchemy import select

from models.column import key_ring
from models.conscription.roll import Candidate, Evidence, Finding, Objection, Ranked, Returned
from models.person import Party, Person
from tasks.journal import CASES, Standing
from tasks.store import Transaction, table

CANDIDATES: Final = table(Candidate)
FINDINGS: Final = table(Finding)
EVIDENCE: Final = table(Evidence)
OBJECTIONS: Final = table(Objection)
RANKED: Final = table(Ranked)
RETURNS: Final = table(Returned)
PERSONS: Final = table(Person)
PARTIES: Final = table(Party)


class OnFile(NamedTuple):
    """A member of the season as a row finds it: by case number or by identity."""

    standing: Standing
    person_id: int
    identity: bytes
    unit: str


class Roll:
    """The members of one season, looked up by number or identity."""

    def __init__(self, tx: Transaction, season_id: int) -> None:
        rows = tx.core.execute(
            select(
                CASES.c.id,
                CASES.c.number,
                CASES.c.status,
                CASES.c.seq,
                CASES.c.head,
                CASES.c.version,
                CASES.c.drill,
                CASES.c.unit,
                PARTIES.c.person_id,
                PERSONS.c.identity_index,
            )
            .join(PARTIES, PARTIES.c.case_id == CASES.c.id)
            .join(PERSONS, PERSONS.c.id == PARTIES.c.person_id)
            .where(CASES.c.parent_id == season_id)
        )
        self.by_number: dict[str, OnFile] = {}
        self.by_identity: dict[bytes, OnFile] = {}
        for row in rows:
            standing = Standing(row.id, row.number, row.status, row.seq, bytes(row.head), row.version, bool(row.drill))
            found = OnFile(standing, row.person_id, bytes(row.identity_index), row.unit)
            self.by_number[row.number] = self.by_identity[found.identity] = found

    def find(self, row: Any) -> OnFile | str:
        """Return the member a row is about, or the message that says why there is none."""
        by_number = self.by_number.get(row.number) if row.number else None
        by_identity = self.by_identity.get(key_ring().index(row.identity)) if row.identity else None
        if row.number and row.identity and by_number != by_identity:
            return "intake.two_people"
        return by_number or by_identity or "intake.not_on_file"
