"""An incident as a message of the Common Alerting Protocol 1.2 (OASIS, 2010-07-01); pure: facts in, XML out.

How the protocol's words follow from ours:

| CAP | from |
| --- | --- |
| status | a drill: Exercise; else Actual |
| msgType | the first message: Alert; a later one: Update; no accident, or merged into another: Cancel |
| scope | Public where a text was approved and released to the public and it is no drill; else Restricted |
| category | fire: Fire; explosion: Safety; both: Fire, Safety; else: Safety |
| severity | the graver of confirmed and worst grade: I Extreme, II Severe, III Moderate, IV Minor; none: Unknown |
| certainty | both grades equal: Observed; worst graver than confirmed: Likely; worst only: Possible; none: Unknown |
| urgency | an emergency: Immediate; on standby: Expected; over: Past; not verified: Unknown |
| responseType | an emergency: Avoid; on standby: Monitor; ended: AllClear; else: None |

Numbers of casualties go into restricted messages only: what the public reads is the text that was approved.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal
from xml.etree import ElementTree as ET

from pydantic import AwareDatetime, Field

from config.fact import Fact
from config.messages import say
from config.zone import SHANGHAI
from models.incident_response.grade import Level
from models.incident_response.status import IncidentStatus as S

NAMESPACE: Final = "urn:oasis:names:tc:emergency:cap:1.2"
LANGUAGE: Final = "zh-CN"
_FORBIDDEN: Final = r"^[^\s,<&]+$"
_UNPRINTABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CATEGORIES: Final[Mapping[str, tuple[str, ...]]] = {
    "fire": ("Fire",),
    "explosion": ("Safety",),
    "both": ("Fire", "Safety"),
}
_SEVERITIES: Final = {Level.I: "Extreme", Level.II: "Severe", Level.III: "Moderate", Level.IV: "Minor"}
_EMERGENCY: Final = (S.VERIFIED, S.PLAN_ACTIVATED, S.RESPONDING, S.EXPANDED, S.SUPERIOR_COMMAND)
_URGENCIES: Final = {S.REPORTED: "Unknown", S.STANDBY: "Expected"} | dict.fromkeys(_EMERGENCY, "Immediate")
_OVER: Final = (S.ENDED, S.RECOVERING, S.RESTORED, S.SUMMARISED, S.CLOSED)
_RESPONSES: Final = {S.STANDBY: "Monitor"} | dict.fromkeys(_EMERGENCY, "Avoid") | dict.fromkeys(_OVER, "AllClear")
NO_ACCIDENT: Final = (S.NOT_ACCIDENT, S.MERGED, S.OUT_OF_SCOPE)


class Kind(StrEnum):
    """What a message is to those before it."""

    ALERT = "Alert"
    UPDATE = "Update"
    CANCEL = "Cancel"


class Reference(Fact):
    """A message that was sent before."""

    sender: str = Field(pattern=_FORBIDDEN)
    identifier: str = Field(pattern=_FORBIDDEN)
    sent: AwareDatetime


class Alert(Fact):
    """What one message says."""

    number: str = Field(pattern=_FORBIDDEN, description="The incident's")
    serial: int = Field(ge=1, description="1, 2, … within the incident")
    sender: str = Field(pattern=_FORBIDDEN)
    sender_name: str
    sent: AwareDatetime
    drill: bool
    status: S
    before: tuple[Reference, ...] = Field(default=(), description="Messages of this incident, the earliest first")
    public: bool = Field(default=False, description="Its text was approved and released to the public")
    accident: Literal["explosion", "fire", "both", "other", "unknown"]
    confirmed: Level | None = None
    worst: Level | None = None
    response: Level | None = None
    occurred_at: AwareDatetime | None = None
    headline: str
    description: str
    area: str = Field(min_length=1, description="In words: there is no map")
    figures: dict[str, int | None] = Field(default_factory=dict, description="Casualties; None where unknown")

    @property
    def identifier(self) -> str:
        """What tells it apart from every other message of this sender."""
        return f"{self.number}.{self.serial}"

    @property
    def kind(self) -> Kind:
        """What it is to those before it."""
        if self.status in NO_ACCIDENT and self.before:
            return Kind.CANCEL
        return Kind.UPDATE if self.before else Kind.ALERT

    @property
    def scope(self) -> str:
        """Whom it is for: a drill's message never is for the public."""
        return "Public" if self.public and not self.drill else "Restricted"

    @property
    def severity(self) -> str:
        """How grave it is, taking the worst that it may be."""
        grades = [one for one in (self.confirmed, self.worst) if one is not None]
        return _SEVERITIES[max(grades, key=lambda one: one.rank)] if grades else "Unknown"

    @property
    def certainty(self) -> str:
        """How sure that is."""
        if self.confirmed is None:
            return "Unknown" if self.worst is None else "Possible"
        return "Likely" if self.worst is not None and self.worst > self.confirmed else "Observed"

    @property
    def urgency(self) -> str:
        """How soon something is to be done."""
        return _URGENCIES.get(self.status, "Past")


