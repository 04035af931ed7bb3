"""Benefits: Art. 19, 25 and 29, on X = 24,000 yuan, an invented standard."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.rulebook import NotInForceError, YearMissingError
from config.season import season
from models.conscription.benefits import (
    Area,
    Award,
    AwardKind,
    Diploma,
    Evasion,
    ItemName,
    Schooling,
    Standard,
    Sum,
    family_allowance,
    higher_of,
    merit_reward,
    one_off_reward,
    recover,
    standard_of,
    yearly_reward,
)
from models.conscription.payments import (
    Service,
    ServiceYear,
    Superior,
    entitlement,
    one_off_payable_from,
    season_standard,
)

ON = date(2023, 9, 1)
X = Standard(year=2023, amount=Decimal(24000), document="示例")
Y = Standard(year=2024, amount=Decimal(26000), document="示例")
GRADUATE = Schooling(holds=Diploma.BACHELOR)
TIBET = frozenset({Area.TIBET})
FULL = (ServiceYear(), ServiceYear())


def award(kind: str, act: str = "", year: int = 2023, region_level: bool | None = None) -> Award:
    return Award(kind=AwardKind(kind), year=year, act=act, region_level=region_level)


def test_t_cons_01_no_benefit_without_the_years_standard() -> None:
    with pytest.raises(YearMissingError, match=r"family_allowance_base\[2023\] missing"):
        standard_of(2023)
    with pytest.raises(YearMissingError, match=r"family_allowance_base\[2024\] missing"):
        entitlement(Service(approved_on=ON, schooling=GRADUATE, years=FULL), [X])


@pytest.mark.parametrize(
    ("area", "yuan"),
    [("ordinary", 24000), ("hardship", 48000), ("tibet", 96000)],
    ids=["T-CONS-02 ordinary", "T-CONS-02 hardship", "T-CONS-02 Tibet"],
)
def test_family_allowance(area: str, yuan: int) -> None:
    found = family_allowance(X, [Area(area)], ON)
    assert found.amount == yuan
    assert found.label == "海政办发〔2023〕20号 第十九条第一项"
    assert str(yuan) in found.working[-1].text()
    assert str(yuan) in found.working[-1].text("en")


def test_t_cons_03_hardship_inside_tibet_is_four_not_eight() -> None:
    areas = [Area.HARDSHIP, Area.TIBET]
    assert family_allowance(X, areas, ON).amount == 96000
    switched = family_allowance(X, areas, ON, {"conscription.family_allowance_factors": "multiplied"})
    assert switched.amount == 192000
    assert switched.readings["conscription.family_allowance_factors"].value == "multiplied"


@pytest.mark.parametrize(
    ("schooling", "yuan"),
    [
        pytest.param(Schooling(studies=Diploma.BACHELOR), 12000, id="T-CONS-06"),
        pytest.param(GRADUATE, 14400, id="T-CONS-07"),
        pytest.param(Schooling(studies=Diploma.JUNIOR_COLLEGE), 9600, id="junior-college student"),
        pytest.param(Schooling(holds=Diploma.JUNIOR_COLLEGE), 12000, id="junior-college graduate"),
        pytest.param(
            Schooling(studies=Diploma.BACHELOR, holds=Diploma.JUNIOR_COLLEGE),
            12000,
            id="junior college, now bachelor student",
        ),
        pytest.param(Schooling(studies=Diploma.MASTER, holds=Diploma.BACHELOR), 14400, id="postgraduate student"),
        pytest.param(Schooling(studies=Diploma.BACHELOR, new_entrant=True), 12000, id="new entrant counts as student"),
        pytest.param(Schooling(), 0, id="no university"),
    ],
)
def test_yearly_reward(schooling: Schooling, yuan: int) -> None:
    assert yearly_reward(X, schooling, [Area.ORDINARY], ON).amount == yuan


def test_t_cons_10_reward_is_on_the_plain_standard() -> None:
    assert yearly_reward(X, GRADUATE, TIBET, ON).amount == 14400
    assert yearly_reward(X, GRADUATE, TIBET, ON, {"conscription.reward_base": "multiplied"}).amount == 57600


def test_readings_of_the_yearly_reward() -> None:
    postgraduate = Schooling(studies=Diploma.MASTER, holds=Diploma.BACHELOR)
    assert yearly_reward(X, postgraduate, [], ON, {"conscription.studying_with_degree": "as_student"}).amount == 12000
    entrant = Schooling(studies=Diploma.BACHELOR, new_entrant=True)
    found = yearly_reward(X, entrant, [], ON, {"conscription.new_entrant": "manual"})
    assert found.amount is None
    assert "人工裁定" in found.working[-1].text()


@pytest.mark.parametrize(
    ("kind", "yuan"),
    [
        pytest.param("first_class_merit", 12000, id="T-CONS-11 first class"),
        pytest.param("honorary_title", 12000, id="T-CONS-11 title"),
        pytest.param("second_class_merit", 9600, id="T-CONS-12"),
        pytest.param("third_class_merit", 4800, id="third class"),
        pytest.param("four_haves_soldier", 2400, id="T-CONS-14"),
    ],
)
def test_merit_reward(kind: str, yuan: int) -> None:
    assert merit_reward(X, [award(kind)], ON).amount == yuan


def test_each_act_pays_once_and_the_same_act_only_the_higher() -> None:
    two = [award("third_class_merit"), award("four_haves_soldier")]
    assert merit_reward(X, two, ON).amount == 7200
    assert merit_reward(X, [award("third_class_merit"), award("third_class_merit")], ON).amount == 9600
    assert (
        merit_reward(X, [award("third_class_merit", "flood"), award("second_class_merit", "flood")], ON).amount == 9600
    )
    assert merit_reward(X, two, ON, {"conscription.merit_awards": "highest_per_year"}).amount == 4800
    assert merit_reward(X, [], ON).amount == 0


def test_level_and_receiver_of_awards() -> None:
    level = {"conscription.merit_rates": "region_level_only"}
    assert merit_reward(X, [award("third_class_merit")], ON, level).amount is None
    assert merit_reward(X, [award("third_class_merit", region_level=False)], ON, level).amount == 0
    assert merit_reward(X, [award("second_class_merit", region_level=True)], ON, level).amount == 9600
    assert merit_reward(X, [award("third_class_merit")], ON, conscript=False).amount == 4800
    only = {"conscription.merit_receivers": "conscripts_only"}
    assert merit_reward(X, [award("third_class_merit")], ON, only, conscript=False).amount == 0


@pytest.mark.parametrize(
    ("schooling", "yuan"),
    [
        pytest.param(Schooling(holds=Diploma.JUNIOR_COLLEGE), 5000, id="T-CONS-15"),
        pytest.param(GRADUATE, 7000, id="T-CONS-16"),
        pytest.param(Schooling(holds=Diploma.MASTER), 10000, id="T-CONS-17"),
        pytest.param(Schooling(holds=Diploma.DOCTOR), 10000, id="T-CONS-18"),
        pytest.param(Schooling(studies=Diploma.BACHELOR), 0, id="student"),
        pytest.param(
            Schooling(studies=Diploma.MASTER, holds=Diploma.BACHELOR), 7000, id="master's student with a bachelor's"
        ),
        pytest.param(Schooling(), 0, id="no university"),
    ],
)
def test_one_off_reward(schooling: Schooling, yuan: int) -> None:
    assert one_off_reward(schooling, ON).amount == yuan


def test_one_off_by_the_programme() -> None:
    switched = {"conscription.one_off_amounts": "programme"}
    assert one_off_reward(Schooling(studies=Diploma.MASTER, holds=Diploma.BACHELOR), ON, switched).amount == 0
    assert one_off_reward(GRADUATE, ON, switched).amount == 7000


@pytest.mark.parametrize(
    ("superior", "entitled", "district"),
    [
        pytest.param(12000, 14400, 2400, id="T-CONS-20"),
        pytest.param(16000, 16000, 0, id="T-CONS-21"),
        pytest.param(14400, 14400, 0, id="equal"),
        pytest.param(0, 14400, 14400, id="none above"),
    ],
)
def test_the_higher_is_paid_once(superior: int, entitled: int, district: int) -> None:
    found = higher_of(yearly_reward(X, GRADUATE, [], ON), Decimal(superior), ON)
    assert (found.entitled, found.district_pays, found.superior_pays) == (entitled, district, superior)
    assert found.label == "海政办发〔2023〕20号 第二十九条"


def test_one_level_pays_the_whole_higher_sum() -> None:
    own, whole = yearly_reward(X, GRADUATE, [], ON), {"conscription.higher_of_payer": "whole"}
    assert higher_of(own, Decimal(12000), ON, whole).district_pays == 14400
    assert higher_of(own, Decimal(16000), ON, whole).district_pays == 0


def test_the_family_allowance_is_no_reward() -> None:
    found = higher_of(family_allowance(X, [], ON), Decimal(5000), ON)
    assert (found.entitled, found.district_pays) == (29000, 24000)


@given(
    own=st.decimals(0, 100000, places=2),
    superior=st.decimals(0, 100000, places=2),
    payer=st.sampled_from(["difference", "whole"]),
)
def test_the_two_levels_together_pay_exactly_the_higher(own: Decimal, superior: Decimal, payer: str) -> None:
    district = Sum(item=ItemName.YEARLY_REWARD, amount=own)
    found = higher_of(district, superior, ON, {"conscription.higher_of_payer": payer})
    assert found.entitled == max(own, superior) == found.district_pays + found.superior_pays
    assert found.district_pays >= 0


@given(st.sets(st.sampled_from(list(Area)), min_size=1))
def test_never_more_than_four_times(areas: set[Area]) -> None:
    found = family_allowance(X, areas, ON)
    assert found.amount in {24000, 48000, 96000}


@pytest.mark.parametrize(
    ("reward_base", "awards", "yuan"),
    [
        ("plain", "highest_per_year", 151000),
        ("plain", "each_act", 154000),
        ("multiplied", "highest_per_year", 223000),
        ("multiplied", "each_act", 235000),
    ],
)
def test_how_much_hangs_on_the_readings(reward_base: str, awards: str, yuan: int) -> None:
    taken = {"conscription.reward_base": reward_base, "conscription.merit_awards": awards}
    standard = Standard(year=2023, amount=Decimal(30000), document="示例")
    service = Service(
        approved_on=ON, schooling=GRADUATE, years=(ServiceYear(areas=TIBET),),
        awards=(award("third_class_merit"), award("four_haves_soldier")),
    )  # fmt: skip
    found = entitlement(service, [standard], taken)
    assert found.total == yuan
    assert found.readings["conscription.merit_awards"].value == awards


def test_half_a_cent_rounds_up() -> None:
    odd = Standard(year=2023, amount=Decimal("86702.05"), document="示例")
    assert yearly_reward(odd, Schooling(holds=Diploma.JUNIOR_COLLEGE), [], ON).amount == Decimal("43351.03")


def test_two_years_each_on_its_own_standard() -> None:
    service = Service(approved_on=ON, schooling=GRADUATE, years=(ServiceYear(areas=TIBET), ServiceYear()))
    found = entitlement(service, [X, Y])
    paid = [(row.year, row.item.value, row.district_pays) for row in found.payments]
    assert paid == [
        (2023, "family_allowance", 96000), (2023, "yearly_reward", 14400),
        (2024, "family_allowance", 26000), (2024, "yearly_reward", 15600), (2023, "one_off_reward", 7000),
    ]  # fmt: skip
    assert found.total == 159000
    assert entitlement(service, [X], {"conscription.allowance_year": "enlistment_year"}).total == 155800
    three = Service(approved_on=ON, schooling=GRADUATE, years=(*FULL, ServiceYear()))
    assert len(entitlement(three, [X, Y]).payments) == 5


def test_a_broken_year_waits_for_a_person() -> None:
    service = Service(approved_on=ON, schooling=GRADUATE, years=(ServiceYear(), ServiceYear(complete=False)))
    found = entitlement(service, [X, Y])
    assert [row.year for row in found.manual] == [2024, 2024]
    assert found.total == 24000 + 14400 + 7000
    assert entitlement(service, [X, Y], {"conscription.part_year": "none"}).total == found.total
    assert entitlement(service, [X, Y], {"conscription.part_year": "full"}).total == found.total + 41600


def test_what_others_pay_is_matched_item_by_item_or_in_total() -> None:
    above = (
        Superior(item=ItemName.YEARLY_REWARD, year=2023, amount=Decimal(16000)),
        Superior(item=ItemName.ONE_OFF_REWARD, year=2023, amount=Decimal(1000)),
    )
    service = Service(approved_on=ON, schooling=GRADUATE, years=(ServiceYear(),), superior=above)
    assert entitlement(service, [X]).total == 24000 + 0 + 6000
    assert entitlement(service, [X], {"conscription.higher_of_items": "total"}).total == 24000 + (14400 + 7000 - 17000)


def test_who_approved_pays() -> None:
    elsewhere = Service(approved_on=ON, approved_here=False, schooling=GRADUATE, years=FULL)
    assert entitlement(elsewhere).total == 0
    assert entitlement(elsewhere, [X, Y], {"conscription.payer": "household_registration"}).total > 0
    stranger = Service(approved_on=ON, registered_here=False, schooling=GRADUATE, years=FULL)
    assert entitlement(stranger, [X, Y]).total > 0
    assert entitlement(stranger, [X, Y], {"conscription.payer": "household_registration"}).total == 0


def test_an_award_takes_the_standard_of_its_own_year() -> None:
    service = Service(
        approved_on=ON, schooling=Schooling(), years=FULL, awards=(award("third_class_merit", year=2024),)
    )
    found = entitlement(service, [X, Y])
    assert [(row.year, row.sum.amount) for row in found.payments if row.item is ItemName.MERIT_REWARD] == [(2024, 5200)]


def test_when_the_one_off_is_paid() -> None:
    later = {"conscription.one_off_payable": "after_return_window"}
    assert one_off_payable_from(ON, None) == ON
    assert one_off_payable_from(ON, None, later) is None
    assert one_off_payable_from(ON, date(2023, 9, 15), later) == date(2023, 10, 31)


@pytest.mark.parametrize("missing", ["evaded", "serious_effect", "returned_or_struck_off"])
def test_nothing_is_recovered_unless_all_three_hold(missing: str) -> None:
    facts = {"evaded": True, "serious_effect": True, "returned_or_struck_off": True, missing: False}
    found = recover({ItemName.FAMILY_ALLOWANCE: Decimal(24000)}, Evasion.model_validate(facts), ON)
    assert (found.recovered, found.treatment, found.reinstatement) == ({}, "continues", True)


def test_the_whole_allowance_is_recovered_and_the_rest_is_ruled_by_people() -> None:
    paid = {ItemName.FAMILY_ALLOWANCE: Decimal(24000), ItemName.ONE_OFF_REWARD: Decimal(7000)}
    evasion = Evasion(evaded=True, serious_effect=True, returned_or_struck_off=True)
    found = recover(paid, evasion, ON)
    assert found.recovered == {ItemName.FAMILY_ALLOWANCE: 24000}
    assert found.manual == {ItemName.ONE_OFF_REWARD: 7000}
    assert (found.treatment, found.reinstatement) == ("cancelled", False)
    assert recover(paid, evasion, ON, {"conscription.recovery_scope": "everything"}).recovered == paid
    concealed = Evasion(evaded=False, serious_effect=False, returned_or_struck_off=True, concealed=True)
    assert recover(paid, concealed, ON).recovered == paid


def test_the_day_before_the_rules_there_is_no_benefit() -> None:
    assert family_allowance(X, [], date(2023, 5, 12)).amount == 24000
    with pytest.raises(NotInForceError):
        family_allowance(X, [], date(2023, 5, 11))


def test_the_season_file_carries_the_standard_and_its_paper() -> None:
    found = season_standard(season("2027H1"))
    assert (found.year, found.amount) == (2027, 24000)
    assert "示例" in family_allowance(found, [], date(2027, 3, 1)).working[-1].text()
