"""Workload W over sets of members: open, screen, examine, a wait for a person, decide, close; each a line and a notice."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

from tasks.case import open_case
from tasks.clock import now
from tasks.journal import Telling, lock
from tasks.members import Member, Moved, Newcomer, open_members, over_members
from tasks.step import Dossier
from tasks.store import transaction

ON: Final = date(2026, 1, 5)
STORY: Final = "workload/workload"
CHUNK: Final = 1000
FACTS: Final = {"subject": "season"}


def after(step: str, case_id: int) -> str | None:
    """Return the status that a step of W leads to; one in ten is rejected."""
    if step == "decide":
        return "rejected" if case_id % 10 == 0 else "approved"
    return {"screen": "screened", "examine": "examined"}.get(step)


def open_season(number: str, process: str = "workload") -> Dossier:
    """Open the case whose members a set is."""
    return open_case(number, process=process, subject="season", on=ON, story=STORY, parameters={}, status="open")


def open_all(season: Dossier, numbers: list[str]) -> None:
    """Open members in chunks, as an intake does, each with its first line and notice."""
    for start in range(0, len(numbers), CHUNK):
        newcomers = [
            Newcomer(number, "town", "opened", {"row": int(number[-6:])}, _tell(number, "open"))
            for number in numbers[start : start + CHUNK]
        ]
        with transaction() as tx:
            lock(tx, season.id)
            open_members(tx, season, "open", newcomers, now())


def _tell(number: str, step: str) -> tuple[Telling]:
    return (Telling(f"party:{number}", "inbox", f"notice_workload.{step}", FACTS),)


def _moved(step: str, members: Iterable[Member]) -> Iterator[Moved]:
    for member in members:
        yield Moved(member, after(step, member.id), {"score": member.id % 100}, _tell(member.number, step))


@over_members("opened")
def screen(dossier: Dossier, members: list[Member]) -> Iterator[Moved]:
    """Screen each."""
    return _moved("screen", members)


@over_members("screened")
def examine(dossier: Dossier, members: list[Member]) -> Iterator[Moved]:
    """Examine each."""
    return _moved("examine", members)


@over_members("examined")
def decide(dossier: Dossier, members: list[Member]) -> Iterator[Moved]:
    """Take over what was decided on each."""
    return _moved("decide", members)


@over_members("approved", "rejected")
def close(dossier: Dossier, members: list[Member]) -> Iterator[Moved]:
    """Close each."""
    return _moved("close", members)
