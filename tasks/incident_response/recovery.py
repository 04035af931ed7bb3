"""Recovery: within 48 clock hours of the end every body is ready again and says so; residents are home (4.7)."""

from datetime import date, datetime
from functools import partial
from typing import Any, Final

from sqlalchemy import insert, select, update

from config.fact import Fact
from config.messages import Refusal, say
from config.offices import OfficeUnknownError, head_of, office
from config.rulebook import cited
from config.zone import SHANGHAI
from models.deadline import Clock
from models.incident_response.aftermath import IncidentReadiness
from models.incident_response.aftermath_answer import (
    ReadinessAttestation,
    ResidentsReturn,
    gaps_wrong,
    read_day,
    without_numbers,
)
from models.incident_response.lesson import LessonKind
from models.incident_response.status import IncidentStatus as S
from tasks.alongside import gather
from tasks.ask import ask
from tasks.clock import now
from tasks.deadline import DEADLINES, Owed, meet_clock, start_clock
from tasks.incident_response import incident, lessons
from tasks.incident_response.ending import zones
from tasks.incident_response.question import ask_unless, signed_at
from tasks.journal import lock, write_entry
from tasks.step import Dossier, step
from tasks.store import Transaction, reading, table, transaction

READINESS: Final = table(IncidentReadiness)
CLOCK: Final = "readiness"
RUNGS: Final = ("half", "share:80", "breach")


class Attestation(Fact):
    """What a body says of its readiness."""

    used: str
    restocked: str
    outstanding: str = ""
    comes_on: date | None = None


class Recovering(Fact):
    """Who has to be ready again, and until when."""

    roles: tuple[str, ...]
    due: datetime
    until: str


class Ready(Fact):
    """One body's attestation as it was taken."""

    role: str
    office: str
    late: bool
    outstanding: str


class Restored(Fact):
    """How the recovery went: who was late, and what is outstanding."""

    late: tuple[str, ...]
    outstanding: tuple[str, ...]
    who: str
    first: bool
    """Whether it came before the summary, as a rule; a status never goes back."""


def restore(case: Dossier) -> None:
    """Bring everything back into readiness, body by body, and the residents home (4.6, 4.7).

    Raises:
        Parked: a body has not attested, or the zone has not acknowledged.
    """
    found = begin_recovery(case)
    gather(case, *(partial(_attested, role) for role in found.roles), _residents)
    finish_recovery(case)


def _due(case: Dossier) -> datetime:
    """Return when the 48 hours end: from the declared end, through nights and holidays (INC-A9)."""
    with reading() as connection:
        chosen = select(DEADLINES.c.due_at).where(DEADLINES.c.case_id == case.id, DEADLINES.c.name.like(f"{CLOCK}.%"))
        found: datetime = connection.execute(chosen.limit(1)).scalar_one()
    return found


