"""Lay papers out as GB/T 9704-2012 has it and write them as .docx: margins, type, grid, red head, page numbers, imprint."""

import os
from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

import docx
from docx.opc.packuri import PackURI
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from config.messages import say
from models.document import Document, Format, Paragraph, Table, day_text

TWIPS_PER_MM: Final = 1440 / 25.4
PAGE: Final = (210.0, 297.0)
TOP, LEFT, TEXT = 37.0, 28.0, (156.0, 225.0)
LINE: Final = 579
"""Twentieths of a point: 22 lines on 225 mm make a pitch of 28.95 pt."""
TIGHT: Final = -5
"""Twentieths of a point between characters: 28 of 16 pt are wider than 156 mm."""
BODY, TITLE, SMALL, TABLE = 16.0, 22.0, 14.0, 12.0
FANGSONG, SONG_TITLE, HEI, KAI, SONG = "仿宋_GB2312", "方正小标宋简体", "黑体", "楷体_GB2312", "宋体"
LATIN: Final = "Times New Roman"
FALLBACKS: Final = {FANGSONG: "仿宋", KAI: "楷体", SONG_TITLE: "小标宋体", HEI: "SimHei", SONG: "SimSun"}
LEVELS: Final = {0: (FANGSONG, False), 1: (HEI, False), 2: (KAI, False), 3: (FANGSONG, True), 4: (FANGSONG, False)}
RED: Final = "FF0000"
MASTHEAD, MASTHEAD_TOP, MASTHEAD_MOST = 48.0, 35.0, 150.0
RULE_GAP: Final = 11
"""Points between number and red rule: 4 mm."""
IMPRINT_GAP: Final = 80
LETTER_WIDTH, LETTER_TOP, LETTER_FOOT = 170.0, 30.0, 20.0
FOOTER_FROM_EDGE: Final = 22.0
"""Millimetres: the page number stands 7 mm below the text area."""
DATE_INDENT, SIGNATURE_INDENT = 4.0, 2.0
POINTS_PER_MM: Final = 72 / 25.4
HALF_WIDTH: Final = 0x2000


def _twips(millimetres: float) -> int:
    return round(millimetres * TWIPS_PER_MM)


def _run(
    text: str, font: str = FANGSONG, size: float = BODY, *, color: str = "", bold: bool = False, latin: str = LATIN
) -> str:
    east = quoteattr(font)
    west = quoteattr(latin)
    style = f'<w:rFonts w:ascii={west} w:hAnsi={west} w:eastAsia={east} w:cs={west} w:hint="eastAsia"/>'
    style += "<w:b/><w:bCs/>" if bold else ""
    style += f'<w:color w:val="{color}"/>' if color else ""
    style += f'<w:spacing w:val="{TIGHT}"/>' if size == BODY else ""
    style += f'<w:sz w:val="{round(size * 2)}"/><w:szCs w:val="{round(size * 2)}"/>'
    return f'<w:r><w:rPr>{style}</w:rPr><w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def _paragraph(
    *runs: str,
    align: str = "both",
    first: float = 0,
    left: float = 0,
    right: float = 0,
    line: int = LINE,
    extra: str = "",
    size: float = BODY,
) -> str:
    """Return a paragraph; indents count characters of its type size; `extra` is what comes before its spacing."""
    indents = "".join(
        f' w:{name}Chars="{round(count * 100)}" w:{name}="{round(count * size * 20)}"'
        for name, count in (("left", left), ("right", right), ("firstLine", first))
        if count
    )
    grid = "" if line == LINE else '<w:snapToGrid w:val="0"/>'
    spacing = f'{grid}<w:spacing w:before="0" w:after="0" w:line="{line}" w:lineRule="exact"/>'
    indent = f"<w:ind{indents}/>" if indents else ""
    return f'<w:p><w:pPr>{extra}{spacing}{indent}<w:jc w:val="{align}"/></w:pPr>{"".join(runs)}</w:p>'


def _width(text: str) -> float:
    """Return the width of a text in characters; Latin letters and digits take half."""
    return sum(0.5 if ord(c) < HALF_WIDTH else 1.0 for c in text)


def _blank(lines: int = 1, *, keep: bool = False) -> str:
    return _paragraph(extra="<w:keepNext/>" if keep else "") * lines


def _border(edge: str, size: int, color: str = "auto", kind: str = "single", space: int = 0) -> str:
    return f'<w:{edge} w:val="{kind}" w:sz="{size}" w:space="{space}" w:color="{color}"/>'


