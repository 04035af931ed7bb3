"""Applications at the door: by sheet, online, at the window; the clocks begin with the receipt (Art. 13–14)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from sqlalchemy import func, insert, select, update

from config.messages import Refusal
from models.policy_redemption.money import fen
from models.policy_redemption.policy import PolicyContent
from models.policy_redemption.status import ApplicationStatus as A
from models.policy_redemption.status import NoticeStatus
from tasks.clock import local_day, now
from tasks.deadline_set import start_clocks
from tasks.intake import Refused
from tasks.journal import CASES, ENTRIES, FIND_ENTRY, Page, lock
from tasks.members import Newcomer, open_members
from tasks.policy_redemption import duty
from tasks.policy_redemption.outcome import to_firm
from tasks.policy_redemption.paper_store import Kept, keep
from tasks.policy_redemption.register import Version, version_by_id, version_on
from tasks.policy_redemption.roll import APPLICATIONS, FIRMS, PAPERS, Notice, bare_dossier, cite, notice_of
from tasks.roster import Accepted
from tasks.step import Dossier, actor
from tasks.store import Transaction

FIGURES: Final = ("revenue", "research", "tax", "investment", "employees")
SHEET: Final = "sheet"
WINDOW_CLOSED: Final = "policy_redemption.window_closed"


class Account(NamedTuple):
    """Where a firm is paid."""

    holder: str
    bank: str
    account: str


class Filing(NamedTuple):
    """An application as it comes, whichever way."""

    uscc: str
    requested: Decimal | None
    figures: Mapping[str, str]
    papers: Sequence[tuple[str, str]]
    """Material and file name."""
    account: Account | None
    channel: str
    mark: str
    """Tells the same application again from another one."""


class Declined(NamedTuple):
    """Why a filing is not taken in: the field at fault, the message and its facts."""

    field: str
    key: str
    facts: dict[str, str | int]

    def refusal(self) -> Refusal:
        """Return it as it is told to whoever filed."""
        return Refusal(self.key, **self.facts)


class _Known(NamedTuple):
    case_id: int
    number: str
    status: str
    version_id: int


class Desk:
    """The desk of one notice for a while: what is known of its firms and applications, under its lock."""

    def __init__(self, tx: Transaction, notice_id: int) -> None:
        self.tx, self.case, self.at = tx, lock(tx, notice_id), now()
        self.notice: Notice = notice_of(notice_id)
        self.dossier: Dossier = bare_dossier(tx, notice_id)
        self.day = local_day(self.at)

    def open_for_applications(self) -> bool:
        """Say whether the window is open now."""
        within = self.notice.opens <= self.day <= self.notice.closes
        return self.case.status == NoticeStatus.OPEN and within and not self.notice.apply_free

    def version(self) -> Version:
        """Return the policy version that today's applications are judged by; raises as `version_on` does."""
        return version_on(self.notice.code, self.day)

    def firms(self, usccs: Collection[str]) -> dict[str, int]:
        """Return the firms on the register by code."""
        chosen = select(FIRMS.c.uscc, FIRMS.c.id).where(FIRMS.c.uscc.in_(list(usccs)))
        return dict(self.tx.core.execute(chosen).tuples().all())

    def applied(self, firm_ids: Collection[int]) -> dict[int, _Known]:
        """Return the applications of firms under this notice, by firm."""
        chosen = (
            select(APPLICATIONS.c.firm_id, CASES.c.id, CASES.c.number, CASES.c.status, APPLICATIONS.c.version_id)
            .join(CASES, CASES.c.id == APPLICATIONS.c.case_id)
            .where(APPLICATIONS.c.notice_id == self.case.id, APPLICATIONS.c.firm_id.in_(list(firm_ids)))
        )
        return {row.firm_id: _Known(*row[1:]) for row in self.tx.core.execute(chosen)}

    def next_numbers(self, count: int) -> list[str]:
        """Return the next numbers of applications."""
        counted = select(func.count()).select_from(CASES).where(CASES.c.parent_id == self.case.id)
        start = int(self.tx.core.execute(counted).scalar_one())
        return [f"{self.case.number}-{start + place:06}" for place in range(1, count + 1)]

    def keep_papers(
        self, content: PolicyContent, papers: Sequence[tuple[str, str]]
    ) -> list[tuple[str, Kept]] | Declined:
        """Keep the files of papers, each for a material of the checklist; or say what is wrong with the first."""
        known, kept = [one.name for one in content.materials], []
        for material, file in papers:
            if material not in known:
                facts: dict[str, str | int] = {"material": material, "known": "、".join(known)}
                return Declined("papers", "policy_redemption.material_unknown", facts)
            try:
                kept.append((material, keep(self.case.number, file)))
            except Refusal as refusal:
                return Declined("papers", refusal.key, refusal.facts)
        return kept

    def add_papers(self, papers: Mapping[int, Sequence[tuple[str, Kept]]]) -> None:
        """Write what was handed in; the very same file for the same material again is no new paper."""
        there = {
            (row.case_id, row.name, row.digest)
            for row in self.tx.core.execute(select(PAPERS).where(PAPERS.c.case_id.in_(list(papers))))
        }
        rows = [
            {"case_id": case_id, "name": name, **kept._asdict(), "at": self.at}
            for case_id, some in papers.items()
            for name, kept in dict(some).items()
            if (case_id, name, kept.digest) not in there
        ]
        if rows:
            self.tx.core.execute(insert(PAPERS), rows)

    def set_accounts(self, accounts: Mapping[int, Account]) -> None:
        """Keep where firms are paid, sealed."""
        for firm_id, account in accounts.items():
            self.tx.core.execute(update(FIRMS).where(FIRMS.c.id == firm_id).values(**account._asdict()))

    def stir(self, case_ids: Iterable[int]) -> None:
        """Note that something came that the story has not looked at."""
        ids = list(case_ids)
        if ids:
            self.tx.core.execute(update(APPLICATIONS).where(APPLICATIONS.c.case_id.in_(ids)).values(stirred_at=self.at))


