"""An official in front of headless Chromium, and the house he or she works in: nothing is known but the pages."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.settings import PREFECT_API_URL, temporary_settings
from sqlalchemy import select

from config.engine import engine
from config.messages import say
from config.settings import ROOT
from tasks import officer, rehearsal, store
from tasks.ask import Question, open_questions
from tasks.clock import now, set_clock
from tasks.form import choices
from tasks.journal import CASES, ENTRIES
from tasks.server import free_port
from tasks.store import reading
from tasks.watch import show_boards

VERDICT = say("form.verdict")
CODE = say("form.code")
DETAILS = say("parameter.details")
UP_SECONDS = 240
TRIES, CHOOSING_MS = 4, 4_000


def wait(look: Callable[[], Any], seconds: float, what: str) -> float:
    """Wait until a look returns something true, looking every 10 ms; return how long it took."""
    began = time.monotonic()
    while not look():
        assert time.monotonic() - began < seconds, f"not in {seconds} s: {what}"
        time.sleep(0.01)
    return time.monotonic() - began


@dataclass
class House:
    """An installation that is up: its address, its folder, and what its database says."""

    address: str
    folder: Path
    client: SyncPrefectClient

    def steps(self, number: str) -> list[str]:
        """Return the steps of a case's journal in their order."""
        chosen = select(ENTRIES.c.step).join(CASES, CASES.c.id == ENTRIES.c.case_id).where(CASES.c.number == number)
        with reading() as connection:
            return list(connection.execute(chosen.order_by(ENTRIES.c.seq)).scalars())

    def acts(self, number: str) -> list[str]:
        """Return what a case did: its steps but for signatures and clocks."""
        return [step for step in self.steps(number) if not step.startswith(("ask-", "asked-", "clock-", "until-"))]

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


def asked(point: str, role: str = "", seconds: float = 90.0) -> Question:
    """Return the open question of a point, once it has a run of its own."""
    found: list[Question] = []

    def look() -> bool:
        found[:] = [one for one in open_questions(role=role) if one.point == point and one.run_id]
        return bool(found)

    wait(look, seconds, f"{point} is asked of {role or 'anybody'}")
    return found[0]


@contextmanager
def house_up(folder: Path, prepare: Callable[[], None], **more: str) -> Iterator[House]:
    """`banjie up` on a home of its own, under a simulated clock, once what is given has prepared its database.

    Args:
        folder: the home.
        prepare: prepares the database.
        more: further variables, without their BANJIE_.
    """
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    given = {"HOME": str(folder), "CLOCK": "simulated", "PORT": str(port), "ADDRESS": address, **more}
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("BANJIE_", "PREFECT_"))]:
            patch.delenv(name)
        for name, value in given.items():
            patch.setenv(f"BANJIE_{name}", value)
        store.forget()
        engine.cache_clear()
        prepare()
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


def filled(question: Question, code: str = "") -> dict[str, str]:
    """Return a question's form as the scripted officer fills it in, by the titles that the page shows."""
    signer = rehearsal.signer_of(question.role)
    lines = rehearsal.ANSWERS[question.point]
    place = int(question.case.rpartition("-")[2]) if question.case.count("-") > 1 else 0
    answer = dict(lines[place % len(lines)])
    labels = {value: label for label, value in choices(question.form, "verdict").items()}
    if not code:
        set_clock(now() + timedelta(seconds=rehearsal.CODE_SECONDS))  # this officer may have just signed
        code = officer.code_now(signer)
    own = {VERDICT: labels[answer.pop("verdict")], "理由": "情况已核实", "工号": signer, "动态口令": code}
    return own | {say(f"form.{name}"): value for name, value in answer.items()}


