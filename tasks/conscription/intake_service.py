"""Sheets after the list is posted: objections, recruits sent back, accounts (Art. 16–19)."""

import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import insert, select, update

from config.offices import town
from models.conscription.status import MemberStatus as M
from tasks.clock import now
from tasks.conscription.roll import OBJECTIONS, PARTIES, PERSONS, RETURNS, Roll
from tasks.intake import Refused
from tasks.journal import CASES, Page, lock
from tasks.roster import Accepted
from tasks.step import actor
from tasks.store import Transaction


def take_objections(tx: Transaction, season_id: int, rows: Sequence[Accepted[Any]], day: date) -> Iterable[Refused]:  # noqa: ARG001 -- a taker
    """Note objections to posted members, once a receipt."""
    season = lock(tx, season_id)
    roll = Roll(tx, season_id)
    names = {
        (row.name, row.unit): row.number
        for row in tx.core.execute(
            select(PERSONS.c.name, CASES.c.unit, CASES.c.number)
            .join(PARTIES, PARTIES.c.person_id == PERSONS.c.id)
            .join(CASES, CASES.c.id == PARTIES.c.case_id)
            .where(CASES.c.parent_id == season_id, CASES.c.status.in_([M.POSTED, M.OBJECTED]))
        )
    }
    known = set(tx.core.execute(select(OBJECTIONS.c.receipt).where(OBJECTIONS.c.season_id == season_id)).scalars())
    for one in rows:
        number = one.fact.number or names.get((one.fact.name, town(one.fact.town).id), "")
        found = roll.by_number.get(number)
        if one.fact.receipt in known:
            continue
        if found is None or found.standing.status not in (M.POSTED, M.OBJECTED):
            yield Refused(one, "name", "intake.not_posted", {"season": season.number})
            continue
        tx.core.execute(
            insert(OBJECTIONS).values(
                season_id=season_id,
                case_id=found.standing.id,
                receipt=one.fact.receipt,
                received=one.fact.received,
                channel=str(one.fact.channel),
                summary=one.fact.summary,
            )
        )
        page = Page(tx, f"objection-{one.fact.receipt}", 1, actor.get(), now())
        page.add(found.standing, M.OBJECTED, {"receipt": one.fact.receipt, "channel": str(one.fact.channel)})
        page.write()


def take_returns(tx: Transaction, season_id: int, rows: Sequence[Accepted[Any]], day: date) -> Iterable[Refused]:  # noqa: ARG001 -- a taker
    """Note recruits whom their unit sent back."""
    lock(tx, season_id)
    roll = Roll(tx, season_id)
    page = Page(tx, "returned", 1, actor.get(), now())
    letters = dict(
        tx.core.execute(
            select(RETURNS.c.case_id, RETURNS.c.letter)
            .join(CASES, CASES.c.id == RETURNS.c.case_id)
            .where(CASES.c.parent_id == season_id)
        )
        .tuples()
        .all()
    )
    for one in rows:
        found = roll.find(one.fact)
        if isinstance(found, str):
            yield Refused(one, "number" if one.fact.number else "identity", found, {})
            continue
        if letters.get(found.standing.id) == (one.fact.letter or ""):  # the same letter again changes nothing
            continue
        if found.standing.status != M.IN_SERVICE or found.standing.id in letters:
            status = M.RETURNED if found.standing.id in letters else M(found.standing.status)
            yield Refused(
                one, "number" if one.fact.number else "identity", "intake.wrong_status", {"status": status.text}
            )
            continue
        tx.core.execute(
            insert(RETURNS).values(
                case_id=found.standing.id,
                ground=str(one.fact.ground),
                arrived=one.fact.arrived,
                letter_on=one.fact.letter_on,
                letter=one.fact.letter or "",
                reinstate_at=one.fact.employed,
            )
        )
        letters[found.standing.id] = one.fact.letter or ""
        page.add(found.standing, M.RETURNED, {"ground": str(one.fact.ground), "letter_on": one.fact.letter_on})
    page.write()


def take_accounts(tx: Transaction, season_id: int, rows: Sequence[Accepted[Any]], day: date) -> Iterable[Refused]:  # noqa: ARG001 -- a taker
    """Keep the account to which a family's allowance is paid."""
    roll = Roll(tx, season_id)
    for one in rows:
        found = roll.find(one.fact)
        if isinstance(found, str):
            yield Refused(one, "number" if one.fact.number else "identity", found, {})
            continue
        kept = json.dumps([one.fact.holder, one.fact.bank, one.fact.account, one.fact.relation], ensure_ascii=False)
        tx.core.execute(update(PERSONS).where(PERSONS.c.id == found.person_id).values(account=kept))
