"""Forms of the statutory duties: a duty that was discharged, and why one was late."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal

from pydantic import Field

from config.messages import Refusal, say
from config.zone import SHANGHAI
from models.answer import Answer
from models.personal import personal_numbers

MOMENT: Final = r"^\s*\d{4}-\d{1,2}-\d{1,2}[ T]\d{1,2}:\d{2}\s*$"
_KINDS: Final = ("identity", "mobile", "card")


def moment_of(text: str) -> datetime:
    """Return a moment as a person writes it, in the district's time.

    Raises:
        Refusal: it is none.
    """
    try:
        year, month, day, hour, minute = map(int, re.split(r"[-: T]", text.strip()))
        return datetime(year, month, day, hour, minute, tzinfo=SHANGHAI)
    except ValueError:
        raise Refusal("incident_duty.time_wrong", given=text[:20]) from None


def without_people(**fields: str) -> Refusal | None:
    """Refuse a text with somebody's identity, mobile or card number, and name its field."""
    for name, text in fields.items():
        if personal_numbers(text, *_KINDS):
            return Refusal("incident_duty.personal", field=say(f"form.{name}"))
    return None


class Discharge(Answer):
    """Say that a duty was discharged: by which letter or telephone record, when, and who has it."""

    verdict: Literal["done"]
    record_number: str = Field(min_length=2, max_length=100)
    done_at: str = Field(pattern=MOMENT, max_length=20)
    receiver: str = Field(min_length=2, max_length=60)

    def objection(self, shown: Mapping[str, Any]) -> Refusal | None:  # noqa: ARG002 -- the form's own fields suffice
        """Refuse somebody's numbers, and a time that is none."""
        try:
            moment_of(self.done_at)
        except Refusal as refusal:
            return refusal
        return without_people(record_number=self.record_number, receiver=self.receiver, reason=self.reason)


class Lateness(Answer):
    """Say why a duty was discharged late; the reason is the answer."""

    verdict: Literal["explained"]

    def objection(self, shown: Mapping[str, Any]) -> Refusal | None:  # noqa: ARG002 -- the form's own fields suffice
        """Refuse somebody's numbers."""
        return without_people(reason=self.reason)
