"""Officers, the posts they hold, and who may stand in for whom."""

from datetime import date, datetime

from sqlalchemy import Column, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.column import Instant, Sealed


class Officer(SQLModel, table=True):
    """A person who signs: staff number and one-time code, because the Prefect UI is one shared login."""

    __tablename__ = "officers"

    id: int | None = Field(default=None, primary_key=True)
    staff_no: str = Field(unique=True, max_length=20)
    name: str = Field(sa_column=Column(Sealed("officers.name"), nullable=False))
    secret: str = Field(sa_column=Column(Sealed("officers.secret"), nullable=False), description="TOTP secret, base32")
    identity_index: bytes | None = Field(
        default=None,
        sa_column=Column(LargeBinary, nullable=True),
        description="Blind index of the officer's own identity: nobody decides on himself",
    )
    last_step: int = Field(default=0, description="Last time step whose code was accepted: a replay is refused")
    failures: int = Field(default=0)
    locked_until: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    active: bool = Field(default=True)


class Post(SQLModel, table=True):
    """A role that an officer holds between two days, both included."""

    __tablename__ = "posts"
    __table_args__ = (UniqueConstraint("officer_id", "role", "since"),)

    id: int | None = Field(default=None, primary_key=True)
    officer_id: int = Field(foreign_key="officers.id", index=True)
    role: str = Field(max_length=60, index=True)
    since: date
    until: date | None = Field(default=None)


class Delegation(SQLModel, table=True):
    """A deputy signs for an officer between two days, both included; a delegation cannot be passed on."""

    __tablename__ = "delegations"

    id: int | None = Field(default=None, primary_key=True)
    officer_id: int = Field(foreign_key="officers.id", index=True, description="Who is represented")
    deputy_id: int = Field(foreign_key="officers.id", index=True)
    role: str = Field(max_length=60)
    since: date
    until: date
