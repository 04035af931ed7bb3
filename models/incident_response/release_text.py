"""Texts for the public: whether one may go out, and what a version changes (5.1)."""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from enum import StrEnum
from re import compile as pattern
from typing import Final

from config.messages import say

_SENTENCE: Final = pattern(r"[^。！？!?\n]*[。！？!?]?\n?")


class ReleaseStatus(StrEnum):
    """Where a version stands."""

    DRAFTED = "drafted"
    RETURNED = "returned"
    APPROVED = "approved"
    RELEASED = "released"
    SUPERSEDED = "superseded"
    """A later version took its place."""
    WITHDRAWN = "withdrawn"

    @property
    def text(self) -> str:
        """The status as people read it."""
        return say(f"incident_release.status_{self.value}")


def sentences(text: str) -> tuple[str, ...]:
    """Return the sentences of a text, as versions are compared."""
    return tuple(found for one in _SENTENCE.findall(text) if (found := one.strip()))


def changes(before: str, after: str) -> tuple[str, ...]:
    """Return what changed from one version to the next, sentence by sentence: taken out and put in."""
    old, new = sentences(before), sentences(after)
    return tuple(_changes(old, new))


def _changes(old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for kind, begin, end, at, until in matcher.get_opcodes():
        if kind == "equal":
            continue
        if kind == "replace" and end - begin == until - at:
            for gone, come in zip(old[begin:end], new[at:until], strict=True):
                yield say("incident_release.changed", before=gone, after=_marked(gone, come))
            continue
        for gone in old[begin:end]:
            yield say("incident_release.removed", text=gone)
        for come in new[at:until]:
            yield say("incident_release.added", text=come)


def _marked(before: str, after: str) -> str:
    """Return a sentence with what is new in it set in brackets."""
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    parts = []
    for kind, _, _, at, until in matcher.get_opcodes():
        piece = after[at:until]
        parts.append(piece if kind == "equal" or not piece else f"【{piece}】")
    return "".join(parts)
