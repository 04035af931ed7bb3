"""An incident with something in every table, as its board, its handover, its bundle and its alerts show it."""

from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Table, insert

from config.emergency_plan import emergency_plan
from config.zone import SHANGHAI
from models.deadline import Clock
from models.incident_response.calling import IncidentAck, IncidentCall, IncidentCallStep
from models.incident_response.clock import IncidentDuty
from models.incident_response.record import IncidentReport
from models.incident_response.status import IncidentStatus as S
from tasks.clock import now, set_clock
from tasks.deadline import Owed, meet_clock, start_clock
from tasks.incident_response.board import Forms
from tasks.incident_response.contact import keep_contact
from tasks.incident_response.incident import GROUPS, ORDERS, TASKS, Opening, open_incident, put
from tasks.incident_response.view import PARTS
from tasks.journal import lock, write_entry
from tasks.step import SYSTEM, Dossier
from tasks.store import table, transaction

REPORTED = datetime(2027, 1, 4, 9, tzinfo=SHANGHAI)
CONTACT, PHONE = "某联系人", "13800006612"
SILENT = "medical"
FORMS = Forms(decide="of-decide", group="of-group")
MINUTE = timedelta(minutes=1)


def add(of: Table, **values: Any) -> int:
    """Insert a row with plain Core, past every function of the process; return its id."""
    with transaction() as tx:
        made = tx.core.execute(insert(of).values(**values)).inserted_primary_key
    assert made is not None
    return int(made[0])


def reported(exercise: str = "", *, mark: bytes = b"one", unit: str = "某烟花爆竹经营店") -> Dossier:
    """Open an incident that is just reported: nothing is known but that it happened."""
    with transaction() as tx:
        return open_incident(
            tx,
            Opening(unit, "海门街道某路某号", "explosion", mark, licensed="yes", town="haimen_zone", exercise=exercise,
                    occurred_at=now() - 12 * MINUTE),
        )  # fmt: skip


def toll(**said: Any) -> dict[str, Any]:
    return {"toll": {"state": "known", **said}}


def report(case: Dossier, number: int, after: int, facts: dict[str, Any], kind: str = "follow_up") -> None:
    moment = REPORTED + after * MINUTE
    add(table(IncidentReport), case_id=case.id, number=number, kind=kind, facts=facts, source="emergency_bureau",
        as_of=moment - 3 * MINUTE, recorded_at=moment, mark=f"{case.id}-{number}".encode())  # fmt: skip


def line(
    case: Dossier, name: str, *, after: str | None = None, actor: str = SYSTEM, outcome: Any = None, rule: str = ""
) -> None:
    with transaction() as tx:
        standing = lock(tx, case.id)
        write_entry(
            tx, standing, name, standing.seq + 1, actor=actor, at=now(), after=after, outcome=outcome, rule=rule
        )


def duty(case: Dossier, name: str, hours: int, turn: int = 1, **more: Any) -> None:
    """Arm a duty with its clock."""
    start_clock(
        case.at_turn(turn),
        Owed(name, Clock.HOURS, hours, anchor=REPORTED, office="emergency_bureau", rule="第493号令 第十一条"),
    )
    row = {"owes": "emergency_bureau", "towards": "district_government,city_emergency_bureau", "rule": "国务院令第493号 第十一条",
           "certainty": "law", "armed_by": "reported", "armed_at": REPORTED, **more}  # fmt: skip
    add(table(IncidentDuty), case_id=case.id, name=name, turn=turn, **row)


def called(case: Dossier, purpose: str, role: str, staff_no: str = "", **more: Any) -> int:
    row = {"occasion": 1, "code": sha256(f"{case.id}-{purpose}-{role}".encode()).hexdigest()[:12], "template": "notice_incident_response.call", "step": 1,
           "called_at": REPORTED + 20 * MINUTE, "opened_at": REPORTED + 20 * MINUTE, "facts": {}, **more}  # fmt: skip
    call = add(table(IncidentCall), case_id=case.id, purpose=purpose, role=role, staff_no=staff_no, **row)
    add(table(IncidentCallStep), call_id=call, step=1, kind="channel:1", channel="inbox", at=row["called_at"])
    return call


def acknowledged(case: Dossier, call: int, kind: str, after: int, **more: Any) -> int:
    moment = REPORTED + after * MINUTE
    return add(table(IncidentAck), case_id=case.id, call_id=call, kind=kind, occurred_at=moment, recorded_at=moment + MINUTE,
               by="S1", way="code", **more)  # fmt: skip


