"""Reports come in: an accident is opened and told at once, or the report goes to the one that it may be of (3, 4.1)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from sqlalchemy import select

from config.messages import Refusal, say
from config.rulebook import cited, rule
from models.incident_response.report import Report
from models.incident_response.sameness import Place, may_be_same
from tasks.clock import local_day, now
from tasks.incident_response import call, duty
from tasks.incident_response.contact import keep_contact
from tasks.incident_response.facts import FIRST, FOLLOW_UP, SUSPECTED, Filed, columns_of, file_report, summary
from tasks.incident_response.grading import take_facts
from tasks.incident_response.incident import (
    INCIDENTS,
    PROCESS,
    REPORTS,
    Opening,
    arrived,
    brought,
    open_incident,
    plan_of,
    present,
    put,
)
from tasks.incident_response.situation import KIND as SITUATION
from tasks.incident_response.situation import follow_rhythm
from tasks.journal import CASES, lock, write_entry
from tasks.notify import tellings
from tasks.rescue import start_run
from tasks.step import Dossier, actor, read_dossier
from tasks.store import Transaction, transaction

DUTY_ROOM: Final = "emergency_duty"
ALERT: Final = "alert"
LINKS: Final = ("scene_police", "scene_fire", "scene_head", "head_local", "head_bureau")
"""Who told whom before the bureau verifies (3): each with its time, where it is known."""
NOBODY: Final[Mapping[str, datetime]] = MappingProxyType({})


class Given(NamedTuple):
    """What somebody brings about an accident."""

    report: Report
    source: str
    mark: bytes
    kind: str = FIRST
    as_of: datetime | None = None
    links: Mapping[str, datetime] = NOBODY
    apart: bool = False
    """The reporter says that it is no accident that was reported before."""
    contact: str = ""
    phone: str = ""
    by: str = ""
    """Who signed it, as the journal names them; nobody for a call."""


class Lodged(NamedTuple):
    """Where a report went: the incident, the report's number in it, and whether it may be of the same accident."""

    number: str
    report: int
    suspected: bool

    @property
    def text(self) -> str:
        """Say it in one sentence."""
        key = "suspected" if self.suspected else "opened" if self.report == 1 else "followed"
        return say(f"incident_report.{key}", number=self.number, report=self.report)


def report_accident(given: Given, exercise: str = "") -> Lodged:
    """Take a report in and see that its incident goes on at once, Prefect's server there or not."""
    lodged = open_report(given, exercise)
    (start_run if lodged.report == 1 else arrived)(lodged.number)
    return lodged


def open_report(given: Given, exercise: str = "") -> Lodged:
    """Take a report in: what was brought before stays where it went; the command and its members are told at once.

    One transaction at a time looks whether the accident is known and opens it: two reporters at the same moment make
    one incident and one follow-up.

    Args:
        given: the report and who brings it.
        exercise: the kind of a drill; empty for a real accident, and the two never meet.
    """
    with transaction() as tx:
        tx.alone("incident-intake")
        found = _brought(tx, given.mark)
        if found is not None:
            return found
        at = now()
        likely = "" if given.apart else likely_number(tx, given.report, at, exercise)
        if likely:
            dossier = read_dossier(likely)
            return _file(tx, dossier, given, SUSPECTED, at)
        dossier = open_incident(tx, _opening(given, exercise))
        lodged = _file(tx, dossier, given, given.kind, at)
        alert(tx, dossier, at)
        duty.arm(dossier, "reported", at)
        duty.arm(dossier, "graded", at)
    return lodged


def follow_up(dossier: Dossier, given: Given, kind: str = FOLLOW_UP) -> Lodged:
    """Take a follow-up in, in a transaction of its own, and wake the incident (3: new facts are reported promptly).

    A situation report starts the next turn of its clock in the same transaction.
    """
    with transaction() as tx:
        lock(tx, dossier.id)
        lodged = _brought(tx, given.mark) or _file(tx, dossier, given, kind, now())
        if kind == SITUATION:
            follow_rhythm(tx, dossier)
    arrived(dossier.number)
    return lodged


def _brought(tx: Transaction, mark: bytes) -> Lodged | None:
    chosen = select(CASES.c.number, REPORTS.c.number.label("report"), REPORTS.c.kind)
    found = tx.core.execute(
        chosen.join(REPORTS, REPORTS.c.case_id == CASES.c.id).where(REPORTS.c.mark == mark)
    ).one_or_none()
    return None if found is None else Lodged(found.number, found.report, found.kind == SUSPECTED)


def _opening(given: Given, exercise: str) -> Opening:
    known = columns_of(given.report, checked=False)
    fields = {name: value for name, value in known.items() if name in Opening._fields}
    return Opening(mark=given.mark, exercise=exercise, learned_at=given.links.get("scene_head"),
                   received_at=given.links.get("head_bureau"), **fields)  # fmt: skip


