"""A stage for the end and what follows: an incident in the middle of its response, an officer for each role."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import select

from config.emergency_plan import emergency_plan
from config.messages import say
from config.offices import roles
from models.incident_response.status import IncidentStatus as S
from tasks.ask import Question, open_questions
from tasks.clock import now
from tasks.incident_response import duty
from tasks.incident_response.groups import order_groups
from tasks.incident_response.incident import put
from tasks.journal import CASES, ENTRIES, verify
from tasks.step import Dossier
from tasks.store import reading, transaction
from tasks.wait import Parked
from tests.flows import command_stage
from tests.flows.command_stage import put_status, question, reported
from tests.ground import anew, answer, fresh_code, hire, journal

STAFF: Final = {role.id: f"F{place:03}" for place, role in enumerate(roles(), 1)} | command_stage.STAFF
TOWN: Final = "yuelai"
_FREE: Final = (
    "opened", "asked-", "ask-", "clock-", "lapsed-", "for-", "until-", "rung-", "put-", "verify_report", "call-",
    "stood-down-", "duty-", "told-", "order", "voice-",
)  # fmt: skip


def staffed(*wanted: str) -> None:
    """Enrol the officers who act besides those of the command."""
    command_stage.staffed()
    for role in wanted:
        if role not in command_stage.STAFF:
            hire(STAFF[role], role)


def responding(*, exercise: str = "", mark: bytes = b"first report", **facts: Any) -> Dossier:
    """Bring an incident to its response: plan started, ten groups ordered."""
    case = reported(exercise=exercise, mark=mark, **facts)
    plan = emergency_plan().for_town(TOWN)
    with transaction() as tx:
        put(tx, case.id, plan=plan.model_dump(mode="json"), response_level="IV", activated_at=now())
        duty.arm(case, "reported")
    put_status(case, S.PLAN_ACTIVATED)
    order_groups(case)
    return anew(case)


def tell(part: Callable[[Dossier], Any], case: Dossier) -> Any:
    """Tell a part until it parks, twice: a replay must change nothing. Return its result, or "parked"."""
    told = once(part, case)
    before = journal(case.number)
    assert once(part, case) == told
    assert journal(case.number) == before
    assert list(verify()) == []
    for name, *_ in before:
        if not name.startswith(_FREE) and not name.endswith("-needless"):
            assert {say(f"step_incident_response.{name}", language) for language in ("zh", "en")}, name
    return told


def once(part: Callable[[Dossier], Any], case: Dossier) -> Any:
    """Tell a part once."""
    try:
        return part(anew(case))
    except Parked:
        return "parked"


def decided(point: str, role: str, **fields: Any) -> str:
    """Answer the seat of a role at a point."""
    (seat,) = [one.seat_id for one in open_questions() if one.point == point and one.role == role]
    question(point)
    return answer(seat, STAFF[role], **fields)


def points() -> set[str]:
    """Return the points of all open questions."""
    return {one.point for one in open_questions()}


def asked(point: str) -> Question:
    """Return the one open question of a point."""
    return question(point)


def code(role: str) -> tuple[str, str]:
    """Return the staff number of a role's officer and a fresh code."""
    return STAFF[role], fresh_code(STAFF[role])


def status(case: Dossier) -> str:
    """Return a case's status."""
    with reading() as connection:
        return str(connection.execute(select(CASES.c.status).where(CASES.c.id == case.id)).scalar_one())


def outcomes(case: Dossier, step: str) -> Sequence[Any]:
    """Return what a step came to, at each of its turns."""
    chosen = select(ENTRIES.c.outcome).where(ENTRIES.c.case_id == case.id, ENTRIES.c.step == step)
    with reading() as connection:
        return list(connection.execute(chosen.order_by(ENTRIES.c.seq)).scalars())


def met_all(case: Dossier, part: Callable[[Dossier], Any]) -> None:
    """Have all three conditions attested by their groups."""
    assert tell(part, case) == "parked"
    decided("end_condition.scene", "group_head:rescue", verdict="met", evidence="明火已灭，现场检查记录3号")
    decided("end_condition.environment", "group_head:environment", verdict="met", evidence="海环监〔2027〕5号")
    decided("end_condition.secondary", "group_head:security", verdict="met", evidence="遗留烟花爆竹处置记录2号")
    assert tell(part, case) == "parked"


def ended(case: Dossier, part: Callable[[Dossier], Any]) -> None:
    """Bring an incident to its end."""
    met_all(case, part)
    decided("end_confirm", "command_office", verdict="confirm_end")
    assert tell(part, case) == "parked"
    decided("end_approve.1", "incident_commander", verdict="approve")
    assert tell(part, case) is None
    assert status(case) == S.ENDED
