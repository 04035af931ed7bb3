"""Benefits without application: matched from data with a reason for every firm, offered, taken, paid (Art. 14)."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import func, insert, select

from config.fact import Fact
from config.messages import say
from models.policy_redemption.grant import assess
from models.policy_redemption.matching import match
from models.policy_redemption.money import fen, yuan
from models.policy_redemption.policy import PolicyContent
from models.policy_redemption.status import ApplicationStatus as A
from tasks.clock import local_day, now
from tasks.deadline_set import drop_clocks, meet_clocks, start_clocks
from tasks.journal import CASES, lock
from tasks.members import CHUNK, Member, Moved, Newcomer, open_members, over_members
from tasks.policy_redemption import duty
from tasks.policy_redemption.arrival import ACCEPT
from tasks.policy_redemption.commitment import Granted, commit
from tasks.policy_redemption.duplicate import GRANTED, duplications
from tasks.policy_redemption.duty import CENTRE, OFFER, due_of
from tasks.policy_redemption.outcome import Outcomes, to_firm
from tasks.policy_redemption.register import Version, version_on
from tasks.policy_redemption.roll import APPLICATIONS, FIRMS, Notice, bare_dossier, cite, filed, notice_of, rule_of
from tasks.step import Dossier, report_progress, step
from tasks.store import Transaction, reading, transaction

OFFERED: Final = 1
"""Level of an application without application once its firm was told."""


class Matches(Fact):
    """What matching came to: firms in, out, and for the section to judge; what it would cost, in yuan."""

    matched: int
    not_matched: int
    to_judge: int
    total: Decimal


def find_firms(dossier: Dossier) -> None:
    """Hold every firm of the register against the policy's conditions, a chunk a transaction (Art. 14)."""
    if ("match_firms", dossier.turn) in dossier.journal:
        return
    while _match_chunk(dossier):
        pass
    if dossier.turn > 1:
        match_again(dossier)


def _match_chunk(dossier: Dossier) -> bool:
    """Open a member for each of the next firms, with the reasons; say whether there may be more."""
    with transaction() as tx:
        lock(tx, dossier.id)
        notice = notice_of(dossier.id)
        version = version_on(notice.code, notice.opens)
        last = tx.core.execute(
            select(func.coalesce(func.max(APPLICATIONS.c.firm_id), 0)).where(APPLICATIONS.c.notice_id == dossier.id)
        ).scalar_one()
        chosen = select(FIRMS.c.id, FIRMS.c.uscc, FIRMS.c.facts).where(FIRMS.c.id > last).order_by(FIRMS.c.id)
        rows = tx.core.execute(chosen.limit(CHUNK)).all()
        if rows:
            done = _open_matched(tx, dossier, notice, version, rows)
            total = tx.core.execute(select(func.count()).select_from(FIRMS)).scalar_one()
            report_progress.get()("match_firms", done, total)
    return len(rows) == CHUNK


def _open_matched(tx: Transaction, dossier: Dossier, notice: Notice, version: Version, rows: Sequence[Any]) -> int:
    at, rule = now(), cite("declared_conditions", dossier.on)
    counted = select(func.count()).select_from(CASES).where(CASES.c.parent_id == dossier.id)
    start = int(tx.core.execute(counted).scalar_one())
    judged = [judge(version.content, row.facts, dossier) for row in rows]
    newcomers = [
        Newcomer(
            f"{dossier.number}-{start + place:06}", notice.department, status, outcome | {"uscc": row.uscc}, (), rule
        )
        for place, (row, (status, outcome, _)) in enumerate(zip(rows, judged, strict=True), 1)
    ]
    ids = open_members(tx, bare_dossier(tx, dossier.id), "match", newcomers, at)
    blank: dict[str, Any] = {
        "requested": None,
        "level": 0,
        "corrections": 0,
        "figures": {},
        "wish": "",
        "stirred_at": None,
    }
    about: dict[str, Any] = {
        "notice_id": dossier.id,
        "version_id": version.id,
        "matter": version.content.matter,
        "channel": "matched",
        "received_at": at,
    }
    tx.core.execute(
        insert(APPLICATIONS),
        [
            {"case_id": case_id, "firm_id": row.id, "assessed": sum_} | about | blank
            for case_id, row, (_, _, sum_) in zip(ids, rows, judged, strict=True)
        ],
    )
    return start + len(rows)


def judge(content: PolicyContent, facts: Mapping[str, Any], dossier: Dossier) -> tuple[A, dict[str, Any], int | None]:
    """Return where a firm stands, with the reason for each condition, and what it would be granted in fen."""
    on = dossier.on
    found = match(facts, content.conditions, on)
    reasons = [line.text("zh") for line in found.reasons]
    if found.fits is False:
        return A.NOT_MATCHED, {"reasons": reasons}, None
    sum_ = assess(content.grant, facts, None, on)
    reasons += [line.text("zh") for line in sum_.working]
    if sum_.amount is None or sum_.amount <= 0:
        return A.NOT_MATCHED, {"reasons": reasons}, None
    outcome = {"reasons": reasons, "amount": f"{sum_.amount:.2f}"}
    return (A.MATCHED if found.fits else A.CHECKING), outcome, fen(sum_.amount)


