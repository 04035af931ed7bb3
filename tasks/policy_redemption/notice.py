"""A redemption notice: opened on an approved budget, its rounds, its end (海政办发〔2023〕27号, Art. 8, 12–16)."""

from datetime import date
from typing import Any

from sqlalchemy import func, insert, select

from config.fact import Fact
from config.messages import Refusal, say
from config.offices import office
from models.policy_redemption.money import yuan
from models.policy_redemption.policy import Lane
from models.policy_redemption.status import ApplicationStatus as A
from models.policy_redemption.status import NoticeStatus as N
from tasks.case import open_case
from tasks.clock import morning
from tasks.journal import CASES
from tasks.policy_redemption.duty import CENTRE
from tasks.policy_redemption.ledger import balances, budget_of
from tasks.policy_redemption.offer import Matches
from tasks.policy_redemption.register import Version, version_on
from tasks.policy_redemption.roll import (
    APPLICATIONS,
    PROCESS,
    REDEMPTIONS,
    STORY,
    Notice,
    notice_of,
    rule_of,
)
from tasks.step import Dossier, step
from tasks.store import reading, transaction
from tasks.wait import wait_until


def number_of(year: int, place: int) -> str:
    """Return the case number of a notice."""
    return f"DX-{year}-{place:04}"


def run_name(policy: str, opens: date, **_others: object) -> str:
    """Return the name of a run: the policy and the day its window opens."""
    return say("policy_redemption.run_name", policy=policy, opens=opens)


def open_notice(policy: str, opens: date, closes: date, number: int) -> Dossier:
    """Open a notice under the policy version in force, or take up the one that is open for this policy and day.

    Args:
        policy: the policy's code, for example ZC-2027-001.
        opens: first day of the window.
        closes: last day of the window, included.
        number: place among the notices of the year; 0 takes the next.

    Raises:
        Refusal: the policy is not in force, its department has no approved budget of the year, the window ends before
            it begins, or the number is taken.
    """
    if closes < opens:
        raise Refusal("policy_redemption.window_reversed", opens=opens, closes=closes)
    with transaction() as tx:
        version = version_on(policy, opens)
        content = version.content
        this = (REDEMPTIONS.c.policy_id == version.policy_id) & (REDEMPTIONS.c.opens == opens)
        known = tx.core.execute(select(REDEMPTIONS.c.place).where(this)).scalar_one_or_none()
        place = known or _place(tx.core, opens.year, number)
        if known is None and content.lane is Lane.APPLY_FREE and content.grant.kind == "as_reviewed":
            raise Refusal("policy_redemption.sum_unknown", policy=content.title)
        budget = budget_of(content.department, opens.year)
        dossier = open_case(
            number_of(opens.year, place),
            process=PROCESS,
            subject=say("policy_redemption.subject", policy=content.title),
            on=opens,
            story=STORY,
            parameters={
                "policy": policy,
                "opens": opens.isoformat(),
                "closes": closes.isoformat(),
                "number": place,
            },
            status=N.DRAFTED,
            unit=content.department,
        )
        if known is None:
            window = {"year": opens.year, "place": place, "opens": opens, "closes": closes}
            tx.core.execute(insert(REDEMPTIONS).values(_row(dossier.id, version, budget) | window))
    return dossier


def _place(connection: Any, year: int, number: int) -> int:
    taken = set(connection.execute(select(REDEMPTIONS.c.place).where(REDEMPTIONS.c.year == year)).scalars())
    if number in taken:
        raise Refusal("policy_redemption.number_taken", number=number_of(year, number))
    return number or max(taken, default=0) + 1


def _row(case_id: int, version: Version, budget: int) -> dict[str, Any]:
    about = {"code": version.code, "department": version.content.department, "lane": version.content.lane.value}
    return {"case_id": case_id, "policy_id": version.policy_id, "budget_id": budget} | about


def read_notice(dossier: Dossier) -> Notice:
    """Return the notice that the story tells of."""
    return notice_of(dossier.id)


def launch_text(dossier: Dossier, notice: Notice, found: Matches | None) -> str:
    """Return what the department looks at before the notice goes out: policy, window, budget, the list."""
    content = version_on(notice.code, notice.opens).content
    left = balances(notice.budget_id)
    shown = say(
        "question_policy_redemption.launch",
        policy=content.title,
        department=office(notice.department).title,
        opens=notice.opens,
        closes=notice.closes,
        available=f"{left.available:,.2f}",
    )
    if found is None:
        return shown
    facts = found.model_dump() | {"total": f"{found.total:,.2f}", "number": dossier.number}
    return shown + "\n\n" + say("question_policy_redemption.list", **facts)


class Called(Fact):
    """A notice as it goes out: whose it is, and its window, both days included."""

    department: str
    opens: date
    closes: date


@step(reaches=N.OPEN, tells=lambda called: (called.department, CENTRE), rule=rule_of("online_exempt"))
def call_for_applications(dossier: Dossier) -> Called:
    """Send the notice out: from its first day firms apply, or say that they take what they need not apply for."""
    notice = notice_of(dossier.id)
    return Called(department=notice.department, opens=notice.opens, closes=notice.closes)


def await_opening(dossier: Dossier, notice: Notice) -> None:
    """Wait for the first day of the window.

    Raises:
        Parked: it is still to come.
    """
    wait_until(dossier, "opens", morning(notice.opens))


@step(reaches=N.WINDING_UP, tells=lambda _o: (CENTRE,), rule=rule_of("told_once"))
def close_window(dossier: Dossier) -> int:
    """Close the window: what was received is finished, nothing more is taken; return how many were received."""
    chosen = select(func.count()).select_from(CASES).where(CASES.c.parent_id == dossier.id)
    with reading() as connection:
        return int(connection.execute(chosen).scalar_one())


class Conclusion(Fact):
    """What a notice came to: how many applications reached each end, and what was paid, in yuan."""

    ends: dict[str, int]
    paid: str


def conclude(dossier: Dossier) -> Conclusion:
    """Return what the notice came to."""
    counted = select(CASES.c.status, func.count()).where(CASES.c.parent_id == dossier.id).group_by(CASES.c.status)
    paid = (
        select(func.coalesce(func.sum(APPLICATIONS.c.assessed), 0))
        .join(CASES, CASES.c.id == APPLICATIONS.c.case_id)
        .where(CASES.c.parent_id == dossier.id, CASES.c.status == A.PAID)
    )
    with reading() as connection:
        ends: dict[str, int] = dict(connection.execute(counted).tuples().all())
        total = int(connection.execute(paid).scalar_one())
    return Conclusion(ends=ends, paid=f"{yuan(total):.2f}")
