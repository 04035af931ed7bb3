"""The duty of every minute: rescue what stands still, fire what is due, show what is open."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from config.messages import say
from tasks.watch import keep_house, keep_watch


@flow(name="rescue", description=say("kernel.rescue"), flow_run_name=say("kernel.rescue_run"), persist_result=False)
def rescue() -> dict[str, int]:
    """Give every open case a live run, wake what is due or has new papers, show every question and every board."""
    return keep_watch()


@flow(name="sweep", description=say("kernel.sweep"), flow_run_name=say("kernel.sweep_run"), persist_result=False)
def sweep() -> list[State[Any]]:
    """Remind and escalate once a rung, recompute clocks, take rosters in, anchor the journal, erase the expired."""
    return keep_house()
