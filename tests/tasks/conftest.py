"""For the notice tests: providers on this machine that answer well, badly, slowly or not at all, and a desk to queue at."""

import asyncio
import json
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from os import urandom
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller, UnthreadedController
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import Engine, func, insert, select
from sqlmodel import SQLModel

from config.channels import Channels
from models.case import NoticeStatus
from tasks.channel import PLUGINS, make_strict
from tasks.courier import Delivery
from tasks.notice_text import Claimed
from tasks.outbox import CASES, NOTICES, Access, access_to, claim, settle
from tasks.store import connect


@dataclass(frozen=True)
class Received:
    """One request that a provider got."""

    path: str
    query: str
    headers: dict[str, str]
    body: str
    at: float

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Provider:
    """An HTTP provider whose behaviour is set for each path; elsewhere it answers 200 and an empty object."""

    address: str
    received: list[Received] = field(default_factory=list)
    answers: dict[str, tuple[int, str, dict[str, str]]] = field(default_factory=dict)
    behaviours: dict[str, Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=dict)
    otherwise: tuple[int, str, dict[str, str]] = (200, "{}", {})
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def place(self) -> str:
        """Host and port."""
        return self.address.removeprefix("http://")

    def answer(self, path: str, status: int, body: str = "{}", **headers: str) -> None:
        """Answer a path like this."""
        self.answers[path] = (status, body, {name.replace("_", "-"): value for name, value in headers.items()})

    def hang(self, path: str) -> None:
        """Never answer a path."""

        def behave(_handler: BaseHTTPRequestHandler) -> None:
            self.closing.wait(120)

        self.behaviours[path] = behave

    def drip(self, path: str, *, headers: bool = False) -> None:
        """Answer a path one byte at a time, for ever: each byte comes within any read time limit."""

        def behave(handler: BaseHTTPRequestHandler) -> None:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + (b"" if headers else b"Content-Length: 100000\r\n\r\n"))
            while not self.closing.wait(0.2):
                handler.wfile.write(b"x")
                handler.wfile.flush()

        self.behaviours[path] = behave

    def paths(self) -> list[str]:
        """Paths in the order they were asked for."""
        return [one.path for one in self.received]


@pytest.fixture
def provider_server() -> Iterator[Provider]:
    """A local HTTP provider."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            path, _, query = self.path.partition("?")
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode("utf-8", "replace")
            provider.received.append(Received(path, query, dict(self.headers), body, time.monotonic()))
            try:
                if path in provider.behaviours:
                    provider.behaviours[path](self)
                    self.close_connection = True
                    return
                status, text, headers = provider.answers.get(path, provider.otherwise)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())
            except OSError:  # the courier was killed in the middle
                self.close_connection = True

        do_GET = do_POST = _serve  # noqa: N815 -- the library's names

        def log_message(self, *_args: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    provider = Provider(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield provider
    provider.closing.set()
    server.shutdown()
    server.server_close()


@dataclass
class MailServer:
    """A real SMTP server; some recipients are refused, and some mails end the connection."""

    host: str = "127.0.0.1"
    port: int = 0
    mails: list[tuple[list[str], bytes]] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    after_data: str = "250 OK"
    certificate: Path | None = None

    @property
    def place(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port}"

    def message(self, index: int = -1) -> Message:
        """Return a mail that was taken."""
        return message_from_bytes(self.mails[index][1])

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        """Take or refuse a recipient."""
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Take a mail, refuse it, or break off."""
        self.mails.append((list(envelope.rcpt_tos), envelope.content))
        if self.after_data == "break off":
            server.transport.abort()
        return self.after_data


