"""Papers of applications: files are kept under their SHA-256, and never under the name they came with."""

from pathlib import Path
from typing import Final, NamedTuple
from unicodedata import normalize

from config.messages import Refusal
from config.settings import settings
from tasks import file_store
from tasks.file_store import FILES, keep_file
from tasks.intake import MAILBOX

STORE: Final = "policy_papers"


class Kept(NamedTuple):
    """A file that is kept: the name it came with, its digest and its size in bytes."""

    file: str
    digest: str
    size: int


def place_of(digest: str) -> Path:
    """Return where a paper lies."""
    return file_store.place_of(STORE, digest)


def keep(notice: str, name: str) -> Kept:
    """Keep a file that was laid into the notice's inbox beside its sheets (`<notice>/files/<name>`).

    The same content is kept once. The file in the inbox stays where it is.

    Args:
        notice: number of the notice.
        name: the file's name, without any folder.

    Raises:
        Refusal: there is no such file, it is empty or too large, or the name points elsewhere.
    """
    tidy = normalize("NFC", name.strip())
    if not tidy or Path(tidy).name != tidy or tidy.startswith("."):
        raise Refusal("policy_redemption.file_name_wrong", file=name)
    path = settings().home / MAILBOX / notice / FILES / tidy
    if path.is_symlink() or not path.is_file():
        raise Refusal("policy_redemption.file_missing", file=tidy)
    size, most = path.stat().st_size, settings().roster_max_bytes
    if not size:
        raise Refusal("policy_redemption.file_empty", file=tidy)
    if size > most:
        raise Refusal("policy_redemption.file_large", file=tidy, limit=most // 1_000_000)
    return Kept(tidy, keep_file(STORE, path), size)
