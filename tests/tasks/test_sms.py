"""Text messages: what the gateway's body says counts, nothing shows a telephone, and no cut loses mark or code."""

import hmac
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.channel_problems import problems
from config.channels import Channels
from models.case import NoticeStatus
from tasks import channel as channel_module
from tasks.channel import deliver
from tasks.courier import Delivery, Job, Outcome
from tasks.notice_text import Claimed, compose
from tasks.sender import Counts, send_due, try_channel
from tasks.sms_text import beginning, length, parts_of, room, shorten

NOW = datetime(2027, 3, 1, 2, 0, tzinfo=UTC)
PHONE = "13800138000"
OK = '{"code":0,"msg":"ok"}'
URL = ("sms://{place}/v1/send?to={{target}}&key=${{SMS_KEY}}&secret=${{SMS_SECRET}}&from=海门应急&template=T1"
       "&phone_field=phones[]&text_field=data.text&from_field=signName")  # fmt: skip


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SMS_KEY", "key-of-the-office")
    monkeypatch.setenv("SMS_SECRET", "hush")
    channel_module._plugin.cache_clear()
    yield
    channel_module._plugin.cache_clear()


def gateway(provider: Any, **more: Any) -> dict[str, Any]:
    return {"url": URL.format(place=provider.place), "deadline": 5, **more}


def book_of(provider: Any, **more: Any) -> Channels:
    return Channels.model_validate({
        "channels": {"sms": gateway(provider, **more), "other": {"url": f"json://{provider.place}/other"}},
        "officers": {"1": [{"sms": PHONE}, "other"]},
    })  # fmt: skip


def job(provider: Any, **more: Any) -> Job:
    given = {"target": PHONE, "title": "启动响应", "bodies": ("【SG-2027-001·第1号】请即到岗",), "deadline": 5.0} | more
    return Job(URL.format(place=provider.place), **given)  # type: ignore[arg-type]


