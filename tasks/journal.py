"""The journal: one hash-chained, append-only line for each step of a case, written with what the step did."""

import hmac
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from hashlib import sha256
from typing import Any, Final, NamedTuple

from sqlalchemy import ARRAY, Integer, LargeBinary, Table, Text, bindparam, func, insert, select, type_coerce, update

from config.channels import FIRST_OUT, withheld
from config.messages import Refusal
from models.case import Case, Entry, Notice
from models.column import canonical, key_ring, stamp
from tasks.store import Prepared, Transaction, reading, table

CASES: Final = table(Case)
ENTRIES: Final = table(Entry)
NOTICES: Final = table(Notice)
WITHHELD: Final = "drill_withheld"
"""The line of a drill that names whom it would have told, were it real; also the channel of such a telling."""
_SEPARATOR: Final = "\x1f"
_BLOCK_BYTES: Final = 64

LOCK_CASE: Final = Prepared(
    select(CASES.c.number, CASES.c.status, CASES.c.seq, CASES.c.head, CASES.c.version, CASES.c.drill)
    .where(CASES.c.id == bindparam("id"))
    .with_for_update(),
    "id",
)
FIND_ENTRY: Final = Prepared(
    select(ENTRIES.c.outcome).where(
        ENTRIES.c.case_id == bindparam("case_id"),
        ENTRIES.c.step == bindparam("step"),
        ENTRIES.c.turn == bindparam("turn"),
    ),
    "case_id",
    "step",
    "turn",
)
_NOW: Final = CASES.alias("stood")
LOCK_AND_FIND: Final = Prepared(
    select(
        *(CASES.c[name] for name in ("id", "number", "status", "seq", "head", "version", "drill")),
        select(ENTRIES.c.outcome)
        .where(
            ENTRIES.c.case_id == CASES.c.id, ENTRIES.c.step == bindparam("step"), ENTRIES.c.turn == bindparam("turn")
        )
        .scalar_subquery(),
        select(_NOW.c.seq).where(_NOW.c.id == CASES.c.id).scalar_subquery(),
    )
    .where(CASES.c.id == bindparam("of"))
    .with_for_update(of=CASES),
    "step",
    "turn",
    "of",
)
_ENTRY_FIELDS: Final = ("case_id", "seq", "step", "turn", "actor", "before", "after", "outcome", "rule", "at", "hash")
_AS_WRITTEN: Final = ("outcome", "at", "hash")
WRITE_ENTRY: Final = Prepared(insert(ENTRIES), *_ENTRY_FIELDS)
MOVE_CASE: Final = Prepared(
    update(CASES)
    .where(CASES.c.id == bindparam("of"))
    .values(status=bindparam("status"), version=bindparam("version"), seq=bindparam("seq"), head=bindparam("head")),
    "status",
    "version",
    "seq",
    "head",
    "of",
)
_MOVED: Final = (
    func.unnest(
        bindparam("status", type_=ARRAY(Text)),
        bindparam("version", type_=ARRAY(Integer)),
        bindparam("seq", type_=ARRAY(Integer)),
        bindparam("head", type_=ARRAY(LargeBinary)),
        bindparam("of", type_=ARRAY(Integer)),
    )
    .table_valued("status", "version", "seq", "head", "of")
    .render_derived()
)
MOVE_CASES: Final = Prepared(
    update(CASES)
    .where(CASES.c.id == _MOVED.c.of)
    .values(status=_MOVED.c.status, version=_MOVED.c.version, seq=_MOVED.c.seq, head=_MOVED.c.head),
    *("status", "version", "seq", "head", "of"),
)
"""Many moves at once, on PostgreSQL."""
_OPEN_CASE: Final = Prepared(
    insert(CASES),
    *("id", "number", "process", "subject", "parent_id", "unit", "status"),
    *("on_day", "drill", "version", "seq", "head", "opened_at"),
)
_NOTICE_FIELDS: Final = (
    *("key", "case_id", "number", "recipient", "channel", "template", "urgent", "facts"),
    *("status", "attempts", "next_at", "lease", "error", "created_at"),
)
WRITE_NOTICE: Final = Prepared(insert(NOTICES), *_NOTICE_FIELDS)


