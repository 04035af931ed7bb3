"""The redemption to try out: everything that goes before the first review has happened, and nothing after it."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest

from config.zone import SHANGHAI
from flows.policy_budget import policy_budget
from flows.policy_publication import policy_publication
from flows.policy_redemption import policy_redemption
from tasks import officer, store
from tasks.ask import open_questions
from tasks.clock import set_clock
from tasks.database import upgrade
from tasks.journal import verify
from tasks.policy_redemption import try_out
from tests.ground import status_of


@pytest.fixture
def empty(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("BANJIE_CLOCK", "simulated")
    store.forget()
    upgrade()
    set_clock(datetime(2026, 11, 25, 9, tzinfo=SHANGHAI))
    yield home
    store.forget()


def test_a_newcomer_finds_one_application_under_review_and_one_to_be_mended(empty: Path) -> None:
    try_out.enrol_cast(date(2025, 1, 1), "S1013")
    stories = try_out.Stories(policy_publication.fn, policy_budget.fn, policy_redemption.fn)
    notice = try_out.prepare(stories, "S1013")
    assert notice == "DX-2026-0001"
    assert status_of(notice) == "open"
    assert [status_of(f"{notice}-{place:06}") for place in (1, 2)] == ["reviewing", "correction"]
    asked = {(one.case, one.point, one.role) for one in open_questions()}
    assert asked == {(f"{notice}-000001", "review", role) for role in ("science_bureau", "tax_bureau")}
    held = {role for one in officer.officers() for role in one.roles}
    assert {"science_bureau", "tax_bureau", "finance_bureau", "head:science_bureau", "approval_bureau"} <= held
    assert list(verify()) == []
