"""What the duty flows do: each part is a task of its own, so that one fault does not stop the others' work."""

from collections.abc import Callable
from typing import Any, Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State

from config.messages import say
from tasks.board import KEPT_AFTER_CLOSING, publish_boards, publish_pages
from tasks.clock import now
from tasks.conscription.board import places_of, ranking_board, seasons_since
from tasks.conscription.retention import erase_expired
from tasks.deadline import recompute
from tasks.deadline_set import recompute_gathered
from tasks.housekeeping import erase_sheets, forget_duty_runs
from tasks.incident_response.board import incident_pages
from tasks.incident_response.contact_retention import erase_incident_contacts
from tasks.incident_response.lesson_intake import remind_of_items
from tasks.logbook import anchor_daily, warn_of_calendar
from tasks.mailbox import take_mailbox
from tasks.policy_redemption.board import redemption_pages
from tasks.policy_redemption.bulletin_board import bulletin_pages
from tasks.policy_redemption.demand_record import demand_page
from tasks.policy_redemption.demand_retention import erase_demands
from tasks.policy_redemption.edition import keep_site_current
from tasks.policy_redemption.money_board import money_pages
from tasks.reach import prefect
from tasks.rescue import rescue
from tasks.rung import fire_rungs


def keep_watch() -> dict[str, int]:
    """Give every open case a live run and every open question a form, then bring the boards up; return the counts."""
    with prefect() as client:
        rescued = len(rescue(client))
    return {"rescued": rescued, "boards": show_boards()}


def take_rosters() -> int:
    """Take in the rosters that lie in the inbox folder; return how many."""
    return len(take_mailbox())


def move_deadlines() -> int:
    """Recompute the clocks that rest on an older calendar; return how many ends moved."""
    return len(recompute()) + recompute_gathered()


def show_boards() -> int:
    """Bring every board up to date, the sealed rankings among them; return how many said something new."""
    seasons = seasons_since(now() - KEPT_AFTER_CLOSING)
    with prefect() as client:
        changed = publish_boards(client, {season.number: places_of(season) for season in seasons})
        rankings = [page for season in seasons if (page := ranking_board(season))]
        incidents = incident_pages(client)
        policies = [*redemption_pages(), *money_pages(), *bulletin_pages(), *demand_page()]
        return len(changed) + len(publish_pages(client, [*rankings, *incidents, *policies])[0])


PARTS: Final[tuple[Callable[[], int | bool], ...]] = (
    move_deadlines, fire_rungs, take_rosters, anchor_daily, warn_of_calendar, erase_expired,
    erase_sheets, forget_duty_runs, keep_site_current, erase_demands,
    erase_incident_contacts, remind_of_items,
)  # fmt: skip


def keep_house() -> list[State[Any]]:
    """Do every part of the house's duty; the run fails where one does, after the others were done."""
    return [
        task(name=say(f"kernel.part_{part.__name__}"), cache_policy=NO_CACHE, persist_result=False)(part)(
            return_state=True
        )
        for part in PARTS
    ]
