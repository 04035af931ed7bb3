"""Military registration of a year: announced, kept by town, overdue after 30 June, closed with a result (Art. 12)."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Final

from sqlalchemy import func, select

from config.fact import Fact
from config.messages import Refusal, say
from config.offices import TOWN_ROLE, towns
from config.rulebook import cited
from models.conscription.service_roll import Registrant
from models.conscription.status import MemberStatus as M
from models.conscription.status import SeasonStatus as S
from models.deadline import Clock
from models.judgement import day_of
from tasks.case import open_case
from tasks.clock import today
from tasks.conscription.course import TOWN_ROLES, after, morning, rule_of
from tasks.deadline import Owed, meet_clock, start_clock
from tasks.journal import CASES
from tasks.members import Member, Moved, over_members
from tasks.step import Dossier, step
from tasks.store import reading, table

REGISTRANTS: Final = table(Registrant)
PROCESS: Final = "military_registration"
STORY: Final = "military_registration/military_registration"
OFFICE: Final = "armed_forces_department"
YEARS: Final = range(2000, 2100)
DUTY: Final = "registration"
OWING: Final = (M.TO_REGISTER, M.REGISTRATION_OVERDUE)


def number_of(year: int) -> str:
    """Return the case number of a year's registration."""
    return f"DJ-{year}"


def year_of(number: str) -> int:
    """Return the year of a registration's case number."""
    return int(number.partition("-")[2][:4])


def due_day(year: int) -> date:
    """Return the last day of registration, included: the gazette's target, not the statute's (Art. 12).

    Raises:
        config.rulebook.NotInForceError: the year is before the rules.
    """
    return day_of(year, cited("conscription.registration_due", date(year, 12, 31)).value)


def this_year() -> int:
    """Return the year of today."""
    return today().year


def run_name(year: int = 0) -> str:
    """Return the name of a year's run."""
    return say("military_registration.run_name", year=year or this_year())


def open_year(year: int) -> Dossier:
    """Open the registration of a year, or take up the one that is open.

    Raises:
        Refusal: the year is none, or before the rules.
    """
    if year not in YEARS:
        raise Refusal("military_registration.year_wrong", year=year)
    subject = say("military_registration.subject", year=year)
    return open_case(
        number_of(year),
        process=PROCESS,
        subject=subject,
        on=due_day(year),
        story=STORY,
        parameters={"year": year},
        status=S.PLANNED,
    )


def announcement_text(year: int) -> str:
    """Return what to look at before the announcement is approved."""
    return say("question_military_registration.announcement", year=year, due=due_day(year).isoformat())


@step(reaches=S.REGISTERING, tells=("conscription_office", *TOWN_ROLES), rule=rule_of("registration_due"))
def announce(dossier: Dossier, year: int) -> dict[str, str]:  # noqa: ARG001 -- a step takes its dossier
    """Publish the announcement and notify the town departments, who organise the registration."""
    return {"due": due_day(year).isoformat()}


def remind_towns(dossier: Dossier, year: int) -> datetime:
    """Start the clock by which each town is reminded of those who lag; return the first moment after its last day."""
    due = due_day(year)
    owed = Owed(
        DUTY,
        Clock.DATE,
        anchor=morning(due),
        office=OFFICE,
        rule=cited("conscription.registration_due", dossier.on).label,
        lagging=list(OWING),
        unit_role=TOWN_ROLE,
        rungs=("before:30", "before:7", "last_day", "breach"),
    )
    start_clock(dossier, owed)
    return after(due)


def year_end(year: int) -> datetime:
    """Return the first moment after a year."""
    return after(date(year, 12, 31))


@over_members(M.TO_REGISTER, tells=(OFFICE, *TOWN_ROLES), rule=rule_of("registration_due"))
def list_overdue(dossier: Dossier, members: list[Member]) -> Iterator[Moved]:
    """List whoever has not registered by the day; late is a reminder, not yet an offence (兵役法 Art. 15)."""
    for member in members:
        yield Moved(member, M.REGISTRATION_OVERDUE, {"due": dossier.on})


class TownRegistration(Fact):
    """How a town did: how many must register, have, have after the day, and have not."""

    cohort: int = 0
    registered: int = 0
    late: int = 0
    overdue: int = 0


class RegistrationResult(Fact):
    """A year's registration by town."""

    towns: dict[str, TownRegistration]
    cohort: int
    registered: int
    overdue: int


@step(tells=(OFFICE, "conscription_office", *TOWN_ROLES), rule=rule_of("registration_due"))
def count_towns(dossier: Dossier) -> RegistrationResult:
    """Count each town's result at the end of the year."""
    counted = (
        select(CASES.c.unit, CASES.c.status, REGISTRANTS.c.late, func.count().label("men"))
        .join(REGISTRANTS, REGISTRANTS.c.case_id == CASES.c.id)
        .where(REGISTRANTS.c.registration_id == dossier.id)
        .group_by(CASES.c.unit, CASES.c.status, REGISTRANTS.c.late)
    )
    tallies = {town.id: {"cohort": 0, "registered": 0, "late": 0, "overdue": 0} for town in towns()}
    with reading() as connection:
        for row in connection.execute(counted):
            tally = tallies[row.unit]
            tally["cohort"] += row.men
            tally["registered" if row.status == M.REGISTERED else "overdue"] += row.men
            tally["late"] += row.men if row.late else 0
    results = {town: TownRegistration(**tally) for town, tally in tallies.items()}
    return RegistrationResult(
        towns=results,
        cohort=sum(one.cohort for one in results.values()),
        registered=sum(one.registered for one in results.values()),
        overdue=sum(one.overdue for one in results.values()),
    )


def end_reminders(dossier: Dossier) -> None:
    """Stop the clock at the end of the year; that it was late stays in the journal."""
    meet_clock(dossier, DUTY)
