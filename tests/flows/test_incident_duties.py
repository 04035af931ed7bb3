"""Statutory duties beside the approvals, situation reports at their rhythm, and the forms and commands of both."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from flows.cli import app
from flows.incident_duty import change_duty_time, record_duty, report_situation
from flows.incident_response import incident_response
from models.incident_response.status import IncidentStatus as S
from tasks.clock import now, set_clock
from tasks.incident_response import duty
from tasks.incident_response.duty_book import DUTIES
from tasks.incident_response.facts import Filed, file_report
from tasks.incident_response.incident import REPORTS, put
from tasks.incident_response.report_form import read_quick
from tasks.incident_response.situation import keep_reporting, next_due
from tasks.journal import verify
from tasks.rung import fire_rungs
from tasks.step import Dossier, read_dossier
from tasks.store import transaction
from tasks.wait import Parked
from tests.flows.command_stage import change, minutes, notices, question, reported, seats, staffed, status, tell
from tests.flows.service_stage import words
from tests.ground import BOTH, DEADLINES, SEATS, Ground, answer, fresh_code, hire, journal, rows_of, seats_open, settled
from tests.tasks.incident_response.report_stage import full, nobody_listens

NUMBER = "SG-2027-001"


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    for found in settled(request, home, monkeypatch):
        staffed()
        hire("E001", "emergency_bureau")
        with nobody_listens():
            yield found


@pytest.fixture(params=["sqlite"])
def one(request: pytest.FixtureRequest, home: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    for found in settled(request, home, monkeypatch):
        staffed()
        hire("E001", "emergency_bureau")
        with nobody_listens():
            yield found


def armed(**facts: Any) -> Dossier:
    """Open an accident with its first duties, as the intake does."""
    case = reported(**facts)
    duty.arm(case, "reported")
    duty.arm(case, "graded")
    return case


def situations(case: Dossier) -> list[Any]:
    return rows_of(DEADLINES, case_id=case.id, name="situation")


def told(number: str, text: str = "明火已控制", staff: str = "O1", **figures: str) -> Any:
    return report_situation.fn(number, text, staff, fresh_code(staff), **figures)


def test_T_G7_an_approval_that_waits_a_day_delays_no_report(ground: Ground) -> None:
    case = read_dossier(full(dead="3", injured="无", missing="无", loss="无").number)
    for hours in (1, 1, 1, 2, 19):  # a day
        once(case)
        fire_rungs()
        assert seats("activate"), "nobody has approved anything"
        minutes(60 * hours)
        if not rows_of(SEATS, signed_by="E001"):
            for name in ("report_city", "report_government", "notify_offices"):
                text = question(f"duty.{name}").text
                assert "不得等待审批" in text
                answer(seats_open(f"duty.{name}")[0], "E001", "done", record_number=f"海应急〔2027〕{name[-1]}号",
                       done_at="2027-01-04 09:30", receiver="值班室")  # fmt: skip
    once(case)
    rows = {row.name: row for row in rows_of(DUTIES, case_id=case.id)}
    assert status(case) == S.REPORTED, "nobody verified it either"
    for name in ("report_city", "report_government", "notify_offices"):
        assert rows[name].satisfied_at is not None, name
        assert not rows[name].late
    late = question("duty.report_province").text
    assert "已超过时限" in late
    for rung in ("half", "share:80", "breach"):
        fired = [step for step, *_ in journal(case.number) if step == f"rung-report_province-{rung}"]
        assert len(fired) == 1, rung
    assert {"officer:C1", "officer:G1", "officer:O1"} <= {who for who, _ in notices(case, "rung_breach_up")}
    answer(seats_open("duty.report_province")[0], "E001", "done", record_number="电话记录8号",
           done_at="2027-01-04 11:00", receiver="省厅值班室", reason="市局转报迟延")  # fmt: skip
    once(case)
    province = next(row for row in rows_of(DUTIES, case_id=case.id) if row.name == "report_province")
    assert (province.late, province.late_reason) == (True, "市局转报迟延")
    assert list(verify()) == []


def once(case: Dossier) -> None:
    """Tell the whole story once, up to where all of its parts wait."""
    with pytest.raises(Parked):
        incident_response.fn(case.number)


def test_situation_reports_follow_the_level_and_each_starts_the_next(ground: Ground) -> None:
    case = armed()
    received = now()
    assert tell(keep_reporting, case) == "parked"
    (first,) = situations(case)
    assert (first.clock, first.budget, first.office) == ("minutes", 120, "command_office")
    assert next_due(case.id) == first.due_at
    minutes(30)
    done = told(NUMBER, dead="3", missing="无")
    assert done.is_completed(), done.message
    assert "下一份应在" in str(done.message)
    first, second = situations(case)
    assert first.met_at is not None
    assert (second.turn, second.budget) == (2, 60), "three dead are level III: an hour"
    assert second.anchor_at == rows_of(REPORTS, case_id=case.id)[-1].recorded_at
    assert rows_of(REPORTS, case_id=case.id)[-1].kind == "situation"
    assert tell(keep_reporting, case) == "parked"
    change(case, response_level="II")
    tell(keep_reporting, case)
    assert situations(case)[-1].budget == 30, "what runs is shortened"
    change(case, response_level="IV")
    tell(keep_reporting, case)
    assert situations(case)[-1].budget == 30, "and never lengthened"
    assert received < now()


def test_a_missed_situation_report_is_alarmed_and_goes_higher_each_time(one: Ground) -> None:
    case = armed()
    tell(keep_reporting, case)
    rung_at = {97: 1, 121: 2, 239: 2, 241: 3, 361: 4}
    start = now()
    for minute, fired in rung_at.items():
        set_clock(start + timedelta(minutes=minute))
        fire_rungs()
        rung = [step for step, *_ in journal(case.number) if step.startswith("rung-situation")]
        assert len(rung) == fired, minute
    up = notices(case, "rung_share_up")
    assert {"officer:C1", "officer:C2", "officer:C3", "officer:C4", "officer:G1"} <= {who for who, _ in up}
    told(NUMBER)
    assert situations(case)[-1].turn == 2


def test_after_the_end_there_are_no_more_situation_reports(one: Ground) -> None:
    case = armed()
    tell(keep_reporting, case)
    with transaction() as tx:
        put(tx, case.id, ended_at=now())
        duty.arm(case, "ended")
    assert next_due(case.id) is None
    assert tell(keep_reporting, case) == "parked"
    assert next_due(case.id) is None
    assert "事故续报" in str(told(NUMBER).message)


@pytest.mark.parametrize(
    ("fields", "staff", "says"),
    [
        ({"text": " "}, "O1", "现场情况"),
        ({"text": "联系张工13800138000"}, "O1", "手机号码"),
        ({"dead": "很多"}, "O1", "很多"),
        ({}, "E001", "不担任"),
    ],
)
def test_a_situation_report_that_cannot_stand_is_refused_in_one_sentence(
    one: Ground, fields: dict[str, str], staff: str, says: str
) -> None:
    case = armed()
    state = told(NUMBER, fields.pop("text", "明火已控制"), staff, **fields)
    assert state.is_failed()
    assert says in str(state.message), state.message
    assert rows_of(REPORTS, case_id=case.id) == []


def test_the_form_records_a_duty_and_changes_its_times(one: Ground) -> None:
    hire("I001", "group_head:investigation")
    case = armed()
    state = record_duty.fn(
        NUMBER, "上报市应急管理局", "电话记录1号", "市局值班室", "2027-01-04 09:00", "E001", fresh_code("E001")
    )
    assert state.is_completed(), state.message
    again = record_duty.fn(
        NUMBER, "上报市应急管理局", "电话记录1号", "市局值班室", "2027-01-04 09:00", "E001", fresh_code("E001")
    )
    assert again.is_failed()
    for action, what, days, staff in (
        ("技术鉴定，暂停计时", "鉴定委托1号", "", "I001"), ("鉴定结束，恢复计时", "鉴定报告1号", "", "I001"),
        ("调查报告延期", "海政复〔2027〕1号", "30", "G1"), ("补报按火灾七日", "认定为火灾", "", "C1"),
        ("补报按三十日", "重新认定", "", "C1"), ("更正登记，重新履行", "上报市应急管理局：文号有误", "", "E001"),
    ):  # fmt: skip
        state = change_duty_time.fn(NUMBER, action, what, staff, fresh_code(staff), days)
        assert state.is_completed(), (action, state.message)
    wrong = change_duty_time.fn(NUMBER, "调查报告延期", "海政复〔2027〕1号", "G1", fresh_code("G1"), "三十")
    assert "三十" in str(wrong.message)
    assert "没有" in str(change_duty_time.fn(NUMBER, "取消", "x1", "G1", fresh_code("G1")).message)
    report = next(row for row in rows_of(DUTIES, case_id=case.id) if row.name == "investigation_report")
    assert report.extended_by == "海政复〔2027〕1号"


def test_the_command_lists_and_records(one: Ground) -> None:
    case = armed()
    tell(keep_reporting, case)
    runner = CliRunner()
    listed = runner.invoke(app, ["incident", "duties", NUMBER])
    assert listed.exit_code == 0, listed.output
    for word in ("上报市应急管理局", "法律规定", "未启用（未核实）", "剩余", "情况报告"):
        assert word in listed.output, word
    done = runner.invoke(app, ["incident", "duty", NUMBER, "report_city", "--record", "电话记录1号", "--to", "市局值班室",
                               "--at", "2027-01-04 09:00", "--staff", "E001", "--code", fresh_code("E001")])  # fmt: skip
    assert done.exit_code == 0, done.output
    set_clock(now() + timedelta(hours=3))
    found = json.loads(runner.invoke(app, ["incident", "duties", NUMBER, "--json"]).output)
    state = {row["name"]: row for row in found}
    assert not state["report_city"]["late"]
    assert state["report_government"]["late"]
    assert "迟报原因待补" in runner.invoke(app, ["incident", "duties", NUMBER]).output
    timed = runner.invoke(app, ["incident", "duty-time", NUMBER, "extend", "海政复〔2027〕1号", "--days", "30", "--staff",
                                "G1", "--code", fresh_code("G1")])  # fmt: skip
    assert timed.exit_code == 0, timed.output
    said = runner.invoke(app, ["incident", "situation", NUMBER, "明火已控制", "--set", "dead=1", "--staff", "O1", "--code",
                               fresh_code("O1")])  # fmt: skip
    assert said.exit_code == 0, said.output
    missing = runner.invoke(app, ["incident", "duties", "SG-2027-009"])
    assert missing.exit_code != 0


def test_the_papers_say_what_is_known_and_what_is_to_be_verified(one: Ground) -> None:
    case = armed()
    with transaction() as tx:
        report = read_quick(
            {"unit": "红星烟花店", "place": "三星镇人民路100号", "kind": "爆炸", "casualties": "死亡2人，失联1人"},
            now(),
        ).report
        file_report(tx, case.id, Filed("first", report, "O1", now(), b"first"), now())
    minutes(20)
    told(NUMBER, "明火已控制", injured="4")
    assert tell(duty.report_up, case) == "parked"
    folder = one.home / "papers" / NUMBER
    flash, second = (words(folder / f"report-{number:03}.docx") for number in (1, 2))
    for said in (
        "快报",
        "死亡：2人",
        "重伤：待核实",
        "失踪（下落不明）：1人",
        "已核实等级",
        "最坏情形等级",
        "SG-2027-001-1",
        "第十一条",
    ):
        assert said in flash, said
    assert "续报（第1次）" in second
    assert "重伤：4人" in second
    assert "死亡：2人" in second
    assert "演练" not in flash
    with transaction() as tx:
        put(tx, case.id, ended_at=now())
        duty.satisfy(case, "report_city", "海应急〔2027〕1号", now(), "E001")
    tell(duty.report_up, case)
    final = words(folder / "report-final.docx")
    assert "终报" in final
    assert "海应急〔2027〕1号" in final
    listed = CliRunner().invoke(app, ["incident", "papers", NUMBER])
    assert listed.output.count(".docx") == 3, listed.output


def test_a_drills_paper_cannot_be_mistaken(one: Ground) -> None:
    case = armed(exercise="live", status=S.REPORTED)
    with transaction() as tx:
        report = read_quick({"unit": "红星烟花店", "place": "三星镇", "kind": "爆炸"}, now()).report
        file_report(tx, case.id, Filed("first", report, "O1", now(), b"first"), now())
    tell(duty.report_up, case)
    paper = words(one.home / "papers" / case.number / "report-001.docx")
    assert "【演练】" in paper
    assert "不是真实事故报告" in paper
    assert "演练" in question("duty.report_city").text
