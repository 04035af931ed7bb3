"""Whether the plan can be carried out by today's officers over today's channels."""

from config.channels import channels
from config.emergency_plan import EmergencyPlan
from config.emergency_plan_problems import People, PlanProblem, Ways, plan_problems
from config.offices import roles, towns
from tasks.officer import officers


def people_today() -> People:
    """Return who holds what today, and how each is reached when it is no drill."""
    holders: dict[str, list[str]] = {}
    ways: dict[str, Ways] = {}
    book = channels()
    for one in officers():
        if one.active:
            who = f"officer:{one.staff_no}"
            ways[one.staff_no] = Ways(book.outward(who, drill=False), bool(book.numbers(who, drill=False)))
            for role in one.roles:
                holders.setdefault(role, []).append(one.staff_no)
    return People(holders, ways)


def check_plan(plan: EmergencyPlan, people: People | None = None) -> list[PlanProblem]:
    """Check a plan against the register of offices, today's officers and their channels."""
    titles = {role.id: role.title for role in roles()}
    return plan_problems(plan, titles, people or people_today(), [f"town:{town.id}" for town in towns()])
