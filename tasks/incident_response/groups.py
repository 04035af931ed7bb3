"""The ten working groups: ordered at once with their tasks, heard from at intervals, followed until the end (2.5)."""

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, insert, select, update

from config.emergency_plan import PlanGroup, PlanTask
from config.fact import Fact
from config.offices import office
from models.deadline import Clock
from models.incident_response.status import IncidentStatus as S
from tasks.alongside import gather
from tasks.clock import now
from tasks.deadline import DEADLINES, Owed, start_clocks
from tasks.incident_response import call
from tasks.incident_response.incident import GROUPS, PROCESS, TASKS, plan_of, present, rule_of
from tasks.incident_response.level import follow_level
from tasks.incident_response.order import issue, orders, supersede
from tasks.incident_response.order_paper import PRINTED, print_order
from tasks.rung import fire_rungs
from tasks.step import SYSTEM, Dossier, step
from tasks.store import Transaction, reading, transaction
from tasks.wait import park

HEARTBEAT: Final = "heartbeat"
TASK: Final = "task"
GONE: Final = "withdrawn"
PLACES: Final = 100
"""A group's missing reports are told apart within the incident: number of the report × 100 + place of the group."""


class Ordered(Fact):
    """What was ordered: the groups, and how many tasks they have."""

    groups: tuple[str, ...]
    tasks: int
    level: str


@step(reaches=S.RESPONDING, rule=rule_of("command_groups"))
def order_groups(case: Dossier) -> Ordered:
    """Order every working group of the plan at once: tasks, order, calls and notices, in one transaction (2.5)."""
    plan, level, at = plan_of(case), present(case.id).response_level, now()
    given = [(group, one) for group in plan.groups for one in group.tasks]
    clocks = [heartbeat_of(case, group) for group in plan.groups]
    clocks += [task_clock(case, one.code, one.owner, group.head, one.due_minutes) for group, one in given
               if one.due_minutes]  # fmt: skip
    with transaction() as tx:
        tx.core.execute(insert(GROUPS), [_group_row(case, group, at) for group in plan.groups])
        tx.core.execute(insert(TASKS), [_task_row(case, group, one, at) for group, one in given])
        for group in plan.groups:
            _order_group(tx, case, group, level)
        start_clocks(case.at_turn(1), clocks)
    return Ordered(groups=tuple(group.code for group in plan.groups), tasks=len(given), level=level)


def _group_row(case: Dossier, group: PlanGroup, at: datetime) -> dict[str, Any]:
    named = {"code": group.code, "lead": group.lead, "head": group.head}
    return {"case_id": case.id, "status": "ordered", "ordered_at": at, "turn": 1} | named


def _task_row(case: Dossier, group: PlanGroup, one: PlanTask, at: datetime) -> dict[str, Any]:
    return {
        "case_id": case.id,
        "code": one.code,
        "group_code": group.code,
        "clause": one.clause,
        "title": one.title,
        "owner": one.owner,
        "supervisor": one.supervisor,
        "due_at": at + timedelta(minutes=one.due_minutes) if one.due_minutes else None,
        "after": list(one.after),
        "needs_evidence": one.evidence,
        "status": "open",
        "done_by": "",
        "evidence": "",
        "evidence_digest": "",
    }


def _order_group(tx: Transaction, case: Dossier, group: PlanGroup, level: str) -> None:
    content = {"matter": group.zh, "clause": group.clause, "tasks": [one.code for one in group.tasks]}
    issue(
        tx, case, "group", content, issued_by=SYSTEM, level=level, group=group.code, to=told_of(group),
        called=(group.head,),
    )  # fmt: skip
    facts = {"group": group.zh, "tasks": len(group.tasks)}
    call.call(case, f"group:{group.code}", [group.head], f"notice_{PROCESS}.group_call", facts)


def told_of(group: PlanGroup) -> tuple[str, ...]:
    """Return the roles that an order to a group goes to: head, lead office, members."""
    return tuple(dict.fromkeys((group.head, group.lead, *group.members)))


def task_clock(case: Dossier, code: str, owner: str, head: str, minutes: int) -> Owed:
    """Return the clock of a task; when it is missed, its owner is reminded, the group's head and the office told."""
    return Owed(
        f"{TASK}.{code}",
        Clock.MINUTES,
        minutes,
        office=owner,
        rule=rule_of("command_tasks")(case),
        rungs=("share:80", "breach"),
        escalation={"breach": [head, "command_office"]},
    )


