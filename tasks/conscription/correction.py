"""An offence of Art. 24 as a case of its own: found, ordered to correct, and corrected or compelled."""

from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import func, insert, select

from config.fact import Fact
from config.messages import Refusal, say
from config.rulebook import cited, rule
from models.case import DecisionStatus
from models.conscription.fine import Offence
from models.conscription.service_answer import Corrected
from models.conscription.service_roll import Correction, Registrant
from models.conscription.status import OffenceStatus as O
from models.deadline import Clock
from models.office import Officer
from models.person import Party, Person
from tasks.ask import DECISIONS
from tasks.ask_until import ask_until
from tasks.case import open_case
from tasks.clock import local_day, now
from tasks.conscription.course import after, morning, rule_of
from tasks.deadline import Owed, meet_clock, start_clock
from tasks.journal import CASES, lock
from tasks.step import Dossier, step
from tasks.store import reading, table, transaction

CORRECTIONS: Final = table(Correction)
REGISTRANTS: Final = table(Registrant)
OFFICERS: Final = table(Officer)
PARTIES: Final = table(Party)
PERSONS: Final = table(Person)
PROCESS: Final = "correction_order"
STORY: Final = "correction_order/correction_order"
HANDLES: Final = "armed_forces_department"
"""Art. 28: penalties of the district government are handled by the armed-forces department."""
OFFENCES: Final = {1: Offence.EVADES_REGISTRATION, 2: Offence.CONCEALS, 3: Offence.EVADES_CALL_UP}


def number_of(year: int, place: int) -> str:
    """Return the case number of a correction."""
    return f"ZG-{year}-{place:04}"


def run_name(member: str, **_facts: object) -> str:
    """Return the name of a run: the member's case number, never a name."""
    return say("correction_order.run_name", member=member)


def open_correction(member: str, offence: int, act_on: date) -> Dossier:
    """Open the case of an offence, or take up the one that is open for this member, offence and day.

    Raises:
        Refusal: there is no such member or offence, or the act lies ahead.
    """
    if offence not in OFFENCES:
        raise Refusal("correction_order.no_such_offence", offence=offence)
    kind, today = OFFENCES[offence], local_day(now())
    if act_on > today:
        raise Refusal("correction_order.act_ahead", act_on=act_on, today=today)
    with transaction() as tx:
        chosen = select(CASES.c.id, CASES.c.parent_id, CASES.c.unit, CASES.c.drill).where(CASES.c.number == member)
        about = tx.core.execute(chosen).one_or_none()
        if about is None:
            raise Refusal("kernel.no_such_case", number=member)
        if about.parent_id is None or not tx.core.execute(select(PARTIES).where(PARTIES.c.case_id == about.id)).first():
            raise Refusal("correction_order.not_a_member", number=member)
        lock(tx, about.id)
        known = (
            (CORRECTIONS.c.member_id == about.id)
            & (CORRECTIONS.c.offence == kind.value)
            & (CORRECTIONS.c.act_on == act_on)
        )
        found = tx.core.execute(select(CORRECTIONS.c.year, CORRECTIONS.c.place).where(known)).one_or_none()
        last = select(func.coalesce(func.max(CORRECTIONS.c.place), 0)).where(CORRECTIONS.c.year == today.year)
        year, place = found or (today.year, tx.core.execute(last).scalar_one() + 1)
        dossier = open_case(
            number_of(year, place),
            process=PROCESS,
            subject=say("correction_order.subject", member=member),
            on=today,
            story=STORY,
            parameters={"member": member, "offence": offence, "act_on": act_on.isoformat()},
            status=O.FOUND,
            unit=about.unit,
            drill=bool(about.drill),
            parent_id=about.parent_id,
        )
        if not found:
            what = {"member_id": about.id, "offence": kind.value, "act_on": act_on}
            tx.core.execute(insert(CORRECTIONS).values(case_id=dossier.id, year=year, place=place, **what))
    return dossier


def about(dossier: Dossier) -> Any:
    """Return what a correction case is about: member, number, offence, day of the act."""
    chosen = (
        select(CORRECTIONS, CASES.c.number.label("member")).join(CASES, CASES.c.id == CORRECTIONS.c.member_id)
        .where(CORRECTIONS.c.case_id == dossier.id)
    )  # fmt: skip
    with reading() as connection:
        return connection.execute(chosen).one()


