"""What may be done with a question besides answering it, as a form."""

from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from config.messages import say
from tasks.assist import assist_by_form, verb_labels
from tasks.verbs import Act

Action = Annotated[str, Field(json_schema_extra={"enum": [*verb_labels()]})]


@flow(
    name="assist",
    description=say("assist.form"),
    flow_run_name=say("assist.run", action="{action}", number="{number}"),
    persist_result=False,
)
def assist(  # noqa: PLR0917 -- the fields of the form
    number: str, action: Action, reason: str, staff_no: str, code: str, unit: str = "", officer: str = ""
) -> State[str]:
    """Pass one question on, ask one more, urge, copy, or take back; opened from a board, the form holds its number.

    Args:
        number: the question's number, for example Q12.
        action: what to do.
        reason: kept in the journal.
        staff_no: the officer's who acts.
        code: the authenticator's six digits.
        unit: the body that it goes to, by name; the question's own where empty.
        officer: staff number of an officer of that body, where one alone is meant.
    """
    return assist_by_form(action, number, unit, officer, Act(staff_no, code, reason, "form"))
