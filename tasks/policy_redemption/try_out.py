"""A small redemption to try out: an invented policy is published, its budget approved, a first firm has applied.

Everything goes the way it goes in earnest, signed at the one door by scripted officers. Test data, and it says so.
"""

import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import Field
from sqlalchemy import select

from config.fact import Fact
from config.messages import say
from config.offices import office
from config.settings import settings
from config.yaml_file import read_yaml, shape
from models.identity import credit_check
from models.policy_redemption.content import PolicyContent
from models.roster.firm import CreditGrade, FirmRow
from tasks import officer
from tasks.ask import open_questions
from tasks.clock import now, set_clock, today
from tasks.door import Signature, decide
from tasks.file_store import FILES
from tasks.journal import CASES, case_id_of
from tasks.mailbox import FOLDER, take_roster
from tasks.policy_redemption.firm import register_number
from tasks.policy_redemption.intake import Filing, file_applications
from tasks.roster import write_roster
from tasks.store import reading, transaction
from tasks.wait import Parked

EXAMPLE: Final = Path(__file__).resolve().parents[2] / "config" / "examples" / "policy_redemption.yaml"
CAST: Final = ("science_bureau", "science_bureau", "head:science_bureau", "tax_bureau", "approval_bureau")
"""Roles of the scripted officers: one of the department drafts, another reviews."""
CODE: Final = timedelta(seconds=31)
MOST_ANSWERS: Final = 12
_APPROVE: Final = {"verdict": "approve"}


class Stories(NamedTuple):
    """The stories that are told, as plain functions."""

    publication: Callable[..., Any]
    budget: Callable[..., Any]
    redemption: Callable[..., Any]


class _Money(Fact):
    amount: Decimal
    target: str
    notice: str


class _Firm(Fact):
    name: str
    town: str
    research: Decimal
    papers: tuple[str, ...]


class Example(Fact):
    """The example as it stands in its file."""

    department: str
    budget: _Money
    window_days: int = Field(ge=1)
    policy: dict[str, Any]
    firms: tuple[_Firm, ...]


@cache
def example() -> Example:
    """Return the example; raises FileWrongError where its file breaks the form."""
    return shape(Example, read_yaml(EXAMPLE), EXAMPLE.name)


def staff_of(place: int) -> str:
    """Return the staff number of a scripted officer, counted from 1."""
    return f"S{2000 + place}"


def signer_of(role: str) -> str:
    """Return the first scripted officer who holds a role."""
    return staff_of(CAST.index(role) + 1)


def notice_number() -> str:
    """Return the number of the example's notice, the first ever opened here; nothing before that."""
    with reading() as connection:
        chosen = select(CASES.c.number).where(CASES.c.process == "policy_redemption", CASES.c.parent_id.is_(None))
        return str(connection.execute(chosen.order_by(CASES.c.id).limit(1)).scalar_one_or_none() or "")


def uscc_of(place: int) -> str:
    """Return an example firm's credit code, valid by its check characters."""
    body = f"91320684MA9{place:06}"
    return body + credit_check(body)


def enrol_cast(since: date, treasurer: str) -> None:
    """Enrol the scripted officers; the finance bureau's is already there under `treasurer`."""
    known = {one.staff_no for one in officer.officers()}
    if treasurer not in known:
        officer.enrol(
            treasurer, say("synthetic.officer", office=office("finance_bureau").title), ["finance_bureau"], since
        )
    for place, role in enumerate(CAST, 1):
        if staff_of(place) not in known:
            officer.enrol(staff_of(place), say("synthetic.officer", office=office(role).title), [role], since)


def prepare(stories: Stories, treasurer: str) -> str:
    """Bring a redemption to its first review; return its number.

    Args:
        stories: the stories of publication, budget and redemption.
        treasurer: staff number of the finance bureau's scripted officer.
    """
    given, day = example(), today()
    content = shape(PolicyContent, {**given.policy, "issued": day}, EXAMPLE.name, "policy")
    manager = signer_of("science_bureau")
    leader = signer_of("head:science_bureau")
    signers = {"draft": manager, "internal_review": leader, "review": treasurer, "launch": manager}
    _tell(lambda: stories.publication(content), {"draft": {"verdict": "done"}, "internal_review": _APPROVE}, signers)
    draft = given.budget.model_dump() | {"verdict": "submit"}
    number = f"YS-{day.year}-001"
    _tell(lambda: stories.budget(number, given.department), {"draft": draft, "review": _APPROVE}, signers)
    closes = day + timedelta(days=given.window_days)
    code = f"ZC-{day.year}-001"
    _tell(lambda: stories.redemption(code, day, closes), {"launch": _APPROVE}, signers)
    notice = notice_number()
    _register_firms(given, day)
    _apply(given, notice)
    _tell(lambda: stories.redemption(code, day, closes), {}, signers)
    return notice


def _tell(story: Callable[[], Any], answers: dict[str, dict[str, Any]], signers: dict[str, str]) -> None:
    """Tell a story and answer what it asks of the script, until it ends or asks something else."""
    for _ in range(MOST_ANSWERS):
        try:
            story()
        except Parked as parked:
            asked = [one for one in open_questions(case=parked.dossier.number) if one.point in answers]
            if not asked:
                return
            _sign(asked[0].seat_id, signers[asked[0].point], answers[asked[0].point])
        else:
            return


def _sign(seat_id: int, staff_no: str, answer: dict[str, Any]) -> None:
    set_clock(now() + CODE)  # a code is good once
    given = {"reason": say("synthetic.reason"), **{name: str(value) for name, value in answer.items()}}
    decide(seat_id, Signature(staff_no, officer.code_now(staff_no), given, "rehearsal"))


def _register_firms(given: Example, day: date) -> None:
    rows = [
        FirmRow(uscc=uscc_of(place), name=firm.name, facts_on=day, town=firm.town, research=firm.research,
                credit=CreditGrade.A, holder=firm.name, bank=say("synthetic.firm_bank"), account=f"622848{place:010}")
        for place, firm in enumerate(given.firms, 1)
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "firm.xlsx"
        write_roster(path, FirmRow.sheet_title(), FirmRow, rows)
        take_roster(register_number(day), "firm", path)


def _apply(given: Example, notice: str) -> None:
    """File for the firms that have papers: one whole, one with a paper missing; the last is left to whoever tries."""
    folder = settings().home / FOLDER / notice / FILES
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    filings = []
    for place, firm in enumerate(given.firms, 1):
        files = [(paper, f"{paper}.pdf") for paper in firm.papers]
        for paper, file in files:
            (folder / file).write_bytes(f"%PDF-1.4 {paper}".encode())
        if files:
            filings.append(Filing(uscc_of(place), None, {}, files, None, "online", f"try-out-{place}"))
    with transaction() as tx:
        file_applications(tx, case_id_of(notice), filings)
