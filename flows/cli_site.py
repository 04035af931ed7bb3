"""`banjie site`: the results in public, written for any web server."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from config.messages import say
from flows.explanation import OneSentence
from tasks.database import upgrade
from tasks.policy_redemption.edition import write_site

app = typer.Typer(cls=OneSentence, no_args_is_help=True)


@app.callback()
def public() -> None:
    """Commands on what the public sees."""


@app.command(help=say("cli.site"))
def site(
    folder: Annotated[Path, typer.Argument(help=say("cli.site_folder"))],
    as_json: Annotated[bool, typer.Option("--json", help=say("cli.json"))] = False,
) -> None:
    """Write the public site into a folder."""
    upgrade()
    with Console(stderr=True).status(""):
        written = write_site(folder)
    if as_json:
        typer.echo(json.dumps(written._asdict()))
        return
    typer.echo(say("site.written", folder=folder, **written._asdict()))
