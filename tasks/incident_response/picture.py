"""What is known of an incident, as those who decide about it read it: unknown is said, never taken for nothing."""

from decimal import Decimal
from typing import Any

from config.messages import say
from config.rulebook import reading
from tasks.incident_response.incident import present
from tasks.incident_response.order import LEVELS, level_text, rank
from tasks.step import Dossier

_COUNTS = ("dead", "injured", "missing", "trapped")


def proposed_level(case: Dossier) -> str:
    """Return the level of response that the facts ask for: the worst that they may still come to, by the reading."""
    row = present(case.id)
    worst = row.worst_grade if reading("incident_response.response_level", case.on) == "worst_case" else ""
    levels: list[str] = [worst, row.grade, LEVELS[0]]
    return max(levels, key=rank)


def facts_known(case: Dossier) -> str:
    """Return a mark of the facts that a decision on the response rests on: another mark, other facts."""
    row = present(case.id)
    return "|".join(
        str(getattr(row, name)) for name in (*_COUNTS, "loss_cents", "grade", "worst_grade", "controllable")
    )


def _count(number: Any) -> str:
    return say("incident_command.unknown") if number is None else str(number)


def facts_text(case: Dossier) -> str:
    """Return the facts of an incident as markdown."""
    row = present(case.id)
    loss = _count(None) if row.loss_cents is None else str(Decimal(row.loss_cents) / 100)
    unknown = say("incident_command.unknown")
    return say(
        "question_incident_response.facts",
        number=case.number,
        unit=row.unit_name,
        scene=row.scene,
        kind=say(f"incident_command.kind_{row.kind}"),
        **{name: _count(getattr(row, name)) for name in _COUNTS},
        loss=loss,
        grade=level_text(row.grade) if row.grade else unknown,
        worst=level_text(row.worst_grade) if row.worst_grade else unknown,
        controllable=say(f"incident_command.controllable_{row.controllable}"),
    )


def facts_line(case: Dossier) -> str:
    """Return the facts of an incident as one line of a letter."""
    return " ".join(facts_text(case).replace("**", "").replace("\n- ", " ").split())
