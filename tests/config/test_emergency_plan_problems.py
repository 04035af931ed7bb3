"""The linter of emergency plans: a sound plan has no fault, and each fault is found with its place."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from config.emergency_plan import EmergencyPlan, LadderStep, PlanGroup, emergency_plan
from config.emergency_plan_problems import People, PlanProblem, Ways, plan_problems
from config.offices import roles, towns

PLAN = emergency_plan()
TITLES = {role.id: role.title for role in roles()}
TOWNS = [f"town:{town.id}" for town in towns()]
CALLED = (
    [PLAN.commander, *PLAN.deputies, PLAN.office, *PLAN.members, *PLAN.first_told]
    + [group.head for group in PLAN.groups]
    + [group.alternate for group in PLAN.groups]
    + TOWNS
    + [f"head:{town.rpartition(':')[2]}" for town in TOWNS]
)
HOLDERS = {role: [f"S{number:03}"] for number, role in enumerate(dict.fromkeys(CALLED))}
WAYS = {person: Ways(("wecom", "mail"), telephone=True) for persons in HOLDERS.values() for person in persons}
READY = People(HOLDERS, WAYS)


def changed(**values: Any) -> EmergencyPlan:
    """Return the plan with something put into it that its shape may not admit."""
    return PLAN.model_copy(update=values)


def with_group(code: str, /, **values: Any) -> EmergencyPlan:
    groups = tuple(group.model_copy(update=values) if group.code == code else group for group in PLAN.groups)
    return changed(groups=groups)


def with_task(code: str, /, **values: Any) -> EmergencyPlan:
    group = PLAN.group(code.partition(".")[0])
    tasks = tuple(task.model_copy(update=values) if task.code == code else task for task in group.tasks)
    return with_group(group.code, tasks=tasks)


def with_level(name: str, /, **values: Any) -> EmergencyPlan:
    return changed(levels=PLAN.levels | {name: PLAN.levels[name].model_copy(update=values)})


def steps(*pairs: tuple[int, str]) -> tuple[LadderStep, ...]:
    return tuple(LadderStep(after_minutes=minutes, by=by) for minutes, by in pairs)


def found(plan: EmergencyPlan, people: People | None = READY) -> list[PlanProblem]:
    problems = plan_problems(plan, TITLES, people, TOWNS)
    for one in problems:
        assert re.search(r"[\u4e00-\u9fff]", one.text)
        assert "\n" not in one.text
        assert one.place
    return problems


def holding(change: Callable[[dict[str, list[str]]], object]) -> People:
    holders = {role: [*persons] for role, persons in HOLDERS.items()}
    change(holders)
    return People(holders, WAYS)


def test_the_plan_of_the_district_is_sound_where_everybody_is_there() -> None:
    assert found(PLAN) == []
    assert found(PLAN, None) == []
    assert plan_problems(PLAN.for_town("sanxing"), TITLES) == []


SECURITY: PlanGroup = PLAN.group("security")
FAULTS = [
    (with_group("rescue", head=""), "groups.rescue.head", "没有组长"),
    (with_group("rescue", head="chief_of_nothing"), "groups.rescue.head", "chief_of_nothing"),
    (with_group("rescue", alternate=""), "groups.rescue.alternate", "到不了任何人"),
    (with_group("rescue", alternate="group_head:rescue"), "groups.rescue.alternate", "组长本人"),
    (with_group("rescue", tasks=()), "groups.rescue.tasks", "没有任务"),
    (with_group("medical", code="security"), "groups.security", "与另一组相同"),
    (changed(deputies=("deputy_commander_a", "incident_commander")), "deputies.1", "同一岗位"),
    (changed(levels={name: level for name, level in PLAN.levels.items() if name != "II"}), "levels.II", "没有规定"),
    (changed(levels=PLAN.levels | {"V": PLAN.levels["IV"]}), "levels.V", "没有“V”这一级"),
    (with_level("III", approvers=()), "levels.III.approvers", "没有批准人"),
    (with_level("III", approvers=("nobody_known",)), "levels.III.approvers.0", "nobody_known"),
    (with_level("III", report_to=()), "levels.III.report_to", "向谁上报"),
    (changed(ack_minutes={"received": 15, "on_the_way": 40}), "ack_minutes.on_site", "on_site"),
    (changed(ladder=steps((0, "channel:1"), (5, "voice"), (3, "alternate"))), "ladder.2", "早于它前面的一步"),
    (changed(ladder=steps((0, "channel:1"), (1, "channel:3"))), "ladder.1", "对谁都不起作用"),
    (changed(members=(*PLAN.members, "moon_bureau")), "members.12", "moon_bureau"),
    (changed(restore=("moon_bureau",)), "restore.0", "moon_bureau"),
    (with_task("rescue.fire", owner="moon_bureau"), "tasks.rescue.fire.owner", "moon_bureau"),
    (with_task("rescue.fire", owner=""), "tasks.rescue.fire.owner", "没有“”这个岗位"),
    (with_task("rescue.fire", supervisor="fire_brigade"), "tasks.rescue.fire.supervisor", "监督人就是承办人"),
    (with_task("rescue.fire", after=("rescue.nothing",)), "tasks.rescue.fire.after", "没有这项任务"),
    (with_task("rescue.fire", after=("rescue.clear",)), "tasks.rescue.fire.after", "排在自己之后"),
    (with_task("rescue.search", after=("rescue.search",)), "tasks.rescue.search.after", "排在自己之后"),
    (with_task("security.cordon", after=("security.evacuate",)), "tasks.security.evacuate.after", "排在自己之后"),
    (with_task("rescue.search", code="rescue.fire"), "tasks.rescue.fire", "与另一任务相同"),
    (with_group("rescue", tasks=SECURITY.tasks), "tasks.security.cordon", "不属于现场救援组"),
]


@pytest.mark.parametrize(("plan", "place", "says"), FAULTS, ids=[f"{place}-{says}" for _, place, says in FAULTS])
def test_each_fault_of_the_text_is_found_at_its_place(plan: EmergencyPlan, place: str, says: str) -> None:
    hits = [one for one in found(plan) if one.place == place and says in one.text]
    assert len(hits) == 1
    assert hits[0].severe
    if "ladder.1" not in place:
        assert hits[0].about == "plan"
        assert hits[0] in found(plan, None)


def test_a_step_that_comes_after_the_deputy_is_pointed_out() -> None:
    late = found(changed(stand_in_minutes=8))
    assert [(one.place, one.severe) for one in late] == [("ladder.3", False)]


@pytest.mark.parametrize(
    ("role", "place", "severe"),
    [
        ("incident_commander", "commander", True),
        ("deputy_commander_b", "deputies.1", True),
        ("command_office", "office", True),
        ("group_head:medical", "groups.medical.head", True),
        ("district_government", "first_told.2", True),  # it approves from level III on
        ("head:ecology_bureau", "groups.environment.alternate", False),
        ("finance_bureau", "members.4", False),
        ("town:sanxing", "members.11", False),
        ("head:sanxing", "groups.aftermath.alternate", False),
    ],
)
def test_a_role_that_nobody_holds_is_found(role: str, place: str, severe: bool) -> None:
    problems = found(PLAN, holding(lambda holders: holders.pop(role)))
    assert [(one.place, one.severe, one.about) for one in problems] == [(place, severe, "people")]
    assert TITLES[role] in problems[0].text


@pytest.mark.parametrize(
    ("ways", "number"), [(Ways(), 0), (Ways(("wecom",)), 1), (Ways((), telephone=True), 1), (None, 0)]
)
def test_a_person_with_fewer_than_two_ways_is_found(ways: Ways | None, number: int) -> None:
    person = HOLDERS["incident_commander"][0]
    others = {one: known for one, known in WAYS.items() if one != person}
    problems = found(PLAN, People(HOLDERS, others | ({person: ways} if ways else {})))
    assert [(one.place, one.severe) for one in problems] == [(f"officers.{person}", True)]
    assert f"只有{number}种联系方式" in problems[0].text
    assert "总指挥" in problems[0].text


def test_two_ways_are_enough_whatever_they_are() -> None:
    for ways in (Ways(("wecom",), telephone=True), Ways(("wecom", "mail"))):
        assert found(PLAN, People(HOLDERS, WAYS | {"S000": ways})) == []


def test_steps_that_no_one_in_the_plan_can_be_reached_by_are_found() -> None:
    poor = {person: Ways(("wecom",)) for person in WAYS}
    places = {one.place for one in found(PLAN, People(HOLDERS, poor)) if one.place.startswith("ladder")}
    assert places == {"ladder.1", "ladder.2"}


def test_one_person_in_two_posts_that_stand_in_for_each_other_is_found() -> None:
    def same(one: str, other: str) -> People:
        return holding(lambda holders: holders.update({one: holders[other]}))

    deputy = found(PLAN, same("deputy_commander_a", "incident_commander"))
    assert [(one.place, one.severe) for one in deputy] == [("deputies.0", True)]
    alternate = found(PLAN, same("head:fire_brigade", "group_head:rescue"))
    assert [(one.place, one.severe) for one in alternate] == [("groups.rescue.alternate", False)]
    leftover = found(PLAN, same("public_security_bureau", "group_head:security"))
    assert [one.place for one in leftover] == ["tasks.security.leftover.supervisor"]


def test_a_level_that_lacks_an_approver_of_the_rules_is_found() -> None:
    asked = {"IV": [PLAN.commander], "III": [PLAN.commander, "district_government"]}
    assert plan_problems(PLAN, TITLES, None, TOWNS, asked) == []
    alone = with_level("III", approvers=(PLAN.commander,))
    problems = plan_problems(alone, TITLES, None, TOWNS, asked)
    assert [(one.place, one.severe) for one in problems] == [("levels.III.approvers", True)]
    assert "区政府" in problems[0].text


def test_a_problem_tells_its_place_first() -> None:
    assert str(PlanProblem("levels.II", "缺少")) == "levels.II: 缺少"
