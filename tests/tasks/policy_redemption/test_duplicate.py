"""One matter, one subsidy, also where two notices decide on it at the same moment."""

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import update

from models.policy_redemption.status import ApplicationStatus as A
from tasks.clock import now
from tasks.journal import CASES, lock, write_entry
from tasks.policy_redemption.duplicate import GRANTED, duplications
from tasks.policy_redemption.roll import filed
from tasks.store import transaction
from tests.ground import BOTH, Ground, race, settled
from tests.published import applications, firm, policy


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    yield from settled(request, home, monkeypatch)


def grant(case_id: int) -> str:
    """Look whether the firm has had it, think for a moment, and grant it."""
    with transaction() as tx:
        member = lock(tx, case_id)
        found = duplications(tx, filed(tx, [case_id]).values(), GRANTED)[case_id].outcome
        time.sleep(0.3)
        if found == "clear":
            write_entry(tx, member, "granted", 1, actor="system", at=now(), after=A.APPROVED)
    return found


def test_two_notices_at_once_grant_a_firm_one_matter_once(ground: Ground) -> None:
    version, who = policy()[0], firm(1)
    ids = [applications(version, [who], number=f"DX-2027-000{place}")[1][0] for place in (1, 2)]
    with transaction() as tx:
        tx.core.execute(update(CASES).where(CASES.c.id.in_(ids)).values(status=A.REVIEWING))
    assert sorted(map(str, race(*(partial(grant, case_id) for case_id in ids)))) == ["barred", "clear"]
