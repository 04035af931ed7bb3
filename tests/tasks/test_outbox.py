"""The outbox: nothing lost, nothing marked sent that was not taken, and a repeat that can be seen."""

import itertools
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, func, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel

from config.channels import Channels
from config.messages import Refusal
from config.settings import ROOT, settings
from models.case import NoticeStatus
from tasks.channel import SAMPLES
from tasks.courier import Delivery, Job, Outcome
from tasks.notice_text import MAX_PARTS, Claimed, compose, render, split
from tasks.outbox import (
    CASES,
    NOTICES,
    OURS,
    Access,
    access_to,
    backlog,
    claim,
    dead_letters,
    due,
    keep_at_home,
    letters,
    posted,
    revive,
    settle,
)
from tasks.pace import FIRST_BACKOFF, LONGEST_BACKOFF, Pace, backoff
from tasks.sender import Counts, run_sender, send_due, try_channel
from tasks.store import connect, forget
from tasks.store import engine as installed

NOW = datetime(2027, 3, 1, 2, 0, tzinfo=UTC)
LEASE = timedelta(seconds=90)
ACCEPTED = Delivery(Outcome.ACCEPTED)
REFUSED = Delivery(Outcome.REJECTED, "服务方返回 40001")
DOWN = Delivery(Outcome.TEMPORARY, "服务方返回 HTTP 500")
LOST = Delivery(Outcome.UNKNOWN, "超时")
SERIAL = itertools.count(1)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    url = f"sqlite:///{tmp_path / 'banjie.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres")
    engine = connect(url)
    SQLModel.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def access(store: Engine) -> Access:
    return access_to(store)


def add_case(access: Access, number: str = "ZB-2027H1", *, drill: bool = False) -> int:
    with access.write() as connection:
        made = connection.execute(
            insert(CASES).values(number=number, process="conscription", subject="", unit="", status="", on_day=date(2027, 3, 1),
                                 drill=drill, version=0, seq=0, head=b"", opened_at=NOW)
        )  # fmt: skip
        assert made.inserted_primary_key is not None
        return int(made.inserted_primary_key[0])


def queue(access: Access, case_id: int, channel: str, recipient: str = "role:office", *, count: int = 1, at: datetime = NOW,
          note: str = "", template: str = "channels.trial") -> None:  # fmt: skip
    rows = [
        {"key": next(SERIAL).to_bytes(16, "big"), "case_id": case_id, "number": number, "recipient": recipient, "channel": channel,
         "template": template, "facts": {"note": note}, "status": "pending", "attempts": 0, "next_at": at, "lease": "", "error": "",
         "created_at": at}
        for number in range(1, count + 1)
    ]  # fmt: skip
    with access.write() as connection:
        connection.execute(insert(NOTICES), rows)


def statuses(access: Access) -> dict[str, int]:
    with access.read() as connection:
        counted = select(NOTICES.c.status, func.count()).group_by(NOTICES.c.status)
        return {row[0]: row[1] for row in connection.execute(counted)}


def rows(access: Access) -> list[Any]:
    with access.read() as connection:
        return list(connection.execute(select(NOTICES).order_by(NOTICES.c.id)).all())


def take(
    access: Access, channel: str = "hook", *, owner: str = "me", now: datetime = NOW, limit: int = 1
) -> list[Claimed]:
    with access.write() as connection:
        return claim(connection, owner, now, limit, channel=channel, lease=LEASE)


def mark(access: Access, notice: Claimed, delivery: Delivery, book: Channels, *, now: datetime = NOW,
         channels_fault: bool = False) -> NoticeStatus | None:  # fmt: skip
    with access.write() as connection:
        return settle(connection, notice, delivery, now, book, channels_fault=channels_fault)


def book_of(**channels: dict[str, Any]) -> Channels:
    return Channels.model_validate({"channels": channels, "book": {"office": list(channels)}})


BOOK = book_of(hook={"url": "json://h/x", "attempts": 3}, mail={"url": "mailto://h?from=a@b.cn&to=c@d.cn"})


def clock_at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


