"""Two thousand applications in one notice, and the whole road on PostgreSQL."""

import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, select

from flows.policy_redemption import policy_redemption
from models.policy_redemption.policy import Grant
from models.roster import PolicyApplicationRow
from tasks.ask import open_questions
from tasks.clock import now, set_clock
from tasks.door import Proofs, Signature, decide
from tasks.journal import ENTRIES, case_id_of
from tasks.officer import code_now
from tasks.policy_redemption.online import apply_online
from tasks.store import engine, reading
from tasks.wait import Parked
from tests.flows.redemption_stage import CLOSES, CODE, NOTICE, OPENS, Redeeming, content, member, redeeming_at, uscc
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


LARGE = frozenset({
    "cases", "entries", "notices", "deadlines", "decisions", "seats", "firms", "publications", "policy_applications", "policy_papers",
    "policy_deficiencies", "policy_objections", "payment_lines", "ledger_claims", "ledger_postings",
})  # fmt: skip


def plans_of(statements: dict[str, Any]) -> list[str]:
    """Return how SQLite would look through whole large tables for what was said, one line each."""
    driver = sqlite3.connect(str(engine().url.database))
    found = []
    for statement, values in statements.items():
        if statement.lstrip()[:6].upper() in {"SELECT", "UPDATE", "DELETE"}:
            lines = [row[3].split() for row in driver.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
            found += [f"{line[1]}: {statement[:200]}" for line in lines if line[0] == "SCAN" and line[1] in LARGE
                      and "ORDER BY publications.id DESC" not in statement]  # fmt: skip
    return found


def test_a_round_looks_at_its_own_notice_and_never_through_everything_that_ever_was(stage: Redeeming) -> None:
    said: dict[str, Any] = {}

    def listen(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:
        if not many:
            said.setdefault(statement, values)

    def tell() -> None:
        event.listen(engine(), "before_cursor_execute", listen)
        with suppress(Parked):
            policy_redemption.fn(CODE, OPENS, CLOSES)
        event.remove(engine(), "before_cursor_execute", listen)

    stage.firms(3)
    stage.launched()
    stage.send("policy_application", [PolicyApplicationRow(uscc=uscc(place)) for place in (1, 2, 3)])
    tell()
    sign_all("science_bureau")
    tell()
    stage.travel(at(2027, 3, 24))
    tell()
    stage.treasury()
    tell()
    assert set(stage.standing().values()) == {"paid"}
    assert len(said) > 50
    assert plans_of(said) == []
