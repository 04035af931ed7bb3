"""The preliminary plan and moving up."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.messages import Refusal
from config.season import Quota
from config.standard import scorecard
from models.conscription.scoring import Candidate, Mark, Ranking, rank
from models.conscription.selection import Contender, Plan, propose, strike_off

ON = date(2027, 2, 19)
CARD = scorecard(ON)
MEN = ["a1", "b1", "a2", "a3", "b2", "a4"]
"""In the order of the ranking; the letter is the town."""


def quota(a: int, b: int, women: int = 0) -> Quota:
    return Quota.model_construct(district=a + b + women, women=women, by_town={"a": a, "b": b}, source="示例")


def ranking(cases: list[str]) -> Ranking:
    points = {case: Mark(points=Decimal(40 - place), evidence="考评表") for place, case in enumerate(cases)}
    return rank([Candidate(case=case, marks={"adaptability": mark}) for case, mark in points.items()], CARD, ON)


def contenders(cases: list[str]) -> list[Contender]:
    return [
        Contender(case=case, town="b" if case[0] == "b" else "a", sex="female" if case[0] == "w" else "male")
        for case in cases
    ]


def plan(places: Quota, cases: list[str], **readings: str) -> Plan:
    taken = {f"conscription.{name}": value for name, value in readings.items()}
    return propose(ranking(cases), contenders(cases), places, ON, taken)


def cases(found: Plan) -> list[str]:
    return [place.case for place in found.places]


def test_each_town_fills_its_places_in_the_order_of_the_ranking() -> None:
    found = plan(quota(2, 1), MEN)
    assert cases(found) == ["a1", "b1", "a2"]
    assert found.reserve == ("a3", "b2", "a4")
    assert found.empty == {}
    assert found.seal == ranking(MEN).seal


def test_what_a_town_cannot_fill_goes_to_the_next_of_the_district() -> None:
    short = plan(quota(1, 4), MEN)
    assert cases(short) == ["a1", "b1", "a2", "a3", "b2"]
    assert [place.pool for place in short.places] == ["a", "b", "b", "b", "b"]
    kept = plan(quota(1, 4), MEN, unfilled_places="stays_empty")
    assert cases(kept) == ["a1", "b1", "b2"]
    assert kept.empty == {"b": 2}
    assert kept.reserve == ("a2", "a3", "a4")


def test_women_compete_for_their_own_places() -> None:
    found = plan(quota(1, 1, women=1), ["w1", "a1", "w2", "b1"])
    assert cases(found) == ["w1", "a1", "b1"]
    assert found.reserve == ("w2",)
    assert plan(quota(1, 1, women=2), ["w1", "a1", "b1", "a2"]).empty == {"women": 1}


def test_the_next_of_the_town_moves_up() -> None:
    found = strike_off(plan(quota(2, 1), MEN), "b1", contenders(MEN), ON)
    assert [(place.pool, place.case, place.replaces) for place in found.places] == [
        ("a", "a1", ""),
        ("a", "a2", ""),
        ("b", "b2", "b1"),
    ]
    assert found.reserve == ("a3", "a4")
    assert found.struck_off == ("b1",)
    by_district = strike_off(
        plan(quota(2, 1), MEN), "b1", contenders(MEN), ON, {"conscription.substitution": "district_order"}
    )
    assert by_district.places[-1].case == "a3"


def test_moving_up_goes_on_until_nobody_is_left() -> None:
    found = plan(quota(2, 1), MEN)
    for struck in ("b1", "b2", "a1", "a2", "a3", "a4"):
        found = strike_off(found, struck, contenders(MEN), ON)
    assert found.places == ()
    assert found.empty == {"b": 1, "a": 2}
    assert "无人可递补" in found.working[-1].text()


def test_a_woman_never_takes_a_mans_place_or_the_reverse() -> None:
    found = plan(quota(1, 1, women=1), ["w1", "a1", "w2", "b1"])
    assert strike_off(found, "a1", contenders(["w1", "a1", "w2", "b1"]), ON).empty == {"a": 1}
    assert strike_off(found, "w1", contenders(["w1", "a1", "w2", "b1"]), ON).places[-1].case == "w2"


def test_one_struck_off_the_reserve_cannot_move_up() -> None:
    found = strike_off(plan(quota(2, 1), MEN), "b2", contenders(MEN), ON)
    assert found.reserve == ("a3", "a4")
    assert strike_off(found, "b1", contenders(MEN), ON).places[-1].case == "a3"


def test_strangers_are_refused() -> None:
    with pytest.raises(Refusal, match="编号 zz 不在初步定兵计划"):
        strike_off(plan(quota(2, 1), MEN), "zz", contenders(MEN), ON)
    with pytest.raises(Refusal, match="编号 a1 没有对应的区镇名额"):
        propose(ranking(["a1"]), [], quota(1, 1), ON)
    with pytest.raises(Refusal, match="没有对应的区镇名额"):
        propose(ranking(["a1"]), [Contender(case="a1", town="nowhere", sex="male")], quota(1, 1), ON)


@given(
    st.lists(st.sampled_from("abw"), max_size=25), st.integers(0, 8), st.integers(0, 8), st.integers(0, 4), st.data()
)
def test_a_plan_never_exceeds_its_quotas_and_loses_nobody(
    letters: list[str], a: int, b: int, women: int, data: st.DataObject
) -> None:
    pool = [f"{letter}{number}" for number, letter in enumerate(letters)]
    found = plan(quota(a, b, women), pool)
    if found.places and data.draw(st.booleans()):
        found = strike_off(found, data.draw(st.sampled_from(cases(found))), contenders(pool), ON)
    assert sorted([*cases(found), *found.reserve, *found.struck_off]) == sorted(pool)
    for name, most in (("a", a), ("b", b), ("women", women)):
        taken = sum(place.pool == name for place in found.places)
        assert taken + found.empty.get(name, 0) == most
    if not found.struck_off:
        men_waiting = [case for case in found.reserve if case[0] != "w"]
        assert not men_waiting or not (found.empty.get("a") or found.empty.get("b"))
