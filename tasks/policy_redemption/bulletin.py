"""The quarterly bulletin and the monthly statistics: compiled when their period is over, circulated when approved."""

from collections.abc import Callable
from datetime import datetime, time
from typing import Any, Final, Literal

from config.fact import Fact
from config.messages import Refusal, say
from config.rulebook import cited, rule
from config.zone import SHANGHAI
from models.policy_redemption.bulletin import BulletinStatus as S
from models.policy_redemption.failings import Failing
from models.policy_redemption.statistics import Period, Statistics, day_in_following_month, last_closed, period
from tasks.case import open_case
from tasks.clock import local_day, now
from tasks.filing import Filed, file_papers
from tasks.policy_redemption.bulletin_paper import compose
from tasks.policy_redemption.bulletin_sheet import file_workbook
from tasks.policy_redemption.statistics import statistics
from tasks.step import Dossier, step

Kind = Literal["quarter", "month"]
PROCESS: Final[dict[Kind, str]] = {"quarter": "policy_bulletin", "month": "policy_statistics"}
MARK: Final[dict[Kind, str]] = {"quarter": "TB", "month": "TJ"}
ISSUER: Final[dict[Kind, str]] = {
    "quarter": "policy_redemption.bulletin_issuer",
    "month": "policy_redemption_supervision.statistics_issuer",
}
DAY: Final[dict[Kind, str]] = {
    "quarter": "policy_redemption.bulletin_day",
    "month": "policy_redemption_supervision.statistics_day",
}
TOLD: Final = "policy_redemption_demand.demand_departments"


class Compiled(Fact):
    """A bulletin that was compiled: its figures, its draft and its workbook."""

    statistics: Statistics
    evidence: int
    draft: Filed
    workbook: Filed


class Circulated(Fact):
    """A bulletin that went out: the paper, and to whom."""

    paper: Filed
    number: str
    told: tuple[str, ...]


def named(kind: Kind, name: str) -> Period:
    """Return the period that is named, or the last one that is over.

    Raises:
        Refusal: it is no period of that kind.
    """
    found = period(name) if name else last_closed(kind, local_day(now()))
    if found.kind != kind:
        raise Refusal("bulletin.period_wrong", given=name)
    return found


def number_of(of: Period) -> str:
    """Return the case number of a bulletin: TB-2027Q1, TJ-2027-03."""
    return f"{MARK[of.kind]}-{of.name}"


def run_name(kind: Kind) -> Callable[..., str]:
    """Return the function that names a run: which bulletin of which period."""
    process = PROCESS[kind]

    def name(**parameters: str) -> str:
        return say(f"{process}.run_name", period=next(iter(parameters.values())) or say("bulletin.last"))

    return name


def open_bulletin(kind: Kind, name: str) -> Dossier:
    """Open the bulletin of a period, or take up the one that is open.

    Raises:
        Refusal: it is no such period, the period has not begun, or it ended before the rules were in force.
    """
    of = named(kind, name)
    if of.begins > now():
        raise Refusal("bulletin.not_begun", period=of.title)
    rule(DAY[kind], of.following)  # a period before the rules is refused here
    process = PROCESS[kind]
    return open_case(
        number_of(of),
        process=process,
        subject=say(f"{process}.subject", period=of.title),
        on=of.following,
        story=f"{process}/{process}",
        parameters={kind: of.name},
        status=S.PLANNED,
    )


def period_of(dossier: Dossier) -> Period:
    """Return the period that a bulletin is about."""
    return period(dossier.number.partition("-")[2])


def issuer(dossier: Dossier) -> str:
    """Return the role that issues a bulletin."""
    return str(rule(ISSUER[period_of(dossier).kind], dossier.on))


def due_day(dossier: Dossier) -> datetime:
    """Return the day by which a bulletin is due: a fixed day of the month that follows its period (POL-A7)."""
    of = period_of(dossier)
    return datetime.combine(day_in_following_month(of, rule(DAY[of.kind], dossier.on)), time(), SHANGHAI)


def _cite(dossier: Dossier) -> str:
    return cited(ISSUER[period_of(dossier).kind], dossier.on).label


@step(reaches=S.COMPILED, rule=_cite)
def compile_figures(dossier: Dossier) -> Compiled:
    """Count the period by department, and write the draft and the workbook with its charts and evidence."""
    made, counted = statistics(period_of(dossier), now())
    paper = compose(made, counted.evidence, issuer(dossier))
    return Compiled(
        statistics=made,
        evidence=len(counted.evidence),
        draft=file_papers(dossier, "draft", [paper], len(made.departments)),
        workbook=file_workbook(dossier, made, counted.evidence),
    )


def review_text(dossier: Dossier, found: Compiled) -> str:
    """Return what the question shows: the figures in short and where the draft lies."""
    return say("bulletin.review", **_short(found.statistics), draft=found.draft.file, workbook=found.workbook.file,
               title=dossier.subject)  # fmt: skip


def _short(found: Statistics) -> dict[str, Any]:
    return {
        "firms": f"{found.firms:,}",
        "visits": f"{found.visited:,}",
        "updates": sum(one.updates for one in found.departments),
        "online": f"{sum(one.online for one in found.departments):,}",
        **{failing.value: found.failed(failing) for failing in Failing},
    }


@step(reaches=S.CIRCULATED, tells=lambda sent: sent.told, rule=_cite)
def circulate_figures(dossier: Dossier, found: Compiled, paper_number: str) -> Circulated:
    """Write the bulletin as it goes out, and tell every department and zone."""
    _, counted = statistics(period_of(dossier), found.statistics.as_of)
    paper = compose(
        found.statistics, counted.evidence, issuer(dossier), number=paper_number or None, on=local_day(now())
    )
    owners = {one.department for one in found.statistics.departments}
    told = sorted({*rule(TOLD, dossier.on), *owners, "approval_bureau", "district_government"})
    return Circulated(
        paper=file_papers(dossier, "bulletin", [paper], len(told)),
        number=paper_number,
        told=tuple(told),
    )