@dataclass
class Official:
    """Somebody in an office."""

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

    def dialog(self, question: Question) -> Locator:
        """Open the resume form of the question on the screen."""
        self.page.get_by_role("button", name="Open menu").first.click()
        self.page.get_by_role("menuitem", name="Resume").click()
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_text(question.number).first.wait_for()
        return dialog

    def fill(self, where: Locator, given: Mapping[str, str]) -> None:
        """Fill the fields in by their titles; what has a list is chosen from it."""
        for title, value in given.items():
            listed = where.get_by_label(f"Select {title}", exact=True)
            if title == VERDICT or listed.count():
                self._choose(listed, value)
            else:
                where.get_by_label(title).fill(value)

    def _choose(self, listed: Locator, value: str) -> None:
        """Choose from a list; one that is drawn anew under the pointer is tried again."""
        for _ in range(TRIES - 1):
            listed.click()
            try:
                self.page.get_by_role("option", name=value, exact=True).click(timeout=CHOOSING_MS)
            except PlaywrightTimeoutError:
                continue
            return
        listed.click()
        self.page.get_by_role("option", name=value, exact=True).click()

    def submit(self, deployment: str, filled: Mapping[str, str], **given: Any) -> None:
        """Open the form of a deployment, with some parameters in its address, fill the rest in, and submit it."""
        found = self.house.client.read_deployment_by_name(deployment)
        parameters = quote(json.dumps(given, ensure_ascii=False), safe="")
        self.page.goto(f"{self.house.address}/v2/deployments/deployment/{found.id}/run?parameters={parameters}")
        button = self.page.get_by_role("button", name="Submit")
        button.wait_for()
        for title, value in filled.items():
            self.page.locator("main").get_by_label(title, exact=False).first.fill(value)
        self.picture(deployment.partition("/")[0])
        button.click()

    def resume_with(self, question: Question, given: Mapping[str, str], code: Callable[[], str]) -> None:
        """Answer in the question's own run, with a code that is read off just before the click."""
        self.open_question(question)
        dialog = self.dialog(question)
        self.fill(dialog, given)
        self.fill(dialog, {CODE: code()})
        dialog.get_by_role("button", name="Resume").click()

    def resume(self, question: Question, given: Mapping[str, str]) -> None:
        """Answer in the question's own run, and wait for the season's next step."""
        self.open_question(question)
        dialog = self.dialog(question)
        self.fill(dialog, given)
        self._press(dialog.get_by_role("button", name="Resume"), question)

    def decide(self, question: Question, given: Mapping[str, str]) -> None:
        """Answer through the form that the worklist's link opens, and wait for the season's next step."""
        self.open_form(question)
        self.fill(self.page.locator("main"), as_parameters(given))
        self._press(self.page.get_by_role("button", name="Submit"), question)

    def open_form(self, question: Question) -> None:
        """Follow the worklist's link of a question."""
        board = self.board("worklist")
        link = board.locator(f'a[href*="%22{question.number}%22"]').first
        link.click()
        self.page.get_by_role("button", name="Submit").wait_for()

    def board(self, key: str) -> Locator:
        """Open a board by its permanent key."""
        show_boards()  # it is done every minute; a test does not wait for it
        self.page.goto(f"{self.house.address}/v2/artifacts/key/{key}")
        self.page.locator('a[href*="/artifacts/artifact/"]').first.click()
        self.page.get_by_text("内容最后变化").first.wait_for()
        return self.page.locator("main")

    def _press(self, button: Locator, question: Question) -> None:
        """Click, and take the time until the season has written the step that follows upon the signature."""
        season = "-".join(question.case.split("-")[:2])
        signed, before = len(self.house.signed(season)), len(self.house.acts(season))
        button.click()
        clicked = time.monotonic()
        wait(lambda: len(self.house.signed(season)) > signed, 30, f"{question.number} is signed")
        if question.case == season:  # the season goes on once all of its members' questions are answered
            wait(lambda: len(self.house.acts(season)) > before, 30, f"a step after {question.number}")
            self.latencies.append(time.monotonic() - clicked)


def as_parameters(given: Mapping[str, str]) -> dict[str, str]:
    """Return a filled form as the `decide` form takes it: what not every question asks for stands in one field."""
    every = (VERDICT, "理由", "工号", "动态口令")
    others = "\n".join(f"{title}={value}" for title, value in given.items() if title not in every)
    return {title: given[title] for title in every} | ({DETAILS: others} if others else {})
