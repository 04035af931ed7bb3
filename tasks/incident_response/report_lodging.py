"""Reports brought by form or command: read, signed where they must be, taken in, and answered in one sentence (3)."""

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

from prefect.client.schemas.objects import State
from prefect.states import Completed

from config.messages import Refusal, say
from config.offices import towns
from models.incident_response.report import refuse_numbers
from models.incident_response.report_words import moment
from models.phone import check_phone
from tasks.clock import now
from tasks.form_run import end_refused, run_mark
from tasks.incident_response.facts import FIRST, QUICK
from tasks.incident_response.incident import incident_of, plan_of, signed
from tasks.incident_response.intake import DUTY_ROOM, Given, Lodged, follow_up, open_number, report_accident
from tasks.incident_response.report_form import CHAIN, FIELDS, FREE, label, read_changes, read_full, read_quick
from tasks.step import Dossier
from tasks.yearly import local

BUREAU: Final = "emergency_bureau"
UNIT: Final = "accident_unit"
APART: Final = "apart"
COMMAND_FIELDS: Final = (*(name for names in FIELDS.values() for name in names), "licence", "likely", *CHAIN.values(),
                         "source", "as_of")  # fmt: skip


class Brings(NamedTuple):
    """Who brings a report, and how."""

    mark: bytes
    staff_no: str = ""
    code: str = ""
    contact: str = ""
    phone: str = ""
    exercise: str = ""


def lodge_full(fields: Mapping[str, str], brings: Brings) -> Lodged:
    """Take a full report in. Whoever has a code may sign it; without one it is as good as a telephone call.

    Raises:
        Refusal: a group is left out, a field is not as it should be, or the signature does not hold.
    """
    at = now()
    brought = read_full(fields, at)
    source = _source(fields, brings, _everybody())
    return report_accident(
        Given(brought.report, source, brings.mark, FIRST, links=brought.links, apart=_apart(fields),
              contact=brings.contact, phone=brings.phone),
        brings.exercise,
    )  # fmt: skip


def lodge_quick(fields: Mapping[str, str], brings: Brings) -> Lodged:
    """Take a quick report in: five fields, no signature, for seconds count.

    Raises:
        Refusal: a field is not as it should be.
    """
    brought = read_quick(fields, now())
    source = _source(fields, brings, _everybody())
    return report_accident(
        Given(brought.report, source, brings.mark, QUICK, apart=_apart(fields), contact=brings.contact,
              phone=brings.phone),
        brings.exercise,
    )  # fmt: skip


def lodge_follow_up(number: str, fields: Mapping[str, str], brings: Brings) -> Lodged:
    """Take a signed follow-up in.

    Raises:
        Refusal: there is no such incident, it is over, nothing was said, a field is not as it should be, or the
            signature does not hold.
    """
    dossier, at = incident_of(open_number(number)), now()
    brought = read_changes(fields, at)
    if not brought.links and all(group.state == "unknown" for _, group in brought.report):
        raise Refusal("incident_report.nothing_new", number=dossier.number)
    as_of = moment(fields.get("as_of", ""), label("as_of"), at)
    who = signed(brings.staff_no, brings.code, may_report(dossier))
    return follow_up(
        dossier,
        Given(brought.report, who.actor, brings.mark, as_of=as_of, links=brought.links, contact=brings.contact,
              phone=brings.phone, by=who.actor),
    )  # fmt: skip


def may_report(dossier: Dossier) -> tuple[str, ...]:
    """Return the roles that may bring follow-ups: everybody who has a part in the response."""
    plan = plan_of(dossier)
    groups = [role for group in plan.groups for role in (group.lead, group.head, *group.members)]
    return tuple(
        dict.fromkeys((plan.commander, *plan.deputies, plan.office, plan.scene, *plan.members, *groups, *_everybody()))
    )


def _everybody() -> tuple[str, ...]:
    """Return the roles that may sign a first report: the duty room, its bureau, 110 and 119, the unit, the towns."""
    towns_ = (f"town:{one.id}" for one in towns())
    return (DUTY_ROOM, BUREAU, "command_office", "public_security_bureau", "fire_brigade", UNIT, *towns_)


def _source(fields: Mapping[str, str], brings: Brings, roles: tuple[str, ...]) -> str:
    """Return who says so: the staff number that signed, or what the reporter says they are."""
    if brings.staff_no.strip():
        return signed(brings.staff_no.strip(), brings.code, roles).actor
    given = fields.get("source", "").strip() or say("incident_report.source_unsaid", "zh")
    refuse_numbers(given)
    return given


def _apart(fields: Mapping[str, str]) -> bool:
    return fields.get("same", "") in (APART, say("incident_report.same_apart", "zh"))


def mark_of(fields: Mapping[str, str]) -> bytes:
    """Return the mark of what this run of a form brings."""
    return run_mark(*(f"{name}={value}" for name, value in sorted(fields.items())))


def report_by_form(fields: Mapping[str, str], staff_no: str, code: str) -> State[str]:
    """Take the form of a full report: its run ends with the incident's number, or with the reason of the refusal."""
    return end_by_form(lambda: lodge_full(fields, Brings(mark_of(fields), staff_no, code)).text)


def quick_by_form(fields: Mapping[str, str]) -> State[str]:
    """Take the form of a quick report."""
    return end_by_form(lambda: lodge_quick(fields, Brings(mark_of(fields))).text)


def follow_up_by_form(number: str, fields: Mapping[str, str], staff_no: str, code: str) -> State[str]:
    """Take the form of a follow-up."""
    return end_by_form(lambda: lodge_follow_up(number, fields, Brings(mark_of(fields), staff_no, code)).text)


def end_by_form(act: Callable[[], str]) -> State[str]:
    """End a form's run with the sentence of what was done, or with the reason why it was not."""
    try:
        return Completed(message=act())
    except Refusal as refusal:
        return end_refused(refusal, "incident_report.personal", *FREE)


def command_mark(fields: Mapping[str, str]) -> bytes:
    """Return the mark of what a command brings: the same words within the same hour are the same report."""
    hour = local(now())[:13]
    words = "\x1f".join((hour, *(f"{name}={value}" for name, value in sorted(fields.items()))))
    return sha256(words.encode()).digest()


def report_fields(given: Sequence[str]) -> dict[str, str]:
    """Return the fields of a command, each as `栏目=内容` by its title or its name.

    Raises:
        Refusal: a word is no such field.
    """
    titles = {label(name): name for name in COMMAND_FIELDS} | {name: name for name in COMMAND_FIELDS}
    found: dict[str, str] = {}
    for word in given:
        name, sign, value = word.partition("=")
        if not sign or name.strip() not in titles:
            raise Refusal("incident_report.field_unknown", given=word, fields="、".join(map(label, COMMAND_FIELDS)))
        found[titles[name.strip()]] = value
    return found


def questions() -> dict[str, str]:
    """Return what a full report asks at a terminal, field by field."""
    return {name: label(name) for names in FIELDS.values() for name in names}


def mobile(phone: str) -> str:
    """Return a contact's telephone as it is kept, sealed.

    Raises:
        Refusal: it is no telephone number.
    """
    if not phone.strip():
        return ""
    checked = check_phone(phone)
    if checked.errors:
        raise Refusal("incident_report.phone_wrong", phone=phone)
    return checked.value
