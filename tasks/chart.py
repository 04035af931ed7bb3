"""Pictures of the boards: figures in tiles, lights of deadlines, a funnel by stage, bars by town.

One SVG each, its text as outlines, readable on light and on dark.
"""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final, Literal, NamedTuple

from tasks.glyph import Lettering, shorten, width

WIDE: Final = 760
EDGE: Final = 24
ROW: Final = 30
TILE: Final = 84
HEAD: Final = 54
SMALL: Final = 13
BODY: Final = 14
TITLE: Final = 16
FIGURE: Final = 25
LABELS: Final = 144
NUMBERS: Final = 120
LAMP_LABELS: Final = 200

Tone = Literal["plain", "good", "soon", "bad"]

_STYLE: Final = (
    ".card{fill:#fff;stroke:#e2e8f0}.tile{fill:#f8fafc;stroke:#e2e8f0}.text{fill:#0f172a}.strong{fill:#0f172a;stroke:#0f172a;"
    "stroke-width:7}.muted{fill:#64748b}.track{fill:#eef2f7}.s0{fill:#bfdbfe}.s1{fill:#60a5fa}.s2{fill:#2563eb}.s3{fill:#1e3a8a}"
    ".mark{stroke:#0f172a;stroke-width:2}.plain{fill:#2563eb}.good{fill:#16a34a}.soon{fill:#d97706}.bad{fill:#dc2626}"
    "@media(prefers-color-scheme:dark){.card{fill:#1b1c20;stroke:#34363c}.tile{fill:#25272c;stroke:#34363c}.text{fill:#f1f5f9}"
    ".strong{fill:#f8fafc;stroke:#f8fafc}.muted{fill:#9aa4b2}.track{fill:#2b2e35}.s0{fill:#1e3a5f}.s1{fill:#2f6fb7}"
    ".s2{fill:#60a5fa}.s3{fill:#bfdbfe}.mark{stroke:#f8fafc}.plain{fill:#60a5fa}.good{fill:#4ade80}.soon{fill:#fbbf24}"
    ".bad{fill:#f87171}}"
    ".line{fill:none!important;stroke-width:2.5;stroke-linecap:round;stroke-linejoin:round}.line.plain{stroke:#3b82f6}"
    ".line.bad{stroke:#dc2626}.line.soon{stroke:#d97706}.line.muted,.line.track{stroke:#94a3b8;stroke-width:1}.onto{fill:#fff}"
)


class Tile(NamedTuple):
    """One figure with its name; the tone colours its edge."""

    label: str
    value: str
    tone: Tone = "plain"


class Stage(NamedTuple):
    """One stage of a funnel: how many reached it, and how many stand there now."""

    label: str
    reached: int
    here: int


class TownBar(NamedTuple):
    """One town: nested values, the widest first; a mark where its quota is; and the figure at the end."""

    label: str
    values: tuple[int, ...]
    quota: int | None = None
    figure: str = ""


class Lamp(NamedTuple):
    """One deadline as a light: what is owed, by whom, when, and what is left."""

    label: str
    who: str
    when: str
    left: str
    tone: Tone


