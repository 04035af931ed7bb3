"""Drafts of a policy: shown to the manager and the leader in charge, sent back, corrected (Art. 10)."""

from datetime import date
from hashlib import sha256
from typing import Final

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from sqlalchemy import func, insert, select

from config.fact import Fact
from config.messages import Refusal, say
from config.offices import office
from config.rulebook import cited, rule
from models.column import canonical
from models.policy_redemption.change import ChangeKind
from models.policy_redemption.change import PublicationStatus as P
from models.policy_redemption.content import Condition, Grant, PolicyContent
from models.policy_redemption.matching import check_conditions
from tasks.clock import local_day, now
from tasks.journal import CASES, case_id_of, lock
from tasks.policy_redemption.publication import CHANGES, DRAFTS, change_of
from tasks.reach import prefect
from tasks.step import Dossier, step
from tasks.store import reading, transaction
from tasks.wait import INSTANCES, count_nudge, park
from tasks.worklist import wake

GUIDE: Final = "policy_redemption.guide_fields"


class Returned(Fact):
    """A draft that goes back."""

    department: str
    reason: str


def draft_of(dossier: Dossier) -> PolicyContent:
    """Return the draft of this turn."""
    chosen = select(DRAFTS.c.content).where(DRAFTS.c.case_id == dossier.id, DRAFTS.c.turn == dossier.turn)
    with reading() as connection:
        return PolicyContent.model_validate(connection.execute(chosen).scalar_one())


def text(dossier: Dossier, point: str, due: date | None) -> str:
    """Return what the manager and the leader look at: the whole draft; of a secret one only its number."""
    change = change_of(dossier)
    facts = {
        "kind": ChangeKind(change.kind).text,
        "subject": dossier.subject,
        "document": change.document,
        "department": office(change.department).title,
        "effective": change.effective_on.isoformat(),
        "due": due.isoformat() if due else say("policy_publication.no_limit"),
    }
    head = say(f"question_policy_publication.{point}", **facts)
    if change.kind in {ChangeKind.REPEAL, ChangeKind.EXEMPT}:
        return head
    content = draft_of(dossier)
    if content.secret:
        return f"{head}\n\n{say('policy_publication.secret_text')}"
    return f"{head}\n\n{_shown(content)}"


def _shown(content: PolicyContent) -> str:
    """Show a draft as lists that read on a telephone, too."""
    guide = content.guide
    lines = {
        "title": content.title,
        "lane": say(f"policy_judgement.lane_{content.lane}"),
        "interpretation": content.interpretation,
        **{name: getattr(guide, name) for name in rule(GUIDE, local_day(now()))},
        "checks": "；".join(_condition(one) for one in content.conditions) or say("policy_publication.none"),
        "papers": "；".join(one.name if one.required else say("policy_publication.optional", name=one.name)
                           for one in content.materials) or say("policy_publication.none"),
        "grant": _grant(content.grant),
        "reviewers": " → ".join("、".join(office(role).title for role in level) for level in content.levels),
        "matter": content.matter,
        "payment_days": content.payment_days,
        "complaint_telephone": content.complaint_telephone,
    }  # fmt: skip
    return "\n".join(f"- **{say(f'policy_publication.field_{name}')}**：{value}" for name, value in lines.items())


def _condition(one: Condition) -> str:
    if one.judged_by == "person":
        return say("policy_publication.by_person", name=one.name)
    fact, comparison = (say(f"policy_judgement.{key}") for key in (f"fact_{one.fact}", f"comparison_{one.comparison}"))
    return f"{one.name}（{fact}{comparison}{one.value}）"


def _grant(grant: Grant) -> str:
    cap = say("policy_publication.grant_cap", cap=grant.cap) if grant.cap else ""
    if grant.kind == "share":
        of = say(f"policy_judgement.fact_{grant.of}")
        return say("policy_publication.grant_share", of=of, share=grant.share) + cap
    return say(f"policy_publication.grant_{grant.kind}", amount=grant.amount) + cap


def send_draft(number: str, content: PolicyContent) -> str:
    """Take in the corrected draft of a publication that internal review sent back; return the case's number.

    Raises:
        Refusal: there is no such publication, it was not sent back, or the draft is not of the same policy and paper.
    """
    case_id = case_id_of(number)
    with transaction() as tx:
        lock(tx, case_id)
        chosen = select(CHANGES.c.department, CHANGES.c.document, CASES.c.status).where(CASES.c.id == case_id)
        change = tx.core.execute(chosen.join(CASES, CASES.c.id == CHANGES.c.case_id)).one_or_none()
        if change is None or change.status != P.RETURNED:
            raise Refusal("policy_publication.not_returned", number=number)
        if (change.department, change.document) != (content.department, content.document):
            raise Refusal("policy_publication.other_paper", number=number, document=change.document)
        check_conditions(content.conditions, local_day(now()))
        last = select(func.max(DRAFTS.c.turn)).where(DRAFTS.c.case_id == case_id)
        values = {"content": content.model_dump(mode="json"), "at": now()}
        turn = tx.core.execute(last).scalar_one() + 1
        tx.core.execute(insert(DRAFTS).values(case_id=case_id, turn=turn, **values))
        count_nudge(case_id)
    return number


def send_by_form(number: str, content: PolicyContent) -> State[str]:
    """Take a corrected draft in through its form: a refusal ends the run with its reason, and nothing is changed."""
    try:
        send_draft(number, content)
    except Refusal as refusal:
        return Failed(message=str(refusal))
    with reading() as connection:
        mine = select(INSTANCES.c.run_id).where(INSTANCES.c.case_id == case_id_of(number))
        run_id = connection.execute(mine).scalar_one()
    with prefect() as client:
        wake(client, run_id)
    return Completed(message=say("policy_publication.draft_taken", number=number))


@step(
    reaches=P.RETURNED,
    tells=lambda returned: (returned.department,),
    rule=lambda dossier: cited("policy_redemption.publication_days", dossier.on).label,
)
def send_back_draft(dossier: Dossier, reason: str) -> Returned:
    """Send a draft back with the reason; the clock runs on."""
    return Returned(department=change_of(dossier).department, reason=reason)


def await_draft(dossier: Dossier) -> Dossier:
    """Wait for the corrected draft, however long it takes; return the case on its next turn.

    Raises:
        Parked: it has not come.
    """
    following = dossier.again()
    if ("take_draft", following.turn) not in dossier.journal:
        mine = (DRAFTS.c.case_id == dossier.id) & (DRAFTS.c.turn == following.turn)
        with reading() as connection:
            if connection.execute(select(DRAFTS.c.turn).where(mine)).first() is None:
                raise park(dossier, "draft", None)
    take_draft(following)
    return following


@step(reaches=P.DRAFTING)
def take_draft(dossier: Dossier) -> str:
    """Take up the corrected draft of this turn; return its digest."""
    return sha256(canonical(draft_of(dossier).model_dump(mode="json")).encode()).hexdigest()
