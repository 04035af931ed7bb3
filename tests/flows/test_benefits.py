"""The benefits of a season's recruits, told without Prefect on a real database: sums, statuses, journal, papers, money."""

import zipfile
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import select

from config import rulebook
from config.messages import Refusal
from flows.benefits import conscription_benefits
from models.conscription.status import MemberStatus as M
from models.roster import (
    AccountRow,
    ApplicationBasis,
    ApplicationRow,
    AwardKind,
    AwardRow,
    Education,
    ReturnGround,
    ReturnRow,
    ServiceArea,
    ServiceYearRow,
    Sex,
    Standing,
    SuperiorPaymentRow,
)
from tasks.ask import open_questions
from tasks.conscription import course, service
from tasks.conscription.benefit_intake import take_benefit_roster
from tasks.conscription.benefit_roll import BENEFITS
from tasks.conscription.intake import take_roster
from tasks.journal import CASES, Page, lock
from tasks.members import over_members
from tasks.step import Dossier
from tasks.store import reading, transaction
from tests.flows.service_stage import Stage, at, identity, stage_at

RUN, NEXT = "YD-2027H1-2027", "YD-2027H1-2028"
ZB = "ZB-2027H1"
BORN = date(2006, 5, 1)
PEOPLE = (
    (Education.SENIOR_MIDDLE, Standing.GRADUATE),
    (Education.BACHELOR, Standing.GRADUATE),
    (Education.BACHELOR, Standing.STUDENT),
    (Education.JUNIOR_COLLEGE, Standing.FRESH_GRADUATE),
    (Education.MASTER, Standing.STUDENT),
)
"""1 school leaver, 2 bachelor graduate, 3 bachelor student, 4 junior-college graduate, 5 master's student."""


@over_members(M.APPLIED_ONLINE)
def enlist(dossier: Dossier, members: list[Any]) -> Iterator[Any]:  # noqa: ARG001 -- a step takes its dossier
    from tasks.members import Moved  # noqa: PLC0415 -- only here

    for member in members:
        yield Moved(member, M.IN_SERVICE, {"arrived": "2027-03-10"})


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    with stage_at(tmp_path, monkeypatch, at(2027, 3, 20)) as opened:
        enter(opened)
        yield opened


def enter(stage: Stage) -> None:
    """Bring five recruits of the first season of 2027 into service."""
    season = course.open_season(course.read_plan("2027H1"))
    rows = [
        ApplicationRow(
            name="李强", identity=identity(BORN, 2 * place + 1), sex=Sex.MALE, born=BORN, town="三星镇", education=education,
            standing=standing, school="南通大学", science=False, phone="13800000000", basis=ApplicationBasis.HOUSEHOLD, willing=True,
        )
        for place, (education, standing) in enumerate(PEOPLE)
    ]  # fmt: skip
    assert take_roster(ZB, "application", stage.roster(rows)).accepted == len(PEOPLE)
    enlist(season)


def number(place: int) -> str:
    return f"{ZB}-{place:06}"


def served(*areas: ServiceArea, year: int = 2027, complete: bool = True) -> list[ServiceYearRow]:
    return [ServiceYearRow(number=number(place), year=year, area=area, complete=complete, document="部证〔2027〕1号")
            for place, area in enumerate(areas, 1)]  # fmt: skip


def account(place: int, serial: int = 0) -> AccountRow:
    return AccountRow(
        number=number(place), holder="李强", relation="本人", bank="农业银行海门支行", account=luhn(place, serial)
    )


def luhn(place: int, serial: int) -> str:
    body = f"62284804{place:05}{serial:05}"
    doubled = [int(digit) * (2 if at % 2 == 0 else 1) for at, digit in enumerate(reversed(body))]
    return body + str(-sum(d - 9 if d > 9 else d for d in doubled) % 10)


def send(stage: Stage, form: str, rows: list[Any], run: str = RUN) -> Any:
    taken = take_benefit_roster(run, form, stage.roster(rows))
    assert taken.rejected == 0, taken
    return taken


def tell(stage: Stage, year: int = 2027) -> Any:
    return stage.tell(conscription_benefits.fn, "2027H1", year)


AREAS = (ServiceArea.TIBET, ServiceArea.ORDINARY, ServiceArea.HARDSHIP, ServiceArea.ORDINARY, ServiceArea.ORDINARY)


def gathered(stage: Stage, *, accounts: int = 5) -> None:
    """Bring the run to the check: areas and accounts are in."""
    assert tell(stage) is None
    send(stage, "service_year", served(*AREAS))
    send(stage, "account", [account(place) for place in range(1, accounts + 1)])
    assert tell(stage) is None
    stage.answer("rosters", verdict="done")
    assert tell(stage) is None


def approved(stage: Stage, year: int = 2027) -> None:
    stage.answer("check", verdict="approve")
    assert tell(stage, year) is None
    stage.answer("approval", verdict="approve")
    assert tell(stage, year) is None


def sums() -> dict[tuple[int, str], tuple[str, str]]:
    chosen = select(CASES.c.number, BENEFITS.c.item, BENEFITS.c.amount, BENEFITS.c.status, BENEFITS.c.year)
    with reading() as connection:
        rows = connection.execute(chosen.join(CASES, CASES.c.id == BENEFITS.c.case_id).where(BENEFITS.c.year == 2027))
        return {(int(row.number[-6:]), row.item): (row.amount, row.status) for row in rows}


def sheet(path: Path) -> list[tuple[Any, ...]]:
    return [tuple(cell.value for cell in row) for row in openpyxl.load_workbook(path).active.iter_rows()]


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
    text = zipfile.ZipFile(stage.paper(f"{RUN}/calculation.docx")).read("word/document.xml").decode()
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
    assert row["readings"]["conscription.family_allowance_factors"].startswith("highest")
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
    text = zipfile.ZipFile(stage.paper(f"{RUN}/calculation.docx")).read("word/document.xml").decode()
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


def award(
    place: int, kind: AwardKind, document: str, act: str | None = None, awarded: date = date(2027, 3, 18)
) -> AwardRow:
    return AwardRow(number=number(place), kind=kind, awarded=awarded, act=act, document=document)


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


def send_back(stage: Stage, place: int, ground: ReturnGround) -> None:
    """The unit sends a recruit back, and the season deals with it."""
    row = ReturnRow(
        number=number(place), ground=ground, arrived=date(2027, 3, 10), letter_on=date(2027, 3, 20), letter="函1"
    )
    assert take_roster(ZB, "return", stage.roster([row])).accepted == 1
    season = course.open_season(course.read_plan("2027H1")).at_turn(place)
    service.deregister(season)
    service.settle_returns(season)


def paid(stage: Stage) -> None:
    gathered(stage)
    approved(stage)
    stage.answer("payment", verdict="paid", voucher="凭1")
    assert tell(stage) is None


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
    with pytest.raises(Refusal, match="尚无服役人员"):
        conscription_benefits.fn("2027H1", 2027)


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
