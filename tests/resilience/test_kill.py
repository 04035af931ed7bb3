"""Kill -9 at random points of a season: afterwards everything is as if nothing had happened."""

import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from config.settings import ROOT
from tasks.postgres import Postgres
from tasks.store import make_keys

SEASON = Path(__file__).with_name("season_driver.py")
INCIDENT = Path(__file__).with_name("incident_driver.py")
APPLICANTS, SEED = 200, 7
KILLS = int(os.environ.get("BANJIE_KILLS", "40"))
DICE = int(os.environ.get("BANJIE_KILLS_SEED", "20270301"))
KILLS_A_SEASON = 20
TIMED = 0.2
"""Share of the kills that come after a time, whatever is being done then, rather than at a counted point."""

Order = Callable[..., dict[str, Any]]
Place = Callable[[str], tuple[Path, str]]
Record = Callable[[str, object], None]


@pytest.fixture(params=[SEASON])
def order(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Order]:
    """The fork server: `order("play", home=…, url=…)`."""
    log = (tmp_path / "driver.log").open("w+")
    server = subprocess.Popen(
        [sys.executable, str(request.param)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert server.stdin is not None
    assert server.stdout is not None
    assert json.loads(server.stdout.readline() or "{}") == {"ready": True}, (tmp_path / "driver.log").read_text()
    keys = make_keys()

    def give(do: str, home: Path, url: str, **facts: Any) -> dict[str, Any]:
        assert server.stdin is not None
        assert server.stdout is not None
        told = {"do": do, "home": str(home), "url": url, "keys": keys, "applicants": APPLICANTS, "seed": SEED}
        server.stdin.write(json.dumps(told | facts) + "\n")
        server.stdin.flush()
        answer: dict[str, Any] = json.loads(server.stdout.readline() or "{}")
        assert answer, (tmp_path / "driver.log").read_text()[-4000:]
        assert "failed" not in answer, (tmp_path / "driver.log").read_text()[-4000:]
        return answer

    yield give
    server.stdin.close()
    server.wait(30)
    log.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], tuple[Path, str]]:
    """Home folder and database URL of a season of its own."""
    cluster: Postgres | None = request.getfixturevalue("postgres_cluster") if request.param == "postgresql" else None

    def make(name: str) -> tuple[Path, str]:
        home = tmp_path / name
        home.mkdir()
        if cluster is None:
            return home, f"sqlite:///{home / 'banjie.db'}"
        database = f"kill_{uuid.uuid4().hex[:8]}"
        cluster.create(database)
        return home, cluster.url(database, "psycopg")

    return make


def differences(one: dict[str, list[str]], other: dict[str, list[str]]) -> list[str]:
    found = []
    for name in sorted(one.keys() | other.keys()):
        before, after = one.get(name, []), other.get(name, [])
        found += [f"{name} lost {line}" for line in before if before.count(line) > after.count(line)]
        found += [f"{name} gained {line}" for line in after if after.count(line) > before.count(line)]
    return found


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_season_killed_anywhere_ends_as_an_undisturbed_one(
    order: Order, place: Place, record_property: Record
) -> None:
    def expect(undisturbed: dict[str, list[str]]) -> None:
        assert len(undisturbed["cases"]) > APPLICANTS * 0.9

    shake(order, place, record_property, expect)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("order", [INCIDENT], indirect=True)
def test_no_duty_and_no_step_of_an_accident_is_lost_wherever_it_is_killed(order: Order, place: Place, record_property: Record) -> None:  # fmt: skip
    def expect(undisturbed: dict[str, list[str]]) -> None:
        assert len(undisturbed["incident_groups"]) == 10
        assert len(undisturbed["incident_duties"]) > 5
        assert len(undisturbed["incident_call_steps"]) > 20

    shake(order, place, record_property, expect, most=KILLS // 3)


def shake(order: Order, place: Place, record_property: Record, expect: Callable[[dict[str, list[str]]], None],
          most: int = KILLS) -> None:  # fmt: skip
    dice, began = random.Random(DICE), time.monotonic()
    calm = place("calm")
    order("settle", *calm)
    started = time.monotonic()
    points = order("play", *calm)["points"]
    seconds = time.monotonic() - started
    expected = order("snapshot", *calm)["snapshot"]
    assert expected["broken"] == []
    expect(expected)
    assert points > 1000

    kills, seasons = 0, 0
    while kills < most:
        seasons += 1
        shaken = place(f"shaken{seasons}")
        order("settle", *shaken)
        while True:
            fate: dict[str, Any] = {}
            if kills < most:
                share = dice.expovariate(KILLS_A_SEASON)
                fate = (
                    {"kill_after": seconds * share} if dice.random() < TIMED else {"kill_at": 1 + int(points * share)}
                )
            answer = order("play", *shaken, **fate)
            if "signal" not in answer:
                break
            assert answer["signal"] == signal.SIGKILL
            kills += 1
        found = order("snapshot", *shaken)["snapshot"]
        unlike = differences(expected, found)
        assert not unlike, "\n".join([f"season {seasons} after {kills} kills, dice {DICE}", *unlike[:30]])
    record_property("kills", kills)
    record_property("seasons", seasons)
    record_property("points", points)
    record_property("seconds", round(time.monotonic() - began, 1))
