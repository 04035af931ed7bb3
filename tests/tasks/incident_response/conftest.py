"""Ground for what is looked at and kept: a house on SQLite, and one on each database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ground import BOTH, Ground, settled


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    """A house on each database."""
    yield from settled(request, home, monkeypatch)


@pytest.fixture(params=["sqlite"])
def floor(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    """A house on SQLite."""
    yield from settled(request, home, monkeypatch)
