"""A year's accidents in numbers: by grade, how fast people answered, how punctual the reports were; drills apart."""

from collections import Counter
from datetime import date, datetime, time
from statistics import median
from typing import Any, Final

from sqlalchemy import select

from config.fact import Fact
from config.zone import SHANGHAI
from models.incident_response.clock import IncidentDuty
from models.incident_response.status import IncidentStatus as S
from tasks.incident_response.call_record import CALLS
from tasks.incident_response.incident import INCIDENTS
from tasks.journal import CASES
from tasks.store import reading, table

DUTIES: Final = table(IncidentDuty)
LEVELS: Final = ("IV", "III", "II", "I")
NOT_COUNTED: Final = (S.NOT_ACCIDENT.value, S.MERGED.value)


class Year(Fact):
    """One year of accidents, or of drills."""

    incidents: int
    by_grade: dict[str, int]
    calls: int
    answered: int
    median_minutes: float | None
    duties: int
    in_time: int
    late: int
    superseded: int


def year(number: int, *, drill: bool = False) -> Year:
    """Return the numbers of a year; what was no accident, or the same as another, is not counted."""
    begins, ends = (datetime.combine(date(one, 1, 1), time(), SHANGHAI) for one in (number, number + 1))
    chosen = (
        select(INCIDENTS.c.case_id, INCIDENTS.c.grade)
        .join(CASES, CASES.c.id == INCIDENTS.c.case_id)
        .where(CASES.c.drill.is_(drill), CASES.c.status.not_in(NOT_COUNTED))
        .where(INCIDENTS.c.received_at >= begins, INCIDENTS.c.received_at < ends)
    )
    with reading() as connection:
        found = connection.execute(chosen).all()
        ids = [row.case_id for row in found]
        calls = connection.execute(select(CALLS.c.called_at, CALLS.c.answered_at).where(CALLS.c.case_id.in_(ids))).all()
        duties = connection.execute(select(DUTIES).where(DUTIES.c.case_id.in_(ids))).all()
    grades = Counter(row.grade or "" for row in found)
    minutes = [_minutes(row) for row in calls if row.answered_at is not None]
    owed = [row for row in duties if not row.superseded_by]
    return Year(
        incidents=len(found),
        by_grade={level: grades.get(level, 0) for level in (*LEVELS, "")},
        calls=len(calls),
        answered=len(minutes),
        median_minutes=round(median(minutes), 1) if minutes else None,
        duties=len(owed),
        in_time=sum(row.satisfied_at is not None and not row.late for row in owed),
        late=sum(bool(row.late) for row in owed),
        superseded=len(duties) - len(owed),
    )


def _minutes(row: Any) -> float:
    return float((row.answered_at - row.called_at).total_seconds()) / 60
