"""An applicant withdraws: at once, whatever is asked about it, until the money is on its way."""

from typing import Final

from models.policy_redemption.publicity import ResultKind
from models.policy_redemption.status import ApplicationStatus as A
from tasks.deadline_set import drop_clocks
from tasks.journal import Page, lock
from tasks.policy_redemption.intake import Declined, Desk
from tasks.policy_redemption.ledger import release
from tasks.policy_redemption.outcome import to_firm
from tasks.policy_redemption.publicity import post_result
from tasks.policy_redemption.roll import application_of
from tasks.pose import withdraw_questions
from tasks.step import actor
from tasks.store import transaction
from tasks.wait import count_nudge

WITHDRAWABLE: Final = (
    A.MATCHED, A.SUBMITTED, A.CHECKING, A.CORRECTION, A.REVIEWING, A.AWAITING_BUDGET, A.APPROVED, A.POSTED, A.OBJECTED,
    A.PAYABLE, A.PAYMENT_FAILED,
)  # fmt: skip
"""Until its sum is in a batch at the treasury."""


def withdraw_application(number: str, reason: str) -> str:
    """Withdraw an application for its firm; return the notice that it belongs to. Doing so again changes nothing.

    What is committed to it is free again, its clocks end, its open questions are taken back, and what was posted of it
    is posted as withdrawn.

    Raises:
        Refusal: there is no such application, or it is too far.
    """
    case_id, notice_id = application_of(number)
    with transaction() as tx:
        desk = Desk(tx, notice_id)
        case = lock(tx, case_id)
        if case.status == A.WITHDRAWN:
            return desk.case.number
        if case.status not in WITHDRAWABLE:
            facts: dict[str, str | int] = {"number": number, "status": A(case.status).text}
            raise Declined("number", "policy_redemption.too_far", facts).refusal()
        drop_clocks(tx, [case_id])
        withdraw_questions(tx, [case_id])
        freed = release(tx, [case_id])
        page = Page(tx, "withdraw", 1, actor.get(), desk.at)
        outcome = {"reason": reason, "released": freed.get(case_id, 0)}
        page.add(case, A.WITHDRAWN, outcome, "", [to_firm(number, "withdrawn", desk.dossier.subject)])
        page.write()
        post_result(tx, ResultKind.WITHDRAWN, [case_id])
        count_nudge(notice_id)
    return desk.case.number
