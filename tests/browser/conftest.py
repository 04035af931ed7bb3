"""For the browser tests: the whole installation up, as an office has it, and headless Chromium in front of it."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings

from config.engine import engine
from config.season import season
from config.settings import ROOT
from config.zone import SHANGHAI
from tasks import rehearsal, store
from tasks.clock import set_clock
from tasks.conscription.course import open_season
from tasks.database import upgrade
from tasks.server import free_port
from tests.browser.official import House, Official, wait

UP_SECONDS = 240
SEASONS = ("2027H1", "2027H2")
"""The first begins with the groups' adjustment, the second with the publicity plan."""
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def missing_parts() -> list[str]:
    """Return what this machine lacks, by the names of Debian's packages."""
    known = shutil.which("fc-list")
    listed = subprocess.run([known, ":lang=zh"], capture_output=True, text=True, check=False).stdout if known else ""
    lacks = {"chromium": not shutil.which("chromium"), "fonts-noto-cjk": not listed.strip()}
    return [name for name, lack in lacks.items() if lack]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Headless Chromium of the machine; without it these tests are left out, unless BANJIE_BROWSER=required."""
    if lacks := missing_parts():
        says = f"not installed: {' '.join(lacks)}; apt-get install {' '.join(lacks)}"
        if os.environ.get("BANJIE_BROWSER") == "required":
            pytest.fail(says, pytrace=False)
        pytest.skip(says)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=[*FLAGS])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def house(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """`banjie up` on a home of its own, with scripted officers and two seasons that wait for their first decision."""
    del chromium  # without it there is nothing to start a house for
    folder, port = tmp_path_factory.mktemp("house"), free_port()
    address = f"http://127.0.0.1:{port}"
    given = {"HOME": str(folder), "CLOCK": "simulated", "PORT": str(port), "ADDRESS": address}
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("BANJIE_", "PREFECT_"))]:
            patch.delenv(name)
        for name, value in given.items():
            patch.setenv(f"BANJIE_{name}", value)
        store.forget()
        engine.cache_clear()
        _prepare()
        log = folder / "up.log"
        command = [sys.executable, "-m", "flows.cli", "up"]
        with log.open("wb") as output:
            process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
        try:
            wait(lambda: address in log.read_text() or process.poll() is not None, UP_SECONDS, "the house is up")
            assert process.poll() is None, log.read_text()
            with temporary_settings({PREFECT_API_URL: f"{address}/api"}), get_client(sync_client=True) as client:
                yield House(address, folder, client)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)
            store.forget()
    store.forget()
    engine.cache_clear()


def _prepare() -> None:
    upgrade()
    opens = season(SEASONS[0]).windows.application["male"].opens
    set_clock(datetime.combine(opens - timedelta(days=4), datetime.min.time(), SHANGHAI))
    rehearsal.enrol_cast(date(opens.year - 1, 1, 1))
    for name in SEASONS:
        open_season(season(name))


@pytest.fixture
def official(house: House, chromium: Browser, tmp_path: Path) -> Iterator[Official]:
    """An official at the house with a fresh window; the pictures stay with the test, outside the repository."""
    window = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN", timezone_id="Asia/Shanghai")
    window.set_default_timeout(30_000)
    yield Official(house, window.new_page(), tmp_path)
    window.close()
