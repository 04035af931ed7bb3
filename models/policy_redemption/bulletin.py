"""The quarterly bulletin and the monthly statistics (Art. 21): statuses, and the decision to circulate."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from config.messages import Refusal, say
from models.answer import Answer
from models.identity import check_document_number


class BulletinStatus(StrEnum):
    """Where a bulletin stands."""

    PLANNED = "planned"
    COMPILED = "compiled"
    CIRCULATED = "circulated"

    @property
    def text(self) -> str:
        """The status in Chinese."""
        return say(f"policy_bulletin_status.{self.value}")


class Circulation(Answer):
    """Whether a bulletin goes out as it is, or is to be compiled anew."""

    verdict: Literal["approve", "return"]
    paper_number: str = Field(default="", max_length=60)

    def objection(self, shown: Mapping[str, Any]) -> Refusal | None:  # noqa: ARG002 -- the parent's signature
        """Refuse a document number that is none; a bulletin may go out without."""
        if self.paper_number and check_document_number(self.paper_number).errors:
            return Refusal("document.number_wrong", number=self.paper_number)
        return None
