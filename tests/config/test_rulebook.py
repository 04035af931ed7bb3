"""The rulebook: each entry loads, is dated and cited, is used, and a missing one names itself."""

import pickle
import re
import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from config import rulebook
from config.messages import FOLDER as MESSAGES
from config.messages import Refusal, fields_of, say
from config.rulebook import NotInForceError, RuleMissingError, YearMissingError, cited, entry, load, reading, rule
from config.settings import ROOT
from config.yaml_file import FileWrongError

ON = date(2026, 11, 23)
RULES = load("conscription")
GOOD: dict[str, Any] = {
    "description": "公示期",
    "unit": "working days",
    "versions": [
        {"since": date(2023, 5, 1), "value": 5, "certainty": "law", "source": {"document": "条例", "article": "30"}}
    ],
}
AREAS = ("rulebook", "office", "season", "recruit", "benefit", "explain", "conscription_status")


def book(tmp_path: Path, **changes: Any) -> dict[str, rulebook.Rule]:
    (tmp_path / "demo.yaml").write_text(
        yaml.safe_dump({"days": {**GOOD, **changes}}, allow_unicode=True), encoding="utf-8"
    )
    return load("demo", tmp_path)


def version(since: date, value: Any) -> dict[str, Any]:
    return {"since": since, "value": value, "certainty": "law", "source": {"document": "条例", "article": "30"}}


@pytest.mark.parametrize("name", RULES)
def test_each_rule_is_dated_cited_and_told_in_chinese(name: str) -> None:
    found = RULES[name]
    assert re.search(r"[一-鿿]", found.description)
    for one in found.versions:
        assert one.source.label.strip()
        assert one.since >= date(2020, 1, 1)
    if found.reading:
        assert re.search(r"[一-鿿]", found.reading.basis)


@pytest.mark.parametrize("name", RULES)
def test_each_rule_is_used(name: str) -> None:
    files = [path for column in ("models", "tasks", "flows", "config") for path in (ROOT / column).rglob("*.py")]
    used = re.compile(rf'"(conscription\.)?{name}"')
    assert any(used.search(path.read_text(encoding="utf-8")) for path in files)


@pytest.mark.parametrize("name", [name for name, found in RULES.items() if not found.yearly])
def test_a_rule_holds_from_its_first_day_and_not_the_day_before(name: str) -> None:
    first = RULES[name].versions[0]
    assert rule(f"conscription.{name}", first.since) == first.value
    with pytest.raises(NotInForceError) as refused:
        rule(f"conscription.{name}", first.since - timedelta(days=1))
    assert refused.value.path == f"conscription.{name}"
    assert refused.value.on == first.since - timedelta(days=1)


@pytest.mark.parametrize("name", [name for name, found in RULES.items() if found.reading])
def test_each_reading_can_be_switched_to_each_option_and_to_no_other(name: str) -> None:
    path, found = f"conscription.{name}", RULES[name].reading
    assert found is not None
    assert reading(path, ON) == found.value
    for option in found.options:
        taken = cited(path, ON, {path: option})
        assert taken.reading is not None
        assert taken.reading.value == option
        assert taken.value == (option if RULES[name].unit == "reading" else RULES[name].versions[-1].value)
    with pytest.raises(Refusal, match="没有“nonsense”这一选项"):
        cited(path, ON, {path: "nonsense"})


def test_a_value_comes_with_its_citation() -> None:
    found = cited("conscription.publicity_days", ON)
    assert (found.value, found.unit, found.label) == (
        5,
        "working days",
        "征兵工作条例（国务院、中央军委令第759号） 第三十条",
    )
    assert cited("conscription.publicity_months", ON).label == "海政办发〔2023〕20号 第八条"
    assert found.ground.source == found.source


def test_a_missing_rule_names_itself() -> None:
    with pytest.raises(RuleMissingError, match=r"conscription\.nonsense") as refused:
        rule("conscription.nonsense", ON)
    assert refused.value.path == "conscription.nonsense"
    assert str(pickle.loads(pickle.dumps(refused.value))) == str(refused.value)  # noqa: S301 -- our own error, there and back
    with pytest.raises(RuleMissingError):
        rule("nonsense", ON)


