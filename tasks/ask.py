"""Human decisions: a question is asked of roles, answered through one door, signed with a one-time code, and kept."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeVar

from pydantic import ValidationError
from sqlalchemy import func, insert, or_, select, update

from config.messages import Refusal, say
from models.answer import Answer
from models.case import Decision, DecisionStatus, Mode, Seat
from models.deadline import Clock
from models.every_answer import FORMS
from models.person import Party, Person
from tasks.clock import local_day, now
from tasks.deadline import Owed, meet_clock, start_clock
from tasks.journal import CASES, FIND_ENTRY, lock, write_entry
from tasks.notify import tellings
from tasks.officer import OFFICERS, check_code, represents, roles_held
from tasks.step import SYSTEM, Dossier
from tasks.store import Transaction, reading, table, transaction
from tasks.wait import INSTANCES, count_nudge, park

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
        shown: what the answer is held against at the door (`Answer.objection`): bounds, case numbers; never personal data.

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
            made = tx.core.execute(
                insert(DECISIONS).values(
                    case_id=dossier.id,
                    point=point,
                    turn=dossier.turn,
                    form=form.__name__,
                    mode=mode.value,
                    status=OPEN,
                    version=case.version,
                    title=title,
                    text=text,
                    due_at=due,
                    asked_at=at,
                    excluded=list(excluded),
                )
            )
            seats = [
                {
                    "decision_id": made.inserted_primary_key[0],
                    "place": place,
                    "role": role,
                    "officer": "",
                    "attempt": 1,  # type: ignore[index]
                    "status": OPEN,
                    "run_id": "",
                    "refusal": "",
                    "verdict": "",
                    "signed_by": "",
                    "signed_for": "",
                    "way": "",
                }
                for place, role in enumerate(roles, 1)
            ]
            tx.core.execute(insert(SEATS), seats)
        elif (
            asked.version != case.version or asked.text != text
        ):  # the case has moved on: show it anew, answers to the old are stale
            tx.core.execute(update(DECISIONS).where(DECISIONS.c.id == asked.id).values(version=case.version, text=text))
            tx.core.execute(
                update(SEATS)
                .where(SEATS.c.decision_id == asked.id, SEATS.c.status == OPEN)
                .values(attempt=SEATS.c.attempt + 1, refusal=say("kernel.shown_anew"))
            )
    raise park(dossier, point, due)


def open_questions(role: str = "", case: str = "", seat_id: int = 0) -> list[Question]:
    """Return the open questions: all, of one role, of one case, or one seat's."""
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
        )
        .join(DECISIONS, SEATS.c.decision_id == DECISIONS.c.id)
        .join(CASES, DECISIONS.c.case_id == CASES.c.id)
        .where(SEATS.c.status == OPEN)
        .order_by(SEATS.c.id)
    )
    for column, given in ((SEATS.c.role, role), (CASES.c.number, case), (SEATS.c.id, seat_id)):
        chosen = chosen.where(column == given) if given else chosen
    with reading() as connection:
        return [Question._make(row) for row in connection.execute(chosen)]


class Signature(NamedTuple):
    """What comes to the door: who says so, the code that proves it, and the answer's fields as given."""

    staff_no: str
    code: str
    answer: dict[str, Any]
    way: str


class Proofs(dict[tuple[str, str], int | Refusal]):
    """Codes that were checked for one sheet: (staff number, code) -> officer, or why it was no good.

    One code signs the whole sheet, and one wrong code is one failure, however many rows carry it.
    """


def decide(seat_id: int, signature: Signature, proofs: Proofs | None = None) -> str:
    """Answer a question: the one door for forms, boards, sheets and the command line. Returns the case's number.

    The code is checked first; then the role held that day (or by whom one stands in: 乙代甲), one's own case, the version
    that was shown, and the fields. A refusal is kept with the question, which is then asked again; nothing is lost.

    Raises:
        Refusal: why the answer does not count.
    """
    with transaction() as tx:
        seat = tx.core.execute(
            select(
                SEATS,
                DECISIONS.c.case_id,
                DECISIONS.c.point,
                DECISIONS.c.turn,
                DECISIONS.c.form,
                DECISIONS.c.mode,
                DECISIONS.c.version,
                DECISIONS.c.excluded,
                CASES.c.number,
                func.coalesce(INSTANCES.c.case_id, CASES.c.parent_id, CASES.c.id).label("carrier"),
            )
            .join(DECISIONS, SEATS.c.decision_id == DECISIONS.c.id)
            .join(CASES, DECISIONS.c.case_id == CASES.c.id)
            .outerjoin(INSTANCES, INSTANCES.c.case_id == CASES.c.id)  # an instance may have grown out of another case
            .where(SEATS.c.id == seat_id)
        ).one_or_none()
        if seat is None:
            raise Refusal("kernel.no_such_question", number=f"Q{seat_id}")
        case = lock(tx, seat.case_id)
        status = tx.core.execute(select(SEATS.c.status).where(SEATS.c.id == seat_id).with_for_update()).scalar_one()
        if status != OPEN:
            raise Refusal("kernel.question_closed", number=f"Q{seat_id}")
        signed = _sign(tx, seat, case.version, signature, proofs)
        if isinstance(signed, Refusal):
            tx.core.execute(
                update(SEATS)
                .where(SEATS.c.id == seat_id)
                .values(attempt=SEATS.c.attempt + 1, refusal=str(signed)[:400])
            )
        else:
            _close(tx, seat, signed, signature.way)
    if isinstance(signed, Refusal):
        raise signed
    return str(seat.number)


