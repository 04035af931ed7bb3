"""The papers that reports go up with: 快报, 续报, 终报, in the nine groups; what is unknown is printed as 待核实."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import select

from config.messages import say
from config.offices import office
from config.rulebook import cited
from config.zone import SHANGHAI
from models.document import Document, Format, Table, paragraphs, time_text
from models.incident_response.grade import grade_range
from models.incident_response.report import GROUPS, Report, State, title
from tasks.clock import local_day
from tasks.filing import Filed, file_papers
from tasks.incident_response.duty_book import rows_of
from tasks.incident_response.duty_book import title as duty_title
from tasks.incident_response.facts import casualties_of, known_facts
from tasks.incident_response.incident import PROCESS, REPORTS, present, rule_of
from tasks.incident_response.report_form import written
from tasks.step import Dossier, step
from tasks.store import reading
from tasks.yearly import local

ISSUER: Final = "emergency_bureau"
ONE_BY_ONE: Final = {
    "unit": ("name", "address", "licensed"),
    "scene": ("occurred_at", "place", "situation"),
    "toll": ("dead", "injured", "missing", "trapped", "loss"),
}
"""Groups whose fields are told one by one: a known one does not hide an unknown one beside it."""
PERSONS: Final = ("dead", "injured", "missing", "trapped")


def write_papers(dossier: Dossier) -> None:
    """Write a paper for each report that has none yet, and the last one after the end of the emergency."""
    for number in _reports(dossier):
        write_accident_report(dossier.at_turn(number))
    if present(dossier.id).ended_at is not None:
        write_final_report(dossier.at_turn(1))


def _reports(dossier: Dossier) -> list[int]:
    chosen = select(REPORTS.c.number).where(REPORTS.c.case_id == dossier.id).order_by(REPORTS.c.number)
    with reading() as connection:
        return [int(row.number) for row in connection.execute(chosen)]


@step(rule=rule_of("duty_report_city"))
def write_accident_report(this: Dossier) -> Filed:
    """Write the paper of the report whose number is the turn: 快报, or 续报 with its number (493 Art. 12)."""
    with reading() as connection:
        mine = (REPORTS.c.case_id == this.id) & (REPORTS.c.number == this.turn)
        row = connection.execute(select(REPORTS).where(mine)).one()
    known = known_facts(this.id, row.recorded_at)
    kind = "flash" if this.turn == 1 else "follow_up"
    paper = _paper(this, kind, known, row.as_of, row.recorded_at)
    return file_papers(this.at_turn(1), f"report-{this.turn:03}", [paper], 1)


@step(rule=rule_of("duty_report_city"))
def write_final_report(this: Dossier) -> Filed:
    """Write the last report after the end: what is known, and by what each duty was discharged."""
    found = present(this.id)
    paper = _paper(this, "final", known_facts(this.id), found.ended_at, found.ended_at)
    lines = tuple(
        (duty_title(row.name), local(row.satisfied_at) or _said("owed"), row.satisfied_by or _said("nothing"))
        for row in rows_of(this.id)
        if not row.superseded_by
    )
    heads = (_said("head_duty"), _said("head_when"), _said("head_evidence"))
    duties = Table(titles=heads, widths=(4, 2, 4), rows=lines)
    whole = paper.model_copy(update={"body": (*paper.body, *paragraphs(_said("duties")), duties)})
    return file_papers(this, "report-final", [whole], 1)


def _paper(case: Dossier, kind: str, known: Report, as_of: datetime, at: datetime) -> Document:
    found = present(case.id)
    mark = _said("drill") if case.drill else ""
    confirmed, worst = _grades(case, found, known)
    head = {
        "number": f"{case.number}-{case.turn}",
        "as_of": time_text(as_of.astimezone(SHANGHAI)),
        "confirmed": confirmed,
        "worst": worst,
        "response": _grade(found.response_level) if found.response_level else _said("not_started"),
    }
    if kind == "final":
        head["ended"] = local(found.ended_at)
    rows = [(_said(f"line_{name}"), value) for name, value in head.items()]
    rows += [(title(name), _group(known, name)) for name in GROUPS]
    opening = _said("opening", basis=cited(f"{PROCESS}.duty_report_city", case.on).label)
    drill = f"\n{_said('drill_note')}" if case.drill else ""
    return Document(
        format=Format.PLAIN,
        issuer=office(ISSUER).zh,
        title=mark + _said(f"title_{kind}", subject=case.subject, number=case.turn - 1),
        addressee=_said("addressee"),
        body=(
            *paragraphs(opening + drill),
            Table(titles=(_said("head_item"), _said("head_content")), widths=(1, 3), rows=tuple(rows)),
        ),
        signature=office(ISSUER).zh,
        signed_on=local_day(at),
        note=_said("drill_note") if case.drill else "",
    )


def _grades(case: Dossier, found: Any, known: Report) -> tuple[str, str]:
    """Return both grades in words: as they stand where the paper says the latest, else by what was known then."""
    if known == known_facts(case.id):
        return _grade(found.grade), _grade(found.worst_grade)
    then = grade_range(casualties_of(known), case.on)
    return _grade(then.confirmed.level.value), _grade(then.worst.level.value)


def _grade(level: str) -> str:
    return say(f"incident_report.grade_{level or 'none'}", "zh")


def _group(known: Report, name: str) -> str:
    group = getattr(known, name)
    if group.state is State.NONE:
        return say("incident_report.none", "zh")
    fields = ONE_BY_ONE.get(name)
    if fields is None:
        return _said("unverified") if group.state is State.UNKNOWN else str(written(known)[title(name)])
    told = [_said(f"field_{field}", value=_value(field, getattr(group, field))) for field in fields]
    if name == "toll" and group.likely:
        told.append(say("incident_report.said_likely", "zh", value=group.likely))
    return "；".join(told)


def _value(field: str, value: Any) -> str:
    if str(getattr(value, "value", value)) in ("None", "", "unknown"):
        return _said("unverified")
    if field in PERSONS:
        return say("incident_report.persons", "zh", number=value)
    if isinstance(value, datetime):
        return local(value)
    return (
        say("incident_report.yuan", "zh", amount=f"{value:.2f}") if field == "loss" else getattr(value, "word", value)
    )


def _said(name: str, **facts: Any) -> str:
    return say(f"paper_incident_report.{name}", "zh", **facts)
