"""The witness between Apprise's plugins and the providers: what was really answered, read from the body."""

import json
import re
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from urllib3.exceptions import MaxRetryError, NewConnectionError

from config.messages import say
from tasks.courier import Delivery, Outcome

_BODY_BYTES: Final = 65_536
_DETAIL_LENGTH: Final = 120
_LONG_DIGITS: Final = re.compile(r"\d{11,}|(?:\+?86[- ]?)?\b1[3-9]\d(?:[- ]?\d{4}){2}|\b0\d{2,3}[- ]?\d{7,8}\b")
_TOO_MANY: Final = 429
_WAIT_SECONDS: Final = 60.0
_LONGEST_WAIT: Final = 900.0


class Answer(NamedTuple):
    """How a provider words its answers: the field that holds the code, and what the codes mean.

    A code that is in no list is taken for a failure that may pass, tried again a few times, and then dead.
    """

    fields: tuple[str, ...]
    good: frozenset[str]
    final: frozenset[str] = frozenset()
    limits: frozenset[str] = frozenset()
    window: float = _WAIT_SECONDS


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WECOM: Final = Answer(
    ("errcode",),
    _codes("0"),
    _codes("40003 40008 40058 44004 45002 48001 60011 60020 81013 93000"),
    _codes("45009 45033"),
)
# Gateways word their refusals as they like: these are the words of two large ones, and a channel adds its own.
_SMS: Final = Answer(
    ("code",),
    _codes("0 OK"),
    _codes(
        "isv.MOBILE_NUMBER_ILLEGAL isv.SMS_TEMPLATE_ILLEGAL isv.SMS_SIGNATURE_ILLEGAL isv.BLACK_KEY_CONTROL_LIMIT "
        "SignatureDoesNotMatch FailedOperation.TemplateIncorrectOrUnapproved "
        "InvalidParameterValue.IncorrectPhoneNumber "
        "FailedOperation.SignatureIncorrectOrUnapproved "
        "FailedOperation.PhoneNumberInBlacklist"
    ),
    _codes("isv.BUSINESS_LIMIT_CONTROL Throttling Throttling.User RequestLimitExceeded LimitExceeded"),
)
_FEISHU: Final = Answer(
    ("code", "StatusCode"), _codes("0"), _codes("19001 19021 19022 19024"), _codes("11232 230020 99991400")
)
ANSWERS: Final = {
    # Beyond its limit DingTalk is deaf for ten minutes, so the window is as long.
    "dingtalk": Answer(
        ("errcode",), _codes("0"), _codes("300001 300005 310000 400013 400101"), _codes("130101 90018 90030"), 600
    ),
    "feishu": _FEISHU,
    "lark": _FEISHU,
    "wecombot": _WECOM,
    "wechat": _WECOM,
    "schan": Answer(("code",), _codes("0"), _codes("40001")),
    "bark": Answer(("code",), _codes("200"), _codes("400")),
    "barks": Answer(("code",), _codes("200"), _codes("400")),
    "pushplus": Answer(("code",), _codes("200"), _codes("903 905"), _codes("900"), 600),
    "wxpusher": Answer(("code",), _codes("1000")),
    "sms": _SMS,
    "smss": _SMS,
}
_BY_STATUS: Final = Answer((), frozenset())


@dataclass
class Canned:
    """An answer given in place of any provider."""

    status: int
    body: str


@dataclass
class Exchange:
    """One call of a plugin: how its answer is to be read, and what was seen."""

    scheme: str
    relay: str = ""
    success: str = ""
    refused: tuple[str, ...] = ()
    limited: tuple[str, ...] = ()
    canned: Canned | None = None
    delivery: Delivery | None = None

    @property
    def answer(self) -> Answer | None:
        """How success is worded in the body; None where the HTTP status is all there is."""
        known = ANSWERS.get(self.scheme, _BY_STATUS)
        if self.success:
            field, _, value = self.success.partition("=")
            known = known._replace(fields=(field,), good=frozenset(value.split("|")))
        more = known._replace(final=known.final | {*self.refused}, limits=known.limits | {*self.limited})
        return more if more.fields else None

    def note(self, outcome: Outcome, key: str, wait: float = 0.0, **facts: Any) -> None:
        """Keep what was seen; the last thing seen counts."""
        self.delivery = Delivery(outcome, say(f"channels.{key}", **facts) if key else "", wait)


_exchange: ContextVar[Exchange | None] = ContextVar("exchange", default=None)


def exchange_under_way() -> Exchange | None:
    """Return the call that the witnesses watch now, if any."""
    return _exchange.get()


@contextmanager
def watching(exchange: Exchange) -> Iterator[None]:
    """Let the witnesses note into this exchange."""
    token = _exchange.set(exchange)
    try:
        yield
    finally:
        _exchange.reset(token)


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return a detail fit for the database and logs: one short line, without secrets, addresses and long numbers."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    text = " ".join(_LONG_DIGITS.sub("***", text).split())
    return text if len(text) <= _DETAIL_LENGTH else text[: _DETAIL_LENGTH - 1] + "…"


@contextmanager
def no_network() -> Iterator[None]:
    """Refuse every connection of this process, so that a plugin that goes past the witness reaches nobody."""

    def refuse(*_args: Any) -> None:
        raise ConnectionRefusedError

    socket.socket.connect = refuse  # type: ignore[method-assign]
    try:
        yield
    finally:
        del socket.socket.connect


