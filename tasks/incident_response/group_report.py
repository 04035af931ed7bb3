"""What working groups report: how it stands, tasks begun and done, difficulties; every word counts as a heartbeat."""

from typing import Any, Final, NamedTuple

from sqlalchemy import select, update

from config.emergency_plan import PlanGroup
from config.messages import Refusal, say
from tasks.clock import now
from tasks.deadline import DEADLINES, meet_clock, start_clock
from tasks.door import Admitted
from tasks.incident_response.evidence_file import Kept, keep
from tasks.incident_response.groups import GONE, HEARTBEAT, TASK, heartbeat_of
from tasks.incident_response.incident import GROUPS, TASKS, plan_of, rule_of
from tasks.incident_response.scene import directing
from tasks.incident_response.spoken import Signer, admitted, moment_of, tidy, write_line
from tasks.step import Dossier
from tasks.store import Transaction, reading, transaction

SITUATION: Final = "situation"
STARTED: Final = "task_started"
FINISHED: Final = "task_done"
DIFFICULTY: Final = "difficulty"
SUPPORT: Final = "support"
CONFIRMED: Final = "supervised"
KINDS: Final = (SITUATION, STARTED, FINISHED, DIFFICULTY, SUPPORT, CONFIRMED)
OF_TASKS: Final = (STARTED, FINISHED, CONFIRMED)
OVER: Final = ("done", "dropped")


class Given(NamedTuple):
    """A report as it comes in."""

    group: str
    kind: str
    text: str
    task: str = ""
    file: str = ""
    occurred: str = ""


def kind_text(kind: str, language: str | None = None) -> str:
    """Return what kind of report one is, as people read it."""
    return say(f"incident_command.report_{kind}", language)


def kind_of(given: str) -> str:
    """Return a kind of report by its name or its word.

    Raises:
        Refusal: it is none.
    """
    found = next((kind for kind in KINDS if given.strip() in (kind, kind_text(kind, "zh"), kind_text(kind, "en"))), "")
    if not found:
        raise Refusal("incident_command.no_such_kind", given=given)
    return found


def group_named(case: Dossier, given: str) -> PlanGroup:
    """Return a group of the incident by its code or its name.

    Raises:
        Refusal: there is none, or it was not ordered yet.
    """
    name = given.strip()
    found = next((one for one in plan_of(case).groups if name in (one.code, one.zh, one.en)), None)
    if found is None:
        raise Refusal("incident_command.no_such_group", given=given)
    with reading() as connection:
        row = connection.execute(
            select(GROUPS.c.status).where(GROUPS.c.case_id == case.id, GROUPS.c.code == found.code)
        ).first()
    if row is None:
        raise Refusal("incident_command.not_ordered", group=found.zh)
    if row.status == GONE:
        raise Refusal("incident_command.group_withdrawn", group=found.zh)
    return found


def report(case: Dossier, given: Given, signer: Signer) -> str:
    """Take a group's report, signed by its head, its lead or alternate, or who stands in; return what was noted.

    Raises:
        Refusal: no such group, kind or task, the task cannot be done yet, or the signature is no good.
    """
    group, kind = group_named(case, given.group), kind_of(given.kind)
    text, occurred = tidy(given.text, say("parameter.group_report.text")), moment_of(given.occurred)
    task = _task(case, group, kind, given.task)
    _possible(case, kind, task)
    who = admitted(case, signer, _signers(group, kind, task))
    _another(kind, task, who)
    file = keep(case.number, given.file)
    outcome = {
        "group": group.zh,
        "kind": kind_text(kind),
        "text": text,
        "task": task.code if task else "",
        "occurred_at": occurred.isoformat(),
        "file": file.name,
        "digest": file.digest,
    }
    with transaction() as tx:
        loud = kind in (DIFFICULTY, SUPPORT)
        tells = (*directing(case), *(("group_head:coordination",) if kind == SUPPORT else ())) if loud else ()
        cited = "command_leftover" if kind == CONFIRMED else "command_tasks" if task else "command_heartbeat"
        rule = rule_of(cited)(case)
        write_line(tx, case, "group-report", outcome, by=who.actor, rule=rule, tells=tells)
        _heartbeat(tx, case, group)
        if task:
            _move(tx, task, kind, who.actor, outcome)
            _end_clock(tx, case, task.code)
    return _said(group, kind, task, file)


