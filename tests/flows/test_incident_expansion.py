"""Expanded response (4.4): the commander at once, the government to the city, own groups on until the higher plan starts."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from config.emergency_plan import emergency_plan
from config.messages import Refusal
from models.incident_response.status import IncidentStatus as S
from tasks.incident_response.call_record import CALLS
from tasks.incident_response.command_act import Act, act
from tasks.incident_response.duty_book import DUTIES
from tasks.incident_response.expansion import expand, request_expansion
from tasks.incident_response.groups import direct
from tasks.incident_response.incident import GROUPS, ORDERS
from tasks.incident_response.spoken import Signer, done
from tasks.step import Dossier
from tests.flows.command_stage import (
    decided,
    incident,
    minutes,
    notices,
    ordered,
    question,
    seats,
    sign,
    staffed,
    status,
    tell,
)  # fmt: skip
from tests.flows.service_stage import words
from tests.ground import BOTH, Ground, race, rows_of, settled

WHY, WANTED = "仓库二连燃，逼近居民区", "两支消防中队、排爆专家"


@pytest.fixture(params=["sqlite"])
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")  # nobody listens
    for found in settled(request, home, monkeypatch):
        staffed()
        yield found


@pytest.fixture(params=BOTH)
def either(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    for found in settled(request, home, monkeypatch):
        staffed()
        yield found


def asked(case: Dossier, staff_no: str = "O2") -> str:
    return done(case.number, partial(request_expansion, why=WHY, wanted=WANTED, signer=sign(staff_no)))


def acted(case: Dossier, kind: str, staff_no: str, **more: str) -> str:
    return done(case.number, partial(act, given=Act(kind, "情况紧急，立即执行", **more), signer=sign(staff_no)))


def test_T_INC_29_not_controlled_the_commander_is_told_and_the_government_asks_the_city(ground: Ground) -> None:
    case = ordered("III")
    asked(case)
    (called,) = [row for row in rows_of(CALLS, case_id=case.id, purpose="expansion") if row.staff_no == "C1"]
    assert called.role == "incident_commander"  # told at once, before any run has woken
    assert ("officer:C1", "notice_incident_response.expansion_call") in notices(case, "expansion_call")
    assert tell(expand, case) == "parked"
    assert seats("expand") == ["incident_commander"]
    assert WHY in question("expand").text
    decided("expand", "incident_commander", verdict="request_city")
    tell(expand, case)
    assert seats("expand_city") == ["district_government"]
    assert status(case) == S.RESPONDING
    decided("expand_city", "district_government", verdict="approve")
    tell(expand, case)
    assert status(case) == S.EXPANDED
    (letter,) = rows_of(ORDERS, case_id=case.id, kind="expansion")
    assert (letter.issued_by, letter.content["wanted"]) == ("G1", WANTED)
    assert {"role:city_government"} <= {who for who, _ in notices(case, "order")}
    tell(direct, case)
    said = words(ground.home / "papers" / case.number / f"order-{letter.number:03}-expansion.docx")
    for word in ("南通市人民政府：", WHY, WANTED, "上一级应急预案", "继续按职责实施应急救援"):
        assert word in said, word
    decided("letter_receipt", "command_office", verdict="received_letter", receipt="通政应急〔2027〕1号 11:20")
    assert tell(expand, case) is None
    groups = rows_of(GROUPS, case_id=case.id)
    assert {row.status for row in groups} == {"ordered"}  # own groups go on
    assert incident(case).command == "district"
    standing = [row.number for row in rows_of(ORDERS, case_id=case.id, kind="group") if row.withdrawn_at is None]
    assert len(standing) == 10
    acted(case, "superior", "O1", document="通政应急〔2027〕2号", orders=f"{standing[0]}、{standing[1]}")
    assert (status(case), incident(case).command) == (S.SUPERIOR_COMMAND, "superior")
    (order,) = rows_of(ORDERS, case_id=case.id, kind="superior")
    gone = [row for row in rows_of(ORDERS, case_id=case.id, kind="group") if row.withdrawn_at is not None]
    assert [(row.number, row.withdrawn_by) for row in gone] == [(one, order.number) for one in standing[:2]]
    assert "通政应急〔2027〕2号" in gone[0].reason
    assert notices(case, "order_withdrawn")
    with pytest.raises(Refusal, match="不必重复登记"):
        acted(case, "superior", "O1", document="通政应急〔2027〕2号")
    acted(case, "恢复本区指挥", "G1", document="通政应急〔2027〕3号")
    assert (status(case), incident(case).command) == (S.RESPONDING, "district")
    tell(expand, case)


def test_two_requests_at_once_are_two_requests(either: Ground) -> None:
    case = ordered()
    first, second = sign("O2"), sign("R1")
    found = race(
        *(
            partial(done, case.number, partial(request_expansion, why=WHY, wanted=WANTED, signer=one))
            for one in (first, second)
        )
    )
    assert found == ["已立即报告总指挥。"] * 2
    tell(expand, case)
    assert seats("expand") == ["incident_commander"]


def test_the_duty_to_report_up_runs_from_the_request_and_is_met_by_the_receipt(ground: Ground) -> None:
    case = ordered("III")
    asked(case)
    (duty,) = rows_of(DUTIES, case_id=case.id, name="expansion_report")
    assert duty.satisfied_at is None
    tell(expand, case)
    decided("expand", "incident_commander", verdict="request_city")
    tell(expand, case)
    decided("expand_city", "district_government", verdict="approve")
    tell(expand, case)
    decided("letter_receipt", "command_office", verdict="received_letter", receipt="通政应急〔2027〕1号")
    tell(expand, case)
    (duty,) = rows_of(DUTIES, case_id=case.id, name="expansion_report")
    assert duty.satisfied_by == "通政应急〔2027〕1号"


def test_measurements_and_their_judgement_are_recorded_and_told(ground: Ground) -> None:
    case = ordered()
    acted(case, "监测分析与后果评估", "O2")
    assert "officer:C1" in {who for who, _ in notices(case, "assessment")}


def test_the_commander_may_hold(ground: Ground) -> None:
    case = ordered()
    asked(case, "R1")
    tell(expand, case)
    decided("expand", "incident_commander", verdict="hold_response", reason="增援已到位")
    assert tell(expand, case) is None
    assert status(case) == S.RESPONDING
    assert notices(case, "hold_response")


def test_the_government_may_decline_and_be_asked_again_later(ground: Ground) -> None:
    case = ordered()
    for verdict in ("reject", "approve"):
        asked(case)
        tell(expand, case)
        decided("expand", "incident_commander", verdict="request_city")
        tell(expand, case)
        decided("expand_city", "district_government", verdict=verdict)
        tell(expand, case)
    assert status(case) == S.EXPANDED
    assert len(rows_of(ORDERS, case_id=case.id, kind="expansion")) == 1


def test_a_silent_commander_is_joined_by_the_deputies(ground: Ground) -> None:
    case = ordered()
    asked(case)
    tell(expand, case)
    minutes(emergency_plan().stand_in_minutes)
    tell(expand, case)
    assert len(seats("expand_deputy")) == 4
    decided("expand_deputy", "deputy_commander_b", verdict="request_city")
    tell(expand, case)
    assert seats("expand_city") == ["district_government"]


def test_a_second_request_while_one_is_decided_asks_nobody_twice(ground: Ground) -> None:
    case = ordered()
    asked(case)
    tell(expand, case)
    asked(case, "R1")
    tell(expand, case)
    assert seats("expand") == ["incident_commander"]
    assert notices(case, "note_expansion")
    assert len({row.occasion for row in rows_of(CALLS, case_id=case.id, purpose="expansion")}) == 2  # told of both


def test_sudden_danger_is_met_first_and_reported_after(ground: Ground) -> None:
    case = ordered()
    with pytest.raises(Refusal, match="听取了哪些专家"):
        acted(case, "特殊险情紧急处置", "O2")
    acted(case, "特殊险情紧急处置", "O2", document="专家组：建议立即后撤三百米")
    assert ("officer:C1", "notice_incident_response.danger_call") in notices(case, "danger_call")
    assert notices(case, "danger-met")


@pytest.mark.parametrize(
    ("kind", "staff_no", "more", "sentence"),
    [
        ("superior", "O1", {}, "须填写上级文件的文号"),
        ("superior", "O1", {"document": "通政〔2027〕1号", "orders": "99"}, "没有第99号命令"),
        ("superior", "O1", {"document": "通政〔2027〕1号", "orders": "三"}, "写法不对"),
        ("superior", "R1", {"document": "通政〔2027〕1号"}, "不担任办理本事项的岗位"),
        ("released", "O1", {}, "目前不由上级指挥"),
        ("飞行", "O1", {}, "没有“飞行”这一类别"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(
    ground: Ground, kind: str, staff_no: str, more: dict[str, str], sentence: str
) -> None:
    case = ordered()
    before = len(rows_of(ORDERS, case_id=case.id))
    with pytest.raises(Refusal, match=sentence):
        acted(case, kind, staff_no, **more)
    assert len(rows_of(ORDERS, case_id=case.id)) == before


def test_a_wrong_code_changes_nothing(ground: Ground) -> None:
    case = ordered()
    with pytest.raises(Refusal):
        done(case.number, partial(request_expansion, why=WHY, wanted=WANTED, signer=Signer("O2", "000000")))
    assert rows_of(CALLS, case_id=case.id, purpose="expansion") == []
