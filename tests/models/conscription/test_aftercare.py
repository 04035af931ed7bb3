"""After service, the towns' assessment, the calendar's duties and the organisation."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.rulebook import NotInForceError, rule
from models.conscription.aftercare import (
    TownAssessment,
    TownYear,
    assess_town,
    dedicated_posts,
    enlistment_month_wage,
    fresh_graduate_until,
    may_resume_until,
    shares_targeted_plan,
)
from models.conscription.calendar_checks import (
    CLOCKS,
    group_adjustment,
    is_publicity_month,
    legal_clocks,
    receiving_staff_window,
    return_until,
)
from models.conscription.organisation import check_organisation
from models.judgement import years_after

ON = date(2023, 9, 1)


@pytest.mark.parametrize(
    ("management", "worker", "found"),
    [
        pytest.param(47, 12, (5, 4), id="T-CONS-41"),
        pytest.param(30, 10, (3, 3), id="T-CONS-42"),
        pytest.param(0, 0, (0, 0), id="no posts"),
        pytest.param(1, 1, (1, 1), id="one post"),
        pytest.param(31, 11, (4, 4), id="just above a multiple"),
    ],
)
def test_posts(management: int, worker: int, found: tuple[int, int]) -> None:
    posts = dedicated_posts(management, worker, ON)
    assert (posts.management, posts.worker) == found


def test_posts_half_up_is_the_other_reading() -> None:
    posts = dedicated_posts(44, 11, ON, {"conscription.dedicated_post_shares": "half_up"})
    assert (posts.management, posts.worker) == (4, 3)


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_posts_are_at_least_the_share_and_not_one_too_many(management: int, worker: int) -> None:
    posts = dedicated_posts(management, worker, ON)
    assert posts.management * 10 >= management > (posts.management - 1) * 10
    assert posts.worker * 10 >= worker * 3 > (posts.worker - 1) * 10


def test_t_cons_44_fresh_graduate_for_one_year() -> None:
    found = fresh_graduate_until(date(2025, 9, 1), ON)
    assert found.until == date(2026, 9, 1)
    assert found.label.endswith("第二十条第二项")


def test_t_cons_45_study_may_be_resumed_within_two_years() -> None:
    assert may_resume_until(date(2023, 9, 1), ON).until == date(2025, 9, 1)
    assert may_resume_until(date(2024, 2, 29), ON).until == date(2026, 2, 28)
    assert years_after(date(2024, 2, 29), 4) == date(2028, 2, 29)


def test_t_cons_46_the_whole_month_is_paid_before_enlistment() -> None:
    assert enlistment_month_wage(Decimal(8000), Decimal(0), Decimal(500), ON).amount == 8500


@pytest.mark.parametrize(("years", "shares"), [(4, False), (5, True), (6, True)])
def test_five_years_share_the_targeted_plan(years: int, shares: bool) -> None:
    assert shares_targeted_plan(years, graduate=True, from_haimen=True, on=ON) is shares
    assert not shares_targeted_plan(years, graduate=False, from_haimen=True, on=ON)
    assert not shares_targeted_plan(years, graduate=True, from_haimen=False, on=ON)


def assessed(**facts: Any) -> TownAssessment:
    return assess_town(TownYear.model_validate({"town": "sanxing", "task": 20, "enlisted": 20, **facts}), ON)


def test_t_cons_48_a_missed_task() -> None:
    found = assessed(enlisted=19)
    assert found.deducted
    assert found.explains_to == ("district_party_committee", "district_government", "armed_forces_department")
    assert found.not_excellent == ("分管领导", "人武部长")
    assert found.disqualified_by == ("task_missed",)
    attitude = assessed(attitude_returns=1)
    assert attitude.deducted
    assert attitude.explains_to == found.explains_to
    assert attitude.may_be_advanced


def test_t_cons_49_a_fault_return_disqualifies() -> None:
    found = assessed(fault_returns=1)
    assert found.task_met
    assert not found.may_be_advanced
    assert found.disqualified_by == ("fault_return",)
    assert not found.deducted


@pytest.mark.parametrize(("enlisted", "recommended"), [(19, False), (20, False), (21, True)])
def test_exceeding_the_task_is_recommended(enlisted: int, recommended: bool) -> None:
    assert assessed(enlisted=enlisted).recommended is recommended
    assert not assessed(enlisted=enlisted, clean_rules_broken=True).recommended
    assert assessed(problem_mishandled=True).disqualified_by == ("problem_mishandled",)


@pytest.mark.parametrize(
    ("on", "publicity"),
    [
        pytest.param(date(2024, 1, 10), True, id="T-CONS-39 January"),
        pytest.param(date(2023, 6, 20), True, id="T-CONS-39 June"),
        pytest.param(date(2023, 7, 1), False, id="T-CONS-39 July"),
        pytest.param(date(2023, 5, 31), False, id="last of May"),
        pytest.param(date(2023, 6, 30), True, id="last of June"),
    ],
)
def test_publicity_months(on: date, publicity: bool) -> None:
    assert is_publicity_month(on) is publicity


def test_t_cons_40_the_january_adjustment() -> None:
    missing = group_adjustment(date(2023, 5, 12), date(2024, 2, 1))
    assert (missing.due, missing.overdue) == (date(2024, 1, 31), True)
    assert not group_adjustment(date(2023, 5, 12), date(2024, 1, 31)).overdue
    assert not group_adjustment(date(2024, 1, 1), date(2024, 2, 1)).overdue
    assert not group_adjustment(date(2024, 1, 31), date(2024, 12, 31)).overdue
    assert group_adjustment(date(2023, 12, 31), date(2024, 2, 1)).overdue
    assert group_adjustment(None, date(2024, 2, 1)).overdue


def test_limits_with_legal_force() -> None:
    found = {clock.name: clock for clock in legal_clocks(date(2027, 3, 1))}
    assert set(found) == set(CLOCKS)
    assert (found["publicity_days"].budget, found["publicity_days"].unit) == (5, "working days")
    assert found["return_days"].label.endswith("第四十九条")
    assert receiving_staff_window(date(2027, 3, 15)) == (date(2027, 3, 5), date(2027, 3, 8))
    with pytest.raises(NotInForceError):
        legal_clocks(date(2023, 4, 30))


def test_a_recruit_may_be_returned_for_45_days_and_for_concealment_always() -> None:
    arrived = date(2027, 3, 15)
    assert return_until(arrived) == date(2027, 4, 29)
    assert return_until(arrived, "medical") == date(2027, 4, 29)
    assert all(return_until(arrived, ground) is None for ground in rule("conscription.return_without_limit", arrived))


def test_the_organisation_of_article_four() -> None:
    groups, leading = rule("conscription.working_groups", ON), rule("conscription.leading_group_members", ON)
    units = rule("conscription.office_staff", ON)["units"]
    assert check_organisation(groups, leading, dict.fromkeys(units, 1), ON).findings == ()
    assert check_organisation(groups, leading, dict.fromkeys(units, 2), ON).findings == ()
    found = check_organisation(
        groups[1:], leading[1:], {**dict.fromkeys(units, 1), "finance_bureau": 3, "transport_bureau": 0}, ON
    )
    assert [line.text() for line in found.findings] == [
        "尚未明确综合计划组组成人员",
        "征兵领导小组缺区委宣传部分管领导",
        "区财政局应抽调 1 至 2 人到征兵办公室，现为 3 人",
        "区交通运输局应抽调 1 至 2 人到征兵办公室，现为 0 人",
    ]
    assert set(units) < set(leading)
