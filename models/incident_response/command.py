"""Command: orders, working groups and their tasks (2.5, 2.6, 4)."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.column import CanonicalJson, Instant


class IncidentOrder(SQLModel, table=True):
    """One order as it was issued. A later one may supersede it; then it is withdrawn, never changed."""

    __tablename__ = "incident_orders"
    __table_args__ = (UniqueConstraint("case_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="cases.id")
    number: int = Field(description="1, 2, … within the incident")
    kind: str = Field(max_length=20, description="activation, group, scene, expansion, superior, end, …")
    group_code: str = Field(default="", max_length=20)
    level: str = Field(default="", max_length=4)
    content: dict[str, Any] = Field(
        sa_column=Column(CanonicalJson, nullable=False), description="Matter, expected duration, measures, …"
    )
    issued_by: str = Field(max_length=80, description="Who signed it, as the journal names them")
    issued_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    withdrawn_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    withdrawn_by: int | None = Field(default=None, description="Number of the order that supersedes it")
    reason: str = Field(default="", max_length=300)


class IncidentGroup(SQLModel, table=True):
    """One working group of an incident, as the snapshot of the plan names it."""

    __tablename__ = "incident_groups"

    case_id: int = Field(primary_key=True, foreign_key="cases.id")
    code: str = Field(primary_key=True, max_length=20)
    lead: str = Field(max_length=60, description="Role of the lead office")
    head: str = Field(max_length=60, description="Role of the head")
    status: str = Field(default="ordered", max_length=12, description="ordered, working, withdrawn")
    ordered_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    heard_at: datetime | None = Field(
        default=None, sa_column=Column(Instant, nullable=True), description="Last word from the group"
    )
    turn: int = Field(default=1, description="Number of the heartbeat that is awaited")
    withdrawn_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))


class IncidentTask(SQLModel, table=True):
    """One task of a group, from the plan's text, or ordered on the scene."""

    __tablename__ = "incident_tasks"
    __table_args__ = (UniqueConstraint("case_id", "code"),)

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="cases.id")
    code: str = Field(max_length=40, description="Permanent code within the plan; X-1, X-2, … for what is added")
    group_code: str = Field(max_length=20)
    clause: str = Field(max_length=40, description="Clause of the plan")
    title: str = Field(max_length=200)
    owner: str = Field(max_length=60)
    supervisor: str = Field(default="", max_length=60, description="Role that supervises; never the owner (INC-A11)")
    due_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    after: list[str] = Field(
        default_factory=list, sa_column=Column(CanonicalJson, nullable=False), description="Codes that come first"
    )
    needs_evidence: bool = Field(default=False)
    status: str = Field(default="open", max_length=10, description="open, doing, done, dropped")
    done_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    done_by: str = Field(default="", max_length=80)
    evidence: str = Field(default="", max_length=300)
    evidence_digest: str = Field(default="", max_length=64)