class Standing(NamedTuple):
    """Where a locked case stands: what the next entry continues."""

    id: int
    number: str
    status: str
    seq: int
    head: bytes
    version: int
    drill: bool


class Telling(NamedTuple):
    """One notice to queue with a step: recipient, channel, template and facts without personal data."""

    recipient: str
    channel: str
    template: str
    facts: dict[str, Any]


def lock_or_recall(tx: Transaction, case_id: int, step: str, turn: int) -> tuple[Standing, str | None]:
    """Lock a case and return where it stands, with the outcome (as stored) of a step that already happened."""
    row = tx.run(LOCK_AND_FIND, step, turn, case_id).fetchone()
    case, outcome, seq_seen = Standing._make(row[:7]), row[7], row[8]
    if outcome is None and case.seq != seq_seen:
        # PostgreSQL waited for another run, and looked into the journal before it began to wait: look again
        found = tx.run(FIND_ENTRY, case_id, step, turn).fetchone()
        outcome = found[0] if found else None
    return case, outcome


Line = tuple[Sequence[Any], str | None, Any, str, Iterable[Telling]]
"""A case (a row in the order of `Standing`), its new status, outcome, rule, and whom to tell."""


def lock(tx: Transaction, case_id: int) -> Standing:
    """Lock a case until the transaction ends and return where it stands."""
    row = tx.run(LOCK_CASE, case_id).fetchone()
    number, status, seq, head, version, drill = row
    return Standing(case_id, number, status, seq, bytes(head), version, bool(drill))


def take_ids(tx: Transaction, count: int, of: Table = CASES) -> list[int]:
    """Return ids for rows to insert, which nobody else will have: SQLite has one writer, PostgreSQL a sequence."""
    if tx.dialect == "sqlite":
        last = tx.driver.execute(f"SELECT coalesce(max(id), 0) FROM {of.name}").fetchone()[0]  # noqa: S608 -- ours
        return list(range(last + 1, last + count + 1))
    taken = f"SELECT nextval(pg_get_serial_sequence('{of.name}', 'id')) FROM generate_series(1, %s)"  # noqa: S608 -- ours
    return [row[0] for row in tx.driver.execute(taken, (count,)).fetchall()]


def link(
    head: bytes,
    *,
    case_id: int,
    seq: int,
    step: str,
    turn: int,
    actor: str,
    before: str,
    after: str,
    outcome: str,
    rule: str,
    at: str,
) -> bytes:
    """Return the hash of an entry: HMAC-SHA-256 over the previous hash and every field."""
    inner, outer = (state.copy() for state in _keyed(key_ring().chain))
    line = _SEPARATOR.join((str(case_id), str(seq), step, str(turn), actor, before, after, rule, at, outcome))
    inner.update(head + line.encode())
    outer.update(inner.digest())
    digest: bytes = outer.digest()
    return digest


@lru_cache(maxsize=2)
def _keyed(key: bytes) -> tuple[Any, Any]:
    """Return the two SHA-256 states that a key makes of every HMAC (RFC 2104): hashed once, not once an entry."""
    padded = (key if len(key) <= _BLOCK_BYTES else sha256(key).digest()).ljust(_BLOCK_BYTES, b"\0")
    return sha256(bytes(byte ^ 0x36 for byte in padded)), sha256(bytes(byte ^ 0x5C for byte in padded))


