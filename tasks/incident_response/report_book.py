"""What is known of incidents, as the command line shows it: one line each, and the history of one."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select

from config.messages import say
from models.incident_response.report import GROUPS, AccidentKind, Report
from models.incident_response.status import IncidentStatus
from tasks.incident_response.contact import contacts_of, note_reading
from tasks.incident_response.facts import grades_text, known_facts, reports_of, toll_text
from tasks.incident_response.incident import INCIDENTS
from tasks.incident_response.intake import LINKS
from tasks.incident_response.report_form import written
from tasks.journal import CASES, ENTRIES, case_id_of
from tasks.step import actor
from tasks.store import reading
from tasks.yearly import local


class Line(NamedTuple):
    """One incident in one line."""

    number: str
    status: str
    unit: str
    place: str
    kind: str
    occurred: str
    toll: str
    grades: str
    into: str


class Told(NamedTuple):
    """One report of an incident, as it was filed."""

    case: str
    number: int
    kind: str
    source: str
    as_of: str
    recorded: str
    says: dict[str, str]


class History(NamedTuple):
    """An incident as it stands, what is known in nine groups, and its reports."""

    line: Line
    known: dict[str, str]
    reports: list[Told]

    def plain(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return {
            "incident": self.line._asdict(),
            "known": self.known,
            "reports": [one._asdict() for one in self.reports],
        }


def incidents_known(*, all_of_them: bool = False) -> list[Line]:
    """Return the incidents that are open, or all, the latest first."""
    chosen = _chosen().order_by(INCIDENTS.c.received_at.desc(), INCIDENTS.c.case_id.desc())
    if not all_of_them:
        chosen = chosen.where(CASES.c.closed_at.is_(None))
    with reading() as connection:
        return [_line(row) for row in connection.execute(chosen)]


def history(number: str) -> History:
    """Return an incident with its reports.

    Raises:
        Refusal: there is none under this number.
    """
    case_id = case_id_of(number)
    with reading() as connection:
        row = connection.execute(_chosen().where(CASES.c.id == case_id)).one()
        numbers = dict(
            connection.execute(select(CASES.c.id, CASES.c.number).join(INCIDENTS, INCIDENTS.c.case_id == CASES.c.id))
            .tuples()
            .all()
        )
    reports = [
        Told(numbers[one.case_id], one.number, one.kind, one.source, local(one.as_of), local(one.recorded_at),
             _says(one.facts))
        for one in reports_of(case_id)
    ]  # fmt: skip
    return History(_line(row), written(known_facts(case_id)), reports)


def read_contacts(number: str, by: str) -> list[dict[str, str]]:
    """Return an incident's sealed contacts, and write down who read them."""
    case_id = case_id_of(number)
    token = actor.set(by)
    try:
        note_reading(case_id, "reports")
    finally:
        actor.reset(token)
    return [
        {"report": str(one.of), "contact": one.contact or "", "phone": one.phone or ""}
        for one in contacts_of(case_id)
        if one.kind == "report" and one.erased_at is None
    ]


def _says(facts: dict[str, Any]) -> dict[str, str]:
    if not facts.keys() >= set(GROUPS):
        return {}
    report = Report.model_validate({name: facts[name] for name in GROUPS})
    return {name: text for (name, text), group in zip(written(report).items(), GROUPS, strict=True)
            if getattr(report, group).state != "unknown"}  # fmt: skip


def _chosen() -> Any:
    into = CASES.alias()
    return (
        select(INCIDENTS, CASES.c.number, CASES.c.status, into.c.number.label("into"))
        .join(CASES, CASES.c.id == INCIDENTS.c.case_id)
        .outerjoin(into, into.c.id == INCIDENTS.c.merged_into)
    )


def _line(row: Any) -> Line:
    return Line(
        row.number, IncidentStatus(row.status).text, row.unit_name, row.scene, AccidentKind(row.kind).word,
        local(row.occurred_at), toll_text(row), grades_text(row), row.into or "",
    )  # fmt: skip


class Link(NamedTuple):
    """One report on its way up: who told whom, and when."""

    link: str
    at: datetime

    @property
    def text(self) -> str:
        """Say it."""
        return say("incident_report.link_line", link=say(f"incident_report.link_{self.link}"), at=local(self.at))


def chain(number: str) -> list[Link]:
    """Return who told whom and when, as far as it is known: scene, unit, bureau, and on once it is verified (3)."""
    chosen = select(ENTRIES.c.step, ENTRIES.c.outcome).where(
        ENTRIES.c.case_id == case_id_of(number), ENTRIES.c.step.in_(("note_report_chain", "verify_incident"))
    )
    found: list[Link] = []
    with reading() as connection:
        for step, outcome in connection.execute(chosen.order_by(ENTRIES.c.seq)).tuples():
            if step == "note_report_chain":
                found += [Link(name, datetime.fromisoformat(outcome[name])) for name in LINKS if name in outcome]
            else:
                at = datetime.fromisoformat(outcome["at"])
                found += [Link(name, at) for name in ("bureau_office", "bureau_committee", "bureau_government")]
    return sorted(found, key=lambda one: one.at)