def _document_head(paper: Document) -> str:
    size = min(MASTHEAD, MASTHEAD_MOST * POINTS_PER_MM / max(1, len(paper.issuer)))
    name = _run(paper.issuer, SONG_TITLE, size, color=RED)
    number = _run(paper.number or "")
    border = f"<w:pBdr>{_border('bottom', 12, RED, space=RULE_GAP)}</w:pBdr>"
    return (
        _paragraph(line=_twips(MASTHEAD_TOP))
        + _paragraph(name, align="center", line=round(size * 1.3 * 20))
        + _blank(2)
        + _paragraph(number, align="center", extra=border)
        + _blank(2)
    )


def _letter_head(paper: Document) -> str:
    """Frames hold the name and both double rules where the page wants them, whatever the text does."""
    size = min(MASTHEAD, LETTER_WIDTH * POINTS_PER_MM / max(1, len(paper.issuer)))
    top = f"<w:pBdr>{_border('bottom', 24, RED, 'thickThinSmallGap', RULE_GAP)}</w:pBdr>"
    foot = f"<w:pBdr>{_border('top', 24, RED, 'thinThickSmallGap')}</w:pBdr>"
    height = round(size * 1.3 * 20)
    name = _run(paper.issuer, SONG_TITLE, size, color=RED)
    return (
        _paragraph(name, align="center", line=height, extra=f"{_page_frame(LETTER_TOP)}{top}")
        + _paragraph(line=20, extra=f"{_page_frame(PAGE[1] - LETTER_FOOT)}{foot}")
        + _blank()
        + _paragraph(_run(paper.number or ""), align="right")
        + _blank()
    )


def _page_frame(from_top: float) -> str:
    return (
        f'<w:framePr w:w="{_twips(LETTER_WIDTH)}" w:hSpace="0" w:vSpace="0" w:wrap="notBeside" w:vAnchor="page" '
        f'w:hAnchor="page" w:xAlign="center" w:y="{_twips(from_top)}"/>'
    )


_HEADS: Final = {Format.DOCUMENT: _document_head, Format.LETTER: _letter_head, Format.PLAIN: lambda _: ""}


def _block(block: Paragraph | Table, width: float, *, keep: bool) -> str:
    if isinstance(block, Table):
        return _table(block, width)
    font, bold = LEVELS[block.level]
    # No signature alone on a page: the last paragraph goes with it, and a heading with what it heads.
    return _paragraph(
        _run(block.text, font, bold=bold), first=2, extra="<w:keepNext/>" if keep or block.level == 1 else ""
    )


def _table(table: Table, width: float) -> str:
    shares = sum(table.widths)
    widths = [_twips(width * share / shares) for share in table.widths]
    edges = "".join(_border(edge, 4) for edge in ("top", "left", "bottom", "right", "insideH", "insideV"))
    grid = "".join(f'<w:gridCol w:w="{one}"/>' for one in widths)
    margins = '<w:tblCellMar><w:left w:w="57" w:type="dxa"/><w:right w:w="57" w:type="dxa"/></w:tblCellMar>'
    layout = (
        f'<w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:jc w:val="center"/><w:tblBorders>{edges}</w:tblBorders>'
        f'<w:tblLayout w:type="fixed"/>{margins}</w:tblPr><w:tblGrid>{grid}</w:tblGrid>'
    )
    head = _row(table.titles, widths, HEI, "<w:cantSplit/><w:tblHeader/>")
    return (
        f"<w:tbl>{layout}{head}{''.join(_row(row, widths, FANGSONG, '<w:cantSplit/>') for row in table.rows)}</w:tbl>"
    )


def _row(cells: Sequence[str], widths: Sequence[int], font: str, properties: str) -> str:
    line = round(TABLE * 1.5 * 20)
    return (
        f"<w:tr><w:trPr>{properties}</w:trPr>"
        + "".join(
            f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/><w:vAlign w:val="center"/></w:tcPr>'
            f"{_paragraph(_run(cell, font, TABLE), align='center', line=line)}</w:tc>"
            for cell, width in zip(cells, widths, strict=True)
        )
        + "</w:tr>"
    )


