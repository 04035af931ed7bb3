"""The roll of a redemption notice: its applications with firm, papers and policy version, read in sets."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from sqlalchemy import select

from config.messages import Refusal, say
from config.rulebook import cited
from models.policy_redemption.application import Application, Deficiency, Firm, Paper, PolicyObjection, Redemption
from models.policy_redemption.completeness import ACCOUNT
from models.policy_redemption.money import yuan
from models.policy_redemption.policy import Lane, PolicyContent
from models.policy_redemption.status import ApplicationStatus as A
from tasks.clock import local_day
from tasks.journal import CASES
from tasks.policy_redemption.register import version_by_id
from tasks.step import Dossier
from tasks.store import Transaction, reading, table

PROCESS: Final = "policy_redemption"
STORY: Final = "policy_redemption/policy_redemption"
APPLICATIONS: Final = table(Application)
FIRMS: Final = table(Firm)
PAPERS: Final = table(Paper)
DEFICIENCIES: Final = table(Deficiency)
REDEMPTIONS: Final = table(Redemption)
OBJECTIONS: Final = table(PolicyObjection)
FINAL: Final = tuple(status.value for status in A if status.is_final())


class Notice(NamedTuple):
    """A redemption notice: the policy it pays out under, its department and window."""

    case_id: int
    code: str
    department: str
    lane: Lane
    opens: date
    closes: date
    budget_id: int

    @property
    def head(self) -> str:
        """The role of the department's head, whom a breach is reported to."""
        return f"head:{self.department}"

    @property
    def apply_free(self) -> bool:
        """Whether no application is needed (Art. 14)."""
        return self.lane is Lane.APPLY_FREE


def notice_of(case_id: int) -> Notice:
    """Return the notice that a case is."""
    chosen = select(*(REDEMPTIONS.c[name] for name in Notice._fields)).where(REDEMPTIONS.c.case_id == case_id)
    with reading() as connection:
        row = connection.execute(chosen).one()
    return Notice(*row)._replace(lane=Lane(row.lane))


def cite(name: str, on: date) -> str:
    """Return the short citation of a rule, for a journal line."""
    return cited(f"policy_redemption.{name}", on).label


def rule_of(name: str) -> Any:
    """Return the function that cites a rule of the notice's day, for a step."""
    return lambda dossier: cite(name, dossier.on)


