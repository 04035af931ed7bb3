"""Policies onto the platform, told without Prefect: published, amended, repealed, exempt, sent back, late."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from config.messages import Refusal
from flows.policy_publication import policy_exemption, policy_publication, policy_repeal
from models.policy_redemption.content import Lane
from tasks.deadline import DEADLINES
from tasks.journal import CASES, case_id_of
from tasks.policy_redemption.draft import send_draft
from tasks.policy_redemption.publication import CHANGES
from tasks.policy_redemption.register import POLICIES, policy_codes, version_by_id, version_on
from tasks.rung import fire_rungs
from tasks.store import reading
from tests.flows.policy_stage import HEADS, SIGNERS, published, reviewed, sign, staffed
from tests.flows.service_stage import Stage, at, stage_at
from tests.ground import rows_of
from tests.models.policy_redemption.wares import condition, content

CODE = "ZC-2027-001"


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    with stage_at(tmp_path, monkeypatch, at(2027, 2, 1)) as opened:
        yield staffed(opened)


def due(number: str) -> date:
    with reading() as connection:
        row = connection.execute(select(DEADLINES).where(DEADLINES.c.case_id == case_id_of(number))).one()
    return date.fromisoformat(str(row.due_at.astimezone(at(2027, 1, 1).tzinfo))[:10])


def test_a_new_policy_is_drafted_reviewed_and_published_in_time(stage: Stage) -> None:
    draft = content(issued=date(2027, 2, 1))
    assert stage.tell(policy_publication.fn, draft) is None
    asked = stage.question("draft")
    assert asked.role == "science_bureau"
    for shown in (
        "高新技术企业研发奖励",
        "对研发投入给予奖励",
        "承诺时限（工作日）**：10",
        "0513-82212345",
        "审计报告",
        "研发费用（元） × 0.1，上限 200000 元",
    ):
        assert shown in asked.text
    sign(stage, "draft", verdict="done")
    assert stage.tell(policy_publication.fn, draft) is None
    assert stage.question("internal_review").role == "head:science_bureau"
    stage.travel(at(2027, 2, 3))
    sign(stage, "internal_review", verdict="approve")
    assert stage.tell(policy_publication.fn, draft) == CODE
    assert stage.status(CODE) == "published"
    done = stage.outcome(CODE, "publish_policy")
    assert (done["code"], done["version"], done["since"], done["kept"]) == (CODE, 1, "2027-02-01", "on_time")
    found = version_on(CODE, date(2027, 2, 1))
    assert (found.number, found.content, found.code) == (1, draft, CODE)
    assert version_by_id(found.id) == found
    assert policy_codes() == (CODE,)
    assert stage.journal(CODE) == [
        ("opened", 1, "drafting"), ("ask-draft", 1, "drafting"), ("ask-internal_review", 1, "drafting"),
        ("publish_policy", 1, "published"), ("closed", 1, "published"),
    ]  # fmt: skip
    assert stage.outcome(CODE, "clock-publication-met") == {"late": False}
    told = stage.notices(CODE)
    assert (f"officer:{SIGNERS['approval_bureau']}", "notice_policy_publication.publish_policy") in told


def test_before_its_day_and_under_another_code_there_is_no_version(stage: Stage) -> None:
    published(stage, effective=date(2027, 3, 1))
    with pytest.raises(Refusal, match="自 2027-03-01 起施行"):
        version_on(CODE, date(2027, 2, 28))
    with pytest.raises(Refusal, match="没有政策"):
        version_on("ZC-2027-009", date(2027, 3, 1))
    with pytest.raises(LookupError):
        version_by_id(99)


def test_an_amendment_is_the_next_version_and_each_day_keeps_its_own(stage: Stage) -> None:
    published(stage)
    stage.travel(at(2027, 5, 10))
    changed = content(document="海科发〔2027〕9号", issued=date(2027, 5, 8), effective=date(2027, 6, 1), payment_days=7)
    assert published(stage, changed, CODE) == f"{CODE}-V2"
    assert stage.status(f"{CODE}-V2") == "updated"
    assert [version_on(CODE, day).number for day in (date(2027, 5, 31), date(2027, 6, 1))] == [1, 2]
    assert version_on(CODE, date(2027, 6, 1)).content.payment_days == 7
    early = content(document="海科发〔2027〕10号", issued=date(2027, 5, 9))
    with pytest.raises(Refusal, match="不得早于该日"):
        policy_publication.fn(early, CODE)


def test_t_pol_04_a_repealed_policy_is_taken_off_in_time_and_judges_nothing_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stage_at(tmp_path, monkeypatch, at(2023, 9, 1)) as stage:
        staffed(stage)
        assert published(stage, issued=date(2023, 9, 1)) == "ZC-2023-001"
        stage.travel(at(2023, 9, 28))
        repeal = ("ZC-2023-001", "海科发〔2023〕9号", date(2023, 9, 28))
        assert stage.tell(policy_repeal.fn, *repeal) is None
        number = "ZC-2023-001-V2"
        assert due(number) == date(2023, 10, 11)
        stage.travel(at(2023, 10, 11, 16))
        assert reviewed(stage, lambda: stage.tell(policy_repeal.fn, *repeal)) == number
        assert stage.outcome(number, "withdraw_policy")["kept"] == "on_time"
        assert stage.status(number) == "withdrawn"
        assert version_on("ZC-2023-001", date(2023, 9, 27)).number == 1
        with pytest.raises(Refusal, match="已于 2023-09-28 废止"):
            version_on("ZC-2023-001", date(2023, 9, 28))
        with pytest.raises(Refusal, match="已于 2023-09-28 废止"):
            policy_publication.fn(content(issued=date(2023, 10, 10)), "ZC-2023-001")


def test_t_pol_01_a_change_before_the_rules_has_no_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with stage_at(tmp_path, monkeypatch, at(2023, 7, 3)) as stage:
        staffed(stage)
        number = published(stage, issued=date(2023, 6, 20))
        assert stage.outcome(number, "publish_policy")["kept"] == "out_of_scope"
        assert stage.journal(number)[1] == ("note_out_of_scope", 1, "drafting")
        assert rows_of(DEADLINES) == []


@pytest.mark.parametrize(("day", "kept", "late"), [(4, "on_time", False), (5, "late", True)])
def test_t_pol_05_the_fifth_working_day_is_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, day: int, kept: str, late: bool
) -> None:
    with stage_at(tmp_path, monkeypatch, at(2023, 6, 27)) as stage:
        staffed(stage)
        draft = content(issued=date(2023, 6, 27))
        assert stage.tell(policy_publication.fn, draft) is None
        assert due("ZC-2023-001") == date(2023, 7, 4)
        stage.travel(at(2023, 7, day))
        assert reviewed(stage, lambda: stage.tell(policy_publication.fn, draft)) == "ZC-2023-001"
        assert stage.outcome("ZC-2023-001", "publish_policy")["kept"] == kept
        assert stage.outcome("ZC-2023-001", "clock-publication-met") == {"late": late}


def test_half_time_last_morning_and_breach_reach_the_department_then_its_head_and_the_centre(stage: Stage) -> None:
    stage.tell(policy_publication.fn, content())
    for day in (3, 4, 5, 6, 8, 9):
        stage.travel(at(2027, 2, day))
        fire_rungs()
    told = [(who, what.partition(".")[2]) for who, what in stage.notices(CODE) if "rung" in what]
    mine = f"officer:{SIGNERS['science_bureau']}"
    assert [what for who, what in told if who == mine] == ["rung_half", "rung_last_working_day", "rung_breach"]
    above = {who for who, what in told if what.startswith("rung_breach") and who != mine}
    assert above == {f"officer:{HEADS['head:science_bureau']}", f"officer:{SIGNERS['approval_bureau']}"}


def test_a_superiors_paper_counts_from_its_receipt(stage: Stage) -> None:
    stage.travel(at(2027, 3, 10))
    stage.tell(policy_publication.fn, content(issued=date(2027, 2, 10)), "", date(2027, 3, 9))
    assert due(CODE) == date(2027, 3, 16)


def test_a_draft_that_is_sent_back_comes_again_and_the_clock_runs_on(stage: Stage) -> None:
    draft = content()
    stage.tell(policy_publication.fn, draft)
    with pytest.raises(Refusal, match="不在退回修改状态"):
        send_draft(CODE, draft)
    sign(stage, "draft", verdict="done")
    stage.tell(policy_publication.fn, draft)
    sign(stage, "internal_review", verdict="return", reason="承诺时限过长")
    assert stage.tell(policy_publication.fn, draft) is None
    assert stage.status(CODE) == "returned"
    assert (f"officer:{SIGNERS['science_bureau']}", "notice_policy_publication.send_back_draft") in stage.notices(CODE)
    with pytest.raises(Refusal, match="须一致"):
        send_draft(CODE, content(document="海科发〔2027〕4号"))
    better = content(payment_days=5)
    before = stage.nudges(CODE)
    assert send_draft(CODE, better) == CODE
    assert stage.nudges(CODE) == before + 1
    assert reviewed(stage, lambda: stage.tell(policy_publication.fn, draft)) == CODE
    assert version_on(CODE, date(2027, 2, 2)).content == better
    assert [(step, turn) for step, turn, _ in stage.journal(CODE)] == [
        ("opened", 1), ("ask-draft", 1), ("ask-internal_review", 1), ("send_back_draft", 1), ("take_draft", 2),
        ("ask-draft", 2), ("ask-internal_review", 2), ("publish_policy", 2), ("closed", 2),
    ]  # fmt: skip
    assert stage.outcome(CODE, "clock-publication-met") == {"late": False}


def test_the_manager_may_take_a_draft_back_and_nobody_reviews_his_own(stage: Stage) -> None:
    draft = content()
    stage.tell(policy_publication.fn, draft)
    sign(stage, "draft", verdict="not_done", reason="材料清单有误")
    stage.tell(policy_publication.fn, draft)
    assert stage.status(CODE) == "returned"
    send_draft(CODE, content(payment_days=6))
    stage.tell(policy_publication.fn, draft)
    sign(stage, "draft", verdict="done")
    stage.tell(policy_publication.fn, draft)
    with pytest.raises(Refusal):
        sign(stage, "internal_review", staff=SIGNERS["science_bureau"], verdict="approve")


def test_a_rejected_publication_is_over_and_may_be_asked_for_anew_with_another_draft(stage: Stage) -> None:
    draft = content()
    stage.tell(policy_publication.fn, draft)
    with pytest.raises(Refusal, match="已按另一文稿办理（ZC-2027-001）"):
        policy_publication.fn(content(payment_days=9))
    sign(stage, "draft", verdict="done")
    stage.tell(policy_publication.fn, draft)
    sign(stage, "internal_review", verdict="reject")
    assert stage.tell(policy_publication.fn, draft) == CODE
    assert stage.status(CODE) == "cancelled"
    assert policy_codes() == ()
    assert published(stage, content(payment_days=9)) == "ZC-2027-002"


def test_a_secret_policy_is_exempt_and_its_text_is_shown_to_nobody(stage: Stage) -> None:
    draft = content(secret=True, title="某保密项目奖励")
    stage.tell(policy_publication.fn, draft)
    asked = stage.question("draft")
    assert not [told for told in (asked.text, asked.title) if "保密项目" in told or "对研发投入" in told]
    assert reviewed(stage, lambda: stage.tell(policy_publication.fn, draft)) == CODE
    assert stage.status(CODE) == "exempt"
    (policy,) = rows_of(POLICIES)
    assert (policy.secret, policy.title) == (True, "涉密文件")
    assert not [row for row in rows_of(CASES) if "保密项目" in row.subject]
    assert version_on(CODE, date(2027, 2, 1)).content == draft


def test_a_secret_paper_is_recorded_by_its_number_only(stage: Stage) -> None:
    given = ("区科学技术局", "海科密〔2027〕1号", date(2027, 2, 1))
    assert reviewed(stage, lambda: stage.tell(policy_exemption.fn, *given)) == CODE
    assert stage.status(CODE) == "exempt"
    (policy,) = rows_of(POLICIES)
    assert (policy.title, policy.secret, policy.department) == ("涉密文件", True, "science_bureau")
    (change,) = rows_of(CHANGES)
    assert (change.kind, change.document) == ("exempt", "海科密〔2027〕1号")
    assert change.done_at is not None


@pytest.mark.parametrize("point", ["draft", "internal_review"])
def test_an_exemption_that_is_not_approved_leaves_the_duty(stage: Stage, point: str) -> None:
    given = ("science_bureau", "海科密〔2027〕1号", date(2027, 2, 1))
    stage.tell(policy_exemption.fn, *given)
    if point == "internal_review":
        sign(stage, "draft", verdict="done")
        stage.tell(policy_exemption.fn, *given)
    sign(stage, point, verdict="not_done" if point == "draft" else "reject")
    assert stage.tell(policy_exemption.fn, *given) == CODE
    assert stage.status(CODE) == "cancelled"
    assert rows_of(CHANGES)[0].done_at is None


def test_what_cannot_be_published_is_refused_before_anything_is_written(stage: Stage) -> None:
    published(stage)
    before = stage.entries()
    for refused, match in (
        ((content(issued=date(2027, 2, 9), title="另一政策"),), "晚于今天"),
        ((content(title="另一政策", conditions=(condition("条件一", "employees", "at_least", "很多"),)),), "条件一"),
        ((content(document="海科发〔2027〕5号"), "ZC-2027-009"), "没有政策"),
        ((content(document="海科发〔2027〕5号", department="commerce_bureau"), CODE), "由区科技局主管"),
    ):
        with pytest.raises(Refusal, match=match):
            policy_publication.fn(*refused)
    with pytest.raises(Refusal, match="没有政策"):
        policy_repeal.fn("ZC-2027-009", "海科发〔2027〕5号", date(2027, 2, 1))
    assert stage.entries() == before


def test_one_change_of_a_policy_at_a_time(stage: Stage) -> None:
    published(stage)
    stage.tell(policy_publication.fn, content(document="海科发〔2027〕5号", issued=date(2027, 2, 1)), CODE)
    with pytest.raises(Refusal, match="ZC-2027-001-V2”尚未办结"):
        policy_repeal.fn(CODE, "海科发〔2027〕6号", date(2027, 2, 1))


def test_two_policies_of_one_paper_have_codes_of_their_own(stage: Stage) -> None:
    assert published(stage) == CODE
    assert published(stage, title="高新技术企业认定奖励", lane=Lane.APPLY_FREE) == "ZC-2027-002"
    assert policy_codes() == (CODE, "ZC-2027-002")
    stage.travel(at(2027, 2, 1) + timedelta(days=340))
    assert (
        published(stage, title="第三项政策", document="海科发〔2028〕1号", issued=date(2027, 12, 30)) == "ZC-2028-001"
    )
