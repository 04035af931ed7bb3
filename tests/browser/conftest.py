"""For the browser tests: the whole installation up, as an office has it, and an official in front of headless Chromium."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, sync_playwright
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.settings import PREFECT_API_URL, temporary_settings
from sqlalchemy import select

from config.season import season
from config.settings import ROOT
from config.zone import SHANGHAI
from tasks import officer, rehearsal, store
from tasks.ask import SEATS, Question, open_questions
from tasks.clock import set_clock
from tasks.conscription.course import open_season
from tasks.database import upgrade
from tasks.form import choices
from tasks.journal import CASES, ENTRIES
from tasks.server import free_port
from tasks.store import reading

UP_SECONDS = 240
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SEASONS = ("2027H1", "2027H2")
"""The first begins with the groups' adjustment, the second with the publicity plan."""


def missing_parts() -> list[str]:
    """Return what this machine lacks for these tests."""
    fonts = subprocess.run(["fc-list", ":lang=zh"], capture_output=True, text=True, check=False) if shutil.which("fc-list") else None
    lacks = {"chromium": not shutil.which("chromium"), "fonts-noto-cjk": fonts is None or not fonts.stdout.strip()}
    return [name for name, lack in lacks.items() if lack]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Headless Chromium of the machine."""
    if lacks := missing_parts():
        says = f"not installed: {', '.join(lacks)} (Debian: apt install {' '.join(lacks)})"
        if os.environ.get("BANJIE_BROWSER") == "required":
            pytest.fail(says, pytrace=False)
        pytest.skip(says)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=[*FLAGS])
        yield browser
        browser.close()


@dataclass
class House:
    """An installation that is up: its address, its folder, and what its database says."""

    address: str
    folder: Path
    client: SyncPrefectClient

    def entries(self, number: str) -> list[Any]:
        """Return the journal of a case."""
        chosen = select(ENTRIES).join(CASES, CASES.c.id == ENTRIES.c.case_id).where(CASES.c.number == number)
        with reading() as connection:
            return list(connection.execute(chosen.order_by(ENTRIES.c.seq)).all())

    def count(self, number: str) -> int:
        """Return how many entries the journal of a case has."""
        return len(self.entries(number))

    def signed(self, number: str) -> dict[str, tuple[str, str]]:
        """Return who signed each decision of a case and its members, and which way, by `case point/turn`."""
        chosen = select(CASES.c.number, ENTRIES.c.step, ENTRIES.c.turn, ENTRIES.c.actor, ENTRIES.c.outcome)
        chosen = chosen.join(CASES, CASES.c.id == ENTRIES.c.case_id).where(ENTRIES.c.step.like("ask-%"))
        with reading() as connection:
            rows = connection.execute(chosen).all()
        mine = [row for row in rows if row.number == number or row.number.startswith(f"{number}-")]
        return {f"{row.number} {row.step[4:]}/{row.turn}": (row.actor, row.outcome["way"]) for row in mine}

    def question(self, case: str, seconds: float = 60) -> Question:
        """Return the open question of a case, once it has a run of its own."""
        end = time.monotonic() + seconds
        while not (found := [one for one in open_questions(case=case) if one.run_id]):
            assert time.monotonic() < end, f"{case} asks nothing"
            time.sleep(0.05)
        return found[0]


def wait(look: Callable[[], Any], seconds: float, what: str) -> float:
    """Wait until a look returns something true, looking every 10 ms; return how long it took."""
    began = time.monotonic()
    while not look():
        assert time.monotonic() - began < seconds, f"not in {seconds} s: {what}"
        time.sleep(0.01)
    return time.monotonic() - began


@pytest.fixture(scope="session")
def house(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """`banjie up` on a home of its own, with scripted officers and two seasons that wait for their first decision."""
    del chromium  # without it there is nothing to start a house for
    folder, port = tmp_path_factory.mktemp("house"), free_port()
    given = {"HOME": str(folder), "CLOCK": "simulated", "PORT": str(port), "ADDRESS": f"http://127.0.0.1:{port}"}
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("BANJIE_", "PREFECT_"))]:
            patch.delenv(name)
        for name, value in given.items():
            patch.setenv(f"BANJIE_{name}", value)
        store.forget()
        upgrade()
        opens = season(SEASONS[0]).windows.application["male"].opens
        set_clock(datetime.combine(opens - timedelta(days=4), datetime.min.time(), SHANGHAI))
        rehearsal.enrol_cast(date(opens.year - 1, 1, 1))
        for name in SEASONS:
            open_season(season(name))
        with (folder / "up.log").open("wb") as log:
            process = subprocess.Popen([sys.executable, "-m", "flows.cli", "up"], cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
        try:
            wait(lambda: given["ADDRESS"].encode() in (folder / "up.log").read_bytes() or process.poll() is not None, UP_SECONDS, "up")
            assert process.poll() is None, (folder / "up.log").read_text()
            with temporary_settings({PREFECT_API_URL: f"{given['ADDRESS']}/api"}), get_client(sync_client=True) as client:
                yield House(given["ADDRESS"], folder, client)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)
    store.forget()


@dataclass
class Official:
    """Somebody in an office, who knows nothing but the pages."""

    house: House
    page: Page
    pictures: Path
    latencies: list[float] = field(default_factory=list)

    def picture(self, name: str) -> None:
        """Keep what is on the screen."""
        self.page.screenshot(path=self.pictures / f"{name}.png")

    def open_question(self, question: Question) -> None:
        """Find a question where officials find it: the Runs page, filtered by Suspended."""
        self.page.goto(f"{self.house.address}/v2/runs?tab=flow-runs&state=Suspended")
        self.page.locator(f'a[href*="{question.run_id}"]').first.click()
        self.page.get_by_role("heading").get_by_text(question.title).or_(self.page.get_by_text(question.title)).first.wait_for()

    def dialog(self) -> Locator:
        """Open the resume form of the run on the screen."""
        self.page.get_by_role("button", name="Open menu").first.click()
        self.page.get_by_role("menuitem", name="Resume").click()
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_role("button", name="Resume").wait_for()
        return dialog

    def choose(self, where: Locator, title: str, choice: str) -> None:
        """Choose from a list."""
        where.get_by_label(f"Select {title}").click()
        self.page.get_by_role("option", name=choice, exact=True).click()

    def fill(self, where: Locator, given: Mapping[str, str]) -> None:
        """Fill the fields in by their titles; the verdict is chosen."""
        for title, value in given.items():
            if title == "审批意见":
                self.choose(where, title, value)
            else:
                where.get_by_label(title, exact=True).fill(value)

    def resume(self, question: Question, given: Mapping[str, str]) -> None:
        """Answer in the question's own run; measure from the click to the first thing that the season does next."""
        self.open_question(question)
        dialog = self.dialog()
        self.fill(dialog, given)
        # The seat's own case is signed first; what comes next is the season's.
        self._measured(dialog.get_by_role("button", name="Resume"), question)

    def decide(self, question: Question, given: Mapping[str, str], others: Mapping[str, str] | None = None) -> None:
        """Answer through the form that the worklist's link opens."""
        self.open_form(question)
        filled = {"其他栏目": "\n".join(f"{name}={value}" for name, value in others.items())} if others else {}
        self.fill(self.page.locator("body"), {**given, **filled})
        self._measured(self.page.get_by_role("button", name="Submit"), question)

    def open_form(self, question: Question) -> None:
        """Follow the worklist's link of a question."""
        board = self.board("worklist")
        link = board.locator(f'a[href*="{question.number}%22"]').first
        link.wait_for()
        self.page.goto(str(link.get_attribute("href")))
        self.page.get_by_role("button", name="Submit").wait_for()

    def board(self, key: str) -> Locator:
        """Open a board by its permanent key."""
        self.page.goto(f"{self.house.address}/v2/artifacts/key/{key}")
        self.page.locator('a[href*="/artifacts/artifact/"]').first.click()
        self.page.get_by_text("内容最后变化").first.wait_for()
        return self.page.locator("body")

    def _measured(self, button: Locator, question: Question) -> None:
        button.click()
        clicked = time.monotonic()
        seat = select(SEATS.c.status).where(SEATS.c.id == question.seat_id)

        def answered() -> bool:
            with reading() as connection:
                return bool(connection.execute(seat).scalar_one() == "answered")

        wait(answered, 30, f"{question.number} answered")
        self.latencies.append(time.monotonic() - clicked)


