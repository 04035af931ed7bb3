"""The summary report on paper, drawn from journal and tables: what happened, when, how late, what is learnt (5.4)."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Table as Rows
from sqlalchemy import select

from config.fact import Fact
from config.messages import MessageMissingError, say
from config.offices import OfficeUnknownError, office
from models.document import Document, Format, Paragraph, Table, paragraphs
from models.incident_response.aftermath import IncidentReadiness
from models.incident_response.calling import IncidentCall
from models.incident_response.clock import IncidentDuty
from models.incident_response.lesson import LessonKind, LessonStatus
from tasks.board_page import deadline_title, point_title
from tasks.clock import local_day, now
from tasks.deadline import DEADLINES
from tasks.document import write_document
from tasks.incident_response import incident
from tasks.incident_response.lessons import lessons_of
from tasks.incident_response.order import kind_text, level_text
from tasks.incident_response.release_paper import place_for
from tasks.journal import ENTRIES
from tasks.step import SYSTEM, Dossier
from tasks.store import reading, table
from tasks.yearly import local

CALLS: Final = table(IncidentCall)
DUTIES: Final = table(IncidentDuty)
READINESS: Final = table(IncidentReadiness)
ANSWER: Final = "ask-"
MINUTE: Final = 60
CENTS: Final = 100


class Words(NamedTuple):
    """What the office adds to the facts before it signs."""

    experience: str
    shortcomings: str
    by: str


class Written(Fact):
    """Where a report lies, and when it was written."""

    file: str
    at: datetime


def _text(name: str, **facts: Any) -> str:
    return say(f"incident_aftermath.paper_{name}", "zh", **facts)


def title_of(role: str) -> str:
    """Return a role as papers print it; the role itself where the registry has dropped it."""
    try:
        return office(role).title
    except OfficeUnknownError:
        return role


def write_summary(case: Dossier, name: str, words: Words | None) -> Written:
    """Write the report: a draft without the office's words, or the signed one with them."""
    at, found = now(), incident.present(case.id)
    mark = say("incident_release.drill_mark", "zh") if case.drill else ""
    body: list[Paragraph | Table] = [
        *paragraphs(_text("opening", subject=case.subject, number=case.number, scene=found.scene))
    ]
    for number, (head, part) in enumerate(_parts(case, found, words), 1):
        body += [*paragraphs(f"{say('document.numerals', 'zh')[number - 1]}、{_text(head)}"), *part]
    paper = Document(
        format=Format.PLAIN,
        title=mark + _text("title" if words else "title_draft"),
        addressee=_text("addressee"),
        body=tuple(body),
        signature=title_of(incident.plan_of(case).office),
        signed_on=local_day(at),
    )
    path = place_for(case.number, name)
    write_document(path, paper)
    path.chmod(0o600)
    return Written(file=f"{case.number}/{name}", at=at)


def _parts(case: Dossier, found: Any, words: Words | None) -> Iterator[tuple[str, Sequence[Paragraph | Table]]]:
    yield "facts", paragraphs(_facts(found))
    yield "timeline", _table("timeline", (2, 4, 2, 2), timeline(case))
    yield "orders", _table("orders", (1, 2, 4, 2), _orders(case))
    yield "calls", _table("calls", (3, 2, 2, 2), _calls(case))
    yield "tasks", _table("tasks", (4, 2, 2, 2), _tasks(case))
    yield "duties", _table("duties", (4, 2, 2, 2), duties(case))
    yield "readiness", _table("readiness", (3, 2, 4), _readiness(case))
    if words is not None:
        yield "experience", paragraphs(words.experience)
        yield "shortcomings", paragraphs(words.shortcomings)
    yield "lessons", _table("lessons", (1, 2, 4, 2, 2), _lessons(case))


def _table(name: str, widths: tuple[int, ...], rows: Sequence[tuple[str, ...]]) -> tuple[Paragraph | Table, ...]:
    if not rows:
        return paragraphs(_text("none"))
    return (Table(titles=tuple(_text(f"columns_{name}").split("、")), widths=widths, rows=tuple(rows)),)


def _known(value: Any) -> str:
    return _text("unknown") if value is None else str(value)


