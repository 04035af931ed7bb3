"""Sheets in and out: nothing is lost, every refusal names its place, and no file harms whoever opens it."""

import csv
import io
import random
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from config.messages import Refusal
from config.zone import SHANGHAI
from models.column import KeyRing
from models.identity import check_digit
from models.roster import FORMS, ApplicationRow, DecisionRow, EvidenceRow, MedicalRow, PoliticalRow, Row, columns_of
from models.roster.content import is_blank
from tasks.roster import Limits, Reading, SheetColumn, read_roster, write_returned, write_roster, write_template

ON = date(2027, 1, 20)
POLITICAL = ("应征编号", "政治考核结论", "签字人工号", "考核日期")
SMALL = Limits(max_bytes=1_000_000, max_rows=50)
OFFICE = shutil.which("soffice")
NEEDS_OFFICE = pytest.mark.skipif(
    OFFICE is None or not Path(OFFICE).resolve().with_name("libsclo.so").exists(),
    reason="LibreOffice Calc, which writes .xls and .ods, is not installed",
)


def identity(serial: int) -> str:
    body = f"3206842006{serial % 12 + 1:02d}{serial % 28 + 1:02d}{serial * 2 + 1:03d}"
    return body + check_digit(body)


def applicant(serial: int, **change: Any) -> dict[str, Any]:
    number = identity(serial)
    row = {
        "姓名": "张伟", "公民身份号码": number, "性别": "男", "出生日期": f"{number[6:10]}-{number[10:12]}-{number[12:14]}", "镇街": "悦来镇",
        "文化程度": "本科", "学业情况": "在校", "学校": "南通示例大学", "理工类专业": "是", "联系电话": "13800138000", "应征地依据": "户籍所在地", "本人自愿": "是",
    }  # fmt: skip
    return row | change


def sheet(
    path: Path,
    rows: Sequence[Sequence[Any]],
    *,
    name: str = "Sheet1",
    more: dict[str, Sequence[Sequence[Any]]] | None = None,
) -> Path:
    """Write raw cells: numbers as numbers, days as days."""
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "nan_inf_to_errors": True}) as book:
        day = book.add_format({"num_format": "yyyy/m/d"})
        for title, lines in {name: rows, **(more or {})}.items():
            page = book.add_worksheet(title)
            for number, row in enumerate(lines):
                for place, value in enumerate(row):
                    if isinstance(value, (date, datetime)):
                        page.write_datetime(number, place, value, day)
                    elif value is not None:
                        page.write(number, place, value)
    return path


