"""The clocks of an application: what is owed when, by whom, who is reminded, and who hears of a breach (Art. 14)."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Final

from sqlalchemy import select

from config.rulebook import cited
from models.deadline import Clock
from models.policy_redemption.policy import PolicyContent
from tasks.deadline import DEADLINES, LADDER, Owed
from tasks.policy_redemption.roll import Notice
from tasks.store import Transaction

FEEDBACK: Final = "feedback"
PROMISE: Final = "promise"
CORRECTION: Final = "correction"
POSTING: Final = "posting"
OBJECTION: Final = "objection"
OFFER: Final = "offer"
CENTRE: Final = "approval_bureau"
"""区行政审批局（区企业发展服务中心）: runs the platform, and hears of every breach (Art. 5)."""
TREASURY: Final = "finance_bureau"


def _days(name: str, rule: str, notice: Notice, on: date) -> Owed:
    found = cited(f"policy_redemption.{rule}", on)
    return _owed(name, int(found.value), found.label, notice)


def _owed(name: str, days: int, label: str, notice: Notice) -> Owed:
    escalation = {"breach": (notice.head, CENTRE)}
    return Owed(
        name,
        Clock.WORKING_DAYS,
        days,
        office=notice.department,
        rule=label,
        rungs=LADDER,
        escalation=escalation,
        gathered=True,
    )


def feedback(notice: Notice, on: date) -> Owed:
    """Return what feedback is owed: within two working days of receipt (Art. 14)."""
    return _days(FEEDBACK, "feedback_days", notice, on)


def promise(notice: Notice, content: PolicyContent, on: date) -> Owed:
    """Return what decision is owed: within the days that the guide promises (Art. 10)."""
    label = cited("policy_redemption.decision_limit", on).label
    return _owed(PROMISE, content.guide.promised_days, label, notice)


def objection(notice: Notice, on: date) -> Owed:
    """Return when an objection is to be ruled on."""
    return _days(OBJECTION, "objection_days", notice, on)


def _firms(name: str, rule: str, on: date) -> Owed:
    """Return a clock on which a firm owes something: it ends something, and reminds nobody in an office."""
    found = cited(f"policy_redemption.{rule}", on)
    return Owed(name, Clock.WORKING_DAYS, int(found.value), rule=found.label, rungs=())


def correction(on: date) -> Owed:
    """Return until when a firm may mend what it was told."""
    return _firms(CORRECTION, "correction_days", on)


def offer(on: date) -> Owed:
    """Return until when a firm that need not apply may say that it takes the benefit."""
    return _firms(OFFER, "offer_days", on)


def posting(on: date) -> Owed:
    """Return how long a result is posted (Art. 15)."""
    return _firms(POSTING, "publicity_days", on)


def due_of(tx: Transaction, case_ids: Collection[int], name: str) -> dict[int, datetime]:
    """Return when the open clock of a name ends, by case id; a paused one has no end."""
    chosen = select(DEADLINES.c.case_id, DEADLINES.c.due_at).where(
        DEADLINES.c.case_id.in_(list(case_ids)),
        DEADLINES.c.name == name,
        DEADLINES.c.met_at.is_(None),
        DEADLINES.c.superseded_at.is_(None),
        DEADLINES.c.due_at.is_not(None),
    )
    return dict(tx.core.execute(chosen).tuples().all())
