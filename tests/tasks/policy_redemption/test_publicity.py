"""Posted results: whole or not at all, append-only, chained, and silent about people."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from config.messages import Refusal
from models.personal import is_office_telephone
from models.policy_redemption.publicity import (
    ResultKind,
    public_name,
    public_result,
    tells_of_a_person,
)
from tasks.anchor import anchor, last_posted
from tasks.policy_redemption.publicity import planned_days, post_result, verify_publications
from tasks.store import transaction
from tests.ground import BOTH, Ground, later, race, settled
from tests.published import PLANNED, POSTING, applications, content, firm, policy, posted, said

ON = date(2027, 3, 1)
WHOLE = {
    "number": "DX-2027-0001-000001", "code": "ZC-2027-001", "policy": "高新技术企业认定奖励", "department": "science_bureau",
    "enterprise": "海门某某科技有限公司", "planned_on": PLANNED, "result": "拟兑现资金50,000.00元", "status": "posted",
    "complaint_telephone": "0513-82100002", "on": ON,
}  # fmt: skip


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    yield from settled(request, home, monkeypatch)


def approve(ids: list[int], **more: object) -> int:
    given = {"planned": dict.fromkeys(ids, PLANNED), "posting": POSTING} | more
    with transaction() as tx:
        return post_result(tx, ResultKind.APPROVED, ids, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("field", "title"),
    [("policy", "政策名称"), ("enterprise", "企业名称"), ("planned_on", "拟兑现时间"), ("result", "拟兑现结果"), ("complaint_telephone", "投诉电话")],
)  # fmt: skip
@pytest.mark.parametrize("missing", [None, "", ...])
def test_T_POL_12_four_fields_and_a_complaint_telephone_are_required(field: str, title: str, missing: object) -> None:
    assert public_result(WHOLE, ON).enterprise == WHOLE["enterprise"]
    given = {name: value for name, value in WHOLE.items() if name != field} | (
        {} if missing is ... else {field: missing}
    )
    with pytest.raises(Refusal, match=title) as refused:
        public_result(given, ON)
    assert refused.value.key == "publicity.incomplete"


def test_T_POL_12_nothing_is_posted_when_one_of_many_has_no_planned_time(ground: Ground) -> None:
    _, ids = applications(policy()[0], [firm(place) for place in range(3)])
    with pytest.raises(Refusal, match=r"DX-2027-0001-000003.*拟兑现时间"):
        approve(ids, planned=dict.fromkeys(ids[:2], PLANNED))
    assert posted() == []
    assert approve(ids) == 3


def test_a_result_is_posted_with_what_is_known_of_it_and_later_words_keep_the_planned_time(ground: Ground) -> None:
    _, ids = applications(policy()[0], [firm(1), firm(2)])
    approve(ids)
    with transaction() as tx:
        later(days=20)
        post_result(tx, ResultKind.PAID, ids[:1])
        post_result(tx, ResultKind.REFUSED_AFTER_OBJECTION, ids[1:])
        post_result(tx, ResultKind.RECOVERED, ids[:1])
    first, _, paid, refused, back = (row.record for row in posted())
    assert first == {
        "number": "DX-2027-0001-000001", "code": "ZC-2027-001", "policy": "高新技术企业认定奖励", "department": "science_bureau",
        "enterprise": "海门1号科技有限公司", "uscc": "913206840000000001", "planned_on": "2027-03-29", "result": "拟兑现资金50,000.00元",
        "amount": "50000.00", "status": "posted", "channel": "platform", "complaint_telephone": "0513-82100002", "on": "2027-01-04",
        "posted_from": "2027-03-01", "posted_until": "2027-03-08",
    }  # fmt: skip
    assert paid == first | {"status": "paid", "result": "已兑现资金50,000.00元", "on": "2027-01-24"}
    assert (refused["status"], refused["result"], refused["planned_on"]) == (
        "refused",
        "经异议复核，不予兑现",
        "2027-03-29",
    )
    assert (back["status"], back["result"]) == ("recovered", "已兑现资金50,000.00元，现已追回")
    assert verify_publications() is None


def test_a_withdrawal_is_posted_only_of_what_was_posted(ground: Ground) -> None:
    _, ids = applications(policy()[0], [firm(1), firm(2)])
    approve(ids[:1])
    with transaction() as tx:
        assert post_result(tx, ResultKind.WITHDRAWN, ids) == 1
    assert [row.record["status"] for row in posted()] == ["posted", "withdrawn"]


def test_T_POL_12_a_result_without_a_sum_or_without_an_earlier_posting_is_refused(ground: Ground) -> None:
    _, ids = applications(policy()[0], [firm(1)], assessed=None)
    with pytest.raises(Refusal, match="拟兑现结果"):
        approve(ids)
    assert approve(ids, results={ids[0]: "免费使用创业场地一年"}) == 1
    _, others = applications(policy("ZC-2027-002")[0], [firm(2)], number="DX-2027-0002")
    with pytest.raises(Refusal, match="拟兑现时间"), transaction() as tx:
        post_result(tx, ResultKind.PAID, others)


def test_a_secret_policy_is_exempt_and_recorded_as_such(ground: Ground) -> None:
    (version,) = policy(secret=True)
    _, ids = applications(version, [firm(1)])
    assert approve(ids, planned=None) == 1
    (row,) = posted()
    assert (row.kind, row.record) == ("exempt", {"exempt": "secret", "kind": "approved", "on": "2027-01-04"})
    assert verify_publications() is None


def test_contacts_holders_and_accounts_never_come_near_a_record(ground: Ground) -> None:
    _, ids = applications(policy()[0], [firm(1), firm(2, "海门区三星镇李小明家纺店", "92320684MA1XYZ123A")])
    approve(ids)
    assert posted()[1].record["enterprise"] == "海门区三星镇＊＊＊店"
    assert posted()[1].record["uscc"] == ""
    for secret in ("王小明", "13812345678", "6222021234567890123", "李小明", "92320684MA1XYZ123A"):
        assert secret not in said()


@pytest.mark.parametrize(
    "change",
    ["UPDATE publications SET number = 'x'", "DELETE FROM publications",
     "INSERT INTO publications SELECT * FROM publications WHERE id = 1"],
)  # fmt: skip
def test_what_was_posted_cannot_be_changed(ground: Ground, change: str) -> None:
    _, ids = applications(policy()[0], [firm(1)])
    approve(ids)
    with pytest.raises(DBAPIError, match=r"append-only|duplicate key"), transaction() as tx:
        tx.core.execute(text(change))


def test_a_line_that_was_changed_below_the_triggers_is_named(ground: Ground) -> None:
    _, ids = applications(policy()[0], [firm(place) for place in range(5)])
    approve(ids)
    assert verify_publications() is None
    off = "DROP TRIGGER publications_no_update" if ground.kind == "sqlite" else "ALTER TABLE publications DISABLE TRIGGER ALL"  # fmt: skip
    with transaction() as tx:
        tx.core.execute(text(off))
        tx.core.execute(text("UPDATE publications SET record = replace(record, '50000.00', '90000.00') WHERE id = 3"))
    assert verify_publications() == (3, "DX-2027-0001-000003")


def test_an_anchor_tells_how_far_the_chain_went_so_that_a_cut_tail_shows(ground: Ground, tmp_path: Path) -> None:
    assert last_posted() == (0, "")
    (version,) = policy()
    _, ids = applications(version, [firm(1), firm(2)])
    approve(ids)
    line = json.loads(anchor(tmp_path / "anchors.jsonl"))
    assert (line["posted"], line["last_posted"]) == (2, bytes(posted()[-1].hash).hex())


def test_those_who_post_at_once_stand_one_behind_the_other(ground: Ground) -> None:
    (version,) = policy()
    sets = [
        applications(version, [firm(100 * n + place) for place in range(20)], number=f"DX-2027-000{n}")[1]
        for n in range(1, 5)
    ]
    assert race(*((lambda ids=ids: approve(ids)) for ids in sets)) == [20, 20, 20, 20]  # type: ignore[misc]
    assert [row.id for row in posted()] == list(range(1, 81))
    assert verify_publications() is None


def test_the_planned_day_is_reckoned_from_the_end_of_the_posting(ground: Ground) -> None:
    _, ids = applications(policy("ZC-2027-001", content(payment_days=3))[0], [firm(1)])
    with transaction() as tx:
        assert planned_days(tx, ids, date(2027, 3, 5)) == {ids[0]: date(2027, 3, 10)}


@pytest.mark.parametrize("number", ["0513-82100002", "051382100002", "0513-82100002-801", "400-123-4567", "12345", "0513-12345"])  # fmt: skip
def test_an_office_telephone(number: str) -> None:
    assert is_office_telephone(number)


@pytest.mark.parametrize("number", ["13812345678", "82100002", "110a", "", "6222021234567890123"])
def test_a_mobile_is_no_complaint_telephone(number: str) -> None:
    assert not is_office_telephone(number)
    with pytest.raises(Refusal):
        public_result(WHOLE | {"complaint_telephone": number}, ON)


@given(st.from_regex(r"1[3-9][0-9]{9}|[1-9][0-9]{16}[0-9X]|62[0-9]{14,17}", fullmatch=True), st.sampled_from(["联系{}", "{}", "账号：{}。"]))  # fmt: skip
def test_a_text_that_tells_of_a_person_is_not_posted(number: str, around: str) -> None:
    assert tells_of_a_person(around.format(number))
    with pytest.raises(Refusal):
        public_result(WHOLE | {"result": around.format(number)}, ON)


@given(st.text("赵钱孙李周吴郑王伟芳秀英", min_size=2, max_size=4), st.sampled_from(["店", "便利店", "家纺经营部"]))
def test_the_name_of_a_person_is_masked_in_the_name_of_an_individuals_business(person: str, trade: str) -> None:
    for place in ("", "海门区", "南通市海门区", "海门区三星镇"):
        shown, masked = public_name(f"{place}{person}{trade}", "92320684MA1XYZ123A", ON)
        assert masked
        assert person not in shown
        assert shown.startswith(place)
        assert public_name(f"{place}{person}{trade}", "91320684MA1XYZ123A", ON) == (f"{place}{person}{trade}", False)