class Page:
    """Entries, case moves and notices collected for one transaction and written in three statements."""

    def __init__(self, tx: Transaction, step: str, turn: int, actor: str, at: datetime) -> None:
        self._tx, self._step, self._turn, self._actor, self._at = tx, step, turn, actor, stamp(at)
        self.entries: list[tuple[Any, ...]] = []
        self.moves: list[tuple[Any, ...]] = []
        self.notices: list[tuple[Any, ...]] = []
        self._told = f"{step}|{turn}|"
        self._facts: dict[str, Any] | None = None
        self._facts_then: dict[str, Any] = {}
        self._facts_text = ""

    def add(
        self,
        case: Standing,
        after: str | None,
        outcome: Any,
        rule: str = "",
        tellings: Iterable[Telling] = (),
        *,
        substance: bool = True,
    ) -> Standing:
        """Add one case's line: its new status (None keeps it), outcome and rule, and the notices that go with it.

        A line of substance raises the case's version, so that an answer to an older one is refused. Returns where the
        case stands with it: what a further line in the same transaction continues.
        """
        self.add_all(((case, after, outcome, rule, tellings),), substance=substance)
        status, version, seq, head, _ = self.moves[-1]
        return Standing(case.id, case.number, status, seq, head, version, case.drill)

    def add_all(self, lines: Iterable[Line], *, substance: bool = True) -> None:
        """Add the lines of many cases; each case as a row in the order of `Standing`."""
        at, moves, raised = self._at, self.moves, 1 if substance else 0
        inner, outer = _keyed(key_ring().chain)
        here = f"{_SEPARATOR}{self._step}{_SEPARATOR}{self._turn}{_SEPARATOR}{self._actor}{_SEPARATOR}"
        for case, after, outcome, rule, tellings in lines:
            case_id, before, seq = case[0], case[2], case[3] + 1
            status = before if after is None else after
            text = canonical(outcome)
            # as `link` does it, without its call and its copies: this is the hottest line of the program
            body, whole = inner.copy(), outer.copy()
            body.update(case[4] + f"{case_id}\x1f{seq}{here}{before}\x1f{status}\x1f{rule}\x1f{at}\x1f{text}".encode())
            whole.update(body.digest())
            digest = whole.digest()
            self.entries.append(
                (case_id, seq, self._step, self._turn, self._actor, before, status, text, rule, at, digest)
            )
            moves.append((status, case[5] + raised, seq, digest, case_id))
            if tellings:
                told = self._withhold(case_id, seq, tellings) if case[6] else tellings
                self._tell(case_id, case[1].startswith(FIRST_OUT), seq, told)

    def _withhold(self, case_id: int, seq: int, tellings: Iterable[Telling]) -> list[Telling]:
        """Return what a drill may tell; the others get nothing, and a line of the journal says so."""
        told: list[Telling] = []
        kept: dict[str, None] = {}
        for one in tellings:
            if one.channel == WITHHELD or withheld(one.recipient):
                kept[one.recipient] = None
            else:
                told.append(one)
        if kept:
            status, version, _, head, _ = self.moves[-1]
            outcome = canonical({"step": self._step, "to": list(kept)})
            line = (WITHHELD, seq + 1, self._actor, status, status, outcome, "", self._at)
            digest = link(head, case_id=case_id, seq=seq + 1, **dict(zip(_ENTRY_FIELDS[2:-1], line, strict=True)))
            self.entries.append((case_id, seq + 1, *line, digest))
            self.moves[-1] = (status, version, seq + 1, digest, case_id)
        return told

    def _tell(self, case_id: int, urgent: bool, seq: int, tellings: Iterable[Telling]) -> None:
        # the case comes first, so that the keys of one set lie together in the index: a tenth of the pages to write
        at, place = self._at, case_id.to_bytes(6, "big")
        for recipient, channel, template, facts in tellings:
            name = f"{self._told}{recipient}|{channel}|{template}"
            if facts is not self._facts or facts != self._facts_then:
                self._facts, self._facts_then, self._facts_text = facts, dict(facts), canonical(facts)
            key = place + sha256(name.encode()).digest()[:10]
            told = key, case_id, seq, recipient, channel, template, urgent, self._facts_text
            self.notices.append((*told, "pending", 0, at, "", "", at))

    def open_cases(self, facts: Iterable[tuple[str, str, str, int | None, str, str, bool]]) -> None:
        """Write the cases of this page as their first lines leave them: written once, not opened, read back and moved.

        Args:
            facts: number, process, subject, parent, unit, day (ISO) and drill flag of each, in the order of the lines.
        """
        moves, self.moves = self.moves, []
        rows = [
            (case_id, *one[:5], status, *one[5:], version, seq, head, self._at)
            for one, (status, version, seq, head, case_id) in zip(facts, moves, strict=True)
        ]
        self._tx.insert_many(_OPEN_CASE, rows)

    def write(self) -> None:
        """Write everything that was added."""
        write_pages(self._tx, (self,))