class _CannedAdapter(BaseAdapter):
    """Answers without a network, as `requests` itself would build the answer."""

    def __init__(self, canned: Canned) -> None:
        super().__init__()
        self.canned = canned

    def send(self, request: requests.PreparedRequest, *_args: Any, **_options: Any) -> requests.Response:
        """Return the canned answer."""
        response = requests.Response()
        response.status_code, response.url, response.request = self.canned.status, str(request.url), request
        response.raw = BytesIO(self.canned.body.encode())
        return response

    def close(self) -> None:
        """Hold nothing."""


class StrictRequests:
    """Stands in a plugin's module under the name `requests`: reads the body, and fails a 200 that carries an error."""

    codes = requests.codes
    RequestException = requests.RequestException
    exceptions = requests.exceptions

    def get(self, url: str, **options: Any) -> requests.Response:
        """Send a GET."""
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> requests.Response:
        """Send a POST."""
        return self.request("POST", url, **options)

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        """Send a request and note what was answered.

        Raises:
            requests.RequestException: no answer came.
        """
        exchange = _exchange.get()
        if exchange is None:  # not ours: somebody else in this process uses the same plugin
            return requests.request(method, url, **options)  # noqa: S113 -- the plugin sets its time limits
        if exchange.relay:
            parts = urlsplit(url)
            url = exchange.relay.rstrip("/") + parts.path + (f"?{parts.query}" if parts.query else "")
        options |= {
            "allow_redirects": False,
            "stream": True,
        }  # a redirect is a log-in page, or DingTalk's way to say no
        try:
            with requests.Session() as session:
                if exchange.canned is not None:
                    session.mount("https://", _CannedAdapter(exchange.canned))
                    session.mount("http://", _CannedAdapter(exchange.canned))
                response = session.request(method, url, **options)
                body = next(response.iter_content(_BODY_BYTES), b"")  # an answer has no business being longer
                response._content = body  # noqa: SLF001 -- what `.content` reads
        except requests.RequestException as error:
            _note_failure(exchange, error)
            raise
        _judge(exchange, response, body)
        if response.ok and exchange.delivery is not None and exchange.delivery.outcome is not Outcome.ACCEPTED:
            response.status_code = requests.codes.unprocessable_entity
        return response


def _note_failure(exchange: Exchange, error: requests.RequestException) -> None:
    why, reason = type(error).__name__, error.args[0] if error.args else None
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.SSLError | requests.exceptions.ProxyError) or (
        isinstance(reason, MaxRetryError) and isinstance(reason.reason, NewConnectionError)
    ):
        exchange.note(Outcome.TEMPORARY, "not_connected", why=why)
    elif isinstance(error, requests.ConnectionError | requests.Timeout | requests.exceptions.ChunkedEncodingError):
        exchange.note(Outcome.UNKNOWN, "answer_lost", why=why)
    else:
        exchange.note(Outcome.REJECTED, "request_wrong", why=why)


def _judge(exchange: Exchange, response: requests.Response, body: bytes) -> None:
    answer, status = exchange.answer, response.status_code
    code, text = _read(answer, body) if answer else ("", "")
    if status == _TOO_MANY:
        exchange.note(Outcome.TEMPORARY, "http_status", _retry_after(response), status=status)
    elif answer and code in answer.limits:
        exchange.note(Outcome.TEMPORARY, "answer_code", answer.window, code=code, text=text)
    elif answer and code in answer.final:
        exchange.note(Outcome.REJECTED, "answer_code", code=code, text=text)
    elif not requests.codes.ok <= status < requests.codes.multiple_choices:
        passing = status >= requests.codes.server_error or status < requests.codes.bad_request
        passing = passing or status in {requests.codes.request_timeout, requests.codes.too_early}
        exchange.note(Outcome.TEMPORARY if passing else Outcome.REJECTED, "http_status", status=status)
    elif answer is None or code in answer.good:
        exchange.note(Outcome.ACCEPTED, "")
    elif code:
        exchange.note(Outcome.TEMPORARY, "answer_code", code=code, text=text)
    else:
        exchange.note(Outcome.TEMPORARY, "answer_blank")


def _read(answer: Answer, body: bytes) -> tuple[str, str]:
    """Return the code and the provider's own words; blanks where the body is no answer of that provider."""
    try:
        content = json.loads(body)
    except ValueError:
        return "", ""
    if not isinstance(content, dict):
        return "", ""
    found = (_at(content, field) for field in answer.fields)
    code = next((str(value) for value in found if value is not None), "")
    words = next((content[name] for name in ("errmsg", "msg", "message", "StatusMessage") if content.get(name)), "")
    return code, str(words)


def _at(content: Any, path: str) -> Any:
    """Return what a path such as `data.status` leads to; nothing where it leads nowhere."""
    for name in path.split("."):
        if isinstance(content, list) and name.isdigit():
            content = content[int(name)] if int(name) < len(content) else None
        else:
            content = content.get(name) if isinstance(content, dict) else None
    return content


def _retry_after(response: requests.Response) -> float:
    given = response.headers.get("Retry-After", "")
    return min(float(given), _LONGEST_WAIT) if given.isdigit() else _WAIT_SECONDS
