"""Invented seasons: valid, unlike any real person, the same for a seed, and flawed just as much as they say."""

import time
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from models.identity import check_identity
from models.roster import ApplicationRow, MedicalRow, PoliticalRow, Standing, Verdict
from tasks.roster import Reading, read_roster
from tasks.synthetic import (
    Due,
    Made,
    application_sheet,
    candidates,
    due,
    evidence_sheet,
    health_of,
    make_season,
    medical_sheet,
    political_sheet,
)

ON = date(2027, 1, 20)
TOWNS = ("悦来镇", "常乐镇", "三厂街道")


def read(made: Made) -> Reading[Any]:
    return read_roster(made.path, made.form, on=ON, choices={"town": TOWNS} if "town" in made.form.model_fields else {})


def test_numbers_are_valid_unique_and_tell_the_truth() -> None:
    people = candidates(10_000, seed=3, on=ON, towns=TOWNS)
    assert len({one.identity for one in people}) == 10_000
    for one in people:
        checked = check_identity(one.identity, ON, sex=one.sex.value, born=one.born)
        assert checked.valid
    assert 0.9 < sum(one.identity.startswith("320684") for one in people) / 10_000 < 0.97
    assert {one.town for one in people} == set(TOWNS)
    assert {one.standing for one in people} == set(Standing)


def test_a_seed_makes_the_same_people_and_another_does_not() -> None:
    one, same, other = (candidates(50, seed=seed, on=ON, towns=TOWNS) for seed in (1, 1, 2))
    assert one == same
    assert one != other
    assert health_of(one[0].identity, 1, ON) == health_of(one[0].identity, 1, ON)


def test_every_flaw_is_refused_and_nothing_else(tmp_path: Path) -> None:
    for made in make_season(tmp_path, applicants=400, seed=5, on=ON, towns=TOWNS, flaws=0.1):
        reading = read(made)
        assert len(reading.accepted) + len(reading.rejected) == made.rows, made.form.form
        assert len(reading.rejected) == made.flawed, made.form.form
        if made.form is ApplicationRow:
            kinds = Counter(flaw.key for one in reading.rejected for flaw in one.flaws)
            assert kinds.keys() >= {
                "roster.identity_is_number",
                "identity.checksum",
                "identity.sex_differs",
                "roster.row_repeats",
            }


def test_a_season_without_flaws_is_taken_whole(tmp_path: Path) -> None:
    made = make_season(tmp_path, applicants=60, seed=7, on=ON, towns=TOWNS, flaws=0)
    assert len(made) == 8
    assert [len(read(one).rejected) for one in made] == [0] * 8
    assert all(one.rows for one in made)
    assert all("测试数据" in one.path.name for one in made)


def test_every_sheet_says_that_it_is_invented(tmp_path: Path) -> None:
    made = application_sheet(tmp_path / "a.xlsx", candidates(1, seed=1, on=ON, towns=TOWNS), seed=1, on=ON)
    reading = read(made)
    assert reading.header_row == 3
    assert "测试数据" in reading.sheet


def test_a_stage_takes_those_who_are_due_by_case_number(tmp_path: Path) -> None:
    people = [
        Due(f"ZB-2027H1-{place:06d}", *one[1:])
        for place, one in enumerate(due(candidates(300, seed=9, on=ON, towns=TOWNS)))
    ]
    medical = read(medical_sheet(tmp_path / "m.xlsx", people, seed=9, on=ON, flaws=0, contradictions=0))
    fit = {one.fact.number for one in medical.accepted if one.fact.verdict is Verdict.PASSED}
    assert fit == {one.number for one in people if health_of(one.identity, 9, ON).fit}
    assert 0.5 < len(fit) / len(people) < 0.9
    again = read(medical_sheet(tmp_path / "n.xlsx", people[::-1], seed=9, on=ON, flaws=0, contradictions=0))
    assert {one.digest for one in again.accepted} == {one.digest for one in medical.accepted}
    political = read(
        political_sheet(tmp_path / "p.xlsx", [one for one in people if one.number in fit], seed=9, on=ON, flaws=0)
    )
    assert {one.fact.number for one in political.accepted} == fit
    assert (medical.form, political.form) == (MedicalRow, PoliticalRow)


def test_contradictions_are_taken_for_the_chief_physician_to_sort_out(tmp_path: Path) -> None:
    people = due(candidates(200, seed=9, on=ON, towns=TOWNS))
    made = read(medical_sheet(tmp_path / "m.xlsx", people, seed=9, on=ON, flaws=0, contradictions=1))
    assert {one.fact.verdict for one in made.accepted} == {Verdict.PASSED}


def test_evidence_comes_from_the_card_that_is_given(tmp_path: Path) -> None:
    people = due(candidates(50, seed=2, on=ON, towns=TOWNS))
    items = [("职业技能", "证书", ("三级", "四级")), ("体能", "测评表", ("12",))]
    rows = read(evidence_sheet(tmp_path / "e.xlsx", people, seed=2, on=ON, items=items)).accepted
    assert {(one.fact.item, one.fact.value) for one in rows} == {
        ("职业技能", "三级"),
        ("职业技能", "四级"),
        ("体能", "12"),
    }


@pytest.mark.slow
def test_a_season_of_three_thousand_is_made_in_seconds(tmp_path: Path) -> None:
    begun = time.process_time()
    made = make_season(tmp_path, applicants=3000, seed=1, on=ON, towns=TOWNS)
    assert time.process_time() - begun < 6
    assert made[0].rows >= 3000


def test_ten_thousand_rows_are_read_in_seconds(tmp_path: Path) -> None:
    made = application_sheet(tmp_path / "a.xlsx", candidates(10_000, seed=4, on=ON, towns=TOWNS), seed=4, on=ON)
    begun = time.process_time()
    reading = read(made)
    assert time.process_time() - begun < 5
    assert len(reading.accepted) + len(reading.rejected) == made.rows
