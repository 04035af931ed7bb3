"""Papers in the layout of GB/T 9704-2012: measured in the file, and laid out by an office suite where there is one."""

import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.oxml.ns import qn
from pydantic import ValidationError

from config.messages import Refusal
from config.zone import SHANGHAI
from models.document import Document, Format, Paragraph, Table, numeral
from models.paper import (
    ApprovalMinutes,
    BenefitLine,
    BenefitSheet,
    CorrectionOrder,
    DeregistrationNotice,
    DispatchEntry,
    DispatchRoster,
    EmployerLetter,
    EnlistmentNotice,
    HouseholdLetter,
    Paper,
    PostedEntry,
    PostedList,
    RegistrationAnnouncement,
    Resolution,
    SchoolLetter,
    TownCircular,
    TownResult,
    TransportLeg,
    TransportPlan,
)
from tasks.document import write_document

OFFICE = "南通市海门区人民政府征兵办公室"
BASE: dict[str, Any] = {"issuer": OFFICE, "number": "海征〔2027〕3号", "signed_on": date(2027, 2, 26)}
IMPRINT: dict[str, Any] = {"copies": ("区委办公室", "区交通运输局"), "printed_by": "区征兵办公室"}
NAMED = {"name": "张伟", "contact": "0513-82210000"}
APPROVED = NAMED | {"approved_on": date(2027, 3, 1)}
AT = datetime(2027, 3, 10, 8, 30, tzinfo=SHANGHAI)
SEASON = {"season": "2027年上半年"}
IDENTITY = "11010519491231002X"

PAPERS: tuple[Paper, ...] = (
    EnlistmentNotice(**BASE, **APPROVED, case_number="ZB-2027H1-000123", report_at=AT, report_place="区人武部"),
    HouseholdLetter(**BASE, **APPROVED, town="悦来镇"),
    EmployerLetter(**BASE, **APPROVED, employer="示例纺织有限公司"),
    SchoolLetter(**BASE, **APPROVED, school="南通示例大学", resume_years=2),
    PostedList(
        **BASE, **SEASON, entries=(PostedEntry(name="张伟", town="悦来镇"), PostedEntry(name="李强", town="常乐镇")), posted_from=date(2027, 2, 18),
        posted_until=date(2027, 2, 24), working_days=5, office="区征兵办公室", phone="0513-82210000", address="示例路1号",
    ),
    TransportPlan(
        **BASE, **IMPRINT, **SEASON, superior="南通军分区征兵办公室", contact="0513-82210000",
        legs=(TransportLeg(batch="第1批", unit="某部", recruits=60, departs=AT, departs_from="区人武部", destination="某站", vehicle="大客车2辆", escort="李某"),) * 2,
    ),
    DispatchRoster(
        **BASE, **SEASON, unit="某部", handed_over_on=date(2027, 3, 10),
        entries=(DispatchEntry(name="张伟", sex="男", born=date(2006, 1, 2), identity=IDENTITY, education="本科", town="悦来镇", case_number="ZB-2027H1-000123", archive="DA-1"),),
    ),
    TownCircular(
        **BASE, **IMPRINT, **SEASON, praised=("悦来镇",), short=("某镇",),
        towns=(TownResult(town="悦来镇", quota=12, approved=13, graduates=6, returned=0), TownResult(town="某镇", quota=0, approved=0, graduates=0, returned=1, remark="退兵")),
    ),
    RegistrationAnnouncement(**BASE, year=2027, age=18, born_until=date(2009, 12, 31), due=date(2027, 6, 30), website="www.gfbzb.gov.cn", places="各镇街武装部", phone="0513-82210000"),
    DeregistrationNotice(**BASE, **APPROVED, addressed_to="悦来镇人民政府", ground="身体原因", letter_on=date(2027, 4, 1), reinstate=True),
    CorrectionOrder(
        **BASE, **NAMED, offence="逃避兵役登记", article="《南通市海门区征兵工作实施细则》第二十四条", evidence="送达回证", correct_by=date(2027, 7, 31), how="到镇武装部登记",
        fine_min=Decimal(48000), fine_max=Decimal(192000), review_days=60, review_body="南通市海门区人民政府", suit_months=6, court="有管辖权的人民法院",
    ),
    BenefitSheet(
        **BASE, case_number="ZB-2027H1-000123", name="张伟", town="悦来镇", year=2027, standard=Decimal(24000), standard_document="海政办发〔2027〕9号",
        lines=(BenefitLine(item="家庭优待金", working="24,000×4", amount=Decimal(96000), article="第十九条第一项"), BenefitLine(item="奖励", working="24,000×60%", amount=Decimal(14400), article="第十九条第二项", reading="按普通标准")),
        payable=Decimal(110400), calculated_by="Z1001", checked_by="Z1002",
    ),
    ApprovalMinutes(
        **BASE | {"issuer": "南通市海门区征兵领导小组"}, **SEASON, held_at=AT, place="会议室", chair="组长", present=("甲", "乙"), absent=("丙",), recorder="丁",
        candidates=160, approved=120, reserve=12, resolutions=(Resolution(topic="审议名单", resolution="同意。"),) * 12,
    ),
)  # fmt: skip


