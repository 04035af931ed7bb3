"""Registration of a year, and the order to correct with what may follow (海政办发〔2023〕20号, Art. 12, 24, 28)."""

from datetime import date

from config.messages import say
from models.answer import Determination
from models.conscription.service_answer import FineDecision, LegalReview, OrderToCorrect
from models.conscription.status import OffenceStatus as O
from models.conscription.status import SeasonStatus as S
from tasks.ask import ask
from tasks.case import close_case
from tasks.conscription import correction, correction_paper, penalty, registration, registration_paper
from tasks.conscription.standard import require_standards
from tasks.step import Dossier
from tasks.story import story
from tasks.wait import wait_until


@story(
    name="military_registration",
    run_name=registration.run_name,
    description=say("military_registration.description"),
)
def military_registration(year: int = 0) -> str:
    """Take the registration of one year from its announcement to its result.

    Args:
        year: the year, for example 2027; 0 takes this year.
    """
    year = year or registration.this_year()
    case = registration.open_year(year)
    word = ask(Determination, case, "announcement", of=registration.OFFICE, text=registration.announcement_text(year))
    while word.verdict == "return":
        case = case.again()
        word = ask(
            Determination, case, "announcement", of=registration.OFFICE, text=registration.announcement_text(year)
        )
    if word.verdict == "reject":
        close_case(case, S.CANCELLED)
        return case.number
    registration.announce(case, year)  # Art. 12
    registration_paper.write_announcement(case, year)
    wait_until(case, "due", registration.remind_towns(case, year))
    registration.list_overdue(case)  # 30 June: the gazette's target
    registration_paper.write_overdue(case)
    registration_paper.issue_certificates(case)
    wait_until(case, "year-end", registration.year_end(year))
    registration.end_reminders(case)
    result = registration.count_towns(case)
    registration_paper.issue_certificates(case.again())
    registration_paper.write_result(case, year, result)
    close_case(case, S.CLOSED, result)
    return case.number


@story(
    name="correction_order",
    run_name=correction.run_name,
    description=say("correction_order.description"),
)
def correction_order(member: str, offence: int, act_on: date) -> str:
    """Take one offence from its finding to its correction, or to what follows.

    Args:
        member: case number of the citizen, for example DJ-2027-000012.
        offence: 1 evades registration or examination, 2 conceals or fakes, 3 evades call-up.
        act_on: day of the act.
    """
    case = correction.open_correction(member, offence, act_on)
    standards = require_standards(case, penalty.years_needed(case, case.on))
    own = correction.own_officers(case)
    word = ask(
        OrderToCorrect, case, "order", of=correction.HANDLES, text=penalty.order_text(case, standards), excluded=own
    )
    if word.verdict == "drop":
        close_case(case, S.CANCELLED)
        return case.number
    order = correction.issue_order(case)  # Art. 24
    correction.watch_limit(case, order)
    correction_paper.write_order(case, order, word, standards)
    corrected_on = correction.await_correction(case, order)
    correction.end_limit(case)
    if corrected_on and corrected_on <= order.limit:
        correction.accept_correction(case, corrected_on)
        close_case(case, O.CORRECTED)
        return case.number
    correction.compel(case, order)
    penalize(case, order)
    return case.number


def penalize(case: Dossier, order: correction.Issued) -> None:
    """Notice, hearing, legal review, and the decision within the bounds (Art. 24, 28; 行政处罚法)."""
    penalty.give_notice(case)
    ends = penalty.open_hearing(case)
    correction_paper.write_notice(case, order, ends)
    penalty.hear(case, ends)
    own = correction.own_officers(case)
    review = ask(LegalReview, case, "legal_review", of="justice_bureau", text=correction.text(case, "legal_review"),
                 shown=penalty.basis_required(case), excluded=own)  # fmt: skip
    if review.verdict == "reject":
        close_case(case, O.COMPELLED)
        return
    while True:
        case = case.again()
        day = penalty.fix_day(case)
        standards = require_standards(case, penalty.years_needed(case, day))
        bounds = penalty.set_bounds(case, order, standards, review.basis, day)
        if bounds.missing:
            close_case(case, O.COMPELLED, bounds)  # 行政处罚法 Art. 16, 36
            return
        decision = ask(FineDecision, case, "fine", of=correction.HANDLES, text=penalty.fine_text(case, bounds),
                       shown=bounds.fine, excluded=own)  # fmt: skip
        ruling = penalty.rule_penalty(case, order, standards, decision, review.basis)
        if ruling.settled:
            break
    correction_paper.write_penalty(case, ruling)  # Art. 28
    close_case(case, ruling.status, ruling)
