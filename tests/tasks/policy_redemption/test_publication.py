"""Codes and places of the register when several departments publish at the same moment, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.messages import Refusal
from models.policy_redemption.content import PolicyContent
from tasks.journal import verify
from tasks.policy_redemption.publication import CHANGES, DRAFTS, open_publication
from tasks.step import Dossier
from tests.ground import BOTH, MORNING, Ground, race, rows_of, settled
from tests.models.policy_redemption.wares import content


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    yield from settled(request, home, monkeypatch)


def draft(place: int) -> PolicyContent:
    return content(document=f"海科发〔2027〕{place}号", issued=MORNING.date())


def numbers(opened: list[Dossier | Exception]) -> list[str]:
    assert not [one for one in opened if isinstance(one, Exception)], opened
    return sorted(one.number for one in opened if isinstance(one, Dossier))


def test_each_of_many_at_once_gets_a_code_of_its_own(ground: Ground) -> None:
    opened = race(*(lambda place=place: open_publication(draft(place), "", None) for place in range(1, 7)))
    assert numbers(opened) == [f"ZC-2027-{place:03}" for place in range(1, 7)]
    assert len(rows_of(CHANGES)) == len(rows_of(DRAFTS)) == 6
    assert list(verify()) == []


def test_the_same_at_once_is_one_case(ground: Ground) -> None:
    opened = race(*(lambda: open_publication(draft(1), "", None) for _ in range(5)))
    assert set(numbers(opened)) == {"ZC-2027-001"}
    assert len(rows_of(CHANGES)) == 1


def test_of_two_drafts_of_one_paper_one_is_refused(ground: Ground) -> None:
    other = draft(1).model_copy(update={"payment_days": 3})
    opened = race(lambda: open_publication(draft(1), "", None), lambda: open_publication(other, "", None))
    refused = [one for one in opened if isinstance(one, Refusal)]
    assert [one.key for one in refused] == ["policy_publication.another_draft"]
    assert len(rows_of(CHANGES)) == 1
