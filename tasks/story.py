"""Stories under Prefect: replayed from the top, showing the steps that really happen, parked when they wait."""

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic
from typing import Any, Final, ParamSpec, TypeVar
from uuid import UUID

from prefect import Flow, flow, task
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import State, StateDetails, StateType
from prefect.context import FlowRunContext
from prefect.exceptions import Abort
from prefect.runtime import flow_run
from prefect.states import Scheduled
from sqlalchemy import select, update

from config.messages import say
from tasks.case import running_as
from tasks.clock import simulated
from tasks.reach import prefect
from tasks.step import Dossier, report_progress, show
from tasks.store import reading, transaction
from tasks.wait import INSTANCES, PARKED, Parked
from tasks.worklist import now_for_prefect, show_questions

P = ParamSpec("P")
R = TypeVar("R")
PROGRESS_SECONDS: Final = 0.5


def _shown(name: str, dossier: Dossier, work: Callable[[], Any]) -> Any:
    title = say(f"step_{dossier.process}.{name}")
    run_name = title if dossier.turn == 1 else say("kernel.turn", step=title, turn=dossier.turn)

    def worked() -> Any:
        return work()

    worked.__name__ = name
    return task(name=title, task_run_name=run_name, cache_policy=NO_CACHE, persist_result=False)(worked)()


class _Progress:
    """One progress artifact for each long step, updated at most every half second."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[UUID, float]] = {}

    def __call__(self, name: str, done: int, total: int) -> None:
        share = 100.0 * done / total if total else 100.0
        if name not in self._made:
            if done < total:
                made = create_progress_artifact(
                    progress=share, description=say("kernel.progress", done=done, total=total)
                )
                assert isinstance(made, UUID)  # noqa: S101 -- sync code gets the id itself
                self._made[name] = (made, monotonic())
            return
        artifact, at = self._made[name]
        if done >= total or monotonic() - at > PROGRESS_SECONDS:
            update_progress_artifact(
                artifact_id=artifact, progress=share, description=say("kernel.progress", done=done, total=total)
            )
            self._made[name] = (artifact, monotonic())


@contextmanager
def _set(variable: ContextVar[Any], value: Any) -> Iterator[None]:
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)


def _nudges(case_id: int) -> int:
    with reading() as connection:
        return int(connection.execute(select(INSTANCES.c.nudges).where(INSTANCES.c.case_id == case_id)).scalar_one())


def _state_of(parked: Parked) -> State[Any]:
    if parked.until is None or simulated():  # a simulated day is no day of Prefect's: only a nudge wakes it
        # Paused, not scheduled for a far day: Prefect's page of a scheduled run hides the steps it has taken.
        details = StateDetails(pause_timeout=None, pause_reschedule=True)
        return State(type=StateType.PAUSED, name=PARKED, state_details=details)
    return Scheduled(name="AwaitingDate", scheduled_time=parked.until)


def park_run(client: SyncPrefectClient, run_id: UUID, parked: Parked, seen: int) -> None:
    """Let a run sleep until its moment; a nudge that came while it was awake wakes it again at once."""
    show_questions(client, parked.dossier.number)
    with transaction() as tx:
        tx.core.execute(update(INSTANCES).where(INSTANCES.c.case_id == parked.dossier.id).values(seen=seen))
    client.set_flow_run_state(run_id, _state_of(parked))
    if _nudges(parked.dossier.id) > seen:
        client.set_flow_run_state(run_id, Scheduled(name="Nudged", scheduled_time=now_for_prefect()))


def story(*, name: str, run_name: Callable[..., str], description: str = "") -> Callable[[Callable[P, R]], Flow[P, R]]:
    """Make a function a story: a Prefect flow that may wait for months without holding a process.

    Args:
        name: the flow's name, the stem of its process.
        run_name: makes the run's name from the flow's parameters.
        description: what operators read about it.
    """

    def of(tell: Callable[P, R]) -> Flow[P, R]:
        def told(*args: P.args, **kwargs: P.kwargs) -> R:
            context = FlowRunContext.get()
            if context is None or context.flow_run is None:
                return tell(*args, **kwargs)
            run_id = context.flow_run.id
            with _set(show, _shown), _set(report_progress, _Progress()), running_as(str(run_id)) as carried:
                try:
                    return tell(*args, **kwargs)
                except Parked as parked:
                    with prefect() as client:
                        park_run(client, run_id, parked, carried.seen)
                    raise Abort(f"{parked.dossier.number} · {parked.point}") from None

        functools.update_wrapper(told, tell)
        told.__signature__ = inspect.signature(tell)  # type: ignore[attr-defined]
        del told.__dict__["__wrapped__"]  # Prefect would bind the parameters against it
        return flow(
            name=name,
            flow_run_name=lambda: run_name(**flow_run.parameters),
            description=description or None,
            persist_result=False,
        )(told)

    return of