def written(folder: Path, *papers: Document) -> Any:
    write_document(folder / "a.docx", *papers)
    return docx.Document(str(folder / "a.docx"))


def texts(file: Any) -> str:
    return "\n".join(
        "".join(node.text or "" for node in paragraph.iter(qn("w:t")))
        for paragraph in file.element.body.iter(qn("w:p"))
    )


def one_of(kind: type[Paper]) -> Document:
    return next(paper for paper in PAPERS if type(paper) is kind).compose()


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.kind)
def test_every_paper_says_its_facts_on_a_page_of_the_standard(tmp_path: Path, paper: Paper) -> None:
    document = paper.compose()
    file = written(tmp_path, document)
    section = file.sections[-1]
    wide, high = (
        section.page_width.mm - section.left_margin.mm - section.right_margin.mm,
        section.page_height.mm - section.top_margin.mm - section.bottom_margin.mm,
    )
    assert sorted((round(section.page_width.mm, 0), round(section.page_height.mm, 0))) == [210, 297]
    assert sorted((wide, high)) == pytest.approx([156.0, 225.0], abs=0.05)
    if not paper.landscape:
        assert (section.top_margin.mm, section.left_margin.mm) == pytest.approx((37.0, 28.0), abs=0.05)
    text = texts(file)
    assert document.title in text
    assert "2027年2月26日" in text
    assert not re.search(r"[{}]|None|Decimal|datetime", text)
    for fact in ("张伟", "悦来镇", "0513-82210000", "ZB-2027H1-000123"):
        assert (fact in paper.model_dump_json()) <= (fact in text)


def test_the_type_is_the_standard_s_and_east_asian(tmp_path: Path) -> None:
    file = written(tmp_path, one_of(EmployerLetter))
    fonts = {}
    for run in file.element.body.iter(qn("w:r")):
        text = "".join(node.text or "" for node in run.iter(qn("w:t")))
        look = run.find(qn("w:rPr"))
        fonts[text] = (look.find(qn("w:rFonts")).get(qn("w:eastAsia")), int(look.find(qn("w:sz")).get(qn("w:val"))) / 2)
    assert fonts["关于张伟同志批准入伍的函"] == ("方正小标宋简体", 22)
    assert fonts["一、工资待遇"] == ("黑体", 16)
    assert fonts["示例纺织有限公司："] == ("仿宋_GB2312", 16)
    assert fonts[OFFICE] in {("方正小标宋简体", 32.1), ("仿宋_GB2312", 16)}
    pitches = {node.get(qn("w:line")) for node in file.element.body.iter(qn("w:spacing")) if node.get(qn("w:line"))}
    assert "579" in pitches
    names = (tmp_path / "a.docx").read_bytes()
    assert names.startswith(b"PK")
    package = {
        str(part.partname): part.blob
        for part in file.part.package.iter_parts()
        if str(part.partname).endswith("fontTable.xml")
    }
    assert 'w:altName w:val="仿宋"'.encode() in package["/word/fontTable.xml"]


