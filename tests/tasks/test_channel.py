"""Channels: what a provider really answered decides, whatever the plugin believes."""

import base64
import logging
import re
import sys
import time
from collections.abc import Iterator
from email.header import decode_header, make_header
from pathlib import Path
from typing import Any

import pytest
import requests
from apprise import NotifyFormat

from config.channels import PROVIDERS
from config.messages import Refusal
from tasks import channel as channel_module
from tasks.channel import PLUGINS, SAMPLES, deliver, self_test
from tasks.courier import Delivery, Job, Outcome

BODY_JUDGED = [service for service, (_, good, _) in SAMPLES.items() if good]
LIARS = ["dingtalk", "feishu", "lark", "wecombot", "schan", "bark"]
PATHS = {
    "dingtalk": "/robot/send",
    "feishu": "/open-apis/bot/v2/hook/0a0a-0a0a/",
    "lark": "/open-apis/bot/v2/hook/0a0a-0a0a",
    "wecombot": "/cgi-bin/webhook/send",
    "wechat": "/cgi-bin/message/send",
    "schan": "/SCT0a0a.send",
    "bark": "/push",
    "pushplus": "/send",
    "wxpusher": "/api/send/message",
    "sms": "/send",
}
SECRET = "0123456789abcdef0123456789abcdef"
BODY = "【ZB-2027H1·第3号】请于十月八日前办理"


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    channel_module._plugin.cache_clear()
    yield
    channel_module._plugin.cache_clear()


def job(url: str, **more: object) -> Job:
    given = {"target": "", "title": "办理提醒", "bodies": (BODY,), "deadline": 5.0} | more
    return Job(url, **given)  # type: ignore[arg-type]


def sample(service: str, provider: Any, body: str, status: int = 200) -> Job:
    provider.otherwise = (status, body, {})
    return job(SAMPLES[service][0], relay=provider.address)


def test_every_service_of_the_configuration_has_its_plugin_and_its_sample() -> None:
    assert PLUGINS.keys() == PROVIDERS.keys()
    assert {name.removesuffix("s") if name in {"jsons", "forms", "barks", "smss"} else name for name in PLUGINS} == {
        *SAMPLES, "mailto", "mailtos",
    }  # fmt: skip


@pytest.mark.usefixtures("provider_witnesses")
@pytest.mark.parametrize("service", BODY_JUDGED)
class TestProviderContract:
    def test_success_in_the_body_is_accepted(self, service: str, provider_server: Any) -> None:
        delivery = deliver(sample(service, provider_server, SAMPLES[service][1]))
        assert delivery == Delivery(Outcome.ACCEPTED)
        assert provider_server.paths()[-1] == PATHS[service]
        last = provider_server.received[-1]
        assert "第3号" in last.body or "\\u7b2c3\\u53f7" in last.body or "%E7%AC%AC3%E5%8F%B7" in last.body

    @pytest.mark.parametrize(
        ("status", "body"),
        [
            (200, None),
            (200, "<html>登录</html>"),
            (200, ""),
            (200, "{}"),
            (200, "[]"),
            (200, "null"),
            (500, ""),
            (302, ""),
            (404, ""),
        ],
    )
    def test_anything_else_is_not(
        self, service: str, status: int, body: str | None, provider_server: Any
    ) -> None:  # fmt: skip
        delivery = deliver(sample(service, provider_server, SAMPLES[service][2] if body is None else body, status))
        assert delivery.outcome in {Outcome.REJECTED, Outcome.TEMPORARY}
        assert delivery.detail
        assert len(provider_server.received) == 1, "Apprise itself must not try again, nor follow a redirect"

    def test_the_self_test_refuses_a_plugin_without_its_witness(
        self, service: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys.modules[PLUGINS[service].__module__], "requests", requests)
        with pytest.raises(Refusal) as refused:
            self_test()
        assert service in str(refused.value)
        assert "不予启动" in str(refused.value)


