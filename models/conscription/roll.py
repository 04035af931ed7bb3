"""The roll of a season: candidates, findings, evidence, ranking, objections, returns, benefits. Tables only store.

Whatever tells of a person's body, conduct or means is sealed; what the system must select and count by is not.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.column import CanonicalJson, Instant, Sealed


class Candidate(SQLModel, table=True):
    """What the season judges a member by, apart from who he or she is."""

    __tablename__ = "conscription_candidates"

    case_id: int = Field(primary_key=True, foreign_key="cases.id")
    season_id: int = Field(foreign_key="cases.id", index=True)
    sex: str = Field(max_length=6)
    born: str = Field(sa_column=Column(Sealed("conscription_candidates.born"), nullable=False), description="ISO date")
    education: str = Field(default="", max_length=24)
    standing: str = Field(default="", max_length=16)
    science: bool = Field(default=False)
    basis: str = Field(default="", max_length=24)
    willing: bool = Field(default=True)
    consent: bool | None = Field(default=None)
    preference: str = Field(default="", max_length=16)
    school: str | None = Field(default=None, sa_column=Column(Sealed("conscription_candidates.school"), nullable=True))


class Finding(SQLModel, table=True):
    """The result of one check: verdict, signer and day in the open, measurements sealed; a political one has none."""

    __tablename__ = "conscription_findings"
    __table_args__ = (UniqueConstraint("case_id", "kind", "digest"),)

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="cases.id")
    kind: str = Field(max_length=12, description="precheck, medical, recheck, political, training")
    verdict: str = Field(max_length=8)
    signer: str = Field(max_length=20)
    on: date = Field(sa_column_kwargs={"name": "on_day"})
    content: str | None = Field(default=None, sa_column=Column(Sealed("conscription_findings.content"), nullable=True))
    digest: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    at: datetime = Field(sa_column=Column(Instant, nullable=False))


class Evidence(SQLModel, table=True):
    """One item of the scorecard, as claimed and verified."""

    __tablename__ = "conscription_evidence"
    __table_args__ = (UniqueConstraint("case_id", "item"),)

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="cases.id")
    item: str = Field(max_length=40)
    value: str = Field(max_length=40)
    document: str | None = Field(
        default=None, sa_column=Column(Sealed("conscription_evidence.document"), nullable=True)
    )
    verified_by: str = Field(max_length=20)
    digest: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class Ranked(SQLModel, table=True):
    """One line of the sealed ranking; the seal covers all lines and the scorecard."""

    __tablename__ = "conscription_ranking"

    case_id: int = Field(primary_key=True, foreign_key="cases.id")
    season_id: int = Field(foreign_key="cases.id", index=True)
    place: int
    points: str = Field(max_length=12)
    line: Any = Field(sa_column=Column(CanonicalJson, nullable=False), description="The input it was ranked by")


class Objection(SQLModel, table=True):
    """An objection to the posted list."""

    __tablename__ = "conscription_objections"
    __table_args__ = (UniqueConstraint("season_id", "receipt"),)

    id: int | None = Field(default=None, primary_key=True)
    season_id: int = Field(foreign_key="cases.id")
    case_id: int = Field(foreign_key="cases.id")
    receipt: str = Field(max_length=40)
    received: date
    channel: str = Field(max_length=10)
    summary: str = Field(sa_column=Column(Sealed("conscription_objections.summary"), nullable=False))


class Returned(SQLModel, table=True):
    """A recruit whom the unit sent back."""

    __tablename__ = "conscription_returns"

    case_id: int = Field(primary_key=True, foreign_key="cases.id")
    ground: str = Field(max_length=12)
    arrived: date
    letter_on: date
    letter: str = Field(default="", max_length=60)
    reinstate_at: str | None = Field(
        default=None, sa_column=Column(Sealed("conscription_returns.reinstate_at"), nullable=True)
    )


class Benefit(SQLModel, table=True):
    """One sum due to a recruit or the family, with the working that it came from."""

    __tablename__ = "conscription_benefits"
    __table_args__ = (UniqueConstraint("case_id", "item", "year"),)

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="cases.id")
    season_id: int = Field(foreign_key="cases.id", index=True)
    item: str = Field(max_length=40)
    year: int
    amount: str = Field(max_length=20, description="Yuan, two places")
    working: Any = Field(sa_column=Column(CanonicalJson, nullable=False), description="Rule, reading, base and steps")
    status: str = Field(default="calculated", max_length=20)
