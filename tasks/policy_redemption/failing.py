"""The material of the four failings (Art. 22): every duty that fell due in a period, and what was handled offline."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import and_, func, or_, select

from config.messages import say
from config.rulebook import reading as reading_of
from config.rulebook import rule
from models.column import Instant
from models.policy_redemption.application import Application
from models.policy_redemption.change import ChangeKind, PolicyChange
from models.policy_redemption.failings import Counted, Duty, Failing, count_failings
from models.policy_redemption.policy import PolicyContent
from models.policy_redemption.publicity import PublicStatus, ResultKind
from models.policy_redemption.statistics import Period
from tasks.board_page import deadline_title, local
from tasks.case import DEADLINES
from tasks.clock import local_day
from tasks.journal import CASES
from tasks.policy_redemption.publicity import PUBLICATIONS
from tasks.policy_redemption.register import POLICIES, VERSIONS
from tasks.store import reading, table

APPLICATIONS: Final = table(Application)
CHANGES: Final = table(PolicyChange)
RULES: Final = "policy_redemption_supervision"


def supervision(name: str, at: datetime) -> Any:
    """Return a rule of the supervision in force at a moment."""
    return rule(f"policy_redemption_supervision.{name}", local_day(at))


def clock_rows(of: Period, processes: Sequence[str]) -> Iterator[Any]:
    """Yield the clocks of some processes that fell due in a period, each with when it ended.

    Drills are left out, and what was given up in time; what was given up late stays late.
    """
    ended = func.coalesce(DEADLINES.c.met_at, DEADLINES.c.superseded_at, type_=Instant())
    chosen = (
        select(CASES.c.number, CASES.c.process, DEADLINES.c.name, DEADLINES.c.office, DEADLINES.c.due_at)
        .add_columns(ended.label("met_at"), DEADLINES.c.case_id)
        .join(CASES, CASES.c.id == DEADLINES.c.case_id)
        .where(CASES.c.process.in_(processes), CASES.c.drill.is_(False), DEADLINES.c.office != "")
        .where(DEADLINES.c.due_at >= of.begins, DEADLINES.c.due_at < of.ends)
        .where(
            or_(
                DEADLINES.c.met_at.is_not(None),
                DEADLINES.c.superseded_at.is_(None),
                DEADLINES.c.superseded_at > DEADLINES.c.due_at,
            )
        )
        .order_by(DEADLINES.c.id)
    )
    with reading() as connection:
        yield from connection.execute(chosen).yield_per(2000)


def failings(of: Period, at: datetime) -> Counted:
    """Count the four failings of a period by department, with the duties that show each.

    Args:
        of: the period in which the duty fell due, or the matter was handled offline.
        at: the moment of judgement; a period that is over is judged at its end, later deeds do not change it.
    """
    at = min(at, of.ends)
    return count_failings((*_clocks(of, at), *_offline(of, at)), at)


def _clocks(of: Period, at: datetime) -> Iterator[Duty]:
    clocks: Mapping[str, Sequence[str]] = supervision("failing_clocks", at)
    failing_of = {clock: Failing(name) for name, clocks in clocks.items() for clock in clocks}
    rows = [
        row
        for row in clock_rows(of, sorted({clock.partition(".")[0] for clock in failing_of}))
        if (f"{row.process}.{_stem(row.name)}" in failing_of)
        and ((row.met_at or at) > row.due_at)  # kept in time: no material
    ]
    kept = _policies([row.case_id for row in rows])
    for row in rows:
        done = row.met_at if row.met_at and row.met_at <= at else None
        secret, on_site = kept.get(row.case_id, (False, False))
        yield Duty(
            failing=failing_of[f"{row.process}.{_stem(row.name)}"],
            department=row.office,
            case=row.number,
            evidence=say(
                "bulletin.evidence_late" if done else "bulletin.evidence_open",
                "zh",
                duty=deadline_title(row.process, row.name),
                due=local(row.due_at),
                done=local(done),
            ),
            due=row.due_at,
            done=done,
            secret=secret,
            on_site=on_site,
        )


def _stem(name: str) -> str:
    return name.partition(".")[0]


def _policies(case_ids: Sequence[int]) -> dict[int, tuple[bool, bool]]:
    """Return whether what an application or publication is about is secret, and whether it is to be handled on site."""
    found: dict[int, tuple[bool, bool]] = {}
    for start in range(0, len(case_ids), 500):
        chosen = (
            select(APPLICATIONS.c.case_id, POLICIES.c.secret, VERSIONS.c.content)
            .join(VERSIONS, VERSIONS.c.id == APPLICATIONS.c.version_id)
            .join(POLICIES, POLICIES.c.id == VERSIONS.c.policy_id)
            .where(APPLICATIONS.c.case_id.in_(case_ids[start : start + 500]))
        )
        exempt = select(CHANGES.c.case_id).where(
            CHANGES.c.case_id.in_(case_ids[start : start + 500]), CHANGES.c.kind == ChangeKind.EXEMPT.value
        )
        with reading() as connection:
            for row in connection.execute(chosen):
                found[row.case_id] = (bool(row.secret or row.content["secret"]), bool(row.content["on_site"]))
            found |= dict.fromkeys(connection.execute(exempt).scalars(), (True, False))
    return found


def _offline(of: Period, at: datetime) -> Iterator[Duty]:
    """Yield what was handled off the platform, each result once, as its line in the publicity module shows."""
    also_paid = reading_of(f"{RULES}.offline_counts", local_day(at)) == "also_not_paid_online"
    chosen = (
        select(PUBLICATIONS.c.number, PUBLICATIONS.c.record, VERSIONS.c.content)
        .join(VERSIONS, VERSIONS.c.policy_id == PUBLICATIONS.c.policy_id)
        .where(
            and_(PUBLICATIONS.c.kind == ResultKind.OFFLINE.value, PUBLICATIONS.c.drill.is_(False)),
            PUBLICATIONS.c.at >= of.begins,
            PUBLICATIONS.c.at < of.ends,
        )
        .order_by(PUBLICATIONS.c.id, VERSIONS.c.number)
    )
    with reading() as connection:
        newest = {row.number: row for row in connection.execute(chosen)}
    for number, row in newest.items():
        content = PolicyContent.model_validate(row.content)
        paid = row.record["status"] == PublicStatus.PAID.value
        kinds = (Failing.NOT_ONLINE, Failing.NOT_PAID_ONLINE) if also_paid and paid else (Failing.NOT_ONLINE,)
        for kind in kinds:
            yield Duty(
                failing=kind,
                department=row.record["department"],
                case=number,
                evidence=say("bulletin.evidence_offline", "zh", policy=row.record["policy"], on=row.record["on"]),
                secret=content.secret,
                on_site=content.on_site,
                elsewhere=True,
            )
