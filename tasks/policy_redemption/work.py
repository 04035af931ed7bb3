"""What a round of a notice finds to do: counted in the database, so that a round with one arrival costs a few lines."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, func, or_, select

from config.fact import Fact
from models.case import DecisionStatus
from models.policy_redemption.money import yuan
from models.policy_redemption.status import ApplicationStatus as A
from models.policy_redemption.status import NoticeStatus as N
from tasks.ask import DECISIONS
from tasks.clock import after, local_day, now
from tasks.deadline import DEADLINES
from tasks.journal import CASES
from tasks.policy_redemption import feedback, result, review
from tasks.policy_redemption.duty import CORRECTION, OFFER, POSTING
from tasks.policy_redemption.ledger import balances
from tasks.policy_redemption.offer import OFFERED
from tasks.policy_redemption.payment_roll import accounts_waiting, results_waiting
from tasks.policy_redemption.roll import APPLICATIONS, FINAL, Notice, notice_of, rule_of
from tasks.step import Dossier, step
from tasks.store import reading
from tasks.wait import wait_for

QUIET: Final = timedelta(days=7)
"""How long a notice sleeps at most when no day is set for anything: an engine's rhythm, not the regulation's."""
ENDED_BY_DAY: Final = (CORRECTION, OFFER, POSTING)
"""The clocks whose end moves an application by itself."""


class Work(Fact):
    """What a round finds to do: how many applications each part of it is about."""

    submitted: int = 0
    judged: int = 0
    """Answers of the section."""
    mended: int = 0
    """Sent back, and something came or the last day is over."""
    to_offer: int = 0
    intents: int = 0
    reviewed: int = 0
    """Answers of reviewers."""
    reviewing: int = 0
    """Accepted, and not asked about at their level."""
    awaiting: int = 0
    """Waiting for a budget that now reaches at least the first of them."""
    approved: int = 0
    ruled: int = 0
    objected: int = 0
    over: int = 0
    """Posted, and the last day is over."""
    payable: int = 0
    results: bool = False
    accounts: bool = False
    closing: bool = False
    """The window's last day is over."""
    done: bool = False
    """The window is closed and every application is at its end."""

    @property
    def feedback(self) -> bool:
        """Whether applications are to be looked at."""
        return bool(self.submitted or self.judged or self.mended)

    @property
    def any(self) -> bool:
        """Whether there is anything to do at all."""
        return any(self.model_dump().values())


@step(rule=rule_of("told_once"))
def take_stock(dossier: Dossier) -> Work:
    """Look what there is to do in this round."""
    return look(dossier)


def look(dossier: Dossier) -> Work:
    """Return what there is to do now."""
    notice, at = notice_of(dossier.id), now()
    with reading() as connection:
        status = connection.execute(select(CASES.c.status).where(CASES.c.id == dossier.id)).scalar_one()
        counted = select(CASES.c.status, func.count()).where(CASES.c.parent_id == dossier.id).group_by(CASES.c.status)
        standing: dict[str, int] = dict(connection.execute(counted).tuples().all())
        answers = _answers(connection, dossier.id, standing)
        asked = _open_questions(connection, dossier.id, standing)
        lapsed = _lapsed(connection, dossier.id, at, standing)
        stirred = _applications(connection, dossier.id, A.CORRECTION, APPLICATIONS.c.stirred_at.is_not(None), standing)
        fresh = _applications(connection, dossier.id, A.MATCHED, APPLICATIONS.c.level < OFFERED, standing)
        wishes = _applications(connection, dossier.id, A.MATCHED, APPLICATIONS.c.wish != "", standing)
        awaiting = _reached(connection, dossier, notice, standing)
    closing = status == N.OPEN and local_day(at) > notice.closes
    unasked = {
        point: standing.get(where, 0) - asked.get(point, 0) - answers.get(point, 0) for point, where in _ASKED.items()
    }
    found = Work(
        submitted=standing.get(A.SUBMITTED, 0) + max(unasked[feedback.POINT], 0),
        judged=answers.get(feedback.POINT, 0),
        mended=stirred + lapsed.get(CORRECTION, 0),
        to_offer=fresh,
        intents=wishes + lapsed.get(OFFER, 0),
        reviewed=answers.get(review.POINT, 0),
        reviewing=max(unasked[review.POINT], 0),
        awaiting=awaiting,
        approved=standing.get(A.APPROVED, 0),
        ruled=answers.get(result.POINT, 0),
        objected=max(unasked[result.POINT], 0),
        over=lapsed.get(POSTING, 0),
        payable=standing.get(A.PAYABLE, 0),
        results=bool(standing.get(A.PAYING)) and results_waiting(dossier),
        accounts=bool(standing.get(A.PAYMENT_FAILED)) and accounts_waiting(dossier),
        closing=closing,
    )
    left = sum(count for where, count in standing.items() if where not in FINAL)
    return found.model_copy(update={"done": status == N.WINDING_UP and not left and not found.any})


