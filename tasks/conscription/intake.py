"""The season's rosters: applications make members; every other sheet is about a member on the roll (Art. 13)."""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from sqlalchemy import func, insert, select

from config.messages import Refusal
from config.offices import town
from models.column import key_ring
from models.conscription.status import MemberStatus as M
from models.conscription.status import SeasonStatus as S
from tasks.clock import now
from tasks.conscription.intake_finding import CHECKS, take_evidence, take_findings
from tasks.conscription.intake_service import take_accounts, take_objections, take_returns
from tasks.conscription.roll import CANDIDATES, PARTIES, PERSONS
from tasks.intake import Intake, Refused, take_in
from tasks.journal import CASES, ENTRIES, Page, Standing, lock
from tasks.roster import Accepted
from tasks.step import actor
from tasks.store import Transaction

OPEN_FOR_APPLICATIONS: Final = (S.PLANNED, S.GROUPS_ADJUSTED, S.PUBLICITY_RUNNING, S.APPLYING)
"""Until the applications are judged; a later row could never be."""


def take_applications(
    tx: Transaction,
    season_id: int,
    rows: Sequence[Accepted[Any]],
    day: date,  # noqa: ARG001 -- a taker
) -> Iterable[Refused]:
    """Make a member of each applicant, once a season however often the sheet comes."""
    season, ring = lock(tx, season_id), key_ring()
    indexes = {one.row: ring.index(one.fact.identity) for one in rows}
    known = {
        bytes(row.identity_index): row.id
        for row in tx.core.execute(
            select(PERSONS.c.id, PERSONS.c.identity_index).where(PERSONS.c.identity_index.in_(list(indexes.values())))
        )
    }
    applied: dict[int, Any] = dict(
        tx.core.execute(
            select(PARTIES.c.person_id, ENTRIES.c.outcome)
            .join(CASES, CASES.c.id == PARTIES.c.case_id)
            .join(ENTRIES, (ENTRIES.c.case_id == CASES.c.id) & (ENTRIES.c.step == "apply"))
            .where(CASES.c.parent_id == season_id, PARTIES.c.person_id.in_(list(known.values())))
        )
        .tuples()
        .all()
    )
    fresh = []
    for one in rows:
        before = applied.get(known.get(indexes[one.row], 0))
        if before is None and season.status not in OPEN_FOR_APPLICATIONS:
            yield Refused(one, "identity", "intake.window_closed", {})
        elif before is None:
            fresh.append(one)
        elif before != _applied(one):  # the very same row again changes nothing: its file comes a second time
            yield Refused(one, "identity", "intake.already_applied", {})
    if not fresh:
        return
    newcomers = [one for one in fresh if indexes[one.row] not in known]
    if newcomers:
        tx.core.execute(
            insert(PERSONS),
            [
                {
                    "identity_index": indexes[one.row],
                    "identity": one.fact.identity,
                    "name": one.fact.name,
                    "phone": one.fact.phone,
                    "account": None,
                }
                for one in newcomers
            ],
        )
        wanted = [indexes[one.row] for one in newcomers]
        made = tx.core.execute(
            select(PERSONS.c.id, PERSONS.c.identity_index).where(PERSONS.c.identity_index.in_(wanted))
        )
        known |= {bytes(row.identity_index): row.id for row in made}
    on = tx.core.execute(select(CASES.c.on_day, CASES.c.process).where(CASES.c.id == season_id)).one()
    start = tx.core.execute(select(func.count()).select_from(CASES).where(CASES.c.parent_id == season_id)).scalar_one()
    numbers = [f"{season.number}-{start + place:06}" for place in range(1, len(fresh) + 1)]
    at = now()
    tx.core.execute(
        insert(CASES),
        [
            {
                "number": number,
                "process": on.process,
                "subject": "",
                "parent_id": season_id,
                "unit": town(one.fact.town).id,
                "status": "",
                "on_day": on.on_day,
                "drill": season.drill,
                "version": 0,
                "seq": 0,
                "head": b"",
                "opened_at": at,
            }
            for number, one in zip(numbers, fresh, strict=True)
        ],
    )
    ids = dict(
        tx.core.execute(
            select(CASES.c.number, CASES.c.id).where(CASES.c.parent_id == season_id, CASES.c.number >= numbers[0])
        )
        .tuples()
        .all()
    )
    tx.core.execute(
        insert(PARTIES),
        [{"case_id": ids[n], "person_id": known[indexes[one.row]]} for n, one in zip(numbers, fresh, strict=True)],
    )
    tx.core.execute(
        insert(CANDIDATES), [_candidate(ids[n], season_id, one.fact) for n, one in zip(numbers, fresh, strict=True)]
    )
    page = Page(tx, "apply", 1, actor.get(), at)
    for number, one in zip(numbers, fresh, strict=True):
        page.add(Standing(ids[number], number, "", 0, b"", 0, season.drill), M.APPLIED_ONLINE, _applied(one))
    page.write()


def _applied(one: Accepted[Any]) -> dict[str, str]:
    return {"row": one.digest.hex()[:16]}


def _candidate(case_id: int, season_id: int, row: Any) -> dict[str, Any]:
    return {
        "case_id": case_id,
        "season_id": season_id,
        "sex": str(row.sex),
        "born": row.born.isoformat(),
        "education": str(row.education),
        "standing": str(row.standing),
        "science": row.science,
        "basis": str(row.basis),
        "willing": row.willing,
        "consent": row.consent,
        "preference": str(row.preference or ""),
        "school": row.school,
    }


TAKERS: Final = {
    "application": take_applications,
    **{form: take_findings(check) for form, check in CHECKS.items()},
    "evidence": take_evidence,
    "objection": take_objections,
    "return": take_returns,
    "account": take_accounts,
}


def take_roster(season: str, form: str, path: Path) -> Intake:
    """Take one of the season's rosters in.

    Raises:
        Refusal: the form is not one of the season's, or the file as a whole cannot be taken.
    """
    if form not in TAKERS:
        raise Refusal("kernel.no_such_form", form=form)
    return take_in(season, form, path, TAKERS[form])
