"""Real parts for the tests: a PostgreSQL, Prefect's server and warm runners of their own, each started when first asked for."""

import os
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.settings import PREFECT_API_URL, PREFECT_HOME, PREFECT_LOGGING_LEVEL, temporary_settings

from config.channels import channels
from config.engine import engine
from config.settings import ROOT, settings
from tasks.child import Child
from tasks.postgres import Postgres
from tasks.runner import COMMAND
from tasks.server import DATABASE, Server, client_environment

# A busy machine is no fault of the code: a test hangs at its timeout, never at a slow example.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")

RunnerOf = Callable[..., Child]


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A fresh folder that a system user may reach: each session that starts closes pytest's own to all but its owner."""
    with tempfile.TemporaryDirectory(prefix="banjie 测试 ", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Postgres]:
    """One embedded PostgreSQL for the whole session."""
    with tempfile.TemporaryDirectory(prefix="banjie-cluster-", ignore_cleanup_errors=True) as folder:
        cluster = Postgres(Path(folder) / "postgres", options={"fsync": "off", "full_page_writes": "off"})
        cluster.start()
        yield cluster
        cluster.stop()


@pytest.fixture
def postgres(postgres_cluster: Postgres) -> Iterator[str]:
    """URL of a fresh database, for SQLAlchemy."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    postgres_cluster.create(name)
    yield postgres_cluster.url(name, "psycopg")
    postgres_cluster.drop(name)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A fresh home folder; the settings are read anew."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("BANJIE_HOME", str(folder))
    settings.cache_clear()
    engine.cache_clear()
    yield folder
    monkeypatch.undo()
    settings.cache_clear()
    engine.cache_clear()
    channels.cache_clear()


@pytest.fixture(scope="session")
def prefect_server(postgres_cluster: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Prefect's server on a free port, on PostgreSQL; this process talks to it."""
    folder = tmp_path_factory.mktemp("server")
    postgres_cluster.create(DATABASE, durable=False)
    server = Server(folder, postgres_cluster.url(DATABASE, "asyncpg"), embedded=True)
    server.start()
    with temporary_settings(
        {PREFECT_API_URL: server.api, PREFECT_HOME: folder / "prefect", PREFECT_LOGGING_LEVEL: "ERROR"}
    ):
        yield server
    server.stop()


@pytest.fixture
def prefect_client(prefect_server: Server) -> Iterator[SyncPrefectClient]:
    """A client of the session's server."""
    del prefect_server
    with get_client(sync_client=True) as client:
        yield client


@pytest.fixture
def pool() -> str:
    """Name of a work pool that no other test uses."""
    return f"pool-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def warm_runner(prefect_server: Server, prefect_client: SyncPrefectClient, tmp_path: Path) -> Iterator[RunnerOf]:
    """Start warm runners: `warm_runner(pool, root=folder, BANJIE_SLOTS="4")` returns one that is online."""
    started: list[Child] = []

    def start(pool: str = "banjie", root: Path = ROOT, **variables: str) -> Child:
        before = _online(prefect_client, pool)
        env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")},
            **client_environment(prefect_server.home, prefect_server.address),
            "BANJIE_ROOT": str(root),
            **variables,
        }
        runner = Child(
            "runner",
            [*COMMAND, "--pool", pool],
            log=tmp_path / f"runner-{len(started)}.log",
            env=env,
            cwd=root,
        )
        runner.start()
        started.append(runner)
        deadline = time.monotonic() + 60
        while not _online(prefect_client, pool) - before:
            assert runner.alive(), runner.log.read_text()
            assert time.monotonic() < deadline, "the runner did not come online"
            time.sleep(0.1)
        return runner

    yield start
    for runner in started:
        runner.stop()


def _online(client: SyncPrefectClient, pool: str) -> set[str]:
    response = client._client.post(f"/work_pools/{pool}/workers/filter", json={})
    return {worker["name"] for worker in response.json()} if response.is_success else set()


@pytest.fixture
def eventually() -> Callable[..., object]:
    """Wait until a look returns something true: `eventually(lambda: …, seconds=10)`."""

    def wait(look: Callable[[], object], seconds: float = 30.0) -> object:
        deadline = time.monotonic() + seconds
        while not (seen := look()):
            assert time.monotonic() < deadline, "it did not happen in time"
            time.sleep(0.05)
        return seen

    return wait


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the browser's tests last: Playwright keeps an event loop in this thread, which nobody else could share."""
    items.sort(key=lambda item: "browser" in item.path.parts)
