"""When an emergency may end: three conditions, all of them (4.6)."""

from collections.abc import Collection
from enum import StrEnum

from config.messages import say


class Condition(StrEnum):
    """A condition of the end, each attested by its own group."""

    SCENE = "scene"
    """The scene is controlled."""
    ENVIRONMENT = "environment"
    """The environment meets the standards."""
    SECONDARY = "secondary"
    """The dangers that could lead to secondary or derived accidents are removed."""

    @property
    def text(self) -> str:
        """The condition as the plan words it."""
        return say(f"incident_aftermath.condition_{self.value}")


def missing(met: Collection[Condition]) -> tuple[Condition, ...]:
    """Return the conditions that are still missing, in the plan's order; the emergency may end when there is none."""
    return tuple(one for one in Condition if one not in met)


def listed(conditions: Collection[Condition]) -> str:
    """Return conditions as one sentence names them."""
    return "；".join(one.text for one in conditions)
