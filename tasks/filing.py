"""Papers and sheets of a case: where they lie, who may read them, and the digest that the journal keeps."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from config.fact import Fact
from config.offices import office
from config.settings import settings
from models.document import Document, Format, Table, paragraphs
from tasks.clock import local_day, now
from tasks.document import write_document
from tasks.roster import SheetColumn, write_roster
from tasks.step import Dossier

FOLDER: Final = "papers"


class Filed(Fact):
    """A paper that was written: its file below the papers folder, how many it concerns, and its digest."""

    file: str
    concerns: int
    digest: str


NOTHING_FILED: Final = Filed(file="", concerns=0, digest="")
"""What a step returns that had nobody to write about."""


def place_for(dossier: Dossier, name: str, ending: str) -> Path:
    """Return where a paper of a case lies; a later turn has a file of its own."""
    turn = "" if dossier.turn == 1 else f"-{dossier.turn}"
    path = settings().home / FOLDER / dossier.number / f"{name}{turn}.{ending}"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def filed(path: Path, concerns: int) -> Filed:
    """Close a paper to others and return what the journal keeps of it."""
    path.chmod(0o600)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Filed(file=f"{path.parent.name}/{path.name}", concerns=concerns, digest=digest)


def file_papers(dossier: Dossier, name: str, papers: Sequence[Document], concerns: int) -> Filed:
    """Write papers into one file of a case; nothing where there is nobody to write about."""
    if not papers:
        return NOTHING_FILED
    path = place_for(dossier, name, "docx")
    write_document(path, *papers)
    return filed(path, concerns)


def file_sheet(
    dossier: Dossier,
    name: str,
    title: str,
    columns: Sequence[SheetColumn],
    rows: Iterable[Sequence[Any]],
    *,
    purpose: str,
) -> Filed:
    """Write a sheet of a case; nothing where there is nobody to write about."""
    listed = list(rows)
    if not listed:
        return NOTHING_FILED
    path = place_for(dossier, name, "xlsx")
    write_roster(path, title, columns, listed, purpose=purpose)
    return filed(path, len(listed))


def columns_of(titles: str, kinds: Sequence[tuple[int, str]]) -> list[SheetColumn]:
    """Return columns from their titles, parted by 、, with width and kind of each."""
    return [SheetColumn(title, width, kind) for title, (width, kind) in zip(titles.split("、"), kinds, strict=True)]


def plain_paper(
    issuer: str, title: str, text: str, *, addressee: str = "", table: Table | None = None, on: date | None = None
) -> Document:
    """Return a plain paper of an office: title, text, perhaps a table, signature and day."""
    body = paragraphs(text)
    return Document(
        format=Format.PLAIN,
        issuer=office(issuer).zh,
        title=title,
        addressee=addressee,
        body=(*body, table) if table else body,
        signature=office(issuer).zh,
        signed_on=on or local_day(now()),
    )
