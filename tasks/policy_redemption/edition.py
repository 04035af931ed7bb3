"""Editions of the public site on disk: each whole under its digest, never changed; `current` leads to the last."""

import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from sqlalchemy import func, select

from config.messages import Refusal, say
from config.rulebook import rule
from config.settings import settings
from models.column import canonical, stamp
from models.policy_redemption.policy import PolicyContent
from models.policy_redemption.publicity import ResultKind
from tasks.clock import local_day, now, today
from tasks.policy_redemption.publicity import POLICIES, PUBLICATIONS, VERSIONS, verify_publications
from tasks.policy_redemption.site import MANIFEST, build, digest_of
from tasks.policy_redemption.site_content import Line, PublicPolicy, PublicVersion
from tasks.store import reading

FOLDER: Final = "public"
EDITIONS: Final = "editions"
CURRENT: Final = "current"
LOG: Final = "editions.jsonl"
_STATE: Final = ".state"
_LOCK: Final = ".lock"
_READ_ONLY: Final = 0o444
_READABLE: Final = 0o644
_OPEN: Final = 0o755
_PATH: Final = re.compile(r"(?:[0-9A-Za-z_-]+/)*[0-9A-Za-z_-]+\.[a-z]+")


class Written(NamedTuple):
    """What was written: the edition's digest, and how much it holds."""

    digest: str
    files: int
    results: int
    policies: int


def public_lines() -> list[Line]:
    """Return what may be shown of the publicity module: no drill, no exempt result."""
    chosen = (
        select(PUBLICATIONS.c.id, PUBLICATIONS.c.at, PUBLICATIONS.c.record)
        .where(~PUBLICATIONS.c.drill, PUBLICATIONS.c.kind != ResultKind.EXEMPT.value)
        .order_by(PUBLICATIONS.c.id)
    )
    with reading() as connection:
        return [Line(row.id, stamp(row.at), row.record) for row in connection.execute(chosen)]


def public_policies() -> list[PublicPolicy]:
    """Return the policies that are not secret, with every version published of them."""
    chosen = (
        select(POLICIES.c.code, POLICIES.c.repealed_on, VERSIONS.c.number, VERSIONS.c.since)
        .add_columns(VERSIONS.c.published_at, VERSIONS.c.content)
        .join(VERSIONS, VERSIONS.c.policy_id == POLICIES.c.id)
        .where(~POLICIES.c.secret)
        .order_by(POLICIES.c.code, VERSIONS.c.number)
    )
    found: dict[str, PublicPolicy] = {}
    with reading() as connection:
        for row in connection.execute(chosen):
            content = PolicyContent.model_validate(row.content)
            if not content.secret:
                version = PublicVersion(row.number, row.since, stamp(row.published_at), content)
                known = found.get(row.code, PublicPolicy(row.code, row.repealed_on, ()))
                found[row.code] = known._replace(versions=(*known.versions, version))
    return list(found.values())


def _made() -> tuple[dict[str, bytes], Written]:
    """Return the site as it is now.

    Raises:
        Refusal: what was posted does not fit its chain; such a thing is not put before the public.
    """
    if broken := verify_publications():
        raise Refusal("publicity.chain_broken", line=broken.id, number=broken.number)
    lines, policies = public_lines(), public_policies()
    files = build(lines, policies)
    results = len({line.record["number"] for line in lines})
    return files, Written(digest_of(files), len(files), results, len(policies))


def keep_site_current() -> bool:
    """Write a new edition into the home folder if anything was posted, published or repealed; say whether it was."""
    root = settings().home / FOLDER
    _open_folder(root, root / EDITIONS)
    with _alone(root) as alone:
        seen = _seen()
        state = root / _STATE
        known = state.read_text(encoding="utf-8") if state.exists() else ""
        if not alone or ((root / CURRENT).exists() and known == seen):
            return False
        files, written = _made()
        changed = not (root / CURRENT).exists() or (root / CURRENT).resolve().name != written.digest
        if changed:
            _write_edition(root, files, written)
            _thin(root)
        _replace(state, seen.encode())
        return changed


