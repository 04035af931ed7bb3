"""A stage for stories without Prefect: a fresh home, a clock set by hand, an officer for each role, rosters as files."""

import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pytest
from sqlalchemy import select, text
from sqlmodel import SQLModel

from config.messages import say
from config.offices import TOWN_ROLE, towns
from config.zone import SHANGHAI
from models.conscription import service_roll
from models.every_table import TABLES
from models.identity import check_digit
from models.roster import Row
from models.triggers import trigger_statements
from tasks import officer
from tasks.ask import Question, open_questions
from tasks.clock import now, set_clock
from tasks.door import Signature, decide
from tasks.form import form_schema
from tasks.journal import CASES, ENTRIES, NOTICES, case_id_of, verify
from tasks.roster import write_roster
from tasks.store import engine, forget, reading
from tasks.wait import INSTANCES, Parked

ROLES = (
    "armed_forces_department", "conscription_office", "resettlement_group", "finance_bureau", "justice_bureau",
    "district_government", *(f"{TOWN_ROLE}:{one.id}" for one in towns()),
)  # fmt: skip
CODE_SECONDS = 31
MEMBER_DASHES = 2
TABLES_USED = (*TABLES, *service_roll.TABLES)


def at(year: int, month: int, day: int, hour: int = 9) -> datetime:
    return datetime(year, month, day, hour, tzinfo=SHANGHAI)


def identity(born: date, serial: int, area: str = "320684") -> str:
    """Return a valid number; an odd serial is a man's."""
    body = f"{area}{born:%Y%m%d}{serial:03}"
    return body + check_digit(body)


def sheet(path: Path) -> list[tuple[Any, ...]]:
    return [tuple(cell.value for cell in row) for row in openpyxl.load_workbook(path).active.iter_rows()]


def words(path: Path) -> str:
    return zipfile.ZipFile(path).read("word/document.xml").decode()


class Stage:
    def __init__(self, folder: Path) -> None:
        self.folder, self.sheets = folder, 0

    def travel(self, to: datetime) -> None:
        set_clock(to)

    def tell(self, story: Callable[..., Any], *args: Any) -> Any:
        """Tell a story until it parks, twice: a replay must change nothing. Return its result, or None where it waits."""
        told = self._once(story, *args)
        before = self.entries()
        assert self._once(story, *args) == told
        assert self.entries() == before
        assert list(verify()) == []
        return told

    def _once(self, story: Callable[..., Any], *args: Any) -> Any:
        try:
            return story(*args)
        except Parked:
            return None

    def question(self, point: str) -> Question:
        found = [one for one in open_questions() if one.point == point]
        assert len(found) == 1, (point, [one.point for one in open_questions()])
        stem = point.partition(".")[0]
        assert {say(f"point_{found[0].process}.{stem}", language) for language in ("zh", "en")}
        assert form_schema(found[0].form)["required"]
        return found[0]

    def answer(self, point: str, *, staff: str = "", **fields: Any) -> str:
        """Answer the one open question of a point by the officer of its role."""
        asked = self.question(point)
        signer = staff or f"S{ROLES.index(asked.role) + 1:03}"
        set_clock(now() + timedelta(seconds=CODE_SECONDS))
        given = {"reason": "按规定办理", **fields}
        return decide(asked.seat_id, Signature(signer, officer.code_now(signer), given, "form"))

    def roster(self, rows: Sequence[Row]) -> Path:
        self.sheets += 1
        path = self.folder / f"sheet-{self.sheets}.xlsx"
        write_roster(path, type(rows[0]).sheet_title(), type(rows[0]), rows)
        return path

    def entries(self) -> int:
        with reading() as connection:
            return int(connection.execute(text("select count(*) from entries")).scalar_one())

    def journal(self, number: str) -> list[tuple[str, int, str]]:
        """Return step, turn and status after it, of the lines that are steps: no questions, waits or clocks."""
        chosen = select(ENTRIES.c.step, ENTRIES.c.turn, ENTRIES.c.after).where(ENTRIES.c.case_id == case_id_of(number))
        skipped = ("asked-", "until-", "for-", "clock-", "received-", "rung-")
        with reading() as connection:
            rows = connection.execute(chosen.order_by(ENTRIES.c.seq)).tuples().all()
        steps = [(step, turn, after) for step, turn, after in rows if not step.startswith(skipped)]
        if not (number.startswith(("ZB", "DJ")) and number.count("-") == MEMBER_DASHES):  # a member tells no story
            self._titled(number, [step for step, _, _ in steps])
        return steps

    def _titled(self, number: str, steps: Sequence[str]) -> None:
        """Each step of a story has its title in both languages, as the run page shows it."""
        with reading() as connection:
            process = connection.execute(select(CASES.c.process).where(CASES.c.number == number)).scalar_one()
        for step in steps:
            if not step.startswith(("opened", "closed", "ask-", "lapsed-")):
                assert {say(f"step_{process}.{step}", language) for language in ("zh", "en")}

    def outcome(self, number: str, step: str, turn: int = 1) -> Any:
        chosen = select(ENTRIES.c.outcome).where(
            ENTRIES.c.case_id == case_id_of(number), ENTRIES.c.step == step, ENTRIES.c.turn == turn
        )
        with reading() as connection:
            return connection.execute(chosen).scalar_one()

    def status(self, number: str) -> str:
        with reading() as connection:
            return str(connection.execute(select(CASES.c.status).where(CASES.c.number == number)).scalar_one())

    def closed(self, number: str) -> bool:
        with reading() as connection:
            return (
                connection.execute(select(CASES.c.closed_at).where(CASES.c.number == number)).scalar_one() is not None
            )

    def nudges(self, number: str) -> int:
        chosen = select(INSTANCES.c.nudges).where(INSTANCES.c.case_id == case_id_of(number))
        with reading() as connection:
            return int(connection.execute(chosen).scalar_one())

    def notices(self, number: str) -> list[tuple[str, str]]:
        """Return (recipient, template) of a case's notices, each shown whole in both languages."""
        chosen = select(NOTICES.c.recipient, NOTICES.c.template, NOTICES.c.facts).where(
            NOTICES.c.case_id == case_id_of(number)
        )
        with reading() as connection:
            rows = connection.execute(chosen.order_by(NOTICES.c.id)).all()
        for row in rows:
            for language in ("zh", "en"):
                assert say(f"{row.template}_title", language, **row.facts)
                assert say(f"{row.template}_body", language, **row.facts)
        return [(row.recipient, row.template) for row in rows]

    def paper(self, name: str) -> Path:
        return self.folder / "home" / "papers" / name


@contextmanager
def stage_at(folder: Path, patch: pytest.MonkeyPatch, moment: datetime, database: str = "") -> Iterator[Stage]:
    """Open a fresh stage at a moment."""
    patch.setenv("BANJIE_HOME", str(folder / "home"))
    patch.setenv("BANJIE_CLOCK", "simulated")
    patch.setenv("BANJIE_DATABASE_URL", database)
    forget()
    assert TABLES_USED
    SQLModel.metadata.create_all(engine())
    with engine().begin() as connection:
        for statement in trigger_statements(engine().dialect.name):
            connection.execute(text(statement))
    set_clock(moment)
    for place, role in enumerate(ROLES, 1):
        officer.enrol(f"S{place:03}", f"经办{place}", [role], date(2026, 1, 1))
    yield Stage(folder)
    patch.undo()
    forget()
