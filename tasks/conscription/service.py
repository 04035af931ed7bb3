"""After the approval: transport, handover, returns within 45 days, the season's close (Art. 17–18, 21–23)."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select

from config.fact import Fact
from config.rulebook import cited, rule
from config.season import Season
from models.conscription.roll import Returned
from models.conscription.status import MemberStatus as M
from models.conscription.status import SeasonStatus as S
from models.deadline import Clock
from tasks.conscription.check import OFFICE
from tasks.conscription.course import TOWN_ROLES, after, morning, rule_of
from tasks.deadline import Owed, meet_clock, start_clock
from tasks.journal import CASES
from tasks.members import Member, Moved, over_members
from tasks.step import Dossier, step
from tasks.store import reading, table

RETURNS: Final = table(Returned)
SERVED: Final = (M.APPROVED, M.HANDED_OVER, M.IN_SERVICE, M.RETURNED, M.DEREGISTERED, M.REINSTATED, M.SANCTIONED)


class Transport(Fact):
    """The transport plan: how many leave, from when to when."""

    recruits: int
    departs: date
    until: date


@step(reaches=S.TRANSPORT_PLANNED, tells=("transport_group", "transport_bureau", OFFICE))
def draft_transport(dossier: Dossier, plan: Season) -> Transport:
    """Draft the transport plan that goes up for approval (Art. 17)."""
    window = plan.windows.departure
    return Transport(recruits=_count(dossier, M.APPROVED), departs=window.start, until=window.until)


def _count(dossier: Dossier, *statuses: M) -> int:
    chosen = (
        select(func.count()).select_from(CASES).where(CASES.c.parent_id == dossier.id, CASES.c.status.in_(statuses))
    )
    with reading() as connection:
        return int(connection.execute(chosen).scalar_one())


@step(reaches=S.TRANSPORT_APPROVED, tells=("transport_bureau", "transport_group", *TOWN_ROLES))
def order_transport(dossier: Dossier, departs: date) -> date:
    """Pass the approved plan on; start the days counted back from the departure (征兵工作条例 Art. 39–45)."""
    for name, days in _before_departure(dossier).items():
        due = departs - timedelta(days=days)
        start_clock(
            dossier,
            Owed(
                name,
                Clock.DATE,
                anchor=morning(due),
                office="transport_group",
                rule=cited(f"conscription.{name}", dossier.on).label,
                rungs=("before:1", "last_day", "breach"),
            ),
        )
    return departs


def prepared_by(dossier: Dossier, departs: date) -> date:
    """Return the day by which the archives are checked, the last of the preparations before the faults."""
    return departs - timedelta(days=_before_departure(dossier)["archive_check_hours"])


@step(rule=rule_of("archive_check_hours"))
def confirm_preparations(dossier: Dossier) -> bool:
    """Note that receiving staff are there and the archives checked and corrected (征兵工作条例 Art. 39-43)."""
    for name in ("receiving_staff_days", "archive_check_hours", "archive_fault_hours"):
        meet_clock(dossier, name)
    return True


def meet_handover(dossier: Dossier) -> None:
    """Note that the recruits were handed over."""
    meet_clock(dossier, "handover_days")


def _before_departure(dossier: Dossier) -> Mapping[str, int]:
    receiving: Mapping[str, int] = rule("conscription.receiving_staff_days", dossier.on)
    hours_a_day = 24
    return {
        "receiving_staff_days": receiving["latest"],
        "archive_check_hours": rule("conscription.archive_check_hours", dossier.on) // hours_a_day,
        "archive_fault_hours": rule("conscription.archive_fault_hours", dossier.on) // hours_a_day,
        "handover_days": rule("conscription.handover_days", dossier.on),
    }


@over_members(M.APPROVED, reaches=S.HANDING_OVER, tells=("transport_group", OFFICE))
def hand_over(dossier: Dossier, members: list[Member], unit: str) -> Iterator[Moved]:  # noqa: ARG001 -- a step takes its dossier
    """Hand the recruits over to the receiving unit with the dispatch roster (Art. 17)."""
    for member in members:
        yield Moved(member, M.HANDED_OVER, {"receiving_unit": unit})


@over_members(M.HANDED_OVER, reaches=S.RETURN_WINDOW, tells=(OFFICE, "resettlement_group"), rule=rule_of("return_days"))
def begin_service(dossier: Dossier, members: list[Member], arrived: date) -> Iterator[Moved]:  # noqa: ARG001 -- a step takes its dossier
    """Note the arrival; from it the unit has 45 days to send somebody back (征兵工作条例 Art. 49)."""
    for member in members:
        yield Moved(member, M.IN_SERVICE, {"arrived": arrived})


@step(rule=rule_of("return_days"))
def open_return_window(dossier: Dossier, arrived: date) -> datetime:
    """Start the 45 days from the arrival within which the unit may send its letter (征兵工作条例 Art. 49)."""
    days = cited("conscription.return_days", dossier.on)
    last = arrived + timedelta(days=days.value)
    start_clock(
        dossier,
        Owed("return_window", Clock.DATE, anchor=morning(last), office=OFFICE, rule=days.label, rungs=("last_day",)),
    )
    return after(last)


def end_return_window(dossier: Dossier) -> None:
    """Note that the 45 days are over."""
    meet_clock(dossier, "return_window")


def any_returned(dossier: Dossier) -> bool:
    """Say whether recruits were sent back and are not yet dealt with."""
    return _count(dossier, M.RETURNED) > 0


@over_members(M.RETURNED, tells=(OFFICE, *TOWN_ROLES), rule=rule_of("return_days"))
def deregister(dossier: Dossier, members: list[Member]) -> Iterator[Moved]:  # noqa: ARG001 -- a step takes its dossier
    """Cancel the formalities of enlistment of those sent back (Art. 18)."""
    for member in members:
        yield Moved(member, M.DEREGISTERED, {"deregistered": True})


@over_members(M.DEREGISTERED, tells=(OFFICE, "discipline_group"))
def settle_returns(dossier: Dossier, members: list[Member]) -> Iterator[Moved]:  # noqa: ARG001 -- a step takes its dossier
    """Give work or study back; whoever refused to serve falls under Art. 25 instead (Art. 18)."""
    with reading() as connection:
        chosen = select(RETURNS.c.case_id, RETURNS.c.ground).where(
            RETURNS.c.case_id.in_([member.id for member in members])
        )
        grounds = dict(connection.execute(chosen).tuples().all())
    for member in members:
        ground = grounds[member.id]
        refused = ground in ("refusal", "concealment")
        yield Moved(
            member, M.SANCTIONED if refused else M.REINSTATED, {"ground": ground, "article": "25" if refused else "18"}
        )


class TownResult(Fact):
    """How a town did: places, recruits approved, returned, and returned for attitude."""

    quota: int
    approved: int
    returned: int
    attitude: int

    @property
    def met(self) -> bool:
        """Say whether the town met its task."""
        return self.approved >= self.quota


class Assessment(Fact):
    """The season's results by town (Art. 21–23)."""

    towns: dict[str, TownResult]
    approved: int
    quota: int


