"""Human decisions: a question is put to roles, once a turn, and stays open until it is answered at the door."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import func, insert, select, update

from config.messages import say
from models.answer import Answer
from models.case import UNBOUND, Decision, DecisionStatus, Mode, Seat
from models.deadline import Clock
from models.person import Party, Person
from tasks.clock import now
from tasks.deadline import Owed, meet_clock, start_clock
from tasks.journal import CASES, lock, write_entry
from tasks.notify import tellings
from tasks.step import SYSTEM, Dossier
from tasks.store import reading, table, transaction
from tasks.wait import INSTANCES, park

A = TypeVar("A", bound=Answer)
DECISIONS: Final = table(Decision)
SEATS: Final = table(Seat)
PARTIES: Final = table(Party)
PERSONS: Final = table(Person)
OPEN: Final = DecisionStatus.OPEN.value
ANSWER_RUNGS: Final = ("before:3", "last_day", "breach")


class Question(NamedTuple):
    """One open seat, as a worklist or a form shows it."""

    seat_id: int
    case: str
    process: str
    role: str
    point: str
    title: str
    text: str
    form: str
    attempt: int
    refusal: str
    run_id: str
    due_at: datetime | None
    asked_at: datetime
    drill: bool
    urges: int = 0

    @property
    def number(self) -> str:
        """The number that a sheet or a command names: Q and the seat."""
        return f"Q{self.seat_id}"


def ask(
    form: type[A],
    dossier: Dossier,
    point: str,
    *,
    of: str | Sequence[str],
    text: str,
    mode: Mode = Mode.SINGLE,
    due: datetime | None = None,
    excluded: Sequence[str] = (),
    shown: Mapping[str, Any] | None = None,
    bound: bool = True,
) -> A:
    """Ask roles for a decision and return it; asked once a turn, however often the story is replayed.

    Args:
        form: what they are asked to fill in.
        dossier: the case.
        point: permanent name of the decision point.
        of: the role, or the roles of an any-of or all-of decision.
        text: what to look at before answering (markdown); never personal data.
        mode: how many of the roles must answer.
        due: the day by which an answer is due, any moment of it; passing it reminds, and decides nothing.
        excluded: staff numbers that may not answer, for instance whoever drafted the paper.
        shown: what the door holds the answer against (`Answer.objection`): bounds, numbers; never personal data.
        bound: whether anything else that happens to the case outdates the question. Where several things happen side
            by side (`tasks.alongside`) it does not: the question is shown anew only when its own text changes.

    Raises:
        Parked: the answer is still to come.
    """
    name = f"ask-{point}"
    if (name, dossier.turn) in dossier.journal:
        if due:
            meet_clock(dossier, point)
        return form.model_validate(dossier.journal[name, dossier.turn]["answer"])
    roles = [of] if isinstance(of, str) else list(of)
    if due:
        due = start_clock(dossier, Owed(point, Clock.DATE, anchor=due, office=roles[0], rungs=ANSWER_RUNGS))
    title = say(f"point_{dossier.process}.{point.split('.', maxsplit=1)[0]}")
    with transaction() as tx:
        case = lock(tx, dossier.id)
        asked = tx.core.execute(
            select(DECISIONS.c.id, DECISIONS.c.version, DECISIONS.c.text).where(
                DECISIONS.c.case_id == dossier.id, DECISIONS.c.point == point, DECISIONS.c.turn == dossier.turn
            )
        ).one_or_none()
        if asked is None:
            at = now()
            told = tellings(
                tx,
                roles,
                "notice_kernel.question",
                {"title": title, "subject": dossier.subject},
                at,
                drill=dossier.drill,
            )
            write_entry(
                tx,
                case,
                f"asked-{point}",
                dossier.turn,
                actor=SYSTEM,
                at=at,
                tellings=told,
                substance=False,
                outcome={"form": form.__name__, "of": roles, "mode": mode, "text": text}
                | ({"shown": dict(shown)} if shown else {}),
            )
            decision_id = tx.add(
                insert(DECISIONS).values(
                    case_id=dossier.id,
                    point=point,
                    turn=dossier.turn,
                    form=form.__name__,
                    mode=mode.value,
                    status=OPEN,
                    version=case.version if bound else UNBOUND,
                    title=title,
                    text=text,
                    due_at=due,
                    asked_at=at,
                    excluded=list(excluded),
                )
            )
            seats = [open_seat(decision_id, place, role) for place, role in enumerate(roles, 1)]
            tx.core.execute(insert(SEATS), seats)
        elif asked.text != text or asked.version not in (case.version, UNBOUND):
            # the case has moved on: show it anew, answers to the old are stale
            stands = UNBOUND if asked.version == UNBOUND else case.version
            tx.core.execute(update(DECISIONS).where(DECISIONS.c.id == asked.id).values(version=stands, text=text))
            tx.core.execute(
                update(SEATS)
                .where(SEATS.c.decision_id == asked.id, SEATS.c.status == OPEN)
                .values(attempt=SEATS.c.attempt + 1, refusal=say("kernel.shown_anew"))
            )
    raise park(dossier, point, due)


def open_seat(decision_id: int, place: int, role: str, run_id: str = "") -> dict[str, Any]:
    """Return the row of a seat that waits for its answer."""
    blank = dict.fromkeys(("officer", "refusal", "verdict", "signed_by", "signed_for", "way", "asked_by"), "")
    return {
        "decision_id": decision_id,
        "place": place,
        "role": role,
        "attempt": 1,
        "status": OPEN,
        "run_id": run_id,
        "passed_from": 0,
        "urges": 0,
    } | blank


def open_questions(role: str = "", case: str = "", seat_id: int = 0) -> list[Question]:
    """Return the open questions: all, of one role, of one case and its members, or one seat's."""
    chosen = (
        select(
            SEATS.c.id,
            CASES.c.number,
            CASES.c.process,
            SEATS.c.role,
            DECISIONS.c.point,
            DECISIONS.c.title,
            DECISIONS.c.text,
            DECISIONS.c.form,
            SEATS.c.attempt,
            SEATS.c.refusal,
            SEATS.c.run_id,
            DECISIONS.c.due_at,
            DECISIONS.c.asked_at,
            CASES.c.drill,
            SEATS.c.urges,
        )
        .join(DECISIONS, SEATS.c.decision_id == DECISIONS.c.id)
        .join(CASES, DECISIONS.c.case_id == CASES.c.id)
        .where(SEATS.c.status == OPEN)
        .order_by(SEATS.c.id)
    )
    for column, given in ((SEATS.c.role, role), (SEATS.c.id, seat_id)):
        chosen = chosen.where(column == given) if given else chosen
    if case:
        whole = CASES.alias()
        parent = select(whole.c.id).where(whole.c.number == case).scalar_subquery()
        chosen = chosen.where((CASES.c.number == case) | (CASES.c.parent_id == parent))
    with reading() as connection:
        return [Question._make(row) for row in connection.execute(chosen)]


