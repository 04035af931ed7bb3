"""The sender: lanes of couriers that carry due notices out, each channel at its own pace and none in another's way."""

import logging
import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Final

from sqlalchemy.exc import OperationalError

from config.channels import Channel, Channels, channels
from config.messages import Refusal, say
from config.settings import settings
from models.case import NoticeStatus
from tasks.courier import Courier, Delivery
from tasks.notice_text import Claimed, FindAddress, compose, head_of, job_of, nobody, render
from tasks.outbox import OURS, Access, claim, due, keep_at_home, lease_of, settle
from tasks.pace import Pace

POLL_SECONDS: Final = 0.3
IDLE_SECONDS: Final = 60.0
_DATABASE_PAUSE: Final = 2.0
_LOG: Final = logging.getLogger("banjie.sender")
_SERIAL: Final = count(1)


@dataclass(frozen=True)
class Counts:
    """What one pass did."""

    sent: int = 0
    retried: int = 0
    dead: int = 0


def _owner() -> str:
    """Name a claim like no other: machine, process, serial number."""
    return f"{socket.gethostname()[:18]}:{os.getpid()}:{next(_SERIAL)}"


class _Office:
    """What the lanes share: database, clock, address book and the pace of each channel."""

    def __init__(self, access: Access, clock: Callable[[], datetime], book: Channels, address: FindAddress) -> None:
        self.access, self.clock, self.book, self.address = access, clock, book, address
        self._paces: dict[str, Pace] = {}
        self._lock = threading.Lock()

    def channel(self, name: str) -> Channel:
        """Return a channel; one that is no longer configured is a stand-in that nothing leaves by."""
        return self.book.channels.get(name) or Channel.model_construct(name=name)

    def pace(self, name: str) -> Pace:
        """Return the pace of a channel."""
        with self._lock:
            if name not in self._paces:
                self._paces[name] = Pace(self.channel(name).provider.per_minute, time.monotonic())
            return self._paces[name]

    def carry(self, notice: Claimed, courier: Courier) -> tuple[Delivery, bool]:
        """Send a notice; return what became of it and whether a failure is the channel's fault."""
        job = compose(notice, self.book, self.address)
        if isinstance(job, Delivery):  # our own fault or rule: it says nothing about the provider
            self.pace(notice.channel).give_back()
            return job, False
        try:
            delivery = courier.send(job)
        except Refusal:  # no child comes up: nothing was tried
            self.pace(notice.channel).give_back()
            raise
        return delivery, self.pace(notice.channel).settle(delivery, time.monotonic())


@dataclass
class _Done:
    """A delivery that waits to be marked."""

    notice: Claimed
    delivery: Delivery
    channels_fault: bool


class _Lane:
    """One courier of one channel: marks its last notice and claims the next in the same transaction."""

    def __init__(self, office: _Office, name: str) -> None:
        self.office, self.name = office, name
        self.courier = Courier(office.channel(name), office.book.targets(name))
        self.done: _Done | None = None
        self.counts: Counter[NoticeStatus] = Counter()

    def step(self) -> bool:
        """Mark what is done, claim the next notice and send it; return whether there was one.

        Raises:
            OperationalError: the database is away; what is done stays to be marked.
        """
        office, pace = self.office, self.office.pace(self.name)
        leave = pace.take(time.monotonic())
        if not leave and self.done is None:
            return False
        try:
            claimed = self._mark_and_claim(1 if leave else 0)
        except BaseException:
            if leave:
                pace.give_back()
            raise
        if claimed is None:
            if leave:
                pace.give_back()
            return False
        self.done = _Done(claimed, *office.carry(claimed, self.courier))
        return True

    def finish(self) -> None:
        """Mark what is done, and claim nothing more.

        Raises:
            OperationalError: the database is away; the lease will run out and the notice go out once more.
        """
        if self.done is not None:
            self._mark_and_claim(0)

    def _mark_and_claim(self, limit: int) -> Claimed | None:
        office, done, status, claimed = self.office, self.done, None, []
        with office.access.write() as connection:
            now = office.clock()
            if done is not None:
                status = settle(
                    connection, done.notice, done.delivery, now, office.book, channels_fault=done.channels_fault
                )
            if limit:
                lease = lease_of(office.channel(self.name))
                claimed = claim(connection, _owner(), now, limit, channel=self.name, lease=lease)
        self.done = None
        if done is not None:
            _tell(done, status)
            if status is not None:
                self.counts[status] += 1
        return claimed[0] if claimed else None


def _tell(done: _Done, status: NoticeStatus | None) -> None:
    """Log what became of a notice: never its text, address or channel URL."""
    level = logging.INFO if status is NoticeStatus.SENT else logging.WARNING
    notice, delivery = done.notice, done.delivery
    _LOG.log(level, "notice %d (%s no. %d) by %s: %s, %s %s", notice.id, notice.case, notice.number, notice.channel,
             delivery.outcome, status or "lease lost", delivery.detail)  # fmt: skip


