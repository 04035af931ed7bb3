"""The register of firms: their facts taken in from sheets, looked up by credit code, held against conditions."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, literal_column, select

from config.messages import Refusal, say
from config.offices import town
from models.column import canonical, key_ring, stamp
from models.policy_redemption.application import Firm
from models.policy_redemption.content import Condition, FirmFact
from models.policy_redemption.matching import Matched, match
from models.roster.firm import FirmRow, parted
from tasks.case import OPENED
from tasks.clock import local_day, now
from tasks.intake import Intake, Refused, take_in
from tasks.journal import CASES, Page, Standing, take_ids
from tasks.roster import Accepted
from tasks.step import SYSTEM
from tasks.store import Prepared, Transaction, looking, reading, table, transaction

FIRMS: Final = table(Firm)
PROCESS: Final = "firm_register"
PREFIX: Final = "QY"
CHUNK: Final = 5000
SEALED: Final = ("contact", "phone", "holder", "account")
_GIVEN: Final = ("uscc", "name", "town", "facts", "facts_on", "registered_at", *SEALED, "bank")
_HEAD: Final = f"INSERT INTO firms ({', '.join(_GIVEN)}) VALUES ({{marks}})"  # noqa: S608 -- names of ours
_KEPT: Final = ", ".join(f"{name} = coalesce(excluded.{name}, firms.{name})" for name in SEALED)
_UPSERT: Final = (
    f"{_HEAD} ON CONFLICT (uscc) DO UPDATE SET name = excluded.name, town = excluded.town, facts = excluded.facts, "
    f"facts_on = excluded.facts_on, {_KEPT}, bank = CASE excluded.bank WHEN '' THEN firms.bank ELSE excluded.bank END"
)
_PLAIN: Final = ("id", "uscc", "name", "town", "facts", "facts_on")
_ACCOUNT: Final = FIRMS.c.account.is_not(None)
_AFTER: Final = Prepared(
    select(*(FIRMS.c[name] for name in _PLAIN), _ACCOUNT)
    .where(FIRMS.c.id > bindparam("last"))
    .order_by(FIRMS.c.id)
    .limit(bindparam("most"))
    .offset(literal_column("0")),  # SQLite would bind a zero of its own
    "last",
    "most",
)


class FirmOnFile(NamedTuple):
    """A firm as the register knows it; what is sealed stays sealed."""

    id: int
    uscc: str
    name: str
    town: str
    facts: Mapping[str, Any]
    facts_on: date
    has_account: bool


def _on_file(row: Any) -> FirmOnFile:
    number, uscc, name, place, facts, facts_on, account = row
    held = json.loads(facts) if isinstance(facts, str) else facts
    day = date.fromisoformat(facts_on) if isinstance(facts_on, str) else facts_on
    return FirmOnFile(number, uscc, name, place, held, day, bool(account))


def firm_named(uscc: str) -> FirmOnFile:
    """Return the firm with a credit code.

    Raises:
        Refusal: the register has none.
    """
    found = firms_named([uscc]).get(uscc)
    if found is None:
        raise Refusal("firm.unknown", uscc=uscc)
    return found


def firms_named(usccs: Iterable[str]) -> dict[str, FirmOnFile]:
    """Return the firms that the register has of these credit codes, in one go for up to a chunk of them."""
    chosen = select(*(FIRMS.c[name] for name in _PLAIN), _ACCOUNT).where(FIRMS.c.uscc.in_(list(usccs)))
    with reading() as connection:
        return {row.uscc: _on_file(row) for row in connection.execute(chosen)}


def firms_after(last: int, most: int = CHUNK) -> list[FirmOnFile]:
    """Return the next firms in the order of their ids, so that any number is read in chunks."""
    with looking() as tx:
        return [_on_file(row) for row in tx.run(_AFTER, last, most).fetchall()]


def every_firm() -> Iterator[FirmOnFile]:
    """Yield every firm of the register, read in chunks."""
    last = 0
    while chunk := firms_after(last):
        yield from chunk
        last = chunk[-1].id


def match_firms(
    conditions: Iterable[Condition], on: date, firms: Iterable[FirmOnFile] | None = None
) -> Iterator[tuple[FirmOnFile, Matched]]:
    """Hold firms against the conditions of a policy, each with a reason for every condition, in or out (Art. 14).

    Nobody applies and nothing is written: what follows is the caller's.

    Args:
        conditions: as the policy declares them.
        on: the day whose rules apply.
        firms: the firms to look at; all of the register where none are given.
    """
    declared = tuple(conditions)
    for firm in every_firm() if firms is None else firms:
        yield firm, match(firm.facts, declared, on)


def register_number(day: date) -> str:
    """Return the number under which the sheets of a year are journalled."""
    return f"{PREFIX}-{day.year}"


def this_register() -> str:
    """Return the number of this year's."""
    return register_number(local_day(now()))