@step(
    reaches=S.RECOVERING,
    tells=lambda found: found.roles,
    rule=incident.rule_of("readiness_hours"),
)
def begin_recovery(case: Dossier) -> Recovering:
    """Begin the recovery: each body of the plan owes its attestation within the hours of the rule."""
    plan, ended = incident.plan_of(case), incident.present(case.id).ended_at or now()
    found = cited("incident_response.readiness_hours", case.on)
    roles = tuple(dict.fromkeys(plan.restore))
    due = ended
    with transaction() as tx:
        for role in roles:
            blank = dict.fromkeys(("used", "restocked", "outstanding", "attested_by"), "") | {"late": False}
            tx.core.execute(insert(READINESS).values(case_id=case.id, role=role, **blank))
            told = [one for one in (*heads(role), plan.office) if one != role]
            owed = Owed(f"{CLOCK}.{role}", Clock.HOURS, budget=found.value, anchor=ended, office=role, rule=found.label,
                        rungs=RUNGS, escalation={"breach": told})  # fmt: skip
            due = start_clock(case, owed)
    return Recovering(roles=roles, due=due, until=due.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M"))


def heads(role: str) -> tuple[str, ...]:
    """Return the role of whoever heads a body, where it has one."""
    try:
        return (office(head_of(role)).id,)
    except OfficeUnknownError:
        return ()


def readiness_of(case_id: int) -> list[Any]:
    """Return what each body of an incident has attested."""
    with reading() as connection:
        return list(connection.execute(select(READINESS).where(READINESS.c.case_id == case_id)).all())


def _row(case_id: int, role: str) -> Any:
    chosen = select(READINESS).where(READINESS.c.case_id == case_id, READINESS.c.role == role)
    with reading() as connection:
        return connection.execute(chosen).one_or_none()


def _attested(role: str, case: Dossier) -> None:
    """Wait for one body: its answer, or its signed form."""
    point = f"{CLOCK}.{role}"
    text = say("question_incident_response.readiness", office=office(role).title, until=begin_recovery(case).until)
    word = ask_unless(ReadinessAttestation, case, point, of=role, text=text,
                      needless=lambda: _row(case.id, role).attested_at is not None)  # fmt: skip
    if word is not None and _row(case.id, role).attested_at is None:
        signed = signed_at(case, point)
        comes_on = read_day(word.comes_on) if word.comes_on.strip() else None
        given = Attestation(
            used=word.used_up, restocked=word.restocked, outstanding=word.outstanding, comes_on=comes_on
        )
        with transaction() as tx:
            _take(tx, case, role, given, by=signed.actor if signed else "", at=signed.at if signed else now())
    meet_clock(case, point)


def _take(tx: Transaction, case: Dossier, role: str, given: Attestation, *, by: str, at: datetime) -> Ready:
    """Keep an attestation; after the hours it is late, and stays late."""
    locked = lock(tx, case.id)
    late = at > _due(case)
    mine = (READINESS.c.case_id == case.id) & (READINESS.c.role == role) & READINESS.c.attested_at.is_(None)
    tx.core.execute(update(READINESS).where(mine).values(attested_by=by, attested_at=at, late=late, **dict(given)))
    found = Ready(role=role, office=office(role).title, late=late, outstanding=given.outstanding)
    outcome = found.model_dump() | given.model_dump(mode="json")
    label = cited("incident_response.readiness_hours", case.on).label
    write_entry(tx, locked, "readiness-attested", locked.seq + 1, actor=by, at=now(), outcome=outcome, rule=label,
                substance=False)  # fmt: skip
    return found


def _residents(case: Dossier) -> None:
    """Wait until the zone says that the evacuated residents are back (4.6)."""
    text = say("question_incident_response.residents_return")
    ask(ResidentsReturn, case, "residents_return", of=zones(case)[0], text=text, bound=False)


@step(
    reaches=lambda found: S.RESTORED if found.first else None,
    tells=("incident_commander", "command_office"),
    rule=incident.rule_of("readiness_hours"),
)
def finish_recovery(case: Dossier) -> Restored:
    """Record that every body is ready; what is outstanding is followed up as an item of its own."""
    rows = readiness_of(case.id)
    with transaction() as tx:
        first = lock(tx, case.id).status == S.RECOVERING
        for row in rows:
            if row.outstanding:
                text = say("incident_aftermath.outstanding_item", "zh", outstanding=row.outstanding)
                lessons.add(tx, case.id, LessonKind.ACTION, text, owner=row.role, due_on=row.comes_on,
                            source="recovery", by=row.attested_by)  # fmt: skip
    late = tuple(row.role for row in rows if row.late)
    names = "、".join(office(role).title for role in late)
    open_still = tuple(row.role for row in rows if row.outstanding)
    return Restored(late=late, outstanding=open_still, who=names or say("incident_aftermath.nobody"), first=first)


def attest_from_outside(number: str, body: str, given: Attestation, staff_no: str, code: str) -> str:
    """Take a body's signed attestation from a form or the command line; return the sentence that says so.

    Raises:
        Refusal: nothing is owed by this body now, it is incomplete, or the signature is none.
    """
    dossier = incident.incident_of(number)
    day = given.comes_on.isoformat() if given.comes_on else ""
    refusal = gaps_wrong(bool(given.outstanding or day), given.outstanding, day)
    refusal = refusal or without_numbers(given.used, given.restocked, given.outstanding)
    if refusal is not None:
        raise refusal
    role = _body(dossier, body)
    who = incident.signed(staff_no, code, (role, *heads(role)))
    with transaction() as tx:
        lock(tx, dossier.id)
        row = _row(dossier.id, role)
        if row is None or row.attested_at is not None:
            raise Refusal("incident_aftermath.readiness_not_owed", number=number, office=office(role).title)
        found = _take(tx, dossier, role, given, by=who.actor, at=now())
        incident.brought(dossier)
    incident.arrived(number)
    late = say("incident_aftermath.is_late") if found.late else ""
    return say("incident_aftermath.readiness_taken", number=number, office=found.office, late=late)


def _body(dossier: Dossier, name: str) -> str:
    known = {str(row.role): office(row.role) for row in readiness_of(dossier.id)}
    found = next((role for role, body in known.items() if name.strip() in (role, *body.names)), "")
    if not found:
        raise Refusal("incident_aftermath.readiness_not_owed", number=dossier.number, office=name.strip()[:40])
    return found
