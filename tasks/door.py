"""The one door for answers: whoever answers, however, passes the same checks, and the answer is signed and kept."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from pydantic import ValidationError
from sqlalchemy import bindparam, func, or_, select, update

from config.messages import Refusal, say
from config.offices import office
from models.answer import Answer
from models.case import UNBOUND, DecisionStatus, Mode
from models.column import canonical, stamp
from models.every_answer import FORMS
from tasks.ask import DECISIONS, OPEN, PARTIES, PERSONS, SEATS
from tasks.clock import local_day, now
from tasks.journal import CASES, FIND_ENTRY, Standing, Telling, lock, write_entry
from tasks.notify import reached
from tasks.officer import OFFICERS, check_code, represents, roles_held
from tasks.store import Prepared, Transaction, transaction
from tasks.wait import INSTANCES, count_nudge

ANSWERED: Final = DecisionStatus.ANSWERED.value
AGREED: Final = ("approve", "done")
"""Verdicts after which an all-of decision waits for the others; any other makes it at once."""
_CASE_OF: Final = Prepared(
    select(DECISIONS.c.case_id)
    .join(SEATS, SEATS.c.decision_id == DECISIONS.c.id)
    .where(SEATS.c.id == bindparam("seat")),
    "seat",
)
_SIGNED: Final = Prepared(
    select(SEATS.c.id).where(
        SEATS.c.decision_id == bindparam("decision"),
        SEATS.c.signed_by == bindparam("staff_no"),
        SEATS.c.status == bindparam("answered"),
    ),
    *("decision", "staff_no", "answered"),
)
_ANSWERED_FIELDS: Final = ("status", "refusal", "verdict", "answer", "signed_by", "signed_for", "way", "signed_at")
_ANSWER: Final = Prepared(
    update(SEATS).where(SEATS.c.id == bindparam("of")).values({name: bindparam(name) for name in _ANSWERED_FIELDS}),
    *(*_ANSWERED_FIELDS, "of"),
)
_WITHDRAW_OTHERS: Final = Prepared(
    update(SEATS)
    .where(SEATS.c.decision_id == bindparam("of"), SEATS.c.status == bindparam("was"))
    .values(status=bindparam("status")),
    *("status", "of", "was"),
)
_MAKE: Final = Prepared(
    update(DECISIONS)
    .where(DECISIONS.c.id == bindparam("of"))
    .values({name: bindparam(name) for name in ("status", "answered_at", "outcome")})
    .returning(DECISIONS.c.told),
    *("status", "answered_at", "outcome", "of"),
)
_OF_DECISION: Final = ("case_id", "point", "turn", "form", "mode", "version", "excluded", "title", "due_at")
_READ_SEAT: Final = (
    select(
        SEATS,
        *(DECISIONS.c[name] for name in _OF_DECISION),
        DECISIONS.c.status.label("decision_status"),
        CASES.c.number,
        func.coalesce(INSTANCES.c.case_id, CASES.c.parent_id, CASES.c.id).label("carrier"),
    )
    .join(DECISIONS, SEATS.c.decision_id == DECISIONS.c.id)
    .join(CASES, DECISIONS.c.case_id == CASES.c.id)
    .outerjoin(INSTANCES, INSTANCES.c.case_id == CASES.c.id)  # an instance may have grown out of another case
    .where(SEATS.c.id == bindparam("seat"))
    .with_for_update(of=SEATS)
)
_OWN: Final = Prepared(
    select(PARTIES.c.case_id)
    .join(PERSONS, PARTIES.c.person_id == PERSONS.c.id)
    .join(OFFICERS, OFFICERS.c.identity_index == PERSONS.c.identity_index)
    .join(CASES, CASES.c.id == PARTIES.c.case_id)
    .where(or_(OFFICERS.c.staff_no == bindparam("signer"), OFFICERS.c.staff_no == bindparam("represented")))
    .where(or_(CASES.c.id == bindparam("own"), CASES.c.parent_id == bindparam("whole"))),
    *("signer", "represented", "own", "whole"),
)


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

    def __init__(self) -> None:
        super().__init__()
        self.officers: dict[int, Any] = {}
        self.posts: dict[tuple[int, date], set[str]] = {}

    def prove(self, staff_no: str, code: str) -> None:
        """Check one code, in a transaction of its own: a sheet's rows then wait for nobody who signs elsewhere."""
        with transaction() as tx:
            officer = check_code(tx, staff_no, code, now())
        if isinstance(officer, Refusal):
            self[staff_no, code] = officer
        else:
            self[staff_no, code] = officer.id
            self.officers[officer.id] = officer

    def roles(self, tx: Transaction, officer_id: int, day: date) -> set[str]:
        """Return the roles an officer holds in person, looked up once a sheet."""
        if (officer_id, day) not in self.posts:
            self.posts[officer_id, day] = roles_held(tx, officer_id, day)
        return self.posts[officer_id, day]


