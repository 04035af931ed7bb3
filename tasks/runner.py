"""The warm runner: a Prefect worker that keeps the stories loaded and tells them in threads of its own process.

A process worker starts a new Python for each run: 3.5 to 4.5 seconds. This one answers in a fraction of a second. What
a process would have protected from is met otherwise: a story that hangs is interrupted, and if that does not help, the
runner hands its other runs back and asks its supervisor for a new process. The journal is the memory; nothing is lost.

Several may run at once, on several machines; COMMAND starts one.
"""

import argparse
import asyncio
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any, Final
from uuid import UUID

import httpx
from anyio.abc import TaskStatus
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.exceptions import Abort, ObjectNotFound, Pause
from prefect.states import Cancelled, Crashed, Scheduled
from prefect.workers.base import BaseJobConfiguration, BaseVariables, BaseWorker, BaseWorkerResult

from config.engine import Engine, engine
from config.messages import say
from config.settings import settings
from tasks.claiming import Intake
from tasks.execution import Execution, prepare_thread
from tasks.liveness import HEARTBEAT_SECONDS, alive_runs, listeners, nudge, orphans, poke

__all__ = ["COMMAND", "TYPE", "URGENT", "WarmWorker", "alive_runs", "main", "nudge", "orphans", "poke"]

TYPE: Final = "banjie"
# Not `-m`: a story that imports this module would get a second copy of it, and poke the wrong one.
COMMAND: Final = (sys.executable, "-c", "from tasks.runner import main; main()")
INCIDENT: Final = "incident"
URGENT: Final = "urgent"
REPLACE_ME: Final = 75  # EX_TEMPFAIL: the supervisor starts another one at once
LIVELY_SECONDS: Final = 30.0  # how long after activity the runner looks more often
LOOK_SECONDS: Final = 1.0  # between two looks of the watchdog
CANCEL_SECONDS: Final = 2.0  # a run this old is asked whether an operator cancels it
INTERRUPT_SECONDS: Final = 5.0  # how long an interrupted run may take to end
OVERDUE_SECONDS: Final = 8.0  # beyond the grace period, for a server that no longer answers
HAND_BACK_SECONDS: Final = 2.0  # a run handed back is due only once its old thread is certainly gone
DEPLOYMENT_SECONDS: Final = 60.0  # how long a deployment's entrypoint is remembered
_log: Final = logging.getLogger("banjie.runner")


class WarmConfiguration(BaseJobConfiguration):
    """What a run needs from its work pool: nothing but Prefect's own fields, so that a pool's type may be changed."""

    working_dir: Path | None = None


class WarmVariables(BaseVariables):
    """What an operator may set on the pool or a deployment."""

    working_dir: Path | None = None


class WarmResult(BaseWorkerResult):
    """That a run has ended here, however it ended: its state is with the server."""