def _facts(found: Any) -> str:
    loss = None if found.loss_cents is None else f"{found.loss_cents / CENTS:,.2f}"
    return _text(
        "facts_text",
        unit=found.unit_name,
        occurred=local(found.occurred_at) or _text("unknown"),
        activated=local(found.activated_at) or _text("unknown"),
        ended=local(found.ended_at) or _text("unknown"),
        grade=level_text(found.grade, "zh"),
        worst=level_text(found.worst_grade, "zh"),
        response=level_text(found.response_level, "zh"),
        dead=_known(found.dead),
        injured=_known(found.injured),
        missing=_known(found.missing),
        loss=_known(loss),
    )


def _all(rows: Rows, case: Dossier, *by: Any) -> list[Any]:
    with reading() as connection:
        return list(connection.execute(select(rows).where(rows.c.case_id == case.id).order_by(*by)))


def timeline(case: Dossier) -> list[tuple[str, ...]]:
    """Return the steps and the signed answers of an incident, the first first: when, what, who, under which rule."""
    found: list[tuple[str, ...]] = []
    for line in _all(ENTRIES, case, ENTRIES.c.seq):
        title = _step_title(case.process, line.step)
        if title:
            again = f"（{line.turn}）" if line.turn > 1 else ""
            found.append((local(line.at), title + again, "" if line.actor == SYSTEM else line.actor, line.rule))
    return found


def _step_title(process: str, name: str) -> str:
    if name.startswith(ANSWER):
        return _text("answered", point=point_title(process, name.removeprefix(ANSWER)))
    try:
        return say(f"step_{process}.{name}", "zh")
    except MessageMissingError:
        return ""


def _orders(case: Dossier) -> list[tuple[str, ...]]:
    rows = _all(incident.ORDERS, case, incident.ORDERS.c.number)
    return [
        (str(row.number), kind_text(row.kind, "zh"), str(row.content.get("matter", "")), local(row.issued_at))
        for row in rows
    ]


def _calls(case: Dossier) -> list[tuple[str, ...]]:
    return [
        (f"{title_of(row.role)} {row.staff_no}".strip(), row.purpose, local(row.called_at), _minutes(row))
        for row in _all(CALLS, case, CALLS.c.called_at, CALLS.c.id)
    ]


def _minutes(row: Any) -> str:
    if row.answered_at is None:
        return _text("unanswered")
    return _text("minutes", minutes=round((row.answered_at - row.called_at).total_seconds() / MINUTE))


def _tasks(case: Dossier) -> list[tuple[str, ...]]:
    rows = _all(incident.TASKS, case, incident.TASKS.c.id)
    return [(row.title, title_of(row.owner), local(row.due_at), _done(row)) for row in rows]


def _done(row: Any) -> str:
    if row.done_at is None:
        return _text("not_done")
    return local(row.done_at) + (_text("late_mark") if row.due_at and row.done_at > row.due_at else "")


def duties(case: Dossier) -> list[tuple[str, ...]]:
    """Return every duty and clock that was met or is owed: what, by whom, until when, and with which margin."""
    owed = {(row.name, row.turn): row.owes for row in _all(DUTIES, case, DUTIES.c.id)}
    rows: list[tuple[str, ...]] = []
    for row in _all(DEADLINES, case, DEADLINES.c.due_at, DEADLINES.c.id):
        if row.superseded_at is not None and row.met_at is None:
            continue
        who = title_of(owed.get((row.name, row.turn), row.office))
        rows.append((deadline_title(case.process, row.name), who, local(row.due_at), _margin(row)))
    return rows


def _margin(row: Any) -> str:
    if row.due_at is None:
        return _text("paused")
    if row.met_at is None:
        return _text("overdue") if now() > row.due_at else _text("running")
    minutes = round((row.due_at - row.met_at).total_seconds() / MINUTE)
    return _text("early", minutes=minutes) if minutes >= 0 else _text("late", minutes=-minutes)


def _readiness(case: Dossier) -> list[tuple[str, ...]]:
    return [
        (
            title_of(row.role),
            local(row.attested_at) + (_text("late_mark") if row.late else "") if row.attested_at else _text("not_done"),
            f"{row.outstanding}（{row.comes_on}）" if row.outstanding else _text("none"),
        )
        for row in _all(READINESS, case, READINESS.c.role)
    ]


def _lessons(case: Dossier) -> list[tuple[str, ...]]:
    return [
        (str(row.number), LessonKind(row.kind).text, row.text, title_of(row.owner), LessonStatus(row.status).text)
        for row in lessons_of(case.id)
    ]
