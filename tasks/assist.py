"""Acts on open questions, by form or command, and a word to Prefect: new seats get runs, those of closed ones end."""

from typing import Final

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from config.messages import Refusal, say
from tasks.ask import instance_of
from tasks.matter import Act, Receipt, addressee
from tasks.reach import prefect
from tasks.verbs import add_signatory, copy_to, transfer, urge, withdraw
from tasks.worklist import close_answered, seat_of, show_questions, wake

TO_SOMEBODY: Final = {"transfer": transfer, "add": add_signatory, "copy": copy_to}
TO_NOBODY: Final = {"urge": urge, "withdraw": withdraw}
VERBS: Final = (*TO_SOMEBODY, *TO_NOBODY)


def verb_labels() -> list[str]:
    """Return what the form offers, in its words."""
    return [say(f"assist.{verb}") for verb in VERBS]


def assist(verb: str, number: str, act: Act, unit: str = "", officer: str = "") -> Receipt:
    """Do something with a question other than answering it.

    Args:
        verb: one of `VERBS`, or its word on the form.
        number: the question's number.
        act: who acts, with which code, and why.
        unit: the body that it is passed on to, added or copied, by id or name; the question's own where empty.
        officer: staff number of an officer of that body, where one alone is meant.

    Raises:
        Refusal: there is no such question or body, or why it does not go.
    """
    named = {say(f"assist.{one}"): one for one in VERBS}
    chosen = named.get(verb, verb)
    seat_id, reason = seat_of(number), act.reason.strip()
    if not reason:
        raise Refusal("assist.no_reason")
    if chosen in TO_SOMEBODY:
        if not (unit.strip() or officer.strip()):
            raise Refusal("assist.to_whom", verb=say(f"assist.{chosen}"))
        return TO_SOMEBODY[chosen](seat_id, addressee(unit, officer), act)
    if chosen not in TO_NOBODY:
        raise Refusal("assist.no_such_verb", verb=verb, verbs="、".join(verb_labels()))
    return TO_NOBODY[chosen](seat_id, act)


def bring_up_to_date(client: SyncPrefectClient, receipt: Receipt) -> None:
    """Show a question's new seats, end the runs of those that closed, and wake its case where it may go on."""
    show_questions(client, receipt.case)
    close_answered(client)
    if receipt.verb == "withdraw":
        wake(client, instance_of(seat_of(receipt.number))[1])


def assist_by_form(action: str, number: str, unit: str, officer: str, act: Act) -> State[str]:
    """Act through the `assist` form; a refusal ends the run with its reason and changes nothing."""
    try:
        receipt = assist(action, number, act, unit, officer)
    except Refusal as refusal:
        return Failed(message=str(refusal))
    with prefect() as client:
        bring_up_to_date(client, receipt)
    return Completed(message=receipt.text)
