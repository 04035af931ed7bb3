"""Redemption of a policy (海政办发〔2023〕27号): call, feedback, review, publicity, payment (Art. 8, 12–16)."""

from datetime import date

from config.messages import say
from models.answer import Determination
from models.policy_redemption.status import NoticeStatus as N
from tasks.ask import ask
from tasks.case import close_case
from tasks.policy_redemption import commitment, feedback, notice, offer, payment, payment_confirmation, result, review
from tasks.policy_redemption.roll import Notice
from tasks.policy_redemption.work import Work, await_arrivals, take_stock
from tasks.step import Dossier
from tasks.story import story


@story(
    name="policy_redemption",
    run_name=notice.run_name,
    description=say("policy_redemption.description"),
)
def policy_redemption(policy: str, opens: date, closes: date, number: int = 0) -> str:
    """Take one redemption notice from the call to the last payment.

    Args:
        policy: the policy's code, for example ZC-2027-001.
        opens: first day of the window.
        closes: last day of the window, included.
        number: place among the notices of the year; 0 takes the next.
    """
    case = notice.open_notice(policy, opens, closes, number)
    plan = notice.read_notice(case)
    case, launched = launch(case, plan)
    if not launched:
        close_case(case, N.CANCELLED)
        return case.number
    while True:
        work = take_stock(case)
        if work.closing:
            notice.close_window(case)
        feed_back(case, work)
        examine(case, work)
        publicise(case, work)
        pay(case, work)
        if work.done:
            break
        await_arrivals(case)
        case = case.again()
    close_case(case, N.CLOSED, notice.conclude(case))
    return case.number


def launch(case: Dossier, plan: Notice) -> tuple[Dossier, bool]:
    """Have the notice approved within the approved budget; without application, with its list of firms (Art. 8, 14)."""
    while True:
        found = None
        if plan.apply_free:
            offer.find_firms(case)
            found = offer.match_firms(case)
        word = ask(Determination, case, "launch", of=plan.department, text=notice.launch_text(case, plan, found))
        if word.verdict != "return":
            break
        case = case.again()
    if word.verdict == "reject":
        return case, False
    notice.call_for_applications(case)
    notice.await_opening(case, plan)
    return case, True


def feed_back(case: Dossier, work: Work) -> None:
    """Within two working days: accepted, told once and whole what is missing, or refused with the reason (Art. 14)."""
    if work.judged:
        feedback.judge_acceptance(case)
    if work.mended:
        feedback.take_corrections(case)
    if work.submitted or work.mended:
        feedback.examine_applications(case)
    if work.feedback:
        feedback.ask_acceptance(case)
    if work.to_offer or work.judged:
        offer.offer_benefits(case)  # Art. 14: no application, the payment notice comes first
    if work.intents:
        offer.settle_offers(case)


def examine(case: Dossier, work: Work) -> None:
    """Review level by level, the departments of a level side by side; a grant is committed to the budget (Art. 12)."""
    if work.reviewed:
        review.judge_reviews(case)
    if work.feedback or work.reviewed or work.reviewing:
        review.ask_reviews(case)
    if work.awaiting:
        commitment.commit_waiting(case)


def publicise(case: Dossier, work: Work) -> None:
    """Post results; an objection holds its case until it is ruled on (Art. 15–16)."""
    if work.ruled:
        result.rule_objections(case)
    if work.objected:
        result.ask_objections(case)
    if work.over or work.ruled:
        result.end_postings(case)
    if work.reviewed or work.awaiting or work.intents or work.approved:
        result.post_results(case)


def pay(case: Dossier, work: Work) -> None:
    """Pay within the approved budget, batch by batch, and mend what the treasury could not pay (Art. 8, 14)."""
    if work.results:
        payment_confirmation.confirm_results(case)
        payment.record_payment_results(case)
        payment_confirmation.ask_results(case)
    if work.accounts:
        payment.retry_failed_accounts(case)
    if work.over or work.ruled or work.payable or work.results or work.accounts:
        payment.draw_batch(case)
        payment.write_batch_files(case)
