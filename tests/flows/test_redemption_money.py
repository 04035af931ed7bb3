"""The money of a notice from the budget to the recovery, all by their stories; the ledger agrees after every round."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from flows.policy_budget import policy_budget
from flows.policy_recovery import policy_recovery
from models.roster import FirmAccountRow, PaymentResultRow
from tasks.clock import now
from tasks.policy_redemption import ledger
from tasks.policy_redemption.ledger_proof import verify_ledger
from tasks.policy_redemption.money_board import money_pages
from tasks.policy_redemption.withdrawal import withdraw_application
from tests.flows.redemption_stage import NOTICE, Redeeming, member, redeeming_at
from tests.published import posted

BUDGET = {"verdict": "submit", "target": "研发奖励兑现率100%", "notice": "海科发〔2027〕2号"}
RECOVERY = "ZH-2027-001"


@pytest.fixture(params=["sqlite", "postgresql"])
def stage(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Redeeming]:
    url = request.getfixturevalue("postgres") if request.param == "postgresql" else ""
    with redeeming_at(tmp_path, monkeypatch, database=url) as opened:
        opened.policy()
        yield opened


def budget(stage: Redeeming, number: str, amount: str) -> None:
    """Have a budget drafted by the department and approved by finance."""
    assert stage.tell(policy_budget.fn, number, "science_bureau") is None
    stage.sign("draft", amount=amount, **BUDGET)
    assert stage.tell(policy_budget.fn, number, "science_bureau") is None
    stage.sign("review", role="finance_bureau")
    assert stage.tell(policy_budget.fn, number, "science_bureau") == number


def go(stage: Redeeming) -> dict[int, str]:
    """Tell the notice; the ledger must agree with the postings, and every status with its money."""
    stage.go()
    assert list(verify_ledger()) == []
    return stage.standing()


def balances() -> ledger.Balances:
    return ledger.balances(ledger.budget_of("science_bureau", 2027))


def test_from_the_budget_to_the_payment_and_back(stage: Redeeming) -> None:
    budget(stage, "YS-2027-001", "150000.00")
    stage.firms(2)
    stage.launched()
    stage.apply(1, 2)
    go(stage)
    stage.settle_reviews()
    assert go(stage) == {1: "posted", 2: "awaiting_budget"}  # 100,000 each, 150,000 in all
    assert balances().available == Decimal("50000.00")
    assert "100,000.00" in money_pages()[0].body
    nudges = stage.nudges(NOTICE)
    budget(stage, "YS-2027-002", "200000.00")
    assert stage.nudges(NOTICE) == nudges + 1
    assert go(stage) == {1: "posted", 2: "posted"}
    stage.posting_over()
    assert go(stage) == {1: "paying", 2: "paying"}
    assert balances().paying == Decimal("200000.00")
    assert stage.treasury(2).accepted == 2
    assert go(stage) == {1: "paid", 2: "payment_failed"}
    row = FirmAccountRow(number=member(2), holder="某公司", bank="工商银行海门支行", account="10729001040099999")
    assert stage.send("firm_account", [row]).accepted == 1
    assert go(stage) == {1: "paid", 2: "paying"}
    stage.treasury()
    assert go(stage) == {1: "paid", 2: "paid"}
    assert (balances().paid, balances().available) == (Decimal("200000.00"), Decimal("0.00"))
    assert stage.tell(policy_recovery.fn, RECOVERY, member(1)) is None
    stage.sign("finding", verdict="recover", amount="100000.00", ground="false_papers", notice="决1号")
    assert stage.tell(policy_recovery.fn, RECOVERY, member(1)) is None
    stage.sign("receipt", verdict="received", amount="100000.00", voucher="回1")
    assert stage.tell(policy_recovery.fn, RECOVERY, member(1)) == RECOVERY
    assert stage.standing() == {1: "recovered", 2: "paid"}
    assert (balances().paid, balances().recovered) == (Decimal("100000.00"), Decimal("100000.00"))
    assert posted()[-1].record["status"] == "recovered"
    assert list(verify_ledger()) == []


def test_what_is_withdrawn_frees_its_money_for_who_waits(stage: Redeeming) -> None:
    budget(stage, "YS-2027-001", "150000.00")
    stage.firms(2)
    stage.launched()
    stage.apply(1, 2)
    go(stage)
    stage.settle_reviews()
    assert go(stage) == {1: "posted", 2: "awaiting_budget"}
    withdraw_application(member(1), "不再需要")
    assert go(stage) == {1: "withdrawn", 2: "posted"}
    assert balances().committed == Decimal("100000.00")


def test_results_without_a_code_are_confirmed_in_the_worklist(stage: Redeeming) -> None:
    budget(stage, "YS-2027-001", "150000.00")
    stage.firms(1)
    stage.launched()
    stage.apply(1)
    go(stage)
    stage.settle_reviews()
    stage.posting_over()
    told = PaymentResultRow.model_validate(
        {"batch": f"{NOTICE}-P01", "number": member(1), "amount": "100000", "outcome": "成功", "paid_on": now().date(), "voucher": "凭1"}
    )  # fmt: skip
    assert stage.send("payment_result", [told]).accepted == 1
    assert go(stage) == {1: "paying"}
    stage.sign("payment_results", role="finance_bureau")
    assert go(stage) == {1: "paid"}
    assert stage.last(1, "record_payment_results")["staff"] == "S003"
