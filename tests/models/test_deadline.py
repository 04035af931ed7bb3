"""The three clocks: the acceptance examples, the tables of receipt after hours, pauses, and an oracle written otherwise."""

import os
import time
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

import chinese_calendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from config.calendar import calendar
from config.messages import Refusal
from config.zone import SHANGHAI
from models import case
from models.deadline import (
    AfterHours,
    Clock,
    DeadlineTerms,
    Due,
    consumed,
    due,
    practice_on,
    remaining,
    rung_times,
)
from models.receipt import Mark, ReceiptLine, receipt

ONE = timedelta(days=1)
HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)


def terms(
    start: str,
    budget: int,
    *pauses: tuple[str, str | None],
    clock: Clock = Clock.WORKING_DAYS,
    after_hours: AfterHours = "same_day",
) -> DeadlineTerms:
    spans = [(at(begin), at(end) if end else None) for begin, end in pauses]
    return DeadlineTerms.under_rules(clock, at(start), budget, spans, after_hours)


def end_of(found: DeadlineTerms) -> Due:
    return due(found, calendar())


def last_day(start: str, budget: int, *pauses: tuple[str, str | None], after_hours: AfterHours = "same_day") -> str:
    return str(end_of(terms(start, budget, *pauses, after_hours=after_hours)).day)


def weekday_only(day: date, number: int) -> date:
    while number:
        day += ONE
        number -= day.weekday() < 5
    return day


# (trigger, working days, due, the weekday-only answer where it is wrong)
ACCEPTANCE = {
    "T-CAL-05": ("2023-06-20", 2, "2023-06-25", "2023-06-22"),
    "T-CAL-09": ("2023-06-22", 2, "2023-06-26", None),
    "T-CAL-10": ("2023-06-23", 3, "2023-06-27", "2023-06-28"),
    "T-CAL-13": ("2023-06-27", 5, "2023-07-04", None),
    "T-CAL-14": ("2023-09-27", 3, "2023-10-08", "2023-10-02"),
    "T-CAL-15": ("2023-09-28", 2, "2023-10-08", "2023-10-02"),
    "T-CAL-16": ("2023-09-28", 3, "2023-10-09", "2023-10-03"),
    "T-CAL-17": ("2023-09-28", 5, "2023-10-11", "2023-10-05"),
    "T-CAL-18": ("2023-09-29", 2, "2023-10-08", "2023-10-03"),
    "T-CAL-19": ("2023-10-01", 5, "2023-10-11", "2023-10-06"),
    "T-CAL-20": ("2023-09-26", 5, "2023-10-09", "2023-10-03"),
    "T-CAL-21": ("2023-10-06", 3, "2023-10-09", "2023-10-11"),
    "T-CAL-22": ("2023-10-07", 2, "2023-10-09", "2023-10-10"),
    "T-CAL-23": ("2023-09-26", 3, "2023-10-07", "2023-09-29"),
    "T-CAL-26": ("2023-04-28", 2, "2023-05-05", "2023-05-02"),
}


@pytest.mark.parametrize(("start", "budget", "wanted", "rejected"), ACCEPTANCE.values(), ids=ACCEPTANCE)
def test_acceptance(start: str, budget: int, wanted: str, rejected: str | None) -> None:
    found = end_of(terms(start, budget))
    assert found.due_at == at(f"{wanted}T23:59:59")
    assert found.target_at == at(f"{wanted}T17:30")
    assert not found.provisional
    by_weekdays = str(weekday_only(date.fromisoformat(start), budget))
    assert by_weekdays == (rejected or wanted)
    assert str(found.day) != rejected


PLATFORM = {
    "T-POL-02": ("2023-06-28", 3, "2023-07-03"),
    "T-POL-03": ("2023-09-27", 3, "2023-10-08"),
    "T-POL-04": ("2023-09-28", 5, "2023-10-11"),
    "T-POL-05": ("2023-06-27", 5, "2023-07-04"),
    "T-POL-06": ("2023-06-29", 2, "2023-07-03"),
    "T-POL-07": ("2023-09-28T16:00", 2, "2023-10-08"),
}