def test_a_yearly_standard_is_never_last_years(tmp_path: Path) -> None:
    found = book(tmp_path, yearly=True, versions=[version(date(2023, 1, 1), "24000")])["days"]
    assert found.version("demo.days", date(2023, 12, 31)).value == "24000"
    for on in (date(2022, 12, 31), date(2024, 1, 1)):
        with pytest.raises(YearMissingError, match=rf"days\[{on.year}\] missing"):
            found.version("demo.days", on)


def test_the_latest_version_not_after_the_day_holds(tmp_path: Path) -> None:
    found = book(
        tmp_path, versions=[version(date(2023, 5, 1), 5), version(date(2025, 1, 1), 7), version(date(2026, 1, 1), None)]
    )["days"]
    days = [date(2023, 5, 1), date(2024, 12, 31), date(2025, 1, 1), date(2025, 12, 31)]
    assert [found.version("demo.days", on).value for on in days] == [5, 5, 7, 7]
    with pytest.raises(NotInForceError, match="已废止"):
        found.version("demo.days", date(2026, 1, 1))


@given(st.dates(min_value=date(2023, 5, 1), max_value=date(2100, 1, 1)))
def test_any_day_in_force_has_a_value(on: date) -> None:
    assert rule("conscription.return_days", on) == 45


@pytest.mark.parametrize(
    ("changes", "place", "problem"),
    [
        ({"versions": []}, "days", "至少要有一个"),
        ({"versions": [{**version(date(2023, 5, 1), 5), "source": None}]}, "days.versions.0.source", ""),
        (
            {"versions": [{key: value for key, value in version(date(2023, 5, 1), 5).items() if key != "source"}]},
            "days.versions.0.source",
            "缺少此项",
        ),
        (
            {"versions": [{**version(date(2023, 5, 1), 5), "source": {"document": "条例"}}]},
            "days.versions.0.source.article",
            "缺少此项",
        ),
        ({"versions": [version(date(2023, 5, 1), 0.05)]}, "days.versions.0.value", "小数须加引号"),
        ({"versions": [version(date(2023, 5, 1), {"share": [0.5]})]}, "days.versions.0.value", "小数须加引号"),
        ({"versions": [version(date(2024, 5, 1), 5), version(date(2023, 5, 1), 5)]}, "days", "先后排列"),
        ({"versions": [version(date(2024, 5, 1), 5), version(date(2024, 5, 1), 6)]}, "days", "先后排列"),
        ({"versions": [{**version(date(2023, 5, 1), 5), "certainty": "sure"}]}, "days.versions.0.certainty", ""),
        ({"surprise": 1}, "days.surprise", "未定义的字段"),
        ({"reading": {"value": "c", "options": ["a", "b"], "basis": "依据"}}, "days.reading", "不在可选项"),
        ({"yearly": True}, "days", "1月1日"),
        ({"unit": "reading"}, "days", "口径"),
    ],
)
def test_a_wrong_entry_is_refused_with_its_place(
    tmp_path: Path, changes: dict[str, Any], place: str, problem: str
) -> None:
    with pytest.raises(FileWrongError) as refused:
        book(tmp_path, **changes)
    assert str(refused.value).startswith(f"配置文件 demo.yaml 的 {place} 有误")
    assert problem in str(refused.value)


def test_a_key_written_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "demo.yaml").write_text("days: {unit: a, unit: b}\n", encoding="utf-8")
    with pytest.raises(FileWrongError, match="第 1 行"):
        load("demo", tmp_path)
    (tmp_path / "demo.yaml").write_text(yaml.safe_dump({"days": GOOD}), encoding="utf-8")
    (tmp_path / "demo_more.yaml").write_text(yaml.safe_dump({"days": GOOD}), encoding="utf-8")
    with pytest.raises(FileWrongError, match=r"demo_more\.yaml"):
        load("demo", tmp_path)


def test_broken_yaml_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "demo.yaml").write_text("days:\n  - [1,\n", encoding="utf-8")
    with pytest.raises(FileWrongError, match="第 3 行"):
        load("demo", tmp_path)


