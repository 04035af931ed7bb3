"""The measures of GB/T 9704-2012 and the smallest parts of a page: runs, paragraphs, tables."""

from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from models.document import Paragraph, Table

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
HEADER_FROM_EDGE, NUMBER_HEIGHT = 15.0, 8.0
DATE_INDENT, SIGNATURE_INDENT = 4.0, 2.0
POINTS_PER_MM: Final = 72 / 25.4
HALF_WIDTH: Final = 0x2000


def twips(millimetres: float) -> int:
    """Return millimetres in twentieths of a point."""
    return round(millimetres * TWIPS_PER_MM)


def run(
    text: str, font: str = FANGSONG, size: float = BODY, *, color: str = "", bold: bool = False, latin: str = LATIN
) -> str:
    """Return a run of text in one type."""
    east = quoteattr(font)
    west = quoteattr(latin)
    style = f'<w:rFonts w:ascii={west} w:hAnsi={west} w:eastAsia={east} w:cs={west} w:hint="eastAsia"/>'
    style += "<w:b/><w:bCs/>" if bold else ""
    style += f'<w:color w:val="{color}"/>' if color else ""
    style += f'<w:spacing w:val="{TIGHT}"/>' if size == BODY else ""
    style += f'<w:sz w:val="{round(size * 2)}"/><w:szCs w:val="{round(size * 2)}"/>'
    return f'<w:r><w:rPr>{style}</w:rPr><w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def paragraph(
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


def width_of(text: str) -> float:
    """Return the width of a text in characters; Latin letters and digits take half."""
    return sum(0.5 if ord(c) < HALF_WIDTH else 1.0 for c in text)


def blank(lines: int = 1, *, keep: bool = False) -> str:
    """Return blank lines."""
    return paragraph(extra="<w:keepNext/>" if keep else "") * lines


def border(edge: str, size: int, color: str = "auto", kind: str = "single", space: int = 0) -> str:
    """Return one edge of a border; sizes are eighths of a point, spaces points."""
    return f'<w:{edge} w:val="{kind}" w:sz="{size}" w:space="{space}" w:color="{color}"/>'


def block_of(block: Paragraph | Table, width: float, *, keep: bool) -> str:
    """Return a paragraph or table of the body; the one to keep stays on the page of what follows."""
    if isinstance(block, Table):
        return _table(block, width)
    font, bold = LEVELS[block.level]
    # No signature alone on a page: the last paragraph goes with it, and a heading with what it heads.
    return paragraph(
        run(block.text, font, bold=bold), first=2, extra="<w:keepNext/>" if keep or block.level == 1 else ""
    )


def _table(table: Table, width: float) -> str:
    shares = sum(table.widths)
    widths = [twips(width * share / shares) for share in table.widths]
    edges = "".join(border(edge, 4) for edge in ("top", "left", "bottom", "right", "insideH", "insideV"))
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
            f"{paragraph(run(cell, font, TABLE), align='center', line=line)}</w:tc>"
            for cell, width in zip(cells, widths, strict=True)
        )
        + "</w:tr>"
    )
