"""Sheets of the money: results of a batch, signed by the finance bureau, and other accounts of firms (Art. 8, 14)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, select, update

from config.messages import Refusal
from config.offices import office
from models.policy_redemption.money import fen, yuan
from models.policy_redemption.status import ApplicationStatus as A
from models.roster import FirmAccountRow, PaymentOutcome, PaymentResultRow
from tasks.clock import now
from tasks.intake import Refused, Taker
from tasks.journal import CASES, Page, Standing, lock, write_entry
from tasks.officer import check_code, represents, roles_held
from tasks.policy_redemption.payment_roll import APPLICATIONS, AT_ONCE, BATCHES, FIRMS, LINES, MARK, PAYS
from tasks.roster import Accepted
from tasks.step import actor
from tasks.store import Prepared, Transaction

Rows = Sequence[Accepted[Any]]
STIRRED: Final = (A.SUBMITTED, A.CHECKING, A.CORRECTION)
"""Where a missing account may be what an application waits for."""


_TOLD: Final = ("result", "voucher", "paid_on", "why", "staff")
_TELL: Final = Prepared(
    update(LINES).where(LINES.c.id == bindparam("of")).values({name: bindparam(name) for name in _TOLD}), *_TOLD, "of"
)


class _Signer(NamedTuple):
    """Who signed a sheet, and the row that says so."""

    staff: str
    row: Accepted[Any]


def _signer(tx: Transaction, rows: Rows, day: date) -> _Signer | Refusal:
    """Return who signed a sheet of results, in person or for another, nobody (""), or why a signature is no good."""
    signed = next((one for one in rows if one.fact.staff), None)
    if signed is None:  # the finance bureau is asked to confirm them
        return _Signer("", rows[0])
    staff_no, code = signed.fact.staff, signed.fact.code
    officer = check_code(tx, staff_no, code, now())
    if isinstance(officer, Refusal):
        return officer
    if PAYS in roles_held(tx, officer.id, day):
        return _Signer(staff_no, signed)
    chief = represents(tx, officer.id, PAYS, day)
    if chief is None:
        return Refusal("kernel.role_not_held", staff_no=staff_no, role=office(PAYS).title)
    return _Signer(f"{staff_no}/{chief[1]}", signed)


def _results(tx: Transaction, case_id: int, rows: Rows, day: date) -> Iterable[Refused]:
    """Take the results of batches in, each line once; the notice's next round moves the applications."""
    if not rows:
        return
    lock(tx, case_id)
    signer = _signer(tx, rows, day)
    if isinstance(signer, Refusal):
        yield from (Refused(one, "code" if one.fact.code else "number", signer.key, signer.facts) for one in rows)
        return
    lines, taken = _lines(tx, case_id, {one.fact.batch for one in rows}), []
    for one in rows:
        row: PaymentResultRow = one.fact
        line = lines.get((row.batch, row.number))
        wrong = _wrong(row, line)
        if wrong:
            yield Refused(one, *wrong)
        elif line is not None and (not line.result or (signer.staff and not line.staff)):
            taken.append((line, row))
    told = [
        (
            row.outcome.value,
            row.voucher or "",
            row.paid_on and row.paid_on.isoformat(),
            row.why or "",
            signer.staff,
            line.id,
        )
        for line, row in taken
    ]
    tx.run_many(_TELL, told)
    if taken:
        case = lock(tx, case_id)
        paid = [line.amount for line, row in taken if row.outcome is PaymentOutcome.PAID]
        outcome = {"paid": len(paid), "total": str(yuan(sum(paid))), "failed": len(taken) - len(paid)}
        whose = signer.staff or actor.get()
        step, turn = f"received-payment-{taken[0][0].batch[-3:]}", case.seq + 1
        write_entry(tx, case, step, turn, actor=whose, at=now(), outcome=outcome, substance=False)


def _lines(tx: Transaction, notice_id: int, batches: Iterable[str]) -> dict[tuple[str, str], Any]:
    chosen = (
        select(LINES.c.id, LINES.c.amount, LINES.c.status, LINES.c.result, LINES.c.voucher, LINES.c.paid_on)
        .add_columns(LINES.c.staff, CASES.c.number, BATCHES.c.number.label("batch"))
        .join(BATCHES, BATCHES.c.id == LINES.c.batch_id)
        .join(CASES, CASES.c.id == LINES.c.case_id)
        .where(BATCHES.c.notice_id == notice_id, BATCHES.c.number.in_(sorted(batches)))
    )
    return {(row.batch, row.number): row for row in tx.core.execute(chosen)}


