"""What the command line does on cases: the same doors as the forms, with a word to Prefect where it is there."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.exceptions import ObjectNotFound
from sqlalchemy import select

from config.messages import Refusal, say
from config.offices import town
from config.season import season
from config.zone import SHANGHAI
from models.case import Notice
from models.column import stamp
from models.conscription.scoring import why as why_above
from models.roster import FORMS, Education, Sex
from tasks import assist as acting
from tasks import decision
from tasks.ask import instance_of
from tasks.clock import local_day, now
from tasks.conscription.course import number_of
from tasks.conscription.paper import people
from tasks.conscription.selection import ranking_of
from tasks.decision_sheet import answer_sheet, write_questions
from tasks.intake import Intake, town_choices
from tasks.journal import CASES, case_id_of, lock, write_entry
from tasks.mailbox import take_roster
from tasks.matter import Act, Receipt, addressee
from tasks.notice_text import render
from tasks.officer import check_code
from tasks.reach import prefect
from tasks.roster import SheetColumn, write_roster, write_template
from tasks.step import read_dossier
from tasks.store import reading, table, transaction
from tasks.wait import nudged, run_of
from tasks.worklist import close_answered, seat_of, wake

NOTICES: Final = table(Notice)


def pairs(given: Sequence[str]) -> dict[str, Any]:
    """Return `name=value` words as a mapping; a value that is JSON is read as such.

    Raises:
        Refusal: a word has no equals sign.
    """
    found: dict[str, Any] = {}
    for word in given:
        name, sign, value = word.partition("=")
        if not sign:
            raise Refusal("cli.no_pair", word=word)
        try:
            found[name] = json.loads(value)
        except json.JSONDecodeError:
            found[name] = value
    return found


def start(deployment: str, parameters: Sequence[str]) -> str:
    """Start a process through its deployment, `flow/deployment`; return the run's name.

    Raises:
        Refusal: the server does not answer, there is no such deployment, or a parameter is no pair.
    """
    name = deployment if "/" in deployment else f"{deployment}/{deployment}"
    try:
        with prefect() as client:
            found = client.read_deployment_by_name(name)
            return client.create_flow_run_from_deployment(found.id, parameters=pairs(parameters)).name
    except ObjectNotFound:
        raise Refusal("cli.no_deployment", name=name) from None
    except httpx.HTTPError as error:
        raise Refusal("cli.no_server", why=type(error).__name__) from None


def _tell_prefect(tell: Callable[[SyncPrefectClient], object]) -> None:
    """Tell Prefect what happened; where the server is away, the rescue does it later."""
    try:
        with prefect() as client:
            tell(client)
    except httpx.HTTPError:
        return


def decide(number: str, given: Mapping[str, Any]) -> str:
    """Answer a question from the command line; return the case's number.

    Raises:
        Refusal: why the answer does not count.
    """
    case = decision.answer(number, given, "command")
    run_id = instance_of(seat_of(number))[1]
    _tell_prefect(lambda client: (wake(client, run_id), close_answered(client)))
    return case


def assist(verb: str, number: str, act: Act, unit: str = "", officer: str = "") -> Receipt:
    """Do something with a question other than answering it; return the receipt.

    Raises:
        Refusal: why it does not go.
    """
    receipt = acting.assist(verb, number, act, unit, officer)
    _tell_prefect(lambda client: acting.bring_up_to_date(client, receipt))
    return receipt


def take(case: str, form: str, path: Path) -> Intake:
    """Take a roster into a case, or the answers of a decisions sheet.

    Raises:
        Refusal: there is no such form or case, or the file as a whole cannot be taken.
    """
    if form == "decision":
        taken = answer_sheet(path)
        _tell_prefect(_after_many)
        return taken
    taken = take_roster(case, form, path)
    run_id = run_of(case)
    _tell_prefect(lambda client: wake(client, run_id))
    return taken


def _after_many(client: SyncPrefectClient) -> None:
    for _, run_id in nudged():
        wake(client, run_id)
    close_answered(client)


def questions(path: Path, role: str, case: str) -> int:
    """Write the open questions of a role, or of a case and its members, as a decisions sheet; return how many.

    Raises:
        Refusal: there is no such role or case.
    """
    if case:
        case_id_of(case)
    return write_questions(path, role and addressee(role).role, case)


def blank(form: str, path: Path) -> None:
    """Write a blank sheet of a form.

    Raises:
        Refusal: there is no such form.
    """
    if form not in FORMS:
        raise Refusal("kernel.no_such_form", form=form)
    write_template(FORMS[form], path, {name: sorted(words) for name, words in town_choices(FORMS[form]).items()})


def export(case: str, path: Path, staff_no: str, code: str, purpose: str) -> int:
    """Write a season's roster with names and numbers for an officer who signs for it; return the rows.

    Raises:
        Refusal: there is no such case, or the code is not good.
    """
    case_id_of(case)
    dossier, at = read_dossier(case), now()
    with transaction() as tx:
        signed = check_code(tx, staff_no, code, at)
        if not isinstance(signed, Refusal):
            write_entry(
                tx,
                lock(tx, dossier.id),
                f"read-roster-{stamp(at)}",
                1,
                actor=staff_no,
                at=at,
                substance=False,
                outcome={"purpose": purpose, "fields": ["name", "identity"]},
            )
    if isinstance(signed, Refusal):
        raise signed
    with reading() as connection:
        statuses = list(
            connection.execute(select(CASES.c.status).where(CASES.c.parent_id == dossier.id).distinct()).scalars()
        )
    rows = [
        (one.number, one.name, one.identity, Sex(one.sex).word, town(one.unit).title, Education(one.education).word)
        for one in people(dossier, statuses)
    ]
    titles = say("cli.export_columns", "zh").split("、")
    columns = [SheetColumn(title, width, "text") for title, width in zip(titles, (20, 12, 22, 8, 18, 12), strict=True)]
    line = say("cli.export_purpose", "zh", purpose=purpose, officer=staff_no, day=local_day(at))
    return write_roster(path, dossier.subject, columns, rows, purpose=line)


def inbox(recipient: str, limit: int) -> list[dict[str, str]]:
    """Return the newest notices of the inbox, of everybody or of one officer, role or party."""
    chosen = (
        select(NOTICES, CASES.c.number.label("case_number"), CASES.c.drill)
        .join(CASES, CASES.c.id == NOTICES.c.case_id)
        .where(NOTICES.c.channel == "inbox")
        .order_by(NOTICES.c.id.desc())
        .limit(limit)
    )
    if recipient:
        kinds = [recipient] if ":" in recipient else [f"{kind}:{recipient}" for kind in ("officer", "role", "party")]
        chosen = chosen.where(NOTICES.c.recipient.in_(kinds))
    with reading() as connection:
        rows = connection.execute(chosen).all()
    letters = []
    for row in rows:
        title, body = render(row.template, row.facts, case=row.case_number, number=row.number, drill=bool(row.drill))
        when = row.created_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
        letters.append({"at": when, "recipient": row.recipient, "title": title, "body": body})
    return letters


def why(case: str, above: str, below: str) -> list[str]:
    """Say why one candidate stands above another.

    Raises:
        Refusal: there is no such season, or a case is not in its ranking.
    """
    plan = season(case.removeprefix(number_of("")))
    case_id_of(case)
    ranking = ranking_of(read_dossier(case), plan)
    return [line.text() for line in why_above(ranking, plan.scorecard, above, below)]
