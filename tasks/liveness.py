"""Which runs are really being executed, and which only say so: a killed runner leaves its runs RUNNING for ever."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.exceptions import ObjectNotFound
from prefect.states import Pending, Scheduled

from config.messages import say
from config.settings import settings

EXECUTING: Final = (StateType.PENDING, StateType.RUNNING, StateType.CANCELLING)
HEARTBEAT_SECONDS: Final = 5
MISSED_HEARTBEATS: Final = 3
NOBODY_SECONDS: Final = 60  # a run that nobody ever signed for may still be on its way to a process
_PAGE: Final = 200
# The runner of this process, if there is one: told to look at once, or handed a run that is due.
listeners: Final[set[Callable[[FlowRun | None], None]]] = set()
_NAME: Final = re.compile(r"\bbanjie-[\w.-]+")


def claim(runner: str) -> State[Any]:
    """Return the state with which a runner takes a run: it names the runner, which costs no request of its own."""
    return Pending(message=say("engine.claimed", settings().language, runner=runner))


def alive_runners(client: SyncPrefectClient, pool: str, now: datetime) -> set[str]:
    """Return the names of the runners of a pool that sent a heartbeat of late.

    Args:
        client: a client of the server.
        pool: name of the work pool.
        now: the present instant, on the server's clock.
    """
    try:
        workers = client.read_workers_for_work_pool(pool, limit=_PAGE)
    except ObjectNotFound:
        return set()
    return {
        worker.name
        for worker in workers
        if worker.last_heartbeat_time is not None
        and now - worker.last_heartbeat_time
        < timedelta(seconds=MISSED_HEARTBEATS * (worker.heartbeat_interval_seconds or HEARTBEAT_SECONDS))
    }


def runner_of(client: SyncPrefectClient, run: FlowRun) -> str:
    """Return the name of the runner that took a run last, or nothing."""
    for state in sorted(client.read_flow_run_states(run.id), key=lambda state: state.timestamp, reverse=True):
        if state.type is StateType.PENDING and (named := _NAME.search(state.message or "")):
            return named.group()
    return str(run.labels.get("prefect.worker.name", ""))


def _executing(client: SyncPrefectClient, pool: str) -> Iterator[FlowRun]:
    chosen = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(EXECUTING))))
    offset = 0
    while True:
        runs = client.read_flow_runs(
            flow_run_filter=chosen,
            work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[pool])),
            limit=_PAGE,
            offset=offset,
        )
        yield from runs
        if len(runs) < _PAGE:
            return
        offset += _PAGE


def alive_runs(client: SyncPrefectClient, pool: str | None = None) -> set[str]:
    """Return the ids of the runs that a living runner executes now.

    Args:
        client: a client of the server.
        pool: name of the work pool; by default ours.
    """
    return {str(run.id) for run, alive in _judged(client, pool or settings().work_pool) if alive}


def orphans(client: SyncPrefectClient, pool: str | None = None) -> list[FlowRun]:
    """Return the runs that say they are executing while their runner is gone.

    A runner counts as gone 15 seconds after its last heartbeat, which also waits out Prefect's own late state changes.

    Args:
        client: a client of the server.
        pool: name of the work pool; by default ours.
    """
    return [run for run, alive in _judged(client, pool or settings().work_pool) if not alive]


def _judged(client: SyncPrefectClient, pool: str) -> Iterator[tuple[FlowRun, bool]]:
    now = datetime.now(UTC)
    alive = alive_runners(client, pool, now)
    for run in _executing(client, pool):
        runner = runner_of(client, run)
        since = run.state.timestamp if run.state else now
        yield run, runner in alive if runner else now - since < timedelta(seconds=NOBODY_SECONDS)


def poke(run: FlowRun | None = None) -> None:
    """Make the runner in this process look for due runs at once, or take this one; elsewhere nothing happens."""
    for listener in tuple(listeners):
        listener(run)


def nudge(client: SyncPrefectClient, run_id: str | UUID) -> bool:
    """Wake a parked run now, at once where a runner is in this process.

    A run that is awake is left alone (its case has counted the nudge) and False returned.
    """
    try:
        run = client.read_flow_run(UUID(str(run_id)))
    except ObjectNotFound:
        return False
    if run.state is None or run.state.type not in (StateType.SCHEDULED, StateType.PAUSED):
        return False
    client.set_flow_run_state(run_id, Scheduled(name="Nudged", scheduled_time=datetime.now(UTC)))
    poke(run)
    return True
