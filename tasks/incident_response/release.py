"""Release of information: drafted by one, compared, approved by another; nothing leaves before (5.1, 2.2(5))."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import func, select, update

from config.fact import Fact
from config.messages import say
from config.rulebook import cited
from models.incident_response.aftermath import IncidentRelease
from models.incident_response.aftermath_answer import ReleaseAct, ReleaseApproval
from models.incident_response.release_text import ReleaseStatus as S
from models.incident_response.release_text import changes
from tasks.alongside import gather
from tasks.clock import now
from tasks.incident_response import call, incident
from tasks.incident_response.alert import write_alert
from tasks.incident_response.question import InOrder, ask_in_order, ask_unless, signed_at
from tasks.incident_response.release_paper import write_release_paper
from tasks.step import SYSTEM, Dossier, step
from tasks.store import Transaction, reading, table, transaction

RELEASES: Final = table(IncidentRelease)
LEAD: Final = "publicity_department"
VERSIONS: Final = 1000
"""A version is told apart by the release's number × 1000 + its own."""
PURPOSE: Final = "release"


class Judged(Fact):
    """What became of a version."""

    release: int
    version: int
    title: str
    status: str
    by: str
    left: bool = False


def inform_public(case: Dossier) -> None:
    """Take every release on its way, side by side: approval, return, release; nothing to do where none is drafted.

    Raises:
        Parked: one waits for its approval, or to be released.
    """
    found = releases_of(case.id)
    gather(case, *(partial(_take, row.release, row.version) for row in found))


def releases_of(case_id: int) -> list[Any]:
    """Return every version of an incident's releases, in their order."""
    chosen = select(RELEASES).where(RELEASES.c.case_id == case_id)
    with reading() as connection:
        return list(connection.execute(chosen.order_by(RELEASES.c.release, RELEASES.c.version)))


def version_of(case_id: int, release: int, version: int) -> Any:
    """Return one version."""
    chosen = select(RELEASES).where(
        RELEASES.c.case_id == case_id, RELEASES.c.release == release, RELEASES.c.version == version
    )
    with reading() as connection:
        return connection.execute(chosen).one()


def put(tx: Transaction, row: Any, **values: Any) -> None:
    """Change where a version stands; its words stay as they are."""
    tx.core.execute(update(RELEASES).where(RELEASES.c.id == row.id).values(values))


def set_released(tx: Transaction, row: Any, at: datetime, by: str) -> None:
    """Note that a version was released, and write it as an alert for other systems beside.

    An earlier one that stood until now is superseded by the correction.
    """
    earlier = (RELEASES.c.case_id == row.case_id) & (RELEASES.c.release == row.release)
    stood = earlier & (RELEASES.c.status == S.RELEASED.value)
    tx.core.execute(update(RELEASES).where(stood).values(status=S.SUPERSEDED.value))
    put(tx, row, status=S.RELEASED.value, released_at=at)
    write_alert(tx, row.case_id, by)


def next_release(tx: Transaction, case_id: int) -> int:
    """Return the number of the next release of an incident."""
    last = select(func.coalesce(func.max(RELEASES.c.release), 0)).where(RELEASES.c.case_id == case_id)
    return int(tx.core.execute(last).scalar_one()) + 1


def _take(release: int, version: int, case: Dossier) -> None:
    this = case.at_turn(release * VERSIONS + version)
    if ("judge_release", this.turn) not in this.journal and not _approval(this, release, version):
        return
    if this.journal["judge_release", this.turn]["status"] != S.APPROVED:
        return
    write_release_paper(this, release, version)
    row = version_of(case.id, release, version)
    text = say(_drilled(case, "question_incident_response.release_out"), release=release, title=row.title, way=row.way)
    word = ask_unless(ReleaseAct, this, "release_out", of=LEAD, text=text,
                      needless=lambda: version_of(case.id, release, version).status != S.APPROVED)  # fmt: skip
    if word is not None:
        note_released(this, release, version, word.released_where)


def _drilled(case: Dossier, key: str) -> str:
    return f"{key}_drill" if case.drill else key


