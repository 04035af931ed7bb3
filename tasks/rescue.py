"""The rescue: our journal is the only memory, so every open case that no live run carries gets a new one."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.exceptions import ObjectNotFound
from prefect.states import Crashed
from sqlalchemy import select, update

from config.messages import say
from models.case import DecisionStatus
from tasks.ask import SEATS
from tasks.ask_members import UNSHOWN
from tasks.case import instances_open
from tasks.clock import now
from tasks.logbook import KEEPER, note
from tasks.reach import prefect
from tasks.runner import alive_runs, orphans
from tasks.store import reading, transaction
from tasks.wait import INSTANCES, PARKED
from tasks.worklist import close_answered, key_of, now_for_prefect, show_anew, show_questions, wake

SETTLE: Final = timedelta(seconds=12)
PAGE: Final = 200
LIVING: Final = (StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING, StateType.CANCELLING)
FIRST_DELAY_MINUTES: Final = 1
LONGEST_DELAY_MINUTES: Final = 60
FAILING: Final = 3
"""Failures in a row after which somebody is told."""


def _runs(client: SyncPrefectClient, ids: Iterable[str]) -> dict[str, FlowRun]:
    wanted = [UUID(one) for one in ids if one]
    found: dict[str, FlowRun] = {}
    for start in range(0, len(wanted), PAGE):
        these = FlowRunFilter(id=FlowRunFilterId(any_=wanted[start : start + PAGE]))
        found.update({str(run.id): run for run in client.read_flow_runs(flow_run_filter=these, limit=PAGE)})
    return found


def _settled(run: FlowRun) -> bool:
    """Say whether Prefect's own late changes to a run's state are over."""
    return run.state is None or run.state.timestamp is None or now_for_prefect() - run.state.timestamp > SETTLE


def _carried(run: FlowRun | None, alive: set[str]) -> bool:
    """Say whether a run carries its case still, or may yet: a RUNNING run whose runner is gone is a zombie."""
    if run is None or run.state is None:
        return False
    if run.state.type in (StateType.RUNNING, StateType.PENDING):
        return str(run.id) in alive or not _settled(run)
    return run.state.type in LIVING or run.state.name == PARKED or not _settled(run)


def rescue(client: SyncPrefectClient) -> list[str]:
    """Give every open case a live run, wake the nudged, show every open question; return the cases rescued.

    Idempotent by case and turn: a second rescue of the same standstill finds the run that the first one started.
    """
    for run in orphans(client):  # whatever their runner was, it is gone: nobody else will ever end them
        client.set_flow_run_state(run.id, Crashed(message=say("kernel.runner_gone")), force=True)
    instances = instances_open()
    runs, alive = _runs(client, (one.run_id for one in instances)), alive_runs(client)
    rescued = [
        one.number for one in instances if not _carried(runs.get(one.run_id), alive) and _start(client, one, runs)
    ]
    for one in instances:
        if one.number not in rescued and (one.nudges > one.seen or (one.wake_at and one.wake_at <= now())):
            wake(client, one.run_id)
    _forget_lost_questions(client)
    show_questions(client)
    close_answered(client)
    return rescued


def start_run(number: str) -> None:
    """Give a case that was just opened its run at once; where the server is away, the rescue does it later."""
    try:
        with prefect() as client:
            for one in instances_open(number):
                if not one.run_id:
                    _start(client, one, {})
    except (httpx.HTTPError, ObjectNotFound):
        return


def _start(client: SyncPrefectClient, one: Any, runs: dict[str, FlowRun]) -> bool:
    before = runs.get(one.run_id)
    if before and before.state and before.state.type in (StateType.RUNNING, StateType.PENDING):
        client.set_flow_run_state(before.id, Crashed(message=say("kernel.runner_gone")), force=True)
    failed = bool(before and before.state and before.state.type in (StateType.FAILED, StateType.CRASHED))
    if failed and before and before.state and before.state.timestamp:
        delay = min(FIRST_DELAY_MINUTES * 2**one.failures, LONGEST_DELAY_MINUTES) if one.failures else 0
        if now_for_prefect() - before.state.timestamp < timedelta(minutes=delay):
            return False
    deployment = client.read_deployment_by_name(one.story)
    run = client.create_flow_run_from_deployment(
        deployment.id, parameters=one.parameters, idempotency_key=f"{one.number}-after-{one.run_id or 'nothing'}"
    )
    with transaction() as tx:
        tx.core.execute(
            update(INSTANCES)
            .where(INSTANCES.c.case_id == one.id, INSTANCES.c.run_id == one.run_id)
            .values(run_id=str(run.id), failures=INSTANCES.c.failures + int(failed))
        )
    if failed and one.failures + 1 >= FAILING:
        note("run_failing", {"number": one.number, "failures": one.failures + 1}, (KEEPER,), turn=one.id)
    return True


def _forget_lost_questions(client: SyncPrefectClient) -> None:
    """Show again the questions whose run Prefect lost or that ended unanswered, and anew those that moved on."""
    with reading() as connection:
        shown = connection.execute(
            select(SEATS.c.id, SEATS.c.run_id, SEATS.c.attempt).where(
                SEATS.c.status == DecisionStatus.OPEN.value, SEATS.c.run_id.not_in(["", UNSHOWN])
            )
        ).all()
    runs = _runs(client, (row.run_id for row in shown))
    for row in shown:
        state = run.state if (run := runs.get(row.run_id)) else None
        if state and state.is_paused() and state.state_details.pause_key != key_of(row.id, row.attempt):
            show_anew(client, row.id)
    lost = [row.id for row in shown if (run := runs.get(row.run_id)) is None or (run.state and run.state.is_final())]
    if lost:
        with transaction() as tx:
            tx.core.execute(update(SEATS).where(SEATS.c.id.in_(lost)).values(run_id="", attempt=SEATS.c.attempt + 1))
