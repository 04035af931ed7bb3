"""After the end (5, 7.2): investigation, aftermath, summary, lessons that are followed up, contacts that are erased."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from config.messages import Refusal
from config.settings import settings
from flows.cli_incident import app
from flows.incident_aftermath import lesson_entry
from models.incident_response.status import IncidentStatus as S
from tasks import officer
from tasks.alongside import gather
from tasks.ask import open_questions
from tasks.case import close_case
from tasks.clock import now
from tasks.deadline import DEADLINES
from tasks.incident_response import aftermath, duty_book, investigation, lessons, summary
from tasks.incident_response.contact import CONTACTS, contacts_of, keep_contact, note_reading
from tasks.incident_response.contact_retention import erase_incident_contacts, keep_as_evidence
from tasks.incident_response.ending import end_emergency
from tasks.incident_response.lesson_intake import remind_of_items
from tasks.incident_response.lessons import LESSONS, lessons_of
from tasks.incident_response.recovery import restore
from tasks.journal import lock
from tasks.rung import fire_rungs
from tasks.step import Dossier
from tasks.store import transaction
from tests.flows.aftermath_stage import (
    STAFF,
    asked,
    code,
    decided,
    ended,
    outcomes,
    points,
    responding,
    staffed,
    status,
    tell,
)
from tests.flows.command_stage import change, notices
from tests.flows.service_stage import words
from tests.ground import BOTH, Ground, answer, hire, later, rows_of, settled

ROLES = ("group_head:environment", "group_head:experts", "insurers", "group_head:aftermath", "civil_affairs_bureau",
         "group_head:investigation", "emergency_bureau")  # fmt: skip
SUMMARY: dict[str, Any] = {
    "verdict": "submit", "experience": "响应及时", "shortcomings": "泡沫储备不足",
    "improvements": "区消防救援大队；2027-03-31；补充泡沫灭火剂", "amendments": "4.6；2027-06-30；写明环境监测时限",
}  # fmt: skip


@pytest.fixture(params=["sqlite"])
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    for found in settled(request, home, monkeypatch):
        staffed(*ROLES)
        yield found


@pytest.fixture(params=BOTH)
def either(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    for found in settled(request, home, monkeypatch):
        staffed(*ROLES)
        yield found


def over(**facts: Any) -> Dossier:
    """Bring an incident to its end."""
    case = responding(**facts)
    ended(case, end_emergency)
    return case


def learn(case: Dossier) -> None:
    aftermath.settle(case)
    summary.summarise(case)
    lessons.follow_up(case)


def settle_all(case: Dossier) -> None:
    assert tell(learn, case) == "parked"
    for matter, role in aftermath.MATTERS.items():
        decided(f"settle.{matter}", role, verdict="settled" if matter == "aftermath" else "nothing_to_settle")
    assert tell(learn, case) == "parked"


def entry(number: str, act: str, text: str, role: str, item: int = 0, *, kind: str = "改进措施", owner: str = "",
          due: str = "") -> str:  # fmt: skip
    staff, given = code(role)
    return str(lesson_entry.fn(number, act, text, staff, given, item, kind, owner, due).message)


def test_the_aftermath_the_summary_and_its_lessons_until_all_are_closed(either: Ground) -> None:
    case = over()
    settle_all(case)
    assert points() == {"summary"}
    draft = words(settings().home / "papers" / case.number / "summary-draft.docx")
    assert "宣布应急结束" in draft
    assert "应急终止令" in draft
    clock = next(one for one in rows_of(DEADLINES, case_id=case.id) if one.name == "summary")
    assert clock.budget == 30
    with pytest.raises(Refusal, match="每行一条"):
        decided("summary", "command_office", **(SUMMARY | {"improvements": "补充泡沫"}))
    with pytest.raises(Refusal):
        decided("summary", "command_office", **(SUMMARY | {"improvements": "不存在的局；2027-03-31；补充"}))
    decided("summary", "command_office", **SUMMARY)
    assert tell(learn, case) == "parked"
    assert status(case) == S.SUMMARISED
    final = words(settings().home / "papers" / case.number / "summary.docx")
    assert "泡沫储备不足" in final
    assert "补充泡沫灭火剂" in final
    action, amendment = lessons_of(case.id)
    assert (action.owner, action.kind, amendment.kind, amendment.clause) == (
        "fire_brigade",
        "action",
        "amendment",
        "4.6",
    )
    assert points() == {"amendment"}
    decided("amendment", "emergency_bureau", verdict="accept")
    assert "待他人核实" in entry(case.number, "报告完成", "入库单7号", "fire_brigade", 1)
    assert tell(learn, case) == "parked"
    assert "入库单7号" in asked("lesson_check").text
    decided("lesson_check", "command_office", verdict="not_done", reason="数量不足")
    assert tell(learn, case) == "parked"
    assert points() == set()
    assert lessons_of(case.id)[0].status == "open"
    entry(case.number, "报告完成", "入库单8号", "fire_brigade", 1)
    assert tell(learn, case) == "parked"
    decided("lesson_check", "command_office", verdict="done")
    assert tell(learn, case) is None
    assert [row.status for row in lessons_of(case.id)] == ["done", "accepted"]
    assert notices(case)


def test_whoever_reported_an_item_as_done_does_not_check_it(ground: Ground) -> None:
    hire("BOTH1", "fire_brigade", "command_office")
    case = over()
    entry(case.number, "登记", "补充泡沫", "command_office", owner="区消防救援大队", due="2027-03-31")
    assert tell(lessons.follow_up, case) == "parked"
    later(seconds=31)
    from_both = lesson_entry.fn(case.number, "报告完成", "入库单7号", "BOTH1", officer.code_now("BOTH1"), 1)
    assert from_both.is_completed(), from_both.message
    tell(lessons.follow_up, case)
    with pytest.raises(Refusal):
        answer(asked("lesson_check").seat_id, "BOTH1", "done")
    decided("lesson_check", "command_office", verdict="done")
    assert tell(lessons.follow_up, case) is None


def test_an_item_that_is_late_is_reminded_and_stays_late(ground: Ground) -> None:
    case = over()
    entry(case.number, "登记", "补充泡沫", "command_office", owner="区消防救援大队", due="2027-01-20")
    tell(lessons.follow_up, case)
    later(days=20)
    assert fire_rungs() > 0
    entry(case.number, "报告完成", "入库单7号", "fire_brigade", 1)
    tell(lessons.follow_up, case)
    decided("lesson_check", "command_office", verdict="done")
    assert tell(lessons.follow_up, case) is None
    assert outcomes(case, "clock-lesson-met") == [{"late": True}]


@pytest.mark.parametrize("asked_already", [False, True])
def test_only_the_command_drops_an_item_and_says_why(ground: Ground, asked_already: bool) -> None:
    case = over()
    entry(case.number, "登记", "补充泡沫", "command_office", owner="区消防救援大队", due="2027-03-31")
    if asked_already:
        entry(case.number, "报告完成", "入库单7号", "fire_brigade", 1)
    tell(lessons.follow_up, case)
    assert "不能登记" in entry(case.number, "不再办理", "改由市级储备", "fire_brigade", 1)
    assert "不再办理" in entry(case.number, "不再办理", "改由市级储备", "incident_commander", 1)
    assert tell(lessons.follow_up, case) is None
    assert points() == set()
    assert [(row.status, row.evidence) for row in lessons_of(case.id)] == [("dropped", "改由市级储备")]
    assert "已经了结" in entry(case.number, "报告完成", "入库单", "fire_brigade", 1)


def test_items_come_in_complete_or_not_at_all(ground: Ground) -> None:
    running = responding(mark=b"running")
    given = {"owner": "区消防救援大队", "due": "2027-03-31"}
    assert "尚未结束" in entry(running.number, "登记", "补充泡沫", "command_office", **given)
    case = over()
    assert "已经过去" in entry(
        case.number, "登记", "补充泡沫", "command_office", owner="区消防救援大队", due="2026-01-01"
    )
    assert "不是日期" in entry(case.number, "登记", "补充泡沫", "command_office", owner="区消防救援大队", due="三月")
    assert "写明条款" in entry(case.number, "登记", "写明时限", "command_office", kind="预案修订建议", due="2027-03-31")
    assert "填写事项序号" in entry(case.number, "报告完成", "入库单", "fire_brigade")
    assert "没有第3项" in entry(case.number, "报告完成", "入库单", "fire_brigade", 3)
    assert "手机号码" in entry(case.number, "登记", "找13800138000", "command_office", **given)
    assert rows_of(LESSONS) == []


def investigate(case: Dossier) -> None:
    investigation.investigate(case)


def test_the_district_investigates_reports_returns_approves_and_evaluates(either: Ground) -> None:
    case = over()
    assert tell(investigate, case) == "parked"
    assert points() == {"investigation_group"}
    assert "区纪委监委" in asked("investigation_group").text
    decided("investigation_group", "district_government", verdict="authorise", group_document="海政办〔2027〕3号")
    tell(investigate, case)
    decided("investigation_report", "group_head:investigation", verdict="done", paper_document="调查报告1号")
    tell(investigate, case)
    with pytest.raises(Refusal, match="批复文号"):
        decided("investigation_reply", "district_government", verdict="approve")
    decided("investigation_reply", "district_government", verdict="return", reason="原因分析不足")
    tell(investigate, case)
    decided("investigation_report", "group_head:investigation", verdict="done", paper_document="调查报告2号")
    tell(investigate, case)
    decided("investigation_reply", "district_government", verdict="approve", paper_document="海政复〔2027〕9号",
            rectification="区消防救援大队；2027-06-30；排查同类仓库")  # fmt: skip
    assert tell(investigate, case) == "parked"
    duties = {row.name: row for row in duty_book.rows_of(case.id)}
    assert duties["investigation_report"].satisfied_at is not None
    assert duties["investigation_approval"].satisfied_at is not None
    (item,) = lessons_of(case.id)
    assert (item.kind, item.source, item.owner) == ("rectify", "inquiry", "fire_brigade")
    entry(case.number, "报告完成", "排查台账", "fire_brigade", 1)
    tell(investigate, case)
    decided("lesson_check", "command_office", verdict="done")
    assert tell(investigate, case) == "parked"
    with transaction():
        duty_book.satisfy(case, "rectification_evaluation", "海应急〔2027〕20号", now(), "S1")
    assert tell(investigate, case) is None
    assert outcomes(case, "note_evaluation") == [{"evidence": "海应急〔2027〕20号", "late": False}]
    assert notices(case)


def test_a_higher_grade_is_handed_over_with_a_document(ground: Ground) -> None:
    case = over(grade="III", dead=3)
    assert tell(investigate, case) == "parked"
    assert points() == {"investigation_handover"}
    assert "南通市政府" in asked("investigation_handover").text
    decided("investigation_handover", "command_office", verdict="done", paper_document="移交函1号")
    tell(investigate, case)
    decided("superior_reply", "emergency_bureau", verdict="approve", paper_document="通政复〔2027〕2号")
    assert tell(investigate, case) == "parked"  # the evaluation within the year
    assert outcomes(case, "approve_investigation")[0]["document"] == "通政复〔2027〕2号"


def test_when_the_grade_rises_the_investigation_passes_up(ground: Ground) -> None:
    case = over()
    tell(investigate, case)
    decided("investigation_group", "district_government", verdict="authorise", group_document="海政办〔2027〕3号")
    assert tell(investigate, case) == "parked"
    change(case, grade="III", dead=3)
    assert tell(investigate, case) == "parked"
    assert points() == {"investigation_handover"}
    change(case, grade="IV", dead=2)  # a correction downward gives nothing back
    assert tell(investigate, case) == "parked"
    assert points() == {"investigation_handover"}


def test_a_summary_before_the_recovery_keeps_its_status(ground: Ground) -> None:
    case = over()

    def both(dossier: Dossier) -> None:
        gather(dossier, restore, learn)

    assert tell(both, case) == "parked"
    for matter, role in aftermath.MATTERS.items():
        decided(f"settle.{matter}", role, verdict="settled")
    tell(both, case)
    decided("summary", "command_office", **(SUMMARY | {"improvements": "", "amendments": ""}))
    tell(both, case)
    assert status(case) == S.SUMMARISED
    for question in [one for one in open_questions() if one.point.startswith("readiness.")]:
        if STAFF[question.role] not in known():
            hire(STAFF[question.role], question.role)
        answer(question.seat_id, STAFF[question.role], "all_restored", used_up="无", restocked="无")
    hire(STAFF["town:yuelai"] + "B", "town:yuelai")
    answer(asked("residents_return").seat_id, STAFF["town:yuelai"] + "B", "nobody_evacuated")
    assert tell(both, case) is None
    assert status(case) == S.SUMMARISED
    assert outcomes(case, "finish_recovery")[0]["first"] is False


def known() -> set[str]:
    return {one.staff_no for one in officer.officers()}


def test_investigation_and_lessons_go_on_side_by_side(ground: Ground) -> None:
    case = over()

    def both(dossier: Dossier) -> None:
        gather(dossier, investigate, learn)

    assert tell(both, case) == "parked"
    assert points() == {"investigation_group", "settle.insurance", "settle.aftermath", "settle.relief"}


def test_the_items_of_every_incident_on_the_command_line(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.cli_incident.upgrade", lambda: None)
    runner = CliRunner()
    assert "没有登记的事项" in runner.invoke(app, ["lessons"]).output
    case = over()
    entry(case.number, "登记", "补充泡沫", "command_office", owner="区消防救援大队", due="2027-03-31")
    found = json.loads(runner.invoke(app, ["lessons", "--open", "--json"]).output)
    assert [(one["incident"], one["owner"], one["status"]) for one in found] == [(case.number, "fire_brigade", "open")]
    assert "补充泡沫" in runner.invoke(app, ["lessons"]).output
    staff, given = code("group_head:rescue")
    late = runner.invoke(
        app, ["condition", case.number, "scene", "--staff", staff, "--code", given, "--evidence", "看过"]
    )
    assert late.exit_code != 0


def test_contacts_are_erased_after_their_term_unless_they_are_evidence(either: Ground) -> None:
    case = responding()
    with transaction() as tx:
        keep_contact(tx, case.id, "report", 1, contact="某联系人", phone="13800138000")
        keep_contact(tx, case.id, "report", 2, contact="另一联系人", phone="13800138001")
        keep_contact(tx, case.id, "ack", 7, phone="13800138002")
        keep_contact(tx, case.id, "report", 3)
    assert len(contacts_of(case.id)) == 3
    note_reading(case.id, "call")
    ended(case, end_emergency)
    staff, given = code("emergency_bureau")
    assert "作为证据保留" in keep_as_evidence(case.number, 2, "调查需要", staff, given)
    later(days=59)
    assert erase_incident_contacts() == 0
    later(days=2)
    assert erase_incident_contacts() == 1
    assert erase_incident_contacts() == 0
    kept = {(row.kind, row.of): (row.contact, row.phone) for row in contacts_of(case.id)}
    assert kept == {("report", 1): (None, None), ("report", 2): ("另一联系人", "13800138001"), ("ack", 7): (None, None)}
    assert [row.erased_at is not None for row in rows_of(CONTACTS)] == [True, False, True]
    assert outcomes(case, "erase_incident_contacts") == [{"contacts": 2}]
    with pytest.raises(Refusal, match="没有留存"):
        keep_as_evidence(case.number, 1, "调查需要", *code("emergency_bureau"))


def test_contacts_of_a_running_response_are_kept_however_old(ground: Ground) -> None:
    case = responding()
    with transaction() as tx:
        keep_contact(tx, case.id, "report", 1, phone="13800138000")
    later(days=200)
    assert erase_incident_contacts() == 0
    assert rows_of(CONTACTS)[0].phone == "13800138000"


def test_an_item_may_be_checked_by_the_form_and_its_question_is_taken_back(ground: Ground) -> None:
    case = over()
    entry(case.number, "登记", "补充泡沫", "command_office", owner="区消防救援大队", due="2027-03-31")
    tell(lessons.follow_up, case)
    assert "还没有报告完成" in entry(case.number, "核实完成", "已查看", "command_office", 1)
    entry(case.number, "报告完成", "入库单7号", "fire_brigade", 1)
    tell(lessons.follow_up, case)
    assert points() == {"lesson_check"}
    assert "继续办理" in entry(case.number, "核实未完成", "数量不足", "command_office", 1)
    assert tell(lessons.follow_up, case) == "parked"
    assert points() == set()
    entry(case.number, "报告完成", "入库单8号", "fire_brigade", 1)
    tell(lessons.follow_up, case)
    assert "已核实完成" in entry(case.number, "核实完成", "已查看", "command_office", 1)
    assert tell(lessons.follow_up, case) is None
    assert points() == set()


def test_items_of_a_closed_drill_are_still_done_checked_and_reminded(ground: Ground) -> None:
    case = responding(exercise="tabletop")
    with transaction() as tx:
        lock(tx, case.id)
        for _ in range(2):
            lessons.add(tx, case.id, "action", "补充泡沫", owner="fire_brigade", due_on=date(2027, 2, 1), source="drill",
                        by="system")  # fmt: skip
        close_case(case, S.CLOSED)
    assert remind_of_items() == 0
    entry(case.number, "报告完成", "入库单7号", "fire_brigade", 1)
    assert "已核实完成" in entry(case.number, "核实完成", "已查看", "command_office", 1)
    later(days=40)
    assert remind_of_items() == 1
    assert remind_of_items() == 0
    assert notices(case, "lesson_late")
    assert [row.status for row in lessons_of(case.id)] == ["done", "open"]
