"""Forms of command and groups in an accident (海政办发〔2023〕31号 2.5, 2.6, 4.4)."""

from functools import partial
from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from config.messages import say
from models.personal import open_field
from tasks.incident_response import command_act, expansion, group_report
from tasks.incident_response.group_report import Given
from tasks.incident_response.spoken import Signer, by_form

ReportKind = Annotated[
    str, Field(json_schema_extra={"enum": [group_report.kind_text(kind, "zh") for kind in group_report.KINDS]})
]
ActKind = Annotated[
    str, Field(json_schema_extra={"enum": [say(f"incident_command.act_{kind}", "zh") for kind in command_act.KINDS]})
]
Words = Annotated[str, Field(json_schema_extra=open_field(500))]
Heading = Annotated[str, Field(json_schema_extra=open_field(200))]
Name = Annotated[str, Field(json_schema_extra=open_field(40))]
Short = Annotated[str, Field(json_schema_extra=open_field(80, 0))]


@flow(name="group_report", description=say("incident_command.report_form"), persist_result=False)
def report_of_group(  # noqa: PLR0917 -- the fields of the form
    number: Name, group: Name, kind: ReportKind, text: Words, staff_no: str, code: str, task: Short = "",
    file: Short = "", occurred: Short = "",
) -> State[str]:  # fmt: skip
    """Report how a working group stands, what it has begun and done, what it needs (2.5, 2.6 (3)).

    Args:
        number: the incident's, for example SG-2027-001.
        group: the group's name or code.
        kind: what kind of report it is.
        text: what there is to say; for a task that is done, the evidence.
        staff_no: the signer's.
        code: the authenticator's six digits.
        task: code of the task, where it is about one.
        file: name of a file that lies in the incident's inbox.
        occurred: when it was; empty for now.
    """
    given = Given(group, kind, text, task, file, occurred)
    return by_form(number, partial(group_report.report, given=given, signer=Signer(staff_no, code)))


@flow(name="add_task", description=say("incident_command.task_form"), persist_result=False)
def add_task(  # noqa: PLR0917 -- the fields of the form
    number: Name, group: Name, title: Heading, minutes: int, staff_no: str, code: str, clause: Short = ""
) -> State[str]:
    """Order a further task of a working group (2.6 (2)).

    Args:
        number: the incident's.
        group: the group's name or code.
        title: what is to be done.
        minutes: by when, from now.
        staff_no: the signer's.
        code: the authenticator's six digits.
        clause: clause of the plan, if any.
    """
    given = command_act.Further(group, title, minutes, clause)
    return by_form(number, partial(command_act.add_task, given=given, signer=Signer(staff_no, code)))


@flow(name="note_event", description=say("incident_command.event_form"), persist_result=False)
def note_event(  # noqa: PLR0917 -- the fields of the form
    number: Name, text: Words, staff_no: str, code: str, occurred: Short = "", clause: Short = ""
) -> State[str]:
    """Note an event with the moment at which it occurred.

    Args:
        number: the incident's.
        text: what happened.
        staff_no: the signer's.
        code: the authenticator's six digits.
        occurred: when it was; empty for now.
        clause: clause of the plan, if any.
    """
    given = command_act.Event(text, occurred, clause)
    return by_form(number, partial(command_act.note_event, given=given, signer=Signer(staff_no, code)))


@flow(name="request_expansion", description=say("incident_command.expansion_form"), persist_result=False)
def request_expansion(number: Name, why: Words, wanted: Words, staff_no: str, code: str) -> State[str]:
    """Report that the accident is not controlled and spreading (4.4).

    Args:
        number: the incident's.
        why: what cannot be controlled, and where it may spread.
        wanted: what support is needed.
        staff_no: the signer's.
        code: the authenticator's six digits.
    """
    signer = Signer(staff_no, code)
    return by_form(number, partial(expansion.request_expansion, why=why, wanted=wanted, signer=signer))


@flow(name="command_act", description=say("incident_command.act_form"), persist_result=False)
def command_word(  # noqa: PLR0917 -- the fields of the form
    number: Name, kind: ActKind, text: Words, staff_no: str, code: str, document: Short = "", orders: Short = ""
) -> State[str]:
    """Set up the on-site command, record measures in sudden danger, or who commands (2.2, 4.4).

    Args:
        number: the incident's.
        kind: what is done.
        text: why, or which measures were taken.
        staff_no: the signer's.
        code: the authenticator's six digits.
        document: number of the superior's document; in sudden danger, which experts were heard.
        orders: numbers of the district's orders that are withdrawn.
    """
    given = command_act.Act(kind, text, document, orders)
    return by_form(number, partial(command_act.act, given=given, signer=Signer(staff_no, code)))