def _tail(paper: Document, imprint: str) -> str:
    """Attachments, signature and date: the date four characters from the right, the name centred above it."""
    parts = []
    if paper.attachments:
        single = len(paper.attachments) == 1
        parts.append(_blank())
        for serial, name in enumerate(paper.attachments, 1):
            key = "attachment" if single else "attachment_first" if serial == 1 else "attachment_next"
            text = say(f"document.{key}", "zh", name=name, serial=serial)
            parts.append(_paragraph(_run(text), left=2 if serial == 1 else 5))
    if paper.signature and paper.signed_on:
        day = day_text(paper.signed_on)
        # Whichever is wider decides: both are centred on one line, and neither comes nearer than its distance.
        longer = max(0.0, (_width(paper.signature) - _width(day)) / 2 - (DATE_INDENT - SIGNATURE_INDENT))
        offset = (_width(day) - _width(paper.signature)) / 2
        right = DATE_INDENT + longer
        parts += [
            _blank(2, keep=True),
            _paragraph(_run(paper.signature), align="right", right=right + offset, extra="<w:keepNext/>"),
            imprint,
            _paragraph(_run(day), align="right", right=right),
        ]
    else:
        parts.append(imprint)
    if paper.note:
        parts.append(_paragraph(_run(paper.note), first=2))
    return "".join(parts)


def _imprint(paper: Document, width: float) -> str:
    """Return 版记, framed at the foot of its page: copies, who printed it and when, between rules."""
    lines = []
    if paper.copies:
        copies = say("document.copies", "zh", copies="，".join(paper.copies))
        room = width * POINTS_PER_MM / SMALL - 2
        lines.append((_run(copies, size=SMALL), "", ceil(_width(copies) / room)))
    if paper.printed_by and paper.signed_on:
        day = _run(say("document.printed_on", "zh", day=day_text(paper.signed_on)), size=SMALL)
        office = _run(say("document.printed", "zh", office=paper.printed_by), size=SMALL)
        tab = f'<w:tabs><w:tab w:val="right" w:pos="{_twips(width) - round(SMALL * 20)}"/></w:tabs>'
        lines.append((f"{office}<w:r><w:tab/></w:r>{day}", tab, 1))
    # Each line has a frame of its own: LibreOffice drops a frame whose paragraphs differ in their borders.
    line, foot = round(SMALL * 1.6 * 20), _twips(LEFT + TEXT[0] if paper.landscape else TOP + TEXT[1])
    out, left = [], sum(count for _, _, count in lines) * line + len(lines) * IMPRINT_GAP
    for place, (runs, tabs, count) in enumerate(lines):
        frame = (
            f'<w:framePr w:w="{_twips(width)}" w:hSpace="0" w:vSpace="0" w:wrap="notBeside" w:vAnchor="page" w:hAnchor="margin" '
            f'w:xAlign="left" w:y="{foot - left}"/>'
        )
        edges = _border("top", 8 if place == 0 else 6, space=2) + (
            _border("bottom", 8, space=2) if place == len(lines) - 1 else ""
        )
        border = f"{frame}<w:pBdr>{edges}</w:pBdr>{tabs}"
        out.append(_paragraph(runs, align="left", left=1, right=1, line=line, size=SMALL, extra=border))
        left -= count * line + IMPRINT_GAP
    return "".join(out)


def _section(paper: Document, references: str) -> str:
    """Return the section's page: binding edge left, or on top of a table that lies across."""
    if paper.landscape:
        size = f'w:w="{_twips(PAGE[1])}" w:h="{_twips(PAGE[0])}" w:orient="landscape"'
        top, left, (high, wide) = LEFT, PAGE[1] - TOP - TEXT[1], TEXT
    else:
        size = f'w:w="{_twips(PAGE[0])}" w:h="{_twips(PAGE[1])}"'
        top, left, (wide, high) = TOP, LEFT, TEXT
    page = PAGE[::-1] if paper.landscape else PAGE
    bottom, right = page[1] - top - high, page[0] - left - wide
    return (
        f'<w:sectPr>{references}<w:type w:val="nextPage"/><w:pgSz {size}/>'
        f'<w:pgMar w:top="{_twips(top)}" w:right="{_twips(right)}" w:bottom="{_twips(bottom)}" w:left="{_twips(left)}" '
        f'w:header="{_twips(15)}" w:footer="{_twips(min(FOOTER_FROM_EDGE, bottom - 8))}" w:gutter="0"/><w:pgNumType w:start="1"/>'
        f'{"<w:titlePg/>" if paper.format is Format.LETTER else ""}<w:docGrid w:type="lines" w:linePitch="{LINE}"/></w:sectPr>'
    )


