"""Lessons: items that are followed up until they are done, each with its owner and its day (5.4, 7.2)."""

from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from config.messages import Refusal, say
from config.offices import named

PARTS: Final = 3
SEPARATOR: Final = "；"
KEEPER: Final = "emergency_bureau"
"""Who keeps the plan, and takes proposals to amend it (5.4, 7.1)."""
LONGEST_CLAUSE: Final = 40


class LessonKind(StrEnum):
    """What an item asks for."""

    ACTION = "action"
    """Something to be done by its owner."""
    AMENDMENT = "amendment"
    """A proposal to amend the plan: accepted or declined (7.2)."""
    RECTIFY = "rectify"
    """What the investigation's report asks for (Order 493 Art. 33)."""

    @property
    def text(self) -> str:
        """The kind as people read it."""
        return say(f"incident_aftermath.kind_{self.value}")


class LessonStatus(StrEnum):
    """Where an item stands."""

    OPEN = "open"
    REPORTED = "reported"
    """Its owner says that it is done; another has to check it."""
    DONE = "done"
    DROPPED = "dropped"
    ACCEPTED = "accepted"
    DECLINED = "declined"

    def is_final(self) -> bool:
        """Say whether nothing more happens to it."""
        return self not in (LessonStatus.OPEN, LessonStatus.REPORTED)

    @property
    def text(self) -> str:
        """The status as people read it."""
        return say(f"incident_aftermath.state_{self.value}")


class Item(NamedTuple):
    """One item as it is entered: who owes it, by when, and what; for an amendment the clause stands for the owner."""

    owner: str
    due_on: date
    text: str
    clause: str = ""


def read_items(text: str, since: date | None = None, *, amendments: bool = False) -> tuple[Item, ...]:
    """Return the items of a field, one a line: `区消防救援大队；2027-03-31；补充泡沫灭火剂`.

    Proposals to amend the plan name its clause in the office's place: `4.6；2027-03-31；写明环境监测的时限`.

    Raises:
        Refusal: a line is no item, its office is unknown, or its day is none or has passed.
    """
    return tuple(_item(line, since, amendments) for line in text.splitlines() if line.strip())


def _item(line: str, since: date | None, amendments: bool) -> Item:
    parts = [part.strip() for part in line.replace(";", SEPARATOR).split(SEPARATOR, PARTS - 1)]
    if len(parts) != PARTS or not all(parts):
        raise Refusal("incident_aftermath.item_wrong", line=line.strip()[:60])
    owner, day, what = parts
    try:
        due_on = date.fromisoformat(day)
    except ValueError:
        raise Refusal("incident_aftermath.item_wrong", line=line.strip()[:60]) from None
    if since is not None and due_on < since:
        raise Refusal("incident_aftermath.item_late", line=line.strip()[:60])
    return Item(KEEPER, due_on, what, owner[:LONGEST_CLAUSE]) if amendments else Item(named(owner).id, due_on, what)
