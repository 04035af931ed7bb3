"""The decisions sheet: many questions answered at once, each row through the same door, with a result for every row."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple
from unicodedata import normalize

from sqlalchemy import select

from config.messages import Refusal, say
from config.offices import office
from config.settings import settings
from models.column import key_ring
from models.roster import DecisionRow
from tasks.ask import DECISIONS, OPEN, SEATS, Question, open_questions
from tasks.clock import local_day, now
from tasks.door import Proofs, Signature, decide
from tasks.form import other_fields, read_form
from tasks.intake import RETURNED_FOLDER, Intake, Refused, handed_back
from tasks.journal import CASES
from tasks.roster import Accepted, Reading, Rejected, SheetColumn, read_roster, write_returned, write_roster
from tasks.store import reading, transaction
from tasks.worklist import find_seat, seat_of

AT_ONCE: Final = 100
"""Rows that are committed together: a wait for the disk a hundred rows, not one a row."""
SHOWN: Final = 400
"""Characters of a question's text that fit a cell and may be read back."""


class _Asked(NamedTuple):
    """An open question that a row of the sheet answers."""

    seat_id: int
    case_id: int
    case: str
    form: str


def answer_sheet(path: Path) -> Intake:
    """Answer the questions of a sheet; every row has its result, and rows that are refused come back with the reason.

    One code signs all of an officer's rows in one sheet: it is checked, and used up, once.

    Raises:
        Refusal: the file as a whole cannot be taken.
    """
    sheet: Reading[Any] = read_roster(path, DecisionRow, on=local_day(now()), seal=key_ring().index)
    refused = _answer_all(sheet.accepted)
    back = [handed_back(Refused(one, "question", why.key, why.facts), sheet) for one, why in refused.values()]
    rejected = sorted((*sheet.rejected, *back), key=lambda one: one.row)
    name = f"decision-{sheet.file_digest[:8]}"
    folder = settings().home / RETURNED_FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    returned = folder / f"{name}.xlsx" if rejected else None
    if returned:
        write_returned(replace(sheet, rejected=tuple(rejected)), returned)
    results = folder / f"{name}-results.xlsx"
    _write_results(sheet, rejected, results)
    accepted = len(sheet.accepted) - len(refused)
    return Intake("decision", accepted, len(rejected), sheet.warnings, returned, repeat=False, results=results)


def _answer_all(rows: Sequence[Accepted[Any]]) -> dict[int, tuple[Accepted[Any], Refusal]]:
    """Answer the rows in the order of their cases, as set steps lock them; return what was refused, by row."""
    asked, proofs = _asked(rows), Proofs()
    refused: dict[int, tuple[Accepted[Any], Refusal]] = {}
    for staff_no, code in dict.fromkeys((one.fact.staff, one.fact.code) for one in rows):
        proofs.prove(staff_no, code)
    ordered = sorted(rows, key=lambda one: _place(asked, one))
    for start in range(0, len(ordered), AT_ONCE):
        with transaction():
            for one in ordered[start : start + AT_ONCE]:
                try:
                    _answer(asked, one.fact, proofs)
                except Refusal as refusal:
                    refused[one.row] = one, refusal
    return refused


def _place(asked: dict[int, _Asked], one: Accepted[Any]) -> tuple[int, int]:
    found = asked.get(find_seat(one.fact.question) or 0)
    return (found.case_id if found else 0), one.row


def _asked(rows: Iterable[Accepted[Any]]) -> dict[int, _Asked]:
    """Return the open questions that the rows name."""
    seats = [seat for one in rows if (seat := find_seat(one.fact.question)) is not None]
    chosen = (
        select(SEATS.c.id, DECISIONS.c.case_id, CASES.c.number, DECISIONS.c.form)
        .join(DECISIONS, SEATS.c.decision_id == DECISIONS.c.id)
        .join(CASES, DECISIONS.c.case_id == CASES.c.id)
        .where(SEATS.c.status == OPEN)
    )
    found: dict[int, _Asked] = {}
    with reading() as connection:
        for start in range(0, len(seats), AT_ONCE):
            some = connection.execute(chosen.where(SEATS.c.id.in_(seats[start : start + AT_ONCE])))
            found |= {row[0]: _Asked._make(row) for row in some}
    return found


def _answer(asked: dict[int, _Asked], row: Any, proofs: Proofs) -> None:
    seat_id = seat_of(row.question)
    if seat_id not in asked:
        raise Refusal("kernel.question_closed", number=row.question)
    form = asked[seat_id].form
    given = {"verdict": row.verdict, "reason": row.reason, "staff_no": row.staff, "code": row.code}
    staff_no, code, answer = read_form(form, given | read_details(form, row.details or ""))
    decide(seat_id, Signature(staff_no, code, answer, "sheet"), proofs)


def read_details(form: str, text: str) -> dict[str, str]:
    """Return what a cell says of a form's other fields, `title=content` one after the other; empty ones are left out.

    Raises:
        Refusal: the cell does not begin with a field of the form.
    """
    plain = normalize("NFKC", text).strip()
    if not plain:
        return {}
    places = sorted(
        (place, title) for title in other_fields(form) if (place := plain.find(normalize("NFKC", title) + "=")) >= 0
    )
    if not places or places[0][0]:
        raise Refusal("form.detail_wrong", line=plain[:40])
    found: dict[str, str] = {}
    for (begin, title), end in zip(places, [*(place for place, _ in places[1:]), len(plain)], strict=True):
        content = plain[begin + len(normalize("NFKC", title)) + 1 : end].strip(" ;")
        if content:
            found[title] = content
    return found


def _write_results(sheet: Reading[Any], rejected: Sequence[Rejected], path: Path) -> None:
    """Write what became of every row, in the order of the sheet."""
    reasons = {one.row: "；".join(dict.fromkeys(flaw.reason for flaw in one.flaws)) for one in rejected}
    numbers = {one.row: one.fact.question for one in sheet.accepted}
    titles = say("cli.result_columns", "zh").split("、")
    columns = [SheetColumn(title, width, "text") for title, width in zip(titles, (8, 14, 10, 80), strict=True)]
    rows = [
        (
            str(row),
            numbers.get(row, ""),
            say("cli.result_refused" if row in reasons else "cli.result_taken"),
            reasons.get(row, ""),
        )
        for row in sorted({*reasons, *numbers})
    ]
    write_roster(path, say("cli.result_title", "zh"), columns, rows)


def write_questions(path: Path, role: str = "", case: str = "") -> int:
    """Write the open questions of a role, or of one case and its members, as a decisions sheet; return how many.

    Args:
        path: the sheet.
        role: the role that is asked; all where empty.
        case: number of the case; all where empty.

    Raises:
        OfficeUnknownError: there is no such role.
    """
    if role:
        office(role)
    return write_roster(path, DecisionRow.sheet_title(), DecisionRow, _rows(open_questions(role, case)))


def _rows(questions: Iterable[Question]) -> Iterator[Sequence[Any]]:
    for one in questions:
        details = "；".join(f"{title}=" for title in other_fields(one.form))
        yield one.number, None, None, None, None, details or None, one.case, " ".join(one.text.split())[:SHOWN]
