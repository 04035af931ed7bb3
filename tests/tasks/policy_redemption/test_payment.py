"""Payments of a notice: drawn, written, confirmed line by line, failed accounts mended, each once."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pytest
from sqlalchemy import update

from models.policy_redemption.statistics import period
from models.policy_redemption.status import ApplicationStatus as A
from models.roster import FirmAccountRow, PaymentOutcome, PaymentResultRow, Row
from tasks.ask import open_questions
from tasks.clock import now
from tasks.intake import Intake
from tasks.journal import verify
from tasks.mailbox import take_roster
from tasks.policy_redemption import ledger, payment
from tasks.policy_redemption.failing import failings
from tasks.policy_redemption.ledger_proof import verify_ledger
from tasks.policy_redemption.payment_confirmation import ask_results, confirm_results
from tasks.policy_redemption.payment_roll import (
    FIRMS,
    LINES,
    accounts_waiting,
    payment_waiting,
    results_waiting,
)
from tasks.roster import write_roster
from tasks.rung import fire_rungs
from tasks.step import Dossier
from tasks.store import reading, transaction
from tests.ground import (
    BOTH,
    DEADLINES,
    NOTICES,
    Ground,
    answer,
    fresh_code,
    hire,
    journal,
    later,
    rows_of,
    seats_open,
    settled,
    status_of,
)
from tests.paid import NOTICE, committed, number, settle_posting_for_test
from tests.published import posted

FIRMS_ACCOUNT = {"holder": "海门某某科技有限公司", "bank": "农业银行海门支行", "account": "10729001040012345"}


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    yield from settled(request, home, monkeypatch)


def payable(count: int = 3) -> tuple[Dossier, list[int]]:
    """Bring applications of 10,000.01, 20,000.02 … yuan to the payment."""
    hire("S001", "finance_bureau")
    dossier, ids = committed(count)
    settle_posting_for_test(dossier)
    return dossier, ids


def send(ground: Ground, form: str, rows: list[Row]) -> Intake:
    path = ground.home / f"{form}-{len(list(ground.home.glob('*.xlsx')))}.xlsx"
    write_roster(path, type(rows[0]).sheet_title(), type(rows[0]), rows)
    return take_roster(NOTICE, form, path)


def result(place: int, outcome: PaymentOutcome = PaymentOutcome.PAID, *, batch: int = 1, amount: str = "", **more: Any) -> PaymentResultRow:  # fmt: skip
    paid = outcome is PaymentOutcome.PAID
    said = {"paid_on": date(2027, 1, 4), "voucher": f"凭{place}"} if paid else {"why": "户名不符"}
    given = {
        "batch": f"{NOTICE}-P{batch:02}",
        "number": number(place),
        "amount": amount or str(Decimal(place * 1_000_001) / 100),
    }
    return PaymentResultRow(**given, outcome=outcome, **(said | more))


def signed(*rows: PaymentResultRow, staff: str = "S001") -> list[Row]:
    return [rows[0].model_copy(update={"staff": staff, "code": fresh_code(staff)}), *rows[1:]]


def statuses(count: int = 3) -> list[str]:
    return [status_of(number(place)) for place in range(1, count + 1)]


def cells(path: Path) -> list[tuple[Any, ...]]:
    return [tuple(cell.value for cell in row) for row in openpyxl.load_workbook(path).active.iter_rows()]


def test_a_batch_goes_to_the_treasury_and_each_line_is_confirmed(ground: Ground) -> None:
    dossier, ids = payable()
    assert payment_waiting(dossier)
    assert payment.draw_batch(dossier).of(A.PAYING) == 3
    files = payment.write_batch_files(dossier)
    assert (files.batch, files.lines, files.total) == (f"{NOTICE}-P01", 3, Decimal("60000.06"))
    assert not payment_waiting(dossier)
    assert send(ground, "payment_result", signed(result(1), result(2), result(3))).rejected == 0
    assert results_waiting(dossier)
    tally = payment.record_payment_results(dossier)
    assert tally.of(A.PAID) == 3
    assert payment.record_payment_results(dossier) == tally
    assert ledger.balances(ledger.budget_of("science_bureau", 2027)).paid == Decimal("60000.06")
    assert {row.record["status"] for row in posted()[-3:]} == {"paid"}
    assert all(row.met_at for row in rows_of(DEADLINES, name="payment"))
    assert [step for step, *_ in journal(number(1))][-2:] == ["draw_batch", "record_payment_results"]
    assert list(verify()) == []
    assert ids


def test_the_list_for_the_treasury_keeps_accounts_as_text_and_formulas_as_words(ground: Ground) -> None:
    dossier, _ = payable()
    with transaction() as tx:
        tx.core.execute(
            update(FIRMS)
            .where(FIRMS.c.id == 1)
            .values(holder="=HYPERLINK(1)", bank="+行", account="0123456789012345678")
        )
    payment.draw_batch(dossier)
    files = payment.write_batch_files(dossier)
    path = ground.home / "papers" / files.roster.file
    assert path.stat().st_mode & 0o777 == 0o600
    rows = cells(path)
    assert rows[3][1:3] == (number(1), "海门1号科技有限公司")
    assert rows[3][4:8] == ("=HYPERLINK(1)", "+行", "0123456789012345678", 10000.01)
    assert openpyxl.load_workbook(path).active.cell(4, 5).data_type == "s"
    assert (rows[-1][1], rows[-1][7]) == ("合计", 60000.06)
    assert f"{NOTICE}-P01" in rows[1][0]
    assert "不得外传" in rows[1][0]
    back = cells(ground.home / "papers" / files.results.file)
    assert back[-1][:4] == (f"{NOTICE}-P01", number(3), "海门3号科技有限公司", 30000.03)


def test_the_sheet_that_goes_with_the_list_is_the_one_that_comes_back(ground: Ground) -> None:
    dossier, _ = payable()
    payment.draw_batch(dossier)
    path = ground.home / "papers" / payment.write_batch_files(dossier).results.file
    book = openpyxl.load_workbook(path)
    for row in list(book.active.iter_rows())[3:]:
        row[4].value, row[5].value, row[6].value = "成功", "2027-01-04", "凭1"
    row[8].value, row[9].value = "S001", fresh_code("S001")
    book.save(ground.home / "back.xlsx")
    assert take_roster(NOTICE, "payment_result", ground.home / "back.xlsx").accepted == 3
    assert payment.record_payment_results(dossier).of(A.PAID) == 3


def test_results_signed_by_somebody_else_are_handed_back(ground: Ground) -> None:
    dossier, _ = payable()
    hire("S002", "science_bureau")
    payment.draw_batch(dossier)
    assert send(ground, "payment_result", signed(result(1), staff="S002")).rejected == 1
    assert send(ground, "payment_result", [result(1, staff="S001", code="000000")]).rejected == 1
    good = signed(result(1))
    assert send(ground, "payment_result", good).rejected == 0
    assert send(ground, "payment_result", [*good, result(2)]).rejected == 2  # its code is used up
    assert not any(row.result for row in rows_of(LINES) if row.case_id != rows_of(LINES)[0].case_id)


def confirm(dossier: Dossier, verdict: str) -> None:
    """Have the finance bureau answer the question about a sheet that nobody signed."""
    (seat,) = seats_open("payment_results")
    answer(seat, "S001", verdict)
    assert results_waiting(dossier)


def test_results_that_nobody_signed_are_confirmed_by_the_finance_bureau(ground: Ground) -> None:
    dossier, _ = payable()
    payment.draw_batch(dossier)
    assert send(ground, "payment_result", [result(1), result(2, PaymentOutcome.ACCOUNT)]).rejected == 0
    assert results_waiting(dossier)
    ask_results(dossier)
    (asked,) = open_questions(role="finance_bureau")
    assert (asked.case, "10,000.01" in asked.text, "1** 笔" in asked.text) == (number(1), True, True)
    assert not results_waiting(dossier)
    assert payment.record_payment_results(dossier).reached == {}  # nobody has confirmed it yet
    assert send(ground, "payment_result", [result(3)]).rejected == 0
    assert not results_waiting(dossier)  # what comes meanwhile is asked about when this is answered
    confirm(dossier, "return")
    second = dossier.again()
    assert confirm_results(second).returned == 2
    assert payment.record_payment_results(second).reached == {}
    ask_results(second)
    assert send(ground, "payment_result", [result(1), result(2)]).rejected == 0
    confirm(second, "approve")
    third = second.again()
    assert confirm_results(third).confirmed == 1
    assert payment.record_payment_results(third).of(A.PAID) == 1
    ask_results(third)
    confirm(third, "approve")
    fourth = third.again()
    assert confirm_results(fourth) == confirm_results(fourth)
    payment.record_payment_results(fourth)
    assert statuses() == [A.PAID] * 3
    assert not results_waiting(fourth)
    assert {row.staff for row in rows_of(LINES)} == {"S001"}
    assert list(verify_ledger()) == []
    assert list(verify()) == []


def test_a_signed_sheet_overtakes_an_unsigned_one(ground: Ground) -> None:
    dossier, _ = payable(1)
    payment.draw_batch(dossier)
    assert send(ground, "payment_result", [result(1)]).rejected == 0
    assert send(ground, "payment_result", signed(result(1))).rejected == 0
    ask_results(dossier)
    assert seats_open() == []
    assert payment.record_payment_results(dossier).of(A.PAID) == 1


def test_a_result_that_does_not_fit_its_line_is_handed_back(ground: Ground) -> None:
    dossier, _ = payable()
    payment.draw_batch(dossier)
    rows = signed(result(1, amount="10000.02"), result(2, batch=2), result(3))
    assert (taken := send(ground, "payment_result", rows)).rejected == 2
    assert "10,000.01" in str(cells(taken.returned or Path())[2:])
    again = signed(result(3, PaymentOutcome.ACCOUNT))
    assert send(ground, "payment_result", again).rejected == 1
    assert send(ground, "payment_result", signed(result(3))).rejected == 0  # the same once more


def test_a_refused_account_goes_back_to_the_firm_and_is_paid_to_another(ground: Ground) -> None:
    dossier, _ = payable()
    payment.draw_batch(dossier)
    send(
        ground,
        "payment_result",
        signed(result(1), result(2, PaymentOutcome.ACCOUNT), result(3, PaymentOutcome.AGAIN, why="系统故障")),
    )
    payment.record_payment_results(dossier)
    assert statuses() == [A.PAID, A.PAYMENT_FAILED, A.PAYABLE]
    clocks = {row.case_id: row for row in rows_of(DEADLINES, name="payment")}
    assert [bool(row.due_at) for _, row in sorted(clocks.items())] == [True, False, True]  # the firm's time is not ours
    assert not accounts_waiting(dossier)
    second = dossier.again()
    assert payment.retry_failed_accounts(second).reached == {}
    assert send(ground, "firm_account", [FirmAccountRow(number=number(2), **FIRMS_ACCOUNT)]).rejected == 0
    assert accounts_waiting(dossier)
    third = second.again()
    assert payment.retry_failed_accounts(third).of(A.PAYABLE) == 1
    assert payment.draw_batch(third).of(A.PAYING) == 2
    assert payment.write_batch_files(third).batch == f"{NOTICE}-P02"
    assert send(ground, "payment_result", signed(result(2, batch=1))).rejected == 1
    assert send(ground, "payment_result", signed(result(2, batch=2), result(3, batch=2))).rejected == 0
    payment.record_payment_results(third)
    assert statuses() == [A.PAID] * 3
    assert rows_of(DEADLINES, name="account")[0].met_at
    found = ledger.balances(ledger.budget_of("science_bureau", 2027))
    assert (found.paid, found.committed, found.paying) == (Decimal("60000.06"), 0, 0)


def test_who_has_no_account_is_asked_for_one(ground: Ground) -> None:
    dossier, _ = payable()
    with transaction() as tx:
        tx.core.execute(update(FIRMS).where(FIRMS.c.id == 2).values(account=None))
    payment.draw_batch(dossier)
    assert statuses() == [A.PAYING, A.PAYMENT_FAILED, A.PAYING]
    send(ground, "firm_account", [FirmAccountRow(number=number(2), **FIRMS_ACCOUNT)])
    assert payment.retry_failed_accounts(dossier).of(A.PAYABLE) == 1


def test_accounts_for_strangers_and_after_the_payment_are_handed_back(ground: Ground) -> None:
    dossier, _ = payable()
    payment.draw_batch(dossier)
    rows: list[Row] = [FirmAccountRow(number=number(1), **FIRMS_ACCOUNT), FirmAccountRow(number=number(9), **FIRMS_ACCOUNT),
                       FirmAccountRow(number=number(2), name="另一家公司", **FIRMS_ACCOUNT)]  # fmt: skip
    assert send(ground, "firm_account", rows).rejected == 3


def test_sealed_accounts_stand_nowhere_in_plain_text(ground: Ground) -> None:
    dossier, _ = payable()
    payment.draw_batch(dossier)
    payment.write_batch_files(dossier)
    send(ground, "payment_result", signed(result(1), result(2, PaymentOutcome.ACCOUNT)))
    payment.record_payment_results(dossier)
    with reading() as connection:
        for name in ("entries", "notices", "payment_lines", "firms", "publications"):
            text = str(connection.exec_driver_sql(f"SELECT * FROM {name}").all())
            assert "6222021234567890123" not in text
            assert "王小明" not in text


def test_a_payment_that_is_late_climbs_the_ladder_and_is_evidence(ground: Ground) -> None:
    dossier, _ = payable(2)
    payment.draw_batch(dossier)
    send(ground, "payment_result", signed(result(1)))
    payment.record_payment_results(dossier)
    later(days=60)
    assert fire_rungs()
    told = {row.recipient for row in rows_of(NOTICES) if "breach" in str(row.template) + str(row.facts)}
    for role in ("head:science_bureau", "approval_bureau"):
        assert f"role:{role}" in told, told
    assert any("S001" in one for one in told)  # finance urges (Art. 8)
    found = failings(period("2027Q1"), now())
    assert found.of("science_bureau")["not_paid_online"] == 1
    assert [duty.case for duty in found.evidence] == [number(2)]
