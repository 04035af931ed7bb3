"""What the boards show of each process: stages in their order, columns and bars."""

from functools import cache
from pathlib import Path
from typing import Final, Literal

from pydantic import Field

from config.fact import Fact
from config.yaml_file import read_yaml, shape

PATH: Final = Path(__file__).with_name("boards.yaml")


class BoardPlan(Fact):
    """The board of one process; every list holds statuses."""

    most: int = Field(default=0, ge=0, description="Instances with a board at a time, the oldest first; 0: all of them")
    own: bool = Field(default=False, description="Its instances have boards of their own kind, not this one")
    key: str = Field(default="case", pattern=r"^[a-z][a-z0-9-]*$", description="Artifact key before the case number")
    line: tuple[str, ...] = Field(default=(), description="Main line of stages in order; empty: statuses as they come")
    columns: tuple[str, ...] = Field(default=(), description="Stages in the table by town")
    bars: tuple[str, ...] = Field(default=(), max_length=4, description="Stages in the chart by town, widest first")
    taken: tuple[str, ...] = Field(default=(), description="Members who stand on the quota now")
    about: Literal["", "applications"] = Field(
        default="", description="What the members are, where they are not people of towns: it words the board"
    )


@cache
def _plans() -> dict[str, BoardPlan]:
    return {str(name): shape(BoardPlan, body, PATH.name, str(name)) for name, body in read_yaml(PATH).items()}


def board_plan(process: str) -> BoardPlan:
    """Return what the board of a process shows; the plain plan for a process that the file does not name.

    Raises:
        FileWrongError: the file cannot be used; names the place.
    """
    return _plans().get(process, BoardPlan())


def on_their_own() -> list[str]:
    """Return the processes whose instances have boards of their own kind."""
    return [name for name, plan in _plans().items() if plan.own]


def capped() -> dict[str, int]:
    """Return the processes of whose instances only some have a board at a time, and how many."""
    return {name: plan.most for name, plan in _plans().items() if plan.most}
