"""Workload W on one case at a time: the same five steps, a transaction a step or fused."""

from collections.abc import Callable
from typing import Final

from config.fact import Fact
from tasks.case import open_case
from tasks.step import Dossier, read_dossier, step, together
from tests.benchmarks.workload import ON, STORY, after

ROLE: Final = "conscription_office"


class Score(Fact):
    """What a step of W finds."""

    score: int


def _reached(name: str) -> Callable[[Score], str | None]:
    return lambda outcome: after(name, outcome.score)


@step(reaches=_reached("screen"), tells=(ROLE,))
def screen(dossier: Dossier) -> Score:
    """Screen one."""
    return Score(score=dossier.id % 100)


@step(reaches=_reached("examine"), tells=(ROLE,))
def examine(dossier: Dossier) -> Score:
    """Examine one."""
    return Score(score=dossier.id % 100)


@step(reaches=_reached("decide"), tells=(ROLE,))
def decide(dossier: Dossier) -> Score:
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
    parameters = {"number": number}
    return open_case(
        number, process="workload", subject="case", on=ON, story=STORY, parameters=parameters, status="opened"
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
    decide(dossier)
    close(dossier)