def _wrong(row: PaymentResultRow, line: Any) -> tuple[str, str, dict[str, str | int]] | None:
    """Say what is wrong with a result, as field, message and facts; None where it can be taken, or was before."""
    if line is None:
        return "number", "policy_money.not_in_batch", {"batch": row.batch, "number": row.number}
    if fen(row.amount) != line.amount:
        return "amount", "policy_money.amount_differs", {"listed": f"{yuan(line.amount):,.2f}"}
    said = (row.outcome.value, row.voucher or "", row.paid_on)
    if line.result and said != (line.result, line.voucher, line.paid_on):
        return "outcome", "policy_money.told_already", {"number": row.number}
    return None


def _accounts(tx: Transaction, case_id: int, rows: Rows, day: date) -> Iterable[Refused]:  # noqa: ARG001 -- a taker's
    """Take other accounts in: they belong to the firm, and go into the journal of its application as a mark."""
    known, at = _applications(tx, case_id, rows), now()
    page = Page(tx, f"account-{at:%Y%m%d%H%M%S%f}", 1, actor.get(), at)
    given: dict[int, tuple[Any, FirmAccountRow]] = {}
    for one in rows:
        found: Any = known.get(one.fact.number or one.fact.uscc or "")
        if wrong := _unfit(one.fact, found):
            yield Refused(one, *wrong)
        elif found.firm_id not in given:
            given[found.firm_id] = (found, one.fact)
            standing = Standing(*found[: len(Standing._fields)])._replace(
                head=bytes(found.head), drill=bool(found.drill)
            )
            page.add(standing, None, {"row": one.digest.hex()[:MARK]}, substance=False)
    page.write()
    for firm_id, (found, row) in sorted(given.items()):  # in one order everywhere: nobody waits in a ring
        values = {"holder": row.holder, "bank": row.bank, "account": row.account}
        tx.core.execute(update(FIRMS).where(FIRMS.c.id == firm_id).values(**values))
        if found.status in STIRRED:
            tx.core.execute(update(APPLICATIONS).where(APPLICATIONS.c.case_id == found.id).values(stirred_at=at))


def _unfit(row: FirmAccountRow, found: Any) -> tuple[str, str, dict[str, str | int]] | None:
    """Say why an account cannot be taken, as field, message and facts."""
    field = "number" if row.number else "uscc"
    if found is None or (row.number and row.uscc and row.uscc != found.uscc):
        return field, "policy_money.no_such_application", {}
    if row.name and row.name != found.name:
        return "name", "policy_money.firm_differs", {"name": found.name}
    status = A(found.status)
    if status.is_final() or status is A.PAYING:
        return field, "policy_money.account_too_late", {"status": status.text}
    return None


def _applications(tx: Transaction, notice_id: int, rows: Rows) -> dict[str, Any]:
    """Return the applications that the rows are about, by number and by credit code, locked."""
    found: dict[str, Any] = {}
    for start in range(0, len(rows), AT_ONCE):
        some = [one.fact for one in rows[start : start + AT_ONCE]]
        chosen = (
            select(*(CASES.c[name] for name in Standing._fields), APPLICATIONS.c.firm_id, FIRMS.c.uscc, FIRMS.c.name)
            .join(APPLICATIONS, APPLICATIONS.c.case_id == CASES.c.id)
            .join(FIRMS, FIRMS.c.id == APPLICATIONS.c.firm_id)
            .where(CASES.c.parent_id == notice_id)
            .where(
                CASES.c.number.in_([one.number for one in some if one.number])
                | FIRMS.c.uscc.in_([one.uscc for one in some if not one.number])
            )
            .order_by(CASES.c.id)
            .with_for_update(of=CASES)
        )
        for row in tx.core.execute(chosen):
            found |= {row.number: row, row.uscc: row}
    return found


TAKERS: Final[Mapping[str, Taker]] = {"payment_result": _results, "firm_account": _accounts}
"""What a redemption notice takes of the money's sheets, besides its own."""
