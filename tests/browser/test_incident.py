"""A complete accident of level III in Prefect's UI, by two officers, with mail and a web hook really received."""

import json
import os
import threading
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from aiosmtpd.controller import Controller
from playwright.sync_api import Browser
from sqlalchemy import select

from config.messages import say
from config.zone import SHANGHAI
from models.incident_response.ladder import Ack
from tasks import officer
from tasks.ask import Question, open_questions
from tasks.clock import now, set_clock
from tasks.database import upgrade
from tasks.door import Signature, decide
from tasks.incident_response import cast
from tasks.incident_response.call_record import CALLS
from tasks.incident_response.group_report import kind_text
from tasks.incident_response.incident import GROUPS, INCIDENTS
from tasks.journal import CASES, case_id_of, verify
from tasks.server import free_port
from tasks.store import reading
from tasks.wait import INSTANCES, count_nudge, run_of
from tasks.worklist import wake
from tests.browser.official import House, Official, asked, house_up, wait
from tests.reported import answer_of, form_of, report_parameters

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
PATIENCE = 90.0
NUMBER = "SG-2027-001"
BEGIN = datetime(2027, 3, 1, 9, tzinfo=SHANGHAI)
STEP = timedelta(seconds=31)
WHOLE = os.environ.get("BANJIE_UI") == "whole"
"""Everything in the browser, four minutes; otherwise what comes after the end of the emergency goes by the command line."""
DONE_BY_HAND = ("activate", "agree.III", "verify", "duty.report_city", "duty.report_province", "end_condition.scene",
                "end_condition.environment", "end_condition.secondary", "end_confirm", "end_approve.1")  # fmt: skip
"""What is answered in the order of the plan, before whatever else is asked."""


class Mail(NamedTuple):
    """One mail that arrived."""

    to: str
    subject: str
    text: str


class Post:
    """Where notices arrive: a mail server and a web hook of this machine."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.hooks: list[dict[str, Any]] = []
        post = self

        class Mailbox:
            async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 -- aiosmtpd's name
                message = message_from_bytes(envelope.content)
                text = message.get_payload(decode=True)
                assert isinstance(text, bytes)
                subject = str(make_header(decode_header(str(message["Subject"]))))
                post.mails.append(Mail(envelope.rcpt_tos[0], subject, text.decode()))
                return "250 OK"

        class Hook(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                post.hooks.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_args: object) -> None:
                """Keep quiet."""

        self._smtp = Controller(Mailbox(), hostname="127.0.0.1", port=free_port())
        self._smtp.start()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def channels(self, path: Path) -> Path:
        """Write a channels file: mail for one officer, the web hook for the other."""
        book = {
            "channels": {
                "mail": {"url": f"mailto://127.0.0.1:{self._smtp.port}?from=office@example.cn&to={{target}}"},
                "hook": {"url": f"json://127.0.0.1:{self._http.server_port}/in", "lanes": 4},
            },
            "officers": {cast.COMMANDER: {"mail": "commander@example.cn"}, cast.OFFICE: ["hook"]},
        }
        path.write_text(yaml.safe_dump(book, allow_unicode=True), encoding="utf-8")
        return path

    def close(self) -> None:
        """Close both."""
        self._smtp.stop()
        self._http.shutdown()


@pytest.fixture(scope="module")
def post() -> Iterator[Post]:
    made = Post()
    yield made
    made.close()


@pytest.fixture(scope="module")
def command_post(chromium: Browser, tmp_path_factory: pytest.TempPathFactory, post: Post) -> Iterator[House]:
    """A house of its own in which nothing has happened yet."""
    del chromium
    home = tmp_path_factory.mktemp("incident")

    def prepare() -> None:
        upgrade()
        set_clock(BEGIN)
        cast.enrol_cast(date(2026, 1, 1))

    channels = post.channels(tmp_path_factory.mktemp("channels") / "channels.yaml")
    with house_up(home, prepare, CHANNELS=str(channels)) as house:
        yield house


@pytest.fixture
def windows(command_post: House, chromium: Browser, tmp_path: Path) -> Iterator[dict[str, Official]]:
    """The two officers, each at a window of their own."""
    opened = {
        staff_no: chromium.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN", timezone_id="Asia/Shanghai")
        for staff_no in (cast.COMMANDER, cast.OFFICE)
    }  # fmt: skip
    for window in opened.values():
        window.set_default_timeout(30_000)
    yield {staff_no: Official(command_post, window.new_page(), tmp_path) for staff_no, window in opened.items()}
    for window in opened.values():
        window.close()


def code_of(staff_no: str) -> str:
    """Return the code that an officer reads off the authenticator just before the click."""
    set_clock(now() + STEP)
    return officer.code_now(staff_no)


def answered(windows: dict[str, Official], question: Question) -> None:
    """Answer a question in its own run, in the window of whoever it is asked of; again where it was shown anew meanwhile."""
    staff_no = cast.signer_of(question.role)
    while True:
        given = form_of(question, answer_of(question)) | {say("form.staff_no"): staff_no}
        windows[staff_no].resume_with(question, given, lambda: code_of(staff_no))

        def taken(seat_id: int = question.seat_id, attempt: int = question.attempt) -> bool:
            return not [one for one in open_questions(seat_id=seat_id) if one.attempt == attempt]

        wait(taken, PATIENCE, f"{question.point} is taken")
        again = open_questions(seat_id=question.seat_id)
        if not again:
            return
        assert again[0].refusal == say("kernel.shown_anew"), again[0].refusal
        question = again[0]


def answered_at_once(house: House, question: Question) -> None:
    """Answer a question as the command line does."""
    staff_no = cast.signer_of(question.role)
    decide(question.seat_id, Signature(staff_no, code_of(staff_no), answer_of(question), "command"))
    wake(house.client, run_of(NUMBER))


def is_so(**wanted: Any) -> bool:
    """Say whether the incident's row says this."""
    with reading() as connection:
        row = connection.execute(select(INCIDENTS).where(INCIDENTS.c.case_id == case_id_of(NUMBER))).mappings().one()
    return all(row[name] == value for name, value in wanted.items())


