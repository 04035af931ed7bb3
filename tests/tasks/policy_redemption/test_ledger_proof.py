"""The proof of the ledger names what does not agree, and nothing where everything does."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from flows.cli_case import app
from tasks.doctor import examine
from tasks.policy_redemption import payment
from tasks.policy_redemption.ledger_proof import verify_ledger
from tasks.store import transaction
from tests.ground import BOTH, Ground, settled
from tests.paid import committed, number, settle_posting_for_test


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    yield from settled(request, home, monkeypatch)


def paying() -> None:
    dossier, _ = committed()
    settle_posting_for_test(dossier)
    payment.draw_batch(dossier)


def test_a_sound_ledger_is_said_to_be_sound(ground: Ground) -> None:
    paying()
    assert list(verify_ledger()) == []
    told = CliRunner().invoke(app, ["verify"])
    assert (told.exit_code, "资金账簿相符" in told.output) == (0, True)
    assert [one.mark for one in examine() if one.what == "惠企资金账簿"] == ["right"]


@pytest.mark.parametrize(
    ("change", "places"),
    [
        ("UPDATE ledger_accounts SET balance = balance + 1 WHERE kind = 'available'", [("区科技局 2027", "available")]),
        ("UPDATE policy_budgets SET approved = approved + 1", [("区科技局 2027", "approved")]),
        ("UPDATE ledger_claims SET paid = 5 WHERE paying = 1000001", [(number(1), "paid")]),
        ("UPDATE payment_lines SET amount = amount - 1 WHERE amount = 1000001", [(number(1), "lines")]),
        ("UPDATE cases SET status = 'withdrawn' WHERE number LIKE '%000002'", [(number(2), "status")]),
        ("UPDATE cases SET status = 'paid' WHERE number LIKE '%000002'", [(number(2), "status")]),
    ],
)
def test_each_sum_that_differs_is_named(ground: Ground, change: str, places: list[tuple[str, str]]) -> None:
    paying()
    with transaction() as tx:
        tx.core.execute(text(change))
    found = list(verify_ledger())
    assert [(one.place, one.which) for one in found] == places
    told = CliRunner().invoke(app, ["verify"])
    assert (told.exit_code, found[0].text in told.output) == (1, True)
    assert [one.mark for one in examine() if one.what == "惠企资金账簿"] == ["wrong"]
