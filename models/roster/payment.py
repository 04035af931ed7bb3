"""Sheets of the money: what the treasury did with a batch, other accounts of firms (海政办发〔2023〕27号, Art. 8)."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field

from models.roster.cell import Cell, Choice, Day, OneTimeCode, StaffNumber, Text, choice
from models.roster.content import code_reader
from models.roster.form import Remark, Row
from models.roster.redemption import AboutApplication, ApplicationNumber, Figure, FirmAccount, FirmName

BATCH_NUMBER = re.compile(r"[A-Z]{2}(?:-[0-9A-Z]+)+-P\d{2,}")
BatchNumber = Annotated[str, Cell(code_reader(BATCH_NUMBER, "batch_number_wrong"), "code", 22)]


class PaymentOutcome(Choice):
    """What the treasury said of a line."""

    PAID = "paid"
    ACCOUNT = "account"
    """The account was refused: the firm gives another."""
    AGAIN = "again"
    """Not the account's fault: it goes out with the next batch."""


class PaymentResultRow(Row):
    """拨付结果回单: line by line what came of a batch; signed once a sheet, on any of its rows."""

    form: ClassVar[str] = "payment_result"
    at_once: ClassVar[bool] = True

    batch: BatchNumber = Field(title="批次", description="拨付清单上的批次编号，勿改")
    number: ApplicationNumber = Field(title="申报编号", description="拨付清单上的编号，勿改")
    name: FirmName | None = Field(default=None, title="企业名称", description="供核对，可不填")
    amount: Figure = Field(title="金额（元）", description="与拨付清单一致")
    outcome: Annotated[PaymentOutcome, Cell(choice(PaymentOutcome), "choice", 12)] = Field(title="拨付结果")
    paid_on: Day | None = Field(default=None, title="拨付日期", description="未成功的留空")
    voucher: Text | None = Field(default=None, title="凭证号", description="未成功的留空")
    why: Text | None = Field(default=None, title="未成功原因", description="成功的留空")
    staff: StaffNumber | None = Field(default=None, title="工号", description="区财政局确认人，全表填一行即可")
    code: OneTimeCode | None = Field(default=None, title="动态口令", description="6位，按文本填写，全表填一行即可")

    def key(self) -> tuple[str, ...]:
        """One row a batch and application."""
        return (self.batch, self.number)

    def contradictions(self, on: date | None) -> Iterator[Remark]:
        """What was paid has its day and voucher, what was not has its reason; a signature is whole."""
        yield from super().contradictions(on)
        paid = self.outcome is PaymentOutcome.PAID
        if paid and not (self.paid_on and self.voucher):
            yield Remark("voucher" if self.paid_on else "paid_on", "paid_without_voucher")
        if paid and self.why:
            yield Remark("why", "paid_with_reason")
        if not paid and (self.paid_on or self.voucher):
            yield Remark("voucher" if self.voucher else "paid_on", "failed_with_voucher")
        if not paid and not self.why:
            yield Remark("why", "failed_without_reason")
        if on and self.paid_on and self.paid_on > on:
            yield Remark("paid_on", "day_ahead", {"on": on.isoformat()})
        if bool(self.staff) != bool(self.code):
            yield Remark("code" if self.staff else "staff", "half_signed")


class FirmAccountRow(AboutApplication):
    """收款账户更正表: another account of a firm, for one that was missing or was refused."""

    form: ClassVar[str] = "firm_account"

    name: FirmName | None = Field(default=None, title="企业名称", description="供核对，可不填")
    holder: Text = Field(title="户名")
    bank: Text = Field(title="开户银行")
    account: FirmAccount = Field(title="银行账号", description="按文本填写")

    def cautions(self, on: date | None) -> Iterator[Remark]:
        """Point at an account that is not in the firm's own name."""
        yield from super().cautions(on)
        if self.name and self.name != self.holder:
            yield Remark("holder", "holder_differs")
