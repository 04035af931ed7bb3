"""What a simulation came to: breaches and load, week by week and officer by officer."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from sqlalchemy import func, select

from config.calendar import calendar
from models.policy_redemption.prediction import OfficerLoad, Prediction, Week
from tasks.case import DEADLINES
from tasks.clock import local_day, now
from tasks.journal import CASES
from tasks.policy_redemption.payment_roll import APPLICATIONS
from tasks.policy_redemption.simulation.officers import Officer, monday
from tasks.policy_redemption.simulation.scenario import DAY, Scenario
from tasks.store import reading

CLOCKS: Final = ("feedback", "promise", "payment")
MINUTES: Final = 60


@dataclass
class Log:
    """What is only known while it happens."""

    waiting: dict[date, int] = field(default_factory=dict)
    """Open questions at the end of each day."""


def predict(scenario: Scenario, notice_id: int, people: Sequence[Officer], log: Log, last_day: date) -> Prediction:
    """Return what came of a simulated notice.

    Args:
        scenario: what was asked.
        notice_id: the notice.
        people: the officers with what they did.
        log: what was noted on the way.
        last_day: the last day that was followed.
    """
    clocks = _clocks(notice_id)
    breaches, on_time = Counter[str](), Counter[str]()
    by_week: dict[date, Counter[str]] = defaultdict(Counter)
    done: dict[str, Counter[date]] = {name: Counter() for name in CLOCKS}
    for row in clocks:
        late = (row.met_at or now()) > row.due_at
        (breaches if late else on_time)[row.name] += 1
        if late:
            by_week[monday(local_day(row.due_at))][row.name] += 1
        if row.met_at:
            done[row.name][monday(local_day(row.met_at))] += 1
    received = Counter(monday(local_day(at)) for at in _received(notice_id))
    mondays = [monday(scenario.from_day) + DAY * 7 * place for place in range(_weeks(scenario.from_day, last_day))]
    ends = _ends(notice_id)
    return Prediction(
        **scenario._asdict(),
        last_day=last_day,
        finished=_closed(notice_id),
        breaches={name: breaches[name] for name in CLOCKS},
        on_time={name: on_time[name] for name in CLOCKS},
        ends=ends,
        weeks=tuple(
            Week(
                monday=week,
                received=received[week],
                fed_back=done["feedback"][week],
                decided=done["promise"][week],
                paid=done["payment"][week],
                waiting=_last(log, week),
                breaches={name: by_week[week][name] for name in CLOCKS},
                load=_share(sum(one.minutes[week] for one in people), _hours(scenario, week, last_day) * len(people)),
            )
            for week in mondays
        ),
        people=tuple(_load(scenario, one, last_day) for one in people),
    )


def _clocks(notice_id: int) -> Sequence[Any]:
    chosen = (
        select(DEADLINES.c.name, DEADLINES.c.due_at, DEADLINES.c.met_at)
        .join(CASES, CASES.c.id == DEADLINES.c.case_id)
        .where(CASES.c.parent_id == notice_id, DEADLINES.c.name.in_(CLOCKS), DEADLINES.c.due_at.is_not(None))
        .where(DEADLINES.c.met_at.is_not(None) | DEADLINES.c.superseded_at.is_(None))
    )
    with reading() as connection:
        return connection.execute(chosen).all()


def _received(notice_id: int) -> Sequence[Any]:
    with reading() as connection:
        chosen = select(APPLICATIONS.c.received_at).where(APPLICATIONS.c.notice_id == notice_id)
        return connection.execute(chosen).scalars().all()


def _ends(notice_id: int) -> dict[str, int]:
    chosen = (
        select(CASES.c.status, func.count())
        .where(CASES.c.parent_id == notice_id)
        .group_by(CASES.c.status)
        .order_by(CASES.c.status)
    )
    with reading() as connection:
        return dict(connection.execute(chosen).tuples().all())


def _closed(notice_id: int) -> bool:
    with reading() as connection:
        found = select(CASES.c.closed_at).where(CASES.c.id == notice_id)
        return connection.execute(found).scalar_one() is not None


def _weeks(first: date, last: date) -> int:
    return (monday(last) - monday(first)).days // 7 + 1


def _last(log: Log, week: date) -> int:
    days = [day for day in log.waiting if monday(day) == week]
    return log.waiting[max(days)] if days else 0


def _hours(scenario: Scenario, week: date, last_day: date) -> int:
    """Return the hours that one officer works in a week of the simulation."""
    days = [week + DAY * place for place in range(7)]
    inside = [day for day in days if scenario.from_day <= day <= last_day and calendar().works(day)]
    return len(inside) * len(scenario.assumed.hours)


def _share(minutes: float, hours: float) -> float:
    return round(minutes / (hours * MINUTES), 3) if hours else 0.0


def _load(scenario: Scenario, one: Officer, last_day: date) -> OfficerLoad:
    last = one.last or last_day
    weeks = [monday(scenario.from_day) + DAY * 7 * place for place in range(_weeks(scenario.from_day, last))]
    available = sum(_hours(scenario, week, last) for week in weeks)
    loads = {week: _share(one.minutes[week], _hours(scenario, week, last_day)) for week in weeks}
    busiest = max(loads, key=lambda week: (loads[week], -week.toordinal()))
    worked = sum(one.minutes.values())
    return OfficerLoad(
        staff_no=one.staff_no,
        decisions=one.decisions,
        hours=round(worked / MINUTES, 1),
        load=_share(worked, available),
        busiest=busiest,
        busiest_load=loads[busiest],
    )
