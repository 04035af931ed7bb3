"""Evidence bundles: one zip with everything of an incident, verifiable offline, signed for and journalled."""

import json
import os
import zipfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy import select

from config.messages import Refusal, say
from models.column import canonical, stamp
from models.personal import personal_numbers
from tasks.clock import now
from tasks.incident_response import verifier
from tasks.incident_response.contact import note_reading
from tasks.incident_response.evidence import Contents, contents
from tasks.incident_response.incident import signed
from tasks.incident_response.view import INCIDENTS
from tasks.journal import CASES, link, lock, write_entry
from tasks.step import actor
from tasks.store import reading, snapshot, transaction

KEEPERS: Final = ("command_office", "incident_commander", "emergency_bureau", "head:emergency_bureau")
"""Roles that may take the evidence out."""
FORMAT: Final = 1
PRIVATE: Final = 0o600
EPOCH: Final = (1980, 1, 1, 0, 0, 0)
BESIDE: Final = ".sha256"
SHORTEST_PURPOSE: Final = 2
LONGEST_PURPOSE: Final = 200


class Bundle(NamedTuple):
    """A bundle that was made."""

    path: Path
    files: int
    left_out: int
    digest: str
    """SHA-256 of the zip."""


def bundle(number: str, path: Path, staff_no: str, code: str, purpose: str, *, contacts: bool = False) -> Bundle:
    """Write an incident's evidence into one zip, with its digest beside it; who took it out stands in the journal.

    Args:
        number: the incident's.
        path: the zip; it must not exist.
        staff_no: whoever signs for it.
        code: that one's one-time code.
        purpose: what for.
        contacts: whether personal contacts go in, which the purpose must justify.

    Raises:
        Refusal: the signature does not count, there is no such incident, the purpose says nothing or too much, or the
            file is there or cannot be written.
    """
    purpose = purpose.strip()
    if not SHORTEST_PURPOSE <= len(purpose) <= LONGEST_PURPOSE or personal_numbers(purpose):
        raise Refusal("incident_board.purpose_wrong", most=LONGEST_PURPOSE)
    case_id = case_of(number)
    beside = path.with_name(path.name + BESIDE)
    if path.exists() or beside.exists():
        raise Refusal("backup.exists", path=path)
    by = signed(staff_no, code, KEEPERS).actor
    if contacts:
        token = actor.set(by)
        note_reading(case_id, purpose)
        actor.reset(token)
    with snapshot():
        found = contents(number, contacts=contacts)
    signature = {"by": by, "at": stamp(now()), "purpose": purpose, "contacts": contacts}
    whole = sealed(found, signature)
    try:
        _write(path, whole)
        digest = sha256(path.read_bytes()).hexdigest()
        beside.write_text(f"{digest}  {path.name}\n", encoding="utf-8")
        beside.chmod(PRIVATE)
    except OSError as error:
        _gone(path, beside)
        raise Refusal("incident_board.not_written", path=path, why=type(error).__name__) from error
    outcome = {
        "reason": purpose,
        "contacts": contacts,
        "manifest": sha256(whole[verifier.MANIFEST]).hexdigest(),
        "digest": digest,
    }
    with transaction() as tx:
        case = lock(tx, case_id)
        write_entry(tx, case, "bundle", case.seq + 1, actor=by, at=now(), outcome=outcome, substance=False)
    return Bundle(path, len(whole), len(found.left_out), digest)


def case_of(number: str) -> int:
    """Return the id of an incident's case, open or closed.

    Raises:
        Refusal: there is none under this number.
    """
    chosen = select(INCIDENTS.c.case_id).join(CASES, CASES.c.id == INCIDENTS.c.case_id).where(CASES.c.number == number)
    with reading() as connection:
        found = connection.execute(chosen).scalar_one_or_none()
    if found is None:
        raise Refusal("kernel.no_such_case", number=number)
    return int(found)


def sealed(found: Contents, signature: dict[str, Any]) -> dict[str, bytes]:
    """Return the files with their manifest, the signature, and the seal over both."""
    listed = [
        {"path": name, "sha256": verifier.sha256(data), "size": len(data)} for name, data in sorted(found.files.items())
    ]
    manifest = {
        "format": FORMAT,
        "incident": found.view.case.number,
        "drill": found.view.drill,
        "as_of": stamp(max(entry.at for entry in found.view.entries)),
        "files": listed,
        "left_out": found.left_out,
        "chain": found.chain,
    }
    apart = {
        verifier.MANIFEST: json.dumps(manifest, ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n",
        verifier.SIGNATURE: canonical(signature).encode() + b"\n",
    }
    seal = {name: verifier.sha256(data) for name, data in apart.items()}
    return found.files | apart | {verifier.SEAL: verifier.canonical_seal(seal)}


def zipped(file: Any, whole: dict[str, bytes]) -> None:
    """Write files as a zip, the same bytes for the same files."""
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in sorted(whole.items()):
            head = zipfile.ZipInfo(name, EPOCH)
            head.compress_type, head.external_attr = zipfile.ZIP_DEFLATED, PRIVATE << 16
            archive.writestr(head, data, compresslevel=9)


def _write(path: Path, whole: dict[str, bytes]) -> None:
    """Write the zip under a name of its own, so that whoever looks finds it whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE), "wb") as file:
            zipped(file, whole)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        _gone(draft)


def _gone(*paths: Path) -> None:
    for path in paths:
        with suppress(OSError):
            path.unlink()


def check(path: Path) -> list[str]:
    """Return what differs in a bundle: what anybody can see offline, and the keyed chain that only we can recompute."""
    if not path.exists():
        raise Refusal("cli.no_file", path=path)
    found = verifier.verify(path)
    return found or _keyed(verifier.read_folder(path) if path.is_dir() else verifier.read_zip(path))


def _keyed(files: dict[str, bytes]) -> list[str]:
    head = b""
    manifest = json.loads(files[verifier.MANIFEST])
    for text in files[verifier.JOURNAL].decode().splitlines():
        line = json.loads(text)
        facts = {
            name: line[name] for name in ("case_id", "seq", "step", "turn", "actor", "before", "after", "rule", "at")
        }
        head = link(head, outcome=canonical(line["outcome"]), **facts)
        if head.hex() != line["hash"]:
            return [say("incident_board.not_ours", seq=line["seq"], step=line["step"])]
    if head.hex() != manifest["chain"]["keyed_head"]:
        return [say("incident_board.not_ours", seq=manifest["chain"]["entries"], step="")]
    return []