def open_register(number: str) -> None:
    """Open the register's case of this year, where it is not open yet: it tells no story, it keeps what was taken in.

    Raises:
        Refusal: the number is not this year's.
    """
    if number != (mine := this_register()):
        raise Refusal("firm.other_year", given=number, number=mine)
    with transaction() as tx:
        tx.alone(number)
        if tx.core.execute(select(CASES.c.id).where(CASES.c.number == number)).first():
            return
        at, subject = now(), say("firm.subject", year=number.partition("-")[2])
        page = Page(tx, OPENED, 1, SYSTEM, at)
        page.add(Standing(take_ids(tx, 1)[0], number, "", 0, b"", 0, drill=False), "kept", {"subject": subject})
        page.open_cases([(number, PROCESS, subject, None, "", local_day(at).isoformat(), False)])
        page.write()


def take_firms(path: Path) -> Intake:
    """Take a sheet of firms in: new ones are added, known ones brought up to date, older facts go back.

    The same sheet again changes nothing; rows that cannot be taken come back in a file to mend.

    Raises:
        Refusal: the file as a whole cannot be taken.
    """
    number = this_register()
    open_register(number)
    return take_in(number, FirmRow.form, path, TAKERS[FirmRow.form])


def _firms(tx: Transaction, _case_id: int, rows: Sequence[Accepted[Any]], _day: date) -> Iterable[Refused]:
    known = firms_named(one.fact.uscc for one in rows)
    at, ring = stamp(now()), key_ring()
    written = []
    for one in rows:
        row: FirmRow = one.fact
        before = known.get(row.uscc)
        if before and before.facts_on > row.facts_on:
            yield Refused(one, "facts_on", "firm.older", {"day": before.facts_on.isoformat()})
            continue
        place = town(row.town).id
        facts = (dict(before.facts) if before else {}) | _facts_of(row, place)
        sealed = [
            ring.seal(f"firms.{name}", value) if (value := getattr(row, name)) is not None else None for name in SEALED
        ]
        day = row.facts_on.isoformat()
        written.append((row.uscc, row.name, place, canonical(facts), day, at, *sealed, row.bank or ""))
    mark = "?" if tx.dialect == "sqlite" else "%s"
    if written:
        tx.driver.cursor().executemany(_UPSERT.format(marks=", ".join([mark] * len(_GIVEN))), written)


def _facts_of(row: FirmRow, place: str) -> dict[str, Any]:
    """Return what a row tells, by fact; a cell left empty tells nothing."""
    told: dict[str, Any] = {
        FirmFact.TOWN: place,
        FirmFact.INDUSTRY: row.industry,
        FirmFact.ABOVE_SCALE: row.above_scale,
        FirmFact.REGISTERED_ON: row.registered_on.isoformat() if row.registered_on else None,
        FirmFact.EMPLOYEES: row.employees,
        FirmFact.CREDIT: row.credit.value if row.credit else None,
        FirmFact.TITLES: list(parted(row.titles)) if row.titles else None,
    }
    told |= {fact: _yuan(getattr(row, fact)) for fact in ("revenue", "research", "tax", "investment")}
    return {str(fact): value for fact, value in told.items() if value is not None}


def _yuan(amount: Any) -> str | None:
    return None if amount is None else f"{amount:.2f}"


TAKERS: Final = {FirmRow.form: _firms}
