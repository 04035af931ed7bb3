"""The ledger of a department's budget: double entry, and never a fen beyond what finance approved (Art. 8).

Every function works inside the caller's transaction, which holds the locks of the cases it names. It locks the accounts
of the budget until that transaction ends, so that whoever else spends from it waits; the database refuses a balance
below nothing besides.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from sqlalchemy import ARRAY, BigInteger, ColumnElement, bindparam, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from config.fact import Fact
from config.messages import Refusal
from config.offices import office
from models.column import stamp
from models.policy_redemption.application import Redemption
from models.policy_redemption.money import AccountKind, Budget, LedgerAccount, LedgerClaim, Posting, Verb, yuan
from tasks.clock import now
from tasks.journal import CASES
from tasks.store import Prepared, Transaction, reading, table, transaction
from tasks.wait import count_nudge

BUDGETS: Final = table(Budget)
ACCOUNTS: Final = table(LedgerAccount)
CLAIMS: Final = table(LedgerClaim)
POSTINGS: Final = table(Posting)
NOTICES: Final = table(Redemption)
AT_ONCE: Final = 1000
HELD: Final = (AccountKind.COMMITTED, AccountKind.PAYING, AccountKind.PAID, AccountKind.RECOVERED)
"""The accounts under which each application's part is kept as well."""
_POST: Final = Prepared(
    insert(POSTINGS), "budget_id", "case_id", "verb", "debit_id", "credit_id", "amount", "reference", "at"
)
_ADD_CLAIM: Final = Prepared(insert(CLAIMS), "case_id", "budget_id", "committed", "paying", "paid", "recovered")
_MOVE_CLAIM: Final = Prepared(
    update(CLAIMS)
    .where(CLAIMS.c.case_id == bindparam("of"))
    .values(
        budget_id=bindparam("budget"), **{kind.value: CLAIMS.c[kind.value] + bindparam(f"d_{kind}") for kind in HELD}
    ),
    *("budget", *(f"d_{kind}" for kind in HELD), "of"),
)
_PARTS: Final = ("budget", *(f"d_{kind}" for kind in HELD), "of")
_MOVED: Final = (
    func.unnest(*(bindparam(name, type_=ARRAY(BigInteger)) for name in _PARTS)).table_valued(*_PARTS).render_derived()
)
_MOVE_CLAIMS: Final = Prepared(
    update(CLAIMS)
    .where(CLAIMS.c.case_id == _MOVED.c.of)
    .values(budget_id=_MOVED.c.budget, **{kind.value: CLAIMS.c[kind.value] + _MOVED.c[f"d_{kind}"] for kind in HELD}),
    *_PARTS,
)
"""Many claims at once, on PostgreSQL."""
_MOVE_ACCOUNT: Final = Prepared(
    update(ACCOUNTS).where(ACCOUNTS.c.id == bindparam("of")).values(balance=ACCOUNTS.c.balance + bindparam("delta")),
    "delta",
    "of",
)


class Balances(Fact):
    """What a budget comes to, in yuan: approved = available + committed + paying + paid + recovered."""

    approved: Decimal
    available: Decimal
    committed: Decimal
    paying: Decimal
    paid: Decimal
    recovered: Decimal


class Held(NamedTuple):
    """What one application has of a budget, in fen."""

    budget_id: int
    committed: int = 0
    paying: int = 0
    paid: int = 0
    recovered: int = 0

    @property
    def taken(self) -> int:
        """Everything that is no longer available for others because of it."""
        return self.committed + self.paying + self.paid


def _in_parts(case_ids: Iterable[int]) -> Iterator[list[int]]:
    """Yield ids in as many at once as a statement takes on both databases."""
    ids = list(dict.fromkeys(case_ids))
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]


