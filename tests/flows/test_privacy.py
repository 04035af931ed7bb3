"""After a whole season: nobody can be found in databases, notices, logs or boards."""

import base64
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.messages import say
from tasks.ask import open_questions
from tasks.board_deadline import deadline_page
from tasks.board_inbox import inbox_page
from tasks.board_page import Page
from tasks.board_season import season_page
from tasks.board_worklist import worklist_page, worklist_pages
from tasks.conscription.board import places_of, ranking_board, seasons_since
from tasks.wait import Parked
from tests.ground import BOTH, NOTICES, Ground, rows_of, settled
from tests.played import BEGIN, play
from tests.privacy import database_texts, file_texts, leaks, spellings

APPLICANTS = 200


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    yield from settled(request, home, monkeypatch)


def boards() -> Iterator[Page]:
    """Every page that the boards would show now."""
    yield from worklist_pages("")
    yield worklist_page(open_questions(), "", {})
    yield deadline_page()
    yield inbox_page()
    for season in seasons_since(BEGIN["2027H1"]):
        yield season_page(season.number, places_of(season))
        if page := ranking_board(season):
            yield page


def test_a_whole_season_leaves_nobody_where_he_must_not_be(
    ground: Ground, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    pages: dict[str, str] = {}

    def look(parked: Parked) -> None:
        pages.update({f"board {page.key}@{parked.point}": f"{page.title}\n{page.body}" for page in boards()})
        pages.update({f"question {one.number}": f"{one.title}\n{one.text}\n{one.refusal}" for one in open_questions()})

    played = play("2027H1", APPLICANTS, ground.home, at_park=look)
    secrets = played.secrets
    assert len(played.people) > APPLICANTS * 0.9
    assert len(secrets) > 2.5 * len(played.people)
    notices = [
        (
            f"notice {row.template}",
            f"{say(f'{row.template}_title', **row.facts)}\n{say(f'{row.template}_body', **row.facts)}",
        )
        for row in rows_of(NOTICES)
    ]
    output = capfd.readouterr()

    stored = list(database_texts(ground.url))
    assert {"persons.identity", "entries.outcome", "notices.facts", "decisions.text"} <= {where for where, _ in stored}
    assert leaks(stored, secrets) == []
    assert leaks(file_texts(ground.home), secrets) == []
    assert leaks(notices, secrets) == []
    assert leaks(pages.items(), secrets) == []
    assert leaks([("log", caplog.text), ("output", output.out), ("errors", output.err)], secrets) == []
    assert len(notices) > APPLICANTS / 4
    assert len(pages) > 60


def test_the_search_finds_what_is_there(ground: Ground) -> None:
    """Proof that the search can fail."""
    played = play("2027H1", 40, ground.home)
    one = played.people[0]
    assert leaks([("text", f"…{one.identity}…")], played.secrets) == [f"text: {one.identity[:1]}… (18)"]
    assert leaks([("json", f'"\\u{ord(one.name[0]):04x}\\u{ord(one.name[1]):04x}"')], [one.name[:2]])
    assert one.phone.removeprefix("+86") in spellings(one.phone)
    assert leaks([("phone", one.phone[-11:])], [one.phone])
    picture = base64.b64encode(f"<svg><text>{one.name}</text></svg>".encode()).decode()
    assert leaks([("picture", f"![](data:image/svg+xml;base64,{picture})")], [one.name])
    assert leaks(file_texts(ground.home), played.secrets) == []
    (ground.home / "server.log").write_text(f"… {one.phone} …", encoding="utf-8")
    assert leaks(file_texts(ground.home), played.secrets) == [f"server.log: {one.phone[:1]}… ({len(one.phone)})"]
