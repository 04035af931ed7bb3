"""Calls and acknowledgements: who was called about what, over which steps, and which person answered."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from models.column import CanonicalJson, Instant


class IncidentCall(SQLModel, table=True):
    """One person, or a role that nobody holds, called about one matter: it climbs its ladder until a person answers."""

    __tablename__ = "incident_calls"
    __table_args__ = (
        UniqueConstraint("case_id", "purpose", "occasion", "role", "staff_no"),
        Index(
            "ix_incident_calls_next",
            "next_at",
            sqlite_where=text("next_at IS NOT NULL"),
            postgresql_where=text("next_at IS NOT NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="cases.id")
    purpose: str = Field(max_length=40, description="What it is about: alert, activation, group:rescue, …")
    occasion: int = Field(default=1)
    role: str = Field(max_length=60)
    staff_no: str = Field(default="", max_length=20)
    code: str = Field(max_length=12, unique=True, description="Short code to acknowledge by")
    template: str = Field(max_length=80)
    facts: dict[str, Any] = Field(
        sa_column=Column(CanonicalJson, nullable=False), description="Facts of every notice of it; never personal data"
    )
    step: int = Field(default=0, description="Steps of the ladder taken or passed over, all in all")
    opened_step: int = Field(default=0, description="Steps taken when the ladder was opened last")
    opened_at: datetime = Field(
        sa_column=Column(Instant, nullable=False), description="When the ladder was opened, or opened again"
    )
    next_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    called_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    answer: str = Field(default="", max_length=12, description="Kind of the latest acknowledgement; empty once lapsed")
    answered_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    holds_until: datetime | None = Field(
        default=None, sa_column=Column(Instant, nullable=True), description="When the acknowledgement lapses"
    )
    ended_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    ended_why: str = Field(default="", max_length=20, description="stood_down, superseded, unable or exhausted")


class IncidentCallStep(SQLModel, table=True):
    """A step of a ladder that was claimed: its unique row is written before it acts."""

    __tablename__ = "incident_call_steps"

    call_id: int = Field(primary_key=True, foreign_key="incident_calls.id")
    step: int = Field(primary_key=True)
    kind: str = Field(max_length=20)
    channel: str = Field(default="", max_length=30)
    at: datetime = Field(sa_column=Column(Instant, nullable=False))


class IncidentAck(SQLModel, table=True):
    """One acknowledgement by a person: append-only. The number that was called stands in `incident_contacts`."""

    __tablename__ = "incident_acks"

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="cases.id")
    call_id: int = Field(foreign_key="incident_calls.id")
    kind: str = Field(max_length=12, description="received, on_the_way, on_site, unable")
    eta_minutes: int | None = Field(default=None)
    occurred_at: datetime = Field(sa_column=Column(Instant, nullable=False), description="When it was said")
    recorded_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    by: str = Field(max_length=80, description="Staff number of the person, or of whoever entered the call")
    way: str = Field(max_length=12, description="code, form, command, page or sheet")


class IncidentWrongCode(SQLModel, table=True):
    """Wrong codes of one minute by way and source, so that nobody tries them all."""

    __tablename__ = "incident_wrong_codes"

    at: datetime = Field(sa_column=Column(Instant, primary_key=True), description="The minute")
    way: str = Field(primary_key=True, max_length=12)
    source: str = Field(primary_key=True, max_length=32, description="Keyed digest of an address; empty for our own")
    wrong: int
