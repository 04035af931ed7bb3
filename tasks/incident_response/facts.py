"""What is known of an incident: its reports, folded in the order of the moments that they describe."""

from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import func, insert, select

from config.messages import say
from models.incident_response.grade import Casualties
from models.incident_response.report import GROUPS, AccidentKind, Report, nothing_known
from tasks.incident_response.incident import INCIDENTS, REPORTS, present
from tasks.step import Dossier
from tasks.store import Transaction, reading
from tasks.yearly import local

QUICK: Final = "quick"
FIRST: Final = "first"
FOLLOW_UP: Final = "follow_up"
SUSPECTED: Final = "suspected"
"""A follow-up that came as a report of its own: it may be of the same accident, and nobody has checked it yet."""
CENTS: Final = 100


class Filed(NamedTuple):
    """One report as it is to be filed."""

    kind: str
    report: Report
    source: str
    as_of: datetime
    mark: bytes


def file_report(tx: Transaction, case_id: int, filed: Filed, at: datetime) -> int:
    """File a report under the next number of its incident, whose case the caller has locked; return the number."""
    last = select(func.coalesce(func.max(REPORTS.c.number), 0)).where(REPORTS.c.case_id == case_id)
    number: int = tx.core.execute(last).scalar_one() + 1
    row = {"kind": filed.kind, "facts": filed.report.as_facts(), "source": filed.source, "as_of": filed.as_of}
    tx.core.execute(insert(REPORTS).values(case_id=case_id, number=number, recorded_at=at, mark=filed.mark, **row))
    return number


def reports_of(case_id: int) -> list[Any]:
    """Return an incident's reports, and those of incidents found to be the same, in the order of their coming."""
    twins = select(INCIDENTS.c.case_id).where(INCIDENTS.c.merged_into == case_id)
    mine = (REPORTS.c.case_id == case_id) | REPORTS.c.case_id.in_(twins)
    with reading() as connection:
        return list(connection.execute(select(REPORTS).where(mine).order_by(REPORTS.c.recorded_at, REPORTS.c.id)))


def known_facts(case_id: int, until: datetime | None = None) -> Report:
    """Return what is known by all reports: newer known facts replace older ones, and unknown erases nothing.

    Args:
        case_id: the incident.
        until: leave out what was recorded after this moment.
    """
    found = nothing_known()
    rows = [row for row in reports_of(case_id) if until is None or row.recorded_at <= until]
    for row in sorted(rows, key=lambda one: (one.as_of, one.recorded_at, one.id)):
        if row.facts.keys() >= set(GROUPS):
            report = Report.model_validate({name: row.facts[name] for name in GROUPS})
            found = found.with_other(report) if row.kind == SUSPECTED else found.with_newer(report)
    return found


def casualties_of(report: Report) -> Casualties:
    """Return the toll as the grade is judged by it."""
    toll = report.toll
    return Casualties(dead=toll.dead, injured=toll.injured, missing=toll.missing, trapped=toll.trapped, loss=toll.loss)


def columns_of(report: Report, *, checked: bool) -> dict[str, Any]:
    """Return what an incident's row says by what is known; a licence that the bureau has checked stays as it is."""
    unit, scene, toll = report.unit, report.scene, report.toll
    cents = None if toll.loss is None else int(toll.loss * CENTS)
    licence = {} if checked else {"licensed": unit.licensed.value, "licence": unit.licence}
    return {
        "unit_name": unit.name or say("incident_report.unit_unknown", "zh"),
        "unit_address": unit.address,
        "town": scene.town,
        "scene": scene.place or say("incident_report.scene_unknown", "zh"),
        "kind": report.kind.kind.value,
        "occurred_at": scene.occurred_at,
        "dead": toll.dead,
        "injured": toll.injured,
        "missing": toll.missing,
        "trapped": toll.trapped,
        "loss_cents": cents,
        "controllable": report.measures.controllable.value,
    } | licence


def toll_text(row: Any) -> str:
    """Return an incident's toll in one line; unknown is said to be unknown."""

    def told(number: int | None) -> str:
        return say("incident_report.unknown") if number is None else say("incident_report.persons", number=number)

    cents = row.loss_cents
    loss = (
        say("incident_report.unknown") if cents is None else say("incident_report.yuan", amount=f"{cents / CENTS:.2f}")
    )
    return say("incident_report.toll", dead=told(row.dead), injured=told(row.injured), missing=told(row.missing),
               trapped=told(row.trapped), loss=loss)  # fmt: skip


def summary(dossier: Dossier) -> dict[str, str]:
    """Return what a notice or a question says of an incident as it stands: its facts, none of them personal."""
    row = present(dossier.id)
    return {
        "number": dossier.number,
        "unit": row.unit_name,
        "place": row.scene,
        "kind": AccidentKind(row.kind).word,
        "when": local(row.occurred_at) or say("incident_report.unknown"),
        "toll": toll_text(row),
        "grades": grades_text(row),
    }


def grades_text(row: Any) -> str:
    """Return the two grades side by side, confirmed and worst case."""
    confirmed, worst = (say(f"incident_report.grade_{one or 'none'}") for one in (row.grade, row.worst_grade))
    return say("incident_report.grades", confirmed=confirmed, worst=worst)
