"""What one official meets: the form of a question, refusals with their reasons, and the form behind the worklist's link."""

import time
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def test_a_question_takes_no_wrong_choice_asks_again_with_the_reason_and_goes_on_at_once(house, official, filled) -> None:
    question = house.question("ZB-2027H1")
    given, _ = filled(question, "000000")
    official.open_question(question)
    dialog = official.dialog()
    official.picture("form")
    assert "2027" in dialog.inner_text()
    dialog.get_by_label("Select 审批意见").click()
    offered = [option.inner_text() for option in official.page.get_by_role("option").all()]
    assert [one for one in offered if one] == ["已调整", "人员不变"]
    official.page.keyboard.press("Escape")
