"""The fork server of season_driver.py, playing an accident: reported, answered, worsened, acknowledged, reported on.

Every 156 seconds of a simulated clock the bell rings, the story is told, what comes from outside comes, and one open
question is answered. The spacing keeps clear of the plan's own minutes, so that nothing depends on milliseconds.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from config.zone import SHANGHAI
from flows.incident_response import incident_response
from models.case import Decision
from models.incident_response.ladder import Ack
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
from tasks.store import reading, table
from tasks.wait import Parked
from tests.reported import answer_of, lodge
from tests.resilience import season_driver
from tests.resilience.season_driver import Death

BEGIN = datetime(2027, 3, 1, 9, tzinfo=SHANGHAI)
SPACING = timedelta(seconds=156)
ROUNDS = 40
CONTROLLED = 25
"""Round in which the scene is under control, and the end is spoken of."""
DECISIONS = table(Decision)
WORSE = {"dead": "10", "missing": "0", "as_of": ""}
season_driver.IGNORED |= {
    "code", "next_at", "called_at", "holds_until", "ended_at", "at", "recorded_at", "occurred_at", "armed_at", "satisfied_at",
    "issued_at", "withdrawn_at", "ordered_at", "heard_at", "as_of", "received_at", "activated_at", "urged_at",
}  # fmt: skip


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
        with reading() as connection:
            codes = connection.execute(select(CALLS.c.code).where(CALLS.c.ended_at.is_(None)).order_by(CALLS.c.id))
            waiting = list(codes.scalars())
        for code in waiting:
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


season_driver.ORDERS |= {"settle": settle, "play": play}


if __name__ == "__main__":
    season_driver.main()
