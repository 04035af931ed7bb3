"""Registration rosters by town: the cohort, and who has registered when; wrong rows go back (Art. 12)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy import func, insert, select, update

from config.messages import Refusal
from config.offices import town
from models.column import key_ring
from models.conscription.fine import Offence
from models.conscription.registration import Registration, judge_registration
from models.conscription.status import MemberStatus as M
from models.conscription.status import SeasonStatus as S
from tasks.clock import now
from tasks.conscription.correction import CORRECTIONS
from tasks.conscription.registration import REGISTRANTS, number_of, year_of
from tasks.conscription.roll import PARTIES, PERSONS, OnFile, Roll
from tasks.intake import Intake, Refused, take_in
from tasks.journal import CASES, Page, Standing, lock
from tasks.roster import Accepted
from tasks.step import actor
from tasks.store import Transaction
from tasks.wait import count_nudge

LISTED: Final = "listed"
REGISTERED: Final = "registered"


class _Judged(NamedTuple):
    one: Accepted[Any]
    found: Registration
    mark: bytes


def _outside(found: Registration) -> tuple[str, str]:
    """Return the field and the message that say why a citizen does not belong on the roster."""
    field = "sex" if found.kind == "other_sex" else "born"
    return field, f"military_registration.{found.kind}"


def _registrations(tx: Transaction, case_id: int, rows: Sequence[Accepted[Any]], day: date) -> Iterable[Refused]:
    standing, ring = lock(tx, case_id), key_ring()
    if standing.status != S.REGISTERING:
        raise Refusal("military_registration.not_open", number=standing.number)
    year = year_of(standing.number)
    on = min(max(day, date(year, 1, 1)), date(year, 12, 31))
    roll = Roll(tx, case_id)
    fresh: list[_Judged] = []
    known: list[tuple[_Judged, OnFile]] = []
    for one in rows:
        row = one.fact
        found = judge_registration(row.born, row.sex.value, max(on, row.born), row.registered)
        index = ring.index(row.identity)
        if not found.cohort:
            field, key = _outside(found)
            yield Refused(one, field, key, {"year": year})
        elif (member := roll.by_identity.get(index)) is None:
            fresh.append(_Judged(one, found, index))
        elif member.unit != town(row.town).id:
            yield Refused(one, "town", "military_registration.other_town", {"town": town(member.unit).title})
        else:
            known.append((_Judged(one, found, index), member))
    if fresh:
        _list(tx, standing, fresh)
    yield from _register(tx, known)


def _list(tx: Transaction, registration: Standing, fresh: Sequence[_Judged]) -> None:
    persons = _persons(tx, fresh)
    on = tx.core.execute(select(CASES.c.on_day, CASES.c.process).where(CASES.c.id == registration.id)).one()
    mine = select(func.count()).select_from(REGISTRANTS).where(REGISTRANTS.c.registration_id == registration.id)
    start, at = tx.core.execute(mine).scalar_one(), now()
    numbers = [f"{registration.number}-{start + place:06}" for place in range(1, len(fresh) + 1)]
    made = [
        {
            "number": number,
            "process": on.process,
            "subject": "",
            "parent_id": registration.id,
            "unit": town(each.one.fact.town).id,
            "status": "",
            "on_day": on.on_day,
            "drill": registration.drill,
            "version": 0,
            "seq": 0,
            "head": b"",
            "opened_at": at,
        }
        for number, each in zip(numbers, fresh, strict=True)
    ]
    tx.core.execute(insert(CASES), made)
    chosen = select(CASES.c.number, CASES.c.id).where(CASES.c.parent_id == registration.id, CASES.c.number.in_(numbers))
    ids = dict(tx.core.execute(chosen).tuples().all())
    pairs = list(zip(numbers, fresh, strict=True))
    tx.core.execute(insert(PARTIES), [{"case_id": ids[n], "person_id": persons[each.mark]} for n, each in pairs])
    tx.core.execute(insert(REGISTRANTS), [_registrant(ids[n], registration.id, each) for n, each in pairs])
    page = Page(tx, LISTED, 1, actor.get(), at)
    for number, each in pairs:
        case = Standing(ids[number], number, "", 0, b"", 0, registration.drill)
        page.add(case, each.found.status, _outcome(each), rule=each.found.label)
    page.write()


def _persons(tx: Transaction, fresh: Sequence[_Judged]) -> Mapping[bytes, int]:
    """Return the persons by blind index; those whom no case has met yet are made."""
    indexes = [each.mark for each in fresh]
    chosen = select(PERSONS.c.identity_index, PERSONS.c.id).where(PERSONS.c.identity_index.in_(indexes))
    known = {bytes(row.identity_index) for row in tx.core.execute(chosen)}
    newcomers = [
        {
            "identity_index": each.mark,
            "identity": each.one.fact.identity,
            "name": each.one.fact.name,
            "phone": each.one.fact.phone,
            "account": None,
        }
        for each in fresh
        if each.mark not in known
    ]
    if newcomers:
        tx.core.execute(insert(PERSONS), newcomers)
    return {bytes(row.identity_index): row.id for row in tx.core.execute(chosen)}


def _registrant(case_id: int, registration_id: int, each: _Judged) -> dict[str, Any]:
    row = each.one.fact
    return {
        "case_id": case_id,
        "registration_id": registration_id,
        "born": row.born.isoformat(),
        "registered": row.registered,
        "result": str(row.result or ""),
        "late": each.found.late and row.registered is not None,
        "certified": None,
    }


def _outcome(each: _Judged) -> dict[str, Any]:
    row = each.one.fact
    return {"registered": row.registered, "late": each.found.late, "row": each.one.digest.hex()[:16]}


def _register(tx: Transaction, known: Sequence[tuple[_Judged, OnFile]]) -> Iterable[Refused]:
    """Note who registered since the last roster; the same again changes nothing, another day is refused."""
    ids = [member.standing.id for _, member in known]
    chosen = select(REGISTRANTS.c.case_id, REGISTRANTS.c.registered, REGISTRANTS.c.result)
    before = {row.case_id: row for row in tx.core.execute(chosen.where(REGISTRANTS.c.case_id.in_(ids)))}
    page, moved = Page(tx, REGISTERED, 1, actor.get(), now()), []
    for each, member in known:
        row, stored = each.one.fact, before[member.standing.id]
        if row.registered is None:
            continue
        if stored.registered is not None:
            if (stored.registered, stored.result) != (row.registered, str(row.result or "")):
                yield Refused(each.one, "registered", "military_registration.registered_already",
                              {"day": stored.registered.isoformat()})  # fmt: skip
            continue
        mine = update(REGISTRANTS).where(REGISTRANTS.c.case_id == member.standing.id)
        tx.core.execute(mine.values(registered=row.registered, result=str(row.result or ""), late=each.found.late))
        page.add(member.standing, M.REGISTERED, _outcome(each), rule=each.found.label)
        moved.append(member.standing.id)
    page.write()
    _nudge_corrections(tx, moved)


def _nudge_corrections(tx: Transaction, members: Sequence[int]) -> None:
    """Wake the orders to correct that waited for just this."""
    waiting = select(CORRECTIONS.c.case_id).where(
        CORRECTIONS.c.member_id.in_(members), CORRECTIONS.c.offence == Offence.EVADES_REGISTRATION.value
    )
    for case_id in tx.core.execute(waiting).scalars().all():
        count_nudge(case_id)


TAKERS: Final = {"registration": _registrations}


def take_registration(year: int, path: Path) -> Intake:
    """Take a town's registration roster in.

    Raises:
        Refusal: the registration of the year is not open, or the file as a whole cannot be taken.
    """
    return take_in(number_of(year), "registration", path, TAKERS["registration"])


__all__ = ["TAKERS", "take_registration"]
