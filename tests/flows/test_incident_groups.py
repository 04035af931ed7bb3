"""Ten working groups (2.5): ordered at once and once, heard from at intervals, their tasks in their order."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.emergency_plan import emergency_plan
from models.incident_response.status import IncidentStatus as S
from tasks.incident_response.activation import activate
from tasks.incident_response.call_record import CALLS
from tasks.incident_response.groups import direct, order_groups
from tasks.incident_response.incident import GROUPS, ORDERS, TASKS
from tasks.step import Dossier
from tests.flows.command_stage import (
    ORDER,
    change,
    decided,
    incident,
    minutes,
    notices,
    once,
    reported,
    seats,
    staffed,
    status,
    tell,
)  # fmt: skip
from tests.ground import BOTH, DEADLINES, Ground, anew, race, rows_of, settled


@pytest.fixture(params=["sqlite"])
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    for found in settled(request, home, monkeypatch):
        staffed()
        yield found


@pytest.fixture(params=BOTH)
def either(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    for found in settled(request, home, monkeypatch):
        staffed()
        yield found


def activated(level: str = "IV", beyond: str = "no") -> Dossier:
    """Bring an incident to where the groups are ordered."""
    case = reported(worst_grade=level)
    once(activate, case)
    decided("activate", "incident_commander", **{**ORDER, "response_level": level, "beyond_district": beyond})
    if once(activate, case) == "parked":
        decided(f"agree.{level}", "district_government", verdict="approve")
        assert once(activate, case) is True
    return case


def ordered(level: str = "IV") -> Dossier:
    case = activated(level)
    tell(order_groups, case)
    return case


def test_ten_groups_are_ordered_with_tasks_orders_calls_and_clocks(ground: Ground) -> None:
    case, plan = activated(), emergency_plan()
    tell(order_groups, case)
    assert status(case) == S.RESPONDING
    groups = rows_of(GROUPS, case_id=case.id)
    assert len(groups) == 10
    assert {row.status for row in groups} == {"ordered"}
    assert next(row for row in groups if row.code == "aftermath").lead == "town:yuelai"
    tasks = rows_of(TASKS, case_id=case.id)
    assert len(tasks) == sum(len(group.tasks) for group in plan.groups)
    assert all(row.clause and row.owner for row in tasks)
    orders = rows_of(ORDERS, case_id=case.id, kind="group")
    assert [row.number for row in orders] == list(range(2, 12))
    assert {row.level for row in orders} == {"IV"}
    called = {row.purpose for row in rows_of(CALLS, case_id=case.id) if row.purpose.startswith("group:")}
    assert called == {f"group:{group.code}" for group in plan.groups}
    names = [row.name for row in rows_of(DEADLINES, case_id=case.id)]
    assert sum(name.startswith("heartbeat.") for name in names) == 10
    assert notices(case)


def test_ten_groups_exactly_once_whatever_runs_at_once(either: Ground) -> None:
    case = activated()
    found = race(*(lambda: order_groups(anew(case)) for _ in range(3)))
    assert all(one == found[0] for one in found)
    assert len(rows_of(GROUPS, case_id=case.id)) == 10
    assert len(rows_of(ORDERS, case_id=case.id, kind="group")) == 10
    tell(order_groups, case)
    assert len(rows_of(ORDERS, case_id=case.id)) == 11


def test_ordering_them_takes_a_fraction_of_a_second(ground: Ground) -> None:
    case = activated()
    began = time.perf_counter()
    order_groups(anew(case))
    assert time.perf_counter() - began < 1.5  # what is left of two seconds is Prefect's


def test_a_silent_group_is_asked_for_once_with_a_call(ground: Ground) -> None:
    case = ordered()
    minutes(emergency_plan().group("rescue").heartbeat_minutes + 1)
    tell(direct, case)
    assert ("officer:R1", "notice_kernel.rung_breach") in notices(case)
    assert ("officer:O1", "notice_kernel.rung_breach_up") in notices(case)
    again = rows_of(CALLS, case_id=case.id, purpose="group:rescue")
    assert {row.occasion for row in again} == {1, 2}
    tell(direct, case)
    assert len(rows_of(CALLS, case_id=case.id, purpose="group:rescue")) == len(again)


def test_a_higher_grade_is_proposed_and_the_orders_are_replaced(ground: Ground) -> None:
    case = ordered()
    tell(direct, case)
    change(case, worst_grade="III", dead=3)
    tell(direct, case)
    assert seats("level") == ["incident_commander"]
    decided("level", "incident_commander", verdict="raise_level", beyond_district="no")
    tell(direct, case)
    assert seats("agree_raise") == ["district_government"]
    assert incident(case).response_level == "IV"
    decided("agree_raise", "district_government", verdict="approve")
    tell(direct, case)
    assert (incident(case).response_level, incident(case).beyond_district) == ("III", False)
    groups = rows_of(ORDERS, case_id=case.id, kind="group")
    old, new = groups[:10], groups[10:]
    assert {row.level for row in new if row.withdrawn_at is None} == {"III"}
    assert len(new) == 10
    assert [row.withdrawn_by for row in old] == [row.number for row in new]
    assert "officer:R1" in {who for who, _ in notices(case, "order_withdrawn")}
    assert (ground.home / "papers" / case.number / "order-012-level.docx").is_file()


def test_a_level_that_was_kept_is_not_proposed_again_until_it_gets_worse(ground: Ground) -> None:
    case = ordered()
    change(case, worst_grade="III")
    tell(direct, case)
    decided("level", "incident_commander", verdict="keep_level")
    tell(direct, case)
    assert seats("level") == []
    change(case, worst_grade="II")
    tell(direct, case)
    assert seats("level") == ["incident_commander"]
    change(case, worst_grade="III")
    tell(direct, case)
    tell(direct, case)
    assert seats("level") == []  # outdated