def test_an_installation_adds_versions_and_edits_none(tmp_path: Path) -> None:
    (tmp_path / "local").mkdir()
    local = tmp_path / "local" / "demo.yaml"
    local.write_text(
        yaml.safe_dump({"days": {"versions": [version(date(2027, 1, 1), 7)]}}, allow_unicode=True), encoding="utf-8"
    )
    found = book(tmp_path)["days"]
    assert [one.value for one in found.versions] == [5, 7]
    local.write_text(
        yaml.safe_dump({"days": {"versions": [version(date(2023, 5, 1), 7)]}}, allow_unicode=True), encoding="utf-8"
    )
    with pytest.raises(FileWrongError, match="不得同日两版"):
        book(tmp_path)
    local.write_text(
        yaml.safe_dump({"other": {"versions": [version(date(2023, 5, 1), 7)]}}, allow_unicode=True), encoding="utf-8"
    )
    with pytest.raises(RuleMissingError):
        book(tmp_path)


def test_lists_are_frozen(tmp_path: Path) -> None:
    assert book(tmp_path, versions=[version(date(2023, 5, 1), [1, [2]])])["days"].versions[0].value == (1, (2,))


def test_the_shipped_base_of_the_year_is_empty() -> None:
    assert entry("conscription.family_allowance_base").versions == ()


@pytest.mark.parametrize("area", AREAS)
def test_both_languages_say_the_same_things(area: str) -> None:
    texts = [
        yaml.safe_load((MESSAGES / language / f"{area}.yaml").read_text(encoding="utf-8")) for language in ("zh", "en")
    ]
    assert set(texts[0]) == set(texts[1])
    for name in texts[0]:
        assert fields_of(f"{area}.{name}", "zh") == fields_of(f"{area}.{name}", "en")
    assert all(say(f"{area}.{name}", "en") for name in texts[1] if not fields_of(f"{area}.{name}", "en"))


@pytest.mark.parametrize("area", ["rulebook", "office", "season", "recruit", "benefit", "explain"])
def test_every_text_that_code_names_is_there_and_every_text_is_named(area: str) -> None:
    files = [path for column in ("models", "tasks", "flows", "config") for path in (ROOT / column).rglob("*.py")]
    code = "\n".join(path.read_text(encoding="utf-8") for path in files)
    texts = set(yaml.safe_load((MESSAGES / "zh" / f"{area}.yaml").read_text(encoding="utf-8")))
    assert set(re.findall(rf'"{area}\.([a-z_0-9]+)"', code)) <= texts
    stems = set(re.findall(rf'f"{area}\.([a-z_]*)\{{', code))
    unnamed = {
        name for name in texts if f'"{area}.{name}"' not in code and not any(name.startswith(stem) for stem in stems)
    }
    assert unnamed == set()


def test_an_installation_chooses_a_reading_and_says_in_which_paper(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "readings.yaml"
    monkeypatch.setattr(rulebook, "READINGS", path)
    for text, option in (
        ("conscription.merit_awards: {value: highest_per_year, basis: 会议纪要}", "highest_per_year"),
        ("", "each_act"),
    ):
        path.write_text(text, encoding="utf-8")
        rulebook.forget()
        assert reading("conscription.merit_awards", ON) == option
        assert reading("conscription.merit_awards", ON, {"conscription.merit_awards": "each_act"}) == "each_act"
    path.write_text("conscription.merit_awards: {value: nonsense, basis: 会议纪要}", encoding="utf-8")
    rulebook.forget()
    with pytest.raises(Refusal, match="没有“nonsense”这一选项"):
        reading("conscription.merit_awards", ON)
    monkeypatch.undo()
    rulebook.forget()
    assert reading("conscription.merit_awards", ON) == "each_act"


def test_an_operator_enters_the_standard_of_the_year(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    shutil.copytree(rulebook.FOLDER, folder)
    (folder / "local").mkdir(exist_ok=True)
    source = {"document": "海政发〔2023〕99号", "article": "一"}
    paper = {"since": date(2023, 1, 1), "value": "24000", "certainty": "configured", "source": source}
    text = yaml.safe_dump({"family_allowance_base": {"versions": [paper]}}, allow_unicode=True)
    (folder / "local" / "conscription.yaml").write_text(text, encoding="utf-8")
    found = load("conscription", folder)["family_allowance_base"]
    assert found.version("conscription.family_allowance_base", date(2023, 9, 1)).value == "24000"
    with pytest.raises(YearMissingError, match=r"family_allowance_base\[2024\] missing"):
        found.version("conscription.family_allowance_base", date(2024, 9, 1))