@pytest.mark.parametrize(("start", "budget", "wanted"), PLATFORM.values(), ids=PLATFORM)
def test_acceptance_of_the_platform(start: str, budget: int, wanted: str) -> None:
    assert last_day(start, budget) == wanted


def test_feedback_on_the_make_up_sunday_is_on_time() -> None:
    found = end_of(terms("2023-09-28T16:00", 2))
    assert not found.overdue(at("2023-10-08T17:00"))
    assert not found.overdue(at("2023-10-08T23:59:59.999999"))
    assert found.overdue(at("2023-10-09T00:00"))


AFTER_HOURS = [
    ("2023-09-28T16:00", "2023-10-08", "2023-10-08"),
    ("2023-09-28T17:30", "2023-10-08", "2023-10-08"),
    ("2023-09-28T17:31", "2023-10-09", "2023-10-08"),
    ("2023-09-30T10:00", "2023-10-09", "2023-10-08"),
    ("2023-10-07T10:00", "2023-10-09", "2023-10-09"),
    ("2026-02-13T17:00", "2026-02-24", "2026-02-24"),
    ("2026-09-30T16:00Z", "2026-10-10", "2026-10-09"),
]


@pytest.mark.parametrize(("start", "next_day", "same_day"), AFTER_HOURS)
def test_receipt_after_hours_or_on_a_day_off(start: str, next_day: str, same_day: str) -> None:
    assert last_day(start, 2, after_hours="next_day") == next_day
    assert last_day(start, 2, after_hours="same_day") == same_day


def test_t_inc_33_hours_run_through_the_holiday() -> None:
    found = terms("2023-10-01T14:30", 48, clock=Clock.HOURS)
    assert end_of(found).due_at == at("2023-10-03T14:30")
    assert not end_of(found).provisional
    assert end_of(found).overdue(at("2023-10-03T14:30:01"))
    assert not end_of(found).overdue(at("2023-10-03T14:30"))


def test_t_emis_19_a_fixed_date_stays_and_is_reminded_of_on_the_last_working_day() -> None:
    found = terms("2023-09-30", 0, ("2023-09-01", None), clock=Clock.DATE)
    assert end_of(found).due_at == at("2023-09-30T23:59:59")
    names = ["half", "last_day", "last_working_day", "before:10", "breach"]
    assert rung_times(found, end_of(found), names, calendar()) == {
        "last_day": at("2023-09-30T09:00"),
        "last_working_day": at("2023-09-28T09:00"),
        "before:10": at("2023-09-20T09:00"),
        "breach": at("2023-10-01"),
    }
    assert rung_times(found, end_of(found), ["before:working_day"], calendar()) == {
        "before:working_day": at("2023-09-28T09:00")
    }
    assert consumed(found, at("2023-09-29"), calendar()) == timedelta(0)
    assert remaining(found, at("2023-09-29"), calendar()) == timedelta(days=2)
    assert remaining(found, at("2023-10-29"), calendar()) == timedelta(0)


def test_the_servers_zone_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    for zone in ("America/Los_Angeles", "Pacific/Kiritimati"):
        monkeypatch.setitem(os.environ, "TZ", zone)
        time.tzset()
        try:
            assert last_day("2026-09-30T15:59:59+00:00", 2) == "2026-10-09"
            assert last_day("2026-09-30T23:59:59-12:00", 2) == "2026-10-09"
            assert last_day("2026-10-08T00:00:00+08:00", 2) == "2026-10-10"
        finally:
            monkeypatch.undo()
            time.tzset()


# --- pauses


