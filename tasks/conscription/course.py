"""A season: opened by its file, its windows kept, its lists by town (海政办发〔2023〕20号, Art. 3–13)."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final

from sqlalchemy import func, select

from config.messages import say
from config.offices import TOWN_ROLE, towns
from config.rulebook import cited
from config.season import Season
from config.season import season as season_file
from config.zone import SHANGHAI
from models.conscription.roll import Finding
from models.conscription.season import season_of
from models.conscription.status import MemberStatus as M
from models.conscription.status import SeasonStatus as S
from models.deadline import Clock
from tasks.case import open_case
from tasks.clock import today
from tasks.deadline import Owed, meet_clock, start_clock
from tasks.journal import CASES
from tasks.step import Dossier, step
from tasks.store import reading, table
from tasks.wait import wait_for, wait_until

FINDINGS: Final = table(Finding)
PROCESS: Final = "conscription"
STORY: Final = "conscription/conscription"
TOWN_ROLES: Final = tuple(f"{TOWN_ROLE}:{town.id}" for town in towns())


def number_of(season: str) -> str:
    """Return the case number of a season."""
    return f"ZB-{season}"


def read_plan(season: str) -> Season:
    """Return the season's file: days, quotas, tables; without a name, of the intake that is due today.

    Raises:
        Refusal: there is none, or it is not complete; the sentence names the place.
    """
    return season_file(season or season_of(today()).season)


def open_season(plan: Season) -> Dossier:
    """Open the season, or take up the one that is open."""
    subject = say("conscription.subject", year=plan.year, half=say(f"conscription.half_{plan.half}"))
    return open_case(
        number_of(plan.name), process=PROCESS, subject=subject, on=plan.approval.day, story=STORY,
        parameters={"season": plan.name}, status=S.PLANNED,
    )  # fmt: skip


def rule_of(name: str) -> Callable[[Dossier], str]:
    """Return the function that cites a rule of the season's day, for a step."""
    return lambda dossier: cited(f"conscription.{name}", dossier.on).label


def morning(day: date) -> datetime:
    """Return the first moment of a day."""
    return datetime.combine(day, time(0), SHANGHAI)


def after(day: date) -> datetime:
    """Return the first moment after a day."""
    return morning(day + timedelta(days=1))


def unchecked(dossier: Dossier, kind: str, *statuses: M) -> int:
    """Return how many members at the statuses have no finding of a kind yet."""
    found = select(FINDINGS.c.id).where(FINDINGS.c.case_id == CASES.c.id, FINDINGS.c.kind == kind).exists()
    chosen = select(func.count()).select_from(CASES).where(CASES.c.parent_id == dossier.id, CASES.c.status.in_(statuses), ~found)
    with reading() as connection:
        return int(connection.execute(chosen).scalar_one())


def keep_window(
    dossier: Dossier, duty: str, *, opens: date, closes: date, office: str, lagging: Sequence[M], arrived: Callable[[], bool], rule: str = ""
) -> bool:
    """Keep a window of the season: wait for its first day, remind who lags, and end it when all has come or time is up.

    Returns whether everything had come. Both days are included.

    Raises:
        Parked: it is still open.
    """
    wait_until(dossier, f"{duty}-opens", morning(opens))
    start_clock(dossier, Owed(duty, Clock.DATE, anchor=morning(closes), office=office, rule=rule, lagging=list(lagging),
                              unit_role=TOWN_ROLE, rungs=("before:7", "before:3", "last_day", "breach")))  # fmt: skip
    complete = wait_for(dossier, duty, arrived, after(closes))
    meet_clock(dossier, duty)
    return complete


@step(reaches=S.GROUPS_ADJUSTED, tells=lambda _o: ["leading_group", "conscription_office"], rule=rule_of("group_adjustment_month"))
def adjust_groups(dossier: Dossier, verdict: str) -> str:  # noqa: ARG001 -- a step takes its dossier
    """Record the yearly adjustment of the seven groups (Art. 4)."""
    return verdict


@step(reaches=S.PUBLICITY_RUNNING, tells=("publicity_group", *TOWN_ROLES), rule=rule_of("publicity_months"))
def run_publicity(dossier: Dossier, document: str) -> str:  # noqa: ARG001 -- a step takes its dossier
    """Start the concentrated publicity under the approved plan (Art. 7–8)."""
    return document


@step(reaches=S.APPLYING, tells=("conscription_office", *TOWN_ROLES))
def open_applications(dossier: Dossier, opens: date, closes: datetime) -> dict[str, str]:  # noqa: ARG001 -- a step takes its dossier
    """Announce the window of online applications (Art. 9)."""
    return {"opens": opens.isoformat(), "closes": closes.isoformat()}
