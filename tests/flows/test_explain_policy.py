"""`banjie explain` on policies: clocks with their receipt, conditions with their reasons, grants with their working."""

import json
import subprocess
import sys
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from config.settings import ROOT
from flows.explain import app
from tests.flows.test_explain import HEAVY


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, prog_name="explain")


def answer(*arguments: str) -> dict[str, Any]:
    done = run(*arguments)
    assert (done.exit_code, done.stderr) == (0, "")
    told: dict[str, Any] = json.loads(done.stdout)
    assert list(told) == ["result", "working", "reading", "source"]
    assert told["working"]
    assert told["source"]
    return told


@pytest.mark.parametrize(
    ("line", "result"),
    [
        ("policy-publication --changed 2023-06-20 --published 2023-07-03", {"kept": "out_of_scope", "due": None}),
        ("policy-publication --changed 2023-09-28", {"kept": "overdue", "due": "2023-10-11", "failing": True}),
        ("policy-publication --changed 2023-06-27 --published 2023-07-05", {"kept": "late", "due": "2023-07-04"}),
        ("policy-publication --changed 2023-06-27 --secret", {"kept": "exempt", "failing": False}),
        ("manager-change --changed 2023-06-28 --reported 2023-07-03", {"kept": "on_time", "due": "2023-07-03"}),
        ("manager-change --changed 2023-09-27 --on 2023-10-08", {"kept": "running", "due": "2023-10-08"}),
        ("policy-feedback --received 2023-06-29", {"due": "2023-07-03"}),
        ("policy-feedback --received 2023-09-28T16:00 --fed-back 2023-10-08T17:00", {"kept": "on_time", "due": "2023-10-08"}),
        ("policy-grant --kind share --share 0.1 --of research --cap 200000 --fact research=1234567.85", {"amount": 123456.79}),
        ("policy-grant --kind fixed --amount 50000 --requested 30000", {"amount": 30000}),
        ("policy-grant --kind fixed --amount 50000 --requested 30000 --reading requested_bound=as_computed", {"amount": 50000}),
        ("policy-grant --kind as_reviewed", {"amount": None}),
    ],
)  # fmt: skip
def test_answers(line: str, result: dict[str, Any]) -> None:
    told = answer(*line.split())
    assert {name: told["result"][name] for name in result} == result
    assert told["source"][0]["document"]


def test_a_clock_tells_its_days_its_readings_and_its_articles() -> None:
    told = answer("policy-feedback", "--received", "2023-09-28T16:00")
    assert [day["number"] for day in told["working"][1:] if day["mark"] == "counted"] == [1, 2]
    assert set(told["reading"]) >= {
        "policy_redemption.feedback_covers", "policy_redemption.resubmission_clock", "calendar.after_hours"
    }  # fmt: skip
    assert {"document": "海政办发〔2023〕27号", "article": "第十四条"} in told["source"]
    out = answer("policy-publication", "--changed", "2023-06-20")
    assert out["source"] == [{"document": "海政办发〔2023〕27号", "article": "第二十四条"}]


def test_a_match_tells_a_reason_for_each_condition() -> None:
    told = answer(
        "policy-match", "--condition", "研发费用 research at_least 1000000", "--condition", "高企 titles includes 高新技术企业",
        "--fact", "research=1200000", "--fact", "titles=高新技术企业、专精特新",
    )  # fmt: skip
    assert told["result"] == {"fits": True}
    assert len(told["working"]) == 2
    doubt = answer("policy-match", "--condition", "技术先进", "--language", "en")
    assert doubt["result"] == {"fits": None}
    assert doubt["working"] == ["技术先进: for the responsible section to judge"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("policy-publication", "--changed", "九月"), "不是日期"),
        (("policy-feedback", "--received", "昨天"), "不是日期"),
        (("policy-match", "--condition", "研发 profit at_least 1"), "数据项可选"),
        (("policy-match", "--condition", "研发 research at_least 很多"), "无法比对"),
        (("policy-match", "--condition", "技术先进", "--fact", "profit=1"), "不是企业数据"),
        (("policy-grant", "--kind", "share"), "“按比例”的，须填写"),
        (("policy-grant", "--kind", "fixed", "--amount", "1e5"), "--amount"),
        (("policy-grant", "--kind", "fixed", "--amount", "5", "--requested", "-1"), "不是大于零的金额"),
        (("manager-change",), "--changed"),
    ],
)
def test_bad_input_is_one_sentence(arguments: tuple[str, ...], words: str) -> None:
    done = run(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_nothing_heavy_is_loaded() -> None:
    command = "import sys; import flows.explain; print(*sorted(sys.modules), sep='\\n')"
    done = subprocess.run([sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not set(HEAVY) & set(done.stdout.split())
