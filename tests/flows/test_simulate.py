"""What-if: the story itself on a simulated clock, the same for the same seed, in a home that nobody sees again."""

import json
import os
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from config.settings import settings
from config.simulation import assumptions
from flows.cli import app
from flows.policy_redemption import policy_redemption
from models.policy_redemption.prediction import Prediction
from tasks.policy_redemption.simulation import Scenario, simulate
from tasks.policy_redemption.simulation.scenario import arrivals
from tasks.store import forget

MONDAY = date(2026, 3, 2)


def run(applications: int = 24, officers: int = 2, days: int = 5, seed: int = 1) -> Prediction:
    told: list[Any] = []
    found = simulate(
        Scenario(applications, officers, days, seed, MONDAY), policy_redemption.fn, lambda *day: told.append(day)
    )
    assert [day for day, _, _ in told] == sorted({day for day, _, _ in told})  # progress, day by day
    assert told[-1][1] == applications
    return found


def test_a_what_if_tells_breaches_and_load_and_is_the_same_for_the_same_seed(home: Path) -> None:
    before, left = dict(os.environ), len(list(Path(tempfile.gettempdir()).glob("banjie-what-if-*")))
    first, second = run(), run()
    assert first == second
    assert first.finished
    assert sum(first.ends.values()) == 24
    assert set(first.ends) <= {"paid", "not_accepted", "refused", "expired"}
    assert sum(week.received for week in first.weeks) == 24
    assert {one.staff_no for one in first.people} == {"M0001", "M0002"}
    assert sum(one.decisions for one in first.people) >= 40  # an acceptance and a review of nearly each
    assert all(0 <= week.load <= 1 for week in first.weeks)
    assert run(seed=2).weeks != first.weeks
    assert dict(os.environ) == before
    assert len(list(Path(tempfile.gettempdir()).glob("banjie-what-if-*"))) == left
    assert settings().home == home
    forget()


def test_too_few_officers_breach_and_more_of_them_do_not(home: Path) -> None:
    few, many = run(applications=70, officers=1, days=1), run(applications=70, officers=9, days=1)
    assert few.breaches["feedback"] + few.breaches["promise"] > 10
    assert many.breaches == {"feedback": 0, "promise": 0, "payment": 0}
    assert few.weeks[0].load > 0.8 > many.weeks[0].load
    assert max(week.waiting for week in few.weeks) > max(week.waiting for week in many.weeks)
    forget()


def test_firms_come_in_the_window_and_each_once() -> None:
    scenario = Scenario(500, 1, 20, 3, MONDAY)
    come = arrivals(scenario)
    assert sorted(firm for hour in come.values() for firm in hour) == list(range(1, 501))
    assert {at.hour for at in come} <= set(assumptions().policy.arrivals.hours)
    assert min(come).date() >= MONDAY
    assert max(come).date() <= scenario.last_day
    assert arrivals(scenario) == come


@pytest.mark.parametrize("words", [("--applications", "0"), ("--officers", "0"), ("--days", "x"), ("--from", "明天")])
def test_a_wrong_word_is_one_sentence(home: Path, words: tuple[str, ...]) -> None:
    given = {"--applications": "5", "--officers": "1"} | {words[0]: words[1]}
    done = CliRunner().invoke(app, ["simulate", "policy", *(word for pair in given.items() for word in pair)])
    assert done.exit_code == 2
    assert len(done.stderr.strip().splitlines()) == 1


def test_by_command(home: Path) -> None:
    words = ["simulate", "policy", "--applications", "5", "--officers", "1", "--days", "2"]
    told = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    assert (told["applications"], told["from_day"]) == (5, "2026-03-02")
    shown = CliRunner().invoke(app, words).stdout
    assert "超期：反馈 0 件" in shown
    assert "M0001" in shown
    forget()
