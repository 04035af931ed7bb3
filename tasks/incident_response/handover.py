"""Handovers between shifts: the sheet as it stands, made by the one who leaves and signed by the one who comes."""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from sqlalchemy import func, insert, select, update

from config.messages import Refusal, say
from config.offices import office
from config.settings import settings
from models.document import Document, Format, Paragraph, Table
from models.incident_response.aftermath import IncidentHandover
from models.personal import personal_numbers
from tasks.board_page import local, office_title, status_title
from tasks.clock import local_day, now
from tasks.document import write_document
from tasks.incident_response.board import commands, criteria, expected, grades_text, level_title, next_situation
from tasks.incident_response.board_command import group_states
from tasks.incident_response.board_people import call_states
from tasks.incident_response.incident import arrived, brought, incident_of, signed
from tasks.incident_response.standing import PROCESS
from tasks.incident_response.timeline import purpose_text
from tasks.incident_response.toll import TOLL
from tasks.incident_response.view import View, read_view, word
from tasks.journal import lock, write_entry
from tasks.step import Dossier
from tasks.store import Transaction, table, transaction

HANDOVERS: Final = table(IncidentHandover)
ON_DUTY: Final = ("command_office", "emergency_duty", "onsite_command", "incident_commander", "deputy_commander_a",
                  "deputy_commander_b", "deputy_commander_c")  # fmt: skip
"""Roles between whose holders a shift changes."""
FOLDER: Final = "papers"
LONGEST: Final = 1000
NUMERALS: Final = "一二三四五六七八九"


class Pair(NamedTuple):
    """Whoever signs: staff number and one-time code; empty where nobody does."""

    staff_no: str = ""
    code: str = ""


class Made(NamedTuple):
    """A handover: its number in the incident, its sheet, and whether the next shift has taken over."""

    number: int
    path: Path
    digest: str
    taken: bool


def hand_over(number: str, points: str, outgoing: Pair, incoming: Pair) -> Made:
    """Hand an incident over: both sign at once, or the one who comes signs later, naming nobody who leaves.

    Args:
        number: the incident's.
        points: what is open, in words; nothing personal.
        outgoing: the one who leaves; empty to take over what was handed over before.
        incoming: the one who comes; empty where that one signs later.

    Raises:
        Refusal: a signature does not count, both are the same person, the words hold somebody's numbers or are too
            long, or there is nothing to take over.
    """
    case = incident_of(number)
    points = points.strip()
    if found := personal_numbers(points):
        raise Refusal("incident_board.personal", what="、".join(say(f"demand.number_{kind}") for kind in found))
    if len(points) > LONGEST:
        raise Refusal("incident_board.points_long", most=LONGEST)
    if not outgoing.staff_no and not incoming.staff_no:
        raise Refusal("incident_board.nobody_signs")
    if outgoing.staff_no == incoming.staff_no:
        raise Refusal("incident_board.same_officer", staff_no=incoming.staff_no)
    leaves = signed(outgoing.staff_no, outgoing.code, ON_DUTY).actor if outgoing.staff_no else ""
    comes = signed(incoming.staff_no, incoming.code, ON_DUTY).actor if incoming.staff_no else ""
    with transaction() as tx:
        lock(tx, case.id)
        made = _make(tx, case, points, leaves, comes) if leaves else _take(tx, case, comes)
        brought(case)
    arrived(number)
    return made


def _make(tx: Transaction, case: Dossier, points: str, leaves: str, comes: str) -> Made:
    """Write the sheet and its row with both signatures, or with the first of them."""
    at = now()
    counted = select(func.count()).select_from(HANDOVERS).where(HANDOVERS.c.case_id == case.id)
    place = int(tx.core.execute(counted).scalar_one()) + 1
    path = sheet_place(case.number, place)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_document(path, sheet(read_view(case.number), points, leaves, comes))
    path.chmod(0o600)
    digest = sha256(path.read_bytes()).hexdigest()
    row = {"made_at": at, "outgoing": leaves, "incoming": comes, "taken_at": at if comes else None, "digest": digest}
    tx.core.execute(insert(HANDOVERS).values(case_id=case.id, open_points=points, **row))
    outcome = {
        "file": f"{case.number}/{path.name}",
        "digest": digest,
        "outgoing": leaves,
        "incoming": comes,
        "text": points,
    }
    write_entry(
        tx, lock(tx, case.id), "handover", place, actor=comes or leaves, at=at, outcome=outcome, substance=False
    )  # fmt: skip
    return Made(place, path, digest, bool(comes))


def _take(tx: Transaction, case: Dossier, comes: str) -> Made:
    """Sign what was handed over last, as the one who comes."""
    at = now()
    chosen = select(HANDOVERS).where(HANDOVERS.c.case_id == case.id).order_by(HANDOVERS.c.id)
    rows = tx.core.execute(chosen).all()
    if not rows or rows[-1].incoming:
        raise Refusal("incident_board.nothing_to_take", number=case.number)
    last, place = rows[-1], len(rows)
    if set(last.outgoing.split("/")) & set(comes.split("/")):
        raise Refusal("incident_board.same_officer", staff_no=comes)
    tx.core.execute(update(HANDOVERS).where(HANDOVERS.c.id == last.id).values(incoming=comes, taken_at=at))
    outcome = {"digest": last.digest, "outgoing": last.outgoing, "incoming": comes}
    write_entry(
        tx, lock(tx, case.id), "handover-taken", place, actor=comes, at=at, outcome=outcome, substance=False
    )  # fmt: skip
    return Made(place, sheet_place(case.number, place), last.digest, taken=True)