@pytest.mark.parametrize("service", LIARS)
def test_without_its_witness_the_installed_plugin_calls_an_error_code_a_success(
    service: str,
    provider_server: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The reason for the witnesses: when this fails, Apprise has learned to read, and they may become simpler."""
    url, _, bad = SAMPLES[service]
    provider_server.otherwise = (200, bad, {})
    plugin = PLUGINS[service](**(PLUGINS[service].parse_url(url) or {}))
    for name in ("notify_url", "api_url", "webhook_url"):
        if hasattr(plugin, name):
            monkeypatch.setattr(plugin, name, provider_server.address + "/any")
    plugin.request_rate_per_sec = 0
    assert plugin.notify(title="t", body="b", body_format=NotifyFormat.TEXT) is True
    assert len(provider_server.received) == 1


@pytest.mark.usefixtures("provider_witnesses")
class TestAnswers:
    def test_the_self_test_passes_on_the_installed_apprise(self) -> None:
        self_test()

    @pytest.mark.parametrize(
        ("service", "body", "wait"),
        [
            ("dingtalk", '{"errcode":130101,"errmsg":"send too fast"}', 600),
            ("wecombot", '{"errcode":45009,"errmsg":"api freq out of limit"}', 60),
            ("feishu", '{"code":11232,"msg":"trigger system rate limit"}', 60),
        ],
    )
    def test_a_rate_limit_names_the_time_to_wait(
        self, service: str, body: str, wait: float, provider_server: Any
    ) -> None:
        delivery = deliver(sample(service, provider_server, body))
        assert (delivery.outcome, delivery.wait) == (Outcome.TEMPORARY, wait)

    @pytest.mark.parametrize(("header", "wait"), [("7", 7), ("99999", 900), ("soon", 60)])
    def test_retry_after_is_heeded_within_reason(self, header: str, wait: float, provider_server: Any) -> None:
        provider_server.answer("/in", 429, Retry_After=header)
        assert deliver(job(f"json://{provider_server.place}/in")).wait == wait

    @pytest.mark.parametrize(
        ("status", "outcome"),
        [(200, Outcome.ACCEPTED), (204, Outcome.ACCEPTED), (302, Outcome.TEMPORARY), (400, Outcome.REJECTED),
         (401, Outcome.REJECTED), (404, Outcome.REJECTED), (408, Outcome.TEMPORARY), (500, Outcome.TEMPORARY),
         (503, Outcome.TEMPORARY)],
    )  # fmt: skip
    def test_a_web_hook_is_judged_by_its_status(self, status: int, outcome: Outcome, provider_server: Any) -> None:
        provider_server.answer("/in", status, "")
        assert deliver(job(f"json://{provider_server.place}/in")).outcome is outcome

    @pytest.mark.parametrize(("body", "outcome"), [('{"code":0}', Outcome.ACCEPTED), ('{"code":"0"}', Outcome.ACCEPTED),
                                                   ('{"code":401}', Outcome.TEMPORARY), ("ok", Outcome.TEMPORARY)])  # fmt: skip
    def test_or_by_its_body_where_the_channel_says_how(self, body: str, outcome: Outcome, provider_server: Any) -> None:
        provider_server.answer("/in", 200, body)
        assert deliver(job(f"form://{provider_server.place}/in", success="code=0")).outcome is outcome

    def test_a_redirect_to_a_log_in_page_is_not_followed(self, provider_server: Any) -> None:
        provider_server.answer("/in", 302, Location=f"{provider_server.address}/login")
        assert deliver(job(f"json://{provider_server.place}/in")).outcome is Outcome.TEMPORARY
        assert provider_server.paths() == ["/in"]

    def test_a_closed_port_was_not_reached_and_a_cut_connection_may_have_been(self, provider_server: Any) -> None:
        assert deliver(job("json://127.0.0.1:9/in")).outcome is Outcome.TEMPORARY
        provider_server.behaviours["/in"] = lambda handler: handler.connection.close()
        assert deliver(job(f"json://{provider_server.place}/in")).outcome is Outcome.UNKNOWN

    def test_wecoms_token_is_fetched_once_and_anew_when_it_expired(self, provider_server: Any) -> None:
        good = SAMPLES["wechat"][1]
        assert deliver(sample("wechat", provider_server, good)).outcome is Outcome.ACCEPTED
        assert deliver(sample("wechat", provider_server, good)).outcome is Outcome.ACCEPTED
        assert provider_server.paths() == ["/cgi-bin/gettoken", *["/cgi-bin/message/send"] * 2]
        assert deliver(sample("wechat", provider_server, '{"errcode":42001}')).outcome is Outcome.TEMPORARY
        assert deliver(sample("wechat", provider_server, good)).outcome is Outcome.ACCEPTED
        assert provider_server.paths().count("/cgi-bin/gettoken") == 2

    def test_a_long_text_goes_out_in_all_its_parts(self, provider_server: Any) -> None:
        deliver(job(f"json://{provider_server.place}/in", bodies=("第一", "第二")))
        assert [one.json["message"] for one in provider_server.received] == ["第一", "第二"]

    def test_marks_and_angle_brackets_pass_unchanged(self, provider_server: Any) -> None:
        text = "<A区> **不** _是_ :fire: C:\\new 3<5 &amp; <b>粗</b>"
        deliver(job(f"json://{provider_server.place}/in", bodies=(text,)))
        assert provider_server.received[0].json["message"] == text


@pytest.mark.usefixtures("provider_witnesses")
class TestSecrets:
    def test_come_from_variable_and_file_and_may_hold_any_character(
        self, provider_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:  # fmt: skip
        monkeypatch.setenv("HOOK_USER", "clerk")
        (tmp_path / "password").write_text("p@ss/w:rd?#%\n")
        url = f"json://${{HOOK_USER}}:${{file:{tmp_path / 'password'}}}@{provider_server.place}/in"
        assert deliver(job(url)).outcome is Outcome.ACCEPTED
        given = provider_server.received[0].headers["Authorization"].removeprefix("Basic ")
        assert base64.b64decode(given).decode() == "clerk:p@ss/w:rd?#%"

    def test_that_are_missing_are_named_and_nothing_leaves(self) -> None:
        delivery = deliver(job("wecombot://${NOWHERE_TO_BE_FOUND}"))
        assert delivery.outcome is Outcome.REJECTED
        assert "NOWHERE_TO_BE_FOUND" in delivery.detail

    @pytest.mark.parametrize("service", ["dingtalk", "wecombot", "feishu", "lark", "schan", "pushplus"])
    def test_are_in_no_log_and_no_detail(
        self, service: str, provider_server: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:  # fmt: skip
        monkeypatch.setenv("CHANNEL_SECRET", SECRET)
        for name in ("", "apprise", "urllib3", "urllib3.connectionpool", "requests"):
            caplog.set_level(logging.DEBUG, logger=name)
        provider_server.otherwise = (
            200,
            f'{{"errcode":-1,"code":-1,"msg":"bad token {SECRET} for 32068419990101217X"}}',
            {},
        )
        delivery = deliver(job(f"{service}://${{CHANNEL_SECRET}}", relay=provider_server.address))
        assert delivery.outcome is Outcome.TEMPORARY
        assert SECRET in "".join(one.path + one.query + one.body for one in provider_server.received)
        seen = caplog.text + repr(delivery)
        assert SECRET not in seen
        assert "办理" not in seen
        assert "320684" not in seen

    def test_of_a_bad_url_are_not_told_either(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setenv("CHANNEL_SECRET", "not a token " + SECRET)
        caplog.set_level(logging.DEBUG, logger="apprise")
        delivery = deliver(job("dingtalk://${CHANNEL_SECRET}"))
        assert delivery.outcome is Outcome.REJECTED
        assert SECRET not in caplog.text + repr(delivery)


@pytest.mark.usefixtures("provider_witnesses")
class TestRefusedBeforeLeaving:
    def test_an_unproven_service(self) -> None:
        assert deliver(job("slack://a/b/c")).outcome is Outcome.REJECTED

    @pytest.mark.parametrize("title", ["提醒\r\nBcc: all@example.cn", "提醒\n"])
    def test_a_title_with_a_line_break(self, title: str, provider_server: Any) -> None:
        assert deliver(job(f"json://{provider_server.place}/in", title=title)).outcome is Outcome.REJECTED
        assert not provider_server.received

    @pytest.mark.parametrize(
        "target", ["", "a@example.cn,b@example.cn", "a@example.cn b@example.cn", "a@example.cn\r\nRCPT", "a;b"]
    )
    def test_an_address_that_is_none_or_two(self, target: str, smtp_server: Any) -> None:
        url = f"mailto://{smtp_server.place}?from=office@example.cn&to={{target}}"
        assert deliver(job(url, target=target)).outcome is Outcome.REJECTED
        assert not smtp_server.mails


@pytest.mark.usefixtures("provider_witnesses")
class TestMail:
    URL = "mailto://{place}?from=区征兵办<office@example.cn>&to={{target}}"

    def send(self, server: Any, **more: object) -> Delivery:
        return deliver(job(self.URL.format(place=server.place), **({"target": "officer@example.cn"} | more)))

    def test_arrives_whole_in_chinese(self, smtp_server: Any) -> None:
        title = "【演练】征兵工作联络员请于十月八日前办理完毕"
        body = "【演练】【ZB-2027H1·第3号】\n第二行 <A区> 3<5 **\n第三行"
        assert self.send(smtp_server, title=title, bodies=(body,)) == Delivery(Outcome.ACCEPTED)
        recipients, raw = smtp_server.mails[0]
        mail = smtp_server.message()
        assert recipients == ["officer@example.cn"]
        assert str(make_header(decode_header(mail["Subject"]))) == title
        assert "区征兵办" in str(make_header(decode_header(mail["From"])))
        assert mail.get_content_type() == "text/plain"
        assert mail.get_payload(decode=True).decode().splitlines() == body.splitlines()
        words = re.findall(rb"=\?[^ ?]+\?[bqBQ]\?[^ ?]*\?=", raw)
        assert max(map(len, words)) <= 75, "RFC 2047: an encoded word has at most 75 characters"
        assert max(map(len, raw.splitlines())) <= 78

    def test_refused_for_good_is_rejected(self, smtp_server: Any) -> None:
        smtp_server.refusals["officer@example.cn"] = "550 5.1.1 no such user officer@example.cn"
        delivery = self.send(smtp_server)
        assert delivery.outcome is Outcome.REJECTED
        assert "550" in delivery.detail
        assert "officer@" not in delivery.detail

    def test_refused_for_now_is_temporary(self, smtp_server: Any) -> None:
        smtp_server.refusals["officer@example.cn"] = "451 4.7.1 greylisted"
        assert self.send(smtp_server).outcome is Outcome.TEMPORARY

    def test_refused_after_its_text_is_rejected(self, smtp_server: Any) -> None:
        smtp_server.after_data = "554 5.7.1 rejected as spam"
        assert self.send(smtp_server).outcome is Outcome.REJECTED

    def test_without_an_answer_to_its_text_is_unknown(self, smtp_server: Any) -> None:
        smtp_server.after_data = "break off"
        assert self.send(smtp_server).outcome is Outcome.UNKNOWN

    def test_to_nobody_listening_is_temporary(self) -> None:
        delivery = deliver(job("mailto://127.0.0.1:9?from=office@example.cn&to={target}", target="officer@example.cn"))
        assert delivery.outcome is Outcome.TEMPORARY

    @pytest.mark.parametrize(("password", "outcome"), [("right", Outcome.ACCEPTED), ("wr@ng", Outcome.REJECTED)])
    def test_logs_in(self, password: str, outcome: Outcome, smtp_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MAIL_PASSWORD", password)
        url = f"mailto://clerk:${{MAIL_PASSWORD}}@{smtp_server.place}?from=office@example.cn&to={{target}}"
        delivery = deliver(job(url, target="officer@example.cn"))
        assert delivery.outcome is outcome
        assert ("535" in delivery.detail) == (outcome is Outcome.REJECTED)
        assert len(smtp_server.mails) == (outcome is Outcome.ACCEPTED)

    @pytest.mark.parametrize(("trusted", "outcome"), [(True, Outcome.ACCEPTED), (False, Outcome.TEMPORARY)])
    def test_goes_over_tls_only_to_a_certificate_it_trusts(
        self, trusted: bool, outcome: Outcome, smtp_tls_server: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if trusted:
            monkeypatch.setenv("SSL_CERT_FILE", str(smtp_tls_server.certificate))
        url = f"mailtos://{smtp_tls_server.place}?mode=ssl&from=office@example.cn&to={{target}}"
        assert deliver(job(url, target="officer@example.cn")).outcome is outcome
        assert len(smtp_tls_server.mails) == trusted

    def test_is_not_slowed_down_between_two(self, smtp_server: Any) -> None:
        began = time.monotonic()
        for _ in range(5):
            assert self.send(smtp_server).outcome is Outcome.ACCEPTED
        assert time.monotonic() - began < 5, "one object waits 5.5 s between sends unless told otherwise"