class _Book:
    """The accounts of budgets, locked until the transaction ends, and what is to be written to them."""

    def __init__(self, tx: Transaction, budget_ids: Iterable[int]) -> None:
        chosen = select(ACCOUNTS.c.id, ACCOUNTS.c.budget_id, ACCOUNTS.c.kind, ACCOUNTS.c.balance)
        chosen = chosen.where(ACCOUNTS.c.budget_id.in_(sorted(set(budget_ids)))).order_by(ACCOUNTS.c.id)
        rows = tx.core.execute(chosen.with_for_update()).all()  # in the order of their ids: nobody waits in a ring
        self._tx, self._at = tx, stamp(now())
        self._ids = {(row.budget_id, row.kind): row.id for row in rows}
        self._balances = {(row.budget_id, row.kind): row.balance for row in rows}
        self._deltas: dict[int, int] = {}
        self._postings: list[tuple[Any, ...]] = []
        self._claims: dict[int, dict[str, int]] = {}
        self._budget_of: dict[int, int] = {}
        self.known: dict[int, Held] = {}

    def available(self, budget_id: int) -> int:
        """Return what may still be committed, in fen."""
        return int(self._balances[budget_id, AccountKind.AVAILABLE])

    def held(self, case_ids: Iterable[int]) -> Mapping[int, Held]:
        """Return what the applications have, as it stands under the lock."""
        for some in _in_parts(case_ids):
            rows = self._tx.core.execute(select(CLAIMS).where(CLAIMS.c.case_id.in_(some)))
            self.known |= {
                row.case_id: Held(row.budget_id, row.committed, row.paying, row.paid, row.recovered) for row in rows
            }
        return self.known

    def post(self, verb: Verb, budget_id: int, case_id: int, amount: int, reference: str = "") -> None:
        """Debit one account and credit another by a sum of fen."""
        debit, credit = (budget_id, verb.debits), (budget_id, verb.credits)
        sides = self._ids[debit], self._ids[credit]
        self._postings.append((budget_id, case_id, verb.value, *sides, amount, reference, self._at))
        for place, side, sign in ((debit, sides[0], 1), (credit, sides[1], -1)):
            self._balances[place] += sign * amount
            self._deltas[side] = self._deltas.get(side, 0) + sign * amount
            if place[1] in HELD:
                mine = self._claims.setdefault(case_id, dict.fromkeys(HELD, 0))
                mine[place[1]] += sign * amount
                self._budget_of[case_id] = budget_id

    def write(self) -> None:
        """Write everything that was posted: lines, balances, and each application's part."""
        self._tx.insert_many(_POST, self._postings)
        fresh = [
            (case_id, self._budget_of[case_id], *parts.values())
            for case_id, parts in self._claims.items()
            if case_id not in self.known
        ]
        self._tx.insert_many(_ADD_CLAIM, fresh)
        moved = [
            (self._budget_of[case_id], *parts.values(), case_id)
            for case_id, parts in self._claims.items()
            if case_id in self.known
        ]
        if self._tx.dialect != "sqlite" and len(moved) > 1:
            self._tx.run(_MOVE_CLAIMS, *map(list, zip(*moved, strict=True)))
        else:
            self._tx.run_many(_MOVE_CLAIM, moved)
        self._tx.run_many(_MOVE_ACCOUNT, [(delta, side) for side, delta in self._deltas.items() if delta])


def budget_of(department: str, year: int) -> int:
    """Return the id of a department's budget of a year.

    Raises:
        Refusal: finance has approved none.
    """
    chosen = select(BUDGETS.c.id).where(BUDGETS.c.department == department, BUDGETS.c.year == year)
    with reading() as connection:
        found = connection.execute(chosen).scalar_one_or_none()
    if found is None:
        raise Refusal("policy_money.no_budget", department=office(department).title, year=year)
    return int(found)


