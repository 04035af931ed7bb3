"""What the payments of a notice are kept in: accounts, batches, lines, and what is still to be done about them."""

from collections.abc import Collection
from typing import Any, Final, NamedTuple

from sqlalchemy import func, insert, select

from models.column import key_ring
from models.policy_redemption.application import Application, Firm, Redemption
from models.policy_redemption.money import LineStatus, PaymentBatch, PaymentLine
from models.policy_redemption.status import ApplicationStatus as A
from models.roster import PaymentOutcome
from tasks.clock import now
from tasks.journal import CASES
from tasks.pose import latest_answers
from tasks.step import Dossier
from tasks.store import Transaction, reading, table, transaction

APPLICATIONS: Final = table(Application)
FIRMS: Final = table(Firm)
NOTICES: Final = table(Redemption)
BATCHES: Final = table(PaymentBatch)
LINES: Final = table(PaymentLine)
PAYS: Final = "finance_bureau"
"""The treasury is the finance bureau's (Art. 8)."""
MARK: Final = 16
ASKED: Final = "-"
"""Stands for who confirmed a result while the finance bureau is asked to."""
RESULTS: Final = "payment_results"
CONFIRMED: Final = LINES.c.staff.not_in(("", ASKED))
AT_ONCE: Final = 1000


class Account(NamedTuple):
    """Where a firm is paid; sealed everywhere but in the batch's file."""

    case_id: int
    holder: str
    bank: str
    account: str

    @property
    def whole(self) -> bool:
        """Whether it can be paid to."""
        return bool(self.holder and self.bank and self.account)

    @property
    def mark(self) -> str:
        """What tells one account from another without showing it."""
        return key_ring().index(f"{self.holder}|{self.bank}|{self.account}").hex()[:MARK]


def department_of(notice_id: int) -> str:
    """Return the department whose notice it is."""
    chosen = select(NOTICES.c.department).where(NOTICES.c.case_id == notice_id)
    with reading() as connection:
        return str(connection.execute(chosen).scalar_one())


def accounts_of(tx: Transaction, case_ids: Collection[int]) -> dict[int, Account]:
    """Return the accounts of the firms of applications; reading them is a part of the step that is journalled."""
    chosen = (
        select(APPLICATIONS.c.case_id, FIRMS.c.holder, FIRMS.c.bank, FIRMS.c.account)
        .join(FIRMS, FIRMS.c.id == APPLICATIONS.c.firm_id)
        .where(APPLICATIONS.c.case_id.in_(case_ids))
    )
    return {
        row.case_id: Account(row.case_id, row.holder or "", row.bank or "", row.account or "")
        for row in tx.core.execute(chosen)
    }


def batch_of(tx: Transaction, dossier: Dossier) -> tuple[int, str]:
    """Return id and number of this turn's batch; the notice is locked, so one at a time counts its batches."""
    this = (BATCHES.c.notice_id == dossier.id) & (BATCHES.c.turn == dossier.turn)
    row = tx.core.execute(select(BATCHES.c.id, BATCHES.c.number).where(this)).one_or_none()
    if row is not None:
        return row.id, row.number
    count = select(func.count()).select_from(BATCHES).where(BATCHES.c.notice_id == dossier.id)
    number = f"{dossier.number}-P{tx.core.execute(count).scalar_one() + 1:02}"
    values = {"number": number, "notice_id": dossier.id, "turn": dossier.turn, "drawn_at": now()}
    return tx.add(insert(BATCHES).values(**values)), number


def line_of(batch_id: int, to: Account, amount: int) -> dict[str, Any]:
    """Return the row of a line that goes to the treasury."""
    blank = {"result": "", "voucher": "", "paid_on": None, "why": "", "staff": ""}
    facts = {"holder": to.holder, "bank": to.bank, "account": to.account, "mark": to.mark}
    return {"batch_id": batch_id, "case_id": to.case_id, "amount": amount, "status": LineStatus.ORDERED} | facts | blank


