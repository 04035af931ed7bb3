"""What stands of demands: those not handled in time with their evidence, and the board by department and state."""

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import func, or_, select

from models.policy_redemption.demand import DemandKind
from models.policy_redemption.demand import DemandStatus as S
from tasks.board_page import Page, office_title, sections, table, word
from tasks.chart import Sheet, Tile, picture
from tasks.clock import local_day, now
from tasks.deadline import DEADLINES
from tasks.journal import CASES
from tasks.policy_redemption.demand import DEMANDS, HANDLING, PROCESS
from tasks.store import reading

KEY: Final = "demands"
SHOWN: Final = tuple(status for status in S)


class Unhandled(NamedTuple):
    """One clock of handling that was not kept: 应处置未处置 with its evidence (Art. 22)."""

    department: str
    number: str
    kind: DemandKind
    subject: str
    due_at: datetime
    ended_at: datetime | None
    """When it was answered late, or handed on; empty while it is still open."""
    rule: str


_ENDED: Final = func.coalesce(DEADLINES.c.met_at, DEADLINES.c.superseded_at)


def unhandled(since: datetime, until: datetime, department: str = "") -> list[Unhandled]:
    """Return the demands whose clock of handling ended between two moments, the second excluded, and was not kept.

    An answer after the end, an extension after the end and a demand still open all count, once for each clock; drills
    do not.

    Args:
        since: first moment of the period.
        until: first moment after it.
        department: only this one's; all by default.
    """
    chosen = (
        select(DEADLINES.c.office, CASES.c.number, DEMANDS.c.kind, CASES.c.subject, DEADLINES.c.due_at,
               _ENDED.label("ended_at"), DEADLINES.c.rule)
        .join(CASES, CASES.c.id == DEADLINES.c.case_id)
        .join(DEMANDS, DEMANDS.c.case_id == CASES.c.id)
        .where(DEADLINES.c.name.in_(HANDLING), CASES.c.drill.is_(False))
        .where(DEADLINES.c.due_at >= since, DEADLINES.c.due_at < min(until, now()))
        .where(or_(_ENDED.is_(None), DEADLINES.c.due_at < _ENDED))
        .order_by(DEADLINES.c.office, DEADLINES.c.due_at, DEADLINES.c.id)
    )  # fmt: skip
    if department:
        chosen = chosen.where(DEADLINES.c.office == department)
    with reading() as connection:
        return [
            Unhandled(row.office, row.number, DemandKind(row.kind), row.subject, row.due_at, row.ended_at, row.rule)
            for row in connection.execute(chosen)
        ]


def demand_page() -> list[Page]:
    """Return the board of this year's demands by department and state, or nothing where there are none."""
    year = local_day(now()).year
    register = select(CASES.c.id).where(CASES.c.number == f"SQ-{year}").scalar_subquery()
    counted = (
        select(CASES.c.unit, CASES.c.status, func.count())
        .where(CASES.c.parent_id == register, CASES.c.process == PROCESS)
        .group_by(CASES.c.unit, CASES.c.status)
    )
    overdue = (
        select(DEADLINES.c.office, func.count(func.distinct(DEADLINES.c.case_id)))
        .join(CASES, CASES.c.id == DEADLINES.c.case_id)
        .where(CASES.c.parent_id == register, DEADLINES.c.met_at.is_(None), DEADLINES.c.superseded_at.is_(None))
        .where(DEADLINES.c.name.in_(HANDLING), DEADLINES.c.due_at < now())
        .group_by(DEADLINES.c.office)
    )
    with reading() as connection:
        standing = {(unit, status): number for unit, status, number in connection.execute(counted)}
        late = dict(connection.execute(overdue).tuples().all())
    if not standing:
        return []
    units = sorted({unit for unit, _ in standing}, key=lambda unit: (-late.get(unit, 0), unit))
    rows = [
        [
            office_title(unit) if unit else word("demands_unassigned"),
            *(standing.get((unit, status), "") for status in SHOWN),
            sum(number for (where, _), number in standing.items() if where == unit),
            late.get(unit, ""),
        ]
        for unit in units
    ]
    total, open_now = sum(standing.values()), sum(n for (_, s), n in standing.items() if not S(s).is_final())
    title = word("demands_name", year=year)
    tiles = [
        Tile(word("demands_total"), f"{total:,}"),
        Tile(word("demands_open"), f"{open_now:,}"),
        Tile(word("tile_overdue"), f"{sum(late.values()):,}", "bad" if late else "good"),
    ]
    sheet = Sheet(title)
    sheet.tiles(tiles)
    heads = [word("office"), *(status.text for status in SHOWN), word("total"), word("overdue")]
    return [
        Page(
            KEY,
            title,
            sections(
                picture(sheet.draw(), "，".join(f"{tile.label}{tile.value}" for tile in tiles)),
                word("demands_help"),
                table(heads, rows, right=range(1, len(heads))),
            ),
        )
    ]
