"""The end and after it: conditions, releases, readiness, lessons, handovers (4.6, 4.7, 5)."""

from datetime import date, datetime

from sqlalchemy import Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.column import Instant


class IncidentCondition(SQLModel, table=True):
    """One attestation of a condition of the end, met or lost again; the latest counts (4.6)."""

    __tablename__ = "incident_conditions"

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="cases.id", index=True)
    condition: str = Field(max_length=12, description="scene, environment or secondary")
    met: bool
    evidence: str = Field(max_length=300, description="What shows it")
    by: str = Field(max_length=80, description="Who signed it, as the journal names them")
    role: str = Field(max_length=60)
    at: datetime = Field(sa_column=Column(Instant, nullable=False))


class IncidentRelease(SQLModel, table=True):
    """One version of a text for the public: drafted by one, approved by another (5.1)."""

    __tablename__ = "incident_releases"
    __table_args__ = (UniqueConstraint("case_id", "release", "version"),)

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="cases.id")
    release: int = Field(description="1, 2, … within the incident")
    version: int
    title: str = Field(max_length=80)
    text: str = Field(max_length=4000)
    scope: str = Field(max_length=20, description="public or restricted")
    way: str = Field(max_length=60, description="How it is to be released")
    status: str = Field(
        default="drafted", max_length=12, description="drafted, returned, approved, released, superseded, withdrawn"
    )
    drafted_by: str = Field(max_length=20, description="Staff number; never the approver")
    drafted_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    approved_by: str = Field(default="", max_length=80)
    approved_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    released_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    withdrawn_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    reason: str = Field(default="", max_length=300)


class IncidentReadiness(SQLModel, table=True):
    """What one body has to restore after the end, and its attestation (4.7)."""

    __tablename__ = "incident_readiness"

    case_id: int = Field(primary_key=True, foreign_key="cases.id")
    role: str = Field(primary_key=True, max_length=60)
    used: str = Field(default="", max_length=500, description="What was used up or damaged")
    restocked: str = Field(default="", max_length=500)
    outstanding: str = Field(default="", max_length=500, description="What is still missing")
    comes_on: date | None = Field(default=None, description="The day on which it comes")
    late: bool = Field(default=False, description="Attested after the 48 hours; late stays late")
    attested_by: str = Field(default="", max_length=80)
    attested_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))


class IncidentLesson(SQLModel, table=True):
    """One lesson: an action item that is followed up, or a proposal to amend the plan (5.4, 7.2)."""

    __tablename__ = "incident_lessons"
    __table_args__ = (UniqueConstraint("case_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="cases.id")
    number: int
    kind: str = Field(max_length=12, description="action, amendment or rectify (the investigation's)")
    source: str = Field(max_length=12, description="summary, recovery, drill or inquiry")
    registered_by: str = Field(max_length=80, description="Who entered it, as the journal names them")
    text: str = Field(max_length=500)
    clause: str = Field(default="", max_length=40, description="Clause of the plan, for an amendment")
    owner: str = Field(max_length=60)
    due_on: date
    status: str = Field(
        default="open", max_length=10, description="open, reported, done, dropped; amendments: accepted, declined"
    )
    reported_by: str = Field(default="", max_length=20, description="Who says it is done; another checks it")
    rounds: int = Field(default=0, description="How often it was reported as done")
    closed_by: str = Field(default="", max_length=80)
    closed_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    evidence: str = Field(default="", max_length=300)


class IncidentHandover(SQLModel, table=True):
    """One handover between shifts: the sheet as it was, signed by both."""

    __tablename__ = "incident_handovers"

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="cases.id")
    made_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    outgoing: str = Field(max_length=20)
    incoming: str = Field(default="", max_length=20)
    taken_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    digest: str = Field(max_length=64, description="SHA-256 of the sheet")
    open_points: str = Field(default="", max_length=1000)
