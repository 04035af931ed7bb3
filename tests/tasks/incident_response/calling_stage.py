"""The stage of the tests of calls: an incident, people with channels of their own, and the notices they get."""

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import select

from config.channels import channels
from config.settings import settings
from models.incident_response.ladder import Ack
from tasks.incident_response.acknowledgement import Heard, Said, acknowledge
from tasks.incident_response.call import call
from tasks.incident_response.call_record import CALLS
from tasks.incident_response.incident import Opening, open_incident
from tasks.step import Dossier
from tasks.store import reading, transaction
from tests.ground import NOTICES

TEMPLATE = "incident_call.exhausted"
FACTS: Mapping[str, Any] = {"who": "总指挥"}
BOOK: dict[str, Any] = {
    "channels": {
        "inbox": {"kind": "inbox"}, "letter": {"kind": "letter"}, "call": {"kind": "call"},
        "app": {"url": "json://hook.invalid/app"}, "sms": {"url": "json://hook.invalid/sms?to={target}"},
        "trial": {"url": "json://hook.invalid/trial", "drill": True},
    },
    "officers": {
        "C1": ["app", {"sms": "13800000001"}, {"call": "13800000001"}, "trial"],
        "A1": ["app", {"sms": "13800000002"}],
        "B1": ["app"],
        "N1": ["inbox"],
    },
    "book": {"emergency_duty": ["app"]},
}  # fmt: skip


def furnish(home: Path, monkeypatch: pytest.MonkeyPatch, book: Mapping[str, Any] = BOOK) -> None:
    """Give the installation an address book."""
    path = home / "channels.yaml"
    path.write_text(yaml.safe_dump(dict(book), allow_unicode=True), encoding="utf-8")
    monkeypatch.setenv("BANJIE_CHANNELS", str(path))
    settings.cache_clear()
    channels.cache_clear()


def accident(*, exercise: str = "") -> Dossier:
    """Open an incident."""
    given = Opening(unit_name="试办烟花爆竹经营部", scene="试办路1号", kind="explosion", mark=uuid.uuid4().bytes,
                    exercise=exercise)  # fmt: skip
    with transaction() as tx:
        return open_incident(tx, given)


def alert(case: Dossier, *roles: str, purpose: str = "alert", occasion: int = 1) -> int:
    """Call roles."""
    return call(case, purpose, roles, TEMPLATE, FACTS | {"number": case.number}, occasion=occasion)


def calls(**where: Any) -> list[Any]:
    """Return the calls with the given values."""
    chosen = select(CALLS).order_by(CALLS.c.id)
    for name, value in where.items():
        chosen = chosen.where(CALLS.c[name] == value)
    with reading() as connection:
        return list(connection.execute(chosen))


def told(recipient: str, template: str = TEMPLATE) -> dict[str, str]:
    """Return the channels that somebody was told on, with the status of each notice."""
    chosen = select(NOTICES.c.channel, NOTICES.c.status).where(
        NOTICES.c.recipient == recipient, NOTICES.c.template == template
    )
    with reading() as connection:
        return {row.channel: str(row.status) for row in connection.execute(chosen)}


def ack(staff_no: str, kind: Ack = Ack.RECEIVED, eta: int | None = None, **where: Any) -> Heard:
    """Answer the latest call of somebody."""
    return acknowledge(Said(calls(staff_no=staff_no, **where)[-1].code, kind, "command", eta))
