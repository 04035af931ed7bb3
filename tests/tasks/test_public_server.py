"""The public site's server: what an edition lists and nothing else, read only, safe headers, visits counted by day."""

import gzip
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st
from sqlalchemy import select

from config.engine import Engine
from config.messages import Refusal
from config.settings import ROOT
from models.policy_redemption.publicity import Visits
from tasks.house import _site_port
from tasks.policy_redemption.edition import CURRENT, FOLDER, keep_site_current
from tasks.policy_redemption.publicity import ResultKind, post_result
from tasks.public_server import COMMAND, PublicServer, kind_of
from tasks.server import free_port
from tasks.store import reading, table, transaction
from tests.browser.official import wait
from tests.ground import BOTH, Ground, settled
from tests.published import PLANNED, POSTING, applications, firm, policy

VISITS = table(Visits)


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    yield from settled(request, home, monkeypatch)


@pytest.fixture
def server(ground: Ground) -> Iterator[PublicServer]:
    post(*(firm(place) for place in range(3)))
    assert keep_site_current()
    one = PublicServer(("127.0.0.1", 0), ground.home / FOLDER)
    thread = threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield one
    one.shutdown()
    thread.join()
    one.server_close()


def post(*firms: int) -> None:
    _, ids = applications(policy()[0], firms)
    with transaction() as tx:
        post_result(tx, ResultKind.APPROVED, ids, planned=dict.fromkeys(ids, PLANNED), posting=POSTING)


def ask(server: PublicServer, path: str, method: str = "GET", headers: dict[str, str] | None = None) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return Answer(answer.status, dict(answer.getheaders()), answer.read())
    finally:
        connection.close()


def visited() -> dict[str, int]:
    with reading() as connection:
        return {row.path_kind: row.visits for row in connection.execute(select(VISITS))}


def test_pages_are_served_with_safe_headers(server: PublicServer) -> None:
    page = ask(server, "/")
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "惠企政策兑现公示" in page.body.decode()
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert (page.headers["X-Content-Type-Options"], page.headers["Server"]) == ("nosniff", "banjie")
    assert page.headers["Cache-Control"] == "public, no-cache"
    assert ask(server, "/policies").headers["Location"] == "/policies/"
    assert ask(server, "/policies/").status == ask(server, "/policies/ZC-2027-001.html?x=1").status == 200
    assert ask(server, "/data/policies.json").headers["Access-Control-Allow-Origin"] == "*"


def test_a_page_known_already_is_not_sent_again_and_a_packed_one_is_the_same(server: PublicServer) -> None:
    page = ask(server, "/index.html")
    assert ask(server, "/", headers={"If-None-Match": page.headers["ETag"]})[::2] == (304, b"")
    assert ask(server, "/", headers={"If-None-Match": 'W/"x", ' + page.headers["ETag"]}).status == 304
    assert ask(server, "/", headers={"If-None-Match": '"x"'}).status == 200
    packed = ask(server, "/", headers={"Accept-Encoding": "gzip, br"})
    assert (gzip.decompress(packed.body), packed.headers["Content-Encoding"]) == (page.body, "gzip")
    assert packed.headers["ETag"] != page.headers["ETag"]
    head = ask(server, "/", "HEAD")
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", str(len(page.body)))


def test_an_edition_stays_at_its_address_for_ever(server: PublicServer) -> None:
    digest = (server.folder / CURRENT).resolve().name
    old = ask(server, f"/editions/{digest}/results/1.html")
    assert (old.status, old.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
    with transaction() as tx:
        rows = tx.core.exec_driver_sql("SELECT case_id FROM publications").all()
        post_result(tx, ResultKind.PAID, [rows[0][0]])
    assert keep_site_current()
    assert "已兑现" in ask(server, "/results/1.html").body.decode()
    assert ask(server, f"/editions/{digest}/results/1.html").body == old.body
    assert ask(server, f"/editions/{'0' * 64}/index.html").status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_nothing_can_be_sent_to_it(server: PublicServer, method: str) -> None:
    answer = ask(server, "/", method, {"Content-Length": "0"})
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert ask(server, "/", "BREW").status == 501


PATHS = (
    "/../banjie.db", "/..%2f..%2fkeys.json", "/%2e%2e/keys.json", "/.state", "/.lock", "/editions.jsonl", "/editions/", "/current/index.html",
    "//etc/passwd", "/etc/passwd", "/editions/../.state", "/results/..%5c..%5ckeys.json", "/%00", "/index.html%00.txt", "/results/%e4%b8", "/./index.html",
    "/policies/../index.html", "http://evil.example/../../keys.json", "/%c0%ae%c0%ae/keys.json",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_only_what_an_edition_lists_is_served(server: PublicServer, path: str) -> None:
    answer = ask(server, path)
    assert answer.status == 404
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert b"seals" not in answer.body


@effort(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_whatever_bytes_come_it_answers_or_hangs_up(server: PublicServer, content: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as connection:
        connection.sendall(b"GET /" + content + b" HTTP/1.1\r\nConnection: close\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    assert b"Traceback" not in answer
    assert not answer or answer.startswith((b"HTTP/1.", b"400"))


def test_visits_are_counted_by_day_and_kind_and_nothing_about_who(server: PublicServer) -> None:
    for path in ("/", "/", "/policies/", "/policies/ZC-2027-001.html", "/results/1.html", "/search.html?q=x", "/feed.atom", "/data/policies.json"):  # fmt: skip
        assert ask(server, path).status == 200
    ask(server, "/site.css"), ask(server, "/nothing.html"), ask(server, "/", "HEAD")
    server.visitors.flush()
    ask(server, "/")
    server.visitors.flush()
    assert visited() == {"home": 3, "policies": 2, "results": 1, "search": 1, "feed": 1, "data": 1}
    with reading() as connection:
        assert {str(row.day) for row in connection.execute(select(VISITS))} == {"2027-01-04"}
    assert [column.name for column in VISITS.columns] == ["day", "path_kind", "visits"]


@pytest.mark.parametrize(("path", "kind"), [("index.html", "home"), ("results/1.html", "results"), ("site.css", ""), ("search.json", "")])  # fmt: skip
def test_the_kind_of_a_page(path: str, kind: str) -> None:
    assert kind_of(path) == kind


def test_before_the_first_edition_there_is_nothing(home: Path) -> None:
    server = PublicServer(("127.0.0.1", 0), home / FOLDER)
    assert server.locate("/index.html") == (None, "index.html", False)
    server.server_close()


def test_as_a_child_it_makes_the_first_edition_serves_it_and_keeps_the_last_visits(ground: Ground) -> None:
    post(firm(1))
    port = free_port()
    command = [*COMMAND, "127.0.0.1", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "BANJIE_HOME": str(ground.home)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip

    def answers() -> Any:
        assert process.poll() is None, process.stdout and process.stdout.read().decode()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        return True

    try:
        wait(answers, 30, "the public site answers")
        wait((ground.home / FOLDER / CURRENT).exists, 30, "the first edition is written")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/")
        assert connection.getresponse().status == 200
        connection.close()
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert visited() == {"home": 1}
    assert sys.executable in COMMAND


def test_the_port_that_was_set_must_be_free_and_the_next_one_need_not() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Refusal, match=str(port)):
            _site_port(Engine(site_port=port))
        assert _site_port(Engine(site_port=None, port=port - 1)) not in {0, port}
    assert _site_port(Engine(site_port=0)) > 0