def results_told(tx: Transaction, case_ids: Collection[int]) -> dict[int, Any]:
    """Return the open lines with a confirmed result, by case id."""
    chosen = (
        select(LINES.c.id, LINES.c.case_id, LINES.c.result, LINES.c.voucher, LINES.c.paid_on, LINES.c.staff)
        .add_columns(BATCHES.c.number.label("batch"))
        .join(BATCHES, BATCHES.c.id == LINES.c.batch_id)
        .where(LINES.c.case_id.in_(case_ids), LINES.c.status == LineStatus.ORDERED, LINES.c.result != "", CONFIRMED)
    )
    return {row.case_id: row for row in tx.core.execute(chosen)}


def mended(tx: Transaction, case_ids: Collection[int]) -> list[int]:
    """Return the applications whose account is whole and not the one that was refused last."""
    chosen = (
        select(LINES.c.case_id, LINES.c.mark)
        .where(LINES.c.case_id.in_(case_ids), LINES.c.status == LineStatus.FAILED)
        .where(LINES.c.result == PaymentOutcome.ACCOUNT)
        .order_by(LINES.c.id)
    )
    refused = {row.case_id: row.mark for row in tx.core.execute(chosen)}
    return [i for i, to in accounts_of(tx, case_ids).items() if to.whole and refused.get(i) != to.mark]


def _standing(dossier: Dossier, status: A) -> list[int]:
    chosen = select(CASES.c.id).where(CASES.c.parent_id == dossier.id, CASES.c.status == status)
    with reading() as connection:
        return list(connection.execute(chosen).scalars())


def results_waiting(dossier: Dossier) -> bool:
    """Say whether results are to be taken over, to be confirmed, or were just confirmed or sent back."""
    told = (LINES.c.status == LineStatus.ORDERED) & (LINES.c.result != "")
    chosen = (
        select(LINES.c.batch_id, LINES.c.staff, func.min(LINES.c.case_id).label("carrier"))
        .join(BATCHES, BATCHES.c.id == LINES.c.batch_id)
        .where(BATCHES.c.notice_id == dossier.id, told)
        .group_by(LINES.c.batch_id, LINES.c.staff)
    )
    with reading() as connection:
        rows = connection.execute(chosen).all()
    asked = {row.batch_id: row.carrier for row in rows if row.staff == ASKED}
    if any(row.staff != ASKED and (row.staff or row.batch_id not in asked) for row in rows):
        return True
    return bool(latest_answers(None, RESULTS, list(asked.values())))


def accounts_waiting(dossier: Dossier) -> bool:
    """Say whether a firm whose payment failed has given another account."""
    failed = _standing(dossier, A.PAYMENT_FAILED)
    with transaction() as tx:
        return any(mended(tx, failed[start : start + AT_ONCE]) for start in range(0, len(failed), AT_ONCE))


def payment_waiting(dossier: Dossier) -> bool:
    """Say whether there is something for the payment steps of a round to do."""
    return bool(_standing(dossier, A.PAYABLE)) or results_waiting(dossier) or accounts_waiting(dossier)


def lines_of(dossier: Dossier) -> list[Any]:
    """Return the lines of this turn's batch with number, firm and account, in the order of their numbers."""
    chosen = (
        select(CASES.c.number, FIRMS.c.name, FIRMS.c.uscc, BATCHES.c.number.label("batch"))
        .add_columns(LINES.c.amount, LINES.c.holder, LINES.c.bank, LINES.c.account)
        .join(LINES, LINES.c.case_id == CASES.c.id)
        .join(BATCHES, BATCHES.c.id == LINES.c.batch_id)
        .join(APPLICATIONS, APPLICATIONS.c.case_id == CASES.c.id)
        .join(FIRMS, FIRMS.c.id == APPLICATIONS.c.firm_id)
        .where(BATCHES.c.notice_id == dossier.id, BATCHES.c.turn == dossier.turn)
        .order_by(CASES.c.number)
    )
    with reading() as connection:
        return list(connection.execute(chosen))
