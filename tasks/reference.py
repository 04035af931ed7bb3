"""Secrets and addresses that the configuration only names: read from the environment or a file when they are used."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from config.channels import REFERENCE
from tasks.courier import FILES


class UnresolvedError(LookupError):
    """A reference leads nowhere; carries its name, which is no secret."""


def _secret(name: str | None, path: str | None) -> str:
    allowed = os.environ.get(FILES)
    if path and allowed is not None and path not in allowed.split(os.pathsep):
        raise UnresolvedError(path)
    try:
        value = os.environ[name] if name else Path(path or "").read_text(encoding="utf-8").strip()
    except (KeyError, OSError, UnicodeDecodeError):
        raise UnresolvedError(name or path) from None
    if not value:
        raise UnresolvedError(name or path)
    return value


def resolve(text: str, found: list[str], *, escape: bool) -> str:
    """Put the secrets that a text refers to in their places, collecting them for redaction.

    Raises:
        LookupError: a reference leads nowhere.
    """

    def put(match: Any) -> str:
        value = _secret(match["env"], match["file"] or match["whole"])
        found.append(value)
        return quote(value, safe="") if escape else value

    return REFERENCE.sub(put, text)
