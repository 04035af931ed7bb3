"""The register of firms: sheets taken in, brought up to date, refused with the reason; every firm held to conditions."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pytest
from sqlalchemy import text

from config.messages import Refusal
from models.identity import check_credit_code
from models.roster import FirmRow
from tasks.journal import verify
from tasks.mailbox import FOLDER, take_mailbox
from tasks.policy_redemption.firm import (
    FIRMS,
    every_firm,
    firm_named,
    firms_after,
    match_firms,
    open_register,
    take_firms,
)
from tasks.roster import write_roster
from tasks.store import reading
from tasks.synthetic.firm import credit_code, firm_rows
from tests.ground import BOTH, Ground, journal, later, race, rows_of, settled
from tests.models.policy_redemption.wares import condition

DAY = date(2027, 1, 4)


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    yield from settled(request, home, monkeypatch)


def sheet(folder: Path, rows: list[FirmRow], name: str = "firm") -> Path:
    path = folder / f"{name}.xlsx"
    write_roster(path, FirmRow.sheet_title(), FirmRow, rows)
    return path


def firm(serial: int = 1, **changes: Any) -> FirmRow:
    told: dict[str, Any] = {"uscc": credit_code(serial), "name": "示例企业有限公司", "facts_on": DAY, "town": "三星镇"}
    return FirmRow.model_validate(told | changes)


def returned(path: Path | None) -> list[str]:
    assert path is not None
    return [str(row[-1].value) for row in openpyxl.load_workbook(path).active.iter_rows()]


def test_invented_codes_are_valid_and_each_its_own() -> None:
    codes = [credit_code(serial) for serial in range(1, 400)]
    assert len(set(codes)) == len(codes)
    assert all(check_credit_code(code).valid for code in codes)


def test_a_sheet_of_firms_is_taken_in_once_and_sealed(ground: Ground) -> None:
    rows = list(firm_rows(25, 7, DAY))
    path = sheet(ground.home, rows)
    taken = take_firms(path)
    assert (taken.accepted, taken.rejected) == (25, 0)
    assert take_firms(path).repeat
    assert [one.uscc for one in every_firm()] == [row.uscc for row in rows]
    assert journal("QY-2027")[0][0] == "opened"
    assert journal("QY-2027")[1][0].startswith("received-firm-")
    assert list(verify()) == []
    found = firm_named(rows[3].uscc)
    assert (found.name, found.has_account) == (rows[3].name, True)
    assert Decimal(found.facts["revenue"]) == rows[3].revenue
    stored = rows_of(FIRMS)[3]
    assert (stored.account, stored.holder) == (rows[3].account, rows[3].holder)
    with reading() as connection:
        raw = connection.execute(text("select account, holder from firms")).all()
    assert all((rows[3].account or "").encode() not in bytes(value) for row in raw for value in row)


def test_newer_facts_replace_older_ones_and_an_empty_cell_keeps_what_is_there(ground: Ground) -> None:
    first = firm(employees=10, revenue=Decimal("100.5"), titles="专精特新、高新技术企业", contact="王伟",
                 holder="示例企业有限公司", bank="示例银行", account="32050000001")  # fmt: skip
    take_firms(sheet(ground.home, [first]))
    later(days=40)
    second = firm(facts_on=date(2027, 2, 1), name="示例企业股份有限公司", town="常乐镇", employees=12)
    assert take_firms(sheet(ground.home, [second], "again")).accepted == 1
    found = firm_named(first.uscc)
    assert (found.name, found.town, found.facts_on) == ("示例企业股份有限公司", "changle", date(2027, 2, 1))
    assert found.facts == {
        "town": "changle",
        "employees": 12,
        "revenue": "100.50",
        "titles": ["专精特新", "高新技术企业"],
    }
    (stored,) = rows_of(FIRMS)
    assert (stored.contact, stored.bank, stored.account) == ("王伟", "示例银行", "32050000001")
    late = take_firms(sheet(ground.home, [firm(employees=99)], "late"))
    assert (late.accepted, late.rejected) == (0, 1)
    assert "已有2027-02-01的数据" in returned(late.returned)[-1]
    assert firm_named(first.uscc).facts["employees"] == 12


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("uscc", "91320684000000011X", "校验"), ("town", "无此镇", "所属区镇"), ("facts_on", date(2027, 2, 1), "晚于2027-01-04"),
        ("registered_on", date(2027, 1, 5), "成立日期晚于数据日期"), ("account", "32050000001", "一并填写"), ("credit", "优", "A、B、M、C、D"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_goes_back_with_its_reason(ground: Ground, field: str, value: Any, reason: str) -> None:
    bad = firm(2).model_copy(update={field: value})
    taken = take_firms(sheet(ground.home, [firm(1), bad]))
    assert (taken.accepted, taken.rejected) == (1, 1)
    assert reason in returned(taken.returned)[-1]


def test_an_unknown_firm_and_another_years_register_are_refused(ground: Ground) -> None:
    with pytest.raises(Refusal, match="企业库中没有"):
        firm_named(credit_code(9))
    with pytest.raises(Refusal, match="QY-2027"):
        open_register("QY-2026")


def test_the_mailbox_takes_firms_by_their_own_name(ground: Ground) -> None:
    box = ground.home / FOLDER / "QY-2027"
    box.mkdir(parents=True)
    sheet(box, list(firm_rows(3, 1, DAY)), "企业数据表-一季度")
    assert [(one.form, one.accepted) for one in take_mailbox()] == [("firm", 3)]


def test_two_sheets_at_once_open_one_register(ground: Ground) -> None:
    paths = [sheet(ground.home, list(firm_rows(30, 1, DAY, start=start)), f"sheet{start}") for start in (1, 21)]
    taken = race(*(lambda path=path: take_firms(path) for path in paths))
    assert [one.accepted for one in taken if not isinstance(one, Exception)] == [30, 30], taken
    assert len(list(every_firm())) == 50
    assert list(verify()) == []


def test_every_firm_is_in_or_out_with_a_reason_for_each_condition(ground: Ground) -> None:
    rows = list(firm_rows(60, 3, DAY))
    take_firms(sheet(ground.home, rows))
    asked = [condition("规上", "above_scale", "equals", "是"), condition("信用", "credit", "at_least", "B")]
    found = list(match_firms(asked, DAY))
    assert [one.uscc for one, _ in found] == [row.uscc for row in rows]
    assert all(len(judged.reasons) == 2 for _, judged in found)
    expected = [bool(row.above_scale) and row.credit in {"A", "B"} for row in rows]
    assert [judged.fits for _, judged in found] == expected
    assert {True, False} == set(expected)
    some = firms_after(found[9][0].id, 5)
    assert [one.id for one, _ in match_firms(asked, DAY, some)] == [found[n][0].id for n in range(10, 15)]
