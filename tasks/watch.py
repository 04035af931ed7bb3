"""What the duty flows do: each part on its own, so that one fault does not stop the others' work."""

from typing import Final

from tasks.deadline import fire_rungs, recompute
from tasks.mailbox import take_mailbox
from tasks.reach import prefect
from tasks.rescue import rescue

PARTS: Final = ("moved", "rungs", "rosters")


def keep_watch() -> dict[str, int]:
    """Give every open case a live run, and every open question a form; return how many cases were rescued."""
    with prefect() as client:
        return {"rescued": len(rescue(client))}


def keep_house() -> dict[str, int]:
    """Recompute clocks under new holidays, fire what is due, take rosters from the inbox folder; return the counts."""
    done = {"moved": len(recompute()), "rungs": fire_rungs(), "rosters": len(take_mailbox())}
    return {part: done[part] for part in PARTS}
