"""Workload W as steps of ours: open, screen, examine, a wait for a person, decide, close; each a line and a notice."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Final

from sqlalchemy import insert, select

from config.fact import Fact
from tasks.case import open_case
from tasks.clock import now
from tasks.journal import CASES, Page, Standing, Telling, lock
from tasks.members import Member, Moved, over_members
from tasks.step import Dossier, read_dossier, step, together
from tasks.store import transaction

ON: Final = date(2026, 1, 5)
CHUNK: Final = 1000
FACTS: Final = {"subject": "season"}
ROLE: Final = "conscription_office"


class Score(Fact):
    """What a step of W finds."""

    score: int


def _after(step_name: str, case_id: int) -> str | None:
    if step_name == "decide":
        return "rejected" if case_id % 10 == 0 else "approved"
    return {"screen": "screened", "examine": "examined"}.get(step_name)


def _moved(name: str, members: Iterable[Member]) -> Iterator[Moved]:
    for member in members:
        told = (Telling(f"party:{member.number}", "inbox", f"notice_workload.{name}", FACTS),)
        yield Moved(member, _after(name, member.id), {"score": member.id % 100}, told)


def open_season(number: str) -> Dossier:
    """Open the case whose members a set is."""
    return open_case(number, process="season", subject="season", on=ON, story="workload/workload", parameters={}, status="open")


def open_members(season: Dossier, numbers: list[str]) -> None:
    """Open members in chunks, as an intake does, each with its first line and notice."""
    for start in range(0, len(numbers), CHUNK):
        part, at = numbers[start : start + CHUNK], now()
        with transaction() as tx:
            lock(tx, season.id)
            tx.core.execute(
                insert(CASES),
                [
                    {
                        "number": number,
                        "process": "workload",
                        "subject": "",
                        "parent_id": season.id,
                        "unit": "town",
                        "status": "",
                        "on_day": ON,
                        "drill": False,
                        "version": 0,
                        "seq": 0,
                        "head": b"",
                        "opened_at": at,
                    }
                    for number in part
                ],
            )
            mine = select(CASES.c.number, CASES.c.id).where(CASES.c.parent_id == season.id, CASES.c.number >= part[0])
            page = Page(tx, "open", 1, "system", at)
            for number, case_id in tx.core.execute(mine).tuples():
                told = (Telling(f"party:{number}", "inbox", "notice_workload.open", FACTS),)
                page.add(Standing(case_id, number, "", 0, b"", 0, False), "opened", {"row": case_id}, "", told)
            page.write()


@over_members("opened")
def screen_all(dossier: Dossier, members: list[Member]) -> Iterator[Moved]:
    """Screen each."""
    return _moved("screen", members)


@over_members("screened")
def examine_all(dossier: Dossier, members: list[Member]) -> Iterator[Moved]:
    """Examine each."""
    return _moved("examine", members)


@over_members("examined")
def decide_all(dossier: Dossier, members: list[Member]) -> Iterator[Moved]:
    """Take over what was decided on each."""
    return _moved("decide", members)


@over_members("approved", "rejected")
def close_all(dossier: Dossier, members: list[Member]) -> Iterator[Moved]:
    """Close each."""
    return _moved("close", members)


def _reached(name: str) -> Any:
    return lambda outcome: _after(name, outcome.score)


@step(reaches=_reached("screen"), tells=(ROLE,))
def screen(dossier: Dossier) -> Score:
    """Screen one."""
    return Score(score=dossier.id % 100)


@step(reaches=_reached("examine"), tells=(ROLE,))
def examine(dossier: Dossier) -> Score:
    """Examine one."""
    return Score(score=dossier.id % 100)


@step(reaches=_reached("decide"), tells=(ROLE,))
def take_decision(dossier: Dossier) -> Score:
    """Take over what was decided."""
    return Score(score=dossier.id % 100)


@step(tells=(ROLE,))
def close(dossier: Dossier) -> Score:
    """Close one."""
    return Score(score=dossier.id % 100)


@together
def screen_and_examine(dossier: Dossier) -> None:
    """Take the automatic steps up to the wait in one commit."""
    screen(dossier)
    examine(dossier)


def open_one(number: str) -> Dossier:
    """Open one case of its own."""
    return open_case(
        number, process="workload", subject="case", on=ON, story="workload/workload", parameters={"number": number}, status="opened"
    )


def start_one(number: str) -> Dossier:
    """Take one case up to its wait, a transaction a step."""
    dossier = open_one(number)
    screen(dossier)
    examine(dossier)
    return dossier


def answer_one(number: str) -> None:
    """Wake one case with its journal, take the decision over and close it."""
    dossier = read_dossier(number)
    screen(dossier)
    examine(dossier)
    take_decision(dossier)
    close(dossier)
