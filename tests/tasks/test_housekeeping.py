"""What was dealt with is not kept for ever, and what the command line writes is for its own account only."""

import os
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prefect import flow
from prefect.client.orchestration import SyncPrefectClient
from prefect.exceptions import ObjectNotFound
from prefect.states import Completed, Failed

from config.settings import ROOT
from tasks import housekeeping, store
from tasks.database import upgrade
from tasks.housekeeping import erase_sheets, forget_duty_runs

DAY = 86_400


@pytest.fixture
def empty(home: Path) -> Path:
    store.forget()
    upgrade()
    return home


@pytest.mark.parametrize("folder", ["done", "refused", "returned"])
def test_a_sheet_is_erased_once_its_days_are_over_and_not_before(empty: Path, folder: str) -> None:
    kept, old = (empty / folder / "ZB-2027H1" / name for name in ("new.xlsx", "old.xlsx"))
    kept.parent.mkdir(parents=True)
    for path, days in ((kept, 89), (old, 91)):
        path.write_bytes(b"PK")
        os.utime(path, (time.time() - days * DAY,) * 2)
    assert erase_sheets() == 1
    assert kept.exists()
    assert not old.exists()


def test_papers_and_what_waits_to_be_taken_in_are_not_touched(empty: Path) -> None:
    for name in ("papers/ZB-2027H1/circular.docx", "mailbox/ZB-2027H1/application.xlsx"):
        path = empty / name
        path.parent.mkdir(parents=True)
        path.write_bytes(b"PK")
        os.utime(path, (0, 0))
    assert erase_sheets() == 0


@pytest.mark.server
def test_completed_duty_runs_are_forgotten_and_failed_ones_stay(
    empty: Path, prefect_client: SyncPrefectClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    rescue, other = flow(lambda: None, name="rescue"), flow(lambda: None, name="conscription")
    made = {
        name: prefect_client.create_flow_run(of, state=state)
        for name, of, state in (
            ("done", rescue, Completed()), ("failed", rescue, Failed()), ("other", other, Completed()),
        )
    }  # fmt: skip
    assert forget_duty_runs() == 0, "they are of today"
    later = datetime.now(UTC) + timedelta(days=4)
    monkeypatch.setattr(housekeeping, "_machine_time", lambda: later)
    while forget_duty_runs():
        pass
    with pytest.raises(ObjectNotFound):
        prefect_client.read_flow_run(made["done"].id)
    for name in ("failed", "other"):
        assert prefect_client.read_flow_run(made[name].id).id == made[name].id


def test_what_a_command_writes_is_private(tmp_path: Path) -> None:
    home = tmp_path / "home"
    environment = {**os.environ, "BANJIE_HOME": str(home)}
    subprocess.run(
        [sys.executable, "-m", "flows.cli", "verify"], cwd=ROOT, env=environment, check=True, capture_output=True
    )
    open_to_others = [path for path in (home, *home.rglob("*")) if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)]
    assert open_to_others == []
