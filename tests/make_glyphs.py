"""Draw config/glyphs.txt anew: outlines of the characters that charts need, from Noto Sans CJK SC (SIL OFL 1.1).

Needs fonttools and Debian's fonts-noto-cjk, neither of which the program itself needs:

    pip install fonttools && python tests/make_glyphs.py [more characters]

Takes every character of the Chinese messages, rules and offices, those already in the file, and those given.
"""

import sys
from pathlib import Path
from typing import Any

from fontTools.pens.basePen import BasePen
from fontTools.ttLib import TTCollection

CONFIG = Path(__file__).resolve().parent.parent / "config"
TARGET = CONFIG / "glyphs.txt"
FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
FAMILY = "Noto Sans CJK SC"
UNITS = 250
Point = tuple[float, float]
HEADER = f"# code point, advance and outline, {UNITS} units to the em, y down. From {FAMILY}, © 2014-2021 Adobe, SIL OFL 1.1: glyphs.OFL.txt\n"


class OutlinePen(BasePen):
    """Writes a glyph as an SVG path with whole relative coordinates."""

    def __init__(self, glyphs: Any, scale: float) -> None:
        super().__init__(glyphs)
        self.scale, self.at, self.start = scale, (0, 0), (0, 0)
        self.parts: list[list[str]] = []

    def _put(self, command: str, *points: Point) -> None:
        placed = [(round(x * self.scale), -round(y * self.scale)) for x, y in points]
        moves = [(x - self.at[0], y - self.at[1]) for x, y in placed]
        self.at = placed[-1]
        numbers = [number for move in moves for number in move]
        if command == "l":
            match numbers:
                case [0, 0]:
                    return
                case [across, 0]:
                    command, numbers = "h", [across]
                case [0, down]:
                    command, numbers = "v", [down]
        text = "".join(("" if number < 0 else " ") + str(number) for number in numbers)
        if self.parts and self.parts[-1][0] == command and command != "m":
            self.parts[-1][1] += text
        else:
            self.parts.append([command, text.lstrip()])

    def _moveTo(self, point: Point) -> None:  # noqa: N802 -- fonttools' name
        self._put("m", point)
        self.start = self.at

    def _lineTo(self, point: Point) -> None:  # noqa: N802 -- fonttools' name
        self._put("l", point)

    def _curveToOne(self, first: Point, second: Point, point: Point) -> None:  # noqa: N802 -- fonttools' name
        self._put("c", first, second, point)

    def _closePath(self) -> None:  # noqa: N802 -- fonttools' name
        self.parts.append(["z", ""])
        self.at = self.start

    _endPath = _closePath  # noqa: N815 -- fonttools' name


def wanted(more: str) -> list[str]:
    """Return the characters to draw."""
    files = [*CONFIG.glob("messages/zh/*.yaml"), *CONFIG.glob("rules/*.yaml"), *CONFIG.glob("emergency_plans/*.yaml"),
             CONFIG / "offices.yaml"]  # fmt: skip
    characters = {chr(code) for code in range(0x20, 0x7F)} | set(more)
    characters |= {character for file in files for character in file.read_text(encoding="utf-8")}
    if TARGET.exists():
        lines = TARGET.read_text(encoding="ascii", errors="replace").splitlines()
        characters |= {chr(int(line.split()[0], 16)) for line in lines if not line.startswith("#")}
    return sorted(characters)


def main(more: str) -> None:
    """Write the file."""
    font = next(each for each in TTCollection(FONT).fonts if each["name"].getDebugName(1) == FAMILY)
    glyphs, names, scale = font.getGlyphSet(), font.getBestCmap(), UNITS / font["head"].unitsPerEm
    lines = []
    for character in wanted(more):
        name = names.get(ord(character))
        if name is None or not character.isprintable():
            continue
        pen = OutlinePen(glyphs, scale)
        glyphs[name].draw(pen)
        lines.append(
            f"{ord(character):x} {round(glyphs[name].width * scale)} {''.join(a + b for a, b in pen.parts)}".rstrip()
        )
    TARGET.write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines)} glyphs, {TARGET.stat().st_size} bytes")  # noqa: T201 -- a script that says what it did


if __name__ == "__main__":
    main("".join(sys.argv[1:]))
