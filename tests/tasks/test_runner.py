"""The warm runner against a real server: claims, races, parking, hangs, cancellation, and what a kill -9 leaves behind."""

import json
import os
import signal
import textwrap
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun, State, StateDetails, StateType
from prefect.input.run_input import keyset_from_base_key
from prefect.states import Cancelling, Scheduled

from tasks.child import Child
from tasks.deploy import ensure_pool
from tasks.execution import load_flow
from tasks.runner import alive_runs, nudge, orphans, poke

pytestmark = pytest.mark.server
RunnerOf = Callable[..., Child]
Eventually = Callable[..., Any]
FAR = datetime(2035, 1, 1, tzinfo=UTC)

FLOWS = '''
import os, time, threading
from pathlib import Path
from typing import Literal
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.exceptions import Abort
from prefect.input import RunInput, keyset_from_base_key
from prefect.runtime import flow_run
from prefect.states import Scheduled
from datetime import datetime, timedelta, UTC

FOLDER = Path(__file__).parent.parent

def note(name):
    with (FOLDER / "log").open("a") as log:
        log.write(f"{name} {flow_run.id} {os.getpid()} {time.time()}\\n")

@flow
def tiny(name: str = "tiny"):
    note(name)

@flow
def failing():
    note("failing")
    raise RuntimeError("the story went wrong")

@flow
def hanging(deaf: bool = False):
    note("hanging")
    until = time.monotonic() + 600
    if deaf:
        threading.Event().wait(600)
    while time.monotonic() < until:
        time.sleep(0.05)

@flow
def slow(seconds: float):
    note("slow")
    time.sleep(seconds)
    note("slow-done")

@flow
def parking(needed: int = 1):
    """Parks until as many files have arrived; looks again after the parking was accepted, as the kernel does."""
    note("parking")
    arrived = len(list(FOLDER.glob("arrival-*")))
    if arrived >= needed:
        note("parking-done")
        return
    if (FOLDER / "slowly").exists():
        time.sleep(1.5)
    with get_client(sync_client=True) as client:
        when = datetime.now(UTC) + timedelta(days=90)
        client.set_flow_run_state(flow_run.id, Scheduled(name="AwaitingDate", scheduled_time=when))
        if len(list(FOLDER.glob("arrival-*"))) > arrived:
            client.set_flow_run_state(flow_run.id, Scheduled(name="Nudged", scheduled_time=datetime.now(UTC)))
    raise Abort("parked")

class Form(RunInput):
    verdict: Literal["approve", "reject"]

@flow
def question(wakes: str = ""):
    form = Form.load(keyset_from_base_key("q-1"), flow_run_id=flow_run.id)
    note(f"answered-{form.verdict}")
    if wakes:
        from tasks.runner import nudge, poke
        with get_client(sync_client=True) as client:
            nudge(client, wakes)
        poke()
'''


class Place:
    """A folder with trial flows, a pool of its own, and their deployments."""

    def __init__(self, client: SyncPrefectClient, pool: str, folder: Path) -> None:
        self.client, self.pool, self.folder = client, pool, folder
        (folder / "flows").mkdir()
        (folder / "flows" / "trial.py").write_text(textwrap.dedent(FLOWS))
        ensure_pool(client, pool, folder)
        self.deployments: dict[str, UUID] = {}

    def run(self, flow: str, *, state: State[Any] | None = None, queue: str = "default", **parameters: Any) -> FlowRun:
        key = f"{flow}-{queue}"
        if key not in self.deployments:
            self.deployments[key] = self.client.create_deployment(
                flow_id=self.client.create_flow_from_name(f"{self.pool}-{flow}"),
                name=queue,
                work_pool_name=self.pool,
                work_queue_name=queue,
                entrypoint=f"flows/trial.py:{flow}",
                parameter_openapi_schema={"type": "object", "properties": {}},
            )
        return self.client.create_flow_run_from_deployment(self.deployments[key], parameters=parameters, state=state)

    def lines(self, name: str = "") -> list[list[str]]:
        log = self.folder / "log"
        text = log.read_text() if log.exists() else ""
        found = [line.split() for line in text.splitlines(keepends=True) if line.endswith("\n")]
        return [line for line in found if line[0].startswith(name)]

    def state(self, run: FlowRun) -> State[Any]:
        state = self.client.read_flow_run(run.id).state
        assert state is not None
        return state


@pytest.fixture
def place(prefect_client: SyncPrefectClient, pool: str, tmp_path: Path) -> Place:
    folder = tmp_path / "在 路上"
    folder.mkdir()
    return Place(prefect_client, pool, folder)


