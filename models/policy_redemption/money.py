"""Money of the redemption of policies: budgets, a double-entry ledger, payments (海政办发〔2023〕27号, Art. 8, 14).

Sums are whole fen in the database and Decimal to the cent in Python; never a float.
"""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, String, UniqueConstraint
from sqlmodel import Field, SQLModel

from config.messages import Refusal, say
from models.column import Instant, Sealed

FEN: Final = 100
MOST_FEN: Final = 10**15
"""Ten trillion yuan: far above any budget of a district, far below the end of BIGINT."""


def yuan(fen: int) -> Decimal:
    """Return a sum of fen in yuan, to the cent."""
    return (Decimal(fen) / FEN).quantize(Decimal("0.01"))


def fen(amount: Decimal) -> int:
    """Return a sum of yuan in fen.

    Raises:
        Refusal: it has parts of a cent, or is beyond every budget.
    """
    whole = amount * FEN
    if not whole.is_finite() or whole != whole.to_integral_value() or abs(whole) > MOST_FEN:
        raise Refusal("policy_money.not_to_the_cent", amount=amount)
    return int(whole)


class AccountKind(StrEnum):
    """The accounts of one budget. Each posting debits one and credits another, so that their sum is always nothing."""

    SOURCE = "source"
    """核定来源: what finance approved, as a debt; the only one below nothing."""
    AVAILABLE = "available"
    COMMITTED = "committed"
    """Approved to a firm, not yet ordered."""
    PAYING = "paying"
    """In a batch at the treasury."""
    PAID = "paid"
    RECOVERED = "recovered"
    """Come back, and not to be spent again."""


class Verb(StrEnum):
    """What a posting is for; permanent words of the ledger."""

    APPROVE = "approve"
    LOWER = "lower"
    COMMIT = "commit"
    RELEASE = "release"
    ORDER = "order"
    FAIL = "fail"
    PAY = "pay"
    RECOVER = "recover"
    RESTORE = "restore"
    """Come back into the budget, where the reading is that it may be spent again."""

    @property
    def debits(self) -> AccountKind:
        """The account that gains."""
        return _SIDES[self][0]

    @property
    def credits(self) -> AccountKind:
        """The account that gives."""
        return _SIDES[self][1]


_SIDES: Final = {
    Verb.APPROVE: (AccountKind.AVAILABLE, AccountKind.SOURCE),
    Verb.LOWER: (AccountKind.SOURCE, AccountKind.AVAILABLE),
    Verb.COMMIT: (AccountKind.COMMITTED, AccountKind.AVAILABLE),
    Verb.RELEASE: (AccountKind.AVAILABLE, AccountKind.COMMITTED),
    Verb.ORDER: (AccountKind.PAYING, AccountKind.COMMITTED),
    Verb.FAIL: (AccountKind.COMMITTED, AccountKind.PAYING),
    Verb.PAY: (AccountKind.PAID, AccountKind.PAYING),
    Verb.RECOVER: (AccountKind.RECOVERED, AccountKind.PAID),
    Verb.RESTORE: (AccountKind.AVAILABLE, AccountKind.PAID),
}


class BudgetStatus(StrEnum):
    """Where a department's budget, or an amendment of it, stands."""

    DRAFTED = "drafted"
    REVIEW = "review"
    APPROVED = "approved"
    REJECTED = "rejected"
    ABANDONED = "abandoned"

    @property
    def text(self) -> str:
        """The status in Chinese."""
        return say(f"policy_budget_status.{self.value}")


class RecoveryStatus(StrEnum):
    """Where a recovery stands."""

    DETERMINING = "determining"
    DEMANDED = "demanded"
    RECOVERED = "recovered"
    KEPT = "kept"
    """Found not to be recovered."""

    @property
    def text(self) -> str:
        """The status in Chinese."""
        return say(f"policy_recovery_status.{self.value}")


class LineStatus(StrEnum):
    """Where a line of a payment batch stands."""

    ORDERED = "ordered"
    PAID = "paid"
    FAILED = "failed"


class Budget(SQLModel, table=True):
    """A department's budget of a year with its performance target, as finance approved it (Art. 8)."""

    __tablename__ = "policy_budgets"
    __table_args__ = (
        UniqueConstraint("department", "year"),
        CheckConstraint("approved >= 0", name="ck_policy_budgets_approved"),
    )

    id: int | None = Field(default=None, primary_key=True)
    department: str = Field(max_length=60)
    year: int
    approved: int = Field(sa_column=Column(BigInteger, nullable=False), description="fen")
    target: str = Field(max_length=500, description="Performance target")
    document: str = Field(max_length=60)
    case_id: int = Field(foreign_key="cases.id", description="The budget's case, or that of its last amendment")
    approved_at: datetime = Field(sa_column=Column(Instant, nullable=False))


