"""Results in public: posted, held by an objection, ruled on, and payable once the posting is over (Art. 15–16)."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import select, update

from config.messages import say
from config.zone import SHANGHAI
from models.policy_redemption.answer import PolicyObjectionRuling
from models.policy_redemption.publicity import ResultKind
from models.policy_redemption.status import ApplicationStatus as A
from tasks.clock import local_day, now
from tasks.deadline_set import drop_clocks, meet_clocks, start_clocks
from tasks.members import Member, Moved, over_members
from tasks.policy_redemption import duty
from tasks.policy_redemption.duty import CENTRE, OBJECTION, POSTING, due_of
from tasks.policy_redemption.ledger import release
from tasks.policy_redemption.outcome import Outcomes, to_firm
from tasks.policy_redemption.payment import owe_payments
from tasks.policy_redemption.publicity import planned_days, post_result
from tasks.policy_redemption.review import signers_of
from tasks.policy_redemption.roll import OBJECTIONS, Filed, asked_already, cite, filed, notice_of, rule_of
from tasks.pose import latest_answers, members_to_ask, pose
from tasks.step import Dossier
from tasks.store import Transaction, transaction

POINT: Final = "objection"


@over_members(A.APPROVED, tells=lambda tally: (CENTRE,) if tally.reached else (), rule=rule_of("publicity_days"))
def post_results(dossier: Dossier, members: list[Member]) -> Iterable[Moved]:
    """Post the results that were approved: policy, firm, planned time and sum, complaint telephone (Art. 15)."""
    with transaction() as tx:
        files = filed(tx, [member.id for member in members])
        secret = {member.id for member in members if files[member.id].content.secret}
        open_ids = [member.id for member in members if member.id not in secret]
        at, ends = now(), None
        if open_ids:
            first = dict.fromkeys(open_ids, 1)
            due = start_clocks(tx, duty.posting(dossier.on), first, dict.fromkeys(open_ids, at))
            ends = local_day(due[open_ids[0]])
            planned = planned_days(tx, open_ids, ends)
            post_result(tx, ResultKind.APPROVED, open_ids, planned=planned, posting=(local_day(at), ends))
        if secret:
            post_result(tx, ResultKind.APPROVED, sorted(secret))
            owe_payments(tx, dossier, secret)
    rule = cite("publicity_days", dossier.on)
    exempt = cite("publicity_exempt", dossier.on)
    return [
        Moved(member, A.PAYABLE, {"posted": False}, (), exempt)  # Art. 16: secret results are not posted
        if member.id in secret
        else Moved(member, A.POSTED, {"posted": True, "until": ends}, (), rule)
        for member in members
    ]


@over_members(A.POSTED, tells=lambda tally: (duty.TREASURY,) if tally.reached else (), rule=rule_of("payment_limit"))
def end_postings(dossier: Dossier, members: list[Member]) -> Iterable[Moved]:
    """End the postings whose days are over: without a valid objection the payment notice goes out (Art. 8, 14)."""
    at = now()
    with transaction() as tx:
        due = due_of(tx, [member.id for member in members], POSTING)
        over = [member for member in members if member.id in due and due[member.id] < at]
        files = [member.id for member in over]
        meet_clocks(tx, POSTING, files)
        owe_payments(tx, dossier, files)
    rule = cite("payment_limit", dossier.on)
    return [Moved(member, A.PAYABLE, {}, [to_firm(member.number, "payable", dossier.subject)], rule) for member in over]


def ask_objections(dossier: Dossier) -> None:
    """Have each objection looked into by somebody who did not review the application."""
    if asked_already(dossier, POINT):
        return
    members = members_to_ask(dossier, POINT, (A.OBJECTED,))
    if not members:
        return
    notice = notice_of(dossier.id)
    with transaction() as tx:
        ids = [member.id for member in members]
        files, signers, due = filed(tx, ids), signers_of(tx, ids), due_of(tx, ids, OBJECTION)
        said = _open_objections(tx, ids)
    pose(
        PolicyObjectionRuling,
        dossier,
        POINT,
        members={member.number: _objection_text(files[member.id], said[member.id]) for member in members},
        of=notice.department,
        rule=cite("objection_days", dossier.on),
        excluded={member.number: sorted(signers.get(member.id, ())) for member in members},
        due={member.number: due[member.id] for member in members if member.id in due},
    )


def _open_objections(tx: Transaction, case_ids: list[int]) -> dict[int, list[str]]:
    """Return what the open objections say, by case id: receipt, day and ground, never who objects or in which words."""
    chosen = select(OBJECTIONS.c.case_id, OBJECTIONS.c.receipt, OBJECTIONS.c.ground, OBJECTIONS.c.at)
    chosen = chosen.where(OBJECTIONS.c.case_id.in_(case_ids), OBJECTIONS.c.ruling == "").order_by(OBJECTIONS.c.id)
    found: dict[int, list[str]] = {}
    for row in tx.core.execute(chosen):
        ground, day = say(f"roster.objection_ground_{row.ground}", "zh"), row.at.astimezone(SHANGHAI).date()
        text = say("policy_redemption.objection_line", "zh", receipt=row.receipt, day=day, ground=ground)
        found.setdefault(row.case_id, []).append(text)
    return found


def _objection_text(file: Filed, said: list[str]) -> str:
    lines = "\n".join(f"- {one}" for one in said)
    return say("question_policy_redemption.objection", policy=file.content.title, firm=file.firm, lines=lines)


@over_members(A.OBJECTED, rule=rule_of("objection_days"))
def rule_objections(dossier: Dossier, members: list[Member]) -> Iterable[Moved]:
    """Take up the rulings: an objection that holds ends the application and frees its sum; another ends nothing."""
    with transaction() as tx:
        answers = latest_answers(tx, POINT, [member.id for member in members])
        files, done = filed(tx, answers), Outcomes(tx, dossier)
        moves, upheld, rule = [], [], cite("objection_days", dossier.on)
        for member in members:
            if member.id not in answers:
                continue
            said = answers[member.id]
            outcome = {"ruling": said.verdict, "by": said.signed_by}
            if said.verdict == "upheld":
                upheld.append(member.id)
                reason = said.fields["reason"]
                moves.append(done.end(member, files[member.id], A.REFUSED, outcome, rule, reason=reason))
            else:
                told = [to_firm(member.number, "objection_dismissed", dossier.subject)]
                moves.append(Moved(member, A.POSTED, outcome, told, rule))
            this = (OBJECTIONS.c.case_id == member.id) & (OBJECTIONS.c.ruling == "")
            tx.core.execute(update(OBJECTIONS).where(this).values(ruling=said.verdict))
        meet_clocks(tx, OBJECTION, answers)
        if upheld:
            drop_clocks(tx, upheld, POSTING)
            release(tx, upheld)
            post_result(tx, ResultKind.REFUSED_AFTER_OBJECTION, upheld)
        done.write()
    return moves
