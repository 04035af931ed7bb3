"""Season files, the medical standard and the scorecard they use, and the registry of offices."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.messages import Refusal
from config.offices import OfficeUnknownError, named, office, roles, town, towns
from config.offices import load as load_offices
from config.rulebook import rule
from config.season import FOLDER, load, season, seasons
from config.standard import Range
from config.yaml_file import FileWrongError

RAW: dict[str, Any] = yaml.safe_load((FOLDER / "2027H1.yaml").read_text(encoding="utf-8"))
ON = date(2027, 3, 1)


def written(tmp_path: Path, content: dict[str, Any], name: str = "2027H1") -> Path:
    path = tmp_path / f"{name}.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return path


def paths(content: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every field of a file."""
    if isinstance(content, dict):
        return [found for key, value in content.items() for found in ((*at, key), *paths(value, (*at, key)))]
    if isinstance(content, list):
        return [found for place, value in enumerate(content) for found in paths(value, (*at, place))]
    return []


def test_the_shipped_seasons() -> None:
    assert seasons() == ("2026H2", "2027H1", "2027H2")


@pytest.mark.parametrize("name", seasons())
def test_a_season_agrees_with_the_regulation(name: str) -> None:
    found = season(name)
    days = rule("conscription.intakes", found.approval.day)[f"H{found.half}"]
    assert f"{found.approval.day:%m-%d}" == days["approval"]
    assert f"{found.end.day:%m-%d}" == days["end"]
    assert found.family_allowance_base.year == found.year
    assert "示例" in found.family_allowance_base.source
    assert "示例" in found.quota.source
    assert found.windows.application["male"].closes_at.utcoffset() is not None
    assert found.scorecard.version == "示例量化赋分表@2023-05-12"
    assert found.medical.standard.height.of("female").min == 158


@pytest.mark.parametrize(
    "path",
    [path for path in paths(RAW) if (path[-1] != "note" and "application" not in path[1:-1]) or path[-1] == "closes"],
    ids=lambda path: ".".join(map(str, path)),
)
def test_a_field_left_out_is_refused_with_its_place(tmp_path: Path, path: tuple[Any, ...]) -> None:
    content = yaml.safe_load((FOLDER / "2027H1.yaml").read_text(encoding="utf-8"))
    part = content
    for key in path[:-1]:
        part = part[key]
    del part[path[-1]]
    with pytest.raises(FileWrongError) as refused:
        load(written(tmp_path, content))
    place = ".".join(map(str, path))
    town_left_out = path[:2] == ("quota", "by_town") and len(path) == 3
    sex_left_out = path[:2] == ("windows", "application") and len(path) == 3
    assert ("quota" if town_left_out else "-" if sex_left_out else place) in str(refused.value)


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        (("quota", "district"), 156, "不等于全区名额"),
        (("quota", "by_town", "sanxing"), 27, "不等于全区名额"),
        (("windows", "medical", "until"), date(2027, 1, 1), "早于开始日期"),
        (("windows", "posting", "until"), date(2027, 3, 1), "先后颠倒"),
        (("windows", "departure", "until"), date(2027, 4, 1), "先后颠倒"),
        (("windows", "departure", "from"), date(2027, 2, 28), "先后颠倒"),
        (("windows", "application"), {"male": RAW["windows"]["application"]["male"]}, "男女各写一段"),
        (("half",), 2, "年份、上下半年不符"),
        (("family_allowance_base", "amount"), "0", "greater than 0"),
        (("quota", "women"), -1, "greater than or equal"),
    ],
)
def test_a_wrong_figure_is_refused(tmp_path: Path, path: tuple[str, ...], value: Any, problem: str) -> None:
    content = yaml.safe_load((FOLDER / "2027H1.yaml").read_text(encoding="utf-8"))
    part = content
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    with pytest.raises(FileWrongError, match=problem):
        load(written(tmp_path, content))


def test_a_town_without_quota_is_refused(tmp_path: Path) -> None:
    content = yaml.safe_load((FOLDER / "2027H1.yaml").read_text(encoding="utf-8"))
    places = content["quota"]["by_town"]
    places["nowhere"] = places.pop("haiyong")
    with pytest.raises(FileWrongError, match="逐一对应"):
        load(written(tmp_path, content))


def test_a_season_without_file_and_one_misnamed_are_refused(tmp_path: Path) -> None:
    for name in ("2031H1", "../seasons/2027H1"):
        with pytest.raises(Refusal, match="没有"):
            season(name)
    with pytest.raises(Refusal, match="文件名与内容不符"):
        load(written(tmp_path, RAW, "2028H1"))


def test_windows_hold_both_ends() -> None:
    window = season("2027H1").windows.medical
    assert window.holds(window.start)
    assert window.holds(window.until)
    assert not window.holds(date(2027, 2, 10))


@pytest.mark.parametrize(("value", "inside"), [("17.4", False), ("17.5", True), ("29.9", True), ("30", False)])
def test_a_range_includes_min_and_not_below(value: str, inside: bool) -> None:
    assert Range(min=Decimal("17.5"), below=Decimal(30)).holds(Decimal(value)) is inside


def test_offices_have_one_id_and_every_name_finds_them() -> None:
    assert len({role.id for role in roles()}) == len(roles())
    assert office("finance_bureau").title == "区财政局"
    assert office("town_armed_forces:sanxing").title == "三星镇武装部"
    assert office("town:sanxing").zh == "三星镇"
    assert named("教育部门").id == "education_bureau"
    assert named("海门经济开发区管委会").id == "town:haimen_zone"
    assert named("区区域社会治理现代化指挥中心") == named("区区域治理现代化指挥中心")
    assert len(towns()) == 9
    assert town("海门街道").id == town("haimen_zone").id == "haimen_zone"
    for unknown in (lambda: office("nobody"), lambda: named("某局"), lambda: town("某镇")):
        with pytest.raises(OfficeUnknownError, match="请核对单位名录"):
            unknown()


def test_every_role_of_the_rules_is_in_the_registry() -> None:
    for name in ("working_groups", "leading_group_members", "assessment_explanation"):
        assert all(office(role) for role in rule(f"conscription.{name}", ON))
    assert len(rule("conscription.working_groups", ON)) == 7
    assert len(rule("conscription.leading_group_members", ON)) == 13


def test_a_name_for_two_bodies_is_refused(tmp_path: Path) -> None:
    body = {"id": "a", "zh": "某局", "en": "One"}
    path = written(tmp_path, {"offices": [body, {**body, "id": "b"}], "conscription": [], "towns": []}, "offices")
    with pytest.raises(FileWrongError, match="某局 有误：同一名称"):
        load_offices(path)