def status() -> str:
    with reading() as connection:
        return str(connection.execute(select(CASES.c.status).where(CASES.c.number == NUMBER)).scalar_one_or_none())


def parked() -> Any:
    """Return the run and the moment that the incident waits for; nothing while it is awake."""
    chosen = select(INSTANCES).where(INSTANCES.c.case_id == case_id_of(NUMBER))
    with reading() as connection:
        row = connection.execute(chosen).one()
    return row if row.wake_at is not None and row.waiting_on and row.seen >= row.nudges else None


def moved_on(house: House) -> None:
    """Move the day to the next moment that the incident waits for, and wake it as the bell does."""
    row = parked()
    set_clock(max(row.wake_at, now()) + timedelta(seconds=1))
    count_nudge(case_id_of(NUMBER))
    wake(house.client, row.run_id)


def codes_of(purpose: str) -> list[str]:
    with reading() as connection:
        return list(connection.execute(select(CALLS.c.code).where(CALLS.c.purpose == purpose)).scalars())


def test_an_accident_of_level_three_in_the_browser(
    command_post: House, windows: dict[str, Official], post: Post
) -> None:
    began, office, chief = time.monotonic(), windows[cast.OFFICE], windows[cast.COMMANDER]
    # the report: the commander is told by mail before anybody has clicked anything else
    counted = {
        say(f"parameter.report_accident.{name}"): report_parameters()[name] for name in ("dead", "injured", "missing")
    }
    given = {name: value for name, value in report_parameters().items() if name not in ("dead", "injured", "missing")}
    office.submit("report_accident/报告事故", counted, **given)
    wait(lambda: status() == "reported", PATIENCE, "the accident is opened")
    wait(lambda: [mail for mail in post.mails if NUMBER in mail.text], PATIENCE, "the commander has mail")
    wait(
        lambda: [hook for hook in post.hooks if NUMBER in hook["message"]],
        PATIENCE,
        "the office is told by its web hook",
    )
    # an acknowledgement by the code of the notice
    mailed: list[str] = []

    def code_mailed() -> bool:
        mailed[:] = [code for code in codes_of("alert") if any(code in mail.text for mail in post.mails)]
        return bool(mailed)

    wait(code_mailed, PATIENCE, f"a code is mailed: {[mail.text for mail in post.mails]}")
    chief.submit("acknowledge/回执", {}, code=mailed[0], kind=Ack.ON_THE_WAY.word, eta=15)
    # the commander orders, the government agrees, the bureau verifies; ten groups are ordered
    for point in DONE_BY_HAND[:3]:
        answered(windows, asked(point))
    wait(lambda: status() == "responding", PATIENCE, "ten groups are ordered")
    with reading() as connection:
        assert len(connection.execute(select(GROUPS).where(GROUPS.c.case_id == case_id_of(NUMBER))).all()) == 10
    assert is_so(grade="III", response_level="III")
    board = office.board(f"incident-{NUMBER.lower()}")
    board.get_by_text("现场救援组").first.wait_for()
    office.picture("board-responding")
    # a group reports, the facts change, what is owed to the city and the province is discharged
    signed = {"number": NUMBER, "staff_no": cast.OFFICE}
    office.submit("group_report/工作组情况", {}, **signed, code=code_of(cast.OFFICE), group="现场救援组",
                  kind=kind_text("situation", "zh"), text="明火已扑灭，正在搜救")  # fmt: skip
    office.submit("report_follow_up/事故续报", {}, **signed, code=code_of(cast.OFFICE), missing="0",
                  controllable=say("incident_report.controllable_yes", "zh"))  # fmt: skip
    wait(lambda: is_so(missing=0), PATIENCE, "the follow-up is taken in")
    for point in DONE_BY_HAND[3:]:
        answered(windows, asked(point))
    wait(lambda: status() == "recovering", PATIENCE, "the emergency has ended")
    office.board(f"incident-{NUMBER.lower()}")
    office.picture("board-ended")
    # everything else that is asked, until the last lesson
    while status() != "closed":
        ready: list[Question] = []

        def goes_on(ready: list[Question] = ready) -> bool:
            """Wait for a question with its form up, or for a run that is parked until a moment."""
            asked_now = open_questions(case=NUMBER)
            ready[:] = [one for one in asked_now if one.run_id]
            return bool(ready) or status() == "closed" or (not asked_now and parked() is not None)

        wait(goes_on, PATIENCE, "something is asked, or waited for")
        if ready and WHOLE:
            answered(windows, ready[0])
        elif ready:
            answered_at_once(command_post, ready[0])
        elif status() != "closed":
            moved_on(command_post)
    assert open_questions(case=NUMBER) == []
    assert list(verify()) == []
    ways = [way for _, way in command_post.signed(NUMBER).values()]
    assert ways.count("form") == len(ways) if WHOLE else ways.count("form") >= len(DONE_BY_HAND)
    took = time.monotonic() - began
    print(f"\nan accident in the browser: {took:.0f} s, {len(post.mails)} mails, {len(post.hooks)} hooks")  # noqa: T201 -- the measurement
