"""End of the emergency (4.6) and recovery (4.7): all three conditions, each loss, deputies, the superior, 48 clock hours."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from config.messages import Refusal, say
from config.settings import settings
from config.zone import SHANGHAI
from flows.incident_aftermath import end_condition, readiness
from models.deadline import Clock
from models.incident_response.status import IncidentStatus as S
from tasks.clock import now, set_clock
from tasks.deadline import DEADLINES
from tasks.incident_response.aftermath_form import condition
from tasks.incident_response.call_record import CALLS
from tasks.incident_response.condition import CONDITIONS, attest_from_outside, still_missing
from tasks.incident_response.ending import end_emergency
from tasks.incident_response.incident import GROUPS, INCIDENTS, ORDERS, put
from tasks.incident_response.lessons import lessons_of
from tasks.incident_response.order import issue
from tasks.incident_response.recovery import READINESS, restore
from tasks.journal import verify
from tasks.officer import POSTS
from tasks.rung import fire_rungs
from tasks.store import transaction
from tasks.yearly import local
from tests.flows.aftermath_stage import (
    TOWN,
    asked,
    code,
    decided,
    ended,
    met_all,
    outcomes,
    points,
    responding,
    staffed,
    status,
    tell,
)
from tests.flows.command_stage import notices
from tests.flows.service_stage import words
from tests.ground import BOTH, Ground, anew, later, race, rows_of, settled

HEADS = ("group_head:environment", "group_head:experts")
BODIES = ("ecology_bureau", "health_commission", "transport_bureau", "emergency_bureau", "civil_affairs_bureau",
          "meteorological_bureau", f"town:{TOWN}")  # fmt: skip
READY: dict[str, Any] = {"verdict": "all_restored", "used_up": "泡沫2吨", "restocked": "泡沫2吨"}


@pytest.fixture(params=["sqlite"])
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    for found in settled(request, home, monkeypatch):
        staffed(*HEADS, *BODIES)
        yield found


@pytest.fixture(params=BOTH)
def either(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    for found in settled(request, home, monkeypatch):
        staffed(*HEADS, *BODIES)
        yield found


def test_the_three_conditions_confirmed_and_approved_end_the_emergency(either: Ground) -> None:
    case = responding()
    ended(case, end_emergency)
    row = rows_of(INCIDENTS, case_id=case.id)[0]
    assert row.ended_at is not None
    assert {one.status for one in rows_of(GROUPS, case_id=case.id)} == {"withdrawn"}
    kinds = [one.kind for one in rows_of(ORDERS, case_id=case.id) if one.withdrawn_at is None]
    assert kinds == ["end", "return"]
    end = next(one for one in rows_of(ORDERS, case_id=case.id) if one.kind == "end")
    assert datetime.fromisoformat(end.content["ended_at"]) == row.ended_at
    assert all(one.ended_at is not None for one in rows_of(CALLS, case_id=case.id))
    assert points() == set()
    assert notices(case)
    (paper,) = (settings().home / "papers" / case.number).glob("order-*-end.docx")
    assert "应急终止令" in words(paper)
    running = [
        one.name for one in rows_of(DEADLINES, case_id=case.id) if one.met_at is None and one.superseded_at is None
    ]
    assert not [name for name in running if name.startswith(("heartbeat", "task"))]
    assert "impact_assessment" in running


def test_T_INC_31_the_end_is_refused_while_one_condition_is_missing(ground: Ground) -> None:
    case = responding()
    assert tell(end_emergency, case) == "parked"
    decided("end_condition.scene", "group_head:rescue", verdict="met", evidence="明火已灭")
    decided("end_condition.environment", "group_head:environment", verdict="met", evidence="海环监〔2027〕5号")
    assert tell(end_emergency, case) == "parked"
    with pytest.raises(Refusal) as refused:
        condition(case.number, say("incident_aftermath.condition_end"), "", "", staff_no=code("command_office")[0],
                  code=code("command_office")[1])  # fmt: skip
    assert str(refused.value) == "应急结束须三项条件同时具备，尚缺：导致次生、衍生事故的隐患消除（预案4.6）。"
    assert points() == {"end_condition.secondary"}
    assert status(case) == S.RESPONDING


def test_each_condition_is_attested_by_its_own_group_alone(ground: Ground) -> None:
    case = responding()
    tell(end_emergency, case)
    staff, given = code("group_head:environment")
    state = end_condition.fn(case.number, "事故现场得以控制", "已具备", staff, given, "看过")
    assert state.is_failed()
    assert len(still_missing(case.id)) == 3
    with pytest.raises(Refusal, match="证据"):
        decided("end_condition.scene", "group_head:rescue", verdict="met", evidence="")
    staff, given = code("group_head:rescue")
    state = end_condition.fn(case.number.lower(), "事故现场得以控制", "已具备", staff, given, "现场检查记录3号")
    assert state.is_completed()
    assert "尚缺：环境符合有关标准；导致次生" in str(state.message)
    assert tell(end_emergency, case) == "parked"
    assert points() == {"end_condition.environment", "end_condition.secondary"}


def test_a_condition_that_is_not_there_yet_is_asked_again_half_an_hour_later(ground: Ground) -> None:
    case = responding()
    tell(end_emergency, case)
    decided("end_condition.scene", "group_head:rescue", verdict="not_met", reason="余火未清")
    assert tell(end_emergency, case) == "parked"
    assert "end_condition.scene" not in points()
    later(minutes=31)
    assert tell(end_emergency, case) == "parked"
    assert "end_condition.scene" in points()


@pytest.mark.parametrize("when", ["confirming", "approving"])
def test_a_condition_lost_again_takes_back_what_was_put_forward(ground: Ground, when: str) -> None:
    case = responding()
    met_all(case, end_emergency)
    if when == "approving":
        decided("end_confirm", "command_office", verdict="confirm_end")
        assert tell(end_emergency, case) == "parked"
        assert points() == {"end_approve.1"}
    staff, given = code("group_head:rescue")
    state = end_condition.fn(case.number, "事故现场得以控制", "尚不具备或者重新失去", staff, given, "复燃")
    assert "收回" in str(state.message)
    assert tell(end_emergency, case) == "parked"
    assert points() == {"end_condition.scene"}
    decided("end_condition.scene", "group_head:rescue", verdict="met", evidence="再次扑灭")
    assert tell(end_emergency, case) == "parked"
    assert points() == {"end_confirm"}
    assert [one.met for one in rows_of(CONDITIONS, condition="scene")] == [True, False, True]


def test_the_scene_may_say_which_condition_is_not_there(ground: Ground) -> None:
    case = responding()
    with transaction() as tx:
        issue(tx, case, "scene", {"matter": "成立现场指挥部"}, issued_by="C1")
    met_all(case, end_emergency)
    assert asked("end_confirm").role == "onsite_command"
    decided("end_confirm", "onsite_command", verdict="environment_lost", reason="下游水质未达标")
    assert tell(end_emergency, case) == "parked"
    assert points() == {"end_condition.environment"}
    assert "下游" in rows_of(CONDITIONS, condition="environment")[-1].evidence


def test_the_commander_may_refuse_and_the_scene_confirms_anew(ground: Ground) -> None:
    case = responding()
    met_all(case, end_emergency)
    decided("end_confirm", "command_office", verdict="confirm_end")
    tell(end_emergency, case)
    decided("end_approve.1", "incident_commander", verdict="reject", reason="再观察两小时")
    assert tell(end_emergency, case) == "parked"
    assert points() == {"end_confirm"}
    assert status(case) == S.RESPONDING


def test_where_the_commander_does_not_answer_the_deputies_are_asked_in_order(ground: Ground) -> None:
    case = responding()
    met_all(case, end_emergency)
    decided("end_confirm", "command_office", verdict="confirm_end")
    assert tell(end_emergency, case) == "parked"
    assert {one.role for one in rows_of(CALLS, case_id=case.id, purpose="end")} == {"incident_commander"}
    later(minutes=11)
    assert tell(end_emergency, case) == "parked"
    assert points() == {"end_approve.2"}
    later(minutes=11)
    assert tell(end_emergency, case) == "parked"
    decided("end_approve.3", "deputy_commander_a", verdict="approve")
    assert tell(end_emergency, case) is None
    assert outcomes(case, "declare_end")[0]["by"] == "C2"


def test_a_condition_lost_in_the_moment_of_the_approval_ends_nothing(either: Ground) -> None:
    case = responding()
    met_all(case, end_emergency)
    decided("end_confirm", "command_office", verdict="confirm_end")
    tell(end_emergency, case)
    decided("end_approve.1", "incident_commander", verdict="approve")
    staff, given = code("group_head:rescue")
    condition(case.number, "scene", "lost", "复燃", staff_no=staff, code=given)
    assert tell(end_emergency, case) == "parked"
    assert outcomes(case, "declare_end") == [{"declared": False, "at": None, "by": "", "order": 0, "document": ""}]
    assert status(case) == S.RESPONDING


def test_under_superior_command_its_declaration_ends_the_response(ground: Ground) -> None:
    case = responding()
    met_all(case, end_emergency)
    assert points() == {"end_confirm"}
    with transaction() as tx:
        put(tx, case.id, command="superior")
    assert tell(end_emergency, case) == "parked"
    assert points() == {"superior_end"}
    at = now().astimezone(SHANGHAI).replace(second=0, microsecond=0) - timedelta(minutes=1)
    with pytest.raises(Refusal, match="不是时间"):
        decided(
            "superior_end",
            "command_office",
            verdict="declared_end",
            superior_document="通应指〔2027〕1号",
            declared_at="昨天",
        )
    later(minutes=30)
    decided("superior_end", "command_office", verdict="declared_end", superior_document="通应指〔2027〕1号",
            declared_at=f"{at + timedelta(minutes=10):%Y-%m-%d %H:%M}")  # fmt: skip
    assert tell(end_emergency, case) is None
    found = outcomes(case, "take_superior_end")[0]
    assert found["document"] == "通应指〔2027〕1号"
    assert rows_of(INCIDENTS, case_id=case.id)[0].ended_at == at + timedelta(minutes=10)


def test_the_superior_may_give_the_command_back_before_the_end(ground: Ground) -> None:
    case = responding()
    tell(end_emergency, case)
    with transaction() as tx:
        put(tx, case.id, command="superior")
    assert tell(end_emergency, case) == "parked"
    assert points() == {"superior_end"}
    staff, given = code("command_office")
    with pytest.raises(Refusal, match="上级"):
        condition(case.number, "end", "", "", staff_no=staff, code=given)
    with transaction() as tx:
        put(tx, case.id, command="district")
    assert tell(end_emergency, case) == "parked"
    assert points() == {"end_condition.scene", "end_condition.environment", "end_condition.secondary"}
    ended(case, end_emergency)


def test_after_the_end_what_flares_up_is_a_new_accident(ground: Ground) -> None:
    case = responding()
    ended(case, end_emergency)
    staff, given = code("group_head:rescue")
    with pytest.raises(Refusal, match="新的事故"):
        condition(case.number, "scene", "lost", "复燃", staff_no=staff, code=given)


def declared(case: Any, at: datetime) -> None:
    """Have the end declared at a moment."""
    met_all(case, end_emergency)
    decided("end_confirm", "command_office", verdict="confirm_end")
    tell(end_emergency, case)
    set_clock(at - timedelta(seconds=31))
    decided("end_approve.1", "incident_commander", verdict="approve")
    assert tell(end_emergency, case) is None


def test_T_INC_33_the_48_hours_are_clock_hours_holidays_or_not(ground: Ground) -> None:
    set_clock(datetime(2023, 10, 1, 9, tzinfo=SHANGHAI), back=True)
    with transaction() as tx:
        tx.core.execute(update(POSTS).values(since=date(2023, 1, 1)))
    case = responding()
    at = datetime(2023, 10, 1, 14, 30, tzinfo=SHANGHAI)
    declared(case, at)
    assert tell(restore, case) == "parked"
    clocks = [one for one in rows_of(DEADLINES, case_id=case.id) if one.name.startswith("readiness.")]
    assert len(clocks) == 9
    for one in clocks:
        assert (one.clock, one.budget) == (Clock.HOURS, 48)
        assert (local(one.anchor_at), local(one.due_at)) == ("2023-10-01 14:30", "2023-10-03 14:30")
    assert status(case) == S.RECOVERING


def test_everybody_attests_the_residents_are_home_and_gaps_become_items(ground: Ground) -> None:
    case = responding()
    ended(case, end_emergency)
    assert tell(restore, case) == "parked"
    assert len(points()) == 10
    with pytest.raises(Refusal, match="到位日期"):
        decided("readiness.fire_brigade", "fire_brigade", **(READY | {"verdict": "restored_with_gaps"}))
    gap = {"verdict": "restored_with_gaps", "outstanding": "泡沫1吨", "comes_on": "2027-01-20"}
    decided("readiness.fire_brigade", "fire_brigade", **(READY | gap))
    staff, given = code("public_security_bureau")
    state = readiness.fn(case.number, "区公安局", "警戒带", "警戒带", staff, given)
    assert state.is_completed(), state.message
    assert tell(restore, case) == "parked"
    assert "readiness.public_security_bureau" not in points()
    staff, given = code("public_security_bureau")
    assert "没有待确认" in str(readiness.fn(case.number, "区公安局", "无", "无", staff, given).message)
    for role in BODIES[:-1]:
        decided(f"readiness.{role}", role, **READY)
    later(hours=49)
    assert fire_rungs() > 0
    decided(f"readiness.town:{TOWN}", f"town:{TOWN}", **READY)
    assert tell(restore, case) == "parked"
    decided("residents_return", f"town:{TOWN}", verdict="returned_home")
    assert tell(restore, case) is None
    assert status(case) == S.RESTORED
    rows = {one.role: one for one in rows_of(READINESS, case_id=case.id)}
    assert [role for role, one in rows.items() if one.late] == [f"town:{TOWN}"]
    (item,) = lessons_of(case.id)
    assert (item.owner, str(item.due_on), item.source, item.kind) == (
        "fire_brigade",
        "2027-01-20",
        "recovery",
        "action",
    )
    assert f"readiness.town:{TOWN}" in [one.name for one in rows_of(DEADLINES, case_id=case.id) if one.met_at]
    assert notices(case, "finish_recovery")


def test_an_attestation_sent_twice_at_once_counts_once(either: Ground) -> None:
    case = responding()
    ended(case, end_emergency)
    tell(restore, case)
    staff, given = code("public_security_bureau")

    def send() -> str:
        return str(readiness.fn(case.number, "区公安局", "无", "无", staff, given).message)

    said = race(send, send)
    assert len([one for one in said if "已登记" in str(one)]) == 1


def test_no_personal_number_stands_in_an_attestation(ground: Ground) -> None:
    case = responding()
    staff, given = code("group_head:rescue")
    with pytest.raises(Refusal, match="手机号码"):
        attest_from_outside(case.number, next(iter(still_missing(case.id))), met=True, evidence="见13800138000",
                            staff_no=staff, code=given)  # fmt: skip


def test_two_runs_of_one_story_declare_one_end(either: Ground) -> None:
    case = responding()
    met_all(case, end_emergency)
    decided("end_confirm", "command_office", verdict="confirm_end")
    tell(end_emergency, case)
    decided("end_approve.1", "incident_commander", verdict="approve")
    first, second = anew(case), anew(case)
    assert race(lambda: end_emergency(first), lambda: end_emergency(second)) == [None, None]
    assert [one.kind for one in rows_of(ORDERS, case_id=case.id)].count("end") == 1
    assert list(verify()) == []
