"""On-site command: set up by the commander's choice when it is needed, over when the emergency is (2.2, 2.6)."""

from typing import Final

from config.messages import say
from tasks.incident_response.incident import plan_of
from tasks.incident_response.order import issue, orders
from tasks.step import Dossier
from tasks.store import Transaction

KIND: Final = "scene"


def is_set_up(case: Dossier) -> bool:
    """Say whether an on-site command stands."""
    return any(one.kind == KIND for one in orders(case.id, standing=True))


def set_up(tx: Transaction, case: Dossier, *, by: str, why: str, level: str) -> int:
    """Set up the on-site command by an order to its members; return the order's number, 0 where it stands already."""
    if is_set_up(case):
        return 0
    plan = plan_of(case)
    content = {
        "matter": say("incident_command.scene_matter"),
        "measures": say("incident_command.scene_duties"),
        "reason": why,
    }
    members = (plan.scene, *plan.scene_members)
    return issue(tx, case, KIND, content, issued_by=by, level=level, to=members)


def directing(case: Dossier) -> tuple[str, ...]:
    """Return the roles that direct the groups: the on-site command where it stands, and the office."""
    plan = plan_of(case)
    return (plan.scene, plan.office) if is_set_up(case) else (plan.office,)
