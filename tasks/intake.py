"""Rosters into a case: each file is taken in once, each row once, and what is refused goes back to be mended."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple
from unicodedata import normalize

from sqlalchemy import insert, select, update

from config.messages import Refusal
from config.offices import towns
from config.settings import settings
from models.case import Received
from models.column import key_ring
from models.roster import FORMS, Row, columns_of
from models.roster.cell import Choice
from tasks.clock import local_day, now
from tasks.journal import case_id_of, lock, write_entry
from tasks.roster import Accepted, Flaw, Reading, Rejected, masked, read_roster, write_returned
from tasks.step import actor
from tasks.store import Transaction, reading, table, transaction
from tasks.wait import count_nudge

RECEIVED: Final = table(Received)
CHUNK: Final = 1000
RETURNED_FOLDER: Final = "returned"
MAILBOX: Final = "mailbox"
"""Folder of the home in which sheets and files arrive, by case number."""


class Refused(NamedTuple):
    """A row that is well formed but cannot be taken in: the field at fault, the message and its facts."""

    accepted: Accepted[Any]
    field: str
    key: str
    facts: dict[str, str | int]


class Intake(NamedTuple):
    """What became of a file: how many rows were taken in, how many go back (and in which file), and what was odd."""

    form: str
    accepted: int
    rejected: int
    warnings: Sequence[Flaw]
    returned: Path | None
    repeat: bool
    results: Path | None = None
    """What became of every row, where the file is one of decisions."""


Taker = Callable[[Transaction, int, Sequence[Accepted[Any]], date], Iterable[Refused]]
"""Takes one chunk of rows into a case, in one transaction, and yields those it refuses."""


def in_chunks(rows: Sequence[Accepted[Any]], size: int = CHUNK) -> Iterator[Sequence[Accepted[Any]]]:
    """Yield the rows in chunks; a crash between chunks is mended by sending the file again."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def town_choices(form: type[Row]) -> dict[str, set[str]]:
    """Return the names that the town column of a form may hold, if it has one."""
    names = {normalize("NFKC", name) for town in towns() for name in town.names}  # as a tidied cell reads
    return {"town": names} if "town" in form.model_fields else {}


def _plain(value: Any) -> Any:
    return value.word if isinstance(value, Choice) else "" if value is None else value


def handed_back(one: Refused, sheet: Reading[Any]) -> Rejected:
    """Return a row that was read well but refused, with its reason, to go back with the others."""
    form: type[Row] = sheet.form
    column = next(c for c in columns_of(form) if c.field == one.field)
    given = _plain(getattr(one.accepted.fact, one.field))
    shown = masked(given, column.cell.kind, private=column.cell.private)
    flaw = Flaw(one.accepted.row, "", column.title, shown, one.key, one.facts)
    return Rejected(one.accepted.row, (flaw,), tuple(_plain(getattr(one.accepted.fact, name)) for name in sheet.fields))


def take_in(case: str, form: str, path: Path, taker: Taker) -> Intake:
    """Take a roster into a case. The same file again changes nothing; a mended file brings only what is new.

    A file that had rows refused is looked at again when it comes again: a reason may have passed, a window have opened.

    Args:
        case: number of the case.
        form: name of the form.
        path: the file.
        taker: takes the rows of this form.

    Raises:
        Refusal: the file as a whole cannot be taken, or there is no such case or form.
    """
    if form not in FORMS:
        raise Refusal("kernel.no_such_form", form=form)
    case_id, at = case_id_of(case), now()
    day = local_day(at)
    sheet: Reading[Row] = read_roster(
        path, FORMS[form], on=day, choices=town_choices(FORMS[form]), seal=key_ring().index
    )
    found = _received(case_id, form, sheet.file_digest)
    if found and not found.rejected:
        return Intake(form, found.accepted, 0, (), None, repeat=True)
    size = max(len(sheet.accepted), 1) if FORMS[form].at_once else CHUNK
    *chunks, last = in_chunks(sheet.accepted, size) if sheet.accepted else [()]
    refused: list[Refused] = []
    for chunk in chunks:
        with transaction() as tx:
            refused.extend(taker(tx, case_id, chunk, day))
    with transaction() as tx:  # the last rows commit with the line that says they are all in
        lock(tx, case_id)
        found = _received(case_id, form, sheet.file_digest)
        if found and not found.rejected:  # it came twice at once
            return Intake(form, found.accepted, 0, (), None, repeat=True)
        refused.extend(taker(tx, case_id, last, day))
        rejected = sorted((*sheet.rejected, *(handed_back(one, sheet) for one in refused)), key=lambda one: one.row)
        returned = _hand_back(f"{case}-{form}", sheet, rejected)
        counts = {"accepted": len(sheet.accepted) - len(refused), "rejected": len(rejected)}
        if found and found.accepted == counts["accepted"]:  # what was wrong with the others is wrong still
            return Intake(form, counts["accepted"], counts["rejected"], (), returned, repeat=True)
        whole = lock(tx, case_id)
        if found:
            tx.core.execute(update(RECEIVED).where(RECEIVED.c.id == found.id).values(at=at, **counts))
        else:
            this = {"case_id": case_id, "form": form, "digest": sheet.file_digest}
            tx.core.execute(insert(RECEIVED).values(**this, at=at, **counts))
        write_entry(
            tx,
            whole,
            f"received-{form}-{sheet.file_digest[:12]}",
            whole.seq + 1 if found else 1,  # the line's own number tells its turns apart
            actor=actor.get(),
            at=at,
            substance=False,
            outcome={"file": sheet.file_digest} | counts,
        )
        count_nudge(case_id)
    return Intake(form, counts["accepted"], counts["rejected"], sheet.warnings, returned, repeat=False)


def _hand_back(name: str, sheet: Reading[Any], rejected: Sequence[Rejected]) -> Path | None:
    if not rejected:
        return None
    path = settings().home / RETURNED_FOLDER / f"{name}-{sheet.file_digest[:8]}.xlsx"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_returned(replace(sheet, rejected=tuple(rejected)), path)
    return path


def _received(case_id: int, form: str, digest: str) -> Any:
    chosen = select(RECEIVED.c.id, RECEIVED.c.accepted, RECEIVED.c.rejected).where(
        RECEIVED.c.case_id == case_id, RECEIVED.c.form == form, RECEIVED.c.digest == digest
    )
    with reading() as connection:
        return connection.execute(chosen).one_or_none()
