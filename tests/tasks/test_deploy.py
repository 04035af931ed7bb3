"""prefect.yaml, read by us and by `prefect deploy --all`: both give the same, twice gives the same."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from prefect.client.orchestration import SyncPrefectClient

from config.engine import engine
from config.messages import Refusal
from config.settings import ROOT
from tasks.child import Child
from tasks.deploy import deploy, ensure_pool
from tasks.runner import INCIDENT, TYPE, URGENT
from tasks.server import Server, client_environment

DUTY = '''
from datetime import date
from pathlib import Path
from prefect import flow
import tasks_of_trial

@flow(name="trial-duty")
def duty(on: date = date(2027, 1, 1), office: str = "征兵办公室"):
    """Look after things.

    Args:
        on: 业务日期
        office: 承办处室
    """
    (Path(__file__).parent.parent / "told").write_text(f"{on} {office} {tasks_of_trial.WORD} {Path.cwd()}")
'''


@pytest.fixture
def checkout(tmp_path: Path, pool: str) -> Path:
    folder = tmp_path / "办结 checkout"
    (folder / "flows").mkdir(parents=True)
    (folder / "flows" / "trial_duty.py").write_text(DUTY)
    (folder / "tasks_of_trial.py").write_text("WORD = '旁边的模块'\n")
    configuration = {
        "name": "trial",
        "pull": [{"prefect.deployments.steps.set_working_directory": {"directory": "."}}],
        "deployments": [
            {
                "name": f"daily-{pool}",
                "entrypoint": "flows/trial_duty.py:duty",
                "description": "每日巡查：示例。",
                "tags": ["征兵办公室"],
                "work_pool": {"name": pool, "work_queue_name": "default"},
                "schedules": [{"slug": "daily", "cron": "0 9 * * *", "timezone": "Asia/Shanghai"}],
            }
        ],
    }
    (folder / "prefect.yaml").write_text(yaml.safe_dump(configuration, allow_unicode=True))
    return folder


def snapshot(client: SyncPrefectClient, pool: str) -> dict[str, Any]:
    found = client.read_deployment_by_name(f"trial-duty/daily-{pool}")
    kept = {
        "id",
        "name",
        "entrypoint",
        "description",
        "tags",
        "work_pool_name",
        "work_queue_name",
        "pull_steps",
        "path",
    }
    plain = found.model_dump(mode="json", include=kept | {"parameter_openapi_schema", "concurrency_limit", "paused"})
    schedules = [
        one.model_dump(mode="json", include={"slug", "active", "schedule", "parameters"}) for one in found.schedules
    ]
    return plain | {"schedules": schedules}


@pytest.mark.server
def test_ours_and_the_command_line_agree_and_repeat(
    prefect_server: Server, prefect_client: SyncPrefectClient, checkout: Path, pool: str
) -> None:
    assert f"trial-duty/daily-{pool}" in deploy(checkout)
    ours = snapshot(prefect_client, pool)
    deploy(checkout)
    assert snapshot(prefect_client, pool) == ours
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    environment = {"PATH": "/usr/bin:/bin"} | client_environment(prefect_server.home, prefect_server.address)
    subprocess.run(command, cwd=checkout, env=environment, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    assert snapshot(prefect_client, pool) == ours
    assert ours["description"] == "每日巡查：示例。"
    assert ours["schedules"][0]["schedule"]["timezone"] == "Asia/Shanghai"
    assert ours["parameter_openapi_schema"]["properties"]["office"]["description"] == "承办处室"
    assert str(checkout) not in str(ours)


@pytest.mark.server
def test_the_pool_is_ours_with_urgent_runs_first_and_follows_a_moved_checkout(
    prefect_client: SyncPrefectClient, checkout: Path, pool: str
) -> None:
    deploy(checkout)
    found = prefect_client.read_work_pool(pool)
    assert found.type == TYPE
    response = prefect_client._client.post(f"/work_pools/{pool}/queues/filter", json={})
    queues = {queue["name"]: queue["priority"] for queue in response.json()}
    assert queues[INCIDENT] < queues[URGENT] < queues["default"]
    ensure_pool(prefect_client, pool, Path("/elsewhere"))
    properties = prefect_client.read_work_pool(pool).base_job_template["variables"]["properties"]
    assert properties["working_dir"]["default"] == "/elsewhere"


@pytest.mark.server
def test_the_ordinary_process_worker_runs_the_same_deployments(
    prefect_server: Server,
    prefect_client: SyncPrefectClient,
    checkout: Path,
    pool: str,
    eventually: Callable[..., Any],
) -> None:
    deploy(checkout)
    deployment = prefect_client.read_deployment_by_name(f"trial-duty/daily-{pool}")
    run = prefect_client.create_flow_run_from_deployment(deployment.id)
    worker = Child(
        "worker",
        [sys.executable, "-m", "prefect", "worker", "start", "--pool", pool, "--type", "process", "--run-once"],
        log=checkout.parent / "worker.log",
        env={"PATH": "/usr/bin:/bin", **client_environment(prefect_server.home, prefect_server.address)},
        cwd=Path("/"),
    )
    worker.start()
    eventually(
        lambda: prefect_client.read_flow_run(run.id).state_type in ("COMPLETED", "FAILED", "CRASHED"), seconds=90
    )
    worker.stop()
    assert prefect_client.read_flow_run(run.id).state_type == "COMPLETED", worker.log.read_text()
    assert (checkout / "told").read_text() == f"2027-01-01 征兵办公室 旁边的模块 {checkout}"


@pytest.mark.server
def test_the_warm_runner_runs_them_from_any_folder(
    prefect_client: SyncPrefectClient,
    checkout: Path,
    pool: str,
    warm_runner: Callable[..., Child],
    eventually: Callable[..., Any],
) -> None:
    deploy(checkout)
    deployment = prefect_client.read_deployment_by_name(f"trial-duty/daily-{pool}")
    warm_runner(pool, checkout)
    run = prefect_client.create_flow_run_from_deployment(deployment.id, parameters={"on": "2027-02-03"})
    # The server checks parameters only by their schema, which lets this month through.
    wrong = prefect_client.create_flow_run_from_deployment(deployment.id, parameters={"on": "2027-13-03"})
    eventually(lambda: prefect_client.read_flow_run(run.id).state_type == "COMPLETED")
    assert (checkout / "told").read_text().startswith("2027-02-03 征兵办公室 旁边的模块")
    eventually(lambda: prefect_client.read_flow_run(wrong.id).state_type == "FAILED")


@pytest.mark.server
def test_a_faulty_file_is_one_sentence_that_names_it(prefect_server: Server, tmp_path: Path) -> None:
    del prefect_server
    with pytest.raises(Refusal, match="没有找到部署文件") as refusal:
        deploy(tmp_path)
    assert str(tmp_path / "prefect.yaml") in str(refusal.value)
    (tmp_path / "prefect.yaml").write_text(
        "deployments: [{name: x, entrypoint: flows/none.py:x, work_pool: {name: banjie-x}}]"
    )
    with pytest.raises(Refusal, match="无法登记"):
        deploy(tmp_path)
    (tmp_path / "prefect.yaml").write_text("deployments: [{name: x, schedules: 5}]")
    with pytest.raises(Refusal, match="无法登记"):
        deploy(tmp_path)


def test_our_own_file_keeps_the_house_rules() -> None:
    known = yaml.safe_load((ROOT / "prefect.yaml").read_text())
    assert str(ROOT) not in (ROOT / "prefect.yaml").read_text()
    for one in known["deployments"]:
        assert one["tags"], one["name"]
        assert any("一" <= letter <= "鿿" for letter in one["description"]), one["name"]
        assert one["work_pool"]["work_queue_name"] in ("default", URGENT, INCIDENT)
        for schedule in one.get("schedules", []):
            assert ZoneInfo(schedule["timezone"]).key == "Asia/Shanghai"
    assert engine().runner in ("warm", "process")


def test_deploying_again_does_nothing_until_something_has_changed(
    checkout: Path, prefect_client: SyncPrefectClient
) -> None:
    (name,) = deploy(checkout)
    first = prefect_client.read_deployment_by_name(name)
    assert deploy(checkout) == [name]
    assert prefect_client.read_deployment_by_name(name).updated == first.updated, "nothing has changed"
    prefect_client.delete_deployment(first.id)
    assert deploy(checkout) == [name], "what is gone comes back"
    back = prefect_client.read_deployment_by_name(name)
    (checkout / "flows" / "trial_duty.py").write_text(DUTY.replace("承办处室", "承办单位"))
    assert deploy(checkout) == [name]
    changed = prefect_client.read_deployment_by_name(name)
    assert changed.parameter_openapi_schema != back.parameter_openapi_schema
