"""The outbox: claimed once, marked by what really became of it, and nothing lost when a sender dies."""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel

from config.channels import Channels
from models.case import NoticeStatus
from tasks.courier import Delivery, Outcome
from tasks.outbox import (
    NOTICES,
    access_to,
    backlog,
    claim,
    dead_letters,
    due,
    keep_at_home,
    letters,
    posted,
    revive,
    take_back,
)
from tasks.pace import backoff
from tasks.store import connect

NOW = datetime(2027, 3, 1, 2, 0, tzinfo=UTC)
LEASE = timedelta(seconds=90)
ACCEPTED = Delivery(Outcome.ACCEPTED)
REFUSED = Delivery(Outcome.REJECTED, "服务方返回 40001")
DOWN = Delivery(Outcome.TEMPORARY, "服务方返回 HTTP 500")
LOST = Delivery(Outcome.UNKNOWN, "超时")
BOOK = Channels.model_validate({
    "channels": {"hook": {"url": "json://h/x", "attempts": 3}, "mail": {"url": "mailto://h?from=a@b.cn&to=c@d.cn"}},
    "book": {"office": ["hook", "mail"]},
})  # fmt: skip


class TestClaim:
    def test_takes_what_is_due_the_longest_due_first_and_once(self, desk: Any) -> None:
        case = desk.add_case()
        desk.queue(case, "hook", at=NOW, note="second")
        desk.queue(case, "hook", at=NOW - timedelta(hours=1), note="first")
        desk.queue(case, "hook", at=NOW + timedelta(seconds=1), note="later")
        desk.queue(case, "mail", note="elsewhere")
        with desk.access.read() as connection:
            assert due(connection, NOW) == {"hook": 2, "mail": 1}
        taken = desk.take(limit=10)
        assert [notice.facts["note"] for notice in taken] == ["first", "second"]
        assert (taken[0].case, taken[0].number, taken[0].drill, taken[0].recipient) == (
            "ZB-2027H1",
            1,
            False,
            "role:office",
        )
        assert desk.take(limit=10, owner="other") == []

    def test_an_accidents_notice_leaves_before_ten_thousand_that_wait(self, desk: Any) -> None:
        desk.queue(desk.add_case(), "hook", count=10_000, at=NOW - timedelta(hours=1))
        accident = desk.add_case("SG-2027-001")
        desk.queue(accident, "hook", at=NOW, note="second", urgent=True)
        desk.queue(accident, "hook", at=NOW - timedelta(seconds=1), note="first", urgent=True)
        desk.queue(accident, "mail", urgent=True)
        began = time.monotonic()
        assert [notice.facts["note"] for notice in (*desk.take(), *desk.take())] == ["first", "second"]
        assert [notice.case for notice in desk.take(limit=3)] == ["ZB-2027H1"] * 3
        assert time.monotonic() - began < 2

    def test_the_next_channel_of_an_accidents_notice_is_as_urgent(self, desk: Any) -> None:
        desk.queue(desk.add_case("SG-2027-001"), "hook", urgent=True)
        desk.mark(desk.take()[0], REFUSED, BOOK)
        assert [row.urgent for row in desk.rows()] == [True, True]

    def test_takes_over_a_lease_that_ran_out_and_then_the_late_answer_counts_for_nothing(self, desk: Any) -> None:
        desk.queue(desk.add_case(), "hook")
        (first,) = desk.take(owner="crashed")
        assert desk.take(owner="other", now=NOW + LEASE - timedelta(seconds=1)) == []
        (again,) = desk.take(owner="other", now=NOW + LEASE)
        assert (again.id, again.number) == (first.id, first.number)
        assert desk.mark(first, REFUSED, BOOK) is None
        assert desk.mark(again, ACCEPTED, BOOK) is NoticeStatus.SENT
        assert desk.statuses() == {"sent": 1}
        assert desk.mark(again, REFUSED, BOOK) is None, "an answer marks once"

    def test_never_gives_one_notice_to_two_senders(self, desk: Any) -> None:
        desk.queue(desk.add_case(), "hook", count=120)
        taken: list[int] = []

        def work(owner: str) -> None:
            while found := desk.take(owner=owner, limit=3):
                taken.extend(notice.id for notice in found)

        threads = [threading.Thread(target=work, args=(f"w{place}",)) for place in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(taken) == 120
        assert len(set(taken)) == 120

    def test_on_postgresql_no_sender_waits_for_another(self, postgres: str, desk_of: Any) -> None:
        engine = connect(postgres)
        SQLModel.metadata.create_all(engine)
        desk = desk_of(access_to(engine))
        desk.queue(desk.add_case(), "hook", count=2)
        with desk.access.write() as connection:
            (first,) = claim(connection, "slow", NOW, 1, channel="hook", lease=LEASE)
            (second,) = desk.take(owner="quick")
        assert first.id != second.id
        engine.dispose()

    def test_a_notice_cannot_be_queued_twice(self, desk: Any) -> None:
        case = desk.add_case()
        desk.queue(case, "hook")
        key = desk.rows()[0].key
        with pytest.raises(IntegrityError), desk.access.write() as connection:
            connection.execute(
                insert(NOTICES).values(key=key, case_id=case, number=1, recipient="role:office", channel="hook", template="t",
                                       facts={}, status="pending", attempts=0, lease="", error="", created_at=NOW)
            )  # fmt: skip
        assert desk.statuses() == {"pending": 1}


class TestSettle:
    def test_accepted_is_sent(self, desk: Any) -> None:
        desk.queue(desk.add_case(), "hook")
        assert desk.mark(desk.take()[0], ACCEPTED, BOOK) is NoticeStatus.SENT
        (row,) = desk.rows()
        assert (row.sent_at, row.next_at, row.lease, row.error, row.attempts) == (NOW, None, "", "", 1)

    def test_rejected_is_a_dead_letter_and_the_next_channel_gets_the_same_number_once(self, desk: Any) -> None:
        desk.queue(desk.add_case(), "hook", count=2)
        second = desk.take(limit=2)[1]
        assert desk.mark(second, REFUSED, BOOK) is NoticeStatus.DEAD
        assert desk.mark(second, REFUSED, BOOK) is None
        dead, new = desk.rows()[1:]
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
        with desk.access.read() as connection:
            (letter,) = dead_letters(connection)
        assert (letter.case, letter.number, letter.channel, letter.recipient) == ("ZB-2027H1", 2, "hook", "role:office")

    def test_the_last_channel_ends_it_and_a_clerk_can_revive_it(self, desk: Any) -> None:
        desk.queue(desk.add_case(), "mail")
        desk.mark(desk.take("mail")[0], REFUSED, BOOK)
        assert desk.statuses() == {"dead": 1}
        (row,) = desk.rows()
        later = NOW + timedelta(days=3)
        with desk.access.write() as connection:
            assert revive(connection, [row.id], later) == 1
            assert revive(connection, [row.id], later) == 0
        assert desk.mark(desk.take("mail", now=later)[0], DOWN, BOOK, now=later) is NoticeStatus.PENDING

    @pytest.mark.parametrize("delivery", [DOWN, LOST])
    def test_a_passing_failure_backs_off_and_after_its_attempts_is_dead(self, desk: Any, delivery: Delivery) -> None:
        desk.queue(desk.add_case(), "hook")
        now = NOW
        for attempt in (1, 2):
            (notice,) = desk.take(now=now)
            assert desk.mark(notice, delivery, BOOK, now=now) is NoticeStatus.PENDING
            (row,) = desk.rows()
            assert row.next_at == now + backoff(attempt, notice.id)
            assert (row.attempts, row.error, row.lease) == (attempt, delivery.detail, "")
            assert desk.take(now=row.next_at - timedelta(milliseconds=1)) == []
            now = row.next_at
        assert desk.mark(desk.take(now=now)[0], delivery, BOOK, now=now) is NoticeStatus.DEAD

    def test_an_outage_of_the_channel_costs_a_notice_no_attempt_until_its_patience_ends(self, desk: Any) -> None:
        desk.queue(desk.add_case(), "mail")
        now = NOW
        for _ in range(40):
            assert (
                desk.mark(desk.take("mail", now=now)[0], DOWN, BOOK, now=now, channels_fault=True)
                is NoticeStatus.PENDING
            )
            now = desk.rows()[0].next_at
        assert desk.rows()[0].attempts == 0
        end = NOW + timedelta(hours=24)
        assert desk.mark(desk.take("mail", now=end)[0], DOWN, BOOK, now=end, channels_fault=True) is NoticeStatus.DEAD

    def test_with_another_channel_at_hand_ten_minutes_are_enough(self, desk: Any) -> None:
        desk.queue(desk.add_case(), "hook")
        early, end = NOW + timedelta(minutes=9), NOW + timedelta(minutes=10)
        assert desk.mark(desk.take(now=early)[0], DOWN, BOOK, now=early, channels_fault=True) is NoticeStatus.PENDING
        late = max(end, desk.rows()[0].next_at)
        assert desk.mark(desk.take(now=late)[0], DOWN, BOOK, now=late, channels_fault=True) is NoticeStatus.DEAD
        assert [row.channel for row in desk.rows()] == ["hook", "mail"]

    def test_the_providers_own_pause_is_kept(self, desk: Any) -> None:
        desk.queue(desk.add_case(), "hook")
        desk.mark(desk.take()[0], Delivery(Outcome.TEMPORARY, "429", 600), BOOK, channels_fault=True)
        assert desk.rows()[0].next_at == NOW + timedelta(seconds=600)

    def test_what_waits_is_shown_by_channel(self, desk: Any) -> None:
        case = desk.add_case()
        desk.queue(case, "hook", count=3)
        desk.queue(case, "mail", at=NOW - timedelta(hours=2))
        with desk.access.read() as connection:
            assert backlog(connection) == [("hook", 3, NOW), ("mail", 1, NOW - timedelta(hours=2))]


class TestTakenBack:
    def test_what_has_not_left_never_leaves(self, desk: Any) -> None:
        case = desk.add_case()
        desk.queue(case, "hook", count=2)
        first, second = [row.id for row in desk.rows()]
        with desk.access.write() as connection:
            assert take_back(connection, []) == 0
            assert take_back(connection, [first]) == 1
            assert take_back(connection, [first]) == 0
            assert due(connection, NOW) == {"hook": 1}
        assert [notice.id for notice in desk.take(limit=5)] == [second]
        with desk.access.write() as connection:
            assert revive(connection, [first], NOW) == 0

    @pytest.mark.parametrize("delivery", [REFUSED, DOWN, LOST])
    def test_what_was_under_way_and_failed_is_neither_tried_again_nor_by_another_channel(
        self, desk: Any, delivery: Delivery
    ) -> None:
        desk.queue(desk.add_case(), "hook")
        (notice,) = desk.take()
        with desk.access.write() as connection:
            assert take_back(connection, [notice.id]) == 1
        assert desk.mark(notice, delivery, BOOK) is NoticeStatus.WITHDRAWN
        (row,) = desk.rows()
        assert (row.status, row.next_at, row.error) == ("withdrawn", None, delivery.detail) or delivery is REFUSED
        assert desk.take(now=NOW + timedelta(days=1)) == []

    def test_what_was_under_way_and_arrived_all_the_same_was_sent(self, desk: Any) -> None:
        desk.queue(desk.add_case(), "hook")
        (notice,) = desk.take()
        with desk.access.write() as connection:
            take_back(connection, [notice.id])
        assert desk.mark(notice, ACCEPTED, BOOK) is NoticeStatus.SENT
        assert desk.statuses() == {"sent": 1}
        assert desk.mark(notice, ACCEPTED, BOOK) is None


class TestAtHome:
    def test_the_row_is_the_inbox_and_letters_wait_for_a_clerk(self, desk: Any) -> None:
        case = desk.add_case()
        desk.queue(case, "inbox", count=3)
        desk.queue(case, "inbox", at=NOW + timedelta(days=1))
        desk.queue(case, "letter", "party:ZB-1", count=2)
        desk.queue(case, "hook")
        with desk.access.write() as connection:
            assert keep_at_home(connection, NOW, BOOK) == (3, 2)
            assert keep_at_home(connection, NOW, BOOK) == (0, 0)
        assert desk.statuses() == {"sent": 3, "pending": 4}
        with desk.access.write() as connection:
            waiting = letters(connection, BOOK)
            assert len(waiting) == 2
            assert posted(connection, waiting[:1], NOW) == 1
            assert list(letters(connection, BOOK)) == waiting[1:]
            assert due(connection, NOW) == {"hook": 1}
