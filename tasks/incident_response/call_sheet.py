"""The call sheet: everybody who is called on one printed page, so that a telephone and a pen are enough (4.1)."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select

from config.messages import MessageMissingError, say
from config.offices import office
from config.settings import settings
from config.zone import SHANGHAI
from models.document import Document, Format, Paragraph, Table
from tasks.clock import local_day, now
from tasks.document import write_document
from tasks.incident_response.call_desk import number_in_book
from tasks.incident_response.call_record import CALLS, plan_for, recipient_of, role_title
from tasks.incident_response.contact import note_reading
from tasks.officer import officers
from tasks.step import Dossier, read_dossier
from tasks.store import reading

FOLDER: Final = "papers"
HEADS: Final = ("role", "person", "about", "number", "code", "called", "result", "by")
WIDTHS: Final = (5, 4, 3, 4, 3, 2, 8, 4)


def write_call_sheet(number: str, path: Path | None = None) -> Path:
    """Write the call sheet of an incident from the database alone, and note that sealed names and numbers were read.

    Args:
        number: the incident's.
        path: where; into the incident's papers without it.

    Raises:
        LookupError: there is no such case.
    """
    dossier, at = read_dossier(number), now()
    if path is None:
        name = f"call-sheet-{at.astimezone(SHANGHAI):%Y%m%d-%H%M%S}.docx"
        path = settings().home / FOLDER / number / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    note_reading(dossier.id, "call-sheet")
    write_document(path, _sheet(dossier, at))
    path.chmod(0o600)
    return path


def _said(name: str, **facts: Any) -> str:
    return say(f"incident_call.sheet_{name}", "zh", **facts)


def _sheet(dossier: Dossier, at: datetime) -> Document:
    rows = tuple(_rows(dossier, at))
    table = Table(titles=tuple(map(_said, HEADS)), widths=WIDTHS, rows=rows)
    mark = say("channels.drill_mark", "zh") if dossier.drill else ""
    issuer = office(plan_for(dossier).office).zh
    return Document(
        format=Format.PLAIN,
        issuer=issuer,
        title=mark + _said("title", number=dossier.number),
        body=(Paragraph(text=_said("help")), *((table,) if rows else (Paragraph(text=_said("nobody")),))),
        signature=issuer,
        signed_on=local_day(at),
        note=_said("note", at=f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"),
        landscape=True,
    )


def _rows(dossier: Dossier, at: datetime) -> Iterator[tuple[str, ...]]:
    """Return a row for each person, those who have not answered first."""
    names = {one.staff_no: one.name for one in officers()}
    chosen = select(CALLS).where(CALLS.c.case_id == dossier.id, CALLS.c.ended_why.not_in(("stood_down", "superseded")))
    with reading() as connection:
        calls: Sequence[Any] = connection.execute(chosen.order_by(CALLS.c.id)).all()
    for row in sorted(calls, key=lambda row: (_holds(row, at), row.id)):
        yield (
            role_title(row.role),
            f"{names.get(row.staff_no, '')} {row.staff_no}".strip() or _said("whoever"),
            purpose_title(row.purpose),
            number_in_book(recipient_of(row), row.case_id) or _said("no_number"),
            row.code,
            f"{row.called_at.astimezone(SHANGHAI):%H:%M}",
            _said("answered", kind=say(f"incident_call.ack_{row.answer}", "zh")) if _holds(row, at) else _said("boxes"),
            "",
        )


def _holds(row: Any, at: datetime) -> bool:
    return bool(row.answer) and row.holds_until is not None and row.holds_until > at


def purpose_title(purpose: str) -> str:
    """Return what a call is about, as the sheet says it."""
    try:
        return say(f"incident_call.purpose_{purpose.partition(':')[0]}", "zh")
    except MessageMissingError:
        return purpose
