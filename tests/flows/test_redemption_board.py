"""The boards of redemption: one a notice, and one of all with departments, lags, worklists and deadlines."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from models.policy_redemption.policy import Condition
from tasks.board_season import season_page
from tasks.clock import now
from tasks.policy_redemption.board import lags, redemption_pages
from tests.flows.redemption_stage import NOTICE, Redeeming, content, redeeming_at


@pytest.fixture(params=["sqlite", "postgresql"])
def stage(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Redeeming]:
    database = request.getfixturevalue("postgres") if request.param == "postgresql" else ""
    with redeeming_at(tmp_path, monkeypatch, database=database) as made:
        conditions = (Condition(name="技术先进性", judged_by="person"),)
        made.policy(content(conditions=conditions, materials=()))
        made.budget()
        yield made


def test_the_boards_show_stages_departments_lags_and_where_to_answer(stage: Redeeming) -> None:
    assert redemption_pages() == []
    stage.firms(3)
    stage.launched()
    stage.apply(1, 2, 3, papers=False)
    stage.go()
    stage.sign("acceptance", 1)
    stage.go()
    stage.travel(now() + timedelta(days=5))
    (page,) = redemption_pages()
    assert page.key == "redemption"
    assert "worklist-science-bureau" in page.body
    assert "受理审查" in page.body
    assert "审核中" in page.body
    found = {(one.department, one.clock): one for one in lags()}
    feedback = found["science_bureau", "feedback"]
    assert (feedback.running, feedback.late_now, feedback.met, feedback.met_late) == (2, 2, 1, 0)
    assert found["science_bureau", "promise"].late_now == 0
    assert "| 区科技局 | 申报反馈 | 2 | **2** | 超期" in page.body
    own = season_page(NOTICE)
    assert own.key == "redemption-dx-2027-0001"
    assert "各环节申报数" in own.body
    assert "区科技局" in own.body
    assert "区镇" not in own.body
