"""Whether two reports may be of the same accident: by place and time; reports get class and toll wrong."""

import re
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from unicodedata import normalize

from config.messages import say
from config.offices import towns

SHORTEST: Final = 4
"""Letters that one name must have to count as a part of another."""
_DROPPED: Final = re.compile(
    r"[\s,.;:、，。；：()（）\-—_/#号]|江苏省|南通市|海门区|海门市|有限责任公司|有限公司|公司|经营部|商店|门店|附近|旁边|门口"
)


class Place(NamedTuple):
    """Where and when a report says that it happened."""

    unit: str
    scene: str
    town: str
    at: datetime


def normal(name: str) -> str:
    """Return a name without what people write now and leave out then."""
    bare = _DROPPED.sub("", normalize("NFKC", name)).lower()
    for one in towns():
        for spoken in one.names:
            bare = bare.replace(_DROPPED.sub("", spoken), "") or bare
    return bare


def may_be_same(one: Place, other: Place, window: timedelta) -> bool:
    """Say whether two reports may be of one accident.

    Args:
        one: a report.
        other: another.
        window: how far apart in time they may lie.
    """
    if abs(one.at - other.at) > window or (one.town and other.town and one.town != other.town):
        return False
    return _alike(one.unit, other.unit) or _alike(one.scene, other.scene) or _alike(one.unit, other.scene) or _alike(
        one.scene, other.unit
    )  # fmt: skip


def _alike(one: str, other: str) -> bool:
    left, right = normal(one), normal(other)
    blank = ("", normal(say("incident_report.unit_unknown")), normal(say("incident_report.scene_unknown")))
    if left in blank or right in blank:
        return False
    shorter, longer = sorted((left, right), key=len)
    return left == right or (len(shorter) >= SHORTEST and shorter in longer)