@step(
    reaches=S.ASSESSED, tells=("armed_forces_department", OFFICE, *TOWN_ROLES), rule=rule_of("assessment_disqualifiers")
)
def assess_towns(dossier: Dossier, plan: Season) -> Assessment:
    """Count each town's result: asked, approved, sent back; a missed task brings an explanation (Art. 23)."""
    counted = (
        select(CASES.c.unit, CASES.c.status, RETURNS.c.ground, func.count().label("members"))
        .outerjoin(RETURNS, RETURNS.c.case_id == CASES.c.id)
        .where(CASES.c.parent_id == dossier.id, CASES.c.status.in_(SERVED))
        .group_by(CASES.c.unit, CASES.c.status, RETURNS.c.ground)
    )
    tallies: dict[str, dict[str, int]] = {
        town: {"approved": 0, "returned": 0, "attitude": 0} for town in plan.quota.by_town
    }
    with reading() as connection:
        for row in connection.execute(counted):
            tally: dict[str, Any] = tallies[row.unit]
            tally["approved"] += row.members
            tally["returned"] += row.members if row.ground else 0
            tally["attitude"] += row.members if row.ground in ("attitude", "refusal") else 0
    towns = {town: TownResult(quota=plan.quota.by_town[town], **tally) for town, tally in tallies.items()}
    return Assessment(towns=towns, approved=sum(town.approved for town in towns.values()), quota=plan.quota.district)
