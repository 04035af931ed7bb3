"""The board of all redemption notices: applications by stage and department, lags, worklists, deadlines."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import case, func, select

from config.settings import settings
from models.policy_redemption.status import ApplicationStatus as A
from tasks.board_deadline import deadline_table, open_deadlines
from tasks.board_page import Page, deadline_title, link, office_title, plain, sections, slug, status_title, table, word
from tasks.board_worklist import office_key
from tasks.chart import Sheet, Stage, Tile, picture
from tasks.clock import now
from tasks.deadline import DEADLINES
from tasks.journal import CASES
from tasks.policy_redemption.duty import FEEDBACK, OBJECTION, PROMISE
from tasks.policy_redemption.roll import FINAL, PROCESS, REDEMPTIONS
from tasks.store import reading
from tasks.wait import RUNNING

KEY: Final = "redemption"
PAYMENT: Final = "payment"
WATCHED: Final = (FEEDBACK, PROMISE, OBJECTION, PAYMENT)
"""The clocks on which a department owes something."""
STAGES: Final = (
    A.SUBMITTED, A.CHECKING, A.CORRECTION, A.REVIEWING, A.AWAITING_BUDGET, A.APPROVED, A.POSTED, A.OBJECTED, A.PAYABLE,
    A.PAYING, A.PAYMENT_FAILED, A.PAID,
)  # fmt: skip
NEXT: Final = 20


class Lag(NamedTuple):
    """How a department keeps one of its clocks."""

    department: str
    clock: str
    running: int
    late_now: int
    met: int
    met_late: int
    earliest: datetime | None
    """When the one that is over longest ended."""


def lags() -> list[Lag]:
    """Return how each department keeps its clocks on applications: running, overdue, done, done late."""
    at = now()
    unmet = DEADLINES.c.met_at.is_(None) & DEADLINES.c.superseded_at.is_(None)
    over = unmet & (DEADLINES.c.due_at < at)
    counts = (
        func.sum(case((unmet, 1), else_=0)),
        func.sum(case((over, 1), else_=0)),
        func.sum(case((DEADLINES.c.met_at.is_not(None), 1), else_=0)),
        func.sum(case((DEADLINES.c.met_at > DEADLINES.c.due_at, 1), else_=0)),
        func.min(case((over, DEADLINES.c.due_at))),
    )
    chosen = (
        select(DEADLINES.c.office, DEADLINES.c.name, *counts)
        .join(CASES, CASES.c.id == DEADLINES.c.case_id)
        .where(CASES.c.process == PROCESS, DEADLINES.c.name.in_(WATCHED), CASES.c.drill.is_(False))
        .group_by(DEADLINES.c.office, DEADLINES.c.name)
    )
    with reading() as connection:
        found = [Lag(*row) for row in connection.execute(chosen)]
    return sorted(found, key=lambda one: (-one.late_now, -one.met_late, one.department, WATCHED.index(one.clock)))


def redemption_pages() -> list[Page]:
    """Return the board of all open notices, or nothing before there is any."""
    with reading() as connection:
        notices = connection.execute(
            select(CASES.c.id, CASES.c.number, CASES.c.subject, CASES.c.status, REDEMPTIONS)
            .select_from(RUNNING.join(REDEMPTIONS, REDEMPTIONS.c.case_id == CASES.c.id))
            .where(CASES.c.closed_at.is_(None))
            .order_by(REDEMPTIONS.c.opens, CASES.c.id)
        ).all()
        known = connection.execute(select(REDEMPTIONS.c.case_id).limit(1)).first()
        standing = _standing(connection, [notice.id for notice in notices])
    if known is None:
        return []
    at, lagging = now(), lags()
    title = word("redemptions_name")
    body = sections(
        _picture(title, notices, standing, lagging),
        word("redemptions_help"),
        _notices(notices, standing),
        _departments(standing),
        _lags(lagging, at),
        sections(f"## {word('deadlines_title')}", deadline_table(_next(at))),
    )
    return [Page(KEY, title, body)]


def _standing(connection: Any, notices: Sequence[int]) -> dict[tuple[int, str, str], int]:
    """Return how many applications stand where, by notice, department and status."""
    chosen = (
        select(CASES.c.parent_id, CASES.c.unit, CASES.c.status, func.count())
        .where(CASES.c.parent_id.in_(notices))
        .group_by(CASES.c.parent_id, CASES.c.unit, CASES.c.status)
    )
    return {(row[0], row[1], row[2]): row[3] for row in connection.execute(chosen)} if notices else {}


def _next(at: datetime) -> Any:
    return open_deadlines(at, CASES.c.process == PROCESS, DEADLINES.c.name.in_(WATCHED), limit=NEXT)


def _picture(
    title: str, notices: Sequence[Any], standing: Mapping[tuple[int, str, str], int], lagging: Sequence[Lag]
) -> str:
    by_status: dict[str, int] = {}
    for (_, _, status), count in standing.items():
        by_status[status] = by_status.get(status, 0) + count
    working = sum(count for status, count in by_status.items() if status not in FINAL)
    late = {clock: sum(one.late_now for one in lagging if one.clock == clock) for clock in WATCHED}
    tiles = [
        Tile(word("redemptions_notices"), f"{len(notices):,}"),
        Tile(word("redemptions_open"), f"{working:,}"),
        Tile(word("redemptions_late_feedback"), f"{late[FEEDBACK]:,}", "bad" if late[FEEDBACK] else "good"),
        Tile(word("redemptions_late_payment"), f"{late[PAYMENT]:,}", "bad" if late[PAYMENT] else "good"),
    ]
    sheet = Sheet(title)
    sheet.tiles(tiles)
    stages = [
        Stage(status_title(PROCESS, status), by_status[status], by_status[status])
        for status in STAGES
        if status in by_status
    ]
    sheet.funnel(word("statuses_title_applications"), (), stages)
    words = [f"{tile.label}{tile.value}" for tile in tiles]
    words += [word("chart_row", label=stage.label, value=stage.reached) for stage in stages]
    return picture(sheet.draw(), "，".join(words))


def _by_key(key: str) -> str:
    return f"{settings().address}/v2/artifacts/key/{key}"


def _notices(notices: Sequence[Any], standing: Mapping[tuple[int, str, str], int]) -> str:
    heads = [word(head) for head in ("number", "redemptions_policy", "office", "redemptions_window")]
    heads += [word(head) for head in ("tile_status", "redemptions_open", "redemptions_end", "redemptions_worklist")]
    rows = []
    for one in notices:
        mine = {status: count for (notice, _, status), count in standing.items() if notice == one.id}
        ended = sum(count for status, count in mine.items() if status in FINAL)
        rows.append(
            [
                link(one.number, _by_key(slug("redemption", one.number))),
                plain(one.subject),
                plain(office_title(one.department)),
                f"{one.opens}<br>{one.closes}",
                plain(status_title(PROCESS, one.status)),
                f"{sum(mine.values()) - ended:,}",
                f"{ended:,}",
                link(word("redemptions_worklist"), _by_key(office_key(one.department))),
            ]
        )
    return sections(f"## {word('redemptions_notices')}", table(heads, rows, right=(5, 6))) if rows else ""


def _departments(standing: Mapping[tuple[int, str, str], int]) -> str:
    by_unit: dict[str, dict[str, int]] = {}
    for (_, unit, status), count in standing.items():
        mine = by_unit.setdefault(unit, {})
        mine[status] = mine.get(status, 0) + count
    shown = [status for status in STAGES if any(status in mine for mine in by_unit.values())]
    heads = [word("office"), word("total"), *(plain(status_title(PROCESS, status)) for status in shown)]
    rows = [
        [plain(office_title(unit)), f"{sum(mine.values()):,}", *(f"{mine.get(status, 0):,}" for status in shown)]
        for unit, mine in sorted(by_unit.items())
    ]
    if not rows:
        return ""
    return sections(f"## {word('redemptions_by_department')}", table(heads, rows, right=range(1, len(heads))))


def _lags(lagging: Sequence[Lag], at: datetime) -> str:
    heads = ["office", "redemptions_clock", "redemptions_running", "redemptions_now_late", "redemptions_longest"]
    heads += ["redemptions_met", "redemptions_met_late", "redemptions_share_late"]
    rows = [
        [
            plain(office_title(one.department)),
            plain(deadline_title(PROCESS, one.clock)),
            f"{one.running:,}",
            f"**{one.late_now:,}**" if one.late_now else "0",
            _longest(one.earliest, at),
            f"{one.met:,}",
            f"{one.met_late:,}",
            word("share", share=f"{100 * one.met_late / one.met:.1f}") if one.met else "",
        ]
        for one in lagging
    ]
    if not rows:
        return ""
    return sections(
        f"## {word('redemptions_lag_title')}", table([word(head) for head in heads], rows, right=(2, 3, 5, 6, 7))
    )


def _longest(earliest: datetime | str | None, at: datetime) -> str:
    """Return for how many days the one that is over longest is over."""
    if earliest is None:
        return ""
    ended = datetime.fromisoformat(earliest) if isinstance(earliest, str) else earliest
    return word("days_over", days=max((at - ended).days, 1))
