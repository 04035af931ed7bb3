"""The inbox board: notices kept in the house, by recipient, unread first."""

from typing import Any, Final

from sqlalchemy import func, select

from config.channels import INBOX
from tasks.board_page import Page, cut_note, local, office_title, plain, sections, table, word
from tasks.chart import Sheet, Tile, picture
from tasks.journal import CASES, NOTICES
from tasks.notice_text import render
from tasks.store import reading

MOST_ROWS: Final = 200
MOST_RECIPIENTS: Final = 100


def recipient_title(recipient: str) -> str:
    """Return who a notice is for: an office, a staff number or a case number, never a name."""
    kind, _, who = recipient.partition(":")
    match kind:
        case "role":
            return office_title(who)
        case "officer":
            return word("officer", staff_no=who)
    return who


def inbox_page() -> Page:
    """Return the inbox of everybody: how many each recipient has, and the latest notices, unread first."""
    inbox = NOTICES.c.channel == INBOX.name
    unread = func.count().filter(NOTICES.c.read_at.is_(None))
    counted = (
        select(
            NOTICES.c.recipient,
            unread.label("unread"),
            func.count().label("notices"),
            func.max(NOTICES.c.created_at).label("last"),
        )
        .where(inbox)
        .group_by(NOTICES.c.recipient)
        .order_by(unread.desc(), func.max(NOTICES.c.id).desc())
    )
    latest = (
        select(NOTICES.c.recipient, NOTICES.c.template, NOTICES.c.facts, NOTICES.c.number, NOTICES.c.created_at,
               NOTICES.c.read_at, CASES.c.number.label("case_number"), CASES.c.drill)
        .join(CASES, NOTICES.c.case_id == CASES.c.id)
        .where(inbox)
        .order_by(NOTICES.c.read_at.is_not(None), NOTICES.c.id.desc())
        .limit(MOST_ROWS)
    )  # fmt: skip
    with reading() as connection:
        recipients, notices = connection.execute(counted).all(), connection.execute(latest).all()
    title, total = word("inbox_name"), sum(row.notices for row in recipients)
    if not total:
        return Page(INBOX.name, title, word("inbox_empty"))
    fresh = sum(row.unread for row in recipients)
    sheet = Sheet(title)
    tiles = [
        Tile(word("tile_unread"), f"{fresh:,}", "soon" if fresh else "good"),
        Tile(word("tile_total"), f"{total:,}"),
    ]
    sheet.tiles(tiles)
    rows = [
        [plain(recipient_title(row.recipient)), row.unread or "", row.notices, local(row.last)] for row in recipients
    ]
    body = sections(
        picture(sheet.draw(), "，".join(f"{tile.label}{tile.value}" for tile in tiles)),
        word("inbox_help"),
        f"## {word('messages_title')}",
        table([word(head) for head in ("sent", "recipient", "text")], map(_line, notices)),
        cut_note(total, len(notices)),
        f"## {word('recipients_title')}",
        table(
            [word(head) for head in ("recipient", "unread", "messages", "sent")], rows[:MOST_RECIPIENTS], right=(1, 2)
        ),
        cut_note(len(rows), min(len(rows), MOST_RECIPIENTS)),
    )
    return Page(INBOX.name, title, body)


def _line(row: Any) -> list[str]:
    try:
        title, text = render(
            row.template, row.facts or {}, case=row.case_number, number=row.number, drill=bool(row.drill)
        )
    except LookupError:  # a template or a fact is missing: the clerk still sees that there is a notice, and its number
        title, text = row.case_number, word("notice_no_text", number=row.number)
    state = "" if row.read_at else f"**{word('state_unread')}** "
    return [local(row.created_at), plain(recipient_title(row.recipient)), f"{state}**{plain(title)}**<br>{plain(text)}"]
