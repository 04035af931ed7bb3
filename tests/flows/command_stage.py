"""A stage for the command: an incident whose facts are set by hand, an officer for each role, the plan as it ships."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final

from config.messages import say
from models.incident_response.status import IncidentStatus as S
from tasks.ask import Question, open_questions
from tasks.clock import now, set_clock
from tasks.form import form_schema
from tasks.incident_response.activation import activate
from tasks.incident_response.groups import order_groups
from tasks.incident_response.incident import INCIDENTS, Opening, open_incident, put
from tasks.incident_response.spoken import Signer
from tasks.incident_response.timeline import line_title
from tasks.journal import CASES, NOTICES, lock, verify, write_entry
from tasks.step import Dossier
from tasks.store import transaction
from tasks.wait import Parked
from tests.ground import anew, answer, fresh_code, hire, journal, rows_of

MARK: Final = b"first report"
ORDER: Final = {
    "verdict": "activate", "response_level": "IV", "matter": "烟花爆竹仓库爆炸处置", "duration": "预计24小时",
    "measures": "灭火、疏散、警戒", "reason": "达到启动条件",
}  # fmt: skip
STAFF: Final = {
    "incident_commander": "C1", "deputy_commander_a": "C2", "deputy_commander_b": "C3", "deputy_commander_c": "C4",
    "district_government": "G1", "command_office": "O1", "onsite_command": "O2", "emergency_duty": "O3",
    "group_head:rescue": "R1", "group_head:security": "R2", "fire_brigade": "R3", "public_security_bureau": "R4",
}  # fmt: skip


def staffed() -> None:
    """Enrol the officers who act."""
    for role, staff_no in STAFF.items():
        hire(staff_no, role)


def reported(*, status: S = S.VERIFIED, exercise: str = "", mark: bytes = MARK, **facts: Any) -> Dossier:
    """Open an incident that is verified, with the facts given."""
    with transaction() as tx:
        case = open_incident(
            tx, Opening("海门烟花有限公司", "悦来镇仓库", "explosion", mark, town="yuelai", exercise=exercise)
        )
        known = {"dead": 0, "injured": 1, "missing": 0, "trapped": 0, "grade": "IV", "worst_grade": "IV"}
        put(tx, case.id, **{**known, **facts})
        write_entry(tx, lock(tx, case.id), "verify_report", 1, actor="O3", at=now(), after=status, outcome=None)
    return anew(case)


def change(case: Dossier, **facts: Any) -> None:
    """Change what is known."""
    with transaction() as tx:
        put(tx, case.id, **facts)


def put_status(case: Dossier, status: S) -> None:
    """Bring an incident to a status, as another part of the story does."""
    with transaction() as tx:
        write_entry(tx, lock(tx, case.id), f"put-{status}", 1, actor="O3", at=now(), after=status, outcome=None)


def tell(part: Callable[[Dossier], Any], case: Dossier) -> Any:
    """Tell a part of the story until it parks, twice: a replay must change nothing. Return its result, or "parked"."""
    told = once(part, case)
    before = journal(case.number)
    assert once(part, case) == told
    assert journal(case.number) == before
    assert list(verify()) == []
    titled(before)
    return told


def once(part: Callable[[Dossier], Any], case: Dossier) -> Any:
    """Tell a part once."""
    try:
        return part(anew(case))
    except Parked:
        return "parked"


def titled(lines: Sequence[tuple[str, int, str, str]]) -> None:
    """Each line has a title, as the timeline shows it; both languages say the same (tests/test_architecture.py)."""
    free = (
        "opened", "asked-", "ask-", "clock-", "lapsed-", "for-", "until-", "rung-", "put-", "verify_report", "call-",
        "stood-down-", "climb-", "exhausted-", "declined-", "ack-", "alert", "duty-", "told-",
    )  # fmt: skip
    for name, *_ in lines:
        if not name.startswith(free):
            assert line_title(name) != name, name


def question(point: str) -> Question:
    """Return the one open question of a point."""
    found = [one for one in open_questions() if one.point == point]
    assert found, (point, [one.point for one in open_questions()])
    stem = point.partition(".")[0]
    assert {say(f"point_incident_response.{stem}", language) for language in ("zh", "en")}
    assert form_schema(found[0].form)["required"]
    return found[0]


def decided(point: str, role: str, **fields: Any) -> str:
    """Answer the seat of a role at a point."""
    (seat,) = [one.seat_id for one in open_questions() if one.point == point and one.role == role]
    question(point)
    return answer(seat, STAFF[role], **fields)


def seats(point: str) -> list[str]:
    """Return the roles whose answer a point waits for."""
    return [one.role for one in open_questions() if one.point == point]


def notices(case: Dossier, template: str = "") -> list[tuple[str, str]]:
    """Return (recipient, template) of a case's notices, each shown whole in both languages."""
    rows = [row for row in rows_of(NOTICES, case_id=case.id) if row.template.endswith(template)]
    for row in rows:
        for language in ("zh", "en"):
            assert say(f"{row.template}_title", language, **row.facts)
            assert say(f"{row.template}_body", language, **row.facts)
    return [(row.recipient, row.template) for row in rows]


def status(case: Dossier) -> str:
    """Return a case's status."""
    return str(rows_of(CASES, id=case.id)[0].status)


def incident(case: Dossier) -> Any:
    """Return the incident's row."""
    return rows_of(INCIDENTS, case_id=case.id)[0]


def minutes(number: float) -> None:
    """Let minutes pass."""
    set_clock(now() + timedelta(minutes=number))


def activated(level: str = "IV", **more: str) -> Dossier:
    """Bring an incident to where the groups are ordered."""
    case = reported(worst_grade=level)
    once(activate, case)
    decided("activate", "incident_commander", **{**ORDER, "response_level": level, "beyond_district": "no", **more})
    if once(activate, case) == "parked":
        decided(f"agree.{level}", "district_government", verdict="approve")
        assert once(activate, case) is True
    return case


def ordered(level: str = "IV") -> Dossier:
    case = activated(level)
    tell(order_groups, case)
    return case


def sign(staff_no: str) -> Signer:
    """Return an officer's signature of this moment."""
    return Signer(staff_no, fresh_code(staff_no))
