"""`banjie assist` and `banjie questions`: acts by command, refusals in one sentence, sheets of what is open."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings
from typer.testing import CliRunner, Result

from flows.cli import app
from models.answer import Determination
from tasks.ask import open_questions
from tasks.pose import pose
from tests.ground import SEATS, Ground, fresh_code, hire, later, opened, rows_of, settled, with_members  # fmt: skip


@pytest.fixture(params=["sqlite"])
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    nobody = "http://127.0.0.1:9"  # nobody answers there, whatever server other tests of the session talk to
    monkeypatch.setenv("BANJIE_ADDRESS", nobody)
    with temporary_settings({PREFECT_API_URL: f"{nobody}/api"}):
        yield from settled(request, home, monkeypatch)


@pytest.fixture
def numbers(ground: Ground) -> list[str]:
    del ground
    for staff_no, role in (("S1", "leading_group"), ("S2", "physical_group")):
        hire(staff_no, role)
    case = opened()
    members = with_members(case, 3)
    pose(Determination, case, "groups", members=dict.fromkeys(members, "请审阅"), of="leading_group")
    return members


def call(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def signed(staff_no: str, code: str = "") -> tuple[str, ...]:
    return "--staff", staff_no, "--code", code or fresh_code(staff_no), "--reason", "按职责分工"


def test_every_verb_goes_by_command(numbers: list[str]) -> None:
    passed = call("assist", "transfer", "Q1", "--to", "体格检查组", *signed("S1"))
    assert (passed.exit_code, passed.output) == (0, f"Q1（{numbers[0]}）已转办给体格检查组。\n")
    assert call("assist", "withdraw", "Q1", *signed("S1")).exit_code == 0
    assert "加签" in call("assist", "add", "Q2", "--to", "physical_group", "--officer", "S2", *signed("S1")).output
    assert "抄送" in call("assist", "copy", "Q2", "--to", "physical_group", *signed("S1")).output
    urged = json.loads(call("assist", "urge", "Q2", *signed("S2"), "--json").output)
    assert (urged["verb"], urged["number"], bool(urged["next_at"])) == ("urge", "Q2", True)
    assert [row.status for row in rows_of(SEATS)] == ["passed_on", "open", "open", "withdrawn", "open", "open"]


@pytest.mark.parametrize(
    "words",
    [
        ("transfer", "Q1"),
        ("transfer", "Q1", "--to", "没有的局"),
        ("transfer", "Q1", "--to", "audit_bureau"),
        ("transfer", "第一", "--to", "physical_group"),
        ("transfer", "Q99", "--to", "physical_group"),
        ("add", "Q1", "--to", "leading_group"),
        ("copy", "Q1", "--to", "physical_group", "--officer", "S1"),
        ("withdraw", "Q1"),
        ("urge", "Q99"),
    ],
    ids=" ".join,
)
def test_a_wrong_word_gets_its_sentence_and_changes_nothing(numbers: list[str], words: tuple[str, ...]) -> None:
    before = rows_of(SEATS)
    told = call("assist", *words, *signed("S1"))
    assert told.exit_code == 2
    assert told.stderr.strip().count("\n") == 0
    assert told.stderr.strip()
    assert rows_of(SEATS) == before
    later(minutes=1)


def test_open_questions_are_written_as_a_sheet_and_come_back_answered(numbers: list[str], tmp_path: Path) -> None:
    path = tmp_path / "决定表.xlsx"
    assert "3 项待办" in call("questions", str(path), "--role", "征兵领导小组").output
    assert call("questions", str(path), "--role", "没有的局").exit_code == 2
    assert call("questions", str(path), "--case", "ZB-1999H1").exit_code == 2
    taken = call("import", str(path), "--form", "decision", "--json")
    assert json.loads(taken.output)["rejected"] == 3
    assert json.loads(taken.output)["results"]
    assert len(open_questions()) == len(numbers)