def decide(seat_id: int, signature: Signature, proofs: Proofs | None = None) -> str:
    """Answer a question: the one door for forms, boards, sheets and the command line. Returns the case's number.

    The code is checked first; then the role held that day (or by whom one stands in: 乙代甲), one's own case, the
    version that was shown, and the fields. A refusal is kept with the question, which is then asked again.

    Raises:
        Refusal: why the answer does not count.
    """
    with transaction() as tx:
        case, seat = open_door(tx, seat_id)
        if seat.status != OPEN:
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


def open_door(tx: Transaction, seat_id: int) -> tuple[Standing, Any]:
    """Lock the case of a seat and return it with the seat as it is now that nobody else can change it.

    Raises:
        Refusal: there is no such question.
    """
    row = tx.run(_CASE_OF, seat_id).fetchone()
    if row is None:
        raise Refusal("kernel.no_such_question", number=f"Q{seat_id}")
    return lock(tx, row[0]), read_seat(tx, seat_id)


def read_seat(tx: Transaction, seat_id: int) -> Any:
    """Return a seat with its decision, its case's number and the case that is woken by an answer (`carrier`)."""
    return tx.core.execute(_READ_SEAT, {"seat": seat_id}).one()


class Admitted(NamedTuple):
    """An officer whom the door let in, and whom they stand in for (nobody: "")."""

    staff_no: str
    signed_for: str

    @property
    def actor(self) -> str:
        """How the journal names them: 乙代甲 as `乙/甲`."""
        return f"{self.staff_no}/{self.signed_for}" if self.signed_for else self.staff_no


class _Signed(NamedTuple):
    admitted: Admitted
    answer: Answer


def _officer(tx: Transaction, signature: Signature, at: datetime, proofs: Proofs | None) -> Any | Refusal:
    """Return the officer whom the code proves; within one sheet a code that was good stays good."""
    key = (signature.staff_no, signature.code)
    if proofs is None:
        return check_code(tx, signature.staff_no, signature.code, at)
    if key not in proofs:
        proofs.prove(*key)
    known = proofs[key]
    return known if isinstance(known, Refusal) else proofs.officers[known]


def admit(tx: Transaction, seat: Any, signature: Signature, proofs: Proofs | None = None) -> Admitted | Refusal:
    """Check whoever comes about a seat: the code first, then the role held or stood in for, then one's own case.

    A refusal is returned, so that the count of wrong codes commits.
    """
    at = now()
    day = local_day(at)
    officer = _officer(tx, signature, at, proofs)
    if isinstance(officer, Refusal):
        return officer
    held = roles_held(tx, officer.id, day) if proofs is None else proofs.roles(tx, officer.id, day)
    signed_for = _signs_for(tx, seat, officer, held, day)
    if signed_for is None:
        return Refusal("kernel.role_not_held", staff_no=signature.staff_no, role=office(seat.role).title)
    if concerned(tx, seat, {signature.staff_no, signed_for}):
        return Refusal("kernel.own_case", staff_no=signature.staff_no)
    return Admitted(signature.staff_no, signed_for)


def concerned(tx: Transaction, seat: Any, staff: set[str]) -> bool:
    """Say whether one of these officers may not act: excluded from this question, or a party of the case."""
    return bool(staff & set(seat.excluded)) or _own_case(tx, seat.case_id, staff)


