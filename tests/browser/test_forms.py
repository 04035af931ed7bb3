"""What one official meets: a question's form, refusals with their reasons, and the form behind the worklist's link."""

from typing import Any
from uuid import UUID

import pytest
from prefect.client.schemas.objects import State

from config.messages import say
from tasks.ask import Question, open_questions
from tests.browser.official import House, Official, as_parameters, filled, wait

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
WRONG = "000000"


def runs_of(house: House, question: Question) -> list[dict[str, Any]]:
    """Return the runs of the `decide` form that answered a question."""
    wanted = {"flow_runs": {"name": {"any_": [say("kernel.decide_run", number=question.number)]}}}
    found: list[dict[str, Any]] = house.client._client.post("/flow_runs/filter", json=wanted).json()
    return found


def state_of(house: House, question: Question) -> State:
    """Return the state of a question's own run."""
    state = house.client.read_flow_run(UUID(question.run_id)).state
    assert state is not None
    return state


def test_a_question_offers_its_own_choices_and_waits_until_every_field_is_filled_in(
    house: House, official: Official
) -> None:
    question = house.question("ZB-2027H2")
    official.open_question(question)
    dialog = official.dialog(question)
    dialog.get_by_label("Select 审批意见").click()
    offered = [option.inner_text() for option in official.page.get_by_role("option").all()]
    assert [one for one in offered if one] == ["同意", "退回修改"]
    official.page.keyboard.press("Escape")
    dialog.get_by_label("理由").fill("情况已核实")
    dialog.get_by_role("button", name="Resume").click()
    official.page.get_by_text("Validation failed").first.wait_for()
    assert "'审批意见' is a required property" in official.page.get_by_text("Validation failed").first.inner_text()
    official.picture("nothing-chosen")
    assert state_of(house, question).name == "Suspended"


def test_a_choice_that_is_not_offered_is_refused_by_the_server(house: House) -> None:
    question = house.question("ZB-2027H2")
    body = {
        "run_input": {
            "审批意见": "已调整",
            "理由": "情况已核实",
            "工号": "S1001",
            "动态口令": "123456",
            "方案文号": "1",
        }
    }
    answer = house.client._client.post(f"/flow_runs/{question.run_id}/resume", json=body).json()
    assert answer["status"] == "REJECT"
    assert "已调整" in answer["details"]["reason"]
    assert house.question("ZB-2027H2").attempt == question.attempt


def test_a_wrong_code_is_asked_again_with_the_reason_and_the_right_one_moves_the_season_on(
    house: House, official: Official
) -> None:
    question = house.question("ZB-2027H1")
    official.open_question(question)
    dialog = official.dialog(question)
    official.picture("form")
    official.fill(dialog, filled(question, WRONG))
    dialog.get_by_role("button", name="Resume").click()
    took = wait(lambda: house.question(question.case).attempt > question.attempt, 30, "asked again")
    again = house.question(question.case)
    assert (again.run_id, again.refusal) == (question.run_id, say("kernel.code_wrong"))
    wait(lambda: state_of(house, again).is_paused(), 30, "the form is shown again")
    assert house.client.read_flow_run(UUID(again.run_id)).name == say(
        "form.run_name", office="征兵领导小组", title=question.title, case=question.case
    )
    official.open_question(again)
    shown = official.dialog(again)
    shown.get_by_text(say("kernel.code_wrong")).wait_for()
    official.picture("asked-again")
    official.page.keyboard.press("Escape")
    official.resume(again, filled(again))
    assert "adjust_groups" in house.steps(question.case)
    assert house.signed(question.case)[f"{question.case} groups/1"] == (filled(question, WRONG)["工号"], "form")
    print(f"\nrefused and asked again: {took:.2f} s; Resume to the next recorded step: {official.latencies[-1]:.2f} s")  # noqa: T201 -- the measurement


def test_the_worklist_opens_the_form_filled_and_a_refusal_is_the_runs_message(house: House, official: Official) -> None:
    question = house.question("ZB-2027H2")
    official.open_form(question)
    form = official.page.locator("main")
    assert form.get_by_label("待办编号").input_value() == question.number
    assert form.get_by_label("其他栏目").input_value() == "方案文号="
    official.fill(form, as_parameters(filled(question, WRONG)))
    official.picture("decide")
    official.page.get_by_role("button", name="Submit").click()
    wait(lambda: any(run["state_type"] == "FAILED" for run in runs_of(house, question)), 30, "refused")
    refused = next(run for run in runs_of(house, question) if run["state_type"] == "FAILED")
    assert refused["state_name"] == say("kernel.not_accepted")
    assert refused["state"]["message"] == say("kernel.code_wrong")
    official.page.goto(f"{house.address}/v2/runs/flow-run/{refused['id']}")
    official.page.get_by_text(say("kernel.not_accepted")).first.wait_for()
    official.page.get_by_role("tab", name="Details").click()
    official.page.get_by_text(say("kernel.code_wrong")).first.wait_for()
    official.picture("refused")
    again = house.question(question.case)
    assert (again.number, again.refusal) == (question.number, say("kernel.code_wrong"))
    official.decide(again, filled(again))
    wait(lambda: not open_questions(seat_id=question.seat_id), 30, "the question is closed")
    assert house.signed(question.case)[f"{question.case} publicity/1"] == (filled(question, WRONG)["工号"], "board")
    wait(lambda: state_of(house, question).is_final(), 30, "the question's own run has ended")
    print(f"\nSubmit to the next recorded step: {official.latencies[-1]:.2f} s")  # noqa: T201 -- the measurement
