"""From the payment notice to the money: batches, results line by line, refused accounts mended (Art. 8, 14).

Each step is one of the redemption notice's rounds; money moves in the ledger in the transaction that moves the case.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import insert, select, update

from config.fact import Fact
from config.messages import say
from config.offices import office
from config.rulebook import cited
from models.deadline import Clock
from models.policy_redemption.money import LineStatus, yuan
from models.policy_redemption.policy import PolicyVersion
from models.policy_redemption.publicity import ResultKind
from models.policy_redemption.status import ApplicationStatus as A
from models.roster import PaymentOutcome, PaymentResultRow
from models.roster import columns_of as columns_of_form
from tasks.clock import local_day, now
from tasks.deadline import Owed
from tasks.deadline_set import meet_clocks, pause_clocks, resume_clocks, start_clocks
from tasks.filing import Filed, columns_of, file_sheet
from tasks.members import Member, Moved, Tally, over_members
from tasks.policy_redemption import ledger
from tasks.policy_redemption.citation import article
from tasks.policy_redemption.payment_roll import (
    APPLICATIONS,
    LINES,
    PAYS,
    accounts_of,
    batch_of,
    department_of,
    line_of,
    lines_of,
    mended,
    results_told,
)
from tasks.policy_redemption.publicity import post_result
from tasks.roster import SheetColumn
from tasks.step import Dossier, step
from tasks.store import Transaction, table, transaction

VERSIONS: Final = table(PolicyVersion)
CENTRE: Final = "approval_bureau"
PAYMENT: Final = "payment"
ACCOUNT: Final = "account"
BATCH_KINDS: Final = (
    (6, "number"),
    (24, "code"),
    (30, "text"),
    (22, "code"),
    (24, "text"),
    (24, "text"),
    (24, "account"),
    (16, "money"),
)
RESULT_BLANKS: Final = (None,) * 6


def owe_payments(tx: Transaction, dossier: Dossier, case_ids: Collection[int]) -> dict[int, datetime]:
    """Start the payment clock of applications that become payable now; return when each ends, by case id (Art. 14).

    It runs for as many working days as the policy's version says, reminds the department at half time and on the last
    morning, and tells its head, finance and the centre of a breach (Art. 8: 应网兑未网兑).
    """
    chosen = (
        select(APPLICATIONS.c.case_id, VERSIONS.c.content)
        .join(VERSIONS, VERSIONS.c.id == APPLICATIONS.c.version_id)
        .where(APPLICATIONS.c.case_id.in_(case_ids))
    )
    limit = cited("policy_redemption.payment_limit", dossier.on)
    promised = limit.reading is not None and limit.reading.value == "promised_days"
    by_days: dict[int, list[int]] = {}
    for row in tx.core.execute(chosen):
        days = row.content["guide"]["promised_days"] if promised else row.content["payment_days"]
        by_days.setdefault(days, []).append(row.case_id)
    department, at = department_of(dossier.id), now()
    ends: dict[int, datetime] = {}
    told = {"breach": [f"head:{department}", PAYS, CENTRE]}
    for days, some in by_days.items():
        owed = Owed(
            PAYMENT, Clock.WORKING_DAYS, days, office=department, rule=limit.label, escalation=told, gathered=True
        )
        ends |= start_clocks(tx, owed, dict.fromkeys(some, dossier.turn), dict.fromkeys(some, at))
    return ends


@over_members(A.PAYABLE, rule=article("policy_redemption.payment_limit"))
def draw_batch(dossier: Dossier, members: list[Member]) -> Iterator[Moved]:
    """Draw a batch of what is payable for the treasury; who has no whole account is asked for one (Art. 8, 14)."""
    with transaction() as tx:
        accounts = accounts_of(tx, [one.id for one in members])
        ready = [one for one in members if one.id in accounts and accounts[one.id].whole]
        batch_id, number = batch_of(tx, dossier) if ready else (0, "")
        sums = ledger.order(tx, [one.id for one in ready], number)
        rows = [line_of(batch_id, accounts[case_id], amount) for case_id, amount in sums.items()]
        if rows:
            tx.core.execute(insert(LINES), rows)
        lacking = [one.id for one in members if one not in ready]
        _ask_for_accounts(tx, dossier, lacking)
        for one in members:
            if one.id in sums:
                yield Moved(one, A.PAYING, {"batch": number, "amount": str(yuan(sums[one.id]))})
            elif one.id in lacking:
                yield Moved(one, A.PAYMENT_FAILED, {"why": "no_account"})


class BatchFiles(Fact):
    """What was written of a batch: the payment list, and the sheet on which its results come back."""

    batch: str
    lines: int
    total: Decimal
    roster: Filed
    results: Filed


def _words(name: str, /, **facts: Any) -> str:
    return say(f"paper_policy_payment.{name}", "zh", **facts)


@step(tells=lambda files: (PAYS,) if files.lines else (), rule=article("policy_redemption.payment_limit"))
def write_batch_files(dossier: Dossier) -> BatchFiles:
    """Write this turn's batch for the treasury, accounts as text, and beside it the sheet for its results (Art. 8)."""
    lines = lines_of(dossier)
    total = sum((yuan(line.amount) for line in lines), Decimal("0.00"))
    batch = lines[0].batch if lines else ""
    purpose = _words("purpose", batch=batch, day=local_day(now()), department=office(department_of(dossier.id)).title)
    listed = [
        (place, line.number, line.name, line.uscc, line.holder, line.bank, line.account, yuan(line.amount))
        for place, line in enumerate(lines, 1)
    ]
    foot = [("", _words("total"), "", "", "", "", "", total)] if lines else []
    back = [(line.batch, line.number, line.name, yuan(line.amount), *RESULT_BLANKS) for line in lines]
    title = _words("title", batch=batch)
    columns, form = columns_of(_words("columns"), BATCH_KINDS), columns_of_form(PaymentResultRow)
    back_columns = [SheetColumn(column.title, column.cell.width, column.cell.kind) for column in form]
    name = PaymentResultRow.sheet_title()
    return BatchFiles(
        batch=batch,
        lines=len(lines),
        total=total,
        roster=file_sheet(dossier, "payment-batch", title, columns, [*listed, *foot], purpose=purpose),
        results=file_sheet(dossier, "payment-results", name, back_columns, back, purpose=purpose),
    )


