"""What the benefit run reads of a season: recruits, where they serve, honours, what others pay, accounts."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import select

from models.column import key_ring
from models.conscription.roll import Benefit
from models.conscription.service_facts import OnRoll
from models.conscription.service_roll import Honour, ServedYear, SuperiorPayment
from models.conscription.status import MemberStatus as M
from tasks.conscription.check import CANDIDATES
from tasks.conscription.course import number_of as season_number
from tasks.conscription.roll import PARTIES, PERSONS
from tasks.journal import CASES, Standing, case_id_of
from tasks.step import Dossier
from tasks.store import in_transaction, reading, table

BENEFITS: Final = table(Benefit)
SERVED: Final = table(ServedYear)
HONOURS: Final = table(Honour)
SUPERIOR: Final = table(SuperiorPayment)
Rows = Mapping[int, Sequence[Any]]


class Recruit(NamedTuple):
    """A recruit in service: the case as it stands, the town, and what the roll has."""

    standing: Standing
    unit: str
    roll: OnRoll


def season_of(dossier: Dossier) -> int:
    """Return the id of the season that a benefit run pays for."""
    return case_id_of(season_number(dossier.number.split("-")[1]))


def year_of(dossier: Dossier) -> int:
    """Return the year that a benefit run pays for."""
    return int(dossier.number.split("-")[2])


def _grouped(rows: Iterable[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in rows:
        found.setdefault(row.case_id, []).append(row)
    return found


def _of_season(source: Any, season_id: int) -> dict[int, list[Any]]:
    chosen = (
        select(source)
        .join(CASES, CASES.c.id == source.c.case_id)
        .where(CASES.c.parent_id == season_id)
        .order_by(source.c.id)
    )
    with reading() as connection:
        return _grouped(connection.execute(chosen))


def recruits(season_id: int) -> list[Recruit]:
    """Return the recruits in service with what their benefits follow from, in the order of their numbers."""
    chosen = (
        select(CASES.c.id, CASES.c.number, CASES.c.status, CASES.c.seq, CASES.c.head, CASES.c.version, CASES.c.drill,
               CASES.c.unit, CANDIDATES.c.education, CANDIDATES.c.standing, CANDIDATES.c.basis)
        .join(CANDIDATES, CANDIDATES.c.case_id == CASES.c.id)
        .where(CASES.c.parent_id == season_id, CASES.c.status == M.IN_SERVICE)
        .order_by(CASES.c.id)
    )  # fmt: skip
    chosen = chosen.with_for_update(of=CASES) if in_transaction() else chosen  # a step writes into their journals
    served, honours, superior = (_of_season(source, season_id) for source in (SERVED, HONOURS, SUPERIOR))
    with reading() as connection:
        return [
            Recruit(
                Standing(row.id, row.number, row.status, row.seq, bytes(row.head), row.version, bool(row.drill)),
                row.unit,
                OnRoll(row, served.get(row.id, ()), honours.get(row.id, ()), superior.get(row.id, ())),
            )
            for row in connection.execute(chosen)
        ]


def rows_of(season_id: int) -> dict[int, list[Any]]:
    """Return the stored sums of a season, by recruit."""
    with reading() as connection:
        return _grouped(
            connection.execute(select(BENEFITS).where(BENEFITS.c.season_id == season_id).order_by(BENEFITS.c.id))
        )


class Account(NamedTuple):
    """Whom and where to pay; `mark` tells one account from another without showing it."""

    name: str
    unit: str
    number: str
    status: str
    account: str | None

    @property
    def mark(self) -> str:
        """Blind mark of the account; empty where there is none."""
        return key_ring().index(f"account:{self.account}").hex()[:16] if self.account else ""


def accounts(season_id: int, members: Sequence[int]) -> dict[int, Account]:
    """Return the accounts of the recruits; reading them is a part of the step that is journalled."""
    chosen = (
        select(CASES.c.id, CASES.c.number, CASES.c.unit, CASES.c.status, PERSONS.c.name, PERSONS.c.account)
        .join(PARTIES, PARTIES.c.case_id == CASES.c.id)
        .join(PERSONS, PERSONS.c.id == PARTIES.c.person_id)
        .where(CASES.c.parent_id == season_id)
    )
    wanted = set(members)
    with reading() as connection:
        return {
            row.id: Account(row.name, row.unit, row.number, row.status, row.account)
            for row in connection.execute(chosen)
            if row.id in wanted
        }


def on_file(dossier: Dossier) -> dict[str, int]:
    """Return how many recruits there are, and of how many each roster tells."""
    season_id, year = season_of(dossier), year_of(dossier)
    found = recruits(season_id)
    held = accounts(season_id, [one.standing.id for one in found])
    return {
        "recruits": len(found),
        "areas": sum(any(row.year == year for row in one.roll.served) for one in found),
        "honours": sum(len(one.roll.honours) for one in found),
        "superior": sum(len(one.roll.superior) for one in found),
        "accounts": sum(one.account is not None for one in held.values()),
    }
