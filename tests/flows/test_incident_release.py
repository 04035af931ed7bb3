"""Texts for the public (5.1): drafted by one, compared, approved by another, released only then; corrected, withdrawn."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.messages import Refusal
from config.settings import settings
from flows.incident_aftermath import press_release
from models.incident_response.release_text import changes, sentences
from tasks import officer
from tasks.incident_response.release import RELEASES, inform_public
from tests.flows.aftermath_stage import STAFF, asked, code, decided, points, responding, staffed, tell
from tests.flows.command_stage import notices, reported
from tests.flows.service_stage import words
from tests.ground import BOTH, Ground, answer, hire, later, rows_of, settled

LEAD = "publicity_department"
TEXT = "今日9时，某经营店发生爆炸。目前伤亡人数正在核实。救援正在进行。"
SECOND = "今日9时许，某经营店发生爆炸。目前3人受伤。救援正在进行。"


@pytest.fixture(params=["sqlite"])
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    for found in settled(request, home, monkeypatch):
        staffed(LEAD)
        yield found


@pytest.fixture(params=BOTH)
def either(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    for found in settled(request, home, monkeypatch):
        staffed(LEAD)
        yield found


def sent(number: str, act: str, release: int = 0, *, text: str = "", way: str = "新闻通稿", role: str = LEAD) -> str:
    """Send the form as the department does; return what its run says."""
    staff, given_code = code(role)
    title = "事故情况通报" if text else ""
    return str(press_release.fn(number, act, staff, given_code, release, title, text, "公开", way).message)


def test_a_text_is_approved_written_and_then_released(either: Ground) -> None:
    case = responding()
    assert tell(inform_public, case) is None
    assert "等待审定" in sent(case.number, "拟稿", text=TEXT)
    assert tell(inform_public, case) == "parked"
    question = asked("release_approve.1")
    assert "（第一稿）" in question.text
    assert TEXT in question.text
    decided("release_approve.1", "incident_commander", verdict="approve")
    assert tell(inform_public, case) == "parked"
    paper = settings().home / "papers" / case.number / "release-1-1.docx"
    assert "正在核实" in words(paper)
    decided("release_out", LEAD, verdict="released_text", released_where="区政府网站")
    assert tell(inform_public, case) is None
    (row,) = rows_of(RELEASES, case_id=case.id)
    assert (row.status, row.drafted_by, row.approved_by) == ("released", STAFF[LEAD], "C1")
    assert row.released_at is not None
    assert notices(case, "note_released")


def test_T_INC_35_nothing_is_released_before_the_command_has_approved_it(ground: Ground) -> None:
    case = responding()
    sent(case.number, "拟稿", text=TEXT)
    assert sent(case.number, "发布", 1, way="区政府网站") == (
        "第1件信息发布稿目前为“待审定”，须经指挥部负责人审定后才能发布（预案5.1）。"
    )
    assert tell(inform_public, case) == "parked"
    decided("release_approve.1", "incident_commander", verdict="return", reason="伤亡数字待核")
    assert tell(inform_public, case) is None
    assert "已退回" in sent(case.number, "发布", 1, way="区政府网站")
    sent(case.number, "修改或者更正", 1, text=SECOND)
    tell(inform_public, case)
    decided("release_approve.1", "incident_commander", verdict="approve")
    tell(inform_public, case)
    assert "已登记发布" in sent(case.number, "发布", 1, way="区政府网站")
    assert tell(inform_public, case) is None
    assert points() == set()
    assert [row.status for row in rows_of(RELEASES, case_id=case.id)] == ["returned", "released"]


def test_whoever_drafted_a_text_does_not_approve_it(ground: Ground) -> None:
    hire("BOTH1", LEAD, "incident_commander")
    case = responding()
    staff = "BOTH1"
    from_both = press_release.fn(case.number, "拟稿", staff, _code(staff), 0, "情况通报", TEXT, "公开", "新闻通稿")
    assert from_both.is_completed()
    tell(inform_public, case)
    with pytest.raises(Refusal):
        _answer("release_approve.1", staff)
    decided("release_approve.1", "incident_commander", verdict="approve")
    tell(inform_public, case)
    assert rows_of(RELEASES)[0].approved_by == "C1"


def _code(staff: str) -> str:
    later(seconds=31)
    return officer.code_now(staff)


def _answer(point: str, staff: str) -> None:
    answer(asked(point).seat_id, staff, "approve")


def test_a_deputy_stands_in_and_a_newer_version_takes_the_question_back(ground: Ground) -> None:
    case = responding()
    sent(case.number, "拟稿", text=TEXT)
    tell(inform_public, case)
    later(minutes=11)
    assert tell(inform_public, case) == "parked"
    assert {point for point in points() if point.startswith("release")} == {"release_approve.2"}
    sent(case.number, "修改或者更正", 1, text=SECOND)
    assert tell(inform_public, case) == "parked"
    text = asked("release_approve.1").text
    assert "改：“今日9时，某经营店发生爆炸。” → “今日9时【许】，某经营店发生爆炸。”" in text
    assert "3人受伤" in text
    assert len(points()) == 1
    later(minutes=11)
    tell(inform_public, case)
    decided("release_approve.2", "deputy_commander_a", verdict="approve")
    tell(inform_public, case)
    assert [row.status for row in rows_of(RELEASES)] == ["superseded", "approved"]
    assert rows_of(RELEASES)[1].approved_by == "C2"


def test_a_correction_supersedes_what_was_released_only_once_it_is_out(ground: Ground) -> None:
    case = responding()
    sent(case.number, "拟稿", text=TEXT)
    tell(inform_public, case)
    decided("release_approve.1", "incident_commander", verdict="approve")
    tell(inform_public, case)
    sent(case.number, "发布", 1, way="区政府网站")
    sent(case.number, "修改或者更正", 1, text=SECOND)
    assert [row.status for row in rows_of(RELEASES)] == ["released", "drafted"]
    tell(inform_public, case)
    decided("release_approve.1", "incident_commander", verdict="approve")
    tell(inform_public, case)
    decided("release_out", LEAD, verdict="released_text", released_where="官方微信")
    tell(inform_public, case)
    assert [row.status for row in rows_of(RELEASES)] == ["superseded", "released"]
    assert "已撤回" in sent(case.number, "撤回", 1, way="数字有误")
    assert [(row.status, row.reason) for row in rows_of(RELEASES)][1] == ("withdrawn", "数字有误")
    assert "没有可以撤回" in sent(case.number, "撤回", 1, way="数字有误")


def test_what_comes_in_wrong_is_refused_in_one_sentence(ground: Ground) -> None:
    early = reported(mark=b"early")
    assert "尚未启动预案" in sent(early.number, "拟稿", text=TEXT)
    case = responding()
    assert "身份证号码" in sent(case.number, "拟稿", text="伤者身份证320684199001011237。")
    assert "须写明标题" in sent(case.number, "拟稿")
    assert "填写信息序号" in sent(case.number, "发布")
    assert "没有第7件" in sent(case.number, "发布", 7)
    assert "不能登记" in sent(case.number, "拟稿", text=TEXT, role="fire_brigade")
    assert rows_of(RELEASES) == []


def test_a_drill_s_text_is_marked_and_never_leaves(ground: Ground) -> None:
    case = responding(exercise="tabletop")
    sent(case.number, "拟稿", text=TEXT)
    tell(inform_public, case)
    assert "仅供演练" in asked("release_approve.1").text
    decided("release_approve.1", "incident_commander", verdict="approve")
    tell(inform_public, case)
    assert "不得对外发布" in asked("release_out").text
    assert words(settings().home / "papers" / case.number / "release-1-1.docx").count("【演练】") >= 2
    assert "未对外发布" in sent(case.number, "发布", 1, way="模拟")
    assert tell(inform_public, case) is None


@given(st.text(alphabet="甲乙丙。！", max_size=30), st.text(alphabet="甲乙丙。！", max_size=30))
def test_versions_differ_exactly_where_their_sentences_do(before: str, after: str) -> None:
    assert (changes(before, after) == ()) == (sentences(before) == sentences(after))
