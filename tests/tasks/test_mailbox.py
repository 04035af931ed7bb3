"""The inbox folder: what lies there is taken in once and moved to where its result says."""

import random
import stat
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest

from config.messages import say
from config.offices import towns
from config.zone import SHANGHAI
from models.roster import ApplicationRow
from tasks import synthetic
from tasks.clock import set_clock
from tasks.conscription.course import open_season, read_plan
from tasks.intake import Intake
from tasks.journal import CASES
from tasks.mailbox import take_mailbox
from tasks.synthetic.sheet import write_sheet
from tests.ground import BOTH, PERSONS, journal, race, rows_of, settled

SEASON = "ZB-2027H1"
ON = date(2027, 2, 5)


@pytest.fixture(params=BOTH)
def box(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The inbox folder of an open season."""
    for ground in settled(request, home, monkeypatch):
        set_clock(datetime(2027, 2, 5, 9, tzinfo=SHANGHAI))
        open_season(read_plan("2027H1"))
        folder = ground.home / "mailbox" / SEASON
        folder.mkdir(parents=True)
        yield folder


def lay(path: Path, count: int) -> Path:
    people = synthetic.candidates(count, seed=1, on=date(2027, 3, 1), towns=[one.title for one in towns()])
    rows = [one.model_copy(update={"applied": ON}).model_dump() | {"willing": True, "consent": True} for one in people]
    write_sheet(path, ApplicationRow, rows, random.Random(0))
    return path


def names(home: Path, where: str) -> list[str]:
    return sorted(
        str(path.relative_to(home / where))
        for path in (home / where).rglob("*")
        if path.is_file() and path.name != ".lock"
    )


def test_a_sheet_is_taken_in_and_moved_on(box: Path, home: Path) -> None:
    lay(box / "application.xlsx", 4)
    (found,) = take_mailbox()
    assert (found.form, found.accepted, found.rejected) == ("application", 4, 0)
    assert names(home, "mailbox") == []
    assert names(home, "done") == [f"{SEASON}/application.xlsx"]
    assert stat.S_IMODE((home / "done" / SEASON).stat().st_mode) == 0o700
    assert take_mailbox() == []


def test_a_sheet_may_carry_its_chinese_name(box: Path, home: Path) -> None:
    lay(box / f"{say('roster.form_application')}（三厂街道）.XLSX".replace(".XLSX", ".xlsx"), 4)
    assert [one.accepted for one in take_mailbox()] == [4]
    assert len(names(home, "done")) == 1


def test_the_same_name_again_keeps_both(box: Path, home: Path) -> None:
    for count in (2, 4, 6):
        lay(box / "application.xlsx", count)
        take_mailbox()
    assert names(home, "done") == [f"{SEASON}/application{end}.xlsx" for end in ("-1", "-2", "")]
    assert len(rows_of(PERSONS)) == 6


def test_the_same_file_again_changes_nothing(box: Path, home: Path) -> None:
    content = lay(box / "application.xlsx", 4).read_bytes()
    take_mailbox()
    before = journal(SEASON)
    (box / "application.xlsx").write_bytes(content)
    assert [one.repeat for one in take_mailbox()] == [True]
    assert journal(SEASON) == before
    assert len(names(home, "done")) == 2


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("holiday.xlsx", "看不出是哪一种表"), ("application.xlsx", "application.xlsx"), ("medical.csv", "medical.csv"), ("registration.xlsx", "registration")],
)  # fmt: skip
def test_what_cannot_be_taken_is_put_aside_with_its_reason(box: Path, home: Path, name: str, sentence: str) -> None:
    (box / name).write_bytes(b"no sheet at all")
    lay(box / "application-good.xlsx", 3)
    before = len(journal(SEASON))
    assert [one.accepted for one in take_mailbox()] == [3]
    aside = names(home, "refused")
    assert aside == sorted([f"{SEASON}/{name}", f"{SEASON}/{Path(name).with_suffix('.txt')}"])
    reason = (home / "refused" / SEASON / name).with_suffix(".txt").read_text(encoding="utf-8")
    assert sentence in reason
    assert "\n" not in reason
    assert len(journal(SEASON)) == before + 1


def test_a_folder_of_no_case_is_put_aside(box: Path, home: Path) -> None:
    lay(box / "application.xlsx", 3)
    box.rename(box.with_name("ZB-1900H1"))
    assert take_mailbox() == []
    assert "没有编号为“ZB-1900H1”的事项" in (home / "refused" / "ZB-1900H1" / "application.txt").read_text(
        encoding="utf-8"
    )
    assert len(rows_of(CASES)) == 1


def test_what_is_no_sheet_and_what_excel_has_open_stays(box: Path, home: Path) -> None:
    for name in ("notes.txt", "~$application.xlsx", "application.part"):
        (box / name).write_bytes(b"x")
    assert take_mailbox() == []
    assert len(names(home, "mailbox")) == 3


def test_sweeps_at_once_take_each_sheet_once(box: Path, home: Path) -> None:
    for place in range(4):
        lay(box / f"application-{place}.xlsx", 3 + place)
    found = race(*[take_mailbox] * 3)
    assert [one for one in found if isinstance(one, Exception)] == []
    taken = [one for each in found if isinstance(each, list) for one in each]
    assert sorted(one.accepted for one in taken if isinstance(one, Intake) and not one.repeat) == [3, 4, 5, 6]
    assert names(home, "mailbox") == []
    assert len(names(home, "done")) == 4
    assert names(home, "refused") == []
