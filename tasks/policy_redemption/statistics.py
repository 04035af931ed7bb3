"""Statistics of a period (Art. 21): firms, visits, policy updates, online cases, failings, lags by department."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, or_, select

from models.policy_redemption.application import Firm
from models.policy_redemption.failings import Counted
from models.policy_redemption.money import LineStatus, PaymentBatch, PaymentLine
from models.policy_redemption.publicity import Visits
from models.policy_redemption.statistics import Department, Lag, Period, Statistics
from tasks.case import DEADLINES
from tasks.journal import CASES
from tasks.policy_redemption.failing import APPLICATIONS, clock_rows, failings, supervision
from tasks.policy_redemption.register import POLICIES, VERSIONS
from tasks.store import reading, table

FIRMS: Final = table(Firm)
VISITS: Final = table(Visits)
LINES: Final = table(PaymentLine)
BATCHES: Final = table(PaymentBatch)
DAY_SECONDS: Final = 86400
Figures = dict[str, Any]


def statistics(of: Period, at: datetime) -> tuple[Statistics, Counted]:
    """Return the figures of a period and the evidence of its failings.

    Args:
        of: the period; what is not over yet is counted up to now.
        at: the moment of counting.
    """
    until = min(at, of.ends)
    counted = failings(of, at)
    figures: dict[str, Figures] = defaultdict(dict)
    for part in (_updates(of), _received(of), _handled(of, at), _paid(of), _failed(counted)):
        for department, found in part.items():
            figures[department] |= found
    firms, new = _firms(of)
    made = Statistics(
        period=of,
        as_of=until,
        firms=firms,
        new_firms=new,
        visits=_visits(of),
        departments=tuple(Department(department=one, **figures[one]) for one in sorted(figures)),
        lags=tuple(_lags(of, until)),
    )
    return made, counted


def _firms(of: Period) -> tuple[int, int]:
    registered = select(func.count()).select_from(FIRMS).where(FIRMS.c.registered_at < of.ends)
    with reading() as connection:
        total = connection.execute(registered).scalar_one()
        new = connection.execute(registered.where(FIRMS.c.registered_at >= of.begins)).scalar_one()
    return int(total), int(new)


def _visits(of: Period) -> dict[str, int]:
    chosen = (
        select(VISITS.c.path_kind, func.sum(VISITS.c.visits).label("visits"))
        .where(VISITS.c.day >= of.first, VISITS.c.day <= of.last)
        .group_by(VISITS.c.path_kind)
        .order_by(VISITS.c.path_kind)
    )
    with reading() as connection:
        return {row.path_kind: int(row.visits) for row in connection.execute(chosen)}


def _updates(of: Period) -> dict[str, Figures]:
    within = (VERSIONS.c.published_at >= of.begins) & (VERSIONS.c.published_at < of.ends)
    versions = select(POLICIES.c.department, VERSIONS.c.number).join(POLICIES, POLICIES.c.id == VERSIONS.c.policy_id)
    over = (POLICIES.c.repealed_on >= of.first) & (POLICIES.c.repealed_on <= of.last)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    with reading() as connection:
        for row in connection.execute(versions.where(within)):
            counts[row.department]["published" if row.number == 1 else "amended"] += 1
        for row in connection.execute(select(POLICIES.c.department).where(over)):
            counts[row.department]["repealed"] += 1
    return {department: dict(found) for department, found in counts.items()}


def _received(of: Period) -> dict[str, Figures]:
    chosen = (
        select(POLICIES.c.department, APPLICATIONS.c.channel, func.count().label("received"))
        .join(VERSIONS, VERSIONS.c.id == APPLICATIONS.c.version_id)
        .join(POLICIES, POLICIES.c.id == VERSIONS.c.policy_id)
        .join(CASES, CASES.c.id == APPLICATIONS.c.case_id)
        .where(APPLICATIONS.c.received_at >= of.begins, APPLICATIONS.c.received_at < of.ends, CASES.c.drill.is_(False))
        .group_by(POLICIES.c.department, APPLICATIONS.c.channel)
    )
    found: dict[str, Figures] = defaultdict(lambda: {"received": {}})
    with reading() as connection:
        for row in connection.execute(chosen):
            found[row.department]["received"][row.channel] = row.received
    return found


def _handled(of: Period, at: datetime) -> dict[str, Figures]:
    clocks: Mapping[str, Sequence[str]] = supervision("handled_clocks", min(at, of.ends))
    field = {"feedback": "fed_back", "decided": "decided", "handled": "demands"}
    name_of = {clock: field[kind] for kind, names in clocks.items() for clock in names}
    chosen = (
        select(DEADLINES.c.office, CASES.c.process, DEADLINES.c.name, func.count().label("met"))
        .join(CASES, CASES.c.id == DEADLINES.c.case_id)
        .where(DEADLINES.c.met_at >= of.begins, DEADLINES.c.met_at < of.ends, CASES.c.drill.is_(False))
        .where(DEADLINES.c.superseded_at.is_(None))  # a demand handed on or extended too late is late, not handled
        .where(or_(*(CASES.c.process == clock.partition(".")[0] for clock in name_of)))
        .group_by(DEADLINES.c.office, CASES.c.process, DEADLINES.c.name)
    )
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    with reading() as connection:
        for row in connection.execute(chosen):
            if kind := name_of.get(f"{row.process}.{row.name.partition('.')[0]}"):
                counts[row.office][kind] += row.met
    return {department: dict(found) for department, found in counts.items() if department}


def _paid(of: Period) -> dict[str, Figures]:
    chosen = (
        select(POLICIES.c.department, func.count().label("paid"), func.sum(LINES.c.amount).label("paid_fen"))
        .select_from(LINES)
        .join(APPLICATIONS, APPLICATIONS.c.case_id == LINES.c.case_id)
        .join(VERSIONS, VERSIONS.c.id == APPLICATIONS.c.version_id)
        .join(POLICIES, POLICIES.c.id == VERSIONS.c.policy_id)
        .join(CASES, CASES.c.id == LINES.c.case_id)
        .where(LINES.c.status == LineStatus.PAID.value, CASES.c.drill.is_(False))
        .where(LINES.c.paid_on >= of.first, LINES.c.paid_on <= of.last)
        .group_by(POLICIES.c.department)
    )
    with reading() as connection:
        rows = connection.execute(chosen).all()
    return {row.department: {"paid": row.paid, "paid_fen": int(row.paid_fen)} for row in rows}


def _failed(counted: Counted) -> dict[str, Figures]:
    return {department: {"failings": dict(found)} for department, found in counted.counts.items()}


def _lags(of: Period, until: datetime) -> list[Lag]:
    past: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    tally: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for row in clock_rows(of, supervision("supervised_processes", until)):
        key = (row.office, row.process, row.name.partition(".")[0])
        done = row.met_at if row.met_at and row.met_at <= until else None
        tally[key]["due"] += 1
        if (done or until) <= row.due_at:
            tally[key]["on_time" if done else "running"] += 1
            continue
        tally[key]["late" if done else "open"] += 1
        past[key].append(((done or until) - row.due_at).total_seconds() / DAY_SECONDS)
    return [
        Lag(
            department=department,
            process=process,
            duty=duty,
            due=counts["due"],
            on_time=counts["on_time"],
            late=counts["late"],
            open=counts["open"],
            mean_days=round(sum(past[key]) / len(past[key]), 1) if past[key] else 0.0,
            longest_days=round(max(past[key], default=0.0), 1),
        )
        for key, counts in sorted(tally.items())
        for department, process, duty in [key]
    ]