def _body(paper: Document) -> str:
    width = TEXT[1] if paper.landscape else TEXT[0]
    title = _paragraph(
        _run(paper.title, SONG_TITLE, TITLE), align="center", line=round(TITLE * 1.4 * 20), extra="<w:keepNext/>"
    )
    addressee = _blank() + _paragraph(_run(paper.addressee)) if paper.addressee else _blank()
    content = "".join(_block(block, width, keep=block is paper.body[-1]) for block in paper.body)
    return _HEADS[paper.format](paper) + title + addressee + content + _tail(paper, _imprint(paper, width))


def _break(section: str) -> str:
    """Return the paragraph that ends a section, too low to start a page of its own."""
    return (
        '<w:p><w:pPr><w:snapToGrid w:val="0"/><w:spacing w:before="0" w:after="0" w:line="20" w:lineRule="exact"/>'
        f'<w:rPr><w:sz w:val="2"/></w:rPr>{section}</w:pPr></w:p>'
    )


def _page_number(align: str) -> str:
    left, _, right = say("document.page", "zh", page="\0").partition("\0")
    size = f'<w:rPr><w:rFonts w:ascii="{SONG}" w:hAnsi="{SONG}" w:eastAsia="{SONG}"/><w:sz w:val="28"/></w:rPr>'
    field = f'<w:fldSimple w:instr=" PAGE "><w:r>{size}<w:t>1</w:t></w:r></w:fldSimple>'
    side = {"right": 1.0} if align == "right" else {"left": 1.0}
    return _paragraph(
        _run(left, SONG, SMALL, latin=SONG),
        field,
        _run(right, SONG, SMALL, latin=SONG),
        align=align,
        line=round(SMALL * 1.2 * 20),
        size=SMALL,
        **side,
    )


def _element(xml: str) -> Any:
    opening, _, rest = xml.partition(">") if "/>" not in xml.partition(">")[0] + ">" else (xml[:-2], "", "/>")
    name, _, attributes = opening.partition(" ")
    return parse_xml(f"{name} {nsdecls('w')} {attributes}{'>' if rest != '/>' else ''}{rest}")


def write_document(path: Path, *papers: Document) -> None:
    """Write papers into one .docx, each on a page of its own and numbered from 1."""
    file = docx.Document()
    file.settings.odd_and_even_pages_header_footer = True
    normal = file.styles["Normal"]
    normal.font.name, normal.font.size = LATIN, docx.shared.Pt(BODY)
    normal.element.rPr.rFonts.set(docx.oxml.ns.qn("w:eastAsia"), FANGSONG)
    for language in normal.element.getparent().iter(docx.oxml.ns.qn("w:lang")):
        language.set(docx.oxml.ns.qn("w:eastAsia"), "zh-CN")
    _name_fallbacks(file)
    section = file.sections[0]
    for footer, align in ((section.footer, "right"), (section.even_page_footer, "left")):
        footer.is_linked_to_previous = False
        for old in footer._element.findall(docx.oxml.ns.qn("w:p")):  # noqa: SLF001 -- python-docx offers no way to replace it
            footer._element.remove(old)  # noqa: SLF001
        footer._element.append(_element(_page_number(align)))  # noqa: SLF001
    body = file.element.body
    ids = [
        (one.get(docx.oxml.ns.qn("w:type")), one.get(docx.oxml.ns.qn("r:id")))
        for one in body.sectPr.findall(docx.oxml.ns.qn("w:footerReference"))
    ]
    references = "".join(f'<w:footerReference w:type="{kind}" r:id="{rid}"/>' for kind, rid in ids)
    xml = []
    for place, paper in enumerate(papers, 1):
        section_xml = _section(paper, references)
        last = place == len(papers)
        xml.append(_body(paper) + (section_xml if last else _break(section_xml)))
    new = parse_xml(f"<w:body {nsdecls('w', 'r')}>{''.join(xml)}</w:body>")
    file.element.replace(body, new)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        file.save(str(part))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _name_fallbacks(file: Any) -> None:
    """Name the fonts that may stand in: the standard's fonts are proprietary and are never shipped."""
    fonts = "".join(
        f'<w:font w:name="{name}"><w:altName w:val="{other}"/></w:font>' for name, other in FALLBACKS.items()
    )
    for part in file.part.package.iter_parts():
        if part.partname == PackURI("/word/fontTable.xml"):
            part._blob = part.blob.replace(b"</w:fonts>", fonts.encode() + b"</w:fonts>")  # noqa: SLF001
