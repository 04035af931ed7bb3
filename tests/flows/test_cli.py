"""The command line: a wrong word gets one Chinese sentence and changes nothing; a right one does its work."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings
from typer.testing import CliRunner, Result

from flows.cli import PLACES, app
from flows.conscription import conscription
from tasks import officer, rehearsal, store
from tasks.anchor import heads_digest
from tasks.clock import set_clock
from tasks.conscription.course import open_season, read_plan
from tasks.database import upgrade
from tasks.wait import Parked

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture
def house(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("BANJIE_CLOCK", "simulated")
    nobody = "http://127.0.0.1:9"  # nobody answers there, whatever server other tests of the session talk to
    monkeypatch.setenv("BANJIE_ADDRESS", nobody)
    store.forget()
    upgrade()
    set_clock(datetime(2026, 12, 1, tzinfo=UTC))
    rehearsal.enrol_cast(date(2026, 1, 1))
    with pytest.raises(Parked):
        conscription.fn("2027H1")
    with temporary_settings({PREFECT_API_URL: f"{nobody}/api"}):
        yield home
    store.forget()


def call(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


WRONG = [
    ("officer", "add", "S1003", "--name", "张三", "--role", "leading_group"),
    ("officer", "add", "9001", "--name", "张三", "--role", "no_such_role"),
    ("officer", "add", "9001", "--name", "张三", "--role", "leading_group", "--since", "昨天"),
    ("officer", "rotate", "9999"),
    ("officer", "code", "9999"),
    ("officer", "delegate", "S1003", "--deputy", "S1004", "--role", "finance_bureau", "--until", "2027-01-01"),
    ("decide", "Q999", "--staff", "S1003", "--code", "000000", "--verdict", "已调整", "--reason", "情况已核实"),
    ("decide", "第一", "--staff", "S1003", "--code", "000000", "--verdict", "已调整", "--reason", "情况已核实"),
    ("decide", "Q1", "--staff", "S1003", "--code", "000000", "--verdict", "已调整", "--reason", "情况已核实"),
    ("decide", "Q1", "--staff", "S1003"),
    ("decide", "Q1", "--staff", "S1003", "--code", "1", "--verdict", "x", "--reason", "y", "--field", "没有等号"),
    ("import", "没有这个文件.xlsx", "--form", "application", "--case", "ZB-2027H1"),
    ("import", "{home}/keys.json", "--form", "application", "--case", "ZB-2027H1"),
    ("import", "{home}/keys.json", "--form", "nothing", "--case", "ZB-2027H1"),
    ("import", "{home}/keys.json", "--form", "application", "--case", "ZB-1999H1"),
    ("export", "--case", "ZB-1999H1", "x.xlsx", "--staff", "S1001", "--code", "1", "--purpose", "存档"),
    ("export", "--case", "ZB-2027H1", "x.xlsx", "--staff", "S1001", "--code", "123", "--purpose", "存档"),
    ("template", "nothing", "x.xlsx"),
    ("why", "--case", "ZB-1999H1", "a", "b"),
    ("why", "--case", "ZB-2027H1", "ZB-2027H1-000001", "ZB-2027H1-000002"),
    ("clock", "后天"),
    ("clock", "2020-01-01"),
    ("start", "conscription", "-p", "没有等号"),
    ("start", "conscription", "-p", "season=2027H1"),
    ("notices", "try", "nothing"),
    ("explain", "fine", "--base", "-1"),
    ("explain", "deadline", "--clock", "moons", "--budget", "2", "--from", "2023-09-28T16:00"),
    ("explain", "season", "--on", "昨天"),
    ("demo", "--home", "{home}"),
    ("nonsense",),
]


@pytest.mark.parametrize("words", WRONG, ids=[" ".join(words[:4]) for words in WRONG])
def test_a_wrong_word_gets_its_sentence_and_changes_nothing(house: Path, words: tuple[str, ...]) -> None:
    before = heads_digest(), officer.officers()
    done = call(*(word.format(home=house) for word in words))
    assert done.exit_code == 2, done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)
    told = done.stderr.strip()
    assert len(told.splitlines()) == 1, told
    assert CHINESE.search(told), told
    assert "Traceback" not in done.output
    assert heads_digest() == before[0]


@pytest.mark.parametrize("name", PLACES)
def test_every_command_has_help_with_an_example(house: Path, name: str) -> None:
    done = call(name, "--help")
    assert done.exit_code == 0, done.output
    assert CHINESE.search(done.output)


def test_an_answer_by_command_is_taken_once(house: Path) -> None:
    code = call("officer", "code", "S1003").stdout.split()[0]
    words = ("decide", "Q1", "--staff", "S1003", "--code", code, "--verdict", "已调整", "--reason", "情况已核实")
    done = call(*words)
    assert done.exit_code == 0, done.output
    assert "ZB-2027H1" in done.stdout
    assert call(*words).exit_code == 2


def test_officers_inbox_and_verification_are_told_as_json(house: Path) -> None:
    assert len(json.loads(call("officer", "list", "--json").stdout)) == len(rehearsal.CAST)
    letters = json.loads(call("inbox", "S1003", "--json").stdout)
    assert letters[0]["recipient"] == "officer:S1003"
    assert json.loads(call("verify", "--json").stdout) == []
    assert json.loads(call("anchor").stdout)["cases"] >= 1
    assert (house / "anchors.jsonl").exists()


def test_a_blank_sheet_can_be_filled_in_and_read_again(house: Path) -> None:
    path = house / "blank.xlsx"
    assert call("template", "application", str(path)).exit_code == 0
    done = call("import", str(path), "--form", "application", "--case", "ZB-2027H1", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["accepted"] == 0


def test_the_doctor_names_what_is_wrong(house: Path) -> None:
    found = {one["what"]: one["mark"] for one in json.loads(call("doctor", "--json").stdout)}
    assert found["数据库"] == "right"
    assert found["Prefect 服务"] == "odd"


def test_the_season_file_is_the_one_that_is_open(house: Path) -> None:
    assert open_season(read_plan("2027H1")).number == "ZB-2027H1"
