"""Forms of the end and the aftermath: conditions, readiness, texts for the public, items to be followed up."""

from typing import Annotated, Final

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from config.messages import say
from models.incident_response.ending import Condition
from models.incident_response.lesson import LessonKind
from models.personal import open_field
from tasks.incident_response import aftermath_form as forms


def _choice(*labels: str) -> dict[str, object]:
    return {"enum": list(labels)}


def _open(longest: int) -> dict[str, object]:
    return open_field(longest, 0, "incident_aftermath.personal_field")


MET: Final = say("incident_aftermath.state_met")
ITEMS: Final = (*(one.text for one in Condition), say("incident_aftermath.condition_end"))
STATES: Final = (MET, say("incident_aftermath.state_lost"))
SCOPES: Final = (say("incident_release.scope_public"), say("incident_release.scope_restricted"))
RELEASE_ACTS: Final = tuple(say(f"incident_release.act_{act}") for act in ("draft", "correct", "release", "withdraw"))
LESSON_ACTS: Final = tuple(
    say(f"incident_aftermath.act_{act}") for act in ("register", "done", "checked", "reopened", "drop")
)
KINDS: Final = tuple(one.text for one in LessonKind)
Words = Annotated[str, Field(json_schema_extra=_open(500))]
Short = Annotated[str, Field(json_schema_extra=_open(80))]
Long = Annotated[str, Field(json_schema_extra=_open(4000))]


@flow(name="end_condition", description=say("incident_aftermath.form_condition"), persist_result=False)
def end_condition(  # noqa: PLR0917 -- a form's fields
    number: str,
    item: Annotated[str, Field(json_schema_extra=_choice(*ITEMS))],
    state: Annotated[str, Field(json_schema_extra=_choice(*STATES))],
    staff_no: str,
    code: str,
    evidence: Words = "",
) -> State[str]:
    """Attest a condition of the end, or that it was lost again; or see whether the end may be put forward (4.6).

    Args:
        number: the incident.
        item: the condition.
        state: whether it is there.
        staff_no: who signs.
        code: the one-time code.
        evidence: what shows it.
    """
    return forms.ended(lambda: forms.condition(number, item, state, evidence, staff_no=staff_no, code=code))


@flow(name="readiness", description=say("incident_aftermath.form_readiness"), persist_result=False)
def readiness(  # noqa: PLR0917 -- a form's fields
    number: str,
    body: str,
    used: Words,
    restocked: Words,
    staff_no: str,
    code: str,
    outstanding: Words = "",
    comes_on: str = "",
) -> State[str]:
    """Attest that a body is ready again, with what is still outstanding (4.7).

    Args:
        number: the incident.
        body: the body.
        used: what was used up or damaged.
        restocked: what was restocked and repaired.
        staff_no: who signs.
        code: the one-time code.
        outstanding: what is still missing.
        comes_on: the day on which it comes.
    """
    return forms.ended(lambda: forms.attest(number, body, (used, restocked, outstanding, comes_on), staff_no, code))


@flow(name="press_release", description=say("incident_aftermath.form_release"), persist_result=False)
def press_release(  # noqa: PLR0917 -- a form's fields
    number: str,
    act: Annotated[str, Field(json_schema_extra=_choice(*RELEASE_ACTS))],
    staff_no: str,
    code: str,
    release: int = 0,
    title: Short = "",
    text: Long = "",
    scope: Annotated[str, Field(json_schema_extra=_choice(*SCOPES))] = SCOPES[0],
    way: Short = "",
) -> State[str]:
    """Draft a text for the public, correct it, release it once approved, or withdraw it (5.1).

    Args:
        number: the incident.
        act: what is done.
        staff_no: who signs.
        code: the one-time code.
        release: number of the release; 0 for a new one.
        title: the heading.
        text: the words.
        scope: to whom.
        way: by which way; where it was released, or why it is withdrawn.
    """
    return forms.ended(
        lambda: forms.release(number, act, release, (title, text, scope, way), staff_no=staff_no, code=code)
    )


@flow(name="lesson_entry", description=say("incident_aftermath.form_lesson"), persist_result=False)
def lesson_entry(  # noqa: PLR0917 -- a form's fields
    number: str,
    act: Annotated[str, Field(json_schema_extra=_choice(*LESSON_ACTS))],
    text: Words,
    staff_no: str,
    code: str,
    item: int = 0,
    kind: Annotated[str, Field(json_schema_extra=_choice(*KINDS))] = KINDS[0],
    owner: str = "",
    due: str = "",
) -> State[str]:
    """Enter an item to be followed up, report it as done, or drop it (5.4, 7.2).

    Args:
        number: the incident.
        act: what is done.
        text: what is to be done, what shows that it is done, or why it is dropped.
        staff_no: who signs.
        code: the one-time code.
        item: number of the item; 0 for a new one.
        kind: action, amendment or rectification.
        owner: who owes it; of an amendment the clause.
        due: by when.
    """
    return forms.ended(lambda: forms.lesson(number, act, item, (kind, text, owner, due), staff_no=staff_no, code=code))
