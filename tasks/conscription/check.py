"""The checks on the way to double qualification: eligibility, first check, body, conduct, training (Art. 13–15)."""

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import select

from config.fact import Fact
from config.rulebook import rule
from config.season import Season
from models.conscription.applicant import applicant_of, examination_of
from models.conscription.eligibility import judge_eligibility
from models.conscription.medical import check_examination, choose_recheck
from models.conscription.roll import Candidate
from models.conscription.status import MemberStatus as M
from models.conscription.status import SeasonStatus as S
from tasks.conscription.course import FINDINGS, TOWN_ROLES, rule_of
from tasks.journal import CASES
from tasks.members import Member, Moved, over_members
from tasks.step import Dossier, step
from tasks.store import reading, table

CANDIDATES: Final = table(Candidate)
OFFICE: Final = "conscription_office"


def _candidates(members: Sequence[Member]) -> dict[int, Any]:
    chosen = select(CANDIDATES).where(CANDIDATES.c.case_id.in_([member.id for member in members]))
    with reading() as connection:
        return {row.case_id: row for row in connection.execute(chosen)}


def _latest(members: Sequence[Member], kind: str) -> dict[int, Any]:
    chosen = (
        select(FINDINGS)
        .where(FINDINGS.c.case_id.in_([member.id for member in members]), FINDINGS.c.kind == kind)
        .order_by(FINDINGS.c.id)
    )
    with reading() as connection:
        return {row.case_id: row for row in connection.execute(chosen)}


@over_members(
    M.APPLIED_ONLINE, M.PRECHECK_PASSED, reaches=S.PRECHECKING, tells=(OFFICE, *TOWN_ROLES), rule=rule_of("call_up_age")
)
def judge_applications(dossier: Dossier, members: list[Member], plan: Season) -> Iterator[Moved]:
    """Judge each application by the season's tables: age, place, own consent under 18."""
    rows = _candidates(members)
    for member in members:
        found = judge_eligibility(applicant_of(rows[member.id]), dossier.on, plan.ages, plan.places)
        fits = found.eligible and rows[member.id].willing
        reasons = [line.key for line in found.findings] + ([] if rows[member.id].willing else ["recruit.not_willing"])
        yield Moved(member, None if fits else M.INELIGIBLE, {"eligible": fits, "reasons": reasons}, rule=found.label)


@over_members(M.APPLIED_ONLINE, reaches=S.EXAMINING, tells=(OFFICE, "physical_group", "vetting_group", *TOWN_ROLES))
def close_precheck(dossier: Dossier, members: list[Member]) -> Iterator[Moved]:  # noqa: ARG001 -- a step takes its dossier
    """End the first check: whoever did not come to confirm on site has not applied (Art. 13)."""
    for member in members:
        yield Moved(member, M.WITHDRAWN, {"reason": "not_confirmed"})


@over_members(M.PRECHECK_PASSED)
def judge_examinations(dossier: Dossier, members: list[Member]) -> Iterator[Moved]:
    """Check each examination sheet; what is out of range though found fit waits for the chief physician (Art. 14)."""
    sheets, rows = _latest(members, "medical"), _candidates(members)
    for member in members:
        sheet = sheets.get(member.id)
        if sheet is None:
            continue
        if sheet.verdict == "failed":
            yield Moved(member, M.PHYSICAL_FAILED, {"verdict": "failed", "signer": sheet.signer})
            continue
        found = check_examination(examination_of(rows[member.id].sex, json.loads(sheet.content)), dossier.on)
        clear = found.complete and not found.needs_chief_physician
        kinds = sorted({finding.kind for finding in found.findings})
        yield Moved(
            member,
            M.PHYSICAL_PASSED if clear else None,
            {"verdict": "passed", "clear": clear, "kinds": kinds},
            rule=found.label,
        )


def contradictions(dossier: Dossier) -> list[str]:
    """Return the members whom a sheet finds fit though it is out of range or incomplete, by case number."""
    found = select(FINDINGS.c.id).where(
        FINDINGS.c.case_id == CASES.c.id, FINDINGS.c.kind == "medical", FINDINGS.c.verdict == "passed"
    )
    chosen = select(CASES.c.number).where(
        CASES.c.parent_id == dossier.id, CASES.c.status == M.PRECHECK_PASSED, found.exists()
    )
    with reading() as connection:
        return list(connection.execute(chosen.order_by(CASES.c.number)).scalars())


@over_members(M.PRECHECK_PASSED)
def conclude_contradictions(dossier: Dossier, members: list[Member], words: Mapping[str, str]) -> Iterator[Moved]:  # noqa: ARG001 -- a step takes its dossier
    """Take over the chief physician's word on each contradiction: the verdict is never the system's."""
    for member in members:
        if member.number in words:
            fit = words[member.number] == "fit"
            yield Moved(
                member, M.PHYSICAL_PASSED if fit else M.PHYSICAL_FAILED, {"chief_physician": words[member.number]}
            )


