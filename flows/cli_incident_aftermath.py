"""`banjie incident` commands of the end and the aftermath."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from config.messages import say
from config.offices import office
from flows.explanation import OneSentence
from models.incident_response.lesson import LessonKind, LessonStatus
from tasks.incident_response import aftermath_form as forms
from tasks.incident_response.contact_retention import keep_as_evidence
from tasks.incident_response.lessons import lessons_everywhere

app = typer.Typer(cls=OneSentence, no_args_is_help=True)
Number = Annotated[str, typer.Argument(help=say("cli.incident_number"))]
Staff = Annotated[str, typer.Option("--staff", help=say("cli.staff_no"))]
Code = Annotated[str, typer.Option("--code", help=say("cli.code"))]


@app.command(help=say("cli.incident_lessons"))
def lessons(
    open_only: Annotated[bool, typer.Option("--open", help=say("cli.incident_lessons_open"))] = False,
    as_json: Annotated[bool, typer.Option("--json", help=say("cli.json"))] = False,
) -> None:
    """List the items to be followed up across incidents."""
    rows = [
        (row.incident, row.number, LessonKind(row.kind), row.text, row.owner, row.due_on, LessonStatus(row.status))
        for row in lessons_everywhere(open_only=open_only)
    ]
    if as_json:
        names = ("incident", "number", "kind", "text", "owner", "due", "status")
        typer.echo(json.dumps([dict(zip(names, map(str, row), strict=True)) for row in rows], ensure_ascii=False))
        return
    if not rows:
        typer.echo(say("incident_aftermath.no_lessons"))
        return
    table = Table(*say("incident_aftermath.columns_lessons").split("、"))
    for number, item, kind, text, owner, due, status in rows:
        table.add_row(number, str(item), kind.text, text, office(owner).title, str(due), status.text)
    Console().print(table)


@app.command(help=say("cli.incident_condition"))
def condition(  # noqa: PLR0917 -- a command's options
    number: Number,
    item: Annotated[str, typer.Argument(help=say("cli.incident_condition_item"))],
    staff: Staff,
    code: Code,
    evidence: Annotated[str, typer.Option(help=say("cli.incident_evidence"))] = "",
    lost: Annotated[bool, typer.Option("--lost", help=say("cli.incident_condition_lost"))] = False,
) -> None:
    """Attest a condition of the end."""
    typer.echo(forms.condition(number, item, "lost" if lost else "met", evidence, staff_no=staff, code=code))


@app.command(name="keep-contact", help=say("cli.incident_keep_contact"))
def keep_contact(
    number: Number,
    report: Annotated[int, typer.Argument(help=say("cli.incident_report_number"))],
    staff: Staff,
    code: Code,
    reason: Annotated[str, typer.Option(help=say("cli.incident_keep_reason"))],
) -> None:
    """Keep a report's contact as evidence."""
    typer.echo(keep_as_evidence(number, report, reason, staff, code))
