"""Sums granted and committed to the year's budget: in the order of receipt, and never beyond it (Art. 8)."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from models.policy_redemption.money import fen, yuan
from models.policy_redemption.status import ApplicationStatus as A
from tasks.members import Member, Moved, over_members
from tasks.policy_redemption.ledger import commit_many
from tasks.policy_redemption.outcome import Outcomes, to_firm
from tasks.policy_redemption.roll import Filed, cite, filed, notice_of, rule_of
from tasks.step import Dossier
from tasks.store import transaction


class Granted(NamedTuple):
    """An application that is granted: to which sum, and how that came about."""

    member: Member
    file: Filed
    outcome: dict[str, Any]
    amount: Decimal


def decision_rule(dossier: Dossier) -> str:
    """Return the citation of a decision on an application."""
    return cite("decision_limit", dossier.on)


def commit(done: Outcomes, budget_id: int, granted: Sequence[Granted]) -> list[Moved]:
    """Commit sums in the order of receipt; what the budget does not reach waits for it (Art. 8)."""
    if not granted:
        return []
    queue = sorted(granted, key=lambda one: (one.file.received_at, one.file.case_id))
    reached = commit_many(done.tx, budget_id, [(one.member.id, fen(one.amount)) for one in queue])
    moves, rule = [], decision_rule(done.dossier)
    for one, fits in zip(queue, reached, strict=True):
        done.set(one.member.id, assessed=fen(one.amount))
        done.decided(one.member.id)
        template = "granted" if fits else "awaiting_budget"
        told = [to_firm(one.file.number, template, done.dossier.subject, amount=f"{one.amount:,.2f}")]
        moves.append(Moved(one.member, A.APPROVED if fits else A.AWAITING_BUDGET, one.outcome, told, rule))
    return moves


@over_members(A.AWAITING_BUDGET, rule=rule_of("decision_limit"))
def commit_waiting(dossier: Dossier, members: list[Member]) -> Iterable[Moved]:
    """Commit what waited for budget, first in, first served (Art. 8)."""
    notice = notice_of(dossier.id)
    with transaction() as tx:
        files = filed(tx, [member.id for member in members])
        queue = sorted(members, key=lambda member: (files[member.id].received_at, member.id))
        sums = [(member.id, files[member.id].assessed or 0) for member in queue]
        reached = commit_many(tx, notice.budget_id, sums)
    return [
        Moved(
            member,
            A.APPROVED,
            {"amount": str(yuan(amount))},
            [to_firm(member.number, "granted", dossier.subject, amount=f"{yuan(amount):,.2f}")],
            decision_rule(dossier),
        )
        for member, (_, amount), fits in zip(queue, sums, reached, strict=True)
        if fits
    ]
