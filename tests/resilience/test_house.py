"""The house under fire: whatever part is killed, and even when Prefect loses its whole database, the season goes on."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from config.settings import ROOT
from tasks.server import free_port

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.timeout(600)]
NUMBER = "ZB-2027H1"


class House:
    """An installation of its own, brought up and ended as an operator does."""

    def __init__(self, home: Path) -> None:
        self.home, self.port = home, free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "BANJIE_"))} | {
            "BANJIE_HOME": str(home),
            "BANJIE_CLOCK": "simulated",
            "BANJIE_PORT": str(self.port),
            "BANJIE_ADDRESS": f"http://127.0.0.1:{self.port}",
        }

    def up(self) -> None:
        log = (self.home.parent / "up.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "flows.cli", "up", "--try-out"],
            cwd=ROOT,
            env=self.env,
            stdout=log,
            stderr=subprocess.STDOUT,
        )

    def down(self, how: signal.Signals = signal.SIGINT) -> None:
        assert self.process
        self.process.send_signal(how)
        self.process.wait(60)

    def run(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "flows.cli", *words],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return done.stdout + done.stderr

    def children(self, word: str) -> list[int]:
        """Processes of this house whose command holds a word."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                environ = (folder / "environ").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if word in command and str(self.home) in environ and int(folder.name) != self.process.pid:  # type: ignore[union-attr]
                found.append(int(folder.name))
        return found

    def look(self, query: str) -> list[tuple[object, ...]]:
        """Read the house's own database; empty while it is not set up yet."""
        if not (self.home / "banjie.db").exists():
            return []
        with closing(sqlite3.connect(f"file:{self.home / 'banjie.db'}?mode=ro", uri=True)) as database:
            try:
                return database.execute(query).fetchall()
            except sqlite3.OperationalError:
                return []

    def asked(self) -> list[tuple[str, str]]:
        """Open questions that are shown in a run, as (number, point)."""
        rows = self.look(
            "select s.id, d.point from seats s join decisions d on d.id = s.decision_id where s.status = 'open' and s.run_id <> ''"
        )
        return [(f"Q{seat}", str(point)) for seat, point in rows]

    def answer(self, number: str, staff: str, *fields: str) -> str:
        code = self.run("officer", "code", staff).split()[0]
        return self.run("decide", number, "--staff", staff, "--code", code, *fields, "--reason", "情况已核实")


def wait_for(look: Callable[[], object], seconds: float = 90) -> object:
    end = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.5)
    return seen


@pytest.fixture
def house(open_path: Path) -> Iterator[House]:
    made = House(open_path / "home")
    made.up()
    yield made
    if made.process and made.process.poll() is None:
        made.down()


def asks(house: House, point: str) -> str:
    return str(wait_for(lambda: next((number for number, at in house.asked() if at == point), "")))


def test_a_killed_runner_loses_nothing_and_a_lost_prefect_database_is_rebuilt(house: House) -> None:
    number = asks(house, "groups")
    for pid in house.children("tasks.runner"):
        os.kill(pid, signal.SIGKILL)
    answered = house.answer(number, "S1003", "--verdict", "已调整")
    assert "已受理" in answered, answered
    number = asks(house, "publicity")

    house.down(signal.SIGKILL)  # the supervisor itself, without a word
    wait_for(lambda: not house.children("tasks.") and not house.children("prefect"))
    shutil.rmtree(house.home / "postgres")  # Prefect's whole database
    house.up()
    again = asks(house, "publicity")
    assert again == number
    answered = house.answer(again, "S1007", "--verdict", "同意", "--field", "方案文号=2027-01")
    assert "已受理" in answered, answered
    waits = f"select waiting_on from instances join cases on cases.id = case_id where number = '{NUMBER}'"
    assert wait_for(lambda: house.look(waits) == [("applications",)])
    assert "无误" in house.run("verify")
    house.down()
    assert not house.children("tasks.")
