"""Registration (Art. 12) and the intakes (Art. 3)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.messages import Refusal
from config.rulebook import NotInForceError
from config.standard import Sex
from models.conscription.registration import CallUp, ServiceClass, call_up, judge_registration, service_class
from models.conscription.season import intake, season_of
from models.conscription.status import MemberStatus, OffenceStatus, PaymentStatus, SeasonStatus

ON = date(2023, 6, 1)


@pytest.mark.parametrize(
    ("born", "sex", "cohort", "kind", "status"),
    [
        pytest.param(date(2005, 12, 31), "male", True, "this_year", "to_register", id="T-CONS-28"),
        pytest.param(date(2005, 1, 1), "male", True, "this_year", "to_register", id="T-CONS-30"),
        pytest.param(date(2004, 11, 10), "male", True, "older", "registration_overdue", id="T-CONS-31"),
        pytest.param(date(2005, 5, 5), "female", False, "other_sex", "not_required", id="T-CONS-32"),
        pytest.param(date(2006, 1, 1), "male", False, "younger", "not_required", id="one day too young"),
    ],
)
def test_cohort(born: date, sex: Sex, cohort: bool, kind: str, status: str) -> None:
    found = judge_registration(born, sex, ON)
    assert (found.cohort, found.kind, found.status.value) == (cohort, kind, status)
    assert found.label == "海政办发〔2023〕20号 第十二条"
    if kind == "this_year":
        assert found.due == date(2023, 6, 30)


def test_t_cons_33_on_time_and_overdue() -> None:
    born = date(2005, 8, 1)
    on_time = judge_registration(born, "male", date(2023, 7, 1), registered_on=date(2023, 6, 30))
    late = judge_registration(born, "male", date(2023, 7, 1), registered_on=date(2023, 7, 1))
    assert (on_time.status, on_time.late) == (MemberStatus.REGISTERED, False)
    assert (late.status, late.late) == (MemberStatus.REGISTERED, True)
    assert judge_registration(born, "male", date(2023, 6, 30)).status is MemberStatus.TO_REGISTER
    overdue = judge_registration(born, "male", date(2023, 7, 1))
    assert overdue.status is MemberStatus.REGISTRATION_OVERDUE
    assert overdue.readings["conscription.registration_lateness"].value == "reminder"


def test_an_older_man_may_be_read_out_of_the_cohort() -> None:
    taken = {"conscription.registration_age": "this_cohort_only"}
    assert judge_registration(date(2004, 11, 10), "male", ON, readings=taken).status is MemberStatus.NOT_REQUIRED


def test_days_outside_the_rules_are_refused() -> None:
    with pytest.raises(Refusal, match="晚于查询日期"):
        judge_registration(date(2024, 1, 1), "male", ON)
    with pytest.raises(NotInForceError):
        judge_registration(date(2005, 1, 1), "male", date(2023, 5, 11))
    assert judge_registration(date(2005, 1, 1), "male", date(2023, 5, 12)).cohort


@given(born=st.dates(date(1990, 1, 1), date(2020, 1, 1)), on=st.dates(date(2023, 5, 12), date(2040, 12, 31)))
def test_who_is_in_the_cohort_turns_18_by_the_end_of_the_year(born: date, on: date) -> None:
    if born > on:
        return
    found = judge_registration(born, "male", on)
    assert found.cohort == (on.year - born.year >= 18)
    assert (found.status is MemberStatus.REGISTRATION_OVERDUE) == (found.due is not None and on > found.due)


@pytest.mark.parametrize(
    ("defect", "deprived", "found"),
    [(False, False, "liable"), (True, False, "exempted"), (False, True, "barred"), (True, True, "barred")],
)
def test_result_of_registration(defect: bool, deprived: bool, found: str) -> None:
    assert service_class(defect, deprived) is ServiceClass(found)


@pytest.mark.parametrize(
    ("breadwinner", "proceedings", "found"),
    [(False, False, "callable"), (True, False, "deferred"), (False, True, "not_called"), (True, True, "not_called")],
)
def test_deferment(breadwinner: bool, proceedings: bool, found: str) -> None:
    assert call_up(breadwinner, proceedings) is CallUp(found)


@pytest.mark.parametrize(
    ("on", "season"),
    [
        (date(2023, 2, 15), "2023H1"), (date(2023, 3, 31), "2023H1"), (date(2023, 4, 1), "2023H2"), (date(2023, 9, 30), "2023H2"),
        (date(2023, 10, 1), "2024H1"), (date(2023, 12, 31), "2024H1"), (date(2024, 1, 1), "2024H1"), (date(2024, 2, 29), "2024H1"),
    ],
)  # fmt: skip
def test_season_of_a_day(on: date, season: str) -> None:
    assert season_of(on).season == season


def test_t_cons_38_ends_of_the_intakes() -> None:
    first, second = intake(2023, 1, ON), intake(2023, 2, ON)
    assert (first.approval, first.end) == (date(2023, 3, 1), date(2023, 3, 31))
    assert (second.approval, second.end) == (date(2023, 9, 1), date(2023, 9, 30))
    assert first.label == "海政办发〔2023〕20号 第三条"


def test_calendar_half_years_are_the_other_reading() -> None:
    taken = {"conscription.season_span": "calendar_half_years"}
    assert [season_of(on, taken).season for on in (date(2023, 6, 30), date(2023, 7, 1), date(2023, 12, 31))] == [
        "2023H1",
        "2023H2",
        "2023H2",
    ]


def test_two_intakes_since_2020() -> None:
    assert season_of(date(2020, 1, 1)).season == "2020H1"
    with pytest.raises(NotInForceError):
        season_of(date(2019, 12, 31))


@given(st.dates(date(2020, 1, 1), date(2090, 12, 31)))
def test_every_day_belongs_to_the_next_intake_that_has_not_ended(on: date) -> None:
    found = season_of(on)
    assert on <= found.end
    assert found.end - on < timedelta(days=184)


@pytest.mark.parametrize("status", [*MemberStatus, *SeasonStatus, *OffenceStatus, *PaymentStatus])
def test_every_status_has_a_chinese_name(status: MemberStatus) -> None:
    assert status.text
    assert not status.text.isascii()
    assert isinstance(status.is_final(), bool)


def test_final_statuses() -> None:
    assert MemberStatus.PHYSICAL_FAILED.is_final()
    assert not MemberStatus.APPROVED.is_final()
    assert not MemberStatus.RETURNED.is_final()
    assert [status for status in SeasonStatus if status.is_final()] == [SeasonStatus.CLOSED, SeasonStatus.CANCELLED]
    assert not PaymentStatus.MANUAL.is_final()
