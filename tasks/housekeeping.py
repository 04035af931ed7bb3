"""What the house need not keep: sheets that were dealt with, and the runs of its own duty in Prefect's database."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterEndTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType

from config.rulebook import rule
from config.settings import settings
from tasks.clock import today
from tasks.intake import RETURNED_FOLDER
from tasks.mailbox import DONE, REFUSED
from tasks.reach import prefect

PAPERS: Final = "papers"
CALL_SHEETS: Final = "*/call-sheet-*.docx"
DUTY: Final = ("rescue", "sweep")
MOST: Final = 200
"""Runs forgotten in one sweep; the duty of a day makes some 1,700."""


def _machine_time() -> datetime:
    """Return the machine's moment: files and Prefect's runs are dated by it, even where our clock is simulated."""
    return datetime.now(UTC)


def _dealt_with() -> Iterator[Path]:
    for name in (DONE, REFUSED, RETURNED_FOLDER):
        yield from (path for path in (settings().home / name).rglob("*") if path.is_file())
    yield from (settings().home / PAPERS).glob(CALL_SHEETS)  # names and numbers in plain; the calls stay in the journal


def erase_sheets() -> int:
    """Delete sheets that were taken in, refused or sent back longer ago than the rule keeps them; return how many."""
    before = (_machine_time() - timedelta(days=rule("kernel.sheet_days", today()))).timestamp()
    old = [path for path in _dealt_with() if path.stat().st_mtime < before]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def forget_duty_runs() -> int:
    """Delete the duty's completed runs of some days ago from Prefect's database; return how many. Failed ones stay."""
    before: Any = _machine_time() - timedelta(days=rule("kernel.duty_run_days", today()))
    with prefect() as client:
        runs = client.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=list(DUTY))),
            flow_run_filter=FlowRunFilter(
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.COMPLETED])),
                end_time=FlowRunFilterEndTime(before_=before),
            ),
            limit=MOST,
        )
        for run in runs:
            client.delete_flow_run(run.id)
    return len(runs)
