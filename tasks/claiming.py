"""How a runner finds due runs and takes them: a cheap look many times a second, the dear question only when it pays."""

import asyncio
import logging
import time
from datetime import UTC, datetime
from typing import Any, Final

import httpx
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.responses import SetStateStatus
from prefect.exceptions import ObjectNotFound

from tasks.liveness import claim

# The server counts a queue as dead that nobody asked about for a minute.
FULL_SECONDS: Final = 10.0
# Runs may be due and yet not to be had: a paused queue, a limit. Then the dear question is not asked each time.
BARREN_SECONDS: Final = 1.0
_log: Final = logging.getLogger("banjie.runner")


class Intake:
    """The due runs of one work pool, for one runner.

    Asking a pool for its runs costs the server three times as much as counting due runs (10 % against 3 % of a core at
    five a second, idle), since it writes down that the pool, its queues and deployments were asked about.
    """

    def __init__(self, client: PrefectClient, pool: str, runner: str, queues: list[str]) -> None:
        self.client, self.pool, self.runner, self.queues = client, pool, runner, queues
        self._full_at = self._barren_until = 0.0

    async def due(self, *, at_once: bool) -> list[FlowRun]:
        """Return due runs, those of the most urgent queue first.

        Raises:
            httpx.HTTPError: the server does not answer.
        """
        now = time.monotonic()
        if not at_once and now < self._full_at and (now < self._barren_until or not await self._any_due()):
            return []
        self._full_at = now + FULL_SECONDS
        try:
            found = await self.client.get_scheduled_flow_runs_for_work_pool(
                self.pool, work_queue_names=self.queues, scheduled_before=datetime.now(UTC)
            )
        except ObjectNotFound:  # the pool was deleted; the next heartbeat makes it again
            found = []
        return [entry.flow_run for entry in found]

    def barren(self) -> None:
        """Note that nothing could be taken of what is due."""
        self._barren_until = time.monotonic() + BARREN_SECONDS

    async def _any_due(self) -> bool:
        response = await self.client.request(
            "POST",
            "/flow_runs/count",
            json={
                "flow_runs": {
                    "state": {"type": {"any_": [StateType.SCHEDULED.value]}},
                    "next_scheduled_start_time": {"before_": datetime.now(UTC).isoformat()},
                },
                "work_pools": {"name": {"any_": [self.pool]}},
            },
        )
        return int(response.text) > 0

    async def take(self, run: FlowRun) -> bool:
        """Take a run, or learn that another runner, an operator or a limit was first."""
        mine = claim(self.runner)
        try:
            answer = await self.client.set_flow_run_state(run.id, mine)
        except ObjectNotFound:
            return False
        except httpx.HTTPError as error:
            _log.warning("no answer to the claim of run %s: %r", run.id, error)
            return await self._taken_after_all(run, mine)
        # The server takes a repeated request for the same change only once: then the claim is already ours.
        return answer.status is SetStateStatus.ACCEPT or (
            answer.status is SetStateStatus.REJECT and _same(answer.state, mine)
        )

    async def _taken_after_all(self, run: FlowRun, mine: State[Any]) -> bool:
        while True:
            await asyncio.sleep(BARREN_SECONDS)
            try:
                return _same((await self.client.read_flow_run(run.id)).state, mine)
            except ObjectNotFound:
                return False
            except httpx.HTTPError:
                continue


def _same(state: State[Any] | None, claimed: State[Any]) -> bool:
    return state is not None and state.type is StateType.PENDING and state.message == claimed.message