def test_one_of_two_days_used_paused_over_national_day_and_exactly_one_left() -> None:
    paused = terms("2023-09-27T10:00", 2, ("2023-09-29T09:00", None))
    assert end_of(paused) == (None, None, False, calendar().version)
    assert end_of(paused).day is None
    assert not end_of(paused).overdue(at("2030-01-01"))
    for moment in ("2023-09-29T09:00", "2023-10-08T12:00", "2029-01-01"):
        assert consumed(paused, at(moment), calendar()) == ONE
        assert remaining(paused, at(moment), calendar()) == ONE
    assert rung_times(paused, end_of(paused), ["half", "last_day", "breach"], calendar()) == {}
    resumed = terms("2023-09-27T10:00", 2, ("2023-09-29T09:00", "2023-10-07T11:00"))
    assert remaining(resumed, at("2023-10-07T11:00"), calendar()) == ONE
    assert end_of(resumed).due_at == at("2023-10-08T23:59:59")


@pytest.mark.parametrize(
    ("pauses", "wanted"),
    [
        ([("2023-09-27", "2023-09-28")], "2023-10-07"),  # the trigger day, all of it: nothing to lose
        ([("2023-09-27T10:00", "2023-09-28T00:00:01")], "2023-10-08"),  # a second of a day pauses the day
        ([("2023-09-28T10:00", "2023-09-28T10:05")], "2023-10-08"),
        ([("2023-09-28T10:00", "2023-09-28T10:05"), ("2023-09-28T15:00", "2023-09-28T15:05")], "2023-10-08"),
        ([("2023-09-28T10:00", "2023-09-28T10:00")], "2023-10-07"),  # no time at all
        ([("2023-09-30", "2023-10-03")], "2023-10-07"),  # holidays cannot be lost twice
        ([("2023-10-07T23:00", "2023-10-07T23:01")], "2023-10-08"),
        ([("2023-10-08T00:00", None)], "2023-10-07"),  # paused after it ended
        ([("2023-01-01", "2023-09-27T10:00")], "2023-10-07"),  # before it began
    ],
)
def test_a_day_any_part_of_which_is_paused_does_not_count(pauses: list[tuple[str, str | None]], wanted: str) -> None:
    assert last_day("2023-09-27T09:00", 2, *pauses) == wanted


def test_hours_are_paused_to_the_second() -> None:
    found = terms("2023-10-01T14:30", 48, ("2023-10-02T08:00:00", "2023-10-02T09:15:30"), clock=Clock.HOURS)
    assert end_of(found).due_at == at("2023-10-03T15:45:30")
    assert consumed(found, at("2023-10-02T09:00"), calendar()) == timedelta(hours=17.5)
    assert remaining(found, at("2023-10-03T15:45:30"), calendar()) == timedelta(0)
    still = terms("2023-10-01T14:30", 48, ("2023-10-02T08:00:00", None), clock=Clock.HOURS)
    assert end_of(still).due_at is None
    assert remaining(still, at("2024-10-02"), calendar()) == timedelta(hours=30.5)


# --- calendar days


def days_from(start: str, budget: int, *pauses: tuple[str, str | None]) -> DeadlineTerms:
    return terms(start, budget, *pauses, clock=Clock.DAYS)


@pytest.mark.parametrize(
    ("start", "budget", "pauses", "wanted"),
    [
        ("2023-09-28T16:00", 1, (), "2023-09-29"),
        ("2023-09-28T23:59", 30, (), "2023-10-28"),  # holidays and weekends count
        ("2024-01-31", 30, (), "2024-03-01"),  # through a leap day
        ("2026-11-25T10:00", 60, (), "2027-01-24"),  # beyond the published calendar, and still firm
        ("2026-11-01", 60, (("2026-11-10T09:00", "2026-11-20T17:00"),), "2027-01-11"),  # an appraisal: 11 days
        ("2026-11-01", 60, (("2026-11-10", "2026-11-11"), ("2026-11-10T08:00", "2026-11-10T09:00")), "2027-01-01"),
    ],
)
def test_calendar_days_count_every_day(start: str, budget: int, pauses: tuple[Any, ...], wanted: str) -> None:
    found = days_from(start, budget, *pauses)
    end = end_of(found)
    assert (str(end.day), end.provisional) == (wanted, False)
    assert end.breach_at == at(wanted) + ONE
    lines = receipt(found, calendar())
    assert [line.number for line in lines if line.mark is Mark.COUNTED] == [*range(1, budget + 1)]
    assert not any(line.notice or line.provisional for line in lines)
    assert {line.text() for line in lines if line.mark is Mark.COUNTED} == {"自然日，计入"}


