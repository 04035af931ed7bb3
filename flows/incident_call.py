"""Acknowledgements and telephone calls as forms; the weekly test of who can be reached."""

from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from config.messages import say
from models.incident_response.ladder import Ack
from tasks.case import close_case
from tasks.incident_response import reachability
from tasks.incident_response.call_desk import RESULTS, acknowledge_by_form, record_by_form, result_word
from tasks.story import story
from tasks.wait import wait_for

Code = Annotated[str, Field(json_schema_extra={"minLength": 4, "maxLength": 20})]
Short = Annotated[str, Field(json_schema_extra={"maxLength": 40})]
Kind = Annotated[str, Field(json_schema_extra={"enum": [kind.word for kind in Ack]})]
Result = Annotated[str, Field(json_schema_extra={"enum": [result_word(result) for result in RESULTS]})]
Minutes = Annotated[int, Field(ge=0, le=1440)]


@flow(name="acknowledge", description=say("incident_call.ack_form"), persist_result=False)
def acknowledge(code: Code, kind: Kind, eta: Minutes = 0) -> State[str]:
    """Acknowledge a call by the code in its notice.

    Args:
        code: the code.
        kind: received, on the way, on site or unable.
        eta: minutes until the arrival; 0 where they are not known.
    """
    return acknowledge_by_form(code, kind, eta)


@flow(name="log_call", description=say("incident_call.log_form"), persist_result=False)
def log_call(  # noqa: PLR0917 -- the fields of the form
    call_code: Code, result: Result, staff_no: Short, code: Short, when: Short = "", eta: Minutes = 0
) -> State[str]:
    """Record a telephone call that was made from the call sheet.

    Args:
        call_code: the code on the sheet.
        result: what the person said, or that nobody answered.
        staff_no: staff number of whoever telephoned.
        code: that one's one-time code.
        when: when it was said; empty for now.
        eta: minutes until the arrival; 0 where they are not known.
    """
    return record_by_form(call_code, result, (staff_no.strip(), code.strip()), when, eta)


@story(name="reachability_test", run_name=reachability.run_name, description=say("reachability_test.description"))
def reachability_test(day: str = "") -> str:
    """Call everybody of the plan with a test, and report who did not acknowledge.

    Args:
        day: the day of the test; today without it.
    """
    case = reachability.take_up(day)
    reachability.call_everybody(case)
    wait_for(case, "answers", lambda: reachability.all_heard(case), reachability.ends_at(case))
    outcome = reachability.report_silent(case)
    close_case(case, reachability.CLOSED, outcome)
    return case.number
