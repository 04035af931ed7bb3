"""`banjie` commands on the supervision of policy redemption: figures of a period with their evidence."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from config.messages import say
from flows.explanation import OneSentence
from models.policy_redemption.statistics import period
from tasks.clock import now
from tasks.database import upgrade
from tasks.policy_redemption.bulletin_paper import department_row, evidence_row, failing_row, lag_row, titles
from tasks.policy_redemption.statistics import statistics as count

app = typer.Typer(cls=OneSentence, no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help=say("cli.json"))]


@app.callback()
def supervision() -> None:
    """Commands of the supervision."""


@app.command(help=say("cli.statistics"))
def statistics(name: Annotated[str, typer.Argument(help=say("cli.period"))], as_json: Json = False) -> None:
    """Show the figures of a quarter or month by department, and what shows each failing."""
    upgrade()
    found, failed = count(period(name), now())
    if as_json:
        evidence = [one.model_dump(mode="json") for one in failed.evidence]
        typer.echo(json.dumps(found.model_dump(mode="json") | {"evidence": evidence}, ensure_ascii=False))
        return
    console = Console()
    for kind, rows in (
        ("departments", map(department_row, found.departments)),
        ("failings", map(failing_row, found.departments)),
        ("lags", map(lag_row, found.lags)),
        ("evidence", map(evidence_row, failed.evidence)),
    ):
        table = Table(*titles(f"columns_{kind}"), title=say(f"bulletin.sheet_{kind}"))
        for row in rows:
            table.add_row(*row)
        console.print(table)
