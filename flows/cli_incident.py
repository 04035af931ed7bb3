"""`banjie incident`: everything that is done about an accident from the command line, Prefect's server there or not."""

from types import ModuleType
from typing import Final

import typer

from config.messages import say
from flows import (
    cli_incident_aftermath,
    cli_incident_call,
    cli_incident_command,
    cli_incident_drill,
    cli_incident_duty,
    cli_incident_kept,
    cli_incident_plan,
    cli_incident_report,
)
from flows.explanation import OneSentence
from tasks.database import upgrade

PARTS: Final[tuple[ModuleType, ...]] = (
    cli_incident_plan,
    cli_incident_report,
    cli_incident_duty,
    cli_incident_command,
    cli_incident_aftermath,
    cli_incident_call,
    cli_incident_drill,
    cli_incident_kept,
)
"""Modules whose commands belong here, each with an `app` of its own."""
app = typer.Typer(cls=OneSentence, no_args_is_help=True, help=say("cli.incident"))
for part in PARTS:
    app.registered_commands.extend(part.app.registered_commands)


@app.callback()
def prepare() -> None:
    """Bring the database up first."""
    upgrade()
