"""Whether the plan can be carried out by today's officers over today's channels."""

from datetime import date
from typing import Final

from config.channels import channels
from config.emergency_plan import EmergencyPlan
from config.emergency_plan_problems import People, PlanProblem, Ways, plan_problems
from config.offices import roles, towns
from config.rulebook import reading, rule
from models.incident_response.grade import PROCESS, Level
from tasks.clock import today
from tasks.officer import officers

GOVERNMENT: Final = "district_government"


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
    zones = [f"town:{town.id}" for town in towns()]
    return plan_problems(plan, titles, people or people_today(), zones, approvers_asked(plan.commander, today()))


def approvers_asked(commander: str, on: date) -> dict[str, list[str]]:
    """Return who must approve the start at each level: the commander, from a level on also the government (INC-A2)."""
    asked: dict[str, list[str]] = {level.value: [commander] for level in Level}
    if reading(f"{PROCESS}.command_start", on) == "commander_and_government":
        lowest = Level(rule(f"{PROCESS}.start_government_from", on))
        for level in Level:
            if level >= lowest:
                asked[level.value].append(GOVERNMENT)
    return asked
