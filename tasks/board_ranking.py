"""The sealed ranking: places, case numbers and points, with the hashes that prove that no line was changed."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from tasks.board_page import Page, cut_note, local, plain, sections, slug, table, unit_title, word

MOST_ROWS: Final = 1000
SHOWN_OF_HASH: Final = 12


class RankRow(NamedTuple):
    """One line of the ranking; no personal data."""

    rank: int
    case: str
    town: str
    points: Decimal
    tie: str
    hash: str


class Seal(NamedTuple):
    """What the list was sealed with."""

    digest: str
    at: datetime


def ranking_page(title: str, rows: Sequence[RankRow], seal: Seal) -> Page:
    """Return the board of a sealed ranking; the title is its case number.

    Args:
        title: the case number, such as ZB-2027H1.
        rows: the ranking in its order.
        seal: the digest over all rows and when it was made.
    """
    heads = [word(head) for head in ("rank", "case", "town", "points", "tie", "check")]
    shown = rows[:MOST_ROWS]
    body = sections(
        word("ranking_seal", at=local(seal.at), count=f"{len(rows):,}"),
        f"`{seal.digest}`",
        word("ranking_help"),
        table(heads, map(_line, shown), right=(0, 3)),
        cut_note(len(rows), len(shown)),
    )
    return Page(slug("ranking", title), word("ranking_name", title=title), body)


def _line(row: RankRow) -> list[object]:
    check = f"`{row.hash[:SHOWN_OF_HASH]}`"
    return [row.rank, plain(row.case), plain(unit_title(row.town)), row.points, plain(row.tie), check]