def moment(given: datetime) -> str:
    """Return a moment as the protocol writes it: to the second, with the district's offset, never Z."""
    return given.astimezone(SHANGHAI).replace(microsecond=0).isoformat()


def write_cap(alert: Alert) -> bytes:
    """Return the message as XML, the same bytes for the same facts."""
    ET.register_namespace("", NAMESPACE)
    root = ET.Element(f"{{{NAMESPACE}}}alert")
    for name, value in _head(alert):
        _put(root, name, value)
    info = ET.SubElement(root, f"{{{NAMESPACE}}}info")
    for name, value in _info(alert):
        _put(info, name, value)
    for name, value in _parameters(alert):
        parameter = ET.SubElement(info, f"{{{NAMESPACE}}}parameter")
        _put(parameter, "valueName", name)
        _put(parameter, "value", value)
    area = ET.SubElement(info, f"{{{NAMESPACE}}}area")
    _put(area, "areaDesc", alert.area)
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _put(parent: ET.Element, name: str, value: str) -> None:
    ET.SubElement(parent, f"{{{NAMESPACE}}}{name}").text = _UNPRINTABLE.sub("�", value)


def _head(alert: Alert) -> Iterator[tuple[str, str]]:
    yield "identifier", alert.identifier
    yield "sender", alert.sender
    yield "sent", moment(alert.sent)
    yield "status", "Exercise" if alert.drill else "Actual"
    yield "msgType", alert.kind
    yield "scope", alert.scope
    if alert.scope == "Restricted":
        yield "restriction", say("incident_board.cap_restriction", "zh")
    if alert.drill or alert.kind is Kind.CANCEL:
        note = [say("incident_board.drill_banner", "zh")] if alert.drill else []
        note += [alert.status.text] if alert.kind is Kind.CANCEL else []
        yield "note", "；".join(note)
    if alert.before:
        yield "references", " ".join(f"{one.sender},{one.identifier},{moment(one.sent)}" for one in alert.before)
    yield "incidents", alert.number


def _info(alert: Alert) -> Iterator[tuple[str, str]]:
    drill = say("board.drill", "zh") if alert.drill else ""
    yield "language", LANGUAGE
    for category in _CATEGORIES.get(alert.accident, ("Safety",)):
        yield "category", category
    yield "event", say("incident_board.cap_event", "zh")
    yield "responseType", _RESPONSES.get(alert.status, "None")
    yield "urgency", alert.urgency
    yield "severity", alert.severity
    yield "certainty", alert.certainty
    yield "effective", moment(alert.sent)
    if alert.occurred_at is not None:
        yield "onset", moment(alert.occurred_at)
    yield "senderName", alert.sender_name
    yield "headline", drill + alert.headline
    yield "description", drill + alert.description


def _parameters(alert: Alert) -> Iterator[tuple[str, str]]:
    for name in ("confirmed", "worst", "response"):
        grade: Level | None = getattr(alert, name)
        yield say(f"incident_board.cap_{name}", "zh"), grade.text if grade else say("incident_board.level_none", "zh")
    if alert.scope == "Restricted":
        for name, number in alert.figures.items():
            unknown = say("incident_board.unknown", "zh")
            yield say(f"incident_board.toll_{name}", "zh"), unknown if number is None else str(number)
