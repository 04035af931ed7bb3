"""`banjie incident plan`: the emergency plan as tables with their clauses, and what is wrong with it today."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from config.emergency_plan import EmergencyPlan, LadderStep, PlanTask, emergency_plan
from config.emergency_plan_problems import PlanProblem
from config.messages import say
from config.offices import office
from config.offices import town as town_named
from flows.explanation import OneSentence
from tasks.incident_response.plan_people import check_plan

app = typer.Typer(cls=OneSentence, no_args_is_help=True)
Rows = Iterable[tuple[str, ...]]
TITLE_WIDTH: Final = 24
"""Of the column of tasks' titles, so that they stay readable on a narrow screen."""
_PLACES: Final = {"town": "any_town", "head:town": "head_of_town"}


@app.command(help=say("incident_plan.command_plan"))
def plan(
    *,
    town: Annotated[str | None, typer.Option("--town", help=say("incident_plan.option_town"))] = None,
    check: Annotated[bool, typer.Option("--check", help=say("incident_plan.option_check"))] = False,
    as_json: Annotated[bool, typer.Option("--json", help=say("cli.json"))] = False,
) -> None:
    """Show the plan, or check it against today's officers and channels."""
    shown = emergency_plan().for_town(town_named(town).id) if town else emergency_plan()
    found = check_plan(shown) if check else []
    if as_json:
        problems = {"problems": [one._asdict() for one in found]} if check else {}
        whole = {"version": shown.version, "plan": shown.model_dump(mode="json"), **problems}
        typer.echo(json.dumps(whole, ensure_ascii=False))
    elif check:
        _tell(found)
    else:
        _show(shown)
    if any(one.severe for one in found):
        raise typer.Exit(1)


def _tell(found: list[PlanProblem]) -> None:
    for one in sorted(found, key=lambda one: not one.severe):
        typer.echo(f"{say('incident_plan.mark_severe' if one.severe else 'incident_plan.mark_odd')} {one}")
    if not found:
        typer.echo(say("incident_plan.no_problem"))


def _show(shown: EmergencyPlan) -> None:
    console = Console()
    title = say("incident_plan.title", title=shown.title, document=shown.source.document, version=shown.version)
    console.print(title, highlight=False)
    for name, rows in (
        ("command", _command(shown)),
        ("levels", _levels(shown)),
        ("ladder", ((str(step.after_minutes), _way(step)) for step in shown.ladder)),
        ("groups", _groups(shown)),
    ):
        console.print(_table(name, say(f"incident_plan.sheet_{name}"), rows))
    numbers = {task.code: str(at) for at, task in enumerate(_tasks(shown), 1)}
    for group in shown.groups:
        title = say("incident_plan.sheet_tasks", group=group.zh, clause=group.clause)
        console.print(_table("tasks", title, (_task(task, numbers) for task in group.tasks)))


def _table(name: str, title: str, rows: Rows) -> Table:
    table = Table(title=title)
    for place, head in enumerate(say(f"incident_plan.columns_{name}").split(",")):
        table.add_column(head, overflow="fold", min_width=TITLE_WIDTH if (name, place) == ("tasks", 1) else None)
    for row in rows:
        table.add_row(*row)
    return table


def _tasks(shown: EmergencyPlan) -> list[PlanTask]:
    return [task for group in shown.groups for task in group.tasks]


def _task(task: PlanTask, numbers: Mapping[str, str]) -> tuple[str, ...]:
    after = "、".join(numbers.get(code, code) for code in task.after)
    who, evidence = (_title(task.owner), _title(task.supervisor)), say("incident_plan.yes") if task.evidence else ""
    return numbers[task.code], task.title, task.clause, *who, str(task.due_minutes or ""), after, evidence


def _command(shown: EmergencyPlan) -> Iterator[tuple[str, str]]:
    yield say("incident_plan.row_commander"), _title(shown.commander)
    for place, deputy in enumerate(shown.deputies, 1):
        yield say("incident_plan.row_deputy", place=place), _title(deputy)
    yield say("incident_plan.row_office"), _title(shown.office)
    yield say("incident_plan.row_scene"), _title(shown.scene)
    for name in ("scene_members", "members", "first_told", "restore"):
        yield say(f"incident_plan.row_{name}"), _titles(getattr(shown, name))


def _levels(shown: EmergencyPlan) -> Rows:
    for name, level in shown.levels.items():
        yield name, _titles(level.approvers), str(level.situation_minutes), _titles(level.report_to)


def _way(step: LadderStep) -> str:
    kind, _, number = step.by.partition(":")
    return say(f"incident_plan.by_{kind}", **({"number": number} if number else {}))


def _groups(shown: EmergencyPlan) -> Rows:
    for group in shown.groups:
        lead = (_title(group.lead), _title(group.head), _title(group.alternate), _titles(group.members))
        yield group.zh, group.clause, *lead, str(group.heartbeat_minutes)


def _title(role: str) -> str:
    if role in _PLACES:
        return say(f"incident_plan.{_PLACES[role]}")
    return office(role).title if role else ""


def _titles(roles: Iterable[str]) -> str:
    return "、".join(map(_title, roles))
