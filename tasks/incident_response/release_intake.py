"""Texts for the public as they come in, signed: drafted, corrected, released once approved, withdrawn (5.1)."""

from typing import Any, Final, NamedTuple

from sqlalchemy import insert

from config.messages import Refusal, say
from config.rulebook import cited, rule
from models.incident_response.aftermath_answer import without_numbers
from models.incident_response.release_text import ReleaseStatus as S
from models.incident_response.status import IncidentStatus
from tasks.clock import now
from tasks.door import Admitted
from tasks.incident_response import incident
from tasks.incident_response.release import LEAD, RELEASES, next_release, put, releases_of, set_released
from tasks.journal import Standing, lock, write_entry
from tasks.step import Dossier
from tasks.store import Transaction, transaction

BEFORE: Final = (IncidentStatus.REPORTED, IncidentStatus.VERIFIED, IncidentStatus.STANDBY)
SCOPES: Final = ("public", "restricted")
STANDS: Final = (S.DRAFTED, S.APPROVED, S.RELEASED, S.RETURNED)


class Draft(NamedTuple):
    """A text as it is drafted: heading, words, to whom, and by which way."""

    title: str
    text: str
    scope: str
    way: str


def submit(number: str, draft: Draft, staff_no: str, code: str, release: int = 0) -> str:
    """Submit a text, or a new version of one: of a returned draft, or a correction of what was released.

    Args:
        number: the incident.
        draft: the text.
        staff_no: who drafted it; never who approves it.
        code: the one-time code.
        release: number of the release that it is a new version of; 0 for a new one.

    Raises:
        Refusal: it holds personal numbers or says nothing, the plan has not been started, or the signature is none.
    """
    dossier = incident.incident_of(number)
    checked = _checked(draft)
    who = incident.signed(staff_no, code, tuple(rule("incident_response.aftermath_release_drafters", dossier.on)))
    with transaction() as tx:
        case = lock(tx, dossier.id)
        if case.status in BEFORE:
            raise Refusal("incident_release.too_early", number=number)
        place, version = _place(tx, dossier, release)
        made = {"status": S.DRAFTED.value, "approved_by": "", "reason": ""} | checked._asdict()
        tx.core.execute(
            insert(RELEASES).values(
                case_id=dossier.id, release=place, version=version, drafted_by=who.staff_no, drafted_at=now(), **made
            )
        )
        outcome = {"release": place, "version": version, "title": checked.title, "scope": checked.scope}
        _line(tx, dossier, "release-drafted", who, outcome)
    incident.arrived(number)
    return say("incident_release.submitted", number=number, release=place, version=version)


def release_now(number: str, release: int, staff_no: str, code: str, where: str) -> str:
    """Record that a text was released: only after its approval.

    Raises:
        Refusal: it is not approved, or the signature is none.
    """
    dossier = incident.incident_of(number)
    if (refusal := without_numbers(where)) is not None:
        raise refusal
    who = incident.signed(staff_no, code, (LEAD,))
    with transaction() as tx:
        lock(tx, dossier.id)
        row = _latest(dossier, release)
        if row.status != S.APPROVED:
            raise Refusal("incident_release.not_approved", release=release, status=S(row.status).text)
        set_released(tx, row, now(), who.actor)
        outcome = {"release": release, "version": row.version, "where": where.strip(), "left": not dossier.drill}
        _line(tx, dossier, "release-released", who, outcome)
    incident.arrived(number)
    return say("incident_release.released_drill" if dossier.drill else "incident_release.released", release=release)


def withdraw(number: str, release: int, reason: str, staff_no: str, code: str) -> str:
    """Withdraw a text, with the reason: a draft by whoever may draft, an approved or released one by the command too.

    Raises:
        Refusal: there is nothing to withdraw, no reason, or the signature is none.
    """
    dossier = incident.incident_of(number)
    why = reason.strip()
    if len(why) <= 1:
        raise Refusal("incident_aftermath.words_missing")
    if (refusal := without_numbers(why)) is not None:
        raise refusal
    plan = incident.plan_of(dossier)
    who = incident.signed(staff_no, code, (LEAD, plan.commander, *plan.deputies))
    with transaction() as tx:
        lock(tx, dossier.id)
        standing = [one for one in releases_of(dossier.id) if one.release == release and one.status in STANDS]
        row = standing[-1] if standing else _latest(dossier, release)
        if not standing:
            raise Refusal("incident_release.nothing_to_withdraw", release=release)
        put(tx, row, status=S.WITHDRAWN.value, withdrawn_at=now(), reason=why[:300])
        _line(tx, dossier, "release-withdrawn", who, {"release": release, "version": row.version, "reason": why})
    incident.arrived(number)
    return say("incident_release.withdrawn", release=release)


def _checked(draft: Draft) -> Draft:
    given = Draft(*(one.strip() for one in draft))
    if not all(given):
        raise Refusal("incident_release.incomplete")
    if given.scope not in SCOPES:
        raise Refusal("incident_release.scope_unknown", scope=given.scope)
    if (refusal := without_numbers(given.title, given.text, given.way)) is not None:
        raise refusal
    return given


def _place(tx: Transaction, dossier: Dossier, release: int) -> tuple[int, int]:
    """Return the release's number and the version's; the version before no longer stands."""
    if not release:
        return next_release(tx, dossier.id), 1
    row = _latest(dossier, release)
    if row.status in (S.DRAFTED, S.APPROVED):  # what was released stands until the correction is
        put(tx, row, status=S.SUPERSEDED.value)
    return release, row.version + 1


def _latest(dossier: Dossier, release: int) -> Any:
    rows = [row for row in releases_of(dossier.id) if row.release == release]
    if not rows:
        raise Refusal("incident_release.none_such", release=release, number=dossier.number)
    return rows[-1]


def _line(tx: Transaction, dossier: Dossier, name: str, who: Admitted, outcome: Any) -> None:
    case: Standing = lock(tx, dossier.id)
    label = cited("incident_response.aftermath_release", dossier.on).label
    write_entry(tx, case, name, case.seq + 1, actor=who.actor, at=now(), outcome=outcome, rule=label, substance=False)
    incident.brought(dossier)
