"""Verify an evidence bundle offline / 离线核验证据包: python3 verify.py [BUNDLE.zip].

Needs nothing but Python 3.8 or newer. Without an argument it verifies the folder that it lies in. It recomputes the
digest of every file, the seal over the manifest and the signature, and the chain over the journal; for a zip also the
digest that lies beside it (BUNDLE.zip.sha256). It names whatever differs and ends with 1; 0 means that nothing does.

It lies in each bundle as it stands here, so it imports nothing of ours and carries its own words.
"""

import hashlib
import json
import sys
import zipfile
import zlib
from pathlib import Path

MANIFEST = "manifest.json"
SIGNATURE = "signature.json"
SEAL = "seal.json"
JOURNAL = "journal.jsonl"
APART = (MANIFEST, SIGNATURE, SEAL)
DAMAGE = (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError)


def sha256(data: bytes) -> str:
    """Return the digest of bytes in hex."""
    return hashlib.sha256(data).hexdigest()


def chained(head: str, line: str) -> str:
    """Return the digest of a journal line after the digest of the one before it."""
    return sha256(f"{head}\n{line}".encode())


def line_of(entry: "dict[str, object]") -> str:
    """Return what of a journal line the chain covers: everything but the digest itself."""
    kept = {name: value for name, value in entry.items() if name != "digest"}
    return json.dumps(kept, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def faults(files: "dict[str, bytes]") -> "list[str]":
    """Return what differs in a bundle, one sentence each; nothing where all is well."""
    missing = [f"缺少文件 {name}" for name in APART if name not in files]
    if missing:
        return missing
    try:
        seal = dict(json.loads(files[SEAL]))
    except (ValueError, TypeError):
        return [f"{SEAL} 已损坏"]
    found = [f"{name} 与封签不符" for name in (MANIFEST, SIGNATURE) if seal.get(name) != sha256(files[name])]
    try:
        manifest = json.loads(files[MANIFEST])
        listed = {one["path"]: one["sha256"] for one in manifest["files"]}
        head, count = manifest["chain"]["head"], manifest["chain"]["entries"]
    except (ValueError, KeyError, TypeError):
        return [*found, f"{MANIFEST} 已损坏"]
    found += [f"封签中有多余内容：{name}" for name in sorted(set(seal) - {MANIFEST, SIGNATURE})]
    if files[SEAL] != canonical_seal(seal):
        found.append(f"{SEAL} 已被改动")
    found += [f"缺少文件 {name}" for name in sorted(set(listed) - set(files))]
    found += [f"多出文件 {name}" for name in sorted(set(files) - set(listed) - set(APART))]
    found += [f"{name} 已被改动" for name in sorted(set(listed) & set(files)) if listed[name] != sha256(files[name])]
    if JOURNAL in files:
        found += broken_chain(files[JOURNAL], head, count)
    return found


def canonical_seal(seal: "dict[str, str]") -> bytes:
    """Return the one text of a seal."""
    return json.dumps(seal, ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n"


def broken_chain(journal: bytes, head: str, count: int) -> "list[str]":
    """Return the first journal line that does not fit its chain, or that the chain was cut."""
    last, seen = "", 0
    for number, text in enumerate(journal.decode("utf-8", "replace").splitlines(), 1):
        try:
            entry = json.loads(text)
            digest, seq = entry["digest"], entry["seq"]
        except (ValueError, KeyError, TypeError):
            return [f"{JOURNAL} 第{number}行已损坏"]
        last = chained(last, line_of(entry))
        if digest != last or seq != number:
            return [f"{JOURNAL} 第{number}行（{entry.get('step', '')}）与链不符"]
        seen = number
    if (seen, last) != (count, head):
        return [f"{JOURNAL} 应有{count}行，链尾不符"]
    return []


def read_zip(path: Path) -> "dict[str, bytes]":
    """Read a bundle's files from its zip; one that cannot be unpacked is read as nothing, which fits no digest."""
    found = {}
    with zipfile.ZipFile(path) as file:
        for name in file.namelist():
            try:
                found[name] = file.read(name)
            except DAMAGE:
                found[name] = b""
    return found


def read_folder(folder: Path) -> "dict[str, bytes]":
    """Read a bundle's files from the folder that it was unpacked into."""
    return {one.relative_to(folder).as_posix(): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def verify(path: Path) -> "list[str]":
    """Return what differs in a zip or folder."""
    if path.is_dir():
        return faults(read_folder(path))
    found = []
    beside = path.with_name(path.name + ".sha256")
    if beside.exists() and beside.read_text().split()[:1] != [sha256(path.read_bytes())]:
        found.append(f"{path.name} 与 {beside.name} 不符")
    try:
        return found + faults(read_zip(path))
    except DAMAGE as error:
        return [*found, f"{path.name} 已损坏：{type(error).__name__}: {error}"]


def main() -> int:
    """Verify what the command line names, say what was found, and return the exit code."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent
    found = verify(path)
    said = found or ["核验通过：全部文件、封签和记录链均相符。"]
    sys.stdout.write("\n".join(said) + "\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
