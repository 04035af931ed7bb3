"""Two thousand applications in one notice, and the whole road on PostgreSQL."""

import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from models.policy_redemption.policy import Grant
from models.roster import PolicyApplicationRow
from tasks.ask import open_questions
from tasks.clock import now, set_clock
from tasks.door import Proofs, Signature, decide
from tasks.journal import ENTRIES, case_id_of
from tasks.officer import code_now
from tasks.policy_redemption.online import apply_online
from tasks.store import reading
from tests.flows.redemption_stage import NOTICE, Redeeming, content, member, redeeming_at, uscc
from tests.flows.service_stage import CODE_SECONDS, at
from tests.ground import race

MANY = 2000


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Redeeming]:
    with redeeming_at(tmp_path, monkeypatch) as made:
        made.policy(content(materials=(), reviewers=(), grant=Grant(kind="fixed", amount="100")))
        made.budget()
        yield made


def timed(what: str, act: Callable[[], object], measured: dict[str, float]) -> None:
    began = time.perf_counter()
    act()
    measured[what] = time.perf_counter() - began


def sign_all(role: str) -> None:
    """Sign everything that is asked of a role, as a sheet does: one code for all of it."""
    set_clock(now() + timedelta(seconds=CODE_SECONDS))
    proofs, code = Proofs(), code_now("S001")
    for one in open_questions(role=role):
        decide(one.seat_id, Signature("S001", code, {"verdict": "approve", "reason": "符合规定"}, "sheet"), proofs)


@pytest.mark.slow
def test_two_thousand_applications_in_one_notice(stage: Redeeming, capsys: pytest.CaptureFixture[str]) -> None:
    measured: dict[str, float] = {}
    stage.firms(MANY)
    stage.launched()
    rows = [PolicyApplicationRow(uscc=uscc(place)) for place in range(1, MANY + 1)]
    timed("taken in", lambda: stage.send("policy_application", rows), measured)
    timed("fed back and asked", stage.go, measured)
    timed("signed", lambda: sign_all("science_bureau"), measured)
    timed("granted and posted", stage.go, measured)
    timed("payable and drawn", stage.posting_over, measured)
    timed("treasury", stage.treasury, measured)
    timed("paid", stage.go, measured)
    assert set(stage.standing().values()) == {"paid"}
    stage.travel(at(2027, 4, 1))
    assert stage.go() == NOTICE
    with capsys.disabled():
        told = ", ".join(f"{what} {1000 * seconds / MANY:.2f} ms" for what, seconds in measured.items())
        sys.stdout.write(f"\nper application of {MANY}: {told}\n")
    assert sum(measured.values()) < 240


def test_single_arrivals_keep_the_notice_light(stage: Redeeming) -> None:
    stage.firms(30)
    stage.launched()
    for place in range(1, 31):
        apply_online(NOTICE, uscc(place))
        stage.go()
    with reading() as connection:
        mine = select(func.count()).select_from(ENTRIES).where(ENTRIES.c.case_id == case_id_of(NOTICE))
        assert connection.execute(mine).scalar_one() <= 30 * 5 + 20, "a round with one arrival writes few lines"


@pytest.fixture
def on_postgres(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres: str) -> Iterator[Redeeming]:
    with redeeming_at(tmp_path, monkeypatch, database=postgres) as made:
        made.policy()
        made.budget("150000")
        yield made


def test_the_whole_road_on_postgresql_with_arrivals_at_once(on_postgres: Redeeming) -> None:
    stage = on_postgres
    stage.firms(8)
    stage.launched()
    papers = {place: stage.whole(place) for place in range(1, 9)}
    found = race(
        *(lambda place=place: apply_online(NOTICE, uscc(place), materials=papers[place]) for place in range(1, 9))
    )
    assert sorted(map(str, found)) == [member(place) for place in range(1, 9)]
    again = race(*(lambda: apply_online(NOTICE, uscc(1), materials=papers[1]) for _ in range(4)))
    assert len(set(map(str, again))) == 1
    stage.go()
    stage.settle_reviews()
    assert sorted(stage.standing().values()) == ["awaiting_budget"] * 7 + ["posted"]
    stage.posting_over()
    stage.treasury()
    stage.go()
    assert sorted(stage.standing().values()) == ["awaiting_budget"] * 7 + ["paid"]
