"""Feedback within two working days: accepted, told once what is missing, or refused with the reason (Art. 14)."""

from collections.abc import Iterable, Mapping
from typing import Any

from config.messages import Refusal, say
from models.policy_redemption.answer import PolicyAcceptance, items_of
from models.policy_redemption.completeness import ACCOUNT, Examination, examine, second_notice
from models.policy_redemption.status import ApplicationStatus as A
from tasks.clock import now
from tasks.deadline_set import meet_clocks, resume_clocks, start_clocks
from tasks.members import Member, Moved, over_members
from tasks.policy_redemption import duty
from tasks.policy_redemption.duplicate import barred_by
from tasks.policy_redemption.duty import CORRECTION, FEEDBACK, PROMISE, due_of
from tasks.policy_redemption.outcome import Outcomes
from tasks.policy_redemption.roll import (
    Filed,
    Told,
    asked_already,
    cite,
    filed,
    notice_of,
    owes,
    rule_of,
    title_of,
    told_of,
)
from tasks.pose import latest_answers, members_to_ask, pose
from tasks.step import Dossier
from tasks.store import Transaction, transaction

POINT = "acceptance"


@over_members(A.SUBMITTED, rule=rule_of("told_once"))
def examine_applications(dossier: Dossier, members: list[Member]) -> Iterable[Moved]:
    """Examine each application once and whole by its checklist and conditions (Art. 14)."""
    with transaction() as tx:
        ids = [member.id for member in members]
        files, told, done = filed(tx, ids), told_of(tx, ids), Outcomes(tx, dossier)
        barred = barred_by(tx, files.values())
        moves = [
            _examined(done, member, files[member.id], told.get(member.id, []), barred.get(member.id, ""))
            for member in members
        ]
        done.write()
    return moves


def _examined(done: Outcomes, member: Member, file: Filed, told: list[Told], barred: str) -> Moved:
    rule = cite("told_once", done.dossier.on)
    try:
        found = examine(file.content, file.facts, file.present(), file.has_account, file.on)
    except Refusal as refusal:  # a policy that cannot be judged by machine is for the section, and holds up nobody else
        return Moved(member, A.CHECKING, {"outcome": "to_judge", "why": [str(refusal)]}, (), rule)
    outcome = {"outcome": found.outcome, "policy_version": file.version, "working": _lines(found)}
    if barred:
        return Moved(member, A.CHECKING, {**outcome, "why": [barred]}, (), rule)
    if found.outcome == "complete":
        return done.accept(member, file, outcome, rule)
    if found.outcome == "deficient":
        asked = _askable(found, file, told)
        if asked:
            return done.correct(member, file, asked, outcome, rule)
        return Moved(member, A.CHECKING, {**outcome, "why": [say("policy_redemption.told_before", "zh")]}, (), rule)
    return Moved(member, A.CHECKING, {**outcome, "why": reasons(found)}, (), rule)


def _askable(found: Examination, file: Filed, told: list[Told]) -> list[tuple[str, str]]:
    """Return what a notice may list: everything the first time, later only what could not be seen then."""
    if not told:
        return [(one.item, one.why.text("zh")) for one in found.missing]
    first = min(one.at for one in told)
    known = {one.item for one in told}
    present_then = {name for name, at in file.papers.items() if at <= first} - known
    again = second_notice(found.missing, known, present_then, file.on)
    return [(one.item, one.why.text("zh")) for one in again.may_ask]


def reasons(found: Examination) -> list[str]:
    """Return why a person must look: what fails, what only a person can judge, and what is missing besides."""
    judged = (say("policy_redemption.for_person", "zh", condition=name) for name in found.for_person)
    return [*(line.text("zh") for line in found.failed), *judged, *(one.why.text("zh") for one in found.missing)]


def _lines(found: Examination) -> list[str]:
    return [line.text("zh") for line in found.working]


def ask_acceptance(dossier: Dossier) -> None:
    """Have the section judge what no machine can, each for itself; nobody waits for the others."""
    if asked_already(dossier, POINT):
        return
    members = members_to_ask(dossier, POINT, (A.CHECKING,))
    if not members:
        return
    notice = notice_of(dossier.id)
    with transaction() as tx:
        ids = [member.id for member in members]
        files, told = filed(tx, ids), told_of(tx, ids)
        due = due_of(tx, ids, FEEDBACK)
    texts = {member.number: acceptance_text(files[member.id]) for member in members}
    pose(
        PolicyAcceptance,
        dossier,
        POINT,
        members=texts,
        of=notice.department,
        rule=cite("told_once", dossier.on),
        shown={member.number: shown_of(files[member.id], told.get(member.id, [])) for member in members},
        due={member.number: due[member.id] for member in members if member.id in due},
    )


