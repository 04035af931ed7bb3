"""撤回: what one did is taken back before the next person acted on it."""

import json
from typing import Any

from sqlalchemy import select, update

from config.messages import Refusal
from models.case import Mode
from tasks.ask import DECISIONS, OPEN, SEATS
from tasks.clock import now
from tasks.door import AGREED, Admitted, Made, conclude, open_door, read_seat, seats_left
from tasks.journal import FIND_ENTRY
from tasks.matter import (
    ANSWERED,
    PASSED_ON,
    WITHDRAWN,
    Act,
    Addressee,
    Matter,
    Receipt,
    give_seat,
    known,
    let_clock_follow,
    receipt_of,
)
from tasks.store import Transaction, transaction
from tasks.wait import count_nudge


def withdraw(seat_id: int, act: Act) -> Receipt:
    """撤回: take back what one did, before the next person acted on it.

    One's own signature, while the others of an all-of have still to sign, or while the case has not taken the answer
    up; a question that one passed on (it comes back) or a signatory that one added, before they answered.

    Raises:
        Refusal: why it does not go: too late, or it was somebody else's act.
    """
    with transaction() as tx:
        done = _withdraw(tx, seat_id, act)
    return receipt_of(done)


def _withdraw(tx: Transaction, seat_id: int, act: Act) -> Receipt | Refusal:
    case, given = open_door(tx, seat_id)
    seat = _passed_to(tx, given)
    who = known(tx, None, act)
    if isinstance(who, Refusal):
        return who
    matter = Matter(tx, seat, case, who, act, now())
    mine = seat.asked_by == act.staff_no
    if seat.status == OPEN and mine:
        return _take_back_seat(matter)
    if seat.status == ANSWERED and act.staff_no in (seat.signed_by, seat.signed_for):
        return _take_back_signature(matter)
    if seat.status == WITHDRAWN:
        return Refusal("kernel.question_closed", number=f"Q{seat_id}")
    number = f"Q{seat_id}"
    return (
        Refusal("assist.too_late", number=number)
        if mine
        else Refusal("assist.not_yours", number=number, staff_no=act.staff_no)
    )


def _passed_to(tx: Transaction, seat: Any) -> Any:
    """Return the seat, or the one that it was passed on to: whoever passed it on knows the old number."""
    if seat.status != PASSED_ON:
        return seat
    heir = select(SEATS.c.id).where(SEATS.c.decision_id == seat.decision_id, SEATS.c.passed_from == seat.place)
    return read_seat(tx, tx.core.execute(heir.order_by(SEATS.c.place.desc()).limit(1)).scalar_one())


def _take_back_seat(matter: Matter) -> Receipt:
    tx, seat = matter.tx, matter.seat
    tx.core.execute(update(SEATS).where(SEATS.c.id == seat.id).values(status=WITHDRAWN))
    whom = Addressee(seat.role, seat.officer)
    told = matter.tell(whom, "taken_back")
    if seat.passed_from:
        at_first = (SEATS.c.decision_id == seat.decision_id) & (SEATS.c.place == seat.passed_from)
        first = tx.core.execute(
            select(SEATS.c.role, SEATS.c.officer, SEATS.c.asked_by, SEATS.c.passed_from).where(at_first)
        ).one()
        new = give_seat(
            matter, Addressee(first.role, first.officer), asked_by=first.asked_by, passed_from=first.passed_from
        )
        let_clock_follow(matter, seat.role, first.role)
        matter.note("taken-back", {"from": seat.role, "to": first.role, "now": f"Q{new}"}, told)
        return matter.receipt("withdraw", whom)
    matter.note("taken-back", {"from": seat.role}, told)
    if seat.mode == Mode.ALL_OF.value and not seats_left(tx, seat.decision_id):
        _conclude_with_the_last(matter)
    return matter.receipt("withdraw", whom)


def _conclude_with_the_last(matter: Matter) -> None:
    """Make an all-of decision whose last open seat was taken back: everybody else has agreed."""
    signed = (
        select(SEATS)
        .where(SEATS.c.decision_id == matter.seat.decision_id, SEATS.c.status == ANSWERED)
        .order_by(SEATS.c.signed_at.desc(), SEATS.c.place.desc())
        .limit(1)
    )
    last = matter.tx.core.execute(signed).one_or_none()
    if last is not None and last.verdict in AGREED:
        who = Admitted(last.signed_by, last.signed_for)
        conclude(matter.tx, matter.seat, Made(last.id, last.answer, who.actor, last.way))


def _take_back_signature(matter: Matter) -> Receipt | Refusal:
    tx, seat, case = matter.tx, matter.seat, matter.case
    made = seat.decision_status == ANSWERED
    if made and (case.version != seat.version + 1 or not _asked_without_waiting(matter)):
        return Refusal("assist.too_late", number=f"Q{seat.id}")
    tx.core.execute(update(SEATS).where(SEATS.c.id == seat.id).values(status=WITHDRAWN))
    whom = Addressee(seat.role, seat.officer)
    if not made:
        new = give_seat(matter, whom, asked_by=seat.asked_by, passed_from=seat.passed_from)
        matter.note("taken-back", {"verdict": seat.verdict, "now": f"Q{new}"})
        return matter.receipt("withdraw", whom)
    # a decision that was made stands in the journal: it is taken back by a line that overtakes it, and asked anew
    tx.core.execute(update(DECISIONS).where(DECISIONS.c.id == seat.decision_id).values(status=WITHDRAWN))
    matter.note("taken-back", {"verdict": seat.verdict}, substance=True)
    count_nudge(seat.carrier)
    return matter.receipt("withdraw", whom)


def _asked_without_waiting(matter: Matter) -> bool:
    """Say whether the answer waits to be taken up (`tasks.pose`); a story that waits for one has it at once."""
    seat = matter.seat
    asked = matter.tx.run(FIND_ENTRY, seat.carrier, f"asked-{seat.point}", seat.turn).fetchone()
    return seat.carrier != matter.case.id and asked is not None and "members" in json.loads(asked[0])
