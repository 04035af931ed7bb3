"""Situation reports: at the cadence of the level until the emergency is over; a missed one is alarmed higher up."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import select, update

from config.rulebook import cited, rule
from models.deadline import Clock
from models.incident_response.duty import LEVELS, PROCESS, switched_off
from tasks.clock import now
from tasks.deadline import DEADLINES, Owed, start_clock
from tasks.incident_response.duty_book import SITUATION
from tasks.incident_response.duty_clock import end_clock, restate
from tasks.incident_response.incident import INCIDENTS, REPORTS, plan_of
from tasks.journal import lock, write_entry
from tasks.step import SYSTEM, Dossier
from tasks.store import Transaction, transaction
from tasks.wait import park

KIND: Final = "situation"
RUNGS: Final = ("share:80", "breach", "share:200", "share:300")
"""Before the end, at it, and once more for each report that is missed in a row."""
DAY_MINUTES: Final = 24 * 60


def keep_reporting(dossier: Dossier) -> None:
    """Keep the clock of situation reports for as long as the response lasts.

    Raises:
        Parked: always; whoever reports starts the next turn of the clock.
    """
    with transaction() as tx:
        follow_rhythm(tx, dossier)
    raise park(dossier, SITUATION, None)


def follow_rhythm(tx: Transaction, dossier: Dossier) -> datetime | None:
    """Bring the clock to what was reported: met by each report, and started anew from it; return when the next is due.

    A level that asks for more shortens the turn that runs; one that asks for less counts from the next report.
    """
    lock(tx, dossier.id)
    row = tx.core.execute(select(INCIDENTS).where(INCIDENTS.c.case_id == dossier.id)).one()
    if row.ended_at is not None:
        end_clock(tx, dossier, SITUATION)
        return None
    chosen = select(REPORTS.c.recorded_at).where(REPORTS.c.case_id == dossier.id, REPORTS.c.kind == KIND)
    reports = list(tx.core.execute(chosen.order_by(REPORTS.c.number)).scalars())
    minutes = cadence(dossier, row)
    known = {clock.turn: clock for clock in _clocks(tx, dossier)}
    anchor = row.received_at
    for turn, reported in enumerate([*reports, None], 1):
        if turn not in known:
            start_clock(dossier._replace(turn=turn, journal={}), _owed(dossier, minutes, anchor))
            known |= {clock.turn: clock for clock in _clocks(tx, dossier)}
        if reported is not None:
            _meet(tx, dossier, known[turn], reported)
        anchor = reported or anchor
    last = known[max(known)]
    if last.budget > minutes:
        case = lock(tx, dossier.id)
        return restate(tx, case, last, f"clock-{SITUATION}-shortened", case.seq + 1, outcome={"minutes": minutes},
                       budget=minutes)  # fmt: skip
    due_at: datetime | None = last.due_at
    return due_at


def cadence(dossier: Dossier, row: Any) -> int:
    """Return how often the situation is reported, in minutes: the plan's rhythm, never less than the statutory one."""
    level = row.response_level or row.worst_grade or row.grade or LEVELS[0]
    minutes = plan_of(dossier).levels[level].situation_minutes
    if "follow_ups_per_day" in switched_off(dossier.on):
        return minutes
    return min(minutes, DAY_MINUTES // int(rule(f"{PROCESS}.follow_ups_per_day", dossier.on)[level]))


def next_due(case_id: int) -> datetime | None:
    """Return when the next situation report is due; None where none is awaited."""
    chosen = select(DEADLINES.c.due_at).where(
        DEADLINES.c.case_id == case_id,
        DEADLINES.c.name == SITUATION,
        DEADLINES.c.met_at.is_(None),
        DEADLINES.c.superseded_at.is_(None),
    )
    with transaction() as tx:
        found: datetime | None = tx.core.execute(chosen).scalar_one_or_none()
    return found


def _owed(dossier: Dossier, minutes: int, anchor: datetime) -> Owed:
    plan = plan_of(dossier)
    off = "follow_ups_per_day" in switched_off(dossier.on)
    basis = plan.source.label if off else cited(f"{PROCESS}.follow_ups_per_day", dossier.on).label
    escalation = {"breach": [plan.commander], "share:200": [plan.commander, *plan.deputies],
                  "share:300": [plan.commander, "district_government"]}  # fmt: skip
    return Owed(SITUATION, Clock.MINUTES, budget=minutes, anchor=anchor, office=plan.office, rungs=RUNGS,
                rule=basis, escalation=escalation)  # fmt: skip


def _clocks(tx: Transaction, dossier: Dossier) -> list[Any]:
    chosen = select(DEADLINES).where(DEADLINES.c.case_id == dossier.id, DEADLINES.c.name == SITUATION)
    return list(tx.core.execute(chosen).all())


def _meet(tx: Transaction, dossier: Dossier, clock: Any, at: datetime) -> None:
    if clock.met_at is not None or clock.superseded_at is not None:
        return
    late = clock.due_at is not None and at > clock.due_at
    tx.core.execute(update(DEADLINES).where(DEADLINES.c.id == clock.id).values(met_at=at, next_rung_at=None))
    write_entry(tx, lock(tx, dossier.id), f"clock-{SITUATION}-met", clock.turn, actor=SYSTEM, at=now(),
                outcome={"late": late}, rule=clock.rule, substance=False)  # fmt: skip
