"""`banjie assist`: pass a question on, ask one more, urge, copy, take back."""

import json
from typing import Annotated

import typer

from config.messages import say
from flows.explanation import OneSentence
from tasks import desk
from tasks.database import upgrade
from tasks.verbs import Act, Receipt

app = typer.Typer(cls=OneSentence, no_args_is_help=True, help=say("cli.assist"))
Number = Annotated[str, typer.Argument(help=say("cli.question"))]
StaffNo = Annotated[str, typer.Option("--staff", help=say("cli.staff_no"))]
Code = Annotated[str, typer.Option("--code", help=say("cli.code"))]
Reason = Annotated[str, typer.Option("--reason", help=say("cli.reason"))]
Unit = Annotated[str, typer.Option("--to", help=say("cli.assist_to"))]
Officer = Annotated[str, typer.Option("--officer", help=say("cli.assist_officer"))]
Json = Annotated[bool, typer.Option("--json", help=say("cli.json"))]


@app.callback()
def prepare() -> None:
    """Bring the database up first."""
    upgrade()


def _tell(receipt: Receipt, *, as_json: bool) -> None:
    plain = receipt._asdict() | {"at": receipt.at.isoformat(), "text": receipt.text}
    plain["next_at"] = receipt.next_at.isoformat() if receipt.next_at else ""
    typer.echo(json.dumps(plain, ensure_ascii=False) if as_json else receipt.text)


@app.command(help=say("cli.assist_transfer"))
def transfer(  # noqa: PLR0917 -- the fields of the form
    number: Number,
    staff_no: StaffNo,
    code: Code,
    reason: Reason,
    to: Unit = "",
    officer: Officer = "",
    as_json: Json = False,
) -> None:
    """Give one's own question to another."""
    _tell(desk.assist("transfer", number, Act(staff_no, code, reason, "command"), to, officer), as_json=as_json)


@app.command(help=say("cli.assist_add"))
def add(  # noqa: PLR0917 -- the fields of the form
    number: Number,
    staff_no: StaffNo,
    code: Code,
    reason: Reason,
    to: Unit = "",
    officer: Officer = "",
    as_json: Json = False,
) -> None:
    """Ask one more."""
    _tell(desk.assist("add", number, Act(staff_no, code, reason, "command"), to, officer), as_json=as_json)


@app.command(help=say("cli.assist_copy"))
def copy(  # noqa: PLR0917 -- the fields of the form
    number: Number,
    staff_no: StaffNo,
    code: Code,
    reason: Reason,
    to: Unit = "",
    officer: Officer = "",
    as_json: Json = False,
) -> None:
    """Let somebody know."""
    _tell(desk.assist("copy", number, Act(staff_no, code, reason, "command"), to, officer), as_json=as_json)


@app.command(help=say("cli.assist_urge"))
def urge(number: Number, staff_no: StaffNo, code: Code, reason: Reason, as_json: Json = False) -> None:
    """Remind whoever owes the answer."""
    _tell(desk.assist("urge", number, Act(staff_no, code, reason, "command")), as_json=as_json)


@app.command(help=say("cli.assist_withdraw"))
def withdraw(number: Number, staff_no: StaffNo, code: Code, reason: Reason, as_json: Json = False) -> None:
    """Take back what one did."""
    _tell(desk.assist("withdraw", number, Act(staff_no, code, reason, "command")), as_json=as_json)
