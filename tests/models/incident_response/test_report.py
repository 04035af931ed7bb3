"""A report's nine groups: known, unknown, none; what a later report makes of an earlier one; what people write (INC-3d)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.messages import Refusal, say
from config.zone import SHANGHAI
from models.incident_response.report import (
    GROUPS,
    AccidentKind,
    Controllable,
    KindGroup,
    MeasuresGroup,
    Report,
    State,
    TollGroup,
    UnitGroup,
    Words,
    nothing_known,
    read_report,
    title,
)
from models.incident_response.report_words import choice, count, loss, moment, spoken_toll, words
from models.incident_response.sameness import Place, may_be_same

AT = datetime(2027, 1, 4, 14, 30, tzinfo=SHANGHAI)
WINDOW = timedelta(hours=12)


def whole(**changes: Any) -> dict[str, Any]:
    return {
        "unit": {"state": "known", "name": "海门某烟花爆竹经营部", "licensed": "yes"},
        "scene": {"state": "known", "place": "人民路100号", "town": "sanxing", "occurred_at": AT},
        "kind": {"state": "known", "kind": "explosion"},
        "course": {"state": "unknown"},
        "toll": {"state": "known", "dead": 2, "missing": 1},
        "reach": {"state": "none"},
        "measures": {"state": "known", "text": "已疏散", "controllable": "no"},
        "aid": {"state": "none"},
        "contact": {"state": "known", "office": "区应急管理局", "telephone": "0513-82210000"},
    } | changes


@pytest.mark.parametrize("group", GROUPS)
def test_T_INC_25_a_group_that_is_left_out_is_refused_by_its_name_and_unknown_is_an_answer(group: str) -> None:
    given = whole()
    del given[group]
    with pytest.raises(Refusal, match=title(group).replace("（", ".").replace("）", ".")):
        read_report(given)
    assert getattr(read_report(whole(**{group: {"state": "unknown"}})), group).state is State.UNKNOWN


@pytest.mark.parametrize("group", ["unit", "scene", "kind", "course"])
def test_some_groups_are_never_none(group: str) -> None:
    with pytest.raises(Refusal, match="不能填“无”"):
        read_report(whole(**{group: {"state": "none"}}))


def test_no_casualties_are_zeros_and_unknown_ones_are_not() -> None:
    assert read_report(whole(toll={"state": "none"})).toll.dead == 0
    assert read_report(whole(toll={"state": "unknown"})).toll.dead is None


@pytest.mark.parametrize(
    "group",
    [
        {"state": "known"},
        {"state": "unknown", "text": "已疏散"},
        {"state": "none", "text": "已疏散"},
        {"text": "已疏散"},
    ],
)
def test_a_group_says_what_its_state_says(group: dict[str, str]) -> None:
    for name in ("course", "measures"):
        with pytest.raises(Refusal, match=title(name)):
            read_report(whole(**{name: group}))


@pytest.mark.parametrize(
    "text", ["请联系13800138000", "１３８００１３８０００", "身份证32068420060315001X", "电话0513-82210000"]
)
def test_words_with_somebodys_numbers_are_refused(text: str) -> None:
    for said in (whole(course={"state": "known", "text": text}), whole(unit={"state": "known", "name": text})):
        with pytest.raises(Refusal) as refused:
            read_report(said)
        assert text not in str(refused.value)


def test_a_contact_is_an_office_and_its_telephone() -> None:
    with pytest.raises(Refusal, match="联系单位"):
        read_report(whole(contact={"state": "known", "office": "值班室", "telephone": "13800138000"}))


COUNTS = st.none() | st.integers(0, 40)
TOLLS = st.builds(
    lambda d, i, m, t: TollGroup.of(dead=d, injured=i, missing=m, trapped=t), COUNTS, COUNTS, COUNTS, COUNTS
)
TEXTS = st.sampled_from(
    [
        Words(state=State.UNKNOWN),
        Words(state=State.NONE),
        *(Words(state=State.KNOWN, text=f"第{n}句") for n in "一二三"),
    ]
)
UNITS = st.builds(
    lambda n, a: UnitGroup.of(name=n, address=a), st.sampled_from(["", "甲店", "乙店"]), st.sampled_from(["", "东路"])
)
MEASURES = st.builds(lambda w, c: MeasuresGroup.of(state=State.NONE if w.state is State.NONE else None, text=w.text, controllable=c),
                     TEXTS, st.sampled_from(Controllable))  # fmt: skip
REPORTS = st.builds(
    lambda unit, kind, toll, course, measures: nothing_known().model_copy(
        update={"unit": unit, "kind": KindGroup.of(kind=kind), "toll": toll, "reach": course, "measures": measures}
    ),
    UNITS, st.sampled_from(AccidentKind), TOLLS, TEXTS, MEASURES,
)  # fmt: skip


@given(REPORTS, REPORTS)
def test_a_later_unknown_erases_nothing_and_a_later_known_replaces(earlier: Report, later: Report) -> None:
    merged = earlier.with_newer(later)
    for name in ("dead", "injured", "missing", "trapped"):
        new, old = getattr(later.toll, name), getattr(earlier.toll, name)
        assert getattr(merged.toll, name) == (old if new is None else new)
    assert merged.unit.name == (later.unit.name or earlier.unit.name)
    assert merged.reach == (earlier.reach if later.reach.state is State.UNKNOWN else later.reach)
    assert merged.measures.controllable == (
        earlier.measures.controllable
        if later.measures.controllable is Controllable.UNKNOWN
        else later.measures.controllable
    )
    assert earlier.with_newer(nothing_known()) == earlier
    assert nothing_known().with_newer(later) == later
    assert read_report(merged.as_facts()) == merged


@given(REPORTS, REPORTS, REPORTS)
def test_reports_may_be_folded_in_any_grouping(one: Report, two: Report, three: Report) -> None:
    assert one.with_newer(two).with_newer(three) == one.with_newer(two.with_newer(three))


@given(REPORTS, REPORTS)
def test_a_doubtful_report_fills_gaps_and_raises_numbers_and_lowers_none(known: Report, other: Report) -> None:
    merged = known.with_other(other)
    for name in ("dead", "injured", "missing", "trapped"):
        both = [one for one in (getattr(known.toll, name), getattr(other.toll, name)) if one is not None]
        assert getattr(merged.toll, name) == max(both, default=None)
    assert merged.unit.name == (known.unit.name or other.unit.name)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3", 3),
        ("３人", 3),
        ("三人", 3),
        ("十二", 12),
        ("二十", 20),
        ("两名", 2),
        ("无", 0),
        ("0", 0),
        ("未知", None),
        ("不明", None),
        ("", None),
    ],
)
def test_a_number_of_persons(text: str, number: int | None) -> None:
    assert count(text, "死亡人数") == number


@pytest.mark.parametrize("text", ["很多", "-1", "3.5", "三三", "约3"])
def test_what_is_no_number_is_refused_by_its_field(text: str) -> None:
    with pytest.raises(Refusal, match="死亡人数"):
        count(text, "死亡人数")


@pytest.mark.parametrize(
    ("text", "yuan"),
    [
        ("50", "500000.00"),
        ("50万元", "500000.00"),
        ("999.999999", "9999999.99"),
        ("500,000元", "500000.00"),
        ("1亿", "100000000.00"),
        ("无", "0"),
    ],
)
def test_a_sum_without_its_unit_is_ten_thousands(text: str, yuan: str) -> None:
    assert loss(text, "损失") == Decimal(yuan)


def test_an_unknown_sum_is_unknown_and_words_are_no_sum() -> None:
    assert loss("未知", "损失") is None
    with pytest.raises(Refusal, match="损失"):
        loss("不少", "损失")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", AT), ("刚刚", AT), ("10分钟前", AT - timedelta(minutes=10)), ("14:20", AT - timedelta(minutes=10)),
        ("23:50", datetime(2027, 1, 3, 23, 50, tzinfo=SHANGHAI)), ("1-3 08:00", datetime(2027, 1, 3, 8, tzinfo=SHANGHAI)),
        ("2027年1月3日 08:00", datetime(2027, 1, 3, 8, tzinfo=SHANGHAI)), ("2027-01-04T06:00:00Z", datetime(2027, 1, 4, 6, tzinfo=UTC)),
        ("未知", None),
    ],
)  # fmt: skip
def test_a_moment_as_people_write_it(text: str, found: datetime | None) -> None:
    assert moment(text, "时间", AT) == found


@pytest.mark.parametrize("text", ["25:00", "2027-02-30 10:00", "上午", "2027-01-05 10:00"])
def test_a_wrong_or_future_moment_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match="时间"):
        moment(text, "时间", AT)


def test_a_choice_by_its_word_its_value_or_unknown() -> None:
    assert choice(AccidentKind, "爆炸并起火", "类别") is AccidentKind.BOTH
    assert choice(AccidentKind, "fire", "类别") is AccidentKind.FIRE
    assert choice(AccidentKind, "不明", "类别") is AccidentKind.UNKNOWN
    with pytest.raises(Refusal, match="类别"):
        choice(AccidentKind, "洪水", "类别")


@pytest.mark.parametrize(
    ("text", "toll"),
    [
        ("死亡2人，重伤3人，失联1人", {"dead": 2, "injured": 3, "missing": 1}), ("2死3重伤", {"dead": 2, "injured": 3}),
        ("一人被困", {"trapped": 1}), ("数人受伤", {}), ("无死亡，2人重伤", {"dead": 0, "injured": 2}),
    ],
)  # fmt: skip
def test_the_toll_in_words_stays_with_what_is_read_from_it(text: str, toll: dict[str, int]) -> None:
    assert spoken_toll(text) == {"likely": text} | toll


def test_a_toll_that_nobody_knows_is_unknown_and_none_is_nobody() -> None:
    assert spoken_toll("不明") == {}
    assert set(spoken_toll("无").values()) == {0}
    assert words("无").state is State.NONE


def place(unit: str = "", scene: str = "", town: str = "", minutes: int = 0) -> Place:
    return Place(unit, scene, town, AT + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (place("海门红星烟花爆竹有限公司"), place("南通市海门区红星烟花爆竹公司", minutes=20), True),
        (place("红星烟花店", town="sanxing"), place("红星烟花店", town="changle"), False),
        (place("红星烟花店"), place("红星烟花店", minutes=13 * 60), False),
        (place("甲烟花店", "三星镇人民路100号"), place("", "人民路100号附近", minutes=3), True),
        (place("甲烟花店", "人民路100号"), place("乙烟花店", "解放路8号"), False),
        (place("", ""), place("", ""), False),
        (place("不明单位", "地点不明"), place("不明单位", "地点不明"), False),
        (place("", "三星镇"), place("", "三星镇"), True),
    ],
)
def test_the_same_accident_by_place_and_time(one: Place, other: Place, *, same: bool) -> None:
    assert may_be_same(one, other, WINDOW) is same
    assert may_be_same(other, one, WINDOW) is same
    assert say("incident_report.unit_unknown", "zh") == "不明单位"
