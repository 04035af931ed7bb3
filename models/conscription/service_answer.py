"""Forms of registration, correction and benefits."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, Literal

from pydantic import Field

from config.messages import Refusal
from models.answer import Answer
from models.conscription.fine import FineBounds, check_fine

_PARTS: Final = re.compile(r"[\s,，、;；]+")


class OrderToCorrect(Answer):
    """Issue the order to correct, or drop the matter; evidence is named by papers, never by persons (Art. 24)."""

    verdict: Literal["issue", "drop"]
    evidence: str = Field(min_length=2, max_length=120)
    how: str = Field(min_length=2, max_length=120)


class Corrected(Answer):
    """The citizen has corrected it; nothing else is asked, and nobody need answer before the limit."""

    verdict: Literal["corrected"]


class HearingRequest(Answer):
    """Whether a hearing was asked for after the notice; silence for five working days is no request."""

    verdict: Literal["requested", "waived"]


class HearingRecord(Answer):
    """The hearing was held, minutes kept."""

    verdict: Literal["held"]
    minutes: str = Field(min_length=2, max_length=60)


class LegalReview(Answer):
    """The legal review before a penalty; for concealment it must name the legal basis of a fine."""

    verdict: Literal["approve", "reject"]
    basis: str = Field(default="", max_length=120)

    def objection(self, shown: Mapping[str, Any]) -> Refusal | None:
        """Refuse to let a fine for concealment through without its legal basis."""
        blocked = self.verdict == "approve" and shown.get("basis_required") and not self.basis.strip()
        return Refusal("correction_order.basis_missing") if blocked else None


class FineDecision(Answer):
    """Whether to fine and how much: optional, within the bounds shown, decided by a person (Art. 24 and 28)."""

    verdict: Literal["fine", "no_fine"]
    amount: Decimal = Field(ge=0, max_digits=12, decimal_places=2)
    correction: Literal["since_corrected", "still_uncorrected"]

    def objection(self, shown: Mapping[str, Any]) -> Refusal | None:
        """Refuse an amount outside the bounds, and an amount beside no fine."""
        if self.verdict == "no_fine":
            return Refusal("correction_order.amount_without_fine") if self.amount else None
        if shown:
            return out_of_bounds(self.amount, FineBounds.model_validate(shown))
        return None


def out_of_bounds(amount: Decimal, bounds: FineBounds) -> Refusal | None:
    """Return the refusal of a fine outside its bounds, or None."""
    try:
        check_fine(amount, bounds)
    except Refusal as refusal:
        return refusal
    return None


class StandardNotice(Answer):
    """The family allowance standard of a year, with the number of the district's paper that sets it."""

    verdict: Literal["set"]
    amount: Decimal = Field(gt=0, max_digits=12, decimal_places=2)
    notice: str = Field(min_length=2, max_length=60)


class PaymentConfirmation(Answer):
    """What came of a payment roster: all paid, or all but the case numbers named."""

    verdict: Literal["paid", "partly_paid"]
    voucher: str = Field(min_length=2, max_length=60)
    failed: str = Field(default="", max_length=20_000)

    @property
    def failed_numbers(self) -> tuple[str, ...]:
        """The case numbers that were not paid, each once."""
        return tuple(dict.fromkeys(part.upper() for part in _PARTS.split(self.failed.strip()) if part))

    def objection(self, shown: Mapping[str, Any]) -> Refusal | None:
        """Refuse numbers that are not on the roster, and a part without its numbers."""
        numbers = self.failed_numbers
        if (self.verdict == "partly_paid") != bool(numbers):
            return Refusal("conscription_benefits.failed_contradicts")
        strange = [number for number in numbers if number not in shown.get("numbers", ())]
        return Refusal("conscription_benefits.not_on_roster", numbers="、".join(strange[:5])) if strange else None


class EvasionFinding(Answer):
    """What was found of one sent back for refusing to serve: all three conditions are asked for (Art. 25)."""

    verdict: Literal["evaded", "concealed", "not_evaded"]
    effect: Literal["serious", "not_serious"]


class PaymentReview(Answer):
    """Check or approve what was calculated, or send it back; a sum is never changed by hand."""

    verdict: Literal["approve", "return"]


class Recovered(Answer):
    """What was claimed has come back; until then the question stays open."""

    verdict: Literal["recovered"]
    voucher: str = Field(min_length=2, max_length=60)