@over_members(A.MATCHED, A.NOT_MATCHED, A.CHECKING, rule=rule_of("declared_conditions"))
def match_again(dossier: Dossier, members: list[Member]) -> Iterable[Moved]:
    """Hold the firms against the conditions once more, after the list was sent back to be mended."""
    moves = []
    with transaction() as tx:
        files, done = filed(tx, [member.id for member in members]), Outcomes(tx, dossier)
        for member in members:
            file = files[member.id]
            status, outcome, sum_ = judge(file.content, file.facts, dossier)
            if status != member.status or sum_ != file.assessed:
                done.set(member.id, assessed=sum_)
                moves.append(Moved(member, status, outcome, (), cite("declared_conditions", dossier.on)))
        done.write()
    return moves


@step(tells=(CENTRE,), rule=rule_of("declared_conditions"))
def match_firms(dossier: Dossier) -> Matches:
    """Record what matching came to (Art. 14)."""
    chosen = (
        select(CASES.c.status, func.count(), func.coalesce(func.sum(APPLICATIONS.c.assessed), 0))
        .join(APPLICATIONS, APPLICATIONS.c.case_id == CASES.c.id)
        .where(CASES.c.parent_id == dossier.id)
        .group_by(CASES.c.status)
    )
    with reading() as connection:
        found = {row[0]: (row[1], int(row[2])) for row in connection.execute(chosen)}
    none = (0, 0)
    return Matches(
        matched=found.get(A.MATCHED, none)[0],
        not_matched=found.get(A.NOT_MATCHED, none)[0],
        to_judge=found.get(A.CHECKING, none)[0],
        total=yuan(found.get(A.MATCHED, none)[1]),
    )


@over_members(A.MATCHED, rule=rule_of("offer_days"))
def offer_benefits(dossier: Dossier, members: list[Member]) -> Iterable[Moved]:
    """Send the payment notice to each firm on the list: it says whether it takes the benefit, and where it is paid."""
    with transaction() as tx:
        files, done = filed(tx, [member.id for member in members]), Outcomes(tx, dossier)
        new = [member for member in members if files[member.id].level < OFFERED]
        barred = duplications(tx, [files[member.id] for member in new], GRANTED)
        moves, told = [], []
        for member in new:
            file = files[member.id]
            if barred[member.id].outcome == "barred":
                reason = "；".join(line.text("zh") for line in barred[member.id].working)
                moves.append(
                    done.end(member, file, A.NOT_MATCHED, {}, cite("duplicate_subsidies", dossier.on), reason=reason)
                )
                continue
            done.set(member.id, level=OFFERED)
            told.append(member.id)
            amount = f"{yuan(file.assessed or 0):,.2f}"
            letter = [to_firm(member.number, "offered", dossier.subject, amount=amount)]
            moves.append(
                Moved(member, None, {"notice": "payment", "amount": amount}, letter, cite("offer_days", dossier.on))
            )
        start_clocks(tx, duty.offer(dossier.on), dict.fromkeys(told, 1), dict.fromkeys(told, done.at))
        done.write()
    return moves


@over_members(A.MATCHED, rule=rule_of("offer_days"))
def settle_offers(dossier: Dossier, members: list[Member]) -> Iterable[Moved]:
    """Take up who takes the benefit and who declines it; who says nothing until the last day is out (Art. 14)."""
    notice, at = notice_of(dossier.id), now()
    with transaction() as tx:
        ids = [member.id for member in members]
        files, due, done = filed(tx, ids), due_of(tx, ids, OFFER), Outcomes(tx, dossier)
        granted, moves, rule = [], [], cite("offer_days", dossier.on)
        taken = [file for file in files.values() if file.wish == ACCEPT and file.has_account]
        again = duplications(tx, taken, GRANTED)  # another notice may have granted the matter since the offer
        for member in members:
            file = files[member.id]
            if member.id in again:
                rest = again[member.id].rest(yuan(file.assessed or 0))
                if rest <= 0:
                    reason = "；".join(line.text("zh") for line in again[member.id].working)
                    article = cite("duplicate_subsidies", dossier.on)
                    moves.append(done.end(member, file, A.REFUSED, {}, article, reason=reason))
                    continue
                granted.append(Granted(member, file, {"account": True, "amount": str(rest)}, rest))
                done.set(member.id, wish="", stirred_at=None)
            elif file.wish == ACCEPT:  # its account has gone since: it must be told anew
                done.set(member.id, wish="", stirred_at=None)
            elif file.wish:
                reason = say("policy_redemption.declined", "zh")
                moves.append(done.end(member, file, A.OFFER_DECLINED, {}, rule, reason=reason))
            elif member.id in due and due[member.id] < at:
                reason = say("policy_redemption.not_taken", "zh", day=local_day(due[member.id]))
                moves.append(done.end(member, file, A.EXPIRED, {}, rule, reason=reason))
        meet_clocks(tx, OFFER, [one.member.id for one in granted])
        drop_clocks(tx, [move.member.id for move in moves], OFFER)
        moves += commit(done, notice.budget_id, granted)
        done.write()
    return moves