class _Signed(NamedTuple):
    staff_no: str
    signed_for: str
    answer: Answer


def _officer(tx: Transaction, signature: Signature, at: datetime, proofs: Proofs | None) -> Any | Refusal:
    """Return the officer whom the code proves; within one sheet a code that was good stays good."""
    key = (signature.staff_no, signature.code)
    known = proofs.get(key) if proofs is not None else None
    if isinstance(known, Refusal):
        return known
    if known is not None:
        return tx.core.execute(select(OFFICERS).where(OFFICERS.c.id == known)).one()
    officer = check_code(tx, signature.staff_no, signature.code, at)
    if proofs is not None:
        tx.after_commit(lambda: proofs.update({key: officer if isinstance(officer, Refusal) else officer.id}))
    return officer


def _sign(tx: Transaction, seat: Any, version: int, signature: Signature, proofs: Proofs | None) -> _Signed | Refusal:
    at = now()
    day = local_day(at)
    officer = _officer(tx, signature, at, proofs)
    if isinstance(officer, Refusal):
        return officer
    signed_for = ""
    holds = seat.role in roles_held(tx, officer.id, day) and seat.officer in ("", signature.staff_no)
    if not holds:
        chief = represents(tx, officer.id, seat.role, day)
        if chief is None or seat.officer not in ("", chief[1]):
            return Refusal("kernel.role_not_held", staff_no=signature.staff_no, role=seat.role)
        signed_for = chief[1]
    if {signature.staff_no, signed_for} & set(seat.excluded) or _own_case(
        tx, seat.case_id, {signature.staff_no, signed_for}
    ):
        return Refusal("kernel.own_case", staff_no=signature.staff_no)
    again = select(SEATS.c.id).where(SEATS.c.decision_id == seat.decision_id, SEATS.c.signed_by == signature.staff_no)
    if tx.core.execute(again).first():
        return Refusal("kernel.signed_already", staff_no=signature.staff_no)
    if version != seat.version:
        return Refusal("kernel.stale", case=seat.number)
    try:
        answer = FORMS[seat.form].model_validate(signature.answer)
    except ValidationError as error:
        return field_refusal(seat.form, error)
    if objection := answer.objection(_shown(tx, seat)):
        return objection
    return _Signed(signature.staff_no, signed_for, answer)


def _shown(tx: Transaction, seat: Any) -> Mapping[str, Any]:
    asked = tx.run(FIND_ENTRY, seat.case_id, f"asked-{seat.point}", seat.turn).fetchone()
    found: Mapping[str, Any] = json.loads(asked[0]).get("shown", {}) if asked else {}
    return found


def field_refusal(form: str, error: ValidationError) -> Refusal:
    """Turn a form's first fault into one sentence that names the field."""
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"]) or "verdict"
    return Refusal(
        "kernel.field_wrong",
        field=say(f"form.{field.split('.')[0]}"),
        given=str(first.get("input", ""))[:40],
        form=form,
    )


def _own_case(tx: Transaction, case_id: int, staff: set[str]) -> bool:
    """Say whether the signer, or whoever is represented, is a party of the case or of one of its members."""
    mine = (
        select(PARTIES.c.case_id)
        .join(PERSONS, PARTIES.c.person_id == PERSONS.c.id)
        .join(OFFICERS, OFFICERS.c.identity_index == PERSONS.c.identity_index)
        .join(CASES, CASES.c.id == PARTIES.c.case_id)
        .where(OFFICERS.c.staff_no.in_(staff), or_(CASES.c.id == case_id, CASES.c.parent_id == case_id))
    )
    return tx.core.execute(mine).first() is not None


def _close(tx: Transaction, seat: Any, signed: _Signed, way: str) -> None:
    at, verdict = now(), str(signed.answer.verdict)
    plain = signed.answer.model_dump(mode="json")
    tx.core.execute(
        update(SEATS)
        .where(SEATS.c.id == seat.id)
        .values(
            status=DecisionStatus.ANSWERED.value,
            verdict=verdict,
            answer=plain,
            signed_by=signed.staff_no,
            signed_for=signed.signed_for,
            way=way,
            signed_at=at,
            refusal="",
        )
    )
    siblings = (
        select(func.count()).select_from(SEATS).where(SEATS.c.decision_id == seat.decision_id, SEATS.c.status == OPEN)
    )
    left = tx.core.execute(siblings).scalar_one()
    who = f"{signed.staff_no}/{signed.signed_for}" if signed.signed_for else signed.staff_no
    case = lock(tx, seat.case_id)
    if seat.mode == Mode.ALL_OF.value and left and verdict in ("approve", "done"):
        write_entry(
            tx, case, f"signed-{seat.point}-{seat.place}", seat.turn, actor=who, at=at, outcome=plain, substance=False
        )
        return
    if left:  # the decision is made: whoever has not answered need not
        tx.core.execute(
            update(SEATS)
            .where(SEATS.c.decision_id == seat.decision_id, SEATS.c.status == OPEN)
            .values(status=DecisionStatus.WITHDRAWN.value)
        )
    tx.core.execute(
        update(DECISIONS)
        .where(DECISIONS.c.id == seat.decision_id)
        .values(status=DecisionStatus.ANSWERED.value, answered_at=at, outcome=plain)
    )
    write_entry(
        tx,
        case,
        f"ask-{seat.point}",
        seat.turn,
        actor=who,
        at=at,
        outcome={"answer": plain, "seat": seat.id, "way": way},
    )
    count_nudge(seat.carrier)


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
    )
    with reading() as connection:
        return str(connection.execute(chosen).scalar_one())
