"""What an evidence bundle holds: every table, the journal with its chain, papers, plan, rules and the board."""

import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any, Final, NamedTuple

from markdown_it import MarkdownIt
from sqlalchemy import Connection, Table, select

from config.messages import say
from config.rulebook import FOLDER as RULES
from config.settings import settings
from models.column import canonical, stamp
from models.incident_response.record import IncidentContact
from models.personal import personal_numbers
from tasks.ask import DECISIONS, SEATS
from tasks.deadline import DEADLINES, RUNGS
from tasks.incident_response import verifier
from tasks.incident_response.board import incident_page
from tasks.incident_response.evidence_file import place_of
from tasks.incident_response.standing import DUTIES
from tasks.incident_response.view import CALL_STEPS, PARTS, View, read_view, rows_of
from tasks.journal import NOTICES
from tasks.store import reading, table

FOLDER: Final = "papers"
CONTACTS: Final = table(IncidentContact)
UNKEPT: Final = ("code", "lease", "mark")
"""Columns and facts that say nothing about what happened: codes to acknowledge by, and marks of the machinery."""
PERSONAL: Final = ("identity", "mobile", "card")
DIGEST: Final = 64
CALL_SHEETS: Final = ("call", "sheet")
SEAT: Final = ("place", "role", "officer", "attempt", "status", "verdict", "answer", "signed_by", "signed_for", "way",
               "signed_at", "refusal")  # fmt: skip
STYLE: Final = (
    "body{font:16px/1.6 sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse;"
    "display:block;overflow-x:auto}td,th{border:1px solid #ccc;padding:.3rem .5rem;text-align:left;vertical-align:top}"
    "img{max-width:100%}"
)


class _Markdown(MarkdownIt):
    """Markdown whose pictures lie in the page as data."""

    def validateLink(self, url: str) -> bool:  # noqa: N802 -- markdown-it's name
        """Let every address of our own page stand."""
        del url
        return True


class Contents(NamedTuple):
    """The files of a bundle by path, what was left out and why, and where the chain ends."""

    files: dict[str, bytes]
    left_out: list[dict[str, str]]
    chain: dict[str, Any]
    view: View


def contents(number: str, *, contacts: bool) -> Contents:
    """Gather the files, the same bytes for the same database.

    Args:
        number: the incident's.
        contacts: whether sealed contacts and papers with telephone numbers go in.

    Raises:
        Refusal: there is no such incident.
    """
    as_of = max(entry.at for entry in read_view(number).entries)
    view = read_view(number, as_of)
    left_out: list[dict[str, str]] = []
    files = dict(_tables(view, left_out))
    journal, chain = _journal(view)
    files[verifier.JOURNAL] = journal
    files |= _papers(number, left_out, contacts=contacts)
    files |= _originals(view, left_out, contacts=contacts)
    files["plan.json"] = _pretty(view.plan.model_dump(mode="json"))
    for path in sorted(RULES.glob("incident_response*.yaml")):
        files[f"rules/{path.name}"] = path.read_bytes()
    files["rules/cited.json"] = _pretty(sorted({entry.rule for entry in view.entries if entry.rule}))
    files |= _board(number, as_of)
    files["verify.py"] = Path(verifier.__file__).read_bytes()
    if contacts:
        with reading() as connection:
            files["contacts.jsonl"] = _lines(rows_of(connection, CONTACTS, view.case.id, sealed=True))
    else:
        left_out.append(_omitted("contacts.jsonl", "contacts"))
    left_out.append(_omitted("code", "codes"))
    files["README.md"] = _readme(view, left_out).encode()
    return Contents(files, left_out, chain, view)


def _omitted(what: str, why: str) -> dict[str, str]:
    return {"what": what, "why": say(f"incident_board.omitted_{why}", "zh")}


