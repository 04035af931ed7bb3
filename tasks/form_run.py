"""What a form's run brings, told apart from what another brings."""

from hashlib import sha256

from prefect.context import FlowRunContext


def run_mark(*parts: str) -> bytes:
    """Return the mark of what a form's run brings: the same run brings it once, however often it is started."""
    context = FlowRunContext.get()
    own = str(context.flow_run.id) if context is not None and context.flow_run is not None else ""
    return sha256("\x1f".join((own, *parts)).encode()).digest()
