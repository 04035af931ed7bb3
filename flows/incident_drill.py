"""Forms of drills: started, stopped or turned real, registered by dealers; the calendar's monthly look (6.2)."""

from typing import Annotated, Final

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from config.drill_scenarios import scenarios
from config.messages import say
from models.personal import open_field
from tasks.incident_response import drill_form as forms
from tasks.incident_response.drill import KINDS as KINDS_HELD
from tasks.incident_response.drill import SPEEDS as SPEEDS_HELD


def _choice(*labels: str) -> dict[str, object]:
    return {"enum": list(labels)}


KINDS: Final = tuple(say(f"drill.kind_{kind}", "zh") for kind in KINDS_HELD)
ENDS: Final = tuple(say(f"drill.end_{kind}", "zh") for kind in forms.ENDS)
SPEEDS: Final = tuple(str(one) for one in SPEEDS_HELD)
Words = Annotated[str, Field(json_schema_extra=open_field(200))]
Short = Annotated[str, Field(json_schema_extra=open_field(80, 0))]


@flow(name="start_drill", description=say("drill.form_start"), persist_result=False)
def start_drill(  # noqa: PLR0917 -- a form's fields
    kind: Annotated[str, Field(json_schema_extra=_choice(*KINDS))],
    scenario: Annotated[str, Field(json_schema_extra=_choice(*scenarios()))],
    staff_no: str,
    code: str,
    groups: Short = "",
    speed: Annotated[str, Field(json_schema_extra=_choice(*SPEEDS))] = SPEEDS[0],
) -> State[str]:
    """Start a drill of the plan (6.2).

    Args:
        kind: table-top or live.
        scenario: what is played.
        staff_no: the signer's.
        code: the authenticator's six digits.
        groups: the working groups that take part; empty for all.
        speed: how many times faster the injects of a table-top come.
    """
    return forms.start(kind, scenario, groups, speed, staff_no=staff_no, code=code)


@flow(name="stop_drill", description=say("drill.form_stop"), persist_result=False)
def stop_drill(  # noqa: PLR0917 -- a form's fields
    number: str,
    end: Annotated[str, Field(json_schema_extra=_choice(*ENDS))],
    reason: Words,
    staff_no: str,
    code: str,
    unit: Short = "",
    place: Short = "",
    kind: Short = "",
    casualties: Short = "",
) -> State[str]:
    """Stop a drill; where an accident has really happened, open it and tell everybody of the drill.

    Args:
        number: the drill's, for example YL-2027-001.
        end: whether it is only stopped, or has turned real.
        reason: why; of a real accident what happened.
        staff_no: the signer's.
        code: the authenticator's six digits.
        unit: the unit of the real accident.
        place: where the real accident is.
        kind: its class.
        casualties: its casualties, in words.
    """
    fields = {"unit": unit, "place": place, "kind": kind, "casualties": casualties}
    return forms.stop(number, end, reason, fields, staff_no=staff_no, code=code)


@flow(name="register_unit_drill", description=say("drill.form_register"), persist_result=False)
def register_unit_drill(  # noqa: PLR0917 -- a form's fields
    unit: Words,
    on: str,
    kind: Annotated[str, Field(json_schema_extra=_choice(*KINDS))],
    title: Words,
    result: Words,
    staff_no: str,
    code: str,
    file: Short = "",
) -> State[str]:
    """Register a drill that a dealer held itself (Order 708 Art. 8).

    Args:
        unit: the dealer.
        on: the day on which it was held.
        kind: table-top or live.
        title: what was practised.
        result: how it went.
        staff_no: the signer's.
        code: the authenticator's six digits.
        file: where its record lies.
    """
    return forms.register(unit, on, kind, title, result, file, staff_no=staff_no, code=code)


@flow(name="drill_plan", description=say("drill.form_plan"), persist_result=False)
def drill_plan() -> State[str]:
    """Remind of the drills that are due (Order 708 Art. 8; plan 6.2)."""
    return forms.plan()
