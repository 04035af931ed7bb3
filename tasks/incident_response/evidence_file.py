"""Files that come with a report: kept under their SHA-256, originals and all; one that is missing stops nothing."""

from pathlib import Path
from typing import Final, NamedTuple
from unicodedata import normalize

from config.settings import settings
from tasks import file_store
from tasks.file_store import FILES, keep_file
from tasks.intake import MAILBOX

STORE: Final = "incident_files"


class Kept(NamedTuple):
    """A file as it was found: its name, and its digest, or why there is none."""

    name: str
    digest: str
    problem: str


def place_of(digest: str) -> Path:
    """Return where a kept file lies."""
    return file_store.place_of(STORE, digest)


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
    return Kept(tidy, keep_file(STORE, path), "")
