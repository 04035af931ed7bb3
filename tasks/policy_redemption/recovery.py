"""Recovery of what an application was paid: found by the department, confirmed by finance with a voucher (Art. 8)."""

import re
from decimal import Decimal
from typing import Final

from sqlalchemy import select

from config.fact import Fact
from config.messages import Refusal, say
from config.offices import head_of, office
from config.rulebook import cited
from config.rulebook import reading as reading_of
from models.deadline import Clock
from models.policy_redemption.application import Application, Redemption
from models.policy_redemption.money import RecoveryStatus as S
from models.policy_redemption.money import fen, yuan
from models.policy_redemption.money_answer import RecoveryFinding, RecoveryReceipt
from models.policy_redemption.publicity import ResultKind
from models.policy_redemption.status import ApplicationStatus as A
from tasks.case import open_case
from tasks.clock import now, today
from tasks.deadline import Owed, meet_clock, start_clock
from tasks.journal import CASES, lock, write_entry
from tasks.policy_redemption import ledger
from tasks.policy_redemption.citation import article
from tasks.policy_redemption.payment_roll import PAYS
from tasks.policy_redemption.publicity import post_result
from tasks.step import Dossier, actor, step
from tasks.store import reading, table, transaction

PROCESS: Final = "policy_recovery"
STORY: Final = "policy_recovery/policy_recovery"
NUMBER: Final = re.compile(r"ZH-20\d{2}-\d{3,}")
CLOCK: Final = "recovery"
CONFIRMS: Final = PAYS
NOTICES: Final = table(Redemption)
APPLICATIONS: Final = table(Application)


class Claimed(Fact):
    """Whose application it is about, and what it was paid."""

    application: str
    case_id: int
    department: str
    paid: Decimal


def run_name(number: str, **_facts: object) -> str:
    """Return the name of a run."""
    return say("policy_recovery.run_name", number=number)


def open_recovery(number: str, application: str) -> Dossier:
    """Open the recovery of what an application was paid, or take up the one that is open.

    Raises:
        Refusal: the number does not look like one or is another's, there is no such application, nothing of it is
            paid, or another recovery of it is open.
    """
    if not NUMBER.fullmatch(number):
        raise Refusal("policy_recovery.number_wrong", number=number)
    with reading() as connection:
        chosen = select(CASES.c.number, CASES.c.subject, CASES.c.closed_at).where(CASES.c.process == PROCESS)
        known = {row.number: row for row in connection.execute(chosen)}
    subject = say("policy_recovery.subject", application=application)
    if number not in known:
        found = _claimed(application)
        if not found.paid:
            raise Refusal("policy_recovery.nothing_paid", number=application)
        for row in known.values():
            if row.subject == subject and row.closed_at is None:
                raise Refusal("policy_recovery.still_open", number=row.number)
    elif known[number].subject != subject:
        raise Refusal("policy_recovery.number_taken", number=number)
    return open_case(
        number,
        process=PROCESS,
        subject=subject,
        on=today(),
        story=STORY,
        parameters={"number": number, "application": application},
        status=S.DETERMINING,
        unit=_claimed(application).department,
    )


def _claimed(application: str) -> Claimed:
    chosen = (
        select(CASES.c.id, NOTICES.c.department)
        .join(APPLICATIONS, APPLICATIONS.c.case_id == CASES.c.id)
        .join(NOTICES, NOTICES.c.case_id == APPLICATIONS.c.notice_id)
        .where(CASES.c.number == application)
    )
    with reading() as connection:
        row = connection.execute(chosen).one_or_none()
    if row is None:
        raise Refusal("kernel.no_such_case", number=application)
    held = ledger.held_by(row.id)
    paid = yuan(held.paid if held else 0)
    return Claimed(application=application, case_id=row.id, department=row.department, paid=paid)


@step()
def note_payment(case: Dossier, application: str) -> Claimed:  # noqa: ARG001 -- a step takes its dossier
    """Note what the application was paid and what of it has not come back."""
    return _claimed(application)


def finding_text(about: Claimed) -> str:
    """Return what the department looks at."""
    return say("question_policy_recovery.finding", number=about.application, paid=f"{about.paid:,.2f}")


class Demanded(Fact):
    """What is asked back, and by when."""

    amount: Decimal
    ground: str
    notice: str


@step(reaches=S.DEMANDED, tells=(PAYS, "approval_bureau"), rule=article("policy_redemption_money.recovery_days"))
def demand_recovery(case: Dossier, about: Claimed, finding: RecoveryFinding) -> Demanded:
    """Ask for the sum back; the department is reminded of it until it has come in."""
    days = cited("policy_redemption_money.recovery_days", case.on)
    escalation = {"breach": [head_of(about.department), PAYS]}
    start_clock(
        case,
        Owed(CLOCK, Clock.WORKING_DAYS, days.value, office=about.department, rule=days.label, escalation=escalation),
    )
    return Demanded(amount=finding.amount, ground=finding.ground, notice=finding.notice)


def receipt_text(about: Claimed, asked: Demanded) -> str:
    """Return what the finance bureau looks at."""
    return say(
        "question_policy_recovery.receipt",
        number=about.application,
        department=office(about.department).title,
        amount=f"{asked.amount:,.2f}",
        ground=say(f"form.ground_{asked.ground}"),
        notice=asked.notice,
    )


def withdraw_demand(case: Dossier) -> Dossier:
    """End the clock of a demand that finance sent back, and return the case on its next turn."""
    meet_clock(case, CLOCK)
    return case.again()


class Recovered(Fact):
    """What came back, and what of the payment is left."""

    amount: Decimal
    left: Decimal
    voucher: str


@step(reaches=S.RECOVERED, tells=("approval_bureau",), rule=article("policy_redemption_money.recovered_money"))
def record_recovered(case: Dossier, about: Claimed, word: RecoveryReceipt) -> Recovered:
    """Take the sum back in the ledger; with nothing left the application is recovered, and posted so (Art. 8, 15)."""
    restore = reading_of("policy_redemption_money.recovered_money", case.on) == "budget"
    with transaction() as tx:
        member = lock(tx, about.case_id)
        ledger.recover(tx, about.case_id, fen(word.amount), word.voucher, restore=restore)
        held = ledger.held_by(about.case_id)
        left = yuan(held.paid if held else 0)
        facts = {"amount": str(word.amount), "left": str(left), "voucher": word.voucher, "case": case.number}
        write_entry(
            tx,
            member,
            f"recovered-{case.number}",
            1,
            actor=actor.get(),
            at=now(),
            after=None if left else A.RECOVERED,
            outcome=facts,
            rule=cited("policy_redemption_money.recovered_money", case.on).label,
        )
        if not left:
            post_result(tx, ResultKind.RECOVERED, [about.case_id])
    meet_clock(case, CLOCK)
    return Recovered(amount=word.amount, left=left, voucher=word.voucher)
