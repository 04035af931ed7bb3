"""A year's registration and the order to correct, told without Prefect on a real database."""

import zipfile
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import select, update

from config.messages import Refusal
from config.rulebook import NotInForceError
from flows.registration import correction_order, military_registration
from models.roster import RegistrationResult, RegistrationRow, Sex
from tasks.ask import open_questions
from tasks.conscription.correction import CORRECTIONS
from tasks.conscription.registration import REGISTRANTS
from tasks.conscription.registration_intake import take_registration
from tasks.deadline import fire_rungs
from tasks.journal import case_id_of
from tasks.officer import OFFICERS
from tasks.store import reading, transaction
from tests.flows.service_stage import Stage, at, identity, stage_at

NUMBER = "DJ-2027"
COHORT, OLDER = date(2009, 12, 31), date(2008, 11, 10)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    with stage_at(tmp_path, monkeypatch, at(2027, 1, 10)) as opened:
        yield opened


def man(
    serial: int, *, born: date = COHORT, town: str = "三星镇", sex: Sex = Sex.MALE, registered: date | None = None
) -> RegistrationRow:
    return RegistrationRow(
        name="王伟", identity=identity(born, serial), sex=sex, born=born, town=town, registered=registered,
        result=RegistrationResult.LIABLE if registered else None,
    )  # fmt: skip


def begin(stage: Stage) -> None:
    assert stage.tell(military_registration.fn, 2027) is None
    stage.answer("announcement", verdict="approve")
    assert stage.tell(military_registration.fn, 2027) is None


def statuses() -> dict[str, int]:
    from collections import Counter  # noqa: PLC0415 -- a test's own count

    from tasks.journal import CASES  # noqa: PLC0415

    with reading() as connection:
        return Counter(
            connection.execute(select(CASES.c.status).where(CASES.c.parent_id == case_id_of(NUMBER))).scalars()
        )


def sheet(path: Path) -> list[tuple[Any, ...]]:
    return [tuple(cell.value for cell in row) for row in openpyxl.load_workbook(path).active.iter_rows()]


def words(path: Path) -> str:
    return zipfile.ZipFile(path).read("word/document.xml").decode()


def test_a_year_from_the_announcement_to_its_result(stage: Stage) -> None:
    begin(stage)
    assert stage.status(NUMBER) == "registering"
    assert "2027年12月31日前" in words(stage.paper("DJ-2027/announcement.docx"))

    stage.travel(at(2027, 3, 1))
    men = [
        man(1),
        man(3),
        man(5, registered=date(2027, 2, 20)),
        man(7, town="常乐镇"),
        man(9, born=OLDER, town="海永镇"),
    ]
    taken = take_registration(2027, stage.roster(men))
    assert (taken.accepted, taken.rejected) == (5, 0)
    assert statuses() == {"to_register": 3, "registered": 1, "registration_overdue": 1}
    assert stage.tell(military_registration.fn, 2027) is None

    stage.travel(at(2027, 5, 20))
    again = take_registration(2027, stage.roster([man(1, registered=date(2027, 5, 18)), man(7, town="常乐镇")]))
    assert (again.accepted, again.rejected) == (2, 0)
    assert stage.journal(f"{NUMBER}-000001") == [("listed", 1, "to_register"), ("registered", 1, "registered")]
    assert stage.tell(military_registration.fn, 2027) is None

    stage.travel(at(2027, 6, 30, 10))
    assert fire_rungs() == 3
    reminded = stage.notices(NUMBER)
    assert ("officer:S010", "notice_kernel.rung_last_day_lag") in reminded
    assert sorted({who for who, what in reminded if what.endswith("_lag")}) == [
        "officer:S010",
        "officer:S011",
        "officer:S015",
    ]
    assert stage.tell(military_registration.fn, 2027) is None

    stage.travel(at(2027, 7, 1))
    assert stage.tell(military_registration.fn, 2027) is None
    assert statuses() == {"registered": 2, "registration_overdue": 3}
    overdue = sheet(stage.paper("DJ-2027/overdue-changle.xlsx"))
    assert overdue[-1][0] == "DJ-2027-000004"
    assert overdue[-1][2] == identity(COHORT, 7)
    certificates = sheet(stage.paper("DJ-2027/certificates.xlsx"))
    assert [row[0] for row in certificates[-2:]] == ["DJ-2027-000001", "DJ-2027-000003"]

    stage.travel(at(2027, 9, 1))
    late = take_registration(2027, stage.roster([man(3, registered=date(2027, 7, 5))]))
    assert (late.accepted, late.rejected) == (1, 0)

    stage.travel(at(2028, 1, 1))
    assert stage.tell(military_registration.fn, 2027) == NUMBER
    assert stage.closed(NUMBER)
    result = stage.outcome(NUMBER, "count_towns")
    assert (result["cohort"], result["registered"], result["overdue"]) == (5, 3, 2)
    assert result["towns"]["sanxing"] == {"cohort": 3, "registered": 3, "late": 1, "overdue": 0}
    assert result["towns"]["haiyong"] == {"cohort": 1, "registered": 0, "late": 0, "overdue": 1}
    assert [row[0] for row in sheet(stage.paper("DJ-2027/certificates-2.xlsx"))[-1:]] == ["DJ-2027-000002"]
    assert "已登记3人" in words(stage.paper("DJ-2027/result.docx")).replace("</w:t>", "")
    assert stage.journal(NUMBER) == [
        ("opened", 1, "planned"), ("ask-announcement", 1, "planned"), ("announce", 1, "registering"),
        ("write_announcement", 1, "registering"), ("list_overdue", 1, "registering"), ("write_overdue", 1, "registering"),
        ("issue_certificates", 1, "registering"), ("count_towns", 1, "registering"), ("issue_certificates", 2, "registering"),
        ("write_result", 1, "registering"), ("closed", 1, "closed"),
    ]  # fmt: skip
    assert stage.notices(NUMBER)


