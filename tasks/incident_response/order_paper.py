"""Orders on paper: the order that starts the response, changes of its level, the letter to the city (4.1, 4.4)."""

from pathlib import Path
from typing import Any, Final

from sqlalchemy import select

from config.fact import Fact
from config.messages import say
from config.offices import office
from config.rulebook import cited
from config.settings import settings
from config.zone import SHANGHAI
from models.document import Document, Format, paragraphs, time_text
from tasks.clock import local_day
from tasks.document import write_document
from tasks.incident_response.incident import ORDERS, PROCESS, present, rule_of
from tasks.incident_response.order import level_text
from tasks.step import Dossier, step
from tasks.store import reading
from tasks.yearly import local

FOLDER: Final = "papers"
PRINTED: Final = ("activation", "level", "scene", "expansion", "superior")
"""Kinds of order that are written on paper."""
LETTERS: Final = ("expansion",)


class Paper(Fact):
    """Where the paper of an order lies."""

    file: str


def place_for(case: Dossier, number: int, kind: str) -> Path:
    """Return where the paper of an order lies."""
    return settings().home / FOLDER / case.number / f"order-{number:03}-{kind}.docx"


@step(rule=rule_of("command_orders"))
def print_order(case: Dossier, kind: str) -> Paper:
    """Write the paper of the order whose number is the turn."""
    with reading() as connection:
        this = (ORDERS.c.case_id == case.id) & (ORDERS.c.number == case.turn)
        row = connection.execute(select(ORDERS).where(this)).one()
    path = place_for(case, case.turn, kind)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_document(path, _letter(case, row) if kind in LETTERS else _order(case, row))
    path.chmod(0o600)
    return Paper(file=f"{case.number}/{path.name}")


def _said(name: str, **facts: Any) -> str:
    return say(f"paper_incident_order.{name}", "zh", **facts)


def _order(case: Dossier, row: Any) -> Document:
    content, found = row.content, present(case.id)
    lines = {
        "unit": found.unit_name,
        "matter": content.get("matter", ""),
        "level": level_text(row.level, "zh") if row.level else "",
        "duration": content.get("duration", ""),
        "measures": content.get("measures", ""),
        "reason": content.get("reason", ""),
        "document": content.get("document", ""),
        "issued": local(row.issued_at),
        "plan": content.get("plan", ""),
    }
    said = [_said(f"line_{name}", value=value) for name, value in lines.items() if value]
    basis = content.get("basis") or cited(f"{PROCESS}.command_orders", case.on).label
    mark = _said("drill") if case.drill else ""
    return Document(
        format=Format.PLAIN,
        issuer=_said("issuer"),
        title=mark + _said(f"title_{row.kind}", number=row.number, case=case.number),
        addressee=_said("addressee"),
        body=paragraphs("\n".join((_said("opening", basis=basis), *said, _said("closing")))),
        signature=_said("issuer"),
        signed_on=local_day(row.issued_at),
    )


def _letter(case: Dossier, row: Any) -> Document:
    content = row.content
    text = _said(
        "letter",
        unit=present(case.id).unit_name,
        at=time_text(row.issued_at.astimezone(SHANGHAI)),
        level=level_text(row.level, "zh"),
        why=content.get("why", ""),
        facts=content.get("facts", ""),
        wanted=content.get("wanted", ""),
        basis=cited(f"{PROCESS}.command_expand", case.on).label,
    )
    government = office("district_government").zh
    return Document(
        format=Format.LETTER,
        issuer=government,
        title=(_said("drill") if case.drill else "") + _said("title_letter", unit=present(case.id).unit_name),
        addressee=_said("city"),
        body=paragraphs(text),
        signature=government,
        signed_on=local_day(row.issued_at),
    )
