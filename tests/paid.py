"""Money on the table: officers, a budget, applications with their commitments, for the tests of payments."""

from collections.abc import Iterator
from datetime import date

from sqlalchemy import insert

from models.policy_redemption.application import Redemption
from models.policy_redemption.publicity import ResultKind
from models.policy_redemption.status import ApplicationStatus as A
from tasks.members import Member, Moved, over_members
from tasks.policy_redemption import ledger, payment
from tasks.policy_redemption.publicity import post_result
from tasks.step import Dossier
from tasks.store import table, transaction
from tests.ground import opened
from tests.published import PLANNED, POSTING, applications, content, firm, policy

NOTICE = "DX-2027-0001"
DEPARTMENT = "science_bureau"


@over_members(A.APPROVED)
def settle_posting_for_test(dossier: Dossier, members: list[Member]) -> Iterator[Moved]:
    """Stand in for the end of the posting: payable, with the payment clock running."""
    with transaction() as tx:
        payment.owe_payments(tx, dossier, [one.id for one in members])
    for one in members:
        yield Moved(one, A.PAYABLE, {})


def approve(approved: int, *, department: str = DEPARTMENT, number: str = "YS-2027-001") -> int:
    """Give a department a budget of fen; return its id."""
    case = opened(number, process="policy_budget", status="drafted")
    with transaction() as tx:
        ledger.approve(tx, department=department, year=2027, approved=approved, target="兑现率100%", document="财〔2027〕1号", case_id=case.id)  # fmt: skip
    return ledger.budget_of(department, 2027)


def committed(count: int = 3, budget: int = 100_000_00) -> tuple[Dossier, list[int]]:
    """Approve and post applications of 10,000.01, 20,000.02 … yuan of a notice."""
    given = policy("ZC-2027-001", content(payment_days=10))[0]
    dossier, ids = applications(given, [firm(place) for place in range(1, count + 1)])
    budget_id = approve(budget)
    with transaction() as tx:
        claims = [(case_id, place * 10_000_01) for place, case_id in enumerate(ids, 1)]
        assert all(ledger.commit_many(tx, budget_id, claims))
        tx.core.execute(insert(table(Redemption)).values(
            case_id=dossier.id, policy_id=1, code="ZC-2027-001", department=DEPARTMENT, lane="simple_apply", year=2027, place=1,
            opens=date(2027, 1, 4), closes=date(2027, 3, 1), budget_id=budget_id))  # fmt: skip
        post_result(tx, ResultKind.APPROVED, ids, planned=dict.fromkeys(ids, PLANNED), posting=POSTING)
    return dossier, ids


def number(place: int) -> str:
    """Return the number of an application."""
    return f"{NOTICE}-{place:06}"
