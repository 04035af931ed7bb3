"""`banjie officer`: who signs, in which posts, with which authenticator."""

import json
from datetime import date
from typing import Annotated

import typer

from config.messages import say
from config.offices import office
from flows.explanation import OneSentence, day_given
from tasks import officer
from tasks.clock import today
from tasks.database import upgrade

app = typer.Typer(cls=OneSentence, no_args_is_help=True, help=say("cli.officer"))
Json = Annotated[bool, typer.Option("--json", help=say("cli.json"))]


@app.callback()
def prepare() -> None:
    """Bring the database up first."""
    upgrade()


@app.command(help=say("cli.officer_add"))
def add(
    staff_no: Annotated[str, typer.Argument(help=say("cli.staff_no"))],
    name: Annotated[str, typer.Option("--name", help=say("cli.name"))],
    role: Annotated[list[str], typer.Option("--role", help=say("cli.role"))],
    since: Annotated[str | None, typer.Option("--since", help=say("cli.since"))] = None,
    identity: Annotated[str | None, typer.Option("--identity", help=say("cli.identity"))] = None,
) -> None:
    """Enrol an officer and show the authenticator address once."""
    for one in role:
        office(one)
    enrolled = officer.enrol(staff_no, name, role, day_given(since) if since else today(), identity)
    typer.echo(say("cli.enrolled", staff_no=enrolled.staff_no, uri=enrolled.provisioning_uri))


@app.command("list", help=say("cli.officer_list"))
def listing(as_json: Json = False) -> None:
    """List the officers with the roles they hold today."""
    listed = officer.officers()
    if as_json:
        typer.echo(json.dumps([one._asdict() for one in listed], ensure_ascii=False))
        return
    for one in listed:
        titles = "、".join(office(role).title for role in one.roles)
        state = say("cli.locked") if one.locked else "" if one.active else say("cli.inactive")
        typer.echo(f"{one.staff_no}  {one.name}  {titles}  {state}".rstrip())


@app.command(help=say("cli.officer_rotate"))
def rotate(staff_no: Annotated[str, typer.Argument(help=say("cli.staff_no"))]) -> None:
    """Give an officer a new authenticator secret."""
    enrolled = officer.rotate(staff_no)
    typer.echo(say("cli.enrolled", staff_no=enrolled.staff_no, uri=enrolled.provisioning_uri))


@app.command(help=say("cli.officer_code"))
def code(staff_no: Annotated[str, typer.Argument(help=say("cli.staff_no"))]) -> None:
    """Show an officer's code of this moment; for try-outs only, and it says so."""
    typer.echo(officer.code_now(staff_no))
    typer.echo(say("cli.code_warning"), err=True)


@app.command(help=say("cli.officer_delegate"))
def delegate(
    staff_no: Annotated[str, typer.Argument(help=say("cli.staff_no"))],
    deputy: Annotated[str, typer.Option("--deputy", help=say("cli.deputy"))],
    role: Annotated[str, typer.Option("--role", help=say("cli.role"))],
    until: Annotated[str, typer.Option("--until", help=say("cli.until"))],
    since: Annotated[str | None, typer.Option("--since", help=say("cli.since"))] = None,
) -> None:
    """Let a deputy sign for an officer between two days."""
    first: date = day_given(since) if since else today()
    officer.delegate(staff_no, deputy, role, first, day_given(until))
    typer.echo(say("cli.delegated", staff_no=staff_no, deputy=deputy, role=office(role).title))