class Sheet:
    """A card that is filled from its top, then drawn."""

    def __init__(self, title: str) -> None:
        self._title, self._y = title, EDGE
        self._parts: list[str] = []
        self._lettering = Lettering()

    def tiles(self, tiles: Sequence[Tile]) -> None:
        """Add a row of figures."""
        gap = 12
        each = (WIDE - 2 * EDGE - gap * (len(tiles) - 1)) / len(tiles)
        for place, tile in enumerate(tiles):
            x, room = EDGE + place * (each + gap), each - 32
            size = min(FIGURE, FIGURE * room / max(width(tile.value, FIGURE), 1))
            self._parts += [
                f'<rect class="tile" x="{x:.1f}" y="{self._y}" width="{each:.1f}" height="{TILE}" rx="10"/>',
                f'<rect class="{tile.tone}" x="{x:.1f}" y="{self._y + 16}" width="4" height="{TILE - 32}" rx="2"/>',
                self._say(x + 18, self._y + 30, shorten(tile.label, SMALL, room), SMALL, "muted"),
                self._say(x + 18, self._y + 64, tile.value, size, "strong"),
            ]
        self._y += TILE + EDGE

    def funnel(self, title: str, legend: Sequence[str], stages: Sequence[Stage]) -> None:
        """Add a funnel: a bar for all who reached a stage, its other end for those who stand there now."""
        self._heading(title)
        if legend:
            self._legend(dict(zip(legend, ("s1", "s2"), strict=True)), "")
        most = max((stage.reached for stage in stages), default=0) or 1
        room = WIDE - 2 * EDGE - LABELS - NUMBERS
        for stage in stages:
            self._row(stage.label)
            reached, here = room * stage.reached / most, room * stage.here / most
            self._bar(room, "track")
            self._bar(reached, "s1")
            self._bar(here, "s2", begin=reached - here)
            share = f"{100 * stage.reached / most:.1f}%" if stage.reached else ""
            self._figure(f"{stage.reached:,}", share)
            self._y += ROW
        self._y += 14

    def towns(self, title: str, legend: Sequence[str], bars: Sequence[TownBar], quota: str) -> None:
        """Add nested bars by town with their legend; a line marks the quota."""
        self._heading(title)
        shades = dict(zip(legend, _styles(len(legend)), strict=True))
        self._legend(shades, quota if any(bar.quota is not None for bar in bars) else "")
        most = max((max((*bar.values, bar.quota or 0)) for bar in bars), default=0) or 1
        room = WIDE - 2 * EDGE - LABELS - NUMBERS
        for bar in bars:
            self._row(bar.label)
            self._bar(room, "track")
            for value, style in zip(bar.values, _styles(len(bar.values)), strict=True):
                self._bar(room * value / most, style)
            if bar.quota is not None:
                x = EDGE + LABELS + room * bar.quota / most
                self._parts.append(f'<path class="mark" d="M{x:.1f} {self._y + 2}v{ROW - 8}"/>')
            self._figure(bar.figure, "")
            self._y += ROW
        self._y += 14

    def lamps(self, title: str, lamps: Sequence[Lamp]) -> None:
        """Add deadlines with their lights."""
        self._heading(title)
        for lamp in lamps:
            baseline = self._y + 17
            self._parts += [
                f'<circle class="{lamp.tone}" cx="{EDGE + 8}" cy="{self._y + 12}" r="6"/>',
                self._say(EDGE + 26, baseline, shorten(lamp.label, BODY, LAMP_LABELS), BODY, "text"),
                self._say(EDGE + 40 + LAMP_LABELS, baseline, shorten(lamp.who, SMALL, LABELS), SMALL, "muted"),
                self._say(EDGE + 54 + LAMP_LABELS + LABELS, baseline, lamp.when, SMALL, "muted"),
                self._say(WIDE - EDGE, baseline, lamp.left, BODY, lamp.tone, end=True),
            ]
            self._y += ROW
        self._y += 14

    def draw(self) -> str:
        """Return the picture as SVG."""
        height = self._y + 4
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {height}" width="{WIDE}" height="{height}">'
            f"<title>{escape(self._title)}</title><style>{_STYLE}</style>{self._lettering.definitions()}"
            f'<rect class="card" x=".5" y=".5" width="{WIDE - 1}" height="{height - 1}" rx="14"/>'
            f"{''.join(self._parts)}</svg>"
        )

    def _say(self, x: float, y: float, text: str, size: float, style: str, *, end: bool = False) -> str:
        return self._lettering.text(x, y, text, size, style, anchor="end" if end else "start")

    def _heading(self, title: str) -> None:
        self._parts.append(self._say(EDGE, self._y + 18, title, TITLE, "strong"))
        self._y += 36

    def _row(self, label: str) -> None:
        shown = shorten(label, BODY, LABELS - 12)
        self._parts.append(self._say(EDGE + LABELS - 12, self._y + 17, shown, BODY, "text", end=True))

    def _bar(self, long: float, style: str, begin: float = 0) -> None:
        if long > 0:
            self._parts.append(
                f'<rect class="{style}" x="{EDGE + LABELS + begin:.1f}" y="{self._y + 3}" width="{max(long, 2):.1f}" '
                f'height="{ROW - 10}" rx="{min(4.0, max(long, 2) / 2):.1f}"/>'
            )

    def _figure(self, first: str, second: str) -> None:
        x = WIDE - EDGE - NUMBERS + 12
        self._parts.append(self._say(x, self._y + 17, first, BODY, "text"))
        if second:
            self._parts.append(self._say(WIDE - EDGE, self._y + 17, second, SMALL, "muted", end=True))

    def _legend(self, shades: Mapping[str, str], quota: str) -> None:
        x = float(EDGE + LABELS)
        for name, style in shades.items():
            self._parts.append(f'<rect class="{style}" x="{x:.1f}" y="{self._y}" width="12" height="12" rx="3"/>')
            self._parts.append(self._say(x + 18, self._y + 11, name, SMALL, "muted"))
            x += 36 + width(name, SMALL)
        if quota:
            self._parts.append(f'<path class="mark" d="M{x + 5:.1f} {self._y - 1}v14"/>')
            self._parts.append(self._say(x + 18, self._y + 11, quota, SMALL, "muted"))
        self._y += 26


def _styles(number: int) -> tuple[str, ...]:
    """Nested bars from the lightest to the darkest; a single one takes the middle."""
    return ("s2",) if number == 1 else ("s0", "s1", "s2", "s3")[:number] if number > 2 else ("s0", "s2")[:number]  # noqa: PLR2004 -- shades


def picture(svg: str, alternative: str) -> str:
    """Return markdown that carries the picture inside, with the words for those who cannot see it."""
    plain = alternative.replace("[", "（").replace("]", "）").replace("\n", " ")
    return f"![{plain}](data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()})"
