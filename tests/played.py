"""A season played without Prefect, from its first question to its close, by the scripted officers of the rehearsal."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import func, select

from config.zone import SHANGHAI
from flows.conscription import conscription
from models.person import Person
from tasks import officer, rehearsal
from tasks.ask import Question, open_questions
from tasks.clock import set_clock
from tasks.door import Signature, decide
from tasks.rung import fire_rungs
from tasks.store import reading, table
from tasks.wait import Parked
from tests.ground import DECISIONS, ENTRIES, NOTICES, later

BEGIN = {"2027H1": datetime(2026, 12, 1, 9, tzinfo=SHANGHAI), "2027H2": datetime(2027, 5, 20, 9, tzinfo=SHANGHAI)}
PERSONS = table(Person)


class Played(NamedTuple):
    """A season that was played: how often it parked and at which points, and who its people are."""

    season: str
    points: list[str]
    people: list[Any]

    @property
    def secrets(self) -> set[str]:
        """Every identity number, phone and name of the season."""
        return {value for one in self.people for value in (one.identity, one.phone, one.name) if value}


def play(season: str, applicants: int, home: Path, *, first: dict[str, dict[str, str]] | None = None,
         at_park: Callable[[Parked], None] | None = None, seed: int = 7) -> Played:  # fmt: skip
    """Play a whole season.

    Args:
        season: the season's file.
        applicants: how many apply.
        home: folder of the invented sheets.
        first: what a point is answered with the first time, before the script's own answer.
        at_park: what is looked at each time the season parks.
        seed: seed of everything invented.
    """
    set_clock(BEGIN[season], back=True)
    rehearsal.enrol_cast(date(2026, 1, 1))
    script = rehearsal.Script(season, applicants, seed, home / "sheets")
    left, points = dict(first or {}), []
    for _ in range(400):
        try:
            conscription.fn(season)
        except Parked as parked:
            points.append(parked.point)
            if at_park:
                at_park(parked)
        else:
            with reading() as connection:
                return Played(season, points, list(connection.execute(select(PERSONS)).all()))
        fire_rungs()
        asked = [one for one in open_questions() if one.point in left]
        if asked:
            sign(asked[0], left.pop(asked[0].point))
        else:
            assert rehearsal.act(script), f"stuck at {rehearsal.standing(script)}"
    raise AssertionError(f"the season does not end: {points}")


def sign(question: Question, fields: dict[str, str]) -> None:
    """Answer a question as the scripted officer who holds its role."""
    later(seconds=31)
    signer = rehearsal.signer_of(question.role)
    decide(question.seat_id, Signature(signer, officer.code_now(signer), {"reason": "请再斟酌", **fields}, "form"))


def told() -> tuple[int, ...]:
    """Return how many lines, notices and questions there are."""
    with reading() as connection:
        return tuple(
            int(connection.execute(select(func.count()).select_from(one)).scalar_one())
            for one in (ENTRIES, NOTICES, DECISIONS)
        )
