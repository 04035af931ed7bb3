"""A department's yearly budget: drafted with its target, reviewed by finance, raised or lowered (Art. 8)."""

import re
from decimal import Decimal
from typing import Any, Final, NamedTuple

from sqlalchemy import select

from config.fact import Fact
from config.messages import Refusal, say
from config.offices import OfficeUnknownError, named, office
from config.rulebook import rule
from models.policy_redemption.money import BudgetStatus as S
from models.policy_redemption.money import fen, yuan
from models.policy_redemption.money_answer import BudgetDraft
from tasks.case import open_case
from tasks.clock import today
from tasks.journal import CASES
from tasks.policy_redemption import ledger
from tasks.policy_redemption.citation import article
from tasks.step import Dossier, step
from tasks.store import reading, transaction

PROCESS: Final = "policy_budget"
STORY: Final = "policy_budget/policy_budget"
NUMBER: Final = re.compile(r"YS-(20\d{2})-(\d{3,})")


class Subject(NamedTuple):
    """Whose budget of which year it is."""

    department: str
    year: int


def run_name(number: str, **_facts: object) -> str:
    """Return the name of a run."""
    return say("policy_budget.run_name", number=number)


def subject_of(number: str, department: str) -> Subject:
    """Read whose budget of which year a case is about.

    Raises:
        Refusal: the number does not look like one, or nobody is called by that name.
    """
    found = NUMBER.fullmatch(number)
    if not found:
        raise Refusal("policy_budget.number_wrong", number=number)
    try:
        return Subject(office(department).id, int(found[1]))
    except OfficeUnknownError:
        pass
    try:
        return Subject(named(department).id, int(found[1]))
    except OfficeUnknownError:
        raise Refusal("policy_budget.no_such_department", department=department) from None


def open_budget(number: str, about: Subject) -> Dossier:
    """Open the case of a budget, or of an amendment of it, or take up the one that is open.

    Raises:
        Refusal: the number is another department's, or another case about the same budget is still open.
    """
    chosen = select(CASES.c.number, CASES.c.unit, CASES.c.closed_at).where(CASES.c.process == PROCESS)
    same_year = CASES.c.number.like(f"YS-{about.year}-%")
    with reading() as connection:
        known = connection.execute(chosen.where(same_year)).all()
    for row in known:
        if row.number == number and row.unit != about.department:
            raise Refusal("policy_budget.number_taken", number=number, department=office(row.unit).title)
        if row.number != number and row.unit == about.department and row.closed_at is None:
            raise Refusal("policy_budget.still_open", number=row.number)
    title = office(about.department).title
    return open_case(
        number,
        process=PROCESS,
        subject=say("policy_budget.subject", department=title, year=about.year),
        on=today(),
        story=STORY,
        parameters={"number": number, "department": about.department},
        status=S.DRAFTED,
        unit=about.department,
    )


def reviewer(case: Dossier) -> str:
    """Return the office that approves budgets (Art. 8)."""
    return str(rule("policy_redemption_money.budget_approval", case.on))


class Stands(Fact):
    """What a budget comes to before it is drafted: whether it is the first, and what it may not fall below."""

    first: bool
    approved: Decimal
    committed: Decimal
    available: Decimal


def standing(about: Subject) -> Stands:
    """Return what the budget comes to now."""
    nothing = Decimal("0.00")
    try:
        found = ledger.balances(ledger.budget_of(about.department, about.year))
    except Refusal:
        return Stands(first=True, approved=nothing, committed=nothing, available=nothing)
    return Stands(
        first=False, approved=found.approved, committed=found.approved - found.available, available=found.available
    )


@step()
def note_standing(case: Dossier, about: Subject) -> Stands:  # noqa: ARG001 -- a step takes its dossier
    """Note what the budget comes to as the draft is asked for."""
    return standing(about)


def draft_text(about: Subject, now: Stands) -> str:
    """Return what to look at when a budget is drafted."""
    key = "draft_first" if now.first else "draft_amendment"
    return say(
        f"question_policy_budget.{key}", department=office(about.department).title, year=about.year, **_told(now)
    )


def _told(now: Stands) -> dict[str, str]:
    return {name: f"{getattr(now, name):,.2f}" for name in ("approved", "committed", "available")}


class Submitted(Fact):
    """What a department asks for."""

    amount: Decimal
    change: Decimal
    target: str
    notice: str


@step(reaches=S.REVIEW, rule=article("policy_redemption_money.budget_approval"))
def submit_budget(case: Dossier, draft: BudgetDraft, now: Stands) -> Submitted:  # noqa: ARG001 -- a step takes its dossier
    """Submit budget and performance target to the finance bureau (Art. 8)."""
    change = draft.amount - now.approved
    return Submitted(amount=draft.amount, change=change, target=draft.target, notice=draft.notice)


def review_text(about: Subject, asked: Submitted, now: Stands) -> str:
    """Return what the finance bureau looks at."""
    facts = {"amount": f"{asked.amount:,.2f}", "change": f"{asked.change:+,.2f}", "target": asked.target}
    names = {"department": office(about.department).title, "year": about.year, "notice": asked.notice}
    return say("question_policy_budget.review", **facts, **names, **_told(now))


class Approved(Fact):
    """What became of an approval: it stands, or commitments have overtaken it meanwhile."""

    stands: bool
    amount: Decimal
    before: Decimal
    why: str = ""


def _reached(outcome: Approved) -> str:
    return S.APPROVED if outcome.stands else S.DRAFTED


def _told_of(outcome: Approved) -> tuple[str, ...]:
    return ("approval_bureau",) if outcome.stands else ()


@step(reaches=_reached, tells=_told_of, rule=article("policy_redemption_money.budget_bound"))
def approve_budget(case: Dossier, about: Subject, asked: Submitted) -> Approved:
    """Make it the budget, never below what is committed and paid; who waits for a budget is woken (Art. 8)."""
    said: dict[str, Any] = {"target": asked.target, "document": asked.notice, "case_id": case.id}
    with transaction() as tx:
        try:
            before = ledger.approve(
                tx, department=about.department, year=about.year, approved=fen(asked.amount), **said
            )
        except Refusal as refusal:
            return Approved(stands=False, amount=asked.amount, before=standing(about).approved, why=str(refusal))
        ledger.wake(tx, ledger.NOTICES.c.department == about.department)
    return Approved(stands=True, amount=asked.amount, before=yuan(before))
