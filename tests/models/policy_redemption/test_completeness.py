"""One examination, one notice with everything that is missing, and no second one for what could be seen (Art. 14)."""

from hypothesis import given
from hypothesis import strategies as st

from models.policy_redemption.completeness import ACCOUNT, Missing, examine, second_notice
from models.policy_redemption.content import Condition, Material
from tests.models.policy_redemption.wares import DAY, FACTS, condition, content

PAPERS = ("高新技术企业证书", "审计报告")
PERSON = Condition(name="技术先进", judged_by="person")


def test_a_whole_application_is_complete() -> None:
    found = examine(content(), FACTS, PAPERS, True, DAY)
    assert (found.outcome, found.missing, found.failed, found.for_person) == ("complete", (), (), ())
    assert "齐全" in found.working[-1].text()
    assert "海政办发〔2023〕27号 第十四条" in {source.label for source in found.sources}


def test_t_pol_09_one_notice_lists_all_that_is_missing_and_a_second_one_for_it_is_refused() -> None:
    found = examine(content(), FACTS, ["审计报告"], False, DAY)
    assert found.outcome == "deficient"
    assert [one.title for one in found.missing] == ["高新技术企业证书", "收款账户"]
    assert [one.why.text() for one in found.missing] == ["缺少材料：高新技术企业证书", "未填报收款账户"]
    # the notice had told only one of them: the other could have been seen then, and may not be asked for any more
    again = second_notice(found.missing[1:], ["高新技术企业证书"], ["审计报告"], DAY)
    assert again.refused
    assert [one.item for one in again.barred] == [ACCOUNT]
    assert again.may_ask == again.owed == ()
    assert "不得再次要求补正" in again.working[0].text()


def test_what_was_told_and_is_still_owed_stands_without_a_second_notice() -> None:
    found = examine(content(), FACTS, ["审计报告"], True, DAY)
    again = second_notice(found.missing, [one.item for one in found.missing], ["审计报告", ACCOUNT], DAY)
    assert (again.owed, again.may_ask, again.barred, again.ends) == (found.missing, (), (), False)
    other = {"policy_redemption.uncorrected_items": "not_accepted"}
    ended = second_notice(found.missing, [one.item for one in found.missing], [], DAY, other)
    assert ended.ends
    assert "不予受理" in ended.working[0].text()


def test_what_was_there_and_is_gone_may_be_asked_for() -> None:
    found = examine(content(), FACTS, ["高新技术企业证书"], True, DAY)
    again = second_notice(found.missing, ["高新技术企业证书"], ["审计报告", ACCOUNT], DAY)
    assert again.may_ask == found.missing
    assert not again.refused


def test_an_optional_paper_is_never_missed() -> None:
    assert examine(content(materials=(Material(name="说明", required=False),)), FACTS, (), True, DAY).missing == ()


def test_a_failed_condition_is_a_refusal_with_every_reason() -> None:
    out = (condition("在常乐镇", "town", "equals", "常乐镇"), condition("五十人", "employees", "at_least", "50"))
    found = examine(content(conditions=out), FACTS, (), False, DAY)
    assert found.outcome == "unfit"
    assert len(found.failed) == 2
    assert len(found.missing) == 3


def test_what_a_person_must_judge_comes_before_the_notice_so_that_it_can_list_everything() -> None:
    policy = content(conditions=(PERSON,))
    found = examine(policy, FACTS, (), True, DAY)
    assert (found.outcome, found.for_person) == ("to_judge", ("技术先进",))
    assert len(found.missing) == 2
    at_once = {"policy_redemption.notice_waits_for_person": "machine_first"}
    assert examine(policy, FACTS, (), True, DAY, readings=at_once).outcome == "deficient"
    assert examine(policy, FACTS, PAPERS, True, DAY, readings=at_once).outcome == "to_judge"


NAMES = [f"材料{number}" for number in range(6)]


@given(
    required=st.lists(st.booleans(), min_size=6, max_size=6),
    papers=st.sets(st.sampled_from(NAMES)),
    account=st.booleans(),
    fits=st.booleans(),
)
def test_missing_is_exactly_what_is_required_and_not_there(
    required: list[bool], papers: set[str], account: bool, fits: bool
) -> None:
    materials = tuple(Material(name=name, required=must) for name, must in zip(NAMES, required, strict=True))
    policy = content(
        materials=materials, conditions=(condition("人数", "employees", "at_least", "42" if fits else "43"),)
    )
    found = examine(policy, FACTS, papers, account, DAY)
    owed = {name for name, must in zip(NAMES, required, strict=True) if must} - papers
    assert {one.item for one in found.missing} == owed | (set() if account else {ACCOUNT})
    assert len(found.missing) == len({one.item for one in found.missing})
    assert found.outcome == ("unfit" if not fits else "deficient" if found.missing else "complete")


@given(
    first=st.sets(st.sampled_from(NAMES)), told=st.sets(st.sampled_from(NAMES)), second=st.sets(st.sampled_from(NAMES))
)
def test_a_second_notice_lists_only_what_could_not_be_seen(first: set[str], told: set[str], second: set[str]) -> None:
    policy = content(materials=tuple(Material(name=name) for name in NAMES), conditions=())
    missing_then = {one.item for one in examine(policy, FACTS, first, True, DAY).missing}
    told &= missing_then
    now: tuple[Missing, ...] = examine(policy, FACTS, second, True, DAY).missing
    again = second_notice(now, told, first, DAY)
    assert {one.item for one in again.may_ask} == set(NAMES) - second - missing_then
    assert {one.item for one in again.owed} == told - second
    assert {one.item for one in again.barred} == missing_then - told - second
    if told == missing_then:  # an office that told everything is never barred from anything
        assert not again.refused
