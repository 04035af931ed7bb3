"""What is granted, to the cent; and what was granted before for the same matter."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.policy_redemption.content import Grant
from models.policy_redemption.duplicates import Earlier, duplicated
from models.policy_redemption.grant import assess
from tests.models.policy_redemption.wares import DAY, FACTS

SHARE = Grant(kind="share", share="0.1", of="research", cap="200000")
SUMS = st.decimals(min_value=0, max_value=10**9, places=2)


@pytest.mark.parametrize(
    ("grant", "requested", "amount"),
    [
        (Grant(kind="fixed", amount="50000"), None, "50000.00"),
        (Grant(kind="fixed", amount="50000"), "30000", "30000.00"),
        (SHARE, None, "123456.79"),  # 1,234,567.85 × 0.1 = 123,456.785: half a cent goes up
        (SHARE, "999999", "123456.79"),
        (Grant(kind="share", share="0.5", of="research", cap="200000"), None, "200000.00"),
        (Grant(kind="share", share="0.5", of="requested", cap="200000"), "100000.01", "50000.01"),
        (Grant(kind="share", share="1", of="employees"), None, "42.00"),
        (Grant(kind="as_reviewed"), "100", None),
        (Grant(kind="as_reviewed"), None, None),
        (Grant(kind="share", share="0.5", of="requested"), None, None),
    ],
)
def test_sums(grant: Grant, requested: str | None, amount: str | None) -> None:
    found = assess(grant, FACTS, Decimal(requested) if requested else None, DAY)
    assert found.amount == (Decimal(amount) if amount else None)
    assert found.working
    assert all(line.text() and line.text("en") for line in found.working)


def test_a_figure_that_is_not_on_file_is_for_the_reviewers() -> None:
    found = assess(SHARE, {}, None, DAY)
    assert found.amount is None
    assert found.working[0].text() == "研发费用（元）未登记，金额由审核部门核定"


def test_what_was_asked_for_may_be_read_as_no_bound() -> None:
    reading = {"policy_redemption.requested_bound": "as_computed"}
    assert assess(Grant(kind="fixed", amount="50000"), {}, Decimal(30000), DAY, reading).amount == Decimal("50000.00")


@given(
    figure=SUMS,
    share=st.decimals(min_value="0.0001", max_value=1, places=4),
    cap=st.none() | SUMS.filter(bool),
    requested=st.none() | SUMS,
)
def test_never_more_than_the_share_the_cap_or_what_was_asked(
    figure: Decimal, share: Decimal, cap: Decimal | None, requested: Decimal | None
) -> None:
    written = "1" if share == 1 else str(share)
    grant = Grant(kind="share", share=written, of="revenue", cap=str(cap) if cap else "")
    amount = assess(grant, {"revenue": str(figure)}, requested, DAY).amount
    assert amount is not None
    assert amount == amount.quantize(Decimal("0.01"))
    assert 0 <= amount <= figure * Decimal(written) + Decimal("0.005")
    bounds = [figure * Decimal(written), *([cap] if cap else []), *([requested] if requested is not None else [])]
    assert abs(amount - min(bounds)) <= Decimal("0.005")


def earlier(case: str, matter: str = "研发奖励", on: date = date(2027, 1, 5), amount: str = "1000") -> Earlier:
    return Earlier(case=case, matter=matter, on=on, amount=Decimal(amount))


def test_once_a_year_for_one_matter() -> None:
    others = [earlier("DX-2027-0001-000002", matter="招工补贴"), earlier("DX-2026-0001-000001", on=date(2026, 12, 31))]
    assert duplicated("研发奖励", DAY, others).outcome == "clear"
    found = duplicated("研发奖励", DAY, [*others, earlier("DX-2027-0001-000009")])
    assert (found.outcome, found.against) == ("barred", ("DX-2027-0001-000009",))
    assert "DX-2027-0001-000009" in found.working[0].text()
    assert found.rest(Decimal(500)) == 0


@pytest.mark.parametrize(
    ("rule", "outcome", "rest"),
    [
        ("once_a_year", "barred", "0"),
        ("once_ever", "barred", "0"),
        ("higher", "difference", "500"),
        ("none", "clear", "2500"),
    ],
)
def test_the_declared_rule_decides(rule: str, outcome: str, rest: str) -> None:
    held = [earlier("DX-2027-0001-000009"), earlier("DX-2027-0002-000009")]
    found = duplicated("研发奖励", DAY, held, {"policy_redemption.duplicate_subsidies": rule})
    assert (found.outcome, found.rest(Decimal(2500))) == (outcome, Decimal(rest))
    assert all(line.text() and line.text("en") for line in found.working)


def test_once_ever_looks_back_over_the_years() -> None:
    held = [earlier("DX-2025-0001-000009", on=date(2025, 3, 1))]
    ever = {"policy_redemption.duplicate_subsidies": "once_ever"}
    assert duplicated("研发奖励", DAY, held, ever).outcome == "barred"
    higher = {"policy_redemption.duplicate_subsidies": "higher"}
    assert duplicated("研发奖励", DAY, held, higher).outcome == "clear"


@given(amount=SUMS, held=st.lists(SUMS, max_size=4))
def test_the_difference_never_lets_two_grants_pass_the_higher(amount: Decimal, held: list[Decimal]) -> None:
    before = [earlier(f"DX-{n}", amount=str(sum_)) for n, sum_ in enumerate(held)]
    found = duplicated("研发奖励", DAY, before, {"policy_redemption.duplicate_subsidies": "higher"})
    rest = found.rest(amount)
    assert 0 <= rest <= amount
    assert rest + sum(held) == max(amount, sum(held, Decimal(0))) if held else rest == amount
