"""Acknowledgements and telephone calls as forms and commands bring them."""

from datetime import datetime
from typing import Final

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from sqlalchemy import select

from config.channels import channels
from config.messages import Refusal, say
from models.incident_response.ladder import Ack
from models.incident_response.report_words import moment
from tasks.clock import now
from tasks.incident_response.acknowledgement import Said, acknowledge, find_call
from tasks.incident_response.call_record import recipient_of
from tasks.incident_response.incident import arrived, signed
from tasks.journal import CASES, lock, write_entry
from tasks.reference import UnresolvedError, resolve
from tasks.store import reading, transaction

CALLERS: Final = ("emergency_duty", "command_office", "onsite_command", "incident_commander", "deputy_commander_a",
                  "deputy_commander_b", "deputy_commander_c")  # fmt: skip
"""Roles whose holders record telephone calls."""
NO_ANSWER: Final = "no_answer"
RESULTS: Final = (*(kind.value for kind in Ack), NO_ANSWER)


def result_word(result: str) -> str:
    """Return what a result is called on forms."""
    return say(f"incident_call.ack_{result}", "zh")


def result_of(text: str) -> str:
    """Return the result that a word, or a name as commands write it, stands for.

    Raises:
        Refusal: it is none.
    """
    given = text.strip().lower().replace("-", "_")
    for result in RESULTS:
        if given in (result, result_word(result)):
            return result
    raise Refusal("incident_call.result_unknown", given=text, known="、".join(map(result_word, RESULTS)))


def kind_of(text: str) -> Ack:
    """Return the acknowledgement that a word stands for.

    Raises:
        Refusal: it is none.
    """
    result = result_of(text)
    if result == NO_ANSWER:
        raise Refusal("incident_call.result_unknown", given=text, known="、".join(kind.word for kind in Ack))
    return Ack(result)


def acknowledge_as(code: str, kind: str, eta: int | None, way: str) -> str:
    """Acknowledge by code and wake the incident's run; return what is said.

    Raises:
        Refusal: the code or the answer is none, or too many wrong codes came.
    """
    heard = acknowledge(Said(code, kind_of(kind), way, eta))
    arrived(heard.number)
    return heard.text


def acknowledge_by_form(code: str, kind: str, eta: int) -> State[str]:
    """Take the form of an acknowledgement; 0 minutes are none."""
    try:
        return Completed(message=acknowledge_as(code, kind, eta or None, "form"))
    except Refusal as refusal:
        return Failed(message=str(refusal))


def record_call(
    code: str, result: str, signature: tuple[str, str], *, when: str = "", eta: int | None = None, number: str = ""
) -> str:
    """Record a telephone call, signed by whoever made it: an answer counts as that person's own; return what is said.

    Args:
        code: code of the call.
        result: received, on the way, on site, unable, or no answer; as word or name.
        signature: staff number and one-time code of whoever telephoned.
        when: when it was said: 14:30, 10分钟前; now without it.
        eta: minutes until the arrival.
        number: the number that was called; the address book's without it. It is kept sealed.

    Raises:
        Refusal: code, result, time or signature are wrong.
    """
    what, at = result_of(result), _moment(when)
    who = signed(*signature, CALLERS)
    call = find_call(Said(code, Ack.RECEIVED, "sheet"))
    if what == NO_ANSWER:
        return _no_answer(call.case_id, call.id, who.actor, at)
    heard = acknowledge(
        Said(code, Ack(what), "sheet", eta, who.actor, at, number or number_in_book(recipient_of(call), call.case_id))
    )
    arrived(heard.number)
    return heard.text


def _moment(when: str) -> datetime | None:
    if not when.strip():
        return None
    return moment(when, say("parameter.log_call.when"), now())


def _no_answer(case_id: int, call_id: int, by: str, at: datetime | None) -> str:
    """Note that nobody answered the telephone: the ladder goes on."""
    with transaction() as tx:
        case = lock(tx, case_id)
        outcome = {"occurred": at or now(), "result": NO_ANSWER}
        write_entry(tx, case, f"telephoned-{call_id}", case.seq + 1, actor=by, at=now(), outcome=outcome,
                    substance=False)  # fmt: skip
    return say("incident_call.no_answer_noted", number=case.number)


def record_by_form(code: str, result: str, signature: tuple[str, str], when: str, eta: int) -> State[str]:
    """Take the form of a telephone call; no number ever stands in a form."""
    try:
        return Completed(message=record_call(code, result, signature, when=when, eta=eta or None))
    except Refusal as refusal:
        return Failed(message=str(refusal))


def number_in_book(recipient: str, case_id: int) -> str:
    """Return the telephone number that the address book has for somebody; empty where it has none."""
    with reading() as connection:
        drill = bool(connection.execute(select(CASES.c.drill).where(CASES.c.id == case_id)).scalar_one())
    for route in channels().numbers(recipient, drill=drill):
        try:
            return resolve(route.target, [], escape=False)
        except UnresolvedError:
            continue
    return ""
