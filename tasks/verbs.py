"""What may be done with a question besides answering it: pass it on, ask one more, urge, copy, take back.

Each is signed at the one door like an answer (code, role or deputy, own case, what was shown), stands in the case's
journal under a number of its own, and leaves the case as it is: a question that others look at stays answerable.
"""

from datetime import timedelta

from sqlalchemy import select, update

from config.messages import Refusal
from config.rulebook import rule
from config.zone import SHANGHAI
from models.case import Mode
from tasks.ask import DECISIONS, SEATS
from tasks.clock import local_day
from tasks.matter import (
    PASSED_ON,
    Act,
    Addressee,
    Matter,
    Receipt,
    begin,
    give_seat,
    let_clock_follow,
    receipt_of,
    sits,
    target,
)
from tasks.store import Transaction, transaction
from tasks.take_back import withdraw

__all__ = ("Act", "Addressee", "Receipt", "add_signatory", "copy_to", "transfer", "urge", "withdraw")


def transfer(seat_id: int, to: Addressee, act: Act) -> Receipt:
    """转办: give one's own open question to another role or officer, who answers in one's place.

    A reminder clock that bears the name of the point follows to the new role.

    Raises:
        Refusal: why it does not go.
    """
    with transaction() as tx:
        done = _transfer(tx, seat_id, to, act)
    return receipt_of(done)


def _transfer(tx: Transaction, seat_id: int, to: Addressee, act: Act) -> Receipt | Refusal:
    matter = begin(tx, seat_id, act)
    if isinstance(matter, Refusal):
        return matter
    whom, seat = target(matter, to, asked=True), matter.seat
    if isinstance(whom, Refusal):
        return whom
    if (whom.role, whom.officer) in ((seat.role, seat.officer), (seat.role, "")):
        return Refusal("assist.same", whom=whom.title)
    if sits(matter, whom):
        return Refusal("assist.sits_already", whom=whom.title)
    tx.core.execute(update(SEATS).where(SEATS.c.id == seat.id).values(status=PASSED_ON))
    new = give_seat(matter, whom, asked_by=act.staff_no, passed_from=seat.place)
    let_clock_follow(matter, seat.role, whom.role)
    told = matter.tell(whom, "transferred")
    matter.note("transferred", {"from": seat.role, "to": whom.role, "officer": whom.officer, "now": f"Q{new}"}, told)
    return matter.receipt("transfer", whom)


def add_signatory(seat_id: int, to: Addressee, act: Act) -> Receipt:
    """加签: ask one more about a question that one could answer oneself.

    A single question becomes one that both must agree to; of an all-of one more must agree; of an any-of one more may.

    Raises:
        Refusal: why it does not go.
    """
    with transaction() as tx:
        done = _add(tx, seat_id, to, act)
    return receipt_of(done)


def _add(tx: Transaction, seat_id: int, to: Addressee, act: Act) -> Receipt | Refusal:
    matter = begin(tx, seat_id, act)
    if isinstance(matter, Refusal):
        return matter
    whom, seat = target(matter, to, asked=True), matter.seat
    if isinstance(whom, Refusal):
        return whom
    if whom.officer == act.staff_no or whom == (seat.role, "") or sits(matter, whom):
        return Refusal("assist.sits_already", whom=whom.title)
    if seat.mode == Mode.SINGLE.value:
        both = update(DECISIONS).where(DECISIONS.c.id == seat.decision_id)
        tx.core.execute(both.values(mode=Mode.ALL_OF.value))
    new = give_seat(matter, whom, asked_by=act.staff_no)
    told = matter.tell(whom, "added")
    matter.note("added", {"to": whom.role, "officer": whom.officer, "now": f"Q{new}"}, told)
    return matter.receipt("add", whom)


def urge(seat_id: int, act: Act) -> Receipt:
    """催办: remind whoever owes the answer, at most once in the interval of the rule; any officer may.

    Whoever urges gets the receipt, and is told once the answer is there.

    Raises:
        Refusal: why it does not go; too soon, for instance.
    """
    with transaction() as tx:
        done = _urge(tx, seat_id, act)
    return receipt_of(done)


def _urge(tx: Transaction, seat_id: int, act: Act) -> Receipt | Refusal:
    matter = begin(tx, seat_id, act, as_holder=False)
    if isinstance(matter, Refusal):
        return matter
    seat, at = matter.seat, matter.at
    interval = timedelta(hours=rule("kernel.urge_hours", local_day(at)))
    if seat.urged_at and at < seat.urged_at + interval:
        again = (seat.urged_at + interval).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
        return Refusal("assist.urged_lately", number=f"Q{seat_id}", next=again)
    times = seat.urges + 1
    tx.core.execute(update(SEATS).where(SEATS.c.id == seat_id).values(urges=times, urged_at=at))
    _tell_later(matter, Addressee(seat.role, act.staff_no))
    whom = Addressee(seat.role, seat.officer)
    matter.note(
        "urged", {"to": whom.role, "officer": whom.officer, "times": times}, matter.tell(whom, "urged", times=times)
    )
    return matter.receipt("urge", whom, at + interval)


def copy_to(seat_id: int, to: Addressee, act: Act) -> Receipt:
    """抄送: let a role or an officer know of a question that one could answer; they are told of the answer as well.

    Raises:
        Refusal: why it does not go.
    """
    with transaction() as tx:
        done = _copy(tx, seat_id, to, act)
    return receipt_of(done)


def _copy(tx: Transaction, seat_id: int, to: Addressee, act: Act) -> Receipt | Refusal:
    matter = begin(tx, seat_id, act)
    if isinstance(matter, Refusal):
        return matter
    whom = target(matter, to, asked=False)
    if isinstance(whom, Refusal):
        return whom
    if not _tell_later(matter, whom):
        return Refusal("assist.copied_already", whom=whom.title)
    matter.note("copied", {"to": whom.role, "officer": whom.officer}, matter.tell(whom, "copied"))
    return matter.receipt("copy", whom)


def _tell_later(matter: Matter, whom: Addressee) -> bool:
    """Have somebody told of the answer; False where they are to be told already."""
    this = DECISIONS.c.id == matter.seat.decision_id
    told = list(matter.tx.core.execute(select(DECISIONS.c.told).where(this)).scalar_one())
    if [*whom] in told:
        return False
    matter.tx.core.execute(update(DECISIONS).where(this).values(told=[*told, [*whom]]))
    return True
