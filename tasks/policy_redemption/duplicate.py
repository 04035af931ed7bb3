"""One matter, one subsidy: what else a firm has had for the same matter (reading `duplicate_subsidies`)."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import select

from models.policy_redemption.duplicates import Duplication, Earlier, duplicated
from models.policy_redemption.money import yuan
from models.policy_redemption.status import ApplicationStatus as A
from tasks.clock import local_day
from tasks.journal import CASES
from tasks.policy_redemption.roll import APPLICATIONS, Filed
from tasks.store import Transaction

ACCEPTED: Final = tuple(status.value for status in (A.REVIEWING, A.AWAITING_BUDGET, A.APPROVED, A.POSTED, A.OBJECTED))
GRANTED: Final = tuple(
    status.value
    for status in (
        A.AWAITING_BUDGET, A.APPROVED, A.POSTED, A.OBJECTED, A.PAYABLE, A.PAYING, A.PAYMENT_FAILED, A.PAID
    )
)  # fmt: skip
COUNTS: Final = tuple(dict.fromkeys((*ACCEPTED, *GRANTED)))
"""An application counts from its acceptance on: of two for one matter, the one accepted first stands."""


def duplications(tx: Transaction, files: Iterable[Filed], statuses: tuple[str, ...] = COUNTS) -> dict[int, Duplication]:
    """Return by case id what follows from what each firm already has for the same matter.

    Args:
        tx: the transaction of the set step.
        files: the applications to judge.
        statuses: where the firms' other applications stand, to count; `GRANTED` when a sum is decided on.
    """
    mine = {file.case_id: file for file in files}
    firms = {file.firm_id for file in mine.values()}
    matters = {file.content.matter for file in mine.values()}  # a firm's other matters do not count, however many
    theirs = APPLICATIONS.c.firm_id.in_(firms) & APPLICATIONS.c.matter.in_(matters)
    if firms and statuses is GRANTED:
        # two notices may grant one firm the same matter at the same moment: the second waits here and sees the first
        locked = select(APPLICATIONS.c.case_id).where(theirs).order_by(APPLICATIONS.c.case_id).with_for_update()
        tx.core.execute(locked).all()
    chosen = (
        select(APPLICATIONS, CASES.c.number)
        .join(CASES, CASES.c.id == APPLICATIONS.c.case_id)
        .where(theirs, CASES.c.status.in_(statuses))
        .order_by(CASES.c.id)
    )
    others: dict[int, list[tuple[int, Earlier]]] = {}
    for row in tx.core.execute(chosen) if firms else ():
        amount = None if row.assessed is None else yuan(row.assessed)
        earlier = Earlier(case=row.number, matter=row.matter, on=local_day(row.received_at), amount=amount)
        others.setdefault(row.firm_id, []).append((row.case_id, earlier))
    return {
        file.case_id: duplicated(
            file.content.matter,
            file.on,
            [earlier for case_id, earlier in others.get(file.firm_id, ()) if case_id != file.case_id],
        )
        for file in mine.values()
    }


def barred_by(tx: Transaction, files: Iterable[Filed]) -> dict[int, str]:
    """Return why an application is barred by what its firm already has, by case id; nothing for the others."""
    found = duplications(tx, list(files))
    return {
        case_id: "；".join(line.text("zh") for line in one.working)
        for case_id, one in found.items()
        if one.outcome == "barred"
    }
