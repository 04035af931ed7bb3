"""The kernel's words: cases, journal, decisions, deadlines, notices. Tables only store; judgements live beside."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Column, Index, LargeBinary, String, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from models.column import CanonicalJson, Instant
from models.deadline import Clock


class Case(SQLModel, table=True):
    """One matter: a process instance (season, notice, incident) or a member of one (a person, a firm)."""

    __tablename__ = "cases"
    __table_args__ = (
        # members are worked in the order of their ids; the status is not indexed, so that moving a set stays cheap
        Index(
            "ix_cases_members",
            "parent_id",
            "id",
            sqlite_where=text("parent_id IS NOT NULL"),
            postgresql_where=text("parent_id IS NOT NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    number: str = Field(unique=True, max_length=40, description="What it is: ZB-2027H1, ZB-2027H1-000123, drills YL-…")
    process: str = Field(max_length=40, description="Stem of the process")
    subject: str = Field(default="", max_length=200, description="What it is about; never personal data")
    parent_id: int | None = Field(default=None, foreign_key="cases.id")
    unit: str = Field(default="", max_length=40, description="Town or office it is counted under")
    status: str = Field(default="", max_length=40)
    on: date = Field(description="The day whose rules apply", sa_column_kwargs={"name": "on_day"})
    drill: bool = Field(default=False, description="A drill; never changes")
    version: int = Field(default=0, description="Counts changes of substance: an answer to an older version is refused")
    seq: int = Field(default=0, description="Number of journal entries")
    head: bytes = Field(
        default=b"", sa_column=Column(LargeBinary, nullable=False), description="Hash of the last entry"
    )
    opened_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    closed_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))


class Instance(SQLModel, table=True):
    """How a process instance runs: its story, its parameters and the Prefect run that has it now."""

    __tablename__ = "instances"

    case_id: int = Field(primary_key=True, foreign_key="cases.id")
    story: str = Field(max_length=80, description="Deployment, as `flow/deployment`")
    parameters: dict[str, Any] = Field(sa_column=Column(CanonicalJson, nullable=False), description="No personal data")
    run_id: str = Field(default="", max_length=36, description="Prefect flow run that carries the case now")
    waiting_on: str = Field(default="", max_length=80, description="Point it is parked at; empty while it works")
    wake_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    nudges: int = Field(default=0, description="Counts arrivals; a nudge that comes while the run is awake is not lost")
    failures: int = Field(default=0, description="Runs that failed since the last step; slows the rescue down")
    seen: int = Field(default=0, description="Nudges that the last run had seen when it parked")


class Entry(SQLModel, table=True):
    """One line of the journal, which is also the audit: append-only, hash chained per case."""

    __tablename__ = "entries"
    __table_args__ = (UniqueConstraint("case_id", "step", "turn"),)

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="cases.id")
    seq: int
    step: str = Field(max_length=80)
    turn: int = Field(default=1)
    actor: str = Field(max_length=80, description="system, an officer's staff number, or 乙代甲 as `乙/甲`")
    before: str = Field(max_length=40)
    after: str = Field(max_length=40)
    outcome: Any = Field(default=None, sa_column=Column(CanonicalJson, nullable=False))
    rule: str = Field(default="", max_length=120, description="Rule and article it rests on")
    at: datetime = Field(sa_column=Column(Instant, nullable=False))
    hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class Progress(SQLModel, table=True):
    """How far a step over many members is: the cursor commits with its chunk, so a crash resumes at the chunk."""

    __tablename__ = "progress"

    case_id: int = Field(primary_key=True, foreign_key="cases.id")
    step: str = Field(primary_key=True, max_length=80)
    turn: int = Field(primary_key=True)
    cursor: int = Field(description="Id of the last member that was looked at")
    done: int
    tally: dict[str, int] = Field(sa_column=Column(CanonicalJson, nullable=False))


class Anchor(SQLModel, table=True):
    """What was written outside the database to prove that no tail was cut off: the latest copy of each anchoring."""

    __tablename__ = "anchors"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_column=Column(Instant, nullable=False))
    cases: int
    entries: int
    digest: str = Field(max_length=64)


class Mode(StrEnum):
    """How many of the asked must answer."""

    SINGLE = "single"
    ANY_OF = "any_of"
    ALL_OF = "all_of"


class Verdict(StrEnum):
    """What an officer may answer."""

    APPROVE = "approve"
    RETURN = "return"
    REJECT = "reject"


UNBOUND: Final = -1
"""Version of a question that other steps of the case do not outdate: only another text does."""


class DecisionStatus(StrEnum):
    """Where a question stands."""

    OPEN = "open"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"
    PASSED_ON = "passed_on"
    """转办: a seat whose holder gave it to another; a decision as a whole never is."""

    def is_final(self) -> bool:
        """Say whether nothing more can be answered."""
        return self is not DecisionStatus.OPEN


class Decision(SQLModel, table=True):
    """A point asked of a role. Silence never decides; an answer is signed, with a reason, and kept."""

    __tablename__ = "decisions"
    __table_args__ = (
        UniqueConstraint("case_id", "point", "turn"),
        Index(
            "ix_decisions_open",
            "status",
            sqlite_where=text("status = 'open'"),
            postgresql_where=text("status = 'open'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="cases.id")
    point: str = Field(max_length=60, description="Permanent name of the decision point")
    turn: int = Field(default=1)
    form: str = Field(max_length=60, description="Name of the answer's form")
    mode: Mode = Field(default=Mode.SINGLE, sa_type=String(10))
    status: DecisionStatus = Field(default=DecisionStatus.OPEN, sa_type=String(10))
    version: int = Field(
        description="Version of the case that the question shows; UNBOUND where it shows its text only"
    )
    title: str = Field(max_length=120)
    text: str = Field(default="", description="What to look at before answering (markdown); never personal data")
    due_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    asked_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    answered_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    outcome: Any = Field(default=None, sa_column=Column(CanonicalJson, nullable=True))
    excluded: list[str] = Field(
        default_factory=list,
        sa_column=Column(CanonicalJson, nullable=False),
        description="Staff numbers that may not answer: whoever drafted or applied",
    )
    told: list[list[str]] = Field(
        default_factory=list,
        sa_column=Column(CanonicalJson, nullable=False, server_default="[]"),
        description="[role, staff number] of those who are told once it is answered: a copy was sent, or it was urged",
    )


CLOSED_SHOWN: Final = "status <> 'open' AND run_id <> '' AND run_id <> '-'"
"""Seats that nobody can answer any more, while a run still shows their form."""


class Seat(SQLModel, table=True):
    """One signature a decision asks for: a question run of its own in the Prefect UI, tagged by office."""

    __tablename__ = "seats"
    __table_args__ = (
        UniqueConstraint("decision_id", "place"),
        Index(
            "ix_seats_open",
            "status",
            "role",
            sqlite_where=text("status = 'open'"),
            postgresql_where=text("status = 'open'"),
        ),
        Index(
            "ix_seats_closed_shown",
            "id",
            sqlite_where=text(CLOSED_SHOWN),
            postgresql_where=text(CLOSED_SHOWN),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    decision_id: int = Field(foreign_key="decisions.id")
    place: int = Field(description="1, 2, …; a transfer or an added signatory takes the next")
    role: str = Field(max_length=60)
    officer: str = Field(default="", max_length=20, description="Staff number, where only this officer may answer")
    attempt: int = Field(default=1, description="Rises when an answer is refused and asked again")
    status: DecisionStatus = Field(default=DecisionStatus.OPEN, sa_type=String(10))
    run_id: str = Field(default="", max_length=36, description="Prefect run that shows the form")
    refusal: str = Field(default="", max_length=400, description="Why the last answer was refused")
    verdict: str = Field(default="", max_length=20)
    answer: Any = Field(default=None, sa_column=Column(CanonicalJson, nullable=True))
    signed_by: str = Field(default="", max_length=20)
    signed_for: str = Field(default="", max_length=20, description="The officer represented: 乙代甲")
    way: str = Field(default="", max_length=20, description="form, board, sheet or command line")
    signed_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    asked_by: str = Field(
        default="",
        max_length=20,
        sa_column_kwargs={"server_default": ""},
        description="Staff number of whoever passed it on or added it; empty where the story asks",
    )
    passed_from: int = Field(
        default=0, sa_column_kwargs={"server_default": "0"}, description="Place of the seat it was passed on from"
    )
    urges: int = Field(default=0, sa_column_kwargs={"server_default": "0"}, description="How often it was urged")
    urged_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))


class Deadline(SQLModel, table=True):
    """A legal clock on a case. Due is derived from anchor, budget and pauses; overdue is never stored."""

    __tablename__ = "deadlines"
    __table_args__ = (
        UniqueConstraint("case_id", "name", "turn"),
        Index(
            "ix_deadlines_next_rung",
            "next_rung_at",
            sqlite_where=text("next_rung_at IS NOT NULL"),
            postgresql_where=text("next_rung_at IS NOT NULL"),
        ),
        Index(
            "ix_deadlines_open",
            "due_at",
            sqlite_where=text("met_at IS NULL AND superseded_at IS NULL"),
            postgresql_where=text("met_at IS NULL AND superseded_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="cases.id")
    name: str = Field(max_length=60)
    turn: int = Field(default=1)
    clock: Clock = Field(sa_type=String(15))
    budget: int = Field(default=0, description="Working days, days or hours; 0 for a fixed date")
    anchor_at: datetime = Field(
        sa_column=Column(Instant, nullable=False), description="The event; its day does not count"
    )
    pauses: list[list[str]] = Field(
        default_factory=list,
        sa_column=Column(CanonicalJson, nullable=False),
        description="[from, to] in ISO; an open pause has an empty end",
    )
    due_at: datetime | None = Field(
        default=None,
        sa_column=Column(Instant, nullable=True),
        description="Projection under calendar_version; empty while paused",
    )
    provisional: bool = Field(default=False, description="Counts days that no published calendar covers")
    calendar_version: str = Field(default="", max_length=64)
    office: str = Field(default="", max_length=60, description="Role that owes the act and is reminded")
    lagging: list[str] = Field(
        default_factory=list,
        sa_column=Column(CanonicalJson, nullable=False),
        description="Statuses of members who still owe: their units are reminded, each with its number",
    )
    unit_role: str = Field(default="", max_length=40, description="Role of a unit, before the colon")
    rungs: list[str] = Field(
        default_factory=list,
        sa_column=Column(CanonicalJson, nullable=False),
        description="Reminder and escalation rungs, e.g. half, last_day, breach",
    )
    escalation: dict[str, list[str]] = Field(
        default_factory=dict,
        sa_column=Column(CanonicalJson, nullable=False, server_default="{}"),
        description="Roles that a rung tells besides the office, by rung: breach to the head of the department",
    )
    gathered: bool = Field(
        default=False,
        sa_column_kwargs={"server_default": text("false")},
        description="A member's clock: its reminders go out gathered with the others' of the whole, not one by one",
    )
    next_rung_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    rule: str = Field(default="", max_length=120)
    met_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    superseded_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))


class Rung(SQLModel, table=True):
    """A rung that was claimed: the unique row is written before it acts, so it fires once whatever crashes."""

    __tablename__ = "rungs"

    deadline_id: int = Field(primary_key=True, foreign_key="deadlines.id")
    rung: str = Field(primary_key=True, max_length=20)
    fired_at: datetime = Field(sa_column=Column(Instant, nullable=False))


class NoticeStatus(StrEnum):
    """Where a notice stands on its way out."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DEAD = "dead"
    WITHDRAWN = "withdrawn"
    """Taken back before it left: whoever it calls has answered already."""


