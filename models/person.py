"""A natural person, sealed. Case numbers stand for people everywhere else."""

from sqlalchemy import Column, LargeBinary
from sqlmodel import Field, SQLModel

from models.column import Sealed


class Person(SQLModel, table=True):
    """Identity of a person: encrypted columns and a keyed blind index for look-up."""

    __tablename__ = "persons"

    id: int | None = Field(default=None, primary_key=True)
    identity_index: bytes = Field(sa_column=Column(LargeBinary, nullable=False, unique=True))
    identity: str = Field(sa_column=Column(Sealed("persons.identity"), nullable=False))
    name: str = Field(sa_column=Column(Sealed("persons.name"), nullable=False))
    phone: str | None = Field(default=None, sa_column=Column(Sealed("persons.phone"), nullable=True))
    account: str | None = Field(default=None, sa_column=Column(Sealed("persons.account"), nullable=True))


class Party(SQLModel, table=True):
    """The person whom a member case is about."""

    __tablename__ = "parties"

    case_id: int = Field(primary_key=True, foreign_key="cases.id")
    person_id: int = Field(foreign_key="persons.id", index=True)
