"""Papers of the registration: announcement, overdue lists by town, certificates, and the year's result (Art. 12)."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import select, update

from config.contacts import contacts
from config.messages import say
from config.offices import office, town
from config.rulebook import rule
from models.conscription.status import MemberStatus as M
from models.document import Table
from models.paper import RegistrationAnnouncement
from models.roster import RegistrationResult as Result
from tasks.clock import local_day, now
from tasks.conscription.course import rule_of
from tasks.conscription.registration import OFFICE, REGISTRANTS, RegistrationResult, due_day
from tasks.conscription.roll import PARTIES, PERSONS
from tasks.filing import Filed, columns_of, file_papers, file_sheet, plain_paper
from tasks.journal import CASES
from tasks.step import Dossier, step
from tasks.store import reading, transaction

LAST_DAY: Final = (12, 31)


def _text(name: str, /, **facts: Any) -> str:
    return say(f"paper_military_registration.{name}", "zh", **facts)


@step(rule=rule_of("registration_due"))
def write_announcement(dossier: Dossier, year: int) -> Filed:
    """Write the announcement: who registers, by when, where."""
    age = rule("conscription.registration_age", dossier.on)
    paper = RegistrationAnnouncement(
        issuer=office(OFFICE).zh,
        signed_on=local_day(now()),
        year=year,
        age=age,
        born_until=date(year - age, *LAST_DAY),
        due=due_day(year),
        website=rule("conscription.registration_website", dossier.on),
        places=_text("places"),
        phone=contacts().conscription_office.phone,
    )
    return file_papers(dossier, "announcement", [paper.compose()], 1)


def _men(dossier: Dossier, *statuses: M) -> list[Any]:
    """Return the men at the statuses with who they are; reading them is a part of the step that is journalled."""
    chosen = (
        select(CASES.c.id, CASES.c.number, CASES.c.unit, PERSONS.c.name, PERSONS.c.identity, PERSONS.c.phone,
               REGISTRANTS.c.born, REGISTRANTS.c.registered, REGISTRANTS.c.result, REGISTRANTS.c.certified)
        .join(REGISTRANTS, REGISTRANTS.c.case_id == CASES.c.id)
        .join(PARTIES, PARTIES.c.case_id == CASES.c.id)
        .join(PERSONS, PERSONS.c.id == PARTIES.c.person_id)
        .where(REGISTRANTS.c.registration_id == dossier.id, CASES.c.status.in_(statuses))
        .order_by(CASES.c.unit, CASES.c.number)
    )  # fmt: skip
    with reading() as connection:
        return list(connection.execute(chosen))


@step(tells=lambda files: tuple(f"town_armed_forces:{unit}" for unit in files), rule=rule_of("registration_due"))
def write_overdue(dossier: Dossier) -> dict[str, Filed]:
    """Write each town's list of those who have not registered; it goes to that town and nowhere else."""
    columns = columns_of(_text("overdue_columns"), ((20, "code"), (12, "text"), (22, "identity"), (15, "phone")))
    by_town: dict[str, list[Any]] = {}
    for one in _men(dossier, M.REGISTRATION_OVERDUE):
        by_town.setdefault(one.unit, []).append((one.number, one.name, one.identity, one.phone))
    purpose = _text("overdue_purpose", day=local_day(now()))
    titles = {unit: _text("overdue_title", town=town(unit).title) for unit in by_town}
    return {
        unit: file_sheet(dossier, f"overdue-{unit}", titles[unit], columns, men, purpose=purpose)
        for unit, men in by_town.items()
    }


@step(tells=(OFFICE,), rule=rule_of("registration_due"))
def issue_certificates(dossier: Dossier) -> Filed:
    """Issue the certificates of those who have registered and have none yet: the list by which they are printed."""
    men = [one for one in _men(dossier, M.REGISTERED) if one.certified is None]
    day = local_day(now())
    kinds = ((20, "code"), (12, "text"), (22, "identity"), (16, "text"), (12, "day"), (14, "text"), (12, "day"))
    rows = [_certificate(one, day) for one in men]
    with transaction() as tx:
        for chunk in _chunks([one.id for one in men]):
            tx.core.execute(update(REGISTRANTS).where(REGISTRANTS.c.case_id.in_(chunk)).values(certified=day))
    columns = columns_of(_text("certificate_columns"), kinds)
    purpose = _text("certificate_purpose", day=day)
    return file_sheet(dossier, "certificates", _text("certificate_title"), columns, rows, purpose=purpose)


def _certificate(one: Any, day: date) -> Sequence[Any]:
    result = Result(one.result).word if one.result else ""
    return (one.number, one.name, one.identity, town(one.unit).title, one.registered, result, day)


def _chunks(ids: Sequence[int], size: int = 500) -> list[Sequence[int]]:
    return [ids[start : start + size] for start in range(0, len(ids), size)]


@step(rule=rule_of("registration_due"))
def write_result(dossier: Dossier, year: int, result: RegistrationResult) -> Filed:
    """Write the year's result by town."""
    rows = tuple(
        (town(name).title, str(one.cohort), str(one.registered), str(one.late), str(one.overdue))
        for name, one in result.towns.items()
    )
    titles = tuple(_text("result_columns").split("、"))
    facts = {"year": year, "cohort": result.cohort, "registered": result.registered, "overdue": result.overdue}
    paper = plain_paper(
        OFFICE,
        _text("result_title", year=year),
        _text("result_body", **facts),
        table=Table(titles=titles, widths=(8, 4, 4, 4, 4), rows=rows),
    )
    return file_papers(dossier, "result", [paper], len(rows))
