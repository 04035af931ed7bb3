"""The officers of the one-stop platform, on the stage of `service_stage`."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tasks import officer
from tasks.ask import open_questions
from tasks.clock import now, set_clock
from tasks.door import Signature, decide
from tests.flows.service_stage import CODE_SECONDS, Stage, stage_at

STAFF = {
    "approval_bureau": "P001", "science_bureau": "P002", "housing_bureau": "P003", "head:science_bureau": "P004",
}  # fmt: skip
SECOND = "P009"
"""A second officer of the centre and of the science bureau."""


class Platform(Stage):
    """A stage whose questions are answered by the platform's officers."""

    def answer(self, point: str, *, staff: str = "", case: str = "", **fields: Any) -> str:
        """Answer the one open question of a point, of a case where several are open."""
        found = [one for one in open_questions(case=case) if one.point == point]
        assert len(found) == 1, (point, [(one.case, one.point) for one in open_questions()])
        set_clock(now() + timedelta(seconds=CODE_SECONDS))
        signer = staff or STAFF[found[0].role]
        given = {"reason": "按规定办理", **fields}
        return decide(found[0].seat_id, Signature(signer, officer.code_now(signer), given, "form"))


@contextmanager
def platform_at(folder: Path, patch: pytest.MonkeyPatch, moment: datetime, database: str = "") -> Iterator[Platform]:
    """Open a fresh stage with the platform's officers."""
    with stage_at(folder, patch, moment, database) as opened:
        for role, staff in STAFF.items():
            officer.enrol(staff, f"经办{staff}", [role], date(2026, 1, 1))
        officer.enrol(SECOND, "经办二", ["approval_bureau", "science_bureau"], date(2026, 1, 1))
        yield Platform(opened.folder)
