"""The part of an incident's board about command: working groups, their tasks, and orders."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from config.settings import settings
from tasks.board_page import cut_note, first_said, link, local, office_title, plain, sections, table
from tasks.incident_response.face import GroupTile, IncidentSheet
from tasks.incident_response.view import View, brief, word

MOST_TASKS: Final = 200
DONE: Final = "done"
OVER: Final = ("done", "dropped")
WITHDRAWN: Final = "withdrawn"
CONTENT_HEAD: Final = ("matter", "measures", "expected", "duration")


class GroupState(NamedTuple):
    """How one group stands."""

    row: Any
    title: str
    acknowledged: str
    done: int
    total: int
    late: int
    """Tasks that are past their time and not done."""
    silent: bool
    """Nothing was heard for longer than the plan allows."""

    @property
    def tone(self) -> str:
        """Its colour."""
        if self.row.status == WITHDRAWN:
            return "muted"
        if self.late or self.silent:
            return "bad"
        return "good" if self.acknowledged else "soon"


def group_states(view: View) -> list[GroupState]:
    """Return the groups in the order of the plan."""
    order = {group.code: place for place, group in enumerate(view.plan.groups)}
    rows = sorted(view.groups, key=lambda row: (order.get(row.code, len(order)), row.code))
    return [_state(view, row) for row in rows]


def _state(view: View, row: Any) -> GroupState:
    mine = [task for task in view.tasks if task.group_code == row.code]
    late = sum(task.status not in OVER and task.due_at is not None and view.at > task.due_at for task in mine)
    planned = view.group(row.code)
    quiet = planned and view.at - (row.heard_at or row.ordered_at) > timedelta(minutes=planned.heartbeat_minutes)
    silent = bool(quiet) and row.status != WITHDRAWN and view.incident.ended_at is None
    total = sum(task.status != "dropped" for task in mine)
    done = sum(task.status == DONE for task in mine)
    return GroupState(row, view.group_title(row.code), _acknowledged(view, row.code), done, total, late, silent)


def _acknowledged(view: View, code: str) -> str:
    """Return when somebody of a group acknowledged its order first; empty where nobody did."""
    calls = {call.id for call in view.calls if call.purpose == f"group:{code}"}
    said = [ack.occurred_at for ack in view.acks if ack.call_id in calls and ack.kind != "unable"]
    return brief(min(said)) if said else ""


def draw_groups(sheet: IncidentSheet, states: Sequence[GroupState]) -> None:
    """Draw the groups as tiles."""
    if states:
        sheet.groups(word("groups"), [GroupTile(one.title, _lines(one), one.tone) for one in states])


def _lines(one: GroupState) -> list[str]:
    acknowledged = word("tile_acknowledged", at=one.acknowledged[-5:]) if one.acknowledged else word("tile_unanswered")
    heard = word("tile_heard", at=local(one.row.heard_at)[-5:]) if one.row.heard_at else word("tile_unheard")
    tasks = word("tile_tasks_late" if one.late else "tile_tasks", done=one.done, total=one.total, late=one.late)
    return [word("tile_withdrawn") if one.row.status == WITHDRAWN else acknowledged, heard, tasks]


def groups_table(states: Sequence[GroupState], address: str, number: str) -> str:
    """Return the groups as a table, each with the link that opens its form."""
    if not states:
        return ""
    heads = [word(f"group_{head}") for head in ("name", "stands", "tasks")]
    rows = [
        [
            f"{_form(one.title, address, number=number, group=one.row.code)}<br>{plain(office_title(one.row.head))}",
            "<br>".join(_heard(one)),
            f"{one.done}/{one.total}" + (f"<br>**{word('tasks_late', count=one.late)}**" if one.late else ""),
        ]
        for one in states
    ]
    return sections(f"## {word('groups')}", table(heads, rows))


def _heard(one: GroupState) -> list[str]:
    """Return when a group was ordered, when it answered, and when it was heard last."""
    ordered = word("ordered", at=brief(one.row.ordered_at))
    if one.row.status == WITHDRAWN:
        return [ordered, word("withdrawn_at", at=brief(one.row.withdrawn_at))]
    answered = word("answered", at=one.acknowledged) if one.acknowledged else f"**{word('unanswered')}**"
    heard = word("heard", at=brief(one.row.heard_at)) if one.row.heard_at else word("tile_unheard")
    return [ordered, answered, f"**{word('silent')}** {heard}" if one.silent else heard]


def _form(text: str, address: str, **filled: str) -> str:
    """Return a link that opens the form of a group's situation, filled; the text alone where there is no such form."""
    if not address:
        return plain(text)
    parameters = quote(json.dumps(filled, ensure_ascii=False), safe="")
    return link(text, f"{address}?parameters={parameters}")


