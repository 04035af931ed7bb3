"""`banjie` commands on cases: start, decide, import, export, look up, verify."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from config.messages import Refusal, say
from flows.explanation import OneSentence
from models.roster import FORMS
from tasks import desk
from tasks.anchor import anchor as write_anchor
from tasks.database import upgrade
from tasks.journal import verify as verify_chains
from tasks.policy_redemption.ledger_proof import verify_ledger
from tasks.policy_redemption.publicity import verify_publications

app = typer.Typer(cls=OneSentence, no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help=say("cli.json"))]
Case = Annotated[str, typer.Option("--case", help=say("cli.case"))]


@app.callback()
def prepare() -> None:
    """Bring the database up first."""
    upgrade()


@app.command(help=say("cli.start"))
def start(
    deployment: Annotated[str, typer.Argument(help=say("cli.deployment"))],
    parameter: Annotated[list[str] | None, typer.Option("--parameter", "-p", help=say("cli.parameter"))] = None,
) -> None:
    """Start a process through its deployment."""
    typer.echo(say("cli.started", run=desk.start(deployment, parameter or [])))


@app.command(help=say("cli.decide"))
def decide(  # noqa: PLR0917 -- the fields of the form
    number: Annotated[str, typer.Argument(help=say("cli.question"))],
    staff_no: Annotated[str, typer.Option("--staff", help=say("cli.staff_no"))],
    code: Annotated[str, typer.Option("--code", help=say("cli.code"))],
    verdict: Annotated[str, typer.Option("--verdict", help=say("cli.verdict"))],
    reason: Annotated[str, typer.Option("--reason", help=say("cli.reason"))],
    field: Annotated[list[str] | None, typer.Option("--field", help=say("cli.field"))] = None,
) -> None:
    """Answer a question."""
    given = {"staff_no": staff_no, "code": code, "verdict": verdict, "reason": reason, **desk.pairs(field or [])}
    typer.echo(say("kernel.accepted", number=number, case=desk.decide(number, given)))


@app.command("import", help=say("cli.import"))
def take(
    path: Annotated[Path, typer.Argument(help=say("cli.path"))],
    form: Annotated[str, typer.Option("--form", help=say("cli.form", forms="、".join(FORMS)))],
    case: Case = "",
    as_json: Json = False,
) -> None:
    """Take a roster in; rows that are refused come back in a file to mend and send again."""
    if not path.is_file():
        raise Refusal("cli.no_file", path=path)
    with Console(stderr=True).status(say("cli.reading", file=path.name)):
        taken = desk.take(case, form, path)
    facts = {
        "accepted": taken.accepted,
        "rejected": taken.rejected,
        "warnings": len(taken.warnings),
        "repeat": taken.repeat,
        "returned": str(taken.returned or ""),
        "results": str(taken.results or ""),
    }
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False))
        return
    typer.echo(say("cli.repeated" if taken.repeat else "cli.taken", **facts))
    if taken.returned:
        typer.echo(say("cli.returned", path=taken.returned))
    if taken.results:
        typer.echo(say("cli.results", path=taken.results))


@app.command(help=say("cli.export"))
def export(
    case: Case,
    path: Annotated[Path, typer.Argument(help=say("cli.path"))],
    staff_no: Annotated[str, typer.Option("--staff", help=say("cli.staff_no"))],
    code: Annotated[str, typer.Option("--code", help=say("cli.code"))],
    purpose: Annotated[str, typer.Option("--purpose", help=say("cli.purpose"))],
) -> None:
    """Write a case's roster with who is on it: signed for, watermarked, journalled."""
    typer.echo(say("cli.exported", rows=desk.export(case, path, staff_no, code, purpose), path=path))


@app.command(help=say("cli.template"))
def template(
    form: Annotated[str, typer.Argument(help=say("cli.form", forms="、".join(FORMS)))],
    path: Annotated[Path, typer.Argument(help=say("cli.path"))],
) -> None:
    """Write a blank sheet to fill in."""
    desk.blank(form, path)
    typer.echo(say("cli.written", path=path))


@app.command(help=say("cli.questions"))
def questions(
    path: Annotated[Path, typer.Argument(help=say("cli.path"))],
    role: Annotated[str, typer.Option("--role", help=say("cli.questions_role"))] = "",
    case: Case = "",
) -> None:
    """Write the open questions as a decisions sheet to fill in and import."""
    typer.echo(say("cli.questions_written", rows=desk.questions(path, role, case), path=path))


@app.command(help=say("cli.inbox"))
def inbox(
    recipient: Annotated[str, typer.Argument(help=say("cli.recipient"))] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help=say("cli.limit"))] = 20,
    as_json: Json = False,
) -> None:
    """Show the notices of the inbox, the newest first."""
    letters = desk.inbox(recipient, limit)
    if as_json:
        typer.echo(json.dumps(letters, ensure_ascii=False))
        return
    for one in letters:
        typer.echo(f"{one['at']}  {one['recipient']}  {one['title']}\n    {one['body']}")
    if not letters:
        typer.echo(say("cli.inbox_empty"))


@app.command(help=say("cli.why"))
def why(
    case: Case,
    above: Annotated[str, typer.Argument(help=say("cli.number"))],
    below: Annotated[str, typer.Argument(help=say("cli.number"))],
) -> None:
    """Say why one candidate stands above another in a season's sealed ranking."""
    for line in desk.why(case, above, below):
        typer.echo(line)


@app.command(help=say("cli.verify"))
def verify(as_json: Json = False) -> None:
    """Recompute every chain, what was posted too, and add up the ledger anew; name what differs."""
    broken, sums, posted = list(verify_chains()), list(verify_ledger()), verify_publications()
    if as_json:
        lines = [posted._asdict()] if posted else []
        faults = [vars(one) for one in broken] + [one._asdict() for one in sums] + lines
        typer.echo(json.dumps(faults, ensure_ascii=False))
    for one in broken if not as_json else ():
        typer.echo(say(f"cli.broken_{one.why}", case=one.case, seq=one.seq, step=one.step))
    for differing in sums if not as_json else ():
        typer.echo(differing.text)
    if posted and not as_json:
        typer.echo(say("publicity.chain_broken", line=posted.id, number=posted.number))
    if broken or sums or posted:
        raise typer.Exit(1)
    if not as_json:
        typer.echo(say("cli.sound"))
        typer.echo(say("policy_money.sound"))


@app.command(help=say("cli.anchor"))
def anchor(path: Annotated[Path | None, typer.Argument(help=say("cli.anchor_path"))] = None) -> None:
    """Write the digest of all chain heads outside the database."""
    typer.echo(write_anchor(path))
