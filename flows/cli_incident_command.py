"""`banjie incident group | task | event | expand | command`: command and groups from the command line."""

from functools import partial
from typing import Annotated

import typer

from config.messages import say
from flows.explanation import OneSentence
from tasks.incident_response import command_act, expansion, group_report
from tasks.incident_response.group_report import Given
from tasks.incident_response.spoken import Signer, done

app = typer.Typer(cls=OneSentence)
Number = Annotated[str, typer.Argument(help=say("cli.incident_number"))]
StaffNo = Annotated[str, typer.Option("--staff", help=say("cli.staff_no"))]
Code = Annotated[str, typer.Option("--code", help=say("cli.code"))]
Group = Annotated[str, typer.Option("--group", help=say("cli.incident_group_name"))]
Text = Annotated[str, typer.Option("--text", help=say("cli.incident_text"))]
Occurred = Annotated[str, typer.Option("--at", help=say("cli.incident_occurred"))]
Clause = Annotated[str, typer.Option("--clause", help=say("cli.incident_clause"))]


@app.command("group", help=say("cli.incident_group"))
def group_command(  # noqa: PLR0917 -- the fields of the form
    number: Number,
    group: Group,
    kind: Annotated[str, typer.Option("--kind", help=say("cli.incident_kind"))],
    text: Text,
    staff_no: StaffNo,
    code: Code,
    task: Annotated[str, typer.Option("--task", help=say("cli.incident_task_code"))] = "",
    file: Annotated[str, typer.Option("--file", help=say("cli.incident_file"))] = "",
    occurred: Occurred = "",
) -> None:
    """Report for a working group."""
    given = Given(group, kind, text, task, file, occurred)
    typer.echo(done(number, partial(group_report.report, given=given, signer=Signer(staff_no, code))))


@app.command("task", help=say("cli.incident_task"))
def task_command(  # noqa: PLR0917 -- the fields of the form
    number: Number,
    group: Group,
    title: Annotated[str, typer.Option("--title", help=say("cli.incident_title"))],
    minutes: Annotated[int, typer.Option("--minutes", help=say("cli.incident_minutes"))],
    staff_no: StaffNo,
    code: Code,
    clause: Clause = "",
) -> None:
    """Order a further task."""
    given = command_act.Further(group, title, minutes, clause)
    typer.echo(done(number, partial(command_act.add_task, given=given, signer=Signer(staff_no, code))))


@app.command("event", help=say("cli.incident_event"))
def event(  # noqa: PLR0917 -- the fields of the form
    number: Number, text: Text, staff_no: StaffNo, code: Code, occurred: Occurred = "", clause: Clause = ""
) -> None:
    """Note an event."""
    given = command_act.Event(text, occurred, clause)
    typer.echo(done(number, partial(command_act.note_event, given=given, signer=Signer(staff_no, code))))


@app.command("expand", help=say("cli.incident_expand"))
def expand(
    number: Number,
    why: Annotated[str, typer.Option("--why", help=say("cli.incident_why"))],
    wanted: Annotated[str, typer.Option("--wanted", help=say("cli.incident_wanted"))],
    staff_no: StaffNo,
    code: Code,
) -> None:
    """Ask for an expanded response."""
    signer = Signer(staff_no, code)
    typer.echo(done(number, partial(expansion.request_expansion, why=why, wanted=wanted, signer=signer)))


@app.command("command", help=say("cli.incident_command"))
def command(  # noqa: PLR0917 -- the fields of the form
    number: Number,
    kind: Annotated[str, typer.Option("--kind", help=say("cli.incident_act_kind"))],
    text: Text,
    staff_no: StaffNo,
    code: Code,
    document: Annotated[str, typer.Option("--document", help=say("cli.incident_document"))] = "",
    orders: Annotated[str, typer.Option("--withdraw", help=say("cli.incident_orders"))] = "",
) -> None:
    """Set up the on-site command, record sudden danger, or who commands."""
    given = command_act.Act(kind, text, document, orders)
    typer.echo(done(number, partial(command_act.act, given=given, signer=Signer(staff_no, code))))
