"""Where notices of the browser tests really arrive: a mail server and a web hook of this machine."""

import json
import threading
from email import message_from_bytes
from email.header import decode_header, make_header
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from aiosmtpd.controller import Controller

from tasks.incident_response import cast
from tasks.server import free_port


class Mail(NamedTuple):
    """One mail that arrived."""

    to: str
    subject: str
    text: str


class Post:
    """Where notices arrive: a mail server and a web hook of this machine."""

    def __init__(self) -> None:
        self.channels = Path()
        self.mails: list[Mail] = []
        self.hooks: list[dict[str, Any]] = []
        post = self

        class Mailbox:
            async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 -- aiosmtpd's name
                message = message_from_bytes(envelope.content)
                text = message.get_payload(decode=True)
                assert isinstance(text, bytes)
                subject = str(make_header(decode_header(str(message["Subject"]))))
                post.mails.append(Mail(envelope.rcpt_tos[0], subject, text.decode()))
                return "250 OK"

        class Hook(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                post.hooks.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_args: object) -> None:
                """Keep quiet."""

        self._smtp = Controller(Mailbox(), hostname="127.0.0.1", port=free_port())
        self._smtp.start()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def write(self, path: Path) -> None:
        """Write a channels file: mail for one officer, the web hook for the other."""
        book = {
            "channels": {
                "mail": {"url": f"mailto://127.0.0.1:{self._smtp.port}?from=office@example.cn&to={{target}}"},
                "hook": {"url": f"json://127.0.0.1:{self._http.server_port}/in", "lanes": 4},
            },
            "officers": {cast.COMMANDER: {"mail": "commander@example.cn"}, cast.OFFICE: ["hook"]},
        }
        path.write_text(yaml.safe_dump(book, allow_unicode=True), encoding="utf-8")
        self.channels = path

    def close(self) -> None:
        """Close both."""
        self._smtp.stop()
        self._http.shutdown()
