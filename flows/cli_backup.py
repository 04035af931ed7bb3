"""`banjie backup` and `banjie restore`: everything into one file, and out of it into an empty place."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.filesize import decimal

from config.messages import say
from config.settings import settings
from flows.explanation import OneSentence
from tasks import backup as whole
from tasks.database import upgrade

app = typer.Typer(cls=OneSentence, no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help=say("cli.json"))]
File = Annotated[Path, typer.Argument(help=say("cli.backup_file"))]


@app.callback()
def safe() -> None:
    """Commands that keep the installation safe."""


@app.command(help=say("cli.backup"))
def backup(path: File, as_json: Json = False) -> None:
    """Write everything into one file, the keys into a second; the system may run meanwhile."""
    upgrade()
    with Console(stderr=True).status("") as status:
        made = whole.backup(path, lambda what, done: status.update(say("backup.doing", what=what, done=done)))
    if as_json:
        typer.echo(json.dumps({name: str(v) if isinstance(v, Path) else v for name, v in made._asdict().items()}))
        return
    typer.echo(say("backup.made", rows=made.rows, files=made.files, size=decimal(made.size), path=made.path))
    typer.echo(say("backup.keys_apart", keys=made.keys))


@app.command(help=say("cli.restore"))
def restore(
    path: File,
    keys: Annotated[Path | None, typer.Option("--keys", help=say("cli.backup_keys"))] = None,
    as_json: Json = False,
) -> None:
    """Put a backup back into an empty place, and prove it there."""
    with Console(stderr=True).status(say("backup.reading")) as status:
        done = whole.restore(path, keys, lambda what, count: status.update(say("backup.doing", what=what, done=count)))
    if as_json:
        typer.echo(json.dumps(done._asdict(), ensure_ascii=False))
        return
    typer.echo(say("backup.restored", **done._asdict()))
    if done.differing:
        folder = settings().home / whole.ASIDE
        typer.echo(say("backup.differing", folder=folder, names="、".join(done.differing)))
