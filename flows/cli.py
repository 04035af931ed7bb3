"""`banjie`: the command line. Each command loads only what it needs, so that `banjie explain` answers at once."""

import importlib
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any, Final

import typer
from typer._click.core import Command, Context
from typer.core import TyperCommand
from typer.main import get_command

from config.messages import say
from config.settings import settings
from flows.explanation import OneSentence

PLACES: Final = {
    "up": "flows.cli_house",
    "demo": "flows.cli_house",
    "doctor": "flows.cli_house",
    "clock": "flows.cli_house",
    "explain": "flows.explain",
    "officer": "flows.cli_officer",
    "notices": "flows.cli_notice",
    "start": "flows.cli_case",
    "decide": "flows.cli_case",
    "assist": "flows.cli_assist",
    "questions": "flows.cli_case",
    "import": "flows.cli_case",
    "export": "flows.cli_case",
    "template": "flows.cli_case",
    "site": "flows.cli_site",
    "inbox": "flows.cli_case",
    "why": "flows.cli_case",
    "verify": "flows.cli_case",
    "anchor": "flows.cli_case",
    "statistics": "flows.cli_policy",
    "incident": "flows.cli_incident",
    "simulate": "flows.cli_simulate",
    "backup": "flows.cli_backup",
    "restore": "flows.cli_backup",
}
PRIVATE: Final = 0o077
WHOLE: Final = ("explain", "assist", "incident", "officer", "notices", "simulate")
"""Commands that are groups of their own."""


class Lazy(OneSentence):
    """A group whose commands are loaded when they are called; the help page lists them without loading any."""

    resolving = False

    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002 -- click's signature
        """Return the commands in the order of a day's work."""
        return list(PLACES)

    def resolve_command(self, ctx: Context, args: list[str]) -> Any:
        """Find the command that is really called."""
        self.resolving = True
        try:
            return super().resolve_command(ctx, args)
        finally:
            self.resolving = False

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:  # noqa: ARG002 -- click's signature
        """Load a command, or return its name and help for the help page."""
        if cmd_name not in PLACES:
            return None
        if not self.resolving:
            return TyperCommand(cmd_name, help=say(f"cli.{cmd_name}"))
        loaded: Any = get_command(importlib.import_module(PLACES[cmd_name]).app)
        if cmd_name in WHOLE:
            return loaded  # type: ignore[no-any-return]
        found: Command = loaded.commands[cmd_name]
        if loaded.callback and found.callback:  # what its group does first
            found.callback = _after(loaded.callback, found.callback)
        return found


def _after(prepare: Callable[[], object], work: Callable[..., object]) -> Callable[..., object]:
    def whole(**given: object) -> object:
        prepare()
        return work(**given)

    return whole


app = typer.Typer(cls=Lazy, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback(help=say("cli.banjie"))
def banjie() -> None:
    """Say what banjie is."""


def main() -> None:
    """Run the command line; a fault of ours is written to a file, and told in one sentence.

    What it and the processes it starts write is for the installation's own account only.
    """
    os.umask(PRIVATE)
    try:
        app()
    except Exception as error:  # noqa: BLE001 -- the last door: nobody is shown a traceback
        log = settings().home / "logs" / "command.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as file:
            traceback.print_exception(error, file=file)
        sys.stderr.write(say("cli.crashed", why=type(error).__name__, path=log) + "\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