def instance_of(seat_id: int) -> tuple[str, str]:
    """Return (case number, run id) of the case that a question belongs to."""
    own = INSTANCES.alias()
    chosen = (
        select(CASES.c.number, INSTANCES.c.run_id)
        .join(DECISIONS, DECISIONS.c.case_id == CASES.c.id)
        .join(SEATS, SEATS.c.decision_id == DECISIONS.c.id)
        .outerjoin(own, own.c.case_id == CASES.c.id)
        .join(INSTANCES, INSTANCES.c.case_id == func.coalesce(own.c.case_id, CASES.c.parent_id, CASES.c.id))
        .where(SEATS.c.id == seat_id)
    )
    with reading() as connection:
        row = connection.execute(chosen).one()
    return row.number, row.run_id


def drafted_by(dossier: Dossier, point: str, turn: int | None = None) -> str:
    """Return the staff number that answered an earlier point, for those that another must approve."""
    chosen = (
        select(SEATS.c.signed_by)
        .join(DECISIONS, SEATS.c.decision_id == DECISIONS.c.id)
        .where(
            DECISIONS.c.case_id == dossier.id, DECISIONS.c.point == point, DECISIONS.c.turn == (turn or dossier.turn)
        )
        .where(SEATS.c.status == DecisionStatus.ANSWERED.value)
        .order_by(SEATS.c.place)
        .limit(1)  # whoever signs besides (加签) drafted nothing
    )
    with reading() as connection:
        return str(connection.execute(chosen).scalar_one())
