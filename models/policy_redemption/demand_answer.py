"""Forms of a demand's decision points (海政办发〔2023〕27号, Art. 19)."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import Field

from config.messages import Refusal, say
from models.answer import Answer
from models.personal import personal_numbers

OFFICES: Final[dict[str, Any]] = {"choices": "departments"}


def with_numbers(text: str) -> Refusal | None:
    """Refuse a text with somebody's identity number, mobile telephone or card; an office's telephone may stand."""
    found = personal_numbers(text, "identity", "mobile", "card")
    what = "、".join(say(f"demand.number_{kind}") for kind in found)
    return Refusal("demand.reply_personal", what=what) if found else None


class DemandAssignment(Answer):
    """Assign a demand to the department that has the main responsibility, or say why it is none for the platform."""

    verdict: Literal["assign", "decline"]
    department: str = Field(default="", max_length=60, json_schema_extra=OFFICES)

    def objection(self, shown: Mapping[str, Any]) -> Refusal | None:
        """Refuse an assignment to nobody, or to a body that handles no demands."""
        if self.verdict == "decline":
            return None
        if not self.department:
            return Refusal("demand.department_missing")
        known = self.department in shown.get("departments", ())
        return None if known else Refusal("demand.department_unknown", department=self.department)


class DemandSignature(Answer):
    """Sign for a demand, or hand it back with the reason why another is responsible."""

    verdict: Literal["sign", "hand_back"]


class DemandHandling(Answer):
    """Answer a demand, or ask for more time."""

    verdict: Literal["answer", "extend"]
    reply: str = Field(default="", max_length=1000)
    days: int = Field(default=0, ge=0, le=60)

    def objection(self, shown: Mapping[str, Any]) -> Refusal | None:
        """Refuse an empty answer, somebody's numbers in it, a second extension, and more days than may be had."""
        if self.verdict == "answer":
            return with_numbers(self.reply) if self.reply.strip() else Refusal("demand.reply_missing")
        most = int(shown.get("extension", 0))
        if not most:
            return Refusal("demand.extended_already")
        return None if 1 <= self.days <= most else Refusal("demand.extension_days", most=most)


class DemandCallBack(Answer):
    """What whoever raised the demand says of the answer when called back."""

    verdict: Literal["satisfied", "unsatisfied", "unreachable"]
