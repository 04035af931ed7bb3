"""`banjie up`: one command, one home; what dies is started again, and nothing is left behind."""

import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]
import pytest
import yaml

from config.settings import ROOT

pytestmark = pytest.mark.server
Eventually = Callable[..., Any]

FLOW = "from prefect import flow\nfrom pathlib import Path\n@flow(name='up-trial')\ndef trial():\n    (Path(__file__).parent / 'told').touch()\n"
UP = """
import sys
from config.messages import Refusal
from tasks.supervise import up
try:
    up({"companion": [sys.executable, "-c", "import time; time.sleep(3600)"]}, lambda line: print(line, flush=True))
except Refusal as refusal:
    print(refusal, flush=True)
    sys.exit(1)
"""


class Up:
    """A supervisor in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.home, self.output = folder / "家 home", folder / f"output-{time.monotonic_ns()}"
        self.folder = folder
        self.variables = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "BANJIE_"))},
            "BANJIE_HOME": str(self.home),
            "BANJIE_ROOT": str(folder),
            "BANJIE_PORT": "0",
            "BANJIE_GRACE": "1",
            "PYTHONPATH": str(ROOT),
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Up":
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", UP], env=self.variables, cwd=self.folder, stdout=output, stderr=output
            )
        return self

    @property
    def text(self) -> str:
        return self.output.read_text()

    @property
    def address(self) -> str:
        found = re.search(r"http://[\d.:]+", self.text)
        return found.group() if found else ""

    def children(self) -> dict[str, psutil.Process]:
        assert self.process is not None
        named = {}
        for child in psutil.Process(self.process.pid).children():
            words = " ".join(child.cmdline()) if child.status() != psutil.STATUS_ZOMBIE else ""
            for name, sign in {"postgres": "bin/postgres", "server": "server start", "runner": "tasks.runner",
                               "companion": "sleep(3600)"}.items():  # fmt: skip
                if sign in words:
                    named[name] = child
        return named

    def ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.text + "".join(p.read_text() for p in self.home.glob("logs/*.log"))
        return "办结已启动" in self.text

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)


@pytest.fixture
def place(open_path: Path) -> Path:
    folder = open_path / "with spaces"
    (folder / "flows").mkdir(parents=True)
    (folder / "flows" / "up_trial.py").write_text(FLOW)
    known = {
        "pull": [{"prefect.deployments.steps.set_working_directory": {"directory": "."}}],
        "deployments": [
            {"name": "trial", "entrypoint": "flows/up_trial.py:trial", "work_pool": {"name": "banjie"}, "tags": ["x"]}
        ],
    }
    (folder / "prefect.yaml").write_text(yaml.safe_dump(known))
    return folder


@pytest.fixture
def started(place: Path, eventually: Eventually) -> Iterator[Up]:
    up = Up(place).start()
    eventually(up.ready, seconds=120)
    yield up
    up.stop()


def test_everything_comes_up_is_kept_alive_and_ends_together(started: Up, place: Path, eventually: Eventually) -> None:
    children = started.children()
    assert set(children) == {"postgres", "server", "runner", "companion"}

    # A second one on the same home says so, in one sentence.
    second = Up(place).start()
    assert second.process is not None
    assert second.process.wait(60) == 1
    assert second.text.strip() == f"办结已在 {started.home} 运行（进程号 {started.process.pid}），不能重复启动。"  # type: ignore[union-attr]

    for name in ("companion", "runner", "server", "postgres"):
        before = children[name].pid
        children[name].kill()
        eventually(lambda n=name, b=before: n in (now := started.children()) and now[n].pid != b, seconds=60)
        assert f"{name if name != 'runner' else 'runner-1'} 意外退出" in started.text
    eventually(lambda: run(started), seconds=60)
    eventually((place / "flows" / "told").exists, seconds=60)

    everything = [child for top in started.children().values() for child in (top, *top.children(recursive=True))]
    assert started.process is not None
    begun = time.monotonic()
    started.process.send_signal(signal.SIGTERM)
    assert started.process.wait(40) == 0
    assert time.monotonic() - begun < 20
    psutil.wait_procs(everything, timeout=5)
    assert not [child for child in everything if child.is_running()]
    assert "办结已停止" in started.text
    assert "Traceback" not in started.text
    assert not (started.home / "postgres" / "postmaster.pid").exists()
    assert {"server.log", "postgres.log", "deploy.log"} <= {log.name for log in (started.home / "logs").iterdir()}

    # The database is still there, and so is what it holds; a new one may start.
    again = Up(place).start()
    eventually(again.ready, seconds=120)
    assert [found["name"] for found in httpx.post(f"{again.address}/api/flow_runs/filter", json={}).json()] == ["told"]
    again.stop()


def run(up: Up) -> bool:
    api = f"{up.address}/api"
    try:
        deployment = httpx.get(f"{api}/deployments/name/up-trial/trial", timeout=10).raise_for_status().json()["id"]
        made = {"name": "told", "idempotency_key": "once"}
        httpx.post(f"{api}/deployments/{deployment}/create_flow_run", json=made, timeout=30).raise_for_status()
    except httpx.HTTPError:
        return False
    return True


def test_a_kill_leaves_no_orphans_and_the_next_start_works(started: Up, place: Path, eventually: Eventually) -> None:
    everything = [child for top in started.children().values() for child in (top, *top.children(recursive=True))]
    assert started.process is not None
    started.process.kill()
    started.process.wait()
    _, alive = psutil.wait_procs(everything, timeout=25)
    assert not alive
    again = Up(place).start()
    eventually(again.ready, seconds=120)
    again.stop()


def test_a_server_on_a_taken_port_is_refused_in_one_sentence_and_leaves_nothing(place: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        up = Up(place)
        up.variables["BANJIE_PORT"] = str(taken.getsockname()[1])
        up.start()
        assert up.process is not None
        assert up.process.wait(60) == 1
    assert textwrap.dedent(up.text).strip().splitlines()[-1].startswith("端口 127.0.0.1:")
    assert "Traceback" not in up.text
    assert not (up.home / "postgres" / "postmaster.pid").exists()


def test_ctrl_c_while_starting_ends_at_once(place: Path, eventually: Eventually) -> None:
    up = Up(place).start()
    assert up.process is not None
    eventually(lambda: (up.home / "logs" / "server.log").exists() or "server" in up.children(), seconds=60)
    begun = time.monotonic()
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(30) == 0
    assert time.monotonic() - begun < 15
    assert "Traceback" not in up.text
