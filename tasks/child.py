"""A process of our own: tied to its parent, logged with rotation, and ended with everything it started."""

import ctypes
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import partial
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO, Final

LOG_BYTES: Final = 5_000_000
LOG_FILES: Final = 3
_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class Child:
    """One child process. Call `start` from a thread that lives as long as the child should: Linux ties it to that."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: str | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.name, self.command, self.log = name, list(command), log
        self.env, self.cwd, self.user, self.stop_signal = dict(env or os.environ), cwd, user, stop_signal
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process in a session of its own, so that a Ctrl-C reaches only whoever supervises it."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.process = subprocess.Popen(  # noqa: S603 -- a command of ours, never of a user
            self.command,
            env=self.env,
            cwd=self.cwd,
            user=self.user,
            group=self.user,
            extra_groups=[] if self.user else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # A kill -9 of the parent must not leave orphans; the hook is two system calls and takes no lock.
            preexec_fn=partial(_die_with, os.getpid(), self.stop_signal),  # noqa: PLW1509
        )
        if self.process.stdout is not None:
            threading.Thread(target=_pump, args=(self.process.stdout, self.log), daemon=True).start()

    @property
    def pid(self) -> int | None:
        """Process id, or nothing before the start."""
        return self.process.pid if self.process else None

    @property
    def code(self) -> int | None:
        """Exit code, or nothing while it runs."""
        return self.process.poll() if self.process else None

    def alive(self) -> bool:
        """Say whether the process runs."""
        return self.process is not None and self.process.poll() is None

    def stop(self, seconds: float = 10.0) -> None:
        """Ask the process to end, wait, and end whatever is left of its group."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self._kill_group()
                self.process.wait()
        self._kill_group()

    def _kill_group(self) -> None:
        # The leader's id stays the id of the group while any member lives, so this can hit nobody else.
        if self.process is not None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                return


def _die_with(parent: int, stop_signal: signal.Signals) -> None:
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(stop_signal))
        if os.getppid() != parent:  # the parent died before the tie was made
            os._exit(1)


def _pump(stream: IO[bytes], log: Path) -> None:
    handler = RotatingFileHandler(log, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    for line in stream:
        text = line.decode("utf-8", "replace").rstrip()
        if text:
            handler.emit(logging.LogRecord(log.stem, logging.INFO, "", 0, text, None, None))
    handler.close()
