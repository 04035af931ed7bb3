"""`banjie incident report`, `quick`, `follow-up`, `list`, `show`: reports of accidents, server or not."""

import json
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from config.messages import say
from flows.explanation import OneSentence
from tasks.incident_response.grading import overrule
from tasks.incident_response.incident import signed
from tasks.incident_response.intake import Lodged, open_number
from tasks.incident_response.merging import merge as merge_incident
from tasks.incident_response.report_book import History, Line, chain, history, incidents_known, read_contacts
from tasks.incident_response.report_lodging import (
    APART,
    BUREAU,
    Brings,
    command_mark,
    lodge_follow_up,
    lodge_full,
    lodge_quick,
    mobile,
    questions,
    report_fields,
)
from tasks.incident_response.scope import call_off as call_off_response

app = typer.Typer(cls=OneSentence, no_args_is_help=True)
Given = Annotated[list[str] | None, typer.Argument(help=say("cli.incident_fields"))]
Staff = Annotated[str, typer.Option("--staff", help=say("cli.staff_no"))]
Code = Annotated[str, typer.Option("--code", help=say("cli.code"))]
Contact = Annotated[str, typer.Option("--contact", help=say("cli.incident_contact"))]
Phone = Annotated[str, typer.Option("--phone", help=say("cli.incident_phone"))]
CALLED_OFF: Final = {"none": "accident_none", "outside": "accident_outside"}
Number = Annotated[str, typer.Argument(help=say("cli.incident_number"))]
Apart = Annotated[bool, typer.Option("--apart", help=say("cli.incident_apart"))]
Json = Annotated[bool, typer.Option("--json", help=say("cli.json"))]


@app.command(help=say("cli.incident_report"))
def report(  # noqa: PLR0917 -- the fields of the form
    given: Given = None, contact: Contact = "", phone: Phone = "", staff_no: Staff = "", code: Code = "",
    apart: Apart = False, as_json: Json = False,
) -> None:  # fmt: skip
    """Report an accident: all nine groups, asked one by one where none is given."""
    fields = report_fields(given or []) if given else _asked()
    _tell(lodge_full(fields | _apart(apart=apart), _brings(fields, contact, phone, staff_no, code)), as_json=as_json)


@app.command(help=say("cli.incident_quick"))
def quick(  # noqa: PLR0917 -- the fields of the form
    unit: Annotated[str, typer.Option("--unit", help=say("parameter.report_quickly.unit"))],
    place: Annotated[str, typer.Option("--place", help=say("parameter.report_quickly.place"))],
    kind: Annotated[str, typer.Option("--kind", help=say("parameter.report_quickly.kind"))] = "unknown",
    when: Annotated[str, typer.Option("--when", help=say("parameter.report_quickly.when_help"))] = "",
    casualties: Annotated[str, typer.Option("--toll", help=say("parameter.report_quickly.casualties_help"))] = "",
    contact: Contact = "", phone: Phone = "", apart: Apart = False, as_json: Json = False,
) -> None:  # fmt: skip
    """Report an accident in five fields."""
    fields = {"unit": unit, "place": place, "kind": kind, "when": when, "casualties": casualties}
    _tell(lodge_quick(fields | _apart(apart=apart), _brings(fields, contact, phone)), as_json=as_json)


@app.command("follow-up", help=say("cli.incident_follow_up"))
def follow_up(  # noqa: PLR0917 -- the fields of the form
    number: Number, staff_no: Staff, code: Code, given: Given = None, contact: Contact = "", phone: Phone = "",
    as_json: Json = False,
) -> None:  # fmt: skip
    """Report what has changed."""
    fields = report_fields(given or [])
    brings = _brings(fields | {"number": number}, contact, phone, staff_no, code)
    _tell(lodge_follow_up(number, fields, brings), as_json=as_json)


