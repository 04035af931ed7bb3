"""How much a text message carries: characters and parts, and a cut that loses neither the mark nor the code."""

import re
from typing import Final

FIRST: Final = 70
EACH: Final = 67
"""Characters of one message alone, and of each part of a longer one: the rest of a part says where it belongs."""


def length(text: str) -> int:
    """Return how many characters a text counts as on the air: UTF-16 units, an emoji being two."""
    return len(text.encode("utf-16-le")) // 2


def room(segments: int) -> int:
    """Return how many characters so many parts carry."""
    return FIRST if segments == 1 else EACH * segments


def parts_of(text: str) -> int:
    """Return how many parts a text goes out in."""
    counted = length(text)
    return 1 if counted <= FIRST else -(-counted // EACH)


def beginning(text: str, units: int) -> str:
    """Return the beginning of a text that counts as no more than so many characters."""
    kept = text[: max(units, 0)]
    while length(kept) > max(units, 0):
        kept = kept[:-1]
    return kept


def shorten(text: str, limit: int, mark: str, code: str = "", words: str = "") -> str:
    """Cut a text to a number of characters, with a mark where it was cut.

    Args:
        text: the text.
        limit: characters that it may count as.
        mark: what shows that it was cut.
        code: what must not be lost: the code to acknowledge by.
        words: what to say at the end where the cut took the code away.
    """
    if length(text) <= limit:
        return text
    cut = beginning(text, limit - length(mark))
    if not code or re.search(rf"(?<![A-Za-z0-9]){re.escape(code)}(?![A-Za-z0-9])", cut):
        return cut + mark
    return beginning(text, limit - length(mark + words)) + mark + words
