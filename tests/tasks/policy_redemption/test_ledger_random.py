"""Random lives of a budget against an oracle that keeps no balances: it tells the whole story anew each time."""

import multiprocessing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from config.messages import Refusal
from models.policy_redemption.money import fen
from tasks.policy_redemption import ledger
from tasks.policy_redemption.ledger_proof import verify_ledger
from tasks.store import transaction
from tests.ground import BOTH, Ground, opened, race, rows_of, settled
from tests.paid import DEPARTMENT, approve
from tests.tasks.policy_redemption.test_ledger import applications

FIRMS = 4
Act = tuple[str, list[tuple[int, int]]]
SUMS = st.integers(1, 60)
PAIRS = st.lists(st.tuples(st.integers(0, FIRMS - 1), SUMS), min_size=1, max_size=3)
ACTS = st.lists(st.tuples(st.sampled_from(["approve", "commit", "release", "order", "fail", "pay", "recover", "restore"]), PAIRS), max_size=25)  # fmt: skip
PLACES = count(1)


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    yield from settled(request, home, monkeypatch)


@dataclass
class Oracle:
    """What has happened, in order; every question is answered by going through all of it."""

    told: list[tuple[str, int, int]] = field(default_factory=list)

    def sum(self, firm: int | None, *verbs: str) -> int:
        return sum(amount for verb, whose, amount in self.told if verb in verbs and firm in (None, whose))

    def budget(self) -> int:
        return [0, *(amount for verb, _, amount in self.told if verb == "approve")][-1]

    def committed(self, firm: int) -> int:
        return self.sum(firm, "commit", "fail") - self.sum(firm, "release", "order")

    def paying(self, firm: int) -> int:
        return self.sum(firm, "order") - self.sum(firm, "fail", "pay")

    def paid(self, firm: int) -> int:
        return self.sum(firm, "pay") - self.sum(firm, "recover", "restore")

    def taken(self) -> int:
        return self.sum(None, "commit") - self.sum(None, "release", "restore")

    def commit(self, pairs: Sequence[tuple[int, int]]) -> list[bool] | None:
        """Return what fits; None where a sum is impossible, and then nothing has happened."""
        before, fits = list(self.told), []
        for firm, amount in pairs:
            more = amount - self.committed(firm) - self.paying(firm) - self.paid(firm)
            if more + self.committed(firm) < 0:
                self.told = before
                return None
            fits.append(self.taken() + more <= self.budget())
            if fits[-1]:
                self.told.append(("commit", firm, more) if more > 0 else ("release", firm, -more))
        return fits


def act(budget_id: int, ids: list[int], oracle: Oracle, deed: Act) -> None:
    """Do one thing in the ledger and in the oracle, and compare what both say of it."""
    verb, pairs = deed
    firms = list(dict.fromkeys(firm for firm, _ in pairs))
    firm, amount = pairs[0]
    if verb == "approve":
        wanted = amount * 4
        possible = wanted >= oracle.taken()
        try:
            amend(budget_id, wanted)
        except Refusal:
            assert not possible
        else:
            assert possible
            oracle.told.append(("approve", -1, wanted))
        return
    if verb == "commit":
        expected = oracle.commit(pairs)
        try:
            with transaction() as tx:
                assert ledger.commit_many(tx, budget_id, [(ids[one], fen_) for one, fen_ in pairs]) == expected
        except Refusal:
            assert expected is None
        return
    if verb in {"recover", "restore"}:
        possible = amount <= oracle.paid(firm)
        try:
            with transaction() as tx:
                ledger.recover(tx, ids[firm], amount, "回", restore=verb == "restore")
        except Refusal:
            assert not possible
        else:
            assert possible
            oracle.told.append((verb, firm, amount))
        return
    stands = {"release": oracle.committed, "order": oracle.committed, "fail": oracle.paying, "pay": oracle.paying}[verb]
    moves = {one: stands(one) for one in firms}
    with transaction() as tx:
        cases = [ids[one] for one in firms]
        if verb == "release":
            said = ledger.release(tx, cases)
        elif verb == "pay":
            said = ledger.pay_many(tx, dict.fromkeys(cases, "凭"))
        else:
            said = {"order": ledger.order, "fail": ledger.fail}[verb](tx, cases, "P01")
    assert said == {ids[one]: amount for one, amount in moves.items() if amount}
    oracle.told += [(verb, one, amount) for one, amount in moves.items() if amount]