@pytest.mark.usefixtures("provider_witnesses")
class TestGateway:
    def test_it_gets_its_own_field_names_signed_and_nothing_else(self, provider_server: Any) -> None:
        provider_server.answer("/v1/send", 200, OK)
        assert deliver(job(provider_server)) == Delivery(Outcome.ACCEPTED)
        (got,) = provider_server.received
        assert got.json == {
            "phones": [PHONE], "data": {"text": "【SG-2027-001·第1号】请即到岗"}, "signName": "海门应急", "template": "T1",
        }  # fmt: skip
        said = got.headers["X-Timestamp"].encode() + b"\n" + got.body.encode()
        assert got.headers["X-Signature"] == hmac.new(b"hush", said, sha256).hexdigest()
        assert got.headers["X-Key"] == "key-of-the-office"
        assert got.query == "", "no secret and no telephone in an address that a gateway logs"

    @pytest.mark.parametrize(
        ("status", "body", "more", "outcome", "wait"),
        [
            (200, OK, {}, Outcome.ACCEPTED, 0),
            (200, '{"data":{"state":"DELIVERED"}}', {"success": "data.state=TAKEN|DELIVERED"}, Outcome.ACCEPTED, 0),
            (200, '{"list":[{"code":"Ok"}]}', {"success": "list.0.code=Ok"}, Outcome.ACCEPTED, 0),
            (200, '{"code":7001}', {"refused": ("7001",)}, Outcome.REJECTED, 0),
            (200, '{"code":"isv.MOBILE_NUMBER_ILLEGAL"}', {}, Outcome.REJECTED, 0),
            (200, '{"code":"isv.SMS_TEMPLATE_ILLEGAL"}', {}, Outcome.REJECTED, 0),
            (200, '{"code":"SignatureDoesNotMatch"}', {}, Outcome.REJECTED, 0),
            (400, '{"code":7001}', {"refused": ("7001",)}, Outcome.REJECTED, 0),
            (200, '{"code":8001}', {"limited": ("8001",)}, Outcome.TEMPORARY, 60),
            (200, '{"code":"isv.BUSINESS_LIMIT_CONTROL"}', {}, Outcome.TEMPORARY, 60),
            (429, "", {}, Outcome.TEMPORARY, 60),
            (200, '{"code":9999}', {}, Outcome.TEMPORARY, 0),
            (503, "", {}, Outcome.TEMPORARY, 0),
            (200, "<html>登录</html>", {}, Outcome.TEMPORARY, 0),
            (200, '{"code":{"0":0}}', {}, Outcome.TEMPORARY, 0),
            (401, '{"code":"x"}', {}, Outcome.REJECTED, 0),
        ],
    )
    def test_its_body_decides(self, status: int, body: str, more: dict[str, Any], outcome: Outcome, wait: float,
                              provider_server: Any) -> None:  # fmt: skip
        provider_server.answer("/v1/send", status, body)
        delivery = deliver(job(provider_server, **more))
        assert (delivery.outcome, delivery.wait) == (outcome, wait)

    @pytest.mark.parametrize("said", [PHONE, f"86{PHONE}", "+86 138 0013 8000", "138-0013-8000", "0513-82100000"])
    def test_no_error_shows_a_telephone_or_a_secret(
        self, said: str, provider_server: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        provider_server.answer("/v1/send", 200, f'{{"code":7001,"msg":"{said} hush key-of-the-office"}}')
        delivery = deliver(job(provider_server, refused=("7001",)))
        assert "***" in delivery.detail
        for secret in (said, PHONE[-8:], "82100000", "hush", "key-of-the-office"):
            assert secret not in delivery.detail + caplog.text

    @pytest.mark.parametrize("phone", ["", "twelve", "12", "13800138000;13900139000", "1380013800013800138000"])
    def test_what_is_no_telephone_reaches_no_gateway(self, phone: str, provider_server: Any) -> None:
        assert deliver(job(provider_server, target=phone)).outcome is Outcome.REJECTED
        assert not provider_server.received

    def test_without_its_secret_nothing_leaves(self, provider_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("SMS_SECRET")
        delivery = deliver(job(provider_server))
        assert delivery.outcome is Outcome.REJECTED
        assert "SMS_SECRET" in delivery.detail
        assert not provider_server.received


class TestSending:
    def test_an_error_code_in_a_200_marks_nothing_sent_and_a_refusal_takes_the_next_channel_at_once(
        self, desk: Any, provider_server: Any
    ) -> None:
        provider_server.answer("/v1/send", 200, '{"code":7001,"msg":"bad number"}')
        desk.queue(desk.add_case("SG-2027-001"), "sms", "officer:1", urgent=True)
        book = book_of(provider_server, refused=[7001])
        assert send_due(lambda: NOW, access=desk.access, book=book) == Counts(dead=1)
        assert send_due(lambda: NOW, access=desk.access, book=book) == Counts(sent=1)
        assert provider_server.paths() == ["/v1/send", "/other"]
        assert PHONE not in repr(desk.rows())

    @pytest.mark.parametrize("body", ['{"code":9999}', '{"code":8001}', "{}", "ok", '{"code":"Throttling"}'])
    def test_what_may_pass_waits(self, body: str, desk: Any, provider_server: Any) -> None:
        provider_server.answer("/v1/send", 200, body)
        desk.queue(desk.add_case("SG-2027-001"), "sms", "officer:1", urgent=True)
        book = book_of(provider_server, limited=[8001])
        assert send_due(lambda: NOW, access=desk.access, book=book).sent == 0
        assert desk.statuses() == {"pending": 1}

    def test_a_taken_message_is_not_sent_again(self, desk: Any, provider_server: Any) -> None:
        provider_server.answer("/v1/send", 200, OK)
        desk.queue(desk.add_case("SG-2027-001"), "sms", "officer:1", urgent=True)
        book = book_of(provider_server)
        assert send_due(lambda: NOW, access=desk.access, book=book) == Counts(sent=1)
        assert send_due(lambda: NOW, access=desk.access, book=book) == Counts()
        assert desk.statuses() == {NoticeStatus.SENT: 1}

    def test_the_gateway_can_be_tried_by_hand(self, provider_server: Any) -> None:
        provider_server.answer("/v1/send", 200, OK)
        assert try_channel("sms", PHONE, book=book_of(provider_server)) == Delivery(Outcome.ACCEPTED)
        assert try_channel("sms", PHONE, book=book_of(provider_server, drill=True)) == Delivery(Outcome.ACCEPTED)
        real, drill = (one.json["data"]["text"] for one in provider_server.received)
        assert drill.startswith("【演练】")
        assert not real.startswith("【演练】")


class TestLength:
    def test_a_part_alone_carries_seventy_and_the_parts_of_a_longer_one_sixty_seven(self) -> None:
        assert [parts_of("字" * count) for count in (1, 70, 71, 134, 135, 268, 269)] == [1, 1, 2, 2, 3, 4, 5]
        assert (room(1), room(2), room(4)) == (70, 134, 268)
        assert (length("字"), length("🔥"), length("a🔥")) == (1, 2, 3)
        assert beginning("🔥🔥", 3) == "🔥"

    @given(text=st.text(max_size=400), limit=st.integers(30, 300), code=st.from_regex(r"[A-Z0-9]{6}", fullmatch=True),
           place=st.integers(0, 400))  # fmt: skip
    def test_no_cut_loses_the_code_or_the_limit(self, text: str, limit: int, code: str, place: int) -> None:
        whole = f"{text[:place]} {code} {text[place:]}"
        cut = shorten(whole, limit, "……(全文见系统)", code, f"确认码{code}")
        assert length(cut) <= max(limit, length("……(全文见系统)" + f"确认码{code}"))
        assert code in cut
        if length(whole) <= limit:
            assert cut == whole

    @given(
        segments=st.integers(1, 10),
        note=st.text("字a🔥1。", max_size=900),
        drill=st.booleans(),
        number=st.integers(1, 9999),
    )
    def test_a_notice_fits_its_parts_and_keeps_mark_number_and_code(
        self, segments: int, note: str, drill: bool, number: int
    ) -> None:
        url = URL.format(place="gateway.example.cn")
        book = Channels.model_validate({"channels": {"sms": {"url": url, "segments": segments, "drill": drill}}, "officers": {"1": {"sms": PHONE}}})  # fmt: skip
        case = "YL-2027-001" if drill else "SG-2027-001"
        notice = Claimed(1, b"k", 1, case, drill, number, "officer:1", "sms", "channels.trial",
                         {"note": f"{note} 回复 K7M2QX", "code": "K7M2QX"}, 0, NOW, "me")  # fmt: skip
        made = compose(notice, book)
        assert isinstance(made, Job)
        (text,) = made.bodies
        assert text.startswith(f"{'【演练】' if drill else ''}【{case}·第{number}号】")
        assert "K7M2QX" in text
        assert parts_of("【海门应急】" + text) <= segments


class TestConfiguration:
    def test_a_gateway_without_secret_or_telephone_is_a_severe_problem(self) -> None:
        book = Channels.model_validate({"channels": {"sms": {"url": "smss://gateway.example.cn/send"}}})
        found = [p for p in problems(book, [], {"A": "b"}) if p.severe]
        assert len(found) == 2

    @pytest.mark.parametrize("written", ["secret=hush&to={target}", "key=abc&secret=${S}&to={target}"])
    def test_a_secret_written_out_is_found(self, written: str) -> None:
        book = Channels.model_validate({"channels": {"sms": {"url": f"smss://gateway.example.cn/send?{written}"}}})
        assert any("直接写了密钥" in p.text for p in problems(book, [], {"S": "x"}))

    def test_a_sound_gateway_has_none(self) -> None:
        given = {"url": URL.format(place="gateway.example.cn"), "success": "data.code=0", "refused": [1], "segments": 2}
        book = Channels.model_validate({"channels": {"sms": given}})
        assert problems(book, [], {"SMS_KEY": "a", "SMS_SECRET": "b"}) == []
