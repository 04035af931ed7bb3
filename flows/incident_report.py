"""Reports of accidents as forms: in full, in five fields where seconds count, and what has changed since (3)."""

from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from config.messages import say
from config.offices import towns
from models.incident_response.grade import Level as GradeLevel
from models.incident_response.report import AccidentKind, Controllable, Licensed
from models.personal import open_field
from tasks.incident_response.grading import overrule
from tasks.incident_response.merging import merge
from tasks.incident_response.report_lodging import end_by_form, follow_up_by_form, quick_by_form, report_by_form
from tasks.incident_response.scope import OUTSIDE, call_off

PERSONAL = "incident_report.personal_field"
UNKNOWN = say("incident_report.unknown", "zh")
TOWNS = [*(one.title for one in towns()), UNKNOWN]
Name = Annotated[str, Field(json_schema_extra=open_field(80, 1, PERSONAL))]
Place = Annotated[str, Field(json_schema_extra=open_field(120, 1, PERSONAL))]
Words = Annotated[str, Field(json_schema_extra=open_field(500, 1, PERSONAL))]
Count = Annotated[str, Field(json_schema_extra={"maxLength": 12})]
Moment = Annotated[str, Field(json_schema_extra={"maxLength": 40})]
Town = Annotated[str, Field(json_schema_extra={"enum": TOWNS})]
Licence = Annotated[str, Field(json_schema_extra={"enum": [one.word for one in Licensed]})]
Kind = Annotated[str, Field(json_schema_extra={"enum": [one.word for one in AccidentKind]})]
Control = Annotated[str, Field(json_schema_extra={"enum": [one.word for one in Controllable]})]
Same = Annotated[
    str, Field(json_schema_extra={"enum": [say(f"incident_report.same_{one}", "zh") for one in ("auto", "apart")]})
]
AUTO = say("incident_report.same_auto", "zh")
JUST_NOW = say("incident_report.just_now", "zh")
More = Annotated[str, Field(json_schema_extra=open_field(500, 0, PERSONAL))]
LEVELS = {one.text: one.value for one in GradeLevel}
Level = Annotated[str, Field(json_schema_extra={"enum": [*LEVELS]})]
VERDICTS = {say(f"form.verdict_{one}", "zh"): one for one in OUTSIDE}
Verdict = Annotated[str, Field(json_schema_extra={"enum": [*VERDICTS]})]
UNCHANGED = say("incident_report.unchanged", "zh")
TownNow = Annotated[str, Field(json_schema_extra={"enum": [UNCHANGED, *TOWNS]})]
LicenceNow = Annotated[str, Field(json_schema_extra={"enum": [UNCHANGED, *(one.word for one in Licensed)]})]
KindNow = Annotated[str, Field(json_schema_extra={"enum": [UNCHANGED, *(one.word for one in AccidentKind)]})]
ControlNow = Annotated[str, Field(json_schema_extra={"enum": [UNCHANGED, *(one.word for one in Controllable)]})]


@flow(name="report_accident", description=say("incident_report.full_form"), persist_result=False)
def report_accident(  # noqa: PLR0917 -- the fields of the form, the nine groups in the order of section 3
    unit: Name, address: Place, licensed: Licence, occurred: Moment, place: Place, town: Town, situation: Words,
    kind: Kind, course: Words, dead: Count, injured: Count, missing: Count, trapped: Count, loss: Moment,
    reach: Words, measures: Words, controllable: Control, aid: Words, contact_office: Name, contact_telephone: Moment,
    licence: Moment = "", likely: More = "", police_told: Moment = "", fire_told: Moment = "", head_told: Moment = "",
    local_told: Moment = "", bureau_told: Moment = "", source: More = "", same: Same = AUTO, staff_no: Moment = "",
    code: Moment = "",
) -> State[str]:  # fmt: skip
    """Report an accident, or what is known of it: 未知 is an answer in every field."""
    fields = {name: value for name, value in locals().items() if name not in ("staff_no", "code")}
    return report_by_form(fields, staff_no, code)


@flow(name="report_quickly", description=say("incident_report.quick_form"), persist_result=False)
def report_quickly(  # noqa: PLR0917 -- the fields of the form
    unit: Name, place: Place, kind: Kind, when: Moment = JUST_NOW,
    casualties: Words = UNKNOWN, same: Same = AUTO,
) -> State[str]:  # fmt: skip
    """Report an accident in five fields; the rest is completed later."""
    return quick_by_form(locals())


@flow(name="report_follow_up", description=say("incident_report.follow_up_form"), persist_result=False)
def report_follow_up(  # noqa: PLR0917 -- the fields of the form
    number: Moment, staff_no: Moment, code: Moment, dead: Count = "", injured: Count = "", missing: Count = "",
    trapped: Count = "", loss: Moment = "", likely: More = "", controllable: ControlNow = UNCHANGED,
    measures: More = "", reach: More = "", aid: More = "", situation: More = "", course: More = "",
    kind: KindNow = UNCHANGED, unit: More = "", address: More = "", licensed: LicenceNow = UNCHANGED,
    licence: Moment = "", occurred: Moment = "", place: More = "", town: TownNow = UNCHANGED,
    contact_office: More = "", contact_telephone: Moment = "", police_told: Moment = "", fire_told: Moment = "",
    head_told: Moment = "", local_told: Moment = "", bureau_told: Moment = "", as_of: Moment = "",
) -> State[str]:  # fmt: skip
    """Report what has changed; what is left empty has not."""
    fields = {name: value for name, value in locals().items() if name not in ("number", "staff_no", "code")}
    return follow_up_by_form(number, fields, staff_no, code)


@flow(name="merge_incidents", description=say("incident_report.merge_form"), persist_result=False)
def merge_incidents(number: Moment, into: Moment, reason: Words, staff_no: Moment, code: Moment) -> State[str]:
    """Merge an incident that was opened twice into the one that stays.

    Args:
        number: the incident that ends.
        into: the incident that stays.
        reason: why they are one accident.
        staff_no: the signer's.
        code: the authenticator's six digits.
    """
    return end_by_form(lambda: merge(number, into, reason, staff_no, code))


@flow(name="overrule_accident_grade", description=say("incident_report.overrule_form"), persist_result=False)
def overrule_accident_grade(number: Moment, level: Level, reason: Words, staff_no: Moment, code: Moment) -> State[str]:
    """Grade an accident otherwise than its numbers do.

    Args:
        number: the incident's.
        level: its grade.
        reason: why.
        staff_no: the signer's.
        code: the authenticator's six digits.
    """
    return end_by_form(lambda: overrule(number, LEVELS[level], reason, staff_no, code))


@flow(name="call_off_response", description=say("incident_report.call_off_form"), persist_result=False)
def call_off_response(number: Moment, verdict: Verdict, reason: Words, staff_no: Moment, code: Moment) -> State[str]:
    """Call a response off that was verified: no accident after all, or another plan's.

    Args:
        number: the incident's.
        verdict: why there is nothing to respond to.
        reason: what shows it.
        staff_no: the signer's.
        code: the authenticator's six digits.
    """
    return end_by_form(lambda: call_off(number, VERDICTS[verdict], reason, staff_no, code))
