"""A policy comes onto the platform, is updated or withdrawn: drafted, reviewed, published in time (Art. 10–11)."""

from datetime import date, datetime, time
from hashlib import sha256
from typing import Any, Final, NamedTuple

from sqlalchemy import func, insert, select, update

from config.messages import Refusal, say
from config.offices import head_of, office
from config.rulebook import cited
from config.rulebook import reading as reading_of
from config.zone import SHANGHAI
from models.column import canonical
from models.deadline import Clock
from models.judgement import Line
from models.policy_redemption.change import ChangeKind, PolicyChange, PolicyDraft
from models.policy_redemption.change import PublicationStatus as P
from models.policy_redemption.content import PolicyContent, role_named
from models.policy_redemption.failings import publication_standing
from models.policy_redemption.matching import check_conditions
from tasks.case import open_case
from tasks.clock import local_day, now
from tasks.deadline import LADDER, Owed, meet_clock, start_clock
from tasks.journal import CASES
from tasks.policy_redemption.register import POLICIES, VERSIONS
from tasks.step import Dossier, step
from tasks.store import Transaction, reading, table, transaction

CHANGES: Final = table(PolicyChange)
DRAFTS: Final = table(PolicyDraft)
PROCESS: Final = "policy_publication"
DUTY: Final = "publication"
CENTRE: Final = "approval_bureau"
"""区行政审批局（区企业发展服务中心）: told of what is published and of what is late."""
_OPEN: Final = (P.DRAFTING, P.RETURNED)


class Asked(NamedTuple):
    """A change as it was asked for."""

    kind: ChangeKind
    department: str
    document: str
    title: str
    issued: date
    effective: date
    received: date | None
    policy: str = ""
    content: PolicyContent | None = None

    @property
    def digest(self) -> str:
        """What tells one change from another, so that a replay finds its own case."""
        facts = [self.kind, self.policy, self.department, self.document, self.title]
        return sha256(canonical(facts).encode()).hexdigest()


def run_name(content: Any, policy: str = "", **_facts: object) -> str:
    """Return the name of a run: what the policy is called."""
    given = content if isinstance(content, dict) else content.model_dump()
    title = say("policy_publication.secret_title") if given.get("secret") else given.get("title", "")
    return say("policy_publication.run_name", title=f"{policy} {title}".strip())


def repeal_name(policy: str, **_facts: object) -> str:
    """Return the name of a run: the policy that is withdrawn."""
    return say("policy_publication.repeal_name", policy=policy)


def exemption_name(document: str, **_facts: object) -> str:
    """Return the name of a run: the paper's number."""
    return say("policy_publication.exemption_name", document=document)


def open_publication(content: PolicyContent, policy: str, received: date | None) -> Dossier:
    """Open the publication of a new policy, or of the next version of one; or take up the one that is open.

    Args:
        content: the draft with interpretation and guide.
        policy: code of the policy that is amended; empty for a new one.
        received: the day a superior's paper came in; None for one of our own.

    Raises:
        Refusal: a condition of the draft cannot be held against facts, the draft is dated ahead, the policy is not
            there or is another department's, or this paper is being published with another draft.
    """
    kind = ChangeKind.AMEND if policy else ChangeKind.PUBLISH
    asked = Asked(
        kind,
        content.department,
        content.document,
        content.title,
        content.issued,
        content.since,
        received,
        policy,
        content,
    )
    parameters = {"content": content.in_words(), "policy": policy, "received": received}
    title = say("policy_publication.secret_title") if content.secret else content.title
    return _open(asked, "policy_publication/policy_publication", parameters, title)


def open_repeal(policy: str, document: str, issued: date, effective: date | None, received: date | None) -> Dossier:
    """Open the withdrawal of a repealed policy, or take up the one that is open; raises as `open_publication` does."""
    last = _last(policy)
    day = effective or issued
    asked = Asked(ChangeKind.REPEAL, last.department, document, last.title, issued, day, received, policy)
    parameters = {
        "policy": policy,
        "document": document,
        "issued": issued,
        "effective": effective,
        "received": received,
    }
    return _open(asked, "policy_repeal/policy_repeal", parameters, last.title)


