"""Files that were brought: each kept under its SHA-256, whole or not at all; the same content once."""

import hashlib
import os
from pathlib import Path
from typing import Final

from config.settings import settings

FILES: Final = "files"
"""Folder in a case's inbox, beside its sheets, that files are laid into."""
PIECE: Final = 1 << 20


def place_of(store: str, digest: str) -> Path:
    """Return where a kept file lies: the store is a folder of the home."""
    return settings().home / store / digest[:2] / digest


def keep_file(store: str, path: Path) -> str:
    """Keep a file and return its digest: copied by way of a name of its own, so that whoever looks finds it whole."""
    root = settings().home / store
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    passing = root / f".{os.getpid()}-{path.stat().st_ino}.part"
    digest = hashlib.sha256()
    with path.open("rb") as source, passing.open("wb") as target:
        while piece := source.read(PIECE):
            digest.update(piece)
            target.write(piece)
        target.flush()
        os.fsync(target.fileno())
    place = place_of(store, digest.hexdigest())
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    passing.replace(place)
    return digest.hexdigest()