def _pretty(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n"


def plain(row: Any) -> dict[str, Any]:
    """Return a row as JSON holds it."""
    return {name: _plain(value) for name, value in row._mapping.items() if name not in UNKEPT}  # noqa: SLF001 -- SQLAlchemy's public name


def _plain(value: Any) -> Any:
    match value:
        case bytes() | memoryview():
            return bytes(value).hex()
        case datetime():
            return stamp(value)
        case date():
            return value.isoformat()
        case Mapping():
            return {str(name): _plain(one) for name, one in value.items() if name not in UNKEPT}
        case list() | tuple():
            return [_plain(one) for one in value]
    return value


def _lines(rows: Sequence[Any]) -> bytes:
    return "".join(f"{canonical(row if isinstance(row, dict) else plain(row))}\n" for row in rows).encode()


def _tables(view: View, left_out: list[dict[str, str]]) -> Iterator[tuple[str, bytes]]:
    case_id = view.case.id
    yield "tables/case.jsonl", _lines([view.case])
    yield "tables/incident.jsonl", _lines([view.incident])
    for name in PARTS:
        yield f"tables/{name}.jsonl", _lines(getattr(view, name))
    with reading() as connection:
        yield "tables/duties.jsonl", _lines(rows_of(connection, DUTIES, case_id))
        yield "tables/deadlines.jsonl", _lines(rows_of(connection, DEADLINES, case_id))
        rungs = _beside(
            connection, RUNGS, RUNGS.c.deadline_id, select(DEADLINES.c.id).where(DEADLINES.c.case_id == case_id)
        )
        yield "tables/rungs.jsonl", _lines(rungs)
        calls = [call.id for call in view.calls]
        yield "tables/call_steps.jsonl", _lines(_beside(connection, CALL_STEPS, CALL_STEPS.c.call_id, calls))
        yield "tables/notices.jsonl", _lines(_notices(connection, case_id, left_out))
        yield "tables/decisions.jsonl", _lines(_decisions(connection, case_id))


def _beside(connection: Connection, of: Table, column: Any, among: Any) -> list[Any]:
    return list(connection.execute(select(of).where(column.in_(among)).order_by(*of.primary_key.columns)))


def _notices(connection: Connection, case_id: int, left_out: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Return what was sent to whom over which channel, with attempts and outcome; never an address."""
    found = [plain(row) for row in rows_of(connection, NOTICES, case_id)]
    for one in found:
        if personal_numbers(one["error"]):
            one["error"] = ""
            left_out.append(_omitted(f"tables/notices.jsonl {one['id']} error", "personal"))
    return found


def _decisions(connection: Connection, case_id: int) -> list[dict[str, Any]]:
    """Return the questions with the form that was asked for, and every seat with its answer and its signature."""
    found = []
    for row in rows_of(connection, DECISIONS, case_id):
        seats = connection.execute(
            select(*(SEATS.c[name] for name in SEAT)).where(SEATS.c.decision_id == row.id).order_by(SEATS.c.place)
        )
        found.append(plain(row) | {"seats": [plain(seat) for seat in seats]})
    return found


def _journal(view: View) -> tuple[bytes, dict[str, Any]]:
    """Return the journal line by line, each with its keyed hash and its place in a chain that needs no key."""
    head, lines = "", []
    for entry in view.entries:
        line = plain(entry) | {"outcome": entry.outcome}  # as it was hashed
        line.pop("id")
        head = verifier.chained(head, verifier.line_of(line))
        lines.append(line | {"digest": head})
    chain = {"entries": len(lines), "head": head, "keyed_head": bytes(view.case.head).hex()}
    return _lines(lines), chain


def _papers(number: str, left_out: list[dict[str, str]], *, contacts: bool) -> dict[str, bytes]:
    """Return the papers; those with somebody's telephone numbers only together with the contacts."""
    found = {}
    folder = settings().home / FOLDER / number
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file():
            name, data = f"papers/{path.relative_to(folder).as_posix()}", path.read_bytes()
            if not contacts and (path.name.startswith(CALL_SHEETS) or personal_numbers(_words(data), *PERSONAL)):
                left_out.append(_omitted(name, "personal"))
            else:
                found[name] = data
    return found


def _originals(view: View, left_out: list[dict[str, str]], *, contacts: bool) -> dict[str, bytes]:
    """Return the files that came with reports of groups, by their digests: a photograph may show anybody."""
    outcomes = [entry.outcome for entry in view.entries if isinstance(entry.outcome, dict)]
    told = {str(one.get("digest") or "") for one in outcomes} | {task.evidence_digest for task in view.tasks}
    places = {digest: place_of(digest) for digest in sorted(told) if len(digest) == DIGEST}
    kept = {f"files/{digest}": path for digest, path in places.items() if path.is_file()}
    if kept and not contacts:
        left_out.append(_omitted("files/", "files"))
        return {}
    return {name: path.read_bytes() for name, path in kept.items()}


def _words(data: bytes) -> str:
    """Return what a paper says, be it text or an office file."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as file:
            return "\n".join(
                file.read(name).decode("utf-8", "replace") for name in file.namelist() if name.endswith(".xml")
            )
    except zipfile.BadZipFile:
        return data.decode("utf-8", "replace")


def _board(number: str, as_of: datetime) -> dict[str, bytes]:
    """Return the board as of the last line of the journal, as markdown and as a page that needs nothing else."""
    page = incident_page(number, as_of=as_of)
    text = f"# {page.title}\n\n{page.body}\n"
    body = _Markdown("commonmark").enable(["table", "strikethrough"]).render(text)
    title = escape(page.title)
    head = f'<!doctype html><html lang="zh"><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
    return {"board.md": text.encode(), "board.html": f"{head}<body>{body}</body></html>\n".encode()}


def _readme(view: View, left_out: Sequence[Mapping[str, str]]) -> str:
    lines = "\n".join(f"- `{one['what']}`：{one['why']}" for one in left_out)
    mark = f"# {say('incident_board.drill_banner', 'zh')}\n\n" if view.drill else ""
    facts = {"number": view.case.number, "unit": view.incident.unit_name, "left_out": lines}
    return mark + say("incident_board.bundle_readme", "zh", **facts) + "\n"
