"""Alerts of the Common Alerting Protocol for other systems: made from what stands, numbered and journalled."""

from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

from config.area import areas
from config.emergency_plan import EmergencyPlan
from config.messages import Refusal, say
from config.offices import OfficeUnknownError, office, town
from config.settings import settings
from models.incident_response.cap import Alert, Kind, Reference, write_cap
from models.incident_response.grade import Level
from models.incident_response.status import IncidentStatus as S
from tasks.clock import now
from tasks.incident_response.bundle import case_of
from tasks.incident_response.incident import signed
from tasks.incident_response.toll import TOLL
from tasks.incident_response.view import View, read_view
from tasks.journal import lock, write_entry
from tasks.store import Transaction, transaction

SENDERS: Final = ("command_office", "incident_commander", "emergency_duty", "publicity_department")
"""Roles that may send an alert to other systems."""
LINE: Final = "alert"
FOLDER: Final = "papers"
COUNTRY: Final = "CN"
RELEASED: Final = "released"
PUBLIC: Final = "public"
PRIVATE: Final = 0o600


class Sent(NamedTuple):
    """A message that was written: where it lies, and what it is."""

    path: Path
    identifier: str
    kind: Kind
    scope: str


def sender_of(plan: EmergencyPlan) -> str:
    """Return what tells this district's command from every other sender: country, district code, office."""
    return f"{COUNTRY}.{areas().district[-1].code}.{plan.office}"


def before(view: View) -> tuple[Reference, ...]:
    """Return the messages of an incident that were written before, the earliest first."""
    outcomes = [entry.outcome for entry in view.entries if entry.step == LINE]
    return tuple(Reference(**{name: one[name] for name in ("sender", "identifier", "sent")}) for one in outcomes)


def alert_of(view: View, sent: datetime) -> Alert:
    """Return the message that an incident makes now: the released text where there is one, else one for inside."""
    incident, earlier = view.incident, before(view)
    text = next((one for one in reversed(view.releases) if one.status == RELEASED and one.scope == PUBLIC), None)
    return Alert(
        number=view.case.number,
        serial=len(earlier) + 1,
        sender=sender_of(view.plan),
        sender_name=office(view.plan.office).zh,
        sent=sent,
        drill=view.drill,
        status=S(view.case.status),
        before=earlier,
        public=text is not None,
        accident=incident.kind,
        confirmed=_level(incident.grade),
        worst=_level(incident.worst_grade),
        response=_level(incident.response_level),
        occurred_at=incident.occurred_at,
        headline=text.title
        if text
        else _said("cap_headline", unit=incident.unit_name, kind=_said(f"kind_{incident.kind}")),
        description=text.text if text else _inside(view),
        area=_area(incident.town),
        figures={name: getattr(incident, name) for name in TOLL},
    )


def _said(name: str, **facts: Any) -> str:
    return say(f"incident_board.{name}", "zh", **facts)


def _level(level: str) -> Level | None:
    return Level(level) if level else None


def _area(town_id: str) -> str:
    """Return the area in words: the zone concerned, or the district where that is not known."""
    district = areas().district[-1].name
    try:
        return f"{district}{town(town_id).zh}" if town_id else district
    except OfficeUnknownError:
        return district


def _inside(view: View) -> str:
    incident = view.incident
    numbers = ((name, getattr(incident, name)) for name in TOLL)
    toll = "，".join(
        f"{_said(f'toll_{name}')}{_said('unknown') if number is None else number}" for name, number in numbers
    )
    return _said("cap_inside", scene=incident.scene, status=S(view.case.status).text, toll=toll)


def send_alert(number: str, staff_no: str, code: str, *, update: bool = False, path: Path | None = None) -> Sent:
    """Write the message that an incident makes now, signed for and journalled.

    Args:
        number: the incident's.
        staff_no: whoever signs for it.
        code: that one's one-time code.
        update: whether it follows an earlier message; it must, where there is one.
        path: where it is written besides its place among the papers.

    Raises:
        Refusal: the signature does not count, there is no such incident, or an earlier message is or is not there.
    """
    case_id = case_of(number)
    earlier = before(read_view(number))
    if earlier and not update:
        raise Refusal("incident_board.alerted", number=number, identifier=earlier[-1].identifier)
    if update and not earlier:
        raise Refusal("incident_board.not_alerted", number=number)
    if path is not None and path.exists():
        raise Refusal("backup.exists", path=path)
    by = signed(staff_no, code, SENDERS).actor
    with transaction() as tx:
        made, data = write_alert(tx, case_id, by)
    if path is not None:
        path.write_bytes(data)
    return made


def write_alert(tx: Transaction, case_id: int, by: str) -> tuple[Sent, bytes]:
    """Write the next message of an incident among its papers, in the transaction of what it tells of."""
    case, at = lock(tx, case_id), now()
    number = case.number
    alert = alert_of(read_view(number), at)
    data = write_cap(alert)
    path = settings().home / FOLDER / number / f"cap-{alert.serial:03}.xml"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_bytes(data)
    path.chmod(PRIVATE)
    facts = {name: getattr(alert, name) for name in ("sender", "identifier", "kind", "scope")}
    outcome = facts | {"sent": at, "file": f"{number}/{path.name}", "digest": sha256(data).hexdigest()}
    write_entry(tx, case, LINE, alert.serial, actor=by, at=at, outcome=outcome, substance=False)
    return Sent(path, alert.identifier, alert.kind, alert.scope), data