class Sample(Fact):
    """Who is examined again: drawn by a hash of the season, so that a replay draws the same."""

    cases: tuple[str, ...]
    full: bool


@step(tells=("physical_group", "chief_physician"), rule=rule_of("medical_sampling"))
def draw_sample(dossier: Dossier) -> Sample:
    """Draw the re-check of the passed; with a high failure rate before, all of them (征兵工作条例 Art. 22)."""
    passed = _numbers(dossier, M.PHYSICAL_PASSED)
    drawn = choose_recheck(passed, f"{dossier.number}/{dossier.turn}", dossier.on, _recheck_failures(dossier))
    return Sample(cases=drawn.cases, full=drawn.full)


def _numbers(dossier: Dossier, *statuses: M) -> list[str]:
    chosen = (
        select(CASES.c.number)
        .where(CASES.c.parent_id == dossier.id, CASES.c.status.in_(statuses))
        .order_by(CASES.c.number)
    )
    with reading() as connection:
        return list(connection.execute(chosen).scalars())


def _recheck_failures(dossier: Dossier) -> Decimal:
    chosen = (
        select(FINDINGS.c.verdict)
        .join(CASES, CASES.c.id == FINDINGS.c.case_id)
        .where(CASES.c.parent_id == dossier.id, FINDINGS.c.kind == "recheck")
    )
    with reading() as connection:
        verdicts = list(connection.execute(chosen).scalars())
    return Decimal(sum(verdict == "failed" for verdict in verdicts)) / len(verdicts) if verdicts else Decimal(0)


def all_rechecked(dossier: Dossier, sample: Sample) -> bool:
    """Say whether everyone of the sample has a second examination."""
    done = (
        select(CASES.c.number)
        .join(FINDINGS, FINDINGS.c.case_id == CASES.c.id)
        .where(CASES.c.parent_id == dossier.id, FINDINGS.c.kind == "recheck")
    )
    with reading() as connection:
        return set(sample.cases) <= set(connection.execute(done).scalars())


@over_members(M.PHYSICAL_PASSED, tells=("physical_group", OFFICE), rule=rule_of("medical_sampling"))
def judge_recheck(dossier: Dossier, members: list[Member]) -> Iterator[Moved]:  # noqa: ARG001 -- a step takes its dossier
    """Take over the second examination: it replaces the first."""
    again = _latest(members, "recheck")
    for member in members:
        if (sheet := again.get(member.id)) is not None:
            passed = sheet.verdict == "passed"
            yield Moved(
                member, None if passed else M.PHYSICAL_FAILED, {"recheck": sheet.verdict, "signer": sheet.signer}
            )


@step(rule=rule_of("medical_sampling"))
def weigh_recheck(dossier: Dossier, sample: Sample) -> bool:
    """Say whether so many of a sample failed that everyone is examined again (征兵工作条例 Art. 22)."""
    return not sample.full and _recheck_failures(dossier) > Decimal(
        rule("conscription.medical_sampling", dossier.on)["full_above"]
    )


@over_members(M.PRECHECK_PASSED, M.PHYSICAL_PASSED, reaches=S.EDUCATING, tells=(OFFICE, "vetting_group"))
def conclude_reviews(dossier: Dossier, members: list[Member]) -> Iterator[Moved]:  # noqa: ARG001 -- a step takes its dossier
    """Join body and conduct: both passed is double-qualified; what was never concluded does not go on (Art. 15)."""
    political = _latest(members, "political")
    for member in members:
        if member.status == M.PRECHECK_PASSED:
            yield Moved(member, M.WITHDRAWN, {"reason": "not_examined"})
            continue
        finding = political.get(member.id)
        if finding is None:
            yield Moved(member, M.NOT_SELECTED, {"reason": "not_reviewed"})
        else:
            after = M.DOUBLE_QUALIFIED if finding.verdict == "passed" else M.POLITICAL_FAILED
            yield Moved(member, after, {"verdict": finding.verdict, "signer": finding.signer})


@over_members(M.DOUBLE_QUALIFIED, tells=(OFFICE,))
def conclude_education(dossier: Dossier, members: list[Member], days: int) -> Iterator[Moved]:  # noqa: ARG001 -- a step takes its dossier
    """Conclude the pre-service education, compulsory before the final selection (征兵工作条例 Art. 26)."""
    trained = _latest(members, "training")
    for member in members:
        sheet = trained.get(member.id)
        attended = json.loads(sheet.content)["days"] if sheet else 0
        passed = sheet is not None and sheet.verdict == "passed" and attended >= days
        yield Moved(member, M.EDUCATED if passed else M.EDUCATION_FAILED, {"days": attended, "needed": days})
