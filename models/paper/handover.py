"""Papers of handover and transport (海政办发〔2023〕20号, Art. 17)."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, ClassVar

from pydantic import Field

from config.fact import Fact
from models.document import Format, Paragraph, Table, Words, paragraphs, serials
from models.paper.form import Paper, wording


class TransportLeg(Fact):
    """One departure of the plan."""

    batch: Words
    unit: Words
    recruits: int = Field(gt=0)
    departs: datetime
    departs_from: Words
    destination: Words
    vehicle: Words
    escort: Words


class TransportPlan(Paper):
    """新兵运输计划, sent up for approval (海政办发〔2023〕20号, Art. 17)."""

    kind: ClassVar[str] = "transport_plan"

    superior: Words
    season: Words
    legs: tuple[TransportLeg, ...] = Field(min_length=1)
    contact: Words

    def facts(self) -> dict[str, Any]:
        """Count recruits and departures."""
        return super().facts() | {"recruits": sum(leg.recruits for leg in self.legs), "departures": len(self.legs)}

    def blocks(self) -> Iterator[Paragraph | Table]:
        """State the plan, leg by leg."""
        yield from super().blocks()
        rows = [
            (leg.batch, leg.unit, leg.recruits, leg.departs, leg.departs_from, leg.destination, leg.vehicle, leg.escort)
            for leg in self.legs
        ]
        yield self.table("columns", (4, 9, 4, 9, 9, 9, 9, 6), rows)
        yield from paragraphs(wording("transport_plan_tail", **self.facts()))


class DispatchEntry(Fact):
    """One recruit on the roster that goes to the receiving unit."""

    name: Words
    sex: Words
    born: date
    identity: Words
    education: Words
    town: Words
    case_number: Words
    archive: Words


class DispatchRoster(Paper):
    """新兵花名册（交接名册）: goes with the recruits, signed by both sides; it holds identity numbers."""

    kind: ClassVar[str] = "dispatch_roster"
    format: ClassVar[Format] = Format.PLAIN
    landscape: ClassVar[bool] = True

    season: Words
    unit: Words
    handed_over_on: date
    entries: tuple[DispatchEntry, ...] = Field(min_length=1)

    def facts(self) -> dict[str, Any]:
        """Count the recruits."""
        return super().facts() | {"count": len(self.entries)}

    def blocks(self) -> Iterator[Paragraph | Table]:
        """List the recruits and leave room for both signatures."""
        yield from super().blocks()
        rows = [
            (e.name, e.sex, e.born, e.identity, e.education, e.town, e.case_number, e.archive) for e in self.entries
        ]
        yield self.table("columns", (4, 7, 4, 11, 16, 6, 9, 14, 9), serials(rows))
        yield from paragraphs(wording("dispatch_roster_tail", **self.facts()))
