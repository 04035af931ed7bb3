"""The whole road of one application through Prefect's UI: call, application, correction, review, publicity, payment."""

import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser
from prefect.client.schemas.objects import State
from sqlalchemy import select

from config.messages import say
from tasks import officer
from tasks.ask import Question
from tasks.clock import now, set_clock
from tasks.database import upgrade
from tasks.form import choices
from tasks.journal import CASES, case_id_of, verify
from tasks.store import reading
from tasks.wait import INSTANCES, count_nudge
from tasks.worklist import wake
from tests.browser.official import VERDICT, House, Official, as_parameters, asked, house_up, wait
from tests.flows.redemption_stage import CLOSES, CODE, NOTICE, OPENS, ROLES, Redeeming, content, member, uscc
from tests.flows.service_stage import CODE_SECONDS, at
from tests.published import posted

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
PATIENCE = 90.0
CODE_TITLE = say("form.code")
APPLICATION = member(1)


@pytest.fixture(scope="module")
def town_hall(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Redeeming]]:
    """A house of its own, with a policy, a firm and an approved budget; nothing has been called for yet."""
    del chromium
    home, folder = tmp_path_factory.mktemp("redemption"), tmp_path_factory.mktemp("sheets")
    (folder / "home").symlink_to(home)
    stage = Redeeming(folder)

    def prepare() -> None:
        upgrade()
        set_clock(at(2027, 3, 1))
        for place, role in enumerate(ROLES, 1):
            officer.enrol(f"S{place:03}", f"经办{place}", [role], date(2022, 1, 1))
        stage.policy(content())
        stage.firms(1)
        stage.budget()

    with house_up(home, prepare) as house:
        yield house, stage


@pytest.fixture
def clerk(town_hall: tuple[House, Redeeming], chromium: Browser, tmp_path: Path) -> Iterator[Official]:
    """Somebody at this house with a fresh window."""
    window = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN", timezone_id="Asia/Shanghai")
    window.set_default_timeout(30_000)
    yield Official(town_hall[0], window.new_page(), tmp_path)
    window.close()


def status(number: str) -> str:
    with reading() as connection:
        return str(connection.execute(select(CASES.c.status).where(CASES.c.number == number)).scalar_one_or_none())


def becomes(number: str, *wanted: str) -> None:
    wait(lambda: status(number) in wanted, PATIENCE, f"{number} is {wanted}, not {status(number)}")


def answer(question: Question, verdict: str, **fields: str) -> dict[str, str]:
    """Return a question's form as the officer of its role fills it in, by the titles that the page shows."""
    labels = {value: label for label, value in choices(question.form, "verdict").items()}
    told = {VERDICT: labels[verdict], "理由": "情况已核实", "工号": _signer(question), CODE_TITLE: "000000"}
    return told | {say(f"form.{name}"): value for name, value in fields.items()}


def _signer(question: Question) -> str:
    return f"S{ROLES.index(question.role) + 1:03}"


def code_of(question: Question) -> dict[str, str]:
    """Return the code that the officer reads off the authenticator just before the click."""
    set_clock(now() + timedelta(seconds=CODE_SECONDS))
    return {CODE_TITLE: officer.code_now(_signer(question))}


def state_of(house: House, question: Question) -> State:
    """Return the state of a question's own run."""
    state = house.client.read_flow_run(UUID(question.run_id)).state
    assert state is not None
    return state


def resumed(clerk: Official, question: Question, given: dict[str, str]) -> None:
    """Answer in the question's own run, from the Runs page filtered by Suspended."""
    clerk.resume_with(question, given, lambda: code_of(question)[CODE_TITLE])


def decided(clerk: Official, question: Question, given: dict[str, str]) -> None:
    """Answer through the form that the worklist's link opens."""
    clerk.open_form(question)
    clerk.fill(clerk.page.locator("main"), as_parameters(given))
    clerk.fill(clerk.page.locator("main"), code_of(question))
    clerk.page.get_by_role("button", name="Submit").click()


def nudged(house: House) -> None:
    """Wake the notice, as the sweep does each minute: under a simulated clock no day of Prefect's comes."""
    chosen = select(INSTANCES.c.run_id).where(INSTANCES.c.case_id == case_id_of(NOTICE))
    with reading() as connection:
        run_id = connection.execute(chosen).scalar_one()
    count_nudge(case_id_of(NOTICE))
    wake(house.client, run_id)


