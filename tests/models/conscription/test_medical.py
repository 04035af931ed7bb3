"""The examination sheet: arithmetic, ranges, gaps, contradictions, and the draw for the second look."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.rulebook import NotInForceError
from models.conscription.medical import Examination, MedicalCheck, check_examination, choose_recheck, months_earlier

ON = date(2027, 2, 12)


def checked(**facts: Any) -> MedicalCheck:
    sheet = {
        "sex": "male", "examined_on": ON, "height": "175", "weight": "68", "bmi": "22.2", "verdict": "fit",
        "left": {"naked": "5.0"}, "right": {"naked": "5.0"}, "glucose": "5.1", "systolic": "120", "diastolic": "75",
    }  # fmt: skip
    return check_examination(Examination.model_validate({**sheet, **facts}), ON)


def kinds(found: MedicalCheck) -> list[tuple[str, str]]:
    return [(finding.place, finding.kind) for finding in found.findings]


def test_a_clean_sheet() -> None:
    found = checked()
    assert (found.findings, found.complete, found.needs_chief_physician, found.bmi) == (
        (),
        True,
        False,
        Decimal("22.2"),
    )
    assert found.grounds[0].certainty == "unverified"


@pytest.mark.parametrize("field", ["height", "weight", "left", "right", "glucose", "systolic", "diastolic", "verdict"])
def test_a_gap_is_named(field: str) -> None:
    found = checked(**{field: None})
    assert (field, "missing") in kinds(found)
    assert not found.complete
    assert "未填写" in found.findings[0].line.text()


@pytest.mark.parametrize(
    ("sex", "field", "value", "inside"),
    [
        ("male", "height", "160", True), ("male", "height", "159.9", False),
        ("female", "height", "158", True), ("female", "height", "157.9", False),
        ("male", "glucose", "6.9", True), ("male", "glucose", "7.0", False),
        ("male", "systolic", "90", True), ("male", "systolic", "89", False), ("male", "systolic", "139", True), ("male", "systolic", "140", False),
        ("male", "diastolic", "60", True), ("male", "diastolic", "59", False), ("male", "diastolic", "89", True), ("male", "diastolic", "90", False),
    ],
)  # fmt: skip
def test_ranges_on_and_beyond_their_ends(sex: str, field: str, value: str, inside: bool) -> None:
    found = checked(**{"sex": sex, "bmi": None, "weight": "55", field: value})
    assert ((field, "out_of_range") not in kinds(found)) is inside


@pytest.mark.parametrize(
    ("sex", "weight", "inside"),
    [("male", "69.99", False), ("male", "70", True), ("male", "119.99", True), ("male", "120", False),
     ("female", "67.99", False), ("female", "68", True), ("female", "95.99", True), ("female", "96", False)],
)  # fmt: skip
def test_body_mass_index_at_two_metres(sex: str, weight: str, inside: bool) -> None:
    found = checked(sex=sex, height="200", weight=weight, bmi=None, hba1c="5.0")
    assert (("bmi", "out_of_range") not in kinds(found)) is inside


def test_hba1c_is_asked_from_28_on_and_stays_below_six_and_a_half() -> None:
    heavy = {"height": "200", "weight": "112", "bmi": "28.0"}
    assert kinds(checked(**heavy)) == [("hba1c", "missing")]
    assert checked(**heavy, hba1c="6.4").findings == ()
    assert ("hba1c", "out_of_range") in kinds(checked(**heavy, hba1c="6.5"))
    assert checked(**{**heavy, "weight": "111.9"}).findings == ()


def test_arithmetic() -> None:
    assert checked(bmi="22.3").findings == ()
    assert kinds(checked(bmi="22.4")) == [("bmi", "arithmetic")]
    assert ("systolic", "arithmetic") in kinds(checked(systolic="75", diastolic="75"))


@pytest.mark.parametrize(
    ("eye", "found"),
    [
        ({"naked": "4.8"}, []),
        ({"naked": "4.7"}, [("left", "missing")]),
        ({"naked": "4.5", "corrected": "4.8", "degrees": "600"}, []),
        (
            {"naked": "4.5", "corrected": "4.7", "degrees": "600"},
            [("left", "out_of_range"), ("verdict", "contradiction")],
        ),
        (
            {"naked": "4.5", "corrected": "4.8", "degrees": "601"},
            [("left", "out_of_range"), ("verdict", "contradiction")],
        ),
        (
            {"naked": "4.4", "corrected": "5.0", "degrees": "300"},
            [("left", "out_of_range"), ("verdict", "contradiction")],
        ),
    ],
)
def test_vision(eye: dict[str, str], found: list[tuple[str, str]]) -> None:
    assert kinds(checked(left=eye)) == found


@pytest.mark.parametrize(("laser", "inside"), [(date(2026, 8, 12), True), (date(2026, 8, 13), False)])
def test_laser_surgery_six_months_ago(laser: date, inside: bool) -> None:
    assert (checked(laser_on=laser).findings == ()) is inside


def test_a_contradiction_needs_the_chief_physician() -> None:
    found = checked(height="159", weight="56", bmi="22.2")
    assert kinds(found) == [("height", "out_of_range"), ("verdict", "contradiction")]
    assert found.needs_chief_physician
    assert "主检医生签字" in found.findings[-1].line.text()
    assert "身高" in found.findings[-1].line.text()
    assert "height is out of range" in found.findings[-1].line.text("en")
    signed = checked(height="159", weight="56", bmi="22.2", chief_physician_signed=True)
    assert kinds(signed) == [("height", "out_of_range")]
    assert not signed.needs_chief_physician
    assert not checked(height="159", weight="56", bmi="22.2", verdict="unfit").needs_chief_physician
    assert "条件兵" in checked(special_troops=True).working[0].text()


def test_no_standard_before_its_first_day() -> None:
    sheet = Examination(sex="male", examined_on=date(2023, 4, 30))
    with pytest.raises(NotInForceError):
        check_examination(sheet, date(2023, 4, 30))


@given(height=st.decimals(100, 250, places=1), weight=st.decimals(30, 200, places=1))
def test_a_sheet_never_breaks_the_checker(height: Decimal, weight: Decimal) -> None:
    found = checked(height=height, weight=weight, bmi=None)
    assert found.bmi is not None
    out = ("bmi", "out_of_range") in kinds(found)
    exact = weight / (height / 100) ** 2
    assert out is not (Decimal("17.5") <= exact < 30)


@pytest.mark.parametrize(
    ("day", "months", "found"),
    [
        (date(2027, 8, 31), 6, date(2027, 2, 28)),
        (date(2028, 8, 31), 6, date(2028, 2, 29)),
        (date(2027, 3, 15), 6, date(2026, 9, 15)),
    ],
)
def test_months_earlier(day: date, months: int, found: date) -> None:
    assert months_earlier(day, months) == found


CASES = [f"ZB-2027H1-{number:06d}" for number in range(1, 102)]


@pytest.mark.parametrize(("passed", "drawn"), [(0, 0), (1, 1), (10, 1), (11, 2), (100, 10), (101, 11)])
def test_a_tenth_rounded_up_is_drawn(passed: int, drawn: int) -> None:
    assert len(choose_recheck(CASES[:passed], "seed", ON).cases) == drawn


def test_the_draw_depends_on_the_seed_alone() -> None:
    one = choose_recheck(CASES, "ZB-2027H1", ON)
    assert one == choose_recheck(CASES[::-1], "ZB-2027H1", ON)
    assert one.cases != choose_recheck(CASES, "ZB-2027H2", ON).cases


@pytest.mark.parametrize(("rate", "full"), [("0.10", False), ("0.1001", True)])
def test_everyone_when_too_many_fail(rate: str, full: bool) -> None:
    found = choose_recheck(CASES, "seed", ON, Decimal(rate))
    assert found.full is full
    assert (len(found.cases) == len(CASES)) is full