def roster(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    titles = list(applicant(0))
    return sheet(path, [titles, *([row.get(title) for title in titles] for row in rows)])


def refusal(path: Path, form: type[Row] = ApplicationRow, bounds: Limits | None = None) -> Refusal:
    with pytest.raises(Refusal) as caught:
        read_roster(path, form, on=ON, bounds=bounds or SMALL)
    assert "\n" not in str(caught.value)
    assert path.name in str(caught.value)
    return caught.value


def keys(reading: Reading[Any]) -> list[tuple[int, str, str]]:
    return [(flaw.row, flaw.cell, flaw.key) for rejected in reading.rejected for flaw in rejected.flaws]


def test_a_sound_row_is_taken_with_its_number_and_digest(tmp_path: Path) -> None:
    reading = read_roster(
        roster(tmp_path / "名册.xlsx", [applicant(1), applicant(2)]), ApplicationRow, on=ON, bounds=SMALL
    )
    assert [one.row for one in reading.accepted] == [2, 3]
    assert reading.accepted[0].fact.identity == identity(1)
    assert (
        len({one.digest for one in reading.accepted}),
        len(reading.accepted[0].digest),
        len(reading.file_digest),
    ) == (2, 32, 64)


def test_the_header_is_found_below_titles_in_any_order_and_spelling(tmp_path: Path) -> None:
    row = applicant(1)
    spelt = {
        "姓名": " 姓 名 ",
        "公民身份号码": "身份证号*",
        "联系电话": "手机号码",
        "镇街": "镇街（园区）",
        "性别": "性　别",
    }
    titles = list(reversed(row))
    lines: list[list[Any]] = [
        ["2027年上半年应征报名名册"], ["填表单位：悦来镇武装部"], [], ["序号", *(spelt.get(title, title) for title in titles)], [1, *(row[title] for title in titles)], [], [" ", None],
    ]  # fmt: skip
    reading = read_roster(sheet(tmp_path / "a.xlsx", lines), ApplicationRow, on=ON, bounds=SMALL)
    assert (reading.header_row, [one.row for one in reading.accepted], reading.rejected) == (4, [5], ())


def test_equal_content_has_equal_digests_whatever_the_file(tmp_path: Path) -> None:
    row = applicant(1)
    plain = roster(tmp_path / "a.xlsx", [row])
    turned = sheet(tmp_path / "b.xlsx", [list(reversed(row)), list(reversed([*row.values()]))])
    text = tmp_path / "c.csv"
    text.write_bytes("\ufeff".encode() + f"{','.join(row)}\r\n{','.join(row.values())}\r\n".encode())
    old = tmp_path / "d.csv"
    old.write_bytes(f"{','.join(row)}\n{','.join(row.values())}\n".encode("gb18030"))
    digests = {
        read_roster(path, ApplicationRow, on=ON, bounds=SMALL).accepted[0].digest for path in (plain, turned, text, old)
    }
    assert len(digests) == 1
    ring = KeyRing({1: bytes(32)}, 1, b"index", b"chain")
    sealed = read_roster(plain, ApplicationRow, on=ON, bounds=SMALL, seal=ring.index)
    assert sealed.accepted[0].digest not in digests


@NEEDS_OFFICE
@pytest.mark.parametrize("kind", ["ods", "xls"])
def test_other_offices_sheets_read_the_same(tmp_path: Path, kind: str) -> None:
    path = roster(
        tmp_path / "a.xlsx", [applicant(1, 出生日期=date(2006, 2, 2)), applicant(2, 公民身份号码=3.2068420060303e17)]
    )
    subprocess.run(
        [
            "soffice",
            f"-env:UserInstallation=file://{tmp_path}/profile",
            "--headless",
            "--convert-to",
            kind,
            "--outdir",
            str(tmp_path),
            str(path),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    one, other = (
        read_roster(path.with_suffix(f".{end}"), ApplicationRow, on=ON, bounds=SMALL) for end in ("xlsx", kind)
    )
    assert [row.digest for row in one.accepted] == [row.digest for row in other.accepted]
    assert keys(one) == keys(other) == [(3, "B3", "roster.identity_is_number")]


def test_a_refused_cell_has_its_address_and_no_private_value(tmp_path: Path) -> None:
    rows = [
        applicant(1, 公民身份号码=3.2068420060202e17),
        applicant(2, 联系电话=13800138000),
        applicant(3, 文化程度="学霸", 姓名="Zhang San"),
        applicant(4, 镇街=None, 学校=identity(4)),
        applicant(5, 性别="女"),
    ]
    reading = read_roster(roster(tmp_path / "a.xlsx", rows), ApplicationRow, on=ON, bounds=SMALL)
    assert keys(reading) == [
        (2, "B2", "roster.identity_is_number"),
        (3, "J3", "roster.phone_is_number"),
        (4, "A4", "identity.name_space"),
        (4, "F4", "roster.choice_wrong"),
        (5, "E5", "roster.cell_empty"),
        (6, "C6", "identity.sex_differs"),
    ]
    told = " ".join(str(flaw) for one in reading.rejected for flaw in one.flaws) + repr(reading)
    assert not any(secret in told for secret in (identity(1)[:14], "13800138000", "hang", identity(4)))
    assert "第3行J3“联系电话”" in told


def test_the_district_s_own_towns_can_be_demanded(tmp_path: Path) -> None:
    path = roster(tmp_path / "a.xlsx", [applicant(1), applicant(2, 镇街="某某镇")])
    reading = read_roster(path, ApplicationRow, on=ON, bounds=SMALL, choices={"town": ["悦来镇", "常乐镇"]})
    assert keys(reading) == [(3, "E3", "roster.town_unknown")]
    assert "悦来镇、常乐镇" in str(reading.rejected[0].flaws[0])


def test_of_equal_rows_one_stays_and_of_different_rows_none(tmp_path: Path) -> None:
    rows = [applicant(1), applicant(2), applicant(1), applicant(3), applicant(3, 姓名="李强")]
    reading = read_roster(roster(tmp_path / "a.xlsx", rows), ApplicationRow, on=ON, bounds=SMALL)
    assert [one.row for one in reading.accepted] == [2, 3]
    assert [(one.row, one.flaws[0].key, dict(one.flaws[0].facts)) for one in reading.rejected] == [
        (4, "roster.row_repeats", {"row": 2}),
        (5, "roster.row_conflicts", {"rows": "6"}),
        (6, "roster.row_conflicts", {"rows": "5"}),
    ]


def test_an_unusual_area_code_warns_and_is_taken(tmp_path: Path) -> None:
    body = "310151200602021"
    number = (body + "01")[:17]
    number += check_digit(number)
    reading = read_roster(
        roster(tmp_path / "a.xlsx", [applicant(1, 公民身份号码=number, 出生日期="2006-02-02")]),
        ApplicationRow,
        on=ON,
        bounds=SMALL,
    )
    assert len(reading.accepted) == 1
    assert [(one.row, one.cell, one.key) for one in reading.warnings] == [(2, "B2", "identity.area_other_province")]


@pytest.mark.parametrize(
    ("titles", "row", "key"),
    [
        (POLITICAL[:-1], ["ZB-1", "合格", "G1"], "roster.column_missing"),
        (POLITICAL[1:], ["合格", "G1", "2027-01-02"], "roster.column_missing"),
        ((*POLITICAL, "家庭成员情况"), ["ZB-1", "合格", "G1", "2027-01-02", "x"], "roster.column_political"),
        ((*POLITICAL, "签字人工号"), ["ZB-1", "合格", "G1", "2027-01-02", "G1"], "roster.column_twice"),
        ((*POLITICAL, None), ["ZB-1", "合格", "G1", "2027-01-02", "走访了解到"], "roster.column_untitled"),
        (("甲", "乙"), ["丙", "丁"], "roster.header_missing"),
    ],
)
def test_a_wrong_header_is_refused_in_one_sentence(
    tmp_path: Path, titles: Sequence[str], row: Sequence[str], key: str
) -> None:
    assert refusal(sheet(tmp_path / "政考.xlsx", [titles, row]), PoliticalRow).key == key


def test_an_unknown_column_of_any_other_form_is_named(tmp_path: Path) -> None:
    told = refusal(sheet(tmp_path / "a.xlsx", [[*applicant(1), "婚姻状况"], [*applicant(1).values(), "未婚"]]))
    assert (told.key, told.facts["cell"], told.facts["title"]) == ("roster.column_unknown", "M1", "婚姻状况")


def test_two_sheets_with_the_header_are_refused(tmp_path: Path) -> None:
    lines = [list(applicant(1)), list(applicant(1).values())]
    assert refusal(sheet(tmp_path / "a.xlsx", lines, more={"第二页": lines})).key == "roster.header_twice"
    reading = read_roster(
        sheet(tmp_path / "b.xlsx", lines, more={"说明": [["姓名如身份证"]]}), ApplicationRow, on=ON, bounds=SMALL
    )
    assert len(reading.accepted) == 1


def _zip(parts: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return stream.getvalue()


def _remade(path: Path, change: Callable[[dict[str, bytes]], dict[str, bytes]]) -> Path:
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    path.write_bytes(_zip(change(parts)))
    return path


@pytest.mark.parametrize(
    ("name", "content", "key"),
    [
        ("a.xlsx", b"", "roster.file_empty"),
        ("a.xlsx", b"  \n", "roster.file_empty"),
        ("a.xlsx", b"hello", "roster.file_not_sheet"),
        ("a.pdf", b"%PDF-1.7", "roster.file_not_sheet"),
        ("a.xlsx", b"PK\x03\x04 cut off", "roster.file_broken"),
        ("a.xlsx", _zip({"word/document.xml": b"<w/>"}), "roster.file_not_sheet"),
        ("a.xlsx", _zip({"xl/workbook.xml": b"<workbook", "xl/worksheets/sheet1.xml": b"<a>"}), "roster.file_broken"),
        ("a.xlsb", _zip({"xl/workbook.bin": b"\0"}), "roster.file_not_sheet"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "roster.file_broken"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "roster.file_locked"),
        ("a.csv", b"\xff\xff\xff", "roster.file_encoding"),
        ("a.csv", b"a\0b", "roster.file_not_sheet"),
        ("a.csv", b'"open', "roster.file_broken"),
        ("a.xlsx", b"x" * 1_000_001, "roster.file_large"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_sheet_is_refused_in_one_sentence(
    tmp_path: Path, name: str, content: bytes, key: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert refusal(path).key == key


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "a.xlsx").key == "roster.file_missing"
    assert refusal(tmp_path).key == "roster.file_missing"


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = _remade(
        roster(tmp_path / "a.xlsx", [applicant(1)]), lambda parts: parts | {"xl/media/x.bin": bytes(60_000_000)}
    )
    told = refusal(path)
    assert told.key == "roster.file_bomb"
    assert told.facts["ratio"] > 100


def test_a_part_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    path = roster(tmp_path / "a.xlsx", [applicant(1)])
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo("xl/worksheets/sheet1.xml")
        true, packed = info.file_size.to_bytes(4, "little"), info.compress_size.to_bytes(4, "little")
    content = path.read_bytes().replace(packed + true, packed + (10).to_bytes(4, "little"))
    path.write_bytes(content)
    assert refusal(path).key == "roster.file_broken"


@pytest.mark.parametrize("cell", ["XFD1048576", "A1048576", "XFD1"])
@pytest.mark.parametrize(
    "disguise",
    [
        lambda xml: xml,
        lambda xml: xml.replace(b'<c r="', b"<c  r='").replace(b'" t=', b"' t="),
        lambda xml: b"<!-- x -->" + xml if not xml.startswith(b"<?") else xml.replace(b"?>", b"?><!-- x -->", 1),
        lambda xml: xml.decode().replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16"),
    ],
    ids=["plain", "quotes", "comment", "utf16"],
)
@pytest.mark.parametrize("place", ["xl/worksheets/sheet1.xml", "xl/theme/Sheet9.XML"])
def test_one_stray_cell_does_not_lay_out_the_whole_grid(
    tmp_path: Path, cell: str, disguise: Callable[[bytes], bytes], place: str
) -> None:
    """Without the measure, calamine asks for half a terabyte and the process is gone: this test would not end red, it would end."""

    def stray(parts: dict[str, bytes]) -> dict[str, bytes]:
        row = "".join(c for c in cell if c.isdigit())
        xml = parts.pop("xl/worksheets/sheet1.xml").replace(
            b"</sheetData>", f'<row r="{row}"><c r="{cell}" t="str"><v>x</v></c></row></sheetData>'.encode()
        )
        rels = parts["xl/_rels/workbook.xml.rels"].replace(b"worksheets/sheet1.xml", place.removeprefix("xl/").encode())
        return parts | {place: disguise(xml), "xl/_rels/workbook.xml.rels": rels}

    told = refusal(_remade(roster(tmp_path / "a.xlsx", [applicant(1)]), stray))
    assert (told.key, told.facts["cell"]) == (
        "roster.file_sprawls",
        {"XFD1": "XFD2"}.get(cell, cell if cell != "A1048576" else "L1048576"),
    )


def test_a_cell_that_is_only_formatted_far_away_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, list(applicant(1)))
        page.write_row(1, 0, list(applicant(1).values()))
        page.write_blank(1_048_575, 16_383, None, book.add_format({"bold": True}))
    assert len(read_roster(path, ApplicationRow, on=ON, bounds=SMALL).accepted) == 1


def test_a_repeated_row_of_an_ods_does_not_lay_out_the_whole_grid(tmp_path: Path) -> None:
    table = (
        '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body><office:spreadsheet><table:table table:name="S">'
        '<table:table-row table:number-rows-repeated="1000000"><table:table-cell table:number-columns-repeated="16000" '
        'office:value-type="float" office:value="1"/></table:table-row></table:table></office:spreadsheet></office:body></office:document-content>'
    )
    path = tmp_path / "a.ods"
    path.write_bytes(
        _zip({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": table.encode()})
    )
    assert refusal(path).key == "roster.file_sprawls"


def test_a_sheet_that_declares_entities_is_refused(tmp_path: Path) -> None:
    path = roster(tmp_path / "a.xlsx", [applicant(1)])
    declare = b'<!DOCTYPE worksheet [<!ENTITY a "aaaaaaaaaa">]>'
    _remade(
        path,
        lambda parts: (
            parts | {"xl/worksheets/sheet1.xml": parts["xl/worksheets/sheet1.xml"].replace(b"?>", b"?>" + declare, 1)}
        ),
    )
    assert refusal(path).key == "roster.file_broken"


def test_a_formula_without_a_result_is_refused_and_not_read_as_blank(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, list(applicant(1)))
        page.write_row(1, 0, list(applicant(1).values()))
        page.write_formula(1, 7, "=NA()", None, "#N/A")
    told = refusal(path)
    assert (told.key, told.facts["cell"], told.facts["count"]) == ("roster.file_error_cells", "H2", 1)


def test_too_many_rows_are_refused(tmp_path: Path) -> None:
    path = roster(tmp_path / "a.xlsx", [applicant(serial) for serial in range(51)])
    assert refusal(path).key == "roster.file_rows"
    assert len(read_roster(path, ApplicationRow, on=ON, bounds=Limits(max_bytes=1_000_000, max_rows=51)).accepted) == 51


def test_the_returned_sheet_can_be_mended_and_sent_again(tmp_path: Path) -> None:
    rows = [
        applicant(1),
        applicant(2, 公民身份号码=3.2068420060303e17),
        applicant(3, 性别="女", 联系电话=13800138000.0),
        applicant(4, 出生日期=date(2006, 5, 6)),
    ]
    path = sheet(tmp_path / "a.xlsx", [["测试数据"], list(rows[0]), *(list(row.values()) for row in rows)])
    first = read_roster(path, ApplicationRow, on=ON, bounds=SMALL)
    assert [one.row for one in first.rejected] == [4, 5, 6]
    back = tmp_path / "退回.xlsx"
    assert write_returned(first, back) == 3
    again = read_roster(back, ApplicationRow, on=ON, bounds=SMALL)
    assert (len(again.accepted), len(again.rejected), again.fields) == (0, 3, first.fields)

    book = openpyxl.load_workbook(back)
    page = book.worksheets[0]
    assert page["B4"].value == "3.206842006030e+17" or str(page["B4"].value).startswith("3.2068")
    assert page["B4"].fill.fgColor.rgb == "FFFFC7CE"
    assert page["B4"].comment.text.strip() == first.rejected[0].flaws[0].reason
    assert page["A4"].fill.fgColor.rgb != "FFFFC7CE"
    assert "公民身份号码：" in page.cell(4, len(first.fields) + 1).value
    page["B4"], page["C5"], page["J5"], page["D6"] = identity(2), "男", "13800138000", "2006-05-05"
    book.save(back)
    mended = read_roster(back, ApplicationRow, on=ON, bounds=SMALL)
    assert (len(mended.accepted), len(mended.rejected)) == (3, 0)
    whole = read_roster(
        roster(tmp_path / "b.xlsx", [applicant(serial) for serial in (1, 2, 3, 4)]), ApplicationRow, on=ON, bounds=SMALL
    )
    assert {one.digest for one in (*first.accepted, *mended.accepted)} == {one.digest for one in whole.accepted}


def test_what_a_sheet_returns_unmended_comes_back_the_same(tmp_path: Path) -> None:
    rows = [applicant(1, 姓名="X"), applicant(2, 联系电话="1"), applicant(3), applicant(3, 姓名="李强")]
    reading = read_roster(roster(tmp_path / "0.xlsx", rows), ApplicationRow, on=ON, bounds=SMALL)
    for turn in (1, 2, 3):
        write_returned(reading, tmp_path / f"{turn}.xlsx")
        reading = read_roster(tmp_path / f"{turn}.xlsx", ApplicationRow, on=ON, bounds=SMALL)
        assert [flaw.key for one in reading.rejected for flaw in one.flaws] == [
            "identity.name_characters", "identity.phone_wrong", "roster.row_conflicts", "roster.row_conflicts",
        ]  # fmt: skip


DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x")', "=cmd|' /C calc'!A0"]


def test_text_never_becomes_a_formula(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    columns = [SheetColumn("姓名"), SheetColumn("金额", kind="money"), SheetColumn("日期", kind="day")]
    assert write_roster(path, "名册", columns, [(text, text, text) for text in DANGEROUS], purpose="=1+1") == len(
        DANGEROUS
    )
    page = openpyxl.load_workbook(path).worksheets[0]
    cells = [cell for row in page.iter_rows() for cell in row if cell.value is not None]
    assert not [cell.coordinate for cell in cells if cell.data_type == "f"]
    risky = [
        cell for cell in cells if str(cell.value).lstrip("_x09D\t\r").startswith(("=", "+", "-", "@")) and cell.row > 3
    ]
    assert len(risky) >= 3 * 5
    assert all(cell.quotePrefix for cell in risky)


def test_a_returned_sheet_is_safe_to_open(tmp_path: Path) -> None:
    reading = read_roster(
        roster(tmp_path / "a.xlsx", [applicant(serial, 姓名=text) for serial, text in enumerate(DANGEROUS)]),
        ApplicationRow,
        on=ON,
        bounds=SMALL,
    )
    assert len(reading.rejected) == len(DANGEROUS)
    write_returned(reading, tmp_path / "b.xlsx")
    page = openpyxl.load_workbook(tmp_path / "b.xlsx").worksheets[0]
    assert not [cell.coordinate for row in page.iter_rows() for cell in row if cell.data_type == "f"]


def test_a_roster_is_set_up_for_paper_and_keeps_numbers_as_text(tmp_path: Path) -> None:
    people = read_roster(roster(tmp_path / "a.xlsx", [applicant(1), applicant(2)]), ApplicationRow, on=ON, bounds=SMALL)
    path = tmp_path / "b.xlsx"
    write_roster(
        path,
        "应征报名名册",
        ApplicationRow,
        (one.fact for one in people.accepted),
        purpose="征兵办公室留存·工号Z1001·2027-01-20",
    )
    page = openpyxl.load_workbook(path).worksheets[0]
    assert page["B4"].value == identity(1)
    assert page["B4"].number_format == "@"
    assert page["D4"].value.date() == date(2006, 2, 2)
    assert page["A2"].value == "用途：征兵办公室留存·工号Z1001·2027-01-20"
    assert (page.page_setup.orientation, int(page.page_setup.paperSize), page.freeze_panes, page.print_title_rows) == (
        "landscape",
        9,
        "A4",
        "$3:$3",
    )
    assert "用途" in page.oddFooter.left.text
    assert {one.digest for one in read_roster(path, ApplicationRow, on=ON, bounds=SMALL).accepted} == {
        one.digest for one in people.accepted
    }
    assert [other.name for other in tmp_path.iterdir() if other.name.startswith(".")] == []


def test_a_title_that_no_sheet_may_bear_is_made_fit(tmp_path: Path) -> None:
    write_roster(tmp_path / "a.xlsx", "2027/上半年:[名册]*?" + "长" * 40, [SheetColumn("姓名")], [["张伟"]])
    name = openpyxl.load_workbook(tmp_path / "a.xlsx").sheetnames[0]
    assert name.startswith("2027 上半年  名册")
    assert len(name) == 31


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    write_roster(path, "名册", [SheetColumn("姓名")], [["张伟"]])
    before = path.read_bytes()
    with pytest.raises(ValueError, match="zip"):
        write_roster(path, "名册", [SheetColumn("姓名")], [["张伟"], ["李", "多一列"]])
    assert path.read_bytes() == before
    assert [other.name for other in tmp_path.iterdir()] == ["a.xlsx"]


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_a_template_reads_as_an_empty_sheet_of_its_form(tmp_path: Path, form: type[Row]) -> None:
    path = tmp_path / "模板.xlsx"
    towns = ["悦来镇", "常乐镇"]
    write_template(form, path, {"town": towns} if "town" in form.model_fields else {})
    reading = read_roster(path, form, on=ON, bounds=SMALL)
    assert (reading.accepted, reading.rejected) == ((), ())
    assert reading.fields == tuple(column.field for column in columns_of(form))
    book = openpyxl.load_workbook(path)
    listed = [column for column in columns_of(form) if column.choices or column.field == "town"]
    assert len(book.worksheets[0].data_validations.dataValidation) == len(listed)
    assert book.worksheets[-1].sheet_state == "hidden"


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_every_form_refuses_a_wrong_cell_in_each_of_its_columns(tmp_path: Path, form: type[Row]) -> None:
    columns = columns_of(form)
    wrong = {
        "text": "x" * 6000,
        "town": "x" * 600,
        "name": "Z",
        "identity": 1.5,
        "phone": 1.5,
        "account": 1.5,
        "code": "?" * 6000,
        "choice": "啊",
        "yes_no": "啊",
        "day": "啊",
        "number": "啊",
        "money": "啊",
    }
    path = sheet(
        tmp_path / "a.xlsx", [[column.title for column in columns], [wrong[column.cell.kind] for column in columns]]
    )
    reading = read_roster(path, form, on=ON, bounds=SMALL)
    assert reading.accepted == ()
    flaws = {flaw.cell: flaw for flaw in reading.rejected[0].flaws}
    for place, column in enumerate(columns):
        flaw = flaws[f"{chr(ord('A') + place)}2"]
        assert flaw.title == column.title
        assert flaw.reason
        assert str(flaw).startswith("第2行")


CELLS = st.one_of(
    st.none(), st.text(max_size=12), st.floats(allow_nan=False, allow_infinity=False), st.integers(-(10**18), 10**18), st.booleans(),
    st.dates(min_value=date(1901, 1, 1)), st.sampled_from(["合格", "不合格", "ZB-2027H1-000001", identity(1), identity(2), "W2101", "2027-01-02", 170, 65.5, 4.9]),
)  # fmt: skip


@hypothesis_settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(CELLS, min_size=22, max_size=22), max_size=8))
def test_nothing_is_lost_whatever_the_cells(tmp_path: Path, rows: list[list[Any]]) -> None:
    titles = [column.title for column in columns_of(MedicalRow)]
    path = sheet(tmp_path / "a.xlsx", [titles, *rows])
    reading = read_roster(path, MedicalRow, on=ON, bounds=SMALL)
    places = sorted([one.row for one in reading.accepted] + [one.row for one in reading.rejected])
    assert places == [number for number, row in enumerate(rows, 2) if not all(is_blank(cell) for cell in row)]
    assert all(one.flaws for one in reading.rejected)
    write_returned(reading, tmp_path / "b.xlsx")
    again = read_roster(tmp_path / "b.xlsx", MedicalRow, on=ON, bounds=SMALL)
    assert len(again.accepted) + len(again.rejected) == len(reading.rejected)


@hypothesis_settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_a_damaged_file_is_refused_and_never_raises(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    path = roster(tmp_path / "a.xlsx", [applicant(1), applicant(2)])
    content = bytearray(path.read_bytes())
    for _ in range(dice.choice((1, 5, 40))):
        place = dice.randrange(len(content))
        match dice.randrange(3):
            case 0:
                content[place] = dice.randrange(256)
            case 1:
                del content[place : place + dice.randrange(1, 200)]
            case _:
                content[place:place] = dice.randbytes(dice.randrange(1, 50))
    path.write_bytes(content)
    try:
        reading = read_roster(path, ApplicationRow, on=ON, bounds=SMALL)
    except Refusal as told:
        known = path.name in str(told)
    else:
        known = True
        assert len(reading.accepted) + len(reading.rejected) <= 2
    assert known


@hypothesis_settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=400))
def test_any_text_is_read_or_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(f"编号,工号,动态口令,决定,理由\n{text}".encode("utf-8", "replace"))
    try:
        reading = read_roster(path, DecisionRow, on=ON, bounds=SMALL)
    except Refusal as told:
        known = path.name in str(told)
    else:
        known = True
        lines = [
            row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if any(cell.strip() for cell in row)
        ]
        assert len(reading.rejected) + len(reading.accepted) <= len(lines)
    assert known


def test_a_moment_is_read_as_its_day(tmp_path: Path) -> None:
    moment = datetime(2027, 1, 2, 9, 30, tzinfo=SHANGHAI).replace(tzinfo=None)
    path = sheet(tmp_path / "a.xlsx", [POLITICAL, ["ZB-2027H1-000001", "合格", "G1", moment]])
    assert read_roster(path, PoliticalRow, on=ON, bounds=SMALL).accepted[0].fact.concluded == date(2027, 1, 2)


def test_one_person_may_bring_several_pieces_of_evidence(tmp_path: Path) -> None:
    titles = ["公民身份号码", "评分项目", "取值", "证明材料类型", "核验人工号"]
    rows = [[identity(1), item, "1", "证书", "Z1"] for item in ("职业技能", "表彰奖励", "职业技能")]
    reading = read_roster(sheet(tmp_path / "a.xlsx", [titles, *rows]), EvidenceRow, on=ON, bounds=SMALL)
    assert ([one.row for one in reading.accepted], [one.row for one in reading.rejected]) == ([2, 3], [4])
