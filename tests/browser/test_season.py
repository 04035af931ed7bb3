"""A whole season whose every decision is made in Chromium, by turns in the question's own form and behind the worklist."""

import time
from statistics import median

import pytest
from sqlalchemy import select

from tasks import rehearsal
from tasks.ask import open_questions
from tasks.conscription.course import number_of
from tasks.journal import CASES, case_id_of, verify
from tasks.store import reading
from tasks.wait import INSTANCES, count_nudge
from tasks.worklist import wake
from tests.browser.official import House, Official, filled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
APPLICANTS = 40
PATIENCE = 90.0
NUMBER = number_of("2027H1")


def parked() -> tuple[int, str] | None:
    """Return (case id, run id) once the season has nothing more to do by itself."""
    chosen = select(
        INSTANCES.c.case_id, INSTANCES.c.run_id, INSTANCES.c.waiting_on, INSTANCES.c.nudges, INSTANCES.c.seen
    )
    with reading() as connection:
        row = connection.execute(chosen.where(INSTANCES.c.case_id == case_id_of(NUMBER))).one()
    return (row.case_id, row.run_id) if row.waiting_on and row.seen >= row.nudges else None


def test_a_season_is_decided_in_the_browser_and_closed(house: House, official: Official) -> None:
    script = rehearsal.Script("2027H1", APPLICANTS, 1, house.folder / "sheets")
    ways: dict[str, tuple[str, str]] = {}
    moved = time.monotonic()
    while not rehearsal.standing(script).closed_at:
        assert time.monotonic() - moved < PATIENCE, f"the season stands at {rehearsal.standing(script).waiting_on}"
        found = parked()
        if not found:
            time.sleep(0.05)
            continue
        asked = [one for one in open_questions() if one.case == NUMBER or one.case.startswith(f"{NUMBER}-")]
        if asked:
            way = ("form", "board")[len(ways) % 2]
            question = house.question(asked[0].case)
            (official.resume if way == "form" else official.decide)(question, filled(question))
            ways[f"{question.case} {question.point}/1"] = (rehearsal.signer_of(question.role), way)
            official.picture(f"{len(ways):02d}-{question.point}")
        elif rehearsal.act(script):
            count_nudge(found[0])
            wake(house.client, found[1])
        moved = time.monotonic()
    signed = house.signed(NUMBER)
    groups = f"{NUMBER} groups/1"  # the first question may have been answered by the test of its form
    assert {key: who for key, who in signed.items() if key != groups} == {
        key: who for key, who in ways.items() if key != groups
    }
    assert signed[groups] == (rehearsal.signer_of("leading_group"), "form")
    assert {way for _, way in ways.values()} == {"form", "board"}
    points = {key.split()[1].partition("/")[0] for key in signed}
    assert {"groups", "publicity", "meeting", "objection", "transport", "handover"} <= points
    with reading() as connection:
        status = connection.execute(select(CASES.c.status, CASES.c.closed_at).where(CASES.c.number == NUMBER)).one()
    assert (status.status, status.closed_at is not None) == ("closed", True)
    assert list(verify()) == []
    assert "已于 2027-04-25 办结" in official.board(f"season-{NUMBER.lower()}").inner_text()
    for key in ("season-zb-2027h1", "ranking-zb-2027h1", "deadlines", "inbox", "worklist"):
        official.board(key)
        official.picture(key)
    took = official.latencies
    told = f"{len(took)} answers: median {median(took):.2f} s, longest {max(took):.2f} s"
    print(f"\nclick to the next recorded step, {told}")  # noqa: T201 -- the measurement
