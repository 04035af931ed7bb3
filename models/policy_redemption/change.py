"""What a department must bring onto the platform: changed policies and managers (海政办发〔2023〕27号, Art. 10–11)."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import Field as Of
from sqlalchemy import Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from config.messages import say
from models.answer import Answer
from models.column import CanonicalJson, Instant
from models.policy_redemption.content import Worded

POST: Final = Worded("post", ("manager", "leader"))
Post = Annotated[Literal["manager", "leader"], POST]
"""平台管理专员, 分管领导 (Art. 10)."""


class ChangeKind(StrEnum):
    """What happens to a policy."""

    PUBLISH = "publish"
    AMEND = "amend"
    REPEAL = "repeal"
    EXEMPT = "exempt"
    """Secret: recorded as exempt, its text never enters."""

    @property
    def text(self) -> str:
        """The change in Chinese."""
        return say(f"policy_publication.kind_{self.value}")


class PublicationStatus(StrEnum):
    """Where the publication of a change stands."""

    DRAFTING = "drafting"
    """编制: interpretation and guide are there; the leader in charge has not seen them."""
    RETURNED = "returned"
    """Sent back by internal review: a corrected draft is owed."""
    PUBLISHED = "published"
    UPDATED = "updated"
    WITHDRAWN = "withdrawn"
    EXEMPT = "exempt"
    CANCELLED = "cancelled"


class ManagerStatus(StrEnum):
    """Where the report of a changed platform manager stands."""

    CHANGED = "changed"
    REPORTED = "reported"
    OVERDUE = "overdue"
    """Reported after the third working day."""


class PolicyChange(SQLModel, table=True):
    """A change of a policy as a case: what is changed, by which paper, from which day its clock runs."""

    __tablename__ = "policy_changes"
    __table_args__ = (UniqueConstraint("code", "place"),)

    case_id: int = Field(primary_key=True, foreign_key="cases.id")
    code: str = Field(max_length=40, description="The policy's permanent code: ZC-2027-001")
    place: int = Field(description="1 for its first publication; the next are -V2, -V3")
    kind: str = Field(max_length=10, description="ChangeKind")
    department: str = Field(max_length=60)
    document: str = Field(max_length=60)
    anchored_on: date = Field(description="Issue of the paper, or receipt of a superior's")
    effective_on: date
    asked: str = Field(
        unique=True, max_length=64, description="Digest of what was asked for: asked again is found again"
    )
    version_id: int | None = Field(default=None, foreign_key="policy_versions.id")
    done_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))


class PolicyDraft(SQLModel, table=True):
    """A draft of a policy's content, one for each turn of the internal review."""

    __tablename__ = "policy_drafts"

    case_id: int = Field(primary_key=True, foreign_key="cases.id")
    turn: int = Field(primary_key=True)
    content: Any = Field(sa_column=Column(CanonicalJson, nullable=False), description="PolicyContent")
    at: datetime = Field(sa_column=Column(Instant, nullable=False))


class ManagerChange(SQLModel, table=True):
    """A changed platform manager or leader in charge as a case: which post, of which department, from when."""

    __tablename__ = "manager_changes"
    __table_args__ = (UniqueConstraint("year", "place"), UniqueConstraint("department", "post", "changed_on"))

    case_id: int = Field(primary_key=True, foreign_key="cases.id")
    year: int
    place: int
    department: str = Field(max_length=60)
    post: str = Field(max_length=10, description="manager or leader")
    changed_on: date
    successor: str = Field(default="", max_length=20, description="Staff number, never a name")
    reported_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))


class ManagerReport(Answer):
    """The department reports who holds the post now, by staff number; the name stays with the officers' register."""

    verdict: Literal["reported"]
    successor: str = Of(pattern=r"^[0-9A-Za-z][0-9A-Za-z-]{0,19}$")
