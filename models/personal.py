"""What a text must not hold where it is stored unsealed: identity numbers, telephone numbers, bank cards."""

import re
import unicodedata
from typing import Any, Final

from config.messages import say

_GAP: Final = r"[\s-]?"
_DAY: Final = rf"(?:0[1-9]|1[0-2]){_GAP}(?:0[1-9]|[12]\d|3[01])"
IDENTITY: Final = (
    rf"[1-8]\d{{5}}{_GAP}(?:(?:18|19|20)\d{{2}}{_GAP}{_DAY}{_GAP}\d{{3}}[\dXx]|\d{{2}}{_DAY}\d{{3}})(?![\dXx])"
)
MOBILE: Final = rf"1{_GAP}[3-9](?:{_GAP}\d){{9}}(?!\d)"
LANDLINE: Final = rf"0\d{{2,3}}{_GAP}[2-9]\d{{2,3}}{_GAP}\d{{4}}(?!\d)"
CARD: Final = rf"62\d{{2}}(?:{_GAP}\d){{12,15}}(?!\d)"
KINDS: Final = {"identity": IDENTITY, "mobile": MOBILE, "landline": LANDLINE, "card": CARD}
_BEGIN: Final = r"(?:(?<!\d)|(?<!\d)(?:\+|00)?86[\s-]?)"
_FINDERS: Final = {kind: re.compile(_BEGIN + pattern) for kind, pattern in KINDS.items()}
OFFICE_TELEPHONE: Final = (
    r"^(?:0\d{2,3}-?[2-9]\d{6,7}(?:-\d{1,5})?|[48]00-?\d{3}-?\d{4}|(?:0\d{2,3}-)?(?:12\d{3}|96\d{3,4}))$"
)
"""JSON Schema pattern of an office's telephone: with its area code, 400 or 800, or a hotline."""
PERSONAL: Final = rf"[０-９][０-９\s-]{{6}}|(?<!\d)(?:(?:\+|00)?86[\s-]?)?(?:{'|'.join(KINDS.values())})"
"""Pattern of a text with such numbers, as JSON Schema takes it; full-width figures are doubted from the seventh on."""


def open_field(longest: int, shortest: int = 2, sentence: str = "demand.personal_field") -> dict[str, Any]:
    """Return the JSON Schema of a form's field that takes no personal numbers.

    Args:
        longest: letters at most.
        shortest: letters at least.
        sentence: the message that says where to leave them instead.

    Prefect's server refuses it before it stores anything, in the one sentence that says where to leave them instead:
    of all that a schema can refuse by, `const` alone shows no pattern.
    """
    refused = {"const": say(sentence, "zh")}
    return {"minLength": shortest, "maxLength": longest, "if": {"pattern": PERSONAL}, "then": refused}


def personal_numbers(text: str, *kinds: str) -> tuple[str, ...]:
    """Return the kinds of personal numbers that a text holds, of all kinds or of those named; never the numbers."""
    plain = unicodedata.normalize("NFKC", text)
    return tuple(kind for kind, finder in _FINDERS.items() if kind in (kinds or KINDS) and finder.search(plain))


def is_office_telephone(text: str) -> bool:
    """Say whether a number is an office's; never somebody's mobile."""
    return re.fullmatch(OFFICE_TELEPHONE[1:-1], text) is not None