def test_calendar_days_stand_still_while_a_pause_is_open() -> None:
    found = days_from("2026-11-01", 60, ("2026-11-10T09:00", None))
    assert end_of(found).due_at is None
    assert consumed(found, at("2027-06-01"), calendar()) == 8 * ONE
    assert remaining(found, at("2027-06-01"), calendar()) == 52 * ONE
    assert receipt(found, calendar())[-1].text() == "暂停计时，尚未恢复"


def test_the_last_of_calendar_days_moves_past_days_off_only_by_the_other_reading() -> None:
    found = days_from("2026-09-29T10:00", 4)
    moved = found.model_copy(update={"practice": found.practice.model_copy(update={"last_day": "moved"})})
    assert str(end_of(found).day) == "2026-10-03"
    assert str(end_of(moved).day) == "2026-10-08"
    lines = receipt(moved, calendar())
    assert [line.number for line in lines if line.mark is Mark.COUNTED] == [1, 2, 3, 4]
    assert {line.text() for line in lines[5:]} == {"末日遇休假日，顺延"}
    assert remaining(moved, at("2026-10-05"), calendar()) == timedelta(0)
    beyond = days_from("2031-04-28", 5)
    later = beyond.model_copy(update={"practice": beyond.practice.model_copy(update={"last_day": "moved"})})
    assert end_of(later).provisional
    assert not end_of(beyond).provisional


def test_rungs_of_calendar_days() -> None:
    found = days_from("2026-11-01T12:00", 60, ("2026-11-10", "2026-11-20"))
    assert rung_times(found, end_of(found), ["half", "share:80", "last_day", "breach"], calendar()) == {
        "half": at("2026-12-11T09:00"),
        "share:80": at("2026-12-29T09:00"),
        "last_day": at("2027-01-10T09:00"),
        "breach": at("2027-01-11"),
    }


# --- rungs


def test_rungs_of_working_days() -> None:
    found = terms("2023-09-28T16:00", 5)
    assert rung_times(
        found, end_of(found), ["half", "last_day", "last_working_day", "before:1", "breach"], calendar()
    ) == {
        "half": at("2023-10-09T09:00"),
        "last_day": at("2023-10-11T09:00"),
        "last_working_day": at("2023-10-11T09:00"),
        "before:1": at("2023-10-10T09:00"),
        "breach": at("2023-10-12"),
    }


def test_rungs_of_hours() -> None:
    found = terms("2023-10-01T14:30", 48, ("2023-10-02T08:00", "2023-10-02T09:00"), clock=Clock.HOURS)
    assert rung_times(found, end_of(found), ["half", "last_day", "breach"], calendar()) == {
        "half": at("2023-10-02T15:30"),
        "last_day": at("2023-10-03T09:00"),
        "breach": at("2023-10-03T15:30:01"),
    }
    early = terms("2023-10-01T07:30", 24, clock=Clock.HOURS)
    assert rung_times(early, end_of(early), ["last_day"], calendar()) == {"last_day": at("2023-10-01T09:00")}
    short = terms("2023-10-01T14:30", 2, clock=Clock.HOURS)
    assert rung_times(short, end_of(short), ["half", "last_day", "before:1"], calendar()) == {
        "half": at("2023-10-01T15:30")
    }


