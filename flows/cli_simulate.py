"""`banjie simulate`: what-if, by the very flow on a simulated clock."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from config.messages import say
from config.simulation import assumptions
from flows.explanation import OneSentence, day_given
from flows.policy_redemption import policy_redemption
from models.policy_redemption.prediction import Prediction
from models.policy_redemption.status import ApplicationStatus
from tasks.policy_redemption.simulation import Scenario
from tasks.policy_redemption.simulation import simulate as run

app = typer.Typer(cls=OneSentence, no_args_is_help=True, help=say("cli.simulate"))


@app.callback()
def simulate() -> None:
    """Say what would happen."""


@app.command(help=say("cli.simulate_policy"))
def policy(  # noqa: PLR0917 -- the options of the command
    applications: Annotated[
        int, typer.Option("--applications", min=1, max=20_000, help=say("cli.simulated_applications"))
    ],
    officers: Annotated[int, typer.Option("--officers", min=1, max=500, help=say("cli.simulated_officers"))],
    days: Annotated[int, typer.Option("--days", min=1, max=366, help=say("cli.simulated_days"))] = 30,
    seed: Annotated[int, typer.Option("--seed", help=say("cli.seed"))] = 1,
    from_day: Annotated[str, typer.Option("--from", help=say("cli.simulated_from"))] = "",
    as_json: Annotated[bool, typer.Option("--json", help=say("cli.json"))] = False,
) -> None:
    """Predict breaches and load by officer and week."""
    first = day_given(from_day) if from_day else assumptions().policy.from_day
    scenario = Scenario(applications, officers, days, seed, first)
    with Console(stderr=True).status("") as status:
        found = run(
            scenario,
            policy_redemption.fn,
            lambda day, come, done: status.update(say("simulation.day", day=day, come=come, done=done)),
        )
    if as_json:
        typer.echo(json.dumps(found.model_dump(mode="json"), ensure_ascii=False, indent=1))
    else:
        show(found)


def show(found: Prediction) -> None:
    """Print a prediction as tables."""
    console, facts = Console(), found.model_dump()
    console.print(say("simulation.title", **facts), highlight=False)
    for name, rows in (
        ("weeks", [
            (f"{one.monday:%m-%d}", *map(str, (one.received, one.fed_back, one.decided, one.paid, one.waiting)),
             *map(str, one.breaches.values()), f"{one.load:.0%}")
            for one in found.weeks
        ]),
        ("people", [
            (one.staff_no, str(one.decisions), f"{one.hours:.1f}", f"{one.load:.0%}", f"{one.busiest:%m-%d}",
             f"{one.busiest_load:.0%}")
            for one in found.people
        ]),
    ):  # fmt: skip
        table = Table(title=say(f"simulation.{name}"))
        for title in say(f"simulation.columns_{name}").split("、"):
            table.add_column(title, overflow="fold", justify="right")
        for row in rows:
            table.add_row(*row)
        console.print(table)
    ends = "，".join(f"{ApplicationStatus(status).text} {count}" for status, count in found.ends.items())
    console.print(say("simulation.ends", ends=ends), highlight=False)
    console.print(say("simulation.breaches", **found.breaches), highlight=False)
    console.print(say("simulation.finished" if found.finished else "simulation.unfinished", **facts), highlight=False)
