"""`banjie incident plan` and the doctor's look at it: the plan with its clauses, and what is wrong with it today."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from config.channels import channels
from config.emergency_plan import emergency_plan
from config.offices import towns
from config.settings import settings
from flows.cli import app
from tasks import doctor, store
from tasks.database import upgrade
from tasks.incident_response.plan_people import approvers_asked, check_plan, people_today
from tasks.officer import enrol

PLAN = emergency_plan()
SINCE = date(2026, 1, 1)


@pytest.fixture
def house(home: Path) -> Iterator[Path]:
    store.forget()
    upgrade()
    yield home
    store.forget()
    channels.cache_clear()


def call(*words: str) -> Result:
    return CliRunner().invoke(app, ["incident", "plan", *words])


def enrol_everybody(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every role of the plan a person of its own with two channels and a telephone."""
    zones = [f"town:{one.id}" for one in towns()]
    named = [PLAN.commander, *PLAN.deputies, PLAN.office, *PLAN.members, *PLAN.first_told, *zones]
    named += [role for group in PLAN.groups for role in (group.head, group.alternate)]
    named += [f"head:{one.id}" for one in towns()]
    held = [role for role in dict.fromkeys(named) if role not in {"town", "head:town"}]
    for number, role in enumerate(held):
        enrol(f"P{number:03}", "某某", [role], SINCE)
    rows = "\n".join(
        f'  P{number:03}: [{{mail: p{number}@example.org}}, {{push: p{number}}}, {{phone: "{number}"}}]'
        for number in range(len(held))
    )
    path = folder / "channels.yaml"
    path.write_text(
        "channels:\n"
        '  mail: {url: "mailtos://u:${P}@mail.example.org?to={target}"}\n'
        '  push: {url: "jsons://push.example.org/?:to={target}"}\n'
        "  phone: {kind: call}\n"
        f"officers:\n{rows}\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("BANJIE_CHANNELS", str(path))
    settings.cache_clear()
    channels.cache_clear()


def test_the_plan_is_shown_with_its_clauses(house: Path) -> None:
    del house
    done = call("--town", "三星镇")
    assert done.exit_code == 0, done.output
    for text in (
        "海政办发〔2023〕31号",
        PLAN.for_town("sanxing").version,
        "善后处理组的任务（2.5（10））",
        "三星镇",
        "4.6",
    ):
        assert text in done.output
    whole = json.loads(call("--json").stdout)
    assert whole["version"] == PLAN.version
    assert [group["code"] for group in whole["plan"]["groups"]] == [group.code for group in PLAN.groups]
    assert call("--town", "火星").exit_code == 2


def test_where_nobody_is_enrolled_it_says_so(house: Path) -> None:
    del house
    done = call("--check")
    assert done.exit_code == 1
    assert "commander: 总指挥今天没有人担任" in done.stdout
    looked = [one for one in doctor.examine() if one.what == "应急预案"]
    assert [one.mark for one in looked] == ["odd"]
    assert "无法启动" in looked[0].text


def test_where_everybody_is_there_and_can_be_reached_nothing_is_wrong(
    house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol_everybody(house, monkeypatch)
    done = call("--check")
    assert (done.exit_code, done.stdout) == (0, "核对无误。\n")
    assert [one.mark for one in doctor.examine() if one.what == "应急预案"] == ["right"]


def test_who_must_approve_follows_the_rules_and_the_plan_agrees(house: Path) -> None:
    del house
    asked = approvers_asked(PLAN.commander, date(2026, 11, 25))
    assert asked == {level: list(PLAN.levels[level].approvers) for level in PLAN.levels}


def test_a_person_who_can_hardly_be_reached_is_named_by_number_never_by_name(
    house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol_everybody(house, monkeypatch)
    enrol("P900", "某某", [PLAN.commander], SINCE)
    done = call("--check", "--json")
    assert done.exit_code == 1
    assert [one["place"] for one in json.loads(done.stdout)["problems"]] == ["officers.P900"]
    assert "某某" not in done.output
    assert people_today().ways["P000"].number == 3
    assert all(one.about == "people" for one in check_plan(PLAN))