class TestClaim:
    def test_takes_what_is_due_the_longest_due_first_and_once(self, access: Access) -> None:
        case = add_case(access)
        queue(access, case, "hook", at=NOW, note="second")
        queue(access, case, "hook", at=NOW - timedelta(hours=1), note="first")
        queue(access, case, "hook", at=NOW + timedelta(seconds=1), note="later")
        queue(access, case, "mail", note="elsewhere")
        with access.read() as connection:
            assert due(connection, NOW) == {"hook": 2, "mail": 1}
        taken = take(access, limit=10)
        assert [notice.facts["note"] for notice in taken] == ["first", "second"]
        assert (taken[0].case, taken[0].number, taken[0].drill, taken[0].recipient) == (
            "ZB-2027H1",
            1,
            False,
            "role:office",
        )
        assert take(access, limit=10, owner="other") == []

    def test_takes_over_a_lease_that_ran_out_and_then_the_late_answer_counts_for_nothing(self, access: Access) -> None:
        queue(access, add_case(access), "hook")
        (first,) = take(access, owner="crashed")
        assert take(access, owner="other", now=NOW + LEASE - timedelta(seconds=1)) == []
        (again,) = take(access, owner="other", now=NOW + LEASE)
        assert (again.id, again.number) == (first.id, first.number)
        assert mark(access, first, REFUSED, BOOK) is None
        assert mark(access, again, ACCEPTED, BOOK) is NoticeStatus.SENT
        assert statuses(access) == {"sent": 1}
        assert mark(access, again, REFUSED, BOOK) is None, "an answer marks once"

    def test_never_gives_one_notice_to_two_senders(self, access: Access) -> None:
        queue(access, add_case(access), "hook", count=120)
        taken: list[int] = []

        def work(owner: str) -> None:
            while found := take(access, owner=owner, limit=3):
                taken.extend(notice.id for notice in found)

        threads = [threading.Thread(target=work, args=(f"w{place}",)) for place in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(taken) == 120
        assert len(set(taken)) == 120

    def test_a_notice_cannot_be_queued_twice(self, access: Access) -> None:
        case = add_case(access)
        queue(access, case, "hook")
        key = rows(access)[0].key
        with pytest.raises(IntegrityError), access.write() as connection:
            connection.execute(
                insert(NOTICES).values(key=key, case_id=case, number=1, recipient="role:office", channel="hook", template="t",
                                       facts={}, status="pending", attempts=0, lease="", error="", created_at=NOW)
            )  # fmt: skip
        assert statuses(access) == {"pending": 1}


class TestSettle:
    def test_accepted_is_sent(self, access: Access) -> None:
        queue(access, add_case(access), "hook")
        assert mark(access, take(access)[0], ACCEPTED, BOOK) is NoticeStatus.SENT
        (row,) = rows(access)
        assert (row.sent_at, row.next_at, row.lease, row.error, row.attempts) == (NOW, None, "", "", 1)

    def test_rejected_is_a_dead_letter_and_the_next_channel_gets_the_same_number_once(self, access: Access) -> None:
        queue(access, add_case(access), "hook", count=2)
        second = take(access, limit=2)[1]
        assert mark(access, second, REFUSED, BOOK) is NoticeStatus.DEAD
        assert mark(access, second, REFUSED, BOOK) is None
        dead, new = rows(access)[1:]
        assert dead.next_at is None
        assert "40001" in dead.error
        assert "mail" in dead.error
        assert (new.channel, new.number, new.recipient, new.status, new.facts) == (
            "mail",
            2,
            "role:office",
            "pending",
            dead.facts,
        )
        with access.read() as connection:
            (letter,) = dead_letters(connection)
        assert (letter.case, letter.number, letter.channel, letter.recipient) == ("ZB-2027H1", 2, "hook", "role:office")

    def test_the_last_channel_ends_it_and_a_clerk_can_revive_it(self, access: Access) -> None:
        queue(access, add_case(access), "mail")
        mark(access, take(access, "mail")[0], REFUSED, BOOK)
        assert statuses(access) == {"dead": 1}
        (row,) = rows(access)
        later = NOW + timedelta(days=3)
        with access.write() as connection:
            assert revive(connection, [row.id], later) == 1
            assert revive(connection, [row.id], later) == 0
        assert mark(access, take(access, "mail", now=later)[0], DOWN, BOOK, now=later) is NoticeStatus.PENDING

    @pytest.mark.parametrize("delivery", [DOWN, LOST])
    def test_a_passing_failure_backs_off_and_after_its_attempts_is_dead(
        self, access: Access, delivery: Delivery
    ) -> None:
        queue(access, add_case(access), "hook")
        now = NOW
        for attempt in (1, 2):
            (notice,) = take(access, now=now)
            assert mark(access, notice, delivery, BOOK, now=now) is NoticeStatus.PENDING
            (row,) = rows(access)
            assert row.next_at == now + backoff(attempt, notice.id)
            assert (row.attempts, row.error, row.lease) == (attempt, delivery.detail, "")
            assert take(access, now=row.next_at - timedelta(milliseconds=1)) == []
            now = row.next_at
        assert mark(access, take(access, now=now)[0], delivery, BOOK, now=now) is NoticeStatus.DEAD

    def test_an_outage_of_the_channel_costs_a_notice_no_attempt_until_its_patience_ends(self, access: Access) -> None:
        queue(access, add_case(access), "mail")
        now = NOW
        for _ in range(40):
            assert (
                mark(access, take(access, "mail", now=now)[0], DOWN, BOOK, now=now, channels_fault=True)
                is NoticeStatus.PENDING
            )
            now = rows(access)[0].next_at
        assert rows(access)[0].attempts == 0
        end = NOW + timedelta(hours=24)
        assert (
            mark(access, take(access, "mail", now=end)[0], DOWN, BOOK, now=end, channels_fault=True)
            is NoticeStatus.DEAD
        )

    def test_with_another_channel_at_hand_ten_minutes_are_enough(self, access: Access) -> None:
        queue(access, add_case(access), "hook")
        early, end = NOW + timedelta(minutes=9), NOW + timedelta(minutes=10)
        assert (
            mark(access, take(access, now=early)[0], DOWN, BOOK, now=early, channels_fault=True) is NoticeStatus.PENDING
        )
        late = max(end, rows(access)[0].next_at)
        assert mark(access, take(access, now=late)[0], DOWN, BOOK, now=late, channels_fault=True) is NoticeStatus.DEAD
        assert [row.channel for row in rows(access)] == ["hook", "mail"]

    def test_the_providers_own_pause_is_kept(self, access: Access) -> None:
        queue(access, add_case(access), "hook")
        mark(access, take(access)[0], Delivery(Outcome.TEMPORARY, "429", 600), BOOK, channels_fault=True)
        assert rows(access)[0].next_at == NOW + timedelta(seconds=600)

    def test_what_waits_is_shown_by_channel(self, access: Access) -> None:
        case = add_case(access)
        queue(access, case, "hook", count=3)
        queue(access, case, "mail", at=NOW - timedelta(hours=2))
        with access.read() as connection:
            assert backlog(connection) == [("hook", 3, NOW), ("mail", 1, NOW - timedelta(hours=2))]


class TestAtHome:
    def test_the_row_is_the_inbox_and_letters_wait_for_a_clerk(self, access: Access) -> None:
        case = add_case(access)
        queue(access, case, "inbox", count=3)
        queue(access, case, "inbox", at=NOW + timedelta(days=1))
        queue(access, case, "letter", "party:ZB-1", count=2)
        queue(access, case, "hook")
        with access.write() as connection:
            assert keep_at_home(connection, NOW, BOOK) == (3, 2)
            assert keep_at_home(connection, NOW, BOOK) == (0, 0)
        assert statuses(access) == {"sent": 3, "pending": 4}
        with access.write() as connection:
            waiting = letters(connection, BOOK)
            assert len(waiting) == 2
            assert posted(connection, waiting[:1], NOW) == 1
            assert list(letters(connection, BOOK)) == waiting[1:]
            assert due(connection, NOW) == {"hook": 1}


def hook(provider: Any, path: str = "/in", **more: Any) -> dict[str, Any]:
    return {"url": f"json://{provider.place}{path}", "deadline": 4} | more


class TestSendDue:
    def test_sends_everything_once_with_case_and_number(self, access: Access, provider_server: Any) -> None:
        case = add_case(access)
        queue(access, case, "hook", count=3, note="注")
        queue(access, case, "inbox", count=2)
        queue(access, case, "letter", "party:x")
        book = book_of(hook=hook(provider_server))
        assert send_due(clock_at(NOW), access=access, book=book) == Counts(sent=5)
        assert send_due(clock_at(NOW), access=access, book=book) == Counts()
        texts = [one.json["message"] for one in provider_server.received]
        assert [text.partition("】")[0] for text in texts] == [f"【ZB-2027H1·第{number}号" for number in (1, 2, 3)]
        assert all(text.endswith("注") for text in texts)
        assert provider_server.received[0].json["title"] == "通知渠道试发"

    @pytest.mark.parametrize("service", [name for name, (_, good, _) in SAMPLES.items() if good])
    def test_an_error_code_in_a_200_marks_nothing_sent(
        self, service: str, access: Access, provider_server: Any
    ) -> None:
        url, good, bad = SAMPLES[service]
        book = book_of(out={"url": url, "relay": provider_server.address, "per_minute": 1000})
        queue(access, add_case(access), "out", count=3)
        provider_server.otherwise = (200, bad, {})
        assert send_due(clock_at(NOW), access=access, book=book).sent == 0
        assert "sent" not in statuses(access)
        assert all(row.error for row in rows(access))
        queue(access, 1, "out")
        provider_server.otherwise = (200, good, {})
        assert send_due(clock_at(NOW), access=access, book=book).sent == 1

    def test_mail_refused_for_one_is_sent_to_the_others(self, access: Access, smtp_server: Any) -> None:
        book = Channels.model_validate({
            "channels": {"mail": {"url": f"mailto://{smtp_server.place}?from=office@example.cn&to={{target}}"}},
            "officers": {str(number): {"mail": f"o{number}@example.cn"} for number in range(3)},
        })  # fmt: skip
        smtp_server.refusals["o1@example.cn"] = "550 no such user"
        case = add_case(access)
        for number in range(3):
            queue(access, case, "mail", f"officer:{number}")
        assert send_due(clock_at(NOW), access=access, book=book) == Counts(sent=2, dead=1)
        assert [to for to, _ in smtp_server.mails] == [["o0@example.cn"], ["o2@example.cn"]]
        with access.read() as connection:
            assert [letter.recipient for letter in dead_letters(connection)] == ["officer:1"]

    def test_a_citizens_address_is_found_in_memory_and_appears_nowhere(
        self, access: Access, provider_server: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        book = Channels.model_validate({
            "channels": {"sms": hook(provider_server, "/send?:phone={target}")}, "parties": ["sms", "letter"],
        })  # fmt: skip
        case = add_case(access)
        queue(access, case, "sms", "party:ZB-1")
        queue(access, case, "sms", "party:ZB-2")
        found = {"party:ZB-1": "13800138000"}
        counts = send_due(clock_at(NOW), access=access, book=book, address=lambda who, _channel: found.get(who))
        assert counts == Counts(sent=1, dead=1)
        assert [one.json["phone"] for one in provider_server.received] == ["13800138000"]
        assert [(row.recipient, row.channel) for row in rows(access)][2:] == [("party:ZB-2", "letter")]
        everything = caplog.text + repr(rows(access))
        assert "13800138000" not in everything
        assert "试发" not in everything
        assert "ZB-2027H1 no. 1" in caplog.text, "a log line names case and number"

    def test_a_faulty_text_or_a_channel_that_is_gone_is_a_dead_letter_with_its_reason(
        self, access: Access, provider_server: Any
    ) -> None:
        case = add_case(access)
        queue(access, case, "hook", template="channels.nothing")
        queue(access, case, "gone", "nobody:knows")
        assert send_due(
            clock_at(NOW), access=access, book=Channels.model_validate({"channels": {"hook": hook(provider_server)}})
        ) == Counts(dead=2)
        assert "channels.nothing" in rows(access)[0].error
        assert "gone" in rows(access)[1].error
        assert not provider_server.received


class TestDrills:
    def test_a_drill_leaves_by_the_drill_channel_with_its_mark_and_never_otherwise(
        self, access: Access, provider_server: Any
    ) -> None:
        book = book_of(real=hook(provider_server, "/real"), drill=hook(provider_server, "/drill", drill=True))
        real, drill = add_case(access), add_case(access, "YL-2027-001", drill=True)
        for case, channel in ((real, "real"), (real, "drill"), (drill, "real"), (drill, "drill")):
            queue(access, case, channel)
        counts = send_due(clock_at(NOW), access=access, book=book)
        assert (counts.sent, counts.dead) == (3, 2), (
            "one way is open for each, and the wrong way leads on to the right one"
        )
        assert set(provider_server.paths()) == {"/real", "/drill"}
        for one in provider_server.received:
            assert (
                one.json["message"].startswith("【演练】")
                == (one.path == "/drill")
                == one.json["title"].startswith("【演练】")
            )
            assert ("YL-" in one.json["message"]) == (one.path == "/drill")

    @given(
        drills=st.lists(st.booleans(), min_size=1, max_size=5),
        drill=st.booleans(),
        place=st.integers(0, 7),
        who=st.sampled_from(["role:office", "officer:1", "party:X-1", "role:other"]),
    )
    def test_no_drill_is_ever_composed_for_a_real_channel_nor_the_reverse(
        self, drills: list[bool], drill: bool, place: int, who: str
    ) -> None:
        names = [f"c{number}" for number in range(len(drills))]
        book = Channels.model_validate({
            "channels": {name: {"url": f"json://h/{name}", "drill": flag} for name, flag in zip(names, drills, strict=True)},
            "book": {"office": names}, "officers": {"1": dict.fromkeys(names, "")}, "parties": names,
        })  # fmt: skip
        name = (*names, "letter", "gone", "c99")[place % (len(names) + 3)]
        notice = Claimed(
            1,
            b"k",
            1,
            "YL-1" if drill else "ZB-1",
            drill,
            7,
            who,
            name,
            "channels.trial",
            {"note": "长" * 50},
            0,
            NOW,
            "me",
        )
        job = compose(notice, book)
        if isinstance(job, Job) and book.channels[name].kind == "apprise":
            assert book.channels[name].drill == drill
            assert all(text.startswith("【演练】") == drill for text in (job.title, *job.bodies))
        elif drill or name not in book.channels:
            assert isinstance(job, Delivery)


class TestText:
    @given(
        note=st.text(max_size=3000),
        limit=st.integers(400, 4000),
        drill=st.booleans(),
        case=st.from_regex(r"[A-Z]{2}-[0-9H]{1,30}", fullmatch=True),
    )
    def test_every_part_fits_in_bytes_and_carries_mark_and_number(
        self, note: str, limit: int, drill: bool, case: str
    ) -> None:
        title, body = render("channels.trial", {"note": note}, case=case, number=12, drill=drill)
        head = ("【演练】" if drill else "") + f"【{case}·第12号】"
        assert body.startswith(head)
        parts = split(title, body, head=head, limit=limit)
        assert 1 <= len(parts) <= MAX_PARTS
        assert all(part.startswith(head) for part in parts)
        assert all(len(f"{title}\r\n{part}".encode()) <= limit for part in parts)
        rest = [part.removeprefix(head) for part in parts]
        if len(parts) == 1:
            assert parts[0] == body
        elif not rest[-1].endswith("……(全文见系统)"):
            assert "".join(text.split(")", 1)[1] for text in rest) == body.removeprefix(head)

    def test_two_thousand_characters_reach_the_wecom_robot_in_posts_of_2048_bytes(
        self, access: Access, provider_server: Any
    ) -> None:
        provider_server.otherwise = (200, SAMPLES["wecombot"][1], {})
        queue(access, add_case(access), "out", note="字" * 2000)
        book = book_of(out={"url": SAMPLES["wecombot"][0], "relay": provider_server.address})
        assert send_due(clock_at(NOW), access=access, book=book) == Counts(sent=1)
        posts = [one.json["text"]["content"] for one in provider_server.received]
        assert max(len(post.encode()) for post in posts) <= 2048
        assert sum(post.count("字") for post in posts) == 2000
        assert all("【ZB-2027H1·第1号】" in post for post in posts)

    def test_a_title_is_short_and_one_line_whatever_the_facts_hold(self, monkeypatch: pytest.MonkeyPatch) -> None:
        said = {
            "x.y_title": "甲\r\nBcc: all@example.cn 乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥",
            "x.y_body": "a\r\nb\x00c",
        }
        monkeypatch.setattr("tasks.notice_text.say", lambda key, _language=None, **facts: said.get(key, f"[{facts}]"))
        title, body = render("x.y", {}, case="ZB-1", number=1, drill=False)
        assert title.startswith("甲 Bcc:")
        assert len(title) == 20
        assert body.endswith("a\nbc")


class TestPace:
    def test_backoff_is_a_pure_function_that_doubles_and_spreads(self) -> None:
        seconds = [backoff(attempts, 1).total_seconds() for attempts in range(1, 12)]
        assert seconds == [backoff(attempts, 1).total_seconds() for attempts in range(1, 12)]
        for attempts, wait in enumerate(seconds, 1):
            middle = min(FIRST_BACKOFF * 2 ** (attempts - 1), LONGEST_BACKOFF)
            assert 0.75 * middle <= wait <= 1.25 * middle
        assert len({backoff(3, notice) for notice in range(100)}) > 50

    @given(per_minute=st.integers(1, 200), steps=st.lists(st.floats(0, 20), min_size=1, max_size=300))
    def test_no_minute_ever_sees_more_than_its_rate(self, per_minute: int, steps: list[float]) -> None:
        pace, now, sent = Pace(per_minute, 0.0), 0.0, []
        for wait in steps:
            now += wait
            while pace.take(now):
                sent.append(now)
                pace.settle(ACCEPTED, now)
        assert sent
        for begin in sent:
            assert sum(begin <= at < begin + 60 for at in sent) <= per_minute

    def test_five_failures_open_the_circuit_and_one_probe_at_a_time_goes_through(self) -> None:
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

    def test_a_refusal_shows_that_the_channel_lives(self) -> None:
        pace = Pace(6000, 0.0)
        for _ in range(30):
            pace.take(0.0)
            pace.settle(DOWN, 0.0)
            pace.take(0.0)
            pace.settle(REFUSED, 0.0)
        assert not pace.open

    def test_the_providers_pause_stops_the_channel_and_counts_as_no_failure(self) -> None:
        pace = Pace(6000, 0.0)
        for _ in range(10):
            assert pace.settle(Delivery(Outcome.TEMPORARY, "429", 30), 0.0) is True
        assert not pace.open
        assert not pace.take(29.9)
        assert pace.take(30.0)

    def test_leave_given_back_is_no_probe(self) -> None:
        pace = Pace(6000, 0.0)
        for _ in range(5):
            pace.take(0.0)
            pace.settle(DOWN, 0.0)
        assert pace.take(15.0)
        pace.give_back()
        assert pace.take(15.0)


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
        access: Access,
        provider_server: Any,
        running: Callable[..., threading.Event],
        eventually: Callable[..., object],
    ) -> None:
        provider_server.hang("/dead")
        provider_server.drip("/drips")
        book = Channels.model_validate({
            "channels": {
                "well": hook(provider_server, "/{target}", deadline=15),
                "dead": hook(provider_server, "/dead", deadline=15),
                "drips": hook(provider_server, "/drips", deadline=15),
            },
            "officers": {"0": {"well": "dead"}, "1": {"well": "alive"}},
        })  # fmt: skip
        case, now = add_case(access), datetime.now(UTC)
        for channel in ("dead", "drips"):
            queue(access, case, channel, count=3, at=now)
        queue(access, case, "well", "officer:0", at=now)
        queue(access, case, "well", "officer:1", count=200, at=now)
        began = time.monotonic()
        running(access, book)
        eventually(lambda: statuses(access).get("sent") == 200, seconds=30)
        assert time.monotonic() - began <= 30
        assert Counter(provider_server.paths())["/alive"] == 200

    def test_stopping_marks_what_is_under_way(
        self,
        access: Access,
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
        queue(access, add_case(access), "hook", count=5, at=datetime.now(UTC))
        stop = running(access, book_of(hook=hook(provider_server, lanes=1)))
        assert asked.wait(30)
        stop.set()
        eventually(lambda: statuses(access) == {"sent": 1, "pending": 4})

    def test_an_outage_makes_no_dead_letters(
        self,
        access: Access,
        provider_server: Any,
        running: Callable[..., threading.Event],
        eventually: Callable[..., object],
    ) -> None:
        provider_server.answer("/in", 503)
        queue(access, add_case(access), "hook", count=30, at=datetime.now(UTC))
        running(access, book_of(hook=hook(provider_server, attempts=2)))
        eventually(lambda: len(provider_server.received) >= 5)
        time.sleep(3)
        assert len(provider_server.received) <= 8, "a provider that is down is not hammered"
        assert statuses(access) == {"pending": 30}

    def test_new_notices_leave_within_two_seconds(
        self,
        access: Access,
        provider_server: Any,
        running: Callable[..., threading.Event],
        eventually: Callable[..., object],
    ) -> None:
        case = add_case(access)
        queue(access, case, "hook", at=datetime.now(UTC))
        running(access, book_of(hook=hook(provider_server)))
        eventually(lambda: statuses(access) == {"sent": 1})
        began = time.monotonic()
        queue(access, case, "hook", at=datetime.now(UTC))
        queue(access, case, "inbox", at=datetime.now(UTC))
        eventually(lambda: statuses(access) == {"sent": 3})
        assert time.monotonic() - began < 2

    def test_a_database_that_goes_away_and_comes_back_stops_nothing(
        self,
        postgres: str,
        provider_server: Any,
        running: Callable[..., threading.Event],
        eventually: Callable[..., object],
    ) -> None:
        store = connect(postgres)
        SQLModel.metadata.create_all(store)
        access = access_to(store)
        queue(access, add_case(access), "hook", at=datetime.now(UTC))
        running(access, book_of(hook=hook(provider_server)))
        eventually(lambda: statuses(access) == {"sent": 1})
        other = create_engine(postgres)
        with other.begin() as connection:
            others = text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            assert len(connection.execute(others).all()) >= 1
        queue(access_to(other), 1, "hook", at=datetime.now(UTC))
        eventually(lambda: statuses(access_to(other)) == {"sent": 2})
        other.dispose()


def test_by_default_the_sender_works_on_the_installations_own_database(home: Path) -> None:
    assert settings().home == home
    SQLModel.metadata.create_all(installed())
    queue(OURS, add_case(OURS), "inbox", count=2)
    queue(OURS, 1, "letter", "party:ZB-1")
    assert send_due(clock_at(NOW)) == Counts(sent=2)
    assert statuses(OURS) == {"sent": 2, "pending": 1}
    forget()


def test_a_channel_can_be_tried_by_hand(provider_server: Any) -> None:
    book = book_of(real=hook(provider_server), drill=hook(provider_server, "/drill", drill=True))
    assert try_channel("real", book=book) == ACCEPTED
    provider_server.answer("/drill", 401)
    assert try_channel("drill", book=book).outcome is Outcome.REJECTED
    assert [one.json["message"].startswith("【演练】") for one in provider_server.received] == [False, True]
    with pytest.raises(Refusal, match="inbox"):
        try_channel("inbox", book=book)


SENDER = """
import sys, threading
from datetime import UTC, datetime
from config.channels import Channels
from tasks.outbox import access_to
from tasks.sender import run_sender
from tasks.store import connect
import json
run_sender(threading.Event(), lambda: datetime.now(UTC), access=access_to(connect(sys.argv[1])),
           book=Channels.model_validate(json.loads(sys.argv[2])))
"""


def test_killed_between_sending_and_marking_repeats_at_most_once_under_the_same_number(
    store: Engine, provider_server: Any, eventually: Callable[..., object]
) -> None:
    access, total = access_to(store), 12
    book = {"channels": {"hook": hook(provider_server, deadline=0.5, lanes=2)}, "book": {"office": ["hook"]}}
    queue(access, add_case(access), "hook", count=total, at=datetime.now(UTC))
    process: list[subprocess.Popen[bytes]] = []
    kills = itertools.count(1)

    def taken_then_killed(handler: Any) -> None:
        """The provider has the text; the sender dies before it can hear so, at the third text of each of two senders."""
        if len(process) <= 2 and next(kills) % 3 == 0:
            os.kill(process[-1].pid, signal.SIGKILL)
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    provider_server.behaviours["/in"] = taken_then_killed
    url = store.url.render_as_string(hide_password=False)
    for _ in range(3):
        sender = subprocess.Popen(
            [sys.executable, "-c", SENDER, url, json.dumps(book)], cwd=ROOT, start_new_session=True
        )
        process.append(sender)
        if len(process) < 3:
            sender.wait(60)
    try:
        eventually(lambda: statuses(access) == {"sent": total}, seconds=60)
    finally:
        process[-1].kill()
        process[-1].wait()
    texts = Counter(one.json["message"] for one in provider_server.received)
    assert len(texts) == total, "none is lost, and a repeat carries the very same text, case and number"
    assert sum(texts.values()) <= total + 2 * 2, "each kill costs at most what its two lanes had under way"
    assert max(texts.values()) <= 2
    assert sum(texts.values()) > total, "the kills did hit between sending and marking"