class LedgerAccount(SQLModel, table=True):
    """An account of a budget. The database itself refuses to spend what is not there."""

    __tablename__ = "ledger_accounts"
    __table_args__ = (
        UniqueConstraint("budget_id", "kind"),
        CheckConstraint("balance >= 0 OR kind = 'source'", name="ck_ledger_accounts_balance"),
    )

    id: int | None = Field(default=None, primary_key=True)
    budget_id: int = Field(foreign_key="policy_budgets.id")
    kind: AccountKind = Field(sa_type=String(12))
    balance: int = Field(
        default=0, sa_column=Column(BigInteger, nullable=False), description="fen: debits less credits"
    )


class LedgerClaim(SQLModel, table=True):
    """What of a budget one application has: the sub-ledger under the accounts, never below nothing either."""

    __tablename__ = "ledger_claims"
    __table_args__ = (
        CheckConstraint("committed >= 0 AND paying >= 0 AND paid >= 0 AND recovered >= 0", name="ck_ledger_claims"),
        Index("ix_ledger_claims_budget", "budget_id"),
    )

    case_id: int = Field(primary_key=True, foreign_key="cases.id")
    budget_id: int = Field(foreign_key="policy_budgets.id")
    committed: int = Field(default=0, sa_column=Column(BigInteger, nullable=False), description="fen")
    paying: int = Field(default=0, sa_column=Column(BigInteger, nullable=False), description="fen")
    paid: int = Field(default=0, sa_column=Column(BigInteger, nullable=False), description="fen")
    recovered: int = Field(default=0, sa_column=Column(BigInteger, nullable=False), description="fen")


class Posting(SQLModel, table=True):
    """One line of the ledger: one account debited, another credited, by the same sum. Append-only."""

    __tablename__ = "ledger_postings"
    __table_args__ = (
        CheckConstraint("amount > 0", name="ck_ledger_postings_amount"),
        CheckConstraint("debit_id <> credit_id", name="ck_ledger_postings_sides"),
        Index("ix_ledger_postings_case", "case_id"),
        Index("ix_ledger_postings_budget", "budget_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    budget_id: int = Field(foreign_key="policy_budgets.id")
    case_id: int = Field(foreign_key="cases.id", description="The application, or the budget's own case")
    verb: Verb = Field(sa_type=String(10))
    debit_id: int = Field(foreign_key="ledger_accounts.id")
    credit_id: int = Field(foreign_key="ledger_accounts.id")
    amount: int = Field(sa_column=Column(BigInteger, nullable=False), description="fen")
    reference: str = Field(default="", max_length=60, description="Voucher, batch or document")
    at: datetime = Field(sa_column=Column(Instant, nullable=False))


class PaymentBatch(SQLModel, table=True):
    """What a redemption notice asks the treasury to pay at one time."""

    __tablename__ = "payment_batches"
    __table_args__ = (UniqueConstraint("notice_id", "turn"),)

    id: int | None = Field(default=None, primary_key=True)
    number: str = Field(unique=True, max_length=50, description="DX-2027-0001-P03")
    notice_id: int = Field(foreign_key="cases.id")
    turn: int
    drawn_at: datetime = Field(sa_column=Column(Instant, nullable=False))


class PaymentLine(SQLModel, table=True):
    """One application in a batch, with the account as it was when the batch was drawn."""

    __tablename__ = "payment_lines"
    __table_args__ = (
        UniqueConstraint("batch_id", "case_id"),
        CheckConstraint("amount > 0", name="ck_payment_lines_amount"),
        Index("ix_payment_lines_case", "case_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    batch_id: int = Field(foreign_key="payment_batches.id")
    case_id: int = Field(foreign_key="cases.id")
    amount: int = Field(sa_column=Column(BigInteger, nullable=False), description="fen")
    holder: str = Field(sa_column=Column(Sealed("payment_lines.holder"), nullable=False))
    bank: str = Field(max_length=80)
    account: str = Field(sa_column=Column(Sealed("payment_lines.account"), nullable=False))
    mark: str = Field(max_length=16, description="Tells one account from another without showing it")
    status: LineStatus = Field(default=LineStatus.ORDERED, sa_type=String(8))
    result: str = Field(default="", max_length=8, description="What the treasury said; empty until it did")
    voucher: str = Field(default="", max_length=60)
    paid_on: date | None = Field(default=None)
    why: str = Field(default="", max_length=200, description="Why it failed")
    staff: str = Field(default="", max_length=20, description="Who confirmed it; a dash while somebody is asked to")


TABLES: Final = (Budget, LedgerAccount, LedgerClaim, Posting, PaymentBatch, PaymentLine)
