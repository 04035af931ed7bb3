"""Review level by level, side by side within a level; an approval commits its sum or waits (Art. 8, 12, 14)."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import select

from config.messages import say
from config.rulebook import reading as reading_of
from models.case import Mode
from models.policy_redemption.answer import PolicyReview, items_of
from models.policy_redemption.grant import Assessed, assess
from models.policy_redemption.status import ApplicationStatus as A
from tasks.ask import DECISIONS, SEATS
from tasks.members import Member, Moved, over_members
from tasks.policy_redemption.commitment import Granted, commit, decision_rule
from tasks.policy_redemption.duplicate import GRANTED, duplications
from tasks.policy_redemption.duty import PROMISE, due_of
from tasks.policy_redemption.feedback import item_of, shown_of
from tasks.policy_redemption.outcome import Outcomes
from tasks.policy_redemption.roll import Filed, asked_already, cite, filed, notice_of, rule_of, told_of
from tasks.pose import Answered, latest_answers, members_to_ask, pose
from tasks.step import Dossier
from tasks.store import Transaction, transaction

POINT: Final = "review"


def ask_reviews(dossier: Dossier) -> None:
    """Put each application before the departments of its level, all of them at the same time."""
    if asked_already(dossier, POINT):
        return
    members = members_to_ask(dossier, POINT, (A.REVIEWING,))
    if not members:
        return
    with transaction() as tx:
        ids = [member.id for member in members]
        files, told, due = filed(tx, ids), told_of(tx, ids), due_of(tx, ids, PROMISE)
    shown = {}
    for member in members:
        file = files[member.id]
        shown[member.number] = shown_of(file, told.get(member.id, [])) | {
            "to_firm": file.level <= 1,
            "amount_needed": file.level == len(file.levels) and assessed(file).amount is None,
        }
    pose(
        PolicyReview,
        dossier,
        POINT,
        members={member.number: review_text(files[member.id]) for member in members},
        of={member.number: files[member.id].levels[files[member.id].level - 1] for member in members},
        mode=Mode.ALL_OF,
        rule=cite("decision_limit", dossier.on),
        shown=shown,
        due={member.number: due[member.id] for member in members if member.id in due},
    )


def assessed(file: Filed) -> Assessed:
    """Return what the policy grants the firm, under the rules of its day."""
    return assess(file.content.grant, file.facts, file.requested, file.on)


def review_text(file: Filed) -> str:
    """Return what a reviewer looks at: firm, papers, sum with its working, and the level."""
    found = assessed(file)
    return say(
        "question_policy_redemption.review",
        policy=file.content.title,
        version=file.version,
        firm=file.firm,
        uscc=file.uscc,
        papers="、".join(file.papers) or say("question_policy_redemption.none"),
        level=file.level,
        levels=len(file.levels),
        sum=say("question_policy_redemption.by_reviewer") if found.amount is None else f"{found.amount:,.2f}",
        working="\n".join(f"- {line.text('zh')}" for line in found.working),
    )


@over_members(A.REVIEWING, rule=rule_of("decision_limit"))
def judge_reviews(dossier: Dossier, members: list[Member]) -> Iterable[Moved]:
    """Take up what the departments decided: on to the next level, back one level, refused, or granted (Art. 12, 14)."""
    notice = notice_of(dossier.id)
    with transaction() as tx:
        answers = latest_answers(tx, POINT, [member.id for member in members])
        files, done = filed(tx, answers), Outcomes(tx, dossier)
        again = duplications(tx, files.values(), GRANTED)
        moves: list[Moved] = []
        granted: list[Granted] = []
        for member in members:
            if member.id not in answers:
                continue
            said, file = answers[member.id], files[member.id]
            if said.verdict == "approve" and file.level >= len(file.levels):
                found = _granted(member, file, said, again[member.id], dossier.on)
                if isinstance(found, str):
                    outcome = _signed(file, said)
                    moves.append(done.end(member, file, A.REFUSED, outcome, decision_rule(dossier), reason=found))
                else:
                    granted.append(found)
            else:
                moves.append(_judged(done, member, file, said))
        moves += commit(done, notice.budget_id, granted)
        done.write()
    return moves


def _signed(file: Filed, said: Answered) -> dict[str, Any]:
    """Return who decided at which level; the signers are officers."""
    return {"level": file.level, "verdict": said.verdict, "by": list(said.signers)}


def _judged(done: Outcomes, member: Member, file: Filed, said: Answered) -> Moved:
    """Return what becomes of an application that is not granted by this answer."""
    outcome, rule = _signed(file, said), decision_rule(done.dossier)
    if said.verdict == "reject":
        return done.end(member, file, A.REFUSED, outcome, rule, reason=said.fields["reason"])
    if said.verdict == "approve":
        done.set(member.id, level=file.level + 1)
        return Moved(member, None, outcome | {"next_level": file.level + 1}, (), rule)
    if file.level > 1:
        done.set(member.id, level=file.level - 1)
        return Moved(member, None, outcome | {"next_level": file.level - 1, "reason": said.fields["reason"]}, (), rule)
    asked = [(item_of(one), said.fields["reason"]) for one in items_of(said.fields["items"])]
    return done.correct(member, file, asked, outcome, cite("told_once", done.dossier.on))


def reviewed_sum(said: Answered, on: date) -> Decimal:
    """Return the sum in yuan that the reviewers of the last level name; where they differ, by the day's reading."""
    sums = [Decimal(one["amount"]) for one in said.answers if one.get("amount")]
    return min(sums) if reading_of("policy_redemption.reviewed_sums", on) == "lowest" else sums[-1]


def _granted(member: Member, file: Filed, said: Answered, again: Any, on: date) -> Granted | str:
    """Return what an application is granted, or why nothing is left of it beside what its firm has already."""
    found = assessed(file)
    amount = reviewed_sum(said, on) if found.amount is None else found.amount
    lines = [*found.working, *again.working]
    rest = again.rest(amount)
    if rest <= 0:
        return "；".join(line.text("zh") for line in lines)
    outcome = _signed(file, said) | {"amount": f"{rest:.2f}", "working": [line.text("zh") for line in lines]}
    return Granted(member, file, outcome, rest)


def signers_of(tx: Transaction, case_ids: Iterable[int]) -> dict[int, set[str]]:
    """Return who signed reviews of applications, by case id: they do not rule on objections to them."""
    chosen = (
        select(DECISIONS.c.case_id, SEATS.c.signed_by)
        .join(SEATS, SEATS.c.decision_id == DECISIONS.c.id)
        .where(DECISIONS.c.case_id.in_(list(case_ids)), DECISIONS.c.point == POINT, SEATS.c.signed_by != "")
    )
    found: dict[int, set[str]] = {}
    for row in tx.core.execute(chosen):
        found.setdefault(row.case_id, set()).add(row.signed_by)
    return found
