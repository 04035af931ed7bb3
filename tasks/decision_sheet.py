"""The decisions sheet: many questions answered at once, each row through the same door, with a result for every row."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from config.messages import Refusal
from config.settings import settings
from models.column import key_ring
from models.roster import DecisionRow
from tasks.ask import Question, open_questions
from tasks.clock import local_day, now
from tasks.door import Proofs, Signature, decide
from tasks.form import read_form
from tasks.intake import RETURNED_FOLDER, Intake, Refused, handed_back
from tasks.roster import read_roster, write_returned
from tasks.worklist import seat_of


def answer_sheet(path: Path) -> Intake:
    """Answer the questions of a sheet; rows that are refused come back with the reason.

    One code signs all of an officer's rows in one sheet: it is checked, and used up, once.

    Raises:
        Refusal: the file as a whole cannot be taken.
    """
    sheet = read_roster(path, DecisionRow, on=local_day(now()), seal=key_ring().index)
    proofs, refused = Proofs(), []
    asked = {one.seat_id: one for one in open_questions()}
    for one in sheet.accepted:
        row: Any = one.fact
        try:
            _answer(asked, row, proofs)
        except Refusal as refusal:
            refused.append(Refused(one, "question", refusal.key, refusal.facts))
    rejected = sorted((*sheet.rejected, *(handed_back(one, sheet) for one in refused)), key=lambda one: one.row)
    returned = settings().home / RETURNED_FOLDER / f"decision-{sheet.file_digest[:8]}.xlsx" if rejected else None
    if returned:
        returned.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_returned(replace(sheet, rejected=tuple(rejected)), returned)
    return Intake("decision", len(sheet.accepted) - len(refused), len(rejected), sheet.warnings, returned, repeat=False)


def _answer(asked: dict[int, Question], row: Any, proofs: Proofs) -> None:
    seat_id = seat_of(row.question)
    if seat_id not in asked:
        raise Refusal("kernel.question_closed", number=row.question)
    given = {"verdict": row.verdict, "reason": row.reason, "staff_no": row.staff, "code": row.code}
    staff_no, code, answer = read_form(asked[seat_id].form, given)
    decide(seat_id, Signature(staff_no, code, answer, "sheet"), proofs)
