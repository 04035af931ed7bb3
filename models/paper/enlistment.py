"""Papers of the approval: notice, letters, posted list, minutes (海政办发〔2023〕20号, Art. 16, 19)."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from config.fact import Fact
from config.messages import Refusal
from models.document import Format, Paragraph, Table, Words, numeral, paragraphs, serials
from models.paper.form import Paper, wording


class EnlistmentNotice(Paper):
    """应征公民入伍通知书, to the one who was approved; service counts from the day of approval (兵役法 Art. 29)."""

    kind: ClassVar[str] = "enlistment_notice"
    format: ClassVar[Format] = Format.PLAIN

    name: Words
    case_number: Words
    approved_on: date
    report_at: datetime
    report_place: Words
    contact: Words


class HouseholdLetter(Paper):
    """Letter to the family of someone who was approved."""

    kind: ClassVar[str] = "household_letter"
    format: ClassVar[Format] = Format.LETTER

    name: Words
    town: Words
    approved_on: date
    contact: Words


class EmployerLetter(Paper):
    """Letter to the employer: pay of the month in full, contract, family benefits (海政办发〔2023〕20号, Art. 19)."""

    kind: ClassVar[str] = "employer_letter"
    format: ClassVar[Format] = Format.LETTER

    name: Words
    employer: Words
    approved_on: date
    contact: Words


class SchoolLetter(Paper):
    """Letter to the school: the place is kept; the term to come back is a rule (海政办发〔2023〕20号, Art. 19(5))."""

    kind: ClassVar[str] = "school_letter"
    format: ClassVar[Format] = Format.LETTER

    name: Words
    school: Words
    approved_on: date
    resume_years: int = Field(gt=0)
    contact: Words


class PostedEntry(Fact):
    """One line of the posted list: a name and a town, nothing by which a stranger could be told from another."""

    name: Words
    town: Words

    @model_validator(mode="after")
    def _no_digits(self) -> Self:
        if any(c.isdigit() for c in self.name + self.town):
            raise Refusal("document.posted_digits")
        return self


class PostedList(Paper):
    """拟定新兵公示名单 (征兵工作条例 2023, Art. 30): no identity digits; its days, and where to complain."""

    kind: ClassVar[str] = "posted_list"
    format: ClassVar[Format] = Format.PLAIN

    season: Words
    entries: tuple[PostedEntry, ...]
    posted_from: date
    posted_until: date
    working_days: int = Field(gt=0)
    office: Words
    phone: Words
    address: Words

    def facts(self) -> dict[str, Any]:
        """Count the list."""
        return super().facts() | {"count": len(self.entries)}

    def blocks(self) -> Iterator[Paragraph | Table]:
        """Announce, list, and say how to object."""
        yield from super().blocks()
        yield self.table("columns", (1, 2, 3), list(serials([(one.name, one.town) for one in self.entries])))
        yield from paragraphs(wording("posted_list_tail", **self.facts()))


class Resolution(Fact):
    """One matter that the meeting decided."""

    topic: Words
    resolution: Words


class ApprovalMinutes(Paper):
    """Minutes of the meeting that approves the recruits; they are kept (征兵工作条例 2023, Art. 27)."""

    kind: ClassVar[str] = "approval_minutes"

    season: Words
    held_at: datetime
    place: Words
    chair: Words
    present: tuple[Words, ...] = Field(min_length=1)
    absent: tuple[Words, ...] = ()
    recorder: Words
    candidates: int = Field(ge=0)
    approved: int = Field(ge=0)
    reserve: int = Field(ge=0)
    resolutions: tuple[Resolution, ...] = Field(min_length=1)

    def blocks(self) -> Iterator[Paragraph | Table]:
        """Record who met, and each matter with what was decided."""
        yield from super().blocks()
        if self.absent:
            yield from paragraphs(wording("approval_minutes_absent", **self.facts()))
        for place, one in enumerate(self.resolutions, 1):
            heading = wording("approval_minutes_matter", numeral=numeral(place), topic=one.topic)
            yield from paragraphs(f"{heading}\n{one.resolution}")
        yield from paragraphs(wording("approval_minutes_tail", **self.facts()))
