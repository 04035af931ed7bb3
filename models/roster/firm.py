"""The firms' sheet: what the register knows of enterprises, by the day that the facts are of (海政办发〔2023〕27号)."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, ClassVar, Final

from pydantic import Field

from models.roster.cell import Cell, Choice, Day, Name, Phone, Text, Town, YesNo, choice
from models.roster.content import LONG_TEXT, text_reader, wrong
from models.roster.form import Remark, Row
from models.roster.redemption import Figure, FirmAccount, FirmName, Heads, Uscc

TITLES: Final = 20
"""A firm has no more titles than this; a longer list is a slip."""
_READ_LONG: Final = text_reader(LONG_TEXT)
_PARTING: Final = re.compile(r"[、，,;；]+")


def _read_titles(raw: Any) -> str:
    """Read a list of titles: each once, in the order of their names, parted by 、."""
    words = parted(_READ_LONG(raw))
    if len(words) > TITLES:
        raise wrong("titles_many", limit=TITLES)
    return "、".join(words)


def parted(text: str) -> tuple[str, ...]:
    """Return the words of a list that a person typed, each once and in order."""
    return tuple(sorted({word.strip() for word in _PARTING.split(text) if word.strip()}))


class CreditGrade(Choice):
    """Credit grade of a taxpayer, the best first; the order that conditions use is a rule."""

    A = "A"
    B = "B"
    M = "M"
    C = "C"
    D = "D"


Titles = Annotated[str, Cell(_read_titles, "text", 30)]


class FirmRow(Row):
    """企业数据表: one row a firm. A cell left empty keeps what is on file; a date is of the whole row."""

    form: ClassVar[str] = "firm"

    uscc: Uscc = Field(title="统一社会信用代码")
    name: FirmName = Field(title="企业名称")
    facts_on: Day = Field(title="数据日期", description="本行数据截至哪一天")
    town: Town = Field(title="所属区镇")
    industry: Text | None = Field(default=None, title="所属行业")
    above_scale: YesNo | None = Field(default=None, title="是否规模以上")
    registered_on: Day | None = Field(default=None, title="成立日期")
    employees: Heads | None = Field(default=None, title="从业人数")
    revenue: Figure | None = Field(default=None, title="营业收入（元）")
    research: Figure | None = Field(default=None, title="研发费用（元）")
    tax: Figure | None = Field(default=None, title="纳税额（元）")
    investment: Figure | None = Field(default=None, title="投资额（元）")
    credit: Annotated[CreditGrade, Cell(choice(CreditGrade), "choice", 10)] | None = Field(
        default=None, title="信用等级"
    )
    titles: Titles | None = Field(
        default=None, title="资质称号", description="多个用顿号隔开，例如高新技术企业、专精特新"
    )
    contact: Name | None = Field(default=None, title="联系人")
    phone: Phone | None = Field(default=None, title="联系电话")
    holder: Text | None = Field(default=None, title="户名", description="收款账户三项一并填写")
    bank: Text | None = Field(default=None, title="开户银行")
    account: FirmAccount | None = Field(default=None, title="银行账号", description="按文本填写")

    def key(self) -> tuple[str, ...]:
        """One row a firm."""
        return (self.uscc,)

    def contradictions(self, on: date | None) -> Iterator[Remark]:
        """No facts of a day ahead, none from before the firm was there; an account is told whole or not at all."""
        yield from super().contradictions(on)
        if on and self.facts_on > on:
            yield Remark("facts_on", "day_ahead", {"on": on.isoformat()})
        if self.registered_on and self.registered_on > self.facts_on:
            yield Remark("registered_on", "firm_not_yet", {"day": self.facts_on.isoformat()})
        given = {"holder": self.holder, "bank": self.bank, "account": self.account}
        if any(given.values()) and (missing := [field for field, value in given.items() if not value]):
            yield Remark(missing[0], "account_incomplete")
