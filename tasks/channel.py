"""Sending one text over one channel, and believing only what the provider says in the body of its answer.

Six plugins of Apprise (DingTalk, Feishu, Lark, WeCom robot, ServerChan, Bark) report success on HTTP 200 although the
body carries an error code. Here every plugin speaks to its provider through a witness that reads the body; a text is
accepted only if the plugin says so and the witness saw it. `python -m tasks.channel` is the courier's child process.
"""

import json
import logging
import os
import queue
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from functools import lru_cache
from types import TracebackType
from typing import Any, Final, TextIO
from urllib.parse import quote

from apprise import AppriseAsset, NotifyFormat
from apprise.plugins.bark import NotifyBark
from apprise.plugins.base import NotifyBase
from apprise.plugins.custom_form import NotifyForm
from apprise.plugins.custom_json import NotifyJSON
from apprise.plugins.dingtalk import NotifyDingTalk
from apprise.plugins.email.base import NotifyEmail
from apprise.plugins.feishu import NotifyFeishu
from apprise.plugins.lark import NotifyLark
from apprise.plugins.pushplus import NotifyPushplus
from apprise.plugins.serverchan import NotifyServerChan
from apprise.plugins.wechat import NotifyWeChat
from apprise.plugins.wecombot import NotifyWeComBot
from apprise.plugins.wxpusher import NotifyWxPusher

from config.channels import TARGET
from config.messages import Refusal, say
from tasks.courier import Delivery, Job, Outcome
from tasks.mail_witness import StrictMail
from tasks.reference import UnresolvedError, resolve
from tasks.sms import SmsGateway
from tasks.witness import Canned, Exchange, StrictRequests, no_network, redact, watching

PLUGINS: Final[dict[str, type[NotifyBase] | type[SmsGateway]]] = {
    "json": NotifyJSON,
    "jsons": NotifyJSON,
    "form": NotifyForm,
    "forms": NotifyForm,
    "mailto": NotifyEmail,
    "mailtos": NotifyEmail,
    "dingtalk": NotifyDingTalk,
    "feishu": NotifyFeishu,
    "lark": NotifyLark,
    "wecombot": NotifyWeComBot,
    "wechat": NotifyWeChat,
    "schan": NotifyServerChan,
    "bark": NotifyBark,
    "barks": NotifyBark,
    "pushplus": NotifyPushplus,
    "wxpusher": NotifyWxPusher,
    "sms": SmsGateway,
    "smss": SmsGateway,
}
_MAIL: Final = frozenset({"mailto", "mailtos"})
_FORBIDDEN: Final = frozenset(",;\\ \t\r\n\0")
_MARGIN: Final = 0.5
# One address of each service that needs no provider, and a body that its provider sends for success and for failure.
SAMPLES: Final[dict[str, tuple[str, str, str]]] = {
    "dingtalk": (
        "dingtalk://0a0a0a0a",
        '{"errcode":0,"errmsg":"ok"}',
        '{"errcode":310000,"errmsg":"keywords not in content"}',
    ),
    "feishu": ("feishu://0a0a-0a0a", '{"code":0,"msg":"success"}', '{"code":19001,"msg":"param invalid"}'),
    "lark": (
        "lark://0a0a-0a0a",
        '{"StatusCode":0,"StatusMessage":"success"}',
        '{"code":19024,"msg":"Key Words Not Found"}',
    ),
    "wecombot": (
        "wecombot://0a0a-0a0a",
        '{"errcode":0,"errmsg":"ok"}',
        '{"errcode":93000,"errmsg":"invalid webhook url"}',
    ),
    "wechat": (
        "wechat://corp:secret@1000002/@someone",
        '{"errcode":0,"errmsg":"ok","access_token":"t","expires_in":7200}',
        '{"errcode":60020,"errmsg":"not allow to access from your ip"}',
    ),
    "schan": (
        "schan://SCT0a0a",
        '{"code":0,"message":"","data":{"errno":0}}',
        '{"code":40001,"message":"bad pushtoken"}',
    ),
    "bark": ("bark://bark.invalid/0a0a", '{"code":200,"message":"success"}', '{"code":400,"message":"device token"}'),
    "pushplus": ("pushplus://" + "0a" * 16, '{"code":200,"msg":"ok"}', '{"code":903,"msg":"invalid token"}'),
    "wxpusher": ("wxpusher://AT_0a0a0a0a/UID_someone", '{"code":1000,"msg":"ok"}', '{"code":1001,"msg":"no appToken"}'),
    "sms": (
        "sms://gateway.invalid/send?to=13000000000&secret=0a0a",
        '{"code":0,"msg":"ok"}',
        '{"code":"isv.MOBILE_NUMBER_ILLEGAL","msg":"13000000000"}',
    ),
    "json": ("json://hook.invalid/in", "", ""),
    "form": ("form://hook.invalid/in", "", ""),
}