_ASKED: Final = {feedback.POINT: A.CHECKING, review.POINT: A.REVIEWING, result.POINT: A.OBJECTED}
_LAPSES: Final = {CORRECTION: A.CORRECTION, OFFER: A.MATCHED, POSTING: A.POSTED}


def _decisions(connection: Any, case_id: int, where: ColumnElement[bool]) -> dict[str, int]:
    chosen = (
        select(DECISIONS.c.point, func.count())
        .join(CASES, CASES.c.id == DECISIONS.c.case_id)
        .where(CASES.c.parent_id == case_id, DECISIONS.c.point.in_(_ASKED), where)
        .where(or_(*((DECISIONS.c.point == point) & (CASES.c.status == status) for point, status in _ASKED.items())))
        .group_by(DECISIONS.c.point)
    )
    return dict(connection.execute(chosen).tuples().all())


def _answers(connection: Any, case_id: int, standing: Mapping[str, int]) -> dict[str, int]:
    """Return by point how many answers nobody has taken up yet."""
    if not any(standing.get(status) for status in _ASKED.values()):
        return {}
    untaken = (DECISIONS.c.status == DecisionStatus.ANSWERED.value) & (DECISIONS.c.version == CASES.c.version - 1)
    return _decisions(connection, case_id, untaken)


def _open_questions(connection: Any, case_id: int, standing: Mapping[str, int]) -> dict[str, int]:
    """Return by point how many questions are open that show the application as it is."""
    if not any(standing.get(status) for status in _ASKED.values()):
        return {}
    open_now = (DECISIONS.c.status == DecisionStatus.OPEN.value) & (DECISIONS.c.version == CASES.c.version)
    return _decisions(connection, case_id, open_now)


def _lapsed(connection: Any, case_id: int, at: datetime, standing: Mapping[str, int]) -> dict[str, int]:
    """Return by clock how many applications stand there whose last day is over."""
    if not any(standing.get(status) for status in _LAPSES.values()):
        return {}
    chosen = (
        select(DEADLINES.c.name, func.count())
        .join(CASES, CASES.c.id == DEADLINES.c.case_id)
        .where(CASES.c.parent_id == case_id, DEADLINES.c.met_at.is_(None), DEADLINES.c.superseded_at.is_(None))
        .where(DEADLINES.c.due_at < at)
        .where(or_(*((DEADLINES.c.name == name) & (CASES.c.status == status) for name, status in _LAPSES.items())))
        .group_by(DEADLINES.c.name)
    )
    return dict(connection.execute(chosen).tuples().all())


def _applications(
    connection: Any, case_id: int, status: A, where: ColumnElement[bool], standing: Mapping[str, int]
) -> int:
    if not standing.get(status):
        return 0
    chosen = select(func.count()).select_from(CASES.join(APPLICATIONS, APPLICATIONS.c.case_id == CASES.c.id))
    return int(
        connection.execute(chosen.where(CASES.c.parent_id == case_id, CASES.c.status == status, where)).scalar_one()
    )


def _reached(connection: Any, dossier: Dossier, notice: Notice, standing: Mapping[str, int]) -> int:
    """Return how many wait for budget, if it reaches the smallest of them now."""
    waiting = standing.get(A.AWAITING_BUDGET, 0)
    if not waiting:
        return 0
    least = connection.execute(
        select(func.min(APPLICATIONS.c.assessed))
        .join(CASES, CASES.c.id == APPLICATIONS.c.case_id)
        .where(CASES.c.parent_id == dossier.id, CASES.c.status == A.AWAITING_BUDGET)
    ).scalar_one()
    return waiting if balances(notice.budget_id).available >= yuan(least) else 0


def await_arrivals(dossier: Dossier) -> None:
    """Wait until an application, an answer or a payment comes, or a day ends something.

    Raises:
        Parked: nothing of it is so yet.
    """
    if ("for-arrivals", dossier.turn) in dossier.journal:
        return
    wait_for(dossier, "arrivals", lambda: look(dossier).any, next_day(dossier))


def next_day(dossier: Dossier) -> datetime:
    """Return the next moment at which something ends by itself."""
    notice, at = notice_of(dossier.id), now()
    chosen = (
        select(func.min(DEADLINES.c.due_at))
        .join(CASES, CASES.c.id == DEADLINES.c.case_id)
        .where(CASES.c.parent_id == dossier.id, DEADLINES.c.name.in_(ENDED_BY_DAY))
        .where(DEADLINES.c.met_at.is_(None), DEADLINES.c.superseded_at.is_(None), DEADLINES.c.due_at >= at)
    )
    with reading() as connection:
        due = connection.execute(chosen).scalar_one_or_none()
    days = [at + QUIET, *([due + timedelta(seconds=1)] if due else [])]
    closed = after(notice.closes)
    soonest: datetime = min([*days, closed] if closed > at else days)
    return soonest
