"""From the approval to the money and back: payment roster, confirmation, and recovery after evasion (Art. 19, 25)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import update

from config.fact import Fact
from config.messages import say
from models.conscription.benefits import NOTHING, Evasion, ItemName, Standard, recover
from models.conscription.service_answer import EvasionFinding, PaymentConfirmation
from models.conscription.status import MemberStatus as M
from models.conscription.status import PaymentStatus as P
from tasks.clock import now
from tasks.conscription.benefit import CHECKS, PAYS, changes_waiting, rows_at, text
from tasks.conscription.benefit_roll import BENEFITS, accounts, season_of, year_of
from tasks.conscription.course import rule_of
from tasks.journal import Page, lock
from tasks.step import Dossier, actor, step
from tasks.store import Transaction, transaction

SENT_BACK: Final = (M.RETURNED, M.DEREGISTERED, M.REINSTATED)


class Line(Fact):
    """One recruit on a payment roster; `account` only tells one account from another."""

    number: str
    amount: Decimal
    account: str


class Payable(Fact):
    """What may be paid now: the lines, their sum, and who has no account."""

    lines: tuple[Line, ...]
    total: Decimal
    without_account: tuple[str, ...]

    @property
    def numbers(self) -> list[str]:
        """The case numbers on the roster."""
        return [line.number for line in self.lines]


@step(reaches=P.APPROVED, tells=(PAYS, CHECKS), rule=rule_of("family_allowance_factors"))
def approve_payments(dossier: Dossier) -> int:
    """Approve what was calculated and checked; return how many sums."""
    rows = rows_at(dossier, P.CALCULATED)
    _move(dossier, "approved", rows, P.APPROVED, {})
    return len(rows)


def _move(dossier: Dossier, verb: str, rows: Sequence[Any], status: P | None, facts: Mapping[str, Any]) -> None:
    """Move sums to a status, with a line in each recruit's journal."""
    by_member: dict[int, list[Any]] = {}
    for row in rows:
        by_member.setdefault(row.case_id, []).append(row)
    with transaction() as tx:
        page = Page(tx, f"benefit-{year_of(dossier)}-{verb}", dossier.turn, actor.get(), now())
        for case_id, mine in sorted(by_member.items()):
            sums = {f"{row.item}-{row.year}": row.amount for row in mine}
            page.add(lock(tx, case_id), None, {"sums": sums, **facts})
            if status:
                _set(tx, mine, status)
        page.write()


def _set(tx: Transaction, rows: Sequence[Any], status: P) -> None:
    tx.core.execute(update(BENEFITS).where(BENEFITS.c.id.in_([row.id for row in rows])).values(status=status.value))


def payable(dossier: Dossier) -> Payable:
    """Return what is approved, not yet paid and due to a recruit who serves, by account."""
    sums: dict[int, Decimal] = {}
    for row in rows_at(dossier, P.APPROVED):
        if row.standing == M.IN_SERVICE:
            sums[row.case_id] = sums.get(row.case_id, NOTHING) + Decimal(row.amount)
    held = accounts(season_of(dossier), list(sums))
    due = sorted((held[case_id], amount) for case_id, amount in sums.items() if amount)
    lines = tuple(sorted((Line(number=to.number, amount=amount, account=to.mark) for to, amount in due if to.account),
                         key=lambda line: line.number))  # fmt: skip
    without = tuple(sorted(to.number for to, _ in due if not to.account))
    return Payable(lines=lines, total=sum((line.amount for line in lines), NOTHING), without_account=without)


@step(tells=(PAYS,), rule=rule_of("payer"))
def list_payments(dossier: Dossier) -> Payable:
    """List what may be paid now; who has no account is listed apart and not paid."""
    return payable(dossier)


def payment_text(dossier: Dossier, found: Payable) -> str:
    """Return what to look at before the payment is confirmed."""
    without = "、".join(found.without_account) or say("question_conscription_benefits.nobody")
    return text(dossier, "payment", count=len(found.lines), total=f"{found.total:,.2f}", without=without)


class Paid(Fact):
    """What was confirmed: how much was paid, and to whom it failed."""

    paid: int
    total: Decimal
    failed: tuple[str, ...]


@step(reaches=P.PAID, tells=(CHECKS,), rule=rule_of("payer"))
def record_payments(dossier: Dossier, roster: Payable, word: PaymentConfirmation) -> Paid:
    """Record what the finance bureau confirmed, line by line; a failed one waits for another account."""
    failed = set(word.failed_numbers)
    listed = {line.number: line for line in roster.lines}
    rows = [row for row in rows_at(dossier, P.APPROVED) if row.number in listed]
    _move(dossier, "paid", [row for row in rows if row.number not in failed], P.PAID, {"voucher": word.voucher})
    _move(dossier, "failed", [row for row in rows if row.number in failed], None, {"voucher": word.voucher})
    done = [line for number, line in listed.items() if number not in failed]
    return Paid(paid=len(done), total=sum((line.amount for line in done), NOTHING), failed=tuple(sorted(failed)))


