"""A policy's content as a form: words to choose from, bodies by any of their names, and what is incomplete refused."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from config.messages import Refusal
from config.offices import OfficeUnknownError
from models.policy_redemption.change import Post
from models.policy_redemption.content import Condition, FirmFact, Grant, Lane, PolicyContent
from tests.models.policy_redemption.wares import condition, content


def test_what_a_form_sends_in_words_is_the_same_policy() -> None:
    policy = content(
        lane=Lane.APPLY_FREE, conditions=(condition("区镇", "town", "one_of", "三星镇"), Condition(name="先进", judged_by="person"))
    )  # fmt: skip
    words = policy.in_words()
    assert (words["lane"], words["grant"]["kind"], words["grant"]["of"]) == ("免申即享", "按比例", "研发费用（元）")
    assert words["conditions"][0] | {"name": "", "value": ""} == {
        "name": "", "judged_by": "由系统按企业数据比对", "fact": "所属区镇", "comparison": "属于", "value": "",
    }  # fmt: skip
    assert (words["conditions"][1]["fact"], words["conditions"][1]["judged_by"]) == ("", "由责任科室判断")
    assert PolicyContent.model_validate(words) == policy
    stored = policy.model_dump(mode="json")
    assert stored["lane"] == "apply_free"
    assert PolicyContent.model_validate(stored) == policy
    assert PolicyContent.model_validate(words).lane is Lane.APPLY_FREE


def test_the_schema_offers_words_that_are_all_read() -> None:
    schema = PolicyContent.model_json_schema()
    offered = {
        ("Condition", "fact"): schema["$defs"]["Condition"]["properties"]["fact"],
        ("Condition", "comparison"): schema["$defs"]["Condition"]["properties"]["comparison"],
        ("PolicyContent", "lane"): schema["properties"]["lane"],
        ("Grant", "kind"): schema["$defs"]["Grant"]["properties"]["kind"],
    }
    for (_, name), shape in offered.items():
        assert len(set(shape["enum"])) == len(shape["enum"]), name
        assert all(not word or any("\u4e00" <= letter <= "\u9fff" for letter in word) for word in shape["enum"]), name
    assert len(offered["Condition", "fact"]["enum"]) == len(FirmFact) + 1
    for word in offered["PolicyContent", "lane"]["enum"]:
        assert content(lane=word).lane in set(Lane)
    assert TypeAdapter(Post).validate_python("分管领导") == "leader"


@pytest.mark.parametrize("given", ["science_bureau", "区科学技术局", "区科技局", " 科技局 "])
def test_a_body_is_named_as_officials_name_it(given: str) -> None:
    policy = content(department=given, reviewers=[[given, "区财政局"], ["区人民政府"]])
    assert policy.department == "science_bureau"
    assert policy.levels == (("science_bureau", "finance_bureau"), ("district_government",))


def test_a_body_that_is_none_is_named() -> None:
    with pytest.raises(OfficeUnknownError, match="无此局"):
        content(department="无此局")
    with pytest.raises(OfficeUnknownError, match="无此局"):
        content(reviewers=[["无此局"]])


@pytest.mark.parametrize(
    "given", [{"judged_by": "machine"}, {"judged_by": "machine", "fact": "town", "comparison": "equals"}]
)
def test_a_condition_for_the_machine_is_whole(given: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match="条件“区镇”由系统比对的，须填写"):
        Condition.model_validate({"name": "区镇", **given})


@pytest.mark.parametrize(
    "given",
    [
        {"kind": "fixed"},
        {"kind": "share", "share": "0.1"},
        {"kind": "按比例", "of": "tax"},
        {"kind": "share", "share": "0.1", "of": "town"},
    ],
)
def test_a_grant_is_whole(given: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match="须填写相应的定额"):
        Grant.model_validate(given)