def sheet_place(number: str, place: int) -> Path:
    """Return where the sheet of a handover lies."""
    return settings().home / FOLDER / number / f"handover-{place:03}.docx"


def _said(name: str, **facts: Any) -> str:
    return say(f"incident_board.{name}", "zh", **facts)


def sheet(view: View, points: str, leaves: str, comes: str) -> Document:
    """Return the sheet: where it stands, what is owed, asked, silent, unanswered and due next, and what is open."""
    blocks: list[Paragraph | Table] = []
    for place, (name, parts) in enumerate(_parts(view, points)):
        blocks += [
            Paragraph(text=f"{NUMERALS[place]}、{_said(name)}"),
            *(parts or (Paragraph(text=_said("sheet_none")),)),
        ]
    signatures = _said("sheet_signed", outgoing=leaves, incoming=comes or _said("not_taken"))
    mark = say("board.drill", "zh") if view.drill else ""
    return Document(
        format=Format.PLAIN,
        issuer=office(view.plan.office).zh,
        title=mark + _said("sheet_title", number=view.case.number),
        body=(*blocks, Paragraph(text=signatures)),
        signature=office(view.plan.office).zh,
        signed_on=local_day(view.at),
        note=_said("sheet_note", at=local(view.at)),
    )


def _parts(view: View, points: str) -> Iterator[tuple[str, Sequence[Paragraph | Table]]]:
    yield "sheet_state", [Paragraph(text=line) for line in _state(view)]
    owed = [one for one in view.duties if one.state.still_owed]
    heads = ("sheet_duty", "duty_owes", "duty_due", "duty_left")
    yield "sheet_duties", _table(heads, (4, 3, 3, 3), [(one.title, one.owes, one.due_text, one.left) for one in owed])
    asked = [(one.number, one.title, office_title(one.role), local(one.due_at)) for one in view.questions]
    yield "questions", _table(("question_number", "question_what", "question_who", "question_due"), (2, 5, 3, 3), asked)
    silent = [
        (one.title, office_title(one.row.head), one.acknowledged, local(one.row.heard_at))
        for one in group_states(view)
        if one.silent or not one.acknowledged
    ]
    yield "sheet_silent", _table(("group", "group_head", "group_acknowledged", "group_heard"), (3, 4, 3, 3), silent)
    calls = [
        (office_title(one.row.role), one.row.staff_no, purpose_text(view, one.row.purpose), word(f"state_{one.state}"))
        for one in call_states(view)
        if one.unanswered
    ]
    yield "sheet_unanswered", _table(("call_who", "staff_no", "call_about", "call_state"), (4, 2, 3, 4), calls)
    yield "sheet_next", [Paragraph(text=line) for line in _next(view)]
    yield "sheet_points", [Paragraph(text=line) for line in points.splitlines() if line.strip()]


def _table(heads: Sequence[str], widths: tuple[int, ...], rows: Sequence[tuple[str, ...]]) -> list[Table]:
    return [Table(titles=tuple(map(_said, heads)), widths=widths, rows=tuple(rows))] if rows else []


def _state(view: View) -> Iterator[str]:
    incident = view.incident
    numbers = ((name, getattr(incident, name)) for name in TOLL)
    lines = {
        "head_status": status_title(PROCESS, view.case.status),
        "head_grade": grades_text(incident),
        "head_criteria": criteria(view),
        "head_response": level_title(incident.response_level),
        "head_command": commands(view),
        "head_expected": expected(view),
        "sheet_toll": "，".join(
            f"{_said(f'toll_{name}')}{_said('unknown') if n is None else n}" for name, n in numbers
        ),
    }
    yield from (f"{_said(name)}{value}" for name, value in lines.items() if value)


def _next(view: View) -> Iterator[str]:
    if due := next_situation(view).replace("*", ""):
        yield f"{_said('head_situation')}{due}"
    following = next((one for one in view.duties if one.state.still_owed and one.due_at), None)
    if following is not None:
        yield _said("sheet_following", title=following.title, due=following.due_text)


def hand_over_by_form(number: str, points: str, outgoing: Pair, incoming: Pair) -> State[str]:
    """Take the form: the run ends with the sheet's place and digest, or with the reason of the refusal."""
    try:
        made = hand_over(number.strip().upper(), points, outgoing, incoming)
    except Refusal as refusal:
        return Failed(message=str(refusal))
    return Completed(message=told(number.strip().upper(), made))


def told(number: str, made: Made) -> str:
    """Return the sentence that says what was handed over, and whether it was taken."""
    name = "handed_over" if made.taken else "handed_to_nobody"
    return say(f"incident_board.{name}", number=number, place=made.number, file=made.path.name, digest=made.digest[:16])