def responding(exercise: str = "", *, mark: bytes = b"one") -> Dossier:
    """Bring an incident to the middle of its response: ten groups, one of them silent, a duty late, a call exhausted."""
    set_clock(REPORTED, back=True)
    case = reported(exercise, mark=mark)
    plan = emergency_plan().for_town("haimen_zone")
    report(case, 1, 0, {"toll": {"state": "unknown"}}, "first")
    duty(case, "unit_report", 1, late=True, satisfied_at=REPORTED + 80 * MINUTE, occurred_at=REPORTED + 50 * MINUTE,
         satisfied_by="报告第1号", late_reason="通信中断")  # fmt: skip
    meet_clock(case, "unit_report")
    duty(case, "report_up", 2)
    duty(case, "casualty_supplement", 24 * 7, certainty="unverified")
    duty(case, "old_duty", 5, superseded_by="report_up", certainty="configured")
    report(case, 2, 15, toll(dead=1, injured=4, missing=2))
    report(case, 3, 70, toll(dead=2, injured=6, missing=1))
    report(case, 4, 130, toll(dead=3, injured=6, missing=0), "situation")
    with transaction() as tx:
        put(tx, case.id, dead=3, injured=6, missing=0, grade="III", worst_grade="II", response_level="III", plan=plan.model_dump(mode="json"),
            activated_at=REPORTED + 25 * MINUTE, scope="in")  # fmt: skip
        keep_contact(tx, case.id, "report", 1, contact=CONTACT, phone=PHONE)
    line(case, "verify", after=S.VERIFIED, actor="S1001", rule="海政办发〔2023〕31号 3")
    set_clock(REPORTED + 25 * MINUTE)
    line(
        case,
        "order",
        after=S.PLAN_ACTIVATED,
        actor="S1003",
        outcome={"matter": "启动Ⅲ级应急响应"},
        rule="海政办发〔2023〕31号 4.1",
    )
    content = {"matter": "启动Ⅲ级应急响应", "expected": "24小时", "measures": "疏散周边200米群众"}
    add(ORDERS, case_id=case.id, number=1, kind="activation", level="IV", content=content, issued_by="S1003",
        issued_at=REPORTED + 24 * MINUTE, withdrawn_at=REPORTED + 40 * MINUTE, withdrawn_by=2, reason="提高级别")  # fmt: skip
    add(
        ORDERS,
        case_id=case.id,
        number=2,
        kind="activation",
        level="III",
        content=content,
        issued_by="S1003",
        issued_at=REPORTED + 40 * MINUTE,
    )
    for group in plan.groups:
        heard = None if group.code == SILENT else REPORTED + 140 * MINUTE
        add(GROUPS, case_id=case.id, code=group.code, lead=group.lead, head=group.head, status="working",
            ordered_at=REPORTED + 26 * MINUTE, heard_at=heard)  # fmt: skip
        for place, task in enumerate(group.tasks):
            done = (
                {"status": "done", "done_at": REPORTED + 60 * MINUTE, "done_by": "S1005", "evidence": "照片三张"}
                if place == 0
                else {}
            )
            due = REPORTED + (26 + task.due_minutes) * MINUTE if task.due_minutes else None
            add(TASKS, case_id=case.id, code=task.code, group_code=group.code, clause=task.clause, title=task.title, owner=task.owner,
                supervisor=task.supervisor, due_at=due, after=list(task.after), needs_evidence=task.evidence, **done)  # fmt: skip
        answer = "" if group.code == SILENT else "on_the_way"
        call = called(case, f"group:{group.code}", group.head, "S1", answer=answer)
        if group.code != SILENT:
            acknowledged(case, call, "received", 30)
            acknowledged(case, call, "on_the_way", 35, eta_minutes=20)
    called(case, "alert", "incident_commander", "S1003", step=4, ended_at=REPORTED + 45 * MINUTE, ended_why="exhausted")
    lapsed = called(case, "alert", "deputy_commander_a", "S1004", holds_until=REPORTED + 60 * MINUTE)
    acknowledged(case, lapsed, "received", 22)
    line(case, "respond", after=S.RESPONDING)
    set_clock(REPORTED + 150 * MINUTE)
    line(case, "weather-noted", outcome={"text": "东北风三级"})
    return case


def after(case: Dossier) -> None:
    """Add what comes with the end and after it."""
    at = now()
    add(
        PARTS["conditions"],
        case_id=case.id,
        condition="scene",
        met=True,
        evidence="明火已灭",
        by="S1",
        role="onsite_command",
        at=at,
    )
    add(PARTS["releases"], case_id=case.id, release=1, version=1, title="情况通报", text="某店发生爆炸，正在处置。", scope="public",
        way="区政府网站", status="drafted", drafted_by="S1011", drafted_at=at)  # fmt: skip
    add(PARTS["releases"], case_id=case.id, release=1, version=2, title="情况通报", text="某店发生爆炸，3人遇难。", scope="public",
        way="区政府网站", status="released", drafted_by="S1011", drafted_at=at, approved_by="S1003", approved_at=at, released_at=at)  # fmt: skip
    add(
        PARTS["readiness"],
        case_id=case.id,
        role="fire_brigade",
        used="泡沫2吨",
        outstanding="泡沫1吨",
        comes_on=date(2027, 1, 6),
    )
    add(PARTS["lessons"], case_id=case.id, number=1, kind="amendment", source="summary", registered_by="S1", text="增设备用频道", clause="4.3（2）",
        owner="command_office", due_on=date(2027, 3, 1))  # fmt: skip