class WarmWorker(BaseWorker[WarmConfiguration, WarmVariables, WarmResult]):
    """A worker that runs flows in its own process. Pool membership, heartbeats and events are Prefect's."""

    type = TYPE
    job_configuration = WarmConfiguration
    job_configuration_variables = WarmVariables
    _display_name = "办结"
    _description = "Keeps the flows loaded and runs them at once in threads of its own process."

    def __init__(self, work_pool_name: str, *, pace: Engine | None = None, **options: Any) -> None:
        options["name"] = options.get("name") or f"banjie-{socket.gethostname()}-{os.getpid()}-{token_hex(2)}"
        options["heartbeat_interval_seconds"] = options.get("heartbeat_interval_seconds") or HEARTBEAT_SECONDS
        super().__init__(work_pool_name, **options)
        self.pace = pace or engine()
        self.active: dict[UUID, Execution] = {}
        self.exit_code = 0
        self.give_up: Callable[[], None] = lambda: None  # what to do when the end takes too long
        self.overdue: threading.Timer | None = None
        self._wake = asyncio.Event()
        self._handed: deque[FlowRun] = deque()
        self._stopping = asyncio.Event()
        self._entrypoints: dict[UUID, tuple[str, float]] = {}
        self._lively_until = 0.0
        self._jobs: set[asyncio.Task[None]] = set()
        self._threads = ThreadPoolExecutor(self.pace.slots, "run", initializer=prepare_thread)

    # -- life ---------------------------------------------------------------------------------------------------------

    async def start(
        self, run_once: bool = False, with_healthcheck: bool = False, printer: Callable[..., None] = print
    ) -> None:
        """Run until a signal or `stop`; `run_once` executes what is due and returns. There is no health check page."""
        del with_healthcheck
        loop = asyncio.get_running_loop()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, self.stop)

        def wake(run: FlowRun | None) -> None:
            if run is not None and run.work_pool_name == self._work_pool_name:
                self._handed.append(run)
            loop.call_soon_threadsafe(self._wake.set)

        async with self:
            self._started_event = await self._emit_worker_started_event()
            listeners.add(wake)
            chores = [asyncio.create_task(self._heartbeat()), asyncio.create_task(self._watch())]
            printer(say("engine.runner_ready", settings().language, runner=self.name))
            try:
                await self._poll(run_once=run_once)
                await self._wind_up()
            finally:
                listeners.discard(wake)
                for chore in chores:
                    chore.cancel()
                await self._sign_off()

    def stop(self, code: int = 0) -> None:
        """Take no more runs and end within the grace period; runs that are not done then are handed back."""
        self.exit_code = self.exit_code or code
        if self.overdue is None:
            self.overdue = threading.Timer(self.pace.grace + OVERDUE_SECONDS, self.give_up)
            self.overdue.daemon = True
            self.overdue.start()
        self._stopping.set()
        self._wake.set()

    async def _setup_cancellation_observer(self) -> None:
        """Leave out Prefect's observer: it cancels only runs that have not begun; `_watch` sees to the others."""

    async def _heartbeat(self) -> None:
        while True:
            await asyncio.sleep(self.heartbeat_interval_seconds)
            try:
                await self._sync_and_initialize()
            except httpx.HTTPError as error:
                _log.warning("no heartbeat: %r", error)

    async def _sign_off(self) -> None:
        try:
            await self.client.request(
                "DELETE",
                "/work_pools/{work_pool_name}/workers/{name}",
                path_params={"work_pool_name": self._work_pool_name, "name": self.name},
            )
        except httpx.HTTPError as error:  # the server is gone first: it will see that the heartbeats stop
            _log.debug("not signed off: %r", error)

    # -- finding and taking runs --------------------------------------------------------------------------------------

    async def _poll(self, *, run_once: bool) -> None:
        intake = Intake(self.client, self._work_pool_name, self.name, sorted(self._work_queues))
        failures = 0
        while not self._stopping.is_set():
            self._wake.clear()
            due = [self._handed.popleft() for _ in range(len(self._handed))]
            try:
                if not due and len(self.active) < self.pace.slots:
                    due = await intake.due(at_once=run_once)
                failures = 0
            except httpx.HTTPError as error:
                failures += 1
                _log.warning("the server does not answer: %r", error)
            chosen = [execution for run in due if (execution := self._reserve(run))]
            if due and not chosen:
                intake.barren()
            # Not looked for again before they are claimed: they would still be due.
            await asyncio.gather(*(self._begin(execution, intake) for execution in chosen))
            if run_once and not self.active:
                return
            lively = time.monotonic() < self._lively_until
            pause = (self.pace.poll if lively else self.pace.poll_idle) * 2 ** min(failures, 6)
            try:
                await asyncio.wait_for(self._wake.wait(), min(5.0, pause))
            except TimeoutError:
                continue

    def _reserve(self, run: FlowRun) -> Execution | None:
        free = self.pace.slots - len(self.active)
        most = self.pace.slots - 1
        kept = {INCIDENT: 0, URGENT: min(self.pace.incident_slots, max(0, self.pace.urgent_slots - 1), most)}
        reserved = kept.get(run.work_queue_name or "", min(self.pace.urgent_slots, most))
        if run.id in self.active or free <= reserved:
            return None
        self.active[run.id] = Execution(run)
        return self.active[run.id]

    async def _begin(self, execution: Execution, intake: Intake) -> None:
        self._lively_until = time.monotonic() + LIVELY_SECONDS
        if not await intake.take(execution.run):
            self.active.pop(execution.run.id, None)
            return
        job = asyncio.create_task(self._see_through(execution))
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)

    async def _see_through(self, execution: Execution) -> None:
        try:
            await self.run(execution.run, WarmConfiguration())
        finally:
            self.active.pop(execution.run.id, None)
            self._lively_until = time.monotonic() + LIVELY_SECONDS
            self._wake.set()

    # -- executing ----------------------------------------------------------------------------------------------------

    async def run(
        self, flow_run: FlowRun, configuration: WarmConfiguration, task_status: TaskStatus[int] | None = None
    ) -> WarmResult:
        """Execute a claimed run in a thread; how it ended is reported here unless the flow has done so itself."""
        del configuration
        if task_status is not None:
            task_status.started(os.getpid())
        execution = self.active.get(flow_run.id) or Execution(flow_run)
        work = self._threads.submit(execution.execute, await self._entrypoint(flow_run), self.pace.root)
        done = asyncio.wrap_future(work)
        await asyncio.wait([done])
        fault = done.exception()  # read here: a parked run ends by Abort, which nobody else would ever look at
        if isinstance(fault, Abort) and execution.verdict is not None:
            await self._report(flow_run.id, execution.verdict)
        elif fault is not None and not isinstance(fault, Abort | Pause):
            _log.error("run %s crashed", flow_run.id, exc_info=fault)
            await self._report(flow_run.id, Crashed(message=f"{type(fault).__name__}: {fault}"))
        return WarmResult(identifier=self.name, status_code=0)

    async def _entrypoint(self, run: FlowRun) -> str:
        known, until = self._entrypoints.get(run.deployment_id or run.id, ("", 0.0))
        if time.monotonic() < until:
            return known
        deployment = await self.client.read_deployment(run.deployment_id or run.id)
        entrypoint = deployment.entrypoint or ""
        self._entrypoints[deployment.id] = (entrypoint, time.monotonic() + DEPLOYMENT_SECONDS)
        return entrypoint

    # -- watching over them -------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            now = time.monotonic()
            for execution in tuple(self.active.values()):
                if execution.interrupted and now - execution.interrupted > INTERRUPT_SECONDS:
                    self.stop(REPLACE_ME)
                elif not execution.interrupted and now - execution.begun > self.pace.run_limit:
                    execution.interrupt(
                        Crashed(message=say("engine.run_hung", settings().language, seconds=self.pace.run_limit))
                    )
            aged = [e for e in self.active.values() if not e.interrupted and now - e.begun > CANCEL_SECONDS]
            for execution in await self._cancelled(aged):
                execution.interrupt(Cancelled(message=say("engine.run_cancelled", settings().language)))

    async def _cancelled(self, executions: list[Execution]) -> list[Execution]:
        if not executions:
            return []
        try:
            runs = await self.client.read_flow_runs(
                flow_run_filter=FlowRunFilter(
                    id=FlowRunFilterId(any_=[execution.run.id for execution in executions]),
                    state=FlowRunFilterState(
                        type=FlowRunFilterStateType(any_=[StateType.CANCELLING, StateType.CANCELLED])
                    ),
                )
            )
        except httpx.HTTPError:
            return []
        chosen = {run.id for run in runs}
        return [execution for execution in executions if execution.run.id in chosen]

    async def _report(self, run_id: UUID, state: State[Any]) -> None:
        """Tell the server how a run ended, however long that takes: a run nobody reports would be RUNNING for ever."""
        pause = 0.5
        while True:
            try:
                await self.client.set_flow_run_state(run_id, state, force=True)
            except ObjectNotFound:
                return
            except httpx.HTTPError:
                if self._stopping.is_set():
                    return
                await asyncio.sleep(pause := min(10.0, pause * 2))
            else:
                return

    async def _wind_up(self) -> None:
        deadline = time.monotonic() + self.pace.grace
        while time.monotonic() < deadline and any(not e.interrupted for e in self.active.values()):  # noqa: ASYNC110
            await asyncio.sleep(0.05)  # it ends by the clock as well as by the runs
        for execution in tuple(self.active.values()):
            again = datetime.now(UTC) + timedelta(seconds=HAND_BACK_SECONDS)
            await self._report(
                execution.run.id, execution.verdict or Scheduled(name="AwaitingRetry", scheduled_time=again)
            )


def main() -> None:
    """Run a warm runner until it is stopped; leave with 75 when it wants to be replaced."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pool", default=settings().work_pool)
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    worker = WarmWorker(options.pool)
    worker.give_up = lambda: os._exit(worker.exit_code)
    asyncio.run(worker.start())
    # Not sys.exit: a thread that hangs would be waited for.
    sys.stdout.flush()
    os._exit(worker.exit_code)
