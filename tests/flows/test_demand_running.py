"""Demands under a real Prefect: the server refuses personal numbers before it stores them, and a form starts the story."""

import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import httpx
import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun

from tasks import officer
from tasks.ask import Question, open_questions
from tasks.case import instances_open
from tasks.database import upgrade
from tasks.deploy import deploy
from tasks.door import Signature, decide
from tasks.store import forget
from tasks.worklist import wake
from tests.conftest import RunnerOf

FIRM = "91320684MA1NABCD7T"
PHONE = "13800138000"
T = TypeVar("T")


@pytest.fixture
def house(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.delenv("BANJIE_DATABASE_URL", raising=False)
    monkeypatch.delenv("BANJIE_CLOCK", raising=False)
    forget()
    upgrade()
    officer.enrol("P001", "经办一", ["approval_bureau"], date(2026, 1, 1))
    yield home
    forget()


def eventually(find: Callable[[], T | None], seconds: float = 60) -> T:
    """Wait for something to be there."""
    ends = time.monotonic() + seconds
    while (found := find()) is None or found is False:
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.2)
    return found


def lodge(client: SyncPrefectClient, content: str) -> FlowRun:
    deployment = client.read_deployment_by_name("lodge_demand/lodge_demand")
    given = {"kind": "咨询", "title": "研发补助何时申报", "content": content, "firm": FIRM}
    return client.create_flow_run_from_deployment(deployment.id, parameters=given)


def question(point: str) -> Question | None:
    return next((one for one in open_questions() if one.point == point and one.run_id), None)


@pytest.mark.server
def test_a_form_starts_the_story_and_personal_numbers_never_reach_the_server(
    house: Path, prefect_client: SyncPrefectClient, warm_runner: RunnerOf
) -> None:
    assert {"lodge_demand/lodge_demand", "demand/demand", "activity/activity", "enrol/enrol"} <= set(deploy())
    schema = prefect_client.read_deployment_by_name("lodge_demand/lodge_demand").parameter_openapi_schema
    assert "不填写任何个人信息" in schema["properties"]["content"]["description"]
    assert schema["properties"]["kind"]["enum"] == ["咨询", "求助", "建议", "投诉", "举报", "表扬"]
    for content in (f"请联系{PHONE}", "请联系138 0013 8000", "１３８００１３８０００", "身份证32068420060315001X"):
        with pytest.raises(httpx.HTTPStatusError) as refused:
            lodge(prefect_client, content)
        assert "企业服务专窗登记" in refused.value.response.json()["detail"]
        assert content not in refused.value.response.text
    stored = [run.parameters for run in prefect_client.read_flow_runs(limit=200)]
    assert PHONE not in str(stored)
    runner = warm_runner("banjie")
    run = lodge(prefect_client, "请问今年研发费用补助什么时候开始申报？")

    deployment = prefect_client.read_deployment_by_name("lodge_demand/lodge_demand")
    body = {"parameters": {"kind": "咨询", "title": "问题", "content": f"请联系{PHONE}", "firm": FIRM},
            "enforce_parameter_schema": False}  # fmt: skip
    made = prefect_client._client.post(f"/deployments/{deployment.id}/create_flow_run", json=body).json()["id"]

    def ended(run_id: UUID) -> FlowRun | None:
        found = prefect_client.read_flow_run(run_id)
        return found if found.state is not None and found.state.is_final() else None

    told_not_to_check = eventually(lambda: ended(UUID(made)))
    assert told_not_to_check.state is not None
    assert told_not_to_check.state.is_failed()
    assert "企业服务专窗" in str(told_not_to_check.state.message)
    assert PHONE not in str(told_not_to_check.parameters)
    state = eventually(lambda: ended(run.id)).state
    assert state is not None
    assert state.is_completed(), (state.message, runner.log.read_text()[-2000:])
    assert "SQ-" in str(state.message)
    asked = eventually(lambda: question("assign"))
    form = prefect_client.read_flow_run_input(asked.run_id, key=f"suspended-q-{asked.seat_id}-{asked.attempt}-schema")  # type: ignore[arg-type]
    assert "区科技局" in str(form)
    number = asked.case
    given = {"verdict": "decline", "department": "", "reason": "不属于受理范围"}
    decide(asked.seat_id, Signature("P001", officer.code_now("P001"), given, "form"))
    wake(prefect_client, instances_open(number)[0].run_id)
    eventually(lambda: not instances_open(number))
