"""Activation (4.1, 4.2): the commander, the deputies in order, the government from level III; every verdict."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config.emergency_plan import emergency_plan
from config.messages import Refusal
from models.incident_response.ladder import Ack
from models.incident_response.status import IncidentStatus as S
from tasks.incident_response.acknowledgement import Said, acknowledge
from tasks.incident_response.activation import activate
from tasks.incident_response.call_record import CALLS
from tasks.incident_response.groups import direct
from tasks.incident_response.incident import ORDERS, plan_of
from tests.flows.command_stage import (
    ORDER,
    change,
    decided,
    incident,
    minutes,
    notices,
    put_status,
    question,
    reported,
    seats,
    staffed,
    status,
    tell,
)  # fmt: skip
from tests.flows.service_stage import words
from tests.ground import BOTH, Ground, anew, journal, race, rows_of, settled


@pytest.fixture(params=["sqlite"])
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    for found in settled(request, home, monkeypatch):
        staffed()
        yield found


@pytest.fixture(params=BOTH)
def either(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    for found in settled(request, home, monkeypatch):
        staffed()
        yield found


def test_the_commander_starts_the_plan_at_level_iv(ground: Ground) -> None:
    case = reported()
    assert tell(activate, case) == "parked"
    assert seats("activate") == ["incident_commander"]
    assert "Ⅳ级" in question("activate").text
    decided("activate", "incident_commander", **ORDER)
    assert tell(activate, case) is True
    assert status(case) == S.PLAN_ACTIVATED
    (order,) = rows_of(ORDERS, case_id=case.id)
    assert (order.number, order.kind, order.level, order.issued_by) == (1, "activation", "IV", "C1")
    assert order.content["duration"] == "预计24小时"
    row = incident(case)
    assert (row.response_level, row.beyond_district, row.plan["id"]) == ("IV", None, "fireworks")
    assert row.activated_at is not None
    assert ("town:yuelai", "notice_incident_response.order") in [
        (who, what) for who, what in notices(case, "order")
    ] or any("yuelai" in who for who, _ in notices(case, "order"))


def test_the_order_on_paper_says_matter_level_duration_and_measures(ground: Ground) -> None:
    case = reported()
    tell(activate, case)
    decided("activate", "incident_commander", **ORDER)
    tell(activate, case)
    tell(direct, case)
    said = words(ground.home / "papers" / case.number / "order-001-activation.docx")
    for word in ("启动令", "Ⅳ级", "预计24小时", "灭火、疏散、警戒", "烟花爆竹仓库爆炸处置", "第七十二条"):
        assert word in said, word


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"duration": " "}, "启动令缺少：预计期限"),
        ({"matter": "", "measures": ""}, "启动令缺少：响应事项、应急处置措施"),
        ({"response_level": "none"}, "启动令缺少：响应级别"),
        ({"response_level": "III"}, "须写明是否超出本区应对能力"),
        ({"measures": "联系张工13800138000"}, "请删去"),
    ],
)
def test_an_order_that_leaves_something_out_is_refused_in_one_sentence(
    ground: Ground, fields: dict[str, Any], sentence: str
) -> None:
    case = reported()
    tell(activate, case)
    with pytest.raises(Refusal, match=sentence):
        decided("activate", "incident_commander", **{**ORDER, **fields})
    assert tell(activate, case) == "parked"  # nothing is lost: it is asked again


def test_T_INC_28_the_commander_alone_does_not_start_level_iii(ground: Ground) -> None:
    case = reported(dead=3, grade="III", worst_grade="III")
    assert tell(activate, case) == "parked"
    assert seats("agree.III") == ["district_government"]  # asked beside: neither waits for the other
    decided("activate", "incident_commander", **{**ORDER, "response_level": "III", "beyond_district": "no"})
    assert tell(activate, case) == "parked"
    assert status(case) == S.VERIFIED
    assert rows_of(ORDERS, case_id=case.id) == []
    warned = notices(case, "warn_not_started")
    assert {who for who, _ in warned} >= {"officer:C1", "officer:G1", "officer:O1"}
    assert ("warn_not_started", 1, "verified", "system") in journal(case.number)
    assert "预计24小时" in question("agree.III").text
    decided("agree.III", "district_government", verdict="approve")
    assert tell(activate, case) is True
    assert (incident(case).response_level, incident(case).beyond_district) == ("III", False)


def test_the_government_may_agree_first(ground: Ground) -> None:
    case = reported(worst_grade="II")
    tell(activate, case)
    decided("agree.II", "district_government", verdict="approve")
    assert tell(activate, case) == "parked"
    decided("activate", "incident_commander", **{**ORDER, "response_level": "II", "beyond_district": "yes"})
    assert tell(activate, case) is True
    assert incident(case).beyond_district is True
    assert notices(case, "warn_not_started") == []


def test_a_lower_level_needs_no_agreement_and_takes_the_question_back(ground: Ground) -> None:
    case = reported(worst_grade="III")
    tell(activate, case)
    decided("activate", "incident_commander", **ORDER)
    assert tell(activate, case) is True
    assert seats("agree.III") == []


def test_refused_by_the_government_the_commander_decides_again(ground: Ground) -> None:
    case = reported(worst_grade="III")
    whole = {**ORDER, "response_level": "III", "beyond_district": "no"}
    tell(activate, case)
    decided("activate", "incident_commander", **whole)
    tell(activate, case)
    decided("agree.III", "district_government", verdict="reject")
    assert tell(activate, case) == "parked"
    assert notices(case, "refuse_start")
    assert seats("activate") == ["incident_commander"]
    decided("activate", "incident_commander", **whole)
    tell(activate, case)
    decided("agree.III", "district_government", verdict="approve")
    assert tell(activate, case) is True


def test_the_question_follows_the_facts(ground: Ground) -> None:
    case = reported()
    tell(activate, case)
    change(case, worst_grade="III", missing=3)
    tell(activate, case)
    assert "Ⅲ级" in question("activate").text
    assert seats("agree.III") == ["district_government"]
    change(case, worst_grade="II", missing=10)
    tell(activate, case)
    tell(activate, case)
    assert (seats("agree.III"), seats("agree.II")) == ([], ["district_government"])
    change(case, worst_grade="III")
    tell(activate, case)
    tell(activate, case)
    assert (seats("agree.III"), seats("agree.II")) == (["district_government"], [])


def test_deputies_come_in_in_order_and_the_earlier_may_still_answer(ground: Ground) -> None:
    case = reported()
    tell(activate, case)
    wait = emergency_plan().stand_in_minutes
    minutes(wait - 1)
    tell(activate, case)
    assert seats("activate") == ["incident_commander"]
    minutes(1)
    tell(activate, case)
    assert seats("activate") == ["incident_commander", "deputy_commander_a"]
    minutes(wait)
    tell(activate, case)
    assert seats("activate") == ["incident_commander", "deputy_commander_a", "deputy_commander_b"]
    decided("activate", "deputy_commander_a", **ORDER)
    assert tell(activate, case) is True
    (order,) = rows_of(ORDERS, case_id=case.id)
    assert (order.issued_by, order.content["stood_in"]) == ("C2", "deputy_commander_a")
    stood = anew(case).journal["stand_in_for_commander", 3]
    assert (stood["by"], stood["stood_in_for"]) == ("C2", "incident_commander")
    assert {who for who, _ in notices(case, "stand_in_for_commander")} == {"officer:C1", "officer:O1"}


def acknowledged(case: Any, role: str, kind: Ack, eta: int | None = None) -> None:
    (row,) = rows_of(CALLS, case_id=case.id, purpose="activation", role=role)
    acknowledge(Said(row.code, kind, "code", eta))


def test_an_acknowledgement_prolongs_the_wait_until_it_lapses(ground: Ground) -> None:
    case, plan = reported(), emergency_plan()
    tell(activate, case)
    minutes(plan.stand_in_minutes - 1)
    acknowledged(case, "incident_commander", Ack.RECEIVED)
    minutes(plan.ack_minutes["received"] - 1)
    tell(activate, case)
    assert seats("activate") == ["incident_commander"]  # heard, and still held
    minutes(1)
    tell(activate, case)
    assert seats("activate") == ["incident_commander", "deputy_commander_a"]  # it lapsed without a decision


def test_who_cannot_is_waited_for_no_longer(ground: Ground) -> None:
    case = reported()
    tell(activate, case)
    minutes(1)
    acknowledged(case, "incident_commander", Ack.UNABLE)
    tell(activate, case)
    assert seats("activate") == ["incident_commander", "deputy_commander_a"]


def test_the_commander_answers_after_a_deputy_was_asked_and_nobody_stood_in(ground: Ground) -> None:
    case = reported()
    for _ in range(6):
        tell(activate, case)
        minutes(emergency_plan().stand_in_minutes)
    assert len(seats("activate")) == 4  # all three deputies, and nobody twice
    decided("activate", "incident_commander", **ORDER)
    assert tell(activate, case) is True
    assert not any(name == "stand_in_for_commander" for name, *_ in journal(case.number))


def test_standby_tells_the_groups_and_is_asked_again_when_the_facts_change(ground: Ground) -> None:
    case = reported()
    tell(activate, case)
    decided("activate", "incident_commander", verdict="standby", reason="先观察")
    assert tell(activate, case) == "parked"
    assert status(case) == S.STANDBY
    assert len([who for who, _ in notices(case, "order")]) >= 10
    assert seats("activate") == []
    change(case, injured=4)
    assert tell(activate, case) == "parked"
    assert seats("activate") == ["incident_commander"]
    decided("activate", "incident_commander", **ORDER)
    assert tell(activate, case) is True


def test_standby_is_looked_at_again_after_a_day(ground: Ground) -> None:
    case = reported()
    tell(activate, case)
    decided("activate", "incident_commander", verdict="standby", reason="先观察")
    tell(activate, case)
    minutes(24 * 60)
    tell(activate, case)
    assert seats("activate") == ["incident_commander"]


@pytest.mark.parametrize("verdict", ["standby", "no_activation"])
def test_a_false_alarm_ends_the_watch(ground: Ground, verdict: str) -> None:
    case = reported()
    tell(activate, case)
    decided("activate", "incident_commander", verdict=verdict, reason="先观察")
    tell(activate, case)
    put_status(case, S.NOT_ACCIDENT)
    assert tell(activate, case) is False
    assert status(case) == S.NOT_ACCIDENT


def test_a_false_alarm_takes_every_open_question_back(ground: Ground) -> None:
    case = reported(worst_grade="III")
    tell(activate, case)
    put_status(case, S.NOT_ACCIDENT)
    assert tell(activate, case) is False
    assert (seats("activate"), seats("agree.III")) == ([], [])


def test_a_false_alarm_while_the_government_thinks(ground: Ground) -> None:
    case = reported(worst_grade="III")
    tell(activate, case)
    decided("activate", "incident_commander", **{**ORDER, "response_level": "III", "beyond_district": "no"})
    tell(activate, case)
    put_status(case, S.NOT_ACCIDENT)
    assert tell(activate, case) is False
    assert seats("agree.III") == []


def test_no_activation_ends_after_thirty_days_without_news(ground: Ground) -> None:
    case = reported()
    tell(activate, case)
    decided("activate", "incident_commander", verdict="no_activation", reason="险情已排除")
    assert tell(activate, case) == "parked"
    assert status(case) == S.VERIFIED
    minutes(30 * 24 * 60)
    assert tell(activate, case) is False
    assert status(case) == S.VERIFIED  # the story closes it when nothing is owed any more


def test_no_activation_is_asked_again_when_it_gets_worse(ground: Ground) -> None:
    case = reported()
    tell(activate, case)
    decided("activate", "incident_commander", verdict="no_activation", reason="险情已排除")
    tell(activate, case)
    change(case, dead=1)
    tell(activate, case)
    assert seats("activate") == ["incident_commander"]


def test_the_snapshot_does_not_change_with_the_file(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    case = reported()
    tell(activate, case)
    decided("activate", "incident_commander", **ORDER)
    tell(activate, case)
    was = plan_of(case)
    changed = emergency_plan().model_copy(update={"stand_in_minutes": 1, "groups": emergency_plan().groups[:2]})
    monkeypatch.setattr("tasks.incident_response.incident.emergency_plan", lambda: changed)
    assert plan_of(case) == was
    assert len(plan_of(case).groups) == 10
    assert any(group.lead == "town:yuelai" for group in was.groups)  # the zone concerned, put into place


def test_two_runs_at_once_start_the_plan_once(either: Ground) -> None:
    case = reported()
    tell(activate, case)
    decided("activate", "incident_commander", **ORDER)
    assert race(*(lambda: activate(anew(case)) for _ in range(3))) == [True, True, True]
    assert [(row.number, row.kind) for row in rows_of(ORDERS, case_id=case.id)] == [(1, "activation")]
