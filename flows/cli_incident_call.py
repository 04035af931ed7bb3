"""`banjie incident ack`, `called`, `call-sheet`, `reachability`: calls, with Prefect's server or without."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from config.messages import say
from flows.explanation import OneSentence
from tasks.incident_response.call_desk import acknowledge_as, record_call
from tasks.incident_response.call_sheet import write_call_sheet
from tasks.incident_response.intake import open_number
from tasks.incident_response.reachability import Reachable, reachable
from tasks.incident_response.report_lodging import mobile

app = typer.Typer(cls=OneSentence, no_args_is_help=True)
CallCode = Annotated[str, typer.Argument(help=say("cli.incident_call_code"))]
Eta = Annotated[int | None, typer.Option("--eta", min=0, max=1440, help=say("cli.incident_eta"))]


@app.command(help=say("cli.incident_ack"))
def ack(
    code: CallCode, kind: Annotated[str, typer.Option("--as", help=say("cli.incident_as"))], eta: Eta = None
) -> None:
    """Acknowledge a call by its code."""
    typer.echo(acknowledge_as(code, kind, eta, "command"))


@app.command(help=say("cli.incident_called"))
def called(  # noqa: PLR0917 -- the fields of the form
    call_code: CallCode,
    result: Annotated[str, typer.Option("--result", help=say("cli.incident_result"))],
    staff_no: Annotated[str, typer.Option("--staff", help=say("cli.staff_no"))],
    code: Annotated[str, typer.Option("--code", help=say("cli.code"))],
    when: Annotated[str, typer.Option("--at", help=say("cli.incident_called_at"))] = "",
    eta: Eta = None,
    number: Annotated[str, typer.Option("--number", help=say("cli.incident_called_number"))] = "",
) -> None:
    """Record a telephone call."""
    typer.echo(record_call(call_code, result, (staff_no, code), when=when, eta=eta, number=mobile(number)))


@app.command("call-sheet", help=say("cli.incident_call_sheet"))
def call_sheet(
    number: Annotated[str, typer.Argument(help=say("cli.incident_number"))],
    path: Annotated[Path | None, typer.Option("--to", help=say("cli.path"))] = None,
) -> None:
    """Write the call sheet of an incident."""
    typer.echo(str(write_call_sheet(open_number(number), path)))


@app.command(help=say("cli.incident_reachability"))
def reachability(
    as_json: Annotated[bool, typer.Option("--json", help=say("cli.json"))] = False,
) -> None:
    """List everybody of the plan with their ways and the last test that they acknowledged."""
    found = reachable()
    if as_json:
        typer.echo(json.dumps([one._asdict() for one in found], ensure_ascii=False))
        return
    table = Table(*(say(f"incident_call.column_{name}") for name in Reachable._fields))
    for one in found:
        table.add_row(one.role, one.staff_no, "、".join(one.ways), "；".join(one.faults), one.tested)
    Console().print(table)
