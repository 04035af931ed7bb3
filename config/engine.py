"""What the outside has decided about the engine room: runners, ports, polls and how long a run may take."""

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.settings import ROOT


class Engine(BaseSettings):
    """Settings of the engine room, from `BANJIE_*` variables or `var/banjie.env`."""

    model_config = SettingsConfigDict(env_prefix="BANJIE_", extra="ignore", frozen=True)

    runner: Literal["warm", "process"] = Field(default="warm", description="process: Prefect's own process worker")
    runners: int = Field(default=1, ge=1, le=16, description="How many runners `banjie up` starts")
    host: str = Field(default="127.0.0.1", description="Address the server listens on")
    port: int = Field(default=4200, ge=0, le=65535, description="Port of the Prefect UI; 0 takes a free one")
    site_port: int | None = Field(
        default=None, ge=0, le=65535, description="Port of the public site; 0 takes a free one, empty: the next port"
    )
    ack_port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="Port of the page for acknowledgements; 0 takes a free one, empty: two after Prefect's",
    )
    root: Path = Field(default=ROOT, description="Folder that holds flows/ and prefect.yaml")
    poll: float = Field(default=0.1, gt=0, description="Seconds between looks for due runs after activity")
    poll_idle: float = Field(default=0.2, gt=0, description="Seconds between looks when nothing happened for a while")
    slots: int = Field(default=8, ge=1, le=64, description="Runs one runner executes at once")
    urgent_slots: int = Field(
        default=3, ge=0, description="Slots of these that only the queues `urgent` and `incident` may take"
    )
    incident_slots: int = Field(default=1, ge=0, description="Slots of these that only the queue `incident` may take")
    run_limit: float = Field(default=900, gt=0, description="Seconds a run may execute before it counts as hung")
    grace: float = Field(default=5, ge=0, description="Seconds a stopping runner waits for its runs")


@cache
def engine() -> Engine:
    """Return the settings of the engine room, read once."""
    return Engine(_env_file=ROOT / "var" / "banjie.env")
