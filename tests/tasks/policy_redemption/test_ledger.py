"""The ledger: balanced by construction, never beyond the budget whatever runs at once, the same twice is once."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from config.messages import Refusal
from models.policy_redemption.money import yuan
from tasks.journal import CASES
from tasks.policy_redemption import ledger
from tasks.policy_redemption.ledger import ACCOUNTS, CLAIMS, POSTINGS
from tasks.store import reading, transaction
from tests.ground import BOTH, Ground, opened, race, rows_of, settled, with_members

DEPARTMENT, YEAR, NOTICE = "science_bureau", 2027, "DX-2027-0001"


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    yield from settled(request, home, monkeypatch)


def budget(amount: int, department: str = DEPARTMENT, number: str = "YS-2027-001") -> int:
    case = opened(number, process="policy_budget", status="drafted")
    with transaction() as tx:
        ledger.approve(tx, department=department, year=YEAR, approved=amount, target="兑现率100%", document="财〔2027〕1号", case_id=case.id)  # fmt: skip
    return ledger.budget_of(department, YEAR)


def applications(count: int, number: str = NOTICE) -> list[int]:
    notice = opened(number, process="policy_redemption", status="open")
    numbers = with_members(notice, count, "reviewing", ["sanxing"])
    with reading() as connection:
        chosen = select(CASES.c.id).where(CASES.c.number.in_(numbers)).order_by(CASES.c.id)
        return list(connection.execute(chosen).scalars())


def commit(budget_id: int, *claims: tuple[int, int]) -> list[bool]:
    with transaction() as tx:
        return ledger.commit_many(tx, budget_id, claims)


def kinds(budget_id: int) -> dict[str, int]:
    return {row.kind: row.balance for row in rows_of(ACCOUNTS, budget_id=budget_id)}


def test_a_department_without_an_approved_budget_is_refused(ground: Ground) -> None:
    with pytest.raises(Refusal, match="区科技局 2027 年度"):
        ledger.budget_of(DEPARTMENT, YEAR)


def test_a_sum_goes_from_the_budget_to_the_firm_and_comes_back(ground: Ground) -> None:
    this, (one, two, three) = budget(10_000_00), applications(3)
    assert commit(this, (one, 6_000_00), (two, 4_000_01), (three, 4_000_00)) == [True, False, True]
    with transaction() as tx:
        assert ledger.order(tx, [one, two, three], "P01") == {one: 6_000_00, three: 4_000_00}
        assert ledger.fail(tx, [three], "P01") == {three: 4_000_00}
        assert ledger.pay_many(tx, {one: "凭1"}) == {one: 6_000_00}
        assert ledger.release(tx, [three]) == {three: 4_000_00}
        ledger.recover(tx, one, 1_000_00, "回1", restore=False)
        ledger.recover(tx, one, 500_00, "回2", restore=True)
    found = ledger.balances(this)
    assert (found.approved, found.available, found.committed, found.paying) == (yuan(10_000_00), yuan(4_500_00), 0, 0)
    assert (found.paid, found.recovered) == (yuan(4_500_00), yuan(1_000_00))
    assert sum(kinds(this).values()) == 0
    held = ledger.held_by(one)
    assert held is not None
    assert (held.paid, held.recovered) == (4_500_00, 1_000_00)


def test_to_commit_the_same_twice_is_to_commit_it_once(ground: Ground) -> None:
    this, (one,) = budget(10_000_00), applications(1)
    assert commit(this, (one, 6_000_00)) == commit(this, (one, 6_000_00)) == [True]
    assert kinds(this)["committed"] == 6_000_00
    assert commit(this, (one, 7_000_00)) == [True]
    assert commit(this, (one, 10_000_01)) == [False]
    assert commit(this, (one, 2_000_00)) == [True]
    assert kinds(this)["available"] == 8_000_00
    assert [row.verb for row in rows_of(POSTINGS)] == ["approve", "commit", "commit", "release"]


def test_an_application_has_money_of_one_budget_at_a_time(ground: Ground) -> None:
    this, other, (one,) = budget(100), budget(100, "commerce_bureau", "YS-2027-002"), applications(1)
    assert commit(this, (one, 60)) == [True]
    with pytest.raises(Refusal, match="另一部门的预算"):
        commit(other, (one, 60))
    with transaction() as tx:
        ledger.release(tx, [one])
    assert commit(other, (one, 60)) == [True]
    assert (kinds(this)["committed"], kinds(other)["committed"]) == (0, 60)


def test_a_budget_is_raised_and_lowered_but_never_below_what_is_committed(ground: Ground) -> None:
    this, (one, two) = budget(10_000_00), applications(2)
    assert commit(this, (one, 6_000_00), (two, 5_000_00)) == [True, False]
    budget(11_000_00, number="YS-2027-002")
    assert commit(this, (two, 5_000_00)) == [True]
    with pytest.raises(Refusal, match=r"10,999.99 元.*11,000.00 元"):
        budget(10_999_99, number="YS-2027-003")
    with transaction() as tx:
        ledger.release(tx, [two])
    budget(6_000_00, number="YS-2027-004")
    assert ledger.balances(this).available == 0


def test_more_than_was_paid_cannot_come_back(ground: Ground) -> None:
    this, (one,) = budget(100), applications(1)
    commit(this, (one, 60))
    with pytest.raises(Refusal, match=r"0\.60"), transaction() as tx:
        ledger.recover(tx, one, 60, "回1", restore=False)
    with transaction() as tx:
        assert ledger.pay(tx, one, "凭1") == 60
        assert ledger.pay(tx, one, "凭1") == 0
    with pytest.raises(Refusal, match=r"0\.61"), transaction() as tx:
        ledger.recover(tx, one, 61, "回1", restore=False)


@pytest.mark.parametrize(
    "change",
    ["UPDATE ledger_accounts SET balance = -1 WHERE kind = 'available'", "UPDATE ledger_claims SET committed = -1"],
)
def test_the_database_itself_refuses_less_than_nothing(ground: Ground, change: str) -> None:
    this, (one,) = budget(100), applications(1)
    commit(this, (one, 60))
    with pytest.raises(DBAPIError), transaction() as tx:
        tx.core.execute(text(change))


@pytest.mark.parametrize("change", ["UPDATE ledger_postings SET amount = 1", "DELETE FROM ledger_postings"])
def test_postings_are_append_only(ground: Ground, change: str) -> None:
    budget(100)
    with pytest.raises(DBAPIError, match="append-only"), transaction() as tx:
        tx.core.execute(text(change))


def test_no_sum_of_commitments_exceeds_the_budget_whatever_runs_at_once(ground: Ground) -> None:
    this, ids = budget(1_000), applications(160)

    def spend(mine: list[int]) -> list[bool]:
        return [commit(this, (case_id, 7 + case_id % 5)) == [True] for case_id in mine]

    acts: list[Callable[[], list[bool]]] = [partial(spend, ids[place::8]) for place in range(8)]
    results = race(*acts)
    assert all(isinstance(one, list) for one in results), results
    found = kinds(this)
    assert (sum(found.values()), found["source"]) == (0, -1_000)
    assert found["available"] < 11  # as full as it gets: the least claim is 7, the greatest 11
    with reading() as connection:
        assert connection.execute(select(func.sum(CLAIMS.c.committed))).scalar_one() == found["committed"]
    fitted = sum(one for result in results if isinstance(result, list) for one in result)
    assert len(rows_of(POSTINGS, verb="commit")) == fitted


def test_two_amendments_and_many_claims_at_once_agree(ground: Ground) -> None:
    this, ids = budget(500), applications(60)

    def amend(number: str, amount: int) -> list[bool]:
        try:
            budget(amount, number=number)
        except Refusal:
            return [False]
        return [True]

    results = race(
        *(partial(commit, this, *((case_id, 10) for case_id in ids[place::4])) for place in range(4)),
        partial(amend, "YS-2027-002", 300),
        partial(amend, "YS-2027-003", 400),
    )
    assert all(isinstance(one, list) for one in results), results
    found = ledger.balances(this)
    assert found.approved in {yuan(300), yuan(400), yuan(500)}
    assert found.committed + found.available == found.approved
    assert found.available >= 0


def test_a_first_budget_that_comes_twice_at_once_is_one(ground: Ground) -> None:
    results = race(partial(budget, 300, number="YS-2027-001"), partial(budget, 400, number="YS-2027-002"))
    assert results[0] == results[1]
    assert ledger.balances(ledger.budget_of(DEPARTMENT, YEAR)).approved in {yuan(300), yuan(400)}


def test_a_refused_transaction_spends_nothing(ground: Ground) -> None:
    this, (one,) = budget(100), applications(1)
    with pytest.raises(Refusal), transaction() as tx:
        assert ledger.commit_many(tx, this, [(one, 60), (one, -1)])
    assert kinds(this)["available"] == 100
