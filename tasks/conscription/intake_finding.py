"""Sheets of findings and evidence: kept with the member, measurements sealed, each row once (Art. 13–16)."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import func, insert, select, update

from models.conscription.status import MemberStatus as M
from tasks.clock import now
from tasks.conscription.roll import EVIDENCE, FINDINGS, Roll
from tasks.intake import Refused
from tasks.journal import Page, lock
from tasks.roster import Accepted
from tasks.step import actor
from tasks.store import Transaction


class Check(NamedTuple):
    """How a sheet of findings is taken in: the statuses it may meet, who signs, on which day, and what is sealed."""

    kind: str
    statuses: frozenset[M]
    signer: str
    day: str
    kept: Callable[[Any], dict[str, Any] | None]
    moves: Callable[[Any], M | None]


def _measurements(row: Any) -> dict[str, Any]:
    return dict(row.model_dump(mode="json", exclude={"number", "identity", "name"}))


CHECKS: Final = {
    "precheck": Check(
        "precheck",
        frozenset({M.APPLIED_ONLINE, M.SITE_CONFIRMED}),
        "staff",
        "confirmed",
        _measurements,
        lambda row: M.PRECHECK_PASSED if row.verdict == "passed" else M.PRECHECK_FAILED,
    ),
    "medical": Check(
        "medical",
        frozenset({M.PRECHECK_PASSED, M.PHYSICAL_PASSED}),
        "chief",
        "examined",
        _measurements,
        lambda _row: None,
    ),
    "political": Check(
        "political",
        frozenset({M.PRECHECK_PASSED, M.PHYSICAL_PASSED}),
        "signer",
        "concluded",
        lambda _row: None,
        lambda _row: None,
    ),
    "training": Check(
        "training", frozenset({M.DOUBLE_QUALIFIED}), "staff", "ended", lambda row: {"days": row.days}, lambda _row: None
    ),
}


def take_findings(check: Check) -> Callable[[Transaction, int, Sequence[Accepted[Any]], date], Iterable[Refused]]:
    """Return the taker of one kind of finding."""

    def take(tx: Transaction, season_id: int, rows: Sequence[Accepted[Any]], day: date) -> Iterable[Refused]:  # noqa: ARG001 -- a taker
        lock(tx, season_id)
        roll, at = Roll(tx, season_id), now()
        page, kept = Page(tx, f"recorded-{check.kind}", 1, actor.get(), at), []
        # the digest knows its form; a second examination is of the same form as the first, and of another kind
        seen = {
            bytes(digest)
            for digest in tx.core.execute(
                select(FINDINGS.c.digest).where(FINDINGS.c.digest.in_([one.digest for one in rows]))
            ).scalars()
        }
        done: set[int] = set()
        for one in rows:
            found = roll.find(one.fact)
            if isinstance(found, str):
                yield Refused(one, "number" if one.fact.number else "identity", found, {})
                continue
            if one.digest in seen:
                continue
            if found.standing.id in done:
                yield Refused(one, "number" if one.fact.number else "identity", "intake.row_twice", {})
                continue
            if found.standing.status not in check.statuses:
                status = M(found.standing.status).text
                yield Refused(
                    one, "number" if one.fact.number else "identity", "intake.wrong_status", {"status": status}
                )
                continue
            done.add(found.standing.id)
            kind = "recheck" if check.kind == "medical" and found.standing.status == M.PHYSICAL_PASSED else check.kind
            turn = _turn(tx, found.standing.id, kind)
            content = check.kept(one.fact)
            kept.append(
                {
                    "case_id": found.standing.id,
                    "kind": kind,
                    "verdict": str(one.fact.verdict),
                    "signer": getattr(one.fact, check.signer),
                    "on_day": getattr(one.fact, check.day),
                    "digest": one.digest,
                    "at": at,
                    "content": None if content is None else json.dumps(content, ensure_ascii=False),
                }
            )
            each = Page(tx, f"recorded-{kind}", turn, actor.get(), at) if turn > 1 or kind != check.kind else page
            each.add(
                found.standing,
                check.moves(one.fact),
                {"verdict": str(one.fact.verdict), "signer": getattr(one.fact, check.signer)},
            )
            if each is not page:
                each.write()
        if kept:
            tx.core.execute(insert(FINDINGS), kept)
        page.write()

    return take


def _turn(tx: Transaction, case_id: int, kind: str) -> int:
    counted = select(func.count()).select_from(FINDINGS).where(FINDINGS.c.case_id == case_id, FINDINGS.c.kind == kind)
    return int(tx.core.execute(counted).scalar_one()) + 1


def take_evidence(tx: Transaction, season_id: int, rows: Sequence[Accepted[Any]], day: date) -> Iterable[Refused]:  # noqa: ARG001 -- a taker
    """Keep the evidence for the scorecard, the latest of each item."""
    lock(tx, season_id)
    roll = Roll(tx, season_id)
    for one in rows:
        found = roll.find(one.fact)
        if isinstance(found, str):
            yield Refused(one, "number" if one.fact.number else "identity", found, {})
            continue
        if M(found.standing.status) not in (M.DOUBLE_QUALIFIED, M.EDUCATED):
            yield Refused(one, "number", "intake.wrong_status", {"status": M(found.standing.status).text})
            continue
        this = (EVIDENCE.c.case_id == found.standing.id) & (EVIDENCE.c.item == one.fact.item)
        values = {
            "value": one.fact.value,
            "document": one.fact.evidence_number,
            "verified_by": one.fact.staff,
            "digest": one.digest,
        }
        if tx.core.execute(select(EVIDENCE.c.id).where(this)).first():
            tx.core.execute(update(EVIDENCE).where(this).values(**values))
        else:
            tx.core.execute(insert(EVIDENCE).values(case_id=found.standing.id, item=one.fact.item, **values))
