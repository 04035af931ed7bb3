"""From the ranking to the approved list: sealed, proposed, decided in meeting, posted, substituted (Art. 16)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import insert, select

from config.fact import Fact
from config.rulebook import cited
from config.season import Season
from models.conscription.applicant import mark_of
from models.conscription.roll import Evidence, Objection, Ranked
from models.conscription.scoring import Candidate as Scored
from models.conscription.scoring import Mark, Ranking, rank
from models.conscription.selection import Contender, Plan, propose, strike_off
from models.conscription.status import MemberStatus as M
from models.conscription.status import SeasonStatus as S
from models.deadline import Clock
from tasks.conscription.check import CANDIDATES, OFFICE
from tasks.conscription.course import TOWN_ROLES, rule_of
from tasks.deadline import Owed, meet_clock, start_clock
from tasks.journal import CASES, Telling
from tasks.members import Member, Moved, over_members
from tasks.notify import PARTY_CHANNEL
from tasks.step import Dossier, step
from tasks.store import reading, table, transaction
from tasks.wait import wait_until

EVIDENCE: Final = table(Evidence)
RANKED: Final = table(Ranked)
OBJECTIONS: Final = table(Objection)


class Seal(Fact):
    """A frozen ranking: how many, under which card, and the hash of everything it was made from."""

    ranked: int
    card: str
    seal: str


def scored_candidates(dossier: Dossier, plan: Season, *statuses: M) -> list[Scored]:
    """Return the candidates at the statuses with their marks, as the ranking takes them."""
    chosen = (
        select(CASES.c.id, CASES.c.number, CANDIDATES.c.preference)
        .join(CANDIDATES, CANDIDATES.c.case_id == CASES.c.id)
        .where(CASES.c.parent_id == dossier.id, CASES.c.status.in_(statuses))
        .order_by(CASES.c.number)
    )
    with reading() as connection:
        members = connection.execute(chosen).all()
        proofs = select(EVIDENCE.c.case_id, EVIDENCE.c.item, EVIDENCE.c.value, EVIDENCE.c.verified_by).join(
            CASES, CASES.c.id == EVIDENCE.c.case_id
        )
        marks: dict[int, dict[str, Mark]] = {}
        for proof in connection.execute(proofs.where(CASES.c.parent_id == dossier.id)):
            if found := mark_of(plan.scorecard, proof.item, proof.value, f"verified:{proof.verified_by}"):
                marks.setdefault(proof.case_id, {})[found[0]] = found[1]
    return [
        Scored(
            case=row.number,
            marks=marks.get(row.id, {}),
            preferences={row.preference: "application"} if row.preference else {},
        )
        for row in members
    ]


def ranking_of(dossier: Dossier, plan: Season) -> Ranking:
    """Return the season's ranking, made again from what it was made of."""
    with reading() as connection:
        chosen = select(RANKED.c.line).where(RANKED.c.season_id == dossier.id).order_by(RANKED.c.place)
        lines = list(connection.execute(chosen).scalars())
    return rank([Scored.model_validate(line) for line in lines], plan.scorecard, dossier.on)


@step(reaches=S.SCORED, tells=(OFFICE, "discipline_group"), rule=rule_of("scorecard"))
def seal_ranking(dossier: Dossier, plan: Season) -> Seal:
    """Score and rank the double-qualified under the dated scorecard; freeze it with a hash of its inputs (Art. 16)."""
    pool = scored_candidates(dossier, plan, M.EDUCATED)
    ranking = rank(pool, plan.scorecard, dossier.on)
    lines = {candidate.case: candidate.model_dump(mode="json") for candidate in pool}
    with transaction() as tx:
        ids = dict(
            tx.core.execute(select(CASES.c.number, CASES.c.id).where(CASES.c.parent_id == dossier.id)).tuples().all()
        )
        if ranking.order:
            tx.core.execute(
                insert(RANKED),
                [
                    {
                        "case_id": ids[row.case],
                        "season_id": dossier.id,
                        "place": row.place,
                        "points": str(row.points),
                        "line": lines[row.case],
                    }
                    for row in ranking.order
                ],
            )
    return Seal(ranked=len(ranking.order), card=ranking.card, seal=ranking.seal)


@over_members(M.EDUCATED)
def record_ranks(dossier: Dossier, members: list[Member]) -> Iterator[Moved]:
    """Write each candidate's place into his own journal."""
    with reading() as connection:
        chosen = select(RANKED.c.case_id, RANKED.c.place, RANKED.c.points).where(RANKED.c.season_id == dossier.id)
        places = {row.case_id: row for row in connection.execute(chosen)}
    for member in members:
        row = places[member.id]
        yield Moved(member, M.RANKED, {"place": row.place, "points": row.points})


def contenders(dossier: Dossier) -> list[Contender]:
    """Return where each ranked candidate competes."""
    chosen = (
        select(CASES.c.number, CASES.c.unit, CANDIDATES.c.sex)
        .join(CANDIDATES, CANDIDATES.c.case_id == CASES.c.id)
        .join(RANKED, RANKED.c.case_id == CASES.c.id)
        .where(CASES.c.parent_id == dossier.id)
    )
    with reading() as connection:
        return [Contender(case=row.number, town=row.unit, sex=row.sex) for row in connection.execute(chosen)]


