"""The statuses of a citizen and of a season, as permanent words."""

from enum import StrEnum
from typing import Final

from config.messages import say


class MemberStatus(StrEnum):
    """Where a citizen stands, from registration to service."""

    NOT_REQUIRED = "not_required"
    """Neither of the cohort nor of an older one: no duty to register."""
    TO_REGISTER = "to_register"
    REGISTERED = "registered"
    REGISTRATION_OVERDUE = "registration_overdue"
    APPLIED_ONLINE = "applied_online"
    SITE_CONFIRMED = "site_confirmed"
    PRECHECK_PASSED = "precheck_passed"
    PRECHECK_FAILED = "precheck_failed"
    PHYSICAL_PASSED = "physical_passed"
    PHYSICAL_FAILED = "physical_failed"
    POLITICAL_PASSED = "political_passed"
    POLITICAL_FAILED = "political_failed"
    DOUBLE_QUALIFIED = "double_qualified"
    EDUCATED = "educated"
    EDUCATION_FAILED = "education_failed"
    RANKED = "ranked"
    PROPOSED = "proposed"
    POSTED = "posted"
    OBJECTED = "objected"
    STRUCK_OFF = "struck_off"
    SUBSTITUTED = "substituted"
    """Moved up from the list into the place of one struck off."""
    APPROVED = "approved"
    HANDED_OVER = "handed_over"
    IN_SERVICE = "in_service"
    RETURNED = "returned"
    DEREGISTERED = "deregistered"
    """Returned, and the formalities of enlistment cancelled; reinstatement or a sanction follows."""
    REINSTATED = "reinstated"
    SANCTIONED = "sanctioned"
    WITHDRAWN = "withdrawn"
    INELIGIBLE = "ineligible"
    NOT_SELECTED = "not_selected"
    DISCHARGED = "discharged"

    def is_final(self) -> bool:
        """Say whether nothing more follows in this season."""
        return self in _MEMBER_FINAL

    @property
    def text(self) -> str:
        """The status in Chinese."""
        return say(f"conscription_status.{self.value}")


_MEMBER_FINAL: Final = frozenset(
    {
        MemberStatus.NOT_REQUIRED,
        MemberStatus.PRECHECK_FAILED,
        MemberStatus.PHYSICAL_FAILED,
        MemberStatus.POLITICAL_FAILED,
        MemberStatus.EDUCATION_FAILED,
        MemberStatus.STRUCK_OFF,
        MemberStatus.REINSTATED,
        MemberStatus.SANCTIONED,
        MemberStatus.WITHDRAWN,
        MemberStatus.INELIGIBLE,
        MemberStatus.NOT_SELECTED,
        MemberStatus.DISCHARGED,
    }
)


class SeasonStatus(StrEnum):
    """Where a season stands, in the order of the regulation's chapter four."""

    PLANNED = "planned"
    GROUPS_ADJUSTED = "groups_adjusted"
    PUBLICITY_RUNNING = "publicity_running"
    REGISTERING = "registering"
    APPLYING = "applying"
    PRECHECKING = "prechecking"
    EXAMINING = "examining"
    REVIEWING = "reviewing"
    EDUCATING = "educating"
    SCORED = "scored"
    PLAN_PROPOSED = "plan_proposed"
    PLAN_RETURNED = "plan_returned"
    POSTING = "posting"
    LIST_APPROVED = "list_approved"
    TRANSPORT_PLANNED = "transport_planned"
    TRANSPORT_APPROVED = "transport_approved"
    HANDING_OVER = "handing_over"
    RETURN_WINDOW = "return_window"
    PAYING = "paying"
    ASSESSED = "assessed"
    CLOSED = "closed"
    CANCELLED = "cancelled"

    def is_final(self) -> bool:
        """Say whether the season is over."""
        return self in (SeasonStatus.CLOSED, SeasonStatus.CANCELLED)

    @property
    def text(self) -> str:
        """The status in Chinese."""
        return say(f"conscription_status.{self.value}")


class OffenceStatus(StrEnum):
    """Where an offence of Art. 24 stands."""

    FOUND = "found"
    ORDERED = "order_to_correct"
    CORRECTED = "corrected"
    COMPELLED = "compelled"
    FINED = "fined"
    BARRED = "barred"

    def is_final(self) -> bool:
        """Say whether nothing more follows."""
        return self in (OffenceStatus.CORRECTED, OffenceStatus.FINED, OffenceStatus.BARRED)

    @property
    def text(self) -> str:
        """The status in Chinese."""
        return say(f"conscription_status.{self.value}")


class PaymentStatus(StrEnum):
    """Where a benefit stands."""

    CALCULATED = "calculated"
    APPROVED = "payment_approved"
    PAID = "paid"
    RECOVERED = "recovered"
    MANUAL = "manual"
    """The text leaves it open: a person rules."""

    def is_final(self) -> bool:
        """Say whether nothing more follows unless it is recovered."""
        return self in (PaymentStatus.PAID, PaymentStatus.RECOVERED)

    @property
    def text(self) -> str:
        """The status in Chinese."""
        return say(f"conscription_status.{self.value}")