def test_women_and_younger_men_go_back_with_the_reason_and_nothing_is_written_for_them(stage: Stage) -> None:
    begin(stage)
    rows = [man(1), man(2, sex=Sex.FEMALE), man(3, born=date(2010, 1, 1))]
    taken = take_registration(2027, stage.roster(rows))
    assert (taken.accepted, taken.rejected) == (1, 2)
    assert taken.returned is not None
    reasons = [row[-1] for row in sheet(taken.returned)][-2:]
    assert "男性公民" in reasons[0]
    assert "未满登记年龄" in reasons[1]
    assert sum(statuses().values()) == 1


def test_the_same_roster_twice_changes_nothing(stage: Stage) -> None:
    begin(stage)
    path = stage.roster([man(1), man(3)])
    take_registration(2027, path)
    before = stage.entries()
    assert take_registration(2027, path).repeat
    assert take_registration(2027, stage.roster([man(1), man(3), man(5)])).accepted == 3
    assert sum(statuses().values()) == 3
    assert stage.entries() == before + 2  # the new man, and the roster itself


def test_another_town_and_another_day_are_refused_rows(stage: Stage) -> None:
    begin(stage)
    stage.travel(at(2027, 3, 1))
    take_registration(2027, stage.roster([man(1, registered=date(2027, 2, 1)), man(3)]))
    taken = take_registration(2027, stage.roster([man(1, registered=date(2027, 2, 2)), man(3, town="常乐镇")]))
    assert (taken.accepted, taken.rejected) == (0, 2)
    assert taken.returned is not None
    reasons = [row[-1] for row in sheet(taken.returned)][-2:]
    assert "登记日期为2027-02-01" in reasons[0]
    assert "三星镇" in reasons[1]


def test_a_roster_before_the_announcement_is_refused_as_a_whole(stage: Stage) -> None:
    stage.tell(military_registration.fn, 2027)
    with pytest.raises(Refusal, match="不在登记期内"):
        take_registration(2027, stage.roster([man(1)]))
    assert statuses() == {}


def test_a_returned_announcement_is_asked_again_and_a_rejected_one_ends_the_year(stage: Stage) -> None:
    stage.tell(military_registration.fn, 2027)
    stage.answer("announcement", verdict="return")
    assert stage.tell(military_registration.fn, 2027) is None
    stage.answer("announcement", verdict="reject")
    assert stage.tell(military_registration.fn, 2027) == NUMBER
    assert stage.status(NUMBER) == "cancelled"


@pytest.mark.parametrize("year", [27, 20270])
def test_a_year_that_is_none_is_refused(stage: Stage, year: int) -> None:
    before = stage.entries()
    with pytest.raises(Refusal, match=f"年度“{year}”不对"):
        military_registration.fn(year)
    assert stage.entries() == before


def test_a_year_before_the_rules_names_them(stage: Stage) -> None:
    with pytest.raises(NotInForceError):
        military_registration.fn(2020)
    assert stage.entries() == 0


# -- the order to correct --------------------------------------------------------------------------------------------

MEMBER = "DJ-2027-000001"
CASE = "ZG-2027-0001"
ACT = date(2027, 7, 1)


