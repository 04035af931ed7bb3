"""Which clause of the emergency plan each line of an incident's journal belongs to."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from config.yaml_file import read_yaml

PATH: Final = Path(__file__).with_name("incident_timeline.yaml")
PLAN: Final = "海政办发〔2023〕31号"
EVENT: Final = "event"
_BREAK: Final = re.compile(r"[-_.]")
_CLAUSE: Final = re.compile(r"\d+(?:\.\d+)*")
_LANES: Final = (
    ("4.1", "start"),
    ("4.2", "start"),
    ("4.6", "end"),
    ("4.7", "end"),
    ("2", "command"),
    ("3", "report"),
    ("4", "response"),
    ("5", "after"),
    ("6", "practice"),
    ("7", "practice"),
)
LANES: Final = ("report", "law", "start", "command", "response", "end", "after", "practice", EVENT)


@cache
def _clauses() -> Mapping[str, str]:
    return {str(name): str(clause) for name, clause in read_yaml(PATH).items()}


def clause_of(step: str, rule: str = "") -> str:
    """Return the clause or article that a line belongs to; empty for a free event.

    Args:
        step: the line's name.
        rule: the rule that it cites itself, if any.
    """
    if rule:
        return rule.removeprefix(PLAN).strip()
    known, name = _clauses(), step
    while name:
        if name in known:
            return "" if known[name] == EVENT else known[name]
        name = name[: max((found.start() for found in _BREAK.finditer(name)), default=0)]
    return ""


def is_named(step: str) -> bool:
    """Say whether somebody has said where a line belongs, be it to the free events."""
    return bool(clause_of(step)) or any(step.startswith(name) for name, clause in _clauses().items() if clause == EVENT)


def lane_of(clause: str) -> str:
    """Return the chapter of the plan that a clause stands in, `law` for other texts, `event` for none."""
    if not clause:
        return EVENT
    if not _CLAUSE.match(clause):
        return "law"
    return next((lane for head, lane in _LANES if re.match(rf"{re.escape(head)}(?!\d)", clause)), EVENT)
