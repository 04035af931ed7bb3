"""Prefect's server and the embedded PostgreSQL as children of ours."""

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from sqlalchemy import create_engine, text

from config.messages import Refusal
from tasks.child import Child
from tasks.postgres import Postgres
from tasks.server import Server, require_port
from tasks.without_trigrams import leave_out


@pytest.mark.server
def test_the_server_answers_on_its_own_port_and_address_only(prefect_server: Server) -> None:
    assert httpx.get(f"{prefect_server.api}/health", timeout=10).json() is True
    # The page calls the API it came from, whatever the port.
    assert httpx.get(f"{prefect_server.address}/ui-settings", timeout=10).json()["api_url"] == "/api"
    with socket.socket() as other, pytest.raises(OSError, match="refused"):
        other.connect(("127.0.0.2", prefect_server.port))


@pytest.mark.server
def test_the_server_sends_nothing_home_and_keeps_its_things_in_our_folder(prefect_server: Server) -> None:
    variables = prefect_server.environment()
    assert variables["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert variables["DO_NOT_TRACK"] == "1"
    assert Path(variables["PREFECT_HOME"]).is_relative_to(prefect_server.home)
    settings = httpx.get(f"{prefect_server.api}/admin/settings", timeout=10).json()
    assert settings["server"]["analytics_enabled"] is False
    assert settings["server"]["api"]["host"] == "127.0.0.1"


@pytest.mark.server
def test_eight_clients_at_once_get_no_error(prefect_server: Server) -> None:
    flow = httpx.post(f"{prefect_server.api}/flows/", json={"name": "crowd"}, timeout=30).json()["id"]
    statuses: list[int] = []

    def visit() -> None:
        with httpx.Client(base_url=prefect_server.api, timeout=60) as client:
            for _ in range(5):
                made = client.post("/flow_runs/", json={"flow_id": flow, "state": {"type": "SCHEDULED"}})
                moved = client.post(
                    f"/flow_runs/{made.json()['id']}/set_state", json={"state": {"type": "RUNNING"}, "force": True}
                )
                statuses.extend([made.status_code, moved.status_code])

    visitors = [threading.Thread(target=visit) for _ in range(8)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    assert statuses == [201] * 80


def test_a_taken_port_is_one_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Refusal) as refusal:
            require_port("127.0.0.1", port)
    assert str(refusal.value).startswith(f"端口 127.0.0.1:{port} 已被其他程序占用")
    assert require_port("127.0.0.1", 0) > 0


def test_only_what_needs_the_extension_is_left_out() -> None:
    assert leave_out(None, None, "CREATE EXTENSION IF NOT EXISTS pg_trgm;", {}, None, False) == ("SELECT 1", ())
    assert leave_out(None, None, "CREATE INDEX a ON b USING gin (name gin_trgm_ops)", {}, None, False) == (
        "SELECT 1",
        (),
    )
    assert leave_out(None, None, "SELECT name FROM flow", {"a": 1}, None, False) == (
        "SELECT name FROM flow",
        {"a": 1},
    )


def test_postgresql_lives_in_a_folder_with_spaces_and_a_long_name(open_path: Path) -> None:
    folder = open_path / "区 数据" / ("很长的目录名" * 6) / "postgres"
    cluster = Postgres(folder)
    cluster.start()
    cluster.create("cases")
    cluster.create("cases")
    engine = create_engine(cluster.url("cases", "psycopg"))
    with engine.connect() as connection:
        assert "UTF8" in str(connection.execute(text("SHOW server_encoding")).scalar())
        assert connection.execute(text("SHOW listen_addresses")).scalar() == ""
    engine.dispose()
    cluster.stop()
    assert not (folder / "postmaster.pid").exists()
    assert not cluster.socket.exists()  # a long name takes its socket elsewhere, which goes with it
    assert (folder.stat().st_mode & 0o077) == 0


def test_postgresql_trusts_no_socket_folder_that_somebody_else_laid(open_path: Path) -> None:
    cluster = Postgres(open_path / "postgres")
    cluster.socket = open_path / "laid"
    cluster.socket.symlink_to(open_path)
    with pytest.raises(Refusal, match="属于其他用户"):
        cluster.start()


def test_postgresql_comes_back_after_a_kill(open_path: Path, eventually: Callable[..., Any]) -> None:
    cluster = Postgres(open_path / "postgres")
    cluster.start()
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS value")
        assert cluster.child is not None
        assert cluster.child.pid is not None
        os.kill(cluster.child.pid, signal.SIGKILL)
        eventually(lambda: not cluster.alive())
    cluster.start()
    with psycopg.connect(cluster.url("postgres")) as connection:
        assert connection.execute("SELECT value FROM kept").fetchone() == (7,)
    cluster.stop()


def test_each_test_has_a_database_of_its_own(postgres: str) -> None:
    engine = create_engine(postgres)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE mine (id int)"))
        assert connection.execute(text("SELECT count(*) FROM mine")).scalar() == 0
    engine.dispose()


def test_a_child_is_ended_with_all_it_started_and_logged(tmp_path: Path, eventually: Callable[..., Any]) -> None:
    script = (
        "import subprocess,sys,time,signal;"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "p=subprocess.Popen([sys.executable,'-c','import time;time.sleep(600)']);"
        "print('的', p.pid, flush=True);time.sleep(600)"
    )
    child = Child("deaf", [sys.executable, "-c", script], log=tmp_path / "logs" / "deaf.log")
    child.start()
    eventually(lambda: child.log.exists() and "的" in child.log.read_text())
    grandchild = int(child.log.read_text().split()[-1])
    child.stop(1)
    assert not child.alive()
    eventually(lambda: gone(grandchild))


def gone(pid: int) -> bool:
    """Say whether a process has ended; a zombie waits only for its new parent to look."""
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