def test_two_runners_racing_run_each_run_once(place: Place, warm_runner: RunnerOf, eventually: Eventually) -> None:
    due = datetime.now(UTC) + timedelta(seconds=6)
    runs = [place.run("tiny", state=Scheduled(scheduled_time=due)) for _ in range(100)]
    first, second = warm_runner(place.pool, place.folder), warm_runner(place.pool, place.folder)
    eventually(lambda: len(place.lines()) >= 100, seconds=90)
    time.sleep(1)
    told = Counter(line[1] for line in place.lines())
    assert told == Counter(str(run.id) for run in runs)
    assert {int(line[2]) for line in place.lines()} == {first.pid, second.pid}
    eventually(lambda: all(place.state(run).is_completed() for run in runs))


def test_a_failing_flow_is_failed_and_hurts_no_other(
    place: Place, warm_runner: RunnerOf, eventually: Eventually
) -> None:
    runner = warm_runner(place.pool, place.folder)
    bad, missing, good = place.run("failing"), place.run("no_such_flow"), place.run("tiny")
    eventually(lambda: place.state(good).is_completed())
    eventually(lambda: place.state(bad).is_failed())
    assert "the story went wrong" in (place.state(bad).message or "")
    eventually(lambda: place.state(missing).is_crashed())
    assert runner.alive()


def test_a_run_is_parked_and_nudged_and_stays_the_same_run(
    place: Place, warm_runner: RunnerOf, eventually: Eventually
) -> None:
    warm_runner(place.pool, place.folder)
    run = place.run("parking")
    eventually(lambda: place.state(run).name == "AwaitingDate")
    (place.folder / "arrival-1").touch()
    assert nudge(place.client, str(run.id))
    eventually(lambda: place.state(run).is_completed())
    assert [line[0] for line in place.lines()] == ["parking", "parking", "parking-done"]
    assert {line[1] for line in place.lines()} == {str(run.id)}
    assert place.client.read_flow_run(run.id).run_count == 2


def test_a_nudge_while_the_run_is_awake_is_not_lost(
    place: Place, warm_runner: RunnerOf, eventually: Eventually
) -> None:
    (place.folder / "slowly").touch()
    warm_runner(place.pool, place.folder)
    warm_runner(place.pool, place.folder)
    run = place.run("parking")
    eventually(lambda: place.lines("parking"))
    (place.folder / "arrival-1").touch()
    assert not nudge(place.client, str(run.id))
    eventually(lambda: place.state(run).is_completed())
    assert [line[0] for line in place.lines()] == ["parking", "parking", "parking-done"]


def test_a_run_parked_for_months_is_neither_late_nor_due(
    place: Place, warm_runner: RunnerOf, eventually: Eventually
) -> None:
    run = place.run("tiny", state=Scheduled(name="AwaitingDate", scheduled_time=FAR))
    warm_runner(place.pool, place.folder)
    other = place.run("tiny")
    eventually(lambda: place.state(other).is_completed())
    time.sleep(3)
    state = place.state(run)
    assert (state.name, state.state_details.scheduled_time) == ("AwaitingDate", FAR)


def test_a_hanging_run_is_interrupted_and_crashed_while_others_go_on(
    place: Place, warm_runner: RunnerOf, eventually: Eventually
) -> None:
    runner = warm_runner(place.pool, place.folder, BANJIE_RUN_LIMIT="3")
    hung, fine = place.run("hanging"), place.run("tiny")
    eventually(lambda: place.state(fine).is_completed())
    eventually(lambda: place.state(hung).is_crashed(), seconds=20)
    assert runner.alive()
    after = place.run("tiny")
    eventually(lambda: place.state(after).is_completed())


def test_a_run_deaf_to_interruption_costs_the_process_and_nothing_else(
    place: Place, warm_runner: RunnerOf, eventually: Eventually
) -> None:
    runner = warm_runner(place.pool, place.folder, BANJIE_RUN_LIMIT="5", BANJIE_GRACE="0")
    hung = place.run("hanging", deaf=True)
    eventually(lambda: place.lines("hanging"))
    time.sleep(8)  # interrupted after 5 seconds, it is given 5 more; the next one is not yet too old by then
    working = place.run("slow", seconds=14)
    eventually(lambda: runner.code is not None, seconds=30)
    assert runner.code == 75
    assert place.state(hung).is_crashed()
    handed_back = place.state(working)
    assert (handed_back.type, handed_back.name) == (StateType.SCHEDULED, "AwaitingRetry")
    warm_runner(place.pool, place.folder)
    eventually(lambda: place.state(working).is_completed(), seconds=40)


def test_an_operator_cancels_a_running_and_a_parked_run(
    place: Place, warm_runner: RunnerOf, eventually: Eventually
) -> None:
    runner = warm_runner(place.pool, place.folder)
    running, parked = place.run("hanging"), place.run("parking")
    eventually(lambda: place.lines("hanging") and place.state(parked).name == "AwaitingDate")
    place.client.set_flow_run_state(running.id, Cancelling())
    place.client.set_flow_run_state(parked.id, Cancelling())
    assert place.state(parked).is_cancelled()
    eventually(lambda: place.state(running).is_cancelled(), seconds=15)
    after = place.run("tiny")
    eventually(lambda: place.state(after).is_completed())
    assert runner.alive()


