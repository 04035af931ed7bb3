"""Post results: each is a line of an append-only chain, written in the transaction of the step that made the result."""

import hashlib
import hmac
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Text, func, insert, select, type_coerce

from config.calendar import calendar
from config.messages import say
from models.column import canonical, key_ring, stamp
from models.policy_redemption.application import Application, Firm
from models.policy_redemption.policy import Policy, PolicyContent, PolicyVersion
from models.policy_redemption.publicity import (
    STATUS_OF,
    Publication,
    PublicResult,
    ResultKind,
    public_name,
    public_result,
)
from tasks.clock import local_day, now
from tasks.journal import CASES
from tasks.store import Prepared, Transaction, reading, table

PUBLICATIONS: Final = table(Publication)
POLICIES: Final = table(Policy)
VERSIONS: Final = table(PolicyVersion)
_APPLICATIONS: Final = table(Application)
_FIRMS: Final = table(Firm)
_CHUNK: Final = 1000
_WRITE: Final = Prepared(insert(PUBLICATIONS), *PUBLICATIONS.c.keys())


class Posting(NamedTuple):
    """A line to post: what it is about, and its record."""

    kind: ResultKind
    number: str
    case_id: int
    policy_id: int
    drill: bool
    record: PublicResult | Mapping[str, Any]


def post_result(
    tx: Transaction,
    kind: ResultKind,
    case_ids: Sequence[int],
    *,
    planned: Mapping[int, date] | None = None,
    posting: tuple[date, date] | None = None,
    results: Mapping[int, str] | None = None,
) -> int:
    """Post what became of applications, in the caller's transaction; return how many lines were written.

    What is not given stays as it was last posted: an approval brings the planned day and the days of its posting, and
    whatever comes later only its own word. The withdrawal of what was never posted is nobody's business and not posted.
    A result of a secret policy is recorded as exempt (Art. 16).

    Args:
        tx: the caller's transaction; the cases are locked in it.
        kind: why: approved, paid, refused_after_objection, withdrawn, recovered.
        case_ids: the applications.
        planned: day of the planned payment by case id; `planned_days` reckons it from the end of the posting.
        posting: first and last day of the posting.
        results: other words for the result, by case id.

    Raises:
        Refusal: one of the four fields or the complaint telephone is missing or wrong; then none is posted.
    """
    contents: dict[int, PolicyContent] = {}
    at, written = now(), 0
    for start in range(0, len(case_ids), _CHUNK):
        chunk = case_ids[start : start + _CHUNK]
        rows = _about(tx, chunk)
        _read_contents(tx, {row.version_id for row in rows}, contents)
        before = last_posted(tx, [row.number for row in rows])
        lines = []
        for row in rows:
            facts = _facts(kind, row, contents[row.version_id], before.get(row.number), local_day(at))
            if facts is None:
                continue
            if "exempt" not in facts:
                facts |= {"planned_on": planned[row.id]} if planned and row.id in planned else {}
                facts |= {"result": results[row.id]} if results and row.id in results else {}
                facts |= {"posted_from": posting[0], "posted_until": posting[1]} if posting else {}
                lines.append(_line(kind, row, public_result(facts, local_day(at))))
            else:
                lines.append(_line(ResultKind.EXEMPT, row, facts))
        write_lines(tx, lines, at)
        written += len(lines)
    return written


def _line(kind: ResultKind, row: Any, record: PublicResult | Mapping[str, Any]) -> Posting:
    return Posting(kind, row.number, row.id, row.policy_id, bool(row.drill), record)


def _about(tx: Transaction, case_ids: Sequence[int]) -> Sequence[Any]:
    """Return what is posted of applications, in the order of their ids; sealed columns stay sealed."""
    chosen = (
        select(CASES.c.id, CASES.c.number, CASES.c.drill, _APPLICATIONS.c.assessed, _APPLICATIONS.c.version_id)
        .add_columns(_FIRMS.c.name, _FIRMS.c.uscc, VERSIONS.c.policy_id, POLICIES.c.code, POLICIES.c.secret)
        .join(_APPLICATIONS, _APPLICATIONS.c.case_id == CASES.c.id)
        .join(_FIRMS, _FIRMS.c.id == _APPLICATIONS.c.firm_id)
        .join(VERSIONS, VERSIONS.c.id == _APPLICATIONS.c.version_id)
        .join(POLICIES, POLICIES.c.id == VERSIONS.c.policy_id)
        .where(CASES.c.id.in_(case_ids))
        .order_by(CASES.c.id)
    )
    return tx.core.execute(chosen).all()


def _read_contents(tx: Transaction, version_ids: Collection[int], contents: dict[int, PolicyContent]) -> None:
    unread = sorted(set(version_ids) - contents.keys())
    chosen = select(VERSIONS.c.id, VERSIONS.c.content).where(VERSIONS.c.id.in_(unread))
    for row in tx.core.execute(chosen).all() if unread else ():
        contents[row.id] = PolicyContent.model_validate(row.content)


