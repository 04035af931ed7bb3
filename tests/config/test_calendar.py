"""The working-day calendar against tables typed from the notices, the seed library, and its own promises."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.calendar import FOLDER, Calendar, Kind, Overlay, calendar, compile_calendar, overlays
from config.messages import Refusal

ONE = timedelta(days=1)

# Working days of the year, weekdays off, weekend days that are worked: typed from the notices, apart from any library.
NOTICES = {
    2023: (249, "01-02 01-23..27 04-05 05-01..03 06-22 06-23 09-29 10-02..06", "01-28 01-29 04-23 05-06 06-25 10-07 10-08"),
    2024: (251, "01-01 02-12..16 04-04 04-05 05-01..03 06-10 09-16 09-17 10-01..04 10-07",
           "02-04 02-18 04-07 04-28 05-11 09-14 09-29 10-12"),
    2025: (248, "01-01 01-28..31 02-03 02-04 04-04 05-01 05-02 05-05 06-02 10-01..03 10-06..08", "01-26 02-08 04-27 09-28 10-11"),
    2026: (248, "01-01 01-02 02-16..20 02-23 04-06 05-01 05-04 05-05 06-19 09-25 10-01 10-02 10-05..07",
           "01-04 02-14 02-28 05-09 09-20 10-10"),
}  # fmt: skip
OVERLAY = {
    "year": 2027,
    "notice": "国办发明电〔2026〕1号",
    "url": "https://www.gov.cn/x",
    "approved_by": "甲某",
    "off": ["2027-01-01"],
}


def days(year: int, text: str) -> set[date]:
    found = set()
    for word in text.split():
        first, _, last = word.partition("..")
        begin = date.fromisoformat(f"{year}-{first}")
        found |= {begin + i * ONE for i in range(int(last) - begin.day + 1 if last else 1)}
    return found


def year_of(year: int) -> list[date]:
    return [date(year, 1, 1) + i * ONE for i in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)]


def works_by_notice(day: date) -> bool:
    _, off, makeup = NOTICES[day.year]
    return day in days(day.year, makeup) or (day.weekday() < 5 and day not in days(day.year, off))


def with_2027(off: list[str], makeup: list[str]) -> Calendar:
    notice = Overlay.model_validate({**OVERLAY, "off": off, "makeup": makeup})
    return compile_calendar([*overlays(), notice])


@pytest.mark.parametrize("year", NOTICES)
def test_every_day_is_as_the_notice_says(year: int) -> None:
    table = calendar()
    assert [day for day in year_of(year) if table.works(day) != works_by_notice(day)] == []
    assert table.count_working_days(date(year - 1, 12, 31), date(year, 12, 31)) == NOTICES[year][0]


@pytest.mark.parametrize("year", range(2019, 2027))
def test_every_day_agrees_with_the_seed_library(year: int) -> None:
    table = calendar()
    assert [day for day in year_of(year) if table.works(day) != chinese_calendar.is_workday(day)] == []


@pytest.mark.parametrize("year", range(2023, 2027))
def test_a_shipped_notice_names_its_document_and_its_days(year: int) -> None:
    table = calendar()
    _, off, makeup = NOTICES[year]
    for wanted, kind in ((days(year, off), Kind.HOLIDAY), (days(year, makeup), Kind.MAKEUP)):
        for day in wanted:
            found = table.day(day)
            assert (found.kind, found.published) == (kind, True)
            assert found.notice.startswith(f"国办发明电〔{year - 1}〕")
            assert found.url.startswith("https://www.gov.cn/zhengce/zhengceku/")


def test_years_without_a_notice_of_ours_name_the_seed() -> None:
    assert calendar().day(date(2020, 2, 1)).notice.startswith("chinesecalendar ")
    assert calendar().day(date(2022, 12, 31))[1:5] == (Kind.HOLIDAY, True, False, "国办发明电〔2022〕16号")


PLAIN = [
    ("2022-12-30", 2, "2023-01-04"), ("2023-01-20", 2, "2023-01-29"), ("2023-04-28", 2, "2023-05-05"),
    ("2023-05-12", 5, "2023-05-19"), ("2023-06-21", 2, "2023-06-26"), ("2024-02-09", 2, "2024-02-19"),
    ("2024-09-13", 2, "2024-09-18"), ("2025-01-26", 2, "2025-02-05"), ("2026-02-14", 1, "2026-02-24"),
    ("2026-02-12", 2, "2026-02-14"), ("2026-02-13", 2, "2026-02-24"), ("2026-02-14", 2, "2026-02-25"),
    ("2026-02-16", 2, "2026-02-25"), ("2026-05-08", 2, "2026-05-11"), ("2026-09-18", 2, "2026-09-21"),
    ("2026-09-24", 2, "2026-09-29"), ("2026-09-29", 2, "2026-10-08"), ("2026-09-30", 2, "2026-10-09"),
    ("2026-10-09", 2, "2026-10-12"),
]  # fmt: skip


@pytest.mark.parametrize(("start", "number", "end"), PLAIN)
def test_adding_working_days(start: str, number: int, end: str) -> None:
    assert calendar().add_working_days(date.fromisoformat(start), number) == (date.fromisoformat(end), False)


def test_weekdays_alone_are_wrong_on_all_ten_of_2026() -> None:
    for start, number, end in PLAIN[9:]:
        assert weekday_only(date.fromisoformat(start), number) != date.fromisoformat(end)


def weekday_only(day: date, number: int) -> date:
    while number:
        day += ONE
        number -= day.weekday() < 5
    return day


def test_the_last_working_day_before_and_by() -> None:
    table = calendar()
    assert table.last_working_day_before(date(2023, 9, 30)) == date(2023, 9, 28)  # T-EMIS-19
    assert table.last_working_day_before(date(2024, 5, 4)) == date(2024, 4, 30)  # T-APPT-02
    assert table.last_working_day_before(date(2023, 10, 9)) == date(2023, 10, 8)
    assert table.last_working_day_by(date(2023, 10, 9)) == date(2023, 10, 9)
    assert table.first_working_day_from(date(2023, 9, 29)) == date(2023, 10, 7)
    assert table.add_working_days(date(2023, 10, 7), -1).day == date(2023, 9, 28)


@pytest.mark.parametrize("start", ["2026-12-30", "2027-03-01", "2030-01-01"])
def test_beyond_the_notices_the_answer_is_provisional_never_silent(start: str) -> None:
    day = date.fromisoformat(start)
    found = calendar().add_working_days(day, 2)
    assert found.provisional
    assert found.day == weekday_only(day, 2)


def test_the_horizon_and_what_the_next_notice_may_still_move() -> None:
    table = calendar()
    assert table.horizon() == date(2026, 12, 31)
    assert table.firm_until() == date(2026, 11, 30)
    assert table.day(date(2027, 1, 1))[1:] == (Kind.WORKING, False, True, "", "")
    assert table.day(date(2026, 12, 1))[2:5] == (True, True, "国办发明电〔2025〕7号")
    assert not table.day(date(2025, 12, 31)).provisional
    assert table.add_working_days(date(2026, 11, 27), 1) == (date(2026, 11, 30), False)
    assert table.add_working_days(date(2026, 11, 27), 2) == (date(2026, 12, 1), True)
    assert table.add_working_days(date(2003, 12, 30), 3).provisional


def test_a_notice_that_is_not_loaded_in_time_is_named() -> None:
    table = calendar()
    assert table.missing_year(date(2026, 10, 31), (11, 1)) is None
    assert table.missing_year(date(2026, 11, 1), (11, 1)) == 2027
    assert table.missing_year(date(2027, 2, 1), (11, 1)) == 2027


def test_the_next_notice_rewrites_december_and_only_what_it_names() -> None:
    after = with_2027(["2026-12-31", "2027-01-01"], ["2026-12-27"])
    before = calendar()
    assert after.version != before.version
    assert after.horizon() == date(2027, 12, 31)
    assert after.day(date(2026, 12, 31))[1:5] == (Kind.HOLIDAY, True, False, "国办发明电〔2026〕1号")
    assert after.day(date(2026, 12, 27)).kind is Kind.MAKEUP
    assert after.day(date(2026, 12, 30))[1:5] == (Kind.WORKING, True, False, "国办发明电〔2025〕7号")
    assert before.add_working_days(date(2026, 12, 25), 4) == (date(2026, 12, 31), True)
    assert after.add_working_days(date(2026, 12, 25), 4) == (date(2026, 12, 30), False)
    assert before.works(date(2026, 12, 31))


def test_without_a_notice_of_ours_the_seed_keeps_the_december_that_it_merged() -> None:
    table = compile_calendar([Overlay.model_validate({**OVERLAY, "year": 2018, "off": ["2018-01-01"]})])
    assert table.works(date(2018, 12, 29))
    assert not table.works(date(2018, 12, 31))
    assert table.works(date(2018, 2, 16))  # the file states the whole year: no Spring Festival in it, none in the year


def write(folder: Path, name: str, **change: object) -> None:
    facts = {key: value for key, value in {**OVERLAY, **change}.items() if value is not None}
    lines = [
        f"{key}: {[*map(str, value)]}" if isinstance(value, list) else f"{key}: {value}" for key, value in facts.items()
    ]
    (folder / name).write_text("\n".join(lines), encoding="utf-8")


def test_a_good_file_is_read_with_off_unquoted(tmp_path: Path) -> None:
    write(tmp_path, "2027.yaml", makeup=["2026-12-27"])
    assert "\noff: " in (tmp_path / "2027.yaml").read_text(encoding="utf-8")
    (found,) = overlays(tmp_path)
    assert (found.off, found.makeup) == ((date(2027, 1, 1),), (date(2026, 12, 27),))


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("2027.yaml", {"notice": None}, "notice"),
        ("2027.yaml", {"notice": "' '"}, "notice"),
        ("2027.yaml", {"approved_by": None}, "approved_by"),
        ("2027.yaml", {"url": None}, "url"),
        ("2027.yaml", {"off": None}, "off"),
        ("2027.yaml", {"extra": 1}, "extra"),
        ("next.yaml", {}, "2027.yaml"),
        ("2027.yaml", {"off": ["2028-01-01"]}, "2028-01-01"),
        ("2027.yaml", {"off": ["2026-11-30"]}, "2026-11-30"),
        ("2027.yaml", {"makeup": ["2027-01-04"]}, "2027-01-04"),
        ("2027.yaml", {"off": ["2027-01-01", "2027-01-01"]}, "2027-01-01"),
        ("2027.yaml", {"off": ["2027-01-02"], "makeup": ["2027-01-02"]}, "2027-01-02"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(
    tmp_path: Path, name: str, change: dict[str, object], says: str
) -> None:
    write(tmp_path, name, **change)
    with pytest.raises(Refusal) as refused:
        overlays(tmp_path)
    assert name in str(refused.value)
    assert says in str(refused.value)


@pytest.mark.parametrize("text", ["off: [2027-02-30]", "- 1", "year: [", "27"])
def test_a_file_that_is_no_notice_is_refused_in_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "2027.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(Refusal) as refused:
        overlays(tmp_path)
    assert "2027.yaml" in str(refused.value)


def test_a_gap_year_and_two_notices_for_a_year_are_refused() -> None:
    notice = Overlay.model_validate({**OVERLAY, "year": 2028, "off": ["2028-01-01"]})
    with pytest.raises(Refusal, match="2027"):
        compile_calendar([*overlays(), notice])
    with pytest.raises(Refusal, match="2026"):
        compile_calendar([*overlays(), overlays()[-1]])


def test_an_instant_is_not_a_day() -> None:
    for moment in (datetime(2023, 9, 28, 16), datetime(2023, 9, 28, 16, tzinfo=UTC)):  # noqa: DTZ001 -- naive on purpose
        with pytest.raises(TypeError, match="Asia/Shanghai"):
            calendar().add_working_days(moment, 2)


def test_the_calendar_is_a_value() -> None:
    table = calendar()
    again = compile_calendar(overlays())
    assert again == table
    assert hash(again) == hash(table)
    assert compile_calendar([]) != table
    assert len(table.version) <= 64
    with pytest.raises(AttributeError):
        table.version = "x"  # type: ignore[misc]


def test_the_version_is_the_same_in_another_process() -> None:
    code = "from config.calendar import calendar; print(calendar().version)"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=FOLDER.parent.parent
    )
    assert found.stdout.strip() == calendar().version


any_day = st.dates(date(1990, 1, 1), date(2060, 12, 31))


@given(any_day, st.integers(1, 400))
def test_add_and_measure_are_inverse(day: date, number: int) -> None:
    table = calendar()
    end = table.add_working_days(day, number).day
    assert table.works(end)
    assert table.count_working_days(day, end) == number
    back = table.add_working_days(end + ONE, -number).day
    assert table.works(back)
    assert day < back <= end


@given(any_day, any_day, st.integers(0, 60), st.integers(0, 60))
def test_later_never_ends_earlier(one: date, other: date, few: int, more: int) -> None:
    table = calendar()
    (one, other), (few, more) = sorted((one, other)), sorted((few, more))
    assert table.add_working_days(one, few).day <= table.add_working_days(other, few).day
    assert table.add_working_days(one, few).day <= table.add_working_days(one, more).day


@given(any_day, any_day, any_day)
def test_counts_add_up(one: date, two: date, three: date) -> None:
    table = calendar()
    assert table.count_working_days(one, two) + table.count_working_days(two, three) == table.count_working_days(
        one, three
    )


@given(st.dates(date(2026, 1, 1), date(2027, 6, 30)), st.integers(1, 30), st.data())
def test_what_is_not_provisional_no_next_notice_moves(day: date, number: int, data: st.DataObject) -> None:
    may = st.dates(date(2026, 12, 1), date(2027, 12, 31))
    off = data.draw(st.sets(may, min_size=1, max_size=12))
    makeup = data.draw(st.sets(may.filter(lambda d: d.weekday() >= 5), max_size=6)) - off
    after = with_2027([*map(str, off)], [*map(str, makeup)])
    before = calendar().add_working_days(day, number)
    assert before.provisional or before == after.add_working_days(day, number)


@given(st.dates(date(2004, 1, 1), date(2026, 12, 31)), st.integers(1, 40))
def test_against_a_loop_over_days(day: date, number: int) -> None:
    end, left = day, number
    while left:
        end += ONE
        left -= chinese_calendar.is_workday(end) if end.year < 2027 else end.weekday() < 5
    assert calendar().add_working_days(day, number).day == end
