"""One pass of the sender: every notice once, by the right channel, and nothing sent that was not taken."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import SQLModel

from config.channels import Channels
from config.messages import Refusal
from config.settings import settings
from tasks.channel import SAMPLES
from tasks.courier import Delivery, Outcome
from tasks.outbox import OURS, dead_letters
from tasks.sender import Counts, send_due, try_channel
from tasks.store import engine as installed
from tasks.store import forget

NOW = datetime(2027, 3, 1, 2, 0, tzinfo=UTC)


def clock_at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


def book_of(**channels: dict[str, Any]) -> Channels:
    return Channels.model_validate({"channels": channels, "book": {"office": list(channels)}})


def hook(provider: Any, path: str = "/in", **more: Any) -> dict[str, Any]:
    return {"url": f"json://{provider.place}{path}", "deadline": 4} | more


class TestSendDue:
    def test_sends_everything_once_with_case_and_number(self, desk: Any, provider_server: Any) -> None:
        case = desk.add_case()
        desk.queue(case, "hook", count=3, note="注")
        desk.queue(case, "inbox", count=2)
        desk.queue(case, "letter", "party:x")
        book = book_of(hook=hook(provider_server))
        assert send_due(clock_at(NOW), access=desk.access, book=book) == Counts(sent=5)
        assert send_due(clock_at(NOW), access=desk.access, book=book) == Counts()
        texts = [one.json["message"] for one in provider_server.received]
        assert [text.partition("】")[0] for text in texts] == [f"【ZB-2027H1·第{number}号" for number in (1, 2, 3)]
        assert all(text.endswith("注") for text in texts)
        assert provider_server.received[0].json["title"] == "通知渠道试发"

    @pytest.mark.parametrize("service", [name for name, (_, good, _) in SAMPLES.items() if good])
    def test_an_error_code_in_a_200_marks_nothing_sent(self, service: str, desk: Any, provider_server: Any) -> None:
        url, good, bad = SAMPLES[service]
        book = book_of(out={"url": url, "relay": provider_server.address, "per_minute": 1000})
        desk.queue(desk.add_case(), "out", count=3)
        provider_server.otherwise = (200, bad, {})
        assert send_due(clock_at(NOW), access=desk.access, book=book).sent == 0
        assert "sent" not in desk.statuses()
        assert all(row.error for row in desk.rows())
        desk.queue(1, "out")
        provider_server.otherwise = (200, good, {})
        assert send_due(clock_at(NOW), access=desk.access, book=book).sent == 1

    def test_mail_refused_for_one_is_sent_to_the_others(self, desk: Any, smtp_server: Any) -> None:
        book = Channels.model_validate({
            "channels": {"mail": {"url": f"mailto://{smtp_server.place}?from=office@example.cn&to={{target}}"}},
            "officers": {str(number): {"mail": f"o{number}@example.cn"} for number in range(3)},
        })  # fmt: skip
        smtp_server.refusals["o1@example.cn"] = "550 no such user"
        case = desk.add_case()
        for number in range(3):
            desk.queue(case, "mail", f"officer:{number}")
        assert send_due(clock_at(NOW), access=desk.access, book=book) == Counts(sent=2, dead=1)
        assert [to for to, _ in smtp_server.mails] == [["o0@example.cn"], ["o2@example.cn"]]
        with desk.access.read() as connection:
            assert [letter.recipient for letter in dead_letters(connection)] == ["officer:1"]

    def test_a_citizens_address_is_found_in_memory_and_appears_nowhere(
        self, desk: Any, provider_server: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        book = Channels.model_validate({
            "channels": {"sms": hook(provider_server, "/send?:phone={target}")}, "parties": ["sms", "letter"],
        })  # fmt: skip
        case = desk.add_case()
        desk.queue(case, "sms", "party:ZB-1")
        desk.queue(case, "sms", "party:ZB-2")
        found = {"party:ZB-1": "13800138000"}
        counts = send_due(clock_at(NOW), access=desk.access, book=book, address=lambda who, _channel: found.get(who))
        assert counts == Counts(sent=1, dead=1)
        assert [one.json["phone"] for one in provider_server.received] == ["13800138000"]
        assert [(row.recipient, row.channel) for row in desk.rows()][2:] == [("party:ZB-2", "letter")]
        everything = caplog.text + repr(desk.rows())
        assert "13800138000" not in everything
        assert "试发" not in everything
        assert "ZB-2027H1 no. 1" in caplog.text, "a log line names case and number"

    def test_a_faulty_text_or_a_channel_that_is_gone_is_a_dead_letter_with_its_reason(
        self, desk: Any, provider_server: Any
    ) -> None:
        case = desk.add_case()
        desk.queue(case, "hook", template="channels.nothing")
        desk.queue(case, "gone", "nobody:knows")
        assert send_due(
            clock_at(NOW),
            access=desk.access,
            book=Channels.model_validate({"channels": {"hook": hook(provider_server)}}),
        ) == Counts(dead=2)
        assert "channels.nothing" in desk.rows()[0].error
        assert "gone" in desk.rows()[1].error
        assert not provider_server.received

    def test_two_thousand_characters_reach_the_wecom_robot_in_posts_of_2048_bytes(
        self, desk: Any, provider_server: Any
    ) -> None:
        provider_server.otherwise = (200, SAMPLES["wecombot"][1], {})
        desk.queue(desk.add_case(), "out", note="字" * 2000)
        book = book_of(out={"url": SAMPLES["wecombot"][0], "relay": provider_server.address})
        assert send_due(clock_at(NOW), access=desk.access, book=book) == Counts(sent=1)
        posts = [one.json["text"]["content"] for one in provider_server.received]
        assert max(len(post.encode()) for post in posts) <= 2048
        assert sum(post.count("字") for post in posts) == 2000
        assert all("【ZB-2027H1·第1号】" in post for post in posts)


class TestDrills:
    def test_a_drill_leaves_by_the_drill_channel_with_its_mark_and_never_otherwise(
        self, desk: Any, provider_server: Any
    ) -> None:
        book = book_of(real=hook(provider_server, "/real"), drill=hook(provider_server, "/drill", drill=True))
        real, drill = desk.add_case(), desk.add_case("YL-2027-001", drill=True)
        for case, channel in ((real, "real"), (real, "drill"), (drill, "real"), (drill, "drill")):
            desk.queue(case, channel)
        counts = send_due(clock_at(NOW), access=desk.access, book=book)
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


def test_by_default_the_sender_works_on_the_installations_own_database(home: Path, desk_of: Any) -> None:
    assert settings().home == home
    SQLModel.metadata.create_all(installed())
    desk = desk_of(OURS)
    desk.queue(desk.add_case(), "inbox", count=2)
    desk.queue(1, "letter", "party:ZB-1")
    assert send_due(clock_at(NOW)) == Counts(sent=2)
    assert desk.statuses() == {"sent": 2, "pending": 1}
    forget()


def test_a_channel_can_be_tried_by_hand(provider_server: Any) -> None:
    book = book_of(real=hook(provider_server), drill=hook(provider_server, "/drill", drill=True))
    assert try_channel("real", book=book) == Delivery(Outcome.ACCEPTED)
    provider_server.answer("/drill", 401)
    assert try_channel("drill", book=book).outcome is Outcome.REJECTED
    assert [one.json["message"].startswith("【演练】") for one in provider_server.received] == [False, True]
    with pytest.raises(Refusal, match="inbox"):
        try_channel("inbox", book=book)
