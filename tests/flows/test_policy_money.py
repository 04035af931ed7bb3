"""Budgets and recoveries told without Prefect on a real database: approved, amended, refused; found, demanded, received."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from config.messages import Refusal
from flows.policy_budget import policy_budget
from flows.policy_recovery import policy_recovery
from models.policy_redemption.status import ApplicationStatus as A
from tasks import officer
from tasks.policy_redemption import ledger
from tasks.store import transaction
from tests.flows.service_stage import Stage, at, stage_at
from tests.ground import DEADLINES, rows_of
from tests.paid import DEPARTMENT, NOTICE, committed, number
from tests.published import posted

BUDGET, RECOVERY = "YS-2027-001", "ZH-2027-001"
SUBMITTED = {"verdict": "submit", "target": "高企认定奖励兑现率100%", "notice": "海科发〔2027〕2号"}
FOUND = {"verdict": "recover", "ground": "false_papers", "notice": "海科决〔2027〕1号"}


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    with stage_at(tmp_path, monkeypatch, at(2027, 1, 4)) as opened:
        officer.enrol("K001", "经办甲", [DEPARTMENT, "finance_bureau"], date(2026, 1, 1))
        yield opened


def tell(stage: Stage, number: str = BUDGET, department: str = "区科技局") -> object:
    return stage.tell(policy_budget.fn, number, department)


def approve(stage: Stage, amount: str, number: str = BUDGET) -> None:
    tell(stage, number)
    stage.answer("draft", staff="K001", amount=amount, **SUBMITTED)
    tell(stage, number)
    stage.answer("review", verdict="approve")
    assert tell(stage, number) == number


def balances() -> ledger.Balances:
    return ledger.balances(ledger.budget_of(DEPARTMENT, 2027))


def test_a_budget_is_approved_with_its_performance_target(stage: Stage) -> None:
    assert tell(stage) is None
    assert stage.question("draft").role == DEPARTMENT
    with pytest.raises(Refusal, match="大于零"):
        stage.answer("draft", staff="K001", amount="0", **SUBMITTED)
    stage.answer("draft", staff="K001", amount="1000000.00", **SUBMITTED)
    assert tell(stage) is None
    asked = stage.question("review")
    assert asked.role == "finance_bureau"
    assert "1,000,000.00" in asked.text
    assert "兑现率100%" in asked.text
    with pytest.raises(Refusal, match="回避"):
        stage.answer("review", staff="K001", verdict="approve")
    stage.answer("review", verdict="return")
    assert tell(stage) is None
    stage.answer("draft", staff="K001", amount="900000.10", **SUBMITTED)
    tell(stage)
    stage.answer("review", verdict="approve")
    assert tell(stage) == BUDGET
    assert stage.status(BUDGET) == "approved"
    assert balances().available == Decimal("900000.10")
    assert stage.journal(BUDGET) == [
        ("opened", 1, "drafted"), ("note_standing", 1, "drafted"), ("ask-draft", 1, "drafted"), ("submit_budget", 1, "review"),
        ("ask-review", 1, "review"), ("note_standing", 2, "review"), ("ask-draft", 2, "review"), ("submit_budget", 2, "review"),
        ("ask-review", 2, "review"), ("approve_budget", 2, "approved"), ("closed", 2, "approved"),
    ]  # fmt: skip
    assert stage.notices(BUDGET)


def test_a_rejected_and_an_abandoned_budget_change_nothing(stage: Stage) -> None:
    tell(stage)
    stage.answer("draft", staff="K001", amount="100", **SUBMITTED)
    tell(stage)
    stage.answer("review", verdict="reject")
    assert tell(stage) == BUDGET
    tell(stage, "YS-2027-002")
    stage.answer("draft", staff="K001", amount="0", **(SUBMITTED | {"verdict": "abandon"}))
    assert tell(stage, "YS-2027-002") == "YS-2027-002"
    assert (stage.status(BUDGET), stage.status("YS-2027-002")) == ("rejected", "abandoned")
    with pytest.raises(Refusal, match="尚未经区财政局审核"):
        balances()


def test_an_amendment_raises_the_budget_and_wakes_the_notices_that_wait(stage: Stage) -> None:
    committed(budget=60_000_06)
    before = stage.nudges(NOTICE)
    approve(stage, "70000", "YS-2027-002")
    assert balances().available == Decimal("9999.94")
    assert stage.nudges(NOTICE) == before + 1


def test_an_amendment_never_goes_below_what_is_committed(stage: Stage) -> None:
    committed()
    tell(stage, "YS-2027-002")
    assert "60,000.06" in stage.question("draft").text
    with pytest.raises(Refusal, match=r"60,000.06 元"):
        stage.answer("draft", staff="K001", amount="60000.05", **SUBMITTED)
    stage.answer("draft", staff="K001", amount="60000.06", **SUBMITTED)
    tell(stage, "YS-2027-002")
    with transaction() as tx:  # more is committed while finance reviews
        ledger.commit_many(tx, 1, [(ledger_case(), 20_000_01)])
    stage.answer("review", verdict="approve")
    assert tell(stage, "YS-2027-002") is None
    assert "70,000.06" in stage.question("draft").text
    assert balances().approved == Decimal("100000.00")
    stage.answer("draft", staff="K001", amount="70000.06", **SUBMITTED)
    tell(stage, "YS-2027-002")
    stage.answer("review", verdict="approve")
    tell(stage, "YS-2027-002")
    assert balances().available == 0


def ledger_case() -> int:
    return int(rows_of(ledger.CLAIMS)[0].case_id)


def test_numbers_and_departments_are_checked_in_one_sentence(stage: Stage) -> None:
    for given, department, told in (
        ("YS-27-1", DEPARTMENT, "样式不对"),
        (BUDGET, "区某某局", "没有名为"),
    ):
        with pytest.raises(Refusal, match=told):
            policy_budget.fn(given, department)
    tell(stage)
    with pytest.raises(Refusal, match="另用编号"):
        policy_budget.fn(BUDGET, "commerce_bureau")
    with pytest.raises(Refusal, match="尚未办结"):
        policy_budget.fn("YS-2027-002", DEPARTMENT)


def paid(stage: Stage) -> None:
    assert stage
    _, ids = committed()
    with transaction() as tx:
        for case_id in ids:
            ledger.pay(tx, case_id, "凭1")


def found(stage: Stage, amount: str) -> None:
    stage.tell(policy_recovery.fn, RECOVERY, number(2))
    stage.answer("finding", staff="K001", amount=amount, **FOUND)
    assert stage.tell(policy_recovery.fn, RECOVERY, number(2)) is None


def test_what_was_paid_comes_back_whole_and_the_application_is_recovered(stage: Stage) -> None:
    paid(stage)
    stage.tell(policy_recovery.fn, RECOVERY, number(2))
    with pytest.raises(Refusal, match=r"20,000.02"):
        stage.answer("finding", staff="K001", amount="20000.03", **FOUND)
    found(stage, "20000.02")
    clock = rows_of(DEADLINES, name="recovery")[0]
    assert (clock.office, clock.budget) == (DEPARTMENT, 15)
    with pytest.raises(Refusal, match="回避"):
        stage.answer("receipt", staff="K001", verdict="received", amount="20000.02", voucher="回1")
    with pytest.raises(Refusal, match="凭证号"):
        stage.answer("receipt", verdict="received", amount="20000.02")
    with pytest.raises(Refusal, match="不一致"):
        stage.answer("receipt", verdict="received", amount="20000.01", voucher="回1")
    stage.answer("receipt", verdict="received", amount="20000.02", voucher="回1")
    assert stage.tell(policy_recovery.fn, RECOVERY, number(2)) == RECOVERY
    assert stage.status(number(2)) == A.RECOVERED
    assert (balances().recovered, balances().paid) == (Decimal("20000.02"), Decimal("40000.04"))
    assert balances().available == Decimal("39999.94")
    assert posted()[-1].record["status"] == "recovered"
    assert rows_of(DEADLINES, name="recovery")[0].met_at
    assert stage.outcome(number(2), f"recovered-{RECOVERY}") == {"amount": "20000.02", "left": "0.00", "voucher": "回1", "case": RECOVERY}  # fmt: skip
    assert [step for step, _, _ in stage.journal(RECOVERY)] == [
        "opened", "note_payment", "ask-finding", "demand_recovery", "ask-receipt", "record_recovered", "closed",
    ]  # fmt: skip
    assert stage.notices(RECOVERY)
    with pytest.raises(Refusal, match="没有已兑现的资金"):
        policy_recovery.fn("ZH-2027-002", number(2))


def test_a_part_comes_back_and_the_rest_stays_paid(stage: Stage) -> None:
    paid(stage)
    found(stage, "0.01")
    stage.answer("receipt", verdict="return", amount="0")
    assert stage.tell(policy_recovery.fn, RECOVERY, number(2)) is None
    stage.answer("finding", staff="K001", amount="0.02", **FOUND)
    stage.tell(policy_recovery.fn, RECOVERY, number(2))
    stage.answer("receipt", verdict="received", amount="0.02", voucher="回1")
    assert stage.tell(policy_recovery.fn, RECOVERY, number(2)) == RECOVERY
    assert stage.outcome(RECOVERY, "record_recovered", 2)["left"] == "20000.00"
    assert stage.status(number(2)) == A.APPROVED  # as it stood: this test pays in the ledger alone
    assert balances().recovered == Decimal("0.02")


def test_a_recovery_that_is_dropped_changes_nothing(stage: Stage) -> None:
    paid(stage)
    stage.tell(policy_recovery.fn, RECOVERY, number(2))
    with pytest.raises(Refusal, match="填 0"):
        stage.answer("finding", staff="K001", amount="1", **(FOUND | {"verdict": "keep"}))
    stage.answer("finding", staff="K001", amount="0", **(FOUND | {"verdict": "keep"}))
    assert stage.tell(policy_recovery.fn, RECOVERY, number(2)) == RECOVERY
    assert stage.status(RECOVERY) == "kept"
    assert balances().recovered == 0


def test_a_recovery_of_nothing_is_refused_in_one_sentence(stage: Stage) -> None:
    paid(stage)
    for given, about, told in (("ZH-1", number(1), "样式不对"), (RECOVERY, "DX-2027-0009-000001", "没有编号为")):
        with pytest.raises(Refusal, match=told):
            policy_recovery.fn(given, about)
    stage.tell(policy_recovery.fn, RECOVERY, number(2))
    with pytest.raises(Refusal, match="尚未办结"):
        policy_recovery.fn("ZH-2027-002", number(2))
    with pytest.raises(Refusal, match="另用编号"):
        policy_recovery.fn(RECOVERY, number(1))
