"""Policies in the database: a permanent code, and what it says from a day on in its versions (Art. 10, 11)."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.column import CanonicalJson, Instant
from models.policy_redemption.content import (
    Comparison,
    Condition,
    FirmFact,
    Grant,
    Guide,
    Lane,
    Material,
    PolicyContent,
    role_named,
)


class Policy(SQLModel, table=True):
    """A policy under its permanent code; what it says stands in its versions."""

    __tablename__ = "policies"

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True, max_length=40, description="ZC-2027-001")
    department: str = Field(max_length=60)
    title: str = Field(max_length=120)
    secret: bool = Field(default=False)
    repealed_on: date | None = Field(default=None)


class PolicyVersion(SQLModel, table=True):
    """What a policy says from a day on; an application is judged by the version in force on its day."""

    __tablename__ = "policy_versions"
    __table_args__ = (UniqueConstraint("policy_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    policy_id: int = Field(foreign_key="policies.id")
    number: int
    since: date
    content: Any = Field(sa_column=Column(CanonicalJson, nullable=False), description="PolicyContent")
    published_at: datetime = Field(sa_column=Column(Instant, nullable=False))


__all__ = [
    "Comparison",
    "Condition",
    "FirmFact",
    "Grant",
    "Guide",
    "Lane",
    "Material",
    "Policy",
    "PolicyContent",
    "PolicyVersion",
    "role_named",
]
