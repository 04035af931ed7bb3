"""The forms of duties and situation reports: each run ends with one sentence."""

from collections.abc import Callable, Mapping
from typing import Final

from prefect.client.schemas.objects import State
from prefect.states import Completed

from config.messages import Refusal, say
from models.incident_response.duty import APPROVAL
from tasks.form_run import end_refused, run_mark
from tasks.incident_response.duty_act import (
    Said,
    Signature,
    choose_supplement,
    correct,
    discharge,
    extend,
    pause_for_appraisal,
    resume,
)
from tasks.incident_response.duty_book import FIRE
from tasks.incident_response.situation_report import report_situation

ACTS: Final = ("extend", "extend_approval", "pause", "resume", "fire", "general", "correct")
"""What may be done about the times of duties."""


def act_word(act: str) -> str:
    """Return what the form calls an act."""
    return say(f"incident_duty.act_{act}", "zh")


def discharge_by_form(number: str, duty: str, said: Said, by: Signature) -> State[str]:
    """Record a discharge."""
    try:
        return Completed(message=discharge(number, duty, said, by))
    except Refusal as refusal:
        return end_refused(refusal, "incident_duty.personal", "record", "receiver", "reason")


def act(action: str, number: str, what: str, days: str, by: Signature) -> str:
    """Do an act about the times of duties, named by its word or its name.

    Args:
        action: one of `ACTS`.
        number: the incident's.
        what: the paper, the reason, or `duty：reason` of a correction.
        days: how many, of an extension.
        by: who signs.

    Raises:
        Refusal: there is no such act, or it cannot be done.
    """
    given = action.strip()
    named = next((one for one in ACTS if given in (one, act_word(one))), "")
    duty, _, why = what.replace("：", ":").partition(":")
    acts: Mapping[str, Callable[[], str]] = {
        "extend": lambda: extend(number, _days(days), what, by),
        "extend_approval": lambda: extend(number, _days(days), what, by, APPROVAL),
        "pause": lambda: pause_for_appraisal(number, what, by),
        "resume": lambda: resume(number, what, by),
        "fire": lambda: choose_supplement(number, FIRE, what, by),
        "general": lambda: choose_supplement(number, "general", what, by),
        "correct": lambda: correct(number, duty, why, by),
    }
    if not named:
        raise Refusal("incident_duty.act_unknown", given=given)
    return acts[named]()


def act_by_form(action: str, number: str, what: str, days: str, by: Signature) -> State[str]:
    """Do an act about the times of duties."""
    try:
        return Completed(message=act(action, number, what, days, by))
    except Refusal as refusal:
        return end_refused(refusal, "incident_duty.personal", "what")


def situation_by_form(number: str, text: str, figures: Mapping[str, str], by: Signature) -> State[str]:
    """Take a situation report in; a figure that was left empty has not changed."""
    try:
        mark = run_mark(number, text, *(f"{name}={value}" for name, value in sorted(figures.items())))
        return Completed(message=report_situation(number, text, figures, by, mark))
    except Refusal as refusal:
        return end_refused(refusal, "incident_report.personal", "text", "measures", "aid")


def _days(text: str) -> int:
    if not text.strip().isdigit():
        raise Refusal("incident_duty.days_wrong", given=text)
    return int(text)