def approve(
    tx: Transaction, *, department: str, year: int, approved: int, target: str, document: str, case_id: int
) -> int:
    """Make a sum of fen the budget of a department and year, the first time or by amendment; return the sum before.

    Raises:
        Refusal: less than what is committed and paid already.
    """
    said = {"target": target, "document": document, "case_id": case_id, "approved_at": now()}
    make = sqlite.insert if tx.dialect == "sqlite" else postgresql.insert
    fresh = make(BUDGETS).values(department=department, year=year, approved=0, **said)
    tx.core.execute(fresh.on_conflict_do_nothing(index_elements=["department", "year"]))
    this = (BUDGETS.c.department == department) & (BUDGETS.c.year == year)
    # no key update: a posting that another transaction writes under the accounts' lock refers to this row
    locked = select(BUDGETS.c.id, BUDGETS.c.approved).where(this).with_for_update(key_share=True)
    row = tx.core.execute(locked).one()
    if not tx.core.execute(select(ACCOUNTS.c.id).where(ACCOUNTS.c.budget_id == row.id).limit(1)).first():
        tx.core.execute(
            insert(ACCOUNTS), [{"budget_id": row.id, "kind": kind.value, "balance": 0} for kind in AccountKind]
        )
    book = _Book(tx, [row.id])
    change = approved - row.approved
    if change + book.available(row.id) < 0:
        bound = yuan(row.approved - book.available(row.id))
        raise Refusal("policy_money.below_committed", amount=f"{yuan(approved):,.2f}", committed=f"{bound:,.2f}")
    if change:
        book.post(Verb.APPROVE if change > 0 else Verb.LOWER, row.id, case_id, abs(change), document)
        book.write()
    tx.core.execute(update(BUDGETS).where(this).values(approved=approved, **said))
    return int(row.approved)


def commit_many(tx: Transaction, budget_id: int, claims: Sequence[tuple[int, int]]) -> list[bool]:
    """Commit sums of fen to applications, in their order; False where the budget does not reach.

    A commitment that stands already is brought to the sum given: to say the same twice changes nothing.

    Raises:
        Refusal: a sum is not above nothing, or the application has money of another budget or more than that already.
    """
    book = _Book(tx, [budget_id])
    held = dict(book.held(case_id for case_id, _ in claims))
    results = []
    for case_id, amount in claims:
        had = held.get(case_id, Held(budget_id))
        if had.budget_id != budget_id and (had.taken or had.recovered):
            raise Refusal("policy_money.committed_elsewhere", case=case_id)
        need = amount - had.taken
        if amount <= 0 or need + had.committed < 0:
            raise Refusal("policy_money.sum_impossible", amount=yuan(amount))
        fits = need <= book.available(budget_id)
        if fits and need:
            book.post(Verb.COMMIT if need > 0 else Verb.RELEASE, budget_id, case_id, abs(need))
            held[case_id] = had._replace(budget_id=budget_id, committed=had.committed + need)
        results.append(fits)
    book.write()
    return results


def _move(
    tx: Transaction, verb: Verb, sums: Mapping[int, int | None], references: Mapping[int, str] | str = ""
) -> dict[int, int]:
    """Post one verb for each application: the sum given, or all that stands on the side it is taken from."""
    if not sums:
        return {}
    while True:
        before = _budgets_of(tx, sums)
        book = _Book(tx, before.values())
        held = book.held(sums)
        if all(held[case_id].budget_id == budget_id for case_id, budget_id in before.items()):
            break
    moved = {}
    for case_id, given in sums.items():
        if case_id not in before:
            continue
        stands = getattr(held[case_id], verb.credits.value)
        amount = stands if given is None else given
        if not 0 <= amount <= stands:
            raise Refusal("policy_money.sum_impossible", amount=yuan(amount))
        if amount:
            said = references if isinstance(references, str) else references.get(case_id, "")
            book.post(verb, before[case_id], case_id, amount, said)
            moved[case_id] = amount
    book.write()
    return moved


