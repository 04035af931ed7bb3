"""Register the work pool, its queues and the deployments of prefect.yaml; doing so again changes nothing.

The deployments go through Prefect's own code for `prefect deploy --all`, so both ways give the same.
"""

import asyncio
import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml
from prefect.cli.deploy._config import _load_deploy_configs_and_actions
from prefect.cli.deploy._core import _run_multi_deploy
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.exceptions import ObjectAlreadyExists
from prefect.workers.process import ProcessWorker
from rich.console import Console

from config.engine import engine
from config.messages import Refusal, say
from config.settings import settings
from tasks.form_titles import title_form
from tasks.runner import INCIDENT, TYPE, URGENT, WarmWorker

FILE: Final = "prefect.yaml"
DEFAULT: Final = "default"


def deploy(root: Path | None = None) -> list[str]:
    """Register everything with the server that PREFECT_API_URL names; return the deployments, as `flow/deployment`.

    Args:
        root: folder that holds prefect.yaml and flows/; by default the checkout.

    Raises:
        Refusal: prefect.yaml is missing or not as Prefect wants it.
    """
    folder = (root or engine().root).resolve()
    configurations, actions = _read(folder / FILE)
    with get_client(sync_client=True) as client:
        for pool in {one.get("work_pool", {}).get("name") or settings().work_pool for one in configurations}:
            ensure_pool(client, pool, folder)
        with contextlib.chdir(folder), _told() as output:
            try:
                asyncio.run(
                    _run_multi_deploy(
                        configurations,
                        actions,
                        deploy_all=True,
                        console=Console(file=output, width=200),
                        is_interactive=lambda: False,
                    )
                )
            except (ValueError, FileNotFoundError, AttributeError, ImportError, SyntaxError) as error:
                raise Refusal("engine.deploy_failed", file=folder / FILE, reason=error) from error
        names = {one["name"] for one in configurations}
        flows = {flow.id: flow.name for flow in client.read_flows()}
        deployed = [one for one in client.read_deployments() if one.name in names]
        for one in deployed:
            title_form(client, flows[one.flow_id], one)
        return sorted(f"{flows[one.flow_id]}/{one.name}" for one in deployed)


def ensure_pool(client: SyncPrefectClient, pool: str, root: Path) -> None:
    """Create the work pool and its queues, or correct them: the folder of the checkout may have moved.

    Either kind of runner serves a pool of either kind, so a switch of BANJIE_RUNNER keeps every waiting run.
    """
    worker: Any = WarmWorker if engine().runner == "warm" else ProcessWorker
    template = worker.get_default_base_job_template()
    template["variables"]["properties"]["working_dir"]["default"] = str(root)
    text = say("engine.pool", settings().language)
    try:
        client.create_work_pool(
            WorkPoolCreate(name=pool, type=worker.type, base_job_template=template, description=text)
        )
    except ObjectAlreadyExists:
        if client.read_work_pool(pool).type not in (TYPE, ProcessWorker.type):
            raise Refusal("engine.pool_foreign", pool=pool) from None
        client.update_work_pool(pool, WorkPoolUpdate(base_job_template=template, description=text))
    for priority, queue in enumerate((INCIDENT, URGENT), 1):
        about = say(f"engine.queue_{queue}", settings().language)
        try:
            client.create_work_queue(queue, description=about, priority=priority, work_pool_name=pool)
        except ObjectAlreadyExists:
            known = client.read_work_queue_by_name(queue, work_pool_name=pool)
            if known.priority != priority:  # a pool of an earlier version
                client.update_work_queue(known.id, priority=priority)


def _read(file: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    try:
        known = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Refusal("engine.no_prefect_yaml", file=file) from None
    except yaml.YAMLError as error:
        raise Refusal("engine.deploy_failed", file=file, reason=error) from None
    output = io.StringIO()
    configurations, actions = _load_deploy_configs_and_actions(file, console=Console(file=output, width=200))
    # Prefect skips what it does not understand; a deployment that silently does not exist is worse than none at all.
    if len(configurations) != len((known or {}).get("deployments") or []) or not configurations:
        raise Refusal("engine.deploy_failed", file=file, reason=output.getvalue().strip())
    return configurations, actions


@contextlib.contextmanager
def _told() -> Iterator[io.StringIO]:
    """Catch what Prefect prints for a person at a terminal."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        yield output


def main() -> None:
    """Register everything and end."""
    deploy()
