"""The roll of registration, correction and benefits (Art. 12, 19, 24, 25, 29). Tables only store.

Whatever tells of a person's conduct is sealed; what the system must select, count and pay by is not.
"""

from datetime import date, datetime

from sqlalchemy import Column, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.column import Instant, Sealed


class Registrant(SQLModel, table=True):
    """A man who must register in a year, as the town's roster has him; who he is stands in the party's row."""

    __tablename__ = "conscription_registrants"

    case_id: int = Field(primary_key=True, foreign_key="cases.id")
    registration_id: int = Field(foreign_key="cases.id", index=True)
    born: str = Field(sa_column=Column(Sealed("conscription_registrants.born"), nullable=False), description="ISO date")
    registered: date | None = Field(default=None)
    result: str = Field(default="", max_length=10, description="liable, exempt or barred; empty while not concluded")
    late: bool = Field(default=False, description="Registered after the day that Art. 12 sets")
    certified: date | None = Field(default=None, description="Day the registration certificate was issued")


class Correction(SQLModel, table=True):
    """What a correction case is about: the member, the offence of Art. 24 and the day of the act."""

    __tablename__ = "conscription_corrections"
    __table_args__ = (UniqueConstraint("member_id", "offence", "act_on"),)

    case_id: int = Field(primary_key=True, foreign_key="cases.id")
    member_id: int = Field(foreign_key="cases.id", index=True)
    year: int = Field(description="Year of the number")
    place: int = Field(description="Running number within the year")
    offence: str = Field(max_length=24)
    act_on: date


class YearStandard(SQLModel, table=True):
    """The family allowance standard of a year, as finance entered it from the district's paper."""

    __tablename__ = "conscription_standards"

    year: int = Field(primary_key=True)
    amount: str = Field(max_length=20, description="Yuan a year, two places")
    document: str = Field(max_length=60, description="Number of the paper that sets it")
    case_id: int = Field(foreign_key="cases.id", description="Case whose question was answered")


class ServedYear(SQLModel, table=True):
    """Where a recruit serves in a year, by the unit's paper; two rows where two areas apply."""

    __tablename__ = "conscription_service_years"
    __table_args__ = (UniqueConstraint("case_id", "year", "area"),)

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="cases.id", index=True)
    year: int
    area: str = Field(max_length=10, description="ordinary, hardship or tibet")
    complete: bool = Field(default=True, description="Served to the end of the year")
    document: str = Field(max_length=60)


class Honour(SQLModel, table=True):
    """An award of Art. 19(3): one row for each order."""

    __tablename__ = "conscription_honours"
    __table_args__ = (UniqueConstraint("case_id", "digest"),)

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="cases.id", index=True)
    kind: str = Field(max_length=24)
    year: int
    act: str | None = Field(default=None, sa_column=Column(Sealed("conscription_honours.act"), nullable=True))
    region_level: bool | None = Field(default=None, description="Granted by a major military region or above")
    document: str = Field(max_length=60)
    digest: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class SuperiorPayment(SQLModel, table=True):
    """What Nantong or a higher level pays a recruit for the same item and year: only the higher is paid (Art. 29)."""

    __tablename__ = "conscription_superior_payments"
    __table_args__ = (UniqueConstraint("case_id", "item", "year", "payer"),)

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="cases.id", index=True)
    item: str = Field(max_length=24)
    year: int
    amount: str = Field(max_length=20, description="Yuan, two places")
    payer: str = Field(max_length=60)
    paid_on: date
    document: str = Field(default="", max_length=60)
    at: datetime = Field(sa_column=Column(Instant, nullable=False))


TABLES = (Correction, Honour, Registrant, ServedYear, SuperiorPayment, YearStandard)
