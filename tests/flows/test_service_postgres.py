"""Registration, correction and benefits on PostgreSQL: the same stories, the same journals."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from flows.registration import correction_order, military_registration
from models.roster import ReturnGround
from tasks.conscription.registration_intake import take_registration
from tests.flows.benefit_stage import RUN, enter, number, paid, send_back, sums, tell
from tests.flows.registration_stage import NUMBER, begin, man
from tests.flows.service_stage import Stage, at, stage_at


@pytest.fixture
def stage(postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    with stage_at(tmp_path, monkeypatch, at(2027, 1, 10), postgres) as opened:
        yield opened


def test_a_year_and_a_fine(stage: Stage) -> None:
    begin(stage)
    assert take_registration(2027, stage.roster([man(1), man(3, registered=date(2027, 1, 5))])).accepted == 2
    stage.travel(at(2027, 7, 2))
    assert stage.tell(military_registration.fn, 2027) is None
    act, member, case = date(2027, 7, 1), f"{NUMBER}-000001", "ZG-2027-0001"
    assert stage.tell(correction_order.fn, member, 1, act) is None
    stage.answer("order", verdict="issue", evidence="核查表", how="补办登记")
    stage.tell(correction_order.fn, member, 1, act)
    stage.travel(at(2027, 7, 18))
    stage.tell(correction_order.fn, member, 1, act)
    stage.answer("hearing", verdict="waived")
    stage.tell(correction_order.fn, member, 1, act)
    stage.answer("legal_review", verdict="approve")
    stage.tell(correction_order.fn, member, 1, act)
    stage.answer("fine", verdict="fine", amount="48000", correction="still_uncorrected")
    assert stage.tell(correction_order.fn, member, 1, act) == case
    assert stage.status(case) == "fined"
    stage.travel(at(2028, 1, 1))
    assert stage.tell(military_registration.fn, 2027) == NUMBER
    assert stage.outcome(NUMBER, "count_towns")["overdue"] == 1


def test_the_money_and_its_recovery(stage: Stage) -> None:
    stage.travel(at(2027, 3, 20))
    enter(stage)
    paid(stage)
    send_back(stage, 2, ReturnGround.REFUSAL)
    assert tell(stage) is None
    stage.answer(f"evasion.{number(2)}", verdict="evaded", effect="serious")
    assert tell(stage) is None
    stage.answer("recovery", verdict="recovered", voucher="收2027-1")
    assert tell(stage) is None
    stage.travel(at(2028, 1, 1))
    assert tell(stage) == RUN
    assert sums()[2, "family_allowance"] == ("24000.00", "recovered")
    assert sums()[1, "family_allowance"] == ("96000.00", "paid")
