"""One run in a thread of a runner: loading its flow, executing it, and stopping it from outside."""

import asyncio
import ctypes
import importlib
import importlib.util
import inspect
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from prefect import Flow
from prefect.client.schemas.objects import FlowRun, State
from prefect.context import SyncClientContext
from prefect.exceptions import Abort
from prefect.flow_engine import run_flow
from prefect.flows import load_flow_from_entrypoint
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, PREFECT_HOME, temporary_settings

_thread_contexts: Final[list[ExitStack]] = []
_flows: Final[dict[str, Flow[..., Any]]] = {}
_loading: Final = threading.Lock()


@dataclass
class Execution:
    """One run in a thread of this process."""

    run: FlowRun
    begun: float = field(default_factory=time.monotonic)
    thread: int | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    verdict: State[Any] | None = None  # what to report if the thread does not come to an end of its own
    interrupted: float | None = None

    def interrupt(self, verdict: State[Any]) -> None:
        """Raise Abort in the run's thread; one that sits in a system call notices it only afterwards."""
        self.verdict, self.interrupted = verdict, time.monotonic()
        with self.lock:
            if self.thread is not None:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.thread), ctypes.py_object(Abort))

    def execute(self, entrypoint: str, root: Path) -> None:
        """Run the flow in this thread; its states are with the server when it returns.

        Raises:
            Abort: the flow parked its run, or was interrupted.
            Pause: the flow suspended its run.
        """
        with self.lock:
            self.thread, self.begun = threading.get_ident(), time.monotonic()
        try:
            # Without its deployment the engine starts no observer of its own for each run (a thread, an event loop and
            # a websocket: 0.3 s); it reads the run afresh before the first line of the flow, deployment and all.
            run = self.run.model_copy(update={"deployment_id": None})
            result = run_flow(load_flow(entrypoint, root), flow_run=run, return_type="state")
            if inspect.iscoroutine(result):
                asyncio.run(result)
        finally:
            with self.lock:
                self.thread = None


def prepare_thread() -> None:
    """Give a thread, for its life, one client of its own and no heartbeats, whose joining costs 0.9 s a run."""
    contexts = ExitStack()
    contexts.enter_context(temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}))
    contexts.enter_context(SyncClientContext())
    _thread_contexts.append(contexts)


def load_flow(entrypoint: str, root: Path) -> Flow[..., Any]:
    """Load a flow from `flows/x.py:name` below the root, once.

    It is loaded as the module that other code imports, not as a copy of it.
    """
    with _loading:
        if entrypoint not in _flows:
            found = _load(entrypoint, root)
            # Otherwise the engine asks the server for the default storage, twice a run; nothing of ours is stored.
            found.result_storage = found.result_storage or PREFECT_HOME.value() / "storage"
            _flows[entrypoint] = found
        return _flows[entrypoint]


def _load(entrypoint: str, root: Path) -> Flow[..., Any]:
    path, _, name = entrypoint.rpartition(":")
    file = (root / path).resolve()
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    try:
        spec = importlib.util.find_spec(".".join(Path(path).with_suffix("").parts))
    except (ImportError, ValueError):
        spec = None
    if spec is not None and spec.origin and Path(spec.origin).resolve() == file:
        found = getattr(importlib.import_module(spec.name), name, None)
        if isinstance(found, Flow):
            return found
    return load_flow_from_entrypoint(f"{file}:{name}", use_placeholder_flow=False)
