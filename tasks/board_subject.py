"""Who a board is about: the instance as it stands, and its members counted in the database by stage and unit."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Integer, case, func, literal, select

from config.boards import capped, on_their_own
from tasks.journal import CASES, ENTRIES
from tasks.members import standing_by_unit
from tasks.store import reading
from tasks.wait import INSTANCES, RUNNING


class Subject(NamedTuple):
    """The instance that a board is about."""

    id: int
    number: str
    process: str
    subject: str
    status: str
    on: date
    drill: bool
    closed_at: datetime | None
    waiting_on: str
    wake_at: datetime | None
    since: datetime | None


def find_subject(number: str) -> Subject:
    """Return the instance of a case number; raises NoResultFound where there is none."""
    since = select(func.max(ENTRIES.c.at)).where(ENTRIES.c.case_id == CASES.c.id).scalar_subquery()
    chosen = (
        select(CASES.c.id, CASES.c.number, CASES.c.process, CASES.c.subject, CASES.c.status, CASES.c.on_day,
               CASES.c.drill, CASES.c.closed_at, INSTANCES.c.waiting_on, INSTANCES.c.wake_at, since)
        .join(INSTANCES, INSTANCES.c.case_id == CASES.c.id)
        .where(CASES.c.number == number)
    )  # fmt: skip
    with reading() as connection:
        return Subject(*connection.execute(chosen).one())


def board_subjects(since: datetime) -> list[str]:
    """Return the numbers of the instances that are open, or were closed since a moment.

    Of a process with very many, the oldest: whichever has a board keeps it until it has shown its last state.
    """
    shown = CASES.c.closed_at.is_(None) | (CASES.c.closed_at >= since)
    chosen = (
        select(CASES.c.number, INSTANCES.c.case_id)
        .select_from(RUNNING)
        .where(shown, CASES.c.process.not_in([*capped(), *on_their_own()]))
        .order_by(INSTANCES.c.case_id)
    )
    with reading() as connection:
        found = [(row.case_id, row.number) for row in connection.execute(chosen)]
        for process, most in capped().items():
            few = select(CASES.c.number, INSTANCES.c.case_id).select_from(RUNNING)
            few = few.where(shown, CASES.c.process == process).order_by(INSTANCES.c.case_id).limit(most)
            found += [(row.case_id, row.number) for row in connection.execute(few)]
    return [number for _, number in sorted(found)]


class Members(NamedTuple):
    """The members of an instance: how many stand where now, and how far they ever came, by unit."""

    now: dict[tuple[str, str], int]
    """By unit and status."""
    furthest: dict[tuple[str, int], int]
    """By unit and place in the line; -1 for those who never entered it."""

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.now.values())

    @property
    def units(self) -> list[str]:
        """The units, the largest first."""
        sizes: dict[str, int] = {}
        for (unit, _), number in self.now.items():
            sizes[unit] = sizes.get(unit, 0) + number
        return sorted(sizes, key=lambda unit: (unit == "", -sizes[unit], unit))

    def standing(self, statuses: Sequence[str], unit: str | None = None) -> int:
        """Return how many stand at one of the statuses now, in all or in a unit."""
        return sum(n for (where, status), n in self.now.items() if status in statuses and unit in {None, where})

    def of(self, unit: str) -> int:
        """Return how many a unit has."""
        return sum(number for (where, _), number in self.now.items() if where == unit)

    def reached(self, place: int, unit: str | None = None) -> int:
        """Return how many reached a place of the line or a later one, in all or in a unit."""
        return sum(number for (where, far), number in self.furthest.items() if far >= place and unit in {None, where})


def members_of(case_id: int, line: Sequence[str]) -> Members:
    """Count the members by unit, status and the furthest stage that the journal knows of, in the database."""
    places: dict[str, int] = {status: place for place, status in enumerate(line)}
    return Members(standing_by_unit(case_id), _furthest(case_id, places))


def _furthest(case_id: int, places: Mapping[str, int]) -> dict[tuple[str, int], int]:
    if not places:
        return {}
    came = func.coalesce(func.max(_later(_place(ENTRIES.c.before, places), _place(ENTRIES.c.after, places))), -1)
    each = (
        select(CASES.c.unit.label("unit"), _later(_place(CASES.c.status, places), came).label("far"))
        .select_from(CASES.outerjoin(ENTRIES, ENTRIES.c.case_id == CASES.c.id))
        .where(CASES.c.parent_id == case_id)
        .group_by(CASES.c.id, CASES.c.unit, CASES.c.status)
        .subquery()
    )
    counted = select(each.c.unit, each.c.far, func.count().label("members")).group_by(each.c.unit, each.c.far)
    with reading() as connection:
        return {(row.unit, row.far): row.members for row in connection.execute(counted)}


def _place(status: ColumnElement[str], places: Mapping[str, int]) -> ColumnElement[int]:
    return case(dict(places), value=status, else_=literal(-1, Integer))


def _later(one: ColumnElement[int], other: ColumnElement[int]) -> ColumnElement[int]:
    return case((one >= other, one), else_=other)  # SQLite and PostgreSQL name the greater of two differently
