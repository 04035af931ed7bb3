"""A season from its first question to its close, told by the flow itself, without Prefect."""

import re
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import docx
import pytest
from python_calamine import CalamineWorkbook

from config.messages import say
from config.season import season as season_file
from flows.conscription import conscription
from models.conscription.status import MemberStatus as M
from models.conscription.status import SeasonStatus as S
from tasks.deadline import open_clocks
from tasks.journal import CASES, verify
from tasks.members import standing_by_unit
from tasks.step import read_dossier
from tasks.wait import Parked
from tests.ground import BOTH, NOTICES, SEATS, Ground, journal, rows_of, seats_open, settled, status_of
from tests.played import play, told

APPLICANTS = 120
IDENTITY = re.compile(r"\d{17}[\dXx]")


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    yield from settled(request, home, monkeypatch)


def story_of(number: str) -> list[tuple[str, int]]:
    """Return the journal of a case as (step, turn), without what carries the digest of a file."""
    return [(re.sub(r"-[0-9a-f]{12}$", "", step), turn) for step, turn, _, _ in journal(number)]


def text_of(path: Path) -> str:
    if path.suffix == ".docx":
        document = docx.Document(str(path))
        cells = [cell.text for one in document.tables for row in one.rows for cell in row.cells]
        return "\n".join([*(one.text for one in document.paragraphs), *cells])
    book = CalamineWorkbook.from_path(path)
    return "\n".join(
        str(value) for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python() for value in row
    )


FIRST_HALF = [
    ("opened", 1), ("asked-groups", 1), ("ask-groups", 1), ("adjust_groups", 1), ("asked-publicity", 1),
    ("ask-publicity", 1), ("run_publicity", 1), ("open_applications", 1), ("received-application", 1),
    ("until-applications", 1), ("judge_applications", 1), ("until-precheck-opens", 1), ("received-precheck", 1),
    ("received-precheck", 1), ("for-precheck", 1), ("close_precheck", 1), ("until-medical-opens", 1),
    ("received-medical", 1), ("received-medical", 1), ("for-medical", 1), ("judge_examinations", 1),
    ("asked-contradiction", 1), ("conclude_contradictions", 1), ("draw_sample", 1), ("received-medical", 1),
    ("for-recheck", 1), ("judge_recheck", 1), ("weigh_recheck", 1), ("until-political-opens", 1),
    ("received-political", 1), ("for-political", 1), ("conclude_reviews", 1), ("until-training-opens", 1),
    ("received-training", 1), ("received-training", 1), ("for-training", 1), ("conclude_education", 1),
    ("received-evidence", 1), ("until-posting", 1), ("seal_ranking", 1), ("record_ranks", 1), ("propose_plan", 1),
    ("asked-meeting", 1), ("ask-meeting", 1), ("return_plan", 1), ("propose_plan", 2), ("asked-meeting", 2),
    ("ask-meeting", 2), ("post_list", 2), ("post_substitutes", 2), ("write_posting", 2), ("received-objection", 1),
    ("until-posted", 2), ("asked-objection", 2), ("conclude_objections", 2), ("note_struck_off", 2),
    ("until-approval", 2), ("approve_recruits", 2), ("substitute", 2), ("post_list", 3), ("post_substitutes", 3),
    ("write_posting", 3), ("until-posted", 3), ("asked-objection", 3), ("conclude_objections", 3),
    ("note_struck_off", 3), ("until-approval", 3), ("approve_recruits", 3), ("release_reserve", 3),
    ("write_enlistment", 3), ("draft_transport", 3), ("write_transport", 3), ("asked-transport", 3),
    ("ask-transport", 3), ("draft_transport", 4), ("write_transport", 4), ("asked-transport", 4),
    ("ask-transport", 4), ("order_transport", 4), ("asked-preparation", 4), ("ask-preparation", 4),
    ("confirm_preparations", 4), ("until-departure", 4), ("asked-handover", 4), ("ask-handover", 4),
    ("hand_over", 4), ("write_dispatch", 4), ("begin_service", 4), ("open_return_window", 3), ("received-return", 1),
    ("for-returns", 3), ("deregister", 3), ("settle_returns", 3), ("write_deregistrations", 3), ("for-returns", 4),
    ("assess_towns", 3), ("write_circular", 3), ("closed", 3),
]  # fmt: skip
"""How a first half goes whose plan and transport are each sent back once, and one objection is upheld; clocks and reminders apart."""


