"""Forms of the decisions about money: budgets and recoveries (海政办发〔2023〕27号, Art. 8)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from config.messages import Refusal
from models.answer import Answer


class BudgetDraft(Answer):
    """A department's budget of the year, whole and not the change alone, with its performance target."""

    verdict: Literal["submit", "abandon"]
    amount: Decimal = Field(ge=0, max_digits=14, decimal_places=2)
    target: str = Field(min_length=4, max_length=500)
    notice: str = Field(min_length=2, max_length=60)

    def objection(self, shown: Mapping[str, Any]) -> Refusal | None:
        """Refuse a sum below what is committed and paid already, and a first budget of nothing."""
        if self.verdict == "abandon":
            return None
        committed = Decimal(str(shown.get("committed", "0")))
        if self.amount < committed:
            return Refusal("policy_money.below_committed", amount=f"{self.amount:,.2f}", committed=f"{committed:,.2f}")
        return Refusal("policy_money.budget_of_nothing") if shown.get("first") and not self.amount else None


class BudgetReview(Answer):
    """The finance bureau's review of budget and performance target."""

    verdict: Literal["approve", "return", "reject"]


class PaymentResults(Answer):
    """The finance bureau confirms the results that a sheet brought, or has them told anew."""

    verdict: Literal["approve", "return"]


class RecoveryFinding(Answer):
    """Whether what an application was paid must come back, how much of it, and why."""

    verdict: Literal["recover", "keep"]
    amount: Decimal = Field(ge=0, max_digits=14, decimal_places=2)
    ground: Literal["false_papers", "not_eligible", "duplicate", "wrong_sum", "promise_broken", "other"]
    notice: str = Field(min_length=2, max_length=60)

    def objection(self, shown: Mapping[str, Any]) -> Refusal | None:
        """Refuse more than was paid, nothing, and a sum beside no recovery."""
        paid = Decimal(str(shown.get("paid", "0")))
        if self.verdict == "recover" and not 0 < self.amount <= paid:
            return Refusal("policy_money.recovery_outside", paid=f"{paid:,.2f}")
        return Refusal("policy_money.sum_without_recovery") if self.verdict == "keep" and self.amount else None


class RecoveryReceipt(Answer):
    """The finance bureau confirms that the sum has come in, or sends the finding back."""

    verdict: Literal["received", "return"]
    amount: Decimal = Field(ge=0, max_digits=14, decimal_places=2)
    voucher: str = Field(default="", max_length=60)

    def objection(self, shown: Mapping[str, Any]) -> Refusal | None:
        """Refuse a receipt without its voucher, or of another sum than was asked for."""
        if self.verdict == "return":
            return None
        if not self.voucher.strip():
            return Refusal("policy_money.voucher_missing")
        asked = Decimal(str(shown.get("amount", "0")))
        return None if self.amount == asked else Refusal("policy_money.received_differs", amount=f"{asked:,.2f}")
