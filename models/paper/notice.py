"""Announcements, orders, circulars and calculation sheets (海政办发〔2023〕20号, Art. 12, 18–25)."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from pydantic import Field

from config.fact import Fact
from models.document import Format, Paragraph, Table, Text, Words, paragraphs, serials
from models.paper.form import Paper, wording


class RegistrationAnnouncement(Paper):
    """兵役登记公告 (Art. 12): who registers, by when, where."""

    kind: ClassVar[str] = "registration_announcement"
    format: ClassVar[Format] = Format.PLAIN

    year: int
    age: int
    born_until: date
    due: date
    website: Words
    places: Words
    phone: Words


class DeregistrationNotice(Paper):
    """Notice that the enlistment of a returned recruit is cancelled (Art. 18)."""

    kind: ClassVar[str] = "deregistration_notice"

    name: Words
    addressed_to: Words
    ground: Words
    approved_on: date
    letter_on: date
    reinstate: bool
    contact: Words

    def blocks(self) -> Iterator[Paragraph | Table]:
        """Say what is cancelled, and whether work or study is taken up again."""
        yield from super().blocks()
        after = "reinstate" if self.reinstate else "sanction"
        yield from paragraphs(wording(f"deregistration_notice_{after}", **self.facts()))


class CorrectionOrder(Paper):
    """责令限期改正通知书 (Art. 24): the fact, the article, the term, what follows, and how to contest it."""

    kind: ClassVar[str] = "correction_order"

    name: Words
    offence: Words
    article: Words
    evidence: Words
    correct_by: date
    how: Words
    fine_min: Decimal
    fine_max: Decimal
    review_days: int = Field(gt=0)
    review_body: Words
    suit_months: int = Field(gt=0)
    court: Words
    contact: Words


class TownResult(Fact):
    """One town's season."""

    town: Words
    quota: int = Field(ge=0)
    approved: int = Field(ge=0)
    graduates: int = Field(ge=0)
    returned: int = Field(ge=0)
    remark: Text = ""

    @property
    def completion(self) -> str:
        """Share of the task done, in percent."""
        return f"{Decimal(self.approved * 100) / self.quota:.1f}%" if self.quota else "—"


class TownCircular(Paper):
    """通报: the towns' results (海政办发〔2023〕20号, Art. 21–23)."""

    kind: ClassVar[str] = "town_circular"

    season: Words
    towns: tuple[TownResult, ...] = Field(min_length=1)
    praised: tuple[Words, ...] = ()
    short: tuple[Words, ...] = ()

    def facts(self) -> dict[str, Any]:
        """Add up the towns."""
        return super().facts() | {
            "quota": sum(one.quota for one in self.towns),
            "approved": sum(one.approved for one in self.towns),
            "graduates": sum(one.graduates for one in self.towns),
            "returned": sum(one.returned for one in self.towns),
        }

    def blocks(self) -> Iterator[Paragraph | Table]:
        """Report, praise, and name those who fell short."""
        yield from super().blocks()
        rows = [(t.town, t.quota, t.approved, t.completion, t.graduates, t.returned, t.remark) for t in self.towns]
        yield self.table("columns", (8, 4, 4, 5, 5, 4, 8), rows)
        for key, named in (("praised", self.praised), ("short", self.short)):
            if named:
                yield from paragraphs(wording(f"town_circular_{key}", **self.facts()))
        yield from paragraphs(wording("town_circular_tail", **self.facts()))


class BenefitLine(Fact):
    """One item of a calculation sheet, with how it was worked out and by which article."""

    item: Words
    working: Words
    amount: Decimal
    article: Words
    reading: Text = ""


class BenefitSheet(Paper):
    """优待金核算表 (Art. 19, 29): every sum with its working, article and the reading chosen."""

    kind: ClassVar[str] = "benefit_sheet"
    format: ClassVar[Format] = Format.PLAIN
    landscape: ClassVar[bool] = True

    case_number: Words
    name: Words
    town: Words
    year: int
    standard: Decimal
    standard_document: Words
    lines: tuple[BenefitLine, ...] = Field(min_length=1)
    superior_paid: Decimal = Decimal(0)
    payable: Decimal
    calculated_by: Words
    checked_by: Words

    def facts(self) -> dict[str, Any]:
        """Add up the items."""
        return super().facts() | {"total": sum((one.amount for one in self.lines), Decimal(0))}

    def blocks(self) -> Iterator[Paragraph | Table]:
        """List the items, the sum, and who calculated and checked it."""
        yield from super().blocks()
        rows = [(one.item, one.working, one.amount, one.article, one.reading) for one in self.lines]
        yield self.table("columns", (3, 10, 18, 8, 12, 14), serials(rows))
        yield from paragraphs(wording("benefit_sheet_tail", **self.facts()))
