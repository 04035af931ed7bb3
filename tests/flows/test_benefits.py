"""The calculation of a season's benefits, told without Prefect on a real database: sums, workings, readings."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import openpyxl  # type: ignore[import-untyped]
import pytest
from sqlalchemy import select

from models.roster import AwardKind, ServiceArea, ServiceYearRow, SuperiorPaymentRow
from tasks.conscription.benefit_intake import take_benefit_roster
from tasks.conscription.benefit_roll import BENEFITS
from tasks.journal import CASES
from tasks.store import reading
from tests.flows.benefit_stage import (
    AREAS,
    RUN,
    account,
    approved,
    award,
    enter,
    gathered,
    luhn,
    number,
    send,
    served,
    sums,
    tell,
)
from tests.flows.service_stage import Stage, at, sheet, stage_at, words


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    with stage_at(tmp_path, monkeypatch, at(2027, 3, 20)) as opened:
        enter(opened)
        yield opened


def test_a_year_from_the_rosters_to_the_money(stage: Stage) -> None:
    gathered(stage)
    assert sums() == {
        (1, "family_allowance"): ("96000.00", "calculated"),
        (2, "family_allowance"): ("24000.00", "calculated"),
        (2, "yearly_reward"): ("14400.00", "calculated"),
        (2, "one_off_reward"): ("7000.00", "calculated"),
        (3, "family_allowance"): ("48000.00", "calculated"),
        (3, "yearly_reward"): ("12000.00", "calculated"),
        (4, "family_allowance"): ("24000.00", "calculated"),
        (4, "yearly_reward"): ("12000.00", "calculated"),
        (4, "one_off_reward"): ("5000.00", "calculated"),
        (5, "family_allowance"): ("24000.00", "calculated"),
        (5, "yearly_reward"): ("14400.00", "calculated"),
        (5, "one_off_reward"): ("7000.00", "calculated"),
    }
    assert "287,800.00" in stage.question("check").text
    text = words(stage.paper(f"{RUN}/calculation.docx"))
    assert text.count(number(2)) == 1
    assert "96000" in text
    stage.answer("check", verdict="approve")
    assert tell(stage) is None
    assert stage.question("approval").role == "finance_bureau"
    stage.answer("approval", verdict="approve")
    assert tell(stage) is None
    assert {status for _, status in sums().values()} == {"payment_approved"}
    roster = sheet(stage.paper(f"{RUN}/payment-roster.xlsx"))
    assert [row[0] for row in roster[-5:]] == [number(place) for place in range(1, 6)]
    assert sum(Decimal(str(row[-1])) for row in roster[-5:]) == Decimal(287800)
    assert roster[-1][-2] == luhn(5, 0)
    stage.answer("payment", verdict="paid", voucher="财凭2027-11")
    assert tell(stage) is None
    assert {status for _, status in sums().values()} == {"paid"}
    assert stage.status(RUN) == "paid"
    stage.travel(at(2028, 1, 1))
    assert tell(stage) == RUN
    closing = stage.outcome(RUN, "conclude")
    assert (closing["paid"], closing["unpaid"], closing["manual"]) == ("287800.00", [], [])
    assert stage.journal(RUN) == [
        ("opened", 1, "paying"), ("take_standards", 1, "paying"), ("ask-rosters", 1, "paying"), ("calculate", 1, "calculated"),
        ("write_sheets", 1, "calculated"), ("ask-check", 1, "calculated"), ("ask-approval", 1, "calculated"),
        ("approve_payments", 1, "payment_approved"), ("list_payments", 1, "payment_approved"),
        ("write_roster_files", 1, "payment_approved"), ("ask-payment", 1, "payment_approved"), ("record_payments", 1, "paid"),
        ("note_evasions", 1, "paid"), ("conclude", 1, "paid"), ("closed", 1, "closed"),
    ]  # fmt: skip
    mine = [step for step, _, _ in stage.journal(number(2)) if step.startswith("benefit-")]
    assert mine == ["benefit-2027-calculated", "benefit-2027-approved", "benefit-2027-paid"]
    assert stage.outcome(number(2), "benefit-2027-paid") == {
        "sums": {
            "family_allowance-2027": "24000.00",
            "yearly_reward-2027": "14400.00",
            "one_off_reward-2027": "7000.00",
        },
        "voucher": "财凭2027-11",
    }
    assert stage.notices(RUN)


def test_each_sum_keeps_its_working_its_readings_and_its_articles(stage: Stage) -> None:
    gathered(stage)
    with reading() as connection:
        row = connection.execute(
            select(BENEFITS.c.working).join(CASES, CASES.c.id == BENEFITS.c.case_id)
            .where(CASES.c.number == number(1), BENEFITS.c.item == "family_allowance")
        ).scalar_one()  # fmt: skip
    assert row["readings"]["conscription.family_allowance_factors"]["value"] == "highest"
    assert row["articles"][0] == "海政办发〔2023〕20号 第十九条第一项"
    assert "24000 元" in row["lines"][0]
    assert (row["sum"], row["standard"]["amount"]) == ("96000.00", "24000")


def test_hardship_inside_tibet_is_four_times_never_eight(stage: Stage) -> None:
    tell(stage)
    both = [row for area in (ServiceArea.TIBET, ServiceArea.HARDSHIP) for row in served(area)]
    send(stage, "service_year", both)
    tell(stage)
    stage.answer("rosters", verdict="done")
    tell(stage)
    assert sums()[1, "family_allowance"] == ("96000.00", "calculated")


def test_without_a_paper_on_the_area_a_person_rules_and_the_rest_is_paid(stage: Stage) -> None:
    tell(stage)
    send(stage, "account", [account(2)])
    tell(stage)
    stage.answer("rosters", verdict="done")
    tell(stage)
    found = sums()
    assert found[1, "family_allowance"] == ("", "manual")
    assert found[2, "family_allowance"] == ("", "manual")
    assert found[2, "yearly_reward"] == ("14400.00", "calculated")
    assert number(1) in stage.question("check").text
    approved(stage)
    roster = sheet(stage.paper(f"{RUN}/payment-roster.xlsx"))
    assert [(row[0], row[-1]) for row in roster[-1:]] == [(number(2), 21400)]
    stage.answer("payment", verdict="paid", voucher="凭1")
    assert tell(stage) is None
    send(stage, "service_year", served(*AREAS))  # the paper comes: the rest of it is a second round
    assert tell(stage) is None
    assert sums()[1, "family_allowance"] == ("96000.00", "calculated")
    assert sums()[2, "yearly_reward"] == ("14400.00", "paid")
    approved(stage)
    assert sheet(stage.paper(f"{RUN}/payment-roster-2.xlsx"))[-1][-1] == 24000


def test_an_interrupted_year_is_for_a_person(stage: Stage) -> None:
    tell(stage)
    send(stage, "service_year", served(*AREAS[:2], complete=False))
    tell(stage)
    stage.answer("rosters", verdict="done")
    tell(stage)
    assert sums()[2, "family_allowance"] == ("", "manual")
    assert sums()[2, "yearly_reward"] == ("", "manual")
    assert sums()[2, "one_off_reward"] == ("7000.00", "calculated")


def superior(place: int, item: str, amount: str, payer: str = "南通市退役军人事务局") -> SuperiorPaymentRow:
    return SuperiorPaymentRow(
        number=number(place), item=item, year=2027, amount=Decimal(amount), payer=payer, paid=date(2027, 3, 15)
    )


def test_of_two_rewards_only_the_higher_is_paid(stage: Stage) -> None:
    tell(stage)
    rows = [superior(2, "年度奖励金", "12000"), superior(5, "年度奖励金", "16000"), superior(3, "家庭优待金", "1000")]
    send(stage, "superior_payment", rows)
    gathered(stage)
    found = sums()
    assert found[2, "yearly_reward"] == ("2400.00", "calculated")  # T-CONS-20: 14,400 in all
    assert found[5, "yearly_reward"] == ("0.00", "calculated")  # T-CONS-21: the province pays 16,000
    assert found[3, "family_allowance"] == ("48000.00", "calculated")  # the allowance is no reward
    text = words(stage.paper(f"{RUN}/calculation.docx"))
    assert "就高不重复" in text
    approved(stage)
    stage.answer("payment", verdict="paid", voucher="凭1")
    assert tell(stage) is None
    assert sums()[5, "yearly_reward"] == ("0.00", "paid")


def test_several_superior_payers_add_up_before_they_are_compared(stage: Stage) -> None:
    tell(stage)
    send(stage, "superior_payment", [superior(2, "年度奖励金", "10000"), superior(2, "年度奖励金", "3000", "江苏省")])
    gathered(stage)
    assert sums()[2, "yearly_reward"] == ("1400.00", "calculated")


def test_an_item_that_is_none_goes_back(stage: Stage) -> None:
    tell(stage)
    taken = take_benefit_roster(RUN, "superior_payment", stage.roster([superior(2, "慰问金", "500")]))
    assert (taken.accepted, taken.rejected) == (0, 1)
    assert taken.returned is not None
    assert "家庭优待金、年度奖励金、立功受奖奖励金、一次性奖励金" in sheet(taken.returned)[-1][-1]


def test_merits_each_pay_once_and_the_same_act_only_the_higher(stage: Stage) -> None:
    tell(stage)
    rows = [award(1, AwardKind.THIRD_CLASS_MERIT, "令1", "抗洪"), award(1, AwardKind.FOUR_HAVES_SOLDIER, "令2", "抗洪"),
            award(2, AwardKind.THIRD_CLASS_MERIT, "令3"), award(2, AwardKind.FOUR_HAVES_SOLDIER, "令4")]  # fmt: skip
    send(stage, "award", rows)
    gathered(stage)
    assert sums()[1, "merit_reward"] == ("4800.00", "calculated")
    assert sums()[2, "merit_reward"] == ("7200.00", "calculated")
    assert "抗洪" not in stage.question("check").text


def test_a_roster_again_changes_nothing_and_a_mended_one_replaces(stage: Stage) -> None:
    tell(stage)
    path = stage.roster(served(*AREAS))
    take_benefit_roster(RUN, "service_year", path)
    before = stage.entries()
    assert take_benefit_roster(RUN, "service_year", path).repeat
    assert stage.entries() == before
    mended = served(*AREAS[:1], complete=False)
    assert take_benefit_roster(RUN, "service_year", stage.roster(mended)).accepted == 1
    assert stage.entries() == before + 2


def test_a_returned_check_asks_for_the_rosters_again_and_calculates_anew(stage: Stage) -> None:
    gathered(stage)
    stage.answer("check", verdict="return")
    assert tell(stage) is None
    mended = [ServiceYearRow(number=number(2), year=2027, area=ServiceArea.HARDSHIP, complete=True, document="部证2")]
    send(stage, "service_year", mended)
    tell(stage)
    stage.answer("rosters", verdict="done")
    assert tell(stage) is None
    assert sums()[2, "family_allowance"] == ("48000.00", "calculated")
    stage.answer("check", verdict="approve")
    tell(stage)
    stage.answer("approval", verdict="return")
    tell(stage)
    assert stage.question("rosters")
    assert {status for _, status in sums().values()} == {"calculated"}


def test_an_area_that_is_none_and_a_recruit_of_nowhere_go_back(stage: Stage) -> None:
    tell(stage)
    path = stage.roster([*served(*AREAS[:2]), *served(ServiceArea.ORDINARY, year=2028)])
    book = openpyxl.load_workbook(path)
    titles = {cell.value: cell.column for row in book.active.iter_rows(max_row=4) for cell in row if cell.value}
    last = book.active.max_row
    book.active.cell(last - 2, titles["服役地区"]).value = "新疆"
    book.active.cell(last - 1, titles["应征编号"]).value = "ZB-2027H1-000999"
    book.active.cell(last, titles["所属年度"]).value = 1999
    book.save(path)
    before = stage.entries()
    taken = take_benefit_roster(RUN, "service_year", path)
    assert (taken.accepted, taken.rejected) == (0, 3)
    assert taken.returned is not None
    reasons = [row[-1] for row in sheet(taken.returned)][-3:]
    assert "只能填写：一般地区、艰苦地区、进藏" in reasons[0]
    assert "名册中没有此人" in reasons[1]
    assert "2000至2099" in reasons[2]
    assert stage.entries() == before + 1  # the roster itself, and nothing of its rows