URGENT_WAITING_SQLITE: Final = "urgent = 1 AND next_at IS NOT NULL"
"""Urgent notices that wait, in the very words of SQLite's query: it uses a partial index only where they match."""


class Notice(SQLModel, table=True):
    """One message to one person over one channel, queued in the transaction of its step and sent after the commit."""

    __tablename__ = "notices"
    __table_args__ = (
        Index(
            "ix_notices_next",
            "next_at",
            sqlite_where=text("next_at IS NOT NULL"),
            postgresql_where=text("next_at IS NOT NULL"),
        ),
        Index("ix_notices_recipient", "recipient", "id"),
        Index(
            "ix_notices_urgent",
            "channel",
            "next_at",
            sqlite_where=text(URGENT_WAITING_SQLITE),
            postgresql_where=text("urgent AND next_at IS NOT NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    key: bytes = Field(
        sa_column=Column(LargeBinary, nullable=False, unique=True),
        description="Hash of case, step, turn, recipient and channel: a replay cannot queue it twice",
    )
    case_id: int = Field(foreign_key="cases.id")
    number: int = Field(description="Number within the case, printed in the text so that a reader sees a repeat")
    recipient: str = Field(max_length=60, description="officer:<staff number>, role:<role>, or party:<case number>")
    channel: str = Field(max_length=30, description="Name of a channel in channels.yaml; inbox is always there")
    template: str = Field(max_length=80, description="Message key")
    urgent: bool = Field(
        default=False,
        sa_column_kwargs={"server_default": text("false")},
        description="Leaves before whatever else waits for the channel",
    )
    facts: dict[str, Any] = Field(
        default_factory=dict,
        sa_column=Column(CanonicalJson, nullable=False),
        description="Facts for the text; never personal data",
    )
    status: NoticeStatus = Field(default=NoticeStatus.PENDING, sa_type=String(10))
    attempts: int = Field(default=0)
    next_at: datetime | None = Field(
        default=None,
        sa_column=Column(Instant, nullable=True),
        description="When to try (again), or when the lease ends; empty once sent or dead",
    )
    lease: str = Field(default="", max_length=40, description="Sender that has it now")
    error: str = Field(default="", max_length=300)
    created_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    sent_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    read_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))


class Received(SQLModel, table=True):
    """A roster that was taken in: the same content is taken in once."""

    __tablename__ = "rosters_received"
    __table_args__ = (UniqueConstraint("case_id", "form", "digest"),)

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="cases.id")
    form: str = Field(max_length=20)
    digest: str = Field(max_length=64)
    accepted: int
    rejected: int
    at: datetime = Field(sa_column=Column(Instant, nullable=False))