def _task(case: Dossier, group: PlanGroup, kind: str, code: str) -> Any:
    if kind not in OF_TASKS:
        return None
    if not code.strip():
        raise Refusal("incident_command.task_missing")
    chosen = select(TASKS).where(TASKS.c.case_id == case.id, TASKS.c.code == code.strip())
    with reading() as connection:
        found = connection.execute(chosen).one_or_none()
    if found is None or found.group_code != group.code:
        raise Refusal("incident_command.no_such_task", given=code, group=group.zh)
    return found


def _possible(case: Dossier, kind: str, task: Any) -> None:
    """Refuse what cannot be: a task that is over, one before those that come first, a confirmation of nothing."""
    if task is None:
        return
    if task.status in OVER:
        raise Refusal("incident_command.task_over", task=task.title)
    if kind == CONFIRMED and not (task.supervisor and task.done_by):
        raise Refusal("incident_command.nothing_to_confirm", task=task.title)
    if kind != FINISHED or not task.after:
        return
    before = select(TASKS.c.code, TASKS.c.title).where(TASKS.c.case_id == case.id, TASKS.c.status.not_in(OVER))
    with reading() as connection:
        open_still = {row.code: row.title for row in connection.execute(before)}
    waiting = [open_still[code] for code in task.after if code in open_still]
    if waiting:
        raise Refusal("incident_command.comes_after", task=task.title, before="、".join(waiting))


def _signers(group: PlanGroup, kind: str, task: Any) -> tuple[str, ...]:
    if kind == CONFIRMED:
        return (str(task.supervisor),)
    return (group.head, group.lead, group.alternate, str(task.owner) if task else "")


def _another(kind: str, task: Any, who: Admitted) -> None:
    """Refuse a confirmation by whoever did the work: the supervisor is another person (INC-A11)."""
    if kind == CONFIRMED and set(str(task.done_by).split("/")) & {who.staff_no, who.signed_for or who.staff_no}:
        raise Refusal("incident_command.supervised_by_another", task=task.title)


def _heartbeat(tx: Transaction, case: Dossier, group: PlanGroup) -> None:
    """Count the report: the clock that waited for it is met, the next one runs."""
    this = (GROUPS.c.case_id == case.id) & (GROUPS.c.code == group.code)
    turn = tx.core.execute(select(GROUPS.c.turn).where(this)).scalar_one()
    meet_clock(case.at_turn(turn), f"{HEARTBEAT}.{group.code}")
    tx.core.execute(update(GROUPS).where(this).values(heard_at=now(), turn=turn + 1, status="working"))
    start_clock(case.at_turn(turn + 1), heartbeat_of(case, group))


def _move(tx: Transaction, task: Any, kind: str, by: str, outcome: dict[str, str]) -> None:
    """Move a task on: begun, done, or done and still to be confirmed by its supervisor."""
    mine = update(TASKS).where(TASKS.c.id == task.id)
    if kind == STARTED:
        tx.core.execute(mine.values(status="doing"))
        return
    if kind == FINISHED:
        told = {"done_by": by, "evidence": outcome["text"][:300], "evidence_digest": outcome["digest"]}
        tx.core.execute(mine.values(status="doing", **told))
        if task.supervisor:
            return  # done when another person has confirmed it
    tx.core.execute(mine.values(status="done", done_at=now()))


def _end_clock(tx: Transaction, case: Dossier, code: str) -> None:
    """Meet the clock of a task that is done."""
    done = select(TASKS.c.id).where(TASKS.c.case_id == case.id, TASKS.c.code == code, TASKS.c.status == "done")
    clock = select(DEADLINES.c.id).where(DEADLINES.c.case_id == case.id, DEADLINES.c.name == f"{TASK}.{code}")
    if tx.core.execute(done).first() and tx.core.execute(clock).first():
        meet_clock(case.at_turn(1), f"{TASK}.{code}")


def _said(group: PlanGroup, kind: str, task: Any, file: Kept) -> str:
    said = say("incident_command.report_noted", group=group.zh, kind=kind_text(kind))
    if kind == FINISHED and task.supervisor:
        said += say("incident_command.waits_for_supervisor")
    if file.problem:
        said += say(f"incident_command.file_{file.problem}", file=file.name)
    return said
