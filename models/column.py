"""Column types: instants in UTC, canonical JSON, and personal data that only a key opens."""

import json
import os
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any, Final

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import BaseModel
from sqlalchemy import DateTime, LargeBinary, String, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

NONCE_BYTES: Final = 12


def _plain(value: Any) -> Any:
    match value:
        case BaseModel():
            return value.model_dump(mode="json")
        case datetime():
            return value.isoformat()
        case date():
            return value.isoformat()
        case Decimal():
            return str(value)
        case Enum():
            return value.value
        case set() | frozenset():
            return sorted(value)
    raise TypeError(f"{type(value).__name__} has no canonical JSON form")


_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True, default=_plain)


def canonical(value: Any) -> str:
    """Render a value as the one JSON text that is stored and hashed: sorted keys, no spaces, Chinese as it is."""
    return _ENCODER.encode(value)


def stamp(moment: datetime) -> str:
    """Render an instant as it is stored in SQLite and hashed in the journal: UTC, microseconds, sortable as text."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Instant(TypeDecorator[datetime]):
    """A moment in UTC. SQLite keeps sortable text, PostgreSQL `timestamptz`; a naive datetime is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Use text on SQLite, which has no instants."""
        return dialect.type_descriptor(String(27) if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Write an aware datetime.

        Raises:
            ValueError: the datetime has no time zone.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value.isoformat()}: an instant needs its time zone")
        return stamp(value) if dialect.name == "sqlite" else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002 -- SQLAlchemy's signature
        """Read an aware datetime in UTC."""
        if value is None:
            return None
        return datetime.fromisoformat(value) if isinstance(value, str) else value.astimezone(UTC)


class CanonicalJson(TypeDecorator[Any]):
    """JSON kept as the canonical text that the hash chain covers."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002 -- SQLAlchemy's signature
        """Write the canonical text."""
        return None if value is None else canonical(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002 -- SQLAlchemy's signature
        """Read the value back."""
        return None if value is None else json.loads(value)


class KeyMissingError(LookupError):
    """No key ring was opened, or it lacks the key that a value was sealed with."""


class KeyRing:
    """The installation's keys: AES-256 keys by id for sealing, one for the blind index, one for the journal chain."""

    def __init__(self, seals: dict[int, bytes], current: int, index: bytes, chain: bytes) -> None:
        self._seals = {number: AESGCM(key) for number, key in seals.items()}
        self.current, self._index, self.chain = current, index, chain

    def seal(self, place: str, plain: str) -> bytes:
        """Encrypt a text for one column; the place (`table.column`) is authenticated with it."""
        nonce = os.urandom(NONCE_BYTES)
        body = self._seals[self.current].encrypt(nonce, plain.encode(), place.encode())
        return bytes([self.current]) + nonce + body

    def open(self, place: str, sealed: bytes) -> str:
        """Decrypt a column's value.

        Raises:
            KeyMissingError: the ring lacks the key with the value's key id.
            cryptography.exceptions.InvalidTag: the value was altered or moved from another column.
        """
        try:
            seal = self._seals[sealed[0]]
        except KeyError:
            raise KeyMissingError(f"key {sealed[0]} of {place} is not in the key ring") from None
        return seal.decrypt(sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :], place.encode()).decode()

    def index(self, plain: str) -> bytes:
        """Return the blind index of a value: a keyed hash, so that the few possible numbers cannot be tried out."""
        mac = hmac.HMAC(self._index, hashes.SHA256())
        mac.update(plain.encode())
        return mac.finalize()[:16]


class _Open:
    ring: KeyRing | None = None


def open_ring(ring: KeyRing | None) -> None:
    """Make a key ring the one that sealed columns of this process use; None closes it."""
    _Open.ring = ring
    _ring.cache_clear()


@lru_cache(maxsize=1)
def _ring() -> KeyRing:
    if _Open.ring is None:
        raise KeyMissingError("no key ring is open")
    return _Open.ring


def key_ring() -> KeyRing:
    """Return the open key ring.

    Raises:
        KeyMissingError: none was opened.
    """
    return _ring()


class Sealed(TypeDecorator[str]):
    """Personal data: AES-256-GCM, key id and nonce in front, bound to its table and column."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002 -- SQLAlchemy's signature
        """Encrypt."""
        return None if value is None else key_ring().seal(self.place, value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:  # noqa: ARG002 -- SQLAlchemy's signature
        """Decrypt."""
        return None if value is None else key_ring().open(self.place, bytes(value))
