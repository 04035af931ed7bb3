"""Rosters of the benefit run: service areas, honours, what higher levels pay, accounts (Art. 19, 29)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from sqlalchemy import insert, select, update

from config.messages import Refusal, say
from models.conscription.benefits import ItemName
from models.conscription.service_facts import item_named
from models.conscription.status import MemberStatus as M
from tasks.clock import now
from tasks.conscription import intake
from tasks.conscription.benefit_roll import HONOURS, SERVED, SUPERIOR
from tasks.conscription.course import number_of as season_number
from tasks.conscription.roll import OnFile, Roll
from tasks.intake import Intake, Refused, Taker, take_in
from tasks.journal import CASES, Page, Standing, lock
from tasks.roster import Accepted
from tasks.step import actor
from tasks.store import Transaction

ENTITLED: Final = (M.APPROVED, M.HANDED_OVER, M.IN_SERVICE)
Rows = Sequence[Accepted[Any]]


def _open_run(tx: Transaction, case_id: int) -> tuple[Standing, int]:
    """Return the run as it stands and the id of its season.

    Raises:
        Refusal: the run is over.
    """
    run = lock(tx, case_id)
    if tx.core.execute(select(CASES.c.closed_at).where(CASES.c.id == case_id)).scalar_one() is not None:
        raise Refusal("conscription_benefits.run_closed", number=run.number)
    season = season_number(run.number.split("-")[1])
    return run, tx.core.execute(select(CASES.c.id).where(CASES.c.number == season)).scalar_one()


Keep = Callable[[Transaction, int, Accepted[Any]], dict[str, Any] | tuple[str, str, dict[str, str | int]]]
"""Stores a row about a recruit: returns the line of his journal (empty for a repeat), or field, message, facts."""


def _about_recruits(name: str, keep: Keep) -> Taker:
    def take(tx: Transaction, case_id: int, rows: Rows, day: date) -> Iterable[Refused]:  # noqa: ARG001 -- a taker
        run, season_id = _open_run(tx, case_id)
        roll, at = Roll(tx, season_id), now()
        lines: dict[int, tuple[OnFile, list[dict[str, Any]]]] = {}
        for one in rows:
            found, field = roll.find(one.fact), "number" if one.fact.number else "identity"
            if isinstance(found, str):
                yield Refused(one, field, found, {})
            elif M(found.standing.status) not in ENTITLED:
                yield Refused(one, field, "intake.wrong_status", {"status": M(found.standing.status).text})
            elif isinstance(kept := keep(tx, found.standing.id, one), tuple):
                yield Refused(one, *kept)
            elif kept:
                lines.setdefault(found.standing.id, (found, []))[1].append(kept)
        for _, (found, kept_lines) in sorted(lines.items()):
            page = Page(tx, f"{name}-{run.number}-{kept_lines[0]['row']}", 1, actor.get(), at)
            page.add(lock(tx, found.standing.id), None, {"rows": kept_lines})
            page.write()

    return take


def _mark(one: Accepted[Any]) -> str:
    return one.digest.hex()[:16]


def _served(tx: Transaction, case_id: int, one: Accepted[Any]) -> dict[str, Any]:
    row = one.fact
    this = (SERVED.c.case_id == case_id) & (SERVED.c.year == row.year) & (SERVED.c.area == str(row.area))
    values = {"complete": row.complete, "document": row.document}
    known = tx.core.execute(select(SERVED.c.complete, SERVED.c.document).where(this)).one_or_none()
    if known is None:
        tx.core.execute(insert(SERVED).values(case_id=case_id, year=row.year, area=str(row.area), **values))
    elif dict(known._mapping) == values:  # noqa: SLF001 -- SQLAlchemy's public name for a row as a mapping
        return {}
    else:
        tx.core.execute(update(SERVED).where(this).values(**values))
    return {"year": row.year, "area": str(row.area), "document": row.document, "row": _mark(one)}


def _honour(tx: Transaction, case_id: int, one: Accepted[Any]) -> dict[str, Any]:
    row = one.fact
    this = (HONOURS.c.case_id == case_id) & (HONOURS.c.digest == one.digest)
    if tx.core.execute(select(HONOURS.c.id).where(this)).first():
        return {}
    same_order = (
        (HONOURS.c.case_id == case_id) & (HONOURS.c.kind == str(row.kind)) & (HONOURS.c.document == row.document)
    )
    values = {"year": row.awarded.year, "act": row.act, "region_level": row.region_level, "digest": one.digest}
    if not tx.core.execute(update(HONOURS).where(same_order).values(**values)).rowcount:
        tx.core.execute(insert(HONOURS).values(case_id=case_id, kind=str(row.kind), document=row.document, **values))
    return {"year": row.awarded.year, "kind": str(row.kind), "document": row.document, "row": _mark(one)}


def _superior(
    tx: Transaction, case_id: int, one: Accepted[Any]
) -> dict[str, Any] | tuple[str, str, dict[str, str | int]]:
    row, item = one.fact, item_named(one.fact.item)
    if item is None:
        known = "、".join(say(f"conscription_benefits.item_{name}") for name in ItemName)
        return "item", "conscription_benefits.item_unknown", {"items": known}
    this = (
        (SUPERIOR.c.case_id == case_id)
        & (SUPERIOR.c.item == item.value)
        & (SUPERIOR.c.year == row.year)
        & (SUPERIOR.c.payer == row.payer)
    )
    values = {"amount": f"{row.amount:.2f}", "paid_on": row.paid, "document": row.document or ""}
    known_row = tx.core.execute(
        select(SUPERIOR.c.amount, SUPERIOR.c.paid_on, SUPERIOR.c.document).where(this)
    ).one_or_none()
    if known_row is None:
        keys = {"case_id": case_id, "item": item.value, "year": row.year, "payer": row.payer}
        tx.core.execute(insert(SUPERIOR).values(**keys, **values, at=now()))
    elif dict(known_row._mapping) == values:  # noqa: SLF001 -- SQLAlchemy's public name for a row as a mapping
        return {}
    else:
        tx.core.execute(update(SUPERIOR).where(this).values(**values, at=now()))
    return {"year": row.year, "item": item.value, "amount": values["amount"], "payer": row.payer, "row": _mark(one)}


def _accounts(tx: Transaction, case_id: int, rows: Rows, day: date) -> Iterable[Refused]:
    """Take accounts in as the season does: they belong to the person, whichever case brings them."""
    _, season_id = _open_run(tx, case_id)
    yield from intake.TAKERS["account"](tx, season_id, rows, day)


TAKERS: Final[Mapping[str, Taker]] = {
    "service_year": _about_recruits("served", _served),
    "award": _about_recruits("honoured", _honour),
    "superior_payment": _about_recruits("superior", _superior),
    "account": _accounts,
}


def take_benefit_roster(run: str, form: str, path: Path) -> Intake:
    """Take a roster of a benefit run in (`YD-2027H1-2027`).

    Raises:
        Refusal: the form is not one of the run's, the run is over, or the file as a whole cannot be taken.
    """
    if form not in TAKERS:
        raise Refusal("kernel.no_such_form", form=form)
    return take_in(run, form, path, TAKERS[form])