@pytest.mark.parametrize("name", ["", "quarter", "before", "before:", "before:-1", "before:x"])
def test_an_unknown_rung_is_refused(name: str) -> None:
    found = terms("2023-09-28", 2)
    with pytest.raises(Refusal, match="提醒节点"):
        rung_times(found, end_of(found), [name], calendar())


# --- receipt


def told(line: ReceiptLine) -> tuple[str, str, int | None]:
    return f"{line.day:%m-%d}", line.mark.value, line.number


def test_the_receipt_tells_every_day_and_the_notice_it_rests_on() -> None:
    lines = receipt(terms("2023-09-27", 3, ("2023-10-07T10:00", "2023-10-07T11:00")), calendar())
    off = [(f"{day:%m-%d}", "skipped", None) for day in (date(2023, 9, 29) + i * ONE for i in range(8))]
    counted = [("10-08", "counted", 2), ("10-09", "counted", 3)]
    assert [told(line) for line in lines] == [
        ("09-27", "anchor", None), ("09-28", "counted", 1), *off, ("10-07", "paused", None), *counted,
    ]  # fmt: skip
    assert {line.notice for line in lines} == {"国办发明电〔2022〕16号"}
    assert lines[-2].text() == "调休上班日，计入"
    assert lines[-2].text("en") == "make-up working day, counted"


def test_the_receipt_of_what_came_after_hours() -> None:
    lines = receipt(terms("2026-02-13T17:31", 1, after_hours="next_day"), calendar())
    assert [told(line) for line in lines[:2]] == [("02-13", "skipped", None), ("02-14", "anchor", None)]
    assert told(lines[-1]) == ("02-24", "counted", 1)
    assert [line.reason for line in lines[:2]] == ["calendar.received_late", "calendar.anchor_moved"]


def test_the_receipt_beyond_the_notices_says_so() -> None:
    lines = receipt(terms("2026-12-30", 2), calendar())
    assert end_of(terms("2026-12-30", 2)).provisional
    assert [(line.provisional, line.notice) for line in lines[1:]] == [(True, "国办发明电〔2025〕7号"), (True, "")]
    assert "暂定" in lines[-1].text()


def test_the_receipt_of_an_open_pause_ends_with_it() -> None:
    lines = receipt(terms("2023-09-27", 3, ("2023-10-05T10:00", None)), calendar())
    assert told(lines[-1]) == ("10-05", "paused", None)
    assert lines[-1].reason == "calendar.paused_open"
    early = receipt(terms("2023-09-27T10:00", 3, ("2023-09-20T10:00", None)), calendar())
    assert [line.mark for line in early] == [Mark.ANCHOR, Mark.PAUSED]


def test_the_receipt_of_hours_adds_up() -> None:
    found = terms("2023-10-01T14:30", 48, ("2023-10-02T08:00", "2023-10-02T09:00"), clock=Clock.HOURS)
    lines = receipt(found, calendar())
    assert [(line.mark, line.elapsed) for line in lines] == [
        (Mark.ANCHOR, 0 * HOUR), (Mark.COUNTED, 9.5 * HOUR), (Mark.COUNTED, 17.5 * HOUR), (Mark.PAUSED, 17.5 * HOUR),
        (Mark.COUNTED, 32.5 * HOUR), (Mark.COUNTED, 48 * HOUR),
    ]  # fmt: skip
    assert lines[-1].end == end_of(found).due_at
    open_ended = receipt(terms("2023-10-01T14:30", 48, ("2023-10-02T08:00", None), clock=Clock.HOURS), calendar())
    assert (open_ended[-1].mark, open_ended[-1].end) == (Mark.PAUSED, None)


# --- what the kernel stores