def _facts(
    kind: ResultKind, row: Any, content: PolicyContent, before: Mapping[str, Any] | None, on: date
) -> dict[str, Any] | None:
    if row.secret or content.secret:
        return {"exempt": "secret", "kind": kind.value, "on": on}
    if kind is ResultKind.WITHDRAWN and before is None:
        return None
    name, masked = public_name(row.name, row.uscc, on)
    amount = "" if row.assessed is None else f"{row.assessed // 100}.{row.assessed % 100:02}"
    fresh = {
        "number": row.number,
        "code": row.code,
        "policy": content.title,
        "department": content.department,
        "enterprise": name,
        "uscc": "" if masked else row.uscc,
        "result": result_text(kind, amount),
        "amount": amount,
        "status": STATUS_OF[kind],
        "complaint_telephone": content.complaint_telephone,
        "on": on,
    }
    kept = ("planned_on", "posted_from", "posted_until")
    return {name: before[name] for name in kept if before and name in before} | fresh


def result_text(kind: ResultKind, amount: str) -> str:
    """Return the words of a result in Chinese; empty where a sum is needed and missing."""
    if not amount and kind in (ResultKind.APPROVED, ResultKind.PAID, ResultKind.RECOVERED):
        return ""
    whole, _, cents = amount.partition(".")
    return say(f"publicity.result_{kind.value}", "zh", amount=f"{int(whole or 0):,}.{cents}")


def planned_days(tx: Transaction, case_ids: Sequence[int], until: date) -> dict[int, date]:
    """Return the planned day of payment by case id: the payment days (working days) after the last day of posting."""
    contents: dict[int, PolicyContent] = {}
    found: dict[int, date] = {}
    for start in range(0, len(case_ids), _CHUNK):
        rows = _about(tx, case_ids[start : start + _CHUNK])
        _read_contents(tx, {row.version_id for row in rows}, contents)
        for row in rows:
            found[row.id] = calendar().add_working_days(until, contents[row.version_id].payment_days).day
    return found


def last_posted(tx: Transaction, numbers: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Return what was last posted of results, by their number."""
    last = select(func.max(PUBLICATIONS.c.id)).where(PUBLICATIONS.c.number.in_(numbers)).group_by(PUBLICATIONS.c.number)
    chosen = select(PUBLICATIONS.c.number, PUBLICATIONS.c.record).where(PUBLICATIONS.c.id.in_(last))
    return {row.number: row.record for row in tx.core.execute(chosen)}


def write_lines(tx: Transaction, lines: Iterable[Posting], at: datetime) -> None:
    """Append lines to the chain; who else posts waits until this transaction has ended."""
    if tx.dialect != "sqlite":  # SQLite has one writer
        tx.driver.execute("LOCK TABLE publications IN EXCLUSIVE MODE")
    newest = select(PUBLICATIONS.c.id, PUBLICATIONS.c.hash).order_by(PUBLICATIONS.c.id.desc()).limit(1)
    row = tx.core.execute(newest).one_or_none()
    number, head = (int(row.id), bytes(row.hash)) if row else (0, b"")
    rows = []
    for one in lines:
        number += 1
        fields = (number, one.kind.value, one.number, one.case_id, one.policy_id, one.drill, canonical(one.record))
        head = _link(head, fields, stamp(at))
        rows.append((*fields, stamp(at), head))
    tx.insert_many(_WRITE, rows)


def _link(head: bytes, fields: Sequence[Any], at: str) -> bytes:
    body = "\x1f".join((*(str(int(one) if isinstance(one, bool) else one) for one in fields), at))
    return hmac.new(key_ring().chain, head + body.encode(), hashlib.sha256).digest()


class BrokenLine(NamedTuple):
    """The first line of the publicity module that does not fit its chain."""

    id: int
    number: str


def verify_publications() -> BrokenLine | None:
    """Recompute the chain of everything posted; return the first line that does not fit."""
    head = b""
    for number, row in enumerate(_lines_as_written(), 1):
        fields = (number, row.kind, row.number, row.case_id, row.policy_id, bool(row.drill), row.record)
        head = _link(head, fields, row.at if isinstance(row.at, str) else stamp(row.at))
        if row.id != number or not hmac.compare_digest(head, bytes(row.hash)):
            return BrokenLine(row.id, row.number)
    return None


def _lines_as_written() -> Iterator[Any]:
    as_text = [type_coerce(one, Text).label("record") if one.name == "record" else one for one in PUBLICATIONS.c]
    with reading() as connection:
        yield from connection.execute(select(*as_text).order_by(PUBLICATIONS.c.id)).yield_per(2000)