def _sign(tx: Transaction, seat: Any, version: int, signature: Signature, proofs: Proofs | None) -> _Signed | Refusal:
    admitted = admit(tx, seat, signature, proofs)
    if isinstance(admitted, Refusal):
        return admitted
    if seat.mode != Mode.SINGLE.value and tx.run(_SIGNED, seat.decision_id, admitted.staff_no, ANSWERED).fetchone():
        return Refusal("kernel.signed_already", staff_no=admitted.staff_no)
    if seat.version not in (version, UNBOUND):
        return Refusal("kernel.stale", case=seat.number)
    answer = _read(tx, seat, signature)
    return answer if isinstance(answer, Refusal) else _Signed(admitted, answer)


def _signs_for(tx: Transaction, seat: Any, officer: Any, held: set[str], day: date) -> str | None:
    """Return whom the officer signs for, nobody ("") in person, or None where the role is not held at all."""
    if seat.role in held and seat.officer in ("", officer.staff_no):
        return ""
    chief = represents(tx, officer.id, seat.role, day)
    return chief[1] if chief and seat.officer in ("", chief[1]) else None


def _read(tx: Transaction, seat: Any, signature: Signature) -> Answer | Refusal:
    try:
        answer = FORMS[seat.form].model_validate(signature.answer)
    except ValidationError as error:
        return field_refusal(seat.form, error)
    return answer.objection(_shown(tx, seat)) or answer


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
    first, *second = sorted(staff)
    return tx.run(_OWN, first, (second or [first])[0], case_id, case_id).fetchone() is not None


def _close(tx: Transaction, seat: Any, signed: _Signed, way: str) -> None:
    at, verdict = now(), str(signed.answer.verdict)
    plain = signed.answer.model_dump(mode="json")
    given = (ANSWERED, "", verdict, canonical(plain), *signed.admitted, way, stamp(at), seat.id)
    tx.run(_ANSWER, *given)
    who = signed.admitted.actor
    if seat.mode == Mode.ALL_OF.value and verdict in AGREED and seats_left(tx, seat.decision_id):
        name = f"signed-{seat.point}-{seat.place}"
        write_entry(tx, lock(tx, seat.case_id), name, seat.turn, actor=who, at=at, outcome=plain, substance=False)
        return
    conclude(tx, seat, Made(seat.id, plain, who, way))


def seats_left(tx: Transaction, decision_id: int) -> int:
    """Return how many seats of a decision are still open."""
    counted = select(func.count()).select_from(SEATS).where(SEATS.c.decision_id == decision_id, SEATS.c.status == OPEN)
    return int(tx.core.execute(counted).scalar_one())


class Made(NamedTuple):
    """What makes a decision: the seat, its answer, who gave it and by which way."""

    seat_id: int
    answer: dict[str, Any]
    actor: str
    way: str


def conclude(tx: Transaction, seat: Any, made: Made) -> None:
    """Make the decision: whoever has not answered need not, the journal has its line, and the case is woken."""
    at = now()
    tx.run(_WITHDRAW_OTHERS, DecisionStatus.WITHDRAWN.value, seat.decision_id, OPEN)
    told = tx.run(_MAKE, ANSWERED, stamp(at), canonical(made.answer), seat.decision_id).fetchone()[0]
    case = lock(tx, seat.case_id)
    write_entry(
        tx,
        case,
        f"ask-{seat.point}",
        seat.turn,
        actor=made.actor,
        at=at,
        outcome={"answer": made.answer, "seat": made.seat_id, "way": made.way},
        tellings=_answered(tx, seat.title, made.seat_id, json.loads(told), at, drill=case.drill),
    )
    count_nudge(seat.carrier)


def _answered(
    tx: Transaction, title: str, seat_id: int, told: list[list[str]], at: datetime, *, drill: bool
) -> list[Telling]:
    """Tell those who had a copy, or urged, that the answer is there; what it says is in the case."""
    pairs = dict.fromkeys(pair for role, staff_no in told for pair in reached(tx, role, staff_no, at, drill=drill))
    facts = {"title": title, "question": f"Q{seat_id}"}
    return [Telling(who, channel, "notice_kernel.answered", facts) for who, channel in pairs]