@pytest.fixture
def evader(stage: Stage) -> Stage:
    """A man who did not register; the registration is past its day."""
    begin(stage)
    take_registration(2027, stage.roster([man(1), man(3)]))
    stage.travel(at(2027, 7, 2))
    stage.tell(military_registration.fn, 2027)
    return stage


def order(stage: Stage, offence: int = 1) -> None:
    assert stage.tell(correction_order.fn, MEMBER, offence, ACT) is None
    stage.answer("order", verdict="issue", evidence="登记核查表〔2027〕3号", how="到镇武装部补办登记")
    assert stage.tell(correction_order.fn, MEMBER, offence, ACT) is None


def lapse(stage: Stage, offence: int = 1) -> None:
    """Let the limit of 15 days and the five working days of the hearing pass."""
    stage.travel(at(2027, 7, 18))
    assert stage.tell(correction_order.fn, MEMBER, offence, ACT) is None
    assert stage.status(CASE) == "compelled"
    stage.travel(at(2027, 7, 26))
    assert stage.tell(correction_order.fn, MEMBER, offence, ACT) is None
    assert stage.question("legal_review")


def test_corrected_within_the_limit_ends_it(evader: Stage) -> None:
    order(evader)
    assert evader.status(CASE) == "order_to_correct"
    assert evader.outcome(CASE, "issue_order") == {"issued_on": "2027-07-02", "limit": "2027-07-17"}
    text = words(evader.paper(f"{CASE}/order.docx"))
    assert "2027年7月17日" in text
    assert "48,000.00元以上192,000.00元以下" in text
    evader.travel(at(2027, 7, 17, 23))
    evader.answer("correction", verdict="corrected")
    assert evader.tell(correction_order.fn, MEMBER, 1, ACT) == CASE
    assert evader.status(CASE) == "corrected"
    assert evader.closed(CASE)
    assert evader.notices(CASE)


def test_a_roster_that_shows_the_registration_wakes_the_case_and_ends_it(evader: Stage) -> None:
    order(evader)
    before = evader.nudges(CASE)
    evader.travel(at(2027, 7, 10))
    take_registration(2027, evader.roster([man(1, registered=date(2027, 7, 9))]))
    assert evader.nudges(CASE) == before + 1
    assert evader.tell(correction_order.fn, MEMBER, 1, ACT) == CASE
    assert evader.status(CASE) == "corrected"
    assert open_questions(case=CASE) == []


def test_an_answer_nudges_the_case_itself_though_it_grew_out_of_the_registration(evader: Stage) -> None:
    evader.tell(correction_order.fn, MEMBER, 1, ACT)
    before = evader.nudges(CASE), evader.nudges(NUMBER)
    evader.answer("order", verdict="issue", evidence="核查表", how="补办登记")
    assert (evader.nudges(CASE), evader.nudges(NUMBER)) == (before[0] + 1, before[1])


def test_uncorrected_it_is_compelled_reviewed_and_fined_within_the_bounds(evader: Stage) -> None:
    order(evader)
    lapse(evader)
    assert evader.outcome(CASE, "close_hearing") == "not_requested"
    evader.answer("legal_review", verdict="approve")
    assert evader.tell(correction_order.fn, MEMBER, 1, ACT) is None
    assert "48,000.00" in evader.question("fine").text
    for amount in ("47999", "192001", "0", "48000.001", "-1", "很多"):
        with pytest.raises(Refusal) as refused:
            evader.answer("fine", verdict="fine", amount=amount, correction="still_uncorrected")
        assert refused.value.key in ("benefit.fine_outside", "kernel.field_wrong")
        assert evader.question("fine").refusal == str(refused.value)
        assert evader.tell(correction_order.fn, MEMBER, 1, ACT) is None
    with pytest.raises(Refusal, match="应填0"):
        evader.answer("fine", verdict="no_fine", amount="50000", correction="still_uncorrected")
    evader.answer("fine", verdict="fine", amount="48000.00", correction="still_uncorrected")
    assert evader.tell(correction_order.fn, MEMBER, 1, ACT) == CASE
    assert evader.status(CASE) == "fined"
    ruling = evader.outcome(CASE, "rule_penalty", 2)
    assert (ruling["fine"], ruling["decided_on"], ruling["exit_and_study_until"]) == ("48000.00", "2027-07-26", None)
    assert "罚款48,000.00元" in words(evader.paper(f"{CASE}/penalty-2.docx"))
    assert [line for line in evader.journal(CASE) if line[0] in ("issue_order", "compel", "rule_penalty", "closed")] == [
        ("issue_order", 1, "order_to_correct"), ("compel", 1, "compelled"), ("rule_penalty", 2, "fined"), ("closed", 2, "fined"),
    ]  # fmt: skip
    assert evader.notices(CASE)


