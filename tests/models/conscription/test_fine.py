"""Offences of Art. 24: bounds, order to correct, bans."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.messages import Refusal
from config.rulebook import YearMissingError
from models.conscription.benefits import Standard
from models.conscription.fine import (
    GATES,
    Offence,
    Order,
    check_fine,
    fine_bounds,
    fine_standard,
    missing_gates,
    sanction,
    surcharge,
)
from models.conscription.status import OffenceStatus

X = Standard(year=2023, amount=Decimal(24000), document="示例")
OLD = Standard(year=2022, amount=Decimal(20000), document="示例")
ON = date(2023, 9, 15)
ACT = date(2023, 7, 1)
ORDER = Order(issued_on=date(2023, 8, 1), limit=date(2023, 8, 31))


def test_t_cons_22_two_to_eight_times_both_included_and_optional() -> None:
    found = sanction(Offence.EVADES_REGISTRATION, ORDER, ACT, ON, standards=[X])
    assert found.status is OffenceStatus.COMPELLED
    assert found.fine is not None
    assert (found.fine.min, found.fine.max) == (48000, 192000)
    for amount in ("48000", "192000", "100000"):
        check_fine(Decimal(amount), found.fine)
    for amount in ("47999", "192001", "47999.99", "192000.01"):
        with pytest.raises(Refusal, match=r"不在 48000\.00 元至 192000\.00 元"):
            check_fine(Decimal(amount), found.fine)
    exclusive = fine_bounds(X, ON, {"conscription.fine_multiples": "exclusive"})
    assert not exclusive.admits(Decimal(48000))
    assert not exclusive.admits(Decimal(192000))


def test_t_cons_23_corrected_within_the_limit() -> None:
    for corrected in (date(2023, 8, 15), ORDER.limit):
        found = sanction(Offence.EVADES_REGISTRATION, ORDER.model_copy(update={"corrected_on": corrected}), ACT, ON)
        assert (found.status, found.fine, found.bans) == (OffenceStatus.CORRECTED, None, None)
        assert found.status.is_final()
    late = ORDER.model_copy(update={"corrected_on": date(2023, 9, 1)})
    assert sanction(Offence.EVADES_REGISTRATION, late, ACT, ON, standards=[X]).fine is not None


def test_nothing_before_the_limit_has_lapsed() -> None:
    assert sanction(Offence.EVADES_CALL_UP, ORDER, ACT, ORDER.limit).status is OffenceStatus.ORDERED
    after = sanction(Offence.EVADES_CALL_UP, ORDER, ACT, date(2023, 9, 1), standards=[X])
    assert after.status is OffenceStatus.BARRED


def test_t_cons_24_bans_after_refusing_call_up() -> None:
    found = sanction(Offence.EVADES_CALL_UP, ORDER, ACT, ON, standards=[X])
    assert found.status is OffenceStatus.BARRED
    assert found.bans is not None
    assert found.bans.exit_and_study_until == date(2025, 9, 15)
    assert "公务员" in found.bans.not_hired_as
    assert "国有企业职工" in found.bans.not_hired_as
    assert "未规定期限" in "".join(line.text() for line in found.working)
    from_act = sanction(
        Offence.EVADES_CALL_UP, ORDER, ACT, ON, standards=[X], readings={"conscription.ban_years": "from_act"}
    )
    assert from_act.bans is not None
    assert from_act.bans.exit_and_study_until == date(2025, 7, 1)


@pytest.mark.parametrize("offence", [Offence.EVADES_REGISTRATION, Offence.CONCEALS])
def test_only_refusing_call_up_bars(offence: Offence) -> None:
    assert sanction(offence, ORDER, ACT, ON, standards=[X]).bans is None


def test_concealment_is_not_fined_without_a_legal_basis() -> None:
    blocked = sanction(Offence.CONCEALS, ORDER, ACT, ON, standards=[X])
    assert (blocked.fine, blocked.fine_blocked) == (None, True)
    assert sanction(Offence.CONCEALS, ORDER, ACT, ON, standards=[X], legal_basis="江苏省征兵工作条例").fine is not None
    as_printed = {"conscription.concealment_fine": "as_printed"}
    assert sanction(Offence.CONCEALS, ORDER, ACT, ON, standards=[X], readings=as_printed).fine is not None


@pytest.mark.parametrize(("reading", "year"), [("decision", 2023), ("act", 2022), ("lighter", 2022)])
def test_whose_year_measures_the_fine(reading: str, year: int) -> None:
    taken = {"conscription.fine_base_year": reading}
    assert fine_standard(date(2022, 9, 1), ON, [X, OLD], taken).year == year


def test_the_lighter_year_may_be_the_newer() -> None:
    dearer = OLD.model_copy(update={"amount": Decimal(30000)})
    assert fine_standard(date(2022, 9, 1), ON, [X, dearer], {"conscription.fine_base_year": "lighter"}).year == 2023


def test_no_fine_without_the_years_standard() -> None:
    with pytest.raises(YearMissingError, match=r"family_allowance_base\[2023\] missing"):
        sanction(Offence.EVADES_REGISTRATION, ORDER, ACT, ON, standards=[OLD])


def test_gates_before_a_decision_to_fine() -> None:
    assert missing_gates([], ACT, ON) == GATES
    assert missing_gates(GATES, ACT, ON) == ()
    assert missing_gates(GATES, date(2021, 9, 15), ON) == ()
    assert missing_gates(GATES, date(2021, 9, 14), ON) == ("limitation",)


@pytest.mark.parametrize(("days", "yuan"), [(0, 0), (1, 1440), (33, 47520), (34, 48000), (400, 48000)])
def test_the_surcharge_stops_at_the_fine(days: int, yuan: int) -> None:
    assert surcharge(Decimal(48000), days, ON) == yuan


@given(st.decimals(min_value="0.01", max_value="1000000", places=2))
def test_the_bounds_hold_their_own_ends(base: Decimal) -> None:
    found = fine_bounds(Standard(year=2023, amount=base, document="示例"), ON)
    assert found.admits(found.min)
    assert found.admits(found.max)
    assert not found.admits(found.min - Decimal("0.01"))
    assert not found.admits(found.max + Decimal("0.01"))
    assert found.max == found.min * 4
