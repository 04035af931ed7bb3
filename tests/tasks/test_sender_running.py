"""The sender at work: one channel never waits for another, and kills and outages lose nothing."""

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlmodel import SQLModel

from config.channels import Channels
from config.settings import ROOT
from tasks.outbox import Access, access_to
from tasks.sender import run_sender
from tasks.store import connect


def book_of(**channels: dict[str, Any]) -> Channels:
    return Channels.model_validate({"channels": channels, "book": {"office": list(channels)}})


def hook(provider: Any, path: str = "/in", **more: Any) -> dict[str, Any]:
    return {"url": f"json://{provider.place}{path}", "deadline": 4} | more


@pytest.fixture
def running() -> Iterator[Callable[..., threading.Event]]:
    started: list[tuple[threading.Thread, threading.Event]] = []

    def start(access: Access, book: Channels) -> threading.Event:
        stop = threading.Event()
        thread = threading.Thread(
            target=run_sender, args=(stop, lambda: datetime.now(UTC)), kwargs={"access": access, "book": book}
        )
        thread.start()
        started.append((thread, stop))
        return stop

    yield start
    for thread, stop in started:
        stop.set()
        thread.join(60)
        assert not thread.is_alive()


class TestRunSender:
    def test_one_hanging_channel_and_one_hanging_address_delay_no_other(
        self,
        desk: Any,
        provider_server: Any,
        running: Callable[..., threading.Event],
        eventually: Callable[..., object],
    ) -> None:
        provider_server.hang("/dead")
        provider_server.drip("/drips")
        book = Channels.model_validate({
            "channels": {
                "well": hook(provider_server, "/{target}", deadline=4),
                "dead": hook(provider_server, "/dead", deadline=4),
                "drips": hook(provider_server, "/drips", deadline=4),
            },
            "officers": {"0": {"well": "dead"}, "1": {"well": "alive"}, "2": {"well": "later"}},
        })  # fmt: skip
        case, now = desk.add_case("SG-2027-001"), datetime.now(UTC)
        for channel in ("dead", "drips"):
            desk.queue(case, channel, count=3, at=now, urgent=True)
        desk.queue(case, "well", "officer:0", at=now, urgent=True)
        desk.queue(case, "well", "officer:1", count=200, at=now, urgent=True)
        desk.queue(desk.add_case(), "well", "officer:2", count=500, at=now)
        began = time.monotonic()
        running(desk.access, book)
        eventually(lambda: Counter(provider_server.paths())["/alive"] == 200, seconds=30)
        assert time.monotonic() - began <= 30
        paths = provider_server.paths()
        before = paths[: max(place for place, path in enumerate(paths) if path == "/alive")]
        assert before.count("/later") < book.channels["well"].lanes, (
            "what is not urgent waits until the accident's has left"
        )

    def test_stopping_marks_what_is_under_way(
        self,
        desk: Any,
        provider_server: Any,
        running: Callable[..., threading.Event],
        eventually: Callable[..., object],
    ) -> None:
        asked = threading.Event()

        def slowly(handler: Any) -> None:
            asked.set()
            time.sleep(1.5)
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

        provider_server.behaviours["/in"] = slowly
        desk.queue(desk.add_case(), "hook", count=5, at=datetime.now(UTC))
        stop = running(desk.access, book_of(hook=hook(provider_server, lanes=1)))
        assert asked.wait(30)
        stop.set()
        eventually(lambda: desk.statuses() == {"sent": 1, "pending": 4})

    def test_an_outage_makes_no_dead_letters(
        self,
        desk: Any,
        provider_server: Any,
        running: Callable[..., threading.Event],
        eventually: Callable[..., object],
    ) -> None:
        provider_server.answer("/in", 503)
        desk.queue(desk.add_case(), "hook", count=30, at=datetime.now(UTC))
        running(desk.access, book_of(hook=hook(provider_server, attempts=2)))
        eventually(lambda: len(provider_server.received) >= 5)
        time.sleep(3)
        assert len(provider_server.received) <= 8, "a provider that is down is not hammered"
        assert desk.statuses() == {"pending": 30}

    def test_new_notices_leave_within_two_seconds(
        self,
        desk: Any,
        provider_server: Any,
        running: Callable[..., threading.Event],
        eventually: Callable[..., object],
    ) -> None:
        case = desk.add_case()
        desk.queue(case, "hook", at=datetime.now(UTC))
        running(desk.access, book_of(hook=hook(provider_server)))
        eventually(lambda: desk.statuses() == {"sent": 1})
        began = time.monotonic()
        desk.queue(case, "hook", at=datetime.now(UTC))
        desk.queue(case, "inbox", at=datetime.now(UTC))
        eventually(lambda: desk.statuses() == {"sent": 3})
        assert time.monotonic() - began < 2

    def test_a_database_that_goes_away_and_comes_back_stops_nothing(
        self,
        postgres: str,
        desk_of: Any,
        provider_server: Any,
        running: Callable[..., threading.Event],
        eventually: Callable[..., object],
    ) -> None:
        store = connect(postgres)
        SQLModel.metadata.create_all(store)
        desk = desk_of(access_to(store))
        desk.queue(desk.add_case(), "hook", at=datetime.now(UTC))
        running(desk.access, book_of(hook=hook(provider_server)))
        eventually(lambda: desk.statuses() == {"sent": 1})
        other = create_engine(postgres)
        with other.begin() as connection:
            others = text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            assert len(connection.execute(others).all()) >= 1
        again = desk_of(access_to(other))
        again.queue(1, "hook", at=datetime.now(UTC))
        eventually(lambda: again.statuses() == {"sent": 2})
        other.dispose()