def test_one_application_from_the_call_to_the_money_with_its_correction(
    town_hall: tuple[House, Redeeming], clerk: Official
) -> None:
    house, stage = town_hall
    began = time.monotonic()
    # the call: the department starts the notice and signs it
    clerk.submit("policy_redemption/policy_redemption", {}, policy=CODE, opens=str(OPENS), closes=str(CLOSES))
    resumed(clerk, asked("launch"), answer(asked("launch"), "approve"))
    becomes(NOTICE, "open")
    # the firm applies, one paper short
    stage.file("1-审计报告.pdf")
    applied = {
        say("parameter.notice"): NOTICE,
        say("parameter.uscc"): uscc(1),
        say("parameter.materials"): "审计报告=1-审计报告.pdf",
    }
    clerk.submit("apply/apply", applied)
    becomes(APPLICATION, "correction")
    assert stage.letters(1) == ["received", "correction"]
    board = clerk.board(f"redemption-{NOTICE.lower()}")
    board.get_by_text("一次性补正告知").first.wait_for()
    clerk.picture("board-correction")
    # it mends what it was told, the same way
    stage.file("1-认定证书.pdf")
    clerk.submit("apply/apply", applied | {say("parameter.materials"): "认定证书=1-认定证书.pdf"})
    becomes(APPLICATION, "reviewing")
    # told once is told once: the reviewer's return about a paper that lay there is refused and asked again
    question = asked("review", "science_bureau")
    resumed(clerk, question, answer(question, "return", items="审计报告"))
    wait(lambda: asked("review", "science_bureau").attempt > question.attempt, PATIENCE, "asked again")
    again = asked("review", "science_bureau")
    assert again.refusal == say("policy_redemption.told_once", items="审计报告")
    wait(lambda: state_of(house, again).is_paused(), PATIENCE, "the form is shown again")
    clerk.open_question(again)
    clerk.dialog(again).get_by_text(again.refusal).wait_for()
    clerk.picture("told-once")
    clerk.page.keyboard.press("Escape")
    # two departments side by side, then finance
    resumed(clerk, again, answer(again, "approve"))
    other = asked("review", "tax_bureau")
    decided(clerk, other, answer(other, "approve"))
    last = asked("review", "finance_bureau")
    resumed(clerk, last, answer(last, "approve"))
    becomes(APPLICATION, "posted")
    clerk.board("redemption").get_by_text("公示中").first.wait_for()
    clerk.picture("board-posted")
    # the posting is over; the treasury pays and says so line by line
    set_clock(now() + timedelta(days=12))
    nudged(house)
    becomes(APPLICATION, "paying")
    stage.treasury()
    nudged(house)
    becomes(APPLICATION, "paid")
    set_clock(at(2027, 4, 1))
    nudged(house)
    becomes(NOTICE, "closed")
    assert [row.kind for row in posted()] == ["approved", "paid"]
    assert list(verify()) == []
    signed = house.signed(NOTICE)
    assert {key: who[1] for key, who in signed.items()}[f"{NOTICE} launch/1"] == "form"
    print(f"\nthe whole road in the browser: {time.monotonic() - began:.0f} s")  # noqa: T201 -- the measurement


def refused(house: House, name: str) -> str:
    """Return why the run of a name failed, once it has."""
    wanted = {"flow_runs": {"name": {"any_": [name]}}}
    found: list[dict[str, Any]] = []

    def look() -> bool:
        runs = house.client._client.post("/flow_runs/filter", json=wanted).json()
        found[:] = [run for run in runs if run["state_type"] == "FAILED"]
        return bool(found)

    wait(look, PATIENCE, f"{name} is refused")
    return str(found[0]["state"]["message"])


def test_what_cannot_be_taken_is_told_why_in_one_sentence(town_hall: tuple[House, Redeeming], clerk: Official) -> None:
    house, _ = town_hall
    clerk.submit("apply/apply", {say("parameter.notice"): "DX-2027-0009", say("parameter.uscc"): uscc(1)})
    name = say("policy_redemption.apply_run", notice="DX-2027-0009", uscc=uscc(1))
    assert refused(house, name) == say("kernel.no_such_case", number="DX-2027-0009")
    gone = "DX-2027-0001-000099"
    clerk.submit("withdrawal/withdrawal", {}, number=gone, reason="不再需要")
    why = say("policy_redemption.no_such_application", number=gone)
    assert refused(house, say("policy_redemption.withdrawal_run", number=gone)) == why
    clerk.submit("objection/objection", {}, number=gone, receipt="异1", ground="材料不实")
    assert refused(house, say("policy_redemption.objection_run", number=gone)) == why
