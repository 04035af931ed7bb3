"""`banjie notices`: what waits, what could not be delivered, letters to post, and a channel tried out."""

import json
from typing import Annotated

import typer

from config.messages import say
from flows.explanation import OneSentence
from tasks import notice_desk
from tasks.database import upgrade

app = typer.Typer(cls=OneSentence, no_args_is_help=True, help=say("cli.notices"))
Numbers = Annotated[list[int], typer.Argument(help=say("cli.notice_ids"))]


@app.callback()
def prepare() -> None:
    """Bring the database up first."""
    upgrade()


@app.command(help=say("cli.notices_backlog"))
def backlog() -> None:
    """Show how many notices wait, by channel."""
    typer.echo(json.dumps(notice_desk.waiting(), ensure_ascii=False))


@app.command(help=say("cli.notices_dead"))
def dead() -> None:
    """Show the notices that could not be delivered, with the reason."""
    for line in notice_desk.dead():
        typer.echo(line)


@app.command(help=say("cli.notices_revive"))
def revive(ids: Numbers) -> None:
    """Queue undeliverable notices again."""
    typer.echo(say("cli.notices_done", count=notice_desk.revive_all(ids)))


@app.command(help=say("cli.notices_letters"))
def letters() -> None:
    """Show the notices that a clerk has to post as letters."""
    typer.echo(json.dumps(notice_desk.to_post(), ensure_ascii=False))


@app.command(help=say("cli.notices_posted"))
def posted(ids: Numbers) -> None:
    """Note that letters were posted."""
    typer.echo(say("cli.notices_done", count=notice_desk.mark_posted(ids)))


@app.command("try", help=say("cli.notices_try"))
def try_out(
    channel: Annotated[str, typer.Argument(help=say("cli.channel"))],
    target: Annotated[str, typer.Option("--target", help=say("cli.target"))] = "",
) -> None:
    """Send one test text over a channel and show what the provider said."""
    delivery = notice_desk.try_out(channel, target)
    typer.echo(f"{delivery.outcome} {delivery.detail}".strip())
    if delivery.outcome != "accepted":
        raise typer.Exit(1)
