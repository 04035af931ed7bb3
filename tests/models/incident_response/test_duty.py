"""The catalogue of statutory duties: armed by which event, for which grade, from when, for how long, under which rule."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.calendar import calendar
from config.messages import LANGUAGES, say
from config.offices import office
from config.rulebook import cited, entry
from config.zone import SHANGHAI
from models.deadline import Clock, DeadlineTerms, due
from models.incident_response.duty import (
    BY_NAME,
    CATALOGUE,
    LEVELS,
    Event,
    Known,
    duties_for,
    investigated_by,
    rank,
    reporting_grade,
    supplement_ends,
    switched_off,
)

T0 = datetime(2027, 2, 8, 9, 40, tzinfo=SHANGHAI)
T1 = T0 + timedelta(minutes=5)
T2 = T0 + timedelta(minutes=30)
ON = T0.date()


def known(grade: str = "", **more: Any) -> Known:
    given = {"moment": T2, "received_at": T2, "occurred_at": T0, "learned_at": T1, "grade": grade} | more
    return Known(**given)


def armed(event: Event, grade: str = "", occasion: int = 1, **more: Any) -> dict[str, Any]:
    return {one.duty.name: one for one in duties_for(event, known(grade, **more), ON, occasion)}


def ends(one: Any) -> datetime:
    found = due(DeadlineTerms.under_rules(one.clock, one.anchor, one.budget), calendar()).due_at
    assert found is not None
    return found


def test_every_duty_has_its_rule_its_name_and_known_roles() -> None:
    for duty in CATALOGUE:
        assert entry(f"incident_response.{duty.rule}").versions[0].source.article
        assert {say(f"duty_incident_response.{duty.name}", language) for language in LANGUAGES}
        for role in (duty.owes, *duty.towards, duty.watched_by, *filter(None, [duty.asked])):
            assert office(role)
    assert len(BY_NAME) == len(CATALOGUE)


def test_what_nobody_verified_is_marked_and_switched_off() -> None:
    off = switched_off(ON)
    assert off == {
        "unit_report_province", "province_phone", "government_phone", "government_text", "follow_ups_per_day",
        "exposed_as_larger",
    }  # fmt: skip
    for name in off:
        rule = name if name not in BY_NAME else BY_NAME[name].rule
        assert cited(f"incident_response.{rule}", ON).certainty == "unverified"
    found = {one.duty.name for event in Event for one in duties_for(event, known("I"), ON)}
    assert found == {duty.name for duty in CATALOGUE} - off


def test_the_first_hours_follow_the_regulation() -> None:
    first = armed(Event.REPORTED)
    assert ends(first["unit_report"]) == T1 + timedelta(hours=1)
    for name in ("report_city", "report_government", "notify_offices"):
        assert ends(first[name]) == T2 + timedelta(hours=2)
        assert first[name].certainty == "law"
    assert first["notify_offices"].towards == (
        "public_security_bureau", "human_resources_bureau", "trade_unions", "procuratorate",
    )  # fmt: skip
    assert first["leaders_to_scene"].certainty == "configured"
    assert first["record_keeping"].clock is None
    assert first["report_city"].escalation["share:80"] == ("head:emergency_bureau",)
    assert first["report_city"].escalation["breach"] == ("command_office", "incident_commander", "district_government")


def test_an_unknown_moment_starts_no_clock_of_the_unit() -> None:
    assert "unit_report" not in armed(Event.REPORTED, learned_at=None)
    assert armed(Event.REPORTED, occurred_at=None)["investigation_report"].anchor == T2


@pytest.mark.parametrize(
    ("grade", "higher"),
    [("", set()), ("IV", set()), ("III", {"report_province"}), ("II", {"report_province", "report_state"}),
     ("I", {"report_province", "report_state"})],
)  # fmt: skip
def test_how_far_up_follows_the_grade(grade: str, higher: set[str]) -> None:
    found = armed(Event.GRADED, grade)
    assert {name for name in found if name.startswith("report_")} == higher
    hours = {"report_province": 4, "report_state": 6}
    assert all(ends(found[name]) == T2 + timedelta(hours=hours[name]) for name in higher)


def test_the_confirmed_grade_decides_unless_the_reading_says_the_worst() -> None:
    assert reporting_grade(known("IV", worst_grade="II"), ON) == "IV"
    assert reporting_grade(known("", worst_grade="II"), ON) == "IV"
    assert reporting_grade(known("IV", absent=5), ON) == "IV", "unverified, and switched off"


@pytest.mark.parametrize(
    ("grade", "body", "days"),
    [("IV", "district_government", 15), ("III", "city_government", 15), ("II", "province_government", 15),
     ("I", "state_council", 30)],
)  # fmt: skip
def test_who_investigates_and_how_long_the_approval_takes(grade: str, body: str, days: int) -> None:
    assert investigated_by(grade, ON) == body
    approval = armed(Event.INVESTIGATION_SUBMITTED, grade)["investigation_approval"]
    assert (approval.owes, approval.budget, approval.clock) == (body, days, Clock.DAYS)


def test_a_grade_that_rises_in_time_passes_the_investigation_up() -> None:
    risen = armed(Event.GRADED, "II", moment=T0 + timedelta(days=29))["investigation_report"]
    assert (risen.turn, risen.owes, risen.anchor) == (3, "province_government", T0)
    assert "investigation_report" not in armed(Event.GRADED, "II", moment=T0 + timedelta(days=32))
    assert "report_state" in armed(Event.GRADED, "II", moment=T0 + timedelta(days=32)), "reported all the same"


def test_sixty_days_are_calendar_days_from_the_accident() -> None:
    report = armed(Event.REPORTED)["investigation_report"]
    assert ends(report).date() == ON + timedelta(days=60)


@pytest.mark.parametrize(
    ("fire", "days", "owed"),
    [(False, 29, True), (False, 30, True), (False, 31, False), (True, 6, True), (True, 7, True), (True, 8, False)],
)
def test_casualties_are_supplemented_within_thirty_days_or_seven(fire: bool, days: int, owed: bool) -> None:
    moment = T0 + timedelta(days=days)
    found = armed(Event.CASUALTIES_CHANGED, occasion=4, moment=moment, fire=fire)
    assert ("casualty_supplement" in found) is owed
    if owed:
        assert (found["casualty_supplement"].turn, found["casualty_supplement"].anchor) == (4, moment)


def test_the_last_day_counts_to_its_end() -> None:
    assert supplement_ends(known(), ON) == datetime(2027, 3, 10, 23, 59, 59, tzinfo=SHANGHAI)


def test_a_year_ends_on_the_same_day_of_the_next() -> None:
    when = datetime(2028, 2, 29, 10, tzinfo=SHANGHAI)
    found = {one.duty.name: one for one in duties_for(Event.INVESTIGATION_APPROVED, known(moment=when), ON)}
    assert ends(found["rectification_evaluation"]).date() == date(2029, 2, 28)
    assert found["disclosure"].clock is Clock.WORKING_DAYS


def test_before_its_law_a_duty_is_not_armed() -> None:
    early = date(2023, 10, 1)
    found = {one.duty.name for one in duties_for(Event.REPORTED, known(), early)}
    assert "report_city" in found
    assert "county_control" not in found, "the law of 2024"


@given(st.sampled_from(LEVELS), st.sampled_from(LEVELS), st.sampled_from(list(Event)))
def test_a_higher_grade_owes_at_least_as_much(one: str, other: str, event: Event) -> None:
    lower, higher = sorted((one, other), key=rank)
    assert armed(event, lower).keys() <= armed(event, higher).keys()


@given(st.integers(0, 400), st.sampled_from(LEVELS))
def test_no_clock_ends_before_it_begins(minutes: int, grade: str) -> None:
    moment = T2 + timedelta(minutes=minutes)
    for event in Event:
        for one in duties_for(event, known(grade, moment=moment), ON):
            assert one.clock is None or ends(one) > one.anchor