YEARS: dict[int, int] = {}


def amend(budget_id: int, amount: int) -> None:
    """Make a sum the budget, by a case of its own."""
    case = opened(f"YS-2027-{next(PLACES):06}", process="policy_budget", status="drafted")
    facts = {"target": "兑现率", "document": "财1号"}
    with transaction() as tx:
        ledger.approve(tx, department=DEPARTMENT, year=YEARS[budget_id], approved=amount, case_id=case.id, **facts)


def fresh() -> tuple[int, list[int]]:
    """Begin a budget of nothing, of a year of its own, with its applications."""
    place = next(PLACES)
    YEARS[0] = 2000 + place
    amend(0, 0)
    budget_id = ledger.budget_of(DEPARTMENT, 2000 + place)
    YEARS[budget_id] = 2000 + place
    return budget_id, applications(FIRMS, f"DX-2027-{place:06}")


@given(deeds=ACTS)
@effort(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_life_of_a_budget_agrees_with_the_oracle(ground: Ground, deeds: list[Act]) -> None:
    budget_id, ids = fresh()
    oracle = Oracle()
    for deed in deeds:
        act(budget_id, ids, oracle, deed)
        found = ledger.balances(budget_id)
        assert fen(found.approved) == oracle.budget()
        assert fen(found.available) == oracle.budget() - oracle.taken() >= 0
        assert fen(found.committed) == sum(map(oracle.committed, range(FIRMS)))
        assert fen(found.paying) == sum(map(oracle.paying, range(FIRMS)))
        assert fen(found.paid) == sum(map(oracle.paid, range(FIRMS)))
        assert found.committed + found.paying + found.paid <= found.approved
        accounts = {row.id: row.balance for row in rows_of(ledger.ACCOUNTS, budget_id=budget_id)}
        assert sum(accounts.values()) == 0
        for row in rows_of(ledger.POSTINGS, budget_id=budget_id):
            assert {row.debit_id, row.credit_id} <= accounts.keys()
            assert row.amount > 0
    assert sound()


def spend(budget_id: int, ids: list[int], amount: int) -> int:
    """Commit, order, pay or fail one claim after the other; return how many fitted."""
    fitted = 0
    for case_id in ids:
        with transaction() as tx:
            fits = ledger.commit_many(tx, budget_id, [(case_id, amount)])[0]
        fitted += fits
        if fits:
            with transaction() as tx:
                ledger.order(tx, [case_id], "P01")
            with transaction() as tx:
                ledger.pay(tx, case_id, "凭") if case_id % 2 else ledger.fail(tx, [case_id], "P01")
    return fitted


def test_processes_that_spend_one_budget_at_once_never_exceed_it(ground: Ground) -> None:
    budget_id, ids = approve(997), applications(120, "DX-2027-0001")
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        fitted = sum(pool.starmap(spend, [(budget_id, ids[place::4], 13) for place in range(4)]))
    found = ledger.balances(budget_id)
    assert fitted == 997 // 13
    assert fen(found.committed + found.paying + found.paid) == fitted * 13
    assert fen(found.available) == 997 - fitted * 13
    assert sound()


def test_everything_at_once_leaves_a_sound_ledger(ground: Ground) -> None:
    budget_id, ids = approve(2_000), applications(64, "DX-2027-0001")
    YEARS[budget_id] = 2027

    def give_back(mine: list[int]) -> int:
        for case_id in mine:
            with transaction() as tx:
                ledger.release(tx, [case_id])
        return 0

    def change(amount: int) -> int:
        try:
            amend(budget_id, amount)
        except Refusal:
            return 0
        return 1

    results = race(
        *(partial(spend, budget_id, ids[place::4], 37) for place in range(4)),
        *(partial(give_back, ids[place::2]) for place in range(2)),
        *(partial(change, amount) for amount in (1_500, 900)),
    )
    assert all(isinstance(one, int) for one in results), results
    found = ledger.balances(budget_id)
    assert found.available >= 0
    assert found.committed + found.paying + found.paid + found.available == found.approved
    assert sound()


def sound() -> bool:
    """Say whether the ledger agrees; nothing here moves the cases, so their statuses say nothing."""
    return [one for one in verify_ledger() if one.which not in {"status", "lines"}] == []
