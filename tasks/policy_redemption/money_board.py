"""The board of the money, for departments and finance: budgets of a year, batches at the treasury, payments overdue."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from sqlalchemy import case, func, select

from config.messages import say
from config.settings import settings
from models.policy_redemption.money import AccountKind as K
from models.policy_redemption.money import LineStatus, yuan
from models.policy_redemption.status import ApplicationStatus as A
from tasks.board_page import Page, local, office_title, plain, sections, slug, table
from tasks.case import DEADLINES
from tasks.chart import Sheet, Tile, TownBar, picture
from tasks.clock import local_day, now
from tasks.journal import CASES
from tasks.policy_redemption.ledger import ACCOUNTS, BUDGETS
from tasks.policy_redemption.payment import PAYMENT
from tasks.policy_redemption.payment_roll import APPLICATIONS, BATCHES, LINES, NOTICES
from tasks.store import reading

MOST_BATCHES: Final = 30
TEN_THOUSAND: Final = 10_000


class Line(NamedTuple):
    """One department's budget of a year, in yuan, and what waits beside it."""

    department: str
    target: str
    approved: Decimal
    available: Decimal
    committed: Decimal
    paying: Decimal
    paid: Decimal
    recovered: Decimal
    waiting: Decimal
    overdue: int


def _word(name: str, /, **facts: object) -> str:
    return say(f"policy_money_board.{name}", settings().language, **facts)


def money_pages() -> list[Page]:
    """Return the board of each year with a budget that is still spent from, and of this year; none where none is."""
    today = local_day(now())
    open_years = (
        select(BUDGETS.c.year)
        .join(ACCOUNTS, ACCOUNTS.c.budget_id == BUDGETS.c.id)
        .where(ACCOUNTS.c.kind.in_((K.COMMITTED, K.PAYING)), ACCOUNTS.c.balance > 0)
    )
    with reading() as connection:
        years = set(connection.execute(open_years.distinct()).scalars())
        known = set(connection.execute(select(BUDGETS.c.year).distinct()).scalars())
    return [_page(year) for year in sorted(years | ({today.year} & known))]


def _page(year: int) -> Page:
    lines = budget_lines(year)
    title = _word("title", year=year)
    parts = [_picture(title, lines), table(*_budgets(lines), right=range(1, 9)), f"## {_word('targets')}"]
    parts += [
        table(_heads("department", "target"), [[office_title(one.department), plain(one.target)] for one in lines])
    ]
    batches = _batches(year)
    heads = _heads("batch", "department", "drawn", "lines", "total", "told")
    parts += [f"## {_word('batches')}", table(heads, batches, right=(3, 4, 5)) if batches else _word("no_batches")]
    return Page(slug("money", str(year)), title, sections(*parts))


def _heads(*names: str) -> list[str]:
    return [_word(f"head_{name}") for name in names]


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f}"


def budget_lines(year: int) -> list[Line]:
    """Return the budgets of a year by department, in the order of their approval."""
    chosen = (
        select(BUDGETS.c.id, BUDGETS.c.department, BUDGETS.c.target, ACCOUNTS.c.kind, ACCOUNTS.c.balance)
        .join(ACCOUNTS, ACCOUNTS.c.budget_id == BUDGETS.c.id)
        .where(BUDGETS.c.year == year)
        .order_by(BUDGETS.c.id)
    )
    waits = (
        select(NOTICES.c.budget_id, func.sum(APPLICATIONS.c.assessed).label("amount"))
        .join(CASES, CASES.c.parent_id == NOTICES.c.case_id)
        .join(APPLICATIONS, APPLICATIONS.c.case_id == CASES.c.id)
        .where(NOTICES.c.year == year, CASES.c.status == A.AWAITING_BUDGET)
        .group_by(NOTICES.c.budget_id)
    )
    late = (
        select(NOTICES.c.budget_id, func.count().label("payments"))
        .join(CASES, CASES.c.parent_id == NOTICES.c.case_id)
        .join(DEADLINES, DEADLINES.c.case_id == CASES.c.id)
        .where(NOTICES.c.year == year, DEADLINES.c.name == PAYMENT, DEADLINES.c.due_at < now())
        .where(DEADLINES.c.met_at.is_(None), DEADLINES.c.superseded_at.is_(None))
        .group_by(NOTICES.c.budget_id)
    )
    with reading() as connection:
        rows = connection.execute(chosen).all()
        waiting = {row.budget_id: yuan(int(row.amount or 0)) for row in connection.execute(waits)}
        overdue = {row.budget_id: row.payments for row in connection.execute(late)}
    found: dict[int, dict[str, Any]] = {}
    for row in rows:
        found.setdefault(row.id, {"department": row.department, "target": row.target})[row.kind] = yuan(row.balance)
    nothing = Decimal("0.00")
    return [
        Line(**{name: value for name, value in one.items() if name != K.SOURCE}, approved=-one[K.SOURCE],
             waiting=waiting.get(budget_id, nothing), overdue=overdue.get(budget_id, 0))
        for budget_id, one in found.items()
    ]  # fmt: skip