def make_strict() -> None:
    """Put the witnesses where the plugins of this process look for `requests` and `smtplib`, and silence their loggers.

    The loggers print tokens, addresses and whole messages; what is worth keeping is in the Delivery.
    """
    for plugin in set(PLUGINS.values()):
        module = sys.modules[plugin.__module__]
        if plugin is NotifyEmail:
            module.smtplib = StrictMail  # type: ignore[attr-defined]
        else:
            module.requests = StrictRequests()  # type: ignore[attr-defined]
    for name in ("apprise", "requests", "urllib3", "urllib3.connectionpool", "urllib3.util.retry"):
        logger = logging.getLogger(name)
        if _say_nothing not in logger.filters:
            logger.addFilter(_say_nothing)


def _say_nothing(_record: logging.LogRecord) -> bool:
    return False


def _compose(job: Job, secrets: list[str]) -> str | Delivery:
    """Return the URL to send to, or why there is none."""
    scheme = job.url.partition("://")[0].lower()
    if scheme not in PLUGINS:
        return Delivery(Outcome.REJECTED, say("channels.service_refused", service=scheme))
    if "\r" in job.title or "\n" in job.title:
        return Delivery(Outcome.REJECTED, say("channels.line_break"))
    try:
        target = resolve(job.target, secrets, escape=False)
        url = resolve(job.url, secrets, escape=True)
    except UnresolvedError as error:
        return Delivery(Outcome.REJECTED, say("channels.secret_missing", name=error.args[0]))
    if TARGET in url:
        if not target:
            return Delivery(Outcome.REJECTED, say("channels.no_address"))
        if _FORBIDDEN & set(target):  # a list separator would make one person two
            return Delivery(Outcome.REJECTED, say("channels.address_refused"))
        secrets.append(target)
        url = url.replace(TARGET, quote(target, safe=""))
    patience = max(job.deadline - _MARGIN, job.deadline / 2)
    connect = patience if scheme in _MAIL else min(5.0, patience)
    options = f"format=text&overflow=upstream&retry=0&redirect=no&cto={connect:g}&rto={patience:g}"
    return f"{url}{'&' if '?' in url else '?'}{options}"


@lru_cache(maxsize=256)
def _plugin(url: str) -> NotifyBase | SmsGateway | None:
    """Make the plugin of a URL; kept, because some hold an access token that they may fetch a few times a day only."""
    kind = PLUGINS[url.partition("://")[0].lower()]
    try:
        plugin = kind(**(kind.parse_url(url) or {}), asset=AppriseAsset(app_id="banjie", async_mode=False))
    except TypeError:  # how Apprise says that a URL is no good
        return None
    plugin.request_rate_per_sec = 0  # seconds between two sends of one object, in truth; our own bucket is in front
    return plugin


