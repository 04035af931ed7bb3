"""Register the work pool, its queues and the deployments of prefect.yaml; doing so again changes nothing.

The deployments go through Prefect's own code for `prefect deploy --all`, so both ways give the same.
"""

import asyncio
import contextlib
import io
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import prefect
import yaml
from prefect.cli.deploy._config import _load_deploy_configs_and_actions
from prefect.cli.deploy._core import _run_multi_deploy
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import VariableCreate, VariableUpdate, WorkPoolCreate, WorkPoolUpdate
from prefect.exceptions import ObjectAlreadyExists
from prefect.settings import PREFECT_API_TLS_INSECURE_SKIP_VERIFY, temporary_settings
from prefect.workers.process import ProcessWorker
from rich.console import Console

from config.engine import engine
from config.messages import Refusal, say
from config.settings import settings
from tasks.form_titles import title_form
from tasks.runner import INCIDENT, TYPE, URGENT, WarmWorker

FILE: Final = "prefect.yaml"
DEFAULT: Final = "default"
NOTED: Final = "banjie_deployed"
"""Variable of Prefect's server: the fingerprint of what was deployed there."""


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
        names = {one["name"] for one in configurations}
        digest = _digest(folder)
        if (known := _deployed(client, names)) and _noted(client) == digest and len(known) == len(configurations):
            return known
        with contextlib.chdir(folder), _told() as output, temporary_settings(_plain(str(client.api_url))):
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
        flows = {flow.id: flow.name for flow in client.read_flows()}
        for one in client.read_deployments():
            if one.name in names:
                title_form(client, flows[one.flow_id], one)
        _note(client, digest)
        return _deployed(client, names)


def _deployed(client: SyncPrefectClient, names: set[str]) -> list[str]:
    """Return the deployments of these names that some work pool serves, as `flow/deployment`."""
    flows = {flow.id: flow.name for flow in client.read_flows()}
    served = (one for one in client.read_deployments() if one.name in names and one.work_pool_name)
    return sorted(f"{flows[one.flow_id]}/{one.name}" for one in served)


def _digest(folder: Path) -> str:
    """Return the fingerprint of everything that a deployment follows from: the stories, their words and their forms."""
    whole = sha256(f"{prefect.__version__}\0{folder}\0{settings().work_pool}\0{settings().language}".encode())
    files = [folder / FILE]
    for column in ("flows", "tasks", "models", "config"):  # a form's choices may be named in any of them
        files += sorted(path for path in (folder / column).rglob("*") if path.suffix in (".py", ".yaml"))
    for path in files:
        whole.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return whole.hexdigest()


def _noted(client: SyncPrefectClient) -> str:
    """Return the fingerprint of what this server has; empty where nothing is noted."""
    found = client.read_variable_by_name(NOTED)
    return str(found.value) if found is not None else ""


def _note(client: SyncPrefectClient, digest: str) -> None:
    if client.read_variable_by_name(NOTED) is None:
        client.create_variable(VariableCreate(name=NOTED, value=digest))
    else:
        client.update_variable(VariableUpdate(name=NOTED, value=digest))


def _plain(address: str) -> dict[Any, Any]:
    """Return settings that spare each of Prefect's many clients the certificates, where there is no TLS to check."""
    return {PREFECT_API_TLS_INSECURE_SKIP_VERIFY: True} if address.startswith("http://") else {}


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
