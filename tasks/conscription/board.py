"""What the boards need to know of the seasons: their places, and the sealed ranking of each that has one."""

from collections import Counter
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final, NamedTuple

from sqlalchemy import select

from config.boards import board_plan
from config.messages import Refusal
from config.season import Season
from models.column import canonical
from models.conscription.scoring import Rank, Ranking, why
from models.conscription.selection import WOMEN
from tasks.board_page import Page
from tasks.board_ranking import RankRow, Seal, ranking_page
from tasks.board_season import Places
from tasks.conscription.course import PROCESS, read_plan
from tasks.conscription.selection import ranking_of
from tasks.journal import CASES, ENTRIES
from tasks.step import read_dossier
from tasks.store import reading
from tasks.wait import INSTANCES, RUNNING

DISTRICT: Final = ""
"""The boards' name for the one list of the whole district: the women's places."""
REMEMBERED: Final = 8


class Shown(NamedTuple):
    """A season on the boards."""

    id: int
    number: str
    plan: Season


def seasons_since(since: datetime) -> list[Shown]:
    """Return the seasons that are open, or were closed since a moment; one whose file cannot be read is left out."""
    chosen = (
        select(CASES.c.id, CASES.c.number, INSTANCES.c.parameters)
        .select_from(RUNNING)
        .where(CASES.c.process == PROCESS, CASES.c.closed_at.is_(None) | (CASES.c.closed_at >= since))
        .order_by(INSTANCES.c.case_id)
    )
    with reading() as connection:
        rows = connection.execute(chosen).all()
    return [Shown(row.id, row.number, plan) for row in rows if (plan := _plan(row.parameters))]


def _plan(parameters: dict[str, Any]) -> Season | None:
    try:
        return read_plan(parameters["season"])
    except Refusal:  # the season's own run says so; the other boards are not to wait for it
        return None


def places_of(season: Shown) -> Places:
    """Return a season's places by town, the women's apart, and how many of each are taken."""
    quota = season.plan.quota
    return Places(quota.by_town | {DISTRICT: quota.women}, _taken(season))


def _taken(season: Shown) -> dict[str, int]:
    """Count whom the posted lists put on each list of places, as far as they stand there still."""
    chosen = (
        select(ENTRIES.c.outcome)
        .join(CASES, CASES.c.id == ENTRIES.c.case_id)
        .where(
            CASES.c.parent_id == season.id,
            CASES.c.status.in_(board_plan(PROCESS).taken),
            ENTRIES.c.step == "post_list",
        )
    )
    with reading() as connection:
        pools = Counter(outcome["pool"] for outcome in connection.execute(chosen).scalars())
    listed = (*season.plan.quota.by_town, WOMEN)
    return {DISTRICT if pool == WOMEN else pool: pools[pool] for pool in listed}


def ranking_board(season: Shown) -> Page | None:
    """Return the page of a season's sealed ranking, or nothing before it is sealed."""
    sealed = select(ENTRIES.c.outcome, ENTRIES.c.at).where(
        ENTRIES.c.case_id == season.id, ENTRIES.c.step == "seal_ranking"
    )
    with reading() as connection:
        found = connection.execute(sealed.order_by(ENTRIES.c.seq.desc())).first()
    return _sealed_page(season.number, season.plan.name, Seal(found.outcome["seal"], found.at)) if found else None


@lru_cache(maxsize=REMEMBERED)  # sealed for good: made once a process
def _sealed_page(number: str, season_name: str, seal: Seal) -> Page:
    dossier, plan = read_dossier(number), read_plan(season_name)
    ranking = ranking_of(dossier, plan)
    with reading() as connection:
        units = select(CASES.c.number, CASES.c.unit).where(CASES.c.parent_id == dossier.id)
        towns = dict(connection.execute(units).tuples().all())
    above = (None, *ranking.order)
    rows = [
        RankRow(
            one.place,
            one.case,
            towns[one.case],
            one.points,
            _tie(before, one, ranking, plan),
            sha256(canonical(one).encode()).hexdigest(),
        )
        for before, one in zip(above, ranking.order, strict=False)
    ]
    return ranking_page(number, rows, seal)


def _tie(above: Rank | None, below: Rank, ranking: Ranking, plan: Season) -> str:
    """Say what decided between equal points; nothing where the points did."""
    if above is None or above.points != below.points:
        return ""
    return why(ranking, plan.scorecard, above.case, below.case)[-1].text()
