"""The slip that goes with a demand to its department: its words and whom to call, which no form and no log may show."""

from pathlib import Path
from typing import Any, Final

from sqlalchemy import select

from config.fact import Fact
from config.messages import say
from config.offices import office
from config.rulebook import cited
from config.settings import settings
from models.document import Document, Format, Table, paragraphs
from models.policy_redemption.demand import DemandChannel, DemandKind
from tasks.clock import local_day, now
from tasks.document import write_document
from tasks.policy_redemption.citation import rule_of
from tasks.policy_redemption.demand import DEMANDS, HANDLING
from tasks.policy_redemption.demand_clock import CENTRE, due_of
from tasks.step import Dossier, step
from tasks.store import reading
from tasks.yearly import local

FOLDER: Final = "papers"
READ: Final = ("content", "contact", "phone", "again_why")


class Slip(Fact):
    """Where a slip lies, and which sealed fields were read for it."""

    file: str
    read: tuple[str, ...]


def _text(name: str, **facts: Any) -> str:
    return say(f"paper_demand.{name}", "zh", **facts)


def place_for(dossier: Dossier) -> Path:
    """Return where a demand's slip lies; a later turn has its own."""
    turn = "" if dossier.turn == 1 else f"-{dossier.turn}"
    return settings().home / FOLDER / dossier.number / f"slip{turn}.docx"


@step(rule=rule_of("demand_departments"))
def write_demand_slip(dossier: Dossier, department: str) -> Slip:
    """Write the slip of this turn; that its sealed fields were read stands in the journal."""
    with reading() as connection:
        found = connection.execute(select(DEMANDS).where(DEMANDS.c.case_id == dossier.id)).one()
    lines = {
        "number": dossier.number,
        "kind": DemandKind(found.kind).word,
        "channel": DemandChannel(found.channel).word,
        "received": local(found.received_at),
        "title": found.title,
        "content": found.content,
        "again": found.again_why or "",
        "firm": found.uscc,
        "contact": found.contact or "",
        "phone": found.phone or "",
        "due": local(due_of(dossier, *HANDLING)),
    }
    rows = tuple((_text(f"line_{name}"), value) for name, value in lines.items() if value)
    paper = Document(
        format=Format.PLAIN,
        issuer=office(CENTRE).zh,
        title=_text("title"),
        addressee=_text("addressee", office=office(department).zh),
        body=(
            *paragraphs(_text("body", article=cited("policy_redemption.demand_departments", dossier.on).label)),
            Table(titles=(_text("head_item"), _text("head_content")), widths=(1, 4), rows=rows),
        ),
        signature=office(CENTRE).zh,
        signed_on=local_day(now()),
    )
    path = place_for(dossier)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_document(path, paper)
    path.chmod(0o600)
    return Slip(file=f"{dossier.number}/{path.name}", read=tuple(name for name in READ if getattr(found, name)))
