"""Policies onto the platform: published, amended, repealed, exempt (海政办发〔2023〕27号, Art. 10, 11)."""

from datetime import date

from prefect import flow
from prefect.client.schemas.objects import State

from config.messages import say
from models.answer import Approval, Confirmation, Determination
from models.policy_redemption.change import PublicationStatus as P
from models.policy_redemption.content import PolicyContent
from tasks.ask import ask, drafted_by
from tasks.case import close_case
from tasks.policy_redemption import draft, publication, publish
from tasks.step import Dossier
from tasks.story import story


@story(name="policy_publication", run_name=publication.run_name, description=say("policy_publication.description"))
def policy_publication(content: PolicyContent, policy: str = "", received: date | None = None) -> str:
    """Publish a new policy, or the next version of one, with its interpretation and guide.

    Args:
        content: the policy as the paper says it, with interpretation and guide.
        policy: code of the policy that is amended; empty for a new one.
        received: the day a superior's paper came in; empty for one of our own.
    """
    case = publication.open_publication(content, policy, received)
    due = publication.watch_publication(case)  # Art. 11: five working days
    while True:
        verdict, reason = review(case, due)  # Art. 10, 11: the manager drafts, the leader in charge reviews
        if verdict != "return":
            break
        draft.send_back_draft(case, reason)
        case = draft.await_draft(case)
    if verdict == "reject":
        close_case(case, P.CANCELLED)
        return case.number
    done = publish.publish_policy(case)
    publication.end_clock(case)
    close_case(case, done.status, done)
    return case.number


def review(case: Dossier, due: date | None) -> tuple[str, str]:
    """Have the manager sign the draft and the leader in charge review it: another person."""
    drafted = ask(Confirmation, case, "draft", of=publication.department_of(case), text=draft.text(case, "draft", due))
    if drafted.verdict == "not_done":
        return "return", drafted.reason
    word = ask(Determination, case, "internal_review", of=publication.leader_of(case),
               text=draft.text(case, "internal_review", due), excluded=[drafted_by(case, "draft")])  # fmt: skip
    return word.verdict, word.reason


@flow(name="policy_draft", description=say("policy_publication.draft"),
      flow_run_name=say("policy_publication.draft_name", case="{case}"), persist_result=False)  # fmt: skip
def policy_draft(case: str, content: PolicyContent) -> State[str]:
    """Send in the corrected draft of a publication that was sent back.

    Args:
        case: number of the publication, for example ZC-2027-001.
        content: the corrected draft, whole.
    """
    return draft.send_by_form(case, content)


@story(name="policy_repeal", run_name=publication.repeal_name, description=say("policy_publication.repeal"))
def policy_repeal(
    policy: str, document: str, issued: date, effective: date | None = None, received: date | None = None
) -> str:
    """Take a repealed policy off the platform.

    Args:
        policy: code of the policy, for example ZC-2027-001.
        document: number of the paper that repeals it.
        issued: the day of that paper.
        effective: the day from which it is repealed; empty for the day of the paper.
        received: the day a superior's paper came in; empty for one of our own.
    """
    case = publication.open_repeal(policy, document, issued, effective, received)
    due = publication.watch_publication(case)  # Art. 11: five working days
    if not approve(case, due):
        return case.number
    done = publish.withdraw_policy(case)
    publication.end_clock(case)
    close_case(case, done.status, done)
    return case.number


@story(name="policy_exemption", run_name=publication.exemption_name, description=say("policy_publication.exemption"))
def policy_exemption(department: str, document: str, issued: date, received: date | None = None) -> str:
    """Record a secret paper as exempt from publication; nothing of what it says is entered.

    Args:
        department: the department, by its name or id.
        document: number of the paper.
        issued: the day of the paper.
        received: the day a superior's paper came in; empty for one of our own.
    """
    case = publication.open_exemption(department, document, issued, received)
    due = publication.watch_publication(case)
    if not approve(case, due):
        return case.number
    done = publish.exempt_policy(case)  # Art. 10: except secret ones
    publication.end_clock(case)
    close_case(case, done.status, done)
    return case.number


def approve(case: Dossier, due: date | None) -> bool:
    """Have the manager confirm the change and the leader in charge approve it; a rejected one is over."""
    drafted = ask(Confirmation, case, "draft", of=publication.department_of(case), text=draft.text(case, "draft", due))
    if drafted.verdict == "done":
        word = ask(Approval, case, "internal_review", of=publication.leader_of(case),
                   text=draft.text(case, "internal_review", due), excluded=[drafted_by(case, "draft")])  # fmt: skip
        if word.verdict == "approve":
            return True
    close_case(case, P.CANCELLED)
    return False
