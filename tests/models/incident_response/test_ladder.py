"""The ladder: every path ends in an answer or in red, no step is taken twice, and none out of turn."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.emergency_plan import LadderStep
from models.incident_response.ladder import CODE_LETTERS, Ack, climb, holds_until, read_code, times

START = datetime(2027, 1, 4, 1, tzinfo=UTC)
PATIENCE = timedelta(minutes=5)
WAYS = ("channel:1", "channel:2", "channel:3", "voice", "alternate")
steps = st.builds(LadderStep, after_minutes=st.integers(0, 30), by=st.sampled_from(WAYS))
ladders = st.lists(steps, min_size=1, max_size=8)


@given(ladder=ladders, usable=st.sets(st.sampled_from(WAYS)), delays=st.lists(st.integers(0, 40), max_size=20))
def test_every_ladder_ends_in_red_and_takes_each_step_once_in_order(
    ladder: list[LadderStep], usable: set[str], delays: list[int]
) -> None:
    at, taken, places, moments = START, 0, [], []
    for look in range(len(ladder) + 2):
        found = climb(ladder, taken, START, at, usable=usable.__contains__, patience=PATIENCE)
        places += [move.place for move in found.moves]
        moments += [at] * len(found.moves)
        taken += len(found.moves)
        assert all(move.taken == (move.by in usable) for move in found.moves)
        if found.exhausted:
            break
        assert found.next_at is not None
        assert found.next_at > at
        at = found.next_at + timedelta(minutes=delays[look] if look < len(delays) else 0)  # a bell may come late
    assert found.exhausted
    assert places == list(range(len(ladder)))
    assert moments == sorted(moments)


@given(ladder=ladders)
def test_steps_are_due_in_ascending_order(ladder: list[LadderStep]) -> None:
    due = times(ladder, START)
    assert due == sorted(due)
    assert all(when >= START + timedelta(minutes=step.after_minutes) for when, step in zip(due, ladder, strict=True))


def test_a_step_that_leads_nowhere_hands_on_at_once() -> None:
    ladder = [
        LadderStep(after_minutes=n, by=by)
        for n, by in ((0, "channel:1"), (2, "channel:2"), (4, "voice"), (8, "alternate"))
    ]
    usable = {"channel:1", "voice"}
    first = climb(ladder, 0, START, START, usable=usable.__contains__, patience=PATIENCE)
    assert [move.by for move in first.moves] == ["channel:1"]
    assert first.next_at == START + timedelta(minutes=2)
    second = climb(ladder, 1, START, START + timedelta(minutes=2), usable=usable.__contains__, patience=PATIENCE)
    assert [(move.by, move.taken) for move in second.moves] == [("channel:2", False), ("voice", True)]
    last = climb(ladder, 3, START, START + timedelta(minutes=8), usable=usable.__contains__, patience=PATIENCE)
    assert last.exhausted


def test_nobody_is_given_up_without_a_wait_after_the_last_step() -> None:
    ladder = [LadderStep(after_minutes=0, by="channel:1"), LadderStep(after_minutes=2, by="voice")]
    late = climb(ladder, 0, START, START + timedelta(hours=1), usable=lambda _: True, patience=PATIENCE)
    assert not late.exhausted
    assert late.next_at == START + timedelta(hours=1) + PATIENCE


@pytest.mark.parametrize(("kind", "eta", "minutes"), [
    (Ack.RECEIVED, None, 15), (Ack.RECEIVED, 90, 15), (Ack.ON_THE_WAY, None, 40), (Ack.ON_THE_WAY, 20, 60), (Ack.ON_SITE, None, 240),
])  # fmt: skip
def test_an_acknowledgement_holds_as_long_as_it_says(kind: Ack, eta: int | None, minutes: int) -> None:
    plan = {"received": 15, "on_the_way": 40, "on_site": 240}
    assert holds_until(kind, START, eta, plan) == START + timedelta(minutes=minutes)
    assert holds_until(Ack.UNABLE, START, eta, plan) is None


@given(st.text(CODE_LETTERS, min_size=6, max_size=6))
def test_a_code_is_read_however_it_is_typed(code: str) -> None:
    assert not set(CODE_LETTERS) & set("0O1I")
    assert read_code(f" {code[:3].lower()}-{code[3:]}。") == code
