"""Statutory duties of an incident: who owes what to whom by when, under which article, and what satisfied it."""

from datetime import datetime

from sqlalchemy import Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.column import Instant


class IncidentDuty(SQLModel, table=True):
    """One armed duty beside its clock (`deadlines`, same case, name and turn). Late is late for ever."""

    __tablename__ = "incident_duties"
    __table_args__ = (UniqueConstraint("case_id", "name", "turn"),)

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="cases.id")
    name: str = Field(max_length=60, description="Name of the duty, and of its clock")
    turn: int = Field(default=1)
    owes: str = Field(max_length=60, description="Role that owes it")
    towards: str = Field(default="", max_length=200, description="To whom: roles, comma-separated")
    rule: str = Field(max_length=120, description="Citation: document and article")
    certainty: str = Field(max_length=12, description="law, gazette, configured or unverified")
    armed_by: str = Field(max_length=40, description="Event that armed it")
    armed_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    extended_until: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    extended_by: str = Field(default="", max_length=120, description="Document that extended it")
    satisfied_by: str = Field(default="", max_length=200, description="Evidence that satisfied it")
    occurred_at: datetime | None = Field(
        default=None, sa_column=Column(Instant, nullable=True), description="When it was done, as stated"
    )
    satisfied_at: datetime | None = Field(
        default=None,
        sa_column=Column(Instant, nullable=True),
        description="When that was recorded; lateness goes by it",
    )
    late: bool = Field(default=False)
    late_reason: str = Field(default="", max_length=500)
    superseded_by: str = Field(default="", max_length=60, description="Duty that took its place")
