"""What the forms of the end and the aftermath bring: labels become values, a refusal ends the run with its sentence."""

from collections.abc import Callable
from typing import Final

from prefect.client.schemas.objects import State
from prefect.states import Completed

from config.messages import LANGUAGES, Refusal, say
from models.incident_response.aftermath_answer import read_day
from models.incident_response.ending import Condition
from models.incident_response.lesson import LessonKind
from tasks.form_run import end_refused
from tasks.incident_response import condition as conditions
from tasks.incident_response import lesson_intake, recovery, release_intake
from tasks.incident_response.recovery import Attestation
from tasks.incident_response.release_intake import SCOPES, Draft

PERSONAL: Final = "incident_aftermath.personal"
FREE: Final = ("evidence", "used", "restocked", "outstanding", "title", "text", "way")
"""Fields that hold somebody's words."""
CHECKS: Final = ("checked", "reopened")


def ended(act: Callable[[], str]) -> State[str]:
    """Do what a form asks for: the run ends with the sentence that says so, or with the reason of the refusal.

    Words that hold somebody's numbers do not stay with the run.
    """
    try:
        return Completed(message=act())
    except Refusal as refusal:
        return end_refused(refusal, PERSONAL, *FREE)


def _named(area: str, given: str, *names: str) -> str:
    """Return the name whose label, in either language, or which itself was given; empty where there is none."""
    word = given.strip()
    return next(
        (one for one in names if word in (one, *(say(f"{area}_{one}", language) for language in LANGUAGES))), ""
    )


def condition(number: str, item: str, state: str, evidence: str, *, staff_no: str, code: str) -> str:
    """Attest a condition of the end, or see whether the end may be put forward.

    Raises:
        Refusal: as `tasks.incident_response.condition` does, or the choice is none.
    """
    number = number.strip().upper()
    name = _named("incident_aftermath.condition", item, *Condition, "end")
    if not name:
        raise Refusal("incident_aftermath.item_unknown", item=item)
    if name == "end":
        return conditions.put_forward(number, staff_no, code)
    met = _named("incident_aftermath.state", state, "met", "lost")
    if not met:
        raise Refusal("incident_aftermath.item_unknown", item=state)
    return conditions.attest_from_outside(number, Condition(name), met=met == "met", evidence=evidence,
                                          staff_no=staff_no, code=code)  # fmt: skip


def attest(number: str, body: str, given: tuple[str, str, str, str], staff_no: str, code: str) -> str:
    """Attest a body's readiness.

    Raises:
        Refusal: as `tasks.incident_response.recovery` does, or the day is none.
    """
    used, restocked, outstanding, comes_on = (one.strip() for one in given)
    if not used or not restocked:
        raise Refusal("incident_aftermath.words_missing")
    day = read_day(comes_on) if comes_on else None
    found = Attestation(used=used, restocked=restocked, outstanding=outstanding, comes_on=day)
    return recovery.attest_from_outside(number.strip().upper(), body, found, staff_no, code)


def release(number: str, act: str, place: int, given: tuple[str, str, str, str], *, staff_no: str, code: str) -> str:
    """Draft, correct, release or withdraw a text for the public.

    Raises:
        Refusal: as `tasks.incident_response.release_intake` does, or the choice is none.
    """
    number = number.strip().upper()
    name = _named("incident_release.act", act, "draft", "correct", "release", "withdraw")
    title, text, scope, way = given
    if not name:
        raise Refusal("incident_release.act_unknown", act=act)
    if name != "draft" and not place:
        raise Refusal("incident_release.number_missing")
    if name == "release":
        return release_intake.release_now(number, place, staff_no, code, way)
    if name == "withdraw":
        return release_intake.withdraw(number, place, way, staff_no, code)
    draft = Draft(title, text, _named("incident_release.scope", scope, *SCOPES) or scope, way)
    return release_intake.submit(number, draft, staff_no, code, place if name == "correct" else 0)


def lesson(number: str, act: str, item: int, given: tuple[str, str, str, str], *, staff_no: str, code: str) -> str:
    """Enter an item, report it as done, or drop it.

    Raises:
        Refusal: as `tasks.incident_response.lesson_intake` does, or the choice is none.
    """
    number = number.strip().upper()
    name = _named("incident_aftermath.act", act, "register", "done", "drop", "checked", "reopened")
    kind, text, owner, due = given
    if not name:
        raise Refusal("incident_aftermath.item_unknown", item=act)
    if name != "register" and not item:
        raise Refusal("incident_aftermath.item_number_missing")
    if name == "done":
        return lesson_intake.report_done(number, item, text, staff_no, code)
    if name == "drop":
        return lesson_intake.drop(number, item, text, staff_no, code)
    if name in CHECKS:
        return lesson_intake.check(number, item, text, staff_no, code, done=name == CHECKS[0])
    chosen = _named("incident_aftermath.kind", kind, *LessonKind)
    if not chosen:
        raise Refusal("incident_aftermath.item_unknown", item=kind)
    amends = chosen == LessonKind.AMENDMENT
    entered = lesson_intake.Entered(LessonKind(chosen), text, "" if amends else owner, due, owner if amends else "")
    return lesson_intake.register(number, entered, staff_no, code)
