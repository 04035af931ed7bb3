"""Sheets after the approval: returns, accounts and what higher levels paid (海政办发〔2023〕20号, Art. 18–19, 29)."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field

from models.roster.cell import Account, Cell, Choice, Day, Money, Name, Text, Year, choice
from models.roster.form import AboutCandidate, Remark


class ReturnGround(Choice):
    """Why a unit returns a recruit (征兵工作条例 2023, Art. 49 and 56; 海政办发〔2023〕20号, Art. 18 and 23)."""

    PHYSICAL = "physical"
    POLITICAL = "political"
    ATTITUDE = "attitude"
    REFUSAL = "refusal"
    CONCEALMENT = "concealment"
    OTHER = "other"


class ReturnRow(AboutCandidate):
    """退兵登记表: recruits that a unit sends back."""

    form: ClassVar[str] = "return"

    ground: Annotated[ReturnGround, Cell(choice(ReturnGround), "choice", 14)] = Field(title="退兵原因")
    arrived: Day = Field(title="到达部队日期")
    letter_on: Day = Field(title="部队来函日期")
    letter: Text | None = Field(default=None, title="来函文号")
    handed_back: Day | None = Field(default=None, title="交接日期", description="尚未交接的留空")
    employed: Text | None = Field(default=None, title="原工作单位或学校")

    def contradictions(self, on: date | None) -> Iterator[Remark]:
        """Arrival, letter and handover follow each other."""
        yield from super().contradictions(on)
        if self.letter_on < self.arrived:
            yield Remark("letter_on", "letter_before_arrival")
        if self.handed_back and self.handed_back < self.letter_on:
            yield Remark("handed_back", "handover_before_letter")
        if on and self.letter_on > on:
            yield Remark("letter_on", "day_ahead", {"on": on.isoformat()})


class AccountRow(AboutCandidate):
    """优待金收款账户表: where the family allowance is paid."""

    form: ClassVar[str] = "account"

    holder: Name = Field(title="户名")
    relation: Text = Field(title="与义务兵关系", description="本人、父亲、母亲等")
    bank: Text = Field(title="开户银行")
    account: Account = Field(title="银行账号", description="按文本填写")


class SuperiorPaymentRow(AboutCandidate):
    """上级发放情况表: rewards of Nantong or higher, because only the higher of two is paid (Art. 29)."""

    form: ClassVar[str] = "superior_payment"

    item: Text = Field(title="发放项目")
    year: Year = Field(title="所属年度")
    amount: Money = Field(title="金额（元）")
    payer: Text = Field(title="发放机关")
    paid: Day = Field(title="发放日期")
    document: Text | None = Field(default=None, title="依据文号")

    def key(self) -> tuple[str, ...]:
        """One row a person, item, year and payer."""
        return (*super().key(), self.item, str(self.year), self.payer)
