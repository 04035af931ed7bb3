"""Questions in the Prefect UI: each open seat is a Suspended run of its own, found by office in the Runs page."""

import json
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import State, StateDetails, StateType
from prefect.context import FlowRunContext
from prefect.exceptions import Abort, ObjectNotFound, PrefectHTTPStatusError
from prefect.states import Cancelled
from sqlalchemy import select, text, update

from config.messages import Refusal, say
from config.offices import office
from config.zone import SHANGHAI
from models.case import CLOSED_SHOWN
from tasks.ask import SEATS, Question, instance_of, open_questions
from tasks.ask_members import UNSHOWN
from tasks.door import Signature, decide
from tasks.form import form_schema, read_form
from tasks.reach import prefect
from tasks.runner import nudge, poke
from tasks.store import reading, transaction

QUESTION: Final = "question/question"


def input_key(question: Question) -> str:
    """Return the key of a question's form: lowercase, digits and dashes; a new attempt has a new key."""
    return key_of(question.seat_id, question.attempt)


def key_of(seat_id: int, attempt: int) -> str:
    """Return the key of a seat's form at an attempt."""
    return f"q-{seat_id}-{attempt}"


def suspended(question: Question) -> State:
    """Return the state that shows a question's form."""
    keyset = {part: f"suspended-{input_key(question)}-{part}" for part in ("description", "response", "schema")}
    details = StateDetails(
        pause_timeout=None, pause_reschedule=True, pause_key=input_key(question), run_input_keyset=keyset
    )
    return State(type=StateType.PAUSED, name="Suspended", state_details=details)


def description(question: Question) -> str:
    """Return what the form shows above its fields: why it is asked again, what to decide on, until when."""
    parts = [say("form.refused", why=question.refusal)] if question.refusal else []
    parts.append(
        say("form.head", title=question.title, case=question.case, number=question.number, office=office_name(question))
    )
    parts.append(question.text)
    if question.due_at:
        parts.append(say("form.due", due=_local(question.due_at)))
    return "\n\n".join(parts)


def office_name(question: Question) -> str:
    """Return the Chinese title of the asked role."""
    return office(question.role).zh


def run_name(question: Question) -> str:
    """Return the name of a question's run, by which an official finds it."""
    return say("form.run_name", office=office_name(question), title=question.title, case=question.case)


def _local(moment: datetime) -> str:
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def save_form(client: SyncPrefectClient, run_id: UUID, question: Question) -> None:
    """Store a question's form under its key, before the state that needs it."""
    for part, value in (("schema", form_schema(question.form)), ("description", description(question))):
        client.create_flow_run_input(
            run_id, key=f"suspended-{input_key(question)}-{part}", value=json.dumps(value, ensure_ascii=False)
        )


def show_questions(client: SyncPrefectClient, case: str = "") -> int:
    """Create the run of every open question that has none yet; return how many were made."""
    missing = [question for question in open_questions(case=case) if not question.run_id]
    if not missing:
        return 0
    deployment = client.read_deployment_by_name(QUESTION)
    for question in missing:
        run = client.create_flow_run_from_deployment(
            deployment.id,
            parameters={"question": question.number},
            state=suspended(question),
            name=run_name(question),
            tags=[f"office:{office_name(question)}", f"case:{question.case}"] + (["drill"] if question.drill else []),
            idempotency_key=f"{question.case}-{input_key(question)}",
        )
        save_form(client, run.id, question)
        with transaction() as tx:
            tx.core.execute(update(SEATS).where(SEATS.c.id == question.seat_id).values(run_id=str(run.id)))
    return len(missing)


def ask_again(client: SyncPrefectClient, run_id: UUID, question: Question) -> None:
    """Show a question's form anew in its own run, with the reason for it."""
    save_form(client, run_id, question)
    client.update_flow_run(run_id, name=say("form.run_again", run=run_name(question)))
    client.set_flow_run_state(run_id, suspended(question), force=True)


def show_anew(client: SyncPrefectClient, seat_id: int) -> None:
    """Bring a question's own form up to the last attempt, which another way may have used up.

    An answer under an older key would be asked again although nothing was wrong with it.
    """
    for question in open_questions(seat_id=seat_id):
        if question.run_id in ("", UNSHOWN):
            continue
        state = client.read_flow_run(UUID(question.run_id)).state
        if state and state.is_paused() and state.state_details.pause_key != input_key(question):
            ask_again(client, UUID(question.run_id), question)


def close_answered(client: SyncPrefectClient) -> int:
    """End the question runs whose seats were answered another way, passed on or withdrawn; return how many."""
    chosen = select(SEATS.c.id, SEATS.c.run_id, SEATS.c.status).where(text(CLOSED_SHOWN))
    with reading() as connection:
        rows = connection.execute(chosen).all()
    for row in rows:
        try:
            run = client.read_flow_run(UUID(row.run_id))
        except ObjectNotFound:
            run = None
        if run and run.state and run.state.is_paused():
            client.set_flow_run_state(run.id, Cancelled(name=say(f"form.closed_{row.status}")), force=True)
        with transaction() as tx:
            tx.core.execute(update(SEATS).where(SEATS.c.id == row.id).values(run_id=""))
    return len(rows)


def receive_answer(number: str) -> str:
    """Carry the answer of a question's run to the door; a refusal is asked again in the same run, with its reason.

    Returns the case's number.

    Raises:
        Abort: the form is shown (again) and the run sleeps until it is answered.
    """
    seat_id = seat_of(number)
    context = FlowRunContext.get()
    assert context is not None  # noqa: S101 -- only the question's flow calls this
    assert context.flow_run is not None  # noqa: S101 -- as above
    run_id = context.flow_run.id
    with prefect() as client:
        asked = open_questions(seat_id=seat_id)
        if asked:
            response = _response(client, run_id, asked[0])
            if response is not None:
                staff_no, code, answer = read_form(asked[0].form, response)
                try:
                    decide(seat_id, Signature(staff_no, code, answer, "form"))
                except Refusal:  # kept with the question, which shows it
                    response = None
            if response is None:
                again = open_questions(seat_id=seat_id)
                if again:
                    ask_again(client, run_id, again[0])
                    raise Abort(number)
        case, carrier = instance_of(seat_id)
        wake(client, carrier)
        close_answered(client)  # the other seats of a decision that is made
    return case


def seat_of(number: str) -> int:
    """Return the seat that a question number names: Q12 is seat 12.

    Raises:
        Refusal: it is no question number.
    """
    found = find_seat(number)
    if found is None:
        raise Refusal("kernel.no_such_question", number=number)
    return found


def find_seat(number: str) -> int | None:
    """Return the seat that a question number names, or nothing where it is no such number."""
    digits = number.strip().upper().removeprefix("Q")
    return int(digits) if digits.isdecimal() else None


def _response(client: SyncPrefectClient, run_id: UUID, question: Question) -> dict[str, Any] | None:
    try:
        stored = client.read_flow_run_input(run_id, key=f"suspended-{input_key(question)}-response")
    except PrefectHTTPStatusError as error:
        if error.response.status_code == httpx.codes.NOT_FOUND:
            return None
        raise
    given: dict[str, Any] = json.loads(stored)
    return given


def wake(client: SyncPrefectClient, run_id: str) -> bool:
    """Wake a parked run now, and let the runner of this process look at once; an awake run looks again by itself."""
    woken = bool(run_id) and nudge(client, run_id)
    poke()
    return woken


def now_for_prefect() -> datetime:
    """Return the machine's moment: Prefect schedules on real time even where our clock is simulated."""
    return datetime.now(UTC)
