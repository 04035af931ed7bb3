"""`banjie explain application`: why an application stands where it stands; the one that asks the database."""

from typing import Annotated

import typer

from config.messages import say
from flows.explanation import Language, OneSentence, language_given, tell
from tasks.database import upgrade
from tasks.policy_redemption.explanation import explain_application

app = typer.Typer(cls=OneSentence, add_completion=False)


@app.command(help=say("cli.explain_application"))
def application(number: Annotated[str, typer.Argument(help=say("cli.application"))], language: Language = "zh") -> None:
    """Explain an application's status and due day, with the receipt of each of its clocks."""
    upgrade()
    tell(explain_application(number, language_given(language)))
