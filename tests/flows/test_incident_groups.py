"""Ten working groups (2.5): ordered at once and once, heard from at intervals, their tasks in their order."""

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from config.emergency_plan import emergency_plan
from config.messages import Refusal
from flows.cli import app
from flows.incident_command import add_task as add_task_form
from flows.incident_command import command_word, report_of_group
from flows.incident_command import note_event as note_event_form
from flows.incident_command import request_expansion as request_form
from models.incident_response.status import IncidentStatus as S
from tasks.incident_response.call_record import CALLS
from tasks.incident_response.command_act import Act, Event, Further, act, add_task, note_event
from tasks.incident_response.evidence_file import place_of
from tasks.incident_response.group_report import Given, report
from tasks.incident_response.groups import direct, order_groups, withdraw_groups
from tasks.incident_response.incident import GROUPS, ORDERS, TASKS
from tasks.incident_response.spoken import done, moment_of
from tasks.rung import fire_rungs
from tasks.step import Dossier
from tasks.store import transaction
from tests.flows.command_stage import (
    activated,
    change,
    decided,
    incident,
    minutes,
    notices,
    ordered,
    seats,
    sign,
    staffed,
    status,
    tell,
)  # fmt: skip
from tests.ground import BOTH, DEADLINES, ENTRIES, Ground, anew, hire, race, rows_of, settled


@pytest.fixture(params=["sqlite"])
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")  # nobody listens
    for found in settled(request, home, monkeypatch):
        staffed()
        yield found


