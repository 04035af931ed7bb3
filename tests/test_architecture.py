"""The house rules that a machine can see."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from config.messages import FOLDER, LANGUAGES, fields_of, say
from config.settings import ROOT

COLUMNS = ("config", "models", "tasks", "flows")
SOURCES = sorted(path for column in COLUMNS for path in (ROOT / column).rglob("*.py") if "versions" not in path.parts)
AREAS = sorted(path.stem for path in (FOLDER / "zh").glob("*.yaml"))


def test_imports_keep_to_their_layers() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_stays_readable_and_imports_at_its_top(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400, "split it, with the same names"
    tree = ast.parse(text)
    inside = [
        node.lineno
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert not inside, f"imports inside functions at lines {inside}"
    assert path.stem not in {"utils", "helpers", "common", "base", "manager"}


@pytest.mark.parametrize("area", AREAS)
def test_both_languages_say_the_same_things(area: str) -> None:
    files = [
        yaml.safe_load((FOLDER / language / f"{area}.yaml").read_text(encoding="utf-8")) or {} for language in LANGUAGES
    ]
    assert files[0].keys() == files[1].keys()
    for name in files[0]:
        assert fields_of(f"{area}.{name}", "zh") == fields_of(f"{area}.{name}", "en"), name


def _decorated(path: Path) -> list[tuple[str, str]]:
    found = []
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                called = decorator.func if isinstance(decorator, ast.Call) else decorator
                if isinstance(called, ast.Name):
                    found.append((called.id, node.name))
    return found


STEPS = [
    (path, name)
    for path in SOURCES
    for decorator, name in _decorated(path)
    if decorator in {"step", "over_members", "together"}
]


@pytest.mark.parametrize(("path", "name"), STEPS, ids=[name for _, name in STEPS])
def test_every_step_has_its_title(path: Path, name: str) -> None:
    titles = [area for area in AREAS if area.startswith("step_")]
    assert any(
        name in yaml.safe_load((FOLDER / "zh" / f"{area}.yaml").read_text(encoding="utf-8")) for area in titles
    ), path


def test_step_names_are_permanent_and_stand_once() -> None:
    names = [name for _, name in STEPS]
    assert len(names) == len(set(names))


def test_every_story_is_deployed_with_a_chinese_description() -> None:
    deployed = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    entrypoints = {one["entrypoint"] for one in deployed}
    flows = {
        f"flows/{path.name}:{name}"
        for path in (ROOT / "flows").glob("*.py")
        for decorator, name in _decorated(path)
        if decorator in {"flow", "story"}
    }
    assert flows == entrypoints
    for one in deployed:
        assert any("\u4e00" <= letter <= "\u9fff" for letter in one["description"]), one["name"]
        for schedule in one.get("schedules", []):
            assert schedule["timezone"] == "Asia/Shanghai"


def test_stories_are_short() -> None:
    for path in (ROOT / "flows").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                assert (node.end_lineno or 0) - node.lineno <= 100, f"{path.name}:{node.name}"


def test_nothing_tracked_names_a_machine_or_a_registry() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    marks = ("/ro" + "ot/", "/wo" + "rk/", "file:///" + "opt", "pypi" + ".org", "files.python" + "hosted")
    wrong = []
    for name in filter(None, listed):
        path = ROOT / name
        if path.suffix in {".png", ".ico"} or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        wrong += [f"{name}: {mark}" for mark in marks if mark in text]
    assert not wrong


def test_an_unknown_message_is_a_fault_of_ours() -> None:
    with pytest.raises(LookupError):
        say("kernel.no_such_text")
