"""The story of a redemption notice without Prefect: feedback, one correction notice, levels of review, publicity, payment."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.redemption_stage import NOTICE, Redeeming, redeeming_at
from tests.flows.service_stage import at


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Redeeming]:
    with redeeming_at(tmp_path, monkeypatch) as made:
        made.policy()
        made.budget()
        yield made


def test_a_whole_application_goes_from_receipt_to_money(stage: Redeeming) -> None:
    stage.firms(1)
    stage.launched()
    taken = stage.apply(1)
    assert (taken.accepted, taken.rejected) == (1, 0)
    assert stage.go() is None
    assert stage.standing() == {1: "reviewing"}
    assert stage.clock(1, "feedback").met_at is not None
    stage.settle_reviews()
    assert stage.standing() == {1: "posted"}
    stage.posting_over()
    assert stage.standing() == {1: "paying"}
    stage.treasury()
    assert stage.go() is None
    assert stage.standing() == {1: "paid"}
    stage.travel(at(2027, 4, 1))
    assert stage.go() == NOTICE
    assert stage.closed(NOTICE)
    assert stage.lines(1) == [
        ("apply", "submitted"),
        ("examine_applications", "reviewing"),
        ("judge_reviews", "reviewing"),
        ("judge_reviews", "approved"),
        ("post_results", "posted"),
        ("end_postings", "payable"),
        ("draw_batch", "paying"),
        ("record_payment_results", "paid"),
    ]
    assert stage.letters(1) == ["received", "accepted", "granted", "payable"]
    assert stage.status(NOTICE) == "closed"
    assert stage.told_steps()[:4] == ["call_for_applications", "take_stock", "take_stock", "examine_applications"]
    stage.notices(NOTICE)
