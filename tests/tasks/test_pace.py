"""Pace: the provider's rate is kept, a channel that is down is left in peace, and retries spread."""

from hypothesis import given
from hypothesis import strategies as st

from tasks.courier import Delivery, Outcome
from tasks.pace import FIRST_BACKOFF, LONGEST_BACKOFF, Pace, backoff

ACCEPTED = Delivery(Outcome.ACCEPTED)
REFUSED = Delivery(Outcome.REJECTED, "服务方返回 40001")
DOWN = Delivery(Outcome.TEMPORARY, "服务方返回 HTTP 500")
LOST = Delivery(Outcome.UNKNOWN, "超时")


def test_backoff_is_a_pure_function_that_doubles_and_spreads() -> None:
    seconds = [backoff(attempts, 1).total_seconds() for attempts in range(1, 12)]
    assert seconds == [backoff(attempts, 1).total_seconds() for attempts in range(1, 12)]
    for attempts, wait in enumerate(seconds, 1):
        middle = min(FIRST_BACKOFF * 2 ** (attempts - 1), LONGEST_BACKOFF)
        assert 0.75 * middle <= wait <= 1.25 * middle
    assert len({backoff(3, notice) for notice in range(100)}) > 50


@given(per_minute=st.integers(1, 200), steps=st.lists(st.floats(0, 20), min_size=1, max_size=300))
def test_no_minute_ever_sees_more_than_its_rate(per_minute: int, steps: list[float]) -> None:
    pace, now, sent = Pace(per_minute, 0.0), 0.0, []
    for wait in steps:
        now += wait
        while pace.take(now):
            sent.append(now)
            pace.settle(ACCEPTED, now)
    assert sent
    for begin in sent:
        assert sum(begin <= at < begin + 60 for at in sent) <= per_minute


def test_five_failures_open_the_circuit_and_one_probe_at_a_time_goes_through() -> None:
    pace = Pace(6000, 0.0)
    for _ in range(5):
        assert pace.take(0.0)
        assert pace.settle(DOWN, 0.0) is False, "these count: the channel was not known to be down"
    assert pace.open
    assert not pace.take(14.9)
    assert pace.take(15.0)
    assert not pace.take(15.0), "one probe"
    assert pace.settle(LOST, 15.0) is True, "a failed probe is the channel's fault"
    assert not pace.take(44.9), "the pause doubles"
    assert pace.take(45.0)
    assert pace.settle(ACCEPTED, 45.0) is False
    assert pace.take(45.0)
    assert pace.take(45.0)


def test_a_refusal_shows_that_the_channel_lives() -> None:
    pace = Pace(6000, 0.0)
    for _ in range(30):
        pace.take(0.0)
        pace.settle(DOWN, 0.0)
        pace.take(0.0)
        pace.settle(REFUSED, 0.0)
    assert not pace.open


def test_the_providers_pause_stops_the_channel_and_counts_as_no_failure() -> None:
    pace = Pace(6000, 0.0)
    for _ in range(10):
        assert pace.settle(Delivery(Outcome.TEMPORARY, "429", 30), 0.0) is True
    assert not pace.open
    assert not pace.take(29.9)
    assert pace.take(30.0)


def test_leave_given_back_is_no_probe() -> None:
    pace = Pace(6000, 0.0)
    for _ in range(5):
        pace.take(0.0)
        pace.settle(DOWN, 0.0)
    assert pace.take(15.0)
    pace.give_back()
    assert pace.take(15.0)
