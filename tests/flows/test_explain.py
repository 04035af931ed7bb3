"""`banjie explain` as a user runs it: one JSON object out, or one Chinese sentence and exit code 2."""

import json
import os
import subprocess
import sys
import time
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from config.settings import ROOT
from flows.explain import app

HEAVY = ("prefect", "sqlmodel", "sqlalchemy", "apprise")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, prog_name="explain")


def run_cold(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONUTF8": "1"}
    return subprocess.run(
        [sys.executable, "-m", "flows.explain", *arguments],
        capture_output=True, text=True, check=False, cwd=ROOT, env=environment, timeout=60, encoding="utf-8",
    )  # fmt: skip


def answer(line: str) -> dict[str, Any]:
    done = run(*line.split())
    assert (done.exit_code, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert list(told) == ["result", "working", "reading", "source"]
    assert told["working"]
    assert all(set(source) == {"document", "article"} for source in told["source"])
    found: dict[str, Any] = told
    return found


@pytest.mark.parametrize(
    ("line", "result"),
    [
        ("registration --born 2005-12-31 --sex male --on 2023-06-30", {"cohort": True, "status": "to_register", "due": "2023-06-30"}),
        ("registration --born 2004-11-10 --sex male --on 2023-06-01", {"status": "registration_overdue", "kind": "older"}),
        ("registration --born 2005-05-05 --sex female --on 2023-06-30", {"cohort": False}),
        ("registration --born 2005-08-01 --sex male --on 2023-07-01", {"status": "registration_overdue", "late": True, "status_text": "逾期未登记"}),
        ("registration --born 2005-08-01 --sex male --on 2023-07-01 --registered 2023-06-30", {"status": "registered", "late": False}),
        ("season --on 2023-02-15", {"season": "2023H1", "approval": "2023-03-01", "end": "2023-03-31"}),
        ("season --on 2023-09-01", {"season": "2023H2", "approval": "2023-09-01", "end": "2023-09-30"}),
        ("fine --base 24000", {"min": 48000, "max": 192000}),
        ("fine --base 0.01", {"min": 0.02, "max": 0.08}),
        ("posts --management 47 --worker 12", {"management": 5, "worker": 4}),
        ("posts --management 30 --worker 10", {"management": 3, "worker": 3}),
        ("rule conscription.publicity_days --on 2023-06-01", {"value": 5, "certainty": "law", "since": "2023-05-01"}),
        ("deadline --clock working-days --budget 2 --from 2023-09-28T16:00", {"due": "2023-10-08"}),
        ("deadline --clock hours --budget 48 --from 2023-10-01T14:30", {"due": "2023-10-03T14:30"}),
        ("identity --number 11010519491231002X", {"valid": True}),
    ],
)  # fmt: skip
def test_answers(line: str, result: dict[str, Any]) -> None:
    found = answer(line)["result"]
    assert {key: found[key] for key in result} == result


def test_benefits_of_a_bachelor_in_tibet() -> None:
    told = answer(
        "benefits --on 2024-09-01 --base 24000 --diploma bachelor --standing graduate --area tibet --award third_class_merit"
    )
    assert told["result"] == {
        "standard": 24000, "year": 2024, "family_allowance": 96000, "yearly_reward": 14400, "merit_reward": 4800,
        "one_off_reward": 7000, "yearly": 110400, "one_off": 7000, "total": 122200, "manual": [],
    }  # fmt: skip
    assert {"document": "海政办发〔2023〕20号", "article": "第十九条第四项"} in told["source"]
    assert told["reading"]["conscription.reward_base"]["value"] == "plain"


@pytest.mark.parametrize(
    ("options", "result"),
    [
        ("--diploma bachelor --standing student", {"yearly_reward": 12000, "one_off": 0}),
        ("--diploma master --standing student", {"yearly_reward": 14400, "one_off": 7000}),
        ("--diploma bachelor --standing student --holds junior_college", {"yearly_reward": 12000, "one_off": 5000}),
        ("--diploma bachelor --standing new_entrant", {"yearly_reward": 12000}),
        ("--diploma bachelor --standing new_entrant --reading new_entrant=manual", {"yearly_reward": None, "total": None, "manual": ["yearly_reward"]}),
        ("--area hardship --area tibet", {"family_allowance": 96000}),
        ("--area hardship --area tibet --reading family_allowance_factors=multiplied", {"family_allowance": 192000}),
        ("--award first_class_merit:rescue --award second_class_merit:rescue", {"merit_reward": 12000}),
        ("--award four_haves_soldier --award third_class_merit --reading conscription.merit_awards=highest_per_year", {"merit_reward": 4800}),
    ],
)  # fmt: skip
def test_benefits_by_facts_and_readings(options: str, result: dict[str, Any]) -> None:
    found = answer(f"benefits --on 2024-09-01 --base 24000 {options}")["result"]
    assert {key: found[key] for key in result} == result


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("benefits --on 2023-09-01 --diploma bachelor", "family_allowance_base[2023] missing"),
        ("fine --on 2023-09-01", "family_allowance_base[2023] missing"),
        ("fine --base -3", "“-3”不是大于零的金额"),
        ("fine --base NaN", "“NaN”不是大于零的金额"),
        ("fine --base 24000 --on 2023-05-11", "尚未施行"),
        ("fine --base 24000 --reading fine_multiples=free", "没有“free”这一选项"),
        ("fine --base 24000 --reading fine_multiples", "请写作 规则名=选项"),
        ("fine --base 24000 --language fr", "没有“fr”这种语言"),
        ("fine --bse 1", "没有选项 --bse"),
        ("season --on 2023-02-30", "“2023-02-30”不是日期"),
        ("season --on 2019-12-31", "尚未施行"),
        ("registration --sex male", "缺少 --born"),
        ("registration --born 2005-01-01 --sex x", "--sex 的值不正确，可选：male、female"),
        ("registration --born 2030-01-01 --sex male --on 2023-06-30", "晚于查询日期"),
        ("posts --management -1 --worker 1", "--management 的值不正确"),
        ("posts --management many --worker 1", "--management 的值不正确"),
        ("benefits --base 24000 --award medal", "没有“medal”这种立功受奖"),
        ("rule conscription.nonsense", "没有“conscription.nonsense”这一条"),
        ("deadline --clock moon --budget 2 --from 2023-09-28", "moon"),
        ("nonsense", "输入有误"),
        ("--nonsense", "没有选项 --nonsense"),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence_and_exit_code_2(line: str, sentence: str) -> None:
    done = run(*line.split())
    assert (done.exit_code, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


def test_as_a_program_of_its_own() -> None:
    good, bad = run_cold("posts", "--management", "47", "--worker", "12"), run_cold("fine", "--base", "x")
    assert json.loads(good.stdout)["result"] == {"management": 5, "worker": 4}
    assert (good.returncode, good.stderr) == (0, "")
    assert (bad.returncode, bad.stdout, bad.stderr) == (2, "", "“x”不是大于零的金额（元）\n")


def test_english_on_request() -> None:
    assert answer("posts --management 47 --worker 12 --language en")["working"][0].startswith("Management posts 47")


def test_help_shows_an_example_of_each_command() -> None:
    commands = ("deadline", "registration", "season", "benefits", "fine", "posts", "rule", "identity", "uscc")
    shown = run("--help").stdout
    for command in commands:
        assert command in shown
        assert "例：" in run(command, "--help").stdout


def test_it_starts_cold_without_engine_or_database(capsys: pytest.CaptureFixture[str]) -> None:
    loaded = f"import sys, flows.explain; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
    best = min(_seconds() for _ in range(5))
    with capsys.disabled():
        print(f"\n[measured] banjie explain, cold, best of five: {best:.2f} s")  # noqa: T201 -- a measurement to read


def _seconds() -> float:
    begin = time.perf_counter()
    assert run_cold("fine", "--base", "24000").returncode == 0
    return time.perf_counter() - begin