def test_stored_pauses_and_the_kernels_clock_are_taken_as_they_are() -> None:
    stored = [["2023-09-29T01:00:00+00:00", "2023-10-07T03:00:00+00:00"], ["2023-10-09T01:00:00+00:00", ""]]
    found = DeadlineTerms.under_rules(Clock.WORKING_DAYS, at("2023-09-27"), 2, stored)
    assert found.pauses == ((at("2023-09-29T09:00"), at("2023-10-07T11:00")), (at("2023-10-09T09:00"), None))
    assert str(end_of(found).day) == "2023-10-08"
    assert case.Deadline.model_fields["clock"].annotation is Clock


@pytest.mark.parametrize(
    "wrong",
    [
        {"anchor": datetime(2023, 9, 28, 16)},  # noqa: DTZ001 -- naive on purpose
        {"budget": -1},
        {"budget": 2, "clock": Clock.DATE},
        {"pauses": [["2023-10-02T00:00+08:00", "2023-10-01T00:00+08:00"]]},
        {"pauses": [["2023-10-02T00:00", ""]]},
        {"clock": "calendar_days"},
        {"color": "red"},
    ],
)
def test_terms_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    facts = {
        "clock": Clock.WORKING_DAYS,
        "budget": 2,
        "anchor": at("2023-09-28"),
        "practice": practice_on(date(2023, 9, 28)),
    }
    assert DeadlineTerms.model_validate(facts).budget == 2
    with pytest.raises(ValidationError):
        DeadlineTerms.model_validate({**facts, **wrong})


# --- an oracle written otherwise: a loop over days with the seed library, a loop over minutes

MINUTE = timedelta(minutes=1)
FIRST = datetime(2023, 1, 1, tzinfo=SHANGHAI)
Spans = list[tuple[datetime, datetime]]


@cache
def oracle_works(day: date) -> bool:
    return bool(chinese_calendar.is_workday(day))


def oracle_paused(day: date, pauses: Spans) -> bool:
    begin = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
    return any(a < begin + ONE and b > begin and a < b for a, b in pauses)


def oracle_days(start: datetime, budget: int, pauses: Spans, after_hours: str) -> date:
    day = start.astimezone(SHANGHAI).date()
    if after_hours == "next_day" and (
        not oracle_works(day) or start.astimezone(SHANGHAI).strftime("%H:%M:%S.%f") > "17:30:00.000000"
    ):
        day += ONE
        while not oracle_works(day):
            day += ONE
    while budget:
        day += ONE
        budget -= oracle_works(day) and not oracle_paused(day, pauses)
    return day


def oracle_minutes(start: datetime, minutes: int, pauses: Spans) -> datetime:
    now = start
    while minutes:
        minutes -= not any(a <= now < b for a, b in pauses)
        now += MINUTE
    return now


moments = st.integers(0, 1000 * 24 * 60).map(lambda minutes: FIRST + minutes * MINUTE)


