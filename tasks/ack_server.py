"""The page where whoever was called acknowledges by the code in the notice: a form without scripts, for any telephone.

Opening it, with the code in the address or without, only shows the form: mail and chat programs open every link that
they carry. Nothing but the form that is sent acknowledges.
"""

import base64
import signal
import sys
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from time import monotonic
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from sqlalchemy.exc import SQLAlchemyError

from config.messages import Refusal, say
from models.incident_response.ladder import Ack, read_code
from tasks.bounded_server import GUARDED, PATIENCE, BoundedServer
from tasks.incident_response.acknowledgement import Said, acknowledge
from tasks.incident_response.bell import Waker
from tasks.policy_redemption.site_markup import Markup, el, several
from tasks.store import engine

COMMAND: Final = (sys.executable, "-c", "from tasks.ack_server import main; main()")
METHODS: Final = "GET, HEAD, POST"
LONGEST_BODY: Final = 2_000
LONGEST_CODE: Final = 12
PER_MINUTE: Final = 30
"""Forms that one address may send in a minute; wrong codes are limited apart, in the database."""
SOURCES: Final = 10_000
HTML: Final = "text/html; charset=utf-8"
LOCAL: Final = frozenset({"127.0.0.1", "::1"})
STYLE: Final = (
    "body{font:18px/1.6 sans-serif;max-width:30rem;margin:0 auto;padding:1rem;color:#1a1a1a;background:#fff}"
    "h1{font-size:1.4rem}label,legend{display:block;margin-top:1rem;font-weight:bold}fieldset{border:0;padding:0;margin:0}"
    "input[type=text],input[type=number]{font-size:1.4rem;width:100%;padding:.5rem;box-sizing:border-box}"
    ".choice{display:block;font-weight:normal;margin-top:.5rem;padding:.6rem;border:1px solid #767676}"
    "button{margin-top:1.5rem;width:100%;padding:.9rem;font-size:1.3rem;color:#fff;background:#a31515;border:0;"
    "border-radius:.3rem}.good{border-left:.4rem solid #0a6b2d;padding:.5rem 1rem}"
    ".bad{border-left:.4rem solid #a31515;padding:.5rem 1rem}"
)
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(sha256(STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def _say(text: str, **facts: object) -> str:
    return say(f"incident_call.{text}", "zh", **facts)


class Turnstile:
    """Lets each address through so often a minute; it remembers the last addresses only."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._lock = threading.Lock()

    def passes(self, source: str) -> bool:
        """Say whether an address may send another form now."""
        now = monotonic()
        with self._lock:
            began, count = self._seen.pop(source, (now, 0))
            if now - began >= 60:  # noqa: PLR2004 -- a minute
                began, count = now, 0
            self._seen[source] = began, count + 1
            if len(self._seen) > SOURCES:
                self._seen.popitem(last=False)
        return count < PER_MINUTE


def form(code: str = "", word: Markup | None = None) -> Markup:
    """Return the page: a word on what came of the last form, and an empty one."""
    dots = ((kind, el("input", type="radio", name="kind", value=kind.value, required="")) for kind in Ack)
    choices = [el("label", dot, f" {kind.word}", class_="choice") for kind, dot in dots]
    fields = el(
        "form",
        el("label", _say("page_code"), for_="code"),
        el("input", type="text", id="code", name="code", value=code, required="", maxlength=str(LONGEST_CODE),
           autocomplete="off", autocapitalize="characters", spellcheck="false"),
        el("fieldset", el("legend", _say("page_kind")), *choices),
        el("label", _say("page_eta"), for_="eta"),
        el("input", type="number", id="eta", name="eta", min="0", max="1440", inputmode="numeric"),
        el("button", _say("page_send"), type="submit"),
        method="post", action="/",
    )  # fmt: skip
    return several(
        Markup("<!doctype html>"),
        el(
            "html",
            el("head", el("meta", charset="utf-8"),
               el("meta", name="viewport", content="width=device-width, initial-scale=1"),
               el("title", _say("page_title")), el("style", Markup(STYLE))),
            el("body", el("h1", _say("page_title")), word, fields, el("p", _say("page_help"))),
            lang="zh-CN",
        ),
    )  # fmt: skip


class Handler(BaseHTTPRequestHandler):
    """Shows the form, and takes it."""

    server: "AckServer"
    protocol_version = "HTTP/1.1"
    timeout = PATIENCE
    error_message_format = "%(code)d\n"
    error_content_type = "text/plain; charset=utf-8"

    def version_string(self) -> str:
        """Name the program, without its versions."""
        return "banjie"

    def do_GET(self) -> None:
        """Show the form, with the code of the address filled in; nothing is acknowledged."""
        given = parse_qs(urlsplit(self.path).query).get("code", [""])[0]
        self._send(HTTPStatus.OK, form(read_code(given)[:LONGEST_CODE]))

    def do_HEAD(self) -> None:
        """Send what the form is, without it."""
        self.do_GET()

    def do_POST(self) -> None:
        """Take the form."""
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > LONGEST_BODY:
            self.close_connection = True
            return self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _say("page_wrong"))
        given = parse_qs(self.rfile.read(int(length)).decode("utf-8", "replace"))
        if not self.server.turnstile.passes(self.source()):
            return self._refuse(HTTPStatus.TOO_MANY_REQUESTS, _say("page_busy"))
        try:
            said = self._said({name: values[0] for name, values in given.items()})
            heard = acknowledge(said)
        except Refusal as refusal:
            many = refusal.key == "incident_call.too_many_wrong"
            return self._refuse(HTTPStatus.TOO_MANY_REQUESTS if many else HTTPStatus.BAD_REQUEST, str(refusal))
        except SQLAlchemyError:
            return self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, _say("page_down"))
        self.server.waker.wake([heard.number])
        return self._send(HTTPStatus.OK, form(word=el("p", heard.text, class_="good", role="status")))

    def _said(self, given: Mapping[str, str]) -> Said:
        """Return what the form says.

        Raises:
            Refusal: no answer was chosen, or the minutes are no number.
        """
        eta = given.get("eta", "").strip()
        if given.get("kind") not in set(Ack) or not (eta.isdecimal() or not eta):
            raise Refusal("incident_call.page_wrong")
        minutes = int(eta[:5]) if eta else None
        return Said(given.get("code", ""), Ack(given["kind"]), "page", minutes, source=self.source())

    def source(self) -> str:
        """Return the address of whoever asks; that a proxy of this machine names, if one does."""
        address = str(self.client_address[0])
        forwarded = self.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        return forwarded[:60] if forwarded and address in LOCAL else address

    def refuse(self) -> None:
        """Refuse every other method."""
        self.close_connection = True
        self._send(HTTPStatus.METHOD_NOT_ALLOWED, form(), {"Allow": METHODS})

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        self._send(status, form(word=el("p", why, class_="bad", role="alert")))

    def _send(self, status: HTTPStatus, page: str, more: Mapping[str, str] | None = None) -> None:
        if self.request_version == "HTTP/0.9":  # it has no headers, so none that are safe
            return
        body = page.encode()
        headers = {"Content-Type": HTML, "Content-Security-Policy": POLICY, "Cache-Control": "no-store", **GUARDED}
        self.send_response(status)
        for name, value in (headers | dict(more or {})).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the standard library's name
        """Keep no record of who came, and none of any code."""


for _method in ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"):
    setattr(Handler, f"do_{_method}", Handler.refuse)


class AckServer(BoundedServer):
    """Serves the page of acknowledgements."""

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address, Handler)
        self.turnstile, self.waker = Turnstile(), Waker()


@contextmanager
def _ending(server: AckServer) -> Iterator[None]:
    def end(*_: object) -> None:
        threading.Thread(target=server.shutdown).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    yield
    server.waker.close()


def main() -> None:
    """Serve the page at the host and port given, until SIGTERM."""
    engine()
    server = AckServer((sys.argv[1], int(sys.argv[2])))
    with _ending(server):
        server.serve_forever(poll_interval=0.2)
