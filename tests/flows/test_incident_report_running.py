"""Reports under a real Prefect: the forms open, follow and merge accidents; personal numbers never reach the server."""

import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun

from tasks import officer
from tasks.database import upgrade
from tasks.deploy import deploy
from tasks.incident_response.incident import INCIDENTS, REPORTS
from tasks.store import forget
from tests.conftest import RunnerOf
from tests.ground import NOTICES, rows_of
from tests.tasks.incident_response.report_stage import FULL

QUICK = {"unit": "红星烟花店", "place": "三星镇人民路100号", "kind": "爆炸", "casualties": "死亡2人，失联1人"}
PHONE = "13800138000"
T = TypeVar("T")


@pytest.fixture
def house(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.delenv("BANJIE_DATABASE_URL", raising=False)
    monkeypatch.delenv("BANJIE_CLOCK", raising=False)
    forget()
    upgrade()
    officer.enrol("S1", "值班员", ["emergency_duty"], date(2026, 1, 1))
    yield home
    forget()


def eventually(find: Callable[[], T | None], seconds: float = 60) -> T:
    ends = time.monotonic() + seconds
    while (found := find()) is None:
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.2)
    return found


def brought(client: SyncPrefectClient, name: str, given: dict[str, Any]) -> FlowRun:
    deployment = client.read_deployment_by_name(name)
    return client.create_flow_run_from_deployment(deployment.id, parameters=given)


@pytest.mark.server
def test_the_forms_of_reports(house: Path, prefect_client: SyncPrefectClient, warm_runner: RunnerOf) -> None:
    names = {"report_accident/报告事故", "report_quickly/事故快报", "report_follow_up/事故续报", "merge_incidents/并案",
             "overrule_accident_grade/事故定级"}  # fmt: skip
    assert names <= set(deploy())
    for name in names:
        deployment = prefect_client.read_deployment_by_name(name)
        assert deployment.work_queue_name == "incident"
        fields = (deployment.parameter_openapi_schema or {})["properties"]
        assert all(any("\u4e00" <= letter <= "\u9fff" for letter in field["title"]) for field in fields.values()), name
    for field in ("situation", "unit", "course"):
        with pytest.raises(httpx.HTTPStatusError) as refused:
            brought(prefect_client, "report_accident/报告事故", FULL | {field: f"请联系{PHONE}"})
        assert "值班室用命令登记" in refused.value.response.json()["detail"]
        assert PHONE not in refused.value.response.text
    without = {name: value for name, value in FULL.items() if name != "measures"}
    with pytest.raises(httpx.HTTPStatusError) as refused:
        brought(prefect_client, "report_accident/报告事故", without)
    assert "measures" in refused.value.response.text or "措施" in refused.value.response.text
    runner = warm_runner("banjie")

    def ends(run: FlowRun) -> str:
        def final() -> FlowRun | None:
            found = prefect_client.read_flow_run(run.id)
            return found if found.state is not None and found.state.is_final() else None

        state = eventually(final).state
        assert state is not None
        assert state.is_completed(), (state.message, runner.log.read_text()[-2000:])
        return str(state.message)

    said = ends(brought(prefect_client, "report_quickly/事故快报", QUICK))
    year = f"SG-{date.today():%Y}"  # noqa: DTZ011 -- the year alone
    assert f"{year}-001" in said
    assert {row.template for row in rows_of(NOTICES)} >= {"notice_incident_response.alert"}
    said = ends(brought(prefect_client, "report_accident/报告事故", FULL | {"occurred": "刚刚"}))
    assert "疑似同一事故" in said
    given = {"number": f"{year}-001", "staff_no": "S1", "code": officer.code_now("S1"), "dead": "3"}
    assert "第 3 次" in ends(brought(prefect_client, "report_follow_up/事故续报", given))
    assert (len(rows_of(INCIDENTS)), len(rows_of(REPORTS)), rows_of(INCIDENTS)[0].dead) == (1, 3, 3)
    stored = str([run.parameters for run in prefect_client.read_flow_runs(limit=200)])
    assert PHONE not in stored
