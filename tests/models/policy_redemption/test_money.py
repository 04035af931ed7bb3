"""Sums to the cent, verbs of the ledger, rows and forms of the money."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from config.messages import Refusal, say
from models.policy_redemption.money import MOST_FEN, AccountKind, BudgetStatus, RecoveryStatus, Verb, fen, yuan
from models.policy_redemption.money_answer import BudgetDraft, RecoveryFinding, RecoveryReceipt
from models.roster import FirmAccountRow, PaymentOutcome, PaymentResultRow

LINE: dict[str, Any] = {"batch": "DX-2027-0001-P01", "number": "DX-2027-0001-000001", "amount": "100.00"}
PAID = {"outcome": "成功", "paid_on": "2027-03-01", "voucher": "凭1"}
FAILED = {"outcome": "账户有误", "why": "户名不符"}


@given(st.integers(-MOST_FEN, MOST_FEN))
def test_a_sum_goes_to_yuan_and_back_to_the_fen(amount: int) -> None:
    assert fen(yuan(amount)) == amount
    assert -yuan(amount).as_tuple().exponent == 2  # type: ignore[operator]


@pytest.mark.parametrize("amount", ["0.001", "NaN", "Infinity", "10000000000000.01"])
def test_parts_of_a_cent_and_sums_beyond_every_budget_are_refused(amount: str) -> None:
    with pytest.raises(Refusal, match="请填写到分"):
        fen(Decimal(amount))


def test_each_verb_moves_between_two_accounts_and_each_account_can_be_left_and_reached() -> None:
    assert all(verb.debits is not verb.credits for verb in Verb)
    ends = {AccountKind.RECOVERED}
    assert {verb.credits for verb in Verb} | ends == set(AccountKind)
    assert {verb.debits for verb in Verb} == set(AccountKind)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_status_has_its_words(language: str) -> None:
    for status in BudgetStatus:
        assert say(f"policy_budget_status.{status.value}", language)
    for recovery in RecoveryStatus:
        assert say(f"policy_recovery_status.{recovery.value}", language)
    assert BudgetStatus.APPROVED.text == "已批准"
    assert RecoveryStatus.DEMANDED.text == "追缴中"


def test_a_result_is_read_as_offices_write_it() -> None:
    row = PaymentResultRow.model_validate(LINE | PAID)
    assert (row.outcome, row.paid_on, row.amount) == (PaymentOutcome.PAID, date(2027, 3, 1), Decimal("100.00"))
    assert PaymentResultRow.model_validate(LINE | FAILED | {"outcome": "户名不符"}).outcome is PaymentOutcome.ACCOUNT


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (PAID | {"voucher": None}, "paid_without_voucher"),
        (PAID | {"why": "户名不符"}, "paid_with_reason"),
        (FAILED | {"voucher": "凭1"}, "failed_with_voucher"),
        (FAILED | {"why": None}, "failed_without_reason"),
        (PAID | {"staff": "S001"}, "half_signed"),
        (PAID | {"code": "123456"}, "half_signed"),
        (PAID | {"batch": "DX-2027-0001"}, "batch_number_wrong"),
        (PAID | {"paid_on": "2027-03-02"}, "day_ahead"),
    ],
)
def test_a_result_that_contradicts_itself_is_refused(change: dict[str, Any], key: str) -> None:
    with pytest.raises(ValidationError) as refused:
        PaymentResultRow.model_validate(LINE | change, context={"on": date(2027, 3, 1)})
    assert [error["type"] for error in refused.value.errors()] == [f"roster.{key}"]


def test_an_account_in_another_name_is_pointed_at() -> None:
    row = FirmAccountRow(
        number="DX-2027-0001-000001", name="海门某某公司", holder="王小明", bank="农行", account="1072900104001234"
    )
    assert [one.key for one in row.cautions(None)] == ["holder_differs"]
    assert "王小明" not in repr(row)


DRAFT = {"verdict": "submit", "reason": "年度预算", "target": "兑现率100%", "notice": "财1号"}


@pytest.mark.parametrize(
    ("amount", "shown", "key"),
    [
        ("0", {"first": True, "committed": "0.00"}, "policy_money.budget_of_nothing"),
        ("9.99", {"first": False, "committed": "10.00"}, "policy_money.below_committed"),
        ("10.00", {"first": False, "committed": "10.00"}, None),
        ("0", {"first": False, "committed": "0.00"}, None),
    ],
)
def test_a_budget_is_never_below_what_is_committed(amount: str, shown: dict[str, Any], key: str | None) -> None:
    found = BudgetDraft.model_validate(DRAFT | {"amount": amount}).objection(shown)
    assert (found.key if found else None) == key


FINDING = {"verdict": "recover", "reason": "材料不实", "ground": "false_papers", "notice": "决1号"}


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"amount": "0"}, "policy_money.recovery_outside"),
        ({"amount": "100.01"}, "policy_money.recovery_outside"),
        ({"amount": "100"}, None),
        ({"amount": "1", "verdict": "keep"}, "policy_money.sum_without_recovery"),
        ({"amount": "0", "verdict": "keep"}, None),
    ],
)
def test_no_more_is_recovered_than_was_paid(change: dict[str, Any], key: str | None) -> None:
    found = RecoveryFinding.model_validate(FINDING | change).objection({"paid": "100.00"})
    assert (found.key if found else None) == key


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"voucher": " "}, "policy_money.voucher_missing"),
        ({"amount": "99"}, "policy_money.received_differs"),
        ({}, None),
        ({"verdict": "return", "voucher": "", "amount": "0"}, None),
    ],
)
def test_a_receipt_has_its_voucher_and_the_sum_that_was_asked_for(change: dict[str, Any], key: str | None) -> None:
    given = {"verdict": "received", "reason": "已到账", "amount": "100.00", "voucher": "回1"} | change
    found = RecoveryReceipt.model_validate(given).objection({"amount": "100.00"})
    assert (found.key if found else None) == key
