"""The bulletin as a board: what stands in the journal of a bulletin's case, under an address that stays."""

from sqlalchemy import select

from models.policy_redemption.failings import Failing
from tasks.board import KEPT_AFTER_CLOSING
from tasks.board_page import Page, local, plain, sections, slug, table, word
from tasks.clock import now
from tasks.journal import CASES, ENTRIES
from tasks.policy_redemption.bulletin import PROCESS, Compiled
from tasks.policy_redemption.bulletin_paper import department_row, failing_row, lag_row, titles
from tasks.store import reading


def bulletin_pages() -> list[Page]:
    """Return the boards of the bulletins that are open or were circulated lately, as they were last compiled."""
    since = now() - KEPT_AFTER_CLOSING
    chosen = (
        select(CASES.c.number, CASES.c.subject, CASES.c.process, ENTRIES.c.outcome, ENTRIES.c.at)
        .join(ENTRIES, ENTRIES.c.case_id == CASES.c.id)
        .where(CASES.c.process.in_(PROCESS.values()), ENTRIES.c.step == "compile_figures")
        .where(CASES.c.closed_at.is_(None) | (CASES.c.closed_at >= since))
        .order_by(CASES.c.id, ENTRIES.c.turn)
    )
    with reading() as connection:
        newest = {row.number: row for row in connection.execute(chosen)}
    return [_page(row.number, row.subject, Compiled.model_validate(row.outcome)) for row in newest.values()]


def _page(number: str, subject: str, found: Compiled) -> Page:
    figures = found.statistics
    failed = [one for one in figures.departments if any(one.failed(failing) for failing in Failing)]
    tiles = [
        (word("bulletin_firms"), f"{figures.firms:,}"),
        (word("bulletin_visits"), f"{figures.visited:,}"),
        (word("bulletin_updates"), f"{sum(one.updates for one in figures.departments):,}"),
        (word("bulletin_online"), f"{sum(one.online for one in figures.departments):,}"),
        *((failing.text, str(figures.failed(failing))) for failing in Failing),
    ]
    numbers = range(1, 10)
    parts = [
        word("bulletin_head", at=local(figures.as_of), number=number),
        table([name for name, _ in tiles], [[value for _, value in tiles]], right=range(len(tiles))),
        f"## {word('bulletin_departments')}",
        table(titles("columns_departments"), map(_plain, map(department_row, figures.departments)), right=numbers),
        f"## {word('bulletin_failings')}",
        table(titles("columns_failings"), map(_plain, map(failing_row, failed)), right=numbers)
        if failed
        else word("bulletin_none"),
        f"## {word('bulletin_lags')}",
        table(titles("columns_lags"), map(_plain, map(lag_row, figures.lags)), right=range(2, 8)),
        word("bulletin_files", draft=plain(found.draft.file), workbook=plain(found.workbook.file)),
    ]
    return Page(slug("bulletin", number), subject, sections(*parts))


def _plain(row: tuple[str, ...]) -> list[str]:
    return [plain(cell) for cell in row]
