"""Firms and their applications. Tables only store; sums are whole fen, accounts and contacts are sealed."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.column import CanonicalJson, Instant, Sealed


class Firm(SQLModel, table=True):
    """An enterprise on the platform, and what is known of it."""

    __tablename__ = "firms"

    id: int | None = Field(default=None, primary_key=True)
    uscc: str = Field(unique=True, max_length=18, description="统一社会信用代码")
    name: str = Field(max_length=120)
    town: str = Field(default="", max_length=40)
    facts: dict[str, Any] = Field(sa_column=Column(CanonicalJson, nullable=False), description="By FirmFact")
    facts_on: date = Field(description="The day that the facts are of")
    registered_at: datetime = Field(sa_column=Column(Instant, nullable=False), description="On the platform")
    contact: str | None = Field(default=None, sa_column=Column(Sealed("firms.contact"), nullable=True))
    phone: str | None = Field(default=None, sa_column=Column(Sealed("firms.phone"), nullable=True))
    holder: str | None = Field(default=None, sa_column=Column(Sealed("firms.holder"), nullable=True))
    bank: str = Field(default="", max_length=80)
    account: str | None = Field(default=None, sa_column=Column(Sealed("firms.account"), nullable=True))


class Application(SQLModel, table=True):
    """What a member case of a redemption notice is about: a firm, a policy version, a sum."""

    __tablename__ = "policy_applications"
    __table_args__ = (
        UniqueConstraint("notice_id", "firm_id"),
        Index("ix_policy_applications_firm", "firm_id", "matter"),
    )

    case_id: int = Field(primary_key=True, foreign_key="cases.id")
    notice_id: int = Field(foreign_key="cases.id")
    firm_id: int = Field(foreign_key="firms.id")
    version_id: int = Field(foreign_key="policy_versions.id")
    matter: str = Field(max_length=60)
    channel: str = Field(max_length=10, description="sheet, online, window, matched")
    requested: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True), description="fen")
    assessed: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True), description="fen")
    level: int = Field(default=0, description="Level of review in turn; 0 before the first")
    corrections: int = Field(default=0, description="Correction notices so far")
    figures: dict[str, Any] = Field(
        default_factory=dict,
        sa_column=Column(CanonicalJson, nullable=False),
        description="What the firm declares, by FirmFact: used where the register holds nothing",
    )
    wish: str = Field(default="", max_length=10, description="Not yet acted on: accept, decline, withdraw")
    received_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    stirred_at: datetime | None = Field(
        default=None,
        sa_column=Column(Instant, nullable=True),
        description="When papers or an account came that nobody has looked at yet",
    )


class Redemption(SQLModel, table=True):
    """A redemption notice: the policy it pays out under, and its window."""

    __tablename__ = "policy_notices"
    __table_args__ = (UniqueConstraint("year", "place"), UniqueConstraint("policy_id", "opens"))

    case_id: int = Field(primary_key=True, foreign_key="cases.id")
    policy_id: int = Field(foreign_key="policies.id")
    code: str = Field(max_length=40, description="The policy's")
    department: str = Field(max_length=60)
    lane: str = Field(max_length=20)
    year: int
    place: int = Field(description="DX-2027-0001 is place 1 of 2027")
    opens: date
    closes: date = Field(description="The last day of the window, included")
    budget_id: int = Field(description="The department's budget of the year")


class PolicyObjection(SQLModel, table=True):
    """An objection to a posted result: it holds the case until it is ruled on (Art. 15)."""

    __tablename__ = "policy_objections"
    __table_args__ = (UniqueConstraint("case_id", "receipt"),)

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="cases.id")
    receipt: str = Field(max_length=40, description="Number of its receipt: an objection is taken in once")
    channel: str = Field(max_length=10)
    ground: str = Field(max_length=20)
    summary: str | None = Field(default=None, sa_column=Column(Sealed("policy_objections.summary"), nullable=True))
    at: datetime = Field(sa_column=Column(Instant, nullable=False))
    ruling: str = Field(default="", max_length=12, description="upheld, not_upheld; empty while it is open")


class Paper(SQLModel, table=True):
    """A material that was handed in: the file lies in the home folder under its digest."""

    __tablename__ = "policy_papers"
    __table_args__ = (UniqueConstraint("case_id", "name", "digest"),)

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="cases.id")
    name: str = Field(max_length=60, description="Name on the checklist")
    file: str = Field(max_length=200)
    digest: str = Field(max_length=64, description="SHA-256")
    size: int
    at: datetime = Field(sa_column=Column(Instant, nullable=False))


class Deficiency(SQLModel, table=True):
    """One line of a correction notice: what was missing, in which of the case's notices."""

    __tablename__ = "policy_deficiencies"
    __table_args__ = (UniqueConstraint("case_id", "notice", "item"),)

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="cases.id")
    notice: int = Field(description="1 for the first correction notice of the case")
    item: str = Field(max_length=80)
    why: str = Field(max_length=200)
    told_at: datetime = Field(sa_column=Column(Instant, nullable=False))