def test_levels_follow_from_how_a_paragraph_begins() -> None:
    begins = ["一、总则", "十二、附则", "（一）对象", "1.条件", "（1）年龄", "正文一、二", "2027年"]
    assert [Paragraph(text=text).level for text in begins] == [1, 1, 2, 3, 4, 0, 0]
    assert [numeral(number) for number in (1, 9, 10, 11, 20, 23, 99)] == [
        "一",
        "九",
        "十",
        "十一",
        "二十",
        "二十三",
        "九十九",
    ]


def test_the_red_head_has_name_number_and_rule(tmp_path: Path) -> None:
    file = written(tmp_path, one_of(TransportPlan))
    red = [run for run in file.element.body.iter(qn("w:color")) if run.get(qn("w:val")) == "FF0000"]
    assert len(red) == 1
    rule = next(node for node in file.element.body.iter(qn("w:pBdr")) if node[0].get(qn("w:color")) == "FF0000")
    assert (rule[0].tag, rule.getparent().getparent().getparent().tag) == (qn("w:bottom"), qn("w:body"))
    assert "海征〔2027〕3号" in "".join(node.text for node in rule.getparent().getparent().iter(qn("w:t")))
    plain = written(tmp_path, one_of(EnlistmentNotice))
    assert not list(plain.element.body.iter(qn("w:color")))


def test_the_date_stands_four_characters_from_the_right_and_the_name_above_its_middle(tmp_path: Path) -> None:
    for issuer, right, above in (("区征兵办", 400, 525), (OFFICE, 625, 200)):
        document = one_of(EnlistmentNotice).model_copy(update={"issuer": issuer, "signature": issuer})
        found = {
            "".join(node.text for node in paragraph.iter(qn("w:t"))): int(indent.get(qn("w:rightChars")))
            for paragraph in written(tmp_path, document).element.body.iter(qn("w:p"))
            for indent in paragraph.iter(qn("w:ind"))
            if indent.get(qn("w:rightChars"))
        }
        assert found == {issuer: above, "2027年2月26日": right}


def test_the_imprint_names_copies_and_printer_at_the_foot(tmp_path: Path) -> None:
    file = written(tmp_path, one_of(TransportPlan))
    frames = list(file.element.body.iter(qn("w:framePr")))
    assert [int(frame.get(qn("w:y"))) for frame in frames] == sorted(int(frame.get(qn("w:y"))) for frame in frames)
    assert len(frames) == 2
    assert "抄送：区委办公室，区交通运输局。" in texts(file)
    assert "2027年2月26日印发" in texts(file)


def test_pages_are_numbered_from_one_on_the_outer_side(tmp_path: Path) -> None:
    file = written(tmp_path, *[one_of(EnlistmentNotice)] * 3)
    assert len(file.sections) == 3
    assert file.settings.odd_and_even_pages_header_footer
    for section in file.sections:
        assert section._sectPr.find(qn("w:pgNumType")).get(qn("w:start")) == "1"
        for footer, side in ((section.footer, "right"), (section.even_page_footer, "left")):
            line = footer._element
            assert "".join(node.text for node in line.iter(qn("w:t"))) == "— 1 —"
            assert line.find(qn("w:p")).find(qn("w:pPr")).find(qn("w:jc")).get(qn("w:val")) == side


def test_the_posted_list_holds_no_digits_of_anyone() -> None:
    with pytest.raises(Refusal, match="不得含有数字"):
        PostedEntry(name="张伟0314", town="悦来镇")
    with pytest.raises(ValidationError):
        PostedEntry.model_validate({"name": "张伟", "town": "悦来镇", "identity": IDENTITY})
    table = next(block for block in one_of(PostedList).body if isinstance(block, Table))
    assert table.titles == ("序号", "姓名", "镇街")
    assert table.rows == (("1", "张伟", "悦来镇"), ("2", "李强", "常乐镇"))


