"""Results that came without a signature: the finance bureau is asked to confirm them, batch by batch (Art. 8)."""

from decimal import Decimal
from typing import Any, Final

from sqlalchemy import case, func, select, update

from config.fact import Fact
from config.messages import say
from models.policy_redemption.money import LineStatus, yuan
from models.policy_redemption.money_answer import PaymentResults
from models.roster import PaymentOutcome
from tasks.clock import now
from tasks.journal import CASES, lock, write_entry
from tasks.policy_redemption.citation import article
from tasks.policy_redemption.payment_roll import ASKED, BATCHES, LINES, PAYS, RESULTS
from tasks.pose import latest_answers, pose
from tasks.step import SYSTEM, Dossier, step
from tasks.store import transaction

PAYMENT_LIMIT: Final = "policy_redemption.payment_limit"


class Told(Fact):
    """What a sheet told of a batch; its first application carries the question."""

    batch: str
    carrier: str
    paid: int
    total: Decimal
    failed: int


@step(rule=article(PAYMENT_LIMIT))
def gather_results(dossier: Dossier) -> tuple[Told, ...]:
    """Gather the results that nobody has confirmed, of each batch of which nobody is asked yet."""
    paid = LINES.c.result == PaymentOutcome.PAID
    counted = (func.sum(case((paid, 1), else_=0)), func.sum(case((paid, LINES.c.amount), else_=0)), func.count())
    open_ = (LINES.c.status == LineStatus.ORDERED) & (LINES.c.result != "")
    mine = select(BATCHES.c.id).where(BATCHES.c.notice_id == dossier.id)  # not every line that was ever paid
    asked = select(LINES.c.batch_id).where(open_, LINES.c.staff == ASKED, LINES.c.batch_id.in_(mine))
    chosen = (
        select(BATCHES.c.id, BATCHES.c.number, func.min(LINES.c.case_id).label("carrier"))
        .add_columns(*(column.label(name) for column, name in zip(counted, ("paid", "total", "lines"), strict=True)))
        .join(LINES, LINES.c.batch_id == BATCHES.c.id)
        .where(BATCHES.c.notice_id == dossier.id, open_, LINES.c.staff == "", BATCHES.c.id.not_in(asked))
        .group_by(BATCHES.c.id, BATCHES.c.number)
        .order_by(BATCHES.c.id)
    )
    with transaction() as tx:
        rows = tx.core.execute(chosen).all()
        these = open_ & (LINES.c.staff == "") & LINES.c.batch_id.in_([row.id for row in rows])
        tx.core.execute(update(LINES).where(these).values(staff=ASKED))
        named = select(CASES.c.id, CASES.c.number).where(CASES.c.id.in_([row.carrier for row in rows]))
        numbers: dict[int, str] = dict(tx.core.execute(named).tuples().all())
    return tuple(
        Told(batch=row.number, carrier=numbers[row.carrier], paid=int(row.paid), total=yuan(int(row.total)),
             failed=int(row.lines - row.paid))
        for row in rows
    )  # fmt: skip


def ask_results(dossier: Dossier) -> None:
    """Ask the finance bureau to confirm what was gathered, without waiting."""
    told = gather_results(dossier)
    if told:
        pose(
            PaymentResults,
            dossier,
            RESULTS,
            members={one.carrier: _text(one) for one in told},
            of=PAYS,
            rule=article(PAYMENT_LIMIT)(dossier),
        )


def _text(one: Told) -> str:
    facts: dict[str, Any] = {"batch": one.batch, "paid": one.paid, "failed": one.failed}
    return say("question_policy_redemption.payment_results", total=f"{one.total:,.2f}", **facts)


class Confirmed(Fact):
    """How many results were confirmed, and how many are to be told anew."""

    confirmed: int
    returned: int


@step(rule=article(PAYMENT_LIMIT))
def confirm_results(dossier: Dossier) -> Confirmed:
    """Take up what the finance bureau said: confirmed with its signature, or to be told anew."""
    confirmed = returned = 0
    with transaction() as tx:
        chosen = (
            select(LINES.c.batch_id, func.min(LINES.c.case_id).label("carrier"))
            .join(BATCHES, BATCHES.c.id == LINES.c.batch_id)
            .where(BATCHES.c.notice_id == dossier.id, LINES.c.status == LineStatus.ORDERED, LINES.c.staff == ASKED)
            .group_by(LINES.c.batch_id)
            .order_by(LINES.c.batch_id)
        )
        carriers = {row.carrier: row.batch_id for row in tx.core.execute(chosen)}
        for case_id, answer in latest_answers(tx, RESULTS, list(carriers)).items():
            these = (LINES.c.batch_id == carriers[case_id]) & (LINES.c.staff == ASKED)
            if answer.verdict == "approve":
                confirmed += tx.core.execute(update(LINES).where(these).values(staff=answer.signed_by)).rowcount
                continue
            blank = {"result": "", "staff": "", "voucher": "", "why": "", "paid_on": None}
            returned += tx.core.execute(update(LINES).where(these).values(**blank)).rowcount
            facts = {"reason": answer.fields["reason"]}
            carrier = lock(tx, case_id)  # a line of substance: the answer is taken up, and may be asked for again
            write_entry(tx, carrier, "results_returned", dossier.turn, actor=SYSTEM, at=now(), outcome=facts)
    return Confirmed(confirmed=confirmed, returned=returned)
