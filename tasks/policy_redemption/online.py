"""Firms at the door without a sheet: applications, objections, withdrawals through their deployments (Art. 13–15)."""

import hashlib
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from sqlalchemy import select

from config.messages import Refusal, say
from models.column import canonical
from models.identity import check_credit_code
from models.policy_redemption.money import fen
from models.policy_redemption.policy import FirmFact
from models.roster.redemption import ObjectionGround
from tasks.journal import CASES, case_id_of
from tasks.policy_redemption.arrival import object_to
from tasks.policy_redemption.intake import FIGURES, Declined, Filing, file_applications, papers_of
from tasks.policy_redemption.roll import REDEMPTIONS
from tasks.policy_redemption.withdrawal import withdraw_application
from tasks.reach import prefect
from tasks.store import reading, transaction
from tasks.wait import INSTANCES, count_nudge
from tasks.worklist import wake

_UNIT: Final = "（"


def apply_online(
    notice: str, uscc: str, *, requested: str = "", figures: str = "", materials: str = "", channel: str = "online"
) -> str:
    """Take one application in, as it comes from a form or over HTTP; return its number.

    The same application again returns the same number.

    Args:
        notice: number of the notice.
        uscc: the firm's credit code.
        requested: yuan; empty where the policy computes the sum.
        figures: what the firm declares, a line each: 研发费用=1200000.
        materials: a line each: material=file; the files lie in the notice's inbox.
        channel: online or window.

    Raises:
        Refusal: why it is not taken in.
    """
    notice_id = _notice_id(notice)
    checked = check_credit_code(uscc)
    if checked.errors:
        raise Refusal("policy_redemption.uscc_wrong", given=uscc[:40])
    papers = papers_of(materials)
    given: dict[str, Any] = {
        "uscc": checked.value,
        "requested": _sum(requested),
        "figures": figures_of(figures),
        "papers": papers,
        "channel": channel,
    }
    mark = hashlib.sha256(canonical(given).encode()).hexdigest()[:16]
    with transaction() as tx:
        result = file_applications(tx, notice_id, [Filing(**given, account=None, mark=mark)])[0]
        if isinstance(result, Declined):
            raise result.refusal()
        count_nudge(notice_id)
    return result


def _notice_id(number: str) -> int:
    case_id = case_id_of(number)
    with reading() as connection:
        found = connection.execute(select(REDEMPTIONS.c.case_id).where(REDEMPTIONS.c.case_id == case_id)).first()
    if found is None:
        raise Refusal("kernel.no_such_case", number=number)
    return case_id


def _sum(given: str) -> Decimal | None:
    if not given.strip():
        return None
    try:
        amount = Decimal(given.replace(",", "").strip())
        fen(amount)
    except (InvalidOperation, Refusal):
        raise Refusal("policy_redemption.money_wrong", given=given[:40]) from None
    if amount <= 0:
        raise Refusal("policy_redemption.money_wrong", given=given[:40])
    return amount


def figures_of(text: str) -> dict[str, str]:
    """Read declared figures, a line each: fact=number; the fact by its title or its name.

    Raises:
        Refusal: a line is none.
    """
    titles = {_title(name): name for name in FIGURES} | {name: name for name in FIGURES}
    found: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, sign, number = line.replace("＝", "=", 1).partition("=")
        known = titles.get(name.strip().partition(_UNIT)[0])
        try:
            value = Decimal(number.replace(",", "").strip())
        except InvalidOperation:
            value = Decimal(-1)
        if not sign or known is None or not value.is_finite() or value < 0:
            raise Refusal("policy_redemption.figure_wrong", part=line[:40], known="、".join(map(_title, FIGURES)))
        found[known] = str(value)
    return found


def _title(name: str) -> str:
    return say(f"policy_judgement.fact_{FirmFact(name)}", "zh").partition(_UNIT)[0]


def _woken(notice: str) -> None:
    """Wake the notice's run: what came is in the database already, and the rescue would find it, too."""
    chosen = select(INSTANCES.c.run_id).join(CASES, CASES.c.id == INSTANCES.c.case_id).where(CASES.c.number == notice)
    with reading() as connection:
        run_id = connection.execute(chosen).scalar_one_or_none()
    with prefect() as client:
        wake(client, run_id or "")


def apply_by_form(  # noqa: PLR0917 -- the fields of the form
    notice: str, uscc: str, requested: str, figures: str, materials: str, channel: str
) -> State[str]:
    """Apply through the deployment: the run ends with the number, or with the reason in one sentence."""
    try:
        number = apply_online(notice, uscc, requested=requested, figures=figures, materials=materials, channel=channel)
    except Refusal as refusal:
        return Failed(message=str(refusal))
    _woken(notice)
    return Completed(message=say("policy_redemption.received", number=number), data=number)


def _ground(given: str) -> ObjectionGround:
    """Return the ground that a word stands for.

    Raises:
        Refusal: it is none of the words.
    """
    words = {word: one for one in ObjectionGround for word in (one.word, one.value)}
    if given.strip() not in words:
        raise Refusal("roster.choice_wrong", choices="、".join(one.word for one in ObjectionGround))
    return words[given.strip()]


def object_by_form(number: str, receipt: str, ground: str) -> State[str]:
    """Enter an objection through the deployment."""
    try:
        notice = object_to(number, receipt, _ground(ground).value)
    except Refusal as refusal:
        return Failed(message=str(refusal))
    _woken(notice)
    return Completed(message=say("policy_redemption.objected", number=number), data=number)


def withdraw_by_form(number: str, reason: str) -> State[str]:
    """Withdraw through the deployment."""
    try:
        notice = withdraw_application(number, reason)
    except Refusal as refusal:
        return Failed(message=str(refusal))
    _woken(notice)
    return Completed(message=say("policy_redemption.withdrawn", number=number), data=number)
