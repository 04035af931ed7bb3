"""Alerts for other systems: the first alerts, later ones update, a released text goes public, a drill never does."""

from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from typer.testing import CliRunner

from config.messages import Refusal
from config.settings import ROOT
from flows.cli import app
from models.incident_response.cap import NAMESPACE
from models.incident_response.status import IncidentStatus as S
from tasks.incident_response.alert import Sent, send_alert
from tasks.journal import verify
from tests.ground import Ground, fresh_code, hire, journal
from tests.tasks.incident_response import staged

SCHEMA = etree.XMLSchema(etree.parse(ROOT / "tests" / "models" / "incident_response" / "data" / "cap12.xsd"))


def said(path: Path, name: str) -> list[str]:
    root = etree.fromstring(path.read_bytes())
    assert SCHEMA.validate(root), SCHEMA.error_log
    return [one.text or "" for one in root.iter(f"{{{NAMESPACE}}}{name}")]


def sent(case: Any, **more: Any) -> Sent:
    return send_alert(case.number, "S21", fresh_code("S21"), **more)


def test_first_an_alert_then_updates_that_refer_to_all_before(ground: Ground) -> None:
    case = staged.responding()
    hire("S21", "command_office")
    first = sent(case)
    assert (first.identifier, first.kind, first.scope) == ("SG-2027-001.1", "Alert", "Restricted")
    assert said(first.path, "severity") + said(first.path, "certainty") == ["Severe", "Likely"]
    assert said(first.path, "areaDesc") == ["南通市海门区海门经济技术开发区（海门街道）"]
    assert said(first.path, "description") == ["地点：海门街道某路某号。状态：处置中。死亡3，重伤6，失联0。"]
    with pytest.raises(Refusal, match="--update"):
        sent(case)
    staged.after(case)
    second = sent(case, update=True, path=ground.home / "cap.xml")
    assert (second.kind, second.scope) == ("Update", "Public")
    assert said(second.path, "description") == ["某店发生爆炸，3人遇难。"]
    assert said(second.path, "references")[0].split(",")[1] == "SG-2027-001.1"
    assert (ground.home / "cap.xml").read_bytes() == second.path.read_bytes()
    assert [one for one in journal(case.number) if one[0] == "alert"] == [
        ("alert", 1, "responding", "S21"),
        ("alert", 2, "responding", "S21"),
    ]
    assert list(verify()) == []


def test_what_turned_out_to_be_no_accident_is_cancelled(floor: Ground) -> None:
    case = staged.reported()
    hire("S21", "command_office")
    with pytest.raises(Refusal, match="不能更新"):
        sent(case, update=True)
    sent(case)
    staged.line(case, "rule_out", after=S.NOT_ACCIDENT)
    assert said(sent(case, update=True).path, "msgType") == ["Cancel"]


def test_a_drill_is_an_exercise_and_never_public(floor: Ground) -> None:
    case = staged.responding("live")
    staged.after(case)
    hire("S21", "command_office")
    made = sent(case)
    assert said(made.path, "status") + said(made.path, "scope") == ["Exercise", "Restricted"]
    assert said(made.path, "headline")[0].startswith("【演练】")


def test_the_commands_do_the_same(floor: Ground) -> None:
    case = staged.responding()
    hire("S21", "command_office")
    hire("S22", "emergency_duty")

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["incident", *words])
        return done.exit_code, done.output

    path = floor.home / "证据.zip"
    code, text = run("handover", case.number, "--staff", "S21", "--code", fresh_code("S21"), "--incoming", "S22",
                     "--incoming-code", fresh_code("S22"), "--points", "等待专家")  # fmt: skip
    assert (code, "双方已签名" in text) == (0, True), text
    code, text = run(
        "bundle", case.number, str(path), "--staff", "S21", "--code", fresh_code("S21"), "--purpose", "调查"
    )
    assert (code, "SHA-256" in text) == (0, True), text
    assert run("check", str(path))[0] == 0
    path.write_bytes(path.read_bytes() + b"x")
    assert run("check", str(path))[0] == 1
    code, text = run("cap", case.number, "--staff", "S21", "--code", fresh_code("S21"))
    assert (code, "SG-2027-001.1" in text) == (0, True), text