def form_address(deployment_id: str) -> str:
    """Return where a deployment's form stands; empty where there is none."""
    return f"{settings().address}/v2/deployments/deployment/{deployment_id}/run" if deployment_id else ""


def tasks_table(view: View, address: str) -> str:
    """Return the tasks: those to be done, the late ones first; those that are over folded below."""
    to_do = [task for task in view.tasks if task.status not in OVER]
    over = [task for task in view.tasks if task.status in OVER]
    if not view.tasks:
        return ""
    at = view.at
    to_do.sort(key=lambda task: (task.due_at is None, task.due_at or at, task.id))
    folded = [
        f"<details><summary>{word('tasks_over', count=len(over))}</summary>",
        _tasks(view, over, address),
        "</details>",
    ]
    return sections(
        f"## {word('tasks')}",
        _tasks(view, to_do[:MOST_TASKS], address) if to_do else word("tasks_none"),
        cut_note(len(to_do), min(len(to_do), MOST_TASKS)),
        *(folded if over else ()),
    )


def _tasks(view: View, tasks: Sequence[Any], address: str) -> str:
    heads = [word(f"task_{head}") for head in ("title", "owner", "due", "state")]
    rows = [
        [
            f"{_task_link(task, address, view.case.number)}<br>{plain(task.code)} · {plain(task.clause)}",
            f"{plain(view.group_title(task.group_code))}<br>{_owner(task)}",
            _due(task, late=task.status not in OVER and task.due_at is not None and view.at > task.due_at),
            "<br>".join(filter(None, (word(f"task_{task.status}"), _finished(task), _evidence(task)))),
        ]
        for task in tasks
    ]
    return table(heads, rows)


def _finished(task: Any) -> str:
    return f"{brief(task.done_at)} {plain(task.done_by)}" if task.done_at else ""


def _task_link(task: Any, address: str, number: str) -> str:
    there = "" if task.status in OVER else address
    return _form(task.title, there, number=number, group=task.group_code, task=task.code)


def _owner(task: Any) -> str:
    owner = plain(office_title(task.owner))
    if not task.supervisor:
        return owner
    return f"{owner}<br>{word('supervised', by=plain(office_title(task.supervisor)))}"


def _due(task: Any, *, late: bool) -> str:
    return f"**{word('late')}**<br>{brief(task.due_at)}" if late else brief(task.due_at)


def _evidence(task: Any) -> str:
    if task.evidence:
        return plain(task.evidence)
    return word("evidence_needed") if task.needs_evidence and task.status not in OVER else ""


def orders_table(view: View) -> str:
    """Return the orders, the newest first, with what became of the withdrawn ones."""
    if not view.orders:
        return ""
    heads = [word(f"order_{head}") for head in ("number", "kind", "content", "by", "at", "stands")]
    rows = [
        [
            str(order.number),
            _kind(view, order),
            plain(content_text(order.content)),
            plain(order.issued_by),
            brief(order.issued_at),
            _stands(order),
        ]
        for order in reversed(view.orders)
    ]
    return sections(f"## {word('orders')}", table(heads, rows))


def _kind(view: View, order: Any) -> str:
    parts = (order_title(order.kind), view.group_title(order.group_code) if order.group_code else "")
    return "<br>".join(plain(part) for part in parts if part)


def order_title(kind: str) -> str:
    """Return what kind of order one is."""
    return first_said(f"incident_command.order_{kind}", f"incident_board.order_is_{kind}", otherwise=kind)


def content_text(content: Any) -> str:
    """Return what an order says, in one line."""
    said = [str(content[name]) for name in CONTENT_HEAD if content.get(name)]
    return "；".join(said)


def _stands(order: Any) -> str:
    if order.withdrawn_at is None:
        return word("stands")
    by = word("by_order", number=order.withdrawn_by) if order.withdrawn_by else ""
    return f"~~{word('withdrawn')}~~ {brief(order.withdrawn_at)} {by} {plain(order.reason)}".strip()