@pytest.fixture(params=BOTH)
def either(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    for found in settled(request, home, monkeypatch):
        staffed()
        yield found


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


def said(case: Dossier, kind: str, staff_no: str = "R1", text: str = "已按要求办理", **more: str) -> str:
    given = Given(more.pop("group", "现场救援组"), kind, text, **more)
    return done(case.number, partial(report, given=given, signer=sign(staff_no)))


def task(case: Dossier, code: str) -> object:
    return rows_of(TASKS, case_id=case.id, code=code)[0]


def test_a_report_meets_the_heartbeat_and_awaits_the_next(ground: Ground) -> None:
    case = ordered()
    minutes(20)
    assert said(case, "情况", text="火势减弱") == "已登记：现场救援组，情况。"
    (row,) = rows_of(GROUPS, case_id=case.id, code="rescue")
    assert (row.turn, row.status) == (2, "working")
    clocks = rows_of(DEADLINES, case_id=case.id, name="heartbeat.rescue")
    assert [clock.met_at is not None for clock in clocks] == [True, False]
    minutes(emergency_plan().group("rescue").heartbeat_minutes - 1)
    tell(direct, case)
    assert "officer:R1" not in {who for who, _ in notices(case, "rung_breach")}
    minutes(2)
    tell(direct, case)
    assert "officer:R1" in {who for who, _ in notices(case, "rung_breach")}


def test_reports_at_once_are_all_heard(either: Ground) -> None:
    case = ordered()
    hire("R5", "group_head:rescue")
    given = Given("rescue", "情况", "火势减弱")
    signers = [sign("R1"), sign("R5")]
    found = race(*(partial(done, case.number, partial(report, given=given, signer=one)) for one in signers))
    assert found == ["已登记：现场救援组，情况。"] * 2
    (row,) = rows_of(GROUPS, case_id=case.id, code="rescue")
    assert row.turn == 3
    assert len(rows_of(ENTRIES, case_id=case.id, step="group-report")) == 2


def test_a_task_waits_for_those_that_come_first(ground: Ground) -> None:
    case = ordered()
    said(case, "任务开始", task="rescue.clear")
    assert task(case, "rescue.clear").status == "doing"
    with pytest.raises(Refusal, match="完成后才能完成"):
        said(case, "任务完成", task="rescue.clear")
    said(case, "任务完成", task="rescue.fire", text="明火已扑灭")
    said(case, "任务完成", task="rescue.search")
    said(case, "任务完成", task="rescue.clear")
    done_one = task(case, "rescue.fire")
    assert (done_one.status, done_one.done_by, done_one.evidence) == ("done", "R1", "明火已扑灭")
    (clock,) = rows_of(DEADLINES, case_id=case.id, name="task.rescue.fire")
    assert clock.met_at is not None
    with pytest.raises(Refusal, match="已经完成"):
        said(case, "任务开始", task="rescue.fire")


def test_a_late_task_reminds_its_owner_and_tells_the_head_and_the_office(ground: Ground) -> None:
    case = ordered()
    minutes(125)
    fire_rungs()  # without any run
    told = set(notices(case, "rung_breach")) | set(notices(case, "rung_breach_up"))
    assert ("officer:R3", "notice_kernel.rung_breach") in told  # the brigade owes rescue.fire
    assert ("officer:O1", "notice_kernel.rung_breach_up") in told


def test_leftover_fireworks_are_confirmed_by_another_person(ground: Ground) -> None:
    case = ordered()
    hire("R9", "public_security_bureau", "group_head:security")
    said(case, "任务完成", task="rescue.fire")
    with pytest.raises(Refusal, match="尚未报告完成"):
        said(case, "监督确认", "R2", group="安全警戒组", task="security.leftover")
    noted = said(case, "任务完成", "R9", group="安全警戒组", task="security.leftover", text="已清点销毁")
    assert "待监督人确认" in noted
    assert task(case, "security.leftover").status == "doing"
    with pytest.raises(Refusal, match="处置人以外的人员"):
        said(case, "监督确认", "R9", group="安全警戒组", task="security.leftover")
    with pytest.raises(Refusal, match="不担任"):
        said(case, "监督确认", "R4", group="安全警戒组", task="security.leftover")
    said(case, "监督确认", "R2", group="security", task="security.leftover")
    assert task(case, "security.leftover").status == "done"


def test_difficulties_are_told_and_a_file_never_stops_a_report(ground: Ground) -> None:
    case = ordered()
    noted = said(case, "请求支援", text="缺少洗消设备", file="现场.jpg")
    assert "没有找到附件“现场.jpg”" in noted
    assert "officer:O1" in {who for who, _ in notices(case, "group-report")}
    folder = ground.home / "mailbox" / case.number / "files"
    folder.mkdir(parents=True)
    (folder / "现场.jpg").write_bytes(b"picture")
    said(case, "任务完成", task="rescue.fire", file="现场.jpg")
    digest = task(case, "rescue.fire").evidence_digest
    assert place_of(digest).read_bytes() == b"picture"
    assert "附件名称不对" in said(case, "情况", file="../x.jpg")


@pytest.mark.parametrize(
    ("kind", "staff_no", "more", "sentence"),
    [
        ("情况", "O3", {}, "不担任办理本事项的岗位"),
        ("情况", "R1", {"group": "飞行组"}, "没有工作组“飞行组”"),
        ("闲聊", "R1", {}, "没有“闲聊”这一类别"),
        ("任务完成", "R1", {}, "须填写任务编号"),
        ("任务完成", "R1", {"task": "security.cordon"}, "没有编号为"),
        ("情况", "R1", {"text": "找13800138000"}, "请删去"),
        ("情况", "R1", {"text": " "}, "须为 2 至 500 个字"),
        ("情况", "R1", {"occurred": "2030-01-01 09:00"}, "在以后"),
        ("情况", "R1", {"occurred": "昨天"}, "写法不对"),
    ],
)
def test_a_wrong_report_is_refused_in_one_sentence(
    ground: Ground, kind: str, staff_no: str, more: dict[str, str], sentence: str
) -> None:
    case = ordered()
    with pytest.raises(Refusal, match=sentence):
        said(case, kind, staff_no, **more)
    assert rows_of(ENTRIES, case_id=case.id, step="group-report") == []


def test_a_group_that_was_not_ordered_reports_nothing(ground: Ground) -> None:
    case = activated()
    with pytest.raises(Refusal, match="尚未启动"):
        said(case, "情况")


def test_a_further_task_is_ordered_with_its_clock(ground: Ground) -> None:
    case = ordered()
    given = Further("医疗救护组", "增设临时救护点", 30, "4.3（1）")
    noted = done(case.number, partial(add_task, given=given, signer=sign("O2")))
    assert "X-1" in noted
    more = task(case, "X-1")
    assert (more.group_code, more.owner, more.clause) == ("medical", "health_commission", "4.3（1）")
    assert rows_of(ORDERS, case_id=case.id, kind="task")[0].issued_by == "O2"
    done(case.number, partial(add_task, given=Further("medical", "转运伤员", 20), signer=sign("C1")))
    assert task(case, "X-2").clause == "2.5"
    for wrong, sentence in (
        (Further("medical", "转运", 0), "分钟"),
        (Further("medical", "转运", 9, "附则"), "不是预案的条款"),
    ):
        with pytest.raises(Refusal, match=sentence):
            done(case.number, partial(add_task, given=wrong, signer=sign("C1")))


def test_an_event_keeps_when_it_occurred_beside_when_it_was_noted(ground: Ground) -> None:
    case = ordered()
    minutes(60)
    given = Event("封闭道路", "10:00", "4.3（3）")
    done(case.number, partial(note_event, given=given, signer=sign("O3")))
    (line,) = rows_of(ENTRIES, case_id=case.id, step="event")
    assert (line.outcome["occurred_at"][11:16], line.rule) == ("10:00", "海政办发〔2023〕31号 4.3（3）")
    assert line.at.isoformat() != line.outcome["occurred_at"]


def test_a_time_of_day_is_the_last_one(ground: Ground) -> None:
    assert moment_of("23:50").isoformat() == "2027-01-03T23:50:00+08:00"
    assert moment_of("01-03 08:00").isoformat() == "2027-01-03T08:00:00+08:00"


def test_the_on_site_command_is_set_up_by_the_commander_once(ground: Ground) -> None:
    case = ordered()
    do = partial(act, given=Act("成立现场指挥部", "现场情况复杂"))
    with pytest.raises(Refusal, match="不担任"):
        done(case.number, partial(do, signer=sign("O1")))
    done(case.number, partial(do, signer=sign("C2")))
    (order,) = rows_of(ORDERS, case_id=case.id, kind="scene")
    assert order.content["to"][0] == "onsite_command"
    with pytest.raises(Refusal, match="已经成立"):
        done(case.number, partial(do, signer=sign("C1")))


def test_the_on_site_command_may_be_set_up_with_the_order(ground: Ground) -> None:
    case = activated(scene_command="yes")
    assert [row.kind for row in rows_of(ORDERS, case_id=case.id)] == ["activation", "scene"]


def test_withdrawn_groups_owe_nothing_more(ground: Ground) -> None:
    case = ordered()
    with transaction() as tx:
        withdraw_groups(tx, anew(case), by="C1", reason="应急结束")
    assert {row.status for row in rows_of(GROUPS, case_id=case.id)} == {"withdrawn"}
    assert all(row.withdrawn_at for row in rows_of(ORDERS, case_id=case.id, kind="group"))
    minutes(3000)
    fire_rungs()
    assert {who for who, _ in notices(case, "rung_breach")} & {"officer:R1", "officer:R2"} == set()
    with pytest.raises(Refusal, match="已经撤离"):
        said(case, "情况")


def test_the_forms_end_with_what_was_noted_or_one_sentence(ground: Ground) -> None:
    case = ordered()
    signer = sign("R1")
    state = report_of_group.fn(case.number, "现场救援组", "情况", "火势减弱", signer.staff_no, signer.code)
    assert (state.is_completed(), state.message) == (True, "已登记：现场救援组，情况。")
    again = report_of_group.fn(case.number, "现场救援组", "情况", "火势减弱", signer.staff_no, signer.code)
    assert again.is_failed()  # the code was used
    signer = sign("O2")
    assert add_task_form.fn(case.number, "medical", "转运伤员", 20, signer.staff_no, signer.code).is_completed()
    signer = sign("O1")
    assert note_event_form.fn(case.number, "封闭道路", signer.staff_no, signer.code).is_completed()
    signer = sign("C1")
    assert command_word.fn(case.number, "成立现场指挥部", "现场复杂", signer.staff_no, signer.code).is_completed()
    assert request_form.fn("SG-2027-999", "火势蔓延", "增援", "O2", "000000").message.startswith("没有")


def test_the_same_from_the_command_line(ground: Ground) -> None:
    case, run = ordered(), CliRunner().invoke
    for given, staff_no in (
        (["group", case.number, "--group", "现场救援组", "--kind", "情况", "--text", "火势减弱"], "R1"),
        (["task", case.number, "--group", "medical", "--title", "转运伤员", "--minutes", "20"], "O2"),
        (["event", case.number, "--text", "封闭道路", "--at", "08:50"], "O1"),
        (["command", case.number, "--kind", "scene", "--text", "现场复杂"], "C1"),
        (["expand", case.number, "--why", "火势蔓延", "--wanted", "增援力量"], "O2"),
    ):
        ended = run(app, ["incident", *given, "--staff", staff_no, "--code", sign(staff_no).code])
        assert ended.exit_code == 0, ended.output
    wrong = run(app, ["incident", "group", case.number, "--group", "飞行组", "--kind", "情况", "--text", "火势",
                      "--staff", "R1", "--code", "000000"])  # fmt: skip
    assert wrong.exit_code != 0
    assert "没有工作组" in wrong.output
