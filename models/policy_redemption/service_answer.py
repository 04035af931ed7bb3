"""Forms of the decision points of activities and service requests (海政办发〔2023〕27号, Art. 17–18)."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from config.messages import Refusal
from models.answer import Answer
from models.policy_redemption.demand_answer import with_numbers


class ActivitySummary(Answer):
    """Whether an activity was held, and what came of it."""

    verdict: Literal["held_event", "called_off"]
    event_summary: str = Field(default="", max_length=1000)

    def objection(self, shown: Mapping[str, Any]) -> Refusal | None:  # noqa: ARG002 -- the form alone tells
        """Refuse a summary that says nothing, or that holds somebody's numbers."""
        if self.verdict == "held_event" and not self.event_summary.strip():
            return Refusal("activity.summary_missing")
        return with_numbers(self.event_summary)


class ServiceReply(Answer):
    """Whether a department provides the service that an enterprise asked for, and how."""

    verdict: Literal["provide", "cannot_provide"]
    how: str = Field(default="", max_length=500)

    def objection(self, shown: Mapping[str, Any]) -> Refusal | None:  # noqa: ARG002 -- the form alone tells
        """Refuse a service without saying how it is had."""
        if self.verdict == "provide" and not self.how.strip():
            return Refusal("service_request.how_missing")
        return with_numbers(self.how)


class ServiceFollowUp(Answer):
    """What the enterprise says of the service some days later; `again` asks the department once more."""

    verdict: Literal["helped", "not_helped", "again"]
