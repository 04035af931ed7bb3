"""`banjie restore`: a whole backup into an empty place, proved there before anything counts; or nothing at all."""

import fcntl
import gzip
import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from alembic import command
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from pydantic import ValidationError
from sqlalchemy import Connection, inspect

from config.messages import Refusal
from config.settings import ROOT, settings
from config.zone import SHANGHAI
from models.backup import Column, Header, Manifest
from models.column import KeyRing
from tasks.anchor import heads_digest
from tasks.backup.files import CONFIGURATION, home_files, place
from tasks.backup.making import MANIFEST, PRIVATE, Tell, keys_beside
from tasks.backup.rows import Loader, count, set_sequences, unguarded
from tasks.backup.sealing import SealedReader
from tasks.database import alembic_config, head
from tasks.journal import verify
from tasks.policy_redemption.publicity import verify_publications
from tasks.store import Transaction, connect, forget, read_ring, transaction

STAGE: Final = ".restoring"
LOCK: Final = "banjie.lock"
ASIDE: Final = "configuration-from-backup"


class Restored(NamedTuple):
    """What stands again, as of when, and which configuration differs from this program's."""

    rows: int
    files: int
    cases: int
    entries: int
    made_at: str
    differing: tuple[str, ...]


def restore(path: Path, keys: Path | None, tell: Tell) -> Restored:
    """Restore a backup into this installation's home and database, both empty, and prove it there.

    Args:
        path: the backup.
        keys: its keys; those beside it where none are given.
        tell: takes the table or folder that is read, and how many rows or files of it are done.

    Raises:
        Refusal: the backup is none, is damaged, cut off or of a newer program; the keys are not its own; the place is
            not empty; or what stood in the end was not what was backed up. Nothing is changed then.
    """
    ring_text = _read_keys(keys or keys_beside(path))
    ring = read_ring(ring_text, (keys or keys_beside(path)).name)
    header, manifest = _prove(path, ring, tell)
    _refuse_unless_empty(ring_text)
    with _keys_in_place(ring_text), _database_in_place():
        with transaction() as tx:
            _migrate(tx.core, header.revision)
            rows, files, differing = _load(path, ring, tx, tell)
            _migrate(tx.core, head())
            set_sequences(tx, manifest.tables)
            _check(tx, manifest)
            _settle()  # last before the commit: whatever fails up to here leaves the home empty
        made_at = datetime.fromisoformat(header.made_at).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
        return Restored(rows, files, manifest.cases, manifest.entries, made_at, differing)


