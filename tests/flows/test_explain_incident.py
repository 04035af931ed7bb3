"""`banjie explain` on accidents: the contract of accident-level, unknown numbers, bad input; a dealer's own plan."""

import json
import subprocess
import sys
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from config.settings import ROOT
from flows.explain import app

PLAN = "海政办发〔2023〕31号"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, prog_name="explain")


def answer(line: str) -> dict[str, Any]:
    done = run(*line.split())
    assert (done.exit_code, done.stderr) == (0, "")
    told: dict[str, Any] = json.loads(done.stdout)
    assert list(told) == ["result", "working", "reading", "source"]
    return told


def test_the_contract_of_accident_level() -> None:
    told = answer("accident-level --dead 2 --injured 12 --loss 60000000 --missing 1 --trapped 0")
    assert told["result"] == {
        "confirmed": "II",
        "confirmed_text": "重大（Ⅱ级）",
        "confirmed_by": ["loss"],
        "worst_case": "II",
        "worst_case_text": "重大（Ⅱ级）",
        "worst_case_by": ["loss"],
        "open": [],
    }
    assert "直接经济损失60000000元：在50000000元以上、100000000元以下，为重大（Ⅱ级）" in told["working"]
    assert told["source"][0] == {"document": PLAN, "article": "1.5"}
    assert told["reading"]["incident_response.missing_people"]["value"] == "dead_or_injured"


def test_T_INC_21_from_the_command_line() -> None:
    told = answer("accident-level --dead 2 --injured 12 --loss 60000000")["result"]
    assert (told["confirmed"], told["worst_case"], told["open"]) == ("II", "II", ["missing", "trapped"])


def test_T_INC_23_from_the_command_line() -> None:
    line = "accident-level --dead 2 --injured 0 --loss 0 --trapped 0 --missing"
    first = answer(f"{line} 1")["result"]
    assert (first["confirmed"], first["worst_case"], first["worst_case_by"]) == ("IV", "III", ["dead"])
    conservative = answer(f"{line} 1 --reading missing_people=counted_dead")["result"]
    assert conservative["confirmed"] == "III"
    assert answer(f"{line} 0")["result"]["worst_case"] == "IV"


@pytest.mark.parametrize("unknown", ["unknown", "UNKNOWN", "未知"])
def test_unknown_is_unknown_and_so_is_what_is_not_given(unknown: str) -> None:
    told = answer(f"accident-level --dead {unknown} --injured 10")
    assert (told["result"]["confirmed"], told["result"]["worst_case"]) == ("III", "III")
    assert told["result"]["open"] == ["dead", "missing", "trapped", "loss"]
    assert told["reading"]["incident_response.unknown_numbers"]["value"] == "open"
    wide = answer(f"accident-level --dead {unknown} --injured 10 --reading unknown_numbers=widens")
    assert wide["result"]["worst_case"] == "I"


def test_it_speaks_english_and_knows_the_rules_of_another_day() -> None:
    told = answer("accident-level --dead 30 --on 2020-01-01 --language en")
    assert told["result"]["confirmed_text"] == "extraordinary (I)"
    assert "deaths 30: at least 30, extraordinary (I)" in told["working"]
    assert told["source"][0]["article"] == "第三条"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("accident-level --dead -1", "--dead"),
        ("accident-level --dead 2.5", "2.5"),
        ("accident-level --injured many", "--injured"),
        ("accident-level --missing ２", "--missing"),
        ("accident-level --trapped 99999999", "--trapped"),
        ("accident-level --loss -1", "--loss"),
        ("accident-level --loss 1e9", "1e9"),
        ("accident-level --loss NaN", "NaN"),
        ("accident-level --loss 1.005", "1.005"),
        ("accident-level --loss 6千万", "--loss"),
        ("accident-level --dead 1 --reading missing_people=alive", "alive"),
        ("accident-level --dead 1 --on 2000-01-01", "2000-01-01"),
        ("accident-level --dead 1 --language fr", "fr"),
        ("accident-level --deaths 1", "--deaths"),
        ("own-plan", "--kind"),
        ("own-plan --kind import", "wholesale"),
        ("own-plan --kind wholesale --plan x --revised soon", "soon"),
    ],
)
def test_bad_input_ends_with_2_and_one_sentence(line: str, says: str) -> None:
    done = run(*line.split())
    assert done.exit_code == 2
    assert done.stdout == ""
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def test_T_INC_37_a_wholesale_firm_must_hold_its_own_plan() -> None:
    told = answer("own-plan --kind wholesale")
    assert told["result"]["flag"]
    assert told["result"]["missing"]
    assert told["working"] == ["烟花爆竹批发企业没有登记本单位的应急预案：应当制定并组织实施"]
    assert told["source"] == [{"document": PLAN, "article": "1.3（4）"}]
    held = answer("own-plan --kind wholesale --plan 预案〔2024〕1号 --revised 2024-06-01 --on 2026-11-25")["result"]
    assert held == {
        "flag": False, "required": True, "missing": False, "review_due": "2027-06-01", "review_overdue": False
    }  # fmt: skip
    assert answer("own-plan --kind wholesale --plan 预案 --revised 2023-06-01 --on 2026-11-25")["result"]["flag"]
    assert not answer("own-plan --kind retail")["result"]["flag"]


def test_it_needs_no_engine_and_no_database() -> None:
    code = (
        "import sys, flows.explain_incident; "
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'prefect', 'sqlmodel', 'sqlalchemy', 'apprise'}))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == "[]"
