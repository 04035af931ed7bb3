"""What comes of a reviewed change: a version in force, a policy withdrawn, a secret paper exempt (Art. 11)."""

from datetime import date
from typing import Any

from sqlalchemy import func, insert, select, update

from config.fact import Fact
from config.messages import say
from config.rulebook import cited
from models.policy_redemption.change import ChangeKind
from models.policy_redemption.change import PublicationStatus as P
from models.policy_redemption.failings import publication_standing
from tasks.clock import local_day, now
from tasks.policy_redemption.draft import draft_of
from tasks.policy_redemption.publication import CENTRE, CHANGES, change_of
from tasks.policy_redemption.register import POLICIES, VERSIONS
from tasks.step import Dossier, step
from tasks.store import transaction


class Done(Fact):
    """What came onto the platform, and whether in time."""

    code: str
    department: str
    version: int
    since: date
    kept: str
    timing: str
    """Whether it was in time, in one sentence."""
    status: P


def _finish(change: Any, status: P, version: int, version_id: int | None = None) -> Done:
    today = local_day(now())
    found = publication_standing(change.anchored_on, today, today, secret=status is P.EXEMPT)
    with transaction() as tx:
        mine = update(CHANGES).where(CHANGES.c.case_id == change.case_id)
        tx.core.execute(mine.values(version_id=version_id, done_at=now()))
    return Done(
        code=change.code,
        department=change.department,
        version=version,
        since=change.effective_on,
        kept=found.kept,
        timing="；".join(line.text("zh") for line in found.working),
        status=status,
    )


@step(
    reaches=lambda done: done.status,
    tells=lambda done: (done.department, CENTRE),
    rule=lambda dossier: cited("policy_redemption.publication_days", dossier.on).label,
)
def publish_policy(dossier: Dossier) -> Done:
    """Publish the approved draft as the next version, in force from its day; a secret one is exempt (Art. 11)."""
    change, content = change_of(dossier), draft_of(dossier)
    with transaction() as tx:
        title = say("policy_publication.secret_title") if content.secret else content.title
        about = {"department": content.department, "title": title, "secret": content.secret}
        known = tx.core.execute(select(POLICIES.c.id).where(POLICIES.c.code == change.code)).scalar_one_or_none()
        if known is None:
            known = tx.add(insert(POLICIES).values(code=change.code, **about))
        else:
            tx.core.execute(update(POLICIES).where(POLICIES.c.id == known).values(**about))
        last = select(func.coalesce(func.max(VERSIONS.c.number), 0)).where(VERSIONS.c.policy_id == known)
        number = tx.core.execute(last).scalar_one() + 1
        version_id = tx.add(
            insert(VERSIONS).values(
                policy_id=known,
                number=number,
                since=content.since,
                content=content.model_dump(mode="json"),
                published_at=now(),
            )
        )
        tx.core.execute(update(CHANGES).where(CHANGES.c.case_id == dossier.id).values(effective_on=content.since))
    shown = P.PUBLISHED if change.kind == ChangeKind.PUBLISH else P.UPDATED
    return _finish(change_of(dossier), P.EXEMPT if content.secret else shown, number, version_id)


@step(
    reaches=P.WITHDRAWN,
    tells=lambda done: (done.department, CENTRE),
    rule=lambda dossier: cited("policy_redemption.publication_days", dossier.on).label,
)
def withdraw_policy(dossier: Dossier) -> Done:
    """Take a repealed policy off the platform: from its day nothing new is judged by it (Art. 11)."""
    change = change_of(dossier)
    with transaction() as tx:
        mine = POLICIES.c.code == change.code
        tx.core.execute(update(POLICIES).where(mine).values(repealed_on=change.effective_on))
        last = select(func.max(VERSIONS.c.number)).join(POLICIES, POLICIES.c.id == VERSIONS.c.policy_id).where(mine)
        number = tx.core.execute(last).scalar_one()
    return _finish(change, P.WITHDRAWN, number)


@step(
    reaches=P.EXEMPT,
    tells=lambda done: (done.department, CENTRE),
    rule=lambda dossier: cited("policy_redemption.publication_exempt", dossier.on).label,
)
def exempt_policy(dossier: Dossier) -> Done:
    """Record a secret paper as exempt: its number and department, nothing of what it says (Art. 10)."""
    change = change_of(dossier)
    with transaction() as tx:
        title = say("policy_publication.secret_title")
        tx.core.execute(
            insert(POLICIES).values(code=change.code, department=change.department, title=title, secret=True)
        )
    return _finish(change, P.EXEMPT, 0)
