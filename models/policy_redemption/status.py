"""The statuses of a redemption notice and of an application, as permanent words (海政办发〔2023〕27号, Art. 13–16)."""

from enum import StrEnum
from typing import Final

from config.messages import say


class NoticeStatus(StrEnum):
    """Where a redemption notice stands: the instance whose members are the applications."""

    DRAFTED = "drafted"
    OPEN = "open"
    """申报中: the window is open, applications are fed back, reviewed, posted and paid as they come."""
    WINDING_UP = "winding_up"
    """The window has closed; what was received is finished."""
    CLOSED = "closed"
    CANCELLED = "cancelled"

    def is_final(self) -> bool:
        """Say whether the notice is over."""
        return self in (NoticeStatus.CLOSED, NoticeStatus.CANCELLED)

    @property
    def text(self) -> str:
        """The status in Chinese."""
        return say(f"policy_redemption_status.{self.value}")


class ApplicationStatus(StrEnum):
    """Where an application stands, on either lane."""

    MATCHED = "matched"
    """免申即享: found eligible from data; intent and account are still to come."""
    NOT_MATCHED = "not_matched"
    OFFER_DECLINED = "offer_declined"
    SUBMITTED = "submitted"
    CHECKING = "checking"
    """Received; what a machine cannot judge waits for the section."""
    CORRECTION = "correction"
    """一次性补正告知: the firm owes what one notice lists."""
    NOT_ACCEPTED = "not_accepted"
    EXPIRED = "expired"
    """Not corrected in time."""
    REVIEWING = "reviewing"
    """Accepted: the departments of the level in turn review it side by side."""
    REFUSED = "refused"
    AWAITING_BUDGET = "awaiting_budget"
    """Approved, but the year's budget does not reach; first in, first served when it is raised."""
    APPROVED = "approved"
    """Approved with its sum committed; its result is to be posted."""
    POSTED = "posted"
    OBJECTED = "objected"
    """An objection to the posted result holds it."""
    PAYABLE = "payable"
    """Posted without a valid objection: the payment notice goes out."""
    PAYING = "paying"
    """In a batch at the treasury."""
    PAYMENT_FAILED = "payment_failed"
    """The account was refused: the firm gives another."""
    PAID = "paid"
    RECOVERED = "recovered"
    WITHDRAWN = "withdrawn"

    def is_final(self) -> bool:
        """Say whether nothing more follows, unless what was paid is recovered."""
        return self in _FINAL

    @property
    def text(self) -> str:
        """The status in Chinese."""
        return say(f"policy_redemption_status.{self.value}")


_FINAL: Final = frozenset(
    {
        ApplicationStatus.NOT_MATCHED,
        ApplicationStatus.OFFER_DECLINED,
        ApplicationStatus.NOT_ACCEPTED,
        ApplicationStatus.EXPIRED,
        ApplicationStatus.REFUSED,
        ApplicationStatus.PAID,
        ApplicationStatus.RECOVERED,
        ApplicationStatus.WITHDRAWN,
    }
)
