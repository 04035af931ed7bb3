"""Handovers between shifts: two officers sign, the sheet says what is open, and its digest stands in the journal."""

import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from config.messages import Refusal
from tasks.incident_response.handover import HANDOVERS, Pair, hand_over, hand_over_by_form, sheet_place
from tasks.incident_response.view import read_view
from tasks.journal import verify
from tests.ground import Ground, fresh_code, hire, journal, rows_of
from tests.tasks.incident_response import staged


def pair(staff_no: str) -> Pair:
    return Pair(staff_no, fresh_code(staff_no))


def on_duty() -> None:
    hire("S21", "command_office")
    hire("S22", "emergency_duty")
    hire("S23", "finance_bureau")


def words(path: Path) -> str:
    return zipfile.ZipFile(path).read("word/document.xml").decode()


def test_both_sign_and_the_sheet_says_what_is_open(ground: Ground) -> None:
    case = staged.responding()
    on_duty()
    made = hand_over(case.number, "等待市级专家到场", pair("S21"), pair("S22"))
    assert made.taken
    assert sha256(made.path.read_bytes()).hexdigest() == made.digest
    (row,) = rows_of(HANDOVERS, case_id=case.id)
    assert (row.outgoing, row.incoming, row.digest) == ("S21", "S22", made.digest)
    assert ("handover", 1, "responding", "S22") in journal(case.number)
    said = words(made.path)
    for shown in ("等待市级专家到场", "较大（Ⅲ级）", "医疗救护组", "已穷尽，无人应答", "超期3", "S21", "S22"):
        assert shown in said, shown
    assert staged.PHONE not in said
    assert list(verify()) == []


def test_the_one_who_comes_may_sign_later_and_only_once(floor: Ground) -> None:
    case = staged.responding()
    on_duty()
    first = hand_over(case.number, "", pair("S21"), Pair())
    assert not first.taken
    with pytest.raises(Refusal, match="不能是同一人"):
        hand_over(case.number, "", Pair(), pair("S21"))
    assert hand_over(case.number, "", Pair(), pair("S22")) == first._replace(taken=True)
    with pytest.raises(Refusal, match="没有等待接班的交接"):
        hand_over(case.number, "", Pair(), pair("S22"))
    assert [one[0] for one in journal(case.number) if one[0].startswith("handover")] == ["handover", "handover-taken"]


@pytest.mark.parametrize(
    ("points", "outgoing", "incoming", "why"),
    [
        ("", "S21", "S21", "不能是同一人"),
        ("", "", "", "至少填一人"),
        ("联系13800006612", "S21", "S22", "含有"),
        ("长" * 1001, "S21", "S22", "超过1000字"),
        ("", "S21", "S23", "不担任"),
    ],
)
def test_what_does_not_count_is_refused_and_leaves_nothing(
    floor: Ground, points: str, outgoing: str, incoming: str, why: str
) -> None:
    case = staged.responding()
    on_duty()
    given = [pair(staff_no) if staff_no else Pair() for staff_no in (outgoing, incoming)]
    with pytest.raises(Refusal, match=why):
        hand_over(case.number, points, *given)
    assert rows_of(HANDOVERS, case_id=case.id) == []
    assert not sheet_place(case.number, 1).exists()


def test_a_wrong_code_hands_nothing_over(floor: Ground) -> None:
    case = staged.responding()
    on_duty()
    state = hand_over_by_form(case.number, "", pair("S21"), Pair("S22", "000000"))
    assert state.is_failed()
    assert rows_of(HANDOVERS, case_id=case.id) == []


def test_a_drills_sheet_is_marked(floor: Ground) -> None:
    case = staged.responding("tabletop")
    on_duty()
    made = hand_over(case.number, "", pair("S21"), pair("S22"))
    assert "【演练】事故应急响应交接班表" in words(made.path)


def test_an_early_handover_has_little_to_say_and_says_so(floor: Ground) -> None:
    case = staged.reported()
    on_duty()
    made = hand_over(case.number, "", pair("S21"), pair("S22"))
    assert words(made.path).count("无。") >= 5
    assert read_view(case.number).handovers[0].incoming == "S22"


def test_the_forms_sentence_names_the_sheet(floor: Ground) -> None:
    case = staged.reported()
    on_duty()
    state = hand_over_by_form(f" {case.number.lower()} ", "", pair("S21"), pair("S22"))
    assert state.is_completed()
    assert "handover-001.docx" in (state.message or "")
    again = hand_over_by_form(case.number, "", pair("S22"), Pair())
    assert "等待接班人签名" in (again.message or "")