def deeds(steps: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Leave out clocks and reminders: they run beside the story."""
    return [one for one in steps if not one[0].startswith(("rung-", "clock-"))]


def test_a_first_half_goes_as_the_text_says_with_plan_and_transport_sent_back_once(ground: Ground) -> None:
    replays: list[str] = []

    def again(parked: Parked) -> None:
        """Wake once more where it has just parked: it parks there again, and nothing else happens."""
        before = told()
        with pytest.raises(Parked) as second:
            conscription.fn("2027H1")
        assert (second.value.point, second.value.until) == (parked.point, parked.until)
        assert told() == before
        replays.append(parked.point)

    first = {"meeting": {"verdict": "return", "minutes": "2027-00"}, "transport": {"verdict": "return"}}
    played = play("2027H1", APPLICANTS, ground.home, first=first, at_park=again)

    assert replays == played.points
    assert {"groups", "publicity", "applications", "precheck", "medical", "recheck", "posting", "meeting", "posted", "objection", "approval",
            "transport", "departure", "handover", "returns"} <= set(played.points)  # fmt: skip
    steps = story_of("ZB-2027H1")
    assert deeds(steps) == FIRST_HALF
    started = {name for name, _ in steps if name.startswith("clock-")}
    assert {
        "clock-precheck",
        "clock-medical",
        "clock-political",
        "clock-training",
        "clock-posting",
        "clock-return_window",
    } <= started
    assert {
        f"{name}-met"
        for name in started
        if name in ("clock-precheck", "clock-medical", "clock-political", "clock-training", "clock-posting")
    } <= started
    assert max(Counter(one for one in steps if not one[0].startswith("received-")).values()) == 1

    assert status_of("ZB-2027H1") == S.CLOSED
    assert list(verify()) == []
    assert seats_open() == []
    assert {row.status for row in rows_of(SEATS)} == {"answered"}
    stands: Counter[str] = Counter()
    for (_, status), members in standing_by_unit(read_dossier("ZB-2027H1").id).items():
        stands[status] += members
    assert set(stands) <= {one.value for one in M if one.is_final()} | {M.IN_SERVICE.value}
    assert stands[M.IN_SERVICE] > APPLICANTS / 4
    assert stands[M.REINSTATED] + stands[M.SANCTIONED] == 2
    assert sum(stands.values()) == len(played.people) > APPLICANTS * 0.9
    assert conscription.fn("2027H1") == "ZB-2027H1"
    assert story_of("ZB-2027H1") == steps


def test_a_second_half_adjusts_no_groups(ground: Ground) -> None:
    played = play("2027H2", 60, ground.home)
    steps = [name for name, _ in story_of("ZB-2027H2")]
    assert "groups" not in played.points
    assert not [name for name in steps if "groups" in name]
    assert [name for name, _ in deeds(story_of("ZB-2027H2"))][:3] == ["opened", "asked-publicity", "ask-publicity"]
    assert steps[-1] == "closed"
    assert status_of("ZB-2027H2") == S.CLOSED
    assert season_file("2027H2").half == 2
    assert list(verify()) == []


def test_papers_are_kept_close_and_tell_no_more_than_they_must(ground: Ground) -> None:
    played = play("2027H1", APPLICANTS, ground.home)
    papers = {path.name: path for path in (ground.home / "papers").rglob("*") if path.is_file()}
    assert {
        "posted-list.docx",
        "enlistment-2.docx",
        "dispatch-roster-2.docx",
        "dispatch-roster-2.xlsx",
        "transport-plan-2.docx",
    } <= {re.sub(r"-\d(?=\.)", "-2", name) if not name.startswith("posted") else name for name in papers}
    assert any(name.startswith("circular") for name in papers)
    numbers = {one.identity for one in played.people}
    for name, path in papers.items():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, name
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        found = set(IDENTITY.findall(text_of(path)))
        if name.startswith("dispatch-roster"):
            assert found
            assert found <= numbers
        else:
            assert found == set(), name
            assert not [one for one in numbers if one[:6] + one[6:14] in text_of(path)], name
    posted = text_of(papers["posted-list.docx"])
    assert sum(one.name in posted for one in played.people) > APPLICANTS / 4
    assert not list((ground.home / "papers").rglob("*.part"))


def test_letters_go_to_those_approved_and_to_those_left_over(ground: Ground) -> None:
    play("2027H1", APPLICANTS, ground.home)
    letters = Counter((row.template, row.recipient) for row in rows_of(NOTICES) if row.recipient.startswith("party:"))
    assert set(letters.values()) == {1}
    served = {row.number for row in rows_of(CASES) if row.status in (M.IN_SERVICE, M.REINSTATED, M.SANCTIONED)}
    assert {who.removeprefix("party:") for what, who in letters if what == "notice_conscription.enlisted"} == served
    for row in rows_of(NOTICES):
        assert say(f"{row.template}_title", **row.facts)
        assert say(f"{row.template}_body", **row.facts)


def test_no_clock_is_left_running_that_the_season_has_met(ground: Ground) -> None:
    play("2027H1", APPLICANTS, ground.home)
    left = {row.name for row in open_clocks()}
    assert left.isdisjoint({"precheck", "medical", "political", "training", "posting"})
