"""The end of an incident: its last status, and nothing is asked about it any more."""

from models.incident_response.status import IncidentStatus as S
from tasks.case import close_case
from tasks.incident_response.scope import called_off, status_of
from tasks.pose import withdraw_questions
from tasks.step import Dossier
from tasks.store import transaction


def close(case: Dossier) -> None:
    """Close an incident as what it was called off as, or as done; what is still asked is withdrawn with it."""
    status = status_of(case) if called_off(case) else S.CLOSED
    with transaction() as tx:
        withdraw_questions(tx, [case.id])
        close_case(case, status)