def test_the_fine_is_optional(evader: Stage) -> None:
    order(evader)
    lapse(evader)
    evader.answer("legal_review", verdict="approve")
    evader.tell(correction_order.fn, MEMBER, 1, ACT)
    evader.answer("fine", verdict="no_fine", amount="0", correction="still_uncorrected")
    assert evader.tell(correction_order.fn, MEMBER, 1, ACT) == CASE
    assert evader.status(CASE) == "compelled"
    assert evader.outcome(CASE, "rule_penalty", 2)["fine"] is None


def test_a_fine_for_concealment_waits_for_its_legal_basis(evader: Stage) -> None:
    order(evader, 2)
    lapse(evader, 2)
    with pytest.raises(Refusal, match="须先登记法律依据"):
        evader.answer("legal_review", verdict="approve")
    evader.tell(correction_order.fn, MEMBER, 2, ACT)
    evader.answer("legal_review", verdict="approve", basis="江苏省征兵工作条例（条款待核）")
    evader.tell(correction_order.fn, MEMBER, 2, ACT)
    evader.answer("fine", verdict="fine", amount="60000", correction="still_uncorrected")
    assert evader.tell(correction_order.fn, MEMBER, 2, ACT) == CASE
    assert evader.outcome(CASE, "rule_penalty", 2)["legal_basis"] == "江苏省征兵工作条例（条款待核）"


def test_a_review_that_rejects_ends_it_without_a_fine(evader: Stage) -> None:
    order(evader, 2)
    lapse(evader, 2)
    evader.answer("legal_review", verdict="reject")
    assert evader.tell(correction_order.fn, MEMBER, 2, ACT) == CASE
    assert evader.status(CASE) == "compelled"


def test_evading_call_up_bars_with_dates(evader: Stage) -> None:
    order(evader, 3)
    lapse(evader, 3)
    evader.answer("legal_review", verdict="approve")
    evader.tell(correction_order.fn, MEMBER, 3, ACT)
    evader.answer("fine", verdict="fine", amount="192000", correction="still_uncorrected")
    assert evader.tell(correction_order.fn, MEMBER, 3, ACT) == CASE
    assert evader.status(CASE) == "barred"
    ruling = evader.outcome(CASE, "rule_penalty", 2)
    assert ruling["exit_and_study_until"] == "2029-07-26"
    assert len(ruling["not_hired_as"]) == 4
    assert Decimal(ruling["fine"]) == 192000


def test_whoever_corrects_after_the_limit_is_not_barred(evader: Stage) -> None:
    order(evader, 3)
    lapse(evader, 3)
    evader.answer("legal_review", verdict="approve")
    evader.tell(correction_order.fn, MEMBER, 3, ACT)
    evader.answer("fine", verdict="fine", amount="50000", correction="since_corrected")
    assert evader.tell(correction_order.fn, MEMBER, 3, ACT) == CASE
    assert evader.status(CASE) == "fined"


def test_a_hearing_that_is_asked_for_is_held_first(evader: Stage) -> None:
    order(evader)
    evader.travel(at(2027, 7, 18))
    evader.tell(correction_order.fn, MEMBER, 1, ACT)
    evader.answer("hearing", verdict="requested")
    evader.tell(correction_order.fn, MEMBER, 1, ACT)
    evader.travel(at(2027, 8, 20))
    assert evader.tell(correction_order.fn, MEMBER, 1, ACT) is None
    evader.answer("hearing_record", verdict="held", minutes="听证笔录2027-1")
    assert evader.tell(correction_order.fn, MEMBER, 1, ACT) is None
    assert evader.outcome(CASE, "close_hearing") == "held 听证笔录2027-1"
    assert evader.question("legal_review")


def test_an_offence_two_years_old_is_not_fined(evader: Stage) -> None:
    old = date(2025, 7, 1)
    with transaction() as tx:  # the act came to light late
        assert tx.core.execute(update(REGISTRANTS).values(late=False)).rowcount
    assert evader.tell(correction_order.fn, MEMBER, 1, old) is None
    evader.answer("order", verdict="issue", evidence="核查表", how="补办登记")
    evader.tell(correction_order.fn, MEMBER, 1, old)
    evader.travel(at(2027, 7, 18))
    evader.tell(correction_order.fn, MEMBER, 1, old)
    evader.travel(at(2027, 7, 26))
    evader.tell(correction_order.fn, MEMBER, 1, old)
    evader.answer("legal_review", verdict="approve")
    assert evader.tell(correction_order.fn, MEMBER, 1, old) == CASE
    assert evader.outcome(CASE, "set_bounds", 2) == {"fine": None, "missing": ["limitation"]}
    assert evader.status(CASE) == "compelled"


