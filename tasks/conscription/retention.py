"""Retention: what was kept of people who were not enlisted is erased when its term is over (PIPL Art. 19)."""

from typing import Final

from sqlalchemy import delete, select, update

from config.rulebook import cited
from models.conscription.status import MemberStatus as M
from models.judgement import years_after
from tasks.clock import local_day, now
from tasks.conscription.check import CANDIDATES
from tasks.conscription.course import FINDINGS, PROCESS
from tasks.conscription.roll import EVIDENCE, OBJECTIONS, PARTIES, PERSONS
from tasks.journal import CASES, lock, write_entry
from tasks.step import SYSTEM
from tasks.store import reading, transaction

KEPT: Final = (M.IN_SERVICE, M.RETURNED, M.DEREGISTERED, M.REINSTATED, M.SANCTIONED, M.DISCHARGED)
"""Whoever served or was sent back: benefits and sanctions rest on the record."""
ERASED: Final = "erased"


def erase_expired() -> int:
    """Erase the sealed data of members not enlisted in seasons whose term is over; return how many people.

    Case numbers, statuses and the journal stay: they name nobody.
    """
    today, count = local_day(now()), 0
    closed = select(CASES.c.id, CASES.c.closed_at, CASES.c.status).where(
        CASES.c.process == PROCESS, CASES.c.parent_id.is_(None), CASES.c.closed_at.is_not(None)
    )
    with reading() as connection:
        seasons = connection.execute(closed).all()
    for season in seasons:
        term = cited("conscription.retention_years", local_day(season.closed_at))
        if years_after(local_day(season.closed_at), term.value) <= today:
            count += _erase(season.id, term.label)
    return count


def _erase(season_id: int, rule: str) -> int:
    at = now()
    with transaction() as tx:
        season = lock(tx, season_id)
        chosen = (
            select(CASES.c.id, PARTIES.c.person_id)
            .join(PARTIES, PARTIES.c.case_id == CASES.c.id)
            .where(CASES.c.parent_id == season_id, CASES.c.status.not_in(KEPT))
        )
        rows = tx.core.execute(chosen).all()
        if not rows:
            return 0
        cases = [row.id for row in rows]
        tx.core.execute(update(FINDINGS).where(FINDINGS.c.case_id.in_(cases)).values(content=None))
        tx.core.execute(update(EVIDENCE).where(EVIDENCE.c.case_id.in_(cases)).values(document=None))
        tx.core.execute(update(CANDIDATES).where(CANDIDATES.c.case_id.in_(cases)).values(school=None, born=ERASED))
        tx.core.execute(update(OBJECTIONS).where(OBJECTIONS.c.case_id.in_(cases)).values(summary=ERASED))
        tx.core.execute(delete(PARTIES).where(PARTIES.c.case_id.in_(cases)))
        elsewhere = select(PARTIES.c.person_id).where(PARTIES.c.person_id == PERSONS.c.id).exists()
        people = [row.person_id for row in rows]
        tx.core.execute(delete(PERSONS).where(PERSONS.c.id.in_(people), ~elsewhere))
        write_entry(tx, season, "erase_expired", season.seq + 1, actor=SYSTEM, at=at, substance=False, rule=rule,
                    outcome={"people": len(rows)})  # fmt: skip
    return len(rows)
