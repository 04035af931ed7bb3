"""Prefect's own server as a child process, on a database that several clients may use at once."""

import http.client
import os
import socket
import sys
import time
from pathlib import Path
from typing import Final

from config.messages import Refusal
from tasks.child import Child

DATABASE: Final = "prefect"
START_SECONDS: Final = 120.0
# Prefect looks after these things more often than anything of ours needs: an idle server stays idle.
_SERVICES: Final = {
    # A run is late only when it was due: runs parked for months are never touched.
    "PREFECT_SERVER_SERVICES_LATE_RUNS_LOOP_SECONDS": "30",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS": "60",
    "PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_LOOP_SECONDS": "60",
    "PREFECT_SERVER_SERVICES_CANCELLATION_CLEANUP_LOOP_SECONDS": "60",
    "PREFECT_SERVER_SERVICES_CLEANUP_RECONCILER_LOOP_SECONDS": "60",
    "PREFECT_SERVER_SERVICES_REPOSSESSOR_LOOP_SECONDS": "30",
    "PREFECT_SERVER_SERVICES_SCHEDULER_MAX_RUNS": "5",
    "PREFECT_SERVER_SERVICES_SCHEDULER_MAX_SCHEDULED_TIME": "P10D",
}


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def require_port(host: str, port: int) -> int:
    """Return the port, or a free one for 0.

    Raises:
        Refusal: another program listens there.
    """
    if port == 0:
        return free_port(host)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise Refusal("engine.port_taken", host=host, port=port) from None
    return port


def client_environment(home: Path, address: str) -> dict[str, str]:
    """Return the variables with which a process of ours talks to the server at `address` (`http://host:port`)."""
    return {
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_API_URL": f"{address}/api",
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_CLI_PROMPT": "false",
        "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }


class Server:
    """Prefect's server: one process on one port.

    Args:
        home: Folder that takes Prefect's home; never the user's own.
        database_url: SQLAlchemy URL with an asynchronous driver (`postgresql+asyncpg`, `sqlite+aiosqlite`).
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        log: File of its output.
        embedded: The database is the embedded PostgreSQL, which lacks an extension that Prefect asks for.
    """

    def __init__(
        self,
        home: Path,
        database_url: str,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        log: Path | None = None,
        embedded: bool = False,
    ) -> None:
        self.home, self.database_url, self.host, self.embedded = home, database_url, host, embedded
        self.port = port
        self.log = log or home / "logs" / "server.log"
        self.child: Child | None = None

    @property
    def address(self) -> str:
        """Address of the user interface."""
        return f"http://{'127.0.0.1' if self.host == '0.0.0.0' else self.host}:{self.port}"  # noqa: S104 -- compared, not bound

    @property
    def api(self) -> str:
        """Address of the API."""
        return f"{self.address}/api"

    def environment(self) -> dict[str, str]:
        """Return the variables of the server process."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")},
            **client_environment(self.home, self.address),
            **_SERVICES,
            "PREFECT_SERVER_DATABASE_CONNECTION_URL": self.database_url,
            "PREFECT_SERVER_API_HOST": self.host,
            "PREFECT_SERVER_API_PORT": str(self.port),
            # Relative, so that the page works behind any name and port.
            "PREFECT_UI_API_URL": "/api",
            "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        }

    def start(self, seconds: float = START_SECONDS) -> None:
        """Start the server and wait until it answers.

        Raises:
            Refusal: its port is taken, or it does not come up; the sentence names its log.
        """
        self.launch()
        self.wait(seconds)

    def launch(self) -> None:
        """Start the server without waiting for it.

        Raises:
            Refusal: its port is taken.
        """
        self.port = require_port(self.host, self.port)
        (self.home / "prefect").mkdir(parents=True, exist_ok=True)
        program = str(Path(__file__).with_name("without_trigrams.py")) if self.embedded else ""
        command = [sys.executable, *([program] if program else ["-m", "prefect"]), "server", "start"]
        self.child = Child("server", command, log=self.log, env=self.environment(), cwd=self.home)
        self.child.start()

    def wait(self, seconds: float = START_SECONDS) -> None:
        """Wait until the server answers.

        Raises:
            Refusal: it ended or did not answer in time; the sentence names its log.
        """
        deadline = time.monotonic() + seconds
        while self.child is not None and self.child.alive() and time.monotonic() < deadline:
            if self.healthy():
                return
            time.sleep(0.2)
        self.stop()
        raise Refusal("engine.server_failed", log=self.log)

    def healthy(self) -> bool:
        """Say whether the server answers now."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=5)
        try:
            connection.request("GET", "/api/health")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        """Stop the server."""
        if self.child is not None:
            self.child.stop()
            self.child = None
