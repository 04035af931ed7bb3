"""The season's papers: written into the home's folder, named by case, noted in the journal with their digest."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select

from config.contacts import contacts
from config.messages import say
from config.offices import office, town
from config.rulebook import rule
from config.season import Season
from config.settings import settings
from config.zone import SHANGHAI
from models.conscription.roll import Returned
from models.conscription.status import MemberStatus as M
from models.document import Document
from models.paper import (
    DeregistrationNotice,
    DispatchEntry,
    DispatchRoster,
    EnlistmentNotice,
    HouseholdLetter,
    PostedEntry,
    PostedList,
    SchoolLetter,
    TownCircular,
    TownResult,
    TransportLeg,
    TransportPlan,
)
from models.roster import Education, ReturnGround, Sex
from tasks.clock import local_day, now
from tasks.conscription.check import CANDIDATES
from tasks.conscription.course import rule_of
from tasks.conscription.roll import PARTIES, PERSONS
from tasks.conscription.service import Assessment, Transport
from tasks.document import write_document
from tasks.filing import FOLDER, Filed
from tasks.journal import CASES
from tasks.roster import SheetColumn, write_roster
from tasks.step import Dossier, step
from tasks.store import reading, table

RETURNS: Final = table(Returned)
REPORT_TIME: Final = time(8)
BATCH: Final = 60


def _path(dossier: Dossier, name: str, ending: str = "docx") -> Path:
    turn = "" if dossier.turn == 1 else f"-{dossier.turn}"
    path = settings().home / FOLDER / dossier.number / f"{name}{turn}.{ending}"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def _filed(path: Path, concerns: int) -> Filed:
    path.chmod(0o600)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Filed(file=f"{path.parent.name}/{path.name}", concerns=concerns, digest=digest)


def _write(dossier: Dossier, name: str, papers: Sequence[Document], concerns: int) -> Filed:
    path = _path(dossier, name)
    write_document(path, *papers)
    return _filed(path, concerns)


def people(dossier: Dossier, statuses: Iterable[M]) -> list[Any]:
    """Return the members at the statuses with who they are; reading them is a part of the step that is journalled."""
    chosen = (
        select(
            CASES.c.id,
            CASES.c.number,
            CASES.c.unit,
            PERSONS.c.name,
            PERSONS.c.identity,
            CANDIDATES.c.sex,
            CANDIDATES.c.born,
            CANDIDATES.c.education,
            CANDIDATES.c.standing,
            CANDIDATES.c.school,
        )
        .join(PARTIES, PARTIES.c.case_id == CASES.c.id)
        .join(PERSONS, PERSONS.c.id == PARTIES.c.person_id)
        .join(CANDIDATES, CANDIDATES.c.case_id == CASES.c.id)
        .where(CASES.c.parent_id == dossier.id, CASES.c.status.in_(list(statuses)))
        .order_by(CASES.c.number)
    )
    with reading() as connection:
        return list(connection.execute(chosen))


def _issuer() -> dict[str, Any]:
    return {"issuer": office("conscription_office").zh, "signed_on": local_day(now())}


@step(rule=rule_of("publicity_days"))
def write_posting(dossier: Dossier, ends: datetime) -> Filed:
    """Write the posted list: names and towns, days, where to complain; no identity digits (征兵工作条例 Art. 30)."""
    contact = contacts().conscription_office
    entries = [PostedEntry(name=one.name, town=town(one.unit).title) for one in people(dossier, [M.POSTED])]
    posted = PostedList(
        **_issuer(),
        season=dossier.subject,
        entries=tuple(entries),
        posted_from=local_day(now()),
        posted_until=local_day(ends),
        working_days=rule("conscription.publicity_days", dossier.on),
        office=office("conscription_office").zh,
        phone=contact.phone,
        address=contact.address,
    )
    return _write(dossier, "posted-list", [posted.compose()], len(entries))


@step(rule=rule_of("intakes"))
def write_enlistment(dossier: Dossier, plan: Season) -> Filed:
    """Write the notices of enlistment, and the letters to families and schools (Art. 16, 19)."""
    contact = contacts().conscription_office
    report = datetime.combine(plan.windows.departure.start - timedelta(days=1), REPORT_TIME, SHANGHAI)
    common = _issuer() | {"approved_on": dossier.on, "contact": contact.phone}
    papers: list[Document] = []
    recruits = people(dossier, [M.APPROVED])
    for one in recruits:
        papers.append(
            EnlistmentNotice(
                **common, name=one.name, case_number=one.number, report_at=report, report_place=contact.report_place
            ).compose()
        )
        papers.append(HouseholdLetter(**common, name=one.name, town=town(one.unit).title).compose())
        if one.school and one.standing in ("student", "final_year", "new_entrant"):
            years = rule("conscription.resume_study_years", dossier.on)
            papers.append(SchoolLetter(**common, name=one.name, school=one.school, resume_years=years).compose())
    return _write(dossier, "enlistment", papers, len(recruits)) if papers else Filed(file="", concerns=0, digest="")


@step()
def write_transport(dossier: Dossier, transport: Transport) -> Filed:
    """Write the transport plan that goes up for approval (Art. 17)."""
    contact, legs, left = contacts().conscription_office, [], transport.recruits
    for batch in range(1, -(-transport.recruits // BATCH) + 1):
        legs.append(
            TransportLeg(
                batch=say("conscription.batch", "zh", number=batch),
                unit=say("conscription.unit_open", "zh"),
                recruits=min(left, BATCH),
                departs=datetime.combine(transport.departs, REPORT_TIME, SHANGHAI),
                departs_from=contact.report_place,
                destination=contact.destination,
                vehicle=say("conscription.vehicle", "zh"),
                escort=say("conscription.escort", "zh"),
            )
        )
        left -= BATCH
    if not legs:
        return Filed(file="", concerns=0, digest="")
    paper = TransportPlan(
        **_issuer(), superior=office("superior").zh, season=dossier.subject, legs=tuple(legs), contact=contact.phone
    )
    return _write(dossier, "transport-plan", [paper.compose()], transport.recruits)


@step()
def write_dispatch(dossier: Dossier, unit: str) -> Filed:
    """Write the roster that goes with the recruits, as paper and as sheet (Art. 17)."""
    recruits = people(dossier, [M.HANDED_OVER])
    if not recruits:
        return Filed(file="", concerns=0, digest="")
    day = local_day(now())
    entries = [
        DispatchEntry(
            name=one.name,
            sex=Sex(one.sex).word,
            born=one.born,
            identity=one.identity,
            education=Education(one.education).word,
            town=town(one.unit).title,
            case_number=one.number,
            archive=say("conscription.archive", "zh"),
        )
        for one in recruits
    ]
    columns = [SheetColumn(title, width, kind) for title, width, kind in _dispatch_columns()]
    write_roster(
        _path(dossier, "dispatch-roster", "xlsx"),
        say("conscription.dispatch_title", "zh"),
        columns,
        [(e.name, e.sex, e.born, e.identity, e.education, e.town, e.case_number) for e in entries],
        purpose=say("conscription.dispatch_purpose", "zh", unit=unit, day=day),
    )
    _path(dossier, "dispatch-roster", "xlsx").chmod(0o600)
    paper = DispatchRoster(**_issuer(), season=dossier.subject, unit=unit, handed_over_on=day, entries=tuple(entries))
    return _write(dossier, "dispatch-roster", [paper.compose()], len(entries))


def _dispatch_columns() -> list[tuple[str, int, str]]:
    titles = say("conscription.dispatch_columns", "zh").split("、")
    return list(
        zip(titles, (12, 8, 14, 22, 12, 18, 20), ("text", "text", "date", "text", "text", "text", "text"), strict=True)
    )


@step(rule=rule_of("return_days"))
def write_deregistrations(dossier: Dossier) -> Filed:
    """Write the notices that cancel the enlistment of those sent back (Art. 18)."""
    with reading() as connection:
        found = {row.case_id: row for row in connection.execute(select(RETURNS))}
    written = settled_papers(dossier, found)
    return (
        _write(dossier, "deregistration", written, len(written)) if written else Filed(file="", concerns=0, digest="")
    )


def settled_papers(dossier: Dossier, found: dict[int, Any]) -> list[Document]:
    """Return the notices for everyone sent back so far."""
    phone = contacts().conscription_office.phone
    return [
        DeregistrationNotice(
            **_issuer(),
            name=one.name,
            addressed_to=found[one.id].reinstate_at or town(one.unit).title,
            ground=ReturnGround(found[one.id].ground).word,
            approved_on=dossier.on,
            letter_on=found[one.id].letter_on,
            reinstate=reinstate,
            contact=phone,
        ).compose()
        for status, reinstate in ((M.REINSTATED, True), (M.SANCTIONED, False))
        for one in people(dossier, [status])
    ]


@step(rule=rule_of("assessment_disqualifiers"))
def write_circular(dossier: Dossier, results: Assessment) -> Filed:
    """Write the circular with each town's result (Art. 21–23)."""
    graduates = ("junior_college", "bachelor", "master", "doctor")
    learned: dict[str, int] = {}
    for one in people(dossier, [M.IN_SERVICE]):
        learned[one.unit] = learned.get(one.unit, 0) + int(one.education in graduates)
    towns = [
        TownResult(
            town=town(name).title,
            quota=one.quota,
            approved=one.approved,
            graduates=learned.get(name, 0),
            returned=one.returned,
        )
        for name, one in results.towns.items()
    ]
    short = tuple(town(name).title for name, one in results.towns.items() if not one.met)
    praised = tuple(
        town(name).title for name, one in results.towns.items() if one.approved > one.quota and not one.returned
    )
    paper = TownCircular(**_issuer(), season=dossier.subject, towns=tuple(towns), short=short, praised=praised)
    return _write(dossier, "circular", [paper.compose()], len(towns))
