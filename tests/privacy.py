"""Who finds personal data where it must not be: identity numbers, phones and names, in every spelling that a store knows."""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import MetaData, create_engine, select
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}
EMBEDDED = re.compile(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)")
PERSONAL = ("papers", "sheets", "returned", "done", "refused", "mailbox")
"""Folders of the home that are there to hold personal data: papers, and the sheets as offices sent them."""


def spellings(secret: str) -> set[str]:
    """Return a secret as it may stand in a text: as it is, escaped as JSON does, in an address, a phone without its country."""
    plain = {secret, secret.lower()}
    if secret.startswith("+86"):
        plain.add(secret.removeprefix("+86"))
    return {form for one in plain for form in (one, json.dumps(one)[1:-1], quote(one))}


def leaks(texts: Iterable[tuple[str, str]], secrets: Iterable[str]) -> list[str]:
    """Return where which kind of secret was found; never the secret itself, and nothing where all is well."""
    forms = [(form, secret) for secret in secrets for form in spellings(secret)]
    found = set()
    for where, given in texts:
        text = unpacked(given)
        found |= {f"{where}: {secret[:1]}… ({len(secret)})" for form, secret in forms if form in text}
    return sorted(found)


def unpacked(text: str) -> str:
    """Return a text with what its embedded pictures say."""
    return "\n".join([text, *(base64.b64decode(one).decode("utf-8", "replace") for one in EMBEDDED.findall(text))])


def database_texts(url: str) -> Iterator[tuple[str, str]]:
    """Yield everything that any table of a database holds, column by column, read past every program of ours.

    Args:
        url: SQLAlchemy URL; an asynchronous driver is replaced by the plain one, so that Prefect's own database can be read.
    """
    place = make_url(url)
    engine = create_engine(place.set(drivername=DRIVERS[place.get_backend_name()]), poolclass=NullPool)
    tables = MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        for table in tables.sorted_tables:
            for column in table.columns:
                values = connection.execute(select(column).where(column.is_not(None))).scalars()
                yield f"{table.name}.{column.name}", "\n".join(as_text(value) for value in values)
    engine.dispose()


def as_text(value: object) -> str:
    """Return any value of a column as text that can be searched."""
    match value:
        case str():
            return value
        case bytes() | memoryview() | bytearray():
            return bytes(value).decode("utf-8", "replace")
        case dict() | list():
            return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def file_texts(home: Path) -> Iterator[tuple[str, str]]:
    """Yield the content of every file of a home that is not there to hold personal data: databases, logs, keys."""
    for path in sorted(home.rglob("*")):
        inside = path.relative_to(home)
        if path.is_file() and inside.parts[0] not in PERSONAL:
            yield str(inside), path.read_bytes().decode("utf-8", "replace")
