"""What arrives about applications on file: papers, intents of firms that need not apply, objections (Art. 14–15)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import insert, select, update

from models.policy_redemption.status import ApplicationStatus as A
from tasks.deadline_set import start_clocks
from tasks.intake import Refused
from tasks.journal import CASES, Page, lock
from tasks.policy_redemption import duty
from tasks.policy_redemption.intake import Account, Declined, Desk, note, take_applications
from tasks.policy_redemption.outcome import to_firm
from tasks.policy_redemption.paper_store import Kept
from tasks.policy_redemption.register import version_by_id
from tasks.policy_redemption.roll import APPLICATIONS, FIRMS, OBJECTIONS, application_of, cite
from tasks.roster import Accepted
from tasks.step import actor
from tasks.store import Transaction, transaction
from tasks.wait import count_nudge

TAKES_PAPERS: Final = (A.SUBMITTED, A.CORRECTION)
ACCEPT: Final = "accept"
DECLINE: Final = "decline"
Rows = Sequence[Accepted[Any]]


class OnFile(NamedTuple):
    """An application that a row is about."""

    case_id: int
    number: str
    status: str
    firm_id: int
    uscc: str
    version_id: int


def _find(desk: Desk, rows: Rows) -> dict[int, OnFile | Declined]:
    """Return by row number which application each row is about, or why none."""
    chosen = (
        select(CASES.c.id, CASES.c.number, CASES.c.status, FIRMS.c.id, FIRMS.c.uscc, APPLICATIONS.c.version_id)
        .join(APPLICATIONS, APPLICATIONS.c.case_id == CASES.c.id)
        .join(FIRMS, FIRMS.c.id == APPLICATIONS.c.firm_id)
        .where(APPLICATIONS.c.notice_id == desk.case.id)
    )
    numbers = [one.fact.number for one in rows if one.fact.number]
    usccs = [uscc for one in rows if (uscc := getattr(one.fact, "uscc", None))]
    found = [OnFile(*row) for row in desk.tx.core.execute(chosen.where(CASES.c.number.in_(numbers)))]
    found += [OnFile(*row) for row in desk.tx.core.execute(chosen.where(FIRMS.c.uscc.in_(usccs)))]
    by_number = {one.number: one for one in found}
    by_uscc = {one.uscc: one for one in found}
    results: dict[int, OnFile | Declined] = {}
    for one in rows:
        number, uscc = one.fact.number or "", getattr(one.fact, "uscc", None) or ""
        known = by_number.get(number) if number else by_uscc.get(uscc)
        if known is None:
            field = "number" if number else "uscc"
            results[one.row] = Declined(field, "policy_redemption.not_on_file", {"given": number or uscc})
        elif uscc and known.uscc != uscc:
            results[one.row] = Declined("uscc", "policy_redemption.two_firms", {"number": known.number})
        else:
            results[one.row] = known
    return results


def _wrong_status(known: OnFile, field: str) -> Declined:
    facts: dict[str, str | int] = {"number": known.number, "status": A(known.status).text}
    return Declined(field, "policy_redemption.wrong_status", facts)


def _refused(one: Accepted[Any], declined: Declined) -> Refused:
    return Refused(one, declined.field, declined.key, declined.facts)


def take_papers(tx: Transaction, notice_id: int, rows: Rows, day: date) -> Iterable[Refused]:  # noqa: ARG001 -- a taker
    """Take papers in: of applications that nobody has looked at, and of those that were sent back to their firm."""
    desk = Desk(tx, notice_id)
    about = _find(desk, rows)
    papers: dict[int, list[tuple[str, Kept]]] = {}
    lines: dict[int, list[Accepted[Any]]] = {}
    for one in rows:
        known = about[one.row]
        if isinstance(known, Declined):
            yield _refused(one, known)
            continue
        if known.status not in TAKES_PAPERS:
            yield _refused(one, _wrong_status(known, "number" if one.fact.number else "uscc"))
            continue
        content = version_by_id(known.version_id).content
        kept = desk.keep_papers(content, [(one.fact.material, one.fact.file)])
        if isinstance(kept, Declined):
            field = "material" if kept.key.endswith("material_unknown") else "file"
            yield _refused(one, kept._replace(field=field))
            continue
        papers.setdefault(known.case_id, []).extend(kept)
        lines.setdefault(known.case_id, []).append(one)
    fresh = [
        case_id
        for case_id, kept in papers.items()
        if note(desk, case_id, f"papers-{lines[case_id][0].digest.hex()[:16]}", {"papers": list(_papers_line(kept))})
    ]
    desk.add_papers({case_id: papers[case_id] for case_id in fresh})
    desk.stir(fresh)


def _papers_line(kept: Sequence[tuple[str, Kept]]) -> Iterable[Mapping[str, str]]:
    for name, file in kept:
        yield {"material": name, "file": file.file, "sha256": file.digest}


def take_intents(tx: Transaction, notice_id: int, rows: Rows, day: date) -> Iterable[Refused]:  # noqa: ARG001 -- a taker
    """Take in whether firms take the benefit that they need not apply for, and where they are paid (Art. 14)."""
    desk = Desk(tx, notice_id)
    about = _find(desk, rows)
    with_account = set(
        tx.core.execute(
            select(FIRMS.c.id).where(
                FIRMS.c.id.in_([one.firm_id for one in about.values() if isinstance(one, OnFile)]),
                FIRMS.c.account.is_not(None),
            )
        ).scalars()
    )
    for one in rows:
        known, row = about[one.row], one.fact
        if isinstance(known, Declined):
            yield _refused(one, known)
        elif known.status != A.MATCHED:
            yield _refused(one, _wrong_status(known, "number" if row.number else "uscc"))
        elif row.accepts and not row.account and known.firm_id not in with_account:
            facts: dict[str, str | int] = {"number": known.number}
            yield _refused(one, Declined("account", "policy_redemption.account_needed", facts))
        else:
            wish = ACCEPT if row.accepts else DECLINE
            outcome = {"accepts": bool(row.accepts), "account": bool(row.account)}
            if not note(desk, known.case_id, f"intent-{one.digest.hex()[:16]}", outcome):
                continue
            if row.account:
                desk.set_accounts({known.firm_id: Account(row.holder, row.bank, row.account)})
            this = APPLICATIONS.c.case_id == known.case_id
            tx.core.execute(update(APPLICATIONS).where(this).values(wish=wish, stirred_at=desk.at))


class Objection(NamedTuple):
    """An objection to a posted result, as it comes; who objects stays with whoever received it."""

    receipt: str
    channel: str
    ground: str
    summary: str | None


def hold(desk: Desk, known: OnFile, objection: Objection) -> Declined | None:
    """Hold a posted result for an objection, once a receipt; say why not."""
    this = (OBJECTIONS.c.case_id == known.case_id) & (OBJECTIONS.c.receipt == objection.receipt)
    if desk.tx.core.execute(select(OBJECTIONS.c.id).where(this)).first():
        return None
    if known.status not in (A.POSTED, A.OBJECTED):
        return Declined("number", "policy_redemption.not_posted", {"number": known.number})
    desk.tx.core.execute(insert(OBJECTIONS).values(case_id=known.case_id, at=desk.at, ruling="", **objection._asdict()))
    page = Page(desk.tx, f"objection-{objection.receipt}", 1, actor.get(), desk.at)
    outcome = {"receipt": objection.receipt, "channel": objection.channel, "ground": objection.ground}
    told = [to_firm(known.number, "objected", desk.dossier.subject)]
    page.add(lock(desk.tx, known.case_id), A.OBJECTED, outcome, cite("objection_days", desk.day), told)
    page.write()
    if known.status == A.POSTED:
        owed = duty.objection(desk.notice, desk.day)
        place = len(desk.tx.core.execute(select(OBJECTIONS.c.id).where(OBJECTIONS.c.case_id == known.case_id)).all())
        start_clocks(desk.tx, owed, {known.case_id: place}, {known.case_id: desk.at})
    return None


def take_objections(tx: Transaction, notice_id: int, rows: Rows, day: date) -> Iterable[Refused]:  # noqa: ARG001 -- a taker
    """Take objections to posted results in: each holds its case (Art. 15)."""
    desk = Desk(tx, notice_id)
    for one in rows:
        row = one.fact
        known = _find(desk, [one])[one.row]  # one after the other: two objections may be about one case
        given = Objection(row.receipt, str(row.channel), str(row.ground), row.summary)
        declined = known if isinstance(known, Declined) else hold(desk, known, given)
        if declined:
            yield _refused(one, declined)


def object_to(number: str, receipt: str, ground: str) -> str:
    """Hold a posted result for an objection that came online; return the notice that it belongs to.

    Args:
        number: the application's number, as it is posted.
        receipt: number of the objection's receipt.
        ground: what it says, one of `ObjectionGround`.

    Raises:
        Refusal: there is no such application, or it is not posted.
    """
    case_id, notice_id = application_of(number)
    with transaction() as tx:
        desk = Desk(tx, notice_id)
        status = lock(tx, case_id).status
        known = OnFile(case_id, number, status, 0, "", 0)
        declined = hold(desk, known, Objection(receipt, "online", ground, None))
        if declined:
            raise declined.refusal()
        count_nudge(notice_id)
        return desk.case.number


TAKERS: Final = {
    "policy_application": take_applications,
    "policy_paper": take_papers,
    "policy_intent": take_intents,
    "policy_objection": take_objections,
}
"""The sheets of a redemption notice that its story takes in; those of its payments are the ledger's."""
