"""Signed acts about duties: discharged at any time, extended once, paused for an appraisal, corrected by a new row."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from config.messages import Refusal
from tasks.clock import now, set_clock
from tasks.incident_response import duty
from tasks.incident_response.duty_act import (
    Said,
    Signature,
    choose_supplement,
    correct,
    discharge,
    extend,
    pause_for_appraisal,
    resume,
)
from tasks.incident_response.duty_book import DUTIES
from tasks.incident_response.incident import put
from tasks.journal import verify
from tasks.rung import fire_rungs
from tasks.step import Dossier
from tasks.store import transaction
from tests.ground import BOTH, DEADLINES, MORNING, Ground, anew, fresh_code, hire, journal, rows_of, settled
from tests.tasks.incident_response.report_stage import nobody_listens
from tests.tasks.incident_response.test_duty import accident, clock, owed

LIMIT = MORNING - timedelta(minutes=30)
SIXTY = timedelta(days=60)


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    with nobody_listens():
        yield from settled(request, home, monkeypatch)


@pytest.fixture
def case(ground: Ground) -> Dossier:
    hire("E001", "emergency_bureau")
    hire("G001", "district_government")
    hire("I001", "group_head:investigation")
    hire("C001", "incident_commander")
    hire("X001", "finance_bureau")
    return accident()


def by(staff_no: str) -> Signature:
    return Signature(staff_no, fresh_code(staff_no))


def said(**more: Any) -> Said:
    return Said(**({"record": "电话记录3号", "receiver": "市局值班室", "done_at": "2027-01-04 09:00"} | more))


def test_a_duty_is_discharged_without_its_question(case: Dossier) -> None:
    assert "已登记履行" in discharge(case.number.lower(), "上报市应急管理局", said(), by("E001"))
    assert owed(case)["report_city"].satisfied_by == "电话记录3号 → 市局值班室"
    with pytest.raises(Refusal, match="没有待履行"):
        discharge(case.number, "report_city", said(), by("E001"))
    assert list(verify()) == []


@pytest.mark.parametrize(
    ("name", "given", "staff_no", "says"),
    [
        ("no_such_duty", {}, "E001", "没有名为"),
        ("response_report", {}, "E001", "没有待履行"),
        ("report_city", {"done_at": "明天"}, "E001", "2027-01-04 10:30"),
        ("report_city", {"done_at": "2027-01-05 09:00"}, "E001", "晚于现在"),
        ("report_city", {"receiver": "13800138000"}, "E001", "手机号码"),
        ("report_city", {"record": " "}, "E001", "文号"),
        ("report_city", {}, "X001", "不担任"),
    ],
)
def test_what_cannot_be_recorded_is_refused_in_one_sentence(
    case: Dossier, name: str, given: dict[str, Any], staff_no: str, says: str
) -> None:
    with pytest.raises(Refusal, match=says) as refused:
        discharge(case.number, name, said(**given), by(staff_no))
    assert "\n" not in str(refused.value)
    assert owed(case)["report_city"].satisfied_at is None


def test_late_needs_its_reason_and_stays_late(case: Dossier) -> None:
    set_clock(MORNING + timedelta(hours=2, seconds=5))
    with pytest.raises(Refusal, match="迟报原因"):
        discharge(case.number, "report_city", said(), by("E001"))
    assert "永久标注" in discharge(case.number, "report_city", said(reason="线路中断"), by("E001"))
    assert owed(case)["report_city"].late
    correct(case.number, "report_city", "文号有误", by("E001"))
    rows = rows_of(DUTIES, case_id=case.id, name="report_city")
    assert [(row.turn, row.late, row.superseded_by) for row in rows] == [
        (1, True, "report_city#1001"),
        (1001, False, ""),
    ]
    assert clock(case, "report_city", 1001).due_at == MORNING + timedelta(hours=2)
    discharge(case.number, "report_city", said(reason="更正文号"), by("E001"))
    assert rows_of(DUTIES, case_id=case.id, name="report_city")[1].late, "a correction is a new row, never back-dated"
    with pytest.raises(Refusal, match="没有登记过"):
        correct(case.number, "report_government", "文号有误", by("E001"))


def test_sixty_days_with_ten_days_of_appraisal_are_seventy(case: Dossier) -> None:
    assert clock(case, "investigation_report").due_at.date() == (LIMIT + SIXTY).date()
    set_clock(MORNING + timedelta(days=20))
    with pytest.raises(Refusal, match="没有暂停"):
        resume(case.number, "鉴定报告1号", by("I001"))
    pause_for_appraisal(case.number, "鉴定委托1号", by("I001"))
    assert clock(case, "investigation_report").due_at is None
    with pytest.raises(Refusal, match="已经暂停"):
        pause_for_appraisal(case.number, "鉴定委托1号", by("I001"))
    with pytest.raises(Refusal, match="已经暂停"):
        extend(case.number, 10, "海政复〔2027〕1号", by("G001"))
    set_clock(MORNING + timedelta(days=29, hours=10))
    resume(case.number, "鉴定报告1号", by("I001"))
    # both days that the pause touches do not count: from day 20 to day 29, ten
    assert clock(case, "investigation_report").due_at.date() == (LIMIT + timedelta(days=70)).date()
    set_clock(MORNING + timedelta(days=40))
    pause_for_appraisal(case.number, "鉴定委托2号", by("I001"))
    resume(case.number, "鉴定报告2号", by("I001"))
    assert clock(case, "investigation_report").due_at.date() == (LIMIT + timedelta(days=71)).date()
    assert list(verify()) == []


def test_an_extension_is_one_approved_and_sixty_days_at_most(case: Dossier) -> None:
    for days in (0, 61):
        with pytest.raises(Refusal, match="1 至 60"):
            extend(case.number, days, "海政复〔2027〕1号", by("G001"))
    with pytest.raises(Refusal, match="文号"):
        extend(case.number, 60, "", by("G001"))
    with pytest.raises(Refusal, match="不担任"):
        extend(case.number, 60, "海政复〔2027〕1号", by("I001"))
    set_clock(MORNING + timedelta(days=55))
    fire_rungs()
    assert "延期 60 日" in extend(case.number, 60, "海政复〔2027〕1号", by("G001"))
    row = owed(case)["investigation_report"]
    assert row.extended_until.date() == (LIMIT + 2 * SIXTY).date()
    assert row.extended_by == "海政复〔2027〕1号"
    with pytest.raises(Refusal, match="已经延期一次"):
        extend(case.number, 5, "海政复〔2027〕2号", by("G001"))
    assert "share:90" in clock(case, "investigation_report").rungs, "it reminds once more before the new end"
    for day, rungs in ((100, 2), (109, 3), (122, 4)):
        set_clock(MORNING + timedelta(days=day))
        fire_rungs()
        fired = [step for step, *_ in journal(case.number) if step.startswith("rung-investigation_report")]
        assert len(fired) == rungs, day


def test_what_has_ended_is_healed_by_nothing(case: Dossier) -> None:
    set_clock(MORNING + timedelta(days=61))
    with pytest.raises(Refusal, match="到期"):
        extend(case.number, 10, "海政复〔2027〕1号", by("G001"))
    with pytest.raises(Refusal, match="到期"):
        pause_for_appraisal(case.number, "鉴定委托1号", by("I001"))


def test_only_the_approval_of_the_gravest_may_be_extended(case: Dossier) -> None:
    duty.arm(case, "investigation_submitted")
    with pytest.raises(Refusal, match="不能延期"):
        extend(case.number, 10, "海政复〔2027〕1号", by("G001"), "investigation_approval")
    with pytest.raises(Refusal, match="不能延期"):
        extend(case.number, 10, "海政复〔2027〕1号", by("G001"), "report_city")
    other = accident(b"9", grade="I")
    duty.arm(other, "investigation_submitted")
    assert "30 日" in extend(other.number, 30, "国办函〔2027〕1号", by("E001"), "investigation_approval")


def test_an_investigation_that_is_passed_up_keeps_the_appraisal(case: Dossier) -> None:
    set_clock(MORNING + timedelta(days=5))
    pause_for_appraisal(case.number, "鉴定委托1号", by("I001"))
    set_clock(MORNING + timedelta(days=8))
    with transaction() as tx:
        put(tx, case.id, grade="III")
        duty.arm(anew(case), "graded")
    assert clock(case, "investigation_report", 2).due_at is None
    resume(case.number, "鉴定报告1号", by("E001"))
    assert clock(case, "investigation_report", 2).due_at.date() == (LIMIT + timedelta(days=64)).date()
    assert clock(case, "investigation_report").superseded_at is not None


def test_seven_days_only_by_a_recorded_decision(case: Dossier) -> None:
    with pytest.raises(Refusal, match="不是补报期限"):
        choose_supplement(case.number, "weekly", "理由", by("C001"))
    with pytest.raises(Refusal, match="理由"):
        choose_supplement(case.number, "fire", " ", by("C001"))
    assert "7 日" in choose_supplement(case.number, "fire", "认定为火灾事故", by("C001"))
    duty.arm(case, "casualties_changed", MORNING + timedelta(days=8), occasion=2)
    assert "casualty_supplement" not in owed(case)
    choose_supplement(case.number, "general", "重新认定", by("C001"))
    duty.arm(case, "casualties_changed", MORNING + timedelta(days=8), occasion=3)
    assert "casualty_supplement" in owed(case)
    chosen = [actor for step, _, _, actor in journal(case.number) if step == "supplement_days_chosen"]
    assert chosen == ["C001", "C001"]


def test_every_changed_toll_is_a_supplement_of_its_own(case: Dossier) -> None:
    for occasion in (2, 3):
        duty.arm(case, "casualties_changed", occasion=occasion)
    duty.arm(case, "casualties_changed", occasion=3)
    assert len(rows_of(DEADLINES, case_id=case.id, name="casualty_supplement")) == 2
    discharge(case.number, "casualty_supplement", said(turn=2), by("E001"))
    left = [row.turn for row in rows_of(DUTIES, name="casualty_supplement") if row.satisfied_at is None]
    assert left == [3]
    assert now() > MORNING


def test_a_report_that_is_recorded_by_hand_starts_the_reply_and_what_follows(case: Dossier) -> None:
    discharge(case.number, "提交事故调查报告", said(record="海应急调〔2027〕1号", receiver="区人民政府"), by("I001"))
    assert owed(case)["investigation_report"].satisfied_by == "海应急调〔2027〕1号 → 区人民政府"
    assert owed(case)["response_evaluation"].satisfied_at is not None
    discharge(
        case.number, "investigation_approval", said(record="海政复〔2027〕1号", receiver="区应急管理局"), by("G001")
    )
    assert {"disclosure", "rectification_evaluation"} <= owed(case).keys()
    assert clock(case, "rectification_evaluation").due_at.date().year == 2028
