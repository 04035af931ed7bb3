"""`banjie incident drill | drill-stop | drills | drill-score | statistics`: drills from the command line."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from config.drill_scenarios import scenarios
from config.messages import say
from flows.explanation import OneSentence
from tasks.clock import today
from tasks.incident_response import drill_calendar, drill_form, drill_score, statistics
from tasks.incident_response.spoken import Signer
from tasks.step import read_dossier

app = typer.Typer(cls=OneSentence)
Number = Annotated[str, typer.Argument(help=say("cli.incident_number"))]
StaffNo = Annotated[str, typer.Option("--staff", help=say("cli.staff_no"))]
Code = Annotated[str, typer.Option("--code", help=say("cli.code"))]
Json = Annotated[bool, typer.Option("--json", help=say("cli.json"))]


@app.command("drill", help=say("cli.drill_start"))
def drill_command(  # noqa: PLR0917 -- the fields of the form
    scenario: Annotated[str, typer.Argument(help=say("cli.drill_scenario", known="、".join(scenarios())))],
    staff_no: StaffNo,
    code: Code,
    kind: Annotated[str, typer.Option("--kind", help=say("cli.drill_kind"))] = "tabletop",
    groups: Annotated[str, typer.Option("--groups", help=say("cli.drill_groups"))] = "",
    speed: Annotated[int, typer.Option("--speed", help=say("cli.drill_speed"))] = 1,
) -> None:
    """Start a drill."""
    typer.echo(drill_form.begun(kind, scenario, groups, str(speed), Signer(staff_no, code)))


@app.command("drill-stop", help=say("cli.drill_stop"))
def stop_command(  # noqa: PLR0917 -- the fields of the form
    number: Number,
    reason: Annotated[str, typer.Option("--reason", help=say("cli.drill_reason"))],
    staff_no: StaffNo,
    code: Code,
    real: Annotated[bool, typer.Option("--real", help=say("cli.drill_real"))] = False,
    unit: Annotated[str, typer.Option("--unit", help=say("parameter.report_quickly.unit"))] = "",
    place: Annotated[str, typer.Option("--place", help=say("parameter.report_quickly.place"))] = "",
    kind: Annotated[str, typer.Option("--kind", help=say("parameter.report_quickly.kind"))] = "",
    casualties: Annotated[str, typer.Option("--toll", help=say("parameter.report_quickly.casualties_help"))] = "",
) -> None:
    """Stop a drill, or turn it real."""
    fields = {"unit": unit, "place": place, "kind": kind, "casualties": casualties}
    typer.echo(drill_form.over(number, "real" if real else "stop", reason, fields, Signer(staff_no, code)))


@app.command("drills", help=say("cli.drills"))
def drills_command(as_json: Json = False) -> None:
    """Show which drills were held, and which are due."""
    due, held = drill_calendar.calendar(), drill_calendar.held()
    if as_json:
        plain = {"due": [one._asdict() for one in due], "held": [one._asdict() for one in held]}
        typer.echo(json.dumps(plain, ensure_ascii=False, default=str))
        return
    shown = Table(*(say(f"drill.head_{name}") for name in ("owner", "last", "by", "rule")))
    for one in due:
        mark = say("drill.overdue") if one.overdue(today()) else ""
        shown.add_row(one.owner, str(one.last or say("drill.never_held")), f"{one.by or ''}{mark}", one.rule)
    Console().print(shown)
    past = Table(*(say(f"drill.head_{name}") for name in ("owner", "on", "number", "kind", "title", "result")))
    for drill in held:
        owner = say("drill.owner_district") if drill.owner == "district" else drill.owner
        past.add_row(owner, str(drill.on), drill.number, drill.kind, drill.title, drill.result)
    Console().print(past)


@app.command("drill-score", help=say("cli.drill_score"))
def score_command(number: Number, as_json: Json = False) -> None:
    """Show how a drill went: as scored, or as it stands now."""
    case = read_dossier(number.strip().upper())
    kept = case.journal.get(("score_drill", 1))
    scored = drill_score.Score.model_validate(kept) if kept else drill_score.score(case)
    if as_json:
        typer.echo(json.dumps(scored.model_dump(), ensure_ascii=False))
        return
    shown = Table(*(say(f"drill.head_{name}") for name in ("kind", "what", "who", "result", "margin")))
    for row in drill_score.table_of(scored.points):
        shown.add_row(*row)
    Console().print(shown)
    typer.echo(say("drill.scored", met=scored.met, total=scored.total, percent=scored.percent, grade=scored.grade_text))


@app.command("statistics", help=say("cli.incident_statistics"))
def statistics_command(year: Annotated[int, typer.Argument(help=say("cli.incident_year"))]) -> None:
    """Show a year's accidents in numbers, and its drills apart."""
    found = {"real": statistics.year(year).model_dump(), "drills": statistics.year(year, drill=True).model_dump()}
    typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
