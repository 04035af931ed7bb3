"""Shifts change during an incident: the form by which one hands over to the other."""

from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from config.messages import say
from models.personal import open_field
from tasks.incident_response.handover import LONGEST, Pair, hand_over_by_form

Points = Annotated[str, Field(json_schema_extra=open_field(LONGEST, 0))]


@flow(name="hand_over", description=say("incident_board.handover_form"), persist_result=False)
def hand_over(  # noqa: PLR0917 -- the fields of the form
    number: str, points: Points = "", outgoing: str = "", code: str = "", incoming: str = "", incoming_code: str = ""
) -> State[str]:
    """Hand an incident over to the next shift: two officers sign, at once or one after the other.

    Args:
        number: the incident's, for example SG-2027-001.
        points: what is open, without personal data.
        outgoing: staff number of the one who leaves; empty to take over what was handed over before.
        code: that one's one-time code.
        incoming: staff number of the one who comes; empty where that one signs later.
        incoming_code: that one's one-time code.
    """
    return hand_over_by_form(
        number, points, Pair(outgoing.strip(), code.strip()), Pair(incoming.strip(), incoming_code.strip())
    )
