"""The story of a redemption notice without Prefect: feedback, one correction notice, levels of review, publicity, payment."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from config.messages import Refusal
from models.policy_redemption.policy import Condition, Grant, Lane
from models.roster import Channel, FirmAccountRow, ObjectionGround, PolicyObjectionRow
from tasks import take_back, verbs
from tasks.ask import open_questions
from tasks.journal import case_id_of
from tasks.matter import Addressee
from tasks.policy_redemption.arrival import object_to
from tasks.policy_redemption.ledger import balances
from tasks.policy_redemption.withdrawal import withdraw_application
from tasks.rung import fire_rungs
from tests.flows.redemption_stage import CLOSES, CODE, NOTICE, OPENS, Redeeming, content, member, redeeming_at
from tests.flows.service_stage import at
from tests.ground import DEADLINES, DECISIONS, ENTRIES, NOTICES, rows_of
from tests.published import posted


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Redeeming]:
    with redeeming_at(tmp_path, monkeypatch) as made:
        made.policy()
        made.budget()
        yield made


def test_a_whole_application_goes_from_receipt_to_money(stage: Redeeming) -> None:
    stage.firms(1)
    stage.launched()
    taken = stage.apply(1)
    assert (taken.accepted, taken.rejected) == (1, 0)
    assert stage.go() is None
    assert stage.standing() == {1: "reviewing"}
    assert stage.clock(1, "feedback").met_at is not None
    stage.settle_reviews()
    assert stage.standing() == {1: "posted"}
    stage.posting_over()
    assert stage.standing() == {1: "paying"}
    stage.treasury()
    assert stage.go() is None
    assert stage.standing() == {1: "paid"}
    stage.travel(at(2027, 4, 1))
    assert stage.go() == NOTICE
    assert stage.closed(NOTICE)
    assert stage.lines(1) == [
        ("apply", "submitted"),
        ("examine_applications", "reviewing"),
        ("judge_reviews", "reviewing"),
        ("judge_reviews", "approved"),
        ("post_results", "posted"),
        ("end_postings", "payable"),
        ("draw_batch", "paying"),
        ("record_payment_results", "paid"),
    ]
    assert stage.letters(1) == ["received", "accepted", "granted", "payable"]
    assert stage.status(NOTICE) == "closed"
    assert stage.told_steps()[:4] == ["call_for_applications", "take_stock", "take_stock", "examine_applications"]
    stage.notices(NOTICE)


def accepted(stage: Redeeming, count: int = 1, **facts: Any) -> None:
    """Bring whole applications under review."""
    stage.firms(count, **facts)
    stage.launched()
    stage.apply(*range(1, count + 1))
    assert stage.go() is None
    assert set(stage.standing().values()) == {"reviewing"}


def test_departments_of_a_level_review_side_by_side_and_all_must_agree(stage: Redeeming) -> None:
    accepted(stage)
    assert sorted(one.role for one in open_questions()) == ["science_bureau", "tax_bureau"]
    stage.sign("review", 1, "tax_bureau")
    assert stage.go() is None
    assert [one.role for one in open_questions()] == ["science_bureau"]
    stage.sign("review", 1, "science_bureau")
    assert stage.go() is None
    assert [one.role for one in open_questions()] == ["finance_bureau"]


def test_a_return_cancels_the_siblings_and_goes_back_level_by_level(stage: Redeeming) -> None:
    accepted(stage)
    for role in ("science_bureau", "tax_bureau"):
        stage.sign("review", 1, role)
    stage.go()
    stage.sign("review", 1, "finance_bureau", verdict="return", reason="请再核研发费用")
    stage.go()
    assert sorted(one.role for one in open_questions()) == ["science_bureau", "tax_bureau"]
    assert stage.last(1, "judge_reviews")["next_level"] == 1
    stage.sign("review", 1, "tax_bureau", verdict="return", items="审计报告", reason="审计报告缺页")
    assert stage.go() is None
    assert open_questions() == [], "the sibling need not answer any more"
    assert stage.standing() == {1: "correction"}
    stage.hand_in(1, "审计报告")
    stage.go()
    assert stage.standing() == {1: "reviewing"}
    stage.settle_reviews()
    assert stage.standing() == {1: "posted"}


def test_a_refusal_ends_it_with_the_reason(stage: Redeeming) -> None:
    accepted(stage)
    stage.sign("review", 1, "tax_bureau", verdict="reject", reason="欠缴税款")
    stage.go()
    assert stage.standing() == {1: "refused"}
    assert stage.letters(1)[-1] == "refused"
    assert open_questions() == []
    stage.travel(at(2027, 4, 1))
    assert stage.go() == NOTICE
    assert stage.outcome(NOTICE, "closed", stage.last_turn())["ends"] == {"refused": 1}


def test_what_the_budget_does_not_reach_waits_for_it_in_the_order_of_receipt(stage: Redeeming) -> None:
    stage.budget("150000")
    accepted(stage, 3)
    stage.settle_reviews()
    assert stage.standing() == {1: "posted", 2: "awaiting_budget", 3: "awaiting_budget"}
    assert stage.letters(2)[-1] == "awaiting_budget"
    assert stage.clock(2, "promise").met_at is not None
    stage.budget("250000")
    assert stage.go() is None
    assert stage.standing() == {1: "posted", 2: "posted", 3: "awaiting_budget"}
    withdraw_application(member(1), "企业放弃")
    assert stage.go() is None
    assert stage.standing() == {1: "withdrawn", 2: "posted", 3: "posted"}


def test_the_sum_is_a_share_up_to_its_cap_and_never_above_what_was_asked_for(stage: Redeeming) -> None:
    stage.firms(1)
    stage.firms(1, first=2, research="9000000")
    stage.firms(1, first=3)
    stage.launched()
    stage.apply(1, 2)
    stage.apply(3, requested=Decimal("1234.56"))
    stage.go()
    stage.settle_reviews()
    sums = [stage.last(place, "judge_reviews")["amount"] for place in (1, 2, 3)]
    assert sums == ["100000.00", "200000.00", "1234.56"]


def test_a_sum_that_reviewers_set_is_asked_of_the_last_level(stage: Redeeming) -> None:
    stage.policy(content(grant=Grant(kind="as_reviewed"), matter="另一事项"), code="ZC-2027-002")
    stage.firms(1)
    stage.launched(code="ZC-2027-002")
    stage.apply(1)
    stage.go(code="ZC-2027-002")
    for role in ("science_bureau", "tax_bureau"):
        stage.sign("review", 1, role)
    stage.go(code="ZC-2027-002")
    with pytest.raises(Refusal, match="请填写金额"):
        stage.sign("review", 1, "finance_bureau")
    stage.sign("review", 1, "finance_bureau", amount="777.70")
    stage.go(code="ZC-2027-002")
    assert stage.last(1, "judge_reviews")["amount"] == "777.70"


@pytest.mark.parametrize("order", [("science_bureau", "tax_bureau"), ("tax_bureau", "science_bureau")])
def test_of_sums_that_differ_the_one_that_everybody_agreed_to_stands(stage: Redeeming, order: tuple[str, str]) -> None:
    given = content(grant=Grant(kind="as_reviewed"), matter="另一事项", reviewers=(("science_bureau", "tax_bureau"),))
    stage.policy(given, code="ZC-2027-002")
    stage.firms(1)
    stage.launched(code="ZC-2027-002")
    stage.apply(1)
    stage.go(code="ZC-2027-002")
    sums = {"science_bureau": "900.00", "tax_bureau": "777.70"}
    for role in order:
        stage.sign("review", 1, role, amount=sums[role])
    stage.go(code="ZC-2027-002")
    assert stage.last(1, "judge_reviews")["amount"] == "777.70"


def test_one_matter_is_had_once_a_year(stage: Redeeming) -> None:
    accepted(stage)
    stage.settle_reviews()
    stage.policy(content(title="研发费用补助"), code="ZC-2027-002")
    other = Redeeming(stage.folder)
    other.number = "DX-2027-0002"
    other.launched(code="ZC-2027-002")
    other.apply(1)
    other.go(code="ZC-2027-002")
    assert other.standing() == {1: "checking"}
    assert member(1) in str(other.last(1, "examine_applications")["why"])
    other.sign("acceptance", 1, verdict="reject", reason="同一事项已享受")
    other.go(code="ZC-2027-002")
    assert other.standing() == {1: "not_accepted"}


def test_an_objection_holds_the_case_until_somebody_else_rules_on_it(stage: Redeeming) -> None:
    accepted(stage, 2)
    stage.settle_reviews()
    row = PolicyObjectionRow(number=member(1), receipt="异2027-1", received=date(2027, 3, 1), channel=Channel.PHONE,
                             ground=ObjectionGround.FALSE_PAPERS, summary="张某反映材料不实")  # fmt: skip
    assert stage.send("policy_objection", [row]).accepted == 1
    object_to(member(2), "异2027-2", "duplicate")
    before = stage.entries()
    object_to(member(2), "异2027-2", "duplicate")
    assert stage.entries() == before, "an objection is taken in once"
    stage.go()
    assert stage.standing() == {1: "objected", 2: "objected"}
    asked = open_questions()
    assert {one.point for one in asked} == {"objection"}
    assert all("张某" not in one.text for one in asked)
    stage.posting_over()
    assert stage.standing() == {1: "objected", 2: "objected"}, "the posting is over, the objection holds"
    with pytest.raises(Refusal, match="应当回避"):
        stage.sign("objection", 1, verdict="upheld")
    stage.sign("objection", 1, staff="K001", verdict="upheld", reason="材料不实")
    stage.sign("objection", 2, staff="K001", verdict="not_upheld")
    stage.go()
    assert stage.standing() == {1: "refused", 2: "paying"}
    assert [(row.kind, row.number) for row in posted()] == [
        ("approved", member(1)), ("approved", member(2)), ("refused_after_objection", member(1)),
    ]  # fmt: skip
    assert balances(1).committed == 0
    assert balances(1).paying == Decimal("100000.00")
    with pytest.raises(Refusal, match="不在公示期内"):
        object_to(member(2), "异2027-3", "other")


def test_the_applicant_withdraws_until_the_money_is_on_its_way(stage: Redeeming) -> None:
    accepted(stage, 3)
    number = withdraw_application(member(1), "不再需要")
    assert number == NOTICE
    assert [one.case for one in open_questions()] == [member(2)] * 2 + [member(3)] * 2
    stage.settle_reviews()
    withdraw_application(member(2), "不再需要")
    before = stage.entries()
    withdraw_application(member(2), "不再需要")
    assert stage.entries() == before
    assert posted()[-1].kind == "withdrawn"
    stage.posting_over()
    assert stage.standing() == {1: "withdrawn", 2: "withdrawn", 3: "paying"}
    with pytest.raises(Refusal, match="不能撤回"):
        withdraw_application(member(3), "不再需要")
    with pytest.raises(Refusal):
        withdraw_application("DX-2027-0001-000099", "没有")
    assert not [
        row
        for row in rows_of(DEADLINES)
        if row.case_id == case_id_of(member(1)) and not row.superseded_at and not row.met_at
    ]


def test_a_refused_account_is_mended_and_paid_with_the_next_batch(stage: Redeeming) -> None:
    accepted(stage, 2)
    stage.settle_reviews()
    stage.posting_over()
    assert stage.treasury(2).accepted == 2
    stage.go()
    assert stage.standing() == {1: "paid", 2: "payment_failed"}
    row = FirmAccountRow(number=member(2), holder="某公司", bank="工商银行海门支行", account="10729001040099999")
    assert stage.send("firm_account", [row]).accepted == 1
    stage.go()
    assert stage.standing() == {1: "paid", 2: "paying"}
    stage.treasury()
    stage.go()
    assert stage.standing() == {1: "paid", 2: "paid"}
    assert [row.kind for row in posted()].count("paid") == 2


def test_a_secret_policy_is_paid_without_being_posted(stage: Redeeming) -> None:
    stage.policy(content(secret=True, matter="涉密事项"), code="ZC-2027-002")
    stage.firms(1)
    stage.launched(code="ZC-2027-002")
    stage.apply(1)
    stage.go(code="ZC-2027-002")
    for role in ("science_bureau", "tax_bureau", "finance_bureau"):
        stage.sign("review", 1, role)
        stage.go(code="ZC-2027-002")
    assert stage.standing() == {1: "paying"}
    assert {row.kind for row in posted()} == {"exempt"}


def test_a_notice_needs_a_budget_a_policy_in_force_and_a_window(stage: Redeeming) -> None:
    for code, opens, closes in (
        (CODE, date(2028, 1, 4), date(2028, 1, 5)),
        ("ZC-2027-009", OPENS, CLOSES),
        (CODE, CLOSES, OPENS),
    ):
        with pytest.raises(Refusal):
            stage.go(opens=opens, closes=closes, code=code)
    stage.policy(content(lane=Lane.APPLY_FREE, grant=Grant(kind="as_reviewed")), code="ZC-2027-008")
    with pytest.raises(Refusal, match="不能免申即享"):
        stage.go(code="ZC-2027-008")


def test_a_notice_is_sent_back_and_then_given_up(stage: Redeeming) -> None:
    stage.go()
    stage.sign("launch", verdict="return")
    stage.go()
    stage.sign("launch", verdict="reject")
    assert stage.go() == NOTICE
    assert stage.status(NOTICE) == "cancelled"


def test_a_notice_waits_for_its_first_day(stage: Redeeming) -> None:
    stage.firms(1)
    opens = date(2027, 3, 10)
    stage.launched(opens=opens)
    with pytest.raises(Refusal, match="不在申报期内"):
        stage.apply(1)  # the file as a whole: it can be sent again as it is
    stage.travel(at(2027, 3, 10))
    assert stage.go(opens=opens) is None
    assert stage.apply(1).accepted == 1


def test_a_breach_reaches_the_head_of_the_department_and_the_centre(stage: Redeeming) -> None:
    stage.policy(
        content(conditions=(Condition(name="技术先进性", judged_by="person"),), matter="另一事项"), code="ZC-2027-002"
    )
    stage.firms(2)
    stage.launched(code="ZC-2027-002")
    stage.apply(1, 2)
    stage.go(code="ZC-2027-002")
    stage.travel(stage.clock(1, "feedback").due_at + timedelta(seconds=2))
    fire_rungs()
    fire_rungs()
    told = [
        (row.recipient, row.template.rpartition(".")[2]) for row in rows_of(NOTICES) if "rung_breach" in row.template
    ]
    assert sorted(told) == [
        ("officer:K001", "rung_breach_gathered"), ("officer:S001", "rung_breach_gathered"),
        ("officer:S004", "rung_breach_gathered_up"), ("role:head:science_bureau", "rung_breach_gathered_up"),
    ]  # fmt: skip


def test_nothing_personal_leaves_its_sealed_column(stage: Redeeming) -> None:
    accepted(stage)
    stage.settle_reviews()
    row = PolicyObjectionRow(number=member(1), receipt="异2027-9", received=date(2027, 3, 1), channel=Channel.VISIT,
                             ground=ObjectionGround.OTHER, summary="张某某反映其邻居", contact="张某某")  # fmt: skip
    stage.send("policy_objection", [row])
    stage.go()
    stage.sign("objection", 1, staff="K001", verdict="not_upheld")
    stage.posting_over()
    stage.treasury()
    stage.go()
    told = [*rows_of(ENTRIES), *rows_of(NOTICES), *rows_of(DECISIONS), *posted()]
    words = "\n".join(str(tuple(one)) for one in told)
    for secret in ("10729001040012345", "张某某", "某公司"):
        assert secret not in words
    raw = (stage.folder / "home" / "banjie.db").read_bytes()
    assert b"10729001040012345" not in raw
    assert "张某某".encode() not in raw


def test_questions_of_an_application_can_be_passed_on(stage: Redeeming) -> None:
    accepted(stage)
    question = next(one for one in open_questions() if one.role == "tax_bureau")
    verbs.transfer(question.seat_id, Addressee("market_supervision_bureau"), stage.act("tax_bureau"))
    assert stage.go() is None
    stage.sign("review", 1, "market_supervision_bureau")
    stage.sign("review", 1, "science_bureau")
    stage.go()
    assert [one.role for one in open_questions()] == ["finance_bureau"]


def test_an_answer_is_taken_back_until_the_notice_has_taken_it_up(stage: Redeeming) -> None:
    accepted(stage)
    seats = {one.role: one.seat_id for one in open_questions()}
    stage.sign("review", 1, "tax_bureau")
    stage.sign("review", 1, "science_bureau", verdict="reject", reason="误选")
    take_back.withdraw(seats["science_bureau"], stage.act("science_bureau"))
    assert stage.go() is None
    assert stage.standing() == {1: "reviewing"}
    assert sorted(one.role for one in open_questions()) == ["science_bureau", "tax_bureau"], "asked anew of both"
    stage.sign("review", 1)
    stage.go()
    assert [one.role for one in open_questions()] == ["finance_bureau"]
