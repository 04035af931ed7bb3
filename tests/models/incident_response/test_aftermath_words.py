"""Words of the end and the aftermath: what is missing, how items are read, how versions differ, what a form refuses."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.messages import Refusal
from models.incident_response.aftermath_answer import (
    EndCondition,
    InvestigationReply,
    ReadinessAttestation,
    SummaryReport,
    SuperiorEnd,
    read_day,
    read_moment,
)
from models.incident_response.ending import Condition, listed, missing
from models.incident_response.lesson import KEEPER, LessonKind, LessonStatus, read_items
from models.incident_response.release_text import ReleaseStatus, changes

REASON = "按规定"


@given(st.sets(st.sampled_from(Condition)))
def test_the_end_waits_for_exactly_what_is_missing(met: set[Condition]) -> None:
    left = missing(met)
    assert set(left) | met == set(Condition)
    assert not set(left) & met
    assert list(left) == [one for one in Condition if one in left]
    assert listed(left).count("；") == max(len(left) - 1, 0)


def test_items_are_read_one_a_line_with_either_semicolon() -> None:
    items = read_items("区消防救援大队；2027-03-31；补充泡沫\n\n区公安局;2027-04-01;增设警戒带；备用")
    assert [(one.owner, one.due_on, one.text) for one in items] == [
        ("fire_brigade", date(2027, 3, 31), "补充泡沫"),
        ("public_security_bureau", date(2027, 4, 1), "增设警戒带；备用"),
    ]
    (proposal,) = read_items("4.6；2027-03-31；写明时限", amendments=True)
    assert (proposal.owner, proposal.clause) == (KEEPER, "4.6")
    assert read_items("") == ()


@pytest.mark.parametrize(
    "line", ["补充泡沫", "区公安局；2027-04-01", "区公安局；四月；补充", "无此局；2027-04-01；补充", "；；"]
)
def test_a_line_that_is_no_item_is_refused(line: str) -> None:
    with pytest.raises(Refusal):
        read_items(line)


def test_an_item_whose_day_has_passed_is_refused() -> None:
    assert read_items("区公安局；2027-04-01；补充", date(2027, 4, 1))
    with pytest.raises(Refusal):
        read_items("区公安局；2027-04-01；补充", date(2027, 4, 2))


def test_changes_name_what_was_taken_out_put_in_and_changed() -> None:
    assert changes("一。二。", "一。二。") == ()
    assert changes("一。二。", "一。") == ("删：“二。”",)
    assert changes("一。", "一。二。") == ("增：“二。”",)
    assert changes("死亡3人。", "死亡4人。") == ("改：“死亡3人。” → “死亡【4】人。”",)


@pytest.mark.parametrize(
    ("verdict", "outstanding", "comes_on", "stands"),
    [
        ("all_restored", "", "", True), ("all_restored", "泡沫", "", False), ("all_restored", "", "2027-01-31", False),
        ("restored_with_gaps", "泡沫", "2027-01-31", True), ("restored_with_gaps", "泡沫", "", False),
        ("restored_with_gaps", "", "2027-01-31", False), ("restored_with_gaps", "泡沫", "明天", False),
    ],
)  # fmt: skip
def test_a_gap_has_its_day(verdict: str, outstanding: str, comes_on: str, stands: bool) -> None:
    given_ = {"verdict": verdict, "reason": REASON, "used_up": "无", "restocked": "无"}
    form = ReadinessAttestation.model_validate(given_ | {"outstanding": outstanding, "comes_on": comes_on})
    assert (form.objection({}) is None) is stands


def test_forms_refuse_personal_numbers_and_what_is_incomplete() -> None:
    met = EndCondition(verdict="met", reason=REASON, evidence="见张某13800138000")
    assert str(met.objection({})).startswith("内容中有手机号码")
    assert EndCondition(verdict="not_met", reason=REASON).objection({}) is None
    early = SuperiorEnd(
        verdict="declared_end", reason=REASON, superior_document="文1号", declared_at="2027-01-01 09:00"
    )
    assert early.objection({"since": "2027-01-02T00:00:00+00:00"}) is not None
    assert early.objection({}) is None
    reply = InvestigationReply(verdict="approve", reason=REASON, paper_document="文1号", rectification="补充")
    assert reply.objection({}) is not None
    given_ = {"verdict": "submit", "reason": REASON, "experience": "及时", "shortcomings": "不足"}
    wrong = SummaryReport.model_validate(given_ | {"amendments": "4.6；2027-01-01；写明"})
    assert wrong.objection({"today": "2027-01-02"}) is not None
    assert wrong.objection({"today": "2027-01-01"}) is None


def test_days_and_moments_are_read_or_refused() -> None:
    assert read_day(" 2027-01-31 ") == date(2027, 1, 31)
    assert read_moment("2027-01-31 09:30").isoformat() == "2027-01-31T09:30:00+08:00"
    for wrong in ("", "昨天", "2027-13-01"):
        with pytest.raises(Refusal):
            read_day(wrong)
        with pytest.raises(Refusal):
            read_moment(wrong)


def test_every_kind_and_status_has_its_words() -> None:
    assert all(one.text for one in (*LessonKind, *LessonStatus, *ReleaseStatus, *Condition))
    assert {one for one in LessonStatus if not one.is_final()} == {LessonStatus.OPEN, LessonStatus.REPORTED}
