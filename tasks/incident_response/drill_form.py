"""Forms of drills read: each ends in one sentence, or in the reason why not."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from config.messages import LANGUAGES, Refusal, say
from tasks.clock import now
from tasks.form_run import run_mark
from tasks.incident_response import drill, drill_calendar
from tasks.incident_response.drill import KINDS, SPEEDS
from tasks.incident_response.facts import QUICK
from tasks.incident_response.incident import arrived
from tasks.incident_response.intake import Given
from tasks.incident_response.report_form import read_quick
from tasks.incident_response.spoken import Signer, tidy

ENDS: Final = ("stop", "real")
_PARTING: Final = re.compile(r"[、,，;；\s]+")


def ended(act: Callable[[], str]) -> State[str]:
    """Do what a form asks for: the run ends with the sentence that says so, or with the reason of the refusal."""
    try:
        return Completed(message=act())
    except Refusal as refusal:
        return Failed(message=str(refusal))


def _named(stem: str, given: str, names: tuple[str, ...]) -> str:
    words = {say(f"drill.{stem}_{name}", language): name for name in names for language in LANGUAGES}
    return words.get(given.strip(), given.strip())


def begun(kind: str, scenario: str, groups: str, speed: str, signer: Signer) -> str:
    """Start a drill as a form or command gives it.

    Raises:
        Refusal: a field is not as it should be, or the signature does not hold.
    """
    if not speed.strip().isdigit():
        raise Refusal("drill.speed_wrong", known="、".join(map(str, SPEEDS)))
    wanted = tuple(filter(None, _PARTING.split(groups.strip())))
    given = drill.Start(_named("kind", kind, KINDS), scenario, wanted, int(speed))
    return drill.start(given, signer, run_mark("drill", scenario, now().isoformat()))


def over(number: str, end: str, reason: str, fields: Mapping[str, str], signer: Signer) -> str:
    """Stop a drill, or turn it real, as a form or command gives it.

    Raises:
        Refusal: a field is not as it should be, or the signature does not hold.
    """
    if _named("end", end, ENDS) != "real":
        said = drill.stop(number, reason, signer)
    else:
        why = tidy(reason, "reason")
        report = read_quick({**fields, "when": ""}, now()).report
        source = say("drill.source_real", "zh", number=number.strip().upper(), why=why)[:80]
        said = drill.turn_real(number, Given(report, source, run_mark("real", number.strip().upper()), QUICK), signer)
    arrived(number.strip().upper())
    return said


def start(kind: str, scenario: str, groups: str, speed: str, *, staff_no: str, code: str) -> State[str]:
    """Take the form that starts a drill."""
    return ended(lambda: begun(kind, scenario, groups, speed, Signer(staff_no, code)))


def stop(number: str, end: str, reason: str, fields: Mapping[str, str], *, staff_no: str, code: str) -> State[str]:
    """Take the form that stops a drill."""
    return ended(lambda: over(number, end, reason, fields, Signer(staff_no, code)))


def register(  # noqa: PLR0917 -- the form's fields
    unit: str, on: str, kind: str, title: str, result: str, file: str, *, staff_no: str, code: str
) -> State[str]:
    """Take the form of a dealer's own drill."""
    given = drill_calendar.UnitDrill(unit, on, kind, title, result, file)
    mark = run_mark("unit-drill", unit, on, title)
    return ended(lambda: drill_calendar.register(given, Signer(staff_no, code), mark))


def plan() -> State[str]:
    """Take the monthly look at the calendar."""
    return ended(lambda: say("drill.reminded", count=drill_calendar.remind()))
