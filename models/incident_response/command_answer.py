"""What the command answers: whether the plan starts, at which level, and whether help is asked for (4.1, 4.2, 4.4)."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import Field

from config.messages import Refusal, say
from models.answer import Answer
from models.personal import personal_numbers

CONTENT: Final = ("response_level", "matter", "duration", "measures")
"""What an order to start a response must say (突发事件应对法 Art. 72)."""
NONE: Final = "none"


class ActivationOrder(Answer):
    """The commander's word on the plan. The level of the response is a field of its own, apart from the grade."""

    verdict: Literal["activate", "standby", "no_activation"]
    response_level: Literal["none", "IV", "III", "II", "I"] = "none"
    matter: str = Field(default="", max_length=200)
    duration: str = Field(default="", max_length=60)
    measures: str = Field(default="", max_length=500)
    beyond_district: Literal["none", "yes", "no"] = "none"
    scene_command: Literal["no", "yes"] = "no"

    def objection(self, shown: Mapping[str, Any]) -> Refusal | None:
        """Refuse an order that leaves something out, or that holds somebody's numbers."""
        if any(personal_numbers(text) for text in (self.reason, self.matter, self.duration, self.measures)):
            return Refusal("incident_command.personal")
        if self.verdict != "activate":
            return None
        missing = [name for name in CONTENT if str(getattr(self, name)).strip() in ("", NONE)]
        if missing:
            return Refusal(
                "incident_command.order_incomplete", missing="、".join(say(f"form.{one}") for one in missing)
            )
        if self.response_level in shown.get("judged", ()) and self.beyond_district == NONE:
            return Refusal(
                "incident_command.beyond_missing", level=say(f"incident_command.level_{self.response_level}")
            )
        return None


class LevelWord(Answer):
    """The commander's word where the facts have come to ask for a higher level than the response has."""

    verdict: Literal["raise_level", "keep_level"]
    beyond_district: Literal["none", "yes", "no"] = "none"

    def objection(self, shown: Mapping[str, Any]) -> Refusal | None:
        """Refuse a raise that leaves open whether the accident is beyond the district (INC-A12)."""
        level = str(shown.get("level", ""))
        if self.verdict == "raise_level" and level in shown.get("judged", ()) and self.beyond_district == NONE:
            return Refusal("incident_command.beyond_missing", level=say(f"incident_command.level_{level}"))
        return None


class ExpansionWord(Answer):
    """The commander's word on a request to expand the response."""

    verdict: Literal["request_city", "hold_response"]


class LetterReceipt(Answer):
    """That the city has received the letter: who said so, when, and under which number."""

    verdict: Literal["received_letter"]
    receipt: str = Field(min_length=2, max_length=80)

    def objection(self, shown: Mapping[str, Any]) -> Refusal | None:  # noqa: ARG002 -- holds for every letter
        """Refuse a receipt that holds somebody's numbers."""
        held = personal_numbers(self.receipt) or personal_numbers(self.reason)
        return Refusal("incident_command.personal") if held else None