def own_officers(dossier: Dossier) -> list[str]:
    """Return the staff numbers of the citizen himself, who must not decide on his own case."""
    chosen = (
        select(OFFICERS.c.staff_no)
        .join(PERSONS, PERSONS.c.identity_index == OFFICERS.c.identity_index)
        .join(PARTIES, PARTIES.c.person_id == PERSONS.c.id)
        .join(CORRECTIONS, CORRECTIONS.c.member_id == PARTIES.c.case_id)
        .where(CORRECTIONS.c.case_id == dossier.id)
    )
    with reading() as connection:
        return list(connection.execute(chosen).scalars())


def text(dossier: Dossier, point: str, **facts: Any) -> str:
    """Return what a question of the case shows: the member's number and the offence, never who he is."""
    found = about(dossier)
    offence = say(f"correction_order.offence_{found.offence}")
    return say(
        f"question_correction_order.{point}",
        member=found.member,
        offence=offence,
        act_on=found.act_on.isoformat(),
        **facts,
    )


class Issued(Fact):
    """The order to correct: the day it was issued and its last day, included."""

    issued_on: date
    limit: date


@step(reaches=O.ORDERED, tells=(HANDLES, "conscription_office"), rule=rule_of("correction_days"))
def issue_order(dossier: Dossier) -> Issued:
    """Issue the order to correct within its limit (Art. 24)."""
    today = local_day(now())
    return Issued(issued_on=today, limit=today + timedelta(days=rule("conscription.correction_days", dossier.on)))


def watch_limit(dossier: Dossier, order: Issued) -> None:
    """Start the clock of the order."""
    label = cited("conscription.correction_days", dossier.on).label
    start_clock(dossier, Owed("correction", Clock.DATE, anchor=morning(order.limit), office=HANDLES, rule=label,
                              rungs=("before:3", "last_day", "breach")))  # fmt: skip


def end_limit(dossier: Dossier) -> None:
    """Stop the clock of the order: it was corrected, or time is up."""
    meet_clock(dossier, "correction")


def _registered_on(dossier: Dossier) -> date | None:
    """Return the day a roster says the citizen registered, where that is what he was ordered to do."""
    chosen = (
        select(REGISTRANTS.c.registered)
        .join(CORRECTIONS, CORRECTIONS.c.member_id == REGISTRANTS.c.case_id)
        .where(CORRECTIONS.c.case_id == dossier.id, CORRECTIONS.c.offence == Offence.EVADES_REGISTRATION.value)
    )
    with reading() as connection:
        found: date | None = connection.execute(chosen).scalar_one_or_none()
    return found


def await_correction(dossier: Dossier, order: Issued) -> date | None:
    """Wait until a roster or an officer says that it is corrected, or the limit is over (None).

    Raises:
        Parked: neither is so yet.
    """
    words = text(dossier, "correction", limit=order.limit.isoformat())
    label = cited("conscription.fine_multiples", dossier.on).label

    def by_roster() -> bool:
        day = _registered_on(dossier)
        return day is not None and day <= order.limit

    word = ask_until(
        Corrected,
        dossier,
        "correction",
        of=HANDLES,
        text=words,
        until=after(order.limit),
        arrived=by_roster,
        rule=label,
        excluded=own_officers(dossier),
    )
    return signed_on(dossier, "correction") if word else note_registration(dossier)


@step(rule=rule_of("correction_days"))
def note_registration(dossier: Dossier) -> date | None:
    """Note whether a roster shows the registration when the question was withdrawn."""
    return _registered_on(dossier)


def signed_on(dossier: Dossier, point: str) -> date:
    """Return the day on which a point was answered."""
    chosen = select(DECISIONS.c.answered_at).where(
        DECISIONS.c.case_id == dossier.id, DECISIONS.c.point == point, DECISIONS.c.turn == dossier.turn,
        DECISIONS.c.status == DecisionStatus.ANSWERED.value,
    )  # fmt: skip
    with reading() as connection:
        return local_day(connection.execute(chosen).scalar_one())


@step(reaches=O.CORRECTED, tells=(HANDLES,), rule=rule_of("fine_multiples"))
def accept_correction(dossier: Dossier, corrected_on: date) -> date:  # noqa: ARG001 -- a step takes its dossier
    """Accept the correction within the limit: nothing follows (Art. 24)."""
    return corrected_on


@step(reaches=O.COMPELLED, tells=(HANDLES, "conscription_office"), rule=rule_of("fine_multiples"))
def compel(dossier: Dossier, order: Issued) -> date:  # noqa: ARG001 -- a step takes its dossier
    """Compel performance: the limit is over and nothing was corrected (Art. 24)."""
    return order.limit
