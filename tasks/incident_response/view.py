"""An incident as people look at it: all that its tables and its journal say, read at one moment, nothing personal."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Table, select

from config.emergency_plan import EmergencyPlan, PlanGroup, emergency_plan
from config.messages import Refusal, say
from config.settings import settings
from config.zone import SHANGHAI
from models.column import Sealed
from models.incident_response.aftermath import (
    IncidentCondition,
    IncidentHandover,
    IncidentLesson,
    IncidentReadiness,
    IncidentRelease,
)
from models.incident_response.calling import IncidentAck, IncidentCall, IncidentCallStep
from models.incident_response.command import IncidentGroup, IncidentOrder, IncidentTask
from models.incident_response.record import Incident, IncidentReport
from models.incident_response.status import IncidentStatus as S
from tasks.ask import Question, open_questions
from tasks.clock import now
from tasks.incident_response.standing import IN_MINUTES, Standing, standings
from tasks.journal import CASES, ENTRIES
from tasks.store import reading, table

INCIDENTS: Final = table(Incident)
PARTS: Final[Mapping[str, Table]] = {
    "reports": table(IncidentReport),
    "orders": table(IncidentOrder),
    "groups": table(IncidentGroup),
    "tasks": table(IncidentTask),
    "calls": table(IncidentCall),
    "acks": table(IncidentAck),
    "conditions": table(IncidentCondition),
    "releases": table(IncidentRelease),
    "readiness": table(IncidentReadiness),
    "lessons": table(IncidentLesson),
    "handovers": table(IncidentHandover),
}
CALL_STEPS: Final = table(IncidentCallStep)
EMERGENCY: Final = (S.REPORTED, S.VERIFIED, S.PLAN_ACTIVATED, S.RESPONDING, S.EXPANDED, S.SUPERIOR_COMMAND)
"""While these last, a board is written for the minute; later for the hour, so that it need not change for months."""


class View(NamedTuple):
    """One incident at one moment."""

    at: datetime
    case: Any
    incident: Any
    plan: EmergencyPlan
    duties: Sequence[Standing]
    reports: Sequence[Any]
    orders: Sequence[Any]
    groups: Sequence[Any]
    tasks: Sequence[Any]
    calls: Sequence[Any]
    acks: Sequence[Any]
    conditions: Sequence[Any]
    releases: Sequence[Any]
    readiness: Sequence[Any]
    lessons: Sequence[Any]
    handovers: Sequence[Any]
    entries: Sequence[Any]
    questions: Sequence[Question]

    @property
    def drill(self) -> bool:
        """Whether it is a drill."""
        return bool(self.case.drill)

    def group(self, code: str) -> PlanGroup | None:
        """Return a group as the plan names it; None where the plan has dropped it."""
        return next((one for one in self.plan.groups if one.code == code), None)

    def group_title(self, code: str) -> str:
        """Return a group's name in the installation's language."""
        known = self.group(code)
        return code if known is None else known.en if settings().language == "en" else known.zh

    def acks_of(self, call_id: int) -> list[Any]:
        """Return the acknowledgements of a call, the latest said last."""
        return sorted((one for one in self.acks if one.call_id == call_id), key=lambda one: (one.occurred_at, one.id))


def word(name: str, /, **facts: object) -> str:
    """Return a text of the incident boards in the installation's language."""
    return say(f"incident_board.{name}", settings().language, **facts)


def brief(moment: datetime | None) -> str:
    """Return a moment in the district's time without its year: a board is narrow, and its head names the year."""
    return moment.astimezone(SHANGHAI).strftime("%m-%d %H:%M") if moment else ""


def rows_of(connection: Connection, of: Table, case_id: int, *, sealed: bool = False) -> list[Any]:
    """Return a case's rows of a table in the order of their making; sealed columns only where they are asked for."""
    columns = [each for each in of.c if sealed or not isinstance(each.type, Sealed)]
    chosen = select(*columns).where(of.c.case_id == case_id).order_by(*of.primary_key.columns)
    return list(connection.execute(chosen))


def read_view(number: str, as_of: datetime | None = None) -> View:
    """Read an incident whole.

    Args:
        number: the incident's.
        as_of: the moment that lateness and margins are told for; now by default.

    Raises:
        Refusal: there is none under this number.
    """
    at = as_of or now()
    with reading() as connection:
        case = connection.execute(select(CASES).where(CASES.c.number == number)).one_or_none()
        incident = case and connection.execute(select(INCIDENTS).where(INCIDENTS.c.case_id == case.id)).one_or_none()
        if case is None or incident is None:
            raise Refusal("kernel.no_such_case", number=number)
        parts = {name: rows_of(connection, each, case.id) for name, each in PARTS.items()}
        journal = select(ENTRIES).where(ENTRIES.c.case_id == case.id).order_by(ENTRIES.c.seq)
        entries = list(connection.execute(journal))
    duties = standings(case.id, at)
    return View(
        at=shown_at(at, case.status, duties),
        case=case,
        incident=incident,
        plan=plan_at(incident),
        duties=duties,
        entries=entries,
        questions=open_questions(case=number),
        **parts,
    )


def plan_at(incident: Any) -> EmergencyPlan:
    """Return the plan that an incident follows: as of its activation, before that as it is now."""
    if incident.plan:
        return EmergencyPlan.model_validate(incident.plan)
    return emergency_plan().for_town(incident.town)


def shown_at(at: datetime, status: str, duties: Sequence[Standing]) -> datetime:
    """Return the moment that a board is written for: the begun minute where minutes matter, else the begun hour."""
    here = at.replace(second=0, microsecond=0)
    near = any(one.state.still_owed and one.margin is not None and abs(one.margin) < IN_MINUTES for one in duties)
    return here if near or status in EMERGENCY else here.replace(minute=0)


def open_incidents(since: datetime) -> list[tuple[str, bool]]:
    """Return number and drill mark of the incidents that are open, or were closed since a moment, the newest first."""
    chosen = (
        select(CASES.c.number, CASES.c.drill)
        .join(INCIDENTS, INCIDENTS.c.case_id == CASES.c.id)
        .where(CASES.c.closed_at.is_(None) | (CASES.c.closed_at >= since))
        .order_by(CASES.c.id.desc())
    )
    with reading() as connection:
        return [(row.number, bool(row.drill)) for row in connection.execute(chosen)]
