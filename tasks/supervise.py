"""Everything on one machine from one command: database, server, runners and companions, ended together."""

import fcntl
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from config.engine import Engine, engine
from config.messages import Refusal, say
from config.settings import settings
from tasks.child import Child
from tasks.postgres import Postgres
from tasks.server import DATABASE, Server, client_environment

RUNNER: Final = (sys.executable, "-c", "from tasks.runner import main; main()")
DEPLOY: Final = (sys.executable, "-c", "from tasks.deploy import main; main()")
REPLACE_ME: Final = 75  # a runner that wants a fresh process; not a fault of its own
LOOK_SECONDS: Final = 0.2
FIRST_BACKOFF: Final = 0.5
LONGEST_BACKOFF: Final = 30.0
STEADY_SECONDS: Final = 60.0  # whoever lived that long starts again without delay
DEPLOY_SECONDS: Final = 300.0
_LOCK: Final = "banjie.lock"


@dataclass
class Kept:
    """A child that is started again when it dies."""

    child: Child
    started: float = 0.0
    due: float = 0.0
    falls: int = 0

    def tend(self, now: float) -> bool:
        """Start the child again if it died and its pause is over; say whether it has just died."""
        if self.child.alive():
            return False
        if self.due == 0.0:
            steady = now - self.started > STEADY_SECONDS or self.child.code == REPLACE_ME
            self.falls = 0 if steady else self.falls + 1
            self.due = now + (0 if steady else min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** (self.falls - 1)))
            return True
        if now >= self.due:
            self.child.stop()  # whatever is left of its group
            self.child.start()
            self.started, self.due = now, 0.0
        return False