@app.command("list", help=say("cli.incident_list"))
def list_incidents(
    every: Annotated[bool, typer.Option("--all", help=say("cli.incident_all"))] = False,
    as_json: Json = False,
) -> None:
    """List the incidents that are open."""
    found = incidents_known(all_of_them=every)
    if as_json:
        typer.echo(json.dumps([one._asdict() for one in found], ensure_ascii=False))
        return
    table = Table(*(say(f"incident_report.column_{name}") for name in Line._fields))
    for one in found:
        table.add_row(*one)
    Console().print(table)


@app.command(help=say("cli.incident_show"))
def show(
    number: Number, staff_no: Staff = "", code: Code = "",
    as_json: Json = False,
) -> None:  # fmt: skip
    """Show an incident with its reports; whoever signs sees the sealed contacts, too."""
    found = history(open_number(number))
    contacts = _contacts(found, staff_no, code) if staff_no else []
    if as_json:
        typer.echo(json.dumps(found.plain() | {"contacts": contacts}, ensure_ascii=False))
        return
    console = Console()
    for name, value in zip(Line._fields, found.line, strict=True):
        console.print(f"{say(f'incident_report.column_{name}')}：{value}", highlight=False)
    for name, text in found.known.items():
        console.print(f"  {name}：{text}", highlight=False)
    for one in found.reports:
        says = "；".join(f"{name}：{text}" for name, text in one.says.items())
        facts = one._asdict() | {"kind": say(f"incident_report.filed_{one.kind}"), "says": says}
        console.print(say("incident_report.report_line", **facts), highlight=False)
    for link in chain(found.line.number):
        console.print(link.text, highlight=False)
    for contact in contacts:
        console.print(say("incident_report.contact_line", **contact), highlight=False)


@app.command(help=say("cli.incident_merge"))
def merge(
    number: Number,
    into: Annotated[str, typer.Option("--into", help=say("cli.incident_into"))],
    reason: Annotated[str, typer.Option("--reason", help=say("cli.reason"))],
    staff_no: Staff, code: Code,
) -> None:  # fmt: skip
    """Merge an incident that was opened twice into the one that stays."""
    typer.echo(merge_incident(number, into, reason, staff_no, code))


@app.command(help=say("cli.incident_grade"))
def grade(
    number: Number,
    level: Annotated[str, typer.Argument(help="IV, III, II, I")],
    reason: Annotated[str, typer.Option("--reason", help=say("cli.reason"))],
    staff_no: Staff, code: Code,
) -> None:  # fmt: skip
    """Grade an accident otherwise than its numbers do."""
    typer.echo(overrule(number, level.upper(), reason, staff_no, code))


@app.command("call-off", help=say("cli.incident_call_off"))
def call_off(
    number: Number,
    verdict: Annotated[str, typer.Option("--verdict", help=say("cli.incident_call_off_verdict"))],
    reason: Annotated[str, typer.Option("--reason", help=say("cli.reason"))],
    staff_no: Staff, code: Code,
) -> None:  # fmt: skip
    """Call a response off that was verified."""
    typer.echo(call_off_response(number, CALLED_OFF.get(verdict, verdict), reason, staff_no, code))


def _contacts(found: History, staff_no: str, code: str) -> list[dict[str, str]]:
    who = signed(staff_no, code, (BUREAU, "emergency_duty", "command_office"))
    return read_contacts(found.line.number, who.actor)


def _asked() -> dict[str, str]:
    """Ask for the nine groups at the terminal, one field after the other."""
    return {
        name: typer.prompt(text, default=say("incident_report.unknown", "zh")) for name, text in questions().items()
    }


def _apart(*, apart: bool) -> dict[str, str]:
    return {"same": APART} if apart else {}


def _brings(fields: dict[str, str], contact: str, phone: str, staff_no: str = "", code: str = "") -> Brings:
    return Brings(command_mark(fields), staff_no, code, contact, mobile(phone))


def _tell(lodged: Lodged, *, as_json: bool) -> None:
    plain = lodged._asdict() | {"text": lodged.text}
    typer.echo(json.dumps(plain, ensure_ascii=False) if as_json else lodged.text)
