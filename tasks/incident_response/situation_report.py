"""Situation reports as they are brought: signed, with what has changed; each starts the next turn of the clock."""

from collections.abc import Mapping
from typing import Final

from config.messages import Refusal, say
from tasks.clock import now
from tasks.incident_response.duty_act import Signature
from tasks.incident_response.incident import incident_of, plan_of, present, signed
from tasks.incident_response.intake import Given, follow_up
from tasks.incident_response.report_form import read_changes
from tasks.incident_response.situation import KIND, next_due
from tasks.step import Dossier
from tasks.yearly import local

FIGURES: Final = ("dead", "injured", "missing", "trapped", "loss", "controllable", "measures", "aid")
"""What may have changed besides the scene, by the names of a report's fields."""


def report_situation(number: str, text: str, figures: Mapping[str, str], by: Signature, mark: bytes) -> str:
    """Take a situation report in; return the sentence that says so.

    Args:
        number: the incident's.
        text: what the scene is like.
        figures: what has changed, by `FIGURES`; what is left empty has not.
        by: who signs: the command office, the on-site command, the head of a group.
        mark: of the run or the command that brings it: the same is taken once.

    Raises:
        Refusal: the emergency is over, nothing is said, a figure is none, or the signature does not hold.
    """
    case = incident_of(number.strip().upper())
    if present(case.id).ended_at is not None:
        raise Refusal("incident_duty.situation_over")
    if not text.strip():
        raise Refusal("incident_duty.situation_empty")
    changed = {name: value for name, value in figures.items() if name in FIGURES}
    report = read_changes(changed | {"situation": text}, now()).report
    who = signed(*by, may_tell(case))
    lodged = follow_up(case, Given(report, who.actor, mark, by=who.actor), KIND)
    return say("incident_duty.situation_taken", number=case.number, report=lodged.report, due=local(next_due(case.id)))


def may_tell(case: Dossier) -> tuple[str, ...]:
    """Return the roles that report the situation."""
    plan = plan_of(case)
    heads = (group.head for group in plan.groups)
    return tuple(dict.fromkeys((plan.office, plan.scene, plan.commander, *plan.deputies, *heads)))