def open_exemption(department: str, document: str, issued: date, received: date | None) -> Dossier:
    """Open the record of a secret paper, which is exempt from publication: its text never enters (Art. 10)."""
    department = role_named(department)
    asked = Asked(ChangeKind.EXEMPT, department, document, "", issued, issued, received)
    parameters = {"department": department, "document": document, "issued": issued, "received": received}
    return _open(asked, "policy_exemption/policy_exemption", parameters, say("policy_publication.secret_title"))


def _last(policy: str) -> Any:
    with reading() as connection:
        row = connection.execute(select(POLICIES).where(POLICIES.c.code == policy)).one_or_none()
    if row is None:
        raise Refusal("policy_publication.no_such_policy", code=policy)
    return row


def _open(asked: Asked, story: str, parameters: dict[str, Any], title: str) -> Dossier:
    today = local_day(now())
    with transaction() as tx:
        tx.alone(PROCESS)
        mine = select(CHANGES, CASES.c.number, CASES.c.status).join(CASES, CASES.c.id == CHANGES.c.case_id)
        found = tx.core.execute(mine.where(CHANGES.c.asked == asked.digest)).one_or_none()
        if found is not None and not _same(tx, found, asked):
            found = None
        if found is None:
            _check(asked, today)
            code, place = (asked.policy, _next_place(tx, asked.policy)) if asked.policy else (_next_code(tx, today), 1)
        else:
            code, place = found.code, found.place
        dossier = open_case(
            code if place == 1 else f"{code}-V{place}",
            process=PROCESS,
            subject=say("policy_publication.subject", kind=asked.kind.text, title=title),
            on=today,
            story=story,
            parameters={
                name: value.isoformat() if isinstance(value, date) else value for name, value in parameters.items()
            },
            status=P.DRAFTING,
            unit=asked.department,
        )
        if found is None:
            _keep(tx, dossier, asked, code, place)
    return dossier


def _check(asked: Asked, today: date) -> None:
    if (day := max(asked.issued, asked.received or asked.issued)) > today:
        raise Refusal("policy_publication.ahead", day=day.isoformat(), today=today.isoformat())
    if asked.content:
        check_conditions(asked.content.conditions, today)
    if asked.policy:
        policy = _last(asked.policy)
        if policy.repealed_on:
            raise Refusal("policy_publication.repealed", code=policy.code, day=policy.repealed_on.isoformat())
        last = select(func.max(VERSIONS.c.since)).where(VERSIONS.c.policy_id == policy.id)
        with reading() as connection:
            since = connection.execute(last).scalar_one_or_none()
        if since and asked.effective < since:
            raise Refusal("policy_publication.before_last", code=policy.code, since=since.isoformat())
        if policy.department != asked.department:
            raise Refusal(
                "policy_publication.other_department", code=policy.code, department=office(policy.department).title
            )


def _same(tx: Transaction, found: Any, asked: Asked) -> bool:
    """Say whether this is the change that is known, asked for again; another draft after a rejected one is new.

    Raises:
        Refusal: it is under way or done with another draft: a corrected one is sent to the case instead.
    """
    first = select(DRAFTS.c.content).where(DRAFTS.c.case_id == found.case_id, DRAFTS.c.turn == 1)
    known = tx.core.execute(first).scalar_one_or_none()
    given = asked.content.model_dump(mode="json") if asked.content else None
    if canonical(known) == canonical(given):
        return True
    if found.status != P.CANCELLED:
        raise Refusal("policy_publication.another_draft", document=asked.document, number=found.number)
    gone = sha256(f"{asked.digest}-{found.number}".encode()).hexdigest()
    tx.core.execute(update(CHANGES).where(CHANGES.c.case_id == found.case_id).values(asked=gone))
    return False


