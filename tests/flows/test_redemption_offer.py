"""Benefits without application: every firm matched with its reasons, the payment notice first, then account and money (Art. 14)."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from config.messages import Refusal
from models.policy_redemption.policy import Condition, Grant, Lane
from models.roster import PolicyApplicationRow, PolicyIntentRow
from tasks.ask import open_questions
from tasks.journal import CASES, case_id_of
from tasks.policy_redemption import offer
from tasks.policy_redemption.ledger import balances
from tasks.policy_redemption.roll import FIRMS
from tasks.store import reading, transaction
from tests.flows.redemption_stage import NOTICE, Redeeming, content, member, moved, redeeming_at, uscc
from tests.flows.service_stage import at
from tests.published import posted

ACCOUNT = {"holder": "某公司", "bank": "农业银行海门支行", "account": "10729001040012345"}


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Redeeming]:
    with redeeming_at(tmp_path, monkeypatch) as made:
        conditions = (
            Condition(
                name="高新技术企业", judged_by="machine", fact="titles", comparison="includes", value="高新技术企业"
            ),
            Condition(name="信用良好", judged_by="machine", fact="credit", comparison="at_least", value="B"),
        )
        made.policy(
            content(lane=Lane.APPLY_FREE, conditions=conditions, materials=(), grant=Grant(kind="fixed", amount="5000"))
        )
        made.budget()
        yield made


def intent(place: int, *, accepts: bool = True, **account: str) -> PolicyIntentRow:
    return PolicyIntentRow(number=member(place), accepts=accepts, **account)


def test_T_POL_11_payment_notice_then_account_then_paid_and_no_application(stage: Redeeming) -> None:
    stage.firms(1, account=False)
    stage.firms(1, first=2, titles=[])
    stage.launched()
    assert stage.standing() == {1: "matched", 2: "not_matched"}
    assert stage.letters(1) == ["offered"]
    assert stage.send("policy_intent", [intent(1)]).rejected == 1, "nobody is paid without an account"
    assert stage.send("policy_intent", [intent(1, **ACCOUNT)]).accepted == 1
    assert stage.go() is None
    stage.posting_over()
    stage.treasury()
    stage.go()
    assert stage.standing() == {1: "paid", 2: "not_matched"}
    steps = stage.lines(1)
    assert [step for step, _ in steps if not step.startswith("intent-")] == [
        "match", "offer_benefits", "settle_offers", "post_results", "end_postings", "draw_batch", "record_payment_results",
    ]  # fmt: skip
    assert [step.partition("-")[0] for step, _ in steps][:3] == ["match", "offer_benefits", "intent"]
    assert [row.kind for row in posted()] == ["approved", "paid"]
    stage.travel(at(2027, 4, 1))
    assert stage.go() == NOTICE
    assert stage.told_steps()[0] == "match_firms"
    stage.notices(NOTICE)


def test_every_firm_has_a_reason_in_or_out(stage: Redeeming) -> None:
    stage.firms(3)
    moved(2, credit="C")
    moved(3, credit=None)
    stage.go()
    assert stage.standing() == {1: "matched", 2: "not_matched", 3: "checking"}
    for place, word in ((1, "符合"), (2, "不符合"), (3, "待人工核实")):
        reasons = stage.last(place, "match")["reasons"]
        assert len(reasons) >= 2
        assert any(word in reason for reason in reasons)
    text = open_questions()[0].text
    assert "**1** 家" in text
    assert "5,000.00" in text


def test_a_list_sent_back_is_matched_again_after_the_facts_were_mended(stage: Redeeming) -> None:
    stage.firms(2)
    moved(2, credit="C")
    stage.go()
    stage.sign("launch", verdict="return", reason="2号企业信用等级有误")
    moved(2, credit="A")
    stage.firms(1, first=3)
    stage.go()
    assert stage.standing() == {1: "matched", 2: "matched", 3: "matched"}
    stage.sign("launch")
    stage.go()
    assert [stage.letters(place) for place in (1, 2, 3)] == [["offered"]] * 3


def test_who_declines_or_says_nothing_is_not_paid_and_a_person_judges_the_doubtful(stage: Redeeming) -> None:
    stage.firms(4)
    moved(4, credit=None)
    stage.launched()
    stage.send("policy_intent", [intent(1), intent(2, accepts=False)])
    stage.go()
    assert stage.standing() == {1: "posted", 2: "offer_declined", 3: "matched", 4: "checking"}
    stage.sign("acceptance", 4)
    stage.go()
    assert stage.standing()[4] == "matched"
    assert stage.letters(4) == ["offered"]
    stage.travel(stage.clock(3, "offer").due_at + timedelta(seconds=2))
    stage.go()
    assert stage.standing()[3] == "expired"
    assert stage.send("policy_intent", [intent(3)]).rejected == 1
    assert balances(1).available < balances(1).approved


def test_nobody_applies_where_no_application_is_needed(stage: Redeeming) -> None:
    stage.firms(1)
    stage.launched()
    stage.firms(1, first=2)
    with pytest.raises(Refusal, match="不能申报"):
        stage.send("policy_application", [PolicyApplicationRow(uscc=uscc(2))])


def test_many_firms_are_matched_in_chunks(stage: Redeeming, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.policy_redemption.offer.CHUNK", 4)
    stage.firms(10)
    stage.launched()
    with reading() as connection:
        chosen = select(func.count()).select_from(CASES).where(CASES.c.parent_id == case_id_of(NOTICE))
        assert connection.execute(chosen).scalar_one() == 10


def test_a_crash_in_the_midst_of_matching_is_resumed_at_the_chunk(
    stage: Redeeming, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.policy_redemption.offer.CHUNK", 3)
    stage.firms(8)
    judged = offer.judge
    seen = 0

    def dies(*args: Any) -> Any:
        nonlocal seen
        seen += 1
        if seen == 5:
            raise RuntimeError("the machine goes down")
        return judged(*args)

    monkeypatch.setattr(offer, "judge", dies)
    with pytest.raises(RuntimeError):
        stage.go()
    assert len(stage.standing()) == 3, "the first chunk stands, the second left nothing"
    stage.launched()
    assert len(stage.standing()) == 8
    assert set(stage.standing().values()) == {"matched"}


def test_an_account_that_is_gone_again_is_asked_for_anew(stage: Redeeming) -> None:
    stage.firms(1)
    stage.launched()
    stage.send("policy_intent", [intent(1)])
    with transaction() as tx:
        tx.core.execute(update(FIRMS).values(account=None))
    stage.go()
    assert stage.standing() == {1: "matched"}
    stage.send("policy_intent", [intent(1, **ACCOUNT)])
    stage.go()
    assert stage.standing() == {1: "posted"}
