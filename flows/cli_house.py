"""`banjie` commands on the house: bring it up, rehearse a season, look for faults, move a simulated day."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from config.messages import Refusal, say
from config.zone import SHANGHAI
from flows.explanation import OneSentence
from flows.policy_budget import policy_budget
from flows.policy_publication import policy_publication
from flows.policy_redemption import policy_redemption
from tasks import house
from tasks.clock import now, set_clock
from tasks.database import upgrade
from tasks.demo import demo as rehearse
from tasks.doctor import examine
from tasks.policy_redemption.try_out import Stories

app = typer.Typer(cls=OneSentence, no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help=say("cli.json"))]


@app.callback()
def house_of_banjie() -> None:
    """Commands on the house itself."""


@app.command(help=say("cli.up"))
def up(try_out: Annotated[bool, typer.Option("--try-out", help=say("cli.try_out"))] = False) -> None:
    """Run everything on this machine until Ctrl-C."""
    stories = Stories(policy_publication.fn, policy_budget.fn, policy_redemption.fn)
    house.up(try_out=stories if try_out else None, tell=typer.echo)


@app.command(help=say("cli.demo"))
def demo(
    applicants: Annotated[int, typer.Option("--applicants", min=20, max=50_000, help=say("cli.applicants"))] = 3000,
    season: Annotated[str, typer.Option("--season", help=say("cli.season"))] = "2027H1",
    seed: Annotated[int, typer.Option("--seed", help=say("cli.seed"))] = 1,
    home: Annotated[Path | None, typer.Option("--home", help=say("cli.demo_home"))] = None,
) -> None:
    """Rehearse a whole season in compressed time, with scripted officers, and end with a summary."""
    console = Console()
    with console.status(say("cli.demo_starting")) as status:
        for line in rehearse(applicants, season, seed, home, tell=status.update):
            console.print(line, highlight=False)


@app.command(help=say("cli.doctor"))
def doctor(as_json: Json = False) -> None:
    """Check configuration, channels, calendar, keys, database, server and deployments."""
    findings = list(examine())
    if as_json:
        typer.echo(json.dumps([one._asdict() for one in findings], ensure_ascii=False))
    else:
        for one in findings:
            typer.echo(f"{say('cli.mark_' + one.mark)} {one.what}：{one.text}")
    if any(one.mark == "wrong" for one in findings):
        raise typer.Exit(1)


@app.command(help=say("cli.clock"))
def clock(to: Annotated[str | None, typer.Argument(help=say("cli.clock_to"))] = None) -> None:
    """Show the moment, or move a simulated day forward."""
    upgrade()
    if to:
        try:
            moment = datetime.fromisoformat(to)
        except ValueError:
            raise Refusal("cli.moment_wrong", given=to) from None
        set_clock(moment.replace(tzinfo=moment.tzinfo or SHANGHAI))
        house.wake_all()
    typer.echo(now().astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S"))
