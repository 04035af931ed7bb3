"""An open question at the door about which somebody acts, other than by answering it: what every such act shares."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import func, insert, select, update

from config.messages import Refusal, say
from config.offices import OfficeUnknownError, named, office
from config.zone import SHANGHAI
from models.case import DecisionStatus
from tasks.ask import OPEN, SEATS, open_seat
from tasks.clock import local_day, now
from tasks.deadline import DEADLINES
from tasks.door import Admitted, Signature, admit, concerned, open_door
from tasks.journal import Standing, Telling, write_entry
from tasks.notify import OFFICERS, holders, reached
from tasks.officer import check_code, roles_held
from tasks.store import Transaction

ANSWERED: Final = DecisionStatus.ANSWERED.value
WITHDRAWN: Final = DecisionStatus.WITHDRAWN.value
PASSED_ON: Final = DecisionStatus.PASSED_ON.value


class Addressee(NamedTuple):
    """Whom a question goes to: a role (of the question itself, where empty), or in it one officer alone."""

    role: str = ""
    officer: str = ""

    @property
    def title(self) -> str:
        """How a person reads it."""
        return f"{office(self.role).title} {self.officer}".strip()


def addressee(unit: str, officer: str = "") -> Addressee:
    """Return whom somebody means: a body by its id or any of its names, an officer of it by staff number.

    Raises:
        OfficeUnknownError: there is no such body.
    """
    word = unit.strip()
    if not word:
        return Addressee("", officer.strip())
    try:
        return Addressee(named(word).id, officer.strip())
    except OfficeUnknownError:
        return Addressee(office(word).id, officer.strip())


class Act(NamedTuple):
    """What comes to the door: who acts, the code that proves it, why, and by which way."""

    staff_no: str
    code: str
    reason: str
    way: str

    @property
    def signature(self) -> Signature:
        """The act as the door checks it."""
        return Signature(self.staff_no, self.code, {}, self.way)


class Receipt(NamedTuple):
    """What an act came to."""

    verb: str
    number: str
    case: str
    whom: str
    at: datetime
    next_at: datetime | None = None
    """When it may be urged again."""

    @property
    def text(self) -> str:
        """The receipt in words."""
        shown = {"next": self.next_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")} if self.next_at else {}
        return say(f"assist.{self.verb}_done", number=self.number, case=self.case, whom=self.whom, **shown)


class Matter(NamedTuple):
    """An open question about which somebody was let in: the locked case, the seat, and who it is."""

    tx: Transaction
    seat: Any
    case: Standing
    who: Admitted
    act: Act
    at: datetime

    def note(
        self, verb: str, outcome: dict[str, Any], told: Sequence[Telling] = (), *, substance: bool = False
    ) -> None:
        """Write the act's line; its own number tells one act from the next."""
        plain = {
            "question": f"Q{self.seat.id}",
            "asked": self.seat.turn,
            "reason": self.act.reason,
            "way": self.act.way,
        }
        write_entry(
            self.tx,
            self.case,
            f"{verb}-{self.seat.point}",
            self.case.seq + 1,
            actor=self.who.actor,
            at=self.at,
            outcome=plain | outcome,
            tellings=told,
            substance=substance,
        )

    def tell(self, whom: Addressee, template: str, **facts: str | int) -> list[Telling]:
        """Return the notices to a role or an officer."""
        pairs = reached(self.tx, whom.role, whom.officer, self.at, drill=bool(self.case.drill))
        said = {
            "title": self.seat.title,
            "question": f"Q{self.seat.id}",
            "office": office(self.seat.role).title,
        } | facts
        return [Telling(who, channel, f"notice_kernel.{template}", said) for who, channel in pairs]

    def receipt(self, verb: str, whom: Addressee, next_at: datetime | None = None) -> Receipt:
        """Return what the act came to."""
        return Receipt(verb, f"Q{self.seat.id}", self.seat.number, whom.title, self.at, next_at)


