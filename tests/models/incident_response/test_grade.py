"""Accident grades (1.5): acceptance, every threshold at −1, 0, +1, unknowns, and what must hold for any numbers."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from config.rulebook import NotInForceError
from models.incident_response.grade import Casualties, Criterion, GradeRange, Level, grade, grade_range

ON = date(2026, 11, 25)
BOUNDS = {
    Criterion.DEAD: (3, 10, 30),
    Criterion.INJURED: (10, 50, 100),
    Criterion.LOSS: (10_000_000, 50_000_000, 100_000_000),
}
LEVELS = (Level.IV, Level.III, Level.II, Level.I)
MISSING = "incident_response.missing_people"
UNKNOWN = "incident_response.unknown_numbers"


def known(dead: int, injured: int, loss: str | int, **others: int) -> Casualties:
    return Casualties(
        dead=dead,
        injured=injured,
        loss=Decimal(loss),
        missing=others.get("missing", 0),
        trapped=others.get("trapped", 0),
    )


def level(dead: int, injured: int, loss: str | int) -> Level:
    return grade(known(dead, injured, loss), ON).level


def test_T_INC_02_all_just_below() -> None:
    assert level(2, 9, 9999999) is Level.IV


def test_T_INC_03_a_fen_below_the_loss() -> None:
    assert level(2, 0, "9999999.99") is Level.IV


def test_T_INC_06_ten_dead() -> None:
    assert level(10, 0, 0) is Level.II


def test_T_INC_07_twenty_nine_dead() -> None:
    assert level(29, 0, 0) is Level.II


def test_T_INC_08_thirty_dead() -> None:
    assert level(30, 0, 0) is Level.I


def test_T_INC_09_nine_injured() -> None:
    assert level(0, 9, 0) is Level.IV


def test_T_INC_10_ten_injured() -> None:
    assert level(0, 10, 0) is Level.III


def test_T_INC_11_forty_nine_injured() -> None:
    assert level(0, 49, 0) is Level.III


def test_T_INC_12_fifty_injured() -> None:
    assert level(0, 50, 0) is Level.II


def test_T_INC_13_ninety_nine_injured() -> None:
    assert level(0, 99, 0) is Level.II


def test_T_INC_17_fifty_million() -> None:
    assert level(0, 0, 50000000) is Level.II


def test_T_INC_19_a_hundred_million() -> None:
    assert level(0, 0, 100000000) is Level.I


def test_T_INC_21_the_gravest_criterion_wins_and_is_named() -> None:
    found = grade(known(2, 12, 60000000), ON)
    assert (found.level, found.criteria) == (Level.II, (Criterion.LOSS,))


def test_T_INC_22_the_injured_outweigh_the_dead() -> None:
    found = grade(known(3, 100, 0), ON)
    assert (found.level, found.criteria) == (Level.I, (Criterion.INJURED,))


def test_T_INC_23_a_missing_person_counts_in_the_worst_case_and_is_graded_again_when_found() -> None:
    first = grade_range(known(2, 0, 0, missing=1), ON)
    assert (first.confirmed.level, first.worst.level) == (Level.IV, Level.III)
    conservative = grade_range(known(2, 0, 0, missing=1), ON, {MISSING: "counted_dead"})
    assert (conservative.confirmed.level, conservative.worst.level) == (Level.III, Level.III)
    for readings in ({}, {MISSING: "counted_dead"}):
        found = grade_range(known(2, 0, 0), ON, readings)
        assert (found.confirmed.level, found.worst.level) == (Level.IV, Level.IV)


@pytest.mark.parametrize(
    ("dead", "injured", "wan", "expected"),
    [
        (2, 9, "999.99", "IV"),
        (3, 0, "0", "III"),
        (1, 10, "0", "III"),
        (0, 50, "0", "II"),
        (29, 99, "9999.99", "II"),
        (0, 0, "10000", "I"),
    ],
)
def test_the_vectors_of_order_493(dead: int, injured: int, wan: str, expected: str) -> None:
    for on in (ON, date(2020, 1, 1)):
        found = grade(Casualties(dead=dead, injured=injured, loss=Decimal(wan) * 10_000), on)
        assert found.level == expected
    assert found.sources[0].document.startswith("生产安全事故报告和调查处理条例")


@pytest.mark.parametrize("criterion", Criterion)
@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("others", [0, None])
@pytest.mark.parametrize("beside", [-1, 0, 1])
def test_every_threshold_at_its_edges(criterion: Criterion, place: int, others: int | None, beside: int) -> None:
    smallest = Decimal("0.01") if criterion is Criterion.LOSS else 1
    numbers: dict[str, Any] = dict.fromkeys(Criterion, others)
    numbers[criterion] = BOUNDS[criterion][place] + beside * smallest
    found = grade(Casualties(**numbers), ON)
    expected = LEVELS[place] if beside < 0 else LEVELS[place + 1]
    assert found.level is expected
    assert found.criteria == (() if expected is Level.IV else (criterion,))


@pytest.mark.parametrize("name", ["missing", "trapped"])
@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("beside", [-1, 0, 1])
def test_the_thresholds_of_the_worst_case(name: str, place: int, beside: int) -> None:
    unsure = BOUNDS[Criterion.DEAD][place] + beside - 1
    found = grade_range(known(1, 0, 0, **{name: unsure}), ON)
    assert found.confirmed.level is Level.IV
    assert found.worst.level is (LEVELS[place] if beside < 0 else LEVELS[place + 1])


def test_a_missing_person_may_also_be_seriously_injured() -> None:
    nine = known(0, 9, 0, trapped=1)
    assert grade_range(nine, ON).worst.level is Level.III
    assert grade_range(nine, ON).worst.criteria == (Criterion.INJURED,)
    assert grade_range(nine, ON, {MISSING: "dead"}).worst.level is Level.IV


def test_all_zero_is_the_lightest() -> None:
    found = grade_range(known(0, 0, 0), ON)
    assert (found.confirmed.level, found.worst.level, found.open) == (Level.IV, Level.IV, ())
    assert found.confirmed.criteria == ()


def test_what_is_unknown_is_named_and_never_taken_as_nothing() -> None:
    found = grade_range(Casualties(dead=0, injured=2), ON)
    assert (found.confirmed.level, found.worst.level) == (Level.IV, Level.IV)
    assert found.open == ("missing", "trapped", "loss")
    texts = [line.text() for line in found.working]
    assert "直接经济损失未知：不作零计，也不据以提高等级" in texts
    assert texts[-1] == "失踪人数、被困人数、直接经济损失未知：最坏等级可能更高，查明后重新定级"


def test_the_other_reading_takes_the_unknown_for_the_worst() -> None:
    found = grade_range(Casualties(dead=0, injured=2), ON, {UNKNOWN: "widens"})
    assert (found.confirmed.level, found.worst.level) == (Level.IV, Level.I)
    assert grade_range(known(0, 2, 0), ON, {UNKNOWN: "widens"}).worst.level is Level.IV


def test_both_languages_tell_the_working() -> None:
    found = grade_range(Casualties(dead=30, injured=10, missing=1), ON)
    assert "死亡人数30人：在30人以上，为特别重大（Ⅰ级）" in [line.text() for line in found.working]
    assert "deaths 30: at least 30, extraordinary (I)" in [line.text("en") for line in found.working]
    assert found.sources[0].label == "海政办发〔2023〕31号 1.5"
    assert set(found.readings) == {MISSING, UNKNOWN}


def test_levels_are_ordered_by_rank_not_by_letters() -> None:
    assert sorted([Level.I, Level.IV, Level.II, Level.III]) == list(LEVELS)
    assert max(LEVELS) is Level.I
    assert [one.rank for one in LEVELS] == [1, 2, 3, 4]
    assert Level.III >= "III"
    assert Level.III <= Level.II < "I"
    assert Level.II > Level.IV > ""
    assert Level.III.text == "较大（Ⅲ级）"


def test_numbers_below_nothing_are_refused() -> None:
    for wrong in ({"dead": -1}, {"loss": Decimal(-1)}, {"loss": Decimal("NaN")}, {"injured": "2.5"}):
        with pytest.raises(ValidationError):
            Casualties.model_validate(wrong)


def test_before_any_rule_there_is_no_grade() -> None:
    with pytest.raises(NotInForceError):
        grade(known(1, 0, 0), date(2007, 5, 31))


PEOPLE = st.none() | st.integers(0, 130)
ANY = st.builds(
    Casualties,
    dead=PEOPLE,
    injured=PEOPLE,
    missing=PEOPLE,
    trapped=PEOPLE,
    loss=st.none() | st.decimals(0, 200_000_000, places=2),
)
READINGS = st.fixed_dictionaries(
    {
        MISSING: st.sampled_from(["dead_or_injured", "dead", "counted_dead"]),
        UNKNOWN: st.sampled_from(["open", "widens"]),
    }
)


def judged(casualties: Casualties, readings: dict[str, str]) -> GradeRange:
    return grade_range(casualties, ON, readings)


@given(ANY, READINGS)
def test_the_worst_case_is_never_lighter_than_what_is_confirmed(
    casualties: Casualties, readings: dict[str, str]
) -> None:
    found = judged(casualties, readings)
    assert found.worst.level >= found.confirmed.level
    assert found.open == casualties.unknown
    assert all(line.text(language) for line in found.working for language in ("zh", "en"))


@given(ANY, READINGS, st.sampled_from(list(Casualties.model_fields)), st.integers(1, 100_000_000))
def test_more_never_makes_it_lighter(casualties: Casualties, readings: dict[str, str], name: str, more: int) -> None:
    before = getattr(casualties, name)
    if before is None:
        return
    graver = casualties.model_copy(update={name: before + more})
    first, second = judged(casualties, readings), judged(graver, readings)
    assert second.confirmed.level >= first.confirmed.level
    assert second.worst.level >= first.worst.level


@given(ANY, READINGS, st.sampled_from(list(Casualties.model_fields)), st.integers(0, 100_000_000))
def test_what_becomes_known_never_makes_the_confirmed_lighter(
    casualties: Casualties, readings: dict[str, str], name: str, number: int
) -> None:
    unknown = casualties.model_copy(update={name: None})
    learned = casualties.model_copy(update={name: Decimal(number) if name == "loss" else number})
    assert judged(learned, readings).confirmed.level >= judged(unknown, readings).confirmed.level


@given(ANY, st.sampled_from([0, 1]))
def test_any_fate_of_the_missing_stays_within_the_worst_case(casualties: Casualties, dies: int) -> None:
    worst = grade_range(casualties, ON).worst.level
    unsure = (casualties.missing or 0) + (casualties.trapped or 0)
    for dead in {0, unsure // 2, unsure} if dies else {0}:
        known_later = casualties.model_copy(
            update={
                "dead": (casualties.dead or 0) + dead,
                "injured": (casualties.injured or 0) + unsure - dead,
                "missing": 0,
                "trapped": 0,
            }
        )
        assert grade(known_later, ON).level <= worst