def _budgets(lines: Sequence[Line]) -> tuple[list[str], list[list[str]]]:
    names = ("approved", "available", "committed", "paying", "paid", "recovered", "waiting")
    rows = [
        [office_title(one.department), *(_money(getattr(one, name)) for name in names), str(one.overdue)]
        for one in lines
    ]
    if len(lines) > 1:
        sums = [_money(sum((getattr(one, name) for one in lines), Decimal(0))) for name in names]
        rows.append([_word("total"), *sums, str(sum(one.overdue for one in lines))])
    return _heads("department", *names, "overdue"), rows


def _picture(title: str, lines: Sequence[Line]) -> str:
    sheet = Sheet(title)

    def summed(*names: str) -> str:
        total = sum((getattr(one, name) for one in lines for name in names), Decimal(0))
        return _word("ten_thousand", amount=f"{total / TEN_THOUSAND:,.2f}")

    late = sum(one.overdue for one in lines)
    tiles = [
        Tile(_word("head_approved"), summed("approved")),
        Tile(_word("head_available"), summed("available"), "good"),
        Tile(_word("tile_taken"), summed("committed", "paying")),
        Tile(_word("head_paid"), summed("paid")),
        Tile(_word("head_overdue"), str(late), "bad" if late else "good"),
    ]
    sheet.tiles(tiles)
    bars = [
        TownBar(
            office_title(one.department),
            (int(one.approved), int(one.approved - one.available), int(one.paid + one.recovered)),
            figure=f"{(one.approved - one.available) / one.approved:.1%}" if one.approved else "",
        )
        for one in lines
    ]
    sheet.towns(_word("bars"), [_word("head_approved"), _word("bar_taken"), _word("head_paid")], bars, "")
    return picture(sheet.draw(), "，".join(f"{tile.label}{tile.value}" for tile in tiles))


def _batches(year: int) -> list[list[str]]:
    """Return the batches that are not settled: number, department, day, lines, sum, and how many are told."""
    told = func.sum(case((LINES.c.result != "", 1), else_=0)).label("told")
    chosen = (
        select(BATCHES.c.number, BATCHES.c.drawn_at, NOTICES.c.department, func.count().label("lines"))
        .add_columns(func.sum(LINES.c.amount).label("total"), told)
        .join(LINES, LINES.c.batch_id == BATCHES.c.id)
        .join(NOTICES, NOTICES.c.case_id == BATCHES.c.notice_id)
        .where(NOTICES.c.year == year)
        .group_by(BATCHES.c.id, BATCHES.c.number, BATCHES.c.drawn_at, NOTICES.c.department)
        .having(func.sum(case((LINES.c.status == LineStatus.ORDERED, 1), else_=0)) > 0)
        .order_by(BATCHES.c.id)
        .limit(MOST_BATCHES)
    )
    with reading() as connection:
        rows = connection.execute(chosen).all()
    return [
        [plain(row.number), office_title(row.department), local(row.drawn_at), str(row.lines),
         _money(yuan(int(row.total))), str(row.told)]
        for row in rows
    ]  # fmt: skip
