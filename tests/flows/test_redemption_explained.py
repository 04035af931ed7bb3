"""`banjie explain application` answers why an application has its status and due day, with its receipt."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from flows.explain import app
from tasks.clock import now
from tests.flows.redemption_stage import Redeeming, member, redeeming_at


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Redeeming]:
    with redeeming_at(tmp_path, monkeypatch) as made:
        made.policy()
        made.budget()
        made.firms(2)
        yield made


def explained(place: int, *more: str) -> Any:
    done = CliRunner().invoke(app, ["application", member(place), *more])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_a_correction_is_explained_with_every_item_and_the_paused_days(stage: Redeeming) -> None:
    stage.launched()
    stage.apply(1, papers=False)
    stage.go()
    stage.travel(now() + timedelta(days=3))
    found = explained(1)
    result = found["result"]
    assert (result["status"], result["status_text"], result["paused"]) == ("correction", "一次性补正告知", True)
    assert result["by"] == "system"
    assert result["due"] == "2027-03-15", "the firm's own last day"
    text = "\n".join(found["working"])
    assert "缺少材料：认定证书" in text
    assert "“承诺时限”暂停计时" in text
    promise = next(one for one in result["clocks"] if one["name"] == "promise")
    assert promise["state"] == "paused"
    assert {line["mark"] for line in promise["receipt"]} >= {"anchor", "paused"}
    assert {"document": "海政办发〔2023〕27号", "article": "第十四条"} in found["source"]
    assert found["reading"]["policy_redemption.resubmission_clock"]["value"] == "restart"
    assert "stands still" in json.dumps(explained(1, "--language", "en"))


def test_a_refusal_names_who_decided_and_why(stage: Redeeming) -> None:
    stage.launched()
    stage.apply(1)
    stage.go()
    assert explained(1)["result"]["due"] == explained(1)["result"]["clocks"][1]["due"]
    stage.sign("review", 1, "tax_bureau", verdict="reject", reason="欠缴税款")
    stage.go()
    found = explained(1)
    assert found["result"]["status"] == "refused"
    assert found["result"]["by"] == "S002"
    assert "欠缴税款" in found["working"]
    assert found["result"]["due"] is None


def test_an_unknown_number_is_refused_in_one_sentence(stage: Redeeming) -> None:
    done = CliRunner().invoke(app, ["application", "DX-2027-0001-000009"])
    assert done.exit_code == 2
    assert done.stderr.strip() == "没有编号为“DX-2027-0001-000009”的申报，请核对编号"
