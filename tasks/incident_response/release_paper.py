"""The press text as a paper (新闻通稿), written once it is approved; a drill's is marked and never leaves."""

from pathlib import Path
from typing import Any, Final

from sqlalchemy import select

from config.fact import Fact
from config.messages import say
from config.offices import office
from config.settings import settings
from config.zone import SHANGHAI
from models.document import Document, Format, paragraphs, time_text
from models.incident_response.aftermath import IncidentRelease
from tasks.clock import local_day, now
from tasks.document import write_document
from tasks.incident_response import incident
from tasks.step import Dossier, step
from tasks.store import reading, table

FOLDER: Final = "papers"
RELEASES: Final = table(IncidentRelease)


class Paper(Fact):
    """Where a paper lies, under the papers' folder."""

    file: str


def _text(name: str, **facts: Any) -> str:
    return say(f"incident_release.{name}", "zh", **facts)


@step(rule=incident.rule_of("aftermath_release"))
def write_release_paper(this: Dossier, release: int, version: int) -> Paper:
    """Write the approved text as it is to be released."""
    chosen = select(RELEASES).where(
        RELEASES.c.case_id == this.id, RELEASES.c.release == release, RELEASES.c.version == version
    )
    with reading() as connection:
        row = connection.execute(chosen).one()
    mark = _text("drill_mark") if this.drill else ""
    approved = row.approved_at.astimezone(SHANGHAI) if row.approved_at else now()
    scope = _text(f"scope_{row.scope}")
    note = _text("paper_note", at=time_text(approved), way=row.way, scope=scope, version=version)
    paper = Document(
        format=Format.PLAIN,
        title=mark + row.title,
        body=paragraphs(row.text),
        signature=office("publicity_department").zh,
        signed_on=local_day(approved),
        note=mark + note,
    )
    name = f"release-{release}-{version}.docx"
    write_document(place_for(this.number, name), paper)
    return Paper(file=f"{this.number}/{name}")


def place_for(number: str, name: str) -> Path:
    """Return where a paper of an incident lies; its folder is there."""
    path = settings().home / FOLDER / number / name
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path
