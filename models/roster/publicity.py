"""线下办理结果公示表: benefits handled off the platform are posted on it all the same (Art. 16)."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, ClassVar

from pydantic import Field

from models.personal import is_office_telephone
from models.policy_redemption.publicity import tells_of_a_person
from models.roster.cell import Cell, Choice, Day, Money, Text, choice
from models.roster.content import CASE_NUMBER, code_reader, text_of, text_reader, wrong
from models.roster.form import Remark, Row
from models.roster.redemption import FirmName, Uscc

RESULT = 200


def _read_telephone(raw: Any) -> str:
    text = text_of(raw).replace(" ", "").replace("–", "-").replace("—", "-")
    if not is_office_telephone(text):
        raise wrong("office_telephone_wrong")
    return text


def _read_result(raw: Any) -> str:
    text = text_reader(RESULT)(raw)
    if tells_of_a_person(text):
        raise wrong("result_personal")
    return text


PolicyCode = Annotated[str, Cell(code_reader(CASE_NUMBER, "policy_code_wrong"), "code", 20)]
OfficeTelephone = Annotated[str, Cell(_read_telephone, "phone", 18)]
PublicText = Annotated[str, Cell(_read_result, "text", 40)]


class OfflineStatus(Choice):
    """Where a benefit that was handled offline stands."""

    POSTED = "posted"
    PAID = "paid"


class OfflineResultRow(Row):
    """线下办理结果公示表: one row a result."""

    form: ClassVar[str] = "offline_result"

    code: PolicyCode = Field(title="政策编号", description="平台上的政策编号，例如 ZC-2027-001")
    name: FirmName = Field(title="企业名称")
    uscc: Uscc = Field(title="统一社会信用代码", description="个体工商户的不予公开")
    reference: Text = Field(title="办理编号", description="线下办理的文号或编号；同一编号再报即更新")
    planned: Day = Field(title="拟兑现时间")
    amount: Money | None = Field(default=None, title="拟兑现金额（元）", description="与拟兑现结果至少填一项")
    result: PublicText | None = Field(default=None, title="拟兑现结果", description="不是资金的写明内容，将原样公示")
    status: Annotated[OfflineStatus, Cell(choice(OfflineStatus), "choice", 12)] = Field(title="办理状态")
    decided: Day = Field(title="办理日期", description="审核通过或者兑现的日期")
    telephone: OfficeTelephone | None = Field(default=None, title="投诉电话", description="不填的用政策公布的投诉电话")

    def key(self) -> tuple[str, ...]:
        """One row a policy, firm and reference."""
        return (self.code, self.uscc, self.reference)

    def contradictions(self, on: date | None) -> Iterator[Remark]:
        """A result says something, and is not of a day to come."""
        yield from super().contradictions(on)
        if self.amount is None and not self.result:
            yield Remark("result", "offline_result_missing")
        if on and self.decided > on:
            yield Remark("decided", "day_ahead", {"on": on.isoformat()})
