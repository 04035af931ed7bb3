"""Forms of the decision points of a redemption notice (海政办发〔2023〕27号, Art. 14–15)."""

import re
from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import Field

from config.messages import Refusal
from models.answer import Answer

_PARTS: Final = re.compile(r"[\s,，、;；]+")


def items_of(text: str) -> tuple[str, ...]:
    """Return the items of a list that a person typed, each once."""
    return tuple(dict.fromkeys(filter(None, _PARTS.split(text))))


def returned_wrongly(items: str, shown: Mapping[str, Any]) -> Refusal | None:
    """Say why an application may not go back to the firm with these items: told once is told once (Art. 14).

    Args:
        items: what the firm is to mend.
        shown: `askable`, what may still be asked for; `closed`, what was to be seen the first time and may not.
    """
    asked = items_of(items)
    if not asked:
        return Refusal("policy_redemption.items_missing", items="、".join(shown.get("askable", ())))
    if closed := [one for one in asked if one in shown.get("closed", ())]:
        return Refusal("policy_redemption.told_once", items="、".join(closed))
    if unknown := [one for one in asked if one not in shown.get("askable", ())]:
        known = "、".join(shown.get("askable", ()))
        return Refusal("policy_redemption.item_unknown", items="、".join(unknown), known=known)
    return None


class PolicyAcceptance(Answer):
    """Whether an application is accepted: accept, ask the firm to mend all of it at once, or refuse to accept."""

    verdict: Literal["approve", "return", "reject"]
    items: str = Field(default="", max_length=500)

    def objection(self, shown: Mapping[str, Any]) -> Refusal | None:
        """Refuse a correction notice about nothing, about what is on no list, or for the second time."""
        return returned_wrongly(self.items, shown) if self.verdict == "return" else None


class PolicyReview(Answer):
    """One department's review of an application; a return goes back one level, from the first to the firm."""

    verdict: Literal["approve", "return", "reject"]
    items: str = Field(default="", max_length=500)
    amount: str = Field(default="", pattern=r"^(\d{1,10}(\.\d{1,2})?)?$")

    def objection(self, shown: Mapping[str, Any]) -> Refusal | None:
        """Refuse a return to the firm against the rule, and an approval without the sum that only a person can set."""
        if self.verdict == "return" and shown.get("to_firm"):
            return returned_wrongly(self.items, shown)
        if self.verdict == "approve" and shown.get("amount_needed") and not self.amount:
            return Refusal("policy_redemption.amount_missing")
        return None


class PolicyObjectionRuling(Answer):
    """What an investigation of an objection to a posted result found."""

    verdict: Literal["upheld", "not_upheld"]
