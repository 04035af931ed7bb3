"""`banjie backup`: one file with everything, and the keys in a second one. The system may run meanwhile."""

import gzip
import io
import json
import os
import tarfile
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

from config.messages import Refusal
from config.settings import settings
from models.backup import Manifest, Rows
from models.column import key_ring, stamp
from tasks.anchor import heads_digest
from tasks.backup.files import CONFIGURATION, IN_MAILBOX, configuration_files, home_files, mailbox_held, other_files
from tasks.backup.rows import columns_of, dump, tables
from tasks.backup.sealing import SealedWriter, make_header
from tasks.clock import now
from tasks.database import version
from tasks.store import Transaction, engine, snapshot

KEYS_ENDING: Final = ".keys"
MANIFEST: Final = "manifest.json"
PRIVATE: Final = 0o600
QUICK: Final = 3
Tell = Callable[[str, int], None]


class Made(NamedTuple):
    """A backup that was made."""

    path: Path
    keys: Path
    rows: int
    files: int
    size: int


def keys_beside(path: Path) -> Path:
    """Return where the keys of a backup lie."""
    return path.with_name(path.name + KEYS_ENDING)


def backup(path: Path, tell: Tell) -> Made:
    """Write everything into one file, as of one moment, and the keys into another.

    Args:
        path: the file; it must not exist.
        tell: takes the table or folder that is written, and how many rows or files of it are done.

    Raises:
        Refusal: the file exists or cannot be written; nothing is left behind.
    """
    keys = keys_beside(path)
    for one in (path, keys):
        if one.exists():
            raise Refusal("backup.exists", path=one)
    engine()  # opens the key ring
    draft, draft_keys = path.with_name(f"{path.name}.part"), keys.with_name(f"{keys.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _private(draft) as file:
            manifest = _write(file, tell)
        with _private(draft_keys) as file:
            given = settings().keys
            file.write(given.get_secret_value().encode() if given else settings().key_path.read_bytes())
        draft_keys.rename(keys)
        draft.rename(path)
    except OSError as error:
        raise Refusal("backup.cannot_write", path=path, why=error.strerror or type(error).__name__) from error
    finally:
        for one in (draft, draft_keys):
            with suppress(OSError):
                one.unlink()
    return Made(path, keys, sum(one.rows for one in manifest.tables), manifest.files, path.stat().st_size)


class _Private(io.FileIO):
    def close(self) -> None:
        if not self.closed:
            os.fsync(self.fileno())
        super().close()


def _private(path: Path) -> Any:
    path.unlink(missing_ok=True)
    return _Private(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE), "w")


def _write(file: Any, tell: Tell) -> Manifest:
    sealed = SealedWriter(file, key_ring(), make_header(key_ring(), version(), stamp(now())))
    with gzip.GzipFile(fileobj=sealed, mode="wb", compresslevel=QUICK) as packed:
        archive = _Archive(packed)
        with ExitStack() as until_written:
            with mailbox_held():
                tx = until_written.enter_context(snapshot())
                archive.add_files("files", (one for folder in IN_MAILBOX for one in home_files(folder)), tell)
            written = [_write_table(archive, tx, found, tell) for found in tables()]
            cases, entries, heads = heads_digest()
        archive.add_files("files", other_files(), tell)
        archive.add_files(CONFIGURATION, configuration_files(), tell)
        manifest = Manifest(
            tables=tuple(written),
            files=archive.files,
            bytes=archive.bytes,
            cases=cases,
            entries=entries,
            heads=heads,
        )
        archive.add(MANIFEST, manifest.model_dump_json().encode())
        archive.end()
    sealed.seal_end()
    return manifest


def _write_table(archive: "_Archive", tx: Transaction, found: Any, tell: Tell) -> Rows:
    columns, done = columns_of(found), 0
    archive.add(f"columns/{found.name}", json.dumps([one.model_dump() for one in columns]).encode())
    for place, (lines, rows) in enumerate(dump(tx, found)):
        archive.add(f"rows/{found.name}/{place:06}", lines)
        done += rows
        tell(found.name, done)
    return Rows(name=found.name, columns=columns, rows=done)


class _Archive:
    """A tar stream: members with their size in front, so that nothing is held but one batch."""

    def __init__(self, file: Any) -> None:
        self._tar = tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT)  # noqa: SIM115 -- ended by end()
        self.files = self.bytes = 0

    def add(self, name: str, content: bytes) -> None:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        self._tar.addfile(member, io.BytesIO(content))

    def add_files(self, below: str, files: Iterable[tuple[str, Path]], tell: Tell) -> None:
        for name, path in files:
            try:
                content = path.read_bytes()
            except FileNotFoundError:  # moved on meanwhile; where it went is not before our moment
                continue
            self.add(f"{below}/{name}", content)
            if below != CONFIGURATION:
                self.files, self.bytes = self.files + 1, self.bytes + len(content)
                tell("files", self.files)

    def end(self) -> None:
        self._tar.close()