def file_applications(tx: Transaction, notice_id: int, filings: Sequence[Filing]) -> list[str | Declined]:
    """Take applications in; return for each its number, or why it is declined.

    A firm applies once a notice. The same filing again changes nothing; another one mends an application that was sent
    back, and is declined otherwise.
    """
    desk = Desk(tx, notice_id)
    firms = desk.firms([one.uscc for one in filings])
    applied = desk.applied(firms.values())
    marks = _marks(tx, [one.case_id for one in applied.values()])
    results: list[str | Declined] = []
    fresh: list[tuple[int, Filing, list[tuple[str, Kept]]]] = []
    for one in filings:
        firm_id = firms.get(one.uscc)
        known = applied.get(firm_id or 0)
        if firm_id is None:
            results.append(Declined("uscc", "policy_redemption.firm_unknown", {"uscc": one.uscc}))
        elif known and (known.case_id, one.mark) in marks:
            results.append(known.number)
        elif known:
            results.append(_mend(desk, firm_id, known, one))
        elif not desk.open_for_applications():
            facts: dict[str, str | int] = {"opens": str(desk.notice.opens), "closes": str(desk.notice.closes)}
            results.append(Declined("uscc", WINDOW_CLOSED, facts))
        else:
            kept = desk.keep_papers(desk.version().content, one.papers)
            if isinstance(kept, Declined):
                results.append(kept)
            else:
                fresh.append((firm_id, one, kept))
                applied[firm_id] = _Known(0, "", A.SUBMITTED, 0)
                results.append("")
    numbers = iter(_open(desk, fresh))
    return [next(numbers) if one == "" else one for one in results]


def _marks(tx: Transaction, case_ids: Sequence[int]) -> set[tuple[int, str]]:
    """Return which filings the applications have taken in already, as (case id, mark)."""
    chosen = select(ENTRIES.c.case_id, ENTRIES.c.outcome).where(
        ENTRIES.c.case_id.in_(case_ids), ENTRIES.c.step.like("apply%")
    )
    return {(row.case_id, row.outcome["row"]) for row in tx.core.execute(chosen)} if case_ids else set()


def _open(desk: Desk, fresh: Sequence[tuple[int, Filing, list[tuple[str, Kept]]]]) -> list[str]:
    """Open an application for each filing, with its clocks."""
    if not fresh:
        return []
    tx, at, version = desk.tx, desk.at, desk.version()
    numbers = desk.next_numbers(len(fresh))
    rule, subject = cite("feedback_days", desk.day), desk.dossier.subject
    newcomers = [
        Newcomer(number, desk.notice.department, A.SUBMITTED, _line(one, kept) | {"policy_version": version.number},
                 [to_firm(number, "received", subject)], rule)
        for number, (_, one, kept) in zip(numbers, fresh, strict=True)
    ]  # fmt: skip
    ids = open_members(tx, desk.dossier, "apply", newcomers, at)
    tx.core.execute(
        insert(APPLICATIONS),
        [
            {
                "case_id": case_id,
                "notice_id": desk.case.id,
                "firm_id": firm_id,
                "version_id": version.id,
                "matter": version.content.matter,
                "channel": one.channel,
                "requested": None if one.requested is None else fen(one.requested),
                "assessed": None,
                "level": 0,
                "corrections": 0,
                "figures": dict(one.figures),
                "wish": "",
                "received_at": at,
                "stirred_at": None,
            }
            for case_id, (firm_id, one, _) in zip(ids, fresh, strict=True)
        ],
    )
    desk.add_papers({case_id: kept for case_id, (_, _, kept) in zip(ids, fresh, strict=True)})
    desk.set_accounts({firm_id: one.account for firm_id, one, _ in fresh if one.account})
    first, received = dict.fromkeys(ids, 1), dict.fromkeys(ids, at)
    start_clocks(tx, duty.feedback(desk.notice, desk.day), first, received)
    start_clocks(tx, duty.promise(desk.notice, version.content, desk.day), first, received)
    return numbers


