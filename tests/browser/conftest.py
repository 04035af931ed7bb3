"""For the browser tests: the whole installation up, as an office has it, and headless Chromium in front of it."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from config.season import season
from config.zone import SHANGHAI
from tasks import rehearsal
from tasks.clock import set_clock
from tasks.conscription.course import open_season
from tasks.database import upgrade
from tasks.incident_response import cast
from tests.browser.official import House, Official, house_up
from tests.browser.post import Post

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
def post(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    """Where notices arrive."""
    made = Post()
    made.write(tmp_path_factory.mktemp("channels") / "channels.yaml")
    yield made
    made.close()


@pytest.fixture(scope="session")
def house(chromium: Browser, tmp_path_factory: pytest.TempPathFactory, post: Post) -> Iterator[House]:
    """`banjie up` on a home of its own, with scripted officers and two seasons that wait for their first decision."""
    del chromium  # without it there is nothing to start a house for
    with house_up(tmp_path_factory.mktemp("house"), _prepare, CHANNELS=str(post.channels)) as made:
        yield made


def _prepare() -> None:
    upgrade()
    opens = season(SEASONS[0]).windows.application["male"].opens
    set_clock(datetime.combine(opens - timedelta(days=4), datetime.min.time(), SHANGHAI))
    rehearsal.enrol_cast(date(opens.year - 1, 1, 1))
    cast.enrol_cast(date(opens.year - 1, 1, 1))
    for name in SEASONS:
        open_season(season(name))


@pytest.fixture
def official(house: House, chromium: Browser, tmp_path: Path) -> Iterator[Official]:
    """An official at the house with a fresh window; the pictures stay with the test, outside the repository."""
    window = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN", timezone_id="Asia/Shanghai")
    window.set_default_timeout(30_000)
    yield Official(house, window.new_page(), tmp_path)
    window.close()
