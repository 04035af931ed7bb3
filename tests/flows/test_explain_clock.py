"""The contract of `banjie explain` for deadlines, identity numbers and credit codes, and what it may not load."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from config.messages import Refusal
from config.rulebook import cited
from flows.explain_clock import explain_deadline, explain_identity, explain_uscc

ROOT = Path(__file__).resolve().parents[2]


def result(*arguments: Any, **named: Any) -> dict[str, Any]:
    found = explain_deadline(*arguments, **named)
    assert json.loads(json.dumps(found)) == found
    assert list(found) == ["result", "working", "reading", "source"]
    assert all(set(source) == {"document", "article"} for source in found["source"])
    shown: dict[str, Any] = found["result"]
    return shown


def test_the_working_days_of_the_contract() -> None:
    found = explain_deadline("working-days", 2, "2023-09-28T16:00")
    assert result("working-days", 2, "2023-09-28T16:00") == {
        "due": "2023-10-08",
        "due_at": "2023-10-08T23:59:59+08:00",
        "target_at": "2023-10-08T17:30:00+08:00",
        "paused": False,
        "provisional": False,
        "calendar_version": found["result"]["calendar_version"],
    }
    assert [line["mark"] for line in found["working"]] == ["anchor", *["skipped"] * 8, "counted", "counted"]
    assert found["working"][-1] == {
        "day": "2023-10-08",
        "mark": "counted",
        "number": 2,
        "kind": "makeup",
        "provisional": False,
        "notice": "国办发明电〔2022〕16号",
        "text": "调休上班日，计入",
    }
    assert found["source"] == [
        {"document": "中华人民共和国民法典", "article": "第二百零一条、第二百零三条"},
        {"document": "国办发明电〔2022〕16号", "article": "2023年节假日安排"},
    ]


def test_the_hours_of_the_contract() -> None:
    found = explain_deadline("hours", 48, "2023-10-01T14:30")
    assert result("hours", 48, "2023-10-01T14:30")["due"] == "2023-10-03T14:30"
    assert found["reading"] is None
    assert [line["hours"] for line in found["working"]] == [0.0, 9.5, 33.5, 48.0]
    assert result("hours", 1, "2023-10-01T14:30:15")["due"] == "2023-10-01T15:30:15"


def test_both_days_of_a_pause_are_included() -> None:
    assert result("working-days", 2, "2023-09-27T10:00", ["2023-09-28..2023-10-06"])["due"] == "2023-10-08"
    assert result("working-days", 2, "2023-09-27T10:00", ["2023-09-28..2023-10-07"])["due"] == "2023-10-09"
    assert (
        result("working-days", 2, "2023-09-27T10:00", ["2023-10-07..2023-10-07", "2023-10-08..2023-10-08"])["due"]
        == "2023-10-09"
    )
    assert result("hours", 48, "2023-10-01T14:30", ["2023-10-02..2023-10-02"])["due"] == "2023-10-04T14:30"
    assert result("hours", 48, "2023-10-01T14:30", ["2023-10-02T10:00..2023-10-02T11:00"])["due"] == "2023-10-03T15:30"


def test_an_open_pause_has_no_due_date() -> None:
    found = explain_deadline("working-days", 2, "2023-09-27T10:00", ["2023-09-29.."])
    assert (found["result"]["due"], found["result"]["due_at"], found["result"]["paused"]) == (None, None, True)
    assert found["working"][-1]["text"] == "暂停计时，尚未恢复"


def test_the_reading_and_its_alternative() -> None:
    found = explain_deadline("working-days", 2, "2023-09-28T17:31")
    assert found["result"]["due"] == "2023-10-08"
    assert found["reading"]["value"] == "same_day"
    assert found["reading"]["otherwise"] == {"next_day": "2023-10-09"}
    other = explain_deadline("working-days", 2, "2023-09-28T17:31", after_hours="next_day")
    assert other["result"]["due"] == "2023-10-09"
    assert other["reading"]["otherwise"] == {"same_day": "2023-10-08"}


def test_calendar_days_with_an_appraisal_excluded_and_the_other_reading() -> None:
    found = explain_deadline("days", 60, "2026-11-01T10:00", ["2026-11-10..2026-11-20"])
    assert result("days", 60, "2026-11-01T10:00", ["2026-11-10..2026-11-20"])["due"] == "2027-01-11"
    assert not found["result"]["provisional"]
    assert [line["mark"] for line in found["working"]].count("paused") == 11
    assert found["working"][-1]["number"] == 60
    assert {line["text"] for line in found["working"] if line["mark"] == "counted"} == {"自然日，计入"}
    assert found["source"] == [{"document": "中华人民共和国民法典", "article": "第二百零一条、第二百零三条"}]
    assert (found["reading"]["rule"], found["reading"]["value"]) == ("calendar.days", "stands")
    holiday = explain_deadline("days", 4, "2026-09-29")
    assert holiday["result"]["due"] == "2026-10-03"
    assert holiday["reading"]["otherwise"] == {"moved": "2026-10-08"}
    assert explain_deadline("days", 2, "2026-11-01", ["2026-11-02.."])["result"]["paused"]
    assert cited("calendar.days", date(2026, 11, 1)).certainty == "unverified"


def test_an_instant_is_read_in_shanghai() -> None:
    assert result("working-days", 2, "2026-09-30T16:00Z", after_hours="next_day")["due"] == "2026-10-10"
    assert result("working-days", 2, "2026-09-30T16:00Z")["due"] == "2026-10-09"


def test_beyond_the_notices_it_says_provisional() -> None:
    found = explain_deadline("working-days", 2, "2026-12-30")
    assert found["result"]["provisional"]
    assert [line["provisional"] for line in found["working"]] == [False, True, True]
    assert not result("working-days", 2, "2022-12-30")["provisional"]
    assert result("working-days", 2, "2022-12-30")["due"] == "2023-01-04"


def test_calendar_days_and_minutes_run_through_holidays() -> None:
    assert result("days", 60, "2023-09-10")["due"] == "2023-11-09"
    assert result("minutes", 90, "2023-10-01T23:00")["due"] == "2023-10-02T00:30"


def test_a_fixed_date() -> None:
    assert result("date", 0, "2023-09-30")["due"] == "2023-09-30"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("weeks", 2, "2023-01-01"), "weeks"),
        (("days", 0, "2023-01-01"), "0"),
        (("days", 1001, "2023-01-01"), "1001"),
        (("working-days", 0, "2023-01-01"), "0"),
        (("working-days", 1001, "2023-01-01"), "1001"),
        (("hours", -1, "2023-01-01T10:00"), "-1"),
        (("date", 2, "2023-01-01"), "2"),
        (("hours", 2, "2023-01-01"), "时刻"),
        (("working-days", 2, "yesterday"), "--from"),
        (("working-days", 2, ""), "--from"),
        (("working-days", 2, "2023-02-30"), "2023-02-30"),
        (("working-days", 2, "0001-01-01"), "1987"),
        (("working-days", 2, "9999-12-31"), "2200"),
        (("working-days", 2, "2023-01-01", ["2023-01-05"]), "2023-01-05"),
        (("working-days", 2, "2023-01-01", ["..2023-01-05"]), "..2023-01-05"),
        (("working-days", 2, "2023-01-01", ["x..y"]), "--pause"),
        (("working-days", 2, "2023-01-01", ["2023-01-05..2023-01-04"]), "止早于起"),
        (("working-days", 2, "2023-01-01", [], "later"), "later"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(arguments: tuple[Any, ...], says: str) -> None:
    with pytest.raises(Refusal) as refused:
        explain_deadline(*arguments)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_identity_number() -> None:
    found = explain_identity("11010519491231002X", date(2026, 11, 23))
    assert json.loads(json.dumps(found)) == found
    assert found["result"] == {
        "valid": True,
        "number": "****************2X",
        "errors": [],
        "warnings": [
            {"name": "identity.area_other_province", "text": "身份证号的区划代码 110105 属北京市，不是本区，请核对户籍"}
        ],
        "born": "1949-12-31",
        "sex": "female",
        "area": "110105",
        "on": "2026-11-23",
    }
    assert found["working"][-1] == {"step": "check_character", "found": "X", "expected": "X"}
    assert found["source"] == [{"document": "GB 11643", "article": "校验码 MOD 11-2"}]


def test_a_wrong_identity_number_says_why() -> None:
    assert not explain_identity("110105194912310021", date(2026, 11, 23))["result"]["valid"]
    future = explain_identity("320681203512310017")["result"]  # without a day: today
    assert [error["name"] for error in future["errors"]] == ["identity.birth_future"]
    assert explain_identity("320681203512310017", date(2036, 1, 1))["result"]["valid"]
    old = explain_identity("320684050101001")
    assert old["result"]["born"] is None
    assert "18位" in old["result"]["errors"][0]["text"]


def test_a_credit_code() -> None:
    found = explain_uscc("91110000600037341L")
    assert (found["result"]["valid"], found["result"]["warnings"]) == (True, [])
    assert not explain_uscc("91110000600037342L")["result"]["valid"]
    legacy = explain_uscc("91110000600037342P")["result"]
    assert legacy["valid"]
    assert [warning["name"] for warning in legacy["warnings"]] == ["identity.uscc_inner"]
    assert explain_uscc("")["result"]["valid"] is False


def test_it_loads_no_engine_no_database_and_no_number_plan() -> None:
    code = (
        "import sys, flows.explain_clock; "
        "print(sorted({m.split('.')[0] for m in sys.modules} "
        "& {'prefect', 'sqlmodel', 'sqlalchemy', 'fastapi', 'apprise', 'requests', 'phonenumbers', 'pydantic_settings'}))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == "[]"
