"""A season: opened by its file, its windows kept, its lists by town (海政办发〔2023〕20号, Art. 3–13)."""

from calendar import monthrange
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple

from sqlalchemy import func, select

from config.messages import say
from config.offices import TOWN_ROLE, towns
from config.rulebook import cited, rule
from config.season import Season, Window
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
WINDOW_RUNGS: Final = ("before:7", "before:3", "last_day", "breach")
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


def run_name(season: str = "") -> str:
    """Return the name of a season's run: 征兵/2027H1."""
    return say("conscription.run_name", season=read_plan(season).name)


def open_season(plan: Season) -> Dossier:
    """Open the season, or take up the one that is open."""
    subject = say("conscription.subject", year=plan.year, half=say(f"conscription.half_{plan.half}"))
    return open_case(
        number_of(plan.name),
        process=PROCESS,
        subject=subject,
        on=plan.approval.day,
        story=STORY,
        parameters={"season": plan.name},
        status=S.PLANNED,
    )


def rule_of(name: str) -> Callable[[Dossier], str]:
    """Return the function that cites a rule of the season's day, for a step."""
    return lambda dossier: cited(f"conscription.{name}", dossier.on).label


def morning(day: date) -> datetime:
    """Return the first moment of a day."""
    return datetime.combine(day, time(0), SHANGHAI)


def after(day: date) -> datetime:
    """Return the first moment after a day."""
    return morning(day + timedelta(days=1))


def _month_end(year: int, month: int) -> datetime:
    return morning(date(year, month, monthrange(year, month)[1]))


def groups_due(plan: Season) -> datetime:
    """Return the day by which the groups are adjusted: the end of January (Art. 4)."""
    return _month_end(plan.year, rule("conscription.group_adjustment_month", plan.approval.day))


def publicity_due(plan: Season) -> datetime:
    """Return the last day of the half-year's publicity month, January or June (Art. 8)."""
    return _month_end(plan.year, rule("conscription.publicity_months", plan.approval.day)[plan.half - 1])


class Stage(NamedTuple):
    """A stage of the season: its duty, its window in the season's file, who leads it, and who of the members lags."""

    duty: str
    window: str
    office: str
    lagging: M
    kind: str = ""
    """Finding that each lagging member still owes; without one, no member may be left behind at all."""


PRECHECK: Final = Stage("precheck", "site_confirmation", "conscription_office", M.APPLIED_ONLINE)
MEDICAL: Final = Stage("medical", "medical", "physical_group", M.PRECHECK_PASSED, "medical")
POLITICAL: Final = Stage("political", "political", "vetting_group", M.PHYSICAL_PASSED, "political")
TRAINING: Final = Stage("training", "education", "conscription_office", M.DOUBLE_QUALIFIED, "training")


def unchecked(dossier: Dossier, stage: Stage) -> int:
    """Return how many members a stage still waits for."""
    chosen = select(func.count()).select_from(CASES)
    chosen = chosen.where(CASES.c.parent_id == dossier.id, CASES.c.status == stage.lagging)
    if stage.kind:
        found = select(FINDINGS.c.id).where(FINDINGS.c.case_id == CASES.c.id, FINDINGS.c.kind == stage.kind)
        chosen = chosen.where(~found.exists())
    with reading() as connection:
        return int(connection.execute(chosen).scalar_one())


def keep_window(dossier: Dossier, plan: Season, stage: Stage) -> bool:
    """Keep a stage's window: wait for its first day, remind who lags, and end it when all has come or time is up.

    Returns whether everything had come. Both days of the window are included.

    Raises:
        Parked: it is still open.
    """
    window: Window = getattr(plan.windows, stage.window)
    wait_until(dossier, f"{stage.duty}-opens", morning(window.start))
    last = morning(window.until)
    owed = Owed(stage.duty, Clock.DATE, anchor=last, office=stage.office, rungs=WINDOW_RUNGS)
    start_clock(dossier, owed._replace(lagging=[stage.lagging], unit_role=TOWN_ROLE))
    complete = wait_for(dossier, stage.duty, lambda: not unchecked(dossier, stage), after(window.until))
    meet_clock(dossier, stage.duty)
    return complete


def applications_close(plan: Season) -> datetime:
    """Return the moment when the last of the application windows has closed."""
    return max(window.closes_at for window in plan.windows.application.values())


@step(
    reaches=S.GROUPS_ADJUSTED,
    tells=lambda _o: ["leading_group", "conscription_office"],
    rule=rule_of("group_adjustment_month"),
)
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