def _read_keys(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise Refusal("backup.no_keys", path=path) from None


@contextmanager
def _opened(path: Path, ring: KeyRing) -> Iterator[tuple[Header, Iterator[tuple[str, bytes]]]]:
    try:
        with path.open("rb") as file:
            sealed = SealedReader(file, ring)
            _refuse_newer(sealed.header.revision)
            with gzip.GzipFile(fileobj=sealed) as packed, tarfile.open(fileobj=packed, mode="r|") as archive:
                yield sealed.header, _members(archive)
    except FileNotFoundError:
        raise Refusal("cli.no_file", path=path) from None
    except (tarfile.TarError, EOFError, gzip.BadGzipFile):
        raise Refusal("backup.damaged") from None


def _refuse_newer(revision: str) -> None:
    if revision not in {one.revision for one in ScriptDirectory.from_config(alembic_config()).walk_revisions()}:
        raise Refusal("backup.newer", revision=revision, ours=head())


def _members(archive: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    for member in archive:
        content = archive.extractfile(member)
        if content is not None:
            yield member.name, content.read()


def _prove(path: Path, ring: KeyRing, tell: Tell) -> tuple[Header, Manifest]:
    """Read a backup to its end before anything is touched: every chunk proved, every row and file counted."""
    manifest, rows, files = None, dict[str, int](), 0
    with _opened(path, ring) as (header, members):
        for name, content in members:
            kind, _, rest = name.partition("/")
            if kind == "rows":
                table = rest.partition("/")[0]
                rows[table] = rows.get(table, 0) + content.count(b"\n")
            elif kind == "files":
                files += 1
            elif name == MANIFEST:
                manifest = _manifest(content)
            tell("prove", sum(rows.values()) + files)
    if manifest is None or files != manifest.files or any(rows.get(one.name, 0) != one.rows for one in manifest.tables):
        raise Refusal("backup.damaged")
    return header, manifest


def _manifest(content: bytes) -> Manifest:
    try:
        return Manifest.model_validate_json(content)
    except ValidationError:
        raise Refusal("backup.damaged") from None


def _refuse_unless_empty(ring_text: str) -> None:
    home, url = settings().home, settings().database
    with suppress(FileNotFoundError), (home / LOCK).open("r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refusal("backup.is_up", home=home) from None
    shutil.rmtree(home / STAGE, ignore_errors=True)
    for name, _ in home_files():
        raise Refusal("backup.not_empty", what=home / name)
    given, path = settings().keys, settings().key_path
    there = given.get_secret_value() if given else path.read_text(encoding="utf-8") if path.exists() else ring_text
    if json.loads(there) != json.loads(ring_text):
        raise Refusal("backup.keys_there", path="BANJIE_KEYS" if given else path)
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists():
        return
    engine = connect(url)
    try:
        with engine.connect() as connection:
            for name in inspect(connection).get_table_names():
                if name not in {"alembic_version", "simulated_clock"} and _has_rows(connection, name):
                    raise Refusal("backup.database_not_empty", table=name)
    finally:
        engine.dispose()


def _has_rows(connection: Connection, name: str) -> bool:
    quoted = connection.dialect.identifier_preparer.quote(name)
    return connection.exec_driver_sql(f"SELECT 1 FROM {quoted} LIMIT 1").first() is not None  # noqa: S608 -- the database's own name


@contextmanager
def _keys_in_place(ring_text: str) -> Iterator[None]:
    """Lay the keys down; whatever fails takes them away again."""
    path = settings().key_path
    if settings().keys or path.exists():
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE), "w") as file:
        file.write(ring_text)
        file.flush()
        os.fsync(file.fileno())
    try:
        yield
    except BaseException:
        path.unlink()
        raise


@contextmanager
def _database_in_place() -> Iterator[None]:
    """Open the database with the restored keys; a file that was not there before goes again if the restore fails."""
    url = settings().database
    file = Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None
    fresh = file is not None and not file.exists()
    forget()
    try:
        yield
    except BaseException:
        shutil.rmtree(settings().home / STAGE, ignore_errors=True)
        forget()
        if fresh and file is not None:
            for one in file.parent.glob(f"{file.name}*"):
                one.unlink()
        raise


def _migrate(connection: Connection, to: str) -> None:
    """Bring the tables up to a version inside the restore's own transaction.

    Raises:
        Refusal: the place has tables of a newer version than the backup.
    """
    connection.exec_driver_sql("SELECT 1")  # begun, so that Alembic leaves the commit to us
    there = MigrationContext.configure(connection).get_current_revision()
    if there == to:
        return
    script = ScriptDirectory.from_config(alembic_config())
    if there and there not in {one.revision for one in script.iterate_revisions(to, "base")}:
        raise Refusal("backup.tables_newer", ours=there, revision=to)
    command.upgrade(alembic_config(connection), to)


def _load(path: Path, ring: KeyRing, tx: Transaction, tell: Tell) -> tuple[int, int, tuple[str, ...]]:
    stage, differing, rows, files = settings().home / STAGE, [], 0, 0
    loader: Loader | None = None
    with _opened(path, ring) as (_, members):
        tx.core.exec_driver_sql("DELETE FROM simulated_clock")
        for name, content in members:
            kind, _, rest = name.partition("/")
            if kind == "columns":
                rows += loader.loaded if loader else 0
                loader = Loader(tx, rest, [Column.model_validate(one) for one in json.loads(content)])
            elif kind == "rows" and loader:
                loader.load(content)
                tell(rest.partition("/")[0], loader.loaded)
            elif kind == "files":
                files += 1
                _stage(stage / rest, stage, content)
                tell("files", files)
            elif kind == CONFIGURATION and not _stands(rest, content):
                differing.append(rest)
                _stage(stage / ASIDE / rest, stage, content)
    return rows + (loader.loaded if loader else 0), files, tuple(differing)


def _stage(path: Path, stage: Path, content: bytes) -> None:
    if not path.resolve().is_relative_to(stage.resolve()):  # a name that leads out of the home is not one of ours
        raise Refusal("backup.damaged")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_bytes(content)


def _stands(name: str, content: bytes) -> bool:
    path = ROOT / name
    return path.is_file() and sha256(path.read_bytes()).digest() == sha256(content).digest()


def _check(tx: Transaction, manifest: Manifest) -> None:
    """Prove what stands now: every row there, every chain whole, the heads as they were, the triggers in force."""
    for one in manifest.tables:
        if (found := count(tx, one.name)) != one.rows:
            raise Refusal("backup.rows_lost", table=one.name, found=found, rows=one.rows)
    for broken in verify():
        raise Refusal("backup.chain_broken", case=broken.case, seq=broken.seq)
    if heads_digest() != (manifest.cases, manifest.entries, manifest.heads):
        raise Refusal("backup.heads_differ")
    if line := verify_publications():
        raise Refusal("backup.chain_broken", case=line.number, seq=line.id)
    for name in unguarded(tx):
        raise Refusal("backup.unguarded", table=name)


def _settle() -> None:
    """Move the files to their places."""
    home = settings().home
    stage, placed = home / STAGE, list[Path]()
    try:
        for source in sorted(one for one in stage.rglob("*") if one.is_file()):
            target = home / source.relative_to(stage)
            placed.append(target)
            place(source, target)
    except OSError as error:
        for target in placed:
            target.unlink(missing_ok=True)
        raise Refusal("backup.cannot_write", path=home, why=error.strerror or "") from error
    shutil.rmtree(stage, ignore_errors=True)
