"""What the duty flows do: each part on its own, so that one fault does not stop the others' work."""

from typing import Final

from tasks.board import KEPT_AFTER_CLOSING, publish_boards, publish_pages
from tasks.clock import now
from tasks.conscription.board import places_of, ranking_board, seasons_since
from tasks.deadline import fire_rungs, recompute
from tasks.mailbox import take_mailbox
from tasks.reach import prefect
from tasks.rescue import rescue

PARTS: Final = ("moved", "rungs", "rosters", "boards")


def keep_watch() -> dict[str, int]:
    """Give every open case a live run, and every open question a form; return how many cases were rescued."""
    with prefect() as client:
        return {"rescued": len(rescue(client))}


def keep_house() -> dict[str, int]:
    """Recompute clocks, fire what is due, take rosters from the inbox folder, bring boards up; return the counts."""
    done = {"moved": len(recompute()), "rungs": fire_rungs(), "rosters": len(take_mailbox()), "boards": show_boards()}
    return {part: done[part] for part in PARTS}


def show_boards() -> int:
    """Bring every board up to date, the sealed rankings among them; return how many said something new."""
    seasons = seasons_since(now() - KEPT_AFTER_CLOSING)
    with prefect() as client:
        changed = publish_boards(client, {season.number: places_of(season) for season in seasons})
        rankings = [page for season in seasons if (page := ranking_board(season))]
        return len(changed) + len(publish_pages(client, rankings)[0])
