"""The register under a real Prefect: a form in Chinese words, a draft sent back and corrected, a run lost and rescued."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import SyncPrefectClient
from sqlalchemy import update

from models.policy_redemption.content import Lane
from tasks.ask import Question, instance_of, open_questions
from tasks.child import Child
from tasks.deploy import deploy
from tasks.journal import case_id_of
from tasks.policy_redemption.register import policy_codes, version_on
from tasks.rescue import rescue
from tasks.store import transaction
from tasks.wait import INSTANCES
from tasks.worklist import wake
from tests.ground import MORNING, Ground, answer, hire, journal, settled, status_of
from tests.models.policy_redemption.wares import content

pytestmark = [pytest.mark.server, pytest.mark.timeout(300)]
STORY = "policy_publication/policy_publication"
CODE = "ZC-2027-001"
DRAFT = content(document="海科发〔2027〕1号", issued=MORNING.date(), lane=Lane.GENERAL)


@pytest.fixture(params=["sqlite"])
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    yield from settled(request, home, monkeypatch)


def start(client: SyncPrefectClient, name: str, parameters: dict[str, Any]) -> Any:
    return client.create_flow_run_from_deployment(client.read_deployment_by_name(name).id, parameters=parameters)


def asked(point: str) -> Question | None:
    return next((one for one in open_questions(case=CODE) if one.point == point and one.run_id), None)


def sign(client: SyncPrefectClient, eventually: Callable[..., Any], point: str, staff: str, verdict: str) -> None:
    eventually(lambda: asked(point), seconds=60)
    question = asked(point)
    assert question is not None
    answer(question.seat_id, staff, verdict)
    wake(client, instance_of(question.seat_id)[1])


def test_a_policy_from_its_form_to_the_register(
    ground: Ground,
    prefect_client: SyncPrefectClient,
    warm_runner: Callable[..., Child],
    eventually: Callable[..., Any],
) -> None:
    hire("D01", "science_bureau")
    hire("H01", "head:science_bureau")
    assert {STORY, "policy_draft/policy_draft"} <= set(deploy())
    warm_runner("banjie", BANJIE_HOME=str(ground.home), BANJIE_CLOCK="simulated")
    words = {"content": DRAFT.in_words(), "policy": ""}
    assert words["content"]["lane"] == "一般申报（按承诺时限）"
    start(prefect_client, STORY, words)
    sign(prefect_client, eventually, "draft", "D01", "done")
    sign(prefect_client, eventually, "internal_review", "H01", "return")
    eventually(lambda: status_of(CODE) == "returned", seconds=60)

    wrong = start(prefect_client, "policy_draft/policy_draft", {"case": CODE, "content": content().in_words()})
    eventually(lambda: prefect_client.read_flow_run(wrong.id).state_type == "FAILED", seconds=60)
    state = prefect_client.read_flow_run(wrong.id).state
    assert state is not None
    assert "须一致" in (state.message or "")

    better = DRAFT.model_copy(update={"payment_days": 7})
    start(prefect_client, "policy_draft/policy_draft", {"case": CODE, "content": better.in_words()})
    eventually(lambda: asked("draft"), seconds=60)
    with transaction() as tx:  # the run is lost: what the case keeps starts another
        tx.core.execute(update(INSTANCES).where(INSTANCES.c.case_id == case_id_of(CODE)).values(run_id=""))
    assert rescue(prefect_client) == [CODE]
    sign(prefect_client, eventually, "draft", "D01", "done")
    sign(prefect_client, eventually, "internal_review", "H01", "approve")
    eventually(lambda: journal(CODE)[-1][0] == "closed", seconds=60)
    assert status_of(CODE) == "published"
    assert policy_codes() == (CODE,)
    assert version_on(CODE, MORNING.date()).content == better
    steps = [step for step, *_ in journal(CODE) if not step.startswith(("asked-", "ask-", "clock-"))]
    assert steps == ["opened", "send_back_draft", "take_draft", "publish_policy", "closed"]