def evasions(dossier: Dossier) -> list[str]:
    """Return the recruits sanctioned under Art. 25 who were paid and are not yet judged, by case number."""
    judged = {
        number
        for (name, _), outcome in dossier.journal.items()
        if name == "judge_evasions"
        for number in outcome["judged"]
    }
    found = (row.number for row in rows_at(dossier, P.PAID) if row.standing == M.SANCTIONED)
    return [number for number in dict.fromkeys(found) if number not in judged]


@step(rule=rule_of("recovery_scope"))
def note_evasions(dossier: Dossier) -> tuple[str, ...]:
    """Note who must be judged."""
    return tuple(evasions(dossier))


class Claims(Fact):
    """What is to be recovered, by recruit; and who keeps rewards on which a person must rule."""

    judged: tuple[str, ...]
    sums: dict[str, Decimal]
    manual: tuple[str, ...]

    @property
    def total(self) -> Decimal:
        """Everything that is claimed."""
        return sum(self.sums.values(), NOTHING)


@step(tells=(CHECKS, PAYS), rule=rule_of("recovery_scope"))
def judge_evasions(dossier: Dossier, findings: Mapping[str, EvasionFinding]) -> Claims:
    """Claim what was paid where the three conditions hold, or papers were forged (Art. 25; 条例 Art. 56)."""
    sums: dict[str, Decimal] = {}
    manual: list[str] = []
    for number, finding in findings.items():
        judged = _recovery(dossier, number, finding)
        back = sum(judged.recovered.values(), NOTHING)
        sums |= {number: back} if back else {}
        manual += [number] if any(judged.manual.values()) else []
    return Claims(judged=tuple(findings), sums=sums, manual=tuple(manual))


def _recovery(dossier: Dossier, number: str, finding: EvasionFinding) -> Any:
    paid: dict[ItemName, Decimal] = {}
    for row in rows_at(dossier, P.PAID):
        if row.number == number:
            paid[ItemName(row.item)] = paid.get(ItemName(row.item), NOTHING) + Decimal(row.amount)
    found = Evasion(
        evaded=finding.verdict == "evaded",
        serious_effect=finding.effect == "serious",
        returned_or_struck_off=True,  # the season sanctions only whom a unit sent back
        concealed=finding.verdict == "concealed",
    )
    return recover(paid, found, dossier.on)


def recovery_text(dossier: Dossier, claims: Claims) -> str:
    """Return what is to be recovered from whom."""
    lines = "、".join(f"{number} {amount:,.2f}" for number, amount in sorted(claims.sums.items()))
    return text(dossier, "recovery", lines=lines, total=f"{claims.total:,.2f}")


@step(reaches=P.RECOVERED, tells=(CHECKS, PAYS), rule=rule_of("recovery_scope"))
def record_recovery(dossier: Dossier, findings: Mapping[str, EvasionFinding], voucher: str) -> Decimal:
    """Record that what was claimed has come back."""
    total = NOTHING
    for number, finding in findings.items():
        items = {item.value for item, amount in _recovery(dossier, number, finding).recovered.items() if amount}
        rows = [row for row in rows_at(dossier, P.PAID) if row.number == number and row.item in items]
        total += sum((Decimal(row.amount) for row in rows), NOTHING)
        _move(dossier, "recovered", rows, P.RECOVERED, {"voucher": voucher})
    return total


def more_to_do(dossier: Dossier, standards: Sequence[Standard], roster: Payable) -> bool:
    """Say whether something came since the last round: a sum, an account that was not tried, somebody sanctioned."""
    tried = {(line.number, line.account) for line in roster.lines}
    untried = any((line.number, line.account) not in tried for line in payable(dossier).lines)
    return untried or changes_waiting(dossier, standards) or bool(evasions(dossier))


class Closing(Fact):
    """How a year's run ended: paid and recovered sums, who is still unpaid, and what a person must still rule on."""

    paid: Decimal
    recovered: Decimal
    unpaid: tuple[str, ...]
    manual: tuple[str, ...]
    sent_back: tuple[str, ...]


def _total(rows: Sequence[Any]) -> Decimal:
    return sum((Decimal(row.amount) for row in rows if row.amount), NOTHING)


@step(tells=(CHECKS, PAYS), rule=rule_of("payer"))
def conclude(dossier: Dossier) -> Closing:
    """Add the year up; what was paid to one sent back for no fault of his own is for a person to rule on."""
    paid, unpaid = rows_at(dossier, P.PAID), rows_at(dossier, P.APPROVED, P.CALCULATED)
    return Closing(
        paid=_total(paid),
        recovered=_total(rows_at(dossier, P.RECOVERED)),
        unpaid=tuple(dict.fromkeys(row.number for row in unpaid if Decimal(row.amount))),
        manual=tuple(dict.fromkeys(row.number for row in rows_at(dossier, P.MANUAL))),
        sent_back=tuple(dict.fromkeys(row.number for row in paid if row.standing in SENT_BACK)),
    )
