"""Text as outlines: a picture shows Chinese on a machine that has no Chinese font."""

from functools import cache
from html import escape
from pathlib import Path
from typing import Final, Literal, NamedTuple
from unicodedata import east_asian_width

from config.settings import ROOT

PATH: Final = ROOT / "config" / "glyphs.txt"
EM: Final = 250
HALF_EM: Final = 140

Anchor = Literal["start", "middle", "end"]


class Glyph(NamedTuple):
    """One character: its advance and its SVG path, in 1/250 em, y down from the baseline."""

    advance: int
    path: str


@cache
def glyphs(path: Path = PATH) -> dict[str, Glyph]:
    """Return the outlines that the program carries."""
    found: dict[str, Glyph] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("# "):
            code, advance, *outline = line.split(" ", 2)
            found[chr(int(code, 16))] = Glyph(int(advance), outline[0] if outline else "")
    return found


def _advance(character: str) -> int:
    known = glyphs().get(character)
    if known:
        return known.advance
    return EM if east_asian_width(character) in "WFA" else HALF_EM


def width(text: str, size: float) -> float:
    """Return how wide a text is at a font size, in the same unit."""
    return sum(map(_advance, text)) * size / EM


def shorten(text: str, size: float, room: float) -> str:
    """Return a text that fits into a width, cut with an ellipsis where it must be."""
    if width(text, size) <= room:
        return text
    while text and width(f"{text}…", size) > room:
        text = text[:-1]
    return f"{text}…"


class Lettering:
    """Sets text in one picture and keeps each outline that it used once."""

    def __init__(self) -> None:
        self._used: dict[str, int] = {}

    def text(self, x: float, y: float, text: str, size: float, style: str, *, anchor: Anchor = "start") -> str:
        """Return the SVG of one line of text at its baseline; a character without an outline stays text."""
        shift = {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor] * width(text, size)
        scale, at, parts = size / EM, 0, []
        for character in text:
            known = glyphs().get(character)
            if known is None:
                parts.append(f'<text x="{at}" font-size="{EM}" font-family="sans-serif">{escape(character)}</text>')
            elif known.path:
                number = self._used.setdefault(character, len(self._used))
                parts.append(f'<use href="#g{number}" x="{at}"/>')
            at += _advance(character)
        return (
            f'<g class="{style}" transform="translate({x - shift:.1f} {y:.1f}) scale({scale:.4g})">{"".join(parts)}</g>'
        )

    def definitions(self) -> str:
        """Return the outlines that were used."""
        shapes = "".join(f'<path id="g{number}" d="{glyphs()[each].path}"/>' for each, number in self._used.items())
        return f"<defs>{shapes}</defs>"