class HandedIn(NamedTuple):
    """A paper of an application: when it came last."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Filed:
    """An application as it is judged: what the firm is, declared and handed in, and the version in force on its day."""

    case_id: int
    number: str
    firm_id: int
    uscc: str
    firm: str
    channel: str
    content: PolicyContent
    version: int
    facts: Mapping[str, Any]
    papers: Mapping[str, datetime]
    has_account: bool
    requested: Decimal | None
    assessed: int | None
    level: int
    corrections: int
    wish: str
    received_at: datetime
    stirred_at: datetime | None

    @property
    def on(self) -> date:
        """The day whose rules and policy version it is judged by: that of its receipt."""
        return local_day(self.received_at)

    @property
    def levels(self) -> tuple[tuple[str, ...], ...]:
        """The roles that review it, level by level."""
        return self.content.levels

    def present(self) -> list[str]:
        """Return the items of the checklist that are there: papers by name, and the account."""
        return [*self.papers, *([ACCOUNT] if self.has_account else [])]


def filed(tx: Transaction, case_ids: Collection[int]) -> dict[int, Filed]:
    """Return applications by case id, a few statements for all of them; sealed columns stay sealed."""
    ids = list(case_ids)
    if not ids:
        return {}
    papers: dict[int, dict[str, datetime]] = {}
    handed = select(PAPERS.c.case_id, PAPERS.c.name, PAPERS.c.at).where(PAPERS.c.case_id.in_(ids)).order_by(PAPERS.c.id)
    for row in tx.core.execute(handed):
        papers.setdefault(row.case_id, {})[row.name] = row.at
    chosen = (
        select(APPLICATIONS, CASES.c.number, FIRMS.c.uscc, FIRMS.c.name, FIRMS.c.facts)
        .add_columns(FIRMS.c.account.is_not(None).label("has_account"))
        .join(CASES, CASES.c.id == APPLICATIONS.c.case_id)
        .join(FIRMS, FIRMS.c.id == APPLICATIONS.c.firm_id)
        .where(APPLICATIONS.c.case_id.in_(ids))
    )
    found, versions = {}, {}
    for row in tx.core.execute(chosen):
        if row.version_id not in versions:
            versions[row.version_id] = version_by_id(row.version_id)
        version = versions[row.version_id]
        known = {name: value for name, value in row.facts.items() if value not in (None, "")}
        found[row.case_id] = Filed(
            case_id=row.case_id,
            number=row.number,
            firm_id=row.firm_id,
            uscc=row.uscc,
            firm=row.name,
            channel=row.channel,
            content=version.content,
            version=version.number,
            facts=row.figures | known,
            papers=papers.get(row.case_id, {}),
            has_account=bool(row.has_account),
            requested=None if row.requested is None else yuan(row.requested),
            assessed=row.assessed,
            level=row.level,
            corrections=row.corrections,
            wish=row.wish,
            received_at=row.received_at,
            stirred_at=row.stirred_at,
        )
    return found


class Told(NamedTuple):
    """One item of a correction notice."""

    item: str
    why: str
    at: datetime


def told_of(tx: Transaction, case_ids: Collection[int]) -> dict[int, list[Told]]:
    """Return what each application was told to mend, in all its notices, by case id."""
    chosen = select(DEFICIENCIES.c.case_id, DEFICIENCIES.c.item, DEFICIENCIES.c.why, DEFICIENCIES.c.told_at)
    found: dict[int, list[Told]] = {}
    for row in tx.core.execute(chosen.where(DEFICIENCIES.c.case_id.in_(list(case_ids))).order_by(DEFICIENCIES.c.id)):
        found.setdefault(row.case_id, []).append(Told(row.item, row.why, row.told_at))
    return found


def title_of(item: str) -> str:
    """Return what an item of a correction notice is called: a material by its name, the account as the forms say."""
    return say("policy_judgement.account") if item == ACCOUNT else item


def owes(file: Filed, told: Sequence[Told]) -> list[str]:
    """Return the items that were told and are still not mended: a paper must be newer than the notice that asked."""
    last = {one.item: one.at for one in told}
    missing = []
    for item, at in last.items():
        mended = file.has_account if item == ACCOUNT else item in file.papers and file.papers[item] > at
        if not mended:
            missing.append(item)
    return missing


def application_of(number: str) -> tuple[int, int]:
    """Return the ids of an application's case and of its notice.

    Raises:
        Refusal: there is no application under this number.
    """
    chosen = select(APPLICATIONS.c.case_id, APPLICATIONS.c.notice_id).join(CASES, CASES.c.id == APPLICATIONS.c.case_id)
    with reading() as connection:
        row = connection.execute(chosen.where(CASES.c.number == number)).one_or_none()
    if row is None:
        raise Refusal("policy_redemption.no_such_application", number=number)
    return row.case_id, row.notice_id


def bare_dossier(tx: Transaction, case_id: int) -> Dossier:
    """Return a notice without its journal, for what happens outside its story: arrivals at the door."""
    row = tx.core.execute(
        select(*(CASES.c[name] for name in ("id", "number", "process", "subject", "on_day", "drill"))).where(
            CASES.c.id == case_id
        )
    ).one()
    return Dossier(row.id, row.number, row.process, row.subject, row.on_day, bool(row.drill), 1, {})


ROUND_OVER: Final = "for-arrivals"


def asked_already(dossier: Dossier, point: str) -> bool:
    """Say whether a round of the notice has put its questions at a point, or is over: a replay does not look again."""
    return any((name, dossier.turn) in dossier.journal for name in (f"asked-{point}", ROUND_OVER))