def test_a_missing_standard_is_asked_of_finance_and_never_last_years(evader: Stage) -> None:
    order(evader)
    lapse(evader)
    evader.travel(at(2028, 1, 5))
    evader.answer("legal_review", verdict="approve")
    assert evader.tell(correction_order.fn, MEMBER, 1, ACT) is None
    asked = evader.question("standard.2028")
    assert asked.role == "finance_bureau"
    assert "family_allowance_base[2028] missing" in asked.text
    evader.answer("standard.2028", verdict="set", amount="26000", notice="海政发〔2028〕1号")
    assert evader.tell(correction_order.fn, MEMBER, 1, ACT) is None
    assert "52,000.00" in evader.question("fine").text


def test_the_day_of_the_signature_rules_when_the_year_turns_meanwhile(evader: Stage) -> None:
    order(evader)
    lapse(evader)
    evader.answer("legal_review", verdict="approve")
    evader.tell(correction_order.fn, MEMBER, 1, ACT)
    evader.travel(at(2028, 1, 5))
    evader.answer("fine", verdict="fine", amount="48000", correction="still_uncorrected")
    assert evader.tell(correction_order.fn, MEMBER, 1, ACT) is None
    assert evader.outcome(CASE, "rule_penalty", 2)["settled"] is False
    evader.answer("standard.2028", verdict="set", amount="26000", notice="海政发〔2028〕1号")
    evader.tell(correction_order.fn, MEMBER, 1, ACT)
    evader.answer("fine", verdict="fine", amount="52000", correction="still_uncorrected")
    assert evader.tell(correction_order.fn, MEMBER, 1, ACT) == CASE
    assert evader.outcome(CASE, "rule_penalty", 3)["fine"] == "52000"


def test_the_same_offence_is_one_case_and_another_the_next_number(evader: Stage) -> None:
    evader.tell(correction_order.fn, MEMBER, 1, ACT)
    evader.tell(correction_order.fn, MEMBER, 1, ACT)
    evader.tell(correction_order.fn, "DJ-2027-000002", 1, ACT)
    with reading() as connection:
        places = connection.execute(select(CORRECTIONS.c.place).order_by(CORRECTIONS.c.place)).scalars().all()
    assert places == [1, 2]


def test_a_dropped_matter_is_cancelled(evader: Stage) -> None:
    evader.tell(correction_order.fn, MEMBER, 1, ACT)
    evader.answer("order", verdict="drop", evidence="核查表", how="不予立案")
    assert evader.tell(correction_order.fn, MEMBER, 1, ACT) == CASE
    assert evader.status(CASE) == "cancelled"


def test_nobody_decides_on_his_own_case(evader: Stage) -> None:
    from models.column import key_ring  # noqa: PLC0415 -- only here

    with transaction() as tx:
        mine = update(OFFICERS).where(OFFICERS.c.staff_no == "S001")
        tx.core.execute(mine.values(identity_index=key_ring().index(identity(COHORT, 1))))
    evader.tell(correction_order.fn, MEMBER, 1, ACT)
    with pytest.raises(Refusal, match="应当回避"):
        evader.answer("order", verdict="issue", evidence="核查表", how="补办登记")


@pytest.mark.parametrize(
    ("member", "offence", "act_on", "sentence"),
    [
        ("DJ-2027-999999", 1, ACT, "没有编号为"),
        (NUMBER, 1, ACT, "不是个人编号"),
        (MEMBER, 4, ACT, "没有第“4”类情形"),
        (MEMBER, 1, date(2030, 1, 1), "晚于今天"),
    ],
)
def test_a_wrong_start_gets_its_sentence_and_opens_nothing(
    evader: Stage, member: str, offence: int, act_on: date, sentence: str
) -> None:
    before = evader.entries()
    with pytest.raises(Refusal, match=sentence):
        correction_order.fn(member, offence, act_on)
    assert evader.entries() == before


def test_no_notice_question_or_journal_names_anybody(evader: Stage) -> None:
    order(evader)
    lapse(evader)
    number = identity(COHORT, 1)
    database = evader.folder / "home" / "banjie.db"
    content = database.read_bytes() + database.with_name("banjie.db-wal").read_bytes()
    assert number.encode() not in content
    assert "王伟".encode() not in content