def _ask_for_accounts(tx: Transaction, dossier: Dossier, case_ids: Collection[int]) -> None:
    """Stop the payment clock while the firm owes an account, and start the firm's own."""
    if not case_ids:
        return
    pause_clocks(tx, PAYMENT, case_ids)
    days = cited("policy_redemption.account_days", dossier.on)
    owed = Owed(
        ACCOUNT, Clock.WORKING_DAYS, days.value, office=department_of(dossier.id), rule=days.label, gathered=True
    )
    start_clocks(tx, owed, dict.fromkeys(case_ids, dossier.turn), dict.fromkeys(case_ids, now()))


def _tells(tally: Tally) -> Sequence[str]:
    return (CENTRE,) if tally.of(A.PAID) else ()


@over_members(A.PAYING, tells=_tells, rule=article("policy_redemption.payment_limit"))
def record_payment_results(dossier: Dossier, members: list[Member]) -> Iterator[Moved]:
    """Take over what the treasury confirmed line by line: paid and posted, or back for another account (Art. 8, 15)."""
    with transaction() as tx:
        told = results_told(tx, [one.id for one in members])
        paid = {case_id: row.voucher for case_id, row in told.items() if row.result == PaymentOutcome.PAID}
        refused = [case_id for case_id, row in told.items() if row.result == PaymentOutcome.ACCOUNT]
        sums = ledger.pay_many(tx, paid)
        for batch, some in _by_batch(told, paid).items():
            sums |= ledger.fail(tx, some, batch)
        late = meet_clocks(tx, PAYMENT, list(paid))
        _ask_for_accounts(tx, dossier, refused)
        for status, some in ((LineStatus.PAID, list(paid)), (LineStatus.FAILED, [i for i in told if i not in paid])):
            done = update(LINES).where(LINES.c.id.in_([told[case_id].id for case_id in some]))
            tx.core.execute(done.values(status=status))
        if paid:
            post_result(tx, ResultKind.PAID, list(paid))
        for one in members:
            if one.id in paid:
                facts = {"paid_on": told[one.id].paid_on.isoformat(), "late": late.get(one.id, False)}
                yield Moved(one, A.PAID, _said(told[one.id], sums[one.id]) | facts)
            elif one.id in told:
                again = told[one.id].result == PaymentOutcome.AGAIN
                yield Moved(one, A.PAYABLE if again else A.PAYMENT_FAILED, _said(told[one.id], sums[one.id]))


def _by_batch(told: Mapping[int, Any], paid: Collection[int]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for case_id, row in told.items():
        if case_id not in paid:
            found.setdefault(row.batch, []).append(case_id)
    return found


def _said(row: Any, amount: int) -> dict[str, Any]:
    """Return what the journal keeps of a result; the reason may name people and stays in the line."""
    facts = {"batch": row.batch, "result": row.result, "amount": str(yuan(amount)), "staff": row.staff}
    return facts | ({"voucher": row.voucher} if row.voucher else {})


@over_members(A.PAYMENT_FAILED, rule=article("policy_redemption.account_days"))
def retry_failed_accounts(dossier: Dossier, members: list[Member]) -> Iterator[Moved]:  # noqa: ARG001 -- a step's  # noqa: ARG001 -- a step takes its dossier
    """Let those be paid whose firm has given an account that was not refused before (Art. 14)."""
    with transaction() as tx:
        others = mended(tx, [one.id for one in members])
        resume_clocks(tx, PAYMENT, others)
        late = meet_clocks(tx, ACCOUNT, others)
        for one in members:
            if one.id in others:
                yield Moved(one, A.PAYABLE, {"late": late.get(one.id, False)})