def _approval(this: Dossier, release: int, version: int) -> bool:
    """Ask the commander, or who stands in for him, about a version; False where it was overtaken."""
    plan, row = incident.plan_of(this), version_of(this.id, release, version)
    in_order = InOrder(
        (plan.commander, *plan.deputies),
        timedelta(minutes=plan.stand_in_minutes),
        cited("incident_response.command_stand_in", this.on).label,
        partial(_call, this, row.title),
    )
    word = ask_in_order(ReleaseApproval, this, "release_approve", in_order, text=approval_text(this, row),
                        excluded=[row.drafted_by], needless=partial(_overtaken, this.id, release, version))  # fmt: skip
    if word is None:
        return False
    judge_release(this, release, version, word.verdict, word.reason)
    return True


def _overtaken(case_id: int, release: int, version: int) -> bool:
    return bool(version_of(case_id, release, version).status != S.DRAFTED)


def _call(this: Dossier, title: str, role: str) -> datetime | None:
    facts = {"subject": this.subject, "title": title}
    call.call(this, PURPOSE, [role], "notice_incident_response.release_call", facts, occasion=this.turn)
    return call.awaited_until(this, PURPOSE, role, this.turn)


def approval_text(this: Dossier, row: Any) -> str:
    """Return a version as the approver sees it, with what it changes against the one before."""
    return say(
        "question_incident_response.release_approve",
        release=row.release,
        version=row.version,
        title=row.title,
        scope=say(f"incident_release.scope_{row.scope}"),
        way=row.way,
        text=row.text,
        compared=compared(this.id, row),
        drill=say("incident_release.drill") if this.drill else "",
    )


def compared(case_id: int, row: Any) -> str:
    """Return what a version changes against the one before it, a line for each change; of a first one, that it is."""
    if row.version == 1:
        return say("incident_release.first")
    earlier = version_of(case_id, row.release, row.version - 1)
    found = [*changes(earlier.text, row.text)]
    fields: Mapping[str, tuple[str, str]] = {
        "title": (earlier.title, row.title),
        "way": (earlier.way, row.way),
        "scope": tuple(say(f"incident_release.scope_{one.scope}") for one in (earlier, row)),  # type: ignore[dict-item]
    }
    for name, (before, after) in fields.items():
        if before != after:
            found.append(say(f"incident_release.changed_{name}", before=before, after=after))
    lines = "\n".join(f"- {one}" for one in found) or say("incident_release.unchanged")
    return say("incident_release.compared", earlier=earlier.version, lines=lines)


@step(tells=(LEAD, "group_head:opinion"), rule=incident.rule_of("aftermath_release"))
def judge_release(this: Dossier, release: int, version: int, verdict: str, why: str) -> Judged:
    """Record what the approver said of a version, signed by him or by who stood in."""
    signed = signed_at(this, "release_approve")
    by, at = (signed.actor, signed.at) if signed else ("", now())
    status = {"approve": S.APPROVED, "return": S.RETURNED}.get(verdict, S.WITHDRAWN)
    with transaction() as tx:
        row = version_of(this.id, release, version)
        if row.status != S.DRAFTED:  # a newer version came in the moment of the signature
            return Judged(release=release, version=version, title=row.title, status=row.status, by=by)
        approved = {"approved_by": by, "approved_at": at} if status is S.APPROVED else {"reason": why[:300]}
        put(tx, row, status=status.value, **approved)
        call.stand_down(this, PURPOSE, this.turn)
    return Judged(release=release, version=version, title=row.title, status=status.value, by=by)


@step(
    tells=lambda found: ("incident_commander", "command_office") if found.status == S.RELEASED else (),
    rule=incident.rule_of("aftermath_release"),
)
def note_released(this: Dossier, release: int, version: int, where: str) -> Judged:  # noqa: ARG001 -- kept in the answer
    """Record that a text was released; a drill's never left the house."""
    signed = signed_at(this, "release_out")
    with transaction() as tx:
        row = version_of(this.id, release, version)
        if row.status == S.APPROVED:
            set_released(tx, row, signed.at if signed else now(), signed.actor if signed else SYSTEM)
    status, by = version_of(this.id, release, version).status, signed.actor if signed else ""
    return Judged(release=release, version=version, title=row.title, status=status, by=by, left=not this.drill)