@st.composite
def cases(draw: st.DrawFn, longest: int = 20 * 24 * 60) -> tuple[datetime, Spans]:
    start = draw(moments)
    pauses = []
    for _ in range(draw(st.integers(0, 5))):
        begin = start + draw(st.integers(-3000, longest)) * MINUTE
        pauses.append((begin, begin + draw(st.integers(0, longest // 3)) * MINUTE))
    return start, pauses


def of(
    start: datetime, budget: int, pauses: Spans, clock: Clock = Clock.WORKING_DAYS, after_hours: AfterHours = "same_day"
) -> DeadlineTerms:
    return DeadlineTerms.under_rules(clock, start.astimezone(UTC), budget, pauses, after_hours)


either: st.SearchStrategy[AfterHours] = st.sampled_from(["same_day", "next_day"])
counting = st.sampled_from([Clock.WORKING_DAYS, Clock.DAYS, Clock.HOURS])


@settings(max_examples=1000)
@given(cases(), st.integers(1, 15), either)
def test_working_days_agree_with_the_oracle(
    found: tuple[datetime, Spans], budget: int, after_hours: AfterHours
) -> None:
    start, pauses = found
    wanted = oracle_days(start, budget, pauses, after_hours)
    clock = of(start, budget, pauses, after_hours=after_hours)
    assert end_of(clock).day == wanted
    lines = receipt(clock, calendar())
    assert [line.day for line in lines] == [local(start) + i * ONE for i in range((wanted - local(start)).days + 1)]
    assert [line.number for line in lines if line.mark is Mark.COUNTED] == [*range(1, budget + 1)]
    assert all(
        oracle_works(line.day) and not oracle_paused(line.day, pauses) for line in lines if line.mark is Mark.COUNTED
    )


@settings(max_examples=300)
@given(cases(), st.integers(1, 90))
def test_calendar_days_agree_with_the_oracle(found: tuple[datetime, Spans], budget: int) -> None:
    start, pauses = found
    day, left = local(start), budget
    while left:
        day += ONE
        left -= not oracle_paused(day, pauses)
    clock = of(start, budget, pauses, Clock.DAYS)
    assert end_of(clock).day == day
    assert end_of(of(start, budget, pauses, Clock.DAYS, "next_day")).day == day
    lines = receipt(clock, calendar())
    assert [line.day for line in lines] == [local(start) + i * ONE for i in range((day - local(start)).days + 1)]
    assert [line.number for line in lines if line.mark is Mark.COUNTED] == [*range(1, budget + 1)]


def local(moment: datetime) -> date:
    return moment.astimezone(SHANGHAI).date()


@settings(max_examples=150)
@given(cases(longest=2000), st.integers(1, 40))
def test_hours_agree_with_the_oracle(found: tuple[datetime, Spans], budget: int) -> None:
    start, pauses = found
    clock = of(start, budget, pauses, Clock.HOURS)
    wanted = oracle_minutes(start, budget * 60, pauses)
    while any(a < wanted <= b for a, b in pauses):  # the last minute may be used up just as a pause begins
        wanted -= MINUTE
    assert end_of(clock).due_at == wanted
    assert sum((line.end - line.begin for line in receipt(clock, calendar()) if line.mark is Mark.COUNTED and line.end and line.begin),
               timedelta()) == budget * HOUR  # fmt: skip


@given(cases(), st.integers(1, 15), either, counting)
def test_add_and_measure_are_inverse(
    found: tuple[datetime, Spans], budget: int, after_hours: AfterHours, clock: Clock
) -> None:
    subject = of(*found[:1], budget, found[1], clock, after_hours)
    breach, unit = end_of(subject).breach_at, HOUR if clock is Clock.HOURS else ONE
    end = end_of(subject).due_at
    assert breach is not None
    assert end is not None
    at_end = end if clock is Clock.HOURS else breach
    assert consumed(subject, at_end, calendar()) == budget * unit
    assert remaining(subject, at_end, calendar()) == timedelta(0)
    assert remaining(subject, at_end - timedelta(seconds=2), calendar()) > timedelta(0)


@given(cases(), moments, st.integers(1, 15), counting)
def test_consumed_and_remaining_make_the_budget_until_it_is_used_up(
    found: tuple[datetime, Spans], moment: datetime, budget: int, clock: Clock
) -> None:
    subject, unit = of(*found[:1], budget, found[1], clock), HOUR if clock is Clock.HOURS else ONE
    used, left = consumed(subject, moment, calendar()), remaining(subject, moment, calendar())
    assert used >= timedelta(0)
    assert left == max(budget * unit - used, timedelta(0))
    assert end_of(subject).overdue(moment) <= (left == timedelta(0))


@given(cases(), st.integers(1, 15), counting, st.randoms())
def test_pausing_twice_is_pausing_once(found: tuple[datetime, Spans], budget: int, clock: Clock, dice: Any) -> None:
    start, pauses = found
    again = [*pauses, *pauses, *((a, a + (b - a) / 2) for a, b in pauses)]
    dice.shuffle(again)
    assert end_of(of(start, budget, pauses, clock)) == end_of(of(start, budget, again, clock))


@given(cases(), cases(), st.integers(1, 15), st.integers(0, 5), counting)
def test_more_budget_a_later_start_and_more_pauses_never_end_earlier(
    found: tuple[datetime, Spans], other: tuple[datetime, Spans], budget: int, more: int, clock: Clock
) -> None:
    (start, pauses), (later, added) = found, other
    start, later = sorted((start, later))
    end = end_of(of(start, budget, pauses, clock)).due_at
    assert end is not None
    for changed in (
        of(start, budget + more, pauses, clock),
        of(later, budget, pauses, clock),
        of(start, budget, pauses + added, clock),
    ):
        assert (end_of(changed).due_at or end) >= end


@settings(max_examples=300)
@given(cases(), st.integers(1, 15), counting)
def test_the_total_is_the_sum_of_its_segments(found: tuple[datetime, Spans], budget: int, clock: Clock) -> None:
    start, pauses = found
    subject, unit = of(start, budget, pauses, clock), HOUR if clock is Clock.HOURS else ONE
    end = end_of(subject)
    assert end.due_at is not None
    assert end.breach_at is not None
    stop = end.due_at if clock is Clock.HOURS else end.breach_at
    marks = sorted({start, stop, *(m for pause in pauses for m in pause if start < m < stop)})
    segments = [(a, b) for a, b in pairwise(marks) if not any(begin <= a and b <= end for begin, end in pauses)]
    if clock is Clock.HOURS:
        assert sum((b - a for a, b in segments), timedelta()) == budget * unit
    whole = {local(a) + i * ONE for a, b in segments for i in range((local(b - MINUTE) - local(a)).days + 1)}
    counted = {
        day
        for day in whole
        if day > local(start) and (clock is Clock.DAYS or oracle_works(day)) and not oracle_paused(day, pauses)
    }
    if clock is not Clock.HOURS:
        assert len(counted) == budget
    used = [consumed(subject, mark, calendar()) for mark in marks]
    assert used == sorted(used)
    assert used[-1] == budget * unit


@given(cases(), st.integers(1, 15), counting)
def test_a_pause_still_open_stops_the_clock_for_good(found: tuple[datetime, Spans], budget: int, clock: Clock) -> None:
    start, pauses = found
    end = end_of(of(start, budget, pauses, clock)).due_at
    assert end is not None
    begin = start + (end - start) / 3
    subject = DeadlineTerms.under_rules(clock, start, budget, [*pauses, (begin, None)])
    assert end_of(subject).due_at is None
    assert not end_of(subject).overdue(datetime(2100, 1, 1, tzinfo=UTC))
    left = remaining(subject, begin, calendar())
    assert left > timedelta(0)
    assert remaining(subject, begin + 400 * ONE, calendar()) == left


def test_a_due_date_takes_microseconds() -> None:
    subject, table = terms("2023-09-28T16:00", 5), calendar()
    begun = time.perf_counter()
    for _ in range(2000):
        due(subject, table)
    assert (time.perf_counter() - begun) / 2000 < 100e-6  # about 5 on an idle machine


def test_minutes_are_clock_hours_in_small() -> None:
    found = terms("2023-10-01T23:50", 60, ("2023-10-02T00:00", "2023-10-02T00:20"), clock=Clock.MINUTES)
    ends = end_of(found)
    assert ends.due_at == at("2023-10-02T01:10")
    times = rung_times(found, ends, ("half", "share:80", "breach", "share:200"), calendar())
    assert times["half"] == at("2023-10-02T00:40")
    assert times["share:80"] == at("2023-10-02T00:58")
    assert times["share:200"] == at("2023-10-02T02:10")
    assert remaining(found, at("2023-10-02T01:00"), calendar()) == timedelta(minutes=10)
    assert len(receipt(found, calendar())) > 2