def write_pages(tx: Transaction, pages: Iterable[Page]) -> None:
    """Write several pages of one transaction at once; where a case stands in more than one, its last line counts."""
    entries: list[tuple[Any, ...]] = []
    notices: list[tuple[Any, ...]] = []
    moves: dict[int, tuple[Any, ...]] = {}
    for page in pages:
        more = page.entries, page.moves, page.notices
        entries += more[0]
        notices += more[2]
        for move in more[1]:
            known = moves.get(move[-1])
            if known is None or known[2] < move[2]:
                moves[move[-1]] = move
    if len(moves) == 1:
        tx.written.update(moves)
        if tx.dialect != "sqlite" and len(entries) == len(notices) == 1:
            tx.driver.execute(_one_line(), (*entries[0], *notices[0], *moves.popitem()[1]))
            return
    tx.insert_many(WRITE_ENTRY, entries)
    if tx.dialect != "sqlite" and len(moves) > 1:
        tx.run(MOVE_CASES, *map(list, zip(*moves.values(), strict=True)))
    else:
        tx.run_many(MOVE_CASE, list(moves.values()))
    tx.insert_many(WRITE_NOTICE, notices)


@cache
def _one_line() -> str:
    """Return PostgreSQL's one statement for a line with one notice: one way to the server and back, not three."""
    line, told, move = (one.sql("postgresql") for one in (WRITE_ENTRY, WRITE_NOTICE, MOVE_CASE))
    return f"WITH line AS ({line}), told AS ({told}) {move}"


def write_entry(
    tx: Transaction,
    case: Standing,
    step: str,
    turn: int,
    *,
    actor: str,
    at: datetime,
    after: str | None = None,
    outcome: Any = None,
    rule: str = "",
    tellings: Sequence[Telling] = (),
    substance: bool = True,
) -> None:
    """Write one case's line in one transaction."""
    page = Page(tx, step, turn, actor, at)
    page.add(case, after, outcome, rule, tellings, substance=substance)
    page.write()


@dataclass(frozen=True)
class BrokenEntry:
    """The first entry of a case that does not fit its chain."""

    case: str
    seq: int
    step: str
    why: str


def verify() -> Iterator[BrokenEntry]:
    """Recompute every chain; yield the first entry of each case that does not fit, and chains cut short."""
    with reading() as connection:
        heads = select(CASES.c.id, CASES.c.number, CASES.c.seq, CASES.c.head, CASES.c.status)
        cases = {row.id: row for row in connection.execute(heads)}
        # as they stand: two texts may mean one value, and what was damaged may mean none
        written = [type_coerce(column, Text) if column.name in _AS_WRITTEN else column for column in ENTRIES.c]
        lines = connection.execute(select(*written).order_by(ENTRIES.c.case_id, ENTRIES.c.seq)).yield_per(2000)
        seen: dict[int, tuple[int, bytes, str]] = {}
        broken: set[int] = set()
        for line in lines:
            if line.case_id in broken:
                continue
            seq, head, _ = seen.get(line.case_id, (0, b"", ""))
            expected = link(
                head,
                case_id=line.case_id,
                seq=line.seq,
                step=line.step,
                turn=line.turn,
                actor=line.actor,
                before=line.before,
                after=line.after,
                outcome=line.outcome,
                rule=line.rule,
                at=line.at if isinstance(line.at, str) else stamp(line.at),
            )
            found = line.hash.encode() if isinstance(line.hash, str) else bytes(line.hash)
            if line.seq != seq + 1 or not hmac.compare_digest(expected, found):
                broken.add(line.case_id)
                number = cases[line.case_id].number if line.case_id in cases else str(line.case_id)
                yield BrokenEntry(number, line.seq, line.step, "gap" if line.seq != seq + 1 else "altered")
            seen[line.case_id] = (line.seq, found, line.after)
        for case_id, case in cases.items():
            seq, head, status = seen.get(case_id, (0, b"", ""))
            if case_id not in broken and (seq, head) != (case.seq, bytes(case.head)):
                yield BrokenEntry(case.number, case.seq, "", "tail")
            elif case_id not in broken and status != case.status:  # the case says other than its journal
                yield BrokenEntry(case.number, case.seq, "", "status")


def case_id_of(number: str) -> int:
    """Return the id of a case by its number; raises Refusal where there is none."""
    with reading() as connection:
        found = connection.execute(select(CASES.c.id).where(CASES.c.number == number)).scalar_one_or_none()
    if found is None:
        raise Refusal("kernel.no_such_case", number=number)
    return int(found)