class Supervisor:
    """Starts the parts in order, keeps them alive, and ends everything it started and nothing else.

    Args:
        home: Folder of databases and logs; one supervisor a home.
        companions: More processes to keep, by name, such as the sender of notices: commands.
        tell: Takes each line for the person at the terminal.
        how: Settings of the engine room.
        ready: Called with the server's address once everything runs.
    """

    def __init__(
        self,
        home: Path,
        companions: Mapping[str, Sequence[str]] | None = None,
        tell: Callable[[str], None] = print,
        how: Engine | None = None,
        ready: Callable[[str], None] | None = None,
    ) -> None:
        self.home, self.companions, self.tell, self.how = home.resolve(), dict(companions or {}), tell, how or engine()
        self.logs, self.ready = self.home / "logs", ready
        self.postgres: Postgres | None = None
        self.server: Server | None = None
        self.kept: list[Kept] = []
        self._stop = threading.Event()
        self._lock: IO[str] | None = None

    def run(self) -> None:
        """Start everything, keep it running until Ctrl-C or SIGTERM, and end it.

        Raises:
            Refusal: another supervisor has this home, a port is taken, or a part does not start.
        """
        self._take_lock()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        try:
            self._start()
            while not self._stop.wait(LOOK_SECONDS):
                self._look()
        except KeyboardInterrupt:
            self._stop.set()
        finally:
            self._stop.set()
            self.tell(self._say("stopping"))
            self._end()
            self._release_lock()
            self.tell(self._say("stopped"))

    # -- starting -----------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        self.tell(self._say("starting"))
        given = settings().prefect_database_url
        if not given:
            self.postgres = Postgres(self.home / "postgres", self.logs / "postgres.log")
            self.logs.mkdir(parents=True, exist_ok=True)
            self.postgres.start()
            self.postgres.create(DATABASE, durable=False)
        self.server = Server(
            self.home,
            given or (self.postgres.url(DATABASE, "asyncpg") if self.postgres else ""),
            host=self.how.host,
            port=self.how.port,
            log=self.logs / "server.log",
            embedded=not given,
        )
        self.server.start()
        if self.server.child:
            self.kept.append(Kept(self.server.child, time.monotonic()))
        env = self.environment()
        self._deploy(env)
        commands = {f"runner-{number}": self._runner_command() for number in range(1, self.how.runners + 1)}
        for name, command in {**commands, **self.companions}.items():
            # Prefect's own worker does not always end at the first SIGTERM.
            ending = signal.SIGINT if "worker" in command else signal.SIGTERM
            log = self.logs / f"{name}.log"
            kept = Kept(Child(name, command, log=log, env=env, cwd=self.how.root, stop_signal=ending))
            kept.child.start()
            kept.started = time.monotonic()
            self.kept.append(kept)
        self.tell(self._say("ready", address=self.server.address, logs=self.logs))
        if self.ready:
            self.ready(self.server.address)

    def environment(self) -> dict[str, str]:
        """Return the variables of every process of ours."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        address = self.server.address if self.server else settings().address
        return {
            **own,
            **client_environment(self.home, address),
            "BANJIE_HOME": str(self.home),
            "BANJIE_ADDRESS": address,
            "BANJIE_ROOT": str(self.how.root),
            "PYTHONUNBUFFERED": "1",
        }

    def _runner_command(self) -> Sequence[str]:
        if self.how.runner == "warm":
            return RUNNER
        pool = settings().work_pool
        return (sys.executable, "-m", "prefect", "worker", "start", "--pool", pool, "--type", "process")

    def _deploy(self, env: dict[str, str]) -> None:
        child = Child("deploy", DEPLOY, log=self.logs / "deploy.log", env=env, cwd=self.how.root)
        child.start()
        deadline = time.monotonic() + DEPLOY_SECONDS
        while child.alive() and time.monotonic() < deadline and not self._stop.is_set():
            time.sleep(LOOK_SECONDS / 4)
        child.stop()
        if child.code and not self._stop.is_set():
            raise Refusal("engine.deploy_stopped", log=child.log)

    # -- keeping ------------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        if self.postgres and not self.postgres.alive():
            self.tell(self._say("died", name="postgres"))
            try:
                self.postgres.start()
            except Refusal as refusal:  # the next look tries again; whatever needs it waits
                self.tell(str(refusal))
        for kept in self.kept:
            if kept.tend(time.monotonic()):
                self.tell(self._say("died", name=kept.child.name))

    def _end(self) -> None:
        # Those who talk to the server first, the database last; together, so that their grace is waited for once.
        clients = [kept.child for kept in self.kept if self.server is None or kept.child is not self.server.child]
        stoppers = [threading.Thread(target=child.stop, args=(self.how.grace + 5,)) for child in clients]
        for stopper in stoppers:
            stopper.start()
        for stopper in stoppers:
            stopper.join()
        if self.server:
            self.server.stop()
        if self.postgres:
            self.postgres.stop()

    def _on_signal(self, *_: object) -> None:
        # The first one interrupts whatever is being waited for; while everything ends, more of them change nothing.
        if not self._stop.is_set():
            self._stop.set()
            raise KeyboardInterrupt

    # -- one supervisor a home ----------------------------------------------------------------------------------------

    def _take_lock(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self._lock = (self.home / _LOCK).open("a+", encoding="utf-8")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.seek(0)
            holder = self._lock.read().strip()
            self._lock.close()
            raise Refusal("engine.already_up", home=self.home, pid=holder) from None
        self._lock.truncate(0)
        self._lock.write(str(os.getpid()))
        self._lock.flush()

    def _release_lock(self) -> None:
        if self._lock:
            self._lock.truncate(0)
            self._lock.close()

    def _say(self, text: str, **facts: object) -> str:
        return say(f"engine.{text}", settings().language, **facts)


def up(companions: Mapping[str, Sequence[str]] | None = None, tell: Callable[[str], None] = print) -> None:
    """Run the whole installation in the foreground until Ctrl-C or SIGTERM.

    Args:
        companions: more processes to keep alive, by name: commands.
        tell: takes each line for the person at the terminal.

    Raises:
        Refusal: it is up already, a port is taken, or a part does not start.
    """
    Supervisor(settings().home, companions, tell).run()