def _line(one: Filing, kept: Sequence[tuple[str, Kept]]) -> dict[str, Any]:
    """Return what the journal says of a filing: figures and files with their digests, never an account."""
    papers = [{"material": name, "file": file.file, "sha256": file.digest} for name, file in kept]
    facts = {"uscc": one.uscc, "channel": one.channel, "requested": one.requested, "figures": dict(one.figures)}
    return facts | {"papers": papers, "account": one.account is not None, "row": one.mark}


def _mend(desk: Desk, firm_id: int, known: _Known, one: Filing) -> str | Declined:
    """Take a filing as the mending of an application that was sent back to its firm."""
    if known.status != A.CORRECTION or not known.case_id:
        status = A(known.status).text
        return Declined("uscc", "policy_redemption.applied_already", {"number": known.number, "status": status})
    kept = desk.keep_papers(version_by_id(known.version_id).content, one.papers)
    if isinstance(kept, Declined):
        return kept
    values: dict[str, Any] = {}
    if one.figures:
        values["figures"] = dict(one.figures)
    if one.requested is not None:
        values["requested"] = fen(one.requested)
    if values:
        desk.tx.core.execute(update(APPLICATIONS).where(APPLICATIONS.c.case_id == known.case_id).values(**values))
    desk.add_papers({known.case_id: kept})
    if one.account:
        desk.set_accounts({firm_id: one.account})
    desk.stir([known.case_id])
    note(desk, known.case_id, f"apply-again-{one.mark}", _line(one, kept))
    return known.number


def note(desk: Desk, case_id: int, step: str, outcome: dict[str, Any]) -> bool:
    """Write in an application's journal what came, once; say whether it was new. A question about it stays good."""
    if desk.tx.run(FIND_ENTRY, case_id, step, 1).fetchone():
        return False
    page = Page(desk.tx, step, 1, actor.get(), desk.at)
    page.add(lock(desk.tx, case_id), None, outcome, substance=False)
    page.write()
    return True


def filing_of(one: Accepted[Any], channel: str = SHEET) -> Filing:
    """Return a row of the applications' sheet as a filing.

    Raises:
        Refusal: its list of papers cannot be read.
    """
    row = one.fact
    figures = {name: str(getattr(row, name)) for name in FIGURES if getattr(row, name) is not None}
    account = Account(row.holder, row.bank, row.account) if row.account else None
    return Filing(
        row.uscc, row.requested, figures, papers_of(row.papers or ""), account, channel, one.digest.hex()[:16]
    )


def papers_of(text: str) -> list[tuple[str, str]]:
    """Read a list of papers: material=file, one a line or parted by semicolons; a full-width sign does as well.

    Raises:
        Refusal: a part has no sign.
    """
    found = []
    for part in filter(None, (piece.strip() for piece in text.replace("；", ";").replace("\n", ";").split(";"))):
        material, sign, file = part.replace("＝", "=", 1).partition("=")
        if not sign or not file.strip():
            raise Refusal("policy_redemption.paper_list_wrong", part=part[:40])
        found.append((material.strip(), file.strip()))
    return found


def take_applications(
    tx: Transaction,
    notice_id: int,
    rows: Sequence[Accepted[Any]],
    day: date,  # noqa: ARG001 -- a taker
) -> Iterable[Refused]:
    """Take the applications of a sheet in.

    Raises:
        Refusal: the window is not open, and none of the rows mends an application that is on file.
    """
    filings: list[tuple[Accepted[Any], Filing]] = []
    for one in rows:
        try:
            filings.append((one, filing_of(one)))
        except Refusal as refusal:
            yield Refused(one, "papers", refusal.key, refusal.facts)
    results = file_applications(tx, notice_id, [filing for _, filing in filings])
    closed = [one for one in results if isinstance(one, Declined) and one.key == WINDOW_CLOSED]
    if closed and len(closed) == len(rows):  # the file as a whole came too early or too late: it is as if it never came
        raise closed[0].refusal()
    for (one, _), result in zip(filings, results, strict=True):
        if isinstance(result, Declined):
            yield Refused(one, result.field, result.key, result.facts)
