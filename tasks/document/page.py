"""The parts of a paper on its page: red head, signature and date, imprint, page number, section."""

from collections.abc import Callable, Mapping
from math import ceil
from typing import Final, Literal

from config.messages import say
from models.document import Document, Format, day_text
from tasks.document.layout import (
    DATE_INDENT,
    FOOTER_FROM_EDGE,
    HEADER_FROM_EDGE,
    IMPRINT_GAP,
    LEFT,
    LETTER_FOOT,
    LETTER_TOP,
    LETTER_WIDTH,
    LINE,
    MASTHEAD,
    MASTHEAD_MOST,
    MASTHEAD_TOP,
    NUMBER_HEIGHT,
    PAGE,
    POINTS_PER_MM,
    RED,
    RULE_GAP,
    SIGNATURE_INDENT,
    SMALL,
    SONG,
    SONG_TITLE,
    TEXT,
    TITLE,
    TOP,
    blank,
    block_of,
    border,
    paragraph,
    run,
    twips,
    width_of,
)


def _document_head(paper: Document) -> str:
    size = min(MASTHEAD, MASTHEAD_MOST * POINTS_PER_MM / max(1, len(paper.issuer)))
    name = run(paper.issuer, SONG_TITLE, size, color=RED)
    number = run(paper.number or "")
    rule = f"<w:pBdr>{border('bottom', 12, RED, space=RULE_GAP)}</w:pBdr>"
    return (
        paragraph(line=twips(MASTHEAD_TOP))
        + paragraph(name, align="center", line=round(size * 1.3 * 20))
        + blank(2)
        + paragraph(number, align="center", extra=rule)
        + blank(2)
    )


def _letter_head(paper: Document) -> str:
    """Frames hold the name and both double rules where the page wants them, whatever the text does."""
    size = min(MASTHEAD, LETTER_WIDTH * POINTS_PER_MM / max(1, len(paper.issuer)))
    top = f"<w:pBdr>{border('bottom', 24, RED, 'thickThinSmallGap', RULE_GAP)}</w:pBdr>"
    foot = f"<w:pBdr>{border('top', 24, RED, 'thinThickSmallGap')}</w:pBdr>"
    height = round(size * 1.3 * 20)
    name = run(paper.issuer, SONG_TITLE, size, color=RED)
    return (
        paragraph(name, align="center", line=height, extra=f"{_page_frame(LETTER_TOP)}{top}")
        + paragraph(line=20, extra=f"{_page_frame(PAGE[1] - LETTER_FOOT)}{foot}")
        + blank()
        + paragraph(run(paper.number or ""), align="right")
        + blank()
    )


def _page_frame(from_top: float) -> str:
    return (
        f'<w:framePr w:w="{twips(LETTER_WIDTH)}" w:hSpace="0" w:vSpace="0" w:wrap="notBeside" w:vAnchor="page" '
        f'w:hAnchor="page" w:xAlign="center" w:y="{twips(from_top)}"/>'
    )


_HEADS: Final[Mapping[Format, Callable[[Document], str]]] = {
    Format.DOCUMENT: _document_head,
    Format.LETTER: _letter_head,
    Format.PLAIN: lambda _: "",
}


def _tail(paper: Document, imprint: str) -> str:
    """Attachments, signature and date: the date four characters from the right, the name centred above it."""
    parts = []
    if paper.attachments:
        single = len(paper.attachments) == 1
        parts.append(blank())
        for serial, name in enumerate(paper.attachments, 1):
            key = "attachment" if single else "attachment_first" if serial == 1 else "attachment_next"
            text = say(f"document.{key}", "zh", name=name, serial=serial)
            parts.append(paragraph(run(text), left=2 if serial == 1 else 5))
    if paper.signature and paper.signed_on:
        day = day_text(paper.signed_on)
        # Whichever is wider decides: both are centred on one line, and neither comes nearer than its distance.
        longer = max(0.0, (width_of(paper.signature) - width_of(day)) / 2 - (DATE_INDENT - SIGNATURE_INDENT))
        offset = (width_of(day) - width_of(paper.signature)) / 2
        right = DATE_INDENT + longer
        parts += [
            blank(2, keep=True),
            paragraph(run(paper.signature), align="right", right=right + offset, extra="<w:keepNext/>"),
            imprint,
            paragraph(run(day), align="right", right=right),
        ]
    else:
        parts.append(imprint)
    if paper.note:
        parts.append(paragraph(run(paper.note), first=2))
    return "".join(parts)


