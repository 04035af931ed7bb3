"""What one official meets: a question's form, refusals with their reasons, and the form behind the worklist's link."""

from typing import Any
from uuid import UUID

import pytest
from prefect.client.schemas.objects import State

from config.messages import say
from tasks.ask import Question, instance_of
from tasks.wait import PARKED
from tasks.worklist import input_key
from tests.browser.official import House, Official, as_parameters, filled, wait

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
WRONG = "000000"


def runs_named(house: House, name: str) -> list[dict[str, Any]]:
    """Return the runs of a name."""
    wanted = {"flow_runs": {"name": {"any_": [name]}}}
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
    shown_as = house.client.read_flow_run(UUID(again.run_id)).name
    assert shown_as == say("form.run_again", run=f"待办·征兵领导小组·{question.title}·{question.case}")
    official.open_question(again)
    shown = official.dialog(again)
    shown.get_by_text(say("kernel.code_wrong")).wait_for()
    official.picture("asked-again")
    official.page.keyboard.press("Escape")
    official.resume(again, filled(again))
    assert "adjust_groups" in house.steps(question.case)
    assert house.signed(question.case)[f"{question.case} groups/1"] == (filled(question, WRONG)["工号"], "form")
    carrier = instance_of(again.seat_id)[1]
    wait(lambda: house.client.read_flow_run(UUID(carrier)).state_name == PARKED, 30, "the season waits again")
    official.page.goto(f"{house.address}/v2/runs/flow-run/{carrier}")
    official.page.get_by_role("tab", name="Task Runs").click()  # a waiting season shows what it has done
    official.page.get_by_text(say("step_conscription.adjust_groups")).first.wait_for()
    official.picture("steps")
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
    name = say("kernel.refused_run", number=question.number)
    official.page.get_by_role("button", name="View run").click()
    wait(lambda: any(run["state_type"] == "FAILED" for run in runs_named(house, name)), 30, "refused")
    assert [run["state"]["message"] for run in runs_named(house, name)] == [say("kernel.code_wrong")]
    official.page.reload()
    official.page.get_by_text(name).first.wait_for()
    official.page.get_by_role("tab", name="Details").click()
    official.page.get_by_text(say("kernel.code_wrong")).first.wait_for()
    official.picture("refused")
    again = house.question(question.case)
    assert (again.number, again.refusal) == (question.number, say("kernel.code_wrong"))
    wait(lambda: state_of(house, again).state_details.pause_key == input_key(again), 30, "its own form is shown anew")
    official.resume(again, filled(again))  # the refusal on the board took nothing from the question's own form
    assert house.signed(question.case)[f"{question.case} publicity/1"] == (filled(question, WRONG)["工号"], "form")
    wait(lambda: state_of(house, question).is_final(), 30, "the question's own run has ended")
