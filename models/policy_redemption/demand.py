"""Demands of enterprises (海政办发〔2023〕27号, Art. 19): their classes, where they stand, and what is kept of them."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from config.messages import say
from models.column import Instant, Sealed
from models.roster.demand import DemandChannel, DemandKind


class DemandStatus(StrEnum):
    """Where a demand stands."""

    RECEIVED = "received"
    ASSIGNED = "assigned"
    HANDED_BACK = "handed_back"
    HANDLING = "handling"
    ANSWERED = "answered"
    RATED = "rated"
    """Called back: whoever raised it has said how satisfied they are, or could not be reached."""
    REOPENED = "reopened"
    CLOSED = "closed"
    NOT_ACCEPTED = "not_accepted"

    def is_final(self) -> bool:
        """Say whether the demand is over."""
        return self in (DemandStatus.CLOSED, DemandStatus.NOT_ACCEPTED)

    @property
    def text(self) -> str:
        """The status in Chinese."""
        return say(f"demand_status.{self.value}")


class Demand(SQLModel, table=True):
    """What a demand says and who raised it: words and contact are sealed, the heading names nobody."""

    __tablename__ = "demands"
    __table_args__ = (UniqueConstraint("register_id", "place"),)

    case_id: int = Field(primary_key=True, foreign_key="cases.id")
    register_id: int = Field(foreign_key="cases.id", description="The year's register")
    place: int = Field(description="Number in the year's register")
    kind: str = Field(max_length=12)
    channel: str = Field(max_length=12)
    title: str = Field(max_length=60, description="Heading, without personal data")
    content: str = Field(sa_column=Column(Sealed("demands.content"), nullable=False))
    open_text: str = Field(default="", max_length=500, description="The content, where it came online without numbers")
    uscc: str = Field(default="", max_length=18)
    contact: str | None = Field(default=None, sa_column=Column(Sealed("demands.contact"), nullable=True))
    phone: str | None = Field(default=None, sa_column=Column(Sealed("demands.phone"), nullable=True))
    received_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    mark: bytes = Field(
        sa_column=Column(LargeBinary, nullable=False, unique=True),
        description="Of the row or the run that brought it: the same is lodged once",
    )
    again_at: datetime | None = Field(
        default=None, sa_column=Column(Instant, nullable=True), description="When it was last asked to take it up again"
    )
    again_why: str | None = Field(default=None, sa_column=Column(Sealed("demands.again_why"), nullable=True))


__all__ = ["Demand", "DemandChannel", "DemandKind", "DemandStatus"]