def begin(tx: Transaction, seat_id: int, act: Act, *, as_holder: bool = True) -> Matter | Refusal:
    """Lock the case, see that the question is open, and let whoever acts in.

    Args:
        tx: the transaction.
        seat_id: the seat.
        act: who acts.
        as_holder: whether only those who could answer may, on what they were shown; otherwise any officer in post whom
            the case does not concern.
    """
    case, seat = open_door(tx, seat_id)
    if seat.status != OPEN:
        return Refusal("kernel.question_closed", number=f"Q{seat_id}")
    who = admit(tx, seat, act.signature) if as_holder else known(tx, seat, act)
    if isinstance(who, Refusal):
        return who
    if as_holder and case.version != seat.version:
        return Refusal("kernel.stale", case=seat.number)
    return Matter(tx, seat, case, who, act, now())


def known(tx: Transaction, seat: Any, act: Act) -> Admitted | Refusal:
    """Let any officer in who proves to be one, and whom the case of the seat, if one is given, does not concern."""
    officer = check_code(tx, act.staff_no, act.code, now())
    if isinstance(officer, Refusal):
        return officer
    if seat is not None and concerned(tx, seat, {act.staff_no}):
        return Refusal("kernel.own_case", staff_no=act.staff_no)
    return Admitted(act.staff_no, "")


def target(matter: Matter, given: Addressee, *, asked: bool) -> Addressee | Refusal:
    """Return whom a question goes to, checked: somebody is in that post today, and may act in this case.

    Args:
        matter: the question.
        given: whom the officer named.
        asked: whether they are to answer it, not only to read of it.
    """
    tx, seat, day = matter.tx, matter.seat, local_day(matter.at)
    whom = Addressee(given.role or seat.role, given.officer)
    title = office(whom.role).title
    if whom.officer:
        found = select(OFFICERS.c.id).where(OFFICERS.c.staff_no == whom.officer, OFFICERS.c.active.is_(True))
        officer = tx.core.execute(found).scalar_one_or_none()
        if officer is None or whom.role not in roles_held(tx, officer, day):
            return Refusal("assist.not_in_post", staff_no=whom.officer, role=title)
        if asked and concerned(tx, seat, {whom.officer}):
            return Refusal("kernel.own_case", staff_no=whom.officer)
    elif not holders(tx, whom.role, day):
        return Refusal("assist.nobody_in_post", role=title)
    return whom


def sits(matter: Matter, whom: Addressee) -> bool:
    """Say whether a role sits in the decision already, open or signed; an officer, by name or with the whole role."""
    there = select(SEATS.c.id).where(
        SEATS.c.decision_id == matter.seat.decision_id,
        SEATS.c.role == whom.role,
        SEATS.c.officer.in_(["", whom.officer]),
        SEATS.c.status.in_([OPEN, ANSWERED]),
        SEATS.c.id != matter.seat.id,
    )
    return matter.tx.core.execute(there).first() is not None


def give_seat(matter: Matter, whom: Addressee, *, asked_by: str, passed_from: int = 0) -> int:
    """Give a role or an officer the next place in the decision, shown by a run of its own; return the seat."""
    last = select(func.max(SEATS.c.place)).where(SEATS.c.decision_id == matter.seat.decision_id)
    place = matter.tx.core.execute(last).scalar_one() + 1
    row = open_seat(matter.seat.decision_id, place, whom.role)
    return matter.tx.add(
        insert(SEATS).values(row | {"officer": whom.officer, "asked_by": asked_by, "passed_from": passed_from})
    )


def receipt_of(done: Receipt | Refusal) -> Receipt:
    """Return a receipt, or raise a refusal now that what the door counted is committed."""
    if isinstance(done, Refusal):
        raise done
    return done


def let_clock_follow(matter: Matter, before: str, after: str) -> None:
    """Have the running clock that bears the name of the point remind the role that has the question now."""
    clock = (DEADLINES.c.case_id == matter.case.id) & (DEADLINES.c.name == matter.seat.point)
    running = clock & DEADLINES.c.met_at.is_(None) & DEADLINES.c.superseded_at.is_(None)
    matter.tx.core.execute(update(DEADLINES).where(running, DEADLINES.c.office == before).values(office=after))
