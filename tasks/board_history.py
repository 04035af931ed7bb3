"""What has happened to a case, newest first: the steps and the signed answers of its journal."""

from typing import Final

from sqlalchemy import select

from config.messages import MessageMissingError, say
from tasks.board_page import local, plain, point_title, sections, table, word
from tasks.board_subject import Subject
from tasks.journal import ENTRIES
from tasks.store import reading

SHOWN: Final = 20
SEARCHED: Final = 200
ANSWERED: Final = "ask-"


def _title(process: str, step: str) -> str | None:
    """Return a step's title, or nothing for the lines that only the clocks and waits write."""
    if step.startswith(ANSWERED):
        return word("history_answered", point=point_title(process, step.removeprefix(ANSWERED)))
    try:
        return say(f"step_{process}.{step}")
    except MessageMissingError:
        return None


def history(subject: Subject) -> str:
    """Return the table of what happened last, with who signed and the status that was reached."""
    chosen = (
        select(ENTRIES.c.step, ENTRIES.c.turn, ENTRIES.c.actor, ENTRIES.c.rule, ENTRIES.c.at)
        .where(ENTRIES.c.case_id == subject.id)
        .order_by(ENTRIES.c.seq.desc())
        .limit(SEARCHED)
    )
    with reading() as connection:
        lines = connection.execute(chosen).all()
    rows = []
    for line in lines:
        if (title := _title(subject.process, line.step)) is not None:
            again = f"（{line.turn}）" if line.turn > 1 else ""
            who = "" if line.actor == "system" else line.actor
            rows.append([local(line.at), plain(title + again), plain(who), plain(line.rule)])
    if not rows:
        return ""
    heads = [word(f"history_{head}") for head in ("at", "what", "who", "rule")]
    return sections(f"## {word('history_head')}", table(heads, rows[:SHOWN]))