def heartbeat_of(case: Dossier, group: PlanGroup) -> Owed:
    """Return the clock of a group's next report; when it is missed, its head, alternate and the office are told."""
    return Owed(
        f"{HEARTBEAT}.{group.code}",
        Clock.MINUTES,
        group.heartbeat_minutes,
        office=group.head,
        rule=rule_of("command_heartbeat")(case),
        rungs=("breach",),
        escalation={"breach": [role for role in (group.alternate, "command_office") if role]},
    )


def groups_of(case_id: int) -> list[Any]:
    """Return an incident's groups as they stand."""
    with reading() as connection:
        return list(connection.execute(select(GROUPS).where(GROUPS.c.case_id == case_id)).all())


def direct(case: Dossier) -> None:
    """Follow the groups for as long as the response lasts: papers, levels, reports that do not come, late tasks.

    Raises:
        Parked: until the next report or task is late.
    """
    gather(case, follow_level, print_orders, watch_groups)


def print_orders(case: Dossier) -> None:
    """Write the orders that have no paper yet: people were told before."""
    for one in orders(case.id):
        if one.kind in PRINTED:
            print_order(case.at_turn(one.number), one.kind)


def watch_groups(case: Dossier) -> None:
    """Tell at once what is late.

    Raises:
        Parked: until something is.
    """
    due = next_alarm(case)
    if due is not None and due <= now():
        fire_rungs()
    call_silent(case)
    raise park(case, "groups", next_alarm(case))


def next_alarm(case: Dossier) -> datetime | None:
    """Return the first moment at which something of this incident is late and nobody has been told; None if none is."""
    chosen = select(func.min(DEADLINES.c.next_rung_at)).where(
        DEADLINES.c.case_id == case.id, DEADLINES.c.met_at.is_(None), DEADLINES.c.superseded_at.is_(None)
    )
    with reading() as connection:
        return connection.execute(chosen).scalar_one_or_none()


class Silent(Fact):
    """A group that has not reported in time: which, who heads it, and since when nothing was heard."""

    group: str
    head: str
    who: str
    since: datetime


def call_silent(case: Dossier) -> None:
    """Call the head of each group that did not report in time, once for each report that is missing."""
    plan = plan_of(case)
    places = {group.code: place for place, group in enumerate(plan.groups)}
    for row in groups_of(case.id):
        group = plan.group(row.code)
        heard = row.heard_at or row.ordered_at
        if row.status != GONE and now() > heard + timedelta(minutes=group.heartbeat_minutes):
            miss_report(case.at_turn(row.turn * PLACES + places[row.code]), row.code, row.head, heard)


@step(rule=rule_of("command_heartbeat"))
def miss_report(case: Dossier, code: str, head: str, since: datetime) -> Silent:
    """Record that a group did not report in time, and call its head anew."""
    facts = {"group": plan_of(case).group(code).zh}
    occasion = case.turn // PLACES + 1
    call.call(case, f"group:{code}", [head], f"notice_{PROCESS}.report_call", facts, occasion=occasion)
    return Silent(group=code, head=head, who=office(head).title, since=since)


def withdraw_groups(tx: Transaction, case: Dossier, *, by: str, reason: str) -> None:
    """Withdraw every group: its order no longer stands, nothing more is awaited from it (4.6).

    Args:
        tx: the transaction in which the emergency ends.
        case: the incident.
        by: who signed the end, as the journal names them.
        reason: why.
    """
    at = now()
    standing = (GROUPS.c.case_id == case.id) & (GROUPS.c.status != GONE)
    tx.core.execute(update(GROUPS).where(standing).values(status=GONE, withdrawn_at=at))
    still = (DEADLINES.c.case_id == case.id) & DEADLINES.c.met_at.is_(None) & DEADLINES.c.superseded_at.is_(None)
    ours = DEADLINES.c.name.like(f"{HEARTBEAT}.%") | DEADLINES.c.name.like(f"{TASK}.%")
    tx.core.execute(update(DEADLINES).where(still & ours).values(superseded_at=at, next_rung_at=None))
    for row in tx.core.execute(select(GROUPS.c.code).where(GROUPS.c.case_id == case.id)):
        call.stand_down(case, f"group:{row.code}")
    supersede(tx, case, ("group", "scene"), reason=reason, actor=by)
