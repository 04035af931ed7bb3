"""Sheets that benefits are worked out from: where a recruit serves, and what he was honoured with (Art. 19)."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field

from models.roster.cell import Cell, Choice, Day, LongText, Text, Year, YesNo, choice
from models.roster.form import AboutCandidate, Remark


class ServiceArea(Choice):
    """Where a conscript serves; what is a hardship area stands in the unit's paper."""

    ORDINARY = "ordinary"
    HARDSHIP = "hardship"
    TIBET = "tibet"


class AwardKind(Choice):
    """The awards that Art. 19(3) lists; others are for a person to rule on."""

    HONORARY_TITLE = "honorary_title"
    FIRST_CLASS_MERIT = "first_class_merit"
    SECOND_CLASS_MERIT = "second_class_merit"
    THIRD_CLASS_MERIT = "third_class_merit"
    FOUR_HAVES_SOLDIER = "four_haves_soldier"


class ServiceYearRow(AboutCandidate):
    """服役情况表: where a recruit serves in a year, by the unit's paper."""

    form: ClassVar[str] = "service_year"

    year: Year = Field(title="所属年度")
    area: Annotated[ServiceArea, Cell(choice(ServiceArea), "choice", 12)] = Field(title="服役地区")
    complete: YesNo = Field(title="服役满当年", description="当年中断服役的填否")
    document: Text = Field(title="依据文号", description="部队证明或分配文件的文号")

    def key(self) -> tuple[str, ...]:
        """One row a person, year and area."""
        return (*super().key(), str(self.year), self.area.value)


class AwardRow(AboutCandidate):
    """立功受奖登记表: one row for each order."""

    form: ClassVar[str] = "award"

    kind: Annotated[AwardKind, Cell(choice(AwardKind), "choice", 14)] = Field(title="奖励种类")
    awarded: Day = Field(title="授奖日期")
    act: LongText | None = Field(default=None, title="事迹", description="同一事迹填写相同名称，就高发放一次")
    region_level: YesNo | None = Field(default=None, title="大军区以上授予", description="未核实的留空")
    document: Text = Field(title="依据文号", description="通令或证书编号")

    def key(self) -> tuple[str, ...]:
        """One row a person and order."""
        return (*super().key(), self.kind.value, self.document)

    def contradictions(self, on: date | None) -> Iterator[Remark]:
        """An award is not dated ahead."""
        yield from super().contradictions(on)
        if on and self.awarded > on:
            yield Remark("awarded", "day_ahead", {"on": on.isoformat()})
