"""Statutory duties and situation reports of an accident as forms (国务院令第493号; 突发事件应对法)."""

from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from config.messages import say
from models.incident_response.duty import CATALOGUE
from models.incident_response.report import Controllable
from models.personal import open_field
from tasks.incident_response.duty_act import Said, Signature
from tasks.incident_response.duty_book import INQUIRY
from tasks.incident_response.duty_form import ACTS, act_by_form, act_word, discharge_by_form, situation_by_form

PERSONAL = "incident_report.personal_field"
UNCHANGED = say("incident_report.unchanged", "zh")
ASKED = [say(f"duty_incident_response.{duty.name}", "zh") for duty in CATALOGUE if duty.asked or duty.name in INQUIRY]
Number = Annotated[str, Field(json_schema_extra={"maxLength": 20})]
Duty = Annotated[str, Field(json_schema_extra={"enum": ASKED})]
Act = Annotated[str, Field(json_schema_extra={"enum": [act_word(one) for one in ACTS]})]
Record = Annotated[str, Field(json_schema_extra=open_field(100, 2, PERSONAL))]
Receiver = Annotated[str, Field(json_schema_extra=open_field(60, 2, PERSONAL))]
Moment = Annotated[str, Field(json_schema_extra={"maxLength": 20})]
Words = Annotated[str, Field(json_schema_extra=open_field(500, 2, PERSONAL))]
More = Annotated[str, Field(json_schema_extra=open_field(500, 0, PERSONAL))]
Count = Annotated[str, Field(json_schema_extra={"maxLength": 12})]
Code = Annotated[str, Field(json_schema_extra={"maxLength": 12})]
ControlNow = Annotated[str, Field(json_schema_extra={"enum": [UNCHANGED, *(one.word for one in Controllable)]})]


@flow(name="record_duty", description=say("incident_duty.form"), persist_result=False)
def record_duty(  # noqa: PLR0917 -- the fields of the form
    number: Number, duty: Duty, record: Record, receiver: Receiver, done_at: Moment, staff_no: Code, code: Code,
    reason: More = "",
) -> State[str]:  # fmt: skip
    """Record that a statutory duty was discharged.

    Args:
        number: the incident's, for example SG-2027-001.
        duty: which.
        record: letter or telephone record.
        receiver: who has it: an office or a post.
        done_at: when it was done.
        staff_no: the signer's.
        code: the authenticator's six digits.
        reason: why it is late, where it is.
    """
    return discharge_by_form(number, duty, Said(record, receiver, done_at, reason), Signature(staff_no, code))


@flow(name="change_duty_time", description=say("incident_duty.clock_form"), persist_result=False)
def change_duty_time(  # noqa: PLR0917 -- the fields of the form
    number: Number, action: Act, what: Words, staff_no: Code, code: Code, days: Count = ""
) -> State[str]:
    """Extend, pause, resume or correct a duty, or choose the time for supplements.

    Args:
        number: the incident's.
        action: what is to be done.
        what: the paper it rests on, or the reason.
        staff_no: the signer's.
        code: the authenticator's six digits.
        days: by how many days, of an extension.
    """
    return act_by_form(action, number, what, days, Signature(staff_no, code))


@flow(name="report_situation", description=say("incident_duty.situation_form"), persist_result=False)
def report_situation(  # noqa: PLR0917 -- the fields of the form
    number: Number, text: Words, staff_no: Code, code: Code, dead: Count = "", injured: Count = "",
    missing: Count = "", trapped: Count = "", loss: Count = "", controllable: ControlNow = UNCHANGED,
    measures: More = "", aid: More = "",
) -> State[str]:  # fmt: skip
    """Report the situation; a figure that is left empty has not changed.

    Args:
        number: the incident's.
        text: what the scene is like.
        staff_no: the signer's.
        code: the authenticator's six digits.
        dead: persons dead.
        injured: persons seriously injured.
        missing: persons missing.
        trapped: persons trapped.
        loss: direct loss, in ten thousand yuan.
        controllable: whether it can be brought under control.
        measures: what has been done.
        aid: what help is needed.
    """
    figures = {"dead": dead, "injured": injured, "missing": missing, "trapped": trapped, "loss": loss,
               "controllable": controllable, "measures": measures, "aid": aid}  # fmt: skip
    return situation_by_form(number, text, figures, Signature(staff_no, code))