SENDER = """
import sys, threading
from datetime import UTC, datetime
from config.channels import Channels
from tasks.outbox import Access, access_to
from tasks.sender import run_sender
from tasks.store import connect
import json
run_sender(threading.Event(), lambda: datetime.now(UTC), access=access_to(connect(sys.argv[1])),
           book=Channels.model_validate(json.loads(sys.argv[2])))
"""


def test_killed_between_sending_and_marking_repeats_at_most_once_under_the_same_number(
    desk: Any, provider_server: Any, eventually: Callable[..., object]
) -> None:
    total = 12
    book = {"channels": {"hook": hook(provider_server, deadline=0.5, lanes=2)}, "book": {"office": ["hook"]}}
    desk.queue(desk.add_case(), "hook", count=total, at=datetime.now(UTC))
    process: list[subprocess.Popen[bytes]] = []
    kills = itertools.count(1)

    def taken_then_killed(handler: Any) -> None:
        """The provider has the text; the sender dies before it can hear so, at the third text of each of two senders."""
        if len(process) <= 2 and next(kills) % 3 == 0:
            os.kill(process[-1].pid, signal.SIGKILL)
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    provider_server.behaviours["/in"] = taken_then_killed
    url = desk.engine.url.render_as_string(hide_password=False)
    for _ in range(3):
        sender = subprocess.Popen(
            [sys.executable, "-c", SENDER, url, json.dumps(book)], cwd=ROOT, start_new_session=True
        )
        process.append(sender)
        if len(process) < 3:
            sender.wait(60)
    try:
        eventually(lambda: desk.statuses() == {"sent": total}, seconds=60)
    finally:
        process[-1].kill()
        process[-1].wait()
    texts = Counter(one.json["message"] for one in provider_server.received)
    assert len(texts) == total, "none is lost, and a repeat carries the very same text, case and number"
    assert sum(texts.values()) <= total + 2 * 2, "each kill costs at most what its two lanes had under way"
    assert max(texts.values()) <= 2
    assert sum(texts.values()) > total, "the kills did hit between sending and marking"