def _imprint(paper: Document, width: float) -> str:
    """Return 版记, framed at the foot of its page: copies, who printed it and when, between rules."""
    lines = []
    if paper.copies:
        copies = say("document.copies", "zh", copies="，".join(paper.copies))
        room = width * POINTS_PER_MM / SMALL - 2
        lines.append((run(copies, size=SMALL), "", ceil(width_of(copies) / room)))
    if paper.printed_by and paper.signed_on:
        day = run(say("document.printed_on", "zh", day=day_text(paper.signed_on)), size=SMALL)
        office = run(say("document.printed", "zh", office=paper.printed_by), size=SMALL)
        tab = f'<w:tabs><w:tab w:val="right" w:pos="{twips(width) - round(SMALL * 20)}"/></w:tabs>'
        lines.append((f"{office}<w:r><w:tab/></w:r>{day}", tab, 1))
    # Each line has a frame of its own: LibreOffice drops a frame whose paragraphs differ in their borders.
    line, foot = round(SMALL * 1.6 * 20), twips(LEFT + TEXT[0] if paper.landscape else TOP + TEXT[1])
    out, left = [], sum(count for _, _, count in lines) * line + len(lines) * IMPRINT_GAP
    for place, (runs, tabs, count) in enumerate(lines):
        frame = (
            f'<w:framePr w:w="{twips(width)}" w:hSpace="0" w:vSpace="0" w:wrap="notBeside" w:vAnchor="page" '
            f'w:hAnchor="margin" w:xAlign="left" w:y="{foot - left}"/>'
        )
        edges = border("top", 8 if place == 0 else 6, space=2) + (
            border("bottom", 8, space=2) if place == len(lines) - 1 else ""
        )
        framed = f"{frame}<w:pBdr>{edges}</w:pBdr>{tabs}"
        out.append(paragraph(runs, align="left", left=1, right=1, line=line, size=SMALL, extra=framed))
        left -= count * line + IMPRINT_GAP
    return "".join(out)


def section_of(paper: Document, references: str) -> str:
    """Return the section's page: binding edge left, or on top of a table that lies across."""
    if paper.landscape:
        size = f'w:w="{twips(PAGE[1])}" w:h="{twips(PAGE[0])}" w:orient="landscape"'
        top, left, (high, wide) = LEFT, PAGE[1] - TOP - TEXT[1], TEXT
    else:
        size = f'w:w="{twips(PAGE[0])}" w:h="{twips(PAGE[1])}"'
        top, left, (wide, high) = TOP, LEFT, TEXT
    page = PAGE[::-1] if paper.landscape else PAGE
    bottom, right = page[1] - top - high, page[0] - left - wide
    footer = min(FOOTER_FROM_EDGE, bottom - NUMBER_HEIGHT)
    margins = {"top": top, "right": right, "bottom": bottom, "left": left, "header": HEADER_FROM_EDGE, "footer": footer}
    edges = " ".join(f'w:{name}="{twips(value)}"' for name, value in margins.items())
    first = "<w:titlePg/>" if paper.format is Format.LETTER else ""  # the first page of a letter bears no number
    return (
        f'<w:sectPr>{references}<w:type w:val="nextPage"/><w:pgSz {size}/><w:pgMar {edges} w:gutter="0"/>'
        f'<w:pgNumType w:start="1"/>{first}<w:docGrid w:type="lines" w:linePitch="{LINE}"/></w:sectPr>'
    )


def body_of(paper: Document) -> str:
    """Return everything that a paper prints, without its section."""
    width = TEXT[1] if paper.landscape else TEXT[0]
    title = paragraph(
        run(paper.title, SONG_TITLE, TITLE), align="center", line=round(TITLE * 1.4 * 20), extra="<w:keepNext/>"
    )
    addressee = blank() + paragraph(run(paper.addressee)) if paper.addressee else blank()
    content = "".join(block_of(block, width, keep=block is paper.body[-1]) for block in paper.body)
    return _HEADS[paper.format](paper) + title + addressee + content + _tail(paper, _imprint(paper, width))


def section_break(section: str) -> str:
    """Return the paragraph that ends a section, too low to start a page of its own."""
    return (
        '<w:p><w:pPr><w:snapToGrid w:val="0"/><w:spacing w:before="0" w:after="0" w:line="20" w:lineRule="exact"/>'
        f'<w:rPr><w:sz w:val="2"/></w:rPr>{section}</w:pPr></w:p>'
    )


def page_number(align: Literal["left", "right"]) -> str:
    """Return the page number between its dashes, one character from the outer edge."""
    left, _, right = say("document.page", "zh", page="\0").partition("\0")
    size = f'<w:rPr><w:rFonts w:ascii="{SONG}" w:hAnsi="{SONG}" w:eastAsia="{SONG}"/><w:sz w:val="28"/></w:rPr>'
    field = f'<w:fldSimple w:instr=" PAGE "><w:r>{size}<w:t>1</w:t></w:r></w:fldSimple>'
    return paragraph(
        run(left, SONG, SMALL, latin=SONG),
        field,
        run(right, SONG, SMALL, latin=SONG),
        align=align,
        line=round(SMALL * 1.2 * 20),
        size=SMALL,
        left=float(align == "left"),
        right=float(align == "right"),
    )
