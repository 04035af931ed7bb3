"""A backup's envelope: AES-256-GCM in chunks, so that damage, a cut end and foreign keys are told first.

Rosters and papers hold personal data in plain; sealed, a copy on a share says nothing without the keys.
"""

import base64
import hashlib
import io
import os
from typing import IO, Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import ValidationError

from config.messages import Refusal
from models.backup import FORMAT, Header
from models.column import KeyRing

MAGIC: Final = b"BANJIE-BACKUP "
CHUNK: Final = 1 << 20
TAG: Final = 16
LONGEST_HEADER: Final = 4096
KEY_BYTES: Final = 32
SALT_BYTES: Final = 16


def make_header(ring: KeyRing, revision: str, made_at: str) -> Header:
    """Return the header of a new backup, with a salt of its own."""
    salt = os.urandom(SALT_BYTES)
    return Header(
        format=FORMAT,
        made_at=made_at,
        revision=revision,
        salt=base64.b64encode(salt).decode(),
        key=_mark(ring, salt),
    )


def _key(ring: KeyRing, salt: bytes, purpose: bytes) -> bytes:
    return HKDF(hashes.SHA256(), KEY_BYTES, salt, b"banjie backup " + purpose).derive(ring.chain)


def _mark(ring: KeyRing, salt: bytes) -> str:
    return hashlib.sha256(_key(ring, salt, b"mark")).hexdigest()[:16]


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


class SealedWriter(io.RawIOBase):
    """Takes plain bytes and writes them sealed; closing it seals the end."""

    def __init__(self, file: IO[bytes], ring: KeyRing, header: Header) -> None:
        line = MAGIC + header.model_dump_json().encode() + b"\n"
        file.write(line)
        self._file, self._bound = file, line
        self._seal = AESGCM(_key(ring, base64.b64decode(header.salt), b"body"))
        self._held, self._number = bytearray(), 0

    def writable(self) -> bool:
        """Say yes."""
        return True

    def write(self, data: Any) -> int:
        """Take bytes; whole chunks go out, as long as something follows them."""
        self._held += data
        while len(self._held) > CHUNK:
            self._out(bytes(self._held[:CHUNK]), last=False)
            del self._held[:CHUNK]
        return len(data)

    def _out(self, plain: bytes, *, last: bool) -> None:
        self._file.write(self._seal.encrypt(_nonce(self._number, last=last), plain, self._bound))
        self._number += 1

    def seal_end(self) -> None:
        """Write what is left as the last chunk: without it a backup counts as cut off."""
        self._out(bytes(self._held), last=True)
        self._held.clear()


def read_header(file: IO[bytes]) -> tuple[Header, bytes]:
    """Read the first line of a backup; return it parsed and as it stands.

    Raises:
        Refusal: the file is no backup, or of a format that this program does not read.
    """
    line = file.readline(LONGEST_HEADER)
    if not line.startswith(MAGIC) or not line.endswith(b"\n"):
        raise Refusal("backup.not_one")
    try:
        header = Header.model_validate_json(line.removeprefix(MAGIC))
    except ValidationError:
        raise Refusal("backup.damaged") from None
    if header.format != FORMAT:
        raise Refusal("backup.format_unknown", format=header.format, ours=FORMAT)
    return header, line


class SealedReader(io.RawIOBase):
    """Gives the plain bytes of a backup, each chunk proved before it is given."""

    def __init__(self, file: IO[bytes], ring: KeyRing) -> None:
        self.header, self._bound = read_header(file)
        try:
            salt = base64.b64decode(self.header.salt, validate=True)
        except ValueError:
            raise Refusal("backup.damaged") from None
        if _mark(ring, salt) != self.header.key:
            raise Refusal("backup.other_keys")
        self._file, self._seal = file, AESGCM(_key(ring, salt, b"body"))
        self._held, self._number, self._ended = memoryview(b""), 0, False
        self._next = file.read(CHUNK + TAG)

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer; nothing more at the proved end.

        Raises:
            Refusal: a chunk was altered, or the end is missing.
        """
        if not self._held and not self._ended:
            self._fill()
        given = min(len(buffer), len(self._held))
        buffer[:given] = self._held[:given]
        self._held = self._held[given:]
        return given

    def _fill(self) -> None:
        sealed, self._next = self._next, self._file.read(CHUNK + TAG)
        self._ended = not self._next
        try:
            plain = self._seal.decrypt(_nonce(self._number, last=self._ended), sealed, self._bound)
        except InvalidTag:
            raise Refusal("backup.damaged") from None
        self._number += 1
        self._held = memoryview(plain)
