"""Feedback within two working days, told once and whole, corrections and their clocks (Art. 14)."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from config.calendar import calendar
from config.messages import Refusal
from config.zone import SHANGHAI
from models.deadline import Clock, DeadlineTerms
from models.policy_redemption.policy import Condition
from models.receipt import receipt
from models.roster import PolicyApplicationRow
from tasks.ask import open_questions
from tasks.clock import now
from tasks.policy_redemption.online import apply_online
from tasks.policy_redemption.roll import DEFICIENCIES
from tests.flows.redemption_stage import NOTICE, Redeeming, content, member, moved, redeeming_at, uscc
from tests.flows.service_stage import at, sheet
from tests.ground import rows_of

BY_PERSON = Condition(name="技术先进性", judged_by="person")


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Redeeming]:
    with redeeming_at(tmp_path, monkeypatch) as made:
        made.policy()
        made.budget()
        yield made


@pytest.fixture
def in_2023(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Redeeming]:
    """The year of the measures: in force since 27 June 2023."""
    with redeeming_at(tmp_path, monkeypatch, at(2023, 6, 28)) as made:
        made.policy(content(issued=date(2023, 6, 27), conditions=(BY_PERSON,)))
        made.budget(year=2023)
        made.firms(1)
        yield made


NOTICE_2023 = "DX-2023-0001"


def test_T_POL_06_feedback_is_due_on_the_second_working_day(
    in_2023: Redeeming, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_2023.number = NOTICE_2023
    in_2023.launched(opens=date(2023, 6, 28), closes=date(2023, 9, 30))
    in_2023.travel(at(2023, 6, 29, 10))
    in_2023.apply(1)
    assert in_2023.clock(1, "feedback").due_at.astimezone(SHANGHAI).date() == date(2023, 7, 3)


def test_T_POL_07_make_up_days_count_so_feedback_on_8_october_is_on_time(
    in_2023: Redeeming, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_2023.number = NOTICE_2023
    in_2023.launched(opens=date(2023, 6, 28), closes=date(2023, 9, 30))
    in_2023.travel(at(2023, 9, 28, 16))
    in_2023.apply(1)
    assert in_2023.go(opens=date(2023, 6, 28), closes=date(2023, 9, 30)) is None
    assert in_2023.standing() == {1: "checking"}
    in_2023.travel(at(2023, 10, 8, 17))
    in_2023.sign("acceptance")
    assert in_2023.go(opens=date(2023, 6, 28), closes=date(2023, 9, 30)) is None
    clock = in_2023.clock(1, "feedback")
    assert clock.due_at.astimezone(SHANGHAI).date() == date(2023, 10, 8)
    assert clock.met_at <= clock.due_at
    assert in_2023.standing() == {1: "reviewing"}


def test_T_POL_09_one_notice_lists_everything_and_a_second_one_is_refused(stage: Redeeming) -> None:
    stage.firms(1, account=False)
    stage.launched()
    stage.send(
        "policy_application", [PolicyApplicationRow(uscc=uscc(1), papers=f"审计报告={stage.file('1-审计报告.pdf')}")]
    )
    assert stage.go() is None
    assert stage.standing() == {1: "correction"}
    assert [row.item for row in rows_of(DEFICIENCIES)] == ["认定证书", "account"]
    assert stage.letters(1) == ["received", "correction"]
    assert "认定证书" in str(stage.last(1, "examine_applications")["missing"])
    stage.hand_in(1, "认定证书")
    assert stage.go() is None
    assert stage.standing() == {1: "correction"}, "half of it mends nothing, and no second notice goes out"
    assert stage.letters(1) == ["received", "correction"]
    stage.send(
        "policy_application",
        [PolicyApplicationRow(uscc=uscc(1), holder="某公司", bank="农行", account="10729001040012345")],
    )
    assert stage.go() is None
    assert stage.standing() == {1: "reviewing"}
    with pytest.raises(Refusal) as refused:
        stage.sign("review", 1, "science_bureau", verdict="return", items="审计报告")
    assert "不得再次要求补正" in str(refused.value)
    assert stage.standing() == {1: "reviewing"}
    assert [row.notice for row in rows_of(DEFICIENCIES)] == [1, 1]
    with pytest.raises(Refusal):
        stage.sign("review", 1, "science_bureau", verdict="return", items="收款账户")
    stage.sign("review", 1, "science_bureau", verdict="return", items="认定证书")  # nobody had seen this paper then
    assert stage.go() is None
    assert stage.standing() == {1: "correction"}
    assert [row.notice for row in rows_of(DEFICIENCIES)] == [1, 1, 2]


def test_the_promised_days_stand_still_while_the_firm_owes_papers_and_the_receipt_says_so(stage: Redeeming) -> None:
    stage.firms(1)
    stage.launched()
    stage.apply(1, papers=False)
    assert stage.go() is None
    before = stage.clock(1, "promise")
    assert before.due_at is None, "paused: nobody can say when it ends"
    stage.travel(now() + timedelta(days=7))
    stage.hand_in(1, "认定证书", "审计报告")
    assert stage.go() is None
    assert stage.standing() == {1: "reviewing"}
    clock = stage.clock(1, "promise")
    assert len(clock.pauses) == 1
    terms = DeadlineTerms.under_rules(Clock(clock.clock), clock.anchor_at, clock.budget, clock.pauses)
    marks = [line.mark for line in receipt(terms, calendar())]
    assert marks.count("paused") >= 7
    assert marks.count("counted") == 20
    again = stage.clock(1, "feedback", 2)
    assert again.anchor_at > clock.anchor_at
    assert again.met_at is not None


def test_who_mends_nothing_in_time_is_out_and_the_others_go_on(stage: Redeeming) -> None:
    stage.firms(3)
    stage.launched()
    stage.apply(1, 2, papers=False)
    stage.apply(3)
    assert stage.go() is None
    assert stage.standing() == {1: "correction", 2: "correction", 3: "reviewing"}
    stage.settle_reviews(3)
    assert stage.standing()[3] == "posted", "nothing waits on a single applicant"
    due = stage.clock(1, "correction").due_at
    stage.travel(due - timedelta(hours=1))
    assert stage.go() is None
    stage.hand_in(2, "认定证书", "审计报告")
    assert stage.go() is None
    stage.travel(due + timedelta(seconds=2))
    assert stage.go() is None
    assert stage.standing()[1] == "expired"
    assert stage.standing()[2] == "reviewing"
    assert stage.letters(1)[-1] == "expired"


def test_a_condition_that_fails_is_put_to_the_section_which_refuses_with_its_reason(stage: Redeeming) -> None:
    stage.firms(1, titles=[])
    stage.launched()
    stage.apply(1)
    assert stage.go() is None
    asked = open_questions()
    assert [(one.point, one.role) for one in asked] == [("acceptance", "science_bureau")]
    assert "高新技术企业" in asked[0].text
    stage.sign("acceptance", verdict="reject", reason="不是高新技术企业")
    assert stage.go() is None
    assert stage.standing() == {1: "not_accepted"}
    assert stage.last(1, "judge_acceptance")["reason"] == "不是高新技术企业"
    assert stage.letters(1)[-1] == "not_accepted"
    assert stage.clock(1, "promise").met_at is not None


def test_the_section_lists_all_of_it_or_is_refused(stage: Redeeming) -> None:
    stage.policy(content(conditions=(BY_PERSON,), matter="另一事项"), code="ZC-2027-002")
    stage.firms(1)
    stage.launched(code="ZC-2027-002")
    stage.apply(1)
    assert stage.go(code="ZC-2027-002") is None
    for items, why in (("", "须一次写明"), ("营业执照", "只能写")):
        with pytest.raises(Refusal) as refused:
            stage.sign("acceptance", verdict="return", items=items)
        assert why in str(refused.value)
    stage.sign("acceptance", verdict="return", items="认定证书、说明")
    assert stage.go(code="ZC-2027-002") is None
    assert stage.standing() == {1: "correction"}
    stage.hand_in(1, "认定证书", "说明")
    assert stage.go(code="ZC-2027-002") is None
    assert stage.standing() == {1: "checking"}


def test_an_application_is_judged_by_the_version_in_force_on_its_day(stage: Redeeming) -> None:
    stage.policy(content(title="研发奖励", matter="甲事项"), content(title="研发奖励（修订）", matter="甲事项", issued=date(2027, 3, 10), materials=()),
                 code="ZC-2027-003")  # fmt: skip
    stage.firms(2)
    stage.launched(code="ZC-2027-003")
    stage.apply(1, papers=False)
    stage.travel(at(2027, 3, 10))
    stage.apply(2, papers=False)
    assert stage.go(code="ZC-2027-003") is None
    assert stage.standing() == {1: "correction", 2: "reviewing"}
    assert stage.last(1, "apply")["policy_version"] == 1
    assert stage.last(2, "apply")["policy_version"] == 2


def test_rows_that_cannot_be_taken_go_back_with_their_reason(stage: Redeeming) -> None:
    stage.firms(3)
    stage.launched()
    assert stage.apply(1).accepted == 1
    rows = [
        PolicyApplicationRow(uscc=uscc(1), requested="5"),
        PolicyApplicationRow(uscc=uscc(9)),
        PolicyApplicationRow(uscc=uscc(2), papers="营业执照=a.pdf"),
        PolicyApplicationRow(uscc=uscc(3), papers="认定证书=没有这个文件.pdf"),
    ]
    taken = stage.send("policy_application", rows)
    assert (taken.accepted, taken.rejected) == (0, 4)
    assert taken.returned is not None
    reasons = [str(row[-1]) for row in sheet(taken.returned)][-4:]
    for reason, words in zip(reasons, ("已经申报", "尚未在平台登记", "不在材料清单内", "找不到文件"), strict=True):
        assert words in reason
    late = stage.send("policy_application", [PolicyApplicationRow(uscc=uscc(2))])
    assert late.accepted == 1
    stage.travel(at(2027, 4, 1))
    assert stage.go() is None
    with pytest.raises(Refusal, match="不在申报期内"):
        stage.send("policy_application", [PolicyApplicationRow(uscc=uscc(3))])


def test_an_application_over_http_is_taken_in_once(stage: Redeeming) -> None:
    stage.firms(1)
    stage.launched()
    given = {
        "requested": "80000",
        "figures": "研发费用=1,200,000\n职工人数=5",
        "materials": stage.whole(1).replace("；", "\n"),
    }
    with pytest.raises(Refusal, match="数据项"):
        apply_online(NOTICE, uscc(1), **given)
    given["figures"] = "研发费用=1,200,000"
    number = apply_online(NOTICE, uscc(1), **given)
    before = stage.entries()
    assert apply_online(NOTICE, uscc(1), **given) == number == member(1)
    assert stage.entries() == before
    with pytest.raises(Refusal, match="已经申报"):
        apply_online(NOTICE, uscc(1), **given | {"requested": "9"})
    assert stage.go() is None
    assert stage.last(1, "apply")["figures"] == {"research": "1200000"}
    assert len(stage.last(1, "apply")["papers"][0]["sha256"]) == 64
    for wrong in ({"uscc": "9132"}, {"notice": "DX-2027-0009"}, {"requested": "0.001"}, {"materials": "认定证书"}):
        with pytest.raises(Refusal):
            apply_online(**{"notice": NOTICE, "uscc": uscc(1)} | wrong)


def test_a_policy_that_no_machine_can_judge_goes_to_the_section(stage: Redeeming) -> None:
    stage.firms(1)
    stage.launched()
    stage.apply(1)
    moved(1, titles=None)
    assert stage.go() is None
    assert stage.standing() == {1: "checking"}
    assert (
        "待人工核实" in str(stage.last(1, "examine_applications")["why"])
        or stage.last(1, "examine_applications")["why"]
    )
