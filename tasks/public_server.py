"""The public site on this machine: read only, what an edition lists and nothing else, and how often it was visited."""

import gzip
import re
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from config.messages import Refusal, say
from config.settings import settings
from tasks.bounded_server import GUARDED, PATIENCE, BoundedServer
from tasks.clock import local_day, now
from tasks.policy_redemption.edition import CURRENT, EDITIONS, FOLDER, keep_site_current, sums_of
from tasks.policy_redemption.site import MANIFEST
from tasks.policy_redemption.site_frame import POLICY
from tasks.store import transaction

COMMAND: Final = (sys.executable, "-c", "from tasks.public_server import main; main()")
METHODS: Final = "GET, HEAD"
FLUSH_SECONDS: Final = 5.0
PUBLISH_SECONDS: Final = 60.0
PUBLISH_SHARE: Final = 10
"""A site that takes long to make is made less often: a tenth of the time at most."""
PACKED: Final = range(512, 1_000_000)
"""Sizes of files that are sent packed and kept so, in bytes."""
_TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "json": "application/json; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "atom": "application/atom+xml; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
}
_HEADERS: Final = {
    "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'",
    **GUARDED,
}
_EDITION: Final = re.compile(r"editions/([0-9a-f]{64})/(.*)", re.DOTALL)
KINDS: Final = {"index.html": "home", "search.html": "search", "feed.atom": "feed"}
"""Kinds of pages at the root; elsewhere the folder is the kind."""
_COUNT: Final = text(
    "INSERT INTO visits (day, path_kind, visits) VALUES (:day, :kind, :visits) "
    "ON CONFLICT (day, path_kind) DO UPDATE SET visits = visits.visits + excluded.visits"
)


def kind_of(path: str) -> str:
    """Return the kind of page that a file is; empty for what belongs to pages."""
    folder, _, name = path.rpartition("/")
    return folder if folder and name else KINDS.get(path, "")


class Visitors:
    """How often each kind of page was asked for, kept in memory and added to the table every few seconds."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def count(self, kind: str) -> None:
        """Count one visit."""
        with self._lock:
            self._counts[kind] += 1

    def flush(self) -> None:
        """Add what was counted to the table; while the database is away, it waits."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        if not counts:
            return
        try:
            day = local_day(now()).isoformat()
            with transaction() as tx:
                for kind, visits in sorted(counts.items()):
                    tx.core.execute(_COUNT, {"day": day, "kind": kind, "visits": visits})
        except SQLAlchemyError:
            with self._lock:
                self._counts += counts


@lru_cache(maxsize=16)
def _sums(edition: Path) -> Mapping[str, str]:
    listed = sums_of(edition)
    return listed | {MANIFEST: sha256((edition / MANIFEST).read_bytes()).hexdigest()}


@lru_cache(maxsize=256)
def _packed(path: Path, digest: str) -> bytes:
    del digest  # the content's name
    return gzip.compress(path.read_bytes(), 6, mtime=0)


class Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD from the list of an edition; no path ever reaches the file system unlisted."""

    server: "PublicServer"
    protocol_version = "HTTP/1.1"
    timeout = PATIENCE
    error_message_format = "%(code)d\n"
    error_content_type = "text/plain; charset=utf-8"

    def version_string(self) -> str:
        """Name the program, without its versions."""
        return "banjie"

    def do_GET(self) -> None:
        """Send a file."""
        self._answer()

    def do_HEAD(self) -> None:
        """Send what a file is, without it."""
        self._answer()

    def refuse(self) -> None:
        """Refuse every other method."""
        self.close_connection = True  # whatever follows as its body is not another request
        self._send(HTTPStatus.METHOD_NOT_ALLOWED, say("site.read_only", "zh").encode(), {"Allow": METHODS})

    def _answer(self) -> None:
        if self.request_version == "HTTP/0.9":  # it has no headers, so none that are safe
            return None
        if "Content-Length" in self.headers or "Transfer-Encoding" in self.headers:
            self.close_connection = True
        edition, path, lasting = self.server.locate(self.path)
        listed = _sums(edition) if edition else {}
        if path and not path.endswith("/") and f"{path}/index.html" in listed and not lasting:
            return self._send(HTTPStatus.MOVED_PERMANENTLY, b"", {"Location": f"/{path}/"})
        path = f"{path}index.html" if not path or path.endswith("/") else path
        digest = listed.get(path)
        if edition is None or digest is None:
            return self._send(HTTPStatus.NOT_FOUND, say("site.not_found", "zh").encode(), {})
        if self.command == "GET" and (kind := kind_of(path)):
            self.server.visitors.count(kind)
        return self._file(edition / path, digest, lasting=lasting)

    def _file(self, path: Path, digest: str, *, lasting: bool) -> None:
        size = path.stat().st_size
        packed = size in PACKED and "gzip" in self.headers.get("Accept-Encoding", "")
        tag = f'"{digest}{"-gzip" if packed else ""}"'
        headers = {
            "ETag": tag,
            "Cache-Control": "public, max-age=31536000, immutable" if lasting else "public, no-cache",
            "Vary": "Accept-Encoding",
        }
        if path.suffix in (".json", ".csv", ".atom"):
            headers["Access-Control-Allow-Origin"] = "*"  # open data
        given = self.headers.get("If-None-Match", "")
        if tag in (one.strip().removeprefix("W/") for one in given.split(",")):
            return self._send(HTTPStatus.NOT_MODIFIED, None, headers)
        headers["Content-Type"] = _TYPES.get(path.suffix[1:], "application/octet-stream")
        if packed:
            headers["Content-Encoding"] = "gzip"
        return self._send(HTTPStatus.OK, _packed(path, digest) if packed else path.read_bytes(), headers)

    def _send(self, status: HTTPStatus, body: bytes | None, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in (({"Content-Type": _TYPES["txt"]} if body else {}) | dict(headers) | _HEADERS).items():
            self.send_header(name, value)
        if body is not None:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if body and self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the standard library's name
        """Keep no record of who asked for what."""


for _method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"):
    setattr(Handler, f"do_{_method}", Handler.refuse)


class PublicServer(BoundedServer):
    """Serves the editions of a folder."""

    def __init__(self, address: tuple[str, int], folder: Path) -> None:
        super().__init__(address, Handler)
        self.folder, self.visitors = folder, Visitors()

    def locate(self, target: str) -> tuple[Path | None, str, bool]:
        """Return the edition that an address names, the path within it, and whether it never changes there."""
        path = unquote(urlsplit(target).path, errors="replace").removeprefix("/")
        if found := _EDITION.fullmatch(path):
            edition = self.folder / EDITIONS / found[1]
            return (edition if (edition / MANIFEST).is_file() else None), found[2], True
        try:
            return (self.folder / CURRENT).resolve(strict=True), path, False
        except OSError:  # before the first edition
            return None, path, False


def _published() -> float:
    """Bring the site up to date, beside the duty of every five minutes; return how long it took, in seconds."""
    began = time.monotonic()
    try:
        keep_site_current()
    except (Refusal, SQLAlchemyError) as why:  # told again the next time, and by the duty
        sys.stdout.write(f"{why}\n")
        sys.stdout.flush()
    return time.monotonic() - began


def main() -> None:
    """Serve the home folder's site at the host and port given, until SIGTERM."""
    host, port = sys.argv[1], int(sys.argv[2])
    server = PublicServer((host, port), settings().home / FOLDER)
    ended = threading.Event()

    def end(*_: object) -> None:
        ended.set()
        threading.Thread(target=server.shutdown).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)

    def count() -> None:
        while not ended.wait(FLUSH_SECONDS):
            server.visitors.flush()

    def publish() -> None:
        pause = 0.0
        while not ended.wait(pause):
            pause = max(PUBLISH_SECONDS, PUBLISH_SHARE * _published())

    for work in (count, publish):
        threading.Thread(target=work, daemon=True).start()
    server.serve_forever(poll_interval=0.2)
    server.visitors.flush()