def _budgets_of(tx: Transaction, case_ids: Iterable[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for some in _in_parts(case_ids):
        chosen = select(CLAIMS.c.case_id, CLAIMS.c.budget_id).where(CLAIMS.c.case_id.in_(some))
        found |= dict(tx.core.execute(chosen).tuples().all())
    return found


def release(tx: Transaction, case_ids: Sequence[int]) -> dict[int, int]:
    """Give back what is committed to applications and not yet ordered; return the fen by case id.

    Other notices of the same budgets are woken once it is committed: what waited there may have the money now.
    """
    freed = _move(tx, Verb.RELEASE, dict.fromkeys(case_ids))
    budgets = set(_budgets_of(tx, freed).values())
    if budgets:
        # afterwards, by itself: the caller may yet wait for what somebody holds who waits for a notice's nudges
        tx.after_commit(lambda: _wake_later(budgets))
    return freed


def _wake_later(budgets: Collection[int]) -> None:
    with transaction() as tx:
        wake(tx, NOTICES.c.budget_id.in_(budgets))


def wake(tx: Transaction, whose: ColumnElement[bool]) -> None:
    """Nudge the open notices that a condition holds for, in the order of their ids."""
    chosen = select(NOTICES.c.case_id).join(CASES, CASES.c.id == NOTICES.c.case_id)
    opened = chosen.where(whose, CASES.c.closed_at.is_(None)).order_by(NOTICES.c.case_id)
    for notice_id in tx.core.execute(opened).scalars().all():
        count_nudge(notice_id)


def order(tx: Transaction, case_ids: Sequence[int], batch: str) -> dict[int, int]:
    """Put what is committed to applications into a batch at the treasury; return the fen by case id."""
    return _move(tx, Verb.ORDER, dict.fromkeys(case_ids), batch)


def fail(tx: Transaction, case_ids: Sequence[int], batch: str) -> dict[int, int]:
    """Take back what a batch could not pay: it stays committed; return the fen by case id."""
    return _move(tx, Verb.FAIL, dict.fromkeys(case_ids), batch)


def pay_many(tx: Transaction, vouchers: Mapping[int, str]) -> dict[int, int]:
    """Note as paid what a batch has paid, each with its voucher; return the fen by case id."""
    return _move(tx, Verb.PAY, dict.fromkeys(vouchers), vouchers)


def pay(tx: Transaction, case_id: int, voucher: str) -> int:
    """Note as paid everything that one application still has to come, batch or none; return the fen."""
    order(tx, [case_id], voucher)
    return pay_many(tx, {case_id: voucher}).get(case_id, 0)


def recover(tx: Transaction, case_id: int, amount: int, voucher: str, *, restore: bool) -> None:
    """Note that a sum of fen came back from what one application was paid.

    Args:
        tx: the caller's transaction.
        case_id: the application.
        amount: fen.
        voucher: the receipt.
        restore: whether the budget may spend it again.

    Raises:
        Refusal: it was not paid as much.
    """
    verb = Verb.RESTORE if restore else Verb.RECOVER
    if _move(tx, verb, {case_id: amount}, voucher).get(case_id) != amount:
        raise Refusal("policy_money.sum_impossible", amount=yuan(amount))


def held_by(case_id: int) -> Held | None:
    """Return what one application has of a budget; None where it never had any."""
    with reading() as connection:
        row = connection.execute(select(CLAIMS).where(CLAIMS.c.case_id == case_id)).one_or_none()
    return Held(row.budget_id, row.committed, row.paying, row.paid, row.recovered) if row else None


def balances(budget_id: int) -> Balances:
    """Return what a budget comes to."""
    chosen = select(ACCOUNTS.c.kind, ACCOUNTS.c.balance).where(ACCOUNTS.c.budget_id == budget_id)
    with reading() as connection:
        found = {row.kind: yuan(row.balance) for row in connection.execute(chosen)}
    return Balances(approved=-found.pop(AccountKind.SOURCE), **found)