@contextmanager
def _alone(root: Path) -> Iterator[bool]:
    with (root / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # ends with its holder, however that ends
        except BlockingIOError:
            yield False
        else:
            yield True


def _seen() -> str:
    """Return what the site is made from, short: the head of the chain, the register, and the program itself."""
    last = select(PUBLICATIONS.c.id, PUBLICATIONS.c.hash).order_by(PUBLICATIONS.c.id.desc()).limit(1)
    with reading() as connection:
        head = connection.execute(last).one_or_none()
        register = connection.execute(select(POLICIES.c.id, POLICIES.c.repealed_on, POLICIES.c.secret)).all()
        versions = connection.execute(select(func.count(), func.max(VERSIONS.c.id))).one()
    told = [bytes(head.hash).hex() if head else "", sorted(map(list, register)), list(versions), _program()]
    return hashlib.sha256(canonical(told).encode()).hexdigest()


@cache
def _program() -> str:
    """Return the digest of what writes the site, so that a new version of it makes a new edition."""
    own = sorted(Path(__file__).parent.glob("site*"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in own) + say("site.lead", "zh").encode()).hexdigest()


def _write_edition(root: Path, files: Mapping[str, bytes], written: Written) -> None:
    """Write an edition beside the others and lead to it; a file that did not change is the same file as before."""
    target, before = root / EDITIONS / written.digest, root / CURRENT
    if not target.exists():
        draft = root / EDITIONS / f".{written.digest}"
        shutil.rmtree(draft, ignore_errors=True)
        same = sums_of(before) if before.exists() else {}
        for path, content in files.items():
            place = draft / path
            _open_folder(draft, place.parent)
            if same.get(path) == hashlib.sha256(content).hexdigest():
                place.hardlink_to((before / path).resolve())
                place.chmod(_READ_ONLY)  # a restored one is its owner's alone
            else:
                _write_safely(place, content)
        draft.rename(target)  # an edition is whole before it has its name
    else:  # as it was before, or restored
        for place in target.rglob("*"):
            place.chmod(_OPEN if place.is_dir() else _READ_ONLY)
        target.chmod(_OPEN)
    link = root / f".{CURRENT}"
    link.unlink(missing_ok=True)
    link.symlink_to(Path(EDITIONS) / written.digest)
    link.replace(before)
    with (root / LOG).open("a", encoding="utf-8") as log:
        log.write(json.dumps({"at": stamp(now()), **written._asdict()}) + "\n")


def _thin(root: Path) -> None:
    """Delete what was superseded on its own day, once it is older than the rule keeps every edition."""
    before = now() - timedelta(days=rule("policy_redemption_publicity.edition_days", today()))
    lines = [json.loads(line) for line in (root / LOG).read_text(encoding="utf-8").splitlines()]
    written = [(datetime.fromisoformat(line["at"]), line["digest"]) for line in lines]
    last_of_day = {local_day(at): digest for at, digest in written}
    kept = {*last_of_day.values(), *(digest for at, digest in written if at > before)}
    for digest in {digest for _, digest in written} - kept - {(root / CURRENT).resolve().name}:
        shutil.rmtree(root / EDITIONS / digest, ignore_errors=True)


def sums_of(edition: Path) -> dict[str, str]:
    """Return the checksums of an edition's files by path: the list of everything that may be served of it."""
    lines = (edition / MANIFEST).read_text(encoding="utf-8").splitlines()
    return {path: digest for digest, _, path in (line.partition("  ") for line in lines) if _PATH.fullmatch(path)}


def write_site(folder: Path) -> Written:
    """Write the site into a folder, for any web server; what an earlier site left there and is no more goes.

    Raises:
        Refusal: the folder holds files that are not a site of ours, or what was posted does not fit its chain.
    """
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not (folder / MANIFEST).is_file())):
        raise Refusal("site.folder_foreign", folder=folder)
    files, written = _made()
    _remove(folder, set(sums_of(folder)) - files.keys() if (folder / MANIFEST).is_file() else ())
    for path, content in files.items():
        _open_folder(folder, (folder / path).parent)
        _replace(folder / path, content)
    return written


def _write_safely(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    path.chmod(_READ_ONLY)


def _open_folder(top: Path, folder: Path) -> None:
    """Make a folder that every web server may read; commands else write what only their user may see."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in {top, folder}:
        one.chmod(_OPEN)


def _remove(folder: Path, paths: Iterable[str]) -> None:
    for path in paths:
        (folder / path).unlink(missing_ok=True)


def _replace(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}")
    draft.write_bytes(content)
    draft.chmod(_READABLE)
    draft.replace(path)
