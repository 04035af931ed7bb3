"""Parts of one story that go on side by side: each waits for its own, and none waits for another.

A story is replayed from its top, so its parts need no threads: each replay gives every part its turn, up to where it
waits. A part that fails does not keep the others from theirs; the run fails after them, and the rescue starts it again.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from tasks.step import Dossier
from tasks.wait import Parked, park

R = TypeVar("R")
Part = Callable[[Dossier], Any]


def meanwhile(dossier: Dossier, main: Callable[[Dossier], R], *beside: Part) -> R:
    """Tell the main part of a story, and others beside it for as long as it lasts; return what it came to.

    What the others had open when the main part ends is theirs to close; they may go on in the next chapter.

    Raises:
        Parked: the main part waits; until the earliest moment that any part waits for.
    """
    waiting: list[Parked] = []
    faults: list[Exception] = []
    try:
        return main(dossier)
    except Parked as parked:
        waiting.append(parked)
    except Exception as fault:  # noqa: BLE001 -- raised again once the others had their turn
        faults.append(fault)
    faults += _turn(dossier, beside, waiting)
    if faults:
        raise faults[0]
    raise _earliest(waiting)


def gather(dossier: Dossier, *parts: Part) -> None:
    """Tell several parts of a story side by side until every one has come to its end.

    Raises:
        Parked: one of them waits; until the earliest moment that any part waits for.
    """
    waiting: list[Parked] = []
    faults = _turn(dossier, parts, waiting)
    if faults:
        raise faults[0]
    if waiting:
        raise _earliest(waiting)


def _turn(dossier: Dossier, parts: tuple[Part, ...], waiting: list[Parked]) -> list[Exception]:
    """Give each part its turn; return what failed, the first first."""
    faults: list[Exception] = []
    for part in parts:
        try:
            part(dossier)
        except Parked as parked:
            waiting.append(parked)
        except Exception as fault:  # noqa: BLE001 -- raised again by the caller, once the others had their turn
            faults.append(fault)
    return faults


def _earliest(waiting: list[Parked]) -> Parked:
    """Park at the point of the first part, until the first moment of all."""
    moments: list[datetime] = [one.until for one in waiting if one.until is not None]
    return park(waiting[0].dossier, waiting[0].point, min(moments, default=None))
