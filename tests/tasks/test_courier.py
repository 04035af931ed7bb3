"""The courier: whatever a provider does, a call ends at its deadline, and nothing is left running."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config.settings import ROOT
from tasks.courier import Courier, Job, Outcome


def job(url: str, **more: object) -> Job:
    given = {"target": "", "title": "办理提醒", "bodies": ("正文",), "deadline": 5.0} | more
    return Job(url, **given)  # type: ignore[arg-type]


@pytest.fixture
def courier() -> Iterator[Courier]:
    made = Courier()
    made.start()
    yield made
    made.close()


def pid(courier: Courier) -> int:
    assert courier._process is not None
    return courier._process.pid


class TestCourier:
    def test_carries_one_after_the_other(self, courier: Courier, provider_server: Any) -> None:
        url = f"json://{provider_server.place}/in"
        assert [courier.send(job(url, title=f"第{n}")).outcome for n in range(20)] == [Outcome.ACCEPTED] * 20
        assert [one.json["title"] for one in provider_server.received] == [f"第{n}" for n in range(20)]

    @pytest.mark.parametrize("how", ["hang", "drip", "drip headers"])
    def test_is_never_held_longer_than_the_deadline(self, how: str, courier: Courier, provider_server: Any) -> None:
        if how == "hang":
            provider_server.hang("/in")
        else:
            provider_server.drip("/in", headers="headers" in how)
        began = time.monotonic()
        delivery = courier.send(job(f"json://{provider_server.place}/in", deadline=2.0))
        assert delivery.outcome is Outcome.UNKNOWN
        assert time.monotonic() - began < 3.5
        assert courier.send(job(f"json://{provider_server.place}/well")).outcome is Outcome.ACCEPTED

    def test_dripping_mail_server_is_left_in_time(self, courier: Courier, provider_server: Any) -> None:
        """A server that speaks HTTP to a mail client: the client waits for a greeting that never comes."""
        began = time.monotonic()
        url = f"mailto://{provider_server.place}?from=office@example.cn&to={{target}}"
        delivery = courier.send(job(url, target="officer@example.cn", deadline=2.0))
        assert delivery.outcome in {Outcome.TEMPORARY, Outcome.UNKNOWN}
        assert time.monotonic() - began < 3.5

    def test_killed_under_way_is_unknown_and_replaced(self, courier: Courier, provider_server: Any) -> None:
        first = pid(courier)
        provider_server.behaviours["/in"] = lambda _handler: os.kill(first, signal.SIGKILL)
        delivery = courier.send(job(f"json://{provider_server.place}/in"))
        assert delivery.outcome is Outcome.UNKNOWN
        assert "中断" in delivery.detail
        assert courier.send(job(f"json://{provider_server.place}/well")).outcome is Outcome.ACCEPTED

    def test_killed_while_idle_is_replaced_and_nothing_is_lost(self, courier: Courier, provider_server: Any) -> None:
        assert courier._process is not None
        courier._process.kill()
        courier._process.wait()
        assert courier.send(job(f"json://{provider_server.place}/in")).outcome is Outcome.ACCEPTED
        assert len(provider_server.received) == 1

    def test_does_not_outlive_its_parent(self, provider_server: Any) -> None:
        provider_server.hang("/in")
        script = (
            "import os, sys\nfrom tasks.courier import Courier, Job\nc = Courier(); c.start()\n"
            "print(c._process.pid, flush=True)\n"
            f"c.send(Job('json://{provider_server.place}/in', '', 't', ('b',), deadline=60.0))\n"
        )
        with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
            assert parent.stdout is not None
            child = int(parent.stdout.readline())
            while not provider_server.received:
                time.sleep(0.05)
            parent.kill()
        for _ in range(100):
            if not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text().split(") ")[1][:1]:
                break
            time.sleep(0.05)
        else:
            pytest.fail("the courier lives on")
