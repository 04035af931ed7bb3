"""What is answered about reports: whether it is an accident under the plan, and whether the level may fall (1.4, 3)."""

from collections.abc import Mapping
from typing import Any, Literal

from config.messages import Refusal, say
from models.answer import Answer
from models.incident_response.report import Licensed
from models.personal import personal_numbers


class IncidentVerification(Answer):
    """The bureau's word: an accident of a licensed unit, one that is handled nevertheless, another plan's, or none."""

    verdict: Literal["accident_licensed", "accident_override", "accident_outside", "accident_none"]

    def objection(self, shown: Mapping[str, Any]) -> Refusal | None:
        """Refuse a licence where the report says that there is none, and somebody's numbers in the reason (1.4)."""
        if held := with_numbers(self.reason):
            return held
        if self.verdict == "accident_licensed" and shown.get("licensed") == Licensed.NO:
            return Refusal("incident_report.unlicensed")
        return None


class LowerLevel(Answer):
    """The commander's word where the facts would do with a lower level of response: it never falls by itself."""

    verdict: Literal["lower_level", "keep_level"]

    def objection(self, shown: Mapping[str, Any]) -> Refusal | None:  # noqa: ARG002 -- holds for every level
        """Refuse somebody's numbers in the reason."""
        return with_numbers(self.reason)


def with_numbers(text: str) -> Refusal | None:
    """Return the refusal of a text that holds somebody's numbers; None where it holds none."""
    found = personal_numbers(text)
    what = "、".join(say(f"demand.number_{kind}") for kind in found)
    return Refusal("incident_report.personal", what=what) if found else None
