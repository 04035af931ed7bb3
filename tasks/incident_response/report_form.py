"""The forms of reports, read: all nine groups in full, five fields where seconds count, or what has changed (3)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from config.messages import Refusal, say
from config.offices import town, towns
from config.zone import SHANGHAI
from models.incident_response.report import (
    GROUPS,
    AccidentKind,
    ContactGroup,
    Controllable,
    KindGroup,
    Licensed,
    MeasuresGroup,
    Report,
    SceneGroup,
    State,
    TollGroup,
    UnitGroup,
    nothing_known,
    read_report,
    title,
)
from models.incident_response.report_words import (
    NONE_WORDS,
    choice,
    count,
    is_unknown,
    known,
    loss,
    moment,
    plain,
    spoken_toll,
    town_id,
    words,
)
from models.personal import is_office_telephone, personal_numbers

FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "unit": ("unit", "address", "licensed"),
    "scene": ("occurred", "place", "town", "situation"),
    "kind": ("kind",),
    "course": ("course",),
    "toll": ("dead", "injured", "missing", "trapped", "loss"),
    "reach": ("reach",),
    "measures": ("measures", "controllable"),
    "aid": ("aid",),
    "contact": ("contact_office", "contact_telephone"),
}
"""What a full report must say of each group; 未知 and 无 are answers."""
CHAIN: Final = {
    "scene_police": "police_told",
    "scene_fire": "fire_told",
    "scene_head": "head_told",
    "head_local": "local_told",
    "head_bureau": "bureau_told",
}
"""Who told whom, and the field that says when."""
FREE: Final = ("unit", "address", "licence", "place", "situation", "course", "likely", "reach", "measures", "aid",
               "contact_office", "contact_telephone", "casualties", "source")  # fmt: skip
"""Fields that hold somebody's words: cleared where somebody's numbers were written into them."""


class Brought(NamedTuple):
    """What a form says: the report, and who told whom when."""

    report: Report
    links: dict[str, datetime]


def label(name: str) -> str:
    """Return what the form calls a field."""
    return say(f"parameter.report_accident.{name}")


def read_full(fields: Mapping[str, str], at: datetime) -> Brought:
    """Read a full report: every group must be there, and 未知 is an answer (T-INC-25).

    Raises:
        Refusal: a group is left out or a field is not as it should be; names it.
    """
    for group, names in FIELDS.items():
        if any(not fields.get(name, "").strip() for name in names):
            raise Refusal("incident_report.group_missing", group=title(group))
    return read_changes(fields, at)


def read_changes(fields: Mapping[str, str], at: datetime) -> Brought:
    """Read what has changed: what is left empty, or unknown, changes nothing.

    Raises:
        Refusal: a field is not as it should be; names it.
    """
    given = {name: fields.get(name, "").strip() for names in FIELDS.values() for name in names}
    given |= {name: fields.get(name, "").strip() for name in ("licence", "likely")}
    given = {name: "" if value == say("incident_report.unchanged", "zh") else value for name, value in given.items()}
    report = {
        "unit": UnitGroup.of(name=_named(given["unit"], "unit"), address=known(given["address"]),
                             licensed=choice(Licensed, given["licensed"], label("licensed")),
                             licence=known(given["licence"])),
        "scene": SceneGroup.of(occurred_at=_when(given["occurred"], "occurred", at),
                               place=_named(given["place"], "scene"), town=town_id(_word(given["town"])),
                               situation=known(given["situation"])),
        "kind": KindGroup.of(kind=choice(AccidentKind, given["kind"], label("kind"))),
        "course": words(given["course"]),
        "toll": TollGroup.of(**{name: count(given[name], label(name)) for name in FIELDS["toll"][:4]},
                             loss=loss(given["loss"], label("loss")), likely=known(given["likely"])),
        "reach": words(given["reach"]),
        "measures": _measures(given["measures"], given["controllable"]),
        "aid": words(given["aid"]),
        "contact": _contact(given["contact_office"], given["contact_telephone"]),
    }  # fmt: skip
    return Brought(read_report(report), links_of(fields, at))


def read_quick(fields: Mapping[str, str], at: datetime) -> Brought:
    """Read a quick report: unit, place, class, time and toll in words; the rest is unknown until it is completed.

    Raises:
        Refusal: unit and place are both unknown, or a field is not as it should be.
    """
    unit, place = _named(fields.get("unit", ""), "unit"), _named(fields.get("place", ""), "scene")
    if not unit and not place:
        raise Refusal("incident_report.nowhere")
    report = dict(nothing_known()) | {
        "unit": UnitGroup.of(name=unit),
        "scene": SceneGroup.of(
            place=place, town=_town_in(place), occurred_at=moment(fields.get("when", ""), label("occurred"), at)
        ),
        "kind": KindGroup.of(kind=choice(AccidentKind, fields.get("kind", ""), label("kind"))),
        "toll": TollGroup.of(**spoken_toll(fields.get("casualties", ""))),
    }
    return Brought(read_report(report), {})


def links_of(fields: Mapping[str, str], at: datetime) -> dict[str, datetime]:
    """Return who told whom and when, as far as it is known (3)."""
    found = {link: _when(fields.get(name, ""), name, at) for link, name in CHAIN.items()}
    return {link: moment for link, moment in found.items() if moment is not None}


def _when(given: str, name: str, at: datetime) -> datetime | None:
    return moment(given, label(name), at) if given.strip() else None


def _named(text: str, group: str) -> str:
    """Return a name; every accident has one, so it may be unknown and never none."""
    if plain(text).lower() in NONE_WORDS:
        raise Refusal("incident_report.never_none", group=title(group))
    return known(text)


def _word(town: str) -> str:
    return "" if is_unknown(town) else town


def _town_in(place: str) -> str:
    """Return the zone-level unit that a place names; empty where it names none or several."""
    found = {one.id for one in towns() if any(name in place for name in one.names)}
    return found.pop() if len(found) == 1 else ""


def _measures(text: str, controllable: str) -> MeasuresGroup:
    said = words(text)
    judged = choice(Controllable, controllable, label("controllable"))
    state = State.NONE if said.state is State.NONE else None
    return MeasuresGroup.of(state=state, text=said.text, controllable=judged)


def _contact(office: str, telephone: str) -> ContactGroup:
    """Return the office to call; somebody's own number is refused and never kept in a form."""
    number = plain(known(telephone))
    if plain(office) == say("incident_report.none", "zh"):
        return ContactGroup(state=State.NONE)
    if number and (personal_numbers(number, "mobile", "identity", "card") or not is_office_telephone(number)):
        raise Refusal("incident_report.contact_personal")
    return ContactGroup.of(office=known(office), telephone=number)


def written(report: Report) -> dict[str, Any]:
    """Return a report as people read it: each group by its title, in the order of section 3."""
    return {title(name): _told(getattr(report, name)) for name in GROUPS}


def _told(group: Any) -> str:
    if group.state is not State.KNOWN:
        return say(f"incident_report.{group.state.value}")
    if "text" in type(group).model_fields and len(group.said) == 1 and group.text:
        return str(group.text)
    parts = [say(f"incident_report.said_{name}", value=_value(name, value)) for name, value in group.said.items()]
    return "；".join(parts)


def _value(name: str, value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
    return town(value).title if name == "town" else str(getattr(value, "word", value))
