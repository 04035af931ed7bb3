"""An incident as it stands: opened once, taken up by its story, its facts kept beside the journal."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, NamedTuple

import httpx
from sqlalchemy import insert, select, update

from config.emergency_plan import EmergencyPlan, emergency_plan
from config.messages import Refusal, say
from config.rulebook import cited
from models.incident_response.command import IncidentGroup, IncidentOrder, IncidentTask
from models.incident_response.record import Incident, IncidentReport
from models.incident_response.status import IncidentStatus as S
from tasks import yearly
from tasks.case import open_case
from tasks.clock import local_day, now
from tasks.door import Admitted
from tasks.incident_response.board import refresh
from tasks.journal import CASES
from tasks.officer import check_code, represents, roles_held
from tasks.reach import prefect
from tasks.step import Dossier, read_dossier
from tasks.store import Transaction, reading, table, transaction
from tasks.wait import count_nudge, run_of
from tasks.worklist import wake

PROCESS: Final = "incident_response"
STORY: Final = "incident_response/incident_response"
REAL: Final = "SG"
DRILL: Final = "YL"
INCIDENTS: Final = table(Incident)
REPORTS: Final = table(IncidentReport)
ORDERS: Final = table(IncidentOrder)
GROUPS: Final = table(IncidentGroup)
TASKS: Final = table(IncidentTask)


class Opening(NamedTuple):
    """What an incident is opened with; None and "" where it is unknown."""

    unit_name: str
    scene: str
    kind: str
    mark: bytes
    licensed: str = "unknown"
    licence: str = ""
    unit_address: str = ""
    town: str = ""
    occurred_at: datetime | None = None
    learned_at: datetime | None = None
    received_at: datetime | None = None
    exercise: str = ""


def run_name(number: str) -> str:
    """Return the name of an incident's run."""
    return say("incident_response.run_name", number=number)


def open_incident(tx: Transaction, given: Opening) -> Dossier:
    """Open an incident under the next number of the year; one that was opened by the same mark is returned as it is.

    Args:
        tx: the transaction it is opened in, with its first report, clocks and calls.
        given: what is known at once.
    """
    known = select(CASES.c.number).join(INCIDENTS, INCIDENTS.c.case_id == CASES.c.id)
    found = tx.core.execute(known.where(INCIDENTS.c.mark == given.mark)).scalar_one_or_none()
    if found is not None:
        return read_dossier(str(found))
    at = now()
    prefix, day = DRILL if given.exercise else REAL, local_day(at)
    register_id, place = yearly.next_place(tx, INCIDENTS, prefix, day.year)
    number = f"{prefix}-{day.year}-{place:03}"
    dossier = open_case(
        number,
        process=PROCESS,
        subject=say("incident_response.subject", unit=given.unit_name),
        on=day,
        story=STORY,
        parameters={"number": number},
        status=S.REPORTED,
        drill=bool(given.exercise),
        parent_id=register_id,
    )
    row = given._asdict() | {"received_at": given.received_at or at, "plan": {}}
    tx.core.execute(insert(INCIDENTS).values(case_id=dossier.id, register_id=register_id, place=place, **row))
    return dossier


def take_up(number: str) -> Dossier:
    """Take up an incident for the run that tells its story.

    Raises:
        Refusal: there is none under this number.
    """
    return yearly.take_up(number, PROCESS, STORY, S.REPORTED)


def present(case_id: int) -> Any:
    """Return an incident's row as it stands now."""
    with reading() as connection:
        return connection.execute(select(INCIDENTS).where(INCIDENTS.c.case_id == case_id)).one()


def put(tx: Transaction, case_id: int, **values: Any) -> None:
    """Change what an incident's row says."""
    tx.core.execute(update(INCIDENTS).where(INCIDENTS.c.case_id == case_id).values(values))


def plan_of(dossier: Dossier) -> EmergencyPlan:
    """Return the plan that an incident follows: as it was at the activation; before that as it is now."""
    found = present(dossier.id)
    if found.plan:
        return EmergencyPlan.model_validate(found.plan)
    return emergency_plan().for_town(found.town)


def incident_of(number: str) -> Dossier:
    """Return an incident by its number, for whoever brings it something.

    Raises:
        Refusal: there is none, or it is over.
    """
    chosen = select(CASES.c.closed_at).join(INCIDENTS, INCIDENTS.c.case_id == CASES.c.id)
    with reading() as connection:
        found = connection.execute(chosen.where(CASES.c.number == number)).one_or_none()
    if found is None:
        raise Refusal("kernel.no_such_case", number=number)
    if found.closed_at is not None:
        raise Refusal("incident_response.over", number=number)
    return read_dossier(number)


def admitted(tx: Transaction, staff_no: str, code: str, roles: tuple[str, ...]) -> Admitted:
    """Return the officer whom the one-time code proves and who holds, or stands in for, one of the roles.

    Raises:
        Refusal: the code is wrong or used, or no such role is held. The caller's transaction must still commit, so
            that wrong codes are counted: use `signed` where nothing else was written.
    """
    at = now()
    officer = check_code(tx, staff_no, code, at)
    if isinstance(officer, Refusal):
        raise officer
    day = local_day(at)
    held = roles_held(tx, officer.id, day)
    for role in roles:
        if role in held:
            return Admitted(staff_no, "")
        chief = represents(tx, officer.id, role, day)
        if chief:
            return Admitted(staff_no, chief[1])
    raise Refusal("incident_response.role_missing", staff_no=staff_no)


def signed(staff_no: str, code: str, roles: tuple[str, ...]) -> Admitted:
    """Check a signature in a transaction of its own, which commits whatever comes of it: wrong codes are counted.

    Raises:
        Refusal: the code is wrong or used, or none of the roles is held.
    """
    refused: Refusal | None = None
    found: Admitted | None = None
    with transaction() as tx:
        try:
            found = admitted(tx, staff_no, code, roles)
        except Refusal as refusal:
            refused = refusal
    if found is None:
        raise refused or Refusal("incident_response.role_missing", staff_no=staff_no)
    return found


def arrived(number: str) -> None:
    """Wake an incident's run after something was brought, and bring its board up.

    Where the server is away, the rescue and the watch do it later.
    """
    try:
        with prefect() as client:
            wake(client, run_of(number))
    except httpx.HTTPError:
        return
    refresh(number)


def brought(dossier: Dossier) -> None:
    """Count an arrival, in the transaction that brings it; `arrived` wakes the run after the commit."""
    count_nudge(dossier.id)


def rule_of(name: str) -> Callable[[Dossier], str]:
    """Return the function that cites a rule of the case's day, for a step."""
    return lambda dossier: cited(f"{PROCESS}.{name}", dossier.on).label
