"""Acknowledgements by form, command and call sheet; the sheet itself; who can be reached, and the weekly test."""

import os
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import docx
import pytest
from prefect.client.schemas.objects import State
from typer.testing import CliRunner

from config.channel_problems import problems
from config.channels import Channels
from config.messages import Refusal
from flows.cli import app
from flows.incident_call import acknowledge, log_call, reachability_test
from models.incident_response.ladder import Ack
from tasks.housekeeping import erase_sheets
from tasks.incident_response import bell
from tasks.incident_response.acknowledgement import ACKS
from tasks.incident_response.call import heard
from tasks.incident_response.call_desk import record_call
from tasks.incident_response.call_sheet import write_call_sheet
from tasks.incident_response.contact import contacts_of
from tasks.incident_response.reachability import reachable
from tasks.journal import verify
from tasks.wait import Parked
from tests.ground import ENTRIES, NOTICES, Ground, fresh_code, hire, journal, later, rows_of, settled, status_of
from tests.tasks.incident_response.calling_stage import accident, ack, alert, calls, furnish, told

PHONE = "13800000001"


@pytest.fixture(params=["sqlite"])
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")  # nobody listens: everything works without
    furnish(home, monkeypatch)
    yield from settled(request, home, monkeypatch)


def called_by_sheet(case: Any) -> None:
    later(minutes=5)
    bell.ring()
    assert told("officer:C1")["call"] == "pending"


def test_by_form_and_by_command_without_a_server(ground: Ground) -> None:
    hire("C1", "incident_commander")
    case = accident()
    alert(case, "incident_commander")
    code = calls()[0].code
    state: State[str] = acknowledge.fn(code, "在途", 20)
    assert state.is_completed()
    assert "SG-2027-001" in str(state.message)
    assert acknowledge.fn("ZZZZZZ", "收到", 0).is_failed()
    done = CliRunner().invoke(app, ["incident", "ack", code, "--as", "on-site"])
    assert (done.exit_code, "到场" in done.output) == (0, True)
    assert [(row.kind, row.way) for row in rows_of(ACKS)] == [("on_the_way", "form"), ("on_site", "command")]
    wrong = CliRunner().invoke(app, ["incident", "ack", code, "--as", "asleep"])
    assert wrong.exit_code != 0
    assert "asleep" in wrong.output


def test_a_telephone_call_counts_as_the_persons_answer_from_when_it_was_said(ground: Ground) -> None:
    hire("C1", "incident_commander")
    hire("D1", "emergency_duty")
    case = accident()
    alert(case, "incident_commander")
    called_by_sheet(case)
    later(minutes=3)
    said = record_call(calls(staff_no="C1")[0].code, "收到", ("D1", fresh_code("D1")), when="2分钟前")
    assert "收到" in said
    (row,) = rows_of(ACKS)
    assert (row.by, row.way) == ("D1", "sheet")
    assert row.recorded_at - row.occurred_at >= timedelta(minutes=2)
    assert heard(case, "alert", "incident_commander") == "received"
    assert told("officer:C1")["call"] == "sent"
    (contact,) = contacts_of(case.id)
    assert (contact.kind, contact.of, contact.phone) == ("ack", row.id, PHONE)
    assert ("ack-1", 1, "D1") in [(step, turn, actor) for step, turn, _, actor in journal(case.number)]
    assert list(verify()) == []


def test_nobody_answered_is_noted_and_the_ladder_goes_on(ground: Ground) -> None:
    hire("C1", "incident_commander")
    hire("D1", "emergency_duty")
    case = accident()
    alert(case, "incident_commander")
    state = log_call.fn(calls(staff_no="C1")[0].code, "未接通", "D1", fresh_code("D1"))
    assert state.is_completed()
    assert rows_of(ACKS) == []
    assert heard(case, "alert", "incident_commander") == ""
    assert [step for step, *_ in journal(case.number) if step.startswith("telephoned-")]


def test_whoever_is_not_on_duty_records_no_call(ground: Ground) -> None:
    hire("C1", "incident_commander")
    hire("X1", "finance_bureau")
    alert(accident(), "incident_commander")
    code = calls(staff_no="C1")[0].code
    assert log_call.fn(code, "收到", "X1", fresh_code("X1")).is_failed()
    assert log_call.fn(code, "收到", "C1", "000000").is_failed()
    with pytest.raises(Refusal, match="不是可以登记的结果"):
        record_call(code, "也许", ("C1", "000000"))
    assert rows_of(ACKS) == []


