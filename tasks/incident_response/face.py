"""Pictures of an incident: the clock face of its duties, its groups as tiles, its casualties and events over time."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from math import cos, pi, sin
from typing import Final, NamedTuple

from config.zone import SHANGHAI
from tasks.chart import BODY, EDGE, SMALL, WIDE, Sheet
from tasks.glyph import shorten, width

HALF_DAY: Final = timedelta(hours=12)
DIAL: Final = 122
CENTRE: Final = EDGE + DIAL + 8
RINGS: Final = 6
RING: Final = 11
OUTER: Final = 94
LEGEND: Final = EDGE + 2 * DIAL + 42
HAND_ROW: Final = 40
TINY: Final = 11
FIVE: Final = 5
TILE_GAP: Final = 10
GROUP_TILE: Final = 98
PLOT: Final = 150
AXIS: Final = 44
LANE: Final = 26
LANE_LABELS: Final = 96
QUARTERS: Final = 4
FULL: Final = 2 * pi


class Hand(NamedTuple):
    """One duty on the clock face; `until` is set where it is still open."""

    label: str
    detail: str
    left: str
    tone: str
    until: datetime | None = None


class GroupTile(NamedTuple):
    """One working group: its name, three short lines, and the tone of its edge."""

    label: str
    lines: Sequence[str]
    tone: str


class Curve(NamedTuple):
    """One figure over time; None where it is unknown, which leaves a gap."""

    label: str
    tone: str
    points: Sequence[tuple[datetime, int | None]]


class Lane(NamedTuple):
    """One lane of the strip of events: its name, and its moments with their tones."""

    label: str
    marks: Sequence[tuple[datetime, str]]


def angle(moment: datetime) -> float:
    """Return where a moment stands on a dial of twelve hours, clockwise from the top."""
    here = moment.astimezone(SHANGHAI)
    return FULL * ((here.hour % 12) * 60 + here.minute) / 720


def _place(centre: tuple[float, float], radius: float, at: float) -> tuple[float, float]:
    return centre[0] + radius * sin(at), centre[1] - radius * cos(at)


def _sector(centre: tuple[float, float], radius: float, begin: float, sweep: float) -> str:
    """Return the path of a piece of a ring, clockwise from an angle."""
    inner, outer, end = radius - RING + 3, radius, begin + min(max(sweep, 0.03), FULL - 0.02)
    far = int(end - begin > pi)
    (ax, ay), (bx, by) = _place(centre, outer, begin), _place(centre, outer, end)
    (cx, cy), (dx, dy) = _place(centre, inner, end), _place(centre, inner, begin)
    return (
        f"M{ax:.1f} {ay:.1f}A{outer} {outer} 0 {far} 1 {bx:.1f} {by:.1f}L{cx:.1f} {cy:.1f}"
        f"A{inner} {inner} 0 {far} 0 {dx:.1f} {dy:.1f}Z"
    )


class IncidentSheet(Sheet):
    """A card that knows the pictures of an incident besides the usual ones."""

    def band(self, text: str) -> None:
        """Add a red band across the card that nobody overlooks."""
        self._parts += [
            f'<rect class="bad" x="{EDGE}" y="{self._y}" width="{WIDE - 2 * EDGE}" height="40" rx="8"/>',
            self._lettering.text(WIDE / 2, self._y + 27, text, 18, "onto", anchor="middle"),
        ]
        self._y += 56

    def face(self, title: str, at: datetime, hands: Sequence[Hand]) -> None:
        """Add the clock face: an arc from now to each end within twelve hours, and from each missed end to now."""
        self._heading(title)
        top = self._y
        centre = (float(CENTRE), float(top + DIAL + 4))
        self._dial(centre)
        rings = iter(range(RINGS))
        for number, hand in enumerate(hands, 1):
            self._hand(centre, at, hand, number, rings)
        x, y = _place(centre, OUTER + 6, angle(at))
        self._parts += [
            f'<path class="mark" d="M{centre[0]:.1f} {centre[1]:.1f}L{x:.1f} {y:.1f}"/>',
            f'<circle class="card" cx="{centre[0]}" cy="{centre[1]}" r="24"/>',
            self._lettering.text(
                *(centre[0], centre[1] + 5), at.astimezone(SHANGHAI).strftime("%H:%M"), BODY, "strong", anchor="middle"
            ),
        ]
        for number, hand in enumerate(hands, 1):
            self._hand_row(top + (number - 1) * HAND_ROW, number, hand)
        self._y = max(top + 2 * DIAL + 24, top + len(hands) * HAND_ROW + 14)

    def _dial(self, centre: tuple[float, float]) -> None:
        self._parts.append(f'<circle class="tile" cx="{centre[0]}" cy="{centre[1]}" r="{DIAL}"/>')
        for hour in range(1, 13):
            at = FULL * hour / 12
            x, y = _place(centre, DIAL - 13, at)
            self._parts.append(self._lettering.text(x, y + 4, str(hour), TINY, "muted", anchor="middle"))

    def _hand(self, centre: tuple[float, float], at: datetime, hand: Hand, number: int, rings: Iterator[int]) -> None:
        if hand.until is None or abs(hand.until - at) > HALF_DAY or (ring := next(rings, None)) is None:
            return
        radius, due = OUTER - ring * RING, angle(hand.until)
        begin, end = (angle(at), due) if hand.until > at else (due, angle(at))
        x, y = _place(centre, radius - 4, due)
        self._parts += [
            f'<path class="{hand.tone}" d="{_sector(centre, radius, begin, (end - begin) % FULL)}"/>',
            *self._badge(x, y, number, hand.tone),
        ]

    def _badge(self, x: float, y: float, number: int, tone: str) -> list[str]:
        return [
            f'<circle class="{tone}" cx="{x:.1f}" cy="{y:.1f}" r="8"/>',
            self._lettering.text(x, y + 4, str(number), TINY, "onto", anchor="middle"),
        ]

    def _hand_row(self, y: float, number: int, hand: Hand) -> None:
        room = WIDE - EDGE - LEGEND - 26
        left = shorten(hand.left, BODY, room / 2)
        label = shorten(hand.label, BODY, room - width(left, BODY) - 12)
        self._parts += [
            *self._badge(LEGEND + 8, y + 11, number, hand.tone),
            self._say(LEGEND + 26, y + 16, label, BODY, "text"),
            self._say(WIDE - EDGE, y + 16, left, BODY, hand.tone, end=True),
            self._say(LEGEND + 26, y + 32, shorten(hand.detail, TINY, room), TINY, "muted"),
        ]

    def groups(self, title: str, tiles: Sequence[GroupTile]) -> None:
        """Add the working groups, five in a row."""
        self._heading(title)
        wide = (WIDE - 2 * EDGE - TILE_GAP * (FIVE - 1)) / FIVE
        for place, tile in enumerate(tiles):
            x = EDGE + place % FIVE * (wide + TILE_GAP)
            y = self._y + place // FIVE * (GROUP_TILE + TILE_GAP)
            self._parts += [
                f'<rect class="tile" x="{x:.1f}" y="{y}" width="{wide:.1f}" height="{GROUP_TILE}" rx="8"/>',
                f'<rect class="{tile.tone}" x="{x:.1f}" y="{y + 14}" width="4" height="{GROUP_TILE - 28}" rx="2"/>',
                self._say(x + 14, y + 24, shorten(tile.label, BODY, wide - 22), BODY, "strong"),
                *(
                    self._say(x + 14, y + 46 + 19 * line, shorten(text, SMALL, wide - 22), SMALL, "muted")
                    for line, text in enumerate(tile.lines)
                ),
            ]
        rows = -(-len(tiles) // FIVE)
        self._y += rows * (GROUP_TILE + TILE_GAP) + 10

    def curves(self, title: str, curves: Sequence[Curve], until: datetime) -> None:
        """Add figures over time as steps; each holds until the next is known, and what is unknown leaves a gap."""
        self._heading(title)
        self._legend({}, "")
        self._key(curves)
        begin = min(moment for curve in curves for moment, _ in curve.points)
        most = max((value for curve in curves for _, value in curve.points if value is not None), default=0)
        top, base, room = self._y + 8, self._y + 8 + PLOT, WIDE - 2 * EDGE - AXIS
        across = _scale(begin, max(until, begin + timedelta(minutes=1)), EDGE + AXIS, room)
        for value in sorted({0, most // 2, most}):
            y = base - (PLOT * value / most if most else 0)
            self._parts += [
                f'<path class="line track" d="M{EDGE + AXIS} {y:.1f}h{room}"/>',
                self._say(EDGE + AXIS - 8, y + 4, f"{value:,}", SMALL, "muted", end=True),
            ]
        for curve in curves:
            self._steps(curve, lambda value: base - (PLOT * value / most if most else 0), across, until)
        self._y = top + PLOT + 6
        self._moments(begin, until, EDGE + AXIS, room)

    def _steps(
        self,
        curve: Curve,
        down: Callable[[int], float],
        across: Callable[[datetime], float],
        until: datetime,
    ) -> None:
        last: float | None = None
        path: list[str] = []
        for (moment, value), (then, _) in pairwise([*curve.points, (until, None)]):
            if value is None:
                last = None
                continue
            x, y = across(moment), down(value)
            path.append(f"M{x:.1f} {y:.1f}" if last is None else f"V{y:.1f}")
            path.append(f"H{across(max(then, moment)):.1f}")
            last = y
            self._parts.append(f'<circle class="{curve.tone}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>')
        if path:
            self._parts.append(f'<path class="line {curve.tone}" d="{"".join(path)}"/>')

    def _key(self, curves: Sequence[Curve]) -> None:
        x = float(EDGE + AXIS)
        y = self._y - 26
        for curve in curves:
            self._parts += [
                f'<circle class="{curve.tone}" cx="{x + 6:.1f}" cy="{y + 6}" r="5"/>',
                self._say(x + 18, y + 11, curve.label, SMALL, "muted"),
            ]
            x += 36 + width(curve.label, SMALL)

    def strip(self, title: str, lanes: Sequence[Lane], begin: datetime, until: datetime) -> None:
        """Add the events as marks on lanes over time."""
        self._heading(title)
        room = WIDE - 2 * EDGE - LANE_LABELS
        across = _scale(begin, max(until, begin + timedelta(minutes=1)), EDGE + LANE_LABELS, room)
        for lane in lanes:
            middle = self._y + LANE / 2
            label = shorten(lane.label, SMALL, LANE_LABELS - 12)
            self._parts += [
                self._say(EDGE + LANE_LABELS - 12, middle + 5, label, SMALL, "text", end=True),
                f'<path class="line track" d="M{EDGE + LANE_LABELS} {middle}h{room}"/>',
                *(
                    f'<circle class="{tone}" cx="{across(moment):.1f}" cy="{middle}" r="4"/>'
                    for moment, tone in lane.marks
                ),
            ]
            self._y += LANE
        self._moments(begin, until, EDGE + LANE_LABELS, room)

    def _moments(self, begin: datetime, until: datetime, left: float, room: float) -> None:
        """Write begin, middle and end under an axis."""
        for place in range(QUARTERS + 1):
            moment = begin + (until - begin) * place / QUARTERS
            here = moment.astimezone(SHANGHAI)
            text = here.strftime("%m-%d %H:%M" if place in (0, QUARTERS) or until - begin > HALF_DAY else "%H:%M")
            shift = 0.5 if 0 < place < QUARTERS else float(place == QUARTERS)
            x = left + room * place / QUARTERS - shift * width(text, TINY)
            self._parts.append(self._say(x, self._y + 12, text, TINY, "muted"))
        self._y += 30


def _scale(begin: datetime, until: datetime, left: float, room: float) -> Callable[[datetime], float]:
    whole = (until - begin) / timedelta(seconds=1)
    return lambda moment: left + room * min(max((moment - begin) / timedelta(seconds=1) / whole, 0.0), 1.0)
