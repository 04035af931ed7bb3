"""The page of acknowledgements: a link that is opened acknowledges nothing; the form that is sent does."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import pytest

from config.engine import Engine
from config.settings import ROOT, Settings
from models.incident_response.ladder import Ack
from tasks.ack_server import COMMAND, PER_MINUTE, AckServer
from tasks.house import _ack_port
from tasks.incident_response.acknowledgement import ACKS
from tasks.server import free_port
from tasks.wait import INSTANCES
from tests.browser.official import wait
from tests.ground import Ground, hire, rows_of, settled
from tests.tasks.incident_response.calling_stage import accident, alert, calls, furnish, told


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: str


@pytest.fixture(params=["sqlite"])
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    furnish(home, monkeypatch)
    yield from settled(request, home, monkeypatch)


@pytest.fixture
def server(ground: Ground) -> Iterator[AckServer]:
    one = AckServer(("127.0.0.1", 0))
    thread = threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield one
    one.shutdown()
    thread.join()
    one.server_close()
    one.waker.close()


@pytest.fixture
def code(ground: Ground) -> str:
    hire("C1", "incident_commander")
    alert(accident(), "incident_commander")
    return str(calls()[0].code)


def ask(server: AckServer, method: str, path: str = "/", body: str | None = None, **headers: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)
    given = {"Content-Type": "application/x-www-form-urlencoded"} | {k.replace("_", "-"): v for k, v in headers.items()}
    connection.request(method, path, body, given)
    got = connection.getresponse()
    answer = Answer(got.status, dict(got.getheaders()), got.read().decode())
    connection.close()
    return answer


def send(server: AckServer, code: str, kind: str = "received", eta: str = "", **headers: str) -> Answer:
    return ask(server, "POST", "/", urlencode({"code": code, "kind": kind, "eta": eta}), **headers)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_whatever_opens_the_link_acknowledges_nothing(server: AckServer, code: str, method: str) -> None:
    for path in (f"/?code={code}&kind=received", f"/{code}", f"/?code={code}&kind=on_site&eta=5"):
        assert ask(server, method, path).status == (200 if method in {"GET", "HEAD"} else 405)
    assert rows_of(ACKS) == []


def test_the_form_shows_the_code_of_the_link_and_is_safe_to_show(server: AckServer, code: str) -> None:
    page = ask(server, "GET", f"/?code={code}")
    assert f'value="{code}"' in page.body
    assert "<script" not in page.body
    assert 'name="viewport"' in page.body
    assert all(kind.word in page.body for kind in Ack)
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "<script>" not in ask(server, "GET", "/?code=%22%3E%3Cscript%3Ealert(1)").body


def test_the_form_that_is_sent_acknowledges_and_stops_the_calls(server: AckServer, code: str) -> None:
    page = send(server, code.lower(), "on_the_way", "25")
    assert (page.status, "已登记" in page.body, "SG-2027-001" in page.body) == (200, True, True)
    (row,) = rows_of(ACKS)
    assert (row.kind, row.eta_minutes, row.way, row.by) == ("on_the_way", 25, "page", "C1")
    assert told("officer:C1")["app"] == "withdrawn"
    assert rows_of(INSTANCES, case_id=row.case_id)[0].nudges > 0


@pytest.mark.parametrize(("body", "status"), [
    ("", 400), ("code=&kind=", 400), ("code=ZZZZZZ&kind=received", 400), ("kind=sleeping&code=A", 400), ("x" * 3000, 413),
    ("code=A&kind=on_the_way&eta=soon", 400), ("&".join(["a=1"] * 50), 400),
])  # fmt: skip
def test_what_is_no_acknowledgement_is_told_and_shows_the_form_again(
    server: AckServer, code: str, body: str, status: int
) -> None:
    answer = ask(server, "POST", "/", body)
    assert answer.status == status
    assert 'name="code"' in answer.body
    assert rows_of(ACKS) == []


def test_whoever_guesses_is_stopped_and_nobody_else(server: AckServer, code: str) -> None:
    for _ in range(10):
        assert send(server, "ZZZZZZ", X_Forwarded_For="192.0.2.7").status == 400
    assert send(server, code, X_Forwarded_For="192.0.2.7").status == 429
    assert send(server, code, X_Forwarded_For="192.0.2.8").status == 200


def test_too_many_forms_of_one_address_wait_a_minute(server: AckServer, code: str) -> None:
    answers = [send(server, code, "sleeping").status for _ in range(PER_MINUTE + 1)]
    assert answers == [400] * PER_MINUTE + [429]
    assert ask(server, "GET").status == 200


def test_the_process_serves_until_it_is_told_to_stop(ground: Ground, code: str) -> None:
    port = free_port()
    process = subprocess.Popen([*COMMAND, "127.0.0.1", str(port)], cwd=ROOT, env=dict(os.environ))

    def answers() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            return False
        return True

    try:
        wait(answers, 30, "the page answers")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("POST", "/", urlencode({"code": code, "kind": "on_site"}))
        assert connection.getresponse().status == 200
        connection.close()
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert [row.kind for row in rows_of(ACKS)] == ["on_site"]
    assert sys.executable in COMMAND


def test_the_page_has_a_port_of_its_own_and_notices_name_it(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    assert _ack_port(Engine(ack_port=port)) == port
    assert _ack_port(Engine(ack_port=0)) > 0
    monkeypatch.delenv("BANJIE_ACK_ADDRESS", raising=False)
    monkeypatch.setenv("BANJIE_PORT", "4300")
    assert Settings().ack_address == "http://127.0.0.1:4302"
    monkeypatch.setenv("BANJIE_ACK_PORT", "4400")
    assert Settings().ack_address == "http://127.0.0.1:4400"
