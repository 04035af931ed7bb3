"""The order to correct and what may follow it (Art. 24), told without Prefect on a real database."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select, update

from config.messages import Refusal
from flows.registration import correction_order, military_registration
from models.column import key_ring
from tasks.ask import open_questions
from tasks.conscription.correction import CORRECTIONS
from tasks.conscription.registration_intake import take_registration
from tasks.officer import OFFICERS
from tasks.store import reading, transaction
from tests.flows.registration_stage import COHORT, NUMBER, begin, man
from tests.flows.service_stage import Stage, at, identity, stage_at, words

MEMBER = "DJ-2027-000001"
CASE = "ZG-2027-0001"
ACT = date(2027, 7, 1)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    with stage_at(tmp_path, monkeypatch, at(2027, 1, 10)) as opened:
        yield opened


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
