"""Who may be called up: the age table, consent, place, deferment."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.season import season
from models.conscription.eligibility import Applicant, beyond_law, full_age, judge_eligibility, statutory_ages

SEASON = season("2027H1")
APPROVAL = SEASON.approval.day


def applicant(**facts: Any) -> Applicant:
    return Applicant.model_validate(
        {"born": date(2005, 6, 1), "sex": "male", "schooling": "bachelor", "standing": "graduate", **facts}
    )


def keys(**facts: Any) -> list[str]:
    return [line.key for line in judge_eligibility(applicant(**facts), APPROVAL, SEASON.ages, SEASON.places).findings]


def test_t_cons_36_seventeen_on_the_approval_day_is_of_age_with_consent() -> None:
    approval = date(2023, 9, 1)
    young = applicant(born=date(2005, 9, 30), schooling="senior_middle", standing="none")
    found = judge_eligibility(young.model_copy(update={"consent": True}), approval, statutory_ages(approval))
    assert (found.eligible, found.age, found.consent_needed) == (True, 18, True)
    for consent in (None, False):
        asked = judge_eligibility(young.model_copy(update={"consent": consent}), approval, statutory_ages(approval))
        assert [line.key for line in asked.findings] == ["recruit.consent_missing"]
    adult = judge_eligibility(
        applicant(born=date(2005, 9, 1), schooling="senior_middle", standing="none"), approval, statutory_ages(approval)
    )
    assert (adult.eligible, adult.consent_needed) == (True, False)


@pytest.mark.parametrize(
    ("facts", "lowest", "highest"),
    [
        ({"schooling": "junior_middle", "standing": "none"}, 18, 20),
        ({"schooling": "senior_middle", "standing": "none"}, 18, 22),
        ({"schooling": "bachelor", "standing": "student"}, 18, 22),
        ({"schooling": "bachelor", "standing": "final_year"}, 18, 24),
        ({"schooling": "junior_college", "standing": "graduate"}, 18, 24),
        ({"schooling": "postgraduate", "standing": "student"}, 18, 26),
        ({"sex": "female", "schooling": "bachelor", "standing": "student"}, 18, 22),
        ({"sex": "female", "schooling": "bachelor", "standing": "fresh_graduate"}, 18, 23),
        ({"sex": "female", "schooling": "postgraduate", "standing": "student"}, 18, 26),
    ],
)
def test_ages_on_below_and_above(facts: dict[str, Any], lowest: int, highest: int) -> None:
    for age, inside in ((lowest - 1, False), (lowest, True), (highest, True), (highest + 1, False)):
        for day in (date(2027 - age, 1, 1), date(2027 - age, 12, 31)):
            found = judge_eligibility(applicant(born=day, consent=True, **facts), APPROVAL, SEASON.ages)
            assert found.age == age
            assert (not any(line.key == "recruit.age_out" for line in found.findings)) is inside


def test_full_years_are_the_other_reading() -> None:
    born = applicant(born=date(2004, 6, 1), schooling="senior_middle", standing="none")
    by_year = judge_eligibility(born, APPROVAL, SEASON.ages)
    by_day = judge_eligibility(born, APPROVAL, SEASON.ages, readings={"conscription.call_up_age": "full_years"})
    assert (by_year.age, by_year.eligible, by_day.age, by_day.eligible) == (23, False, 22, True)


def test_too_young_even_with_consent() -> None:
    rows = tuple(row.model_copy(update={"min": 17}) for row in SEASON.ages)
    almost = applicant(born=date(2010, 3, 2), schooling="senior_middle", standing="none", consent=True)
    assert [line.key for line in judge_eligibility(almost, APPROVAL, rows).findings] == ["recruit.too_young"]
    just = almost.model_copy(update={"born": date(2010, 3, 1)})
    assert judge_eligibility(just, APPROVAL, rows).eligible


def test_a_woman_without_a_row_is_not_in_the_table() -> None:
    assert keys(sex="female", schooling="bachelor", standing="graduate") == ["recruit.not_in_table"]


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        ({}, []),
        ({"severe_defect": True}, ["recruit.class_exempted"]),
        ({"deprived_of_rights": True}, ["recruit.class_barred"]),
        ({"sole_breadwinner": True}, ["recruit.call_up_deferred"]),
        ({"under_proceedings": True}, ["recruit.call_up_not_called"]),
        ({"place": "household_registration"}, []),
        ({"place": "school"}, ["recruit.place_wrong"]),
        ({"standing": "final_year", "place": "school"}, []),
        ({"standing": "final_year", "place": "habitual_residence"}, ["recruit.place_wrong"]),
    ],
)
def test_what_stands_against(facts: dict[str, Any], found: list[str]) -> None:
    assert keys(**facts) == found


@pytest.mark.parametrize("name", ["2026H2", "2027H1", "2027H2"])
def test_no_shipped_table_reaches_beyond_the_law(name: str) -> None:
    assert beyond_law(season(name)) == ()


@pytest.mark.parametrize(("row", "ends"), [(1, {"max": 23}), (3, {"max": 25}), (4, {"max": 27})])
def test_a_table_beyond_the_law_is_seen(row: int, ends: dict[str, int]) -> None:
    ages = list(SEASON.ages)
    ages[row] = ages[row].model_copy(update=ends)
    assert beyond_law(SEASON.model_copy(update={"ages": tuple(ages)}))[0].facts["row"] == row + 1


@given(born=st.dates(date(1990, 1, 1), date(2020, 1, 1)), on=st.dates(date(2020, 1, 1), date(2040, 1, 1)))
def test_full_age_grows_on_the_birthday(born: date, on: date) -> None:
    if on < born:
        return
    expected = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    leap = (born.month, born.day) == (2, 29) and (on.month, on.day) == (2, 28)
    assert full_age(born, on) == expected or leap
