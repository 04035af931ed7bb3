"""Activities and service resources (海政办发〔2023〕27号, Art. 17–18): places and waiting lists, and what is kept."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from config.messages import say
from models.column import Instant, Sealed


class ActivityKind(StrEnum):
    """What kind of event it is (Art. 17)."""

    BRIEFING = "briefing"
    BANK_ENTERPRISE = "bank_enterprise"
    ROADSHOW = "roadshow"
    CONTEST = "contest"
    OTHER = "other"

    @property
    def word(self) -> str:
        """The kind in Chinese."""
        return say(f"activity.kind_{self.value}")


class ActivityStatus(StrEnum):
    """Where an activity stands."""

    DRAFTED = "drafted"
    PUBLISHED = "published"
    """Enrolment is open."""
    ENROLMENT_CLOSED = "enrolment_closed"
    HELD = "held"
    CLOSED = "closed"
    CANCELLED = "cancelled"

    @property
    def text(self) -> str:
        """The status in Chinese."""
        return say(f"activity_status.{self.value}")


class EnrolmentState(StrEnum):
    """Where an enrolment stands."""

    ENROLLED = "enrolled"
    WAITING = "waiting"
    CANCELLED = "cancelled"
    ATTENDED = "attended"
    ABSENT = "absent"

    def holds_place(self) -> bool:
        """Say whether it counts against the capacity."""
        return self in (EnrolmentState.ENROLLED, EnrolmentState.ATTENDED, EnrolmentState.ABSENT)

    @property
    def text(self) -> str:
        """The state in Chinese."""
        return say(f"activity.state_{self.value}")


def admit(capacity: int, enrolled: int, waiting: int) -> EnrolmentState:
    """Say what a new enrolment gets: a place while one is free and nobody waits for it, or the end of the list."""
    return EnrolmentState.ENROLLED if enrolled < capacity and not waiting else EnrolmentState.WAITING


def promoted(capacity: int, enrolled: int, waiting: Iterable[int]) -> list[int]:
    """Return whom of the waiting a free place goes to, in the order of the list; `waiting` holds places in it."""
    return sorted(waiting)[: max(capacity - enrolled, 0)]


class Activity(SQLModel, table=True):
    """An event for enterprises."""

    __tablename__ = "activities"
    __table_args__ = (UniqueConstraint("register_id", "place"), UniqueConstraint("department", "title", "starts_at"))

    case_id: int = Field(primary_key=True, foreign_key="cases.id")
    register_id: int = Field(foreign_key="cases.id", description="The year's register")
    place: int = Field(description="Number in the year's register")
    department: str = Field(max_length=60)
    kind: str = Field(max_length=20)
    title: str = Field(max_length=60)
    venue: str = Field(max_length=120)
    about: str = Field(max_length=500)
    capacity: int
    starts_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    closes_at: datetime = Field(sa_column=Column(Instant, nullable=False), description="Last moment of enrolment")


class Enrolment(SQLModel, table=True):
    """One enterprise's enrolment; who comes is sealed."""

    __tablename__ = "enrolments"
    __table_args__ = (UniqueConstraint("activity_id", "place"),)

    id: int | None = Field(default=None, primary_key=True)
    activity_id: int = Field(foreign_key="cases.id")
    place: int = Field(description="In the order in which they came")
    uscc: str = Field(max_length=18)
    firm: str = Field(max_length=120)
    contact: str | None = Field(default=None, sa_column=Column(Sealed("enrolments.contact"), nullable=True))
    phone: str | None = Field(default=None, sa_column=Column(Sealed("enrolments.phone"), nullable=True))
    state: str = Field(max_length=12)
    at: datetime = Field(sa_column=Column(Instant, nullable=False))


class Resource(SQLModel, table=True):
    """A service that a department offers to enterprises (Art. 18)."""

    __tablename__ = "service_resources"

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True, max_length=20, description="ZY-001")
    department: str = Field(max_length=60)
    title: str = Field(max_length=60)
    about: str = Field(max_length=500)
    promised_days: int = Field(default=0, description="Working days; 0 where the catalogue promises none")
    offered: bool = Field(default=True)


class ServiceStatus(StrEnum):
    """Where a request for a service stands."""

    REQUESTED = "requested"
    PROVIDED = "provided"
    DECLINED = "declined"
    FOLLOWED_UP = "followed_up"
    CLOSED = "closed"

    @property
    def text(self) -> str:
        """The status in Chinese."""
        return say(f"service_request_status.{self.value}")


class ServiceRequest(SQLModel, table=True):
    """An enterprise's request for a service of the catalogue."""

    __tablename__ = "service_requests"
    __table_args__ = (UniqueConstraint("register_id", "place"),)

    case_id: int = Field(primary_key=True, foreign_key="cases.id")
    register_id: int = Field(foreign_key="cases.id", description="The year's register")
    place: int = Field(description="Number in the year's register")
    resource_id: int = Field(foreign_key="service_resources.id")
    uscc: str = Field(max_length=18)
    firm: str = Field(max_length=120)
    wish: str = Field(max_length=500, description="Without personal data")
    received_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    mark: bytes = Field(sa_column=Column(LargeBinary, nullable=False, unique=True))
