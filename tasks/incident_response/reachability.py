"""Who of the plan can be reached, by which ways, and the weekly test that proves it."""

from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import func, select

from config.channels import Channels, channels
from config.emergency_plan import EmergencyPlan, emergency_plan
from config.fact import Fact
from config.messages import say
from config.rulebook import rule
from tasks.case import open_case
from tasks.clock import now, today
from tasks.incident_response.call import call
from tasks.incident_response.call_record import ACKS, CALLS, one_by_one, role_title
from tasks.journal import CASES
from tasks.notify import holders
from tasks.step import Dossier, step
from tasks.store import reading, transaction
from tasks.yearly import local

PROCESS: Final = "reachability_test"
STORY: Final = "reachability_test/通联测试"
PURPOSE: Final = "reachability"
TEMPLATE: Final = "incident_call.test"
OPEN: Final = "calling"
CLOSED: Final = "closed"
PREFIX: Final = "TL"
FEWEST_WAYS: Final = 2
"""Ways out of the house that each person ought to have."""


def run_name(day: str = "") -> str:
    """Return the name of a test's run."""
    return say("reachability_test.run_name", day=day or today().isoformat())


def roles_of(plan: EmergencyPlan) -> list[str]:
    """Return every role that the plan calls, each once: command, deputies, office, groups with alternates, members."""
    groups = [role for group in plan.groups for role in (group.head, group.alternate, group.lead) if role]
    everybody = [plan.commander, *plan.deputies, plan.office, plan.scene, *groups, *plan.members, *plan.first_told]
    return one_by_one(everybody)


def take_up(day: str) -> Dossier:
    """Open the test of a day, or take it up."""
    on = date.fromisoformat(day) if day else today()
    return open_case(
        f"{PREFIX}-{on:%Y%m%d}",
        process=PROCESS,
        subject=say("reachability_test.subject", day=on.isoformat()),
        on=on,
        story=STORY,
        parameters={"day": on.isoformat()},
        status=OPEN,
    )


class Called(Fact):
    """How many were called in a test, and until when their answers are waited for."""

    calls: int
    until: datetime


@step()
def call_everybody(dossier: Dossier) -> Called:
    """Call everybody of the plan by the first way, with a text that says that it is a test."""
    made = call(dossier, PURPOSE, roles_of(emergency_plan().for_town("")), TEMPLATE, {}, climbs=False)
    hours = rule("incident_response.reachability_hours", dossier.on)
    return Called(calls=made, until=now() + timedelta(hours=hours))


def ends_at(dossier: Dossier) -> datetime:
    """Return until when answers are waited for."""
    return Called.model_validate(dossier.journal["call_everybody", dossier.turn]).until


def all_heard(dossier: Dossier) -> bool:
    """Say whether everybody has acknowledged."""
    return not _silent(dossier)


def _silent(dossier: Dossier) -> list[Any]:
    """Return the calls that nobody answered; a role's own where one of its holders answered is none."""
    with reading() as connection:
        chosen = select(CALLS).where(CALLS.c.case_id == dossier.id).order_by(CALLS.c.id)
        return [row for row in connection.execute(chosen) if row.answered_at is None]


class Silent(Fact):
    """Who did not acknowledge a test: staff numbers, and offices that nobody answers for."""

    count: int
    who: str
    called: int


@step(tells=("command_office", "emergency_duty"))
def report_silent(dossier: Dossier) -> Silent:
    """Report who did not acknowledge the test."""
    rows = _silent(dossier)
    who = "、".join(dict.fromkeys(f"{role_title(row.role)} {row.staff_no}".strip() for row in rows))
    called = Called.model_validate(dossier.journal["call_everybody", dossier.turn]).calls
    return Silent(count=len(rows), who=who or say("reachability_test.nobody"), called=called)


class Reachable(NamedTuple):
    """Somebody of the plan: post, staff number, ways in their order, what is wrong, last test."""

    role: str
    staff_no: str
    ways: list[str]
    faults: list[str]
    tested: str


def reachable(plan: EmergencyPlan | None = None) -> list[Reachable]:
    """Return everybody of the plan with their ways, whoever has the fewest ones as they stand in the plan."""
    book, tested = channels(), _tested()
    found = []
    with transaction() as tx:
        for role in roles_of(plan or emergency_plan().for_town("")):
            for staff_no in holders(tx, role, today()) or [""]:
                who = f"officer:{staff_no}" if staff_no else f"role:{role}"
                ways, faults = _ways(book, who), []
                if not staff_no:
                    faults.append(say("incident_call.fault_nobody"))
                if len(ways) < FEWEST_WAYS:
                    faults.append(say("incident_call.fault_ways", fewest=FEWEST_WAYS))
                last = tested.get((role, staff_no)) or (tested.get(("", staff_no)) if staff_no else None)
                found.append(Reachable(role_title(role), staff_no, ways, faults, local(last)))
    return found


def _ways(book: Channels, who: str) -> list[str]:
    return [*book.outward(who, drill=False), *(route.channel for route in book.numbers(who, drill=False))]


def _tested() -> dict[tuple[str, str], datetime]:
    """Return when each person, and each role that nobody holds, acknowledged a test last."""
    chosen = (
        select(CALLS.c.role, CALLS.c.staff_no, func.max(ACKS.c.occurred_at).label("last"))
        .join(ACKS, ACKS.c.call_id == CALLS.c.id)
        .join(CASES, CASES.c.id == CALLS.c.case_id)
        .where(CASES.c.process == PROCESS)
        .group_by(CALLS.c.role, CALLS.c.staff_no)
    )
    found: dict[tuple[str, str], datetime] = {}
    with reading() as connection:
        for row in connection.execute(chosen):
            for key in ((row.role, row.staff_no), ("", row.staff_no)):
                if row.staff_no or key[0]:
                    found[key] = max(row.last, found.get(key, row.last))
    return found
