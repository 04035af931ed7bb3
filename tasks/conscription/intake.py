"""The season's rosters: applications make members; findings and evidence are kept with them, once (Art. 13–18)."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy import func, insert, select, update

from config.messages import Refusal
from config.offices import town
from models.column import key_ring
from models.conscription.roll import Candidate, Evidence, Finding, Objection, Returned
from models.conscription.status import MemberStatus as M
from models.person import Party, Person
from tasks.clock import now
from tasks.intake import Intake, Refused, take_in
from tasks.journal import CASES, ENTRIES, Page, Standing, lock
from tasks.roster import Accepted
from tasks.step import actor
from tasks.store import Transaction, table

CANDIDATES: Final = table(Candidate)
FINDINGS: Final = table(Finding)
EVIDENCE: Final = table(Evidence)
OBJECTIONS: Final = table(Objection)
RETURNS: Final = table(Returned)
PERSONS: Final = table(Person)
PARTIES: Final = table(Party)


class OnFile(NamedTuple):
    """A member of the season as a row finds it: by case number or by identity."""

    standing: Standing
    person_id: int
    identity: bytes
    unit: str


class Roll:
    """The members of one season, looked up by number or identity."""

    def __init__(self, tx: Transaction, season_id: int) -> None:
        rows = tx.core.execute(
            select(
                CASES.c.id,
                CASES.c.number,
                CASES.c.status,
                CASES.c.seq,
                CASES.c.head,
                CASES.c.version,
                CASES.c.drill,
                CASES.c.unit,
                PARTIES.c.person_id,
                PERSONS.c.identity_index,
            )
            .join(PARTIES, PARTIES.c.case_id == CASES.c.id)
            .join(PERSONS, PERSONS.c.id == PARTIES.c.person_id)
            .where(CASES.c.parent_id == season_id)
        )
        self.by_number: dict[str, OnFile] = {}
        self.by_identity: dict[bytes, OnFile] = {}
        for row in rows:
            standing = Standing(row.id, row.number, row.status, row.seq, bytes(row.head), row.version, bool(row.drill))
            found = OnFile(standing, row.person_id, bytes(row.identity_index), row.unit)
            self.by_number[row.number] = self.by_identity[found.identity] = found

    def find(self, row: Any) -> OnFile | str:
        """Return the member a row is about, or the message that says why there is none."""
        by_number = self.by_number.get(row.number) if row.number else None
        by_identity = self.by_identity.get(key_ring().index(row.identity)) if row.identity else None
        if row.number and row.identity and by_number != by_identity:
            return "intake.two_people"
        return by_number or by_identity or "intake.not_on_file"


def _applications(tx: Transaction, season_id: int, rows: Sequence[Accepted[Any]], day: date) -> Iterable[Refused]:
    season, ring = lock(tx, season_id), key_ring()
    indexes = {one.row: ring.index(one.fact.identity) for one in rows}
    known = {
        bytes(row.identity_index): row.id
        for row in tx.core.execute(
            select(PERSONS.c.id, PERSONS.c.identity_index).where(PERSONS.c.identity_index.in_(list(indexes.values())))
        )
    }
    applied = dict(
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
        if before is None:
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


class Check(NamedTuple):
    """How a sheet of findings is taken in: the statuses it may meet, who signs, on which day, and what is sealed."""

    kind: str
    statuses: frozenset[M]
    signer: str
    day: str
    kept: Callable[[Any], dict[str, Any] | None]
    moves: Callable[[Any], M | None]


def _measurements(row: Any) -> dict[str, Any]:
    return dict(row.model_dump(mode="json", exclude={"number", "identity", "name"}))


CHECKS: Final = {
    "precheck": Check(
        "precheck",
        frozenset({M.APPLIED_ONLINE, M.SITE_CONFIRMED}),
        "staff",
        "confirmed",
        _measurements,
        lambda row: M.PRECHECK_PASSED if row.verdict == "passed" else M.PRECHECK_FAILED,
    ),
    "medical": Check(
        "medical",
        frozenset({M.PRECHECK_PASSED, M.PHYSICAL_PASSED}),
        "chief",
        "examined",
        _measurements,
        lambda _row: None,
    ),
    "political": Check(
        "political",
        frozenset({M.PRECHECK_PASSED, M.PHYSICAL_PASSED}),
        "signer",
        "concluded",
        lambda _row: None,
        lambda _row: None,
    ),
    "training": Check(
        "training", frozenset({M.DOUBLE_QUALIFIED}), "staff", "ended", lambda row: {"days": row.days}, lambda _row: None
    ),
}


def _findings(check: Check) -> Callable[[Transaction, int, Sequence[Accepted[Any]], date], Iterable[Refused]]:
    def take(tx: Transaction, season_id: int, rows: Sequence[Accepted[Any]], day: date) -> Iterable[Refused]:  # noqa: ARG001 -- a taker
        lock(tx, season_id)
        roll, at = Roll(tx, season_id), now()
        page, kept = Page(tx, f"recorded-{check.kind}", 1, actor.get(), at), []
        # the digest knows its form; a second examination is of the same form as the first, and of another kind
        seen = {
            bytes(digest)
            for digest in tx.core.execute(
                select(FINDINGS.c.digest).where(FINDINGS.c.digest.in_([one.digest for one in rows]))
            ).scalars()
        }
        done: set[int] = set()
        for one in rows:
            found = roll.find(one.fact)
            if isinstance(found, str):
                yield Refused(one, "number" if one.fact.number else "identity", found, {})
                continue
            if one.digest in seen:
                continue
            if found.standing.id in done:
                yield Refused(one, "number" if one.fact.number else "identity", "intake.row_twice", {})
                continue
            if found.standing.status not in check.statuses:
                status = M(found.standing.status).text
                yield Refused(
                    one, "number" if one.fact.number else "identity", "intake.wrong_status", {"status": status}
                )
                continue
            done.add(found.standing.id)
            kind = "recheck" if check.kind == "medical" and found.standing.status == M.PHYSICAL_PASSED else check.kind
            turn = _turn(tx, found.standing.id, kind)
            content = check.kept(one.fact)
            kept.append(
                {
                    "case_id": found.standing.id,
                    "kind": kind,
                    "verdict": str(one.fact.verdict),
                    "signer": getattr(one.fact, check.signer),
                    "on_day": getattr(one.fact, check.day),
                    "digest": one.digest,
                    "at": at,
                    "content": None if content is None else json.dumps(content, ensure_ascii=False),
                }
            )
            each = Page(tx, f"recorded-{kind}", turn, actor.get(), at) if turn > 1 or kind != check.kind else page
            each.add(
                found.standing,
                check.moves(one.fact),
                {"verdict": str(one.fact.verdict), "signer": getattr(one.fact, check.signer)},
            )
            if each is not page:
                each.write()
        if kept:
            tx.core.execute(insert(FINDINGS), kept)
        page.write()

    return take


def _turn(tx: Transaction, case_id: int, kind: str) -> int:
    counted = select(func.count()).select_from(FINDINGS).where(FINDINGS.c.case_id == case_id, FINDINGS.c.kind == kind)
    return int(tx.core.execute(counted).scalar_one()) + 1


def _evidence(tx: Transaction, season_id: int, rows: Sequence[Accepted[Any]], day: date) -> Iterable[Refused]:  # noqa: ARG001 -- a taker
    lock(tx, season_id)
    roll = Roll(tx, season_id)
    for one in rows:
        found = roll.find(one.fact)
        if isinstance(found, str):
            yield Refused(one, "number" if one.fact.number else "identity", found, {})
            continue
        if M(found.standing.status) not in (M.DOUBLE_QUALIFIED, M.EDUCATED):
            yield Refused(one, "number", "intake.wrong_status", {"status": M(found.standing.status).text})
            continue
        this = (EVIDENCE.c.case_id == found.standing.id) & (EVIDENCE.c.item == one.fact.item)
        values = {
            "value": one.fact.value,
            "document": one.fact.evidence_number,
            "verified_by": one.fact.staff,
            "digest": one.digest,
        }
        if tx.core.execute(select(EVIDENCE.c.id).where(this)).first():
            tx.core.execute(update(EVIDENCE).where(this).values(**values))
        else:
            tx.core.execute(insert(EVIDENCE).values(case_id=found.standing.id, item=one.fact.item, **values))


def _objections(tx: Transaction, season_id: int, rows: Sequence[Accepted[Any]], day: date) -> Iterable[Refused]:  # noqa: ARG001 -- a taker
    season = lock(tx, season_id)
    roll = Roll(tx, season_id)
    names = {
        (row.name, row.unit): row.number
        for row in tx.core.execute(
            select(PERSONS.c.name, CASES.c.unit, CASES.c.number)
            .join(PARTIES, PARTIES.c.person_id == PERSONS.c.id)
            .join(CASES, CASES.c.id == PARTIES.c.case_id)
            .where(CASES.c.parent_id == season_id, CASES.c.status.in_([M.POSTED, M.OBJECTED]))
        )
    }
    known = set(tx.core.execute(select(OBJECTIONS.c.receipt).where(OBJECTIONS.c.season_id == season_id)).scalars())
    for one in rows:
        number = one.fact.number or names.get((one.fact.name, town(one.fact.town).id), "")
        found = roll.by_number.get(number)
        if one.fact.receipt in known:
            continue
        if found is None or found.standing.status not in (M.POSTED, M.OBJECTED):
            yield Refused(one, "name", "intake.not_posted", {"season": season.number})
            continue
        tx.core.execute(
            insert(OBJECTIONS).values(
                season_id=season_id,
                case_id=found.standing.id,
                receipt=one.fact.receipt,
                received=one.fact.received,
                channel=str(one.fact.channel),
                summary=one.fact.summary,
            )
        )
        page = Page(tx, f"objection-{one.fact.receipt}", 1, actor.get(), now())
        page.add(found.standing, M.OBJECTED, {"receipt": one.fact.receipt, "channel": str(one.fact.channel)})
        page.write()


def _returns(tx: Transaction, season_id: int, rows: Sequence[Accepted[Any]], day: date) -> Iterable[Refused]:  # noqa: ARG001 -- a taker
    lock(tx, season_id)
    roll = Roll(tx, season_id)
    page = Page(tx, "returned", 1, actor.get(), now())
    letters = dict(
        tx.core.execute(
            select(RETURNS.c.case_id, RETURNS.c.letter)
            .join(CASES, CASES.c.id == RETURNS.c.case_id)
            .where(CASES.c.parent_id == season_id)
        )
        .tuples()
        .all()
    )
    for one in rows:
        found = roll.find(one.fact)
        if isinstance(found, str):
            yield Refused(one, "number" if one.fact.number else "identity", found, {})
            continue
        if letters.get(found.standing.id) == (one.fact.letter or ""):  # the same letter again changes nothing
            continue
        if found.standing.status != M.IN_SERVICE or found.standing.id in letters:
            status = M.RETURNED if found.standing.id in letters else M(found.standing.status)
            yield Refused(
                one, "number" if one.fact.number else "identity", "intake.wrong_status", {"status": status.text}
            )
            continue
        tx.core.execute(
            insert(RETURNS).values(
                case_id=found.standing.id,
                ground=str(one.fact.ground),
                arrived=one.fact.arrived,
                letter_on=one.fact.letter_on,
                letter=one.fact.letter or "",
                reinstate_at=one.fact.employed,
            )
        )
        letters[found.standing.id] = one.fact.letter or ""
        page.add(found.standing, M.RETURNED, {"ground": str(one.fact.ground), "letter_on": one.fact.letter_on})
    page.write()


def _accounts(tx: Transaction, season_id: int, rows: Sequence[Accepted[Any]], day: date) -> Iterable[Refused]:  # noqa: ARG001 -- a taker
    roll = Roll(tx, season_id)
    for one in rows:
        found = roll.find(one.fact)
        if isinstance(found, str):
            yield Refused(one, "number" if one.fact.number else "identity", found, {})
            continue
        kept = json.dumps([one.fact.holder, one.fact.bank, one.fact.account, one.fact.relation], ensure_ascii=False)
        tx.core.execute(update(PERSONS).where(PERSONS.c.id == found.person_id).values(account=kept))


TAKERS: Final = {
    "application": _applications,
    **{form: _findings(check) for form, check in CHECKS.items()},
    "evidence": _evidence,
    "objection": _objections,
    "return": _returns,
    "account": _accounts,
}


def take_roster(season: str, form: str, path: Path) -> Intake:
    """Take one of the season's rosters in.

    Raises:
        Refusal: the form is not one of the season's, or the file as a whole cannot be taken.
    """
    if form not in TAKERS:
        raise Refusal("kernel.no_such_form", form=form)
    return take_in(season, form, path, TAKERS[form])
