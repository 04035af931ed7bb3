"""What a form's run brings, told apart from what another brings."""

from hashlib import sha256

from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.states import Failed

from config.messages import Refusal, say
from tasks.reach import prefect


def run_mark(*parts: str) -> bytes:
    """Return the mark of what a form's run brings: the same run brings it once, however often it is started."""
    context = FlowRunContext.get()
    own = str(context.flow_run.id) if context is not None and context.flow_run is not None else ""
    return sha256("\x1f".join((own, *parts)).encode()).digest()


def end_refused(refusal: Refusal, personal: str, *fields: str) -> State[str]:
    """End a form's run with the reason of the refusal; what may name somebody does not stay with it.

    The server refuses personal numbers by itself, unless whoever filled the form in told it not to check.

    Args:
        refusal: the reason.
        personal: key of the refusal that says that somebody's numbers were given.
        fields: the parameters that are cleared then.
    """
    context = FlowRunContext.get()
    if refusal.key == personal and context is not None and context.flow_run is not None:
        given = context.flow_run.parameters
        gone = {name: say("demand.taken_out") for name in fields if given.get(name)}
        with prefect() as client:
            client.update_flow_run(context.flow_run.id, parameters={**given, **gone})
    return Failed(message=str(refusal))
