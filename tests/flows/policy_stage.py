"""The stage of the policy register: departments with their heads, a policy to publish, told without Prefect."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from config.offices import head_of
from flows.policy_publication import policy_publication
from models.policy_redemption.content import PolicyContent
from tasks import officer
from tasks.clock import now, set_clock
from tasks.door import Signature, decide
from tests.flows.service_stage import CODE_SECONDS, Stage
from tests.models.policy_redemption.wares import content

DEPARTMENTS = ("science_bureau", "commerce_bureau", "approval_bureau")
SIGNERS = {role: f"D{place:02}" for place, role in enumerate(DEPARTMENTS, 1)}
HEADS = {head_of(role): f"H{place:02}" for place, role in enumerate(DEPARTMENTS, 1)}


def staffed(stage: Stage, since: date = date(2023, 1, 1)) -> Stage:
    """Enrol a manager and a head for each department."""
    for role, staff in (SIGNERS | HEADS).items():
        officer.enrol(staff, f"人员{staff}", [role], since)
    return stage


def sign(stage: Stage, point: str, staff: str = "", **fields: Any) -> str:
    """Answer the one open question of a point by the officer of its role."""
    asked = stage.question(point)
    signer = staff or (SIGNERS | HEADS)[asked.role]
    set_clock(now() + timedelta(seconds=CODE_SECONDS))
    return decide(
        asked.seat_id, Signature(signer, officer.code_now(signer), {"reason": "按规定办理", **fields}, "form")
    )


def reviewed(stage: Stage, tell: Callable[[], Any]) -> Any:
    """Have the manager sign and the head approve; return what the story comes to."""
    assert tell() is None
    sign(stage, "draft", verdict="done")
    assert tell() is None
    sign(stage, "internal_review", verdict="approve")
    return tell()


def published(stage: Stage, policy: PolicyContent | None = None, code: str = "", **changes: Any) -> str:
    """Publish a policy, or its next version; return the number of the case."""
    draft = policy or content(**changes)
    return str(reviewed(stage, lambda: stage.tell(policy_publication.fn, draft, code)))
