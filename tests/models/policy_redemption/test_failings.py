"""The departments' clocks and the four failings: the acceptance examples, and what counts and what does not."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.calendar import calendar
from config.zone import SHANGHAI
from models.policy_redemption.failings import (
    Duty,
    Failing,
    count_failings,
    feedback_standing,
    publication_standing,
    report_standing,
)


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=SHANGHAI)  # type: ignore[arg-type,misc]


def test_t_pol_01_a_change_before_the_rules_is_out_of_scope() -> None:
    found = publication_standing(date(2023, 6, 20), date(2023, 7, 3), date(2023, 7, 3))
    assert (found.kept, found.due, found.failing) == ("out_of_scope", None, False)
    assert found.working[0].text() == "2023-06-20 早于办法施行日 2023-06-27，不适用 5 个工作日期限"


def test_t_pol_02_a_manager_replaced_on_a_wednesday() -> None:
    changed = date(2023, 6, 28)
    on_time = report_standing(changed, date(2023, 7, 3), date(2023, 7, 3))
    assert (on_time.kept, on_time.due) == ("on_time", date(2023, 7, 3))
    assert report_standing(changed, date(2023, 7, 4), date(2023, 7, 4)).kept == "late"
    assert report_standing(changed, None, date(2023, 7, 4)).kept == "overdue"
    assert report_standing(changed, None, date(2023, 7, 3)).kept == "running"
    assert on_time.sources[0].label == "海政办发〔2023〕27号 第十条"


def test_t_pol_03_a_manager_replaced_before_the_long_holiday() -> None:
    assert report_standing(date(2023, 9, 27), None, date(2023, 9, 28)).due == date(2023, 10, 8)


def test_t_pol_04_a_policy_repealed_before_the_long_holiday() -> None:
    found = publication_standing(date(2023, 9, 28), None, date(2023, 10, 1))
    assert (found.due, found.kept) == (date(2023, 10, 11), "running")


@pytest.mark.parametrize(("published", "kept", "failing"), [(4, "on_time", False), (5, "late", True)])
def test_t_pol_05_published_on_the_last_day_or_the_day_after(published: int, kept: str, failing: bool) -> None:
    found = publication_standing(date(2023, 6, 27), date(2023, 7, published), date(2023, 7, 10))
    assert (found.kept, found.failing, found.due) == (kept, failing, date(2023, 7, 4))
    duty = Duty(
        failing=Failing.NOT_PUBLISHED,
        department="science_bureau",
        case="ZC-2023-001",
        evidence=found.working[0].text(),
        due=at(2023, 7, 4, 23, 59, 59),
        done=at(2023, 7, published, 9),
    )
    assert count_failings([duty], at(2023, 7, 10)).of("science_bureau")["not_published"] == int(failing)


def test_t_pol_06_an_application_received_on_a_thursday() -> None:
    assert feedback_standing(at(2023, 6, 29, 10), None, date(2023, 6, 30)).due == date(2023, 7, 3)


def test_t_pol_07_feedback_on_a_working_sunday_is_on_time() -> None:
    found = feedback_standing(at(2023, 9, 28, 16), at(2023, 10, 8, 17), date(2023, 10, 8))
    assert (found.kept, found.due) == ("on_time", date(2023, 10, 8))


def test_received_late_in_the_evening_counts_by_the_day_of_shanghai() -> None:
    utc = datetime(2023, 6, 29, 16, 30, tzinfo=at(2023, 1, 1).utcoffset() and SHANGHAI)
    assert feedback_standing(utc, None, date(2023, 6, 30)).due == date(2023, 7, 3)


def test_a_secret_policy_is_exempt() -> None:
    found = publication_standing(date(2023, 7, 1), None, date(2023, 12, 1), secret=True)
    assert (found.kept, found.failing) == ("exempt", False)


def duty(failing: Failing, case: str, **more: Any) -> Duty:
    return Duty(failing=failing, department="science_bureau", case=case, evidence=case, **more)


def test_t_pol_15_what_must_be_handled_on_site_is_not_counted_as_not_online() -> None:
    on_site = duty(Failing.NOT_ONLINE, "DX-2027-0001-000001", on_site=True, elsewhere=True)
    plain = duty(Failing.NOT_ONLINE, "DX-2027-0001-000002", elsewhere=True)
    found = count_failings([on_site, plain], at(2027, 3, 1))
    assert found.of("science_bureau")["not_online"] == 1
    assert [one.case for one in found.evidence] == ["DX-2027-0001-000002"]


def test_t_pol_16_two_of_the_four_failings_are_not_zero() -> None:
    past = at(2027, 2, 1)
    duties = [
        duty(Failing.NOT_PUBLISHED, "ZC-2027-001", due=past),
        duty(Failing.NOT_PUBLISHED, "ZC-2027-002", due=past, done=past),
        duty(Failing.NOT_PAID_ONLINE, "DX-2027-0001-000001", due=past),
        duty(Failing.NOT_PAID_ONLINE, "DX-2027-0001-000002", due=past, done=past, elsewhere=True),
        duty(Failing.NOT_ONLINE, "DX-2027-0001-000003", secret=True, elsewhere=True),
        duty(Failing.NOT_HANDLED, "SQ-2027-000001", due=at(2027, 4, 1)),
    ]
    found = count_failings(duties, at(2027, 3, 1))
    assert found.of("science_bureau") == {"not_published": 1, "not_online": 0, "not_paid_online": 2, "not_handled": 0}
    assert found.of("finance_bureau") == dict.fromkeys(Failing, 0)
    assert found.label == "海政办发〔2023〕27号 第二十二条"


def test_what_was_done_late_counts_unless_it_is_read_otherwise() -> None:
    late = duty(Failing.NOT_HANDLED, "SQ-2027-000001", due=at(2027, 2, 1), done=at(2027, 2, 2))
    assert count_failings([late], at(2027, 3, 1)).of("science_bureau")["not_handled"] == 1
    reading = {"policy_redemption.late_is_failing": "open_only"}
    assert count_failings([late], at(2027, 3, 1), reading).of("science_bureau")["not_handled"] == 0


@pytest.mark.parametrize("failing", Failing)
def test_every_failing_has_its_words(failing: Failing) -> None:
    assert failing.text.startswith("应")


@given(
    changed=st.dates(min_value=date(2023, 6, 27), max_value=date(2026, 11, 1)),
    after=st.integers(min_value=0, max_value=40),
)
def test_a_duty_is_kept_exactly_until_the_fifth_working_day(changed: date, after: int) -> None:
    done = changed + timedelta(days=after)
    found = publication_standing(changed, done, done)
    worked = sum(calendar().works(changed + timedelta(days=n)) for n in range(1, after + 1))
    late = worked > 5 or (worked == 5 and not calendar().works(done))
    assert found.kept == ("late" if late else "on_time")
