"""`banjie incident duties`, `duty`, `duty-time`, `situation`: statutory duties and situation reports, server or not."""

import json
from typing import Annotated

import typer

from config.messages import Refusal, say
from flows.explanation import OneSentence
from tasks.incident_response.duty_act import Said, Signature, discharge
from tasks.incident_response.duty_form import act
from tasks.incident_response.duty_list import duties_of, papers_of
from tasks.incident_response.report_lodging import command_mark, report_fields
from tasks.incident_response.situation_report import report_situation

app = typer.Typer(cls=OneSentence, no_args_is_help=True)
Number = Annotated[str, typer.Argument(help=say("cli.incident_number"))]
Staff = Annotated[str, typer.Option("--staff", help=say("cli.staff_no"))]
Code = Annotated[str, typer.Option("--code", help=say("cli.code"))]
Json = Annotated[bool, typer.Option("--json", help=say("cli.json"))]


@app.command(help=say("cli.incident_duties"))
def duties(number: Number, as_json: Json = False) -> None:
    """List an incident's statutory duties with their margin."""
    try:
        found = duties_of(number)
    except LookupError:
        raise Refusal("kernel.no_such_case", number=number) from None
    if as_json:
        typer.echo(json.dumps([one._asdict() for one in found], ensure_ascii=False))
        return
    for one in found:
        typer.echo(one.text)


@app.command(help=say("cli.incident_duty"))
def duty(  # noqa: PLR0917 -- the fields of the form
    number: Number,
    name: Annotated[str, typer.Argument(help=say("cli.incident_duty_name"))],
    record: Annotated[str, typer.Option("--record", help=say("parameter.record_duty.record"))],
    receiver: Annotated[str, typer.Option("--to", help=say("parameter.record_duty.receiver"))],
    done_at: Annotated[str, typer.Option("--at", help=say("parameter.record_duty.done_at_help"))],
    staff_no: Staff,
    code: Code,
    reason: Annotated[str, typer.Option("--reason", help=say("parameter.record_duty.reason"))] = "",
    turn: Annotated[int, typer.Option("--turn", help=say("cli.incident_duty_turn"))] = 0,
) -> None:
    """Record that a duty was discharged."""
    typer.echo(discharge(number, name, Said(record, receiver, done_at, reason, turn), Signature(staff_no, code)))


@app.command(help=say("cli.incident_papers"))
def papers(number: Number) -> None:
    """Write the reports that are not written yet, and list their files."""
    for path in papers_of(number):
        typer.echo(path)


@app.command("duty-time", help=say("cli.incident_duty_time"))
def duty_time(  # noqa: PLR0917 -- the fields of the form
    number: Number,
    action: Annotated[str, typer.Argument(help=say("cli.incident_duty_act"))],
    what: Annotated[str, typer.Argument(help=say("parameter.change_duty_time.what"))],
    staff_no: Staff,
    code: Code,
    days: Annotated[str, typer.Option("--days", help=say("parameter.change_duty_time.days_help"))] = "",
) -> None:
    """Extend, pause, resume or correct a duty, or choose the time for supplements."""
    typer.echo(act(action, number, what, days, Signature(staff_no, code)))


@app.command(help=say("cli.incident_situation"))
def situation(
    number: Number,
    text: Annotated[str, typer.Argument(help=say("parameter.report_situation.text"))],
    staff_no: Staff,
    code: Code,
    given: Annotated[list[str] | None, typer.Option("--set", help=say("cli.incident_situation_set"))] = None,
) -> None:
    """Report the situation."""
    figures = report_fields(given or [])
    mark = command_mark(figures | {"number": number, "situation": text})
    typer.echo(report_situation(number, text, figures, Signature(staff_no, code), mark))