@pytest.fixture
def smtp_server() -> Iterator[MailServer]:
    """A local SMTP server."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        mail_server = MailServer(port=free.getsockname()[1])
    controller = Controller(
        mail_server,
        hostname=mail_server.host,
        port=mail_server.port,
        ready_timeout=30,
        auth_require_tls=False,
        authenticator=lambda *given: AuthResult(success=given[-1].password == b"right", handled=False),
    )
    controller.start()
    yield mail_server
    controller.stop()


@pytest.fixture
def smtp_tls_server(tmp_path: Path) -> Iterator[MailServer]:
    """A local SMTP server that speaks TLS from the start, with a certificate of its own in `certificate`."""
    certificate, key = tmp_path / "localhost.pem", tmp_path / "localhost.key"
    _sign_for_localhost(certificate, key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as free:
        mail_server = MailServer(host="localhost", port=free.getsockname()[1], certificate=certificate)
    thread = UnthreadedController(mail_server, hostname="127.0.0.1", port=mail_server.port, ssl_context=context)
    ready, loop = threading.Event(), thread.loop

    def serve() -> None:
        asyncio.set_event_loop(loop)
        thread.begin()  # type: ignore[no-untyped-call]
        ready.set()
        loop.run_forever()

    server = threading.Thread(target=serve, daemon=True)
    server.start()
    assert ready.wait(30)
    yield mail_server
    loop.call_soon_threadsafe(loop.stop)
    server.join(30)


def _sign_for_localhost(certificate: Path, key: Path) -> None:
    private, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]),
    )
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    form, unlocked = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    key.write_bytes(private.private_bytes(serialization.Encoding.PEM, form, unlocked))


@pytest.fixture
def provider_witnesses() -> Iterator[None]:
    """Put the witnesses into the plugins of this process, as the courier's child does, and take them out again."""
    modules = [sys.modules[plugin.__module__] for plugin in set(PLUGINS.values())]
    before = [
        (module, name, getattr(module, name))
        for module in modules
        for name in ("requests", "smtplib")
        if hasattr(module, name)
    ]
    make_strict()
    yield
    for module, name, value in before:
        setattr(module, name, value)


@dataclass
class NoticeDesk:
    """Queues, claims and marks notices on a database of its own, as steps and senders do."""

    access: Access
    engine: Engine | None = None
    now: datetime = datetime(2027, 3, 1, 2, 0, tzinfo=UTC)

    def add_case(self, number: str = "ZB-2027H1", *, drill: bool = False) -> int:
        """Open a case and return its id."""
        with self.access.write() as connection:
            made = connection.execute(
                insert(CASES).values(number=number, process="conscription", subject="", unit="", status="",
                                     on_day=date(2027, 3, 1), drill=drill, version=0, seq=0, head=b"", opened_at=self.now)
            )  # fmt: skip
            assert made.inserted_primary_key is not None
            return int(made.inserted_primary_key[0])

    def queue(self, case_id: int, channel: str, recipient: str = "role:office", *, count: int = 1, at: datetime | None = None,
              note: str = "", template: str = "channels.trial", urgent: bool = False) -> None:  # fmt: skip
        """Queue notices numbered from 1."""
        rows = [
            {"key": urandom(16), "case_id": case_id, "number": number, "recipient": recipient, "channel": channel,
             "template": template, "facts": {"note": note}, "status": "pending", "attempts": 0, "next_at": at or self.now,
             "lease": "", "error": "", "created_at": at or self.now, "urgent": urgent}
            for number in range(1, count + 1)
        ]  # fmt: skip
        with self.access.write() as connection:
            connection.execute(insert(NOTICES), rows)

    def statuses(self) -> dict[str, int]:
        """Count the notices by status."""
        with self.access.read() as connection:
            counted = select(NOTICES.c.status, func.count()).group_by(NOTICES.c.status)
            return {row[0]: row[1] for row in connection.execute(counted)}

    def rows(self) -> list[Any]:
        """Return all notices."""
        with self.access.read() as connection:
            return list(connection.execute(select(NOTICES).order_by(NOTICES.c.id)).all())

    def take(
        self, channel: str = "hook", *, owner: str = "me", now: datetime | None = None, limit: int = 1
    ) -> list[Claimed]:
        """Claim for ninety seconds."""
        with self.access.write() as connection:
            return claim(connection, owner, now or self.now, limit, channel=channel, lease=timedelta(seconds=90))

    def mark(self, notice: Claimed, delivery: Delivery, book: Channels, *, now: datetime | None = None,
             channels_fault: bool = False) -> NoticeStatus | None:  # fmt: skip
        """Settle."""
        with self.access.write() as connection:
            return settle(connection, notice, delivery, now or self.now, book, channels_fault=channels_fault)


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NoticeDesk]:
    """A desk on SQLite, and another on PostgreSQL."""
    url = f"sqlite:///{tmp_path / 'banjie.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres")
    engine = connect(url)
    SQLModel.metadata.create_all(engine)
    yield NoticeDesk(access_to(engine), engine)
    engine.dispose()


@pytest.fixture
def desk_of() -> type[NoticeDesk]:
    """Make a desk on a given access: `desk_of(access)`."""
    return NoticeDesk
