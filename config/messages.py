"""Everything an operator or a recipient reads, from message files: Chinese first, English second."""

import re
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

FOLDER: Final = Path(__file__).with_name("messages")
LANGUAGES: Final = ("zh", "en")
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class MessageMissingError(LookupError):
    """A message key is not in the file of the language: a fault of ours, never shown as a blank."""

    def __init__(self, key: str, language: str) -> None:
        super().__init__(f"no message {key!r} in {language}")
        self.key, self.language = key, language


class Refusal(Exception):  # noqa: N818 -- a refusal is an answer to a person, not a fault of the program
    """An expected refusal: one clear sentence for the person who asked, from the message files.

    Carries the message key and its facts, so that a form, a sheet or the command line can show it in either language.
    """

    def __init__(self, key: str, **facts: Any) -> None:
        super().__init__(key)
        self.key, self.facts = key, facts

    def __str__(self) -> str:
        return say(self.key, **self.facts)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.key, self.facts)


class _Spoken:
    language = "zh"


def speak(language: str) -> None:
    """Make a language the one that texts are given in unless another is asked for."""
    _Spoken.language = language


def _restore(kind: type[Refusal], key: str, facts: dict[str, Any]) -> Refusal:
    refusal = Refusal.__new__(kind)
    Refusal.__init__(refusal, key, **facts)
    return refusal


@cache
def _texts(area: str, language: str) -> dict[str, str]:
    path = FOLDER / language / f"{area}.yaml"
    if not path.exists():
        return {}
    with path.open("rb") as file:
        return {str(k): str(v) for k, v in (yaml.load(file, _LOADER) or {}).items()}  # noqa: S506 -- a safe loader


def say(key: str, language: str | None = None, /, **facts: Any) -> str:
    """Return the text of `area.name` with its facts filled in (`{fact}`).

    Raises:
        MessageMissingError: the key is not in that language's file.
        KeyError: a fact that the text names was not given.
    """
    language = language or _Spoken.language
    area, _, name = key.partition(".")
    try:
        text = _texts(area, language)[name]
    except KeyError:
        raise MessageMissingError(key, language) from None
    return text.format(**facts) if "{" in text else text


def fields_of(key: str, language: str = "zh") -> frozenset[str]:
    """Return the names of the facts that a text needs."""
    area, _, name = key.partition(".")
    return frozenset(re.findall(r"\{(\w+)", _texts(area, language)[name]))
