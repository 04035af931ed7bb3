"""An incident and its reports: what is known, by whom, since when. Unknown is kept as unknown, never as nothing."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, LargeBinary, String, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.column import CanonicalJson, Instant, Sealed


class Incident(SQLModel, table=True):
    """One accident or drill as it stands now; its reports are the history."""

    __tablename__ = "incidents"
    __table_args__ = (
        UniqueConstraint("register_id", "place"),
        Index("ix_incidents_occurred", "occurred_at"),
    )

    case_id: int = Field(primary_key=True, foreign_key="cases.id")
    register_id: int = Field(foreign_key="cases.id", description="The year's register, SG-2027 or YL-2027")
    place: int = Field(description="Number in the year's register")
    unit_name: str = Field(max_length=80, description="The accident unit; a firm's name, never a person's")
    unit_address: str = Field(default="", max_length=120)
    licence: str = Field(default="", max_length=40, description="Number of the business licence; empty where unknown")
    licensed: str = Field(max_length=8, description="yes, no or unknown")
    scope: str = Field(default="", max_length=12, description="in, out or override; empty until it is checked")
    scope_reason: str = Field(default="", max_length=300, description="Why it is handled although out of scope")
    town: str = Field(default="", max_length=40, description="Id of the zone-level unit; empty where unknown")
    scene: str = Field(max_length=200, description="Where it happened")
    kind: str = Field(max_length=12, description="explosion, fire, both, other or unknown")
    occurred_at: datetime | None = Field(
        default=None, sa_column=Column(Instant, nullable=True), description="T0; empty where unknown"
    )
    learned_at: datetime | None = Field(
        default=None, sa_column=Column(Instant, nullable=True), description="T1: the unit's head learned of it"
    )
    received_at: datetime = Field(
        sa_column=Column(Instant, nullable=False), description="T2: the department learned of it"
    )
    dead: int | None = Field(default=None, description="Confirmed; empty where unknown")
    injured: int | None = Field(default=None, description="Seriously injured, confirmed; empty where unknown")
    missing: int | None = Field(default=None, description="Empty where unknown")
    trapped: int | None = Field(default=None, description="Empty where unknown")
    loss_cents: int | None = Field(default=None, description="Direct loss in fen; empty where unknown")
    controllable: str = Field(default="unknown", max_length=8, description="yes, no or unknown")
    grade: str = Field(default="", max_length=4, description="Confirmed accident grade: IV, III, II, I")
    worst_grade: str = Field(default="", max_length=4, description="What missing and unknown may still make of it")
    response_level: str = Field(default="", max_length=4, description="Level of the response; a field of its own")
    beyond_district: bool | None = Field(default=None, description="The commander's judgement (INC-A12)")
    plan: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(CanonicalJson, nullable=False), description="Plan as of the activation"
    )
    exercise: str = Field(default="", max_length=10, description="A drill's kind: tabletop or live; empty if real")
    merged_into: int | None = Field(default=None, foreign_key="cases.id", description="The incident it is the same as")
    mark: bytes = Field(
        sa_column=Column(LargeBinary, nullable=False, unique=True),
        description="Of the run or command that brought it: the same is opened once",
    )
    command: str = Field(default="district", max_length=10, description="Who commands: district or superior")
    activated_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    ended_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))


class IncidentReport(SQLModel, table=True):
    """One report as it came in: append-only. What a later one corrects stays as it was."""

    __tablename__ = "incident_reports"
    __table_args__ = (UniqueConstraint("case_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="cases.id")
    number: int = Field(description="1, 2, … within the incident")
    kind: str = Field(sa_type=String(12), description="quick, first, follow_up or situation")
    facts: dict[str, Any] = Field(
        sa_column=Column(CanonicalJson, nullable=False),
        description="The nine content groups, each {state: known|unknown|none, …}; never personal data",
    )
    source: str = Field(max_length=80, description="Who says so: an office, a role or a staff number")
    as_of: datetime = Field(sa_column=Column(Instant, nullable=False), description="The moment that it describes")
    recorded_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    mark: bytes = Field(sa_column=Column(LargeBinary, nullable=False, unique=True))


class IncidentContact(SQLModel, table=True):
    """Whom to call about a report, or the number that was called: sealed, and erased after the response (ERL Art. 85).

    It stands apart from what it belongs to, because reports and acknowledgements only grow.
    """

    __tablename__ = "incident_contacts"
    __table_args__ = (UniqueConstraint("case_id", "kind", "of"),)

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="cases.id")
    kind: str = Field(max_length=8, description="report or ack")
    of: int = Field(description="Number of the report, or id of the acknowledgement")
    contact: str | None = Field(default=None, sa_column=Column(Sealed("incident_contacts.contact"), nullable=True))
    phone: str | None = Field(default=None, sa_column=Column(Sealed("incident_contacts.phone"), nullable=True))
    evidence: str = Field(default="", max_length=200, description="Why it is kept as evidence; empty where it is not")
    erased_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