def send_due(clock: Callable[[], datetime], *, access: Access = OURS, book: Channels | None = None,
             address: FindAddress = nobody) -> Counts:  # fmt: skip
    """Send what is due, one after the other, each at most once, and return what became of it.

    Args:
        clock: what time it is.
        access: the database; ours by default.
        book: channels and address book; the installation's by default.
        address: finds a citizen's address in memory.

    Raises:
        Refusal: a channel's plugin takes a failure for a success.
    """
    office = _Office(access, clock, book or channels(), address)
    counts: Counter[NoticeStatus] = Counter()
    while True:
        with access.write() as connection:
            read, to_post = keep_at_home(connection, clock(), office.book)
        counts[NoticeStatus.SENT] += read
        if not read + to_post:
            break
    with access.read() as connection:
        names = list(due(connection, clock()))
    for name in names:
        lane = _Lane(office, name)
        try:
            while lane.step():
                pass
        finally:
            lane.courier.close()
        counts += lane.counts
    return Counts(counts[NoticeStatus.SENT], counts[NoticeStatus.PENDING], counts[NoticeStatus.DEAD])


def try_channel(name: str, target: str = "", *, book: Channels | None = None) -> Delivery:
    """Send a trial text over a channel, past the outbox, and say what became of it.

    Raises:
        Refusal: there is no such channel to a provider, or its plugin fails the self-test.
    """
    channel = (book or channels()).channels.get(name)
    if channel is None or channel.kind != "apprise":
        raise Refusal("channels.nothing_to_try", channel=name)
    case = say("channels.trial_case", settings().language)
    text = render("channels.trial", {"note": ""}, case=case, number=1, drill=channel.drill)
    courier = Courier(channel, (target,))
    try:
        return courier.send(job_of(channel, target, text, head_of(case, 1, drill=channel.drill)))
    finally:
        courier.close()


class _Lanes:
    """The lanes that run now, and how they are woken."""

    def __init__(self, office: _Office, stop: threading.Event) -> None:
        self._office, self._stop = office, stop
        self._threads: dict[str, list[threading.Thread]] = {}
        self._bells: dict[str, threading.Event] = {}

    def call(self, name: str, waiting: int) -> None:
        """See to it that as many lanes of a channel are at work as it has use for."""
        threads = [thread for thread in self._threads.get(name, []) if thread.is_alive()]
        bell = self._bells.setdefault(name, threading.Event())
        for _ in range(min(self._office.channel(name).lanes, waiting) - len(threads)):
            thread = threading.Thread(target=self._run, args=(name, bell), name=f"lane-{name}", daemon=True)
            threads.append(thread)
            thread.start()
        self._threads[name] = threads
        bell.set()

    def join(self) -> None:
        """Wait until every lane has marked what it sent."""
        for threads in self._threads.values():
            for thread in threads:
                thread.join()

    def _run(self, name: str, bell: threading.Event) -> None:
        lane, idle_since = _Lane(self._office, name), time.monotonic()
        try:
            while not self._stop.is_set():
                try:
                    worked = lane.step()
                except OperationalError as error:
                    _LOG.warning("the database is away (%s); lane %s waits", type(error).__name__, name)
                    self._stop.wait(_DATABASE_PAUSE)
                    continue
                if worked:
                    idle_since = time.monotonic()
                    continue
                bell.clear()
                while not bell.wait(POLL_SECONDS):
                    if self._stop.is_set() or time.monotonic() - idle_since > IDLE_SECONDS:
                        return
            lane.finish()
        except Refusal as refusal:  # a fresh child failed its self-test: nothing may leave; the lease will run out
            _LOG.error("%s", refusal)
            self._stop.wait(IDLE_SECONDS)
        finally:
            lane.courier.close()


def run_sender(stop: threading.Event, clock: Callable[[], datetime], *, access: Access = OURS,
               book: Channels | None = None, address: FindAddress = nobody) -> None:  # fmt: skip
    """Send notices as they fall due, until told to stop; what is under way is finished and marked first.

    Args:
        stop: set it to stop.
        clock: what time it is.
        access: the database; ours by default.
        book: channels and address book; the installation's by default.
        address: finds a citizen's address in memory.

    Raises:
        Refusal: a channel's plugin takes a failure for a success; nothing is sent then.
    """
    office = _Office(access, clock, book or channels(), address)
    if any(channel.kind == "apprise" for channel in office.book.channels.values()):
        trial = Courier()
        try:
            trial.start()
        finally:
            trial.close()
    lanes = _Lanes(office, stop)
    home = {name for name, channel in office.book.channels.items() if channel.kind != "apprise"}
    while not stop.is_set():
        try:
            with access.read() as connection:
                waiting = due(connection, clock())
            if home & waiting.keys():
                with access.write() as connection:
                    keep_at_home(connection, clock(), office.book)
        except OperationalError as error:
            _LOG.warning("the database is away (%s); the sender waits", type(error).__name__)
            stop.wait(_DATABASE_PAUSE)
            continue
        for name, number in waiting.items():
            if name not in home:
                lanes.call(name, number)
        stop.wait(POLL_SECONDS)
    lanes.join()
