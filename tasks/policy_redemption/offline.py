"""Results of benefits that were handled offline, from their sheet into the publicity module (Art. 16)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import select

from config.messages import Refusal
from models.column import canonical, key_ring
from models.policy_redemption.policy import PolicyContent
from models.policy_redemption.publicity import PublicStatus, ResultKind, public_name, public_result
from models.roster.publicity import OfflineResultRow, OfflineStatus
from tasks.clock import now
from tasks.intake import Refused, Taker
from tasks.journal import lock
from tasks.policy_redemption.publicity import POLICIES, VERSIONS, Posting, last_posted, result_text, write_lines
from tasks.roster import Accepted
from tasks.store import Transaction

_WORDS: Final = {OfflineStatus.POSTED: ResultKind.APPROVED, OfflineStatus.PAID: ResultKind.PAID}


def _contents(tx: Transaction, codes: set[str]) -> dict[str, list[Any]]:
    """Return the versions of policies by their code, the newest first."""
    chosen = (
        select(POLICIES.c.code, POLICIES.c.secret, VERSIONS.c.policy_id, VERSIONS.c.since, VERSIONS.c.content)
        .join(VERSIONS, VERSIONS.c.policy_id == POLICIES.c.id)
        .where(POLICIES.c.code.in_(codes))
        .order_by(POLICIES.c.code, VERSIONS.c.number.desc())
    )
    found: dict[str, list[Any]] = {}
    for row in tx.core.execute(chosen):
        found.setdefault(row.code, []).append(row)
    return found


def take_offline_results(tx: Transaction, case_id: int, rows: Sequence[Accepted[Any]], day: date) -> Iterable[Refused]:
    """Post the results of a sheet; a row that says what is posted already changes nothing."""
    case = lock(tx, case_id)
    versions = _contents(tx, {one.fact.code for one in rows})
    before = last_posted(tx, [_number(one.fact) for one in rows])
    lines = []
    for one in rows:
        in_force = [row for row in versions.get(one.fact.code, ()) if row.since <= one.fact.decided]
        if not in_force:
            yield Refused(one, "code", "publicity.no_such_policy", {"on": one.fact.decided.isoformat()})
            continue
        try:
            record = _record(one.fact, in_force[0], day)
        except Refusal as refusal:  # what the policy's own text lacks, its department has to mend
            yield Refused(one, "code", refusal.key, refusal.facts)
            continue
        kind = ResultKind.EXEMPT if "exempt" in record else ResultKind.OFFLINE
        if canonical(record) != canonical(before.get(_number(one.fact))):
            lines.append(Posting(kind, _number(one.fact), case.id, in_force[0].policy_id, case.drill, record))
    write_lines(tx, lines, now())


def _number(row: OfflineResultRow) -> str:
    """Return the public number of an offline result: keyed, so that nobody finds a masked firm by trying codes."""
    return f"XX-{row.code}-{key_ring().index('|'.join(row.key())).hex()[:12].upper()}"


def _record(row: OfflineResultRow, version: Any, on: date) -> Mapping[str, Any]:
    content = PolicyContent.model_validate(version.content)
    if version.secret or content.secret:
        return {"exempt": "secret", "kind": ResultKind.OFFLINE.value, "on": row.decided}
    name, masked = public_name(row.name, row.uscc, on)
    amount = "" if row.amount is None else f"{row.amount:.2f}"
    facts = {
        "number": _number(row),
        "code": row.code,
        "policy": content.title,
        "department": content.department,
        "enterprise": name,
        "uscc": "" if masked else row.uscc,
        "planned_on": row.planned,
        "result": row.result or result_text(_WORDS[row.status], amount),
        "amount": amount,
        "status": PublicStatus(row.status.value),
        "channel": "offline",
        "complaint_telephone": row.telephone or content.complaint_telephone,
        "on": row.decided,
    }
    return public_result(facts, on).model_dump(mode="json")


TAKERS: Final[Mapping[str, Taker]] = {"offline_result": take_offline_results}
