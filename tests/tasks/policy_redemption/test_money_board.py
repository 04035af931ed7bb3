"""The board of the money: budgets, batches and what is overdue, without accounts and names."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from config.messages import speak
from models.policy_redemption.status import ApplicationStatus as A
from tasks.journal import CASES
from tasks.policy_redemption import payment
from tasks.policy_redemption.money_board import budget_lines, money_pages
from tasks.store import transaction
from tests.ground import BOTH, Ground, later, settled
from tests.paid import NOTICE, approve, committed, number, settle_posting_for_test


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    yield from settled(request, home, monkeypatch)


def test_there_is_no_board_without_a_budget(ground: Ground) -> None:
    assert money_pages() == []


def test_the_board_shows_budgets_batches_and_what_is_overdue(ground: Ground) -> None:
    dossier, _ = committed()
    approve(5_000_00, department="commerce_bureau", number="YS-2027-002")
    settle_posting_for_test(dossier)
    payment.draw_batch(dossier)
    with transaction() as tx:
        tx.core.execute(update(CASES).where(CASES.c.number == number(3)).values(status=A.AWAITING_BUDGET))
    later(days=30)
    (page,) = money_pages()
    assert (page.key, page.title) == ("money-2027", "2027年惠企资金")
    assert "| 区科技局 | 100,000.00 | 39,999.94 | 0.00 | 60,000.06 | 0.00 | 0.00 | 50,000.00 | 3 |" in page.body
    assert "| 区商务局 | 5,000.00 | 5,000.00 |" in page.body
    assert "| 合计 | 105,000.00 |" in page.body
    assert f"| {NOTICE}-P01 | 区科技局 | 2027-01-04 09:00 | 3 | 60,000.06 | 0 |" in page.body
    assert "兑现率100%" in page.body
    svg = base64.b64decode(re.findall(r"base64,([^)]+)", page.body)[0]).decode()
    for secret in ("6222021234567890123", "王小明"):
        assert secret not in page.body + svg
    assert budget_lines(2026) == []


def test_the_board_speaks_english_too(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    committed()
    monkeypatch.setenv("BANJIE_LANGUAGE", "en")
    speak("zh")
    assert money_pages()[0].title