@step(reaches=S.PLAN_PROPOSED, tells=(OFFICE, "leading_group"), rule=rule_of("unfilled_places"))
def propose_plan(dossier: Dossier, plan: Season) -> Plan:
    """Fill the places of the towns and the women's places in the order of the ranking (Art. 16)."""
    return propose(ranking_of(dossier, plan), contenders(dossier), plan.quota, dossier.on)


@step(reaches=S.PLAN_RETURNED, tells=(OFFICE, "planning_group"))
def return_plan(dossier: Dossier, reason: str) -> str:  # noqa: ARG001 -- a step takes its dossier
    """Send the plan back to be made anew."""
    return reason


@over_members(
    M.RANKED, reaches=S.POSTING, tells=(OFFICE, "discipline_group", *TOWN_ROLES), rule=rule_of("publicity_days")
)
def post_list(dossier: Dossier, members: list[Member], plan: Plan) -> Iterator[Moved]:  # noqa: ARG001 -- a step takes its dossier
    """Post the proposed recruits; the others stay on the list behind them (征兵工作条例 Art. 30)."""
    places = {place.case: place for place in plan.places}
    for member in members:
        if place := places.get(member.number):
            after = M.SUBSTITUTED if place.replaces else M.POSTED
            yield Moved(member, after, {"pool": place.pool, "replaces": place.replaces})


@over_members(M.SUBSTITUTED)
def post_substitutes(dossier: Dossier, members: list[Member]) -> Iterator[Moved]:  # noqa: ARG001 -- a step takes its dossier
    """Post those who moved up as the others were posted."""
    for member in members:
        yield Moved(member, M.POSTED, {"substitute": True})


def start_posting(dossier: Dossier) -> datetime:
    """Start the posting's clock, not less than five working days; return its last moment (征兵工作条例 Art. 30)."""
    found = cited("conscription.publicity_days", dossier.on)
    return start_clock(
        dossier,
        Owed(
            "posting",
            Clock.WORKING_DAYS,
            budget=found.value,
            office="discipline_group",
            rule=found.label,
            rungs=("last_day",),
        ),
    )


def end_posting(dossier: Dossier, ends: datetime) -> None:
    """Wait until the posting's last working day is over.

    Raises:
        Parked: it is still posted.
    """
    wait_until(dossier, "posted", ends)
    meet_clock(dossier, "posting")


def objections(dossier: Dossier) -> list[str]:
    """Return the members objected to and not yet investigated, by case number."""
    chosen = (
        select(CASES.c.number)
        .where(CASES.c.parent_id == dossier.id, CASES.c.status == M.OBJECTED)
        .order_by(CASES.c.number)
    )
    with reading() as connection:
        return list(connection.execute(chosen).scalars())


@over_members(M.OBJECTED, tells=(OFFICE, "discipline_group"), rule=rule_of("publicity_days"))
def conclude_objections(dossier: Dossier, members: list[Member], findings: Mapping[str, str]) -> Iterator[Moved]:  # noqa: ARG001 -- a step takes its dossier
    """Strike off where the objection was upheld; keep the others on the list."""
    for member in members:
        if member.number in findings:
            upheld = findings[member.number] == "upheld"
            yield Moved(member, M.STRUCK_OFF if upheld else M.POSTED, {"finding": findings[member.number]})


@step(reaches=S.POSTING, rule=rule_of("substitution"))
def substitute(dossier: Dossier, plan: Plan, struck: Sequence[str]) -> Plan:
    """Move the next of the list up for each one struck off, in the order of the list (征兵工作条例 Art. 30)."""
    pool = contenders(dossier)
    for case in struck:
        plan = strike_off(plan, case, pool, dossier.on)
    return plan


@step(rule=rule_of("publicity_days"))
def note_struck_off(dossier: Dossier, plan: Plan) -> tuple[str, ...]:
    """Note whom upheld objections struck off since the plan was made, in the order of their numbers."""
    chosen = (
        select(CASES.c.number)
        .where(CASES.c.parent_id == dossier.id, CASES.c.status == M.STRUCK_OFF)
        .order_by(CASES.c.number)
    )
    with reading() as connection:
        return tuple(case for case in connection.execute(chosen).scalars() if case not in plan.struck_off)


@over_members(
    M.POSTED,
    reaches=S.LIST_APPROVED,
    tells=(OFFICE, "leading_group", "resettlement_group", *TOWN_ROLES),
    rule=rule_of("intakes"),
)
def approve_recruits(dossier: Dossier, members: list[Member]) -> Iterator[Moved]:
    """Approve the posted for enlistment: the notice goes to recruit, family, employer or school (Art. 3 and 16)."""
    facts: dict[str, Any] = {"subject": dossier.subject, "approval": dossier.on.isoformat()}
    for member in members:
        told = Telling(
            f"party:{member.number}", PARTY_CHANNEL, "notice_conscription.enlisted", facts | {"number": member.number}
        )
        yield Moved(member, M.APPROVED, {"approved": dossier.on}, [told])


@over_members(M.RANKED)
def release_reserve(dossier: Dossier, members: list[Member]) -> Iterator[Moved]:
    """Tell those on the list behind the last place that they were not selected this time."""
    for member in members:
        told = Telling(
            f"party:{member.number}", PARTY_CHANNEL, "notice_conscription.not_selected", {"subject": dossier.subject}
        )
        yield Moved(member, M.NOT_SELECTED, {"reason": "no_place"}, [told])
