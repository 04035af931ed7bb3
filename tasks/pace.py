"""How fast a channel may be used: the provider's rate, the pause it asks for, and a circuit while it is down."""

import threading
from datetime import timedelta
from hashlib import sha256
from typing import Final

from tasks.courier import Delivery, Outcome

FIRST_BACKOFF: Final = 10.0
LONGEST_BACKOFF: Final = 900.0
_FAILURES: Final = 5
_FIRST_PAUSE: Final = 15.0
_LONGEST_PAUSE: Final = 600.0


def backoff(attempts: int, notice_id: int) -> timedelta:
    """Return how long to wait after that many failures: doubled each time up to a quarter of an hour, ± 25 %.

    The jitter is drawn from the notice itself, so the same failure always waits the same while many notices spread.
    """
    draw = sha256(f"{notice_id}|{attempts}".encode()).digest()[0] / 255
    seconds = min(FIRST_BACKOFF * 2 ** max(attempts - 1, 0), LONGEST_BACKOFF)
    return timedelta(seconds=seconds * (0.75 + draw / 2))


class Pace:
    """Leave to send over one channel: a token bucket, the provider's own pauses, and a circuit; safe among threads.

    Never more than `per_minute` in any sixty seconds. After five failures in a row the circuit opens and lets one
    notice through now and then; what fails while it is open is the channel's fault and must not count against a notice.
    """

    def __init__(self, per_minute: int, now: float) -> None:
        self._capacity = max(1.0, per_minute / 4)
        self._refill = max(per_minute - self._capacity, per_minute / 2) / 60
        self._tokens, self._at = self._capacity, now
        self._not_before = now
        self._failures, self._pause, self._probing = 0, _FIRST_PAUSE, False
        self._lock = threading.Lock()

    @property
    def open(self) -> bool:
        """Say whether the channel counts as down."""
        return self._failures >= _FAILURES

    def take(self, now: float) -> bool:
        """Take leave to send one text; every leave is answered by `settle` or `give_back`."""
        with self._lock:
            self._tokens = min(self._capacity, self._tokens + (now - self._at) * self._refill)
            self._at = now
            if now < self._not_before or self._tokens < 1 or (self.open and self._probing):
                return False
            self._tokens -= 1
            self._probing = self.open
            return True

    def give_back(self) -> None:
        """Return a leave that was not used."""
        with self._lock:
            self._tokens = min(self._capacity, self._tokens + 1)
            self._probing = False

    def settle(self, delivery: Delivery, now: float) -> bool:
        """Learn from what became of a text; return whether a failure is the channel's fault and not the notice's."""
        with self._lock:
            was_open, self._probing = self.open, False
            if delivery.wait:
                self._not_before = max(self._not_before, now + delivery.wait)
                return True
            if delivery.outcome in {Outcome.ACCEPTED, Outcome.REJECTED}:  # a refusal, too, shows that somebody answers
                self._failures, self._pause = 0, _FIRST_PAUSE
                return False
            self._failures += 1
            if self.open:
                self._not_before = max(self._not_before, now + self._pause)
                self._pause = min(self._pause * 2, _LONGEST_PAUSE)
            return was_open
