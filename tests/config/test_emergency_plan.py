"""The fireworks plan as data: complete, its roles known, agreeing with the rules, and the same when read back."""

from datetime import date

import pytest
from sqlalchemy.dialects import sqlite

from config.emergency_plan import EmergencyPlan, emergency_plan
from config.offices import office, towns
from config.rulebook import rule
from models.column import CanonicalJson
from models.incident_response.grade import Level

ON = date(2026, 11, 25)
GROUPS = (
    "coordination", "security", "rescue", "experts", "medical",
    "environment", "logistics", "opinion", "investigation", "aftermath",
)  # fmt: skip


def every_role(plan: EmergencyPlan) -> set[str]:
    named = [plan.commander, *plan.deputies, plan.office, plan.scene]
    named += [*plan.scene_members, *plan.members, *plan.first_told, *plan.restore]
    for level in plan.levels.values():
        named += [*level.approvers, *level.report_to]
    for group in plan.groups:
        named += [group.lead, group.head, group.alternate, *group.members]
        named += [role for task in group.tasks for role in (task.owner, task.supervisor)]
    return {role for role in named if role}


def test_the_ten_groups_of_the_text_stand_in_its_order() -> None:
    plan = emergency_plan()
    assert tuple(group.code for group in plan.groups) == GROUPS
    assert [group.clause for group in plan.groups] == [f"2.5（{number}）" for number in range(1, 11)]
    assert all(3 <= len(group.tasks) <= 7 and group.duty for group in plan.groups)
    assert all(group.head == f"group_head:{group.code}" for group in plan.groups)


def test_the_command_of_2_1() -> None:
    plan = emergency_plan()
    assert plan.deputies == ("deputy_commander_a", "deputy_commander_b", "deputy_commander_c")
    assert len(plan.members) == 12  # eleven bodies and the zone
    assert "group_head:experts" in plan.scene_members
    assert "accident_unit" in plan.scene_members


@pytest.mark.parametrize("town", ["", *(one.id for one in towns())])
def test_every_role_is_one_of_the_offices(town: str) -> None:
    for role in every_role(emergency_plan().for_town(town)):
        office(role)


def test_a_zone_takes_its_place_everywhere() -> None:
    plan = emergency_plan().for_town("sanxing")
    aftermath = plan.group("aftermath")
    assert (aftermath.lead, aftermath.alternate) == ("town:sanxing", "head:sanxing")
    assert "town:sanxing" in plan.scene_members
    assert not {role for role in every_role(plan) if role in {"town", "head:town"}}


def test_the_levels_follow_the_rules() -> None:
    plan = emergency_plan()
    assert list(plan.levels) == list(Level)
    government_from = Level(rule("incident_response.start_government_from", ON))
    for name, level in plan.levels.items():
        assert level.approvers[0] == plan.commander
        assert ("district_government" in level.approvers) == (Level(name) >= government_from)
        assert "district_government" in level.report_to
    cadence = [level.situation_minutes for level in plan.levels.values()]
    assert cadence == sorted(cadence, reverse=True)


def test_leftover_fireworks_are_supervised_by_another() -> None:
    """INC-A11."""
    task = next(task for task in emergency_plan().group("security").tasks if task.code == "security.leftover")
    assert (task.owner, task.supervisor) == ("public_security_bureau", "group_head:security")


def test_every_task_has_its_clause_and_comes_after_tasks_that_exist() -> None:
    tasks = {task.code: task for group in emergency_plan().groups for task in group.tasks}
    assert len(tasks) == sum(len(group.tasks) for group in emergency_plan().groups)
    for task in tasks.values():
        assert task.clause[0].isdecimal()
        assert set(task.after) <= set(tasks)


@pytest.mark.parametrize("town", ["", "sanxing"])
def test_a_snapshot_reads_back_as_it_was(town: str) -> None:
    plan = emergency_plan().for_town(town)
    column, dialect = CanonicalJson(), sqlite.dialect()
    kept = column.process_bind_param(plan.model_dump(), dialect)
    back = EmergencyPlan.model_validate(column.process_result_value(kept, dialect))
    assert back == plan
    assert back.version == plan.version
    assert column.process_bind_param(back.model_dump(), dialect) == kept


def test_a_frozen_plan_changes_its_version_with_its_text() -> None:
    plan = emergency_plan()
    assert plan.model_copy(update={"stand_in_minutes": plan.stand_in_minutes + 1}).version != plan.version
    with pytest.raises(ValueError, match="frozen"):
        plan.title = "另一预案"  # type: ignore[misc]
