"""Benefits of a season's recruits for one year: calculated, approved, paid, recovered (Art. 19, 25, 29)."""

from collections.abc import Sequence
from functools import partial

from config.messages import say
from models.answer import Confirmation
from models.conscription.benefits import Standard
from models.conscription.service_answer import EvasionFinding, PaymentConfirmation, PaymentReview, Recovered
from models.conscription.status import SeasonStatus as S
from tasks.ask import ask, drafted_by
from tasks.case import close_case
from tasks.conscription import benefit, benefit_paper, course
from tasks.conscription import benefit_payment as payment
from tasks.conscription.standard import require_standards
from tasks.step import Dossier
from tasks.story import story
from tasks.wait import wait_for, wait_until


@story(
    name="conscription_benefits",
    run_name=benefit.run_name,
    description=say("conscription_benefits.description"),
)
def conscription_benefits(season: str, year: int) -> str:
    """Take the benefits of one season's recruits for one year from the rosters to the money.

    Args:
        season: the season's file, for example 2027H1.
        year: the year that is paid: that of the approval, or the next.
    """
    plan = course.read_plan(season)
    case = benefit.open_benefits(plan, year)
    standards = require_standards(case, benefit.years_needed(plan, year), plan)  # Art. 19(1): the standard of the year
    wait_until(case, "payable", benefit.payable_from(plan))
    case = gather(case)
    while True:
        case = settle(case, standards)  # Art. 19, 29
        roster = pay(case)
        recover(case)  # Art. 25
        if not wait_for(case, "more", partial(payment.more_to_do, case, standards, roster), benefit.year_end(year)):
            break
        case = case.again()
    close_case(case, S.CLOSED, payment.conclude(case))
    return case.number


def gather(case: Dossier) -> Dossier:
    """Wait until the resettlement group says that the rosters are in."""
    while ask(Confirmation, case, "rosters", of=benefit.CHECKS, text=benefit.rosters_text(case)).verdict == "not_done":
        case = case.again()
    return case


def settle(case: Dossier, standards: Sequence[Standard]) -> Dossier:
    """Calculate, check and approve: decisions before money."""
    while True:
        found = benefit.calculate(case, standards)
        if not found.recruits:
            return case
        benefit_paper.write_sheets(case, standards)
        check = ask(PaymentReview, case, "check", of=benefit.CHECKS, text=benefit.check_text(case, found, "check"))
        if check.verdict == "approve":
            words = benefit.check_text(case, found, "approval")
            checker = drafted_by(case, "check")
            approval = ask(PaymentReview, case, "approval", of=benefit.PAYS, text=words, excluded=[checker])
            if approval.verdict == "approve":
                payment.approve_payments(case)
                return case
        case = gather(case.again())


def pay(case: Dossier) -> payment.Payable:
    """List what may be paid, and record what the finance bureau confirms."""
    roster = payment.list_payments(case)
    benefit_paper.write_roster_files(case, roster)
    if roster.lines:
        word = ask(PaymentConfirmation, case, "payment", of=benefit.PAYS, text=payment.payment_text(case, roster),
                   shown={"numbers": roster.numbers})  # fmt: skip
        payment.record_payments(case, roster, word)
    return roster


def recover(case: Dossier) -> None:
    """Recover what was paid to one who evaded service, once somebody has found the three conditions."""
    numbers = payment.note_evasions(case)
    if not numbers:
        return
    findings = {
        number: ask(
            EvasionFinding,
            case,
            f"evasion.{number}",
            of=benefit.CHECKS,
            text=benefit.text(case, "evasion", number=number),
        )
        for number in numbers
    }
    claims = payment.judge_evasions(case, findings)
    if claims.sums:
        word = ask(Recovered, case, "recovery", of=benefit.PAYS, text=payment.recovery_text(case, claims))
        payment.record_recovery(case, findings, word.voucher)
