"""Configuration files read strictly: no key twice, no field too many, and every fault told with its place."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from yaml.nodes import MappingNode

from config.messages import MessageMissingError, Refusal, say

Shape = TypeVar("Shape", bound=BaseModel)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The safe loader, which also refuses a key written twice."""

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"“{key.value}”×2", problem_mark=key.start_mark)
            seen.add(key.value)
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
        return mapping


class FileWrongError(Refusal):
    """A configuration file cannot be used: carries the file, the place in it and the problem."""

    def __init__(self, file: str, place: str, problem: str) -> None:
        super().__init__("rulebook.file_wrong", file=file, place=place, problem=problem)


_PROBLEMS: Final = {"missing", "extra_forbidden"}


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML file; an empty file is an empty mapping.

    Raises:
        FileWrongError: the file is not there or not YAML, or holds a key twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise FileWrongError(path.name, "-", say("rulebook.problem_absent")) from None
    try:
        return yaml.load(text, _Loader) or {}  # noqa: S506 -- a safe loader
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise FileWrongError(path.name, say("rulebook.line", line=line), str(error.problem)) from None


def shape(kind: type[Shape], content: Any, file: str, place: str = "") -> Shape:
    """Return the content as a model of that kind.

    Raises:
        FileWrongError: the first field that does not fit, by its path in the file.
    """
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join([place, *map(str, first["loc"])] if place else map(str, first["loc"]))
        raise FileWrongError(file, where or "-", _problem(first["type"], first["msg"])) from None


def _problem(kind: str, message: str) -> str:
    """Say in Chinese what we name ourselves; what pydantic measured keeps its own words."""
    if kind in _PROBLEMS:
        return say(f"rulebook.problem_{kind}")
    own = message.removeprefix("Value error, ")
    try:
        return say(f"rulebook.problem_{own}")
    except MessageMissingError:
        return own