def _file(tx: Transaction, dossier: Dossier, given: Given, kind: str, at: datetime) -> Lodged:
    """File a report, note who told whom, and take its facts in; all of it in the transaction that brings it."""
    case = lock(tx, dossier.id)
    filed = Filed(kind, given.report, given.source, given.as_of or at, given.mark)
    report = file_report(tx, dossier.id, filed, at)
    keep_contact(tx, dossier.id, "report", report, contact=given.contact, phone=given.phone)
    told = [] if report == 1 else _tell(tx, dossier, filed, report, at)
    outcome = {"kind": kind, "source": given.source, "as_of": filed.as_of, "known": _known(given.report)}
    write_entry(tx, case, "receive_report", report, actor=given.by or actor.get(), at=at, outcome=outcome,
                rule=cited(f"{PROCESS}.report_contents", dossier.on).label, tellings=told)  # fmt: skip
    before = present(dossier.id)
    if given.links:
        links = {name: moment for name, moment in given.links.items() if name in LINKS}
        write_entry(tx, lock(tx, dossier.id), "note_report_chain", report, actor=given.by or actor.get(), at=at,
                    outcome=links, substance=False)  # fmt: skip
    take_facts(tx, dossier, report, at)
    learned = given.links.get("scene_head")
    if before.learned_at is None and learned is not None:
        put(tx, dossier.id, learned_at=learned)
    after = present(dossier.id)
    if report > 1 and (after.learned_at, after.occurred_at) != (before.learned_at, before.occurred_at):
        duty.arm(dossier, "reported", at)  # what the first report did not know counts from now on
    brought(dossier)
    return Lodged(dossier.number, report, kind == SUSPECTED)


def _known(report: Report) -> list[str]:
    return [name for name, group in report if group.state != "unknown"]


def _tell(tx: Transaction, dossier: Dossier, filed: Filed, report: int, at: datetime) -> Any:
    plan = plan_of(dossier)
    facts = {"subject": dossier.subject, "number": dossier.number, "report": report, "source": filed.source}
    name = "receive_suspected" if filed.kind == SUSPECTED else "receive_report"
    template = f"notice_incident_response.{name}"
    return tellings(tx, (DUTY_ROOM, plan.office), template, facts, at, drill=dossier.drill)


def alert(tx: Transaction, dossier: Dossier, at: datetime) -> None:
    """Call commander, deputies, office, duty room and all member bodies at once, before anything is verified (4.1)."""
    roles = alerted(dossier)
    facts = summary(dossier) | {"subject": dossier.subject}
    write_entry(tx, lock(tx, dossier.id), "alert_command", 1, actor=actor.get(), at=at, outcome={"roles": roles},
                rule=say("incident_report.clause_alert", "zh"), substance=False)  # fmt: skip
    call.call(dossier, ALERT, roles, "notice_incident_response.alert", facts)


def alerted(dossier: Dossier) -> tuple[str, ...]:
    """Return who is told of an accident at once: commander, deputies, office, duty room, member bodies (4.1)."""
    plan = plan_of(dossier)
    return tuple(dict.fromkeys((plan.commander, *plan.deputies, plan.office, DUTY_ROOM, *plan.members)))


def likely_number(tx: Transaction, report: Report, at: datetime, exercise: str) -> str:
    """Return the number of the open incident that a report may be of; the latest where there are several."""
    window = timedelta(hours=rule(f"{PROCESS}.same_accident_hours", local_day(at)))
    columns = (
        *(INCIDENTS.c[name] for name in ("unit_name", "scene", "town", "occurred_at", "received_at")),
        CASES.c.number,
    )
    chosen = (
        select(*columns)
        .join(CASES, CASES.c.id == INCIDENTS.c.case_id)
        .where(CASES.c.closed_at.is_(None), INCIDENTS.c.merged_into.is_(None), INCIDENTS.c.exercise == exercise)
        .order_by(INCIDENTS.c.received_at.desc(), INCIDENTS.c.case_id.desc())
    )
    scene = report.scene
    mine = Place(report.unit.name, scene.place, scene.town, scene.occurred_at or at)
    for row in tx.core.execute(chosen):
        theirs = Place(row.unit_name, row.scene, row.town, row.occurred_at or row.received_at)
        if may_be_same(mine, theirs, window):
            return str(row.number)
    return ""


def open_number(number: str) -> str:
    """Return an incident's number as it is kept.

    Raises:
        Refusal: none was given.
    """
    given = number.strip().upper()
    if not given:
        raise Refusal("incident_report.number_missing")
    return given
