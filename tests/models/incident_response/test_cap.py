"""CAP 1.2: every kind of message is valid under its schema, a drill's is an Exercise, and no text breaks the XML."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from models.incident_response.cap import LANGUAGE, NAMESPACE, Alert, Kind, Reference, moment, write_cap
from models.incident_response.grade import Level
from models.incident_response.status import IncidentStatus as S

SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).parent / "data" / "cap12.xsd"))
SENT = datetime(2027, 1, 4, 3, 30, 7, 123456, tzinfo=UTC)
SENDER = "CN.320614.command_office"
BEFORE = (Reference(sender=SENDER, identifier="SG-2027-001.1", sent=SENT - timedelta(hours=1)),)
LEVELS = st.none() | st.sampled_from(Level)
ONE: dict[str, Any] = {
    "number": "SG-2027-001", "serial": 1, "sender": SENDER, "sender_name": "区应急指挥部", "sent": SENT, "drill": False,
    "status": S.RESPONDING, "accident": "explosion", "headline": "某店发生爆炸", "description": "正在处置", "area": "三星镇",
    "figures": {"dead": 1, "injured": None},
}  # fmt: skip


def alert(**more: Any) -> Alert:
    return Alert(**{**ONE, **more})


def read(one: Alert) -> Any:
    root = etree.fromstring(write_cap(one))
    assert SCHEMA.validate(root), SCHEMA.error_log
    return root


def said(root: Any, name: str) -> list[str]:
    return [found.text or "" for found in root.iter(f"{{{NAMESPACE}}}{name}")]


@given(
    status=st.sampled_from(S), before=st.sampled_from([(), BEFORE, BEFORE * 2]), drill=st.booleans(), public=st.booleans(),
    accident=st.sampled_from(["explosion", "fire", "both", "other", "unknown"]), confirmed=LEVELS, worst=LEVELS,
    response=LEVELS, headline=st.text(), description=st.text(), area=st.text(min_size=1), sent=st.datetimes(
        min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 -- hypothesis adds the zone
)  # fmt: skip
def test_every_message_is_valid_whatever_its_texts_say(**facts: Any) -> None:
    one = alert(**facts)
    root = read(one)
    assert said(root, "status") == ["Exercise" if one.drill else "Actual"]
    assert said(root, "scope") == ["Public" if one.public and not one.drill else "Restricted"]
    assert said(root, "language") == [LANGUAGE]
    assert bool(said(root, "references")) == bool(one.before)
    assert write_cap(one) == write_cap(one)


def test_the_schema_refuses_what_the_standard_refuses() -> None:
    whole = write_cap(alert()).decode()
    for was, now in (("Actual", "Real"), ("+08:00", "Z"), ("<msgType>Alert</msgType>", ""), ("Restricted", "Secret")):
        assert was in whole
        assert not SCHEMA.validate(etree.fromstring(whole.replace(was, now).encode())), was


@pytest.mark.parametrize(
    ("status", "before", "kind"),
    [
        (S.RESPONDING, (), Kind.ALERT),
        (S.RESPONDING, BEFORE, Kind.UPDATE),
        (S.ENDED, BEFORE, Kind.UPDATE),
        (S.NOT_ACCIDENT, BEFORE, Kind.CANCEL),
        (S.MERGED, BEFORE, Kind.CANCEL),
        (S.NOT_ACCIDENT, (), Kind.ALERT),
    ],
)
def test_the_first_alerts_a_later_one_updates_and_no_accident_cancels(
    status: S, before: tuple[Reference, ...], kind: Kind
) -> None:
    assert said(read(alert(status=status, before=before, serial=len(before) + 1)), "msgType") == [kind]


def test_an_update_refers_to_what_it_updates() -> None:
    root = read(alert(before=BEFORE, serial=2))
    assert said(root, "identifier") == ["SG-2027-001.2"]
    assert said(root, "references") == [f"{SENDER},SG-2027-001.1,2027-01-04T10:30:07+08:00"]


@pytest.mark.parametrize(
    ("confirmed", "worst", "severity", "certainty"),
    [
        (None, None, "Unknown", "Unknown"),
        (None, Level.II, "Severe", "Possible"),
        (Level.IV, Level.IV, "Minor", "Observed"),
        (Level.IV, Level.III, "Moderate", "Likely"),
        (Level.III, None, "Moderate", "Observed"),
        (Level.I, Level.I, "Extreme", "Observed"),
    ],
)
def test_severity_and_certainty_follow_from_both_grades(
    confirmed: Level | None, worst: Level | None, severity: str, certainty: str
) -> None:
    root = read(alert(confirmed=confirmed, worst=worst))
    assert (said(root, "severity"), said(root, "certainty")) == ([severity], [certainty])


@pytest.mark.parametrize(
    ("status", "urgency", "response"),
    [
        (S.REPORTED, "Unknown", "None"),
        (S.STANDBY, "Expected", "Monitor"),
        (S.EXPANDED, "Immediate", "Avoid"),
        (S.ENDED, "Past", "AllClear"),
        (S.NOT_ACCIDENT, "Past", "None"),
    ],
)
def test_urgency_follows_from_where_it_stands(status: S, urgency: str, response: str) -> None:
    root = read(alert(status=status))
    assert (said(root, "urgency"), said(root, "responseType")) == ([urgency], [response])


def test_a_drill_says_so_in_every_place_that_a_person_reads() -> None:
    root = read(alert(number="YL-2027-001", drill=True, public=True))
    assert (said(root, "status"), said(root, "scope")) == (["Exercise"], ["Restricted"])
    assert all(text.startswith("【演练】") for name in ("headline", "description", "note") for text in said(root, name))


def test_the_public_reads_the_approved_text_and_no_figures() -> None:
    public, inside = said(read(alert(public=True)), "valueName"), said(read(alert()), "valueName")
    assert public == ["已确认等级", "最坏情形等级", "响应级别"]
    assert inside == [*public, "死亡", "重伤"]
    assert said(read(alert()), "value")[-1] == "不明"
    assert not said(read(alert(public=True)), "restriction")


def test_a_moment_has_its_offset_and_no_fraction() -> None:
    assert moment(SENT) == "2027-01-04T11:30:07+08:00"


def test_both_categories_where_it_burns_and_explodes() -> None:
    assert said(read(alert(accident="both")), "category") == ["Fire", "Safety"]
    assert said(read(alert(accident="unknown")), "category") == ["Safety"]
