"""Papers of a correction case: the order, the notice before a penalty, and the decision (Art. 24; 行政处罚法)."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import select

from config.contacts import contacts
from config.messages import say
from config.offices import office
from config.rulebook import cited
from models.conscription.benefits import Standard
from models.conscription.service_answer import OrderToCorrect
from models.document import day_text
from models.paper import CorrectionOrder
from tasks.clock import local_day, now
from tasks.conscription.correction import CORRECTIONS, PARTIES, PERSONS, Issued, about
from tasks.conscription.course import rule_of
from tasks.conscription.penalty import Ruling, bounds_on, review_terms
from tasks.filing import Filed, file_papers, plain_paper
from tasks.step import Dossier, step
from tasks.store import reading

ISSUER: Final = "district_government"
"""Art. 24: the district government orders; Art. 28: the armed-forces department handles it."""


def _text(name: str, /, **facts: Any) -> str:
    return say(f"paper_correction_order.{name}", "zh", **facts)


def _name(dossier: Dossier) -> str:
    chosen = (
        select(PERSONS.c.name)
        .join(PARTIES, PARTIES.c.person_id == PERSONS.c.id)
        .join(CORRECTIONS, CORRECTIONS.c.member_id == PARTIES.c.case_id)
        .where(CORRECTIONS.c.case_id == dossier.id)
    )
    with reading() as connection:
        return str(connection.execute(chosen).scalar_one())


def _article(on: date) -> str:
    return cited("conscription.fine_multiples", on).label


def _offence(dossier: Dossier) -> str:
    return say(f"correction_order.offence_{about(dossier).offence}", "zh")


def _review(on: date) -> dict[str, Any]:
    return {**review_terms(on), "review_body": _text("review_body"), "court": _text("court")}


@step(rule=rule_of("review_days"))
def write_order(dossier: Dossier, order: Issued, word: OrderToCorrect, standards: Sequence[Standard]) -> Filed:
    """Write the order to correct: the fact, the article, the limit, what follows, how to contest it."""
    bounds = bounds_on(dossier, standards, dossier.on)
    paper = CorrectionOrder(
        issuer=office(ISSUER).zh,
        signed_on=order.issued_on,
        name=_name(dossier),
        offence=_offence(dossier),
        article=_article(dossier.on),
        evidence=word.evidence,
        correct_by=order.limit,
        how=word.how,
        fine_min=bounds.min,
        fine_max=bounds.max,
        contact=contacts().conscription_office.phone,
        **_review(dossier.on),
    )
    return file_papers(dossier, "order", [paper.compose()], 1)


@step(rule=rule_of("penalty_hearing_days"))
def write_notice(dossier: Dossier, order: Issued, ends: datetime) -> Filed:
    """Write the notice of the penalty in view, with the right to be heard."""
    days = cited("conscription.penalty_hearing_days", dossier.on).value
    facts = {
        "offence": _offence(dossier),
        "limit": day_text(order.limit),
        "article": _article(dossier.on),
        "days": days,
        "until": day_text(local_day(ends)),
        "contact": contacts().conscription_office.phone,
    }
    addressee = _text("addressee", name=_name(dossier))
    paper = plain_paper(
        ISSUER, _text("notice_title"), _text("notice_body", **facts), addressee=addressee, on=local_day(now())
    )
    return file_papers(dossier, "notice", [paper], 1)


@step(rule=rule_of("review_days"))
def write_penalty(dossier: Dossier, ruling: Ruling) -> Filed:
    """Write the decision: the fine and its basis, the bans with their dates, how to contest it."""
    parts = [_text("penalty_head", offence=_offence(dossier), article=_article(dossier.on))]
    if ruling.fine is not None:
        basis = _text("penalty_basis", basis=ruling.legal_basis) if ruling.legal_basis else ""
        parts.append(_text("penalty_fine", amount=f"{ruling.fine:,.2f}", basis=basis))
    if ruling.exit_and_study_until:
        until = day_text(ruling.exit_and_study_until)
        parts.append(_text("penalty_bans", posts="、".join(ruling.not_hired_as), until=until))
    if len(parts) == 1:
        parts.append(_text("penalty_none"))
    parts.append(_text("penalty_tail", contact=contacts().conscription_office.phone, **_review(ruling.decided_on)))
    addressee = _text("addressee", name=_name(dossier))
    paper = plain_paper(ISSUER, _text("penalty_title"), "\n".join(parts), addressee=addressee, on=ruling.decided_on)
    return file_papers(dossier, "penalty", [paper], 1)
