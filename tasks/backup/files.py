"""The files of an installation: everything in its home that is not rebuilt, and its configuration."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from config.settings import ROOT, settings
from tasks.mailbox import DONE, FOLDER, LOCK, REFUSED

REBUILT: Final = frozenset({"postgres", "prefect", "logs", "demo", "simulations", "banjie.lock", ".restoring"})
"""What the home holds besides: Prefect's own, logs, try-outs."""
SETTINGS_FILE: Final = ROOT / "var" / "banjie.env"
CONFIGURATION: Final = "configuration"
IN_MAILBOX: Final = (FOLDER, DONE, REFUSED)


def _is_ours(path: Path, home: Path) -> bool:
    database = settings().database.removeprefix("sqlite:///")
    top = path.relative_to(home).parts[0]
    return not (
        top in REBUILT
        or path.name == LOCK
        or path.name.startswith(f"{settings().key_path.name}")
        or str(path).startswith(str(Path(database)))
        or path == SETTINGS_FILE
    )


def home_files(folder: str = "") -> Iterator[tuple[str, Path]]:
    """Yield the files of the home, or of one folder in it: name in the backup, and path."""
    home = settings().home
    for path in sorted((home / folder).rglob("*") if (home / folder).is_dir() else ()):
        if path.is_file() and not path.is_symlink() and _is_ours(path, home):
            yield path.relative_to(home).as_posix(), path


def other_files() -> Iterator[tuple[str, Path]]:
    """Yield the files of the home that the mailbox does not move."""
    for name, path in home_files():
        if name.partition("/")[0] not in IN_MAILBOX:
            yield name, path


def configuration_files() -> Iterator[tuple[str, Path]]:
    """Yield the installation's configuration: rules, calendar, offices, messages, channels, settings."""
    for path in sorted((ROOT / "config").rglob("*.yaml")):
        yield path.relative_to(ROOT).as_posix(), path
    if not settings().channels.is_relative_to(ROOT) and settings().channels.is_file():
        yield f"elsewhere/{settings().channels.name}", settings().channels
    if SETTINGS_FILE.is_file():
        yield "var/banjie.env", SETTINGS_FILE


@contextmanager
def mailbox_held() -> Iterator[None]:
    """Keep the inbox folder's sweep out: a sheet is either still there, or taken in with the rows that we see."""
    root = settings().home / FOLDER
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (root / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def place(source: Path, target: Path) -> None:
    """Move a restored file to its place, readable by its owner only."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    source.chmod(0o600)
    os.rename(source, target)  # noqa: PTH104 -- within one file system, at once
