"""Forms that a decision may ask for. A deciding field has no default: an empty click decides nothing."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from config.fact import Fact
from config.messages import Refusal


class Answer(Fact):
    """What an officer answers: always with a reason. Titles and choices come from the message files (`form.…`)."""

    forms: ClassVar[dict[str, type["Answer"]]] = {}

    verdict: Any
    reason: str = Field(min_length=2, max_length=500)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        Answer.forms[cls.__name__] = cls

    def objection(self, shown: Mapping[str, Any]) -> Refusal | None:  # noqa: ARG002 -- most forms have none
        """Say why this answer cannot stand beside what its question showed (`tasks.ask.ask`); None where it can."""
        return None


class Determination(Answer):
    """Approve, send back for correction, or reject."""

    verdict: Literal["approve", "return", "reject"]


class Approval(Answer):
    """Approve or reject: nothing can be sent back at this point."""

    verdict: Literal["approve", "reject"]


class Confirmation(Answer):
    """Confirm that something was done, or say that it was not."""

    verdict: Literal["done", "not_done"]