def test_sums_of_a_paper_are_its_own(tmp_path: Path) -> None:
    assert "合计：110,400.00元" in texts(written(tmp_path, one_of(BenefitSheet)))
    assert "分2批输送新兵120名" in texts(written(tmp_path, one_of(TransportPlan)))
    circular = texts(written(tmp_path, one_of(TownCircular)))
    assert "征集任务12名，批准入伍13名" in circular
    assert "108.3%" in circular
    assert "—" in circular


@pytest.mark.parametrize(
    "number",
    [
        "海征[2027]3号",
        "海征（2027）3号",
        "海征〔2027〕03号",
        "海征〔2027〕第3号",
        "海征〔27〕3号",
        "征兵办海征〔2027〕3号等",
    ],
)
def test_a_wrong_document_number_is_refused(number: str) -> None:
    with pytest.raises(Refusal, match="六角括号"):
        EnlistmentNotice(**BASE | {"number": number}, **APPROVED, case_number="X", report_at=AT, report_place="x")


def test_markup_in_a_fact_stays_text_and_what_cannot_be_printed_is_refused(tmp_path: Path) -> None:
    odd = "张<w:p/>&{name}\u3000𠮷"
    document = HouseholdLetter(**BASE, **APPROVED | {"name": odd}, town="悦来镇").compose()
    assert f"悦来镇{odd}同志家属：" in texts(written(tmp_path, document))
    with pytest.raises(Refusal, match="U\\+0007"):
        HouseholdLetter(**BASE, **APPROVED | {"name": "张\x07"}, town="悦来镇")


def test_a_table_repeats_its_head_and_splits_no_row(tmp_path: Path) -> None:
    rows = tuple((str(serial), "张伟") for serial in range(200))
    document = Document(
        format=Format.PLAIN, title="名单", body=(Table(titles=("序号", "姓名"), widths=(1, 3), rows=rows),)
    )
    file = written(tmp_path, document)
    table = file.tables[0]
    assert len(table.rows) == 201
    assert table.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
    assert all(row._tr.trPr.find(qn("w:cantSplit")) is not None for row in table.rows)
    widths = [int(node.get(qn("w:w"))) for node in table._tbl.tblGrid]
    assert sum(widths) * 25.4 / 1440 == pytest.approx(156, abs=0.1)


def test_the_notices_of_a_season_are_one_file_in_seconds(tmp_path: Path) -> None:
    begun = time.process_time()
    notices = [
        EnlistmentNotice(
            **BASE,
            **APPROVED | {"name": f"张{numeral(serial % 99 + 1)}"},
            case_number=f"ZB-2027H1-{serial:06d}",
            report_at=AT,
            report_place="区人武部",
        )
        for serial in range(120)
    ]
    file = written(tmp_path, *[notice.compose() for notice in notices])
    assert time.process_time() - begun < 5
    assert len(file.sections) == 120


def _pages(folder: Path, papers: Sequence[Document]) -> list[str]:
    write_document(folder / "a.docx", *papers)
    command = [
        "soffice",
        f"-env:UserInstallation=file://{folder}/profile",
        "--headless",
        "--convert-to",
        "pdf",
        "--outdir",
        str(folder),
        str(folder / "a.docx"),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    done = subprocess.run(
        ["pdftotext", "-layout", str(folder / "a.pdf"), "-"], check=True, capture_output=True, text=True
    )
    return done.stdout.split("\f")[:-1]


@pytest.mark.skipif(
    not (shutil.which("soffice") and shutil.which("pdftotext")),
    reason="LibreOffice and pdftotext, which lay pages out, are not installed",
)
def test_an_office_suite_lays_the_papers_out(tmp_path: Path) -> None:
    pages = _pages(tmp_path, [paper.compose() for paper in PAPERS])
    assert len(PAPERS) <= len(pages) <= 2 * len(PAPERS)
    squeezed = [re.sub(r"\s", "", page) for page in pages]
    assert all("征兵" in page or "同志" in page or "联系电话" in page or "审议" in page for page in squeezed)
    plan = next(number for number, page in enumerate(squeezed) if "新兵运输计划的报告" in page)
    last = squeezed[plan + 1]
    assert last.index("2027年2月26日") < last.index("抄送：区委办公室")
    assert last.endswith("印发—2—")
    assert squeezed[0].endswith("—1—")
