"""How soon a person's answer has an effect: the warm runner against a real server on the embedded PostgreSQL.

One hop: a parked run is rescheduled to now -> the first line of its flow. Suspended: a form is answered -> first line.
Two hops: a form is answered -> its question's flow nudges the case's run -> first line of the case's flow.
Then many tiny runs for memory, and the load of an idle installation. Run: python tests/benchmarks/warm_runner.py
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil  # type: ignore[import-untyped]
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import State, StateDetails, StateType
from prefect.input.run_input import keyset_from_base_key
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Scheduled

from tasks.child import Child
from tasks.deploy import ensure_pool
from tasks.postgres import Postgres
from tasks.runner import COMMAND
from tasks.server import DATABASE, Server, client_environment

FAR = datetime(2035, 1, 1, tzinfo=UTC)
FLOWS = """
import time
from pathlib import Path
from typing import Literal
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.input import RunInput, keyset_from_base_key
from prefect.runtime import flow_run
from tasks.runner import nudge, poke

LOG = Path(__file__).with_name("log")

def note():
    with LOG.open("a") as log:
        log.write(f"{flow_run.id} {time.time()}\\n")

@flow(persist_result=False)
def case():
    note()

class Form(RunInput):
    verdict: Literal["approve", "reject"]

@flow(persist_result=False)
def question(wakes: str = ""):
    Form.load(keyset_from_base_key("q-1"), flow_run_id=flow_run.id)
    note()
    if wakes:
        with get_client(sync_client=True) as client:
            nudge(client, wakes)
        poke()
"""
SCHEMA = {"type": "object", "required": ["verdict"], "properties": {"verdict": {"enum": ["approve", "reject"]}}}


class Bench:
    def __init__(self, client: SyncPrefectClient, folder: Path) -> None:
        self.client, self.log = client, folder / "flows" / "log"
        (folder / "flows").mkdir(parents=True)
        (folder / "flows" / "bench.py").write_text(FLOWS)
        self.log.touch()
        ensure_pool(client, "banjie", folder)
        self.deployments = {flow: self._deployment(flow) for flow in ("case", "question")}

    def _deployment(self, flow: str) -> UUID:
        return self.client.create_deployment(
            flow_id=self.client.create_flow_from_name(flow),
            name=flow,
            work_pool_name="banjie",
            work_queue_name="default",
            entrypoint=f"flows/bench.py:{flow}",
            parameter_openapi_schema={"type": "object", "properties": {}},
        )

    def case(self, at: datetime) -> UUID:
        return self.client.create_flow_run_from_deployment(
            self.deployments["case"], state=Scheduled(scheduled_time=at)
        ).id

    def question(self, wakes: str) -> UUID:
        keyset = keyset_from_base_key("q-1")
        details = StateDetails(pause_timeout=None, pause_reschedule=True, pause_key="q-1", run_input_keyset=keyset)
        state: State[Any] = State(type=StateType.PAUSED, name="Suspended", state_details=details)
        run = self.client.create_flow_run_from_deployment(
            self.deployments["question"], parameters={"wakes": wakes}, state=state
        )
        self.client.create_flow_run_input(flow_run_id=run.id, key=keyset["schema"], value=json.dumps(SCHEMA))
        return run.id

    def told(self, run: UUID, seconds: float = 60) -> float:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for line in reversed(self.log.read_text().splitlines(keepends=True)):
                if line.startswith(str(run)) and line.endswith("\n"):
                    return float(line.split()[1])
            time.sleep(0.005)
        raise TimeoutError(run)

    def nudged(self) -> float:
        run = self.case(FAR)
        time.sleep(0.3)
        begun = time.time()
        self.client.set_flow_run_state(run, Scheduled(name="Nudged", scheduled_time=datetime.now(UTC)))
        return self.told(run) - begun

    def one_change(self) -> float:
        run = self.case(FAR)
        begun = time.time()
        self.client.set_flow_run_state(run, Scheduled(name="Moved", scheduled_time=FAR))
        return time.time() - begun

    def answered(self) -> float:
        run = self.question("")
        time.sleep(0.3)
        begun = time.time()
        self.client.resume_flow_run(run, {"verdict": "approve"})
        return self.told(run) - begun

    def two_hops(self) -> float:
        case = self.case(FAR)
        run = self.question(str(case))
        time.sleep(0.3)
        begun = time.time()
        self.client.resume_flow_run(run, {"verdict": "approve"})
        return self.told(case) - begun


def show(name: str, times: list[float]) -> None:
    times.sort()
    middle, late = statistics.median(times), times[int(len(times) * 0.95)]
    print(f"{name:34} n {len(times):4}  p50 {middle:.3f} s  p95 {late:.3f} s  max {times[-1]:.3f} s", flush=True)  # noqa: T201


def load(processes: dict[str, int], seconds: float) -> dict[str, float]:
    def spent(pid: int) -> float:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        return sum(sum(process.cpu_times()[:2]) for process in family)

    before = {name: spent(pid) for name, pid in processes.items()}
    time.sleep(seconds)
    return {name: round((spent(pid) - before[name]) / seconds * 100, 1) for name, pid in processes.items()}


def many(bench: Bench, runner: int, number: int) -> None:
    def memory() -> float:
        return float(psutil.Process(runner).memory_info().rss / 1e6)

    begun = time.monotonic()
    for part in range(4):
        before, runs = memory(), [bench.case(datetime.now(UTC)) for _ in range(number // 4)]
        for run in runs:
            bench.told(run, 300)
        print(  # noqa: T201
            f"runs {(part + 1) * number // 4:5}: runner {before:.0f} -> {memory():.0f} MB, "
            f"{(part + 1) * (number // 4) / (time.monotonic() - begun):.1f} runs/s",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--many", type=int, default=2000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="banjie-benchmark-") as folder:
        home = Path(folder)
        postgres = Postgres(home / "postgres")
        server = Server(home, "", embedded=True)
        runner: Child | None = None
        try:
            postgres.start()
            postgres.create(DATABASE, durable=False)
            server.database_url = postgres.url(DATABASE, "asyncpg")
            server.start()
            with temporary_settings({PREFECT_API_URL: server.api}), get_client(sync_client=True) as client:
                bench = Bench(client, home / "checkout")
                env = {
                    **os.environ,
                    **client_environment(home, server.address),
                    "BANJIE_ROOT": str(home / "checkout"),
                    "BANJIE_HOME": str(home),
                }
                runner = Child("runner", COMMAND, log=home / "runner.log", env=env, cwd=home / "checkout")
                runner.start()
                bench.told(bench.case(datetime.now(UTC)))
                ways: dict[str, Callable[[], float]] = {
                    "one state change, for comparison": bench.one_change,
                    "nudge to the flow's first line": bench.nudged,
                    "answered form to its flow": bench.answered,
                    "answered form to the case (2 hops)": bench.two_hops,
                }
                taken: dict[str, list[float]] = {name: [] for name in ways}
                for _ in range(options.rounds):
                    for name, way in ways.items():
                        taken[name].append(way())
                for name, times in taken.items():
                    show(name, times)
                time.sleep(35)  # until the runner looks less often
                processes = {"runner": runner.pid, "server": server.child.pid if server.child else None}
                print("idle, % of a core:", load({n: p for n, p in processes.items() if p}, 30))  # noqa: T201
                if options.many and runner.pid:
                    many(bench, runner.pid, options.many)
        finally:
            if runner:
                runner.stop()
            server.stop()
            postgres.stop()


if __name__ == "__main__":
    main()
