"""Write papers as one .docx."""

import os
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any, Final, Literal

import docx
from docx.opc.packuri import PackURI
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Pt

from models.document import Document
from tasks.document.layout import BODY, FALLBACKS, FANGSONG, LATIN
from tasks.document.page import body_of, page_number, section_break, section_of

FONT_TABLE: Final = PackURI("/word/fontTable.xml")


def write_document(path: Path, first: Document, *others: Document) -> None:
    """Write papers into one .docx, each on a page of its own and numbered from 1; the file appears when it is whole."""
    file = docx.Document()
    _dress(file, first)
    references = _footers(file)
    sections = [(body_of(paper), section_of(paper, references)) for paper in (first, *others)]
    *before, (last, final) = sections
    xml = "".join(body + section_break(section) for body, section in before) + last + final
    file.element.replace(file.element.body, parse_xml(f"<w:body {nsdecls('w', 'r')}>{xml}</w:body>"))
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        file.save(str(part))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _dress(file: Any, paper: Document) -> None:
    """Set fonts, language and properties: the template is an English letter by another author."""
    normal = file.styles["Normal"]
    normal.font.name, normal.font.size = LATIN, Pt(BODY)
    normal.element.rPr.rFonts.set(qn("w:eastAsia"), FANGSONG)
    for language in file.styles.element.iter(qn("w:lang")):
        language.set(qn("w:eastAsia"), "zh-CN")
    about = file.core_properties
    about.author, about.title, about.comments, about.last_modified_by = paper.issuer, paper.title, "", paper.issuer
    if paper.signed_on:
        about.created = about.modified = datetime.combine(paper.signed_on, time(), UTC)
    # The standard's fonts are proprietary and never shipped: the font table names what may stand in for them.
    fonts = "".join(
        f'<w:font w:name="{name}"><w:altName w:val="{other}"/></w:font>' for name, other in FALLBACKS.items()
    )
    for part in file.part.package.iter_parts():
        if part.partname == FONT_TABLE:
            part._blob = part.blob.replace(b"</w:fonts>", fonts.encode() + b"</w:fonts>")  # noqa: SLF001 -- no other way


def _footers(file: Any) -> str:
    """Make the footers of right and left pages; return the references that every section repeats."""
    file.settings.odd_and_even_pages_header_footer = True
    section = file.sections[0]
    sides: tuple[tuple[Any, Literal["left", "right"]], ...] = (
        (section.footer, "right"),
        (section.even_page_footer, "left"),
    )
    for footer, align in sides:
        footer.is_linked_to_previous = False
        element = footer.part.element
        for old in element.findall(qn("w:p")):
            element.remove(old)
        element.append(parse_xml(f"<w:ftr {nsdecls('w')}>{page_number(align)}</w:ftr>")[0])
    return "".join(
        f'<w:footerReference w:type="{one.get(qn("w:type"))}" r:id="{one.get(qn("r:id"))}"/>'
        for one in file.element.body.sectPr.findall(qn("w:footerReference"))
    )
