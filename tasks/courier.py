"""The courier: a child process that sends one text at a time, and that a deadline ends whatever the provider does.

Apprise has no time limit: a server that drips bytes holds a call for ever. So every call happens in a child, which is
killed when its time is over and started afresh. Secrets, plugins and their loggers live in the child and nowhere else.
"""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

from config.channels import Channel, references
from config.messages import Refusal, say
from config.settings import ROOT

START_SECONDS: Final = 60.0


FILES: Final = "BANJIE_COURIER_FILES"
"""Variable that names the secret files a child may read."""
# What Python, TLS and a proxy need; whatever else there is may be somebody's secret.
_NEEDED: Final = re.compile(
    r"PATH|LD_LIBRARY_PATH|LANG|LC_\w+|TZ|TMPDIR|PYTHON\w+|VIRTUAL_ENV|SSL_CERT_(FILE|DIR)|(REQUESTS|CURL)_CA_BUNDLE"
    r"|(HTTPS?|ALL|NO)_PROXY|(https?|all|no)_proxy"
)


class Outcome(StrEnum):
    """What became of a text."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    """The provider will never take it: not tried again on this channel."""
    TEMPORARY = "temporary"
    """It was not taken now; nothing arrived."""
    UNKNOWN = "unknown"
    """It may have arrived; trying again may repeat it."""


@dataclass(frozen=True)
class Delivery:
    """What became of a text, why, and for how many seconds the provider wants no more."""

    outcome: Outcome
    detail: str = ""
    wait: float = 0.0


@dataclass(frozen=True)
class Job:
    """One text for one address over one channel; URL and target still name their secrets by reference."""

    url: str
    target: str
    title: str
    bodies: tuple[str, ...]
    relay: str = ""
    success: str = ""
    refused: tuple[str, ...] = ()
    limited: tuple[str, ...] = ()
    deadline: float = 15.0


def _foreign(job: Job, channel: Channel) -> str:
    """Return why a job must not leave by a channel: it is another's, or lacks the drill mark, or bears it wrongly."""
    if job.url != channel.url:
        return say("channels.job_foreign")
    marked = [text.startswith(say("channels.drill_mark", "zh")) for text in (job.title, *job.bodies)]
    if channel.drill and not all(marked):
        return say("channels.mark_missing")
    return say("channels.mark_wrong") if not channel.drill and any(marked) else ""


def environment(channel: Channel | None, targets: Iterable[str], whole: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a channel's child is given: what any program needs, and what this channel names.

    Args:
        channel: the channel; None for a child that sends nothing with a secret.
        targets: the addresses on the channel, which may be references.
        whole: the variables of the sender.
    """
    names: set[str] = set()
    files: set[str] = set()
    for text in (channel.url, *targets) if channel else ():
        found = references(text)
        names |= found[0]
        files |= found[1]
    kept = {name: value for name, value in whole.items() if name in names or _NEEDED.fullmatch(name)}
    return kept | {FILES: os.pathsep.join(sorted(files)), "NETRC": os.devnull}


class Courier:
    """One child process that sends; one job at a time. Not for use by several threads at once.

    It serves one channel: its child holds no other channel's secrets, and it takes no other channel's job.
    """

    def __init__(self, channel: Channel | None = None, targets: Iterable[str] = ()) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._channel, self._targets = channel, tuple(targets)

    def start(self) -> None:
        """Start the child and wait for its self-test.

        Raises:
            Refusal: a plugin takes a failure for a success, or the child does not come up.
        """
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tasks.channel"],
            cwd=ROOT,
            env=environment(self._channel, self._targets, os.environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # errors of HTTP libraries quote URLs with their tokens
            text=True,
            encoding="utf-8",
            start_new_session=True,  # a Ctrl-C reaches whoever supervises, not a call that is under way
        )
        hello, _ = self._read(START_SECONDS)
        if hello is None or hello != {"ready": True}:
            self.close()
            if hello and "refused" in hello:
                raise Refusal("channels.self_test_failed", service=hello["refused"])
            raise Refusal("channels.self_test_silent")

    def send(self, job: Job) -> Delivery:
        """Send a text and return what became of it, at the latest when its deadline is over.

        Raises:
            Refusal: a fresh child fails its self-test.
        """
        if self._channel is not None and (wrong := _foreign(job, self._channel)):
            return Delivery(Outcome.REJECTED, wrong)
        line = json.dumps(asdict(job), ensure_ascii=False) + "\n"
        if not self._write(line):  # it ended while idle: nothing was sent, so a fresh one may
            self.close()
            self.start()
            self._write(line)
        seconds = job.deadline * len(job.bodies)
        answer, overdue = self._read(seconds)
        if answer is None:
            code = self.close()
            why = say("channels.overdue", seconds=f"{seconds:g}") if overdue else say("channels.courier_died", why=code)
            return Delivery(Outcome.UNKNOWN, why)
        return Delivery(Outcome(answer["outcome"]), answer["detail"], answer["wait"])

    def close(self) -> int:
        """End the child and return its exit code."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.kill()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:  # a job that it did not live to read
                    continue
        return process.wait()

    def _write(self, line: str) -> bool:
        if self._process is None or self._process.poll() is not None or self._process.stdin is None:
            return False
        try:
            self._process.stdin.write(line)
            self._process.stdin.flush()
        except BrokenPipeError:
            return False
        return True

    def _read(self, seconds: float) -> tuple[dict[str, Any] | None, bool]:
        """Read one answer; nothing when the child ended or was ended for being late, and which of the two."""
        process = self._process
        if process is None or process.stdout is None:
            return None, False
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(seconds, end)
        timer.daemon = True
        timer.start()
        line = process.stdout.readline()
        timer.cancel()
        return (json.loads(line), False) if line.endswith("\n") else (None, late.is_set())
