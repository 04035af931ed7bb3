"""Reports come in (3, 4.1): an accident is opened and told in one transaction; follow-ups; the same accident; refusals."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from config.messages import Refusal
from flows.cli import app
from flows.incident_report import report_accident, report_follow_up, report_quickly
from tasks.clock import now
from tasks.incident_response.call_record import CALLS
from tasks.incident_response.contact import contacts_of
from tasks.incident_response.facts import known_facts
from tasks.incident_response.incident import INCIDENTS, REPORTS
from tasks.incident_response.intake import Lodged
from tasks.incident_response.report_form import label
from tasks.incident_response.report_lodging import APART, Brings, lodge_quick
from tasks.journal import CASES, verify
from tests.ground import (
    BOTH,
    MORNING,
    NOTICES,
    Ground,
    fresh_code,
    hire,
    journal,
    later,
    race,
    rows_of,
    settled,
    status_of,
)
from tests.tasks.incident_response.report_stage import FULL, NUMBER, QUICK, followed, full, nobody_listens, quick, told


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    with nobody_listens():
        yield from settled(request, home, monkeypatch)


@pytest.fixture(params=["sqlite"])
def place(request: pytest.FixtureRequest, home: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    with nobody_listens():
        yield from settled(request, home, monkeypatch)


def test_a_quick_report_opens_an_accident_and_tells_the_command_in_the_same_transaction(ground: Ground) -> None:
    hire("S9", "incident_commander")
    assert quick() == Lodged(NUMBER, 1, suspected=False)
    row = rows_of(INCIDENTS)[0]
    assert (row.unit_name, row.town, row.kind, row.dead, row.injured, row.missing) == (
        "红星烟花店",
        "sanxing",
        "explosion",
        2,
        None,
        1,
    )
    assert row.occurred_at < row.received_at
    assert (row.grade, row.worst_grade, row.response_level) == ("IV", "III", "")
    assert {"officer:S9", "role:deputy_commander_a", "role:command_office", "role:fire_brigade", "role:town:sanxing",
            "role:emergency_duty"} <= told("alert")  # fmt: skip
    assert [row.urgent for row in rows_of(NOTICES)] == [True] * len(rows_of(NOTICES))
    lines = [line[0] for line in journal(NUMBER)]
    assert lines[:4] == ["opened", "receive_report", "grade_accident", "alert_command"]
    assert "clock-report_city" in lines  # the clocks of the law run from the first minute
    assert {row.purpose for row in rows_of(CALLS)} == {"alert"}
    assert status_of(NUMBER) == "reported"
    assert list(verify()) == []


def test_what_the_same_run_brings_is_brought_once(ground: Ground) -> None:
    assert quick() == quick()
    assert len(rows_of(INCIDENTS)) == len(rows_of(REPORTS)) == 1
    hire("S1", "emergency_duty")
    assert followed(dead="3") == followed(dead="3")
    assert len(rows_of(REPORTS)) == 2


def test_two_reporters_at_the_same_moment_make_one_incident_and_one_follow_up(ground: Ground) -> None:
    found = race(lambda: quick("1"), lambda: full("2"), lambda: quick("3", unit="红星烟花经营店", place="人民路100号"))
    assert sorted(one.report for one in found if isinstance(one, Lodged)) == [1, 2, 3], found
    assert sorted(one.suspected for one in found if isinstance(one, Lodged)) == [False, True, True]
    assert [row.number for row in rows_of(CASES) if row.number.startswith("SG-2027-0")] == [NUMBER]


def test_another_accident_at_the_same_moment_is_another_incident(ground: Ground) -> None:
    found = race(lambda: quick("1"), lambda: quick("2", unit="蓝天烟花店", place="常乐镇解放路8号"))
    assert sorted(one.number for one in found if isinstance(one, Lodged)) == [NUMBER, "SG-2027-002"], found


def test_a_report_that_may_be_of_the_same_accident_is_not_lost(place: Ground) -> None:
    quick()
    later(minutes=20)
    found = full("2", dead="1", trapped="2")
    assert found == Lodged(NUMBER, 2, suspected=True)
    assert NUMBER in found.text
    assert "不是同一事故" in found.text
    toll = known_facts(rows_of(INCIDENTS)[0].case_id).toll
    assert (toll.dead, toll.missing, toll.trapped) == (2, 1, 2)  # nobody has checked it: it raises, and lowers nothing
    assert told("receive_suspected") == {"role:emergency_duty", "role:command_office"}
    assert quick("3", same=APART).number == "SG-2027-002"


def test_reports_far_apart_in_time_or_of_a_closed_accident_are_another(place: Ground) -> None:
    quick()
    later(hours=13)
    assert quick("2", when="刚刚").number == "SG-2027-002"


def test_a_drill_and_an_accident_never_meet(place: Ground) -> None:
    exercise = Brings(b"d", exercise="tabletop")
    assert lodge_quick(QUICK, exercise).number == "YL-2027-001"
    assert quick() == Lodged(NUMBER, 1, suspected=False)
    assert lodge_quick(QUICK, exercise._replace(mark=b"e")) == Lodged("YL-2027-001", 2, suspected=True)


@pytest.mark.parametrize(
    ("group", "fields"),
    [
        ("已经采取的措施、事故能否控制", ("measures",)), ("已经采取的措施、事故能否控制", ("controllable",)),
        ("伤亡人数", ("missing",)), ("联系单位", ("contact_office",)), ("可能波及", ("reach",)), ("事故类别", ("kind",)),
        ("事故单位", ("unit",)), ("时间、地点", ("town",)), ("经过", ("course",)), ("协助", ("aid",)),
    ],
)  # fmt: skip
def test_T_INC_25_a_report_that_leaves_a_group_out_is_refused_by_its_name(
    place: Ground, group: str, fields: tuple[str, ...]
) -> None:
    with pytest.raises(Refusal, match=group):
        full(**dict.fromkeys(fields, " "))
    assert rows_of(INCIDENTS) == []
    for field in FULL:
        if field not in ("kind", "licensed", "controllable", "town"):
            continue
        assert full(field, **{field: "未知", "same": APART}).report == 1


def test_all_nine_unknown_but_the_place_is_still_a_report(place: Ground) -> None:
    assert full(**dict.fromkeys(FULL, "未知")) == Lodged(NUMBER, 1, suspected=False)
    row = rows_of(INCIDENTS)[0]
    assert (row.unit_name, row.scene, row.dead, row.grade) == ("不明单位", "地点不明", None, "IV")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"dead": "很多"}, label("dead")), ({"loss": "不少"}, "直接经济损失"), ({"occurred": "明天"}, "发生时间"),
        ({"occurred": "2027-01-05 10:00"}, "晚于现在"), ({"kind": "洪水"}, "事故类别"), ({"town": "火星镇"}, "区镇"),
        ({"contact_telephone": "13800138000"}, "值班电话"), ({"situation": "请打13800138000"}, "个人信息"),
        ({"unit": "无"}, "事故单位"),
    ],
)  # fmt: skip
def test_a_refused_form_says_why_in_one_sentence_and_nothing_is_kept(
    place: Ground, fields: dict[str, str], sentence: str
) -> None:
    state = report_accident.fn(**(FULL | fields))
    assert state.is_failed()
    assert sentence in str(state.message)
    assert "13800138000" not in str(state.message)
    assert rows_of(INCIDENTS) == []


def test_the_forms_end_with_the_number(place: Ground) -> None:
    hire("S1", "fire_brigade")
    assert NUMBER in str(report_quickly.fn(**QUICK).message)
    later(minutes=1)
    assert "第 2 次" in str(report_follow_up.fn(NUMBER, "S1", fresh_code("S1"), dead="3").message)
    assert "签名" not in str(report_follow_up.fn(NUMBER, "S1", "000000", dead="4").message)
    assert report_follow_up.fn(NUMBER, "S1", "000000", dead="4").is_failed()
    assert "没有填写任何变化" in str(report_follow_up.fn(NUMBER, "S1", fresh_code("S1")).message)
    assert "SG-2027-009" in str(report_follow_up.fn("sg-2027-009", "S1", fresh_code("S1"), dead="4").message)
    assert rows_of(INCIDENTS)[0].dead == 3


def test_a_follow_up_by_somebody_without_a_part_in_the_response_is_refused(place: Ground) -> None:
    quick()
    hire("S1", "conscription_office")
    with pytest.raises(Refusal, match="S1"):
        followed(dead="0")
    assert rows_of(INCIDENTS)[0].dead == 2


def test_T_INC_23_the_grades_follow_the_facts_confirmed_and_worst_side_by_side(ground: Ground) -> None:
    hire("S1", "emergency_duty")
    full(injured="无", loss="无")
    row = rows_of(INCIDENTS)[0]
    assert (row.grade, row.worst_grade) == ("IV", "III")  # one missing beside two dead
    followed("2", missing="0")
    row = rows_of(INCIDENTS)[0]
    assert (row.grade, row.worst_grade, row.missing) == ("IV", "IV", 0)
    followed("3", dead="3")
    assert rows_of(INCIDENTS)[0].grade == "III"
    lines = [(turn, step) for step, turn, _, _ in journal(NUMBER) if step == "grade_accident"]
    assert lines == [(1, "grade_accident"), (2, "grade_accident"), (3, "grade_accident")]


def test_a_report_of_an_earlier_moment_that_comes_late_replaces_nothing_newer(place: Ground) -> None:
    hire("S1", "emergency_duty")
    full()
    later(hours=2)
    followed("2", dead="5")
    followed("3", dead="3", as_of=f"{(now() - timedelta(hours=1)).astimezone(MORNING.tzinfo):%H:%M}")
    assert rows_of(INCIDENTS)[0].dead == 5
    assert len(rows_of(REPORTS)) == 3


def test_contacts_come_by_command_only_and_are_sealed(place: Ground) -> None:
    runner = CliRunner()
    done = runner.invoke(app, ["incident", "quick", "--unit", "红星烟花店", "--place", "三星镇人民路100号", "--kind", "爆炸",
                               "--toll", "不明", "--contact", "王某某", "--phone", "13800138000", "--json"])  # fmt: skip
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["number"] == NUMBER
    case_id = rows_of(INCIDENTS)[0].case_id
    assert [(one.contact, one.phone) for one in contacts_of(case_id)] == [("王某某", "+8613800138000")]
    assert "王某某" not in str(rows_of(REPORTS)) + str(rows_of(NOTICES))
    hire("S1", "emergency_duty")
    shown = runner.invoke(app, ["incident", "show", NUMBER])
    assert "红星烟花店" in shown.output
    assert "王某某" not in shown.output
    shown = runner.invoke(app, ["incident", "show", NUMBER, "--staff", "S1", "--code", fresh_code("S1")])
    assert "王某某" in shown.output
    assert "contacts-read" in [line[0] for line in journal(NUMBER)]
    listed = json.loads(runner.invoke(app, ["incident", "list", "--json"]).output)
    assert [one["number"] for one in listed] == [NUMBER]


def test_a_full_report_by_command_takes_titles_and_says_what_is_left_out(place: Ground) -> None:
    runner = CliRunner()
    words = [f"{label(name)}={value}" for name, value in FULL.items()]
    done = runner.invoke(app, ["incident", "report", *words[:-1]])
    assert (done.exit_code, rows_of(INCIDENTS)) == (2, [])
    assert "联系单位" in done.output + done.stderr
    assert NUMBER in runner.invoke(app, ["incident", "report", *words]).output
    hire("S1", "fire_brigade")
    done = runner.invoke(
        app, ["incident", "follow-up", NUMBER, "死亡人数=4", "--staff", "S1", "--code", fresh_code("S1")]
    )
    assert "第 2 次" in done.output
    done = runner.invoke(app, ["incident", "follow-up", NUMBER, "天气=晴", "--staff", "S1", "--code", fresh_code("S1")])
    assert "天气=晴" in done.output + done.stderr
