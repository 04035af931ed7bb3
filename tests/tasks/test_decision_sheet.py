"""The decisions sheet: written with the open questions, filled in, taken in; a result for every row."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from config.messages import Refusal
from models.answer import Determination
from models.case import Mode
from models.conscription.answer import Meeting
from tasks.decision_sheet import answer_sheet, read_details, write_questions
from tasks.journal import case_id_of, verify
from tasks.members import Member, Moved, over_members
from tasks.pose import latest_answers, pose
from tasks.step import Dossier
from tasks.wait import INSTANCES
from tests.ground import (  # fmt: skip
    BOTH,
    SEATS,
    Ground,
    anew,
    fresh_code,
    hire,
    opened,
    race,
    rows_of,
    settled,
    with_members,
)

POINT = "groups"


@over_members("applied_online", chunk=20)
def take_answers(dossier: Dossier, members: list[Member]) -> Iterator[Moved]:
    del dossier
    answers = latest_answers(None, POINT, [member.id for member in members])
    yield from (Moved(member, "passed", {}) for member in members if member.id in answers)


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    yield from settled(request, home, monkeypatch)


pytestmark = pytest.mark.usefixtures("ground")


def filled(path: Path, **given: Any) -> Path:
    """Fill every row of a sheet in, by the titles of its columns; a callable gets the row's place."""
    book = openpyxl.load_workbook(path)
    sheet = book.active
    assert sheet is not None
    rows = list(sheet.iter_rows())
    head = next(place for place, row in enumerate(rows) if row[0].value == "编号")
    titles = [str(cell.value).partition("\n")[0] for cell in rows[head]]
    for place, row in enumerate(rows[head + 1 :], 1):
        for title, value in given.items():
            cell = row[titles.index(title)]
            cell.value = value(place, cell.value) if callable(value) else value
    book.save(path)
    return path


def lines(path: Path) -> list[tuple[Any, ...]]:
    sheet = openpyxl.load_workbook(path).active
    assert sheet is not None
    found = [tuple(cell.value for cell in row) for row in sheet.iter_rows()]
    return found[next(place for place, row in enumerate(found) if row[0] == "行号") + 1 :]


def test_written_filled_in_and_taken_with_a_result_for_every_row(tmp_path: Path) -> None:
    hire("S1", "leading_group")
    hire("S2", "planning_group")
    case = opened()
    numbers = with_members(case, 6)
    roles = {number: ["leading_group", "planning_group"] for number in numbers}
    pose(Determination, case, POINT, members=dict.fromkeys(numbers, "请审阅\n\n材料"), of=roles, mode=Mode.ALL_OF)
    path = tmp_path / "决定表.xlsx"
    assert write_questions(path, "leading_group", case.number) == 6
    words = {1: "也许", 2: "退回"}
    filled(path, 工号="S1", 动态口令=fresh_code("S1"), 理由="情况属实", 决定=lambda place, _: words.get(place, "同意"))
    taken = answer_sheet(path)
    assert (taken.accepted, taken.rejected) == (5, 1)
    assert taken.results is not None
    results = lines(taken.results)
    assert [row[2] for row in results] == ["未受理", *["已受理"] * 5]
    assert "审批意见" in results[0][3]
    found = latest_answers(None, POINT, [case_id_of(number) for number in numbers])
    assert [one.verdict for one in found.values()] == ["return"]
    assert [row.status for row in rows_of(SEATS, role="planning_group")] == ["open", "withdrawn", *["open"] * 4]
    assert list(verify()) == []


def test_what_a_form_asks_besides_stands_in_one_cell(tmp_path: Path) -> None:
    hire("S1", "leading_group")
    case = opened()
    numbers = with_members(case, 2)
    pose(Meeting, case, POINT, members=dict.fromkeys(numbers, "请审阅"), of="leading_group")
    path = tmp_path / "d.xlsx"
    write_questions(path)
    filled(path, 工号="S1", 动态口令=fresh_code("S1"), 理由="情况属实", 决定="同意",
           其他栏目=lambda place, title: f"{title}2027-01" if place == 1 else title)  # fmt: skip
    taken = answer_sheet(path)
    assert (taken.accepted, taken.rejected) == (1, 1)
    assert rows_of(SEATS)[0].answer["minutes"] == "2027-01"


def test_details_are_read_by_the_titles_of_the_form() -> None:
    assert read_details("Meeting", "会议纪要编号＝2027-01 第3次；") == {"会议纪要编号": "2027-01 第3次"}
    assert read_details("Meeting", " 会议纪要编号= ") == read_details("Meeting", "") == {}
    with pytest.raises(Refusal, match="栏目=内容"):
        read_details("Meeting", "编号=2027-01")


def test_a_sheet_beside_a_set_step_and_another_sheet_disturbs_neither(tmp_path: Path) -> None:
    hire("S1", "leading_group")
    hire("S2", "leading_group")
    case = opened()
    numbers = with_members(case, 120)
    pose(Determination, case, POINT, members=dict.fromkeys(numbers, "请审阅"), of="leading_group")
    paths = [tmp_path / f"{name}.xlsx" for name in ("S1", "S2")]
    for path in paths:
        write_questions(path)
        filled(path, 工号=path.stem, 动态口令=fresh_code(path.stem), 理由="情况属实", 决定="同意")
    found = race(*(lambda path=path: answer_sheet(path) for path in paths), lambda: take_answers(anew(case)))
    assert [one for one in found if isinstance(one, Exception)] == []
    assert sum(one.accepted for one in found[:2]) == 120  # type: ignore[union-attr]
    take_answers(anew(case).again())
    assert {row.status for row in rows_of(SEATS)} == {"answered"}
    assert rows_of(INSTANCES)[0].nudges == 120
    assert list(verify()) == []