def test_a_killed_runner_leaves_an_orphan_that_is_found(
    place: Place, warm_runner: RunnerOf, eventually: Eventually
) -> None:
    killed = warm_runner(place.pool, place.folder)
    lost = place.run("slow", seconds=60)
    eventually(lambda: place.lines("slow"))
    eventually(lambda: place.state(lost).is_running())
    assert alive_runs(place.client, place.pool) == {str(lost.id)}
    assert orphans(place.client, place.pool) == []
    assert killed.pid is not None
    os.kill(killed.pid, signal.SIGKILL)
    other = warm_runner(place.pool, place.folder)
    kept = place.run("slow", seconds=25)
    eventually(lambda: orphans(place.client, place.pool), seconds=40)
    assert [run.id for run in orphans(place.client, place.pool)] == [lost.id]
    assert place.state(lost).is_running()
    assert alive_runs(place.client, place.pool) == {str(kept.id)}
    assert other.alive()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_runner_within_seconds_and_hands_its_runs_back(
    place: Place, warm_runner: RunnerOf, eventually: Eventually, number: signal.Signals
) -> None:
    runner = warm_runner(place.pool, place.folder, BANJIE_GRACE="1")
    run = place.run("slow", seconds=30)
    eventually(lambda: place.lines("slow"))
    assert runner.process is not None
    begun = time.monotonic()
    runner.process.send_signal(number)
    assert runner.process.wait(10) == 0
    assert time.monotonic() - begun < 5
    assert place.state(run).name == "AwaitingRetry"
    assert orphans(place.client, place.pool) == []


def test_urgent_runs_find_a_slot_when_everything_else_is_taken(
    place: Place, warm_runner: RunnerOf, eventually: Eventually
) -> None:
    warm_runner(place.pool, place.folder, BANJIE_SLOTS="3", BANJIE_URGENT_SLOTS="1")
    mass = [place.run("slow", seconds=4) for _ in range(4)]
    eventually(lambda: len(place.lines("slow")) == 2)
    urgent = place.run("tiny", queue="urgent")
    eventually(lambda: place.state(urgent).is_completed(), seconds=3)
    assert len(place.lines("slow-done")) == 0
    eventually(lambda: all(place.state(run).is_completed() for run in mass))


def test_an_answered_question_wakes_its_case_within_half_a_second(
    place: Place, warm_runner: RunnerOf, eventually: Eventually
) -> None:
    warm_runner(place.pool, place.folder)
    case = place.run("parking")
    eventually(lambda: place.state(case).name == "AwaitingDate")
    asked = ask(place, wakes=str(case.id))
    assert place.state(asked).name == "Suspended"
    refused = place.client.resume_flow_run(asked.id, {"verdict": "maybe"})
    assert refused.status.value == "REJECT"
    assert place.state(asked).name == "Suspended"
    (place.folder / "arrival-1").touch()
    begun = time.time()
    place.client.resume_flow_run(asked.id, {"verdict": "approve"})
    eventually(lambda: place.lines("parking-done"))
    assert [line[0] for line in place.lines("answered")] == ["answered-approve"]
    # The goal is 0.5 s at p95, measured by the benchmark; here two other cores' worth of tests may run beside.
    assert float(place.lines("parking-done")[0][3]) - begun < 3


def ask(place: Place, **parameters: Any) -> FlowRun:
    keyset = keyset_from_base_key("q-1")
    details = StateDetails(pause_timeout=None, pause_reschedule=True, pause_key="q-1", run_input_keyset=keyset)
    run = place.run(
        "question",
        state=State(type=StateType.PAUSED, name="Suspended", state_details=details),
        queue="urgent",
        **parameters,
    )
    schema = {
        "type": "object",
        "title": "Form",
        "required": ["verdict"],
        "properties": {"verdict": {"enum": ["approve", "reject"], "title": "意见"}},
    }
    place.client.create_flow_run_input(flow_run_id=run.id, key=keyset["schema"], value=json.dumps(schema))
    return run


def test_poke_outside_a_runner_does_nothing() -> None:
    poke()


def test_a_flow_is_loaded_as_the_module_others_import_and_from_a_foreign_folder(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "elsewhere.py").write_text("from prefect import flow\n@flow\ndef there(): ...\n")
    assert load_flow("flows/elsewhere.py:there", tmp_path).name == "there"
    assert load_flow("flows/elsewhere.py:there", tmp_path) is load_flow("flows/elsewhere.py:there", tmp_path)
