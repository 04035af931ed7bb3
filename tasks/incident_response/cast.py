"""Two scripted officers who can answer for everybody in an accident: for the try-out, rehearsals and tests.

One commands and approves, the other is everybody else; whatever asks for another person finds one. Test data.
"""

from collections.abc import Iterator
from datetime import date
from typing import Final

from config.emergency_plan import EmergencyPlan, emergency_plan
from config.messages import say
from config.offices import office, towns
from tasks import officer

COMMANDER: Final = "S3001"
OFFICE: Final = "S3002"
OTHERS: Final = (
    "emergency_bureau",
    "emergency_duty",
    "publicity_department",
    "head:emergency_bureau",
    "justice_bureau",
)
"""Roles that act although the plan does not list them."""


def commanding(plan: EmergencyPlan) -> set[str]:
    """Return the roles that command, approve or supervise."""
    approvers = {role for level in plan.levels.values() for role in level.approvers}
    supervisors = {task.supervisor for group in plan.groups for task in group.tasks if task.supervisor}
    return {plan.commander, *plan.deputies, *approvers, *supervisors}


def _roles(plan: EmergencyPlan) -> Iterator[str]:
    yield from (plan.commander, *plan.deputies, plan.office, plan.scene, *plan.members, *plan.first_told, *plan.restore)
    for level in plan.levels.values():
        yield from (*level.approvers, *level.report_to)
    for group in plan.groups:
        yield from (group.lead, group.head, group.alternate, *group.members)
        for task in group.tasks:
            yield from (task.owner, task.supervisor)
    yield from OTHERS
    yield from (f"town:{town.id}" for town in towns())


def parts() -> tuple[list[str], list[str]]:
    """Return the roles of whoever commands, and everybody else's."""
    plan = emergency_plan()
    roles, chief = dict.fromkeys(role for role in _roles(plan) if role and role != "town"), commanding(plan)
    return [role for role in roles if role in chief], [role for role in roles if role not in chief]


def enrol_cast(since: date, staff: tuple[str, str] = (COMMANDER, OFFICE)) -> None:
    """Enrol the two, each with their roles, where they are not yet."""
    known = {one.staff_no for one in officer.officers()}
    for staff_no, held in zip(staff, parts(), strict=True):
        if staff_no not in known:
            officer.enrol(staff_no, say("synthetic.officer", office=office(held[0]).title), held, since)


def signer_of(role: str) -> str:
    """Return who of the two holds a role."""
    return COMMANDER if role in commanding(emergency_plan()) else OFFICE
