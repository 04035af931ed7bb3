"""Prove the ledger: what the postings come to is what accounts, claims, batches and applications say."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, and_, case, func, or_, select, union_all

from config.messages import say
from config.offices import OfficeUnknownError, office
from models.policy_redemption.money import AccountKind, LineStatus, yuan
from models.policy_redemption.status import ApplicationStatus as A
from tasks.journal import CASES
from tasks.policy_redemption.ledger import ACCOUNTS, BUDGETS, CLAIMS, HELD, POSTINGS
from tasks.policy_redemption.payment_roll import LINES
from tasks.store import reading

COMMITTED: Final = (A.APPROVED, A.POSTED, A.OBJECTED, A.PAYABLE, A.PAYMENT_FAILED)
NOTHING_HELD: Final = (
    A.MATCHED, A.NOT_MATCHED, A.OFFER_DECLINED, A.SUBMITTED, A.CHECKING, A.CORRECTION, A.NOT_ACCEPTED, A.EXPIRED,
    A.REVIEWING, A.REFUSED, A.AWAITING_BUDGET, A.WITHDRAWN,
)  # fmt: skip
AT_ONCE: Final = 2000
_DEBIT, _CREDIT = ACCOUNTS.alias("debit"), ACCOUNTS.alias("credit")


class BrokenSum(NamedTuple):
    """A sum that does not agree with the postings: where, which one, and both sums in fen."""

    place: str
    which: str
    found: int
    expected: int

    @property
    def text(self) -> str:
        """The fault in one sentence."""
        facts = {"found": f"{yuan(self.found):,.2f}", "expected": f"{yuan(self.expected):,.2f}"}
        return say("policy_money.broken", place=self.place, which=say(f"policy_money.sum_{self.which}"), **facts)


def verify_ledger() -> Iterator[BrokenSum]:
    """Add up every posting anew; yield each sum that says otherwise. Nothing is yielded for a sound ledger."""
    yield from _accounts()
    yield from _claims()
    yield from _batches()
    yield from _applications()


def _accounts() -> Iterator[BrokenSum]:
    """Accounts against their postings, budgets against their source, and every posting within one budget."""
    sides = union_all(
        select(POSTINGS.c.debit_id.label("account"), func.sum(POSTINGS.c.amount).label("amount")).group_by(
            POSTINGS.c.debit_id
        ),
        select(POSTINGS.c.credit_id, -func.sum(POSTINGS.c.amount)).group_by(POSTINGS.c.credit_id),
    ).subquery()
    summed = select(sides.c.account, func.sum(sides.c.amount).label("amount")).group_by(sides.c.account).subquery()
    chosen = (
        select(ACCOUNTS.c.kind, ACCOUNTS.c.balance, func.coalesce(summed.c.amount, 0).label("amount"))
        .add_columns(BUDGETS.c.department, BUDGETS.c.year, BUDGETS.c.approved)
        .join(BUDGETS, BUDGETS.c.id == ACCOUNTS.c.budget_id)
        .outerjoin(summed, summed.c.account == ACCOUNTS.c.id)
        .order_by(ACCOUNTS.c.id)
    )
    astray = (
        select(POSTINGS.c.id, POSTINGS.c.amount)
        .join(_DEBIT, _DEBIT.c.id == POSTINGS.c.debit_id)
        .join(_CREDIT, _CREDIT.c.id == POSTINGS.c.credit_id)
        .where(or_(_DEBIT.c.budget_id != POSTINGS.c.budget_id, _CREDIT.c.budget_id != POSTINGS.c.budget_id))
        .order_by(POSTINGS.c.id)
    )
    with reading() as connection:
        rows, strays = connection.execute(chosen).all(), connection.execute(astray).all()
    for row in rows:
        place = f"{_title(row.department)} {row.year}"
        if row.balance != row.amount:
            yield BrokenSum(place, row.kind, row.balance, int(row.amount))
        if row.kind == AccountKind.SOURCE and row.balance != -row.approved:
            yield BrokenSum(place, "approved", row.approved, -row.balance)
    for row in strays:
        yield BrokenSum(f"#{row.id}", "astray", row.amount, 0)


def _title(department: str) -> str:
    try:
        return office(department).title
    except OfficeUnknownError:
        return department


def _claims() -> Iterator[BrokenSum]:
    """What each application has, against the postings about it."""
    sums = [
        func.coalesce(
            func.sum(
                case((_DEBIT.c.kind == kind, POSTINGS.c.amount), else_=0)
                - case((_CREDIT.c.kind == kind, POSTINGS.c.amount), else_=0)
            ),
            0,
        ).label(f"sum_{kind}")
        for kind in HELD
    ]
    chosen = (
        select(CASES.c.number, *(func.coalesce(CLAIMS.c[kind.value], 0).label(kind.value) for kind in HELD), *sums)
        .select_from(POSTINGS)
        .join(_DEBIT, _DEBIT.c.id == POSTINGS.c.debit_id)
        .join(_CREDIT, _CREDIT.c.id == POSTINGS.c.credit_id)
        .join(CASES, CASES.c.id == POSTINGS.c.case_id)
        .outerjoin(CLAIMS, CLAIMS.c.case_id == POSTINGS.c.case_id)
        .group_by(CASES.c.id, CASES.c.number, *(CLAIMS.c[kind.value] for kind in HELD))
        .order_by(CASES.c.id)
    )
    unposted = select(CASES.c.number, CLAIMS.c.committed, CLAIMS.c.paying, CLAIMS.c.paid, CLAIMS.c.recovered).join(
        CASES, CASES.c.id == CLAIMS.c.case_id
    )
    known = select(POSTINGS.c.id).where(POSTINGS.c.case_id == CLAIMS.c.case_id)
    with reading() as connection:
        for row in connection.execute(chosen).yield_per(AT_ONCE):
            for kind in HELD:
                found, expected = getattr(row, kind.value), int(getattr(row, f"sum_{kind}"))
                if found != expected:
                    yield BrokenSum(row.number, kind.value, found, expected)
        for row in connection.execute(unposted.where(~known.exists())):
            yield BrokenSum(row.number, "unposted", row.committed + row.paying + row.paid + row.recovered, 0)


def _batches() -> Iterator[BrokenSum]:
    """What is at the treasury, against the open lines of the batches."""
    open_lines = (
        select(LINES.c.case_id, func.sum(LINES.c.amount).label("amount"))
        .where(LINES.c.status == LineStatus.ORDERED)
        .group_by(LINES.c.case_id)
        .subquery()
    )
    amount = func.coalesce(open_lines.c.amount, 0)
    chosen = (
        select(CASES.c.number, CLAIMS.c.paying, amount.label("amount"))
        .join(CLAIMS, CLAIMS.c.case_id == CASES.c.id)
        .outerjoin(open_lines, open_lines.c.case_id == CASES.c.id)
        .where(CLAIMS.c.paying != amount)
        .order_by(CASES.c.id)
    )
    for row in _rows(chosen):
        yield BrokenSum(row.number, "lines", row.paying, int(row.amount))


def _applications() -> Iterator[BrokenSum]:
    """The status of each application, which its journal proves, against what it has."""
    held = func.coalesce(CLAIMS.c.committed + CLAIMS.c.paying + CLAIMS.c.paid, 0)
    out_of_step = or_(
        and_(CASES.c.status.in_(COMMITTED), func.coalesce(CLAIMS.c.committed, 0) == 0),
        and_(CASES.c.status == A.PAYING, func.coalesce(CLAIMS.c.paying, 0) == 0),
        and_(CASES.c.status == A.PAID, func.coalesce(CLAIMS.c.paid, 0) == 0),
        and_(CASES.c.status.in_((*NOTHING_HELD, A.RECOVERED)), held != 0),
    )
    chosen = (
        select(CASES.c.number, held.label("held"))
        .outerjoin(CLAIMS, CLAIMS.c.case_id == CASES.c.id)
        .where(CASES.c.process == "policy_redemption", CASES.c.parent_id.is_not(None), out_of_step)
        .order_by(CASES.c.id)
    )
    for row in _rows(chosen):
        yield BrokenSum(row.number, "status", int(row.held), 0)


def _rows(chosen: Select[Any]) -> list[Any]:
    with reading() as connection:
        return list(connection.execute(chosen))