def _next_place(tx: Transaction, code: str) -> int:
    """Return the place of a policy's next change.

    Raises:
        Refusal: its last change is still under way.
    """
    mine = (
        select(CHANGES.c.place, CASES.c.number, CASES.c.status)
        .join(CASES, CASES.c.id == CHANGES.c.case_id)
        .where(CHANGES.c.code == code)
        .order_by(CHANGES.c.place.desc())
    )
    last = tx.core.execute(mine).first()
    if last and last.status in _OPEN:
        raise Refusal("policy_publication.under_way", number=last.number)
    return int(last.place) + 1 if last else 2


def _next_code(tx: Transaction, today: date) -> str:
    head = f"ZC-{today.year}-"
    codes = {
        code
        for column in (CHANGES.c.code, POLICIES.c.code)
        for code in tx.core.execute(select(column).where(column.like(f"{head}%"))).scalars()
    }
    taken = [int(code.removeprefix(head)) for code in codes if code.removeprefix(head).isdecimal()]
    return f"{head}{max(taken, default=0) + 1:03}"


def _keep(tx: Transaction, dossier: Dossier, asked: Asked, code: str, place: int) -> None:
    tx.core.execute(
        insert(CHANGES).values(
            case_id=dossier.id,
            code=code,
            place=place,
            kind=asked.kind.value,
            department=asked.department,
            document=asked.document,
            anchored_on=_anchor(asked, dossier.on),
            effective_on=asked.effective,
            asked=asked.digest,
        )
    )
    if asked.content:
        tx.core.execute(
            insert(DRAFTS).values(case_id=dossier.id, turn=1, content=asked.content.model_dump(mode="json"), at=now())
        )


def _anchor(asked: Asked, on: date) -> date:
    """Return the day the clock is anchored to (readings `publication_anchor`, `superior_anchor`)."""
    if asked.received and reading_of("policy_redemption.superior_anchor", on) == "receipt":
        return asked.received
    effect = reading_of("policy_redemption.publication_anchor", on) == "effect"
    return asked.effective if effect else asked.issued


def change_of(dossier: Dossier) -> Any:
    """Return what a case changes."""
    with reading() as connection:
        return connection.execute(select(CHANGES).where(CHANGES.c.case_id == dossier.id)).one()


def watch_publication(dossier: Dossier) -> date | None:
    """Start the clock of Art. 11 and return its last day; None where the change is from before the rules."""
    change = change_of(dossier)
    if publication_standing(change.anchored_on, None, dossier.on).kept == "out_of_scope":
        note_out_of_scope(dossier)
        return None
    rule = cited("policy_redemption.publication_days", change.anchored_on)
    owed = Owed(
        DUTY,
        Clock.WORKING_DAYS,
        rule.value,
        datetime.combine(change.anchored_on, time(), SHANGHAI),
        office=change.department,
        rule=rule.label,
        rungs=LADDER,
        escalation={"breach": [head_of(change.department), CENTRE]},
    )
    return local_day(start_clock(dossier, owed))


@step(rule=lambda dossier: cited("policy_redemption.validity", dossier.on).label)
def note_out_of_scope(dossier: Dossier) -> Line:
    """Note that the change is from before the rules."""
    return publication_standing(change_of(dossier).anchored_on, None, dossier.on).working[0]


def department_of(dossier: Dossier) -> str:
    """Return the role of the department, whose manager drafts (Art. 10)."""
    return str(change_of(dossier).department)


def leader_of(dossier: Dossier) -> str:
    """Return the role of the leader in charge, who reviews inside (Art. 10, 11)."""
    return head_of(change_of(dossier).department)


def draft_of(dossier: Dossier) -> PolicyContent:
    """Return the draft of this turn."""
    chosen = select(DRAFTS.c.content).where(DRAFTS.c.case_id == dossier.id, DRAFTS.c.turn == dossier.turn)
    with reading() as connection:
        return PolicyContent.model_validate(connection.execute(chosen).scalar_one())


def end_clock(dossier: Dossier) -> None:
    """Note that the duty is done, late or in time; a change from before the rules has no clock."""
    if (f"clock-{DUTY}", 1) in dossier.journal:
        meet_clock(dossier.at_turn(1), DUTY)
