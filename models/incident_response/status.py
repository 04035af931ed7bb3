"""Where an incident stands; what goes on beside the response has its own status in its own table."""

from enum import StrEnum

from config.messages import say


class IncidentStatus(StrEnum):
    """Where an incident stands (catalogue 12.6)."""

    REPORTED = "reported"
    VERIFIED = "verified"
    STANDBY = "standby"
    """Below the threshold, or called off for now: watched, the groups at the ready."""
    PLAN_ACTIVATED = "plan_activated"
    RESPONDING = "responding"
    EXPANDED = "expanded"
    SUPERIOR_COMMAND = "superior_command"
    ENDED = "ended"
    RECOVERING = "recovering"
    RESTORED = "restored"
    SUMMARISED = "summarised"
    CLOSED = "closed"
    OUT_OF_SCOPE = "out_of_scope"
    NOT_ACCIDENT = "not_accident"
    """A person decided that it is no accident (false alarm, near miss)."""
    MERGED = "merged"
    """The same accident as another; its reports went there."""

    def is_final(self) -> bool:
        """Say whether nothing more happens."""
        return self in _FINAL

    @property
    def text(self) -> str:
        """The status in Chinese."""
        return say(f"incident_response_status.{self.value}")


_FINAL = frozenset(
    (IncidentStatus.CLOSED, IncidentStatus.OUT_OF_SCOPE, IncidentStatus.NOT_ACCIDENT, IncidentStatus.MERGED)
)