def acceptance_text(file: Filed) -> str:
    """Return what the section looks at: the firm, its papers, and why a person must judge."""
    found = examine(file.content, file.facts, file.present(), file.has_account, file.on)
    why = "\n".join(f"- {one}" for one in reasons(found)) or f"- {say('policy_redemption.look_at_papers', 'zh')}"
    return say(
        "question_policy_redemption.acceptance",
        policy=file.content.title,
        version=file.version,
        firm=file.firm,
        uscc=file.uscc,
        papers="、".join(file.papers) or say("question_policy_redemption.none"),
        why=why,
    )


def shown_of(file: Filed, told: list[Told]) -> dict[str, Any]:
    """Return what a return to the firm is held against: what may be asked for, and what might have been the first time.

    Before the first notice everything on the checklist may be asked for, once. After it, only what came in anew: what
    lay there the first time, or could have been missed then, may not be asked for again.
    """
    every = [*(one.name for one in file.content.materials), title_of(ACCOUNT)]
    if not told:
        return {"askable": every, "closed": []}
    first = min(one.at for one in told)
    fresh = {name for name, at in file.papers.items() if at > first}
    return {
        "askable": [item for item in every if item in fresh],
        "closed": [item for item in every if item not in fresh],
    }


def item_of(title: str) -> str:
    """Return the item that a person named: the account by its title, a material as it is."""
    return ACCOUNT if title == title_of(ACCOUNT) else title


@over_members(A.CHECKING, rule=rule_of("feedback_covers"))
def judge_acceptance(dossier: Dossier, members: list[Member]) -> Iterable[Moved]:
    """Take up what the section judged: accepted, told once what to mend, or not accepted with the reason (Art. 14)."""
    notice = notice_of(dossier.id)
    with transaction() as tx:
        answers = latest_answers(tx, POINT, [member.id for member in members])
        files, done, moves = filed(tx, answers), Outcomes(tx, dossier), []
        rule = cite("feedback_covers", dossier.on)
        for member in members:
            if member.id not in answers:
                continue
            said, file = answers[member.id], files[member.id]
            outcome = {"by": said.signed_by, "policy_version": file.version}
            if said.verdict == "reject":
                status = A.NOT_MATCHED if notice.apply_free else A.NOT_ACCEPTED
                moves.append(done.end(member, file, status, outcome, rule, reason=said.fields["reason"]))
            elif notice.apply_free:
                moves.append(Moved(member, A.MATCHED, outcome, (), rule))
            elif said.verdict == "approve":
                moves.append(done.accept(member, file, outcome, rule))
            else:
                asked = [(item_of(one), said.fields["reason"]) for one in items_of(said.fields["items"])]
                moves.append(done.correct(member, file, asked, outcome, rule))
        done.write()
    return moves


@over_members(A.CORRECTION, rule=rule_of("resubmission_clock"))
def take_corrections(dossier: Dossier, members: list[Member]) -> Iterable[Moved]:
    """Take up what firms mended: the feedback days begin anew; who is too late is out (Art. 14)."""
    notice, at = notice_of(dossier.id), now()
    with transaction() as tx:
        ids = [member.id for member in members]
        files, told, due = filed(tx, ids), told_of(tx, ids), due_of(tx, ids, CORRECTION)
        done, moves = Outcomes(tx, dossier), []
        mended: dict[int, Filed] = {}
        for member in members:
            file, lapsed = files[member.id], member.id in due and due[member.id] < at
            left = owes(file, told[member.id])
            in_time = file.stirred_at is not None and (not lapsed or file.stirred_at <= due[member.id])
            if not left and in_time:
                mended[member.id] = file
                moves.append(_resubmitted(member, file, cite("resubmission_clock", dossier.on)))
            elif lapsed:
                items = "、".join(map(title_of, left or [one.item for one in told[member.id]]))
                reason = say("policy_redemption.not_mended", "zh", items=items)
                rule = cite("correction_days", dossier.on)
                moves.append(done.end(member, file, A.EXPIRED, {"missing": left}, rule, reason=reason))
            elif file.stirred_at:  # some of it came: the notice stands until its last day
                done.set(member.id, stirred_at=None)
        meet_clocks(tx, CORRECTION, [move.member.id for move in moves])
        _restart(tx, notice, dossier, mended)
        for case_id in mended:
            done.set(case_id, stirred_at=None)
        done.write()
    return moves


def _resubmitted(member: Member, file: Filed, rule: str) -> Moved:
    return Moved(member, A.SUBMITTED, {"resubmitted": file.corrections, "received": file.stirred_at}, (), rule)


def _restart(tx: Transaction, notice: Any, dossier: Dossier, mended: Mapping[int, Filed]) -> None:
    resume_clocks(tx, PROMISE, mended)
    turns = {case_id: file.corrections + 1 for case_id, file in mended.items()}
    anchors = {case_id: file.stirred_at or now() for case_id, file in mended.items()}
    start_clocks(tx, duty.feedback(notice, dossier.on), turns, anchors)