def deliver(job: Job, canned: Canned | None = None) -> Delivery:
    """Send one text over one channel and say what became of it; `make_strict` must have been called.

    Args:
        job: the text.
        canned: an answer to give in place of any provider, for the self-test.
    """
    secrets: list[str] = []
    url = _compose(job, secrets)
    if isinstance(url, Delivery):
        return url
    plugin = _plugin(url)
    if plugin is None:
        return Delivery(Outcome.REJECTED, say("channels.request_wrong", why="URL"))
    delivery = Delivery(Outcome.REJECTED, say("channels.not_composed"))
    for body in job.bodies:
        exchange = Exchange(
            job.url.partition("://")[0].lower(), job.relay, job.success, job.refused, job.limited, canned
        )
        with watching(exchange):
            passed = plugin.notify(title=job.title, body=body, body_format=NotifyFormat.TEXT)
        delivery = _verdict(passed=passed is True, seen=exchange.delivery)
        if delivery.outcome is not Outcome.ACCEPTED:
            _plugin.cache_clear()  # WeCom's plugin keeps a token that was refused; the next try must fetch another
            break
    return Delivery(delivery.outcome, redact(delivery.detail, secrets), delivery.wait)


def _verdict(*, passed: bool, seen: Delivery | None) -> Delivery:
    """Accept only what plugin and witness both call a success."""
    if seen is None:
        # A plugin that went past the witness may have sent it; one that sent nothing refused the text or the address.
        return Delivery(
            *(
                (Outcome.UNKNOWN, say("channels.unwitnessed"))
                if passed
                else (Outcome.REJECTED, say("channels.not_composed"))
            )
        )
    if seen.outcome is Outcome.ACCEPTED and not passed:
        return Delivery(Outcome.UNKNOWN, say("channels.not_composed"))
    return seen


def self_test() -> None:
    """Prove for every service, without any network, that an error code in a 200 fails and a success passes.

    Raises:
        Refusal: a plugin of the installed Apprise does not go through the witness; names the service.
    """
    page = "<html>gateway</html>"
    for service, (url, good, bad) in SAMPLES.items():
        trials = [((500, good), False), ((200, good), True)]
        trials += (
            [((200, bad), False), ((200, page), False), ((200, "{}"), False), ((302, good), False)] if good else []
        )
        for (status, body), expected in trials:
            _plugin.cache_clear()
            with no_network():
                delivery = deliver(Job(url, "", "self-test", ("self-test",)), Canned(status, body))
            if (delivery.outcome is Outcome.ACCEPTED) is not expected:
                raise Refusal("channels.self_test_failed", service=service)
    _plugin.cache_clear()
    if sys.modules[NotifyEmail.__module__].smtplib is not StrictMail:
        raise Refusal("channels.self_test_failed", service="mailto")


def _answering(out: TextIO) -> Callable[[dict[str, Any]], None]:
    def answer(message: dict[str, Any]) -> None:
        out.write(json.dumps(message, ensure_ascii=False) + "\n")
        out.flush()

    return answer


def main() -> None:
    """Serve jobs from standard input, one line each, until it ends; the answers go to standard output."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nothing a plugin prints may pass for an answer
    answer = _answering(out)

    def last_word(kind: type[BaseException], _error: BaseException, _trace: TracebackType | None) -> None:
        answer(asdict(Delivery(Outcome.UNKNOWN, say("channels.courier_died", why=kind.__name__))))

    sys.excepthook = last_word  # the kind only: messages of HTTP errors quote the URL with its token
    make_strict()
    try:
        self_test()
    except Refusal as refusal:
        answer({"refused": refusal.facts["service"]})
        return
    jobs: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin:
            jobs.put(line)
        os._exit(0)  # whoever started us is gone: a call under way must not outlive it

    threading.Thread(target=read, daemon=True).start()
    answer({"ready": True})
    while True:
        fields = json.loads(jobs.get())
        lists = {name: tuple(fields[name]) for name in ("bodies", "refused", "limited")}
        answer(asdict(deliver(Job(**fields | lists))))


if __name__ == "__main__":
    main()
