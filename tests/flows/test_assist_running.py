"""Acts on questions under a real Prefect: a new seat gets its run, the run of a closed one ends, a refusal says why."""

import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun

from models.answer import Determination
from models.case import Mode
from tasks import officer
from tasks.ask import Question, open_questions
from tasks.case import open_case
from tasks.database import upgrade
from tasks.deploy import deploy
from tasks.desk import decide
from tasks.pose import pose
from tasks.store import forget
from tasks.worklist import show_questions
from tests.conftest import RunnerOf
from tests.ground import with_members

T = TypeVar("T")
CAST = {"S1": "leading_group", "S2": "planning_group", "S3": "physical_group", "S4": "leading_group"}


@pytest.fixture
def house(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.delenv("BANJIE_DATABASE_URL", raising=False)
    monkeypatch.delenv("BANJIE_CLOCK", raising=False)
    forget()
    upgrade()
    for staff_no, role in CAST.items():
        officer.enrol(staff_no, f"人员{staff_no}", [role], date(2026, 1, 1))
    yield home
    forget()


def eventually(find: Callable[[], T | None], seconds: float = 90) -> T:
    """Wait for something to be there."""
    ends = time.monotonic() + seconds
    while (found := find()) is None:
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.2)
    return found


@pytest.mark.server
def test_new_seats_get_runs_and_closed_ones_lose_them(
    house: Path, prefect_client: SyncPrefectClient, warm_runner: RunnerOf
) -> None:
    del house
    assert "assist/assist" in deploy()
    case = open_case("ZB-2027H1", process="conscription", subject="试办", on=date(2027, 3, 1), story="conscription/conscription",
                     parameters={"season": "2027H1"}, status="planned")  # fmt: skip
    (number,) = with_members(case, 1)
    roles = {number: ["leading_group", "planning_group"]}
    pose(Determination, case, "groups", members={number: "请审阅"}, of=roles, mode=Mode.ALL_OF)
    assert show_questions(prefect_client, case.number) == 2
    first, second = open_questions()
    warm_runner("banjie")

    def act(action: str, question: Question, staff_no: str, code: str = "", **more: str) -> FlowRun:
        schema = prefect_client.read_deployment_by_name("assist/assist")
        assert "动态口令" in str(schema.parameter_openapi_schema["properties"]["code"])
        given = {"number": question.number, "action": action, "reason": "按职责分工", "staff_no": staff_no, "code": code or officer.code_now(staff_no)}  # fmt: skip
        run = prefect_client.create_flow_run_from_deployment(schema.id, parameters=given | more)

        def ended() -> FlowRun | None:
            found = prefect_client.read_flow_run(run.id)
            return found if found.state is not None and found.state.is_final() else None

        return eventually(ended)

    def run_of(question: Question) -> FlowRun:
        return prefect_client.read_flow_run(UUID(question.run_id))

    refused = act("转办", first, "S3", unit="体格检查组").state
    assert refused is not None
    assert refused.is_failed()
    assert "不担任" in str(refused.message)
    assert [one.number for one in open_questions()] == [first.number, second.number]

    done = act("转办", first, "S1", unit="体格检查组")
    assert done.name == f"转办/{first.number}"
    assert done.state is not None
    assert done.state.message == f"{first.number}（{number}）已转办给体格检查组。"
    new = open_questions()[-1]
    assert (new.role, run_of(new).name) == ("physical_group", f"待办·体格检查组·{new.title}·{number}")
    assert "office:体格检查组" in run_of(new).tags
    assert [str(run_of(one).state and run_of(one).state.name) for one in (first, second, new)] == ["已转办", "Suspended", "Suspended"]  # fmt: skip

    receipt = act("催办", new, "S4").state
    assert receipt is not None
    assert "催办回执" in str(receipt.message)

    decide(second.number, {"staff_no": "S2", "code": officer.code_now("S2"), "verdict": "退回修改", "reason": "缺材料"})
    assert open_questions() == []
    assert [str(run_of(one).state and run_of(one).state.name) for one in (second, new)] == ["已答复", "已撤回"]
