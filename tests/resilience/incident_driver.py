"""The fork server of season_driver.py, playing an accident: reported, answered, worsened, acknowledged, reported on.

Every 156 seconds of a simulated clock the bell rings, the story is told, what comes from outside comes, and one open
question is answered. The spacing keeps clear of the plan's own minutes, so that nothing depends on milliseconds.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from config.zone import SHANGHAI
from flows.incident_response import incident_response
from models.case import Deadline, Decision, Entry, Notice, Rung
from models.incident_response.ladder import Ack
from models.incident_response.tables import TABLES
from tasks import officer
from tasks.ask import open_questions
from tasks.clock import now, set_clock
from tasks.database import upgrade
from tasks.door import Signature, decide
from tasks.incident_response import cast
from tasks.incident_response.acknowledgement import Said, acknowledge
from tasks.incident_response.bell import ring
from tasks.incident_response.call_record import CALLS
from tasks.incident_response.incident import incident_of
from tasks.incident_response.intake import FOLLOW_UP, Given, follow_up
from tasks.incident_response.report_form import read_changes
from tasks.journal import verify
from tasks.store import reading, table
from tasks.wait import Parked
from tests.reported import answer_of, lodge
from tests.resilience import season_driver
from tests.resilience.season_driver import Death

BEGIN = datetime(2027, 3, 1, 9, tzinfo=SHANGHAI)
SPACING = timedelta(seconds=156)
ROUNDS = 30
CONTROLLED = 16
"""Round in which the scene is under control, and the end is spoken of."""
DECISIONS = table(Decision)
WORSE = {"dead": "10", "missing": "0", "as_of": ""}
GATHERED = ("incident_call.voice", "incident_call.exhausted", "incident_call.unable")
"""Notices that tell of as many silent people as one look of the bell found."""
DRAWN = re.compile(r"-\d+$")
"""Ends of steps that carry the number of a row."""


def settle(order: dict[str, Any]) -> dict[str, Any]:
    """Make the database and enrol the two officers."""
    upgrade()
    set_clock(BEGIN)
    cast.enrol_cast(date(2026, 1, 1))
    return {"home": order["home"]}


def play(order: dict[str, Any]) -> dict[str, Any]:
    """Take the accident on from where its clock stands to the last round."""
    death = Death(order.get("kill_at", 0))
    death.watch()
    for place in _rounds():
        number = lodge()
        ring()
        _tell(number)
        _bring(number, place)
        _answer(number, BEGIN + place * SPACING)
        _tell(number)
    return {"points": death.points}


def _rounds() -> Iterator[int]:
    """Yield the rounds that are left, each at its moment; the one that was broken off comes again."""
    place = max(1, (now() - BEGIN) // SPACING)
    while place <= ROUNDS:
        at = BEGIN + place * SPACING
        if now() < at:
            set_clock(at)
        yield place
        place += 1


def _tell(number: str) -> None:
    with suppress(Parked):
        incident_response.fn(number)


def _bring(number: str, place: int) -> None:
    """Bring what comes from outside in a round; what came before the end of the last process is not brought again."""
    if place in (4, 20):
        rows = (
            select(CALLS.c.staff_no, CALLS.c.code, CALLS.c.answered_at)
            .where(CALLS.c.ended_at.is_(None))
            .order_by(CALLS.c.id)
        )
        with reading() as connection:
            called = list(connection.execute(rows).tuples().all())
        since = BEGIN + place * SPACING
        codes = {staff_no: code for staff_no, code, _ in called}
        for staff_no in {staff_no for staff_no, _, answered_at in called if answered_at and answered_at >= since}:
            del codes[staff_no]
        for code in codes.values():
            acknowledge(Said(code, Ack.RECEIVED, "code"))
    if place == 10:
        brought = read_changes(WORSE, now())
        follow_up(incident_of(number), Given(brought.report, "测试", b"driver-follow-up", FOLLOW_UP))


def _answer(number: str, since: datetime) -> None:
    """Answer the first open question, unless one was answered in this round already."""
    with reading() as connection:
        done = connection.execute(select(DECISIONS.c.id).where(DECISIONS.c.answered_at >= since).limit(1)).first()
    late = since >= BEGIN + CONTROLLED * SPACING
    asked = [one for one in open_questions(case=number) if late or not one.point.startswith("end_")]
    if done is None and asked:
        signer = cast.signer_of(asked[0].role)
        given = answer_of(asked[0])
        decide(asked[0].seat_id, Signature(signer, officer.code_now(signer), given, "form"))


def snapshot(_order: dict[str, Any]) -> dict[str, Any]:
    """Return what must not be lost and not come twice, under names: in which order parts beside each other went is free."""
    rows: dict[str, list[Any]] = {}
    with reading() as connection:
        for model in (Decision, Deadline, Entry, Notice, Rung, *TABLES):
            rows[str(model.__tablename__)] = list(connection.execute(select(table(model))).all())
    calls = {row.id: (row.purpose, row.occasion, row.role, row.staff_no) for row in rows["incident_calls"]}
    clocks = {row.id: (row.name, row.turn) for row in rows["deadlines"]}
    found: dict[str, list[Any]] = {
        "decisions": [(row.point, row.turn, row.status, row.outcome and row.outcome["verdict"]) for row in rows["decisions"]],
        "deadlines": [(*clocks[row.id], row.met_at is not None, row.superseded_at is not None) for row in rows["deadlines"]],
        "rungs": [(*clocks[row.deadline_id], row.rung) for row in rows["rungs"]],
        "steps": sorted({DRAWN.sub("", row.step) for row in rows["entries"]}),
        "notices": [
            (row.recipient, row.channel, row.template) for row in rows["notices"] if row.template not in GATHERED
        ],
        "incident_duties": [(row.name, row.turn, row.armed_by, row.satisfied_at is not None, row.late) for row in rows["incident_duties"]],
        "incident_call_steps": [(*calls[row.call_id], row.step, row.kind) for row in rows["incident_call_steps"]],
        "incident_acks": [(*calls[row.call_id], row.kind) for row in rows["incident_acks"]],
        "incident_orders": [(row.kind, row.group_code, row.level, row.withdrawn_at is not None) for row in rows["incident_orders"]],
        "incident_groups": [(row.code, row.status, row.turn) for row in rows["incident_groups"]],
        "incident_tasks": [(row.code, row.status) for row in rows["incident_tasks"]],
        "incident_reports": [(row.number, row.kind) for row in rows["incident_reports"]],
        "incident_readiness": [(row.role, row.attested_at is not None) for row in rows["incident_readiness"]],
        "incidents": [(row.grade, row.worst_grade, row.response_level, row.command) for row in rows["incidents"]],
    }  # fmt: skip
    plain = {name: sorted(map(str, lines)) for name, lines in found.items()}
    return {"snapshot": plain | {"broken": [str(one) for one in verify()]}}


season_driver.ORDERS |= {"settle": settle, "play": play, "snapshot": snapshot}


if __name__ == "__main__":
    season_driver.main()
