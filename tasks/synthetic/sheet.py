"""Write an invented sheet with the flaws that real sheets have; every one says that it is test data."""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.messages import say
from models.roster import Row, Verdict, columns_of
from tasks.roster import SheetColumn, write_roster
from tasks.synthetic.candidate import Due


@dataclass(frozen=True, slots=True)
class Made:
    """A sheet that was written: its rows, and how many of them hold a flaw that the importer must refuse."""

    path: Path
    form: type[Row]
    rows: int
    flawed: int


def verdict_of(passed: bool) -> Verdict:
    """Return a verdict."""
    return Verdict.PASSED if passed else Verdict.FAILED


def wrong_checksum(row: dict[str, Any], dice: random.Random) -> None:
    """Change the last character of the number."""
    number = str(row["identity"])
    row["identity"] = number[:-1] + dice.choice([c for c in "0123456789" if c != number[-1]])


def number_as_number(row: dict[str, Any], _: random.Random) -> None:
    """Make the number what Excel leaves of one that was typed as a number."""
    row["identity"] = float(str(row["identity"])[:15] + "000")


def wrong_sex(row: dict[str, Any], _: random.Random) -> None:
    """Contradict the number."""
    row["sex"] = next(one for one in type(row["sex"]) if one is not row["sex"])


def phone_short(row: dict[str, Any], _: random.Random) -> None:
    """Drop a digit."""
    row["phone"] = row["phone"][:-1]


def no_verdict(row: dict[str, Any], _: random.Random) -> None:
    """Leave the conclusion out."""
    row["verdict"] = None


def strange_verdict(row: dict[str, Any], _: random.Random) -> None:
    """Conclude something that is no conclusion."""
    row["verdict"] = say("synthetic.impossible_verdict")


Flaw = Callable[[dict[str, Any], random.Random], None]


def write_sheet(
    path: Path,
    form: type[Row],
    rows: Iterable[dict[str, Any]],
    dice: random.Random,
    flaws: Sequence[Flaw] = (),
    *,
    share: float = 0,
) -> Made:
    """Write rows as they would come; a flaw changes a row before it is written, and some rows stand twice."""
    columns = columns_of(form)
    lines: list[list[Any]] = []
    flawed = 0
    for row in rows:
        if flaws and dice.random() < share:
            dice.choice(flaws)(row, dice)
            flawed += 1
        elif flaws and dice.random() < share / 4:
            lines.append([row.get(column.field) for column in columns])
            flawed += 1
        lines.append([row.get(column.field) for column in columns])
    shown = [SheetColumn(column.title, column.cell.width, column.cell.kind) for column in columns]
    title = say("synthetic.title", form=form.sheet_title())
    return Made(path, form, write_roster(path, title, shown, lines, purpose=say("synthetic.purpose")), flawed)


def about(one: Due) -> dict[str, Any]:
    """Return how a row names someone."""
    return {"number": one.number, "identity": one.identity, "name": one.name}
