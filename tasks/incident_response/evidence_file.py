"""Files that come with a report: kept under their SHA-256, originals and all; one that is missing stops nothing."""

import hashlib
import os
from pathlib import Path
from typing import Final, NamedTuple
from unicodedata import normalize

from config.settings import settings
from tasks.intake import MAILBOX

STORE: Final = "incident_files"
FILES: Final = "files"
PIECE: Final = 1 << 20


class Kept(NamedTuple):
    """A file as it was found: its name, and its digest, or why there is none."""

    name: str
    digest: str
    problem: str


def place_of(digest: str) -> Path:
    """Return where a kept file lies."""
    return settings().home / STORE / digest[:2] / digest


def keep(number: str, name: str) -> Kept:
    """Keep a file that lies in the incident's inbox (`mailbox/<number>/files/<name>`); never refuse.

    Args:
        number: the incident's.
        name: the file's name, without any folder; empty for none.
    """
    tidy = normalize("NFC", name.strip())
    if not tidy:
        return Kept("", "", "")
    if Path(tidy).name != tidy or tidy.startswith("."):
        return Kept("", "", "name")
    path = settings().home / MAILBOX / number / FILES / tidy
    if path.is_symlink() or not path.is_file() or not path.stat().st_size:
        return Kept(tidy, "", "missing")
    if path.stat().st_size > settings().roster_max_bytes:
        return Kept(tidy, "", "large")
    return Kept(tidy, _copy(path), "")


def _copy(path: Path) -> str:
    root = settings().home / STORE
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    passing = root / f".{os.getpid()}-{path.stat().st_ino}.part"
    digest = hashlib.sha256()
    with path.open("rb") as source, passing.open("wb") as target:
        while piece := source.read(PIECE):
            digest.update(piece)
            target.write(piece)
        target.flush()
        os.fsync(target.fileno())
    place = place_of(digest.hexdigest())
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    passing.replace(place)
    return digest.hexdigest()
