"""Conditions of a policy against the facts of a firm: each comparison at its boundary, and what a machine cannot say."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.messages import Refusal
from config.rulebook import NotInForceError
from models.policy_redemption.content import Comparison, Condition, FirmFact
from models.policy_redemption.matching import COMPARISONS, check_conditions, match
from tests.models.policy_redemption.wares import DAY, FACTS, condition

FIT_VALUES = {
    FirmFact.TOWN: "三星镇",
    FirmFact.INDUSTRY: "家纺",
    FirmFact.ABOVE_SCALE: "是",
    FirmFact.REGISTERED_ON: "2018-05-06",
    FirmFact.CREDIT: "B",
    FirmFact.TITLES: "高新技术企业",
}
PERSON = Condition(name="技术先进", judged_by="person")


@pytest.mark.parametrize(
    ("fact", "comparison", "value", "fits"),
    [
        ("town", "equals", "三星镇", True), ("town", "equals", "sanxing", True), ("town", "equals", "常乐镇", False),
        ("town", "one_of", "常乐镇、三星镇", True), ("town", "excludes", "常乐镇，临江新区", True), ("town", "excludes", "三星镇", False),
        ("industry", "includes", "家纺", True), ("industry", "includes", "家纺、化工", False), ("industry", "equals", "家纺制造", True),
        ("above_scale", "equals", "是", True), ("above_scale", "equals", "否", False),
        ("registered_on", "at_most", "2018-05-06", True), ("registered_on", "at_most", "2018-05-05", False),
        ("registered_on", "at_least", "2018-05-07", False),
        ("employees", "at_least", "42", True), ("employees", "at_least", "43", False), ("employees", "at_most", "41", False),
        ("employees", "equals", "42", True), ("employees", "one_of", "41;42", True), ("employees", "excludes", "42", False),
        ("revenue", "at_least", "31500000.50", True), ("revenue", "at_least", "31500000.51", False),
        ("investment", "at_most", "0", True),
        ("credit", "at_least", "B", True), ("credit", "equals", "A", True), ("credit", "at_most", "B", False),
        ("titles", "includes", "高新技术企业、专精特新", True), ("titles", "includes", "高新技术企业、瞪羚企业", False),
        ("titles", "one_of", "瞪羚企业、专精特新", True), ("titles", "excludes", "瞪羚企业", True), ("titles", "excludes", "专精特新", False),
    ],
)  # fmt: skip
def test_each_comparison_at_its_boundary(fact: str, comparison: str, value: str, fits: bool) -> None:
    found = match(FACTS, [condition("条件一", fact, comparison, value)], DAY)
    assert found.fits is fits
    (reason,) = found.reasons
    assert reason.text().endswith("，符合" if fits else "，不符合")
    assert reason.text("en")
    assert found.label == "海政办发〔2023〕27号 第十四条"


def test_a_reason_says_what_is_and_what_is_asked() -> None:
    (reason,) = match(FACTS, [condition("在三星镇", "town", "equals", "三星镇")], DAY).reasons
    assert reason.text() == "“在三星镇”：所属区镇为三星镇，要求等于三星镇，符合"
    (reason,) = match(FACTS, [condition("规上企业", "above_scale", "equals", "否")], DAY).reasons
    assert reason.text() == "“规上企业”：是否规模以上为是，要求等于否，不符合"


def test_every_condition_gets_its_reason_also_after_one_has_failed() -> None:
    found = match(
        FACTS, [condition("在常乐镇", "town", "equals", "常乐镇"), condition("五十人", "employees", "at_least", "50"), PERSON], DAY
    )  # fmt: skip
    assert found.fits is False
    assert [line.key.partition(".")[2] for line in found.reasons] == ["fails", "fails", "for_person"]
    assert [line.facts["condition"] for line in found.because("fails")] == ["在常乐镇", "五十人"]


def test_what_only_a_person_can_say_leaves_it_open() -> None:
    fits = condition("在三星镇", "town", "equals", "三星镇")
    assert match(FACTS, [fits, PERSON], DAY).fits is None
    assert match({**FACTS, "town": None}, [fits], DAY).fits is None
    assert match({}, [fits], DAY).reasons[0].text() == "“在三星镇”：所属区镇未登记，要求等于三星镇，待人工核实"
    assert match({**FACTS, "credit": "Z"}, [condition("信用良好", "credit", "at_least", "B")], DAY).fits is None


def test_a_missing_fact_may_be_read_as_unfit() -> None:
    reading = {"policy_redemption.missing_fact": "unfit"}
    found = match({}, [condition("在三星镇", "town", "equals", "三星镇")], DAY, reading)
    assert found.fits is False
    assert found.readings["policy_redemption.missing_fact"].value == "unfit"


def test_without_conditions_every_firm_fits() -> None:
    assert match({}, [], DAY).fits is True


def test_before_the_rules_nothing_is_judged() -> None:
    assert match(FACTS, [], date(2023, 6, 27)).fits is True
    with pytest.raises(NotInForceError):
        match(FACTS, [], date(2023, 6, 26))


@pytest.mark.parametrize(
    ("fact", "comparison", "value"),
    [
        ("town", "equals", "无此镇"), ("town", "at_least", "三星镇"), ("employees", "at_least", "很多"), ("employees", "at_least", "10、20"),
        ("employees", "at_least", "NaN"), ("registered_on", "at_most", "2018年"), ("above_scale", "equals", "大概"),
        ("above_scale", "one_of", "是"), ("credit", "at_least", "优"), ("titles", "equals", "高新技术企业"), ("industry", "equals", "、"),
    ],
)  # fmt: skip
def test_a_condition_that_can_be_held_against_nothing_is_refused(fact: str, comparison: str, value: str) -> None:
    with pytest.raises(Refusal, match="条件一"):
        check_conditions([condition("条件一", fact, comparison, value)], DAY)


@pytest.mark.parametrize("fact", FirmFact)
def test_every_fact_has_its_comparisons_and_both_outcomes_have_words(fact: FirmFact) -> None:
    for comparison in COMPARISONS[fact]:
        one = condition("条件一", fact, comparison, FIT_VALUES.get(fact, "10"))
        check_conditions([one, PERSON], DAY)
        assert match(FACTS, [one], DAY).fits in {True, False}


NUMBERS = st.decimals(min_value=0, max_value=10**10, places=2)


@given(held=NUMBERS, asked=NUMBERS)
def test_at_least_and_at_most_part_the_numbers(held: Decimal, asked: Decimal) -> None:
    facts = {"revenue": str(held)}
    least, most, same = (
        match(facts, [condition("条件一", "revenue", how, str(asked))], DAY).fits
        for how in ("at_least", "at_most", "equals")
    )
    assert least is (held >= asked)
    assert most is (held <= asked)
    assert same is (least and most)


@given(held=st.sets(st.sampled_from("甲乙丙丁")), asked=st.sets(st.sampled_from("甲乙丙丁"), min_size=1))
def test_titles_are_sets(held: set[str], asked: set[str]) -> None:
    facts = {"titles": sorted(held)}
    fits = {
        how: match(facts, [condition("条件一", "titles", how, "、".join(sorted(asked)))], DAY).fits
        for how in (Comparison.INCLUDES, Comparison.ONE_OF, Comparison.EXCLUDES)
    }
    assert fits[Comparison.INCLUDES] is (asked <= held)
    assert fits[Comparison.ONE_OF] is bool(asked & held)
    assert fits[Comparison.EXCLUDES] is not fits[Comparison.ONE_OF]


@given(st.lists(st.sampled_from(["fits", "fails", "unknown", "person"]), max_size=6))
def test_one_failure_is_out_and_one_doubt_is_open_whatever_the_order(kinds: list[str]) -> None:
    made = {
        "fits": condition("条件一", "employees", "at_least", "1"),
        "fails": condition("条件二", "employees", "at_least", "1000"),
        "unknown": condition("条件三", "town", "equals", "三星镇"),
        "person": PERSON,
    }
    found = match({"employees": 42}, [made[kind] for kind in kinds], DAY)
    assert len(found.reasons) == len(kinds)
    expected = False if "fails" in kinds else None if {"unknown", "person"} & set(kinds) else True
    assert found.fits is expected
