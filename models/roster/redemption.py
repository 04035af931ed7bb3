"""Sheets of a redemption notice: applications, papers, intents, objections (海政办发〔2023〕27号, Art. 13–16)."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from pydantic import Field

from models.identity import check_account, check_credit_code
from models.roster.cell import Cell, Choice, Day, LongText, Money, Name, Text, YesNo, choice
from models.roster.content import (
    CASE_NUMBER,
    code_reader,
    digits_of,
    number_reader,
    text_of,
    text_reader,
    whole_reader,
    wrong,
)
from models.roster.form import Remark, Row
from models.roster.selection import Channel

FILE_NAME = 120
PAPER_LIST = 2000


def _read_uscc(raw: Any) -> str:
    checked = check_credit_code(text_of(raw).replace(" ", "").upper())
    if checked.errors:
        raise wrong(checked.errors[0].key, **checked.errors[0].facts)
    return checked.value


def _read_firm_account(raw: Any) -> str:
    """Read a firm's bank account, which carries no check digit."""
    checked = check_account(digits_of(raw, "account_is_number"), personal=False)
    if checked.errors:
        raise wrong(checked.errors[0].key, **checked.errors[0].facts)
    return checked.value


Uscc = Annotated[str, Cell(_read_uscc, "code", 22, also=("信用代码", "社会信用代码", "企业代码"))]
ApplicationNumber = Annotated[str, Cell(code_reader(CASE_NUMBER, "application_number_wrong"), "code", 24)]
FirmName = Annotated[str, Cell(text_reader(FILE_NAME), "text", 30, also=("单位名称", "公司名称"))]
FirmAccount = Annotated[str, Cell(_read_firm_account, "account", 24, private=True)]
FileName = Annotated[str, Cell(text_reader(FILE_NAME), "text", 30)]
PaperList = Annotated[str, Cell(text_reader(PAPER_LIST), "text", 60)]
Figure = Annotated[Decimal, Cell(number_reader("yuan", "0", "999999999999.99", 2), "money", 16, unit="yuan")]
Heads = Annotated[int, Cell(whole_reader("", 0, 1_000_000), "number", 12)]


class ObjectionGround(Choice):
    """What an objection to a posted result says."""

    NOT_ELIGIBLE = "not_eligible"
    FALSE_PAPERS = "false_papers"
    DUPLICATE = "duplicate"
    WRONG_SUM = "wrong_sum"
    OTHER = "other"


class PolicyApplicationRow(Row):
    """惠企政策申报表: one row a firm; what the firm declares counts where the register holds nothing."""

    form: ClassVar[str] = "policy_application"

    uscc: Uscc = Field(title="统一社会信用代码")
    name: FirmName | None = Field(default=None, title="企业名称", description="供核对，可不填")
    requested: Money | None = Field(default=None, title="申请金额（元）", description="政策按定额或者比例计算的可不填")
    revenue: Figure | None = Field(default=None, title="营业收入（元）", description="平台已有数据的以平台为准")
    research: Figure | None = Field(default=None, title="研发费用（元）")
    tax: Figure | None = Field(default=None, title="纳税额（元）")
    investment: Figure | None = Field(default=None, title="投资额（元）")
    employees: Heads | None = Field(default=None, title="职工人数")
    papers: PaperList | None = Field(
        default=None,
        title="申报材料",
        description="每份写作 材料名称=文件名，用分号隔开；文件放在同一文件夹的 files 子文件夹内",
    )
    holder: Text | None = Field(default=None, title="户名", description="收款账户三项一并填写；平台已有的可不填")
    bank: Text | None = Field(default=None, title="开户银行")
    account: FirmAccount | None = Field(default=None, title="银行账号", description="按文本填写")

    def key(self) -> tuple[str, ...]:
        """One row a firm."""
        return (self.uscc,)

    def contradictions(self, on: date | None) -> Iterator[Remark]:
        """An account is told whole or not at all."""
        yield from super().contradictions(on)
        yield from _whole_account(self.holder, self.bank, self.account)


class AboutApplication(Row):
    """A row about an application: by its number, or by the firm."""

    number: ApplicationNumber | None = Field(default=None, title="申报编号", description="与统一社会信用代码至少填一项")
    uscc: Uscc | None = Field(default=None, title="统一社会信用代码", description="与申报编号至少填一项")

    def key(self) -> tuple[str, ...]:
        """One row an application."""
        return (self.number or self.uscc or "",)

    def contradictions(self, on: date | None) -> Iterator[Remark]:
        """Refuse a row about nobody."""
        yield from super().contradictions(on)
        if not (self.number or self.uscc):
            yield Remark("number", "no_application")


class PolicyPaperRow(AboutApplication):
    """申报材料清单: the files lie in the folder `files` beside the sheet."""

    form: ClassVar[str] = "policy_paper"

    material: Text = Field(title="材料名称", description="与材料清单一致")
    file: FileName = Field(title="文件名", description="文件放在同一文件夹的 files 子文件夹内")

    def key(self) -> tuple[str, ...]:
        """One row an application, material and file."""
        return (*super().key(), self.material, self.file)


class PolicyIntentRow(AboutApplication):
    """免申即享意愿和账户表: whether a firm takes what it was found entitled to, and where it is paid."""

    form: ClassVar[str] = "policy_intent"

    accepts: YesNo = Field(title="是否享受", description="放弃的填否")
    holder: Text | None = Field(default=None, title="户名", description="平台已有账户的可不填")
    bank: Text | None = Field(default=None, title="开户银行")
    account: FirmAccount | None = Field(default=None, title="银行账号", description="按文本填写")

    def contradictions(self, on: date | None) -> Iterator[Remark]:
        """An account is told whole or not at all."""
        yield from super().contradictions(on)
        yield from _whole_account(self.holder, self.bank, self.account)


class PolicyObjectionRow(Row):
    """公示结果异议登记表: objections to posted results."""

    form: ClassVar[str] = "policy_objection"

    number: ApplicationNumber = Field(title="申报编号", description="公示名单上的编号")
    receipt: Text = Field(title="登记编号")
    received: Day = Field(title="收到日期")
    channel: Annotated[Channel, Cell(choice(Channel), "choice", 10)] = Field(title="来源")
    ground: Annotated[ObjectionGround, Cell(choice(ObjectionGround), "choice", 14)] = Field(title="异议事由")
    summary: LongText | None = Field(default=None, title="主要内容")
    contact: Name | None = Field(default=None, title="反映人", description="可不填，不予公开")

    def key(self) -> tuple[str, ...]:
        """One row an application and receipt."""
        return (self.number, self.receipt)

    def contradictions(self, on: date | None) -> Iterator[Remark]:
        """An objection is not received ahead of its day."""
        yield from super().contradictions(on)
        if on and self.received > on:
            yield Remark("received", "day_ahead", {"on": on.isoformat()})


def _whole_account(holder: str | None, bank: str | None, account: str | None) -> Iterator[Remark]:
    given = {"holder": holder, "bank": bank, "account": account}
    if any(given.values()) and (missing := [field for field, value in given.items() if not value]):
        yield Remark(missing[0], "account_incomplete")
