"""The places of an activity: enrolled while one is free, else waiting; who cancels makes room for the next."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from prefect.client.schemas.objects import State
from prefect.states import Completed
from sqlalchemy import func, insert, select, update

from config.messages import Refusal, say
from models.policy_redemption.service import ActivityStatus as S
from models.policy_redemption.service import EnrolmentState as E
from models.policy_redemption.service import admit, promoted
from models.roster.demand import EnrolmentWish
from tasks.clock import now
from tasks.form_run import end_refused
from tasks.intake import Refused, Taker
from tasks.journal import CASES, Standing, case_id_of, lock, write_entry
from tasks.notify import tellings
from tasks.policy_redemption.activity import ACTIVITIES, ENROLMENTS
from tasks.policy_redemption.demand_lodging import credit_code, without_numbers
from tasks.roster import Accepted
from tasks.step import actor
from tasks.store import Transaction, transaction

ACTIVE: Final = tuple(state.value for state in E if state is not E.CANCELLED)
HOLDING: Final = tuple(state.value for state in E if state.holds_place())
LONGEST_NAME: Final = 120


def _locked(tx: Transaction, activity_id: int, number: str = "") -> tuple[Standing, Any]:
    """Lock an activity, so that places are given one after the other, and return it with what it is.

    Raises:
        Refusal: the case is no activity.
    """
    case = lock(tx, activity_id)
    found = tx.core.execute(select(ACTIVITIES).where(ACTIVITIES.c.case_id == activity_id)).one_or_none()
    if found is None:
        raise Refusal("kernel.no_such_case", number=number or case.number)
    return case, found


def _enrolling(case: Standing, found: Any) -> None:
    if case.status != S.PUBLISHED or now() > found.closes_at:
        raise Refusal("activity.not_open", number=case.number)


def _mine(tx: Transaction, activity_id: int, uscc: str) -> Any:
    return tx.core.execute(
        select(ENROLMENTS).where(
            ENROLMENTS.c.activity_id == activity_id, ENROLMENTS.c.uscc == uscc, ENROLMENTS.c.state.in_(ACTIVE)
        )
    ).one_or_none()


def _cancelled(tx: Transaction, activity_id: int, uscc: str) -> bool:
    mine = (ENROLMENTS.c.activity_id == activity_id) & (ENROLMENTS.c.uscc == uscc)
    return tx.core.execute(select(ENROLMENTS.c.id).where(mine)).first() is not None


def _count(tx: Transaction, activity_id: int, states: Sequence[str]) -> int:
    counted = select(func.count()).select_from(ENROLMENTS)
    mine = (ENROLMENTS.c.activity_id == activity_id) & ENROLMENTS.c.state.in_(states)
    return int(tx.core.execute(counted.where(mine)).scalar_one())


def enrol(activity_id: int, uscc: str, firm: str, contact: str | None = None, phone: str | None = None) -> E:
    """Enrol an enterprise; one that is enrolled or waiting already stays as it is. Return its state.

    Raises:
        Refusal: the case is no activity, or its enrolment is not open.
    """
    with transaction() as tx:
        case, found = _locked(tx, activity_id)
        if (known := _mine(tx, activity_id, uscc)) is not None:
            return E(known.state)
        _enrolling(case, found)
        waiting = _count(tx, activity_id, [E.WAITING.value])
        state = admit(found.capacity, _count(tx, activity_id, HOLDING), waiting)
        last = select(func.coalesce(func.max(ENROLMENTS.c.place), 0)).where(ENROLMENTS.c.activity_id == activity_id)
        place, at = tx.core.execute(last).scalar_one() + 1, now()
        tx.core.execute(
            insert(ENROLMENTS).values(
                activity_id=activity_id, place=place, uscc=uscc, firm=firm, contact=contact, phone=phone,
                state=state.value, at=at,
            )
        )  # fmt: skip
        _note(tx, case, f"received-enrolment-{place}", {"place": place, "state": state.value})
    return state


def cancel(activity_id: int, uscc: str) -> list[int]:
    """Cancel an enterprise's enrolment; the next of the waiting list get what is free. Return their places.

    What is cancelled already stays so: a sheet that comes again changes nothing.

    Raises:
        Refusal: it never enrolled, or the enrolment is not open any more.
    """
    with transaction() as tx:
        case, found = _locked(tx, activity_id)
        known = _mine(tx, activity_id, uscc)
        if known is None:
            if _cancelled(tx, activity_id, uscc):
                return []
            raise Refusal("activity.not_enrolled", number=case.number)
        _enrolling(case, found)
        tx.core.execute(update(ENROLMENTS).where(ENROLMENTS.c.id == known.id).values(state=E.CANCELLED.value))
        _note(tx, case, f"received-cancellation-{known.place}", {"place": known.place, "state": E.CANCELLED.value})
        waiting = tx.core.execute(
            select(ENROLMENTS.c.place).where(
                ENROLMENTS.c.activity_id == activity_id, ENROLMENTS.c.state == E.WAITING.value
            )
        ).scalars()
        places = promoted(found.capacity, _count(tx, activity_id, HOLDING), waiting)
        for place in places:
            mine = (ENROLMENTS.c.activity_id == activity_id) & (ENROLMENTS.c.place == place)
            tx.core.execute(update(ENROLMENTS).where(mine).values(state=E.ENROLLED.value))
            _note(tx, lock(tx, activity_id), f"received-promotion-{place}", {"place": place}, found.department)
    return places


def _note(tx: Transaction, case: Standing, name: str, outcome: dict[str, Any], told: str = "") -> None:
    at = now()
    facts = {"number": case.number, **outcome}
    roles = [told] if told else []
    letters = tellings(tx, roles, "notice_activity.promoted", facts, at, drill=case.drill)
    current = lock(tx, case.id)  # its own lines may have been written in this transaction
    write_entry(
        tx, current, name, 1, actor=actor.get(), at=at, outcome=outcome, tellings=letters, substance=False
    )  # fmt: skip


def _take_enrolments(tx: Transaction, case_id: int, rows: Sequence[Accepted[Any]], day: date) -> Iterable[Refused]:
    del tx, day
    for one in rows:
        row = one.fact
        try:
            if row.wish is EnrolmentWish.CANCEL:
                cancel(case_id, row.uscc)
            else:
                enrol(case_id, row.uscc, row.firm, row.contact, row.phone)
        except Refusal as refusal:
            yield Refused(one, "uscc", refusal.key, refusal.facts)


def _take_attendance(tx: Transaction, case_id: int, rows: Sequence[Accepted[Any]], day: date) -> Iterable[Refused]:
    del day
    case, found = _locked(tx, case_id)
    for one in rows:
        known = _mine(tx, case_id, one.fact.uscc)
        if case.status not in (S.PUBLISHED, S.ENROLMENT_CLOSED) or now() < found.starts_at:
            yield Refused(one, "uscc", "activity.not_begun", {"number": case.number})
        elif known is None:
            yield Refused(one, "uscc", "activity.not_enrolled", {"number": case.number})
        else:
            state = E.ATTENDED if one.fact.came else E.WAITING if known.state == E.WAITING.value else E.ABSENT
            tx.core.execute(update(ENROLMENTS).where(ENROLMENTS.c.id == known.id).values(state=state.value))


TAKERS: Final[Mapping[str, Taker]] = {"enrolment": _take_enrolments, "attendance": _take_attendance}


def enrol_by_form(number: str, firm: str, name: str, wish: str) -> State[str]:
    """Take the online form of enrolment: the run ends with what became of it, or with the reason of the refusal."""
    try:
        without_numbers(name)
        uscc, activity_id = credit_code(firm), case_id_of(number.strip().upper())
        if wish == EnrolmentWish.CANCEL.word:
            cancel(activity_id, uscc)
            return Completed(message=say("activity.cancelled", number=number))
        state = enrol(activity_id, uscc, name.strip()[:LONGEST_NAME])
    except Refusal as refusal:
        return end_refused(refusal, "demand.personal", "name")
    return Completed(message=say(f"activity.became_{state.value}", number=number))


def enrolled(number: str) -> list[tuple[int, str, str]]:
    """Return an activity's enrolments as place, enterprise and state."""
    with transaction() as tx:
        chosen = select(ENROLMENTS.c.place, ENROLMENTS.c.firm, ENROLMENTS.c.state).join(
            CASES, CASES.c.id == ENROLMENTS.c.activity_id
        )
        rows = tx.core.execute(chosen.where(CASES.c.number == number).order_by(ENROLMENTS.c.place))
        return [(row.place, row.firm, row.state) for row in rows]
