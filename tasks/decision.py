"""Answers that do not come through a question's own run: the decide form, a sheet, the command line."""

from collections.abc import Mapping
from typing import Any

from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.states import Completed, Failed

from config.messages import Refusal, say
from tasks.ask import instance_of, open_questions
from tasks.door import Signature, decide
from tasks.form import read_form
from tasks.reach import prefect
from tasks.worklist import close_answered, find_seat, seat_of, show_anew, wake


def answer(number: str, given: Mapping[str, Any], way: str) -> str:
    """Answer a question by its number with a filled form (titles or names of fields); return the case's number.

    Raises:
        Refusal: there is no such open question, or why the answer does not count.
    """
    asked = open_questions(seat_id=seat_of(number))
    if not asked:
        raise Refusal("kernel.question_closed", number=number)
    staff_no, code, fields = read_form(asked[0].form, dict(given))
    return decide(asked[0].seat_id, Signature(staff_no, code, fields, way))


def read_details(text: str) -> dict[str, str]:
    """Return the fields written as `field=content`, one a line; a full-width sign does as well.

    Raises:
        Refusal: a line has no sign.
    """
    found: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        field, sign, content = line.replace("＝", "=", 1).partition("=")
        if not sign:
            raise Refusal("form.detail_wrong", line=line[:40])
        if content.strip():
            found[field.strip()] = content.strip()
    return found


def _show_refused(number: str) -> None:
    """Say it in the run's name, for a state's own name hides a run from Prefect's lists; show the question anew."""
    context = FlowRunContext.get()
    with prefect() as client:
        if context is not None and context.flow_run is not None:
            client.update_flow_run(context.flow_run.id, name=say("kernel.refused_run", number=number))
        if (seat_id := find_seat(number)) is not None:
            show_anew(client, seat_id)


def answer_by_form(number: str, details: str, **fields: str) -> State[str]:
    """Answer through the `decide` form: a refusal ends the run with its reason, and the question stays open.

    Args:
        number: the question's number.
        details: what this question asks for beyond those, a field a line: `会议纪要编号=2027-01`.
        fields: verdict, reason, staff number and code.
    """
    try:
        case = answer(number, read_details(details) | fields, "board")
    except Refusal as refusal:
        _show_refused(number)
        return Failed(message=str(refusal))
    with prefect() as client:
        wake(client, instance_of(seat_of(number))[1])
        close_answered(client)
    return Completed(message=say("kernel.accepted", number=number, case=case))