def test_the_sheet_names_everybody_to_call_with_number_and_code(ground: Ground) -> None:
    hire("C1", "incident_commander")
    hire("A1", "deputy_commander_a")
    case = accident()
    alert(case, "incident_commander", "deputy_commander_a", "insurers")
    ack("A1", Ack.ON_SITE)
    path = write_call_sheet(case.number)
    assert path.stat().st_mode & 0o077 == 0
    rows = [[cell.text.strip() for cell in row.cells] for row in docx.Document(str(path)).tables[0].rows][1:]
    by_person = {row[1]: row for row in rows}
    assert by_person["人员C1 C1"][3:5] == [PHONE, calls(staff_no="C1")[0].code]
    assert "□到场" in by_person["人员C1 C1"][6]
    assert "已回执：到场" in by_person["人员A1 A1"][6]
    assert rows[-1][1] == "人员A1 A1", "whoever answered stands last"
    assert by_person["在岗人员"][3] == "见单位通讯录"
    assert [step for step, *_ in journal(case.number) if step == "contacts-read"]
    done = CliRunner().invoke(app, ["incident", "call-sheet", case.number, "--to", str(ground.home / "表.docx")])
    assert done.exit_code == 0, done.output
    assert (ground.home / "表.docx").exists()


def test_a_call_sheet_is_not_kept_for_ever(ground: Ground) -> None:
    alert(case := accident(), "insurers")
    path = write_call_sheet(case.number)
    assert erase_sheets() == 0
    os.utime(path, (0, 0))
    assert erase_sheets() == 1
    assert not path.exists()


def test_no_number_stands_in_a_notice_or_in_the_journal(ground: Ground) -> None:
    hire("C1", "incident_commander")
    hire("D1", "emergency_duty")
    case = accident()
    alert(case, "incident_commander")
    called_by_sheet(case)
    record_call(calls(staff_no="C1")[0].code, "收到", ("D1", fresh_code("D1")), number="13911112222")
    write_call_sheet(case.number)
    stored = repr([tuple(row) for row in (*rows_of(NOTICES), *rows_of(ENTRIES))])
    assert PHONE not in stored
    assert "13911112222" not in stored
    codes = {row.code for row in calls()}
    assert not [code for code in codes if code in repr([tuple(row) for row in rows_of(ENTRIES)])]


def test_a_drill_never_takes_a_real_number(ground: Ground) -> None:
    hire("C1", "incident_commander")
    case = accident(exercise="live")
    alert(case, "incident_commander")
    later(minutes=20)
    bell.ring()
    assert "call" not in told("officer:C1")
    sheet = docx.Document(str(write_call_sheet(case.number))).tables[0]
    assert not [cell for row in sheet.rows for cell in row.cells if PHONE in cell.text]


def test_channels_of_telephones_need_a_number_and_nothing_else() -> None:
    def found(routes: list[Any]) -> list[str]:
        book = Channels.model_validate({"channels": {"hot": {"kind": "call"}}, "officers": {"1": routes}})
        return [str(problem) for problem in problems(book, [])]

    assert found([{"hot": PHONE}]) == []
    assert found([{"call": PHONE}]) == []
    assert len(found(["hot"])) == 1


def test_who_can_be_reached_is_listed_with_what_is_wrong(ground: Ground) -> None:
    hire("C1", "incident_commander")
    hire("N1", "deputy_commander_a")
    found = {(one.role, one.staff_no): one for one in reachable()}
    commander = next(one for one in found.values() if one.staff_no == "C1")
    assert (commander.ways, commander.faults, commander.tested) == (["app", "sms", "call"], [], "")
    assert len(next(one for one in found.values() if one.staff_no == "N1").faults) == 1
    assert [one for one in found.values() if not one.staff_no and len(one.faults) == 2]
    done = CliRunner().invoke(app, ["incident", "reachability", "--json"])
    assert done.exit_code == 0, done.output
    assert PHONE not in done.output


def test_the_weekly_test_reports_who_is_silent(ground: Ground) -> None:
    hire("C1", "incident_commander")
    hire("A1", "deputy_commander_a")
    with pytest.raises(Parked):
        reachability_test.fn("")
    assert set(told("officer:C1", "incident_call.test")) == {"inbox", "app"}
    ack("C1")
    later(minutes=30)
    assert bell.ring() == []
    assert calls(staff_no="A1")[0].step == 0
    with pytest.raises(Parked):
        reachability_test.fn("2027-01-04")
    later(hours=24)
    number = reachability_test.fn("2027-01-04")
    assert status_of(number) == "closed"
    facts = [row.facts for row in rows_of(NOTICES) if row.template == "notice_reachability_test.report_silent"]
    assert "A1" in facts[0]["who"]
    assert "C1" not in facts[0]["who"]
    assert next(one.tested for one in reachable() if one.staff_no == "C1")
    assert date(2027, 1, 4).isoformat() in next(one.tested for one in reachable() if one.staff_no == "C1")
