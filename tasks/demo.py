"""The demonstration: a whole season under a real server, with scripted officers, from first question to close."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
from prefect.client.orchestration import SyncPrefectClient
from sqlalchemy import func, select

from config.messages import Refusal, say
from config.season import season
from config.settings import ROOT, settings
from config.zone import SHANGHAI
from models.case import Entry, Notice, Seat
from tasks import rehearsal, store
from tasks.clock import set_clock
from tasks.conscription.course import number_of, open_season
from tasks.database import upgrade
from tasks.journal import case_id_of, verify
from tasks.members import standing_by_unit
from tasks.reach import prefect
from tasks.server import free_port
from tasks.store import reading, table
from tasks.wait import INSTANCES, count_nudge
from tasks.worklist import wake

PATIENCE: Final = 120.0
LOOK: Final = 0.05


def demo(applicants: int, season_name: str, seed: int, home: Path | None, tell: Callable[[str], None]) -> Iterator[str]:
    """Rehearse a season of invented applicants and yield the lines of its summary.

    Args:
        applicants: how many apply.
        season_name: the season's file.
        seed: seed of everything invented.
        home: where databases and papers go; emptied first, so only a demonstration's own folder is taken.
        tell: takes each act as it happens.

    Raises:
        Refusal: the folder is not a demonstration's, or the season stands still.
    """
    folder = _fresh((home or settings().home / "demo").resolve())
    port, began = free_port(), time.monotonic()
    os.environ |= {
        "BANJIE_HOME": str(folder),
        "BANJIE_CLOCK": "simulated",
        "BANJIE_PORT": str(port),
        "BANJIE_ADDRESS": f"http://127.0.0.1:{port}",
    }
    store.forget()
    upgrade()
    opens = season(season_name).windows.application["male"].opens
    set_clock(datetime.combine(opens - timedelta(days=4), datetime.min.time(), SHANGHAI))
    rehearsal.enrol_cast(date(opens.year - 1, 1, 1))
    open_season(season(season_name))
    script = rehearsal.Script(season_name, applicants, seed, folder / "sheets")
    with (
        _running(folder),
        prefect(settings().address) as client,
    ):
        _await_server(client)
        _perform(client, script, tell)
        _drain()
    yield from _summary(script, folder, time.monotonic() - began)


def _fresh(folder: Path) -> Path:
    mark = folder / "this-is-a-demonstration"
    if folder.exists() and not mark.exists() and any(folder.iterdir()):
        raise Refusal("cli.demo_folder", path=folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    mark.touch()
    return folder


@contextmanager
def _running(folder: Path) -> Iterator[None]:
    """Run the whole installation beside, as `banjie up` does, and end it afterwards."""
    log = (folder / "up.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.cli", "up"], cwd=ROOT, stdout=log, stderr=subprocess.STDOUT
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
        log.close()


def _await_server(client: SyncPrefectClient) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            client.read_deployment_by_name("conscription/conscription")
        except (httpx.HTTPError, LookupError, Exception):  # noqa: BLE001 -- not there yet, in whatever way
            time.sleep(LOOK * 4)
        else:
            return
    raise Refusal("cli.no_server", why="timeout")


def _parked(number: str) -> Any:
    chosen = select(
        INSTANCES.c.waiting_on, INSTANCES.c.nudges, INSTANCES.c.seen, INSTANCES.c.run_id, INSTANCES.c.case_id
    )
    with reading() as connection:
        return connection.execute(chosen.where(INSTANCES.c.case_id == case_id_of(number))).one()


def _perform(client: SyncPrefectClient, script: rehearsal.Script, tell: Callable[[str], None]) -> None:
    number, moved = number_of(script.season), time.monotonic()
    while True:
        if rehearsal.standing(script).closed_at:
            return
        row = _parked(number)
        if row.waiting_on and row.seen >= row.nudges:
            done = rehearsal.act(script)
            if done:
                tell(done)
                count_nudge(row.case_id)
                moved = time.monotonic()
            wake(client, row.run_id)
        elif time.monotonic() - moved > PATIENCE:
            raise Refusal("cli.demo_stands", point=row.waiting_on or "-")
        time.sleep(LOOK)


def _drain() -> None:
    """Wait until the sender has sent what is queued."""
    end = time.monotonic() + PATIENCE
    waiting = select(func.count()).select_from(table(Notice)).where(table(Notice).c.next_at.is_not(None))
    while time.monotonic() < end:
        with reading() as connection:
            if not connection.execute(waiting).scalar_one():
                return
        time.sleep(LOOK * 4)


def _summary(script: rehearsal.Script, folder: Path, seconds: float) -> Iterator[str]:
    number, counted = number_of(script.season), Counter[str]()
    for (_, status), members in standing_by_unit(case_id_of(number)).items():
        counted[status] += members
    with reading() as connection:
        entries, notices = (
            connection.execute(select(func.count()).select_from(table(one))).scalar_one() for one in (Entry, Notice)
        )
        signed = connection.execute(
            select(func.count()).select_from(table(Seat)).where(table(Seat).c.signed_by != "")
        ).scalar_one()
    yield say("cli.demo_done", season=script.season, applicants=script.applicants, seconds=f"{seconds:.0f}")
    for status, members in counted.most_common():
        yield f"  {say(f'conscription_status.{status}')}  {members}"
    yield say("cli.demo_counts", entries=entries, notices=notices, signed=signed, broken=len(list(verify())))
    for path in sorted((folder / "papers").rglob("*.*")):
        yield f"  {path}"
