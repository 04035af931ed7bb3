"""`banjie incident handover`, `bundle`, `check` and `cap`: what is kept of an incident, and what goes to others."""

from pathlib import Path
from typing import Annotated

import typer

from config.messages import say
from flows.explanation import OneSentence
from tasks.incident_response import alert, handover
from tasks.incident_response import bundle as bundles

app = typer.Typer(cls=OneSentence, no_args_is_help=True)
Number = Annotated[str, typer.Argument(help=say("incident_board.option_number"))]
Staff = Annotated[str, typer.Option("--staff", help=say("cli.staff_no"))]
Code = Annotated[str, typer.Option("--code", help=say("cli.code"))]
Zip = Annotated[Path, typer.Argument(help=say("incident_board.option_bundle"))]


@app.command("handover", help=say("incident_board.command_handover"))
def hand_over(
    number: Number,
    *,
    staff_no: Staff = "",
    code: Code = "",
    incoming: Annotated[str, typer.Option("--incoming", help=say("incident_board.option_incoming"))] = "",
    incoming_code: Annotated[
        str, typer.Option("--incoming-code", help=say("incident_board.option_incoming_code"))
    ] = "",
    points: Annotated[str, typer.Option("--points", help=say("incident_board.option_points"))] = "",
) -> None:
    """Hand an incident over to the next shift."""
    made = handover.hand_over(number, points, handover.Pair(staff_no, code), handover.Pair(incoming, incoming_code))
    typer.echo(handover.told(number, made))


@app.command(help=say("incident_board.command_bundle"))
def bundle(
    number: Number,
    path: Zip,
    *,
    staff_no: Staff,
    code: Code,
    purpose: Annotated[str, typer.Option("--purpose", help=say("cli.purpose"))],
    contacts: Annotated[bool, typer.Option("--with-contacts", help=say("incident_board.option_contacts"))] = False,
) -> None:
    """Write the evidence bundle."""
    made = bundles.bundle(number, path, staff_no, code, purpose, contacts=contacts)
    typer.echo(say("incident_board.bundled", **made._asdict()))


@app.command(help=say("incident_board.command_check"))
def check(path: Zip) -> None:
    """Verify an evidence bundle."""
    found = bundles.check(path)
    for one in found:
        typer.echo(one)
    if found:
        raise typer.Exit(1)
    typer.echo(say("incident_board.check_passed"))


@app.command(help=say("incident_board.command_cap"))
def cap(
    number: Number,
    *,
    staff_no: Staff,
    code: Code,
    update: Annotated[bool, typer.Option("--update", help=say("incident_board.option_update"))] = False,
    to: Annotated[Path | None, typer.Option("--to", help=say("incident_board.option_to"))] = None,
) -> None:
    """Write the alert for other systems."""
    sent = alert.send_alert(number, staff_no, code, update=update, path=to)
    typer.echo(say("incident_board.alert_written", **sent._asdict()))