@pytest.fixture
def official(house: House, chromium: Browser, tmp_path: Path) -> Iterator[Official]:
    """An official at the house, with a fresh window."""
    window = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN", timezone_id="Asia/Shanghai")
    window.set_default_timeout(30_000)
    yield Official(house, window.new_page(), tmp_path)
    window.close()


@pytest.fixture(scope="session")
def filled() -> Callable[[Question, str], tuple[dict[str, str], dict[str, str]]]:
    """Fill a question in as the scripted officer does: (verdict, reason, staff number, code; the other fields)."""

    def fill(question: Question, code: str = "") -> tuple[dict[str, str], dict[str, str]]:
        signer = rehearsal.signer_of(question.role)
        lines = rehearsal.ANSWERS[question.point]
        place = int(question.case.rpartition("-")[2]) if question.case.count("-") > 1 else 0
        answer = dict(lines[place % len(lines)])
        labels = {value: label for label, value in choices(question.form, "verdict").items()}
        if not code:
            set_clock(rehearsal.now() + timedelta(seconds=rehearsal.CODE_SECONDS))  # this officer may have just signed
            code = officer.code_now(signer)
        every = {"审批意见": labels[answer.pop("verdict")], "理由": "情况已核实", "工号": signer, "动态口令": code}
        return every, {rehearsal.say(f"form.{name}"): value for name, value in answer.items()}

    return fill
