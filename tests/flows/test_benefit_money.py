"""From the approved benefits to the money and back, told without Prefect on a real database."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from config import rulebook
from config.messages import Refusal
from flows.benefits import conscription_benefits
from models.conscription.status import MemberStatus as M
from models.roster import AwardKind, ReturnGround
from tasks.ask import open_questions
from tasks.conscription.benefit_intake import take_benefit_roster
from tasks.conscription.benefit_roll import BENEFITS
from tasks.journal import CASES, Page, lock
from tasks.store import reading, transaction
from tests.flows.benefit_stage import (
    AREAS,
    BORN,
    NEXT,
    RUN,
    account,
    approved,
    award,
    enter,
    gathered,
    luhn,
    number,
    paid,
    send,
    send_back,
    served,
    sums,
    tell,
)
from tests.flows.service_stage import Stage, at, identity, sheet, stage_at


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    with stage_at(tmp_path, monkeypatch, at(2027, 3, 20)) as opened:
        enter(opened)
        yield opened


def test_who_has_no_account_is_listed_and_not_paid_until_it_comes(stage: Stage) -> None:
    gathered(stage, accounts=4)
    approved(stage)
    assert number(5) in stage.question("payment").text
    assert [row[0] for row in sheet(stage.paper(f"{RUN}/without-account.xlsx"))[-1:]] == [number(5)]
    stage.answer("payment", verdict="paid", voucher="凭1")
    assert tell(stage) is None
    assert sums()[5, "family_allowance"] == ("24000.00", "payment_approved")
    assert open_questions(case=RUN) == []
    send(stage, "account", [account(5)])
    assert tell(stage) is None
    assert [row[0] for row in sheet(stage.paper(f"{RUN}/payment-roster-2.xlsx"))[-1:]] == [number(5)]
    stage.answer("payment", verdict="paid", voucher="凭2")
    assert tell(stage) is None
    assert sums()[5, "family_allowance"] == ("24000.00", "paid")


def test_a_failed_payment_waits_for_another_account(stage: Stage) -> None:
    gathered(stage)
    approved(stage)
    for wrong in ({"verdict": "paid", "failed": number(3)}, {"verdict": "partly_paid", "failed": ""},
                  {"verdict": "partly_paid", "failed": "ZB-2027H1-999999"}):  # fmt: skip
        with pytest.raises(Refusal):
            stage.answer("payment", voucher="凭1", **wrong)
        assert tell(stage) is None
    stage.answer("payment", verdict="partly_paid", voucher="凭1", failed=f" {number(3).lower()}， {number(3)} ")
    assert tell(stage) is None
    assert open_questions(case=RUN) == []
    assert sums()[3, "family_allowance"] == ("48000.00", "payment_approved")
    assert sums()[2, "family_allowance"] == ("24000.00", "paid")
    send(stage, "account", [account(3, serial=7)])
    assert tell(stage) is None
    assert sheet(stage.paper(f"{RUN}/payment-roster-2.xlsx"))[-1][-2] == luhn(3, 7)
    stage.travel(at(2028, 1, 1))
    stage.answer("payment", verdict="paid", voucher="凭2")
    assert tell(stage) == RUN
    assert stage.outcome(RUN, "record_payments")["failed"] == [number(3)]


def test_after_evasion_the_allowance_is_recovered_and_rewards_are_for_a_person(stage: Stage) -> None:
    paid(stage)
    send_back(stage, 2, ReturnGround.REFUSAL)
    assert tell(stage) is None
    stage.answer(f"evasion.{number(2)}", verdict="evaded", effect="serious")
    assert tell(stage) is None
    assert f"{number(2)} 24,000.00" in stage.question("recovery").text
    stage.answer("recovery", verdict="recovered", voucher="收2027-1")
    assert tell(stage) is None
    found = sums()
    assert found[2, "family_allowance"] == ("24000.00", "recovered")
    assert found[2, "yearly_reward"] == ("14400.00", "paid")
    assert found[1, "family_allowance"] == ("96000.00", "paid")
    assert stage.outcome(RUN, "judge_evasions", 2) == {
        "judged": [number(2)],
        "sums": {number(2): "24000.00"},
        "manual": [number(2)],
    }
    assert stage.outcome(number(2), "benefit-2027-recovered", 2)["voucher"] == "收2027-1"
    stage.travel(at(2028, 1, 1))
    assert tell(stage) == RUN
    assert stage.outcome(RUN, "conclude", 2)["recovered"] == "24000.00"


def test_concealment_recovers_everything(stage: Stage) -> None:
    paid(stage)
    send_back(stage, 2, ReturnGround.CONCEALMENT)
    tell(stage)
    stage.answer(f"evasion.{number(2)}", verdict="concealed", effect="not_serious")
    tell(stage)
    stage.answer("recovery", verdict="recovered", voucher="收2")
    tell(stage)
    assert {sums()[2, item][1] for item in ("family_allowance", "yearly_reward", "one_off_reward")} == {"recovered"}


def test_without_serious_effect_nothing_is_recovered_and_nobody_asks_twice(stage: Stage) -> None:
    paid(stage)
    send_back(stage, 2, ReturnGround.REFUSAL)
    tell(stage)
    stage.answer(f"evasion.{number(2)}", verdict="evaded", effect="not_serious")
    assert tell(stage) is None
    assert open_questions(case=RUN) == []
    assert sums()[2, "family_allowance"] == ("24000.00", "paid")


def test_who_is_sent_back_before_the_money_is_not_paid(stage: Stage) -> None:
    gathered(stage)
    stage.answer("check", verdict="approve")
    tell(stage)
    send_back(stage, 2, ReturnGround.PHYSICAL)
    stage.answer("approval", verdict="approve")
    tell(stage)
    assert number(2) not in [row[0] for row in sheet(stage.paper(f"{RUN}/payment-roster.xlsx"))]
    stage.answer("payment", verdict="paid", voucher="凭1")
    stage.travel(at(2028, 1, 1))
    assert tell(stage) == RUN
    assert stage.outcome(RUN, "conclude")["unpaid"] == [number(2)]


def test_the_second_year_needs_its_own_standard_and_pays_no_one_off(stage: Stage) -> None:
    paid(stage)
    with pytest.raises(Refusal, match="尚未办结"):
        conscription_benefits.fn("2027H1", 2028)
    stage.travel(at(2028, 1, 5))
    assert tell(stage) == RUN
    assert tell(stage, 2028) is None
    asked = stage.question("standard.2028")
    assert (asked.role, asked.case) == ("finance_bureau", NEXT)
    assert "family_allowance_base[2028] missing" in asked.text
    for wrong in ({"amount": "0"}, {"amount": "两万"}, {"amount": "26000.123"}, {"notice": ""}):
        with pytest.raises(Refusal, match="填写有误"):
            stage.answer(
                "standard.2028", **({"verdict": "set", "amount": "26000", "notice": "海政发〔2028〕1号"} | wrong)
            )
        tell(stage, 2028)
    stage.answer("standard.2028", verdict="set", amount="26000", notice="海政发〔2028〕1号")
    tell(stage, 2028)
    send(stage, "service_year", served(*AREAS, year=2028), NEXT)
    send(stage, "award", [award(1, AwardKind.THIRD_CLASS_MERIT, "令9", awarded=date(2027, 12, 20))], NEXT)
    tell(stage, 2028)
    stage.answer("rosters", verdict="done")
    tell(stage, 2028)
    with reading() as connection:
        chosen = select(CASES.c.number, BENEFITS.c.item, BENEFITS.c.year, BENEFITS.c.amount)
        rows = connection.execute(
            chosen.join(CASES, CASES.c.id == BENEFITS.c.case_id).where(BENEFITS.c.status == "calculated")
        )
        found = {(int(row.number[-6:]), row.item, row.year): row.amount for row in rows}
    assert found[1, "family_allowance", 2028] == "104000.00"
    assert found[1, "merit_reward", 2027] == "4800.00"  # the order of December: 20 % of the standard of its year
    assert found[2, "yearly_reward", 2028] == "15600.00"
    assert not any(item == "one_off_reward" for _, item, _ in found)
    approved(stage, 2028)
    stage.answer("payment", verdict="paid", voucher="凭9")
    assert tell(stage, 2028) is None
    assert stage.status(NEXT) == "paid"


def test_another_reading_pays_on_the_multiplied_base(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = stage.folder / "readings.yaml"
    chosen.write_text("conscription.reward_base: {value: multiplied, basis: 会议纪要1}\n", encoding="utf-8")
    monkeypatch.setattr(rulebook, "READINGS", chosen)
    rulebook._choices.cache_clear()
    rulebook._cited.cache_clear()
    try:
        gathered(stage)
        assert sums()[3, "yearly_reward"] == ("24000.00", "calculated")  # 50 % of the doubled standard
    finally:
        monkeypatch.undo()
        rulebook._choices.cache_clear()
        rulebook._cited.cache_clear()


@pytest.mark.parametrize(("season", "year", "sentence"), [
    ("2027H1", 2026, "2027 年至 2028 年"), ("2027H1", 2029, "2027 年至 2028 年"), ("2031H1", 2031, "2031H1"),
    ("2027H2", 2027, "没有编号为“ZB-2027H2”"),
])  # fmt: skip
def test_a_wrong_start_gets_its_sentence_and_opens_nothing(stage: Stage, season: str, year: int, sentence: str) -> None:
    before = stage.entries()
    with pytest.raises(Refusal, match=sentence):
        conscription_benefits.fn(season, year)
    assert stage.entries() == before


def test_where_nobody_serves_nothing_opens(stage: Stage) -> None:
    with transaction() as tx:
        page = Page(tx, "home", 1, "system", at(2027, 3, 21))
        for place in range(1, 6):
            case_id = tx.core.execute(select(CASES.c.id).where(CASES.c.number == number(place))).scalar_one()
            page.add(lock(tx, case_id), M.DISCHARGED, {})
        page.write()
    before = stage.entries()
    with pytest.raises(Refusal, match="尚无服役人员"):
        conscription_benefits.fn("2027H1", 2027)
    assert stage.entries() == before


def test_a_closed_run_takes_no_rosters(stage: Stage) -> None:
    paid(stage)
    stage.travel(at(2028, 1, 1))
    assert tell(stage) == RUN
    with pytest.raises(Refusal, match="已办结"):
        take_benefit_roster(RUN, "service_year", stage.roster(served(*AREAS)[:2]))
    with pytest.raises(Refusal, match="没有名为"):
        take_benefit_roster(RUN, "medical", stage.folder / "nothing.xlsx")


def test_no_database_page_shows_a_name_an_account_or_an_identity(stage: Stage) -> None:
    paid(stage)
    database = stage.folder / "home" / "banjie.db"
    content = database.read_bytes() + database.with_name("banjie.db-wal").read_bytes()
    for secret in (identity(BORN, 3), luhn(2, 0), "李强", "农业银行海门支行"):
        assert secret.encode() not in content
    assert number(2).encode() in content
